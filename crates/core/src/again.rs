//! What runs again: failed tasks, or everything from a stage on.

use crate::{Command, Machine, Refused};
use model::{Fact, ForEach, Redo, Reopened, RunState, Stage, StageId, StageState, TaskState, Work};
use std::sync::Arc;

impl Machine<'_> {
    pub(crate) fn retry_failed(
        &mut self,
        only: Option<StageId>,
        chosen: Option<&[(StageId, u64)]>,
        by: Arc<str>,
    ) -> Result<(), Refused> {
        if let Some(stage) = only {
            self.stage_run(stage)?;
        }
        let revived = self.revived(only, chosen);
        if revived.iter().all(|stage| stage.failed + stage.cancelled == 0) {
            return Err(Refused::NothingToRetry);
        }
        let stages = self.with_dependents(revived);
        let commands: Vec<Command> = stages
            .iter()
            .filter(|stage| stage.failed + stage.cancelled > 0)
            .map(|stage| Command::ReviveTasks {
                stage: stage.stage,
                state: if stage.waiting { TaskState::Waiting } else { TaskState::Ready },
                cancelled: stage.cancelled > 0,
            })
            .collect();
        self.emit(Fact::Retried { by, stages });
        for command in commands {
            self.command(command);
        }
        self.settle();
        Ok(())
    }

    /// Stages whose failed tasks are meant. A run that was cut off (failed, cancelled) gets back what it lost too.
    fn revived(&self, only: Option<StageId>, chosen: Option<&[(StageId, u64)]>) -> Vec<Reopened> {
        let cut_off = matches!(self.run.state, RunState::Failed | RunState::Cancelled);
        let of_stage = |id: StageId| {
            let run = self.run.stages.get(id.index())?;
            let failed = match chosen {
                Some(chosen) => chosen.iter().find(|(stage, _)| *stage == id).map_or(0, |(_, count)| *count),
                None if only.is_none_or(|only| only == id) => run.counts.failed,
                None => 0,
            };
            let failed = failed.min(run.counts.failed);
            let cancelled = if cut_off { run.counts.cancelled } else { 0 };
            if failed + cancelled == 0 {
                return None;
            }
            let state = if run.state == StageState::Closed { StageState::Open } else { run.state };
            let waits = matches!(self.definition.stage(id)?.work, Work::Signal { .. });
            let waiting = waits || state != StageState::Open;
            Some(Reopened {
                stage: id,
                failed,
                cancelled,
                redo: Redo::Unfinished,
                state,
                anew: false,
                waiting,
            })
        };
        self.definition.ids().filter_map(of_stage).collect()
    }

    /// Adds the stages that hang on those reopened and are over: they open again for what is to come.
    fn with_dependents(&self, mut reopened: Vec<Reopened>) -> Vec<Reopened> {
        for id in self.definition.ids() {
            let Some(stage) = self.definition.stage(id) else { continue };
            let hangs_on = |source: &Reopened| {
                stage.needs.contains(&source.stage) || stage.for_each == ForEach::Stage(source.stage)
            };
            if !self.state_of(id).is_over() || !reopened.iter().any(hangs_on) {
                continue;
            }
            let barrier = reopened.iter().any(|source| stage.needs.contains(&source.stage));
            let skipped = self.state_of(id) == StageState::Skipped;
            let state = if barrier || skipped { StageState::Pending } else { StageState::Open };
            // What a single task saw has changed: it is made anew. Streams just get what is new.
            let anew = stage.for_each == ForEach::Once && !skipped;
            match reopened.iter_mut().find(|known| known.stage == id) {
                Some(known) => {
                    known.state = state;
                    known.waiting |= state != StageState::Open;
                }
                None => {
                    reopened.push(Reopened {
                        stage: id,
                        failed: 0,
                        cancelled: 0,
                        redo: Redo::Unfinished,
                        state,
                        anew,
                        waiting: false,
                    });
                }
            }
        }
        reopened.sort_by_key(|stage| stage.stage);
        reopened
    }

    pub(crate) fn retry_from(&mut self, from: StageId, by: Arc<str>) -> Result<(), Refused> {
        let begun = matches!(self.stage_run(from)?.state, StageState::Open | StageState::Closed);
        if !begun {
            let name = self.definition.stage(from).map_or("", |stage| stage.name.as_str());
            return Err(Refused::NothingToRedo(Arc::from(name)));
        }
        let closure = self.closure(from);
        let reopen = |id: StageId| {
            if closure.contains(&id) { self.redone(id, id == from, &closure) } else { self.cut_off(id) }
        };
        let stages: Vec<Reopened> = self.definition.ids().filter_map(reopen).collect();
        let commands: Vec<Command> = stages.iter().map(redo_command).collect();
        self.emit(Fact::Retried { by, stages });
        for command in commands {
            self.command(command);
        }
        self.settle();
        Ok(())
    }

    /// `from` and all stages that hang on it. Stages stand in topological order.
    fn closure(&self, from: StageId) -> Vec<StageId> {
        let mut closure = vec![from];
        for id in self.definition.ids() {
            let hangs_on = |stage: &Stage| {
                stage.needs.iter().any(|need| closure.contains(need))
                    || matches!(stage.for_each, ForEach::Stage(source) if closure.contains(&source))
            };
            if id != from && self.definition.stage(id).is_some_and(hangs_on) {
                closure.push(id);
            }
        }
        closure
    }

    /// How a stage of the closure begins again.
    ///
    /// Items made by a stage that runs again are thrown away with it: what it emits this time may be others. Items made
    /// by a stage that does not run again are there only once, so their tasks stay and run again.
    fn redone(&self, id: StageId, first: bool, closure: &[StageId]) -> Option<Reopened> {
        let stage = self.definition.stage(id)?;
        let counts = self.run.stages.get(id.index())?.counts;
        let keeps_items =
            matches!(stage.for_each, ForEach::Stage(source) if first || !closure.contains(&source));
        let waits = matches!(stage.work, Work::Signal { .. });
        // What the first stage needs is over: it may go on at once. All else opens when it is settled.
        let state = if keeps_items && first { StageState::Open } else { StageState::Pending };
        Some(Reopened {
            stage: id,
            failed: counts.failed,
            cancelled: counts.cancelled,
            redo: if keeps_items { Redo::All } else { Redo::Remake },
            state,
            anew: false,
            waiting: waits || state != StageState::Open,
        })
    }

    /// What a run that was cut off lost elsewhere comes back too: those who feed the stage, and those beside it.
    fn cut_off(&self, id: StageId) -> Option<Reopened> {
        let run = self.run.stages.get(id.index())?;
        let counts = run.counts;
        if run.state.is_over() || counts.failed + counts.cancelled == 0 {
            return None;
        }
        let waits = matches!(self.definition.stage(id)?.work, Work::Signal { .. });
        Some(Reopened {
            stage: id,
            failed: counts.failed,
            cancelled: counts.cancelled,
            redo: Redo::Unfinished,
            state: run.state,
            anew: false,
            waiting: waits || run.state != StageState::Open,
        })
    }
}

fn redo_command(reopened: &Reopened) -> Command {
    let stage = reopened.stage;
    let state = if reopened.waiting { TaskState::Waiting } else { TaskState::Ready };
    match reopened.redo {
        Redo::Unfinished => Command::ReviveTasks { stage, state, cancelled: true },
        Redo::All => Command::RedoTasks { stage, state },
        Redo::Remake => Command::ForgetTasks { stage },
    }
}
