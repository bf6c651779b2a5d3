//! The routes over a real database, with a made-up run.

mod rig;

use crate::{AuthorName, Params, params::MAX_VISION_BYTES};
use http::StatusCode;
use model::DeliveryState;
use rig::Rig;
use serde_json::{Value, json};
use web::Role;

const ALL: [&str; 8] = ["e1", "e1.f1", "e1.f1.s1", "e1.f1.s1.t1", "e1.f1.s1.c1", "e2", "e2.f1", "e2.f1.s1"];

#[tokio::test]
async fn a_start_checks_its_parameters_and_says_who_asked() {
    let rig = Rig::new();
    let body = json!({ "vision": "# Tray: no queues\n\n- Order meals", "to": "tracker", "size": "medium" });
    let reply = rig.ask("POST", "/api/v1/backlog", &[("idempotency-key", "k1")], Some(body)).await;
    assert_eq!(
        (reply.status, reply.headers["location"].to_str().unwrap()),
        (StatusCode::CREATED, format!("/api/v1/runs/{}", rig.run()).as_str())
    );
    {
        let started = rig.stub.started.lock();
        let [run] = started.as_slice() else { panic!("one start") };
        assert_eq!((run.pipeline.as_str(), run.title.as_str()), ("backlog", "Tray"));
        assert_eq!((run.idempotency_key.as_deref(), &**run.by.name()), (Some("k1"), "anna"));
        let params: Params = serde_json::from_value(run.input.clone()).unwrap();
        assert_eq!((params.author, params.review), (Some(AuthorName::Outline), true));
    }
    for (body, problem) in [
        (json!({}), "422 invalid_value [\"vision\"]"),
        (json!({ "vision": "  \n" }), "422 invalid_value [\"vision\"]"),
        (json!({ "vision": "x".repeat(MAX_VISION_BYTES + 1) }), "422 invalid_value [\"vision\"]"),
        (json!({ "vision": "# x", "colour": 1 }), "400 unknown_field [\"colour\"]"),
        (json!({ "vision": "# x", "vision_sha256": "00" }), "400 unknown_field []"),
        (json!({ "vision": "# x", "to": "nowhere" }), "422 invalid_value [\"to\"]"),
        (json!({ "vision": "# x", "author": "openai" }), "422 invalid_value [\"author\"]"),
        (
            json!({ "vision": "# x", "size": { "epics": 30, "features": 1, "stories": 1, "tasks": 1, "tests": 1 } }),
            "422 invalid_value [\"size.epics\"]",
        ),
    ] {
        assert_eq!(rig.ask("POST", "/api/v1/backlog", &[], Some(body)).await.problem(), problem);
    }
    assert_eq!(rig.stub.started.lock().len(), 1);
}

#[tokio::test]
async fn a_large_vision_is_kept_apart_and_comes_back_whole() {
    let rig = Rig::new();
    let vision = format!("# Large\n\n{}", "- Say \"it\"\n".repeat(20_000));
    let reply = rig.ask("POST", "/api/v1/backlog", &[], Some(json!({ "vision": vision }))).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    let input = rig.stub.started.lock()[0].input.clone();
    assert!(input.to_string().len() < 2_000 && input["vision"] == "");
    rig.change(|record| record.run.input = std::sync::Arc::new(input));
    let session = rig.get("").await.json();
    assert_eq!(
        (session["params"]["vision"].as_str(), &session["params"]["vision_sha256"]),
        (Some(vision.as_str()), &Value::Null)
    );
}

#[tokio::test]
async fn authors_say_what_they_are() {
    let rig = Rig::new();
    let reply = rig.ask("GET", "/api/v1/backlog/authors", &[], None).await;
    assert_eq!(
        (reply.items("name"), reply.items("available")),
        (vec!["outline".to_owned(), "openai".to_owned()], vec!["true".to_owned(), "false".to_owned()])
    );
    assert!(reply.items("says")[0].contains("no model"));
}

