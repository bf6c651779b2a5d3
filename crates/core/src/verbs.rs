//! What people and systems ask of a run: start, signal, resume, cancel. Retries stand in `again`.

use crate::{Command, Machine, Refused};
use model::{EmittedItems, Fact, StageId, StageState, TaskError, Work};
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
}
