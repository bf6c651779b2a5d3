//! Several nodes on one PostgreSQL: killed, stopped and started at random moments, each task is done once, each run ends once,
//! and whoever follows on another node sees it whole.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use engine::{Dispatch, Engine, EngineOptions, LimitOptions, RelayOptions, Retention, StartRun};
use model::{Definition, RunId, RunState};
use serde_json::json;
use servers::{PgBouncer, Postgres};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use store::Store;
use stream::{Hub, HubOptions};

const NODES: usize = 3;
const TASKS: i64 = 20_000;
const KILLS: u32 = 50;
const STOPS: u32 = 20;
/// Short, so that what a stopped node held is soon another's.
const LEASE: Duration = Duration::from_secs(1);
/// Longest time of one of these tests.
const PATIENCE: Duration = Duration::from_secs(240);

/// Slow enough that every kill finds it under way.
const PIPELINE: &str = "
name: chaos
stages:
  - name: make
    activity: builtin.range
    params: { count: 20000 }
  - name: work
    for_each: make
    activity: builtin.delay
    params: { ms: 2 }
    concurrency: 4
    retry: { max_attempts: 3 }
";

/// A process that works on the store.
struct Node {
    url: String,
    data: PathBuf,
    child: Child,
}

impl Node {
    fn start(url: &str, data: PathBuf) -> Self {
        let child = Self::spawn(url, &data);
        Self { url: url.to_owned(), data, child }
    }

