//! The worker's process is killed while its run waits: for an activity, for a timer, for a signal. The next one goes on.

use crate::support::{DevServer, PATIENCE, Site, begin, definition, effects, is_skipped, tuning};
use engine::Command as Ask;
use model::{RunId, RunState};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{path::Path, process::Stdio, sync::Arc};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// What a process of its own is told to do.
#[derive(Serialize, Deserialize)]
struct Task {
    folder: String,
    address: String,
    /// Starts this; goes on with what there is where absent.
    yaml: Option<String>,
    count: u64,
    /// The run that goes on.
    run: Option<i64>,
    /// Sends this signal first.
    signal: Option<String>,
}

const TASK: &str = "HEADWAY_TEST_TASK";

/// Not a test: what the processes of the tests below do. It says what happens on its standard output.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by other tests"]
async fn process() {
    let Ok(task) = std::env::var(TASK) else { return };
    let task: Task = serde_json::from_str(&task).unwrap();
    let site = Site::open(Path::new(&task.folder), &task.address, tuning()).await;
    let run = match (&task.yaml, task.run) {
        (Some(yaml), _) => begin(&site.engine, &definition(yaml), json!({ "count": task.count })).await,
        (None, run) => RunId(run.unwrap()),
    };
    println!("run {}", run.0);
    if let Some(name) = task.signal {
        let payload = Arc::new(json!({}));
        let signal =
            Ask::Signal { name: Arc::from(name), stage: None, key: None, payload, by: Arc::from("tester") };
        site.engine.command(run, signal).await.unwrap();
    }
    let mut seq = 0;
    loop {
        let record = site.engine.record(run).await.unwrap().unwrap();
        if record.run.run_seq != seq {
            seq = record.run.run_seq;
            let retries: u64 = record.run.stages.iter().map(|stage| stage.counts.retries).sum();
            println!(
                "state {} retries={retries} running={}",
                record.run.state.as_str(),
                site.engine.running()
            );
        }
        if record.run.state.is_final() {
            println!("ended-as {} effects={}", record.run.state.as_str(), effects(&site.engine, run).await);
            site.close().await;
            return;
        }
        let wait = std::time::Duration::from_millis(50);
        let _ = site.engine.hub().changed(run, record.run.run_seq, wait).await;
        println!("running {}", site.engine.running());
    }
}

struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(task: &Task) -> Self {
        Self::spawn(task, Command::new(std::env::current_exe().unwrap()))
    }

    /// One that works on the database whose address is in the folder.
    fn start_on_postgres(task: &Task) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(servers::STORE, "postgres");
        Self::spawn(task, command)
    }

    fn spawn(task: &Task, mut command: Command) -> Self {
        command.args(["killed::process", "--exact", "--ignored", "--nocapture"]);
        command.env(TASK, serde_json::to_string(task).unwrap());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The first line that begins with `word`, without it.
    async fn says(&mut self, word: &str) -> String {
        let reading = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if let Some(rest) = line.split_once(word).map(|(_, rest)| rest.trim().to_owned()) {
                    return rest;
                }
            }
            panic!("the process ended without saying '{word}'");
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("it never said '{word}'"))
    }

    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// Starts a run, kills its worker once it has said `at`, and lets another go on; what that says at the end.
async fn killed_at(yaml: &str, count: u64, at: &str, signal: Option<&str>) -> String {
    let server = DevServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut task = Task {
        folder: folder.path().display().to_string(),
        address: server.address(),
        yaml: Some(yaml.to_owned()),
        count,
        run: None,
        signal: None,
    };
    let mut first = Process::start(&task);
    let run: i64 = first.says("run ").await.parse().unwrap();
    first.says(at).await;
    first.kill().await;
    task = Task { yaml: None, run: Some(run), signal: signal.map(str::to_owned), ..task };
    let mut second = Process::start(&task);
    second.says("ended-as ").await
}

fn completed(effects: u64) -> String {
    format!("{} effects={effects}", RunState::Completed.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_in_its_activities_is_followed_by_another() {
    if is_skipped() {
        return;
    }
    let yaml = "
name: hold
stages:
  - name: make
    activity: builtin.range
  - name: hold
    for_each: make
    activity: test.hold
";
    assert_eq!(killed_at(yaml, 4, "running 4", None).await, completed(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_a_retry_is_due_later_is_followed_by_another() {
    if is_skipped() {
        return;
    }
    let yaml = "
name: later
stages:
  - name: make
    activity: builtin.range
  - name: flaky
    for_each: make
    activity: test.flaky
    retry: { max_attempts: 3, initial: 4s, jitter: 0 }
";
    assert_eq!(killed_at(yaml, 5, "state running retries=1 running=0", None).await, completed(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_while_a_signal_is_awaited_is_followed_by_another() {
    if is_skipped() {
        return;
    }
    let yaml = "
name: gate
stages:
  - name: gate
    signal: approved
  - name: work
    needs: [gate]
    activity: test.step
";
    assert_eq!(killed_at(yaml, 0, "state waiting", Some("approved")).await, completed(1));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of ten runs on a loaded machine does not end within its time: to be mended"]
async fn several_workers_on_one_postgresql_are_killed_in_turn_and_every_task_is_done_once() {
    if is_skipped() {
        return;
    }
    let Some(database) = servers::database() else { return };
    let server = DevServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("postgres.url"), &database.url).unwrap();
    let yaml = "
name: many
stages:
  - name: make
    activity: builtin.range
  - name: wait
    for_each: make
    activity: builtin.delay
    params: { ms: 20 }
  - name: step
    for_each: wait
    activity: test.step
";
    let mut task = Task {
        folder: folder.path().display().to_string(),
        address: server.address(),
        yaml: Some(yaml.to_owned()),
        count: 3_000,
        run: None,
        signal: None,
    };
    let mut first = Process::start_on_postgres(&task);
    task.run = Some(first.says("run ").await.parse().unwrap());
    task.yaml = None;
    let mut all = [first, Process::start_on_postgres(&task), Process::start_on_postgres(&task)];
    for turn in 0..6 {
        let mut one = std::mem::replace(&mut all[turn % 3], Process::start_on_postgres(&task));
        // It has learnt something of the run: it is at work.
        one.says("state ").await;
        one.kill().await;
    }
    assert_eq!(all[0].says("ended-as ").await, completed(3_000));
}
