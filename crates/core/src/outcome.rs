//! What attempts report: chunks, successes, failures.

use crate::{Command, Machine, Refused, delay_ms};
use model::{Created, Deltas, EmittedItems, Fact, Failure, Retryability, TaskRef, TaskState};

impl Machine<'_> {
    pub(crate) fn emitted(
        &mut self,
        task: TaskRef,
        items: &[EmittedItems],
        counters: Deltas,
    ) -> Result<(), Refused> {
        self.stage_run(task.stage)?;
        let created = self.created(items)?;
        self.emit(Fact::Emitted { stage: task.stage, key: task.key, created, counters });
        Ok(())
    }

    pub(crate) fn succeeded(
        &mut self,
        task: TaskRef,
        items: &[EmittedItems],
        counters: Deltas,
        ms: u64,
    ) -> Result<(), Refused> {
        self.stage_run(task.stage)?;
        let created = self.created(items)?;
        let TaskRef { stage, key, attempt } = task;
        self.emit(Fact::TaskDone { stage, key, attempt, ms, created, counters });
        self.settle();
        Ok(())
    }

    pub(crate) fn failed(
        &mut self,
        task: TaskRef,
        failure: Failure,
        counters: Deltas,
        ms: u64,
        random: u32,
    ) -> Result<(), Refused> {
        self.stage_run(task.stage)?;
        let policy = self.retry_policy(task.stage)?;
        if let Some(delay) = delay_ms(policy, task.attempt, failure.retry, random) {
            let due_at = self.now.plus(delay);
            let counted = !matches!(failure.retry, Retryability::Throttled(_));
            let TaskRef { stage, key, attempt } = task.clone();
            self.emit(Fact::TaskRetrying { stage, key, attempt, error: failure.error, due_at });
            self.command(Command::RetryTask { task, due_at, counted });
            return Ok(());
        }
        let TaskRef { stage, key, attempt } = task.clone();
        let error = failure.error;
        self.emit(Fact::TaskFailed { stage, key, attempt, ms, error: error.clone(), counters });
        self.command(Command::FailTask { task });
        if self.fails_run(stage) {
            self.fail_run(error);
        } else {
            self.settle();
        }
        Ok(())
    }

    /// Items as tasks of the stages that get them. A skipped stage takes none.
    pub(crate) fn created(&self, items: &[EmittedItems]) -> Result<Vec<Created>, Refused> {
        let mut created = Vec::with_capacity(items.len());
        for item in items {
            self.stage_run(item.stage)?;
            if let Some(state) = self.receiving(item.stage).filter(|_| item.count > 0) {
                let waiting = state == TaskState::Waiting;
                created.push(Created { stage: item.stage, count: item.count, waiting });
            }
        }
        Ok(created)
    }
}
