//! Chunks of a cluster engine: a lot of tasks leased together, and what became of them.
//!
//! Each commit of a chunk proves first that the chunk is still this try's ([`hold`]), and leaves an entry that says what it
//! did ([`entry`]). So a try that begins after a death knows what was done, and nothing is done twice.

use crate::{Result, Store};
use db::{Query, Statement, params};
use model::{RunId, StageId, Timestamp};

/// The lane of projections.
const PROJECTIONS: i64 = -1;

/// A try of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkTry {
    /// Its run.
    pub run: RunId,
    /// Its lane: of the chunks of a lane, one is under way.
    pub lane: u32,
    /// Its number within the lane; rises.
    pub number: i64,
    /// Who holds its tasks: new with each try.
    pub worker: i64,
}

/// What a commit of a chunk leaves for the run's host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkEntry {
    /// Its number within the chunk, from 1.
    pub seq: i64,
    /// What it says, as JSON.
    pub body: String,
}

/// Whether more is to come of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkEnd {
    /// Its tasks are under way.
    Open,
    /// It is done: it commits nothing more.
    Done,
}

impl ChunkEnd {
    fn number(self) -> i64 {
        i64::from(self == Self::Done)
    }
}

/// Begins a try: takes back what an earlier one held of `stage` (returning `key, lost`), and makes the chunk this try's. Refused
/// (an expectation, of the third statement) where the chunk is done already.
pub fn begin(this: ChunkTry, stage: StageId, now: Timestamp, end: ChunkEnd) -> Vec<Statement> {
    let ChunkTry { run, lane, number, worker } = this;
    let lane = i64::from(lane);
    vec![
        Statement::new(include_str!("sql/chunk/take_back.sql"))
            .row(params![run.0, i64::from(stage.0), lane, now.0])
            .returning(),
        Statement::new(include_str!("sql/chunk/forget_entries.sql")).row(params![run.0, lane, number]),
        Statement::new(include_str!("sql/chunk/begin.sql"))
            .row(params![run.0, lane, number, i64::from(stage.0), worker, end.number()])
            .expect_rows(1),
    ]
}

/// Proves that the chunk is still this try's, and ends it where asked.
pub fn hold(this: ChunkTry, end: ChunkEnd) -> Statement {
    Statement::new(include_str!("sql/chunk/hold.sql"))
        .row(params![this.run.0, i64::from(this.lane), this.number, this.worker, end.number()])
        .expect_rows(1)
}

/// Says what a commit did.
pub fn entry(this: ChunkTry, seq: i64, body: &str) -> Statement {
    Statement::new(include_str!("sql/chunk/entry_insert.sql")).row(params![
        this.run.0,
        i64::from(this.lane),
        seq,
        body
    ])
}

/// When the first ready task of a stage is due; returns one row, with NULL where none is ready.
pub fn next_due(run: RunId, stage: StageId) -> Statement {
    Statement::new(include_str!("sql/chunk/next_due.sql")).row(params![run.0, i64::from(stage.0)]).returning()
}

/// Proves that the projection `number` was not written yet, and says that it is now. Projections are a lane of their own.
pub fn projected(run: RunId, number: i64) -> Statement {
    Statement::new(include_str!("sql/chunk/begin.sql"))
        .row(params![run.0, PROJECTIONS, number, 0_i64, 0_i64, ChunkEnd::Done.number()])
        .expect_rows(1)
}

/// Entries that the run's row counts now, up to `seq`, of the lane's chunk `number`.
pub fn folded(run: RunId, lane: u32, number: i64, seq: i64) -> [Statement; 2] {
    let row = || params![run.0, i64::from(lane), number, seq];
    [
        Statement::new(include_str!("sql/chunk/folded.sql")).row(row()),
        Statement::new(include_str!("sql/chunk/fold.sql")).row(row()),
    ]
}

/// Forgets all chunks of a run.
pub fn forget(run: RunId) -> [Statement; 2] {
    [
        Statement::new("DELETE FROM chunk_entries WHERE run_id = ?1").row(params![run.0]),
        Statement::new("DELETE FROM chunks WHERE run_id = ?1").row(params![run.0]),
    ]
}

/// The newest chunk of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneChunk {
    /// The lane.
    pub lane: u32,
    /// The chunk's number.
    pub number: i64,
    /// Its stage.
    pub stage: StageId,
}

impl Store {
    /// The newest chunk of each lane of a run, and the newest number of all, projections too; 0 where there is none.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub async fn lane_chunks(&self, run: RunId) -> Result<(Vec<LaneChunk>, i64)> {
        let sql = "SELECT lane, number, stage FROM chunks WHERE run_id = ?1 ORDER BY lane";
        let (mut chunks, mut newest) = (Vec::new(), 0);
        for row in self.db().query(Query::new(sql).bind(run.0)).await? {
            let (lane, number): (i64, i64) = (row.get(0)?, row.get(1)?);
            newest = newest.max(number);
            if let Ok(lane) = u32::try_from(lane) {
                chunks.push(LaneChunk { lane, number, stage: StageId(row.get(2)?) });
            }
        }
        Ok((chunks, newest))
    }

    /// What the newest chunk of a lane has committed and its run's row does not count yet, in order; before it, the newest
    /// number that the row counts.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub async fn chunk_entries(&self, run: RunId, lane: u32) -> Result<(i64, Vec<ChunkEntry>)> {
        let of = |sql: &'static str| Query::new(sql).bind(run.0).bind(i64::from(lane));
        let entries = of("SELECT seq, body FROM chunk_entries WHERE run_id = ?1 AND lane = ?2 ORDER BY seq");
        let folded = of("SELECT folded FROM chunks WHERE run_id = ?1 AND lane = ?2");
        let mut answers = self.db().snapshot(vec![folded, entries]).await?.into_iter();
        let folded = answers.next().unwrap_or_default().first().map_or(Ok(0), |row| row.get(0))?;
        let rows = answers.next().unwrap_or_default();
        let entries = rows.iter().map(|row| Ok(ChunkEntry { seq: row.get(0)?, body: row.get(1)? }));
        Ok((folded, entries.collect::<Result<_>>()?))
    }
}
