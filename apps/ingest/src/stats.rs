//! Where an ingest stands, derived from its run: nothing here is counted twice, so the figures always add up.

use model::{RunState, StageRun, StageState};
use serde::{Deserialize, Serialize};
use store::RunRecord;
use utoipa::ToSchema;

/// An ingest's figures. In files: `processed + failed + skipped + cancelled = discovered` once the ingest is over, and
/// `cancelled` is 0 unless somebody cancelled it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct IngestStats {
    /// Files found.
    pub discovered: u64,
    /// Files that the library has already.
    pub skipped: u64,
    /// Files that were read well.
    pub processed: u64,
    /// Files that could not be read.
    pub failed: u64,
    /// Files that were not read because the run ended before.
    pub cancelled: u64,
    /// Files whose metadata was really read.
    pub metadata: u64,
    /// Distinct keywords added.
    pub keywords: u64,
    /// Files whose sidecar gave a score.
    pub scores: u64,
    /// Files over the threshold.
    pub nsfw: u64,
    /// Every error: those reported by files that were read all the same, and every task that failed.
    pub errors: u64,
}

/// Which of its steps an ingest is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Files are found and read.
    Processing,
    /// A person looks, and commits or does not.
    Preview,
    /// Files go into the library.
    Committing,
    /// The run has ended.
    Done,
}

/// The figures of an ingest's run. `keywords` are its distinct ones, which its files tell and not its run: a counter would
/// count a word once for each file.
pub fn stats(record: &RunRecord, keywords: u64) -> IngestStats {
    let counter =
        |name: &str| record.run.counters.get(name).map_or(0, |count| u64::try_from(*count).unwrap_or(0));
    let read = stage(record, "read").map(|stage| stage.counts).unwrap_or_default();
    let failed_tasks: u64 = record.run.stages.iter().map(|stage| stage.counts.failed).sum();
    // A file that is skipped is a task of `read` that is done; never more files are skipped than done.
    let skipped = counter("skipped").min(read.done);
    IngestStats {
        discovered: read.total,
        skipped,
        processed: read.done - skipped,
        failed: read.failed,
        cancelled: read.cancelled,
        metadata: counter("metadata"),
        keywords,
        scores: counter("scores"),
        nsfw: counter("nsfw"),
        errors: counter("errors") + failed_tasks,
    }
}

/// The step that an ingest's run is at.
pub fn phase(record: &RunRecord) -> Phase {
    let is_over = |name: &str| stage(record, name).is_none_or(|stage| stage.state.is_over());
    if record.run.state.is_final() {
        Phase::Done
    } else if !is_over("preview") {
        Phase::Processing
    } else if !is_over("approve") {
        Phase::Preview
    } else if !is_over("commit") {
        Phase::Committing
    } else {
        Phase::Done
    }
}

/// Whether files may still be left out of what will be committed.
pub(crate) fn is_open_for_selection(record: &RunRecord) -> bool {
    let committing = stage(record, "commit").is_some_and(|stage| stage.state != StageState::Pending);
    matches!(phase(record), Phase::Processing | Phase::Preview)
        && !committing
        && record.run.state != RunState::Cancelled
}

fn stage<'a>(record: &'a RunRecord, name: &str) -> Option<&'a StageRun> {
    let index = record.definition.stages.iter().position(|stage| stage.name == name)?;
    record.run.stages.get(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use model::StageCounts;

    fn counts(total: u64, done: u64, failed: u64, cancelled: u64) -> StageCounts {
        StageCounts { total, done, failed, cancelled, ..StageCounts::default() }
    }

    #[test]
    fn files_add_up_at_the_end() {
        let mut record = fixture::record(RunState::CompletedWithErrors);
        fixture::stage(&mut record, "read").counts = counts(100, 92, 8, 0);
        fixture::stage(&mut record, "enrich").counts = counts(72, 70, 2, 0);
        fixture::stage(&mut record, "commit").counts = counts(72, 71, 1, 0);
        for (name, count) in [("skipped", 20), ("metadata", 60), ("scores", 5), ("nsfw", 3), ("errors", 4)] {
            record.run.counters.insert(name.to_owned(), count);
        }
        let stats = stats(&record, 900);
        let expected = IngestStats {
            discovered: 100,
            skipped: 20,
            processed: 72,
            failed: 8,
            cancelled: 0,
            metadata: 60,
            keywords: 900,
            scores: 5,
            nsfw: 3,
            errors: 4 + 8 + 2 + 1,
        };
        assert_eq!(stats, expected);
        assert_eq!(stats.processed + stats.failed + stats.skipped, stats.discovered);
    }

    #[test]
    fn of_a_cancelled_run_the_rest_is_cancelled() {
        let mut record = fixture::record(RunState::Cancelled);
        fixture::stage(&mut record, "read").counts = counts(100, 30, 1, 69);
        record.run.counters.insert("skipped".to_owned(), 10);
        let stats = stats(&record, 0);
        assert_eq!((stats.processed, stats.failed, stats.skipped, stats.cancelled), (20, 1, 10, 69));
        assert_eq!(stats.processed + stats.failed + stats.skipped + stats.cancelled, stats.discovered);
    }

    #[test]
    fn the_phase_follows_the_stages() {
        let mut record = fixture::record(RunState::Running);
        assert_eq!(phase(&record), Phase::Processing);
        for name in ["discover", "read", "enrich", "classify"] {
            fixture::stage(&mut record, name).state = StageState::Closed;
        }
        fixture::stage(&mut record, "preview").state = StageState::Open;
        assert_eq!(phase(&record), Phase::Processing);
        fixture::stage(&mut record, "preview").state = StageState::Closed;
        fixture::stage(&mut record, "approve").state = StageState::Open;
        record.run.state = RunState::Waiting;
        assert_eq!((phase(&record), is_open_for_selection(&record)), (Phase::Preview, true));
        record.run.state = RunState::Paused;
        assert_eq!((phase(&record), is_open_for_selection(&record)), (Phase::Preview, true));
        fixture::stage(&mut record, "approve").state = StageState::Closed;
        fixture::stage(&mut record, "commit").state = StageState::Open;
        record.run.state = RunState::Running;
        assert_eq!((phase(&record), is_open_for_selection(&record)), (Phase::Committing, false));
        fixture::stage(&mut record, "commit").state = StageState::Closed;
        record.run.state = RunState::Completed;
        assert_eq!((phase(&record), is_open_for_selection(&record)), (Phase::Done, false));
        let cancelled = fixture::record(RunState::Cancelled);
        assert_eq!((phase(&cancelled), is_open_for_selection(&cancelled)), (Phase::Done, false));
    }
}
