//! The open database: its writer, its readers, its ownership.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::owner::Ownership;
use super::queue::{Entrance, queue};
use super::readers::Readers;
use super::writer::{self, Job, Pending};
use super::{backup, connection, executor, failure, migrate};
use crate::stats::Counters;
use crate::{BackupReport, Batch, Checkpoint, Error, Migration, Options, Outcome, Query, Result, Row, Stats};

/// Pages given back to the file system in one step, between two commits.
const VACUUM_STEP_PAGES: u64 = 256;

/// Findings of an integrity check that are kept.
const FINDINGS: usize = 20;

pub(crate) struct Engine {
    path: PathBuf,
    options: Options,
    counters: Arc<Counters>,
    jobs: Entrance,
    /// Taken by the first close.
    running: Mutex<Option<Running>>,
    readers: Readers,
}

struct Running {
    writer: JoinHandle<()>,
    _ownership: Ownership,
}

impl Engine {
    pub(crate) fn open(options: Options, migrations: &[Migration]) -> Result<Self> {
        connection::check_version()?;
        let path = connection::resolve(&options.path)?;
        let ownership = Ownership::take(&path)?;
        let connection = connection::writer(&path, &options)?;
        migrate::run(&connection, &path, migrations)?;
        let counters = Arc::new(Counters::default());
        let (jobs, queue) = queue(options.queue_batches);
        let thread = {
            let (path, options, counters) = (path.clone(), options.clone(), Arc::clone(&counters));
            std::thread::Builder::new()
                .name("db-write".to_owned())
                .spawn(move || writer::serve(connection, &path, &options, &counters, &queue))
        };
        let writer = thread.map_err(|source| Error::Io {
            what: "start the writer thread for",
            path: path.clone(),
            source: source.into(),
        })?;
        Ok(Self {
            readers: Readers::new(path.clone(), options.clone()),
            path,
            options,
            counters,
            jobs,
            running: Mutex::new(Some(Running { writer, _ownership: ownership })),
        })
    }

    pub(crate) async fn execute(&self, batch: Batch) -> Result<Vec<Outcome>> {
        let (answer, answered) = oneshot::channel();
        let job = Job::Batch(Pending { batch, answer });
        self.jobs.send(job).await?;
        let (result, _batch) = answered.await.map_err(|_| Error::Closed)?;
        result
    }

    pub(crate) async fn query(&self, query: Query) -> Result<Vec<Row>> {
        let path = self.path.clone();
        self.counters.reads.fetch_add(1, Relaxed);
        self.readers.run(move |connection| executor::query(connection, &path, 0, &query)).await
    }

    pub(crate) async fn prepare(&self, sql: String) -> Result<()> {
        let path = self.path.clone();
        self.readers
            .run(move |connection| match connection.prepare(&sql) {
                Ok(_) => Ok(()),
                Err(source) => Err(failure::in_query(&path, 0, &sql, source)),
            })
            .await
    }

    pub(crate) async fn snapshot(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>> {
        let path = self.path.clone();
        self.counters.reads.fetch_add(1, Relaxed);
        self.readers
            .run(move |connection| {
                let transaction = connection
                    .unchecked_transaction()
                    .map_err(|source| failure::outside("begin a snapshot", &path, source))?;
                // Nothing to commit: dropping the transaction ends it.
                let all = queries.iter().enumerate();
                all.map(|(index, query)| executor::query(&transaction, &path, index, query)).collect()
            })
            .await
    }

    pub(crate) async fn backup_to(&self, dest: PathBuf) -> Result<BackupReport> {
        let (path, options) = (self.path.clone(), self.options.clone());
        self.aside("db-backup", move |wanted| backup::run(&path, &options, &dest, wanted)).await
    }

    pub(crate) async fn integrity_check(&self) -> Result<()> {
        let (path, options) = (self.path.clone(), self.options.clone());
        self.aside("db-check", move |_| check(&connection::reader(&path, &options)?, &path)).await
    }

    pub(crate) async fn vacuum(&self, pages: u32) -> Result<u64> {
        let mut freed = 0;
        while freed < u64::from(pages) {
            let path = self.path.clone();
            let step = VACUUM_STEP_PAGES.min(u64::from(pages) - freed);
            let now = self
                .task(move |connection| {
                    vacuum_step(connection, step)
                        .map_err(|source| failure::outside("free pages", &path, source))
                })
                .await?;
            if now == 0 {
                break;
            }
            freed += now;
        }
        Ok(freed)
    }

    pub(crate) async fn checkpoint(&self) -> Result<Checkpoint> {
        let path = self.path.clone();
        self.task(move |connection| writer::checkpoint(connection, &path)).await
    }

    pub(crate) async fn limit_pages(&self, pages: Option<u32>) -> Result<()> {
        let path = self.path.clone();
        self.task(move |connection| {
            connection::limit_pages(connection, pages)
                .map_err(|source| failure::outside("limit the size", &path, source))
        })
        .await
    }

    pub(crate) fn stats(&self) -> Stats {
        self.counters.snapshot(self.jobs.queued() as u64, self.readers.queued())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) async fn close(&self) {
        let (end, ended) = oneshot::channel();
        if self.jobs.send(Job::Close(end)).await.is_ok() {
            // Resolves as an error when the writer, at its very end, drops its side.
            let _ = ended.await;
        }
        self.end();
    }

    /// Waits for the threads (the writer was told to end) and gives up ownership.
    fn end(&self) {
        self.readers.close();
        let mut running = self.running.lock();
        if let Some(running) = running.take()
            && running.writer.join().is_err()
        {
            tracing::error!("the writer thread panicked");
        }
    }

    /// Runs `task` on the writer's connection between two commits.
    async fn task<T: Send + 'static>(
        &self,
        task: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job = Job::Task(Box::new(move |connection| match task(connection) {
            Err(error @ Error::Fatal { .. }) => Some(error),
            result => {
                let _ = answer.send(result);
                None
            }
        }));
        self.jobs.send(job).await?;
        answered.await.map_err(|_| Error::Stopped)?
    }

    /// Runs something long on a thread of its own; it can ask whether anybody still waits for it.
    async fn aside<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&dyn Fn() -> bool) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let result = work(&|| !answer.is_closed());
            let _ = answer.send(result);
        });
        thread.map_err(|source| Error::Io {
            what: "start a thread for",
            path: self.path.clone(),
            source: source.into(),
        })?;
        answered.await.map_err(|_| Error::Stopped)?
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // The writer ends when it has served the queue and sees no sender.
        self.jobs.close();
        self.end();
    }
}

/// Frees up to `pages` pages; how many it freed.
fn vacuum_step(connection: &Connection, pages: u64) -> rusqlite::Result<u64> {
    let free = |connection: &Connection| {
        connection.query_row("PRAGMA freelist_count", [], |row| row.get::<_, i64>(0))
    };
    let before = free(connection)?;
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(u64::try_from(before - free(connection)?).unwrap_or(0))
}

/// The whole file's structure, and that every reference has its row.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<()> {
    let run = || {
        let mut findings = Vec::new();
        let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FINDINGS})"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            findings.push(row.get::<_, String>(0)?);
        }
        findings.retain(|finding| finding != "ok");
        let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()?
            && findings.len() < FINDINGS
        {
            let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
            findings.push(format!("a row of {table} refers to a missing row of {parent}"));
        }
        Ok(findings)
    };
    let findings = run().map_err(|source| failure::outside("check the database", path, source))?;
    if findings.is_empty() { Ok(()) } else { Err(Error::Integrity { path: path.to_owned(), findings }) }
}
