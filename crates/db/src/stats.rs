use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Buckets of [`Stats::group_sizes`].
pub const GROUP_BUCKETS: usize = 10;

/// Figures since the database was opened, read without a lock (so not all of the same instant).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Transactions committed: one sync each.
    pub commits: u64,
    /// Batches committed.
    pub batches: u64,
    /// Batches refused or failed.
    pub failed_batches: u64,
    /// Statements executed in committed batches.
    pub statements: u64,
    /// Parameter rows executed in committed batches.
    pub rows: u64,
    /// Commits by the number of batches in them: bucket `i` counts groups of up to `2^i` batches, the last all larger.
    pub group_sizes: [u64; GROUP_BUCKETS],
    /// Most batches in one commit.
    pub largest_group: u64,
    /// Batches waiting for the writer now.
    pub queued: u64,
    /// Duration of the last COMMIT, microseconds.
    pub last_commit_micros: u64,
    /// Duration of all COMMITs, microseconds.
    pub commit_micros: u64,
    /// Groups that had to be taken apart and run batch by batch.
    pub regrouped: u64,
    /// Checkpoints run.
    pub checkpoints: u64,
    /// Duration of all checkpoints, microseconds.
    pub checkpoint_micros: u64,
    /// Pages in the write-ahead log after the last commit.
    pub wal_pages: u64,
    /// Queries and snapshots answered.
    pub reads: u64,
    /// Reads waiting for a reader now.
    pub queued_reads: u64,
}

/// The live counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) failed_batches: AtomicU64,
    pub(crate) statements: AtomicU64,
    pub(crate) rows: AtomicU64,
    pub(crate) group_sizes: [AtomicU64; GROUP_BUCKETS],
    pub(crate) largest_group: AtomicU64,
    pub(crate) last_commit_micros: AtomicU64,
    pub(crate) commit_micros: AtomicU64,
    pub(crate) regrouped: AtomicU64,
    pub(crate) checkpoints: AtomicU64,
    pub(crate) checkpoint_micros: AtomicU64,
    pub(crate) wal_pages: AtomicU64,
    pub(crate) reads: AtomicU64,
}

impl Counters {
    pub(crate) fn committed(&self, batches: usize, took: Duration) {
        let micros = micros(took);
        let size = batches as u64;
        self.commits.fetch_add(1, Relaxed);
        self.batches.fetch_add(size, Relaxed);
        self.largest_group.fetch_max(size, Relaxed);
        self.last_commit_micros.store(micros, Relaxed);
        self.commit_micros.fetch_add(micros, Relaxed);
        let bucket = batches.max(1).next_power_of_two().trailing_zeros() as usize;
        self.group_sizes[bucket.min(GROUP_BUCKETS - 1)].fetch_add(1, Relaxed);
    }

    pub(crate) fn checkpointed(&self, took: Duration) {
        self.checkpoints.fetch_add(1, Relaxed);
        self.checkpoint_micros.fetch_add(micros(took), Relaxed);
    }

    pub(crate) fn snapshot(&self, queued: u64, queued_reads: u64) -> Stats {
        Stats {
            commits: self.commits.load(Relaxed),
            batches: self.batches.load(Relaxed),
            failed_batches: self.failed_batches.load(Relaxed),
            statements: self.statements.load(Relaxed),
            rows: self.rows.load(Relaxed),
            group_sizes: std::array::from_fn(|bucket| self.group_sizes[bucket].load(Relaxed)),
            largest_group: self.largest_group.load(Relaxed),
            queued,
            last_commit_micros: self.last_commit_micros.load(Relaxed),
            commit_micros: self.commit_micros.load(Relaxed),
            regrouped: self.regrouped.load(Relaxed),
            checkpoints: self.checkpoints.load(Relaxed),
            checkpoint_micros: self.checkpoint_micros.load(Relaxed),
            wal_pages: self.wal_pages.load(Relaxed),
            reads: self.reads.load(Relaxed),
            queued_reads,
        }
    }
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}
