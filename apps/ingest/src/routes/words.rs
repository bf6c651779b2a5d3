//! Distinct keywords of ingests: counted over all files of one, and so not with every question of every viewer.

use crate::{Phase, phase, tables::preview};
use db::Db;
use model::RunId;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use store::RunRecord;

/// How old a figure may be while files are being read: 10,000 of them take about 0.1 s to count.
const MAX_AGE: Duration = Duration::from_secs(2);
/// Ingests whose figure is held.
const MAX_HELD: usize = 32;

/// Figures counted before.
#[derive(Clone, Debug, Default)]
pub struct KeywordCounts(Arc<Mutex<VecDeque<Counted>>>);

#[derive(Clone, Copy, Debug)]
struct Counted {
    run: RunId,
    /// The run's newest event at that time: without another one, the figure holds.
    seq: u64,
    at: Instant,
    keywords: u64,
}

impl KeywordCounts {
    /// The distinct keywords of an ingest: exact once its files are read, before that at most [`MAX_AGE`] old.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub(super) async fn of(&self, db: &Db, record: &RunRecord) -> db::Result<u64> {
        let (run, seq) = (record.run.id, record.run.run_seq);
        let young = phase(record) == Phase::Processing;
        let holds = |known: &Counted| known.seq == seq || young && known.at.elapsed() < MAX_AGE;
        let known = self.held(|all| all.iter().find(|known| known.run == run).copied());
        if let Some(known) = known.filter(holds) {
            return Ok(known.keywords);
        }
        let keywords = preview::keywords(db, run).await?;
        self.held(|all| {
            all.retain(|known| known.run != run);
            all.truncate(MAX_HELD - 1);
            all.push_front(Counted { run, seq, at: Instant::now(), keywords });
        });
        Ok(keywords)
    }

    fn held<T>(&self, act: impl FnOnce(&mut VecDeque<Counted>) -> T) -> T {
        // Plain figures: what a panic left behind is as good as any.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
