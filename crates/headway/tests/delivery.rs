//! What happens to deliveries when their destination is difficult: the real binary against a tracker that does as it is
//! told.

mod place;

use fakes::{
    Fault, Rule,
    azure::{FakeAzure, Options},
};
use place::{
    Place,
    serving::{Server, client, deliveries},
};
use reqwest::{Method, blocking::Client};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

const VISION: &str = include_str!("../../../apps/backlog/examples/visions/canteen.md");

/// A server with one destination, and a backlog of two epics, two features each, a story, a task and a test case.
struct Site {
    // In the order in which they end: the server first.
    server: Server,
    client: Client,
    tracker: FakeAzure,
    _place: Place,
}

impl Site {
    fn start() -> Self {
        let place = Place::new();
        let tracker = FakeAzure::start(Options::default());
        let (server, client) = (Server::start(&place), client());
        let mut settings = tracker.settings();
        settings["test_plans"] = json!(false);
        let body = json!({ "name": "tracker", "kind": "azure_devops", "settings": settings, "secret": tracker.token() });
        server.post(&client, "/destinations", &body);
        Self { server, client, tracker, _place: place }
    }

    /// A backlog that waits for approval; its run.
    fn written(&self) -> String {
        let size = json!({ "epics": 2, "features": 2, "stories": 1, "tasks": 1, "tests": 1 });
        let body = json!({ "vision": VISION, "to": "tracker", "size": size, "author": "outline" });
        let run = self.server.post(&self.client, "/backlog", &body)["id"].as_str().expect("an id").to_owned();
        self.server.when(&self.client, &run, |shown| shown["state"] == "waiting");
        run
    }

    fn approve(&self, run: &str) {
        self.server.post(&self.client, &format!("/backlog/{run}/approve"), &json!({}));
    }

    fn over(&self, run: &str) -> Value {
        self.server.when(&self.client, run, |shown| shown["ended_at"].is_i64())
    }

    fn deliveries(&self, run: &str) -> BTreeMap<String, Value> {
        deliveries(&self.server, &self.client, run)
    }

    /// The titles as the backlog has them, by key.
    fn titles(&self, run: &str) -> BTreeMap<String, String> {
        let page = self.server.get(&self.client, &format!("/backlog/{run}/items?limit=500"));
        let items = page["items"].as_array().expect("items").iter();
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        items.map(|item| (text(&item["key"]), text(&item["item"]["title"]))).collect()
    }

    fn arrived_once(&self, run: &str) {
        let items = self.tracker.items();
        assert_eq!(items.len(), self.deliveries(run).len());
        assert_eq!(self.tracker.duplicates(), []);
        assert_eq!(self.tracker.orphans(), [0_u64; 0]);
    }
}

#[test]
fn a_503_on_one_feature_holds_its_subtree_while_its_siblings_go() {
    let site = Site::start();
    let run = site.written();
    let title = site.titles(&run)["e1.f1"].clone();
    site.tracker.faults().add(Rule::new(Fault::Status(503, None)).on("item").containing(&title));
    site.approve(&run);
    let below = |key: &str| key == "e1.f1" || key.starts_with("e1.f1.");
    let all = site.titles(&run);
    let held = all.keys().filter(|key| below(key)).count() as u64;
    let free = all.len() as u64 - held;
    site.server.when(&site.client, &run, |shown| shown["deliveries"]["done"] == free);
    for (key, delivery) in site.deliveries(&run) {
        assert_eq!(delivery["state"] == "done", !below(&key), "{key}: {}", delivery["state"]);
        assert_eq!(delivery["attempts"], 0, "{key}: it is nobody's fault");
    }
    site.tracker.faults().clear();
    assert_eq!(site.over(&run)["state"], "completed");
    site.arrived_once(&run);
}

