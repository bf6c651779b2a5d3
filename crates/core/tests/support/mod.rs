//! A host in memory: it holds task rows as the store does, and does what the core commands.

use headway_core::{Command, Machine, Refused, new_run};
use model::{
    Definition, EmittedItems, Event, ForEach, Input, OnFailure, Retry, Run, RunId, Stage, StageId, TaskRef,
    TaskState, Timestamp, Work,
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// A stage that runs `builtin.noop`, once, and carries on after failures.
pub(crate) fn stage(name: &str) -> Stage {
    Stage {
        name: name.to_owned(),
        title: name.to_owned(),
        needs: Vec::new(),
        for_each: ForEach::Once,
        when: None,
        work: Work::Activity { name: String::from("builtin.noop"), params: Value::Null },
        retry: Retry { max_attempts: 2, ..Retry::default() },
        timeout_ms: None,
        heartbeat_timeout_ms: None,
        concurrency: None,
        on_failure: OnFailure::Continue,
    }
}

/// A definition of `stages`.
pub(crate) fn definition(stages: Vec<Stage>) -> Definition {
    Definition {
        name: String::from("test"),
        version: 1,
        title: String::from("test"),
        hash: String::from("hash"),
        input_schema: None,
        stages,
    }
}

/// discover → read → enrich; preview needs enrich; approve waits for a signal; commit takes read's items.
pub(crate) fn ingest_like() -> Definition {
    let mut read = stage("read");
    read.for_each = ForEach::Stage(StageId(0));
    let mut enrich = stage("enrich");
    enrich.for_each = ForEach::Stage(StageId(1));
    let mut preview = stage("preview");
    preview.needs = vec![StageId(2)];
    let mut approve = stage("approve");
    approve.needs = vec![StageId(3)];
    approve.when = Some(String::from("not input.auto"));
    approve.work = Work::Signal { name: String::from("commit") };
    let mut commit = stage("commit");
    commit.needs = vec![StageId(4)];
    commit.for_each = ForEach::Stage(StageId(1));
    definition(vec![stage("discover"), read, enrich, preview, approve, commit])
}

const ENDED: [TaskState; 4] = [TaskState::Done, TaskState::Failed, TaskState::Skipped, TaskState::Cancelled];

/// Rows and state, as a host keeps them.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) definition: Arc<Definition>,
    pub(crate) run: Run,
    pub(crate) tasks: BTreeMap<(StageId, Arc<str>), Row>,
    pub(crate) events: Vec<Event>,
    pub(crate) now: i64,
}

/// A task's row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) state: TaskState,
    pub(crate) attempt: u32,
}

impl Host {
    pub(crate) fn new(definition: Definition, input: Value) -> Self {
        let run = new_run(RunId(1), &definition, Arc::new(input), Timestamp(0));
        Self { definition: Arc::new(definition), run, tasks: BTreeMap::new(), events: Vec::new(), now: 0 }
    }

