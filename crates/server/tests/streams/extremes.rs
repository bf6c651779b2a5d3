//! Very many, very slow, very short-lived clients; a server whose cores are all taken.

use crate::{
    client::{Client, numbers},
    world::{World, logs, resident_kib, sockets, until},
};
use activity::{Context, CpuActivity, Outcome, Registry, Success};
use engine::StartRun;
use headway_server::{ListenOptions, raise_file_limit};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use stream::fixture::Made;

/// Clients that never read.
const MUTE: usize = 1_000;
/// Connections opened and cut off.
const CYCLES: usize = 100_000;
/// Of them before memory is measured for the first time.
const WARM: usize = 5_000;
/// Clients that open and cut off at the same time.
const AT_ONCE: usize = 16;

/// A thousand clients that never read: they hold no more than their sockets, and are gone by the deadline, while one
/// that reads slowly still gets everything up to the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_that_never_read_are_bounded_and_evicted_by_the_deadline() {
    raise_file_limit();
    let deadline = Duration::from_secs(1);
    let world = World::open(ListenOptions { write_deadline: deadline, ..ListenOptions::default() }).await;
    let run = world.runs.run().await.unwrap();
    let path = format!("/api/v1/runs/{run}/stream");
    let before_all = sockets();
    let mut mute = Vec::new();
    for _ in 0..MUTE {
        mute.push(Client::ask(world.address, &path, "").await);
    }
    let mut slow = world.follow(run, "").await;
    until("all are there", || world.runs.hub.followers() == MUTE + 1).await;
    let line = "x".repeat(2_000);
    // The store's caches are not the streams': they are filled before.
    let other = world.runs.run().await.unwrap();
    for _ in 0..60 {
        world.runs.append(other, (0..20).map(|_| Made::log(&line)).collect()).await.unwrap();
    }
    let before = resident_kib();
    let reading = tokio::spawn(async move {
        let frames = slow.rest().await;
        (numbers(&frames), frames.last().unwrap().event.clone())
    });
    for _ in 0..60 {
        let events = (0..20).map(|_| Made::log(&line)).collect();
        world.runs.append(run, events).await.unwrap();
    }
    // 1,200 events of 2 KB for each of 1,000 clients would be 2.4 GB.
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 80 * 1024, "{grown} KiB");
    until("those that do not read are gone", || world.runs.hub.followers() <= 1).await;
    world.runs.append(run, vec![Made::completed()]).await.unwrap();
    let (got, last) = reading.await.unwrap();
    assert_eq!((got, last.as_str()), (world.stored(run, 1).await, "end"));
    drop(mute);
    until("their sockets are closed", || sockets() <= before_all).await;
}