    fn spawn(url: &str, data: &PathBuf) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_headway"));
        command.args(["worker", "--json", "--store", url]).arg("--data").arg(data);
        command.env("HEADWAY_WORKERS_LEASE_SECONDS", LEASE.as_secs().to_string());
        command.env("HEADWAY_LOG_LEVEL", "error");
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
    }

    /// kill -9, and a new process in its place.
    fn replace(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = Self::spawn(&self.url, &self.data);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Numbers of chance, the same in every run of the test.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// A node of the test's own, which starts runs and follows them, and works on none.
async fn observer(url: &str) -> (Engine, Hub) {
    let migrations =
        [store::MIGRATIONS, server::MIGRATIONS, ingest::tables::MIGRATIONS, backlog::tables::MIGRATIONS]
            .concat();
    let db = db::Db::connect(db::PgOptions::parse(url).unwrap(), &migrations).await.unwrap();
    let store = Store::open(db, "test").await.unwrap();
    let hub = Hub::open(store.clone(), HubOptions::default()).await.unwrap();
    let engine = Engine::open(EngineOptions {
        store,
        hub: hub.clone(),
        registry: activity::Registry::default(),
        pipelines: Vec::new(),
        name: String::from("observer"),
        limits: LimitOptions::default(),
        retention: Retention::default(),
        lease: Some(LEASE),
        dispatch: Dispatch::Nothing,
        relay: RelayOptions::default(),
    })
    .await
    .unwrap();
    (engine, hub)
}

async fn begin(engine: &Engine, definition: &Arc<Definition>) -> RunId {
    let start = StartRun {
        definition: definition.clone(),
        input: json!({}),
        title: String::new(),
        app: String::from("pipeline"),
        created_by: String::from("test"),
        labels: BTreeMap::new(),
        idempotency_key: None,
    };
    engine.start(start).await.unwrap().record.run.id
}

/// Waits until the observer has learnt, from what other nodes commit, that the run is over.
async fn ended(engine: &Engine, run: RunId) -> RunState {
    let until = Instant::now() + PATIENCE;
    loop {
        let record = engine.record(run).await.unwrap().unwrap();
        if record.run.state.is_final() {
            return record.run.state;
        }
        assert!(Instant::now() < until, "the run does not end: {:?}", record.run);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn number(engine: &Engine, sql: &'static str, run: RunId) -> i64 {
    let until = Instant::now() + PATIENCE;
    loop {
        match engine.store().db().query(db::Query::new(sql).bind(run.0)).await {
            Ok(rows) => return rows[0].get(0).unwrap(),
            // The server was away just now.
            Err(error) if error.is_away() && Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Each task's outcome is there once, each number of the run is given once, and it ended once.
async fn check(engine: &Engine, run: RunId, tasks: i64) {
    let done = "SELECT COUNT(*) FROM events WHERE run_id = ?1 AND kind = 'task.done'";
    let distinct = "SELECT COUNT(*) FROM (SELECT DISTINCT stage, key FROM events WHERE run_id = ?1 AND kind = 'task.done') AS d";
    let rows = "SELECT COUNT(*) FROM tasks WHERE run_id = ?1 AND state = 3";
    let ends = "SELECT COUNT(*) FROM events WHERE run_id = ?1 AND kind = 'run.completed'";
    let gaps = "SELECT MAX(run_seq) - COUNT(*) FROM events WHERE run_id = ?1";
    assert_eq!(number(engine, rows, run).await, tasks + 1, "every task is done");
    assert_eq!(number(engine, done, run).await, tasks + 1, "every outcome is told");
    assert_eq!(number(engine, distinct, run).await, tasks + 1, "and told once");
    assert_eq!(number(engine, ends, run).await, 1, "the run ends once");
    assert_eq!(number(engine, gaps, run).await, 0, "no number is missing");
    let feed = "SELECT (SELECT value FROM feed) - (SELECT COUNT(*) FROM events) + ?1 - ?1";
    assert_eq!(number(engine, feed, run).await, 0, "the feed has no gap");
    let record = engine.record(run).await.unwrap().unwrap();
    let counts: Vec<u64> = record.run.stages.iter().map(|stage| stage.counts.done).collect();
    assert_eq!(counts, [1, tasks as u64], "the figures are the rows'");
}

fn nodes(url: &str, folder: &std::path::Path) -> Vec<Node> {
    (0..NODES).map(|index| Node::start(url, folder.join(format!("node{index}")))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_are_killed_and_stopped_and_every_task_is_done_once() {
    let Some(database) = servers::database() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (engine, hub) = observer(&database.url).await;
    let definition = Arc::new(pipeline::compile_yaml(PIPELINE).unwrap());
    let run = begin(&engine, &definition).await;
    let mut nodes = nodes(&database.url, folder.path());
    let mut chance = Chance(4);
    let (mut kills, mut stops) = (0, 0);
    while kills < KILLS || stops < STOPS {
        tokio::time::sleep(Duration::from_millis(chance.below(600))).await;
        let one = chance.below(NODES as u64) as usize;
        if stops < STOPS && chance.below(u64::from(KILLS + STOPS)) < u64::from(STOPS) || kills == KILLS {
            nodes[one].signal(rustix::process::Signal::STOP);
            tokio::time::sleep(LEASE + LEASE / 2).await;
            nodes[one].signal(rustix::process::Signal::CONT);
            stops += 1;
        } else {
            nodes[one].replace();
            kills += 1;
        }
    }
    assert_eq!(ended(&engine, run).await, RunState::Completed);
    check(&engine, run, TASKS).await;
    // What this node told its streams is all that was committed, in order.
    let head = engine.store().head().await.unwrap().value;
    let until = Instant::now() + PATIENCE;
    while hub.head() < head && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(hub.head() >= head, "the streams are at {} of {head}", hub.head());
    assert_eq!(hub.stats().gaps, 0, "no notification was given up");
    drop(nodes);
    engine.drain(Duration::ZERO).await;
    engine.store().db().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_restarted_in_the_middle_and_nothing_is_lost() {
    if servers::is_skipped("postgres") {
        return;
    }
    let mut server = Postgres::start_with(&[]).unwrap();
    let url = format!("{}/postgres", server.url);
    let folder = tempfile::tempdir().unwrap();
    let (engine, _) = observer(&url).await;
    let quick = PIPELINE.replace("concurrency: 4", "concurrency: 16");
    let definition = Arc::new(pipeline::compile_yaml(&quick).unwrap());
    let run = begin(&engine, &definition).await;
    let nodes = nodes(&url, folder.path());
    for _ in 0..3 {
        let done = "SELECT COUNT(*) FROM tasks WHERE run_id = ?1 AND state = 3";
        let before = number(&engine, done, run).await;
        let until = Instant::now() + PATIENCE;
        while number(&engine, done, run).await < (before + 1_500).min(TASKS) {
            assert!(Instant::now() < until, "the run does not go on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::task::block_in_place(|| server.restart()).unwrap();
    }
    assert_eq!(ended(&engine, run).await, RunState::Completed);
    check(&engine, run, TASKS).await;
    drop(nodes);
    engine.drain(Duration::ZERO).await;
    engine.store().db().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_work_through_a_pooler_that_gives_each_transaction_another_session() {
    let Some(database) = servers::database() else { return };
    let pooler = PgBouncer::before(&database.url).unwrap();
    let url = pooler.url(&database.url);
    let folder = tempfile::tempdir().unwrap();
    let (engine, _) = observer(&url).await;
    let short = PIPELINE.replace("count: 20000", "count: 2000").replace("concurrency: 4", "concurrency: 16");
    let run = begin(&engine, &Arc::new(pipeline::compile_yaml(&short).unwrap())).await;
    let nodes = nodes(&url, folder.path());
    assert_eq!(ended(&engine, run).await, RunState::Completed);
    check(&engine, run, 2_000).await;
    drop(nodes);
    engine.drain(Duration::ZERO).await;
    engine.store().db().close().await;
}
