//! Runs over HTTP: start, look, page through, command.

use crate::site::Site;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_run_is_started_and_looked_at() {
    let site = Site::start().await;
    let token = site.admin().await;
    let body =
        json!({ "pipeline": "quick", "title": "First", "labels": { "team": "a" }, "input": { "n": 1 } });
    let started = site.post("/api/v1/runs").token(&token).json(&body).send().await;
    assert_eq!(started.status, 201, "{}", started.text);
    let run = started.json();
    let id = run["id"].as_str().unwrap();
    assert_eq!(started.header("location"), format!("/api/v1/runs/{id}"));
    assert_eq!(
        (&run["title"], &run["created_by"], &run["input"]),
        (&json!("First"), &json!("admin"), &json!({ "n": 1 }))
    );
    site.ended(&token, id).await;
    let get = || site.get(&format!("/api/v1/runs/{id}")).token(&token);
    let done = get().send().await;
    assert_eq!(
        (&done.json()["state"], &done.json()["figures"]["percent"]),
        (&json!("completed"), &json!(100.0))
    );
    let again = get().header("if-none-match", done.header("etag")).send().await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    assert_eq!(get().header("if-none-match", "\"other\"").send().await.status, 200);
}

#[tokio::test]
async fn a_repeated_start_finds_the_first() {
    let site = Site::start().await;
    let token = site.admin().await;
    let start = |body: Value, key: &str| {
        site.post("/api/v1/runs").token(&token).header("idempotency-key", key).json(&body).send()
    };
    let body = json!({ "pipeline": "quick", "input": { "n": 1 } });
    let first = start(body.clone(), "k1").await;
    let second = start(body.clone(), "k1").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 200));
    assert_eq!(first.json()["id"], second.json()["id"]);
    let other = start(json!({ "pipeline": "quick", "input": { "n": 2 } }), "k1").await;
    assert_eq!((other.status.as_u16(), other.code().as_str()), (422, "idempotency_mismatch"));
    assert_ne!(start(body.clone(), "k2").await.json()["id"], first.json()["id"]);
    // Another person's key of the same text is another key.
    let oscar = crate::site::token_of(&site, "oscar", web::Role::Operator).await;
    let theirs =
        site.post("/api/v1/runs").token(&oscar).header("idempotency-key", "k1").json(&body).send().await;
    assert_eq!(theirs.status, 201);
    assert_eq!(start(body, &"k".repeat(129)).await.status, 400);
}

#[tokio::test]
async fn the_list_is_paged_and_filtered() {
    let site = Site::start().await;
    let token = site.admin().await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(site.run(&token, "quick").await);
    }
    let waiting = site.run(&token, "waiting").await;
    for id in &ids {
        site.ended(&token, id).await;
    }
    let get = |query: String| site.get(&format!("/api/v1/runs?{query}")).token(&token).send();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(format!("limit=2&cursor={cursor}")).await.json();
        seen.extend(items(&page, "id"));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    let mut newest_first = ids.clone();
    newest_first.push(waiting.clone());
    newest_first.sort();
    newest_first.reverse();
    assert_eq!(seen, newest_first);
    for (query, expected) in [
        ("state=waiting,running", 1),
        ("state=completed&state=failed", 4),
        ("pipeline=waiting", 1),
        ("app=pipeline", 5),
        ("app=ingest", 0),
        ("q=WAIT", 1),
        ("q=%25", 0),
    ] {
        assert_eq!(items(&get(query.to_owned()).await.json(), "id").len(), expected, "{query}");
    }
    assert_eq!(items(&get(format!("q={waiting}")).await.json(), "id"), [waiting]);
}

