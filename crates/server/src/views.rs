//! Runs and tasks as the API shows them: records of the store, with what only the engine knows.

use crate::clock;
use engine::Engine;
use model::{StageId, TaskState, Timestamp};
use serde_json::value::RawValue;
use std::sync::Arc;
use store::{RunRecord, StoredEvent, TaskRecord};
use stream::wire::{
    AttemptOutcomeView, AttemptView, Rates, RetryableView, RunSummaryView, RunView, StageGauge,
    TaskErrorView, TaskView,
};

/// A run as shown.
pub(crate) fn run(engine: &Engine, record: &RunRecord) -> RunView {
    RunView::of(record, &rates(engine, record))
}

/// A run as a list shows it.
pub(crate) fn summary(engine: &Engine, record: &RunRecord) -> RunSummaryView {
    RunSummaryView::of(record, &rates(engine, record))
}

fn rates(engine: &Engine, record: &RunRecord) -> Rates {
    Rates::average(record, clock::now(), gauges(engine, record))
}

/// What the engine knows of the stages of a run.
pub(crate) fn gauges(engine: &Engine, record: &RunRecord) -> Vec<StageGauge> {
    let limits = engine.limits();
    let gauge = |id: StageId| {
        let class = engine.wait_class(record, id);
        let limit = limits.iter().find(|limit| Some(&limit.class) == class.as_ref()).map(|limit| limit.limit);
        let pinned = record.definition.stage(id).and_then(|stage| stage.concurrency);
        StageGauge {
            in_flight: engine.held(record.run.id, id) as u64,
            limit: match (pinned, limit) {
                (Some(own), Some(in_force)) => Some(own.min(in_force)),
                (own, in_force) => own.or(in_force),
            },
            wait_class: class.map(|class| Arc::from(class.to_string())),
        }
    };
    record.definition.ids().map(gauge).collect()
}

/// A task as shown; `history` is what happened to it, where its attempts are to be shown.
pub(crate) fn task(record: &RunRecord, task: TaskRecord, history: Option<&[StoredEvent]>) -> TaskView {
    let stage = record.definition.stage(task.stage);
    let error = task.error.as_ref().map(|error| {
        let permanent = task.state == TaskState::Failed;
        TaskErrorView::new(error, if permanent { RetryableView::Permanent } else { RetryableView::Retryable })
    });
    let attempts = history.map(|history| attempts(&task, error.as_ref(), history));
    TaskView {
        stage: Arc::from(record.stage_name(task.stage)),
        key: task.key,
        state: task.state.into(),
        attempt: task.attempt,
        max_attempts: stage.map_or(1, |stage| stage.retry.max_attempts),
        created_at: task.created_at,
        due_at: (task.state == TaskState::Ready).then_some(task.due_at),
        started_at: task.started_at,
        ended_at: task.ended_at,
        worker: task.worker.map(|worker| worker.to_string()),
        data: raw(&task.data),
        output: task.output.as_deref().map(raw),
        error,
        attempts,
    }
}

/// What happened to a task, attempt by attempt: those that were tried again are told by their events, the newest one
/// by its row.
fn attempts(task: &TaskRecord, error: Option<&TaskErrorView>, history: &[StoredEvent]) -> Vec<AttemptView> {
    let mut attempts: Vec<AttemptView> = history.iter().filter_map(retried).collect();
    let newest = |started_at: Timestamp| AttemptView {
        attempt: task.attempt,
        started_at,
        ended_at: task.ended_at,
        outcome: outcome(task.state),
        error: error.filter(|_| task.state == TaskState::Failed).cloned(),
    };
    let told = attempts.last().is_some_and(|last| last.attempt >= task.attempt);
    if let (Some(started_at), false) = (task.started_at, told && task.state == TaskState::Ready) {
        attempts.retain(|attempt| attempt.attempt < task.attempt);
        attempts.push(newest(started_at));
    }
    attempts
}

pub(crate) fn outcome(state: TaskState) -> Option<AttemptOutcomeView> {
    match state {
        TaskState::Done | TaskState::Skipped => Some(AttemptOutcomeView::Done),
        TaskState::Failed => Some(AttemptOutcomeView::Failed),
        TaskState::Cancelled => Some(AttemptOutcomeView::Cancelled),
        TaskState::Ready | TaskState::Leased | TaskState::Waiting => None,
    }
}

/// A failed attempt that was tried again.
fn retried(event: &StoredEvent) -> Option<AttemptView> {
    #[derive(serde::Deserialize)]
    struct Retrying {
        error: model::TaskError,
        #[serde(default)]
        ms: u64,
    }
    if &*event.kind != "task.retrying" {
        return None;
    }
    let data: Retrying = serde_json::from_str(event.data.as_deref()?).ok()?;
    let began = Timestamp(event.at.0.saturating_sub(i64::try_from(data.ms).unwrap_or(0)));
    Some(AttemptView {
        attempt: event.attempt?,
        started_at: began,
        ended_at: Some(event.at),
        outcome: Some(AttemptOutcomeView::Failed),
        error: Some(TaskErrorView::new(&data.error, RetryableView::Retryable)),
    })
}

/// Stored JSON as it is; `null` where it is not JSON, so that one bad row does not hide a page.
pub(crate) fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
