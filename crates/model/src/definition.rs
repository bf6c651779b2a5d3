//! What a pipeline is: the document a person writes, and the definition compiled from it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Most stages a definition may have: run state is O(stages), and so must stay small.
pub const MAX_STAGES: usize = 200;
/// Longest text of a condition, in bytes: deeper expressions overflow every engine's stack.
pub const MAX_CONDITION_BYTES: usize = 4096;

/// A stage's place in its definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StageId(pub u16);

impl StageId {
    /// The place as an index.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A pipeline as written (YAML, or built by an application): stages name each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineDocument {
    /// Name by which runs are started: lower-case letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// Version chosen by its author; a change of the document without a change of version is a new hash.
    #[serde(default = "one")]
    pub version: u32,
    /// What people read.
    #[serde(default)]
    pub title: String,
    /// JSON Schema of a run's input, for forms and checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    /// The stages, in reading order.
    pub stages: Vec<StageDocument>,
}

fn one() -> u32 {
    1
}

/// One stage as written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StageDocument {
    /// Unique within the pipeline.
    pub name: String,
    /// What people read; the name where absent.
    pub title: String,
    /// Stages that must be closed before this one opens.
    pub needs: Vec<String>,
    /// `input` (one task for each entry of the input's `items`), or a stage whose items stream in. Absent: one task.
    pub for_each: Option<String>,
    /// With `for_each`: wait until that stage has closed (a barrier), instead of streaming.
    pub join_all: bool,
    /// Condition over `input` and `stages`; false skips the stage.
    pub when: Option<String>,
    /// The activity that does the work; exactly one of `activity` and `signal`.
    pub activity: Option<String>,
    /// The signal that this stage waits for.
    pub signal: Option<String>,
    /// Parameters of the activity.
    pub params: BTreeMap<String, Value>,
    /// How failed attempts are tried again.
    pub retry: Option<Retry>,
    /// Longest time of an attempt (or of waiting for the signal), in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Longest silence of an attempt, in milliseconds.
    pub heartbeat_timeout_ms: Option<u64>,
    /// Most attempts at once; pins the adaptive limit.
    pub concurrency: Option<u32>,
    /// What a task that failed for good does to its run.
    pub on_failure: OnFailure,
}

/// A pipeline compiled: checked, immutable, hashed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Name by which runs are started.
    pub name: String,
    /// Version chosen by its author.
    pub version: u32,
    /// What people read.
    pub title: String,
    /// SHA-256 (hex) of the canonical document.
    pub hash: String,
    /// JSON Schema of a run's input.
    pub input_schema: Option<Value>,
    /// Stages in topological order: whatever a stage needs stands before it.
    pub stages: Vec<Stage>,
}

impl Definition {
    /// The stage at `id`; `None` where a stored id does not belong to this definition.
    pub fn stage(&self, id: StageId) -> Option<&Stage> {
        self.stages.get(id.index())
    }

    /// The stage called `name`.
    pub fn find(&self, name: &str) -> Option<StageId> {
        let index = self.stages.iter().position(|stage| stage.name == name)?;
        u16::try_from(index).ok().map(StageId)
    }

    /// Stages that take their items from `source`, in order.
    pub fn fed_by(&self, source: StageId) -> impl Iterator<Item = StageId> + '_ {
        self.ids()
            .filter(move |id| self.stage(*id).is_some_and(|stage| stage.for_each == ForEach::Stage(source)))
    }

    /// The ids of all stages, in order.
    pub fn ids(&self) -> impl Iterator<Item = StageId> + use<> {
        (0..u16::try_from(self.stages.len()).unwrap_or(u16::MAX)).map(StageId)
    }
}

/// A node of the graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Unique within the definition.
    pub name: String,
    /// What people read.
    pub title: String,
    /// Stages that must be closed before this one opens. Holds `for_each`'s stage too where it is a barrier.
    pub needs: Vec<StageId>,
    /// Where its items come from.
    pub for_each: ForEach,
    /// Condition over `input` and `stages`; false skips the stage.
    pub when: Option<String>,
    /// What its tasks do.
    pub work: Work,
    /// How failed attempts are tried again.
    pub retry: Retry,
    /// Longest time of an attempt, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Longest silence of an attempt, in milliseconds.
    pub heartbeat_timeout_ms: Option<u64>,
    /// Most attempts at once.
    pub concurrency: Option<u32>,
    /// What a task that failed for good does to its run.
    pub on_failure: OnFailure,
}

/// Where a stage's items come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForEach {
    /// One task, with the empty key.
    Once,
    /// One task for each entry of the run input's `items`.
    Input,
    /// One task for each item of another stage, as soon as it is done.
    Stage(StageId),
}

/// What a stage's tasks do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// An activity performs each attempt.
    Activity {
        /// Registered name.
        name: String,
        /// Its parameters.
        params: Value,
    },
    /// Tasks wait for a signal; its payload becomes their output.
    Signal {
        /// The signal's name.
        name: String,
    },
}

/// How failed attempts are tried again: exponential, with full jitter on the upper part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Attempts in all, the first included.
    pub max_attempts: u32,
    /// Delay before the second attempt, in milliseconds.
    pub initial_ms: u64,
    /// Growth of the delay from one attempt to the next.
    pub factor: f64,
    /// Longest delay, in milliseconds.
    pub max_ms: u64,
    /// Part of the delay that is random, 0 to 1.
    pub jitter: f64,
}

impl Default for Retry {
    fn default() -> Self {
        Self { max_attempts: 3, initial_ms: 500, factor: 2.0, max_ms: 60_000, jitter: 0.5 }
    }
}

/// What a task that failed for good does to its run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The run fails at once; what is pending is cancelled.
    #[default]
    FailRun,
    /// The run carries on and ends as `completed_with_errors`.
    Continue,
}

/// What an activity waits for: the limit that its attempts come under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitClass {
    /// A core.
    Cpu,
    /// Disk, network, other processes.
    Io,
    /// A rate-limited service, by the name of its bucket.
    Bucket(String),
}

impl std::fmt::Display for WaitClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Io => f.write_str("io"),
            Self::Bucket(name) => write!(f, "bucket:{name}"),
        }
    }
}