#[tokio::test]
async fn tasks_events_and_errors_are_shown() {
    let site = Site::start().await;
    let token = site.admin().await;
    let id = site.run(&token, "failing").await;
    site.ended(&token, &id).await;
    let get =
        async |path: &str| site.get(&format!("/api/v1/runs/{id}{path}")).token(&token).send().await.json();
    assert_eq!(get("").await["state"], "completed_with_errors");
    let first = get("/tasks?stage=break&limit=2").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = get(&format!("/tasks?stage=break&limit=2&cursor={cursor}")).await;
    let keys = [items(&first, "key"), items(&rest, "key")].concat();
    assert_eq!(keys, ["000000000", "000000001", "000000002"]);
    assert_eq!(items(&get("/tasks?state=failed&q=002").await, "key"), ["000000002"]);
    assert_eq!(items(&get("/tasks?state=done,leased").await, "stage"), ["make"]);
    let task = get("/tasks/break/000000001").await;
    assert_eq!((&task["state"], &task["error"]["code"]), (&json!("failed"), &json!("asked_to_fail")));
    assert_eq!(task["attempts"].as_array().unwrap().len(), 1, "{task}");
    assert_eq!(get("/tasks/make/").await["state"], "done");
    assert_eq!(get("/tasks/break/none").await["code"], "not_found");
    let errors = get("/errors").await;
    assert_eq!(
        (&errors["items"][0]["code"], &errors["items"][0]["count"]),
        (&json!("asked_to_fail"), &json!(3))
    );
    assert_eq!(errors["items"][0]["example"]["key"], "000000000");
    let timeline = get("/timeline").await;
    assert_eq!((timeline["attempts"].as_array().unwrap().len(), &timeline["truncated"]), (4, &json!(false)));
    let failed = get("/events?kind=task.failed").await;
    assert_eq!(items(&failed, "kind"), ["task.failed"; 3]);
    let all = get("/events?limit=500").await;
    let count = all["items"].as_array().unwrap().len();
    assert_eq!(all["items"][count - 1]["run_seq"], count);
    let newest = get("/events?order=desc&limit=1").await;
    assert_eq!(newest["items"][0]["run_seq"], count);
    assert_eq!(newest["next_cursor"], count.to_string());
    let before = get(&format!("/events?order=desc&limit=1&cursor={count}")).await;
    assert_eq!(before["items"][0]["run_seq"], count - 1);
    assert_eq!(
        items(&get("/events?kind=run.*").await, "kind").first().map(String::as_str),
        Some("run.created")
    );
}

#[tokio::test]
async fn commands_are_taken_or_refused() {
    let site = Site::start().await;
    let token = site.admin().await;
    let id = site.run(&token, "waiting").await;
    let post = async |path: &str, body: Value| {
        site.post(&format!("/api/v1/runs/{id}{path}")).token(&token).json(&body).send().await
    };
    assert_eq!(post("/signals/stop", json!({})).await.code(), "unknown_signal");
    assert_eq!(post("/signals/go", json!({ "stage": "none" })).await.code(), "invalid_value");
    assert_eq!(post("/pause", json!({})).await.json()["state"], "paused");
    assert_eq!(post("/pause", json!({})).await.code(), "illegal_transition");
    assert_eq!(post("/resume", json!({})).await.status, 200);
    let signalled = post("/signals/go", json!({ "payload": { "ok": true } })).await;
    assert_eq!(signalled.status, 202, "{}", signalled.text);
    site.ended(&token, &id).await;
    let cancelled = post("/cancel", json!({ "reason": "late" })).await;
    assert_eq!((cancelled.status.as_u16(), cancelled.code().as_str()), (409, "illegal_transition"));
    let new = post("/rerun", json!({})).await;
    assert_eq!(new.status, 201);
    assert_ne!(new.json()["id"], *id);
    let other = new.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/runs/{other}/cancel");
    let cancelled = site.post(&path).token(&token).json(&json!({ "reason": "enough" })).send().await;
    assert_eq!(cancelled.json()["state"], "cancelled");
    // An empty body will do for a verb without anything to say.
    let path = format!("/api/v1/runs/{other}/rerun");
    assert_eq!(site.post(&path).token(&token).send().await.status, 201);
    assert_eq!(
        site.ask(Method::POST, "/api/v1/runs/0000000000001/pause").token(&token).send().await.status,
        404
    );
}

