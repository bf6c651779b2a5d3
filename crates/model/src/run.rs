//! A run's state: what the core folds from events. O(stages), whatever the number of items.

use crate::{RunId, StageId, TaskError, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// One execution of a definition on an input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Hash of the definition it runs.
    pub definition: Arc<str>,
    /// Where it is in its life.
    pub state: RunState,
    /// Number of its newest event; the first is 1.
    pub run_seq: u64,
    /// What it runs on. Stored once, apart from the state that every commit writes.
    #[serde(skip)]
    pub input: Arc<Value>,
    /// One for each stage of the definition, in its order.
    pub stages: Vec<StageRun>,
    /// The application's own figures, such as `keywords`.
    pub counters: BTreeMap<String, i64>,
    /// Its deliveries, counted.
    #[serde(default)]
    pub deliveries: DeliveryCounts,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<TaskError>,
}

/// Where a run is in its life.
///
/// ```text
/// queued ─▶ running ⇄ waiting (only signals are left to come)
///              ⇅         ⇅
///            paused ◀────┘
/// any of these ─▶ completed | completed_with_errors | failed | cancelled ─retry─▶ running
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Created, not begun.
    Queued,
    /// Tasks are ready or under way.
    Running,
    /// Nothing can go on before a signal.
    Waiting,
    /// Held by a person: attempts under way end, none begin.
    Paused,
    /// Every task ended well.
    Completed,
    /// Ended, with tasks that failed.
    CompletedWithErrors,
    /// Ended by a failure.
    Failed,
    /// Ended by a person.
    Cancelled,
}

impl RunState {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Paused,
        Self::Completed,
        Self::CompletedWithErrors,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Whether nothing more will happen to the run by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::CompletedWithErrors | Self::Failed | Self::Cancelled)
    }

    /// The word for it in SQL, JSON and on the dashboard.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::CompletedWithErrors => "completed_with_errors",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl std::str::FromStr for RunState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// A stage's part of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageRun {
    /// Where it is in its life.
    pub state: StageState,
    /// How often it was opened again by a retry; part of the key of a stage's single task.
    pub round: u32,
    /// Its tasks, counted.
    pub counts: StageCounts,
    /// When it opened.
    pub opened_at: Option<Timestamp>,
    /// When it closed.
    pub closed_at: Option<Timestamp>,
    /// How often its tasks were thrown away to be made again. Fences of later ones begin higher, so that an attempt of
    /// a task thrown away can never settle the one that has its name now.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub remade: u32,
    /// What its tasks added to the run's figures: taken back when they all run again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counters: BTreeMap<String, i64>,
}

/// Leases that a task can have before its fences would reach those of the task made after it. Far more than any task
/// gets: after 50 deaths of its worker a task fails.
const FENCES_OF_A_TASK: i64 = 1 << 24;

impl StageRun {
    /// Below the first fence of the tasks that the stage makes now.
    pub fn fence_base(&self) -> i64 {
        i64::from(self.remade) * FENCES_OF_A_TASK
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Where a stage is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// What it needs is not closed yet; its tasks, if any, wait.
    #[default]
    Pending,
    /// Its tasks may run.
    Open,
    /// No task is left and none can come.
    Closed,
    /// Its condition was false.
    Skipped,
}

impl StageState {
    /// Whether stages that need this one may open.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Skipped)
    }
}

/// A stage's tasks, counted. `total` is the sum of all but `retries`, with what is left over being pending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageCounts {
    /// Tasks created.
    pub total: u64,
    /// Held: the stage is not open, or they wait for a signal.
    pub waiting: u64,
    /// Ended well.
    pub done: u64,
    /// Ended badly, for good.
    pub failed: u64,
    /// Had nothing to do.
    pub skipped: u64,
    /// Ended with their run.
    pub cancelled: u64,
    /// Failed attempts that were tried again.
    pub retries: u64,
}

impl StageCounts {
    /// Tasks that are ready or leased.
    pub fn pending(&self) -> u64 {
        self.total.saturating_sub(self.waiting + self.ended())
    }

    /// Tasks that have ended.
    pub fn ended(&self) -> u64 {
        self.done + self.failed + self.skipped + self.cancelled
    }
}

/// A run's deliveries, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryCounts {
    /// Staged.
    pub staged: u64,
    /// At their destination.
    pub done: u64,
    /// Given up.
    pub dead: u64,
}

impl DeliveryCounts {
    /// Neither at their destination nor given up.
    pub fn unsent(&self) -> u64 {
        self.staged.saturating_sub(self.done + self.dead)
    }
}

/// A signal that a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingFor {
    /// The stage that waits.
    pub stage: StageId,
    /// The signal's name.
    pub signal: String,
    /// Since when.
    pub since: Timestamp,
}
