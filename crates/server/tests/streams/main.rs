//! Streams and polling over real connections.

#![expect(clippy::unwrap_used, reason = "a panic is a failed test")]

mod child;
mod client;
mod extremes;
mod outages;
mod world;

use client::{Client, Frame, numbers};
use headway_server::ListenOptions;
use model::RunId;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use stream::fixture::Made;
use world::{World, logs, until};

#[tokio::test]
async fn a_stream_has_its_headers_and_begins_at_once() {
    let world = World::open(ListenOptions::default()).await;
    let run = world.runs.run().await.unwrap();
    let began = Instant::now();
    let mut client = world.follow(run, "accept: text/event-stream\r\naccept-encoding: gzip\r\n").await;
    let snapshot = client.until(|frame| frame.event == "snapshot").await;
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
    assert_eq!((client.status, snapshot.data["run"]["id"].as_str()), (200, Some(run.to_string().as_str())));
    let header = |name: &str| client.headers.get(name).map(String::as_str);
    assert_eq!(header("content-type"), Some("text/event-stream"));
    assert_eq!(header("cache-control"), Some("no-cache, no-transform"));
    assert_eq!(header("x-accel-buffering"), Some("no"));
    assert_eq!(header("content-encoding"), None);
    assert_eq!(header("connection"), Some("close"), "it has its connection to itself");
    assert!(header("date").is_some_and(|date| date.ends_with(" GMT")));
    assert!(client.text().starts_with(": ") && client.text().find("\n\n") >= Some(2_046));
}

#[tokio::test]
async fn statuses_never_end_a_page_but_by_the_end_of_its_run() {
    let world = World::open(ListenOptions::default()).await;
    let run = world.runs.run().await.unwrap();
    let at = |cursor: &str| format!("/api/v1/runs/{run}/stream?cursor={cursor}");
    for cursor in ["other.1", "first.999", "rubbish"] {
        let mut page = Client::get(world.address, &at(cursor), "").await;
        assert_eq!(page.status, 200, "{cursor}");
        page.until(|frame| frame.event == "reset").await;
        page.until(|frame| frame.event == "snapshot").await;
    }
    let program = Client::get(world.address, &at("other.1"), "accept: application/json\r\n").await;
    assert_eq!((program.status, &*program.headers["content-type"]), (410, "application/problem+json"));
    let program = Client::get(world.address, &format!("{}&coalesce=none", at("first.999")), "").await;
    assert_eq!(program.status, 410);
    let program = Client::get(world.address, &format!("{}&coalesce=none", at("rubbish")), "").await;
    assert_eq!(program.status, 400);
    assert_eq!(world.follow(RunId(99), "").await.status, 404);
    assert_eq!(Client::get(world.address, "/api/v1/runs/rubbish/stream", "").await.status, 404);
    assert_eq!(Client::get(world.address, "/api/v1/stream", "").await.status, 422);
    assert_eq!(Client::get(world.address, &at("first.0&x=1"), "").await.status, 400);

    world.runs.append(run, vec![Made::completed()]).await.unwrap();
    // The header is newer than the cursor of the address.
    let mut client = Client::get(world.address, &at("first.0"), "last-event-id: first.1\r\n").await;
    let frames = client.rest().await;
    let words: Vec<_> = frames.iter().map(|frame| frame.event.as_str()).collect();
    assert_eq!(words, ["snapshot", "event", "end"]);
    let id = frames.last().and_then(|frame| frame.id.clone()).unwrap();
    assert_eq!(world.follow(run, &format!("last-event-id: {id}\r\n")).await.status, 204);
}

#[tokio::test]
async fn the_planning_documents_addresses_answer_alike() {
    let world = World::open(ListenOptions::default()).await;
    let run = world.runs.run().await.unwrap();
    for path in ["/api/progress/stream/{}", "/api/ingest/stream/{}", "/api/progress/{}/stream"] {
        let mut client = Client::get(world.address, &path.replace("{}", &run.to_string()), "").await;
        client.until(|frame| frame.event == "snapshot").await;
    }
    for path in [
        "/api/v1/runs/{}/progress",
        "/api/jobs/{}/progress",
        "/api/jobs/{}/status",
        "/api/progress/{}/status",
    ] {
        let client = Client::get(world.address, &path.replace("{}", &run.to_string()), "").await;
        assert_eq!((client.status, &*client.headers["etag"]), (200, "\"first-1-running\""), "{path}");
    }
}

