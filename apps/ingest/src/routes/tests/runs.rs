use super::rig::{File, Rig};
use crate::fixture;
use http::StatusCode;
use model::{RunState, StageCounts, StageState};
use serde_json::json;
use std::os::unix::fs::symlink;
use web::Role;

#[tokio::test]
async fn a_start_resolves_its_folders_and_says_who_asked() {
    let rig = Rig::new();
    std::fs::create_dir(rig.root.join("holiday")).unwrap();
    symlink(rig.root.join("holiday"), rig.root.join("link")).unwrap();
    let body = json!({ "directories": [rig.root.join("link"), &rig.root], "max_files": 3 });
    let headers = [("content-type", "application/json"), ("idempotency-key", "k1")];
    let reply = rig.ask("POST", "/api/v1/ingest", &headers, body.to_string().into()).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    assert_eq!(reply.header("location"), format!("/api/v1/runs/{}", rig.run()));
    assert_eq!(reply.json()["id"], rig.run().to_string());
    let again = rig.ask("POST", "/api/v1/ingest", &headers, body.to_string().into()).await;
    assert_eq!(again.status, StatusCode::OK, "the same request again starts nothing");
    assert_eq!(again.json()["id"], rig.run().to_string());
    let started = rig.runs.started.lock().unwrap();
    let [run] = started.as_slice() else { panic!("one start") };
    assert_eq!((run.pipeline.as_str(), run.title.as_str()), ("ingest", "holiday and 1 more"));
    assert_eq!((&**run.by.name(), run.idempotency_key.as_deref()), ("anna", Some("k1")));
    assert_eq!(run.input["directories"], json!([rig.root.join("holiday"), rig.root]));
    assert_eq!((&run.input["max_files"], &run.input["nsfw_threshold"]), (&json!(3), &json!(0.5)));
    assert_eq!(run.input["patterns"][0], "*.png", "patterns are filled in");
}

