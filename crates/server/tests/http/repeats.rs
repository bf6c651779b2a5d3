//! POSTs that are sent again because their answer was not heard.

use crate::site::Site;
use serde_json::json;

#[tokio::test]
async fn the_first_answer_is_given_again() {
    let site = Site::start().await;
    let token = site.admin().await;
    let make = |name: &str, key: &str| {
        let body = json!({ "name": name, "cron": "0 3 * * *", "pipeline": "quick" });
        site.post("/api/v1/schedules").token(&token).header("idempotency-key", key).json(&body).send()
    };
    let first = make("nightly", "a").await;
    let second = make("nightly", "a").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201), "{}", second.text);
    assert_eq!(
        (first.text.as_str(), first.header("location")),
        (second.text.as_str(), second.header("location"))
    );
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(make("weekly", "a").await.code(), "idempotency_mismatch");
    // What failed is not kept: the same key may be used for the mended request.
    assert_eq!(make("nightly", "b").await.code(), "invalid_value");
    assert_eq!(make("weekly", "b").await.status, 201);
    let list = site.get("/api/v1/schedules").token(&token).send().await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    // Another token's key is another key.
    let other = site.admin().await;
    let body = json!({ "name": "nightly", "cron": "0 3 * * *", "pipeline": "quick" });
    let answer =
        site.post("/api/v1/schedules").token(&other).header("idempotency-key", "a").json(&body).send().await;
    assert_eq!(answer.status, 422);
}

#[tokio::test]
async fn a_token_is_never_shown_twice() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let make = || {
        let body = json!({ "name": "t", "scopes": ["runs:read"] });
        site.post("/api/v1/tokens").token(&admin).header("idempotency-key", "t").json(&body).send()
    };
    let (first, second) = (make().await.json(), make().await.json());
    assert_ne!(first["token"], second["token"]);
    let replies = db::Query::new("SELECT count(*) FROM server_replies");
    let rows = site.state.store().db().query(replies).await.unwrap();
    assert_eq!(rows[0].get::<i64>(0).unwrap(), 0);
}
