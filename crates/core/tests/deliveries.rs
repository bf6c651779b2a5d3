//! How a run lives with its deliveries: it ends when they have, and goes on when they are replayed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

#[expect(dead_code, reason = "the tests of runs use the rest")]
mod support;

use model::{DeliveryEnd, DeliveryState, Input, Remote, RunState, TaskError, TaskState, Timestamp};
use proptest::{prelude::*, test_runner::contextualize_config};
use serde_json::json;
use std::sync::Arc;
use support::{Host, ingest_like};

fn staged(count: u64) -> Input {
    Input::Staged { destination: Arc::from("tracker"), count }
}

fn settled(end: DeliveryEnd) -> Input {
    let text = |text: &str| Arc::<str>::from(text);
    Input::Settled { key: text("e1"), destination: text("tracker"), kind: text("epic"), end }
}

fn done() -> Input {
    settled(DeliveryEnd::Done { remote: Remote { id: Arc::from("7"), url: None } })
}

fn dead() -> Input {
    settled(DeliveryEnd::Dead { error: TaskError::new("refused", "no such area") })
}

fn again() -> Input {
    let error = TaskError::new("unavailable", "503");
    settled(DeliveryEnd::Again { state: DeliveryState::Retry, error, due_at: Timestamp(9) })
}

fn replayed(count: u64) -> Input {
    Input::Replayed { count, by: Arc::from("tester") }
}

fn work_off(host: &mut Host) {
    while let Some(next) = host.keys(TaskState::Ready).first().cloned() {
        host.succeed(&next, None).unwrap();
        host.check();
    }
}

fn with_deliveries(count: u64) -> Host {
    let mut host = Host::new(ingest_like(), json!({ "auto": true }));
    host.take(Input::Start).unwrap();
    host.take(staged(count)).unwrap();
    work_off(&mut host);
    host
}

#[test]
fn a_run_is_not_over_before_its_deliveries_are() {
    let mut host = with_deliveries(2);
    assert_eq!(host.run.state, RunState::Running);
    for input in [done(), again()] {
        host.take(input).unwrap();
        assert_eq!((host.run.state, host.run.deliveries.unsent()), (RunState::Running, 1));
    }
    host.take(done()).unwrap();
    assert_eq!(host.run.state, RunState::Completed);
}

#[test]
fn what_did_not_arrive_shows_in_the_runs_state_until_a_replay_brings_it() {
    let mut host = with_deliveries(2);
    host.take(dead()).unwrap();
    host.take(done()).unwrap();
    assert_eq!(host.run.state, RunState::CompletedWithErrors);
    host.take(replayed(1)).unwrap();
    assert_eq!((host.run.state, host.run.ended_at), (RunState::Running, None));
    host.take(done()).unwrap();
    assert_eq!(host.run.state, RunState::Completed);
    host.check();
}

#[test]
fn what_waits_for_a_dead_one_does_not_hold_the_run() {
    let mut host = with_deliveries(4);
    host.take(dead()).unwrap();
    host.take(Input::Blocked { count: 2 }).unwrap();
    assert_eq!(host.run.state, RunState::Running, "three are left, not two: the host looked too early");
    host.take(Input::Blocked { count: 3 }).unwrap();
    assert_eq!(host.run.state, RunState::CompletedWithErrors);
    host.take(replayed(1)).unwrap();
    for _ in 0..4 {
        host.take(done()).unwrap();
    }
    assert_eq!(host.run.state, RunState::Completed);
}

#[test]
fn deliveries_of_a_cancelled_run_are_counted_but_do_not_revive_it() {
    let mut host = with_deliveries(2);
    host.take(Input::Cancel { by: Arc::from("tester"), reason: Arc::from("enough") }).unwrap();
    host.take(done()).unwrap();
    host.take(replayed(0)).unwrap();
    assert_eq!((host.run.state, host.run.deliveries.done), (RunState::Cancelled, 1));
    host.check();
}

proptest! {
    #![proptest_config(contextualize_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() }))]

    /// Any order of work and deliveries: counts hold, the state is the fold of the events, and the run is complete exactly
    /// when all of both is.
    #[test]
    fn any_order_of_work_and_deliveries_ends_once(steps in proptest::collection::vec(0_u8..8, 0..80)) {
        let mut host = Host::new(ingest_like(), json!({ "auto": true }));
        host.take(Input::Start).unwrap();
        for step in steps {
            let counts = host.run.deliveries;
            // What is blocked moves only after a replay, which makes the run go on.
            let active = !host.run.state.is_final();
            match step {
                0 if active => host.take(staged(2)).unwrap(),
                1 | 2 if active && counts.unsent() > 0 => host.take(done()).unwrap(),
                3 if active && counts.unsent() > 0 => host.take(dead()).unwrap(),
                4 if counts.dead > 0 => host.take(replayed(1)).unwrap(),
                5 => host.take(Input::Blocked { count: counts.unsent() }).unwrap(),
                6 | 7 => {
                    if let Some(next) = host.keys(TaskState::Ready).first().cloned() {
                        host.succeed(&next, None).unwrap();
                    }
                }
                _ => {}
            }
            host.check();
        }
        if host.run.state.is_final() && host.run.deliveries.unsent() > 0 {
            host.take(replayed(0)).unwrap();
        }
        work_off(&mut host);
        while host.run.deliveries.unsent() > 0 {
            host.take(done()).unwrap();
        }
        let counts = host.run.deliveries;
        let whole = counts.done == counts.staged;
        let state = if whole { RunState::Completed } else { RunState::CompletedWithErrors };
        prop_assert_eq!(host.run.state, state);
    }
}