#[tokio::test]
async fn an_ended_run_goes_again_from_a_stage() {
    let site = Site::start().await;
    let token = site.admin().await;
    let id = site.run(&token, "waiting").await;
    let post = async |path: &str, body: Value| {
        site.post(&format!("/api/v1/runs/{id}{path}")).token(&token).json(&body).send().await
    };
    let stages = site.get(&format!("/api/v1/runs/{id}")).token(&token).send().await.json();
    let first = stages["stages"][0]["name"].as_str().unwrap().to_owned();
    let early = post("/retry-from", json!({ "stage": first })).await;
    assert_eq!((early.status.as_u16(), early.code().as_str()), (409, "illegal_transition"));
    assert!(early.json()["detail"].as_str().unwrap().contains("retry from a stage"), "{}", early.text);
    post("/signals/go", json!({})).await;
    site.ended(&token, &id).await;
    assert_eq!(post("/retry-from", json!({ "stage": "none" })).await.code(), "invalid_value");
    assert_eq!(post("/retry-from", json!({ "stage": "x", "from": "y" })).await.code(), "unknown_field");
    let again = post("/retry-from", json!({ "stage": first })).await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert!(["running", "waiting"].contains(&again.json()["state"].as_str().unwrap()), "{}", again.text);
    post("/signals/go", json!({})).await;
    site.ended(&token, &id).await;
    let events = site.get(&format!("/api/v1/runs/{id}/events?kind=run.*")).token(&token).send().await.json();
    let kinds = items(&events, "kind");
    assert_eq!(kinds.iter().filter(|kind| *kind == "run.retried").count(), 1);
    assert_eq!(kinds.iter().filter(|kind| *kind == "run.completed").count(), 2);
}

#[tokio::test]
async fn a_start_repeated_with_its_key_answers_the_same_run() {
    let site = Site::start().await;
    let token = site.admin().await;
    let start = || {
        let body = json!({ "pipeline": "quick", "input": {} });
        site.post("/api/v1/runs").token(&token).header("idempotency-key", "once").json(&body)
    };
    let (first, second) = (start().send().await, start().send().await);
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 200));
    assert_eq!(first.json()["id"], second.json()["id"]);
}

#[tokio::test]
async fn a_server_without_streams_says_so_and_progress_can_be_asked_for() {
    let site = Site::start_with(|options| options.streaming = server::Streaming::Off).await;
    let token = site.admin().await;
    let id = site.run(&token, "quick").await;
    let session = site.get("/api/v1/session").token(&token).send().await.json();
    assert_eq!(session["features"]["sse"], false);
    for path in [
        format!("/api/v1/runs/{id}/stream"),
        "/api/v1/stream?channels=runs".to_owned(),
        format!("/api/progress/stream/{id}"),
        format!("/api/ingest/stream/{id}"),
    ] {
        let answer = site.get(&path).token(&token).send().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "streams_disabled"), "{path}");
        assert!(answer.text.contains("/progress"), "it says what to do instead: {}", answer.text);
    }
    let progress = site.get(&format!("/api/v1/runs/{id}/progress")).token(&token).send().await;
    assert_eq!(progress.status, 200);
    let usual = Site::start().await;
    let token = usual.admin().await;
    let session = usual.get("/api/v1/session").token(&token).send().await.json();
    assert_eq!(session["features"]["sse"], true);
}

#[tokio::test]
async fn a_document_is_run_without_being_registered() {
    let site = Site::start().await;
    let token = site.admin().await;
    let document = "name: once\nstages:\n  - name: a\n    activity: builtin.noop\n";
    let body = json!({ "document": document });
    let run = site.post("/api/v1/runs").token(&token).json(&body).send().await.json();
    site.ended(&token, run["id"].as_str().unwrap()).await;
    let pipelines = site.get("/api/v1/pipelines").token(&token).send().await.json();
    assert_eq!(items(&pipelines, "name"), ["failing", "quick", "waiting"]);
}

/// One field of all items, as text.
fn items(page: &Value, field: &str) -> Vec<String> {
    let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
    items.iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
}
