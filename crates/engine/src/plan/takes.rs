//! What takes a plan's inputs: the run's own machine, or a list of them for a host that folds them elsewhere.

use headway_core::{Command, InputKind, Machine, Refused, Transition, is_legal};
use model::{Definition, Input, Run, StageId, TaskState, Timestamp};

/// What takes a plan's inputs.
pub(super) enum Takes<'a> {
    /// The run's machine: events and commands come of them.
    Machine(Box<Machine<'a>>),
    /// A list: the run's host folds them, and the plan writes only the rows of tasks.
    List(List<'a>),
}

/// Inputs taken for a run whose state another host holds. `run` is as old as its row.
pub(super) struct List<'a> {
    definition: &'a Definition,
    run: &'a Run,
    pub(super) inputs: Vec<Input>,
    transition: Transition,
}

impl<'a> Takes<'a> {
    pub(super) fn machine(definition: &'a Definition, run: Run) -> Self {
        Self::Machine(Box::new(Machine::new(definition, run)))
    }

    pub(super) fn list(definition: &'a Definition, run: &'a Run) -> Self {
        Self::List(List { definition, run, inputs: Vec::new(), transition: Transition::default() })
    }

    pub(super) fn take(&mut self, input: Input, now: Timestamp) -> Result<(), Refused> {
        match self {
            Self::Machine(machine) => machine.take(input, now),
            Self::List(list) => list.take(input, now),
        }
    }

    pub(super) fn take_transition(&mut self) -> Transition {
        match self {
            Self::Machine(machine) => machine.take_transition(),
            Self::List(list) => std::mem::take(&mut list.transition),
        }
    }

    pub(super) fn run(&self) -> &Run {
        match self {
            Self::Machine(machine) => machine.run(),
            Self::List(list) => list.run,
        }
    }

    pub(super) fn receiving(&self, stage: StageId) -> Option<TaskState> {
        match self {
            Self::Machine(machine) => machine.receiving(stage),
            Self::List(list) => Machine::new(list.definition, list.run.clone()).receiving(stage),
        }
    }
}

impl List<'_> {
    fn take(&mut self, input: Input, now: Timestamp) -> Result<(), Refused> {
        let kind = InputKind::of(&input);
        if !is_legal(self.run.state, kind) {
            return Err(Refused::Illegal { state: self.run.state, input: kind });
        }
        // Whether a failed task is tried again hangs on nothing but its attempt.
        if matches!(input, Input::Failed { .. }) {
            let mut machine = Machine::new(self.definition, self.run.clone());
            machine.take(input.clone(), now)?;
            let of_task =
                |command: &Command| matches!(command, Command::RetryTask { .. } | Command::FailTask { .. });
            self.transition.commands.extend(machine.take_transition().commands.into_iter().filter(of_task));
        }
        self.inputs.push(input);
        Ok(())
    }
}
