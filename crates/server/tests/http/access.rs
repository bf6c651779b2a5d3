//! Who may call which route: denied by default.

use crate::site::{Site, token_of};
use reqwest::{Method, StatusCode};
use web::{Access, Role};

/// Routes that anyone may call. A change of this list is a decision.
const OPEN: [&str; 8] = [
    "DELETE /api/v1/session",
    "GET /docs",
    "GET /docs/docs.js",
    "GET /health",
    "GET /help/errors",
    "GET /help/pages.css",
    "GET /ready",
    "POST /api/v1/session",
];

#[tokio::test]
async fn without_anyone_every_route_but_the_open_ones_answers_401() {
    let site = Site::start().await;
    let mut open = Vec::new();
    for entry in &site.table {
        let path = filled(&entry.path);
        let answer = site.ask(method(&entry.method), &path).on_purpose().send().await;
        if entry.access == Access::Open {
            open.push(format!("{} {}", entry.method, entry.path));
            assert_ne!(answer.code_or_empty(), "unauthenticated", "{path}");
        } else {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{} {path}", entry.method);
            assert_eq!(answer.code(), "unauthenticated", "{path}");
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{path}");
        }
    }
    open.sort();
    assert_eq!(open, OPEN);
}

#[tokio::test]
async fn each_role_is_refused_what_it_lacks_and_nothing_else() {
    let site = Site::start().await;
    for role in [Role::Viewer, Role::Operator, Role::Admin] {
        let token = token_of(&site, role.as_str(), role).await;
        for entry in &site.table {
            let Access::Needs(permission) = entry.access else { continue };
            // These do something that takes long, or takes away what this test needs.
            if entry.path.ends_with("/backup") || entry.path.contains("stream") {
                continue;
            }
            let answer =
                site.ask(method(&entry.method), &filled(&entry.path)).token(&token).body("[]").send().await;
            let may = role.permissions().contains(permission);
            let refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(refused, !may, "{} {} {}: {}", role.as_str(), entry.method, entry.path, answer.text);
            if refused {
                assert!(answer.text.contains(permission.as_str()), "{}", answer.text);
            }
        }
    }
}

#[tokio::test]
async fn the_document_has_every_route_with_its_permission() {
    let site = Site::start().await;
    let token = site.admin().await;
    let document = site.get("/api/v1/openapi.json").token(&token).send().await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (word, operation) in item.as_object().unwrap() {
            let entry = site
                .table
                .iter()
                .find(|entry| entry.path == *path && entry.method.as_str().eq_ignore_ascii_case(word));
            let entry =
                entry.unwrap_or_else(|| panic!("{word} {path} is in the document and not in the table"));
            assert_eq!(operation["x-permission"], entry.access.as_str(), "{word} {path}");
            operations += 1;
        }
    }
    let described = |path: &str| !path.starts_with("/docs") && !path.starts_with("/help");
    let expected = site.table.iter().filter(|entry| described(&entry.path)).count();
    assert_eq!(operations, expected);
    // What the document refers to is in it.
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(!document["components"]["schemas"][name].is_null(), "the document lacks the schema {name}");
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_tell_strangers_nothing() {
    let site = Site::start().await;
    assert_eq!(site.get("/api/v1/nothing").send().await.status, 401);
    assert_eq!(site.ask(Method::PUT, "/api/v1/runs").send().await.status, 401);
    let token = site.admin().await;
    assert_eq!(site.get("/api/v1/nothing").token(&token).send().await.code(), "unknown_route");
    let answer = site.ask(Method::PUT, "/api/v1/runs").token(&token).send().await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (405, "method_not_allowed"));
    assert!(answer.header("allow").contains("POST"), "{:?}", answer.headers);
}

fn method(method: &http::Method) -> Method {
    Method::from_bytes(method.as_str().as_bytes()).unwrap()
}

fn filled(path: &str) -> String {
    let mut filled = String::new();
    for part in path.split('/').skip(1) {
        filled.push('/');
        filled.push_str(if part.starts_with('{') { "0000000000001" } else { part });
    }
    filled
}