    /// Gives the core an input and does what it says.
    pub(crate) fn take(&mut self, input: Input) -> Result<(), Refused> {
        self.now += 1;
        let definition = self.definition.clone();
        let mut machine = Machine::new(&definition, self.run.clone());
        machine.take(input, Timestamp(self.now))?;
        let (run, transition) = machine.into_parts();
        self.run = run;
        self.events.extend(transition.events);
        for command in transition.commands {
            self.obey(command);
        }
        Ok(())
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::CreateTask { stage, key, state } => self.insert(stage, key, state),
            Command::CreateInputTasks { stage, state } => {
                for index in 0..headway_core::input_items(&self.run.input).len() {
                    self.insert(stage, Arc::from(index.to_string()), state);
                }
            }
            Command::ReleaseTasks { stage } => self.turn(stage, &[TaskState::Waiting], TaskState::Ready),
            Command::SkipTasks { stage } => self.turn(stage, &[TaskState::Waiting], TaskState::Skipped),
            Command::ExpireTasks { stage } => self.turn(stage, &[TaskState::Waiting], TaskState::Failed),
            Command::ReviveTasks { stage, state, cancelled } => {
                self.turn(stage, &[TaskState::Failed], state);
                if cancelled {
                    self.turn(stage, &[TaskState::Cancelled], state);
                }
            }
            Command::RedoTasks { stage, state } => {
                self.all_ended(stage);
                self.turn(stage, &ENDED, state);
            }
            Command::ForgetTasks { stage } => {
                self.all_ended(stage);
                self.tasks.retain(|(of, _), _| *of != stage);
            }
            Command::RetryTask { task, .. } => self.set(&task, TaskState::Ready),
            Command::FailTask { task } => self.set(&task, TaskState::Failed),
            Command::CancelTasks => {
                for row in self.tasks.values_mut().filter(|row| !row.state.is_final()) {
                    row.state = TaskState::Cancelled;
                }
            }
        }
    }

    /// Nothing that is under way may be redone or thrown away.
    fn all_ended(&self, stage: StageId) {
        let open = self.tasks.iter().filter(|((of, _), row)| *of == stage && !row.state.is_final()).count();
        assert_eq!(open, 0, "stage {stage:?} has tasks that have not ended");
    }

    fn insert(&mut self, stage: StageId, key: Arc<str>, state: TaskState) {
        let before = self.tasks.insert((stage, key.clone()), Row { state, attempt: 0 });
        assert_eq!(before, None, "stage {stage:?} has the key '{key}' already");
    }

    fn turn(&mut self, stage: StageId, from: &[TaskState], to: TaskState) {
        for ((of, _), row) in &mut self.tasks {
            if *of == stage && from.contains(&row.state) {
                *row = Row { state: to, attempt: 0 };
            }
        }
    }

    fn set(&mut self, task: &TaskRef, state: TaskState) {
        if let Some(row) = self.tasks.get_mut(&(task.stage, task.key.clone())) {
            row.state = state;
        }
    }

    /// Keys of a stage's tasks in `state`.
    pub(crate) fn keys(&self, state: TaskState) -> Vec<(StageId, Arc<str>)> {
        self.tasks.iter().filter(|(_, row)| row.state == state).map(|(place, _)| place.clone()).collect()
    }

    fn lease(&mut self, place: &(StageId, Arc<str>)) -> TaskRef {
        let attempt = match self.tasks.get_mut(place) {
            Some(row) => {
                row.state = TaskState::Leased;
                row.attempt += 1;
                row.attempt
            }
            None => 1,
        };
        TaskRef { stage: place.0, key: place.1.clone(), attempt }
    }

    /// A ready task ends well; `items` flow on (its own key where `None`).
    pub(crate) fn succeed(
        &mut self,
        place: &(StageId, Arc<str>),
        items: Option<&[&str]>,
    ) -> Result<(), Refused> {
        let task = self.lease(place);
        let own = [&*place.1];
        let emitted = self.flow(place.0, items.unwrap_or(&own));
        // Each task that ends well counts one, for its stage and for the run.
        let counters = vec![(Arc::from(format!("done of {}", place.0.0)), 1), (Arc::from("done"), 1)];
        self.take(Input::Succeeded { task, items: emitted, counters, ms: 1 })?;
        if let Some(row) = self.tasks.get_mut(place) {
            row.state = TaskState::Done;
        }
        Ok(())
    }

    /// A ready task fails.
    pub(crate) fn fail(
        &mut self,
        place: &(StageId, Arc<str>),
        retry: model::Retryability,
    ) -> Result<(), Refused> {
        let task = self.lease(place);
        let failure = model::Failure { error: model::TaskError::new("broken", "broken"), retry };
        self.take(Input::Failed { task, failure, counters: Vec::new(), ms: 1, random: 0 })
    }

    /// New rows in the stages fed by `source`, dropping the known, as the host must.
    fn flow(&mut self, source: StageId, keys: &[&str]) -> Vec<EmittedItems> {
        let definition = self.definition.clone();
        let mut emitted = Vec::new();
        for stage in definition.fed_by(source) {
            let Some(state) = Machine::new(&definition, self.run.clone()).receiving(stage) else { continue };
            let mut count = 0;
            for key in keys {
                let place = (stage, Arc::from(*key));
                if let std::collections::btree_map::Entry::Vacant(free) = self.tasks.entry(place) {
                    free.insert(Row { state, attempt: 0 });
                    count += 1;
                }
            }
            emitted.push(EmittedItems { stage, count });
        }
        emitted
    }

    /// The signal that a stage waits for comes, for all its tasks.
    pub(crate) fn signal(&mut self, name: &str, stage: StageId) -> Result<(), Refused> {
        let waiting: Vec<_> = self
            .tasks
            .iter()
            .filter(|((of, _), row)| *of == stage && row.state == TaskState::Waiting)
            .map(|(place, _)| place.clone())
            .collect();
        self.take(Input::Signal {
            name: Arc::from(name),
            stage,
            count: waiting.len() as u64,
            items: Vec::new(),
            payload: Arc::new(Value::Null),
            by: Arc::from("somebody"),
        })?;
        for place in waiting {
            if let Some(row) = self.tasks.get_mut(&place) {
                row.state = TaskState::Done;
            }
        }
        Ok(())
    }

    /// What must hold at any time: the core's counts are the rows', and the state is the fold of the events.
    pub(crate) fn check(&self) {
        for (id, stage) in self.definition.ids().zip(&self.run.stages) {
            let of = |state: TaskState| {
                self.tasks.iter().filter(|((of, _), row)| *of == id && row.state == state).count() as u64
            };
            let counts = &stage.counts;
            let name = &self.definition.stages[id.index()].name;
            assert_eq!(counts.waiting, of(TaskState::Waiting), "waiting of {name}");
            assert_eq!(counts.done, of(TaskState::Done), "done of {name}");
            assert_eq!(counts.failed, of(TaskState::Failed), "failed of {name}");
            assert_eq!(counts.skipped, of(TaskState::Skipped), "skipped of {name}");
            assert_eq!(counts.cancelled, of(TaskState::Cancelled), "cancelled of {name}");
            assert_eq!(counts.pending(), of(TaskState::Ready) + of(TaskState::Leased), "pending of {name}");
        }
        let signalled = |id: StageId| {
            matches!(self.definition.stage(id).map(|stage| &stage.work), Some(Work::Signal { .. }))
        };
        let figure = |name: &str| self.run.counters.get(name).copied().unwrap_or_default();
        let mut all = 0;
        for (id, stage) in self.definition.ids().zip(&self.run.stages).filter(|(id, _)| !signalled(*id)) {
            let done = i64::try_from(stage.counts.done).expect("few tasks");
            assert_eq!(figure(&format!("done of {}", id.0)), done, "the figure of stage {id:?}");
            all += done;
        }
        assert_eq!(figure("done"), all, "the figure of all stages");
        let mut folded = new_run(self.run.id, &self.definition, self.run.input.clone(), Timestamp(0));
        for event in &self.events {
            headway_core::apply(&mut folded, event);
        }
        assert_eq!(folded, self.run, "the state is the fold of the events");
    }
}
