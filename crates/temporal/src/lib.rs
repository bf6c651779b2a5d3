//! The Temporal host: the same runs, driven by workflows on a Temporal cluster.
//!
//! ```text
//! Engine::start ─▶ row of a queued run ─▶ Cluster::start ─▶ workflow HeadwayRun (core::Machine, timers, signals, updates)
//!                                                             │ chunk                          │ project
//!                                                             ▼                                ▼
//!                                    Engine::perform_chunk: attempts, rows,     Engine::project: events, the run's row,
//!                                    effects, an entry that says what was done  what the core's commands touch
//! ```
//!
//! The workflow decides and holds counts; items stay rows in Headway's store, and so do events, deliveries and the run as people
//! see it. The core is the same on both hosts: it has no clock, no randomness and no IO, so it runs inside a workflow as it is.

mod activities;
mod client;
mod drive;
mod error;
mod wire;
mod worker;
mod workflow;

pub use client::{Cluster, ClusterOptions};
pub use drive::Tuning;
pub use error::{Error, Result};
pub use wire::{Awaited, Reply, SignalSent};
pub use worker::{Worker, WorkerOptions};
pub use workflow::HeadwayRun;

/// The workflow that drives a run.
pub fn workflow_id(run: model::RunId) -> String {
    format!("headway-run-{run}")
}
