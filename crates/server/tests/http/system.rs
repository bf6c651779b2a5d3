//! Health, figures, limits, schedules, settings, backups, users, stopping.

use crate::site::Site;
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn health_and_figures() {
    let site = Site::start().await;
    assert_eq!(site.get("/health").send().await.text, r#"{"status":"ok"}"#);
    assert_eq!(site.get("/ready").send().await.status, 200);
    let token = site.admin().await;
    let run = site.run(&token, "quick").await;
    site.ended(&token, &run).await;
    let figures = site.get("/metrics").token(&token).send().await;
    assert!(figures.header("content-type").starts_with("application/openmetrics-text"));
    for line in [
        "headway_http_requests_total{method=\"POST\",route=\"/api/v1/runs\",status=\"201\"} 1",
        "headway_runs{state=\"completed\"} 1",
        "headway_figure{of=\"db\",figure=\"commits\"}",
        "headway_limit{class=\"io:builtin.noop\",figure=\"limit\"}",
        "headway_http_request_seconds_bucket{le=\"0.001\",route=\"/api/v1/runs\"}",
    ] {
        assert!(figures.text.contains(line), "{line} is not in\n{}", figures.text);
    }
    // Paths of runs do not become labels.
    assert!(!figures.text.contains(&run));
}

#[tokio::test]
async fn limits_are_pinned_and_let_go() {
    let site = Site::start().await;
    let token = site.admin().await;
    let put = |body: serde_json::Value| {
        site.ask(Method::PUT, "/api/v1/limits/cpu").token(&token).json(&body).send()
    };
    let pinned = put(json!({ "pinned": 3 })).await.json();
    assert_eq!(
        (&pinned["class"], &pinned["limit"], &pinned["pinned"]),
        (&json!("cpu"), &json!(3), &json!(true))
    );
    assert_eq!(put(json!({ "pinned": null })).await.json()["pinned"], false);
    assert_eq!(put(json!({ "pinned": 0 })).await.code(), "invalid_value");
    let unknown =
        site.ask(Method::PUT, "/api/v1/limits/none").token(&token).json(&json!({ "pinned": 1 })).send().await;
    assert_eq!(unknown.status, 404);
    // A limit is there once something came under it.
    let run = site.run(&token, "quick").await;
    site.ended(&token, &run).await;
    let list = site.get("/api/v1/limits").token(&token).send().await.json();
    assert!(list["items"].as_array().unwrap().iter().any(|limit| limit["class"] == "io:builtin.noop"));
}

#[tokio::test]
async fn nodes_and_hardware_are_shown() {
    let site = Site::start().await;
    let token = site.admin().await;
    let nodes = site.get("/api/v1/nodes").token(&token).send().await.json();
    assert_eq!(
        (&nodes["items"][0]["state"], &nodes["items"][0]["pid"]),
        (&json!("live"), &json!(std::process::id()))
    );
    let [node] = nodes["items"].as_array().unwrap().as_slice() else { panic!("one process: {nodes}") };
    assert_eq!((&node["here"], &node["held"]), (&json!(true), &json!(0)));
    assert!(node["lease_until"].as_i64().unwrap() > node["heartbeat_at"].as_i64().unwrap());
    assert_eq!((&nodes["engine"], &nodes["store"]["kind"]), (&json!("native"), &json!("sqlite")));
    assert!(nodes["store"]["place"].as_str().unwrap().ends_with(".db"), "{nodes}");
    let hardware = site.get("/api/v1/hardware").token(&token).send().await.json();
    assert!(hardware["cpus_effective"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn schedules_are_kept() {
    let site = Site::start().await;
    let token = site.admin().await;
    let make = |body: serde_json::Value| site.post("/api/v1/schedules").token(&token).json(&body).send();
    let made =
        make(json!({ "name": "n", "cron": "0 3 * * *", "timezone": "Europe/Berlin", "pipeline": "quick" }))
            .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert!(made.json()["next_at"].as_i64().unwrap() > crate::site::now().0);
    assert_eq!(
        make(json!({ "name": "m", "cron": "never", "pipeline": "quick" })).await.code(),
        "invalid_value"
    );
    assert_eq!(
        make(json!({ "name": "m", "cron": "0 3 * * *", "pipeline": "none" })).await.code(),
        "unknown_pipeline"
    );
    let path = format!("/api/v1/schedules/{id}");
    let off =
        site.ask(Method::PATCH, &path).token(&token).json(&json!({ "enabled": false })).send().await.json();
    assert_eq!((&off["enabled"], &off["next_at"]), (&json!(false), &json!(null)));
    assert_eq!(site.delete(&path).token(&token).send().await.status, 204);
    assert_eq!(site.delete(&path).token(&token).send().await.status, 404);
}

#[tokio::test]
async fn a_backup_opens_and_has_its_hash() {
    let site = Site::start().await;
    let token = site.admin().await;
    let run = site.run(&token, "waiting").await;
    let made = site.post("/api/v1/backup").token(&token).send().await;
    assert_eq!(made.status, 201, "{}", made.text);
    let backup = made.json();
    let path = std::path::Path::new(backup["path"].as_str().unwrap());
    assert!(path.starts_with(site.folder.path()));
    assert_eq!(std::fs::metadata(path).unwrap().len(), backup["bytes"].as_u64().unwrap());
    assert_eq!(backup["sha256"].as_str().unwrap().len(), 64);
    let restored = site.folder.path().join("restored.db");
    db::Db::restore(path, &restored).unwrap();
    let migrations = [store::MIGRATIONS, server::MIGRATIONS].concat();
    let db = db::Db::open(db::Options::new(restored), &migrations).unwrap();
    let store = store::Store::open(db, "other").await.unwrap();
    assert!(store.run(run.parse().unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn settings_and_session_tell_what_the_server_has() {
    let site = Site::start_with(|options| {
        options.settings = json!({ "server": { "listen": "127.0.0.1:0" } });
        options.apps = vec!["ingest".to_owned()];
        options.features = [("ingest".to_owned(), true)].into();
    })
    .await;
    let token = site.admin().await;
    let settings = site.get("/api/v1/settings").token(&token).send().await;
    assert_eq!(settings.json()["server"]["listen"], "127.0.0.1:0");
    let session = site.get("/api/v1/session").token(&token).send().await.json();
    assert_eq!(
        (&session["apps"], &session["features"], &session["epoch"]),
        (&json!(["ingest"]), &json!({ "ingest": true, "sse": true }), &json!("epoch"))
    );
}

#[tokio::test]
async fn users_come_and_go() {
    let site = Site::start().await;
    let admin = site.admin().await;
    let add = |body: serde_json::Value| site.post("/api/v1/users").token(&admin).json(&body).send();
    let vera = json!({ "name": "vera", "role": "viewer", "password": "a long password" });
    assert_eq!(add(vera.clone()).await.status, 201);
    assert_eq!(add(vera).await.code(), "conflict");
    assert_eq!(add(json!({ "name": "../x", "role": "viewer" })).await.code(), "invalid_value");
    assert_eq!(add(json!({ "name": "x", "role": "king" })).await.code(), "invalid_value");
    let sign_in = json!({ "user": "vera", "password": "a long password" });
    let signed_in = site.post("/api/v1/session").json(&sign_in).send().await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_eq!(site.get("/api/v1/users").cookie(&cookie).send().await.status, 403);
    let list = site.get("/api/v1/users").token(&admin).send().await;
    assert!(!list.text.contains("argon2") && list.text.contains("\"has_password\":true"));
    assert_eq!(site.delete("/api/v1/users/vera").token(&admin).send().await.status, 204);
    assert_eq!(site.get("/api/v1/session").cookie(&cookie).send().await.status, 401);
    assert_eq!(site.delete("/api/v1/users/admin").token(&admin).send().await.code(), "conflict");
}

#[tokio::test]
async fn requests_beyond_the_rate_are_refused() {
    let rate = server::auth::Rate::new(5, 1);
    let site = Site::start_with(|options| options.rate = Some(rate)).await;
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(site.get("/api/v1/runs").send().await);
    }
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!(refused, 3);
    assert!(!answers[7].header("retry-after").is_empty());
    // Pages and health are not counted.
    assert_eq!(site.get("/health").send().await.status, 200);
}

#[tokio::test]
async fn it_stops_in_time_with_streams_open() {
    let site = Site::start().await;
    let token = site.admin().await;
    let run = site.run(&token, "waiting").await;
    let mut stream = site.get(&format!("/api/v1/runs/{run}/stream")).token(&token).begin().await;
    assert!(stream.chunk().await.unwrap().is_some());
    let begun = Instant::now();
    site.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "it took {:?}", begun.elapsed());
}
