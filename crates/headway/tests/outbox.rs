//! The outbox of the real binary against a tracker that does everything wrong, with the binary killed a hundred times:
//! exactly the items that were planned, each under its parent, none twice.

mod place;

use fakes::{
    Fault, Rule,
    azure::{FakeAzure, Options},
};
use place::{
    Place,
    serving::{Server, client, deliveries},
};
use serde_json::json;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

const KILLS: u32 = 100;

/// The tracker's queries lag behind by this: long beside a request, short beside the test.
const LAG: Duration = Duration::from_millis(150);

/// No run of this test takes longer.
const AT_MOST: Duration = Duration::from_secs(600);

const VISION: &str = include_str!("../../../apps/backlog/examples/visions/tool-library.md");

/// Spreads moments evenly and without a pattern.
fn share(n: u32) -> f64 {
    (f64::from(n) * 0.618_033_988_75).fract()
}

#[test]
fn ten_thousand_items_through_every_fault_and_a_hundred_kills_arrive_once() {
    let begun = Instant::now();
    let place = Place::new();
    let tracker = FakeAzure::start(Options { lag: LAG, ..Options::default() });
    let faults = [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::CutBody,
        Fault::Slow(300),
        Fault::Status(503, None),
        Fault::Status(429, Some("1".to_owned())),
        Fault::StatusAfter(502),
    ];
    // Small batches: more requests for faults to strike.
    std::fs::write(place.path().join("headway.toml"), "[outbox]\nbatch_size = 10\n").expect("written");
    let client = client();
    let mut server = Server::start(&place);
    let mut settings = tracker.settings();
    settings["test_plans"] = json!(false);
    let body =
        json!({ "name": "tracker", "kind": "azure_devops", "settings": settings, "secret": tracker.token() });
    server.post(&client, "/destinations", &body);
    let size = json!({ "epics": 10, "features": 10, "stories": 9, "tasks": 10, "tests": 8 });
    let body =
        json!({ "vision": VISION, "to": "tracker", "size": size, "author": "outline", "review": false });
    let run = server.post(&client, "/backlog", &body)["id"].as_str().expect("an id").to_owned();
    tracker.faults().mixture(7, 60, &faults);
    for fault in [Fault::Status(503, None), Fault::Status(429, None), Fault::StatusAfter(502)] {
        tracker.faults().add(Rule::new(fault).on("item").per_mille(10));
    }

    for kill in 0..KILLS {
        // From almost at once, while it looks up what the last one left, to well into its work.
        let delay = Duration::from_millis(20).mul_f64(1.0 + 60.0 * share(kill));
        std::thread::sleep(delay);
        server.kill();
        server = Server::start(&place);
    }
    let ended = server.when(&client, &run, |shown| shown["ended_at"].is_i64());
    assert!(begun.elapsed() < AT_MOST, "it took {:?}", begun.elapsed());
    let struck = tracker.faults().struck();
    tracker.faults().clear();

    let planned = deliveries(&server, &client, &run);
    assert_eq!(ended["state"], "completed", "{}", ended["deliveries"]);
    assert!(planned.len() >= 10_000, "{} items", planned.len());
    assert_eq!(ended["deliveries"]["done"], planned.len());
    assert_eq!(tracker.duplicates(), [], "nothing arrives twice");
    assert_eq!(tracker.orphans(), [0_u64; 0]);
    let items: HashMap<String, _> =
        tracker.items().into_iter().map(|item| (item.id.to_string(), item)).collect();
    assert_eq!(items.len(), planned.len(), "exactly what was planned is there");
    for (key, delivery) in &planned {
        let remote = delivery["remote"]["id"].as_str().unwrap_or_else(|| panic!("{key} has not arrived"));
        let item = &items[remote];
        assert_eq!(item.title(), delivery["title"].as_str().expect("a title"), "{key}");
        let parent = item.parent.or(item.tests).map(|id| id.to_string());
        let expected = delivery["parent"].as_str().map(|parent| &planned[parent]["remote"]["id"]);
        assert_eq!(parent.as_deref(), expected.map(|id| id.as_str().expect("an id")), "the parent of {key}");
    }
    eprintln!("{} items, {KILLS} kills, {struck} faults, {:?}", planned.len(), begun.elapsed());
}
