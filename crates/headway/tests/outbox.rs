//! The outbox of the real binary against a tracker that does everything wrong, with the binary killed a hundred times:
//! exactly the items that were planned, each under its parent, none twice.

mod place;

use fakes::{
    Fault,
    azure::{FakeAzure, Options},
};
use place::Place;
use reqwest::blocking::Client;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

const KILLS: u32 = 100;

/// The tracker's queries lag behind by this: long beside a request, short beside the test.
const LAG: Duration = Duration::from_millis(150);

/// No run of this test takes longer.
const AT_MOST: Duration = Duration::from_secs(600);

const VISION: &str = include_str!("../../../apps/backlog/examples/visions/tool-library.md");

/// The binary, serving; killed when the test ends.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(place: &Place) -> Self {
        let arguments = ["serve", "--data", "data", "--listen", "127.0.0.1:0", "--dev", "--json"];
        let mut child = place
            .headway(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("it answers");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no address: {line:?}"));
        Self { child, address: said["address"].as_str().expect("an address").to_owned() }
    }

    fn get(&self, client: &Client, path: &str) -> Value {
        let answer = client.get(format!("{}/api/v1{path}", self.address)).send().expect("it answers");
        answer.json().expect("JSON")
    }

    fn post(&self, client: &Client, path: &str, body: &Value) -> Value {
        let request =
            client.post(format!("{}/api/v1{path}", self.address)).header("x-headway", "1").json(body);
        let answer = request.send().expect("it answers");
        let status = answer.status();
        let text = answer.text().expect("text");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    fn kill(mut self) {
        self.child.kill().expect("it is there");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client() -> Client {
    Client::builder().timeout(Duration::from_secs(20)).build().expect("a client")
}

/// Spreads moments evenly and without a pattern.
fn share(n: u32) -> f64 {
    (f64::from(n) * 0.618_033_988_75).fract()
}

/// All deliveries of a run, by key.
fn deliveries(server: &Server, client: &Client, run: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = server.get(client, &format!("/deliveries?run={run}&limit=500{cursor}"));
        for item in page["items"].as_array().expect("items") {
            all.insert(item["key"].as_str().expect("a key").to_owned(), item.clone());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
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

    for kill in 0..KILLS {
        // From almost at once, while it looks up what the last one left, to well into its work.
        let delay = Duration::from_millis(20).mul_f64(1.0 + 60.0 * share(kill));
        std::thread::sleep(delay);
        server.kill();
        server = Server::start(&place);
    }
    let ended = loop {
        let shown = server.get(&client, &format!("/runs/{run}"));
        if shown["ended_at"].is_i64() {
            break shown;
        }
        assert!(begun.elapsed() < AT_MOST, "not over in time: {}", shown["deliveries"]);
        let seq = &shown["run_seq"];
        server.get(&client, &format!("/runs/{run}/progress?after={seq}&wait=2"));
    };
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
