//! Runs on the native engine, from the start to the end: what is promised, scenario by scenario.

mod again;
#[expect(dead_code, reason = "the tests of deliveries use the rest")]
mod support;

use activity::{Chunk, CpuActivity, Items, Outcome, Registry, Success};
use headway_engine::Command;
use model::{Failure, Item, RunState, WaitClass};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};
use support::{Does, begin, definition, effect, effects, is, kinds, open, open_with, over, start, when};
use tokio::sync::{Notify, mpsc};

const CHAIN: &str = "
name: chain
stages:
  - name: make
    activity: builtin.range
  - name: first
    for_each: make
    activity: test.step
    on_failure: continue
  - name: second
    for_each: first
    activity: test.step
    on_failure: continue
";

fn by() -> Arc<str> {
    Arc::from("tester")
}

/// A step that writes one row for each (stage, key): run twice, the second breaks the unique key.
fn writing_steps() -> Registry {
    let mut registry = Registry::default();
    let step = Does(|context: activity::Context| async move {
        let attempt = context.attempt();
        let mut success = Success::empty();
        success.effects.write(effect(attempt.run, &format!("{}:{}", attempt.stage, attempt.key)));
        success.effects.count("steps", 1);
        Outcome::from(success)
    });
    registry.add("test.step", WaitClass::Io, step);
    registry
}

