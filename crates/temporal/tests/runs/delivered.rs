//! Deliveries of runs that a cluster drives: staged by chunks, settled by the relay, while the workflow goes on.

use crate::{
    support::{DevServer, Site, begin, definition, is_skipped, over, tuning},
    tracker::{Fault, Tracker},
};
use engine::RelayOptions;
use headway_core::DeliveryPolicy;
use model::{Destination, RunState};
use serde_json::json;
use std::sync::Arc;

const YAML: &str = "
name: deliver
stages:
  - name: make
    activity: builtin.range
  - name: first
    for_each: make
    activity: test.deliver
  - name: second
    for_each: first
    activity: test.step
";

async fn site(folder: &std::path::Path, server: &DevServer, tracker: &Tracker) -> Site {
    let policy = DeliveryPolicy { initial_ms: 1, max_ms: 2, ..DeliveryPolicy::default() };
    let relay =
        RelayOptions { connectors: Some(Arc::new(tracker.clone())), policy, ..RelayOptions::default() };
    let site = Site::open_with(folder, &server.address(), tuning(), relay).await;
    let destination = Destination {
        name: Arc::from("tracker"),
        kind: Arc::from("test"),
        settings: json!({}),
        credential: None,
        paused: None,
    };
    site.engine.add_destination(destination).await.unwrap();
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_arrive_once_and_the_run_ends_when_they_have() {
    if is_skipped() {
        return;
    }
    let (server, tracker) = (DevServer::start().await, Tracker::default());
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path(), &server, &tracker).await;
    let run = begin(&site.engine, &definition(YAML), json!({ "count": 400 })).await;
    let record = over(&site.engine, run).await;
    assert_eq!(record.run.state, RunState::Completed);
    assert_eq!((record.run.deliveries.staged, record.run.deliveries.done), (400, 400));
    assert_eq!(record.run.stages[2].counts.done, 400);
    assert_eq!(tracker.arrived().len(), 400);
    assert!(tracker.doubled().is_empty());
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_is_refused_does_not_hold_the_run() {
    if is_skipped() {
        return;
    }
    let (server, tracker) = (DevServer::start().await, Tracker::default());
    tracker.fault("000000003", Fault::Refuse);
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path(), &server, &tracker).await;
    let run = begin(&site.engine, &definition(YAML), json!({ "count": 5 })).await;
    let record = over(&site.engine, run).await;
    assert_eq!(record.run.state, RunState::CompletedWithErrors);
    assert_eq!((record.run.deliveries.done, record.run.deliveries.dead), (4, 1));
    site.close().await;
}
