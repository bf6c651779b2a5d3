//! The loop: one input in, events and commands out.

use crate::{InputKind, apply, is_legal};
use model::{
    Definition, DeliveryEnd, Event, Fact, Input, Retry, Run, RunId, RunState, StageId, StageRun, TaskRef,
    TaskState, Timestamp,
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// What an input did: facts to keep, work for the host.
#[derive(Clone, Debug, Default)]
pub struct Transition {
    /// In order; folding them gives the run's next state.
    pub events: Vec<Event>,
    /// To be done in the same transaction as the events are written.
    pub commands: Vec<Command>,
}

/// Work for the host, on task rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Make the single task of a stage.
    CreateTask {
        /// The stage.
        stage: StageId,
        /// Its key: empty, or `#n` where a retry made the stage run anew for the n-th time.
        key: Arc<str>,
        /// `Ready`, or `Waiting` for a signal.
        state: TaskState,
    },
    /// Make one task for each entry of the run input's `items`, with its index as key.
    CreateInputTasks {
        /// The stage.
        stage: StageId,
        /// `Ready`, or `Waiting` for a signal.
        state: TaskState,
    },
    /// The held tasks of a stage become ready.
    ReleaseTasks {
        /// The stage.
        stage: StageId,
    },
    /// The held tasks of a stage end as skipped.
    SkipTasks {
        /// The stage.
        stage: StageId,
    },
    /// The task becomes ready again, not before `due_at`.
    RetryTask {
        /// The task.
        task: TaskRef,
        /// Not before then.
        due_at: Timestamp,
        /// `false`: the attempt is not counted (the other side was busy).
        counted: bool,
    },
    /// The task ends as failed.
    FailTask {
        /// The task.
        task: TaskRef,
    },
    /// Waiting tasks of a stage end as failed: their signal did not come.
    ExpireTasks {
        /// The stage.
        stage: StageId,
    },
    /// Failed tasks (those chosen, or all), and all cancelled ones where asked, go back to `state`.
    ReviveTasks {
        /// The stage.
        stage: StageId,
        /// `Ready` or `Waiting`.
        state: TaskState,
        /// Whether cancelled tasks come back too.
        cancelled: bool,
    },
    /// All tasks of a stage, each of which has ended, go to `state`, whatever they ended with.
    RedoTasks {
        /// The stage.
        stage: StageId,
        /// `Ready` or `Waiting`.
        state: TaskState,
    },
    /// All tasks of a stage, each of which has ended, are deleted: what feeds it makes them again. What its activity has
    /// written for them goes too.
    ForgetTasks {
        /// The stage.
        stage: StageId,
    },
    /// Whatever has not ended, ends as cancelled; fences move on, so that late outcomes are refused.
    CancelTasks,
}

/// The run does not take this input in its state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// An illegal pair of the table.
    #[error("a run that is {} takes no {}", state.as_str(), input.as_str())]
    Illegal {
        /// The run's state.
        state: RunState,
        /// What was asked.
        input: InputKind,
    },
    /// The definition has no such stage.
    #[error("the run has no stage number {}", .0.0)]
    NoStage(StageId),
    /// Nothing waits for the signal.
    #[error("no task of the run waits for the signal '{0}'")]
    NotAwaited(Arc<str>),
    /// Nothing of the stage has run.
    #[error("the stage '{0}' has not begun, or was skipped: choose an earlier one to run again from")]
    NothingToRedo(Arc<str>),
    /// Nothing failed.
    #[error("the run has no failed task to retry")]
    NothingToRetry,
}

/// A run before its first event. `id`, times and input come from the host.
pub fn new_run(id: RunId, definition: &Definition, input: Arc<Value>, now: Timestamp) -> Run {
    Run {
        id,
        definition: Arc::from(definition.hash.as_str()),
        state: RunState::Queued,
        run_seq: 0,
        input,
        stages: definition.stages.iter().map(|_| StageRun::default()).collect(),
        counters: BTreeMap::new(),
        deliveries: model::DeliveryCounts::default(),
        created_at: now,
        started_at: None,
        ended_at: None,
        error: None,
    }
}

/// What `input` does to `run` at `now`.
///
/// # Errors
/// [`Refused`] where the run does not take the input; nothing has happened then.
pub fn advance(
    definition: &Definition,
    run: &Run,
    input: Input,
    now: Timestamp,
) -> Result<Transition, Refused> {
    let mut machine = Machine::new(definition, run.clone());
    machine.take(input, now)?;
    Ok(machine.into_parts().1)
}

