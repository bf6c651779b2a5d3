//! Events: immutable facts of a run. The run's state is their fold.

use crate::{DeliveryEnd, RunState, StageCounts, StageId, StageState, TaskError, Timestamp};
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
    /// Tasks were made ready again: those that failed, or all from a stage on.
    Retried {
        /// Who.
        by: Arc<str>,
        /// The stages reopened, with what of them runs again.
        stages: Vec<Reopened>,
    },
    /// A stage may run.
    StageOpened {
        /// The stage.
        stage: StageId,
        /// Tasks that it held and that are ready now.
        released: u64,
        /// Tasks made at its opening: one, or one for each entry of the input's `items`; 0 where items stream in.
        created: u64,
        /// Whether the tasks made wait for a signal.
        waiting: bool,
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
        /// Tasks that it held and that are skipped with it.
        held: u64,
        /// The condition.
        reason: Arc<str>,
    },
    /// An attempt under way added items, or reported figures.
    Emitted {
        /// Its stage.
        stage: StageId,
        /// Its item.
        key: Arc<str>,
        /// Tasks made of the items.
        created: Vec<Created>,
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
        /// Tasks made of the items that flowed on.
        created: Vec<Created>,
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
        /// Tasks made of the items that flowed on.
        created: Vec<Created>,
        /// What it carried.
        payload: Arc<Value>,
    },
    /// A signal did not come in time; the tasks that waited failed.
    SignalExpired {
        /// The stage that waited.
        stage: StageId,
        /// How many tasks failed.
        count: u64,
        /// Says so.
        error: TaskError,
    },
    /// Deliveries were staged.
    Staged {
        /// Their destination.
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
    /// All deliveries that are left wait for a dead one.
    Blocked {
        /// How many.
        count: u64,
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
    /// A fact of the application, such as `error`.
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

/// Tasks made of items, in a stage fed by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The stage that got them.
    pub stage: StageId,
    /// How many.
    pub count: u64,
    /// Whether they are held: the stage is not open yet, or it waits for a signal.
    pub waiting: bool,
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
    /// Whether those are all that comes back.
    pub redo: Redo,
    /// Where the stage stands now: open, or pending until what it needs has closed again.
    pub state: StageState,
    /// Whether its single task is made anew, since what it saw has changed.
    pub anew: bool,
    /// Whether the tasks are held (`waiting`) instead of ready.
    pub waiting: bool,
}

/// What of a stage runs again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redo {
    /// Tasks that did not end well.
    #[default]
    Unfinished,
    /// All tasks, those that ended well too; the stage's part of the run's figures is taken back.
    All,
    /// Its tasks are thrown away and made again by what feeds it; its part of the figures is taken back.
    Remake,
}
