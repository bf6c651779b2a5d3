//! Facts as rows: the words and columns that events have in the store and outside.

use crate::StoredEvent;
use model::{Created, Definition, DeliveryEnd, Deltas, Event, Fact, RunId, StageId};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// An event before it has its number over all runs.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// The event; its `feed_seq` counts back from the newest of its batch, and becomes real with [`EventRow::number`].
    pub event: StoredEvent,
}

impl EventRow {
    /// The row of `event`, the `run_seq`-th of `run`.
    pub fn new(run: RunId, definition: &Definition, run_seq: u64, event: &Event) -> Self {
        let place = Place::of(&event.fact);
        let (kind, data) = kind_and_data(definition, &event.fact);
        Self {
            event: StoredEvent {
                feed_seq: 0,
                run,
                run_seq,
                at: event.at,
                kind,
                stage: place.stage.map(|stage| stage.0),
                key: place.key.cloned(),
                attempt: place.attempt,
                data,
            },
        }
    }

    /// The stored event, given the feed's newest number and how many of the batch's events come after this one.
    pub fn number(mut self, newest: i64, after: i64) -> StoredEvent {
        self.event.feed_seq = newest - after;
        self.event
    }
}

/// Which stage, item and attempt a fact belongs to.
struct Place<'a> {
    stage: Option<StageId>,
    key: Option<&'a Arc<str>>,
    attempt: Option<u32>,
}

impl<'a> Place<'a> {
    fn of(fact: &'a Fact) -> Self {
        let (stage, key, attempt) = match fact {
            Fact::TaskDone { stage, key, attempt, .. }
            | Fact::TaskRetrying { stage, key, attempt, .. }
            | Fact::TaskFailed { stage, key, attempt, .. } => (Some(*stage), Some(key), Some(*attempt)),
            Fact::Emitted { stage, key, .. }
            | Fact::Log { stage, key, .. }
            | Fact::App { stage, key, .. } => (Some(*stage), Some(key), None),
            Fact::StageOpened { stage, .. }
            | Fact::StageClosed { stage, .. }
            | Fact::StageSkipped { stage, .. }
            | Fact::TasksLost { stage, .. }
            | Fact::Signalled { stage, .. }
            | Fact::SignalExpired { stage, .. } => (Some(*stage), None, None),
            Fact::Settled { key, .. } => (None, Some(key), None),
            _ => (None, None, None),
        };
        Self { stage, key, attempt }
    }
}

/// The word for a fact and what it says as a JSON object; `None` where the word says it all.
pub fn kind_and_data(definition: &Definition, fact: &Fact) -> (Arc<str>, Option<Arc<str>>) {
    // The one that comes by the million is written by hand.
    if let Fact::TaskDone { ms, created, counters, .. } = fact
        && created.is_empty()
        && counters.is_empty()
    {
        return (task_done_word(), Some(Arc::from(format!("{{\"ms\":{ms}}}"))));
    }
    if let Fact::App { name, data, .. } = fact {
        return (Arc::from(format!("app.{name}")), Some(object_text(data.get())));
    }
    let (kind, data) = described(definition, fact);
    (Arc::from(kind), data.map(|data| Arc::from(data.to_string())))
}

fn task_done_word() -> Arc<str> {
    static WORD: std::sync::LazyLock<Arc<str>> = std::sync::LazyLock::new(|| Arc::from("task.done"));
    WORD.clone()
}

/// Applications may note any JSON; outside, an event's data is always an object.
fn object_text(data: &str) -> Arc<str> {
    if data.starts_with('{') { Arc::from(data) } else { Arc::from(format!("{{\"value\":{data}}}")) }
}

