//! The binary as a server that tests talk to over HTTP.

use crate::place::Place;
use reqwest::{Method, blocking::Client};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

/// Longest time that a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(300);

/// The binary, serving; killed when the test ends.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    pub(crate) fn start(place: &Place) -> Self {
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

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn get(&self, client: &Client, path: &str) -> Value {
        let answer = client.get(format!("{}/api/v1{path}", self.address)).send().expect("it answers");
        answer.json().expect("JSON")
    }

    pub(crate) fn post(&self, client: &Client, path: &str, body: &Value) -> Value {
        self.send(client, Method::POST, path, body)
    }

    /// Sends `body`, and expects it to be taken.
    pub(crate) fn send(&self, client: &Client, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("{}/api/v1{path}", self.address);
        let answer =
            client.request(method, url).header("x-headway", "1").json(body).send().expect("it answers");
        let status = answer.status();
        let text = answer.text().expect("text");
        assert!(status.is_success(), "{path}: {status} {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") }
    }

    /// The run once `ready` holds of it; it is asked for again as soon as it has moved.
    pub(crate) fn when(&self, client: &Client, run: &str, ready: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let shown = self.get(client, &format!("/runs/{run}"));
            if ready(&shown) {
                return shown;
            }
            assert!(Instant::now() < until, "it never came: {} {}", shown["state"], shown["deliveries"]);
            let seq = &shown["run_seq"];
            let moved = format!("{}/api/v1/runs/{run}/progress?after={seq}&wait=2", self.address);
            client.get(moved).send().expect("it answers");
        }
    }

    pub(crate) fn kill(mut self) {
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

/// A client with patience.
pub(crate) fn client() -> Client {
    Client::builder().timeout(Duration::from_secs(20)).build().expect("a client")
}

/// All deliveries of a run, by key.
pub(crate) fn deliveries(server: &Server, client: &Client, run: &str) -> BTreeMap<String, Value> {
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