/// Clients cut off anywhere, in the head, in the padding, in the middle of a frame, who come back with the last id.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_cuts_mid_frame_and_before_the_first_event_lose_and_double_nothing() {
    let world = Arc::new(World::open(ListenOptions::default()).await);
    let run = world.runs.run().await.unwrap();
    let mut clients = Vec::new();
    for seed in 1..9_u64 {
        let world = Arc::clone(&world);
        clients.push(tokio::spawn(async move {
            let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let (mut id, mut got) = ("first.0".to_owned(), Vec::new());
            loop {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let path = format!("/api/v1/runs/{run}/stream?cursor=first.0");
                let mut client = Client::ask(world.address, &path, &format!("last-event-id: {id}\r\n")).await;
                client.read_bytes((random % 12_000) as usize).await;
                if client.status == 204 {
                    return got;
                }
                for frame in client.frames() {
                    id = frame.id.unwrap_or(id);
                    if frame.event == "event" {
                        got.push(frame.data["feed_seq"].as_i64().unwrap());
                    }
                }
            }
        }));
    }
    for n in 0..100_usize {
        world.runs.append(run, logs(1 + n % 4)).await.unwrap();
    }
    world.runs.append(run, vec![Made::completed()]).await.unwrap();
    let expect = world.stored(run, 0).await;
    for client in clients {
        assert_eq!(client.await.unwrap(), expect);
    }
    until("all streams gone", || world.runs.hub.followers() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_ends_every_stream_with_good_bye_and_the_server_in_time() {
    let world = World::open(ListenOptions::default()).await;
    let run = world.runs.run().await.unwrap();
    let mut clients = Vec::new();
    for _ in 0..200 {
        clients.push(world.follow(run, "").await);
    }
    // One that idles between requests, and one that does not read, must not hold it up.
    let _idle = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let began = Instant::now();
    world.stop.cancel();
    let mut retries = std::collections::HashSet::new();
    for mut client in clients {
        let frames = client.rest().await;
        let Some(Frame { event, data, .. }) = frames.last() else { panic!("no frame") };
        assert_eq!(event, "bye");
        retries.insert(data["retry_ms"].as_u64().unwrap());
    }
    world.serving.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(retries.len() > 50, "they come back at different times");
    assert!(tokio::net::TcpStream::connect(world.address).await.is_err());
}

#[tokio::test]
async fn a_revoked_token_ends_its_streams_within_a_second() {
    let world = World::open(ListenOptions::default()).await;
    let run = world.runs.run().await.unwrap();
    let http = reqwest::Client::new();
    let base = format!("http://localhost:{}/api/v1/tokens", world.address.port());
    let wanted = serde_json::json!({"name": "reader", "expires_at": null, "scopes": ["runs:read"]});
    let made = http.post(&base).header("x-headway", "1").json(&wanted).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let made: serde_json::Value = made.json().await.unwrap();
    let head = format!("authorization: Bearer {}\r\n", made["token"].as_str().unwrap());
    let mut client = world.follow(run, &head).await;
    client.until(|frame| frame.event == "snapshot").await;
    let gone = http.delete(format!("{base}/{}", made["id"].as_str().unwrap())).header("x-headway", "1");
    assert!(gone.send().await.unwrap().status().is_success());
    let began = Instant::now();
    assert_eq!(client.rest().await.last().unwrap().event, "bye");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(world.follow(run, &head).await.status, 401, "asked again at every reconnect");
}

#[tokio::test]
async fn polling_answers_304_until_something_changes() {
    let world = World::open(ListenOptions::default()).await;
    let run = world.runs.run().await.unwrap();
    let path = format!("/api/v1/runs/{run}/progress");
    let first = Client::get(world.address, &path, "").await;
    let header = |client: &Client, name: &str| client.headers.get(name).cloned().unwrap_or_default();
    assert_eq!((first.status, header(&first, "cache-control").as_str()), (200, "private, no-cache"));
    assert_eq!(header(&first, "poll-interval"), "1");
    let known = format!("if-none-match: {}\r\n", header(&first, "etag"));
    let same = Client::get(world.address, &path, &known).await;
    assert_eq!((same.status, header(&same, "etag")), (304, header(&first, "etag")));

    let mut waiting = Client::ask(world.address, &format!("{path}?after=1&wait=20"), &known).await;
    world.runs.append(run, vec![Made::done("a")]).await.unwrap();
    while waiting.status == 0 || waiting.text().len().to_string() != waiting.headers["content-length"] {
        assert!(waiting.read().await);
    }
    let progress: serde_json::Value = serde_json::from_str(&waiting.text()).unwrap();
    assert_eq!((waiting.status, &progress["from"], &progress["to"]), (200, &2.into(), &2.into()));
    assert_eq!((&progress["figures"]["done"], &progress["state"]), (&1.into(), &"running".into()));
    assert_eq!(Client::get(world.address, &format!("{path}?wait=26"), "").await.status, 422);
    assert_eq!(Client::get(world.address, "/api/v1/runs/0000000000099/progress", "").await.status, 404);
}

#[tokio::test]
async fn one_stream_carries_several_runs_and_subjects_in_order() {
    let world = World::open(ListenOptions::default()).await;
    let (one, two) = (world.runs.run().await.unwrap(), world.runs.run().await.unwrap());
    let path = format!("/api/v1/stream?runs={one},{two}&channels=runs,limits,library");
    let mut client = Client::get(world.address, &path, "").await;
    let snapshot = client.until(|frame| frame.event == "snapshot").await;
    assert_eq!(snapshot.data["runs"].as_array().unwrap().len(), 2);
    for n in 0..10 {
        world.runs.append(if n % 2 == 0 { one } else { two }, logs(2)).await.unwrap();
    }
    let last = world.runs.append(one, vec![Made::completed()]).await.unwrap();
    let last = last[0].feed_seq;
    client.until(|frame| frame.data["feed_seq"] == last).await;
    let begin = snapshot.data["head"].as_i64().unwrap();
    let mut expect = world.stored(one, begin).await;
    expect.extend(world.stored(two, begin).await);
    expect.sort_unstable();
    assert_eq!(numbers(&client.frames()), expect);
}