#[tokio::test(flavor = "multi_thread")]
async fn every_item_goes_through_every_stage_and_its_effects_are_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), writing_steps()).await;
    let run = begin(&engine, &definition(CHAIN), json!({ "count": 3_000 })).await;
    let record = over(&engine, run).await;
    assert_eq!(record.run.state, RunState::Completed, "{:?}", record.run.error);
    assert_eq!(effects(&engine).await, 6_000);
    assert_eq!(record.run.counters["steps"], 6_000);
    let kinds = kinds(&engine, run).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "task.done").count(), 6_001);
    assert_eq!(kinds.last().map(String::as_str), Some("run.completed"));
    assert_eq!(kinds.len() as u64, record.run.run_seq);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_goes_away_leaves_nothing_lost_and_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let definition = definition(CHAIN);
    let engine = open(folder.path(), writing_steps()).await;
    let run = begin(&engine, &definition, json!({ "count": 2_000 })).await;
    for share in [100, 1_000, 2_500] {
        let engine = if share == 100 { engine.clone() } else { open(folder.path(), writing_steps()).await };
        when(&engine, run, |record| {
            let done: u64 = record.run.stages.iter().map(|stage| stage.counts.done).sum();
            done >= share || record.run.state.is_final()
        })
        .await;
        // No drain: what is under way is cut off, as by a crash.
        engine.store().db().close().await;
    }
    drop(engine);
    let engine = open(folder.path(), writing_steps()).await;
    let record = over(&engine, run).await;
    assert_eq!(record.run.state, RunState::Completed);
    assert_eq!(effects(&engine).await, 4_000);
    assert_eq!(record.run.counters["steps"], 4_000);
    kinds(&engine, run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_the_same_key_gives_the_same_run() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), Registry::default()).await;
    let definition = definition("name: one\nstages:\n  - name: only\n    activity: builtin.noop\n");
    let keyed = || headway_engine::StartRun {
        idempotency_key: Some(String::from("k")),
        ..start(&definition, json!({}))
    };
    let (first, second) = tokio::join!(engine.start(keyed()), engine.start(keyed()));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.record.run.id, second.record.run.id);
    assert!(first.existing != second.existing, "one of them made it");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_attempts_are_tried_again_and_what_fails_for_good_is_reported_and_retried() {
    let folder = tempfile::tempdir().unwrap();
    let broken = Arc::new(AtomicUsize::new(1));
    let mut registry = Registry::default();
    let heals = broken.clone();
    let step = Does(move |context: activity::Context| {
        let broken = heals.load(Ordering::Acquire) == 1;
        async move {
            match (&*context.attempt().key, context.attempt().attempt) {
                ("000000001", 1) => Failure::transient("flaky", "the first attempt fails").into(),
                ("000000002", _) if broken => Failure::permanent("broken", "it stays broken").into(),
                _ => Success::empty().into(),
            }
        }
    });
    registry.add("test.step", WaitClass::Io, step);
    let engine = open(folder.path(), registry).await;
    let run = begin(&engine, &definition(CHAIN), json!({ "count": 4 })).await;
    let record = over(&engine, run).await;
    assert_eq!(record.run.state, RunState::CompletedWithErrors);
    assert_eq!(record.run.stages[1].counts.failed, 1);
    let retries: u64 = record.run.stages.iter().map(|stage| stage.counts.retries).sum();
    assert_eq!(retries, 2, "000000001 in both stages");
    broken.store(0, Ordering::Release);
    let retry = Command::RetryFailed { stage: None, keys: Some(vec![String::from("000000002")]), by: by() };
    engine.command(run, retry).await.unwrap();
    let record = over(&engine, run).await;
    assert_eq!(record.run.state, RunState::Completed);
    assert_eq!(record.run.stages[2].counts.done, 4);
    let again = Command::RetryFailed { stage: None, keys: None, by: by() };
    assert_eq!(engine.command(run, again).await.unwrap_err().code(), "illegal_transition");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_stops_attempts_under_way_and_late_outcomes_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (began, mut begun) = mpsc::unbounded_channel();
    let release = Arc::new(Notify::new());
    let mut registry = Registry::default();
    let gate = release.clone();
    let stubborn = Does(move |context: activity::Context| {
        let (began, gate) = (began.clone(), gate.clone());
        async move {
            began.send(()).unwrap();
            context.cancelled().await;
            // It was told to stop, and answers all the same.
            gate.notified().await;
            let mut success = Success::empty();
            success.effects.write(effect(context.attempt().run, "late"));
            Outcome::from(success)
        }
    });
    registry.add("test.stubborn", WaitClass::Io, stubborn);
    let engine = open(folder.path(), registry).await;
    let definition = definition("name: one\nstages:\n  - name: only\n    activity: test.stubborn\n");
    let run = begin(&engine, &definition, json!({})).await;
    begun.recv().await.unwrap();
    let cancel = Command::Cancel { by: by(), reason: Arc::from("enough") };
    let record = engine.command(run, cancel).await.unwrap();
    assert_eq!(record.run.state, RunState::Cancelled);
    release.notify_one();
    let settled = async {
        while engine.running() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(support::PATIENCE, settled).await.unwrap();
    assert_eq!(effects(&engine).await, 0);
    assert_eq!(engine.record(run).await.unwrap().unwrap().run.run_seq, record.run.run_seq);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_run_begins_nothing_and_resumes_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), Registry::default()).await;
    let slow = definition(
        "name: slow\nstages:\n  - name: make\n    activity: builtin.range\n  - name: wait\n    for_each: make\n    activity: builtin.delay\n    params: { ms: 1 }\n    concurrency: 2\n",
    );
    let run = begin(&engine, &slow, json!({ "count": 400 })).await;
    when(&engine, run, |record| record.run.stages[1].counts.done > 20).await;
    engine.command(run, Command::Pause { by: by() }).await.unwrap();
    when(&engine, run, |_| engine.running() == 0).await;
    let held = engine.record(run).await.unwrap().unwrap();
    assert_eq!(held.run.state, RunState::Paused);
    assert!(held.run.stages[1].counts.done < 400);
    engine.command(run, Command::Resume { by: by() }).await.unwrap();
    assert_eq!(over(&engine, run).await.run.state, RunState::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_never_runs_more_attempts_at_once_than_its_concurrency() {
    let folder = tempfile::tempdir().unwrap();
    let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let mut registry = Registry::default();
    let (counting, peak) = (now.clone(), most.clone());
    let step = Does(move |_| {
        let (counting, peak) = (counting.clone(), peak.clone());
        async move {
            peak.fetch_max(counting.fetch_add(1, Ordering::AcqRel) + 1, Ordering::AcqRel);
            tokio::time::sleep(Duration::from_millis(1)).await;
            counting.fetch_sub(1, Ordering::AcqRel);
            Success::empty().into()
        }
    });
    registry.add("test.step", WaitClass::Io, step);
    let engine = open(folder.path(), registry).await;
    let limited = CHAIN.replace("    for_each: make\n", "    for_each: make\n    concurrency: 3\n");
    let run = begin(
        &engine,
        &definition(&limited.replace("for_each: first", "needs: [first]")),
        json!({ "count": 200 }),
    )
    .await;
    assert_eq!(over(&engine, run).await.run.state, RunState::Completed);
    assert!(most.load(Ordering::Acquire) <= 3, "{} at once", most.load(Ordering::Acquire));
}

/// A server that falls over while it commits leaves its client without an answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_whose_answer_was_lost_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::default();
    let step = Does(|context: activity::Context| async move {
        match (context.attempt().attempt, &*context.attempt().key) {
            (1, "000000001") => Failure::transient("flaky", "the first attempt fails").into(),
            _ => Success::empty().into(),
        }
    });
    registry.add("test.step", WaitClass::Io, step);
    let engine = open(folder.path(), registry).await;
    if !engine.store().db().is_shared() {
        // One owner, one process: a commit whose end is not known stops it.
        return;
    }
    let later = "    retry: { initial: 1h, max: 1h, jitter: 0 }\n";
    let waits = CHAIN.replace("    for_each: make\n", &format!("    for_each: make\n{later}"));
    let run = begin(&engine, &definition(&waits), json!({ "count": 3 })).await;
    when(&engine, run, |record| record.run.stages[1].counts.retries == 1).await;
    // What a claim writes, without the claim's answer.
    let claim = db::Statement::new(
        "UPDATE tasks SET state = 1, attempt = attempt + 1, fence = fence + 1, worker = ?2, due_at = 0
         WHERE run_id = ?1 AND state = 0",
    );
    let claim = claim.row(db::params![run.0, engine.worker()]).expect_rows(1);
    engine.store().db().execute(db::Batch::from(claim)).await.unwrap();
    let record = over(&engine, run).await;
    assert_eq!(record.run.state, RunState::Completed, "{:?}", record.run.error);
    assert_eq!(record.run.stages[2].counts.done, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_its_signal_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let approval = definition(
        "name: approval\nstages:\n  - name: ask\n    signal: approve\n  - name: act\n    needs: [ask]\n    activity: builtin.noop\n",
    );
    let engine = open(folder.path(), Registry::default()).await;
    let run = begin(&engine, &approval, json!({})).await;
    when(&engine, run, is(RunState::Waiting)).await;
    engine.store().db().close().await;
    drop(engine);
    let engine = open(folder.path(), Registry::default()).await;
    let signal = |name: &str| Command::Signal {
        name: Arc::from(name),
        stage: None,
        key: None,
        payload: Arc::new(json!({ "ok": true })),
        by: by(),
    };
    assert_eq!(engine.command(run, signal("other")).await.unwrap_err().code(), "signal_not_awaited");
    engine.command(run, signal("approve")).await.unwrap();
    assert_eq!(over(&engine, run).await.run.state, RunState::Completed);
    assert_eq!(engine.command(run, signal("approve")).await.unwrap_err().code(), "signal_not_awaited");
}

/// Computes for ever, panics, or computes well, as its key says.
struct Moody;

impl CpuActivity for Moody {
    fn run(&self, context: &activity::Context) -> Outcome {
        match &*context.attempt().key {
            "panics" => panic!("a decoder lost its mind"),
            "hangs" => {
                while !context.is_cancelled() {
                    std::thread::yield_now();
                }
                Outcome::Cancelled
            }
            _ => Success::empty().into(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decoder_that_panics_or_hangs_costs_one_item_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::default();
    registry.add_cpu("test.moody", Moody);
    let engine = open(folder.path(), registry).await;
    let moody = definition(
        "name: moody\nstages:\n  - name: each\n    for_each: input\n    activity: test.moody\n    timeout: 2s\n    on_failure: continue\n    retry: { max_attempts: 1 }\n",
    );
    let input = json!({ "items": [{ "key": "panics" }, { "key": "hangs" }, { "key": "a" }, { "key": "b" }] });
    let run = begin(&engine, &moody, input).await;
    let record = over(&engine, run).await;
    assert_eq!(record.run.state, RunState::CompletedWithErrors);
    let counts = record.run.stages[0].counts;
    assert_eq!((counts.done, counts.failed), (2, 2));
    for (key, code) in [("panics", "panicked"), ("hangs", "timeout")] {
        let task = engine.store().task(run, model::StageId(0), key).await.unwrap().unwrap();
        assert_eq!(task.error.unwrap().code, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_the_store_refuses_fail_their_task_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::default();
    let step = Does(|context: activity::Context| async move {
        let attempt = context.attempt();
        let key = if attempt.key.ends_with('7') { "the same" } else { &attempt.key };
        let mut success = Success::empty();
        success.effects.write(effect(attempt.run, key));
        Outcome::from(success)
    });
    registry.add("test.step", WaitClass::Io, step);
    let engine = open(folder.path(), registry).await;
    let once = CHAIN.split("  - name: second").next().unwrap().to_owned();
    let run = begin(&engine, &definition(&once), json!({ "count": 30 })).await;
    let record = over(&engine, run).await;
    let counts = record.run.stages[1].counts;
    assert_eq!((counts.done, counts.failed), (28, 2), "one of the three with the same key is in");
    assert_eq!(effects(&engine).await, 28);
}

#[tokio::test(flavor = "multi_thread")]
async fn items_emitted_again_add_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::default();
    let emits = Does(|context: activity::Context| async move {
        let items = |range: std::ops::Range<u32>| {
            range.map(|n| Item::new(n.to_string(), &n).unwrap()).collect::<Vec<_>>()
        };
        context.emit(Chunk { items: items(0..50), ..Chunk::default() }).await.unwrap();
        if context.attempt().attempt == 1 {
            return Failure::transient("interrupted", "half of the way").into();
        }
        Outcome::Success(Success { items: Items::These(items(25..100)), ..Success::default() })
    });
    registry.add("test.emits", WaitClass::Io, emits);
    let engine = open(folder.path(), registry).await;
    let definition = definition(
        "name: again\nstages:\n  - name: make\n    activity: test.emits\n    retry: { initial_ms: 1 }\n  - name: each\n    for_each: make\n    activity: builtin.noop\n",
    );
    let run = begin(&engine, &definition, json!({})).await;
    let record = over(&engine, run).await;
    assert_eq!(record.run.state, RunState::Completed);
    assert_eq!(record.run.stages[1].counts.total, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_holds_the_run_and_loses_nothing() {
    if servers::is_shared() {
        // The server's disk is not ours to fill.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let engine = open_with(folder.path(), writing_steps(), |options| options.max_pages = Some(160)).await;
    let run = begin(&engine, &definition(CHAIN), json!({ "count": 3_000 })).await;
    let full = async {
        for n in 0.. {
            let probe = db::Batch::from(effect(model::RunId(1), &format!("{n:08000}")));
            match engine.store().db().execute(probe).await {
                Err(db::Error::Full { .. }) => return,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(support::PATIENCE, full).await.unwrap();
    assert!(!engine.record(run).await.unwrap().unwrap().run.state.is_final());
    engine.store().db().limit_pages(None).await.unwrap();
    let record = over(&engine, run).await;
    assert_eq!(record.run.state, RunState::Completed);
    assert_eq!(record.run.counters["steps"], 6_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_line_and_a_silent_attempt_show_up_as_facts() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::default();
    registry.add(
        "test.silent",
        WaitClass::Io,
        Does(|context: activity::Context| async move {
            context.log("info", "going quiet");
            context.cancelled().await;
            Outcome::Cancelled
        }),
    );
    let engine = open(folder.path(), registry).await;
    let silent = definition(
        "name: silent\nstages:\n  - name: only\n    activity: test.silent\n    heartbeat_timeout: 50ms\n    retry: { max_attempts: 1 }\n",
    );
    let run = begin(&engine, &silent, json!({})).await;
    let record = over(&engine, run).await;
    assert_eq!(record.run.error.as_ref().map(|error| error.code.as_str()), Some("heartbeat_timeout"));
    let kinds = kinds(&engine, run).await;
    assert!(kinds.contains(&String::from("log")), "{kinds:?}");
}
