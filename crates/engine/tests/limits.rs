//! Limits on a running engine: each activity that waits has its own; a refusal pauses a service and costs no attempt.

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use activity::{Registry, Success, connector::PaceHint};
use model::{Failure, Retryability, RunState, TaskError, WaitClass};
use serde_json::json;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use support::{Does, PATIENCE, begin, definition, kinds, open, over};

const CALLS: &str = "name: calls\nstages:\n  - name: make\n    activity: builtin.range\n  - name: call\n    for_each: make\n    activity: test.call\n    retry: { max_attempts: 1 }\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_pauses_its_bucket_and_uses_no_attempt() {
    const PAUSE: Duration = Duration::from_millis(300);
    let folder = tempfile::tempdir().unwrap();
    let begun: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let mut registry = Registry::default();
    let times = begun.clone();
    let call = Does(move |_| {
        let first = {
            let mut times = times.lock().unwrap();
            times.push(Instant::now());
            times.len() == 1
        };
        async move {
            if !first {
                return Success::empty().into();
            }
            let retry = Retryability::Throttled(PAUSE.as_millis() as u64);
            Failure { error: TaskError::new("rate_limited", "answered 429"), retry }.into()
        }
    });
    registry.add("test.call", WaitClass::Bucket(String::from("api")), call);
    let engine = open(folder.path(), registry).await;
    let run = begin(&engine, &definition(CALLS), json!({ "count": 40 })).await;
    let record = over(&engine, run).await;
    assert_eq!(record.run.state, RunState::Completed, "one attempt is allowed, and a refusal is none");
    assert_eq!(kinds(&engine, run).await.iter().filter(|kind| *kind == "task.retrying").count(), 1);
    let begun = begun.lock().unwrap().clone();
    let during =
        begun.iter().filter(|at| (Duration::from_millis(150)..PAUSE).contains(&(**at - begun[0]))).count();
    assert_eq!(during, 0, "nothing begins while the service wants to be left alone");
    let is_told = || {
        let limits = engine.limits();
        let bucket = limits.iter().find(|limit| limit.class.to_string() == "bucket:api").unwrap();
        bucket.history.iter().any(|change| change.reason.contains("refused"))
    };
    let telling = async {
        while !is_told() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, telling).await.is_ok(), "the refusal is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_headers_say_is_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let calls = Arc::new(AtomicU32::new(0));
    let mut registry = Registry::default();
    let counting = calls.clone();
    let call = Does(move |context: activity::Context| {
        let first = counting.fetch_add(1, Ordering::AcqRel) == 0;
        async move {
            if first {
                // Twenty calls left for a fifth of a second.
                context.pace(PaceHint { pause_ms: None, remaining: Some(20), reset_ms: Some(200) });
            }
            Success::empty().into()
        }
    });
    registry.add("test.call", WaitClass::Bucket(String::from("api")), call);
    let engine = open(folder.path(), registry).await;
    let from = Instant::now();
    let run = begin(&engine, &definition(CALLS), json!({ "count": 24 })).await;
    assert_eq!(over(&engine, run).await.run.state, RunState::Completed);
    assert!(from.elapsed() >= Duration::from_millis(100), "24 calls took {:?}", from.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_activity_that_waits_has_a_limit_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::default();
    registry.add("test.call", WaitClass::Io, Does(|_| async { Success::empty().into() }));
    let engine = open(folder.path(), registry).await;
    let run = begin(&engine, &definition(CALLS), json!({ "count": 3 })).await;
    over(&engine, run).await;
    engine.pin("io:test.call", Some(5)).await.unwrap();
    let limits = engine.limits();
    let of =
        |class: &str| limits.iter().find(|limit| limit.class.to_string() == class).map(|limit| limit.limit);
    assert_eq!(of("io:test.call"), Some(5));
    assert!(of("io:builtin.range").is_some_and(|limit| limit != 5), "{limits:?}");
    assert!(engine.pin("io", Some(5)).await.is_err(), "there is no limit of all that waits");
}
