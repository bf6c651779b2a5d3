//! What goes through Temporal: arguments and answers of the workflow and its activities, as JSON.

use crate::drive::Tuning;
use engine::{Command, Committed};
use model::{RunId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// What the workflow is begun with, and what it continues as new with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Begin {
    /// The run.
    pub run: RunId,
    /// How it goes about it. Part of the history: workers that are set otherwise replay the same.
    pub tuning: Tuning,
}

/// Commits of a chunk under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tell {
    /// The chunk's lane.
    pub lane: u32,
    /// Its number.
    pub number: i64,
    /// What it committed, in order.
    pub commits: Vec<Committed>,
}

/// Asks the store what a command means.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ask {
    /// The run.
    pub run: RunId,
    /// The command.
    pub command: Command,
    /// When it was taken.
    pub at: Timestamp,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// It is on the disk.
    Done,
    /// The run does not take it.
    Refused {
        /// The stable word for why.
        code: String,
        /// Why, in a sentence.
        message: String,
    },
}

/// A step of a command, or why there is none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Asked {
    /// What the core is to take.
    Step(Box<engine::Step>),
    /// The run does not take it.
    Refused {
        /// The stable word for why.
        code: String,
        /// Why, in a sentence.
        message: String,
    },
}

/// Headway's signal, as `temporal workflow signal --name signal` sends it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignalSent {
    /// The signal's name.
    pub name: Arc<str>,
    /// The stage it is meant for; the first that waits for the name where absent.
    #[serde(default)]
    pub stage: Option<String>,
    /// The item it is meant for; all that wait where absent.
    #[serde(default)]
    pub key: Option<String>,
    /// What it carries.
    #[serde(default)]
    pub payload: Arc<Value>,
    /// Who.
    #[serde(default = "temporal")]
    pub by: Arc<str>,
}

pub(crate) fn temporal() -> Arc<str> {
    Arc::from("temporal")
}

impl From<SignalSent> for Command {
    fn from(sent: SignalSent) -> Self {
        let SignalSent { name, stage, key, payload, by } = sent;
        Self::Signal { name, stage, key, payload, by }
    }
}

/// A signal that the run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// The stage.
    pub stage: String,
    /// The signal's name.
    pub signal: String,
    /// How many tasks wait for it.
    pub tasks: u64,
    /// When they fail without it; absent where they wait for ever.
    pub until: Option<Timestamp>,
}
