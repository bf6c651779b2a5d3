//! The graph: when stages open and close, and when the run waits or ends.

use crate::{Command, Machine, condition};
use model::{
    Definition, Fact, ForEach, OnFailure, Run, RunState, Stage, StageId, StageRun, StageState, TaskError,
    TaskState, Work,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// The figure that applications count errors under: a run where it is not 0 ends as `completed_with_errors`.
const ERRORS: &str = "errors";

impl Machine<'_> {
    /// Opens and closes whatever may, until nothing changes; then the run waits, goes on, or ends.
    pub(crate) fn settle(&mut self) {
        // Stages stand in topological order, so one pass opens and closes whole chains.
        for id in self.definition.ids() {
            if self.run.state.is_final() {
                return;
            }
            self.settle_stage(id);
        }
        self.settle_run();
    }

    fn settle_stage(&mut self, id: StageId) {
        let definition = self.definition;
        let Some(stage) = definition.stage(id) else { return };
        if self.state_of(id) == StageState::Pending
            && stage.needs.iter().all(|need| self.state_of(*need).is_over())
        {
            self.open(id, stage);
        }
        if self.state_of(id) == StageState::Open && self.is_exhausted(id, stage) {
            let counts = self.run.stages[id.index()].counts;
            self.emit(Fact::StageClosed { stage: id, counts });
        }
    }

    fn open(&mut self, id: StageId, stage: &Stage) {
        match self.is_wanted(stage) {
            Ok(true) => self.open_wanted(id, stage),
            Ok(false) => {
                let held = self.run.stages[id.index()].counts.waiting;
                let reason = Arc::from(stage.when.as_deref().unwrap_or_default());
                self.emit(Fact::StageSkipped { stage: id, held, reason });
                if held > 0 {
                    self.command(Command::SkipTasks { stage: id });
                }
            }
            Err(error) => {
                let message = format!("condition of stage '{}': {error}", stage.name);
                self.fail_run(TaskError::new("condition_failed", message));
            }
        }
    }

    fn open_wanted(&mut self, id: StageId, stage: &Stage) {
        let waits = matches!(stage.work, Work::Signal { .. });
        let state = if waits { TaskState::Waiting } else { TaskState::Ready };
        let StageRun { counts, round, .. } = self.run.stages[id.index()];
        let released = if waits { 0 } else { counts.waiting };
        // A stage that opens again after a retry makes its task anew only where its round says so.
        let created = match stage.for_each {
            ForEach::Once => u64::from(counts.total <= u64::from(round)),
            ForEach::Input if counts.total == 0 => input_items(&self.run.input).len() as u64,
            ForEach::Input | ForEach::Stage(_) => 0,
        };
        self.emit(Fact::StageOpened { stage: id, released, created, waiting: waits });
        if released > 0 {
            self.command(Command::ReleaseTasks { stage: id });
        }
        match stage.for_each {
            ForEach::Once if created > 0 => {
                self.command(Command::CreateTask { stage: id, key: single_key(round), state });
            }
            ForEach::Input if created > 0 => self.command(Command::CreateInputTasks { stage: id, state }),
            _ => {}
        }
    }

    fn is_wanted(&self, stage: &Stage) -> Result<bool, condition::ConditionError> {
        let Some(when) = &stage.when else { return Ok(true) };
        condition::evaluate(when, &self.run.input, &self.stage_values())
    }

    /// What conditions see of the stages.
    fn stage_values(&self) -> BTreeMap<String, Value> {
        let pairs = self.definition.stages.iter().zip(&self.run.stages);
        pairs
            .map(|(stage, run)| {
                let counts = run.counts;
                let value = json!({
                    "state": run.state, "total": counts.total, "done": counts.done,
                    "failed": counts.failed, "skipped": counts.skipped,
                });
                (stage.name.clone(), value)
            })
            .collect()
    }

    /// Whether no task is left and none can come.
    fn is_exhausted(&self, id: StageId, stage: &Stage) -> bool {
        let counts = self.run.stages[id.index()].counts;
        let fed = match stage.for_each {
            ForEach::Stage(source) => self.state_of(source).is_over(),
            ForEach::Once | ForEach::Input => true,
        };
        fed && counts.ended() == counts.total
    }

    fn settle_run(&mut self) {
        let pending: u64 = self.run.stages.iter().map(|stage| stage.counts.pending()).sum();
        let all_over = self.run.stages.iter().all(|stage| stage.state.is_over());
        match self.run.state {
            // A paused run ends when it is resumed: whoever paused it wanted it held.
            RunState::Running | RunState::Waiting if all_over && self.run.deliveries.unsent() == 0 => {
                self.complete();
            }
            // Its work is done; what it staged is still on its way.
            RunState::Waiting if all_over => self.emit(Fact::Continued),
            RunState::Running if all_over => {}
            RunState::Running if pending == 0 => self.emit(Fact::Waiting),
            RunState::Waiting if pending > 0 => self.emit(Fact::Continued),
            _ => {}
        }
    }

    /// Ends the run. Whatever did not reach its end well is named by the state: failed tasks, counted errors, deliveries
    /// that did not arrive.
    fn complete(&mut self) {
        let failed = self.run.stages.iter().any(|stage| stage.counts.failed > 0);
        let errors = self.run.counters.get(ERRORS).is_some_and(|count| *count != 0);
        let undelivered = self.run.deliveries.done < self.run.deliveries.staged;
        let well = !(failed || errors || undelivered);
        let state = if well { RunState::Completed } else { RunState::CompletedWithErrors };
        self.emit(Fact::Ended { state, error: None });
    }

    /// The host found that whatever is left to deliver waits for a dead delivery: the run is not held for it.
    pub(crate) fn blocked(&mut self, count: u64) {
        let active = matches!(self.run.state, RunState::Running | RunState::Waiting);
        let all_over = self.run.stages.iter().all(|stage| stage.state.is_over());
        if active && all_over && count > 0 && count == self.run.deliveries.unsent() {
            self.emit(Fact::Blocked { count });
            self.complete();
        }
    }

    /// Whether a task of `stage` that failed for good fails the run.
    pub(crate) fn fails_run(&self, stage: StageId) -> bool {
        self.definition.stage(stage).is_some_and(|stage| stage.on_failure == OnFailure::FailRun)
    }

    pub(crate) fn fail_run(&mut self, error: TaskError) {
        self.emit(Fact::Ended { state: RunState::Failed, error: Some(error) });
        self.command(Command::CancelTasks);
    }

    pub(crate) fn state_of(&self, id: StageId) -> StageState {
        self.run.stages.get(id.index()).map_or(StageState::Pending, |stage| stage.state)
    }
}

/// See [`Machine::receiving`].
pub(crate) fn receiving(definition: &Definition, run: &Run, id: StageId) -> Option<TaskState> {
    let waits = matches!(definition.stage(id)?.work, Work::Signal { .. });
    match run.stages.get(id.index())?.state {
        StageState::Skipped => None,
        StageState::Open if !waits => Some(TaskState::Ready),
        StageState::Open | StageState::Pending | StageState::Closed => Some(TaskState::Waiting),
    }
}

/// The entries of a run input's `items`.
pub fn input_items(input: &Value) -> &[Value] {
    input.get("items").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The key of a stage's single task: empty at first, `#n` when a retry makes it anew.
fn single_key(round: u32) -> Arc<str> {
    if round == 0 { Arc::from("") } else { Arc::from(format!("#{round}")) }
}