fn described(definition: &Definition, fact: &Fact) -> (&'static str, Option<Value>) {
    match fact {
        Fact::Created { by } => ("run.created", Some(json!({ "by": by }))),
        Fact::Started => ("run.started", None),
        Fact::Waiting => ("run.waiting", None),
        Fact::Continued => ("run.continued", None),
        Fact::Paused { by } => ("run.paused", Some(json!({ "by": by }))),
        Fact::Resumed { by } => ("run.resumed", Some(json!({ "by": by }))),
        Fact::Ended { state, error } if *state == model::RunState::Failed => {
            ("run.failed", Some(json!({ "state": state, "error": error })))
        }
        Fact::Ended { state, .. } => ("run.completed", Some(json!({ "state": state }))),
        Fact::Cancelled { by, reason } => ("run.cancelled", Some(json!({ "by": by, "reason": reason }))),
        Fact::Retried { by, stages } => {
            let tasks: u64 = stages.iter().map(|stage| stage.failed + stage.cancelled).sum();
            let names: Vec<&str> = stages.iter().map(|reopened| name(definition, reopened.stage)).collect();
            ("run.retried", Some(json!({ "by": by, "stages": names, "tasks": tasks })))
        }
        Fact::StageOpened { released, created, .. } => {
            ("stage.opened", Some(json!({ "released": released, "created": created })))
        }
        Fact::StageClosed { counts, .. } => ("stage.closed", Some(json!({ "counts": counts }))),
        Fact::StageSkipped { reason, held, .. } => {
            ("stage.skipped", Some(json!({ "reason": reason, "held": held })))
        }
        Fact::Emitted { created, counters, .. } => {
            ("items.emitted", Some(figures(definition, Map::new(), created, counters)))
        }
        Fact::TaskDone { ms, created, counters, .. } => {
            let data = Map::from_iter([(String::from("ms"), json!(ms))]);
            ("task.done", Some(figures(definition, data, created, counters)))
        }
        Fact::TaskRetrying { error, due_at, .. } => {
            ("task.retrying", Some(json!({ "error": error, "due_at": due_at })))
        }
        Fact::TaskFailed { ms, error, counters, .. } => {
            let data =
                Map::from_iter([(String::from("ms"), json!(ms)), (String::from("error"), json!(error))]);
            ("task.failed", Some(figures(definition, data, &[], counters)))
        }
        Fact::TasksLost { count, worker, .. } => {
            ("task.lost", Some(json!({ "count": count, "worker": worker })))
        }
        Fact::Signalled { name, by, count, payload, .. } => {
            ("signal.received", Some(json!({ "name": name, "by": by, "count": count, "payload": **payload })))
        }
        Fact::SignalExpired { count, error, .. } => {
            ("signal.expired", Some(json!({ "count": count, "error": error })))
        }
        Fact::Staged { destination, count } => {
            ("delivery.staged", Some(json!({ "destination": destination, "count": count })))
        }
        Fact::Settled { destination, kind, end, .. } => settled(destination, kind, end),
        Fact::Replayed { count, by } => ("delivery.replayed", Some(json!({ "by": by, "count": count }))),
        Fact::Blocked { count } => ("delivery.blocked", Some(json!({ "count": count }))),
        Fact::Log { level, message, .. } => ("log", Some(json!({ "level": level, "message": message }))),
        Fact::App { .. } => ("app", None),
    }
}

fn settled(destination: &str, item: &str, end: &DeliveryEnd) -> (&'static str, Option<Value>) {
    let place = json!({ "destination": destination, "kind": item });
    let (word, more) = match end {
        DeliveryEnd::Done { remote } => ("delivery.done", json!({ "remote": remote })),
        DeliveryEnd::Again { state, error, due_at } => {
            ("delivery.retrying", json!({ "state": state, "error": error, "due_at": due_at }))
        }
        DeliveryEnd::Dead { error } => ("delivery.dead", json!({ "error": error })),
    };
    let (Value::Object(mut data), Value::Object(more)) = (place, more) else { return (word, None) };
    data.extend(more);
    (word, Some(Value::Object(data)))
}

fn name(definition: &Definition, stage: StageId) -> &str {
    definition.stage(stage).map_or("?", |stage| &stage.name)
}

fn figures(
    definition: &Definition,
    mut data: Map<String, Value>,
    created: &[Created],
    counters: &Deltas,
) -> Value {
    if !created.is_empty() {
        let by_stage =
            created.iter().map(|made| (name(definition, made.stage).to_owned(), json!(made.count)));
        let count: u64 = created.iter().map(|made| made.count).sum();
        data.insert(String::from("count"), json!(count));
        data.insert(String::from("created"), Value::Object(by_stage.collect()));
    }
    if !counters.is_empty() {
        let figures = counters.iter().map(|(name, by)| (name.to_string(), json!(by)));
        data.insert(String::from("counters"), Value::Object(figures.collect()));
    }
    Value::Object(data)
}
