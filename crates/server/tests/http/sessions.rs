//! Signing in: one-time codes, passwords, cookies.

use crate::site::{Site, now};
use serde_json::json;

#[tokio::test]
async fn a_one_time_code_works_once() {
    let site = Site::start().await;
    let code = site.state.auth().first_admin_code(None, now()).await.unwrap().unwrap();
    let body = json!({ "code": code.reveal().to_uppercase() });
    let first = site.post("/api/v1/session").json(&body).send().await;
    assert_eq!(first.text, r#"{"user":{"name":"admin","role":"admin"}}"#);
    let cookie = first.header("set-cookie");
    for part in ["headway_session=", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let second = site.post("/api/v1/session").json(&body).send().await;
    assert_eq!((second.status.as_u16(), second.code().as_str()), (401, "invalid_credentials"));
    // There is an admin now: no further code is offered, and nothing but its hash was stored.
    assert!(site.state.auth().first_admin_code(None, now()).await.unwrap().is_none());
    let rows = db::Query::new("SELECT hash FROM server_codes UNION ALL SELECT hash FROM server_sessions");
    let stored = site.state.store().db().query(rows).await.unwrap();
    assert_eq!(stored.len(), 2);
    for row in &stored {
        let hash: &str = row.get(0).unwrap();
        assert!(hash.len() == 64 && !cookie.contains(hash) && !code.reveal().contains(hash));
    }
}

#[tokio::test]
async fn a_token_of_the_command_line_is_no_admin_who_can_sign_in() {
    let site = Site::start().await;
    let auth = site.state.auth();
    let owner = web::Principal::local("command-line", web::Role::Admin);
    let new = server::auth::NewToken {
        name: "commands".to_owned(),
        scopes: web::Permissions::all(),
        expires_at: None,
    };
    auth.new_token(&owner, new, now()).await.unwrap();
    assert!(!auth.has_admin().await.unwrap());
    let code = auth.first_admin_code(None, now()).await.unwrap().expect("the first admin still gets a code");
    let body = json!({ "code": code.reveal() });
    assert_eq!(site.post("/api/v1/session").json(&body).send().await.status, 200);
    assert!(auth.has_admin().await.unwrap());
    assert!(auth.first_admin_code(None, now()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_start_before_anyone_signed_in_replaces_the_code() {
    let site = Site::start().await;
    let chosen = server::auth::OneTimeCode::chosen("correct-horse-battery").unwrap();
    let old = site.state.auth().first_admin_code(None, now()).await.unwrap().unwrap();
    site.state.auth().first_admin_code(Some(chosen), now()).await.unwrap().unwrap();
    let answer = site.post("/api/v1/session").json(&json!({ "code": old.reveal() })).send().await;
    assert_eq!(answer.status, 401);
    let answer = site.post("/api/v1/session").json(&json!({ "code": "correct-horse-battery" })).send().await;
    assert_eq!(answer.status, 200);
    assert!(server::auth::OneTimeCode::chosen("short").is_err());
}

#[tokio::test]
async fn a_cookie_alone_changes_nothing() {
    let site = Site::start().await;
    let cookie = site.admin_cookie().await;
    let session = site.get("/api/v1/session").cookie(&cookie).send().await;
    assert_eq!(session.json()["user"]["name"], "admin");
    let post = || site.post("/api/v1/runs").cookie(&cookie).json(&json!({ "pipeline": "quick" }));
    let bare = post().send().await;
    assert_eq!((bare.status.as_u16(), bare.code().as_str()), (403, "cross_site"));
    let foreign = post().header("origin", "http://evil.example").send().await;
    assert_eq!((foreign.status.as_u16(), foreign.code().as_str()), (403, "cross_site"));
    let own = post().header("origin", &format!("http://{}", site.address)).send().await;
    assert_eq!(own.status, 201, "{}", own.text);
    assert_eq!(post().on_purpose().send().await.status, 201);
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let site = Site::start().await;
    let cookie = site.admin_cookie().await;
    // Not from another site.
    assert_eq!(site.delete("/api/v1/session").cookie(&cookie).send().await.status, 403);
    let out = site.delete("/api/v1/session").cookie(&cookie).on_purpose().send().await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let after = site.get("/api/v1/session").cookie(&cookie).send().await;
    assert_eq!((after.status.as_u16(), after.code().as_str()), (401, "expired"));
    // Twice is no error.
    assert_eq!(site.delete("/api/v1/session").send().await.status, 204);
}

#[tokio::test]
async fn passwords_are_checked_and_counted() {
    let site = Site::start().await;
    let code = site.code().await;
    let short = site.post("/api/v1/session").json(&json!({ "code": code, "password": "short" })).send().await;
    assert_eq!(short.code(), "invalid_value");
    let first = json!({ "code": code, "password": "a long password" });
    assert_eq!(site.post("/api/v1/session").json(&first).send().await.status, 200);
    let sign_in = |user: &str, password: &str| {
        site.post("/api/v1/session").json(&json!({ "user": user, "password": password })).send()
    };
    assert_eq!(sign_in("admin", "a long password").await.status, 200);
    let wrong = sign_in("admin", "another password").await;
    let unknown = sign_in("nobody", "another password").await;
    assert_eq!((wrong.status, wrong.code()), (unknown.status, unknown.code()));
    assert_eq!(wrong.code(), "invalid_credentials");
    // Ten at once, then ten a minute: the next ones are refused before a password is looked at.
    let mut refused = None;
    for _ in 0..10 {
        let answer = sign_in("admin", "a long password").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("attempts are counted");
    assert_eq!(refused.code(), "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn a_session_behind_a_proxy_is_secure() {
    let site = Site::start_with(|options| options.proxy = server::Proxy::Declared).await;
    let code = site.code().await;
    let answer = site.post("/api/v1/session").json(&json!({ "code": code })).send().await;
    assert!(answer.header("set-cookie").ends_with("; Secure"));
}