#[tokio::test]
async fn what_does_not_hold_is_named_by_its_place() {
    let rig = Rig::new();
    symlink("/etc", rig.root.join("link")).unwrap();
    let root = rig.root.to_str().unwrap();
    for (body, expected) in [
        (json!({ "directories": ["/etc"] }), "403 outside_roots [\"directories[0]\"]"),
        (json!({ "directories": [root, format!("{root}/link")] }), "403 outside_roots [\"directories[1]\"]"),
        (json!({ "directories": [format!("{root}/../x")] }), "422 invalid_value [\"directories[0]\"]"),
        (json!({ "directories": [format!("{root}/gone")] }), "422 invalid_value [\"directories[0]\"]"),
        (json!({}), "422 invalid_value [\"directories\"]"),
        (json!({ "directories": [root], "nsfw_threshold": 2 }), "422 invalid_value [\"nsfw_threshold\"]"),
        (json!({ "directories": [root], "max_files": 0 }), "422 invalid_value [\"max_files\"]"),
        (json!({ "directories": [root], "patterns": ["*.png", "["] }), "422 invalid_value [\"patterns[1]\"]"),
        (json!({ "directories": [root], "recursive": "yes" }), "422 invalid_value [\"recursive\"]"),
    ] {
        let reply = rig.send("POST", "/api/v1/ingest", body.clone()).await;
        assert_eq!(reply.problem(), expected, "{body}");
    }
    let reply = rig.send("POST", "/api/v1/ingest", json!({ "directories": [root], "recurse": true })).await;
    assert!(reply.problem().starts_with("400 unknown_field"), "{}", reply.problem());
    assert!(rig.runs.started.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_ingest_is_shown_with_its_figures_and_what_they_leave_unknown() {
    let rig = Rig::new();
    rig.change(|record| {
        fixture::stage(record, "read").counts =
            StageCounts { total: 5, done: 4, failed: 1, ..StageCounts::default() };
        record.run.counters.insert("skipped".to_owned(), 1);
    });
    let unknown = |key: &str| File {
        nsfw: "unknown",
        nsfw_reason: Some("unknown: no model is installed"),
        ..File::new(key)
    };
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    rig.staged(&[
        File { keywords: words(&["castle", "dusk"]), ..unknown("/m/a") },
        File { keywords: words(&["castle", "fox"]), ..unknown("/m/b") },
        File { kind: "video", ..File::new("/m/c") },
    ]);
    let reply = rig.ingest("").await;
    let json = reply.json();
    assert_eq!(json["run"]["id"], rig.run().to_string());
    assert_eq!((&json["phase"], &json["nsfw_available"]), (&json!("preview"), &json!(false)));
    assert_eq!(json["params"]["directories"], json!(["/media"]));
    let stats = &json["stats"];
    assert_eq!(
        (&stats["discovered"], &stats["processed"], &stats["skipped"]),
        (&json!(5), &json!(3), &json!(1))
    );
    assert_eq!(stats["keywords"], json!(3), "a word counts once, however many files have it");
    assert_eq!(json["current_file"], json!(null));
    rig.change(|record| record.run.state = RunState::Running);
    assert_eq!(rig.ingest("").await.json()["current_file"], json!("cat.png"));
    rig.change(|record| record.run.state = RunState::Waiting);
    let notes: Vec<&str> =
        json["notes"].as_array().unwrap().iter().filter_map(|note| note.as_str()).collect();
    assert_eq!(notes[0], "NSFW is unknown of 2 files: no model is installed");
    assert!(notes[1].starts_with("Metadata is unknown of 1 videos: ffprobe"), "{notes:?}");
    let path = format!("/api/v1/ingest/{}", rig.run());
    let again = rig.get_with(&path, &[("if-none-match", reply.header("etag"))]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn runs_of_other_pipelines_are_no_ingests() {
    let rig = Rig::new();
    rig.change(|record| {
        let mut meta = (*record.meta).clone();
        meta.pipeline = "demo".into();
        record.meta = std::sync::Arc::new(meta);
    });
    for path in ["", "/files", "/files/x", "/duplicates", "/errors"] {
        assert_eq!(rig.ingest(path).await.problem(), "404 not_found []", "{path}");
    }
    assert_eq!(rig.tell("/commit", json!({})).await.problem(), "404 not_found []");
    assert_eq!(rig.tell("/selection", json!({})).await.problem(), "404 not_found []");
    assert_eq!(rig.get("/api/v1/ingest/0000000000000").await.problem(), "404 not_found []");
    assert_eq!(rig.get("/api/v1/ingest/..%2f..").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_commit_is_a_signal_and_the_second_one_nothing() {
    let rig = Rig::new();
    let reply = rig.tell("/commit", json!({})).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    assert_eq!(*rig.runs.signals.lock().unwrap(), ["commit by anna"]);
    rig.change(|record| {
        let approve = fixture::stage(record, "approve");
        approve.state = StageState::Closed;
        approve.counts = StageCounts { total: 1, done: 1, ..StageCounts::default() };
        fixture::stage(record, "commit").state = StageState::Open;
        record.run.state = RunState::Running;
    });
    assert_eq!(rig.tell("/commit", json!({})).await.status, StatusCode::ACCEPTED);
    assert_eq!(rig.runs.signals.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn before_the_preview_and_after_a_cancel_there_is_nothing_to_commit() {
    let early = Rig::of(RunState::Running, Role::Admin);
    assert_eq!(early.tell("/commit", json!({})).await.problem(), "409 illegal_transition []");
    let cancelled = Rig::of(RunState::Cancelled, Role::Admin);
    assert_eq!(cancelled.tell("/commit", json!({})).await.problem(), "409 illegal_transition []");
    assert_eq!(cancelled.ingest("").await.json()["phase"], "done");
}

#[tokio::test]
async fn viewers_look_and_change_nothing() {
    let rig = Rig::of(RunState::Waiting, Role::Viewer);
    rig.committed(&[File::new("/m/a.png")]);
    for path in ["", "/files", "/duplicates", "/errors"] {
        assert_eq!(rig.ingest(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(rig.get("/api/v1/library/1").await.status, StatusCode::OK);
    for reply in [
        rig.tell("/commit", json!({})).await,
        rig.tell("/selection", json!({ "exclude": [] })).await,
        rig.send("POST", "/api/v1/ingest", json!({ "directories": [rig.root] })).await,
        rig.send("PATCH", "/api/v1/library/1", json!({ "score": 1 })).await,
        rig.send("POST", "/api/v1/library/bulk", json!({ "ids": ["1"], "score": 1 })).await,
    ] {
        assert_eq!(reply.problem(), "403 forbidden []");
    }
}
