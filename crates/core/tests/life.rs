//! How runs live: scenarios by name, every pair of the state table, and any order of inputs.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod support;

use headway_core::{InputKind, Refused, is_legal};
use model::{Input, Retryability, RunState, StageId, StageState, TaskState};
use proptest::{prelude::*, test_runner::contextualize_config};
use serde_json::json;
use std::sync::Arc;
use support::{Host, definition, ingest_like, stage};

fn by() -> Arc<str> {
    Arc::from("tester")
}

fn started(auto: bool) -> Host {
    let mut host = Host::new(ingest_like(), json!({ "auto": auto }));
    host.take(Input::Start).unwrap();
    host.check();
    host
}

fn place(stage: u16, key: &str) -> (StageId, Arc<str>) {
    (StageId(stage), Arc::from(key))
}

/// Everything that is ready ends well, until nothing is.
fn run_on(host: &mut Host) {
    while let Some(next) = host.keys(TaskState::Ready).first().cloned() {
        let items: Option<&[&str]> = (next.0 == StageId(0)).then_some(&["a", "b"]);
        host.succeed(&next, items).unwrap();
        host.check();
    }
}

#[test]
fn items_stream_on_as_soon_as_they_are_done() {
    let mut host = started(true);
    host.succeed(&place(0, ""), Some(&["a", "b"])).unwrap();
    host.succeed(&place(1, "a"), None).unwrap();
    host.check();
    assert!(
        host.tasks[&place(2, "a")].state == TaskState::Ready,
        "enrich begins while b is still being read"
    );
    assert_eq!(
        host.tasks[&place(5, "a")].state,
        TaskState::Waiting,
        "commit holds its task until the preview"
    );
    assert_eq!(host.run.stages[3].state, StageState::Pending, "preview needs all of enrich");
    run_on(&mut host);
    assert_eq!(host.run.state, RunState::Completed);
    assert_eq!(host.run.stages[4].state, StageState::Skipped);
}

#[test]
fn a_run_waits_for_its_signal_and_goes_on_with_it() {
    let mut host = started(false);
    run_on(&mut host);
    assert_eq!(host.run.state, RunState::Waiting);
    assert!(matches!(host.signal("other", StageId(4)), Err(Refused::NotAwaited(_))));
    host.signal("commit", StageId(4)).unwrap();
    host.check();
    assert_eq!(host.run.state, RunState::Running);
    run_on(&mut host);
    assert_eq!(host.run.state, RunState::Completed);
}

#[test]
fn a_signal_that_does_not_come_in_time_fails_what_waited() {
    let mut host = started(false);
    run_on(&mut host);
    host.take(Input::SignalExpired { stage: StageId(4) }).unwrap();
    host.check();
    run_on(&mut host);
    assert_eq!(host.run.state, RunState::CompletedWithErrors);
}

#[test]
fn a_failed_file_costs_that_file_and_can_be_retried_alone() {
    let mut host = started(true);
    host.succeed(&place(0, ""), Some(&["a", "b"])).unwrap();
    host.fail(&place(1, "a"), Retryability::Permanent).unwrap();
    run_on(&mut host);
    assert_eq!(host.run.state, RunState::CompletedWithErrors);
    assert_eq!(host.run.stages[5].counts.done, 1);
    host.take(Input::RetryFailed { stage: None, chosen: None, by: by() }).unwrap();
    host.check();
    assert_eq!(host.keys(TaskState::Ready), vec![place(1, "a")]);
    run_on(&mut host);
    assert_eq!(host.run.state, RunState::Completed);
    assert_eq!(host.run.stages[5].counts.done, 2);
    assert_eq!(host.tasks.keys().filter(|key| key.0 == StageId(3)).count(), 2, "preview was made anew");
}