/// A hundred thousand times opened and cut off, at every stage of the answer: nothing is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_connects_and_resets_return_to_the_base_line() {
    let world = Arc::new(World::open(ListenOptions::default()).await);
    let run = world.runs.run().await.unwrap();
    let cycles = async |count: usize| {
        let next = Arc::new(AtomicUsize::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE {
            let (world, next) = (Arc::clone(&world), Arc::clone(&next));
            tasks.spawn(async move {
                let path = format!("/api/v1/runs/{run}/stream");
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    let mut client = Client::ask(world.address, &path, "").await;
                    if n % 3 > 0 {
                        client.read_bytes(n * 7 % 3_000).await;
                    }
                    client.reset();
                }
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        until("all streams gone", || world.runs.hub.followers() == 0).await;
    };
    let idle = sockets();
    cycles(WARM).await;
    until("the sockets are closed", || sockets() <= idle).await;
    let before = resident_kib();
    cycles(CYCLES - WARM).await;
    until("the sockets are closed", || sockets() <= idle).await;
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 6 * 1024, "{grown} KiB after {} more", CYCLES - WARM);
    assert_eq!(world.runs.hub.stats().channels, 1, "kept for the next reader, for a while");
}

/// A decoder that sleeps ten seconds a file, unless it is let go.
#[derive(Clone, Default)]
struct Sleeper(Arc<(Mutex<Asleep>, Condvar)>);

#[derive(Default)]
struct Asleep {
    sleeping: usize,
    let_go: bool,
}

impl CpuActivity for Sleeper {
    fn run(&self, _context: &Context) -> Outcome {
        let (asleep, changed) = &*self.0;
        let mut guard = asleep.lock().unwrap();
        guard.sleeping += 1;
        changed.notify_all();
        let waited = changed.wait_timeout_while(guard, Duration::from_secs(10), |asleep| !asleep.let_go);
        waited.unwrap().0.sleeping -= 1;
        Success::default().into()
    }
}

impl Sleeper {
    fn sleeping(&self) -> usize {
        self.0.0.lock().unwrap().sleeping
    }

    fn let_go(&self) {
        self.0.0.lock().unwrap().let_go = true;
        self.0.1.notify_all();
    }
}

/// Every thread for decoding sleeps, and more files wait: status answers and heartbeats come as if nothing were.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decoder_that_sleeps_ten_seconds_a_file_holds_up_neither_status_nor_heartbeats() {
    let sleeper = Sleeper::default();
    let mut registry = Registry::default();
    registry.add_cpu("test.decode", sleeper.clone());
    let world = World::working(registry).await;
    let document = pipeline::parse(
        "name: sleepy\nstages:\n  - name: find\n    activity: builtin.range\n  - name: read\n    for_each: find\n    activity: test.decode\n",
    )
    .unwrap();
    let started = world
        .engine
        .start(StartRun {
            definition: Arc::new(pipeline::compile(document).unwrap()),
            input: serde_json::json!({"count": 20}),
            title: String::new(),
            app: "pipeline".to_owned(),
            created_by: "test".to_owned(),
            labels: BTreeMap::new(),
            idempotency_key: None,
        })
        .await
        .unwrap();
    let run = started.record.run.id;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    until("every thread sleeps", || sleeper.sleeping() >= cores).await;
    let mut client = world.follow(run, "").await;
    client.until(|frame| frame.event == "snapshot").await;
    let following = tokio::spawn(async move {
        let mut beats = Vec::new();
        while beats.len() < 3 {
            let known = beats.len();
            let beat = move |frames: &[crate::client::Frame]| {
                frames.iter().filter(|frame| frame.event == "hb").count() > known
            };
            while !beat(&client.frames()) {
                assert!(client.read().await);
            }
            beats.push(Instant::now());
        }
        beats
    });
    let mut slowest = Duration::ZERO;
    let begun = Instant::now();
    while !following.is_finished() && begun.elapsed() < Duration::from_secs(8) {
        for path in
            [format!("/api/v1/runs/{run}"), format!("/api/v1/runs/{run}/progress"), "/health".to_owned()]
        {
            let asked = Instant::now();
            assert_eq!(Client::get(world.address, &path, "").await.status, 200, "{path}");
            slowest = slowest.max(asked.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(slowest < Duration::from_millis(100), "{slowest:?}");
    let beats = following.await.unwrap();
    for pair in beats.windows(2) {
        let apart = pair[1] - pair[0];
        assert!(apart < Duration::from_millis(1_300), "heartbeats {apart:?} apart");
    }
    assert!(sleeper.sleeping() >= cores, "they sleep on");
    sleeper.let_go();
    let mut client = world.follow(run, "").await;
    client.until(|frame| frame.event == "end").await;
}

/// Each viewer of ten follows to the end, whatever one that has stalled does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_viewers_of_ten_thousand_files_see_the_same_and_a_stalled_one_holds_up_nobody() {
    let world = Arc::new(World::open(ListenOptions::default()).await);
    let run = world.runs.run().await.unwrap();
    let stalled = Client::ask(world.address, &format!("/api/v1/runs/{run}/stream"), "").await;
    let mut viewers = Vec::new();
    for _ in 0..9 {
        let mut client = world.follow(run, "").await;
        client.until(|frame| frame.event == "snapshot").await;
        viewers.push(tokio::spawn(async move { client.rest().await }));
    }
    for hundred in 0..100_usize {
        let mut events: Vec<Made> =
            (0..100).map(|n| Made::new("items.emitted", format!("{n}"), "{}")).collect();
        events.extend((0..100).map(|n| Made::done(format!("{hundred}-{n}.png"))));
        events.extend(logs(1));
        world.runs.append(run, events).await.unwrap();
    }
    world.runs.append(run, vec![Made::completed()]).await.unwrap();
    let expect = world.stored(run, 1).await;
    assert_eq!(expect.len(), 101);
    for viewer in viewers {
        let frames = viewer.await.unwrap();
        assert_eq!(numbers(&frames), expect);
        let mut done = 0;
        let mut to = 1;
        for frame in frames.iter().filter(|frame| frame.event == "progress") {
            let now = frame.data["figures"]["done"].as_u64().or(frame.data["done"].as_u64()).unwrap();
            assert!(now >= done, "{now} after {done}");
            assert_eq!(frame.data["from"].as_u64(), Some(to + 1), "nothing is left out between frames");
            (done, to) = (now, frame.data["to"].as_u64().unwrap());
        }
        assert_eq!(done, 10_000, "it reaches all");
        assert_eq!(frames.last().unwrap().event, "end");
    }
    drop(stalled);
}
