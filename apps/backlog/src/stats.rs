//! Where a backlog stands, derived from its run: nothing here is counted twice.

use model::StageRun;
use serde::{Deserialize, Serialize};
use store::RunRecord;
use utoipa::ToSchema;

/// A backlog's figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct BacklogStats {
    /// Epics written.
    pub epics: u64,
    /// Features written.
    pub features: u64,
    /// Stories written.
    pub stories: u64,
    /// Tasks written.
    pub tasks: u64,
    /// Test cases written.
    pub test_cases: u64,
    /// Items under the threshold, kept all the same.
    pub flagged: u64,
    /// How often items were written again.
    pub regenerated: u64,
    /// Tokens that the model read.
    pub prompt_tokens: u64,
    /// Tokens that the model wrote.
    pub completion_tokens: u64,
    /// What the model cost, in millionths of a US dollar.
    pub cost_micro_usd: u64,
    /// Items staged.
    pub staged: u64,
    /// Items at their destination.
    pub delivered: u64,
    /// Items given up.
    pub dead: u64,
}

/// Which of its steps a backlog is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BacklogPhase)]
pub enum Phase {
    /// Items are written.
    Generating,
    /// A person looks, and approves or does not.
    Review,
    /// Items are staged and sent.
    Delivering,
    /// The run has ended.
    Done,
}

/// The figures of a backlog's run.
pub fn stats(record: &RunRecord) -> BacklogStats {
    let counter =
        |name: &str| record.run.counters.get(name).map_or(0, |count| u64::try_from(*count).unwrap_or(0));
    let deliveries = record.run.deliveries;
    BacklogStats {
        epics: counter("epics"),
        features: counter("features"),
        stories: counter("stories"),
        tasks: counter("tasks"),
        test_cases: counter("test_cases"),
        flagged: counter("flagged"),
        regenerated: counter("regenerated"),
        prompt_tokens: counter("prompt_tokens"),
        completion_tokens: counter("completion_tokens"),
        cost_micro_usd: counter("cost_micro_usd"),
        staged: deliveries.staged,
        delivered: deliveries.done,
        dead: deliveries.dead,
    }
}

/// The step that a backlog's run is at.
pub fn phase(record: &RunRecord) -> Phase {
    let is_over = |name: &str| stage(record, name).is_none_or(|stage| stage.state.is_over());
    if record.run.state.is_final() {
        Phase::Done
    } else if !is_over("review") {
        Phase::Generating
    } else if !is_over("approve") {
        Phase::Review
    } else {
        Phase::Delivering
    }
}

/// The part of a stage.
pub(crate) fn stage<'a>(record: &'a RunRecord, name: &str) -> Option<&'a StageRun> {
    let index = record.definition.stages.iter().position(|stage| stage.name == name)?;
    record.run.stages.get(index)
}
