//! Events.

use model::{Definition, RunId, StageId, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use std::{borrow::Cow, sync::Arc};
use store::StoredEvent;
use utoipa::ToSchema;

/// An immutable fact of a run, numbered.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    /// Its run; null for facts of the system, such as `limit.changed`.
    #[schema(value_type = Option<String>)]
    pub run: Option<RunId>,
    /// Number within the run, from 1.
    pub run_seq: u64,
    /// Number over all runs, in commit order.
    pub feed_seq: i64,
    /// When it happened.
    #[schema(value_type = i64)]
    pub at: Timestamp,
    /// What happened, such as `task.failed`.
    #[schema(value_type = String)]
    pub kind: Arc<str>,
    /// The stage it belongs to, by name.
    pub stage: Option<String>,
    /// The item it belongs to.
    #[schema(value_type = Option<String>)]
    pub key: Option<Arc<str>>,
    /// The attempt it belongs to.
    pub attempt: Option<u32>,
    /// What it says, by kind.
    #[schema(value_type = Object)]
    pub data: Box<RawValue>,
}

impl EventView {
    /// The event as shown; stages are named by `definition`, and by their number where that is not at hand.
    pub fn of(event: &StoredEvent, definition: Option<&Definition>) -> Self {
        Self {
            run: (event.run != RunId(0)).then_some(event.run),
            run_seq: event.run_seq,
            feed_seq: event.feed_seq,
            at: event.at,
            kind: Arc::clone(&event.kind),
            stage: event.stage.map(|stage| stage_name(stage, definition).into_owned()),
            key: event.key.clone(),
            attempt: event.attempt,
            data: data_of(event),
        }
    }
}

/// The data as JSON; `{}` where there is none, or what is stored is not JSON.
fn data_of(event: &StoredEvent) -> Box<RawValue> {
    let text = event.data.as_deref().unwrap_or("{}");
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| {
        RawValue::from_string("{}".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
    })
}

fn stage_name(stage: u16, definition: Option<&Definition>) -> Cow<'_, str> {
    definition
        .and_then(|definition| definition.stage(StageId(stage)))
        .map_or_else(|| Cow::Owned(stage.to_string()), |stage| Cow::Borrowed(stage.name.as_str()))
}
