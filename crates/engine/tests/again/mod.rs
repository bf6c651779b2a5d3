//! Runs that go again: from a stage on, over restarts, and under an engine that only looks.

use crate::support::{Does, begin, definition, effects, is, kinds, open, open_for_verbs, over, when};
use activity::{Items, Outcome, Registry, Success};
use headway_engine::Command;
use model::{Item, RunId, RunState, TaskState, WaitClass};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tokio::sync::Notify;

const CHAIN: &str = "
name: chain
stages:
  - name: make
    activity: builtin.range
  - name: name
    for_each: make
    activity: test.name
  - name: write
    for_each: name
    activity: test.write
";

fn by() -> Arc<str> {
    Arc::from("tester")
}

fn from(stage: &str) -> Command {
    Command::RetryFrom { stage: stage.to_owned(), by: by() }
}

/// `name` gives each item the name of the current round; `write` writes one row an item, and clears its rows when its
/// tasks are thrown away.
fn rounds(round: &Arc<AtomicU32>) -> Registry {
    let mut registry = Registry::default();
    let round = round.clone();
    let name = Does(move |context: activity::Context| {
        let name = format!("{}-{}", round.load(Ordering::Acquire), context.attempt().key);
        async move {
            let mut success = Success::empty();
            success.items = Items::These(vec![Item::new(name, &()).expect("nothing is JSON")]);
            success.effects.count("named", 1);
            Outcome::from(success)
        }
    });
    registry.add("test.name", WaitClass::Io, name);
    registry.add("test.write", WaitClass::Io, Writes);
    registry
}

struct Writes;

impl activity::Activity for Writes {
    fn run(self: Arc<Self>, context: activity::Context) -> activity::AttemptFuture {
        Box::pin(async move {
            let attempt = context.attempt();
            let mut success = Success::empty();
            // A task that runs again writes over what it wrote before.
            let sql =
                "INSERT INTO effects (run_id, key) VALUES (?1, ?2) ON CONFLICT (run_id, key) DO NOTHING";
            success
                .effects
                .write(db::Statement::new(sql).row(db::params![attempt.run.0, attempt.key.clone()]));
            success.effects.count("written", 1);
            success.into()
        })
    }

    fn forgotten(&self, run: RunId, stage: &str) -> Vec<db::Statement> {
        assert_eq!(stage, "write");
        vec![db::Statement::new("DELETE FROM effects WHERE run_id = ?1").row(db::params![run.0])]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_stage_on_a_run_goes_again_with_exact_counts() {
    let folder = tempfile::tempdir().unwrap();
    let round = Arc::new(AtomicU32::new(1));
    let engine = open(folder.path(), rounds(&round)).await;
    let run = begin(&engine, &definition(CHAIN), json!({ "count": 50 })).await;
    assert_eq!(over(&engine, run).await.run.state, RunState::Completed);
    let unknown = engine.command(run, from("nowhere")).await.unwrap_err();
    assert_eq!(unknown.code(), "unknown_stage");
    for (n, stage) in [(2, "name"), (3, "name"), (4, "make"), (4, "write")] {
        round.store(n, Ordering::Release);
        engine.command(run, from(stage)).await.unwrap();
        let record = over(&engine, run).await;
        assert_eq!(record.run.state, RunState::Completed);
        for stage in &record.run.stages[1..] {
            assert_eq!((stage.counts.total, stage.counts.done), (50, 50));
        }
        assert_eq!(record.run.counters["named"], 50);
        assert_eq!(record.run.counters["written"], 50);
        assert_eq!(effects(&engine).await, 50);
    }
    let rows =
        db::Query::new("SELECT COUNT(*) FROM tasks WHERE run_id = ?1 AND stage = 2 AND key LIKE '4-%'");
    let rows = engine.store().db().query(rows.bind(run.0)).await.unwrap();
    assert_eq!(rows[0].get::<i64>(0).unwrap(), 50, "no task of an earlier round is left");
    kinds(&engine, run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_outcome_of_a_task_thrown_away_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (begun, go, ended) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let attempts = Arc::new(AtomicU32::new(0));
    let mut registry = Registry::default();
    let (tell, wait, last, count) = (begun.clone(), go.clone(), ended.clone(), attempts.clone());
    // The first attempt does not stop when it is told to, and ends well much later.
    let stubborn = Does(move |_| {
        let (tell, wait, last) = (tell.clone(), wait.clone(), last.clone());
        let n = count.fetch_add(1, Ordering::AcqRel);
        async move {
            tell.notify_one();
            if n == 0 {
                wait.notified().await;
                last.notify_one();
            } else {
                std::future::pending::<()>().await;
            }
            Success::empty().into()
        }
    });
    registry.add("test.stubborn", WaitClass::Io, stubborn);
    let engine = open(folder.path(), registry).await;
    let document = "
name: late
stages:
  - name: make
    activity: builtin.range
  - name: work
    for_each: make
    activity: test.stubborn
";
    let run = begin(&engine, &definition(document), json!({ "count": 1 })).await;
    begun.notified().await;
    engine.command(run, Command::Cancel { by: by(), reason: Arc::from("enough") }).await.unwrap();
    engine.command(run, from("make")).await.unwrap();
    begun.notified().await;
    go.notify_one();
    ended.notified().await;
    // A command goes through the same inbox, behind the late report.
    engine.command(run, Command::Pause { by: by() }).await.unwrap();
    engine.command(run, Command::Resume { by: by() }).await.unwrap();
    let record = engine.record(run).await.unwrap().unwrap();
    assert_eq!((record.run.stages[1].counts.done, record.run.stages[1].counts.pending()), (0, 1));
    let task = engine.store().task(run, model::StageId(1), "000000000").await.unwrap().unwrap();
    assert_ne!(task.state, TaskState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_for_verbs_takes_commands_and_begins_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let attempts = Arc::new(AtomicU32::new(0));
    let registry = || {
        let mut registry = Registry::default();
        let count = attempts.clone();
        let step = Does(move |_| {
            count.fetch_add(1, Ordering::AcqRel);
            async { Success::empty().into() }
        });
        registry.add("test.step", WaitClass::Io, step);
        registry
    };
    let document = "name: one\nstages:\n  - name: only\n    activity: test.step\n";
    let engine = open_for_verbs(folder.path(), registry()).await;
    let run = begin(&engine, &definition(document), json!({})).await;
    when(&engine, run, is(RunState::Running)).await;
    engine.command(run, Command::Pause { by: by() }).await.unwrap();
    engine.command(run, Command::Resume { by: by() }).await.unwrap();
    let other = begin(&engine, &definition(document), json!({})).await;
    let cancelled = engine.command(other, Command::Cancel { by: by(), reason: Arc::from("") }).await.unwrap();
    assert_eq!(cancelled.run.state, RunState::Cancelled);
    engine.drain(std::time::Duration::ZERO).await;
    engine.store().db().close().await;
    assert_eq!(attempts.load(Ordering::Acquire), 0, "nothing was begun");
    let engine = open(folder.path(), registry()).await;
    assert_eq!(over(&engine, run).await.run.state, RunState::Completed);
    assert_eq!(attempts.load(Ordering::Acquire), 1);
}