#[test]
fn from_a_stage_on_all_runs_again_and_what_it_emits_makes_the_items_anew() {
    let mut host = started(false);
    let early = host.take(Input::RetryFrom { stage: StageId(1), by: by() });
    assert!(matches!(early, Err(Refused::Illegal { .. })), "a run that goes on is not run again");
    run_on(&mut host);
    host.signal("commit", StageId(4)).unwrap();
    run_on(&mut host);
    assert_eq!(host.run.state, RunState::Completed);
    host.take(Input::RetryFrom { stage: StageId(1), by: by() }).unwrap();
    host.check();
    assert_eq!(host.run.state, RunState::Running);
    assert_eq!(host.keys(TaskState::Ready), vec![place(1, "a"), place(1, "b")], "read keeps its items");
    assert_eq!(host.run.stages[0].counts.done, 1, "discover is not run again");
    assert!(host.tasks.keys().all(|key| key.0.0 < 2), "what read had made is thrown away");
    // This time read makes one file fail: what follows sees the other alone.
    host.fail(&place(1, "a"), Retryability::Permanent).unwrap();
    run_on(&mut host);
    assert_eq!(host.run.state, RunState::Waiting, "the approval is asked for again");
    host.signal("commit", StageId(4)).unwrap();
    run_on(&mut host);
    assert_eq!(host.run.state, RunState::CompletedWithErrors);
    assert_eq!(host.run.stages[5].counts.total, 1);
    assert!(host.run.stages[2].fence_base() > 0, "fences of tasks made anew begin higher");
}

#[test]
fn items_of_a_stage_that_does_not_run_again_stay() {
    let mut host = started(true);
    run_on(&mut host);
    host.take(Input::RetryFrom { stage: StageId(3), by: by() }).unwrap();
    host.check();
    assert_eq!(host.keys(TaskState::Ready), vec![place(3, "")]);
    assert_eq!(host.keys(TaskState::Waiting), vec![place(5, "a"), place(5, "b")], "read made them");
    run_on(&mut host);
    assert_eq!(host.run.state, RunState::Completed);
    assert_eq!(host.run.stages[5].counts.done, 2);
}

#[test]
fn a_stage_that_never_ran_is_no_place_to_run_again_from() {
    let mut host = started(true);
    host.take(Input::Cancel { by: by(), reason: Arc::from("enough") }).unwrap();
    let before = host.run.clone();
    let answer = host.take(Input::RetryFrom { stage: StageId(3), by: by() });
    assert_eq!(answer, Err(Refused::NothingToRedo(Arc::from("preview"))));
    assert_eq!(host.run, before);
}

#[test]
fn what_a_cancelled_run_lost_before_the_stage_comes_back_too() {
    let mut host = started(true);
    host.succeed(&place(0, ""), Some(&["a", "b"])).unwrap();
    host.succeed(&place(1, "a"), None).unwrap();
    host.succeed(&place(2, "a"), None).unwrap();
    host.take(Input::Cancel { by: by(), reason: Arc::from("enough") }).unwrap();
    host.take(Input::RetryFrom { stage: StageId(2), by: by() }).unwrap();
    host.check();
    assert_eq!(host.keys(TaskState::Ready), vec![place(1, "b"), place(2, "a")]);
    run_on(&mut host);
    assert_eq!(host.run.state, RunState::Completed);
    assert_eq!(host.run.stages[5].counts.done, 2);
}

#[test]
fn failed_attempts_are_tried_again_as_often_as_the_policy_says() {
    let mut host = started(true);
    host.fail(&place(0, ""), Retryability::Transient).unwrap();
    host.check();
    assert_eq!(host.tasks[&place(0, "")].state, TaskState::Ready);
    host.fail(&place(0, ""), Retryability::Transient).unwrap();
    host.check();
    assert_eq!(host.tasks[&place(0, "")].state, TaskState::Failed);
}

