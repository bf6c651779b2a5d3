//! A leased task, ready to be attempted, and what comes back.

use crate::{holdings::Holding, limits::LimitClass};
use activity::{Attempt, Chunk, EmitError, Log, Outcome, Performer};
use model::StageId;
use serde_json::value::RawValue;
use std::sync::Arc;
use store::write::{Held, Span};
use tokio::sync::{mpsc, oneshot};

/// A task under lease: all that an attempt needs.
pub(crate) struct Lease {
    pub(crate) attempt: Arc<Attempt>,
    pub(crate) held: Held,
    pub(crate) work: Arc<StageWork>,
    /// Who is told of the attempt; the run's loop where absent.
    pub(crate) inbox: Option<mpsc::Sender<Message>>,
    /// Says that this process knows of it; absent where a chunk holds it, or the database has one owner.
    pub(crate) _holding: Option<Holding<Held>>,
}

/// What a lease says of its task's row.
pub(crate) struct LeasedRow {
    pub(crate) key: Arc<str>,
    pub(crate) attempt: u32,
    pub(crate) fence: i64,
    pub(crate) data: Arc<RawValue>,
}

/// What the tasks of a stage share.
pub(crate) struct StageWork {
    pub(crate) stage: StageId,
    pub(crate) name: Arc<str>,
    pub(crate) performer: Performer,
    pub(crate) class: LimitClass,
    pub(crate) params: Arc<serde_json::Value>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) heartbeat_timeout_ms: Option<u64>,
    pub(crate) concurrency: Option<u32>,
}

/// What the run's loop is told.
pub(crate) enum Message {
    /// An attempt ended.
    Report(Report),
    /// An attempt under way commits a chunk.
    Chunk(ChunkMessage),
    /// Lines of an attempt's log, outside of a report.
    Lines(Lines),
    /// Attempts at deliveries ended.
    Settle(Vec<crate::relay::Settlement>),
    /// Somebody asks something of the run.
    Ask(crate::ask::Asked),
    /// Tasks of a worker that is gone were made ready again.
    Lost(Lost),
    /// The run has moved on elsewhere: look again.
    Observed,
}

/// Tasks that were taken from workers that are gone; their rows say so already.
pub(crate) struct Lost {
    pub(crate) stage: StageId,
    pub(crate) count: u64,
    /// Those that took too many workers down with them, and how many.
    pub(crate) poisoned: Vec<(Arc<str>, u32)>,
}

/// An attempt ended.
pub(crate) struct Report {
    pub(crate) lease: Arc<Lease>,
    pub(crate) span: Span,
    pub(crate) outcome: Outcome,
    /// Deliveries that were sent at once.
    pub(crate) sent: Vec<crate::relay::Sent>,
    pub(crate) lines: Vec<Log>,
}

/// An attempt under way commits a chunk.
pub(crate) struct ChunkMessage {
    pub(crate) lease: Arc<Lease>,
    pub(crate) chunk: Chunk,
    pub(crate) lines: Vec<Log>,
    pub(crate) reply: oneshot::Sender<Result<(), EmitError>>,
}

/// Lines of an attempt's log.
pub(crate) struct Lines {
    pub(crate) lease: Arc<Lease>,
    pub(crate) lines: Vec<Log>,
}

impl Lease {
    /// The task as the core knows it.
    pub(crate) fn task(&self) -> model::TaskRef {
        model::TaskRef { stage: self.held.stage, key: self.held.key.clone(), attempt: self.attempt.attempt }
    }
}
