//! The audit log: every change and denial, in a chain.

use crate::site::Site;
use serde_json::{Value, json};

#[tokio::test]
async fn changes_and_denials_are_written_down() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let run = site.run(&admin, "waiting").await;
    let reader = site.token(&["runs:read"]).await;
    site.post(&format!("/api/v1/runs/{run}/cancel")).token(&reader).json(&json!({})).send().await;
    site.get("/api/v1/runs").send().await;
    site.post(&format!("/api/v1/runs/{run}/resume")).token(&admin).json(&json!({})).send().await;
    // A change waits for its entry, and entries are written in order: all are there.
    let page = site.get("/api/v1/audit?limit=4").token(&admin).send().await.json();
    let shown: Vec<String> = page["items"].as_array().unwrap().iter().map(line).collect();
    let cancel =
        format!("denied 403 runs:write POST /api/v1/runs/{{id}}/cancel at /api/v1/runs/{run}/cancel");
    let resume =
        format!("failed 409 runs:write POST /api/v1/runs/{{id}}/resume at /api/v1/runs/{run}/resume");
    assert_eq!(shown[0], resume);
    assert_eq!(shown[1], "denied 401 runs:read GET /api/v1/runs at /api/v1/runs");
    assert_eq!(shown[2], cancel);
    assert_eq!(page["items"][1]["who"], "-");
    assert!(page["items"][2]["who"].as_str().unwrap().starts_with("admin (token:"));
    assert_eq!(page["items"][0]["address"], "127.0.0.1");
    // What was sent is not in it.
    assert!(!page.to_string().contains("hw_"));
    for (query, expected) in
        [("result=denied", 2), ("action=tokens:write", 2), ("object=cancel", 1), ("who=nobody", 0)]
    {
        let page = site.get(&format!("/api/v1/audit?{query}")).token(&admin).send().await.json();
        assert_eq!(page["items"].as_array().unwrap().len(), expected, "{query}: {page}");
    }
}

fn line(row: &Value) -> String {
    let word = |name: &str| row[name].as_str().unwrap().to_owned();
    format!("{} {} {} at {}", word("result"), row["status"], word("action"), word("object"))
}

#[tokio::test]
async fn a_change_of_the_log_shows() {
    let site = Site::start().await;
    let admin = site.admin().await;
    for _ in 0..3 {
        site.run(&admin, "quick").await;
    }
    let verify = || site.get("/api/v1/audit/verify").token(&admin).send();
    assert_eq!(verify().await.json(), json!({ "intact": true, "rows": 5, "broken_at": null }));
    let export = site.get("/api/v1/audit/export").token(&admin).send().await;
    let rows: Vec<Value> = export.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.iter().map(|row| row["seq"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    let db = site.state.store().db();
    let forged = db::Statement::new("UPDATE server_audit SET who = 'someone' WHERE seq = 3");
    db.execute(forged.into()).await.unwrap();
    assert_eq!(verify().await.json(), json!({ "intact": false, "rows": 2, "broken_at": 3 }));
    let gone = db::Statement::new("DELETE FROM server_audit WHERE seq = 2");
    db.execute(gone.into()).await.unwrap();
    assert_eq!(verify().await.json()["broken_at"], 2);
}

#[tokio::test]
async fn signing_in_is_written_down_with_who_tried() {
    let site = Site::start().await;
    let admin = site.admin().await;
    site.post("/api/v1/session").json(&json!({ "user": "eve", "password": "guess guess" })).send().await;
    let page = site.get("/api/v1/audit?limit=1").token(&admin).send().await.json();
    assert_eq!((&page["items"][0]["who"], &page["items"][0]["result"]), (&json!("eve"), &json!("denied")));
    assert!(!page.to_string().contains("guess"));
}

#[tokio::test]
async fn a_change_is_written_down_although_its_client_went_away() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let run = site.run(&admin, "waiting").await;
    let request = format!(
        "POST /api/v1/runs/{run}/cancel HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {admin}\r\ncontent-length: 0\r\n\r\n"
    );
    site.send_and_leave(&request).await;
    site.ended(&admin, &run).await;
    loop {
        let page = site.get("/api/v1/audit?object=cancel").token(&admin).send().await.json();
        if let Some(row) = page["items"].as_array().unwrap().first() {
            assert_eq!(row["result"], "ok");
            break;
        }
    }
}