#[tokio::test]
async fn items_come_in_tree_order_page_by_page() {
    let rig = Rig::new();
    assert_eq!(rig.get("/items").await.items("key"), ALL);
    assert_eq!(rig.get("/items?parent=root").await.items("key"), ["e1", "e2"]);
    assert_eq!(rig.get("/items?parent=e1.f1.s1").await.items("key"), ["e1.f1.s1.t1", "e1.f1.s1.c1"]);
    assert_eq!(rig.get("/items?parent=root").await.items("children"), ["1", "1"]);
    assert_eq!(rig.get("/items?kind=story").await.items("key"), ["e1.f1.s1", "e2.f1.s1"]);
    assert_eq!(rig.get("/items?flagged=true").await.items("key"), ["e1.f1.s1"]);
    assert_eq!(rig.get("/items?q=LUNCH%20pay").await.items("key"), ["e2.f1.s1"]);
    assert_eq!(rig.get("/items?q=100%25_").await.items("key"), ["e1.f1.s1"]);
    rig.deliver("e1", DeliveryState::Done);
    rig.deliver("e2", DeliveryState::Dead);
    assert_eq!(rig.get("/items?delivery=done,dead").await.items("key"), ["e1", "e2"]);
    let dead = &rig.get("/items?delivery=dead").await.json()["items"][0]["delivery"];
    assert_eq!(
        (&dead["state"], &dead["attempts"], &dead["error"]["code"]),
        (&json!("dead"), &json!(2), &json!("bad"))
    );
    let mut keys = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = rig.get(&format!("/items?limit=3{cursor}")).await;
        keys.extend(page.items("key"));
        match page.json()["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(keys, ALL);
    for (query, problem) in [
        ("/items?colour=1", "400 unknown_field [\"colour\"]"),
        ("/items?parent=e1;x", "422 invalid_value [\"parent\"]"),
        ("/items?kind=poem", "422 invalid_value [\"kind\"]"),
        ("/items?cursor=!", "400 bad_cursor []"),
        ("/items?limit=0", "422 invalid_value [\"limit\"]"),
    ] {
        assert_eq!(rig.get(query).await.problem(), problem, "{query}");
    }
}

#[tokio::test]
async fn an_item_is_changed_once_by_whoever_saw_it() {
    let rig = Rig::new();
    let good = json!({ "item": {
        "title": "Order lunch for a week", "description": "As a guest, I want to order lunch so that I need not queue.",
        "acceptance_criteria": ["Given a, when b, then c", "Given d, when e, then f", "Given g, when h, then i"],
        "story_points": 3, "priority": 1,
    } });
    let reply = rig.patch("e1.f1.s1", good).await;
    assert_eq!((reply.status, reply.headers["etag"].to_str().unwrap()), (StatusCode::OK, "\"2\""));
    let item = reply.json();
    assert_eq!(
        (&item["edited"], &item["flagged"], &item["quality"]["score"]),
        (&json!(true), &json!(false), &json!(100))
    );
    assert_eq!(
        (&item["key"], &item["item"]["kind"], &item["version"]),
        (&json!("e1.f1.s1"), &json!("story"), &json!(2))
    );
    let path = format!("/api/v1/backlog/{}/items/e1.f1.s1", rig.run());
    let title = |title: &str| Some(json!({ "item": { "title": title } }));
    let stale = rig.ask("PATCH", &path, &[("if-match", "\"1\"")], title("Order late lunch")).await;
    assert_eq!(stale.problem(), "409 conflict []");
    let fresh = rig.ask("PATCH", &path, &[("if-match", "\"2\"")], title("Order late lunch")).await;
    assert_eq!(fresh.status, StatusCode::OK);
    // What is not named stays; null empties.
    let cleared = rig.patch("e1.f1.s1", json!({ "item": { "priority": null } })).await.json();
    assert_eq!((&cleared["item"]["priority"], &cleared["item"]["story_points"]), (&Value::Null, &json!(3.0)));
    for (change, problem) in [
        (json!({ "item": { "kind": "epic" } }), "422 invalid_value [\"item.kind\"]"),
        (json!({ "item": { "title": "" } }), "422 invalid_value [\"item.title\"]"),
        (json!({ "item": { "title": "a\nb" } }), "422 invalid_value [\"item.title\"]"),
        (json!({ "item": { "colour": "red" } }), "400 unknown_field [\"item.colour\"]"),
        (json!({ "item": { "priority": 9 } }), "422 invalid_value [\"item.priority\"]"),
        (json!({ "item": { "estimate_hours": -1 } }), "422 invalid_value [\"item.estimate_hours\"]"),
        (json!({ "item": { "description": "x".repeat(100_001) } }), "422 invalid_value [\"item\"]"),
        (json!({ "key": "e9" }), "400 unknown_field [\"key\"]"),
    ] {
        assert_eq!(rig.patch("e1.f1.s1", change).await.problem(), problem);
    }
    assert_eq!(rig.patch("e9", json!({})).await.problem(), "404 not_found []");
    assert_eq!(rig.patch("e1,e2", json!({})).await.problem(), "404 not_found []");
    rig.deliver("e1", DeliveryState::Done);
    assert_eq!(rig.patch("e1", json!({ "excluded": true })).await.problem(), "409 already_delivered []");
}

#[tokio::test]
async fn an_approval_is_a_signal_and_the_second_one_nothing() {
    let rig = Rig::new();
    assert_eq!(rig.get("").await.json()["phase"], "review");
    assert_eq!(rig.post("/approve", json!({})).await.status, StatusCode::ACCEPTED);
    assert_eq!(*rig.stub.signals.lock(), ["approve by anna"]);
    rig.at("stage");
    assert_eq!(rig.get("").await.json()["phase"], "delivering");
    assert_eq!(rig.post("/approve", json!({})).await.status, StatusCode::ACCEPTED);
    assert_eq!(rig.stub.signals.lock().len(), 1);
    rig.at("stories");
    assert_eq!(rig.get("").await.json()["phase"], "generating");
    assert_eq!(rig.post("/approve", json!({})).await.problem(), "409 illegal_transition []");
}

#[tokio::test]
async fn edited_items_are_staged_again_unless_they_were_sent_or_left_out() {
    let rig = Rig::new();
    assert_eq!(rig.post("/restage", json!({})).await.problem(), "409 illegal_transition []");
    for (key, body) in [
        ("e1", json!({ "item": { "title": "Ordering ahead of time" } })),
        ("e1.f1", json!({ "item": { "title": "Order meals in time" } })),
        ("e2.f1", json!({ "item": { "title": "Pay by card or cash" } })),
        ("e2.f1.s1", json!({ "item": { "title": "Pay for late lunch" } })),
        ("e2", json!({ "excluded": true })),
    ] {
        assert_eq!(rig.patch(key, body).await.status, StatusCode::OK, "{key}");
    }
    rig.deliver("e1.f1", DeliveryState::Done);
    rig.at("end");
    let session = rig.get("").await.json();
    assert!(session["notes"].to_string().contains("restage them"), "{}", session["notes"]);
    assert_eq!(rig.post("/restage", json!({})).await.json(), json!({ "staged": 1 }));
    {
        let staged = rig.stub.staged.lock();
        let [delivery] = staged.as_slice() else { panic!("{staged:?}") };
        assert_eq!(
            (&*delivery.key, &*delivery.title, &delivery.parent),
            ("e1", "Ordering ahead of time", &None)
        );
    }
    assert_eq!(rig.post("/restage", json!({})).await.json(), json!({ "staged": 0 }));
    assert_eq!(
        rig.post("/restage", json!({ "keys": ["e1.f1.s1", "e1.f1"] })).await.json(),
        json!({ "staged": 1 })
    );
    assert_eq!(rig.stub.staged.lock()[1].parent.as_deref(), Some("e1.f1"));
    assert_eq!(
        rig.post("/restage", json!({ "keys": ["'"] })).await.problem(),
        "422 invalid_value [\"keys[0]\"]"
    );
    assert_eq!(rig.post("/restage", json!({ "keys": [] })).await.problem(), "422 invalid_value [\"keys\"]");
}

#[tokio::test]
async fn a_dry_run_shows_what_would_be_sent() {
    let rig = Rig::new();
    rig.patch("e2", json!({ "excluded": true })).await;
    let first = rig.get("/dry-run?limit=4").await;
    assert_eq!(first.items("key"), ALL[..4]);
    let items = first.json()["items"].clone();
    assert_eq!(
        (&items[0]["preview"]["url"], &items[0]["preview"]["body"]["title"]),
        (&json!("memory:e1"), &json!("Ordering"))
    );
    assert_eq!(items[0]["valid"], Value::Null);
    assert_eq!(items[3]["valid"]["error"]["code"], "bad_title");
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(rig.get(&format!("/dry-run?cursor={cursor}")).await.items("key"), ["e1.f1.s1.c1"]);
    assert!(rig.stub.staged.lock().is_empty());
    rig.change(|record| record.run.input = std::sync::Arc::new(json!({ "vision": "x" })));
    assert_eq!(rig.get("/dry-run").await.problem(), "409 illegal_transition []");
}

#[tokio::test]
async fn files_hold_all_of_it_and_run_nothing() {
    let rig = Rig::new();
    rig.deliver("e1", DeliveryState::Done);
    let csv = rig.get("/export?format=csv").await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8; header=present");
    assert!(
        csv.headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"backlog-")
    );
    let lines: Vec<&str> = csv.text.split("\r\n").collect();
    assert_eq!(lines.len(), 1 + 8 + 1);
    assert!(
        lines[0].starts_with("key,parent,kind,title") && lines[1].ends_with("done,4711,https://tracker/4711")
    );
    assert!(lines[2].contains("\"Order meals, \"\"quickly\"\"\"") && lines[4].contains("\"'=SUM(A1)\""));
    let json = rig.get("/export").await.json();
    assert_eq!((json["title"].as_str(), json["items"].as_array().map(Vec::len)), (Some("Tray <b>"), Some(8)));
    rig.patch("e2", json!({ "excluded": true })).await;
    let markdown = rig.get("/export?format=markdown").await.text;
    assert!(markdown.starts_with("# Tray &lt;b>\n"), "{markdown}");
    for part in [
        "\n## Epic e1: Ordering\n",
        "\n### Feature e1.f1: ",
        "\n#### Story e1.f1.s1: ",
        "\n##### Task e1.f1.s1.t1: \\=SUM(A1)\n",
    ] {
        assert!(markdown.contains(part), "no {part} in {markdown}");
    }
    assert!(!markdown.contains("Paying"), "what is left out is not in it");
    assert_eq!(rig.get("/export?format=pdf").await.problem(), "422 invalid_value [\"format\"]");
}

#[tokio::test]
async fn another_run_is_no_backlog_and_viewers_change_nothing() {
    let rig = Rig::of(
        Role::Viewer,
        &Params { vision: "# x".to_owned(), to: Some("tracker".to_owned()), ..Params::default() },
    );
    for path in ["", "/items", "/dry-run", "/export"] {
        assert_eq!(rig.get(path).await.status, StatusCode::OK, "{path}");
    }
    for reply in [
        rig.ask("POST", "/api/v1/backlog", &[], Some(json!({ "vision": "# x" }))).await,
        rig.patch("e1", json!({ "excluded": true })).await,
        rig.post("/approve", json!({})).await,
        rig.post("/restage", json!({})).await,
    ] {
        assert_eq!(reply.problem(), "403 forbidden []");
    }
    rig.change(|record| {
        let mut meta = (*record.meta).clone();
        meta.pipeline = "demo".into();
        record.meta = std::sync::Arc::new(meta);
    });
    for path in ["", "/items", "/dry-run", "/export"] {
        assert_eq!(rig.get(path).await.problem(), "404 not_found []", "{path}");
    }
}
