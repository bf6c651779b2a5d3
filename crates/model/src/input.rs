//! Inputs: everything that can happen to a run from outside the core.

use crate::{DeliveryEnd, Failure, StageId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// A task as the core knows it: which stage, which item, which attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRef {
    /// Its stage.
    pub stage: StageId,
    /// Its item.
    pub key: Arc<str>,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// Items that an attempt adds to the stages fed by its own. The host has already dropped those whose key the
/// receiving stage has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmittedItems {
    /// The stage that gets them.
    pub stage: StageId,
    /// How many.
    pub count: u64,
}

/// What can happen to a run. It has a JSON form, so that a host on several machines can pass it on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Input {
    /// Begin.
    Start,
    /// An attempt under way emitted a chunk of items, or figures.
    Emitted {
        /// The emitting task.
        task: TaskRef,
        /// New items by receiving stage.
        items: Vec<EmittedItems>,
        /// Changes of the application's figures.
        counters: Vec<(Arc<str>, i64)>,
    },
    /// An attempt ended well.
    Succeeded {
        /// The task.
        task: TaskRef,
        /// New items by receiving stage.
        items: Vec<EmittedItems>,
        /// Changes of the application's figures.
        counters: Vec<(Arc<str>, i64)>,
        /// How long it took, in milliseconds.
        ms: u64,
    },
    /// An attempt failed.
    Failed {
        /// The task.
        task: TaskRef,
        /// How.
        failure: Failure,
        /// Changes of the application's figures, taken only where the task fails for good.
        counters: Vec<(Arc<str>, i64)>,
        /// How long it took, in milliseconds.
        ms: u64,
        /// Random bits for the jitter of the next attempt's delay.
        random: u32,
    },
    /// A worker died; the tasks it held can be leased again.
    Lost {
        /// Their stage.
        stage: StageId,
        /// How many.
        count: u64,
        /// The worker.
        worker: Arc<str>,
    },
    /// A signal for waiting tasks.
    Signal {
        /// Its name.
        name: Arc<str>,
        /// The stage that waits for it.
        stage: StageId,
        /// How many tasks of the stage it ends; the host counted them.
        count: u64,
        /// New items by receiving stage.
        items: Vec<EmittedItems>,
        /// What it carries.
        payload: Arc<Value>,
        /// Who sent it.
        by: Arc<str>,
    },
    /// The time to wait for a signal is over.
    SignalExpired {
        /// The stage that waited.
        stage: StageId,
    },
    /// Hold the run.
    Pause {
        /// Who.
        by: Arc<str>,
    },
    /// Let it go on.
    Resume {
        /// Who.
        by: Arc<str>,
    },
    /// End it.
    Cancel {
        /// Who.
        by: Arc<str>,
        /// Why.
        reason: Arc<str>,
    },
    /// Make failed tasks ready again: of one stage, or of all; one item, or all.
    RetryFailed {
        /// Which stage; all where absent.
        stage: Option<StageId>,
        /// How many failed tasks of which stage are meant where keys were named; all of them otherwise.
        chosen: Option<Vec<(StageId, u64)>>,
        /// Who.
        by: Arc<str>,
    },
    /// Deliveries were staged for a destination, under keys that it did not have.
    Staged {
        /// The destination.
        destination: Arc<str>,
        /// How many.
        count: u64,
    },
    /// An attempt at a delivery ended.
    Settled {
        /// The delivery's key.
        key: Arc<str>,
        /// Its destination.
        destination: Arc<str>,
        /// What the destination makes of it.
        kind: Arc<str>,
        /// What became of it.
        end: DeliveryEnd,
    },
    /// Dead deliveries were made pending again.
    Replayed {
        /// How many.
        count: u64,
        /// Who.
        by: Arc<str>,
    },
    /// All deliveries that are left wait for a dead one: the host looked.
    Blocked {
        /// How many are left; the input counts only where that is still so.
        count: u64,
    },
    /// Run a stage and all that follows it again, of a run that has ended.
    RetryFrom {
        /// The stage.
        stage: StageId,
        /// Who.
        by: Arc<str>,
    },
    /// A line of an activity's log.
    Log {
        /// The task.
        task: TaskRef,
        /// `debug`, `info`, `warn` or `error`.
        level: Arc<str>,
        /// The line.
        message: Arc<str>,
    },
    /// A fact of the application.
    App {
        /// The task.
        task: TaskRef,
        /// Its name.
        name: Arc<str>,
        /// What it says.
        data: Arc<serde_json::value::RawValue>,
    },
}
