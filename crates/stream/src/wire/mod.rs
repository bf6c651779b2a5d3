//! The shapes that cross the wire: JSON in snake case, times as `…_at` in Unix milliseconds UTC, durations as `…_ms`.
//! HTTP answers and stream frames are made of the same types.

mod event;
mod frame;
mod node;
mod run;
mod task;

pub use event::EventView;
pub use frame::{
    ByeFrame, EndFrame, HeartbeatFrame, ItemProgressView, ProgressFigures, ProgressView, ResetFrame,
    ResetReason, SnapshotOfRun, SnapshotOfRuns,
};
pub(crate) use run::rounded;

pub use node::{
    HardwareView, LimitChangeView, LimitView, NodesView, PressureView, StoreKindView, StoreView,
    WorkerStateView, WorkerView,
};
pub use run::{
    DeliveriesView, FiguresView, PipelineView, Rates, RunStateView, RunSummaryView, RunView, StageGauge,
    StageStateView, StageView, WaitingForView,
};
pub use task::{AttemptOutcomeView, AttemptView, RetryableView, TaskErrorView, TaskStateView, TaskView};
