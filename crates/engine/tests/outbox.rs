//! Deliveries: staged with the outcome, sent in order, looked up where it is not known whether they arrived, never lost and
//! never doubled.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;
mod tracker;

use activity::{Items, Outcome, Registry, Success};
use headway_core::DeliveryPolicy;
use headway_engine::{Command, DryRun, Engine, RelayOptions, ReplayFilter};
use model::{DeliveryState, Destination, NewDelivery, RunId, RunState, WaitClass};
use serde_json::json;
use std::{path::Path, sync::Arc};
use store::DeliveryFilter;
use support::{Does, begin, definition, is, over, when};
use tracker::{Fault, Tracker};

const YAML: &str = "
name: plan
stages:
  - name: write
    activity: test.write
";

/// An activity that stages what the run's input lists: `[key, parent, order key]`.
fn registry() -> Registry {
    let mut registry = Registry::default();
    let write = Does(|context: activity::Context| async move {
        let mut success = Success { items: Items::none(), ..Success::default() };
        for item in context.attempt().input["deliveries"].as_array().into_iter().flatten() {
            success.effects.deliver(delivery(item));
        }
        Outcome::Success(success)
    });
    registry.add("test.write", WaitClass::Io, write);
    registry
}

fn delivery(item: &serde_json::Value) -> NewDelivery {
    let text = |index: usize| item[index].as_str().map(Arc::<str>::from);
    let key = text(0).unwrap();
    NewDelivery {
        kind: Arc::from("epic"),
        level: 0,
        title: Arc::from(format!("item {key}")),
        destination: Arc::from("tracker"),
        payload: Arc::from(serde_json::value::to_raw_value(&json!({ "key": key })).unwrap()),
        parent: text(1),
        order_key: text(2),
        key,
    }
}

/// An engine whose only destination is `tracker`.
async fn open(folder: &Path, tracker: &Tracker) -> Engine {
    // Retries at once: what is tested is their order and number.
    let policy = DeliveryPolicy { initial_ms: 1, max_ms: 2, ..DeliveryPolicy::default() };
    let relay =
        RelayOptions { connectors: Some(Arc::new(tracker.clone())), policy, ..RelayOptions::default() };
    support::open_with_relay(folder, registry(), relay).await
}

async fn open_new(folder: &Path, tracker: &Tracker) -> Engine {
    let engine = open(folder, tracker).await;
    engine.add_destination(destination()).await.unwrap();
    engine
}

fn destination() -> Destination {
    Destination {
        name: Arc::from("tracker"),
        kind: Arc::from("test"),
        settings: json!({}),
        credential: None,
        paused: None,
    }
}

async fn run(engine: &Engine, deliveries: serde_json::Value) -> RunId {
    begin(engine, &definition(YAML), json!({ "deliveries": deliveries })).await
}

