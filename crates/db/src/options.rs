use std::path::PathBuf;
use std::sync::Arc;

use crate::Error;

/// Called when a commit or a sync failed, with the error. Must not return in production: what the disk holds is
/// unknown, and a second sync would report success for pages the kernel has dropped.
pub type FatalHook = Arc<dyn Fn(&Error) + Send + Sync>;

/// How a SQLite database is opened. `Options::new(path)` has figures that fit two cores and 40 MB.
#[derive(Clone)]
pub struct Options {
    /// The database's file; its folder must exist. Beside it stand `<path>-wal`, `<path>-shm` and `<path>.lock`.
    pub path: PathBuf,
    /// Reader threads, each with a connection; started when first needed.
    pub readers: usize,
    /// Batches that wait for the writer before callers wait for room.
    pub queue_batches: usize,
    /// Batches committed together at most.
    pub group_batches: usize,
    /// Parameter rows after which no further batch joins a group.
    pub group_rows: usize,
    /// Reads that wait for a reader before callers wait for room.
    pub queue_reads: usize,
    /// Page cache of the writer, KiB.
    pub writer_cache_kib: u32,
    /// Page cache of each reader, KiB.
    pub reader_cache_kib: u32,
    /// Bytes of the file read by memory map. 0 by default: mapped pages count as the process's memory, and a failing
    /// disk would be a SIGBUS instead of an error.
    pub mmap_bytes: u64,
    /// Pages in the write-ahead log from which an idle writer copies them into the database.
    pub wal_idle_pages: u32,
    /// Pages in the write-ahead log from which a busy writer does so too.
    pub wal_busy_pages: u32,
    /// Smallest step by which the write-ahead log is grown ahead of its use, bytes. Overwriting allocated blocks makes a
    /// commit several times quicker than extending the file. 0 lets it grow by itself.
    pub wal_step_bytes: u64,
    /// Highest size of the database in pages (of 4 KiB); `None` for the disk's.
    pub max_pages: Option<u32>,
    /// What happens when a commit or sync fails; logs and aborts the process by default.
    pub on_fatal: FatalHook,
}

impl Options {
    /// The defaults for a database at `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: 4,
            queue_batches: 1_024,
            group_batches: 256,
            group_rows: 8_192,
            queue_reads: 1_024,
            writer_cache_kib: 16 * 1_024,
            reader_cache_kib: 2 * 1_024,
            mmap_bytes: 0,
            wal_idle_pages: 1_000,
            wal_busy_pages: 4_000,
            wal_step_bytes: 1_024 * 1_024,
            max_pages: None,
            on_fatal: Arc::new(abort),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("path", &self.path)
            .field("readers", &self.readers)
            .finish_non_exhaustive()
    }
}

fn abort(error: &Error) {
    let source = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(code = error.code(), source, "{error}");
    // A log that is written in the background may not get that far.
    eprintln!("headway stops: {error} ({})", source.as_deref().unwrap_or("no further cause"));
    std::process::abort();
}