#[test]
fn a_failure_that_fails_the_run_takes_its_tasks_along_and_retry_brings_them_back() {
    let mut second = stage("second");
    second.for_each = model::ForEach::Stage(StageId(0));
    second.on_failure = model::OnFailure::FailRun;
    let mut host = Host::new(definition(vec![stage("first"), second]), json!({}));
    host.take(Input::Start).unwrap();
    host.succeed(&place(0, ""), Some(&["a", "b", "c"])).unwrap();
    host.succeed(&place(1, "a"), None).unwrap();
    host.fail(&place(1, "b"), Retryability::Permanent).unwrap();
    host.check();
    assert_eq!(host.run.state, RunState::Failed);
    assert_eq!(host.tasks[&place(1, "c")].state, TaskState::Cancelled);
    let late = host.succeed(&place(1, "c"), None);
    assert!(matches!(late, Err(Refused::Illegal { .. })), "a late outcome is refused");
    host.tasks.get_mut(&place(1, "c")).unwrap().state = TaskState::Cancelled;
    host.take(Input::RetryFailed { stage: None, chosen: None, by: by() }).unwrap();
    host.check();
    run_on(&mut host);
    assert_eq!(host.run.state, RunState::Completed);
}

#[test]
fn a_paused_run_lets_attempts_end_and_ends_only_when_resumed() {
    let mut host = Host::new(definition(vec![stage("only")]), json!({}));
    host.take(Input::Start).unwrap();
    host.take(Input::Pause { by: by() }).unwrap();
    host.succeed(&place(0, ""), None).unwrap();
    assert_eq!(host.run.state, RunState::Paused);
    host.take(Input::Resume { by: by() }).unwrap();
    assert_eq!(host.run.state, RunState::Completed);
    host.check();
}

#[test]
fn a_condition_that_cannot_be_evaluated_fails_the_run_with_its_reason() {
    let mut only = stage("only");
    only.when = Some(String::from("input.missing.deep > 3"));
    let mut host = Host::new(definition(vec![only]), json!({}));
    host.take(Input::Start).unwrap();
    assert_eq!(host.run.state, RunState::Failed);
    assert_eq!(host.run.error.as_ref().map(|error| error.code.as_str()), Some("condition_failed"));
    host.check();
}

#[test]
fn items_of_the_input_become_tasks_and_none_close_the_stage_at_once() {
    for (input, tasks) in [(json!({ "items": [1, 2, 3] }), 3), (json!({}), 0)] {
        let mut each = stage("each");
        each.for_each = model::ForEach::Input;
        let mut host = Host::new(definition(vec![each]), input);
        host.take(Input::Start).unwrap();
        host.check();
        assert_eq!(host.tasks.len(), tasks);
        run_on(&mut host);
        assert_eq!(host.run.state, RunState::Completed);
    }
}

/// Every pair of run state and input: legal ones are taken (or refused for a reason of their own), illegal ones are
/// typed errors that change nothing.
#[test]
fn every_legal_and_illegal_pair_of_the_state_table() {
    for state in RunState::ALL {
        for kind in InputKind::ALL {
            let mut host = Host::new(ingest_like(), json!({ "auto": false }));
            host.run.state = state;
            let before = host.run.clone();
            let answer = host.take(input_of(kind));
            match answer {
                Err(Refused::Illegal { state: was, input }) => {
                    assert!(!is_legal(state, kind), "{state:?} takes {kind:?}");
                    assert_eq!((was, input), (state, kind));
                }
                _ => assert!(is_legal(state, kind), "{state:?} does not take {kind:?}: {answer:?}"),
            }
            if answer.is_err() {
                assert_eq!(host.run, before, "a refused input changes nothing");
            }
        }
    }
}

fn input_of(kind: InputKind) -> Input {
    let task = model::TaskRef { stage: StageId(0), key: Arc::from(""), attempt: 1 };
    match kind {
        InputKind::Start => Input::Start,
        InputKind::Attempt => Input::Log { task, level: Arc::from("info"), message: Arc::from("hello") },
        InputKind::Signal => Input::SignalExpired { stage: StageId(4) },
        InputKind::Pause => Input::Pause { by: by() },
        InputKind::Resume => Input::Resume { by: by() },
        InputKind::Cancel => Input::Cancel { by: by(), reason: Arc::from("enough") },
        InputKind::RetryFailed => Input::RetryFailed { stage: None, chosen: None, by: by() },
        InputKind::RetryFrom => Input::RetryFrom { stage: StageId(0), by: by() },
        InputKind::Delivery => Input::Staged { destination: Arc::from("tracker"), count: 1 },
    }
}

