//! The native host: it drives the core's runs on one database.
//!
//! ```text
//!  ask ─▶ run loop ─▶ plan (core::Machine) ─▶ one Batch ─▶ committed ─┬─▶ hub (streams)
//!           ▲                                                        └─▶ dispatcher ─▶ attempt ─┐
//!           └───────────────────────────── report ◀─────────────────────────────────────────────┘
//! ```
//!
//! Each run that is not over has a loop, its only writer. The loop takes all messages that wait, lets the core turn
//! them into events and commands, and commits events, task rows and the applications' effects together. What it
//! commits decides; everything in memory can be lost and is rebuilt from the store.

mod ask;
mod attempt;
mod builtin;
mod chunk;
mod clock;
mod cluster;
mod dispatch;
mod error;
mod follow;
mod gauges;
mod holdings;
mod lease;
mod limits;
mod load;
mod node;
mod open;
mod plan;
mod project;
mod relay;
mod retention;
mod run_loop;
mod schedules;
mod shared;
mod threads;
mod verbs;

pub use ask::Command;
pub use chunk::{ChunkAnswer, ChunkOrder, Committed, Teller, Told};
pub use cluster::{ClusterAnswer, ClusterHost};
pub use error::{Error, Result};
pub use limits::fixed::planned_workers;
pub use limits::hardware::{Hardware, HardwareStatus};
pub use limits::{LimitChange, LimitClass, LimitStatus};
pub use node::LEASE;
pub use open::{Dispatch, EngineOptions, LimitOptions};
pub use project::{Adopted, Folded, Projected, Projection, Step};
pub use relay::{
    BreakerStatus, DestinationStatus, DryRun, LimiterStatus, RelayOptions, ReplayFilter, Replayed,
};
pub use retention::{Retention, Swept};
pub use run_loop::signal_deadline;
pub use schedules::NewScheduleSpec;
pub use shared::Engine;
pub use verbs::{StartRun, Started};
