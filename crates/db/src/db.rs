use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use crate::{Batch, Migration, Options, Outcome, Query, Result, Row, Stats, sqlite};

/// A handle to an open database; clones share it. The last one dropped closes it, and waits until it is closed.
///
/// Any async runtime will do; the `_blocking` forms are for plain threads.
#[derive(Clone)]
pub struct Db {
    /// The engine behind the port. A second engine makes this an enum; no signature below changes.
    engine: Arc<sqlite::Engine>,
}

/// What a backup wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// The finished file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// How long it took.
    pub took: Duration,
}

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreReport {
    /// The restored database.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Where the database that stood there before was moved to, if there was one.
    pub replaced: Option<PathBuf>,
}

/// How far a checkpoint came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Pages in the write-ahead log.
    pub wal_pages: u64,
    /// Of them, pages copied into the database; fewer when a reader still needs the older state.
    pub copied: u64,
}

impl Db {
    /// Opens or creates the SQLite database, takes sole ownership of it, and applies what migrations are missing, all
    /// or none. Components of `migrations` may come in any order; each one's versions must rise.
    ///
    /// # Errors
    /// [`Error::Locked`](crate::Error::Locked) when another process (or handle) owns it, [`Error::TooNew`](crate::Error::TooNew) and [`Error::Migration`](crate::Error::Migration)
    /// when the schema does not fit, [`Error::TooOld`](crate::Error::TooOld) for an unsafe SQLite, [`Error::Io`](crate::Error::Io) for files.
    pub fn open(options: Options, migrations: &[Migration]) -> Result<Self> {
        Ok(Self { engine: Arc::new(sqlite::Engine::open(options, migrations)?) })
    }

    /// Executes a batch: when this returns `Ok`, all of it is on the disk; when it returns an error, none of it is
    /// stored. One [`Outcome`] per statement. Waits for room when the queue is full.
    ///
    /// Dropping the future either prevents the batch wholly (no room yet) or lets it run to its end unseen.
    pub async fn execute(&self, batch: Batch) -> Result<Vec<Outcome>> {
        self.engine.execute(batch).await
    }

    /// [`execute`](Self::execute) for a thread that may block.
    pub fn execute_blocking(&self, batch: Batch) -> Result<Vec<Outcome>> {
        block_on(self.execute(batch))
    }

    /// Reads committed data: everything that was acknowledged before the call. Dropping the future ends the read.
    pub async fn query(&self, query: Query) -> Result<Vec<Row>> {
        self.engine.query(query).await
    }

    /// [`query`](Self::query) for a thread that may block.
    pub fn query_blocking(&self, query: Query) -> Result<Vec<Row>> {
        block_on(self.query(query))
    }

    /// Runs all queries on one and the same committed state; results in their order.
    pub async fn snapshot(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>> {
        self.engine.snapshot(queries).await
    }

    /// [`snapshot`](Self::snapshot) for a thread that may block.
    pub fn snapshot_blocking(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>> {
        block_on(self.snapshot(queries))
    }

    /// Copies the state of this moment to `dest` while writes go on. The file appears whole and synced, or not at all.
    /// Until it is done the write-ahead log grows with what is written. Dropping the future ends the backup.
    ///
    /// # Errors
    /// [`Error::Exists`](crate::Error::Exists) when `dest` exists; [`Error::Full`](crate::Error::Full) and [`Error::Io`](crate::Error::Io) for the disk.
    pub async fn backup_to(&self, dest: PathBuf) -> Result<BackupReport> {
        self.engine.backup_to(dest).await
    }

    /// Puts the backup `from` in the place of the database `to`, which nobody may have open. The backup is checked
    /// first; a database that stood there is moved aside, not overwritten.
    ///
    /// # Errors
    /// [`Error::Integrity`](crate::Error::Integrity) for a damaged backup, [`Error::Locked`](crate::Error::Locked) for a target in use.
    pub fn restore(from: &Path, to: &Path) -> Result<RestoreReport> {
        sqlite::restore(from, to)
    }

    /// Gives up to `pages` free pages back to the file system, in small steps between commits; answers how many it
    /// gave.
    pub async fn vacuum(&self, pages: u32) -> Result<u64> {
        self.engine.vacuum(pages).await
    }

    /// Checks the whole file and all references between rows; reads on beside the writer.
    ///
    /// # Errors
    /// [`Error::Integrity`](crate::Error::Integrity) with the first findings.
    pub async fn integrity_check(&self) -> Result<()> {
        self.engine.integrity_check().await
    }

    /// Copies what is in the write-ahead log into the database, as far as readers let it.
    pub async fn checkpoint(&self) -> Result<Checkpoint> {
        self.engine.checkpoint().await
    }

    /// Sets how large the database may become, in pages of 4 KiB; `None` for the disk's size.
    pub async fn limit_pages(&self, pages: Option<u32>) -> Result<()> {
        self.engine.limit_pages(pages).await
    }

    /// Figures since open.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.engine.stats()
    }

    /// The database's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.engine.path()
    }

    /// Commits what is queued, empties the write-ahead log, ends the threads and gives up ownership. Later calls on
    /// any clone answer [`Error::Closed`](crate::Error::Closed). A second close does nothing.
    pub async fn close(&self) {
        self.engine.close().await;
    }

    /// [`close`](Self::close) for a thread that may block.
    pub fn close_blocking(&self) {
        block_on(self.close());
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("path", &self.path()).finish_non_exhaustive()
    }
}

/// Drives a future of this crate on the calling thread. Its parts need no runtime; out of tokio's budget, because a
/// task that blocks here would otherwise be told to yield for ever.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(tokio::task::unconstrained(future));
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
