//! The writer thread: everything that is queued becomes one transaction with one sync.
//!
//! A group forms by itself while the commit before it runs; there is no delay to wait for more. Each batch of a group
//! has its own savepoint, so a batch that fails is undone alone. When the transaction as a whole is lost (the disk is
//! full, a deferred constraint fails at COMMIT), its batches are run again one by one, each in its own transaction,
//! so that only the guilty one fails. That is safe because nothing of the group was acknowledged before its COMMIT.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;
use tokio::sync::oneshot;

use super::executor::{Executor, control};
use super::failure;
use super::queue::{Exit, Taken};
use super::wal::Log;
use crate::stats::Counters;
use crate::{Batch, Checkpoint, Error, Options, Outcome, Result};

/// How long the last checkpoint, at close, waits for reads.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// What a caller of `execute` gets back; the batch too, so that its memory is freed on the caller's thread.
pub(super) type Answer = (Result<Vec<Outcome>>, Batch);

/// Work on the writer's connection; gives back only a fatal error.
pub(super) type Task = Box<dyn FnOnce(&Connection) -> Option<Error> + Send>;

/// One thing for the writer to do.
pub(super) enum Job {
    /// Commit a batch.
    Batch(Pending),
    /// Do something on the connection between two groups.
    Task(Task),
    /// Take no more, finish what is queued, empty the log, end; the sender is dropped at the end.
    Close(oneshot::Sender<()>),
}

/// A batch with the one who waits for it.
pub(super) struct Pending {
    pub(super) batch: Batch,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// Serves jobs until all senders are gone or a [`Job::Close`] was served.
pub(super) fn serve(
    mut connection: Connection,
    path: &Path,
    options: &Options,
    counters: &Counters,
    queue: &Exit,
) {
    let log = match Log::watch(&mut connection, path, options) {
        Ok(log) => log,
        Err(error) => {
            tracing::error!(code = error.code(), "{error}");
            return;
        }
    };
    let executor = Executor::new(&connection, path);
    let mut writer = Writer { executor, path, options, counters, log, stopped: false };
    // Dropped at the very end, which is what a closer waits for.
    let ends = writer.run(queue);
    let stopped = writer.stopped;
    drop(writer);
    if stopped {
        // Closing would sync and checkpoint once more after a failed sync.
        std::mem::forget(connection);
        return;
    }
    // A read that still runs must not hold up the end of the process.
    let emptied = connection
        .busy_timeout(CLOSE_TIMEOUT)
        .and_then(|()| connection.wal_checkpoint_v2(Some(rusqlite::MAIN_DB), CheckpointMode::TRUNCATE));
    if let Err(error) = emptied {
        tracing::warn!(%error, "the write-ahead log could not be emptied at close; it is read at the next open");
    }
    drop(connection);
    drop(ends);
}

struct Writer<'c> {
    executor: Executor<'c>,
    path: &'c Path,
    options: &'c Options,
    counters: &'c Counters,
    log: Log,
    /// A commit failed and the hook returned: refuse everything.
    stopped: bool,
}