#[test]
fn a_400_is_tried_once_and_an_item_that_is_mended_keeps_its_key() {
    let site = Site::start();
    let run = site.written();
    let title = site.titles(&run)["e2"].clone();
    site.tracker.faults().add(Rule::new(Fault::Status(400, None)).on("item").containing(&title));
    site.approve(&run);
    assert_eq!(site.over(&run)["state"], "completed_with_errors");
    let refused = site.deliveries(&run)["e2"].clone();
    assert_eq!((&refused["state"], &refused["attempts"]), (&json!("dead"), &json!(1)), "{refused}");
    let child = &site.deliveries(&run)["e2.f1"];
    assert_eq!((&child["state"], &child["blocked_by"]["key"]), (&json!("blocked"), &json!("e2")), "{child}");

    let path = format!("/backlog/{run}/items/e2");
    site.server.send(&site.client, Method::PATCH, &path, &json!({ "item": { "title": "Settle the bills" } }));
    let staged =
        site.server.post(&site.client, &format!("/backlog/{run}/restage"), &json!({ "keys": ["e2"] }));
    assert_eq!(staged["staged"], 1);
    let ended = site.server.when(&site.client, &run, |shown| shown["state"] == "completed");
    assert_eq!(ended["deliveries"]["dead"], 0);
    let mended = site.deliveries(&run)["e2"].clone();
    assert_eq!((&mended["id"], &mended["title"]), (&refused["id"], &json!("Settle the bills")));
    site.arrived_once(&run);
}

#[test]
fn a_401_pauses_the_destination_and_uses_nothing_up() {
    let site = Site::start();
    let run = site.written();
    site.tracker.faults().add(Rule::new(Fault::Status(401, None)));
    site.approve(&run);
    site.server.when(&site.client, &run, |shown| shown["deliveries"]["staged"].as_u64() > Some(0));
    let until = Instant::now() + Duration::from_secs(30);
    let paused = loop {
        let shown = site.server.get(&site.client, "/destinations/tracker");
        if shown["paused"].is_object() {
            break shown;
        }
        assert!(Instant::now() < until, "it was never paused: {shown}");
    };
    assert_eq!(paused["paused"]["code"], "unauthorized");
    site.tracker.faults().clear();
    let calls = site.tracker.log().len();
    assert!(site.deliveries(&run).values().all(|delivery| delivery["attempts"] == 0));
    assert_eq!(site.tracker.log().len(), calls, "nothing is sent while the destination is paused");
    site.server.post(&site.client, "/destinations/tracker/resume", &json!({}));
    assert_eq!(site.over(&run)["state"], "completed");
    site.arrived_once(&run);
}

#[test]
fn a_retry_after_is_waited_for_and_an_absurd_one_is_capped() {
    let site = Site::start();
    let run = site.written();
    let asked = Rule::new(Fault::Status(429, Some("7".to_owned()))).times(1);
    site.tracker.faults().add(asked);
    site.approve(&run);
    assert_eq!(site.over(&run)["state"], "completed");
    site.arrived_once(&run);
    let log = site.tracker.log();
    let refused = log.iter().position(|seen| seen.status == Some(429)).expect("it was refused");
    // What was under way at the same time may still come in; after that there are seven seconds of silence.
    let silence = log[refused..].windows(2).map(|two| two[1].at.saturating_sub(two[0].at)).max();
    assert!(silence >= Some(Duration::from_millis(6_900)), "{silence:?}");

    let run = site.written();
    site.tracker.faults().add(Rule::new(Fault::Status(429, Some("1000000000".to_owned()))).times(1));
    site.approve(&run);
    let until = Instant::now() + Duration::from_secs(30);
    let paused_until = loop {
        let shown = site.server.get(&site.client, "/destinations/tracker");
        if let Some(at) = shown["limiter"]["paused_until"].as_i64() {
            break at;
        }
        assert!(Instant::now() < until, "it never paused: {shown}");
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    assert!(paused_until <= now.as_millis() as i64 + 3_600_000, "an hour at most");
}

#[test]
fn without_the_outbox_items_are_sent_by_the_attempts_themselves() {
    let place = Place::new();
    std::fs::write(place.path().join("headway.toml"), "use_outbox_pattern = false\n").expect("written");
    let vision = place.path().join("vision.md");
    std::fs::write(&vision, VISION).expect("written");
    let arguments =
        ["backlog", "vision.md", "--to", "files", "--out", "plan", "--yes", "--data", "data", "--json"];
    let output = place.headway(&arguments).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let said: Value = serde_json::from_str(text.lines().last().unwrap_or_default())
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!((output.status.code(), &said["state"]), (Some(0), &json!("completed")), "{said}");
    assert_eq!(said["deliveries"]["done"], said["deliveries"]["staged"]);
    assert!(said["deliveries"]["done"].as_u64() > Some(50), "{said}");
}