async fn states(engine: &Engine, run: RunId) -> Vec<(String, DeliveryState, u32)> {
    let filter = DeliveryFilter { run: Some(run), limit: 1_000, ..DeliveryFilter::default() };
    let records = engine.store().deliveries(&filter).await.unwrap();
    let state = |record: &store::DeliveryRecord| {
        let delivery = &record.delivery;
        (delivery.message.key.to_string(), delivery.state, delivery.attempts)
    };
    records.iter().map(state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn parents_go_before_children_and_children_know_what_they_became() {
    let (folder, tracker) = (tempfile::tempdir().unwrap(), Tracker::default());
    let engine = open_new(folder.path(), &tracker).await;
    let run = run(&engine, json!([["e1.f1.s1", "e1.f1"], ["e1.f1", "e1"], ["e1", null], ["e2", null]])).await;
    let record = over(&engine, run).await;
    assert_eq!(record.run.state, RunState::Completed);
    assert_eq!((record.run.deliveries.staged, record.run.deliveries.done), (4, 4));
    assert_eq!(tracker.parents(), [("e1", ""), ("e1.f1", "e1"), ("e1.f1.s1", "e1.f1"), ("e2", "")]);
    assert!(tracker.doubled().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_item_gets_one_attempt_and_blocks_only_its_subtree_until_it_is_replayed() {
    let (folder, tracker) = (tempfile::tempdir().unwrap(), Tracker::default());
    tracker.fault("e1", Fault::Refuse);
    let engine = open_new(folder.path(), &tracker).await;
    let run = run(&engine, json!([["e1", null], ["e1.f1", "e1"], ["e2", null], ["e2.f1", "e2"]])).await;
    let record = over(&engine, run).await;
    assert_eq!(record.run.state, RunState::CompletedWithErrors);
    assert_eq!(tracker.sends("e1"), 1, "the same message would be refused again");
    let expected = [
        ("e1", DeliveryState::Dead, 1),
        ("e1.f1", DeliveryState::Blocked, 0),
        ("e2", DeliveryState::Done, 0),
        ("e2.f1", DeliveryState::Done, 0),
    ];
    assert_eq!(states(&engine, run).await, expected.map(|(key, state, n)| (key.to_owned(), state, n)));

    tracker.mend("e1");
    let which = ReplayFilter {
        filter: DeliveryFilter { run: Some(run), ..DeliveryFilter::default() },
        ..ReplayFilter::default()
    };
    let shown = engine.replay(&which, "tester", DryRun::Yes).await.unwrap();
    assert_eq!((shown.matched, shown.replayed), (1, 0));
    assert_eq!(engine.replay(&which, "tester", DryRun::No).await.unwrap().replayed, 1);
    let record = when(&engine, run, is(RunState::Completed)).await;
    assert_eq!(record.run.deliveries.done, 4);
    assert!(tracker.doubled().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_looked_up_and_not_sent_twice() {
    let (folder, tracker) = (tempfile::tempdir().unwrap(), Tracker::default());
    tracker.fault("a", Fault::TakeAndDrop);
    tracker.fault("b", Fault::DropOnce);
    let engine = open_new(folder.path(), &tracker).await;
    let run = run(&engine, json!([["a", null], ["b", null], ["a.1", "a"]])).await;
    let record = over(&engine, run).await;
    assert_eq!(record.run.state, RunState::Completed);
    assert_eq!((tracker.sends("a"), tracker.sends("b")), (1, 2));
    assert!(tracker.doubled().is_empty());
    assert!(states(&engine, run).await.iter().all(|(_, _, attempts)| *attempts == 0), "nobody's fault");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_credential_pauses_the_destination_and_uses_nothing_up() {
    let (folder, tracker) = (tempfile::tempdir().unwrap(), Tracker::default());
    tracker.lock(true);
    let engine = open_new(folder.path(), &tracker).await;
    let run = run(&engine, json!([["a", null], ["b", null]])).await;
    tracker.until(|seen| seen.unauthorized > 0).await;
    while engine.destination("tracker").unwrap().destination.paused.is_none() {
        tokio::task::yield_now().await;
    }
    let paused = engine.destination("tracker").unwrap().destination.paused.unwrap();
    assert_eq!(&*paused.code, "unauthorized");
    let before = tracker.calls();
    tracker.lock(false);
    engine.resume_destination("tracker", "tester").await.unwrap();
    assert_eq!(over(&engine, run).await.run.state, RunState::Completed);
    assert_eq!(before, 1, "nothing is sent while the destination is paused");
    assert!(states(&engine, run).await.iter().all(|(_, _, attempts)| *attempts == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_item_waits_while_its_siblings_go() {
    let (folder, tracker) = (tempfile::tempdir().unwrap(), Tracker::default());
    tracker.fault("f1", Fault::Unavailable);
    let engine = open_new(folder.path(), &tracker).await;
    let run = run(&engine, json!([["f1", null], ["f1.s1", "f1"], ["f2", null], ["f2.s1", "f2"]])).await;
    when(&engine, run, |record| record.run.deliveries.done == 2).await;
    tracker.mend("f1");
    let record = over(&engine, run).await;
    assert_eq!((record.run.state, record.run.deliveries.done), (RunState::Completed, 4));
    assert!(states(&engine, run).await.iter().all(|(_, _, attempts)| *attempts == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_key_goes_one_after_the_other_and_a_dead_one_holds_it() {
    let (folder, tracker) = (tempfile::tempdir().unwrap(), Tracker::default());
    tracker.fault("2", Fault::Refuse);
    let engine = open_new(folder.path(), &tracker).await;
    let staged = json!([["1", null, "k"], ["2", null, "k"], ["3", null, "k"], ["x", null, "other"]]);
    let run = run(&engine, staged).await;
    when(&engine, run, |record| record.run.deliveries.dead == 1 && record.run.deliveries.done == 2).await;
    assert_eq!(tracker.sends("3"), 0, "what is before it in its order is dead");
    tracker.mend("2");
    let subtree = states(&engine, run).await.len();
    assert_eq!(subtree, 4);
    let filter = DeliveryFilter { run: Some(run), ..DeliveryFilter::default() };
    let which = ReplayFilter { filter, ..ReplayFilter::default() };
    engine.replay(&which, "tester", DryRun::No).await.unwrap();
    when(&engine, run, is(RunState::Completed)).await;
    let order: Vec<String> = tracker.arrived().into_iter().filter(|key| key != "x").collect();
    assert_eq!(order, ["1", "2", "3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn staging_again_changes_what_was_not_sent_and_leaves_what_was() {
    let (folder, tracker) = (tempfile::tempdir().unwrap(), Tracker::default());
    tracker.fault("b", Fault::Refuse);
    let engine = open_new(folder.path(), &tracker).await;
    let run = run(&engine, json!([["a", null], ["b", null]])).await;
    over(&engine, run).await;
    tracker.mend("b");
    let again =
        |key: &str, title: &str| NewDelivery { title: Arc::from(title), ..delivery(&json!([key, null])) };
    let staged = vec![again("a", "late"), again("b", "mended"), again("c", "new")];
    engine.stage(run, staged).await.unwrap();
    let record = when(&engine, run, is(RunState::Completed)).await;
    assert_eq!((record.run.deliveries.staged, record.run.deliveries.done), (3, 3));
    assert_eq!(tracker.titles(), [("a", "item a"), ("b", "mended"), ("c", "new")]);
    assert!(tracker.doubled().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_of_a_process_that_died_while_sending_are_looked_up() {
    let (folder, tracker) = (tempfile::tempdir().unwrap(), Tracker::default());
    tracker.fault("a", Fault::TakeAndHang);
    let engine = open_new(folder.path(), &tracker).await;
    let run = run(&engine, json!([["a", null], ["a.1", "a"]])).await;
    tracker.until(|seen| seen.hanging > 0).await;
    // The engine ends without its answer, as a process does that is killed.
    engine.store().db().close().await;
    drop(engine);
    tracker.mend("a");
    let engine = open(folder.path(), &tracker).await;
    let record = over(&engine, run).await;
    assert_eq!((record.run.state, tracker.sends("a")), (RunState::Completed, 1));
    assert!(tracker.doubled().is_empty());
}

/// A server that falls over while it commits a claim leaves its client without an answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_whose_lease_was_lost_is_looked_up_and_sent() {
    let (folder, tracker) = (tempfile::tempdir().unwrap(), Tracker::default());
    let engine = open_new(folder.path(), &tracker).await;
    if !engine.store().db().is_shared() {
        return;
    }
    engine.pause_destination("tracker", "tester", "for the test").await.unwrap();
    let run = run(&engine, json!([["a", null]])).await;
    when(&engine, run, |record| record.run.deliveries.staged == 1).await;
    let claim = db::Statement::new(
        "UPDATE deliveries SET state = 1, worker = ?2, fence = fence + 1, sent = sent + 1 WHERE run_id = ?1",
    );
    let claim = claim.row(db::params![run.0, engine.worker()]).expect_rows(1);
    engine.store().db().execute(db::Batch::from(claim)).await.unwrap();
    engine.resume_destination("tracker", "tester").await.unwrap();
    let record = over(&engine, run).await;
    assert_eq!((record.run.state, tracker.sends("a")), (RunState::Completed, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_run_sends_nothing_until_it_goes_on() {
    let (folder, tracker) = (tempfile::tempdir().unwrap(), Tracker::default());
    tracker.fault("a", Fault::Unavailable);
    let engine = open_new(folder.path(), &tracker).await;
    let run = run(&engine, json!([["a", null], ["a.1", "a"]])).await;
    tracker.until(|seen| seen.calls > 0).await;
    engine.command(run, Command::Pause { by: Arc::from("tester") }).await.unwrap();
    tracker.mend("a");
    engine.command(run, Command::Resume { by: Arc::from("tester") }).await.unwrap();
    assert_eq!(over(&engine, run).await.run.state, RunState::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_outbox_an_attempt_sends_by_itself_and_says_what_became_of_it() {
    let (folder, tracker) = (tempfile::tempdir().unwrap(), Tracker::default());
    tracker.fault("b", Fault::Refuse);
    let relay = RelayOptions {
        connectors: Some(Arc::new(tracker.clone())),
        is_direct: true,
        ..RelayOptions::default()
    };
    let engine = support::open_with_relay(folder.path(), registry(), relay).await;
    engine.add_destination(destination()).await.unwrap();
    let run = run(&engine, json!([["a", null], ["a.1", "a"], ["b", null], ["b.1", "b"]])).await;
    let record = over(&engine, run).await;
    assert_eq!(record.run.state, RunState::CompletedWithErrors);
    assert_eq!((record.run.deliveries.done, record.run.deliveries.dead), (2, 2));
    assert_eq!(tracker.parents(), [("a", ""), ("a.1", "a")]);
    let expected = [
        ("a", DeliveryState::Done, 0),
        ("a.1", DeliveryState::Done, 0),
        ("b", DeliveryState::Dead, 1),
        ("b.1", DeliveryState::Dead, 1),
    ];
    assert_eq!(states(&engine, run).await, expected.map(|(key, state, n)| (key.to_owned(), state, n)));
}