impl Writer<'_> {
    /// The loop; gives back the closers that wait for the end.
    fn run(&mut self, queue: &Exit) -> Vec<oneshot::Sender<()>> {
        let (mut taken, mut group, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        let limit = self.options.group_batches.max(1);
        while ends.is_empty() || !queue.is_empty() {
            match queue.take(&mut taken, limit, self.log.patience()) {
                Taken::Jobs => {}
                Taken::Nothing => {
                    self.checkpoint();
                    continue;
                }
                Taken::End => break,
            }
            let mut rows = 0;
            for job in taken.drain(..) {
                match job {
                    Job::Batch(pending) => {
                        rows += pending.batch.rows();
                        group.push(pending);
                    }
                    Job::Task(task) => {
                        self.commit(&mut group);
                        self.task(task);
                    }
                    Job::Close(end) => {
                        queue.close();
                        ends.push(end);
                    }
                }
                if rows >= self.options.group_rows {
                    self.commit(&mut group);
                }
                if group.is_empty() {
                    rows = 0;
                }
            }
            self.commit(&mut group);
            if self.log.is_long() {
                self.checkpoint();
            }
        }
        ends
    }

    /// Commits the group and answers everyone in it.
    fn commit(&mut self, group: &mut Vec<Pending>) {
        if group.is_empty() {
            return;
        }
        let results = if self.stopped { Err(Error::Stopped) } else { self.transact(group) };
        let results = results.unwrap_or_else(|error| {
            if matches!(error, Error::Fatal { .. }) {
                self.stop(&error);
            }
            group.iter().map(|_| Err(Error::Stopped)).collect()
        });
        self.counters.wal_pages.store(self.log.pages(), Relaxed);
        for (pending, result) in group.drain(..).zip(results) {
            match &result {
                Ok(_) => {
                    self.counters.statements.fetch_add(pending.batch.statements.len() as u64, Relaxed);
                    self.counters.rows.fetch_add(pending.batch.rows() as u64, Relaxed);
                }
                Err(_) => {
                    self.counters.failed_batches.fetch_add(1, Relaxed);
                }
            }
            // The caller may have gone; its batch is committed all the same.
            let _ = pending.answer.send((result, pending.batch));
        }
        self.log.grow();
    }

    /// A result for each batch of the group; an error only when it is fatal.
    fn transact(&mut self, group: &[Pending]) -> Result<Vec<Result<Vec<Outcome>>>> {
        if let [pending] = group {
            return Ok(vec![self.alone(&pending.batch)?]);
        }
        if let Some(results) = self.together(group)? {
            return Ok(results);
        }
        self.counters.regrouped.fetch_add(1, Relaxed);
        group.iter().map(|pending| self.alone(&pending.batch)).collect()
    }

    /// One batch in its own transaction.
    fn alone(&mut self, batch: &Batch) -> Result<Result<Vec<Outcome>>> {
        if let Err(source) = self.executor.control(control::BEGIN) {
            return unless_fatal(failure::outside("begin a transaction", self.path, source));
        }
        let result = self.executor.run(batch).and_then(|outcomes| {
            self.end(1).map_err(|source| failure::at_commit(self.path, batch, source))?;
            Ok(outcomes)
        });
        match result {
            Ok(outcomes) => Ok(Ok(outcomes)),
            Err(error) => {
                self.roll_back()?;
                unless_fatal(error)
            }
        }
    }

    /// All batches in one transaction, each in a savepoint. `None` when the transaction was lost as a whole.
    fn together(&mut self, group: &[Pending]) -> Result<Option<Vec<Result<Vec<Outcome>>>>> {
        if let Err(source) = self.executor.control(control::BEGIN) {
            unless_fatal::<()>(failure::outside("begin a transaction", self.path, source))?.ok();
            return Ok(None);
        }
        let mut results = Vec::with_capacity(group.len());
        let mut kept = 0;
        for pending in group {
            let Some(result) = self.in_savepoint(&pending.batch)? else {
                self.roll_back()?;
                return Ok(None);
            };
            kept += usize::from(result.is_ok());
            results.push(result);
        }
        if kept == 0 {
            self.roll_back()?;
            return Ok(Some(results));
        }
        match self.end(kept) {
            Ok(()) => Ok(Some(results)),
            Err(source) => {
                unless_fatal::<()>(failure::commit(self.path, source))?.ok();
                self.roll_back()?;
                Ok(None)
            }
        }
    }

    /// One batch in a savepoint of the open transaction. `None` when the transaction is lost.
    fn in_savepoint(&mut self, batch: &Batch) -> Result<Option<Result<Vec<Outcome>>>> {
        if self.executor.control(control::SAVE).is_err() {
            return Ok(None);
        }
        match self.executor.run(batch) {
            Ok(outcomes) => Ok(self.executor.control(control::KEEP).is_ok().then_some(Ok(outcomes))),
            Err(error) => {
                let refused = unless_fatal(error)?;
                let undone = !self.executor.connection.is_autocommit()
                    && self.executor.control(control::UNDO).is_ok()
                    && self.executor.control(control::KEEP).is_ok();
                Ok(undone.then_some(refused))
            }
        }
    }

    /// COMMIT, timed and counted.
    fn end(&mut self, batches: usize) -> rusqlite::Result<()> {
        let start = Instant::now();
        self.executor.control(control::COMMIT)?;
        self.counters.committed(batches, start.elapsed());
        Ok(())
    }

    /// Ends the transaction without a trace; SQLite may have done so itself.
    fn roll_back(&mut self) -> Result<()> {
        if self.executor.connection.is_autocommit() {
            return Ok(());
        }
        // A transaction that can neither be committed nor rolled back leaves nothing to go on with.
        self.executor
            .control(control::ROLLBACK)
            .map_err(|source| Error::Fatal { path: self.path.to_owned(), source: source.into() })
    }

    fn task(&mut self, task: Task) {
        if self.stopped {
            return;
        }
        if let Some(error) = task(self.executor.connection) {
            self.stop(&error);
        }
    }

    fn checkpoint(&mut self) {
        if self.stopped {
            return;
        }
        let start = Instant::now();
        match checkpoint(self.executor.connection, self.path) {
            Ok(done) => self.log.copied(done),
            Err(error @ Error::Fatal { .. }) => self.stop(&error),
            Err(error) => {
                self.log.not_copied();
                tracing::warn!(code = error.code(), "the write-ahead log stays as it is: {error}");
            }
        }
        self.counters.checkpointed(start.elapsed());
        self.counters.wal_pages.store(self.log.pages(), Relaxed);
    }

    fn stop(&mut self, error: &Error) {
        self.stopped = true;
        (self.options.on_fatal)(error);
    }
}

/// Copies the log into the database as far as readers let it, without waiting for them.
pub(super) fn checkpoint(connection: &Connection, path: &Path) -> Result<Checkpoint> {
    let (pages, copied) = connection
        .wal_checkpoint_v2(Some(rusqlite::MAIN_DB), CheckpointMode::PASSIVE)
        .map_err(|source| failure::outside("copy the write-ahead log", path, source))?;
    let count = |pages: i32| u64::try_from(pages).unwrap_or(0);
    Ok(Checkpoint { wal_pages: count(pages), copied: count(copied) })
}

fn unless_fatal<T>(error: Error) -> Result<Result<T>> {
    if matches!(error, Error::Fatal { .. }) { Err(error) } else { Ok(Err(error)) }
}
