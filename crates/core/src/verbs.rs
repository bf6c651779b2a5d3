//! What people and systems ask of a run: start, signal, resume, cancel, retry.

use crate::{Command, Machine, Refused};
use model::{
    EmittedItems, Fact, ForEach, Reopened, RunState, StageId, StageState, TaskError, TaskState, Work,
};
use serde_json::Value;
use std::sync::Arc;

/// A signal as the host hands it over.
pub(crate) struct Signal {
    pub(crate) name: Arc<str>,
    pub(crate) stage: StageId,
    pub(crate) count: u64,
    pub(crate) items: Vec<EmittedItems>,
    pub(crate) payload: Arc<Value>,
    pub(crate) by: Arc<str>,
}

impl Machine<'_> {
    pub(crate) fn start(&mut self) {
        self.emit(Fact::Started);
        self.settle();
    }

    pub(crate) fn resume(&mut self, by: Arc<str>) {
        self.emit(Fact::Resumed { by });
        self.settle();
    }

    pub(crate) fn cancel(&mut self, by: Arc<str>, reason: Arc<str>) {
        self.emit(Fact::Cancelled { by, reason });
        self.command(Command::CancelTasks);
    }

    pub(crate) fn signal(&mut self, signal: Signal) -> Result<(), Refused> {
        let Signal { name, stage, count, items, payload, by } = signal;
        let awaited = self
            .definition
            .stage(stage)
            .is_some_and(|stage| matches!(&stage.work, Work::Signal { name: awaited } if **awaited == *name));
        let waiting = self.stage_run(stage)?.counts.waiting;
        if !awaited || self.state_of(stage) != StageState::Open || count == 0 || count > waiting {
            return Err(Refused::NotAwaited(name));
        }
        let created = self.created(&items)?;
        self.emit(Fact::Signalled { stage, name, by, count, created, payload });
        self.settle();
        Ok(())
    }

    pub(crate) fn signal_expired(&mut self, stage: StageId) -> Result<(), Refused> {
        let count = self.stage_run(stage)?.counts.waiting;
        let name = match self.definition.stage(stage).map(|stage| &stage.work) {
            Some(Work::Signal { name }) if count > 0 && self.state_of(stage) == StageState::Open => {
                name.clone()
            }
            _ => return Err(Refused::NotAwaited(Arc::from(""))),
        };
        let error = TaskError::new("signal_expired", format!("the signal '{name}' did not come in time"));
        self.emit(Fact::SignalExpired { stage, count, error: error.clone() });
        self.command(Command::ExpireTasks { stage });
        if self.fails_run(stage) {
            self.fail_run(error);
        } else {
            self.settle();
        }
        Ok(())
    }

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
            Some(Reopened { stage: id, failed, cancelled, state, anew: false, waiting })
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
}
