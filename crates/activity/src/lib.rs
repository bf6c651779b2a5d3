//! What an application is written against: activities, what they are given, and what they answer.
//!
//! An activity performs attempts. It never writes to the database: it *returns* its effects, and the engine commits
//! them together with the attempt's outcome, in one transaction. A crash leaves all of it or none.
//!
//! ```text
//! task ─lease─▶ Activity::run(Context) ─▶ Outcome { output, items, counters, effects, notes }
//!                                            └─ one Batch: task settled + events + child tasks + effects
//! ```

mod app;
pub mod connector;
mod context;
mod outcome;
pub mod text;

pub use app::{App, Forget, Registry};
pub use context::{Attempt, CancelFlag, Chunk, Context, EmitError, Link, Log, Progress};
pub use outcome::{Effects, Failed, Items, Note, Outcome, Success};

use model::{RunId, TaskError, WaitClass};
use std::{future::Future, pin::Pin, sync::Arc};

/// A future that an activity's attempt is.
pub type AttemptFuture = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Work that waits: for disk, network, other processes. Runs on the async runtime and must not block it.
pub trait Activity: Send + Sync + 'static {
    /// Performs one attempt. It should return soon after `context.cancelled()`.
    fn run(self: Arc<Self>, context: Context) -> AttemptFuture;

    /// What the application writes when a task fails for good, however it came to that: by the activity's own
    /// answer, a panic, a timeout or a lost worker. Committed with the failure.
    fn failed(&self, _attempt: &Attempt, _error: &TaskError) -> Effects {
        Effects::default()
    }

    /// What the application writes when all tasks of its stage `stage` of `run` are thrown away, since the run goes on
    /// from an earlier stage: the rows that they left. Committed with it.
    fn forgotten(&self, _run: RunId, _stage: &str) -> Vec<db::Statement> {
        Vec::new()
    }
}

/// Work that computes. Runs on a thread of the engine's own, one task a thread, never on the async runtime.
pub trait CpuActivity: Send + Sync + 'static {
    /// Performs one attempt; panics are caught and become a failure. It should look at `context.is_cancelled()`
    /// between steps.
    fn run(&self, context: &Context) -> Outcome;

    /// As [`Activity::failed`].
    fn failed(&self, _attempt: &Attempt, _error: &TaskError) -> Effects {
        Effects::default()
    }

    /// As [`Activity::forgotten`].
    fn forgotten(&self, _run: RunId, _stage: &str) -> Vec<db::Statement> {
        Vec::new()
    }
}

/// An activity as registered: its code and what its attempts wait for.
#[derive(Clone)]
pub enum Performer {
    /// Runs on the async runtime, under the limit of `class`.
    Async(Arc<dyn Activity>, WaitClass),
    /// Runs on the engine's CPU threads, under the limit `cpu`.
    Cpu(Arc<dyn CpuActivity>),
}

impl Performer {
    /// The limit that its attempts come under.
    pub fn class(&self) -> WaitClass {
        match self {
            Self::Async(_, class) => class.clone(),
            Self::Cpu(_) => WaitClass::Cpu,
        }
    }

    /// What the application writes when `attempt`'s task fails for good.
    pub fn failed(&self, attempt: &Attempt, error: &TaskError) -> Effects {
        match self {
            Self::Async(activity, _) => activity.failed(attempt, error),
            Self::Cpu(activity) => activity.failed(attempt, error),
        }
    }

    /// What the application writes when all tasks of its stage `stage` of `run` are thrown away.
    pub fn forgotten(&self, run: RunId, stage: &str) -> Vec<db::Statement> {
        match self {
            Self::Async(activity, _) => activity.forgotten(run, stage),
            Self::Cpu(activity) => activity.forgotten(run, stage),
        }
    }
}
