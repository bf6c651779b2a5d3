//! The write-ahead log's length: when to copy it into the database, and how far to grow it ahead.
//!
//! Checkpoints run between commits, never inside of one (as SQLite's own would), so that no caller waits for one
//! unless it comes while it runs. And the log's file is grown with zeros in steps, after the answers were given: a
//! commit that overwrites allocated blocks syncs several times quicker than one that extends the file. SQLite never
//! reads behind its last valid frame, and zeros are no valid frame.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use super::failure;
use super::owner::beside;
use crate::{Checkpoint, Options, Result};

/// A writer without work for this long is idle.
const IDLE: Duration = Duration::from_millis(20);

/// Commits of more pages than this are not worth growing ahead for: writing the zeros first costs what it saves.
const SMALL_COMMIT_PAGES: u64 = 16;

/// Bytes of a page in the log: its header and its content.
const FRAME_BYTES: u64 = 24 + 4_096;

/// Bytes written at once when the log is grown.
static ZEROS: [u8; 64 * 1_024] = [0; 64 * 1_024];

/// What the writer knows of its log.
pub(super) struct Log {
    /// Pages in the log after the last commit, told by SQLite.
    pages: Arc<AtomicU64>,
    file: PathBuf,
    /// Bytes known to be allocated; `None` when the log is not grown ahead.
    allocated: Option<u64>,
    step: u64,
    /// Pages in the log when growing was last considered.
    seen: u64,
    /// Pages up to which growing ahead makes sense: beyond, a checkpoint comes first.
    highest: u64,
    idle_pages: u64,
    busy_pages: u64,
    /// Pages below which a checkpoint is not worth trying, after one that readers kept from finishing.
    not_before: u64,
}

impl Log {
    /// Lets SQLite tell about every commit from now on.
    pub(super) fn watch(connection: &mut Connection, path: &Path, options: &Options) -> Result<Self> {
        let pages = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&pages);
        let hook = move |_: &mut Wal, pages: i32| {
            told.store(u64::try_from(pages).unwrap_or(0), Relaxed);
            Ok(())
        };
        connection
            .wal_hook(Some(hook))
            .map_err(|source| failure::outside("watch the write-ahead log", path, source))?;
        Ok(Self {
            pages,
            file: beside(path, "-wal"),
            allocated: (options.wal_step_bytes > 0).then_some(0),
            step: options.wal_step_bytes,
            seen: 0,
            highest: u64::from(options.wal_busy_pages),
            idle_pages: u64::from(options.wal_idle_pages),
            busy_pages: u64::from(options.wal_busy_pages),
            not_before: 0,
        })
    }

    /// Pages in the log.
    pub(super) fn pages(&self) -> u64 {
        self.pages.load(Relaxed)
    }

    /// How long to wait for work before a checkpoint is due; `None` for ever.
    pub(super) fn patience(&self) -> Option<Duration> {
        let pages = self.pages();
        (pages >= self.idle_pages && pages >= self.not_before).then_some(IDLE)
    }

    /// Whether a checkpoint is due although there is work.
    pub(super) fn is_long(&self) -> bool {
        let pages = self.pages();
        pages >= self.busy_pages && pages >= self.not_before
    }

    /// A checkpoint copied this much.
    pub(super) fn copied(&mut self, done: Checkpoint) {
        if done.copied >= done.wal_pages {
            // The next commit starts at the log's beginning.
            self.pages.store(0, Relaxed);
            self.not_before = 0;
        } else {
            self.not_copied();
        }
    }

    /// A checkpoint could not finish; try again when the log is a good deal longer.
    pub(super) fn not_copied(&mut self) {
        self.not_before = self.pages() + self.idle_pages.max(1);
    }

    /// Grows the file when less than half a step is left. It doubles each time: a small database keeps a small log,
    /// and a busy one soon has all it needs.
    pub(super) fn grow(&mut self) {
        let Some(allocated) = self.allocated else { return };
        let pages = self.pages();
        let written = pages.checked_sub(std::mem::replace(&mut self.seen, pages)).unwrap_or(pages);
        let used = pages * FRAME_BYTES;
        let roomy = used + self.step / 2 < allocated;
        if written == 0 || written > SMALL_COMMIT_PAGES || pages > self.highest || roomy {
            return;
        }
        match append_zeros(&self.file, used + self.step.max(used)) {
            Ok(length) => self.allocated = Some(length),
            Err(error) => {
                // Only speed is lost. A full disk shows at the commit that needs the room.
                tracing::debug!(%error, "the write-ahead log is not grown ahead");
                self.allocated = None;
            }
        }
    }
}

/// Appends zeros until the file is `target` bytes long; its length.
fn append_zeros(file: &Path, target: u64) -> std::io::Result<u64> {
    let mut file = File::options().write(true).open(file)?;
    let length = file.seek(SeekFrom::End(0))?;
    let mut missing = target.saturating_sub(length);
    while missing > 0 {
        let now = missing.min(ZEROS.len() as u64);
        file.write_all(&ZEROS[..usize::try_from(now).unwrap_or(ZEROS.len())])?;
        missing -= now;
    }
    file.sync_data()?;
    Ok(length.max(target))
}
