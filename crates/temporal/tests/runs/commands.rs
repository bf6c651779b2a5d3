//! What people and systems ask of a run.

use crate::support::{DevServer, Site, begin, definition, effects, is_skipped, over, tuning, when};
use engine::{Command, Error};
use headway_temporal::{HeadwayRun, workflow_id};
use model::RunState;
use serde_json::json;
use std::sync::Arc;

fn by() -> Arc<str> {
    Arc::from("tester")
}

const GATE: &str = "
name: gate
stages:
  - name: make
    activity: builtin.range
  - name: gate
    needs: [make]
    signal: approved
  - name: work
    needs: [gate]
    activity: test.step
";

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_its_signal_and_says_so() {
    if is_skipped() {
        return;
    }
    let server = DevServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open(folder.path(), &server.address(), tuning()).await;
    let run = begin(&site.engine, &definition(GATE), json!({ "count": 3 })).await;
    when(&site.engine, run, |record| record.run.state == RunState::Waiting).await;
    let wrong = Command::Signal {
        name: Arc::from("other"),
        stage: None,
        key: None,
        payload: Arc::new(json!(1)),
        by: by(),
    };
    let refused = site.engine.command(run, wrong).await.unwrap_err();
    assert!(matches!(refused, Error::Host { .. }), "{refused:?}");
    let resume = site.engine.command(run, Command::Resume { by: by() }).await.unwrap_err();
    assert!(matches!(resume, Error::Host { .. }), "{resume:?}");
    let right = Command::Signal {
        name: Arc::from("approved"),
        stage: None,
        key: None,
        payload: Arc::new(json!({"yes": true})),
        by: by(),
    };
    site.engine.command(run, right).await.unwrap();
    let record = over(&site.engine, run).await;
    assert_eq!(record.run.state, RunState::Completed);
    assert_eq!(effects(&site.engine, run).await, 1);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_ends_what_is_under_way_and_a_retry_takes_it_up() {
    if is_skipped() {
        return;
    }
    let server = DevServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open(folder.path(), &server.address(), tuning()).await;
    let yaml = "
name: hold
stages:
  - name: make
    activity: builtin.range
  - name: hold
    for_each: make
    activity: test.hold
";
    let run = begin(&site.engine, &definition(yaml), json!({ "count": 5 })).await;
    when(&site.engine, run, |record| record.run.stages[1].counts.total == 5).await;
    while site.engine.running() < 5 {
        tokio::task::yield_now().await;
    }
    let record =
        site.engine.command(run, Command::Cancel { by: by(), reason: Arc::from("enough") }).await.unwrap();
    assert_eq!(record.run.state, RunState::Cancelled);
    assert_eq!(record.run.stages[1].counts.cancelled, 5);
    assert_eq!(effects(&site.engine, run).await, 0);
    let again = Command::RetryFailed { stage: None, keys: None, by: by() };
    site.engine.command(run, again).await.unwrap();
    let record = over(&site.engine, run).await;
    assert_eq!(record.run.state, RunState::Completed, "{record:#?}");
    assert_eq!(effects(&site.engine, run).await, 5);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_run_begins_nothing_and_resumes_where_it_was() {
    if is_skipped() {
        return;
    }
    let server = DevServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open(folder.path(), &server.address(), tuning()).await;
    let yaml = "
name: slow
stages:
  - name: make
    activity: builtin.range
  - name: wait
    for_each: make
    activity: builtin.delay
    params: { ms: 20 }
    concurrency: 2
  - name: step
    for_each: wait
    activity: test.step
";
    let run = begin(&site.engine, &definition(yaml), json!({ "count": 600 })).await;
    when(&site.engine, run, |record| record.run.stages[1].counts.done > 0).await;
    let paused = site.engine.command(run, Command::Pause { by: by() }).await.unwrap();
    assert_eq!(paused.run.state, RunState::Paused);
    while site.engine.running() > 0 {
        tokio::task::yield_now().await;
    }
    let resumed = site.engine.command(run, Command::Resume { by: by() }).await.unwrap();
    assert_eq!(resumed.run.state, RunState::Running);
    let record = over(&site.engine, run).await;
    assert_eq!(record.run.state, RunState::Completed);
    assert_eq!(effects(&site.engine, run).await, 600);
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_that_does_not_come_in_time_fails_its_tasks() {
    if is_skipped() {
        return;
    }
    let server = DevServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open(folder.path(), &server.address(), tuning()).await;
    let yaml = "
name: late
stages:
  - name: gate
    signal: approved
    timeout: 300ms
";
    let run = begin(&site.engine, &definition(yaml), json!({})).await;
    let record = over(&site.engine, run).await;
    assert_eq!(record.run.state, RunState::Failed);
    assert_eq!(record.run.error.as_ref().map(|error| error.code.as_str()), Some("signal_expired"));
    assert_eq!(workflow_id(run), format!("headway-run-{run}"));
    let _ = std::any::type_name::<HeadwayRun>();
    site.close().await;
}
