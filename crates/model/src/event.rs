//! Events: immutable facts of a run. The run's state is their fold.

use crate::{RunState, StageCounts, StageId, TaskError, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use std::sync::Arc;

/// A fact with its time. Its number is its place: the n-th event of a run has `run_seq` n.
#[derive(Clone, Debug)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub fact: Fact,
}

/// A change of an application's own figures, by name. Small, and mostly empty.
pub type Deltas = Vec<(Arc<str>, i64)>;

/// What happened. Each variant says all that the fold needs.
#[derive(Clone, Debug)]
pub enum Fact {
    /// The run was created. Always the first event.
    Created {
        /// Who asked for it.
        by: Arc<str>,
    },
    /// The run began.
    Started,
    /// Nothing can go on before a signal.
    Waiting,
    /// A signal, or tasks created by it, set the run going again.
    Continued,
    /// A person holds the run.
    Paused {
        /// Who.
        by: Arc<str>,
    },
    /// The run goes on.
    Resumed {
        /// Who.
        by: Arc<str>,
    },
    /// The run ended by itself.
    Ended {
        /// `Completed`, `CompletedWithErrors` or `Failed`.
        state: RunState,
        /// Why it failed.
        error: Option<TaskError>,
    },
    /// A person ended the run.
    Cancelled {
        /// Who.
        by: Arc<str>,
        /// Why.
        reason: Arc<str>,
    },
    /// Failed tasks were made ready again.
    Retried {
        /// Who.
        by: Arc<str>,
        /// The stages reopened, with how many of their failed and cancelled tasks are ready again.
        stages: Vec<Reopened>,
    },
    /// A stage may run; the tasks it held are ready (or wait for its signal).
    StageOpened {
        /// The stage.
        stage: StageId,
    },
    /// No task of the stage is left and none can come.
    StageClosed {
        /// The stage.
        stage: StageId,
        /// Its tasks, counted.
        counts: StageCounts,
    },
    /// The stage's condition was false.
    StageSkipped {
        /// The stage.
        stage: StageId,
        /// The condition.
        reason: Arc<str>,
    },
    /// Items were added to a stage, as tasks.
    TasksCreated {
        /// The stage that got them.
        stage: StageId,
        /// How many.
        count: u64,
    },
    /// A long attempt reported figures before its end.
    Counted {
        /// Changes of the application's figures.
        counters: Deltas,
    },
    /// A task ended well.
    TaskDone {
        /// Its stage.
        stage: StageId,
        /// Its item.
        key: Arc<str>,
        /// The attempt that did it.
        attempt: u32,
        /// How long the attempt took, in milliseconds.
        ms: u64,
        /// Changes of the application's figures.
        counters: Deltas,
    },
    /// An attempt failed and will be tried again.
    TaskRetrying {
        /// Its stage.
        stage: StageId,
        /// Its item.
        key: Arc<str>,
        /// The attempt that failed.
        attempt: u32,
        /// What went wrong.
        error: TaskError,
        /// Not before then.
        due_at: Timestamp,
    },
    /// A task failed for good.
    TaskFailed {
        /// Its stage.
        stage: StageId,
        /// Its item.
        key: Arc<str>,
        /// The last attempt.
        attempt: u32,
        /// How long the attempt took, in milliseconds.
        ms: u64,
        /// What went wrong.
        error: TaskError,
        /// Changes of the application's figures.
        counters: Deltas,
    },
    /// A worker died or was cut off; the tasks it held are ready again.
    TasksLost {
        /// The stage they belong to.
        stage: StageId,
        /// How many.
        count: u64,
        /// Which worker held them.
        worker: Arc<str>,
    },
    /// A signal arrived and ended waiting tasks.
    Signalled {
        /// The stage that waited.
        stage: StageId,
        /// The signal's name.
        name: Arc<str>,
        /// Who sent it.
        by: Arc<str>,
        /// How many tasks it ended.
        count: u64,
        /// What it carried.
        payload: Arc<Value>,
    },
    /// A line of an activity's log.
    Log {
        /// Its stage.
        stage: StageId,
        /// Its item.
        key: Arc<str>,
        /// `debug`, `info`, `warn` or `error`.
        level: Arc<str>,
        /// The line.
        message: Arc<str>,
    },
    /// A fact of the application, such as `ingest.error`.
    App {
        /// Its stage.
        stage: StageId,
        /// Its item.
        key: Arc<str>,
        /// Its name, without the leading `app.`.
        name: Arc<str>,
        /// What it says.
        data: Arc<RawValue>,
    },
}

/// A stage that a retry reopened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    /// The stage.
    pub stage: StageId,
    /// Failed tasks that are ready again.
    pub failed: u64,
    /// Cancelled tasks that are ready again.
    pub cancelled: u64,
    /// Whether it goes back to `pending`, to run anew once what it needs has closed.
    pub anew: bool,
}