/// What a random test does next.
#[derive(Clone, Debug)]
enum Step {
    Succeed(usize),
    Fail(usize, bool),
    Pause,
    Resume,
    Cancel,
    Retry,
    RetryFrom(u16),
    Signal,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => any::<usize>().prop_map(Step::Succeed),
        4 => (any::<usize>(), any::<bool>()).prop_map(|(which, last)| Step::Fail(which, last)),
        1 => Just(Step::Pause),
        2 => Just(Step::Resume),
        1 => Just(Step::Cancel),
        2 => Just(Step::Retry),
        2 => (0..6u16).prop_map(Step::RetryFrom),
        2 => Just(Step::Signal),
    ];
    proptest::collection::vec(step, 0..60)
}

fn step(host: &mut Host, step: &Step) {
    let ready = host.keys(TaskState::Ready);
    let pick = |which: usize| ready.get(which % ready.len().max(1)).cloned();
    let known = host.clone();
    let answer = match step {
        Step::Succeed(which) => pick(*which).map_or(Ok(()), |next| {
            let items: Option<&[&str]> = (next.0 == StageId(0)).then_some(&["a", "b", "c"]);
            host.succeed(&next, items)
        }),
        Step::Fail(which, last) => pick(*which).map_or(Ok(()), |next| {
            host.fail(&next, if *last { Retryability::Permanent } else { Retryability::Transient })
        }),
        Step::Pause => host.take(Input::Pause { by: by() }),
        Step::Resume => host.take(Input::Resume { by: by() }),
        Step::Cancel => host.take(Input::Cancel { by: by(), reason: Arc::from("enough") }),
        Step::Retry => host.take(Input::RetryFailed { stage: None, chosen: None, by: by() }),
        Step::RetryFrom(stage) => host.take(Input::RetryFrom { stage: StageId(*stage), by: by() }),
        Step::Signal => host.signal("commit", StageId(4)),
    };
    if answer.is_err() {
        // A refused input changes nothing: neither rows nor state.
        *host = known;
    }
}

proptest! {
    #![proptest_config(contextualize_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() }))]

    /// Whatever order inputs come in, the counts are the rows', the state is the fold of the events, and once people
    /// stop interfering, the run ends exactly once.
    #[test]
    fn any_order_of_inputs_folds_to_the_same_state(auto in any::<bool>(), steps in steps()) {
        let mut host = started(auto);
        for next in &steps {
            step(&mut host, next);
            host.check();
        }
        for _ in 0..40 {
            if host.run.state.is_final() {
                break;
            }
            if host.run.state == RunState::Paused {
                host.take(Input::Resume { by: by() }).unwrap();
            }
            run_on(&mut host);
            if host.run.state == RunState::Waiting {
                host.signal("commit", StageId(4)).unwrap();
            }
        }
        host.check();
        prop_assert!(host.run.state.is_final(), "the run got stuck in {:?}: {:#?}", host.run.state, host.run.stages);
        prop_assert!(host.keys(TaskState::Ready).is_empty() && host.keys(TaskState::Waiting).is_empty());
    }

    /// A host that crashes anywhere folds the events it has kept, and goes on to the same end as one that never did.
    #[test]
    fn any_crash_point_folds_to_the_same_state(auto in any::<bool>(), steps in steps(), crash in any::<usize>()) {
        let mut whole = started(auto);
        let mut crashed = whole.clone();
        let crash = crash % (steps.len() + 1);
        for (index, next) in steps.iter().enumerate() {
            if index == crash {
                let mut folded = headway_core::new_run(
                    crashed.run.id, &crashed.definition, crashed.run.input.clone(), model::Timestamp(0));
                for event in &crashed.events {
                    headway_core::apply(&mut folded, event);
                }
                crashed.run = folded;
            }
            step(&mut whole, next);
            step(&mut crashed, next);
        }
        prop_assert_eq!(&whole.run, &crashed.run);
        prop_assert_eq!(&whole.tasks, &crashed.tasks);
    }
}
