//! Workers of a versioned deployment: a run under way moves on to the newer version.

use crate::support::{DevServer, Site, begin, definition, effects, is_skipped, over, tuning, when};
use engine::{Command, RelayOptions};
use headway_temporal::WorkerOptions;
use model::RunState;
use serde_json::json;
use std::{path::Path, sync::Arc};

const DEPLOYMENT: &str = "headway";

async fn open(folder: &Path, server: &DevServer, build: &str) -> Site {
    let options = WorkerOptions {
        deployment: Some(String::from(DEPLOYMENT)),
        build: String::from(build),
        ..WorkerOptions::default()
    };
    let site = Site::open_as(folder, &server.address(), tuning(), RelayOptions::default(), options).await;
    server.make_current(DEPLOYMENT, build).await;
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_with_the_version_that_became_current() {
    if is_skipped() {
        return;
    }
    let server = DevServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let yaml = "
name: gate
stages:
  - name: gate
    signal: approved
  - name: work
    needs: [gate]
    activity: test.step
";
    let site = open(folder.path(), &server, "1").await;
    let run = begin(&site.engine, &definition(yaml), json!({})).await;
    when(&site.engine, run, |record| record.run.state == RunState::Waiting).await;
    site.close().await;
    // The older build is gone: whatever goes on is the newer one's.
    let site = open(folder.path(), &server, "2").await;
    let signal = Command::Signal {
        name: Arc::from("approved"),
        stage: None,
        key: None,
        payload: Arc::new(json!({})),
        by: Arc::from("tester"),
    };
    site.engine.command(run, signal).await.unwrap();
    assert_eq!(over(&site.engine, run).await.run.state, RunState::Completed);
    assert_eq!(effects(&site.engine, run).await, 1);
    site.close().await;
}
