use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use crate::{
    Batch, Error, Migration, Options, Outcome, PgOptions, Query, Result, Row, Stats, postgres, sqlite,
};

/// A handle to an open database; clones share it. The last one dropped closes it, and waits until it is closed.
///
/// Any async runtime will do; the `_blocking` forms are for plain threads.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
}

/// The engine behind the port.
#[derive(Clone)]
enum Engine {
    Sqlite(Arc<sqlite::Engine>),
    Postgres(Arc<postgres::Engine>),
}

/// What stands behind a [`Db`], for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file that this process owns alone.
    Sqlite(PathBuf),
    /// A server that several processes share: host, port and database.
    Postgres(String),
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
        Ok(Self { engine: Engine::Sqlite(Arc::new(sqlite::Engine::open(options, migrations)?)) })
    }

    /// Connects to a PostgreSQL database, which other processes may use too, and applies what migrations are missing, all
    /// or none, one process at a time.
    ///
    /// # Errors
    /// [`Error::Away`] where the server does not answer or refuses the credentials, [`Error::TooNew`] and
    /// [`Error::Migration`] when the schema does not fit.
    pub async fn connect(options: PgOptions, migrations: &[Migration]) -> Result<Self> {
        let engine = postgres::Engine::open(options, migrations.to_vec()).await?;
        Ok(Self { engine: Engine::Postgres(Arc::new(engine)) })
    }

    /// What stands behind.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match &self.engine {
            Engine::Sqlite(engine) => Backend::Sqlite(engine.path().to_owned()),
            Engine::Postgres(engine) => Backend::Postgres(engine.place().to_owned()),
        }
    }

    /// Whether other processes may write to the same database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// Changes when another process has committed something with a tail ([`Batch::begin_tail`]); `None` where there is no
    /// other. A hint: it may come late or never, so look from time to time, too.
    #[must_use]
    pub fn listen(&self) -> Option<tokio::sync::watch::Receiver<u64>> {
        match &self.engine {
            Engine::Sqlite(_) => None,
            Engine::Postgres(engine) => Some(engine.listen()),
        }
    }

    /// The engine that owns its file.
    fn sqlite(&self, what: &'static str, instead: &'static str) -> Result<&sqlite::Engine> {
        match &self.engine {
            Engine::Sqlite(engine) => Ok(engine),
            Engine::Postgres(_) => Err(Error::Unsupported { what, instead }),
        }
    }

    /// Executes a batch: when this returns `Ok`, all of it is on the disk; when it returns an error, none of it is
    /// stored. One [`Outcome`] per statement. Waits for room when the queue is full.
    ///
    /// Dropping the future either prevents the batch wholly (no room yet) or lets it run to its end unseen.
    pub async fn execute(&self, batch: Batch) -> Result<Vec<Outcome>> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.execute(batch).await,
            Engine::Postgres(engine) => engine.execute(batch).await,
        }
    }

    /// [`execute`](Self::execute) for a thread that may block.
    pub fn execute_blocking(&self, batch: Batch) -> Result<Vec<Outcome>> {
        block_on(self.execute(batch))
    }

    /// Reads committed data: everything that was acknowledged before the call. Dropping the future ends the read.
    pub async fn query(&self, query: Query) -> Result<Vec<Row>> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.query(query).await,
            Engine::Postgres(engine) => engine.query(query).await,
        }
    }

    /// [`query`](Self::query) for a thread that may block.
    pub fn query_blocking(&self, query: Query) -> Result<Vec<Row>> {
        block_on(self.query(query))
    }

    /// Whether a statement can be prepared as it stands: its tables, columns and types are there. Nothing is executed.
    ///
    /// # Errors
    /// [`Error::Statement`] with what is wrong.
    pub async fn prepare(&self, sql: String) -> Result<()> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.prepare(sql).await,
            Engine::Postgres(engine) => engine.prepare(sql).await,
        }
    }

    /// Runs all queries on one and the same committed state; results in their order.
    pub async fn snapshot(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.snapshot(queries).await,
            Engine::Postgres(engine) => engine.snapshot(queries).await,
        }
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
        let engine = self.sqlite("be backed up", "use pg_dump, or archive its log (see docs/backup.md)")?;
        engine.backup_to(dest).await
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
    /// gave. PostgreSQL does so by itself, and gives none.
    pub async fn vacuum(&self, pages: u32) -> Result<u64> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.vacuum(pages).await,
            Engine::Postgres(_) => Ok(0),
        }
    }

    /// Checks the whole file and all references between rows; reads on beside the writer.
    ///
    /// # Errors
    /// [`Error::Integrity`](crate::Error::Integrity) with the first findings.
    pub async fn integrity_check(&self) -> Result<()> {
        self.sqlite("be checked", "use pg_amcheck")?.integrity_check().await
    }

    /// Copies what is in the write-ahead log into the database, as far as readers let it.
    pub async fn checkpoint(&self) -> Result<Checkpoint> {
        self.sqlite("be checkpointed", "the server does so by itself")?.checkpoint().await
    }

    /// Sets how large the database may become, in pages of 4 KiB; `None` for the disk's size.
    pub async fn limit_pages(&self, pages: Option<u32>) -> Result<()> {
        self.sqlite("be limited", "limit it on the server")?.limit_pages(pages).await
    }

    /// Figures since open.
    #[must_use]
    pub fn stats(&self) -> Stats {
        match &self.engine {
            Engine::Sqlite(engine) => engine.stats(),
            Engine::Postgres(engine) => engine.stats(),
        }
    }

    /// Commits what is queued, empties the write-ahead log, ends the threads and gives up ownership. Later calls on
    /// any clone answer [`Error::Closed`](crate::Error::Closed). A second close does nothing.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(engine) => engine.close().await,
            Engine::Postgres(engine) => engine.close().await,
        }
    }

    /// [`close`](Self::close) for a thread that may block.
    pub fn close_blocking(&self) {
        block_on(self.close());
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("backend", &self.backend()).finish_non_exhaustive()
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
