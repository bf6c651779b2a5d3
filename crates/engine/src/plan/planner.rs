//! Takes messages one after the other: what the core says to them becomes events and rows.

use super::{Lessons, Plan, effects::Wrote, feed, outbox, takes::Takes};
use crate::{
    Result,
    ask::Resolved,
    lease::{Lease, Message},
    shared::Engine,
};
use activity::{Effects, Items, Outcome};
use db::Statement;
use headway_core::{Command, Refused};
use model::{EmittedItems, Failure, Input, Item, RunId, StageId, TaskRef, TaskState, Timestamp};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use store::{
    RunRecord,
    write::{self, NewTask},
};

pub(super) struct Planner<'a> {
    engine: &'a Engine,
    record: &'a Arc<RunRecord>,
    machine: Takes<'a>,
    pub(super) now: Timestamp,
    lessons: &'a Lessons,
    events: Vec<model::Event>,
    wrote: Wrote,
    outbox: outbox::Outbox,
    tasks: Vec<NewTask>,
    seen: HashSet<(StageId, Arc<str>)>,
    /// Statements over whole stages: they come after the new tasks are there.
    after: Vec<Statement>,
    refused: HashMap<usize, Refused>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        record: &'a Arc<RunRecord>,
        lessons: &'a Lessons,
        now: Timestamp,
        machine: Takes<'a>,
    ) -> Self {
        Self {
            engine,
            record,
            machine,
            now,
            lessons,
            events: Vec::new(),
            wrote: Wrote::default(),
            outbox: outbox::Outbox::default(),
            tasks: Vec::new(),
            seen: HashSet::new(),
            after: Vec::new(),
            refused: HashMap::new(),
        }
    }

    pub(super) fn message(
        &mut self,
        index: usize,
        message: &Message,
        resolved: Option<&Resolved>,
    ) -> Result<()> {
        match message {
            Message::Report(report) => {
                self.lines(&report.lease, &report.lines);
                self.report(index, report)
            }
            Message::Chunk(chunk) => {
                self.lines(&chunk.lease, &chunk.lines);
                self.chunk(index, chunk)
            }
            Message::Lines(lines) => {
                self.lines(&lines.lease, &lines.lines);
                Ok(())
            }
            Message::Settle(settlements) => {
                let run = self.record.run.id;
                for settlement in settlements {
                    let lessons = &self.lessons.deliveries;
                    self.outbox.settle(&mut self.machine, run, settlement, lessons, self.now)?;
                }
                self.events.extend(self.machine.take_transition().events);
                Ok(())
            }
            Message::Ask(_) => match resolved {
                Some(resolved) => self.ask(index, resolved),
                None => Ok(()),
            },
            Message::Lost(lost) => {
                for resolved in crate::load::inputs(self.record.run.id, lost)? {
                    self.ask(index, &resolved)?;
                }
                Ok(())
            }
            Message::Observed => Ok(()),
        }
    }

    fn report(&mut self, index: usize, report: &crate::lease::Report) -> Result<()> {
        let lease = &report.lease;
        if let Some(failure) = self.lessons.rejected.get(&index) {
            return self.failure(index, report, failure.clone());
        }
        match &report.outcome {
            Outcome::Success(success) => {
                let same;
                let items: &[Item] = match &success.items {
                    Items::These(items) => items,
                    Items::Same => {
                        let data = success.output.clone().unwrap_or_else(|| lease.attempt.data.clone());
                        same = [Item { key: lease.held.key.clone(), data }];
                        &same
                    }
                };
                let before = self.tasks.len();
                let emitted = self.flow(lease.held.stage, items);
                let ms = report.span.ended_at.since(report.span.started_at);
                let counters = success.effects.counters.clone();
                let input = Input::Succeeded { task: lease.task(), items: emitted, counters, ms };
                self.notes(lease, &success.effects);
                self.stage(&success.effects.deliveries);
                self.outbox.sent(&mut self.machine, self.record.run.id, &report.sent, self.now)?;
                self.events.extend(self.machine.take_transition().events);
                if self.take(index, input)? {
                    let output = success.output.as_ref().map(|output| output.get());
                    self.wrote.done(index, &lease.held, report.span, output);
                    self.wrote.effects(index, &success.effects);
                } else {
                    self.tasks.truncate(before);
                }
                Ok(())
            }
            Outcome::Failure(failed) => self.failure(index, report, failed.failure.clone()),
            // The attempt stopped because the run ended or the worker drains; what it held is given back.
            Outcome::Cancelled => {
                let failure = Failure {
                    error: model::TaskError::new("stopped", "the attempt stopped before it was done"),
                    retry: model::Retryability::Throttled(0),
                };
                self.failure(index, report, failure)
            }
        }
    }

    fn failure(&mut self, index: usize, report: &crate::lease::Report, failure: Failure) -> Result<()> {
        let lease = &report.lease;
        let policy = self.record.definition.stage(lease.held.stage).map(|stage| stage.retry);
        let random = crate::clock::random();
        let again = policy
            .and_then(|policy| headway_core::delay_ms(&policy, lease.attempt.attempt, failure.retry, random));
        let effects = match again {
            Some(_) => Effects::default(),
            None => lease.work.performer.failed(&lease.attempt, &failure.error),
        };
        let ms = report.span.ended_at.since(report.span.started_at);
        let error = failure.error.clone();
        let counters = effects.counters.clone();
        let input = Input::Failed { task: lease.task(), failure, counters, ms, random };
        if again.is_none() {
            self.notes(lease, &effects);
            self.stage(&effects.deliveries);
        }
        let refused = self.machine.take(input, self.now);
        let transition = self.machine.take_transition();
        self.events.extend(transition.events);
        if let Err(refused) = refused {
            self.refused.insert(index, refused);
            return Ok(());
        }
        for command in transition.commands {
            match command {
                Command::RetryTask { due_at, counted, .. } => {
                    let row =
                        write::task_retry(&lease.held, report.span, due_at, i64::from(!counted), &error)?;
                    self.wrote.lease(index, row);
                }
                Command::FailTask { .. } => {
                    self.wrote.lease(index, write::task_failed(&lease.held, report.span, &error)?);
                }
                other => self.command(other)?,
            }
        }
        self.wrote.effects(index, &effects);
        Ok(())
    }

    fn chunk(&mut self, index: usize, message: &crate::lease::ChunkMessage) -> Result<()> {
        let lease = &message.lease;
        let before = self.tasks.len();
        let emitted = self.flow(lease.held.stage, &message.chunk.items);
        let counters = message.chunk.effects.counters.clone();
        self.notes(lease, &message.chunk.effects);
        self.stage(&message.chunk.effects.deliveries);
        if self.take(index, Input::Emitted { task: lease.task(), items: emitted, counters })? {
            self.wrote.lease(index, write::task_held(&lease.held));
            self.wrote.effects(index, &message.chunk.effects);
        } else {
            self.tasks.truncate(before);
        }
        Ok(())
    }

    pub(super) fn ask(&mut self, index: usize, resolved: &Resolved) -> Result<()> {
        let before = self.tasks.len();
        if let Some(deliveries) = &resolved.deliveries {
            self.restage(deliveries);
            self.wrote.others(resolved.rows.iter().cloned());
            return Ok(());
        }
        let mut input = resolved.input.clone();
        if let (Input::Signal { items, .. }, Some((stage, flow))) = (&mut input, &resolved.flow) {
            *items = self.flow(*stage, flow);
        }
        let refused = self.machine.take(input, self.now);
        let transition = self.machine.take_transition();
        self.events.extend(transition.events);
        if let Err(refused) = refused {
            self.tasks.truncate(before);
            self.refused.insert(index, refused);
            return Ok(());
        }
        self.wrote.others(resolved.rows.iter().cloned());
        let run = self.record.run.id;
        self.after.extend(resolved.release.iter().map(|stage| write::stage_release(run, *stage, self.now)));
        for command in transition.commands {
            match (&resolved.revive, command) {
                (Some(chosen), Command::ReviveTasks { stage, state, cancelled }) => {
                    self.revive(chosen, stage, state, cancelled);
                }
                (_, command) => self.command(command)?,
            }
        }
        Ok(())
    }

    fn revive(&mut self, chosen: &[(StageId, Arc<str>)], stage: StageId, state: TaskState, cancelled: bool) {
        let run = self.record.run.id;
        for (_, key) in chosen.iter().filter(|(of, _)| *of == stage) {
            self.after.push(write::task_revive(run, stage, key, state, self.now));
        }
        if cancelled {
            self.after.push(write::stage_revive_cancelled(run, stage, state, self.now));
        }
    }

    /// Items as tasks of the stages fed by `source`.
    fn flow(&mut self, source: StageId, items: &[Item]) -> Vec<EmittedItems> {
        let mut emitted = Vec::new();
        let definition = &self.record.definition;
        for stage in definition.fed_by(source) {
            let Some(state) = self.machine.receiving(stage) else { continue };
            let mut count = 0;
            for item in items {
                if self.is_known(stage, &item.key) {
                    continue;
                }
                count += 1;
                self.tasks.push(NewTask { stage, key: item.key.clone(), state, data: item.data.clone() });
            }
            emitted.push(EmittedItems { stage, count });
        }
        emitted
    }

    /// Stages deliveries of a message, before the core takes the message itself: a run must not end before it has counted what
    /// its last task staged. A run that is over takes none: its leases are gone, and the database refuses the message.
    fn stage(&mut self, deliveries: &[model::NewDelivery]) {
        if !deliveries.is_empty() && !self.machine.run().state.is_final() {
            self.restage(deliveries);
        }
    }

    fn restage(&mut self, deliveries: &[model::NewDelivery]) {
        self.outbox.stage(&mut self.machine, deliveries, &self.lessons.deliveries, self.now);
        self.events.extend(self.machine.take_transition().events);
    }

    /// Only after the database has said that something is there twice does the plan look at every key.
    fn is_known(&mut self, stage: StageId, key: &Arc<str>) -> bool {
        let Some(known) = &self.lessons.known else { return false };
        let place = (stage, key.clone());
        known.contains(&place) || !self.seen.insert(place)
    }

    fn lines(&mut self, lease: &Lease, lines: &[activity::Log]) {
        for line in lines {
            let input = Input::Log {
                task: lease.task(),
                level: Arc::from(line.level),
                message: line.message.clone(),
            };
            self.say(input);
        }
    }

    fn notes(&mut self, lease: &Lease, effects: &Effects) {
        for note in &effects.notes {
            let task: TaskRef = lease.task();
            self.say(Input::App { task, name: note.name.clone(), data: note.data.clone() });
        }
    }

    /// A run that is over takes no more lines; they are of no use to anybody then.
    fn say(&mut self, input: Input) {
        if self.machine.take(input, self.now).is_ok() {
            self.events.extend(self.machine.take_transition().events);
        }
    }

    /// Gives the core an input; `false` where it refused.
    fn take(&mut self, index: usize, input: Input) -> Result<bool> {
        let refused = self.machine.take(input, self.now);
        let transition = self.machine.take_transition();
        self.events.extend(transition.events);
        if let Err(refused) = refused {
            self.refused.insert(index, refused);
            return Ok(false);
        }
        for command in transition.commands {
            self.command(command)?;
        }
        Ok(true)
    }

    fn command(&mut self, command: Command) -> Result<()> {
        let run: RunId = self.record.run.id;
        match command {
            Command::CreateTask { stage, key, state } => {
                self.tasks.push(NewTask { stage, key, state, data: feed::null() });
            }
            Command::CreateInputTasks { stage, state } => {
                for task in feed::input_tasks(&self.record.run.input, stage, state)? {
                    self.tasks.push(task);
                }
            }
            Command::ReleaseTasks { stage } => self.after.push(write::stage_release(run, stage, self.now)),
            Command::SkipTasks { stage } => self.after.push(write::stage_skip(run, stage, self.now)),
            Command::ExpireTasks { stage } => {
                let error = model::TaskError::new("signal_expired", "the signal did not come in time");
                self.after.push(write::stage_expire(run, stage, self.now, &error)?);
            }
            Command::ReviveTasks { stage, state, cancelled } => {
                self.after.push(write::stage_revive(run, stage, state, self.now, cancelled));
            }
            Command::RedoTasks { stage, state } => {
                self.after.push(write::stage_redo(run, stage, state, self.now));
            }
            // Before anything is made: what is made anew has the same names.
            Command::ForgetTasks { stage } => {
                self.wrote.others([write::stage_forget(run, stage)]);
                if let Some(work) = self.engine.stage_work(self.record, stage) {
                    self.wrote.others(work.performer.forgotten(run, &work.name));
                }
            }
            Command::CancelTasks => self.after.push(write::cancel_tasks(run, self.now)),
            // Only failures bring these, and they are served where the lease is known.
            Command::RetryTask { .. } | Command::FailTask { .. } => {}
        }
        Ok(())
    }

    pub(super) fn finish(self, first: Vec<Statement>) -> Result<Plan> {
        let was_seq = self.record.run.run_seq;
        let run = match self.machine {
            Takes::Machine(machine) => machine.into_parts().0,
            Takes::List(list) => {
                let parts = feed::Rows {
                    record: self.record.clone(),
                    inputs: list.inputs,
                    tasks: self.tasks,
                    wrote: self.wrote,
                    outbox: self.outbox,
                    refused: self.refused,
                    now: self.now,
                };
                return Ok(feed::assemble_rows(self.engine, parts, first));
            }
        };
        let record = Arc::new(RunRecord {
            run,
            definition: self.record.definition.clone(),
            meta: self.record.meta.clone(),
        });
        let parts = feed::Parts {
            was_seq: Some(was_seq),
            record,
            events: self.events,
            tasks: self.tasks,
            wrote: self.wrote,
            outbox: self.outbox,
            after: self.after,
            refused: self.refused,
            now: self.now,
        };
        feed::assemble(self.engine, parts, first)
    }
}
