//! API tokens: shown once, never beyond their owner, gone at once.

use crate::site::{Site, now, token_of};
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_token_lives_and_ends() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let body = json!({ "name": "reader", "scopes": ["runs:read"] });
    let made = site.post("/api/v1/tokens").token(&admin).json(&body).send().await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"));
    let made = made.json();
    let (id, secret) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    assert!(secret.starts_with("hw_") && secret.starts_with(made["prefix"].as_str().unwrap()));
    // It may what it says, and no more, although its owner is an admin.
    assert_eq!(site.get("/api/v1/runs").token(secret).send().await.status, 200);
    let denied = site.post("/api/v1/runs").token(secret).json(&json!({ "pipeline": "quick" })).send().await;
    assert_eq!((denied.status.as_u16(), denied.code().as_str()), (403, "forbidden"));
    // Lists do not have the secret, nor has the database.
    let list = site.get("/api/v1/tokens").token(&admin).send().await;
    assert!(!list.text.contains(secret) && list.text.contains(id));
    let entry =
        list.json()["items"].as_array().unwrap().iter().find(|token| token["id"] == id).unwrap().clone();
    assert!(entry["last_used_at"].as_i64().is_some(), "{entry}");
    // Revoked, it is refused from the next request on.
    assert_eq!(site.delete(&format!("/api/v1/tokens/{id}")).token(&admin).send().await.status, 204);
    let after = site.get("/api/v1/runs").token(secret).send().await;
    assert_eq!((after.status.as_u16(), after.code().as_str()), (401, "expired"));
    assert_eq!(site.delete(&format!("/api/v1/tokens/{id}")).token(&admin).send().await.status, 404);
}

#[tokio::test]
async fn scopes_stay_within_what_the_owner_may() {
    let site = Site::start().await;
    let viewer = token_of(&site, "vera", web::Role::Viewer).await;
    let ask = |scopes: serde_json::Value| {
        site.post("/api/v1/tokens").token(&viewer).json(&json!({ "name": "more", "scopes": scopes })).send()
    };
    let beyond = ask(json!(["runs:write"])).await;
    assert_eq!((beyond.status.as_u16(), beyond.code().as_str()), (422, "invalid_value"));
    assert!(ask(json!(["runs:fly"])).await.text.contains("scopes[0]"));
    assert_eq!(ask(json!([])).await.status, 422);
    // `*` means: as far as one may oneself.
    let all = ask(json!(["*"])).await.json();
    assert!(all["scopes"].as_array().unwrap().iter().all(|scope| scope != "runs:write"));
    // A role that shrinks takes its tokens along.
    let token = all["token"].as_str().unwrap();
    let oscar = token_of(&site, "oscar", web::Role::Operator).await;
    let start = || site.post("/api/v1/runs").token(&oscar).json(&json!({ "pipeline": "quick" })).send();
    assert_eq!(start().await.status, 201);
    site.state.auth().set_role("oscar", web::Role::Viewer).await.unwrap();
    assert_eq!(start().await.status, 403);
    assert_eq!(site.get("/api/v1/runs").token(token).send().await.status, 200);
}

#[tokio::test]
async fn one_sees_and_revokes_ones_own_tokens() {
    let site = Site::start().await;
    let (vera, otto) = (
        token_of(&site, "vera", web::Role::Viewer).await,
        token_of(&site, "otto", web::Role::Operator).await,
    );
    let list = site.get("/api/v1/tokens").token(&vera).send().await.json();
    let users: Vec<&str> =
        list["items"].as_array().unwrap().iter().map(|t| t["user"].as_str().unwrap()).collect();
    assert_eq!(users, ["vera"]);
    let id = list["items"][0]["id"].as_str().unwrap();
    assert_eq!(site.delete(&format!("/api/v1/tokens/{id}")).token(&otto).send().await.status, 404);
    assert_eq!(site.delete(&format!("/api/v1/tokens/{id}")).token(&vera).send().await.status, 204);
}

#[tokio::test]
async fn a_token_expires() {
    let site = Site::start().await;
    let past = json!({ "name": "old", "scopes": ["runs:read"], "expires_at": now().0 - 1 });
    let admin = site.admin().await;
    let refused = site.post("/api/v1/tokens").token(&admin).json(&past).send().await;
    assert!(refused.text.contains("expires_at"), "{}", refused.text);
    let new = server::auth::NewToken {
        name: "old".to_owned(),
        scopes: web::Permissions::all(),
        expires_at: Some(model::Timestamp(now().0 - 1)),
    };
    let owner = web::Principal::local("admin", web::Role::Admin);
    let (_, secret) = site.state.auth().new_token(&owner, new, now()).await.unwrap();
    assert_eq!(site.get("/api/v1/runs").token(&secret).send().await.code(), "expired");
}

#[tokio::test]
async fn a_revocation_ends_an_open_stream_within_a_second() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let run = site.run(&admin, "waiting").await;
    let body = json!({ "name": "reader", "scopes": ["runs:read"] });
    let made = site.post("/api/v1/tokens").token(&admin).json(&body).send().await.json();
    let secret = made["token"].as_str().unwrap();
    let mut stream = site.get(&format!("/api/v1/runs/{run}/stream")).token(secret).begin().await;
    assert_eq!(stream.status(), 200);
    assert!(stream.chunk().await.unwrap().is_some());
    let path = format!("/api/v1/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(site.ask(Method::DELETE, &path).token(&admin).send().await.status, 204);
    let revoked = Instant::now();
    while let Ok(Some(_)) = stream.chunk().await {}
    assert!(revoked.elapsed() < Duration::from_millis(1_500), "it took {:?}", revoked.elapsed());
}

#[tokio::test]
async fn strange_credentials_are_refused() {
    let site = Site::start().await;
    for value in
        ["Bearer", "Bearer ", "Bearer hw_", "Bearer hw_0000", "Basic YTpi", "hw_0", "Bearer ../../etc/passwd"]
    {
        let answer = site.get("/api/v1/runs").header("authorization", value).send().await;
        assert_eq!(answer.status, 401, "{value}");
    }
}