/// Folds many inputs into one transition: a host that commits them together pays for one copy of the run.
pub struct Machine<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) run: Run,
    pub(crate) now: Timestamp,
    transition: Transition,
}

impl<'a> Machine<'a> {
    /// A machine at `run`'s state.
    pub fn new(definition: &'a Definition, run: Run) -> Self {
        Self { definition, run, now: Timestamp::default(), transition: Transition::default() }
    }

    /// The state so far.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The state and what led to it.
    pub fn into_parts(self) -> (Run, Transition) {
        (self.run, self.transition)
    }

    /// Takes the events and commands so far, and goes on from the state reached.
    pub fn take_transition(&mut self) -> Transition {
        std::mem::take(&mut self.transition)
    }

    /// Takes one input.
    ///
    /// # Errors
    /// [`Refused`]; the machine is as before.
    pub fn take(&mut self, input: Input, now: Timestamp) -> Result<(), Refused> {
        let kind = InputKind::of(&input);
        if !is_legal(self.run.state, kind) {
            return Err(Refused::Illegal { state: self.run.state, input: kind });
        }
        // Time never goes back within a run, whatever the clock does.
        self.now = now.max(self.now).max(self.run.created_at);
        match input {
            Input::Start => self.start(),
            Input::Emitted { task, items, counters } => self.emitted(task, &items, counters)?,
            Input::Succeeded { task, items, counters, ms } => self.succeeded(task, &items, counters, ms)?,
            Input::Failed { task, failure, counters, ms, random } => {
                self.failed(task, failure, counters, ms, random)?;
            }
            Input::Lost { stage, count, worker } => self.emit(Fact::TasksLost { stage, count, worker }),
            Input::Log { task, level, message } => {
                self.emit(Fact::Log { stage: task.stage, key: task.key, level, message });
            }
            Input::App { task, name, data } => {
                self.emit(Fact::App { stage: task.stage, key: task.key, name, data });
            }
            Input::Signal { name, stage, count, items, payload, by } => {
                self.signal(crate::verbs::Signal { name, stage, count, items, payload, by })?;
            }
            Input::SignalExpired { stage } => self.signal_expired(stage)?,
            Input::Pause { by } => self.emit(Fact::Paused { by }),
            Input::Resume { by } => self.resume(by),
            Input::Cancel { by, reason } => self.cancel(by, reason),
            Input::RetryFailed { stage, chosen, by } => self.retry_failed(stage, chosen.as_deref(), by)?,
            Input::RetryFrom { stage, by } => self.retry_from(stage, by)?,
            Input::Staged { destination, count } => {
                self.emit(Fact::Staged { destination, count });
                self.settle();
            }
            Input::Settled { key, destination, kind, end } => {
                let goes_on = matches!(end, DeliveryEnd::Again { .. });
                self.emit(Fact::Settled { key, destination, kind, end });
                if !goes_on {
                    self.settle();
                }
            }
            Input::Replayed { count, by } => {
                self.emit(Fact::Replayed { count, by });
                self.settle();
            }
            Input::Blocked { count } => self.blocked(count),
        }
        Ok(())
    }

    /// Keeps a fact that no input brings: a run's first, that it was created.
    pub fn record(&mut self, event: Event) {
        self.now = self.now.max(event.at);
        apply(&mut self.run, &event);
        self.transition.events.push(event);
    }

    /// How a task for `stage` would begin: ready, or waiting; `None` where the stage is skipped and takes none.
    pub fn receiving(&self, stage: StageId) -> Option<TaskState> {
        crate::graph::receiving(self.definition, &self.run, stage)
    }

    pub(crate) fn emit(&mut self, fact: Fact) {
        self.record(Event { at: self.now, fact });
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.transition.commands.push(command);
    }

    pub(crate) fn stage_run(&self, stage: StageId) -> Result<&StageRun, Refused> {
        self.run.stages.get(stage.index()).ok_or(Refused::NoStage(stage))
    }

    pub(crate) fn retry_policy(&self, stage: StageId) -> Result<&Retry, Refused> {
        self.definition.stage(stage).map(|stage| &stage.retry).ok_or(Refused::NoStage(stage))
    }
}
