//! The data of stream frames.

use super::{
    DeliveriesView, LimitView, Rates, RunSummaryView, RunView,
    run::{FiguresView, RunStateView, StageView},
};
use model::{RunId, Timestamp};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};
use store::RunRecord;
use utoipa::ToSchema;

/// Where a run is: absolute figures, conflated. Also the answer of the polling route.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Progress)]
pub struct ProgressView {
    /// The run.
    #[schema(value_type = String)]
    pub run: RunId,
    /// Always null: that of one item is an `ItemProgress`.
    #[schema(value_type = Option<String>)]
    pub item: Option<Arc<str>>,
    /// First `run_seq` that this adds to what came before.
    pub from: u64,
    /// Last `run_seq` that this covers.
    pub to: u64,
    /// The figures at `to`.
    #[serde(flatten)]
    pub figures: ProgressFigures,
}

/// A run's figures at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ProgressFigures {
    /// Where the run is in its life.
    pub state: RunStateView,
    /// How far it is.
    pub figures: FiguresView,
    /// Its stages, in reading order.
    pub stages: Vec<StageView>,
    /// The application's own figures.
    pub counters: BTreeMap<String, i64>,
    /// Its deliveries, counted.
    pub deliveries: DeliveriesView,
    /// Tasks that end per second.
    pub rate_per_s: f64,
    /// Estimated time to its end in milliseconds.
    pub eta_ms: Option<u64>,
    /// What it is at, such as a file's name.
    #[schema(value_type = Option<String>)]
    pub current: Option<Arc<str>>,
    /// When this was said.
    #[schema(value_type = i64)]
    pub at: Timestamp,
}

impl ProgressFigures {
    /// The run's figures now.
    pub fn of(record: &RunRecord, rates: &Rates, current: Option<Arc<str>>, at: Timestamp) -> Self {
        let summary = RunSummaryView::of(record, rates);
        Self {
            state: summary.state,
            figures: summary.figures,
            stages: summary.stages,
            counters: summary.counters,
            deliveries: summary.deliveries,
            rate_per_s: summary.rate_per_s,
            eta_ms: summary.eta_ms,
            current,
            at,
        }
    }
}

/// Where one item is: absolute figures, conflated; never goes backwards within an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ItemProgress)]
pub struct ItemProgressView {
    /// The run.
    #[schema(value_type = String)]
    pub run: RunId,
    /// The item's key.
    #[schema(value_type = String)]
    pub item: Arc<str>,
    /// Its stage, by name.
    pub stage: String,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Units done.
    pub done: u64,
    /// Units in all; 0 where unknown.
    pub total: u64,
    /// What it is at.
    #[schema(value_type = Option<String>)]
    pub message: Option<Arc<str>>,
    /// When this was said.
    #[schema(value_type = i64)]
    pub at: Timestamp,
}

/// First frame of a stream of one run: its state, and where the stream goes on from.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SnapshotOfRun {
    /// The run at `head`.
    pub run: RunView,
    /// What cursors belong to.
    #[schema(value_type = String)]
    pub epoch: Arc<str>,
    /// `<epoch>.<feed_seq>`: events after it follow.
    pub cursor: String,
    /// Number of the newest event, over all runs.
    pub head: i64,
    /// When this was said.
    #[schema(value_type = i64)]
    pub now: Timestamp,
}

/// First frame of a stream of several runs and channels.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SnapshotOfRuns {
    /// The runs asked for and, with the channel `runs`, the newest and all that are not over.
    pub runs: Vec<RunSummaryView>,
    /// With the channel `limits`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub limits: Option<Vec<LimitView>>,
    /// What cursors belong to.
    #[schema(value_type = String)]
    pub epoch: Arc<str>,
    /// `<epoch>.<feed_seq>`: events after it follow.
    pub cursor: String,
    /// Number of the newest event, over all runs.
    pub head: i64,
    /// When this was said.
    #[schema(value_type = i64)]
    pub now: Timestamp,
}

/// Each idle second: the stream is alive, and up to `head`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HeartbeatFrame {
    /// Number of the newest event, over all runs.
    pub head: i64,
    /// When this was said.
    #[schema(value_type = i64)]
    pub now: Timestamp,
}

/// The server closes the stream; open it again after `retry_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ByeFrame {
    /// In milliseconds.
    pub retry_ms: u64,
}

/// The cursor cannot be followed; a snapshot comes next, and the stream goes on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResetFrame {
    /// Why.
    pub reason: ResetReason,
    /// Number of the oldest event kept.
    pub earliest: i64,
    /// Number of the newest event.
    pub head: i64,
}

/// Why a cursor cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResetReason {
    /// It belongs to a history that was replaced, by a restore for example.
    Epoch,
    /// Events after it are no longer kept.
    Gone,
    /// It is ahead of the newest event.
    Future,
    /// It is not a cursor.
    Invalid,
}

impl ResetReason {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Gone => "gone",
            Self::Future => "future",
            Self::Invalid => "invalid",
        }
    }
}

/// Last frame of a stream of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndFrame {
    /// The run.
    #[schema(value_type = String)]
    pub run: RunId,
    /// What it ended as.
    pub state: RunStateView,
}
