//! Chunks of a cluster engine: a lot of tasks leased together, and what became of them.
//!
//! Each commit of a chunk proves first that the chunk is still this try's ([`hold`]), and leaves an entry that says what it
//! did ([`entry`]). So a try that begins after a death knows what was done, and nothing is done twice.

use crate::{Result, Store};
use db::{Query, Statement, params};
use model::{RunId, StageId, Timestamp};

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
            .row(params![run.0, lane, number, worker, end.number()])
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

/// Forgets all chunks of a run.
pub fn forget(run: RunId) -> [Statement; 2] {
    [
        Statement::new("DELETE FROM chunk_entries WHERE run_id = ?1").row(params![run.0]),
        Statement::new("DELETE FROM chunks WHERE run_id = ?1").row(params![run.0]),
    ]
}

impl Store {
    /// What the newest chunk of a lane has committed so far, in order.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub async fn chunk_entries(&self, run: RunId, lane: u32) -> Result<Vec<ChunkEntry>> {
        let sql = "SELECT seq, body FROM chunk_entries WHERE run_id = ?1 AND lane = ?2 ORDER BY seq";
        let rows = self.db().query(Query::new(sql).bind(run.0).bind(i64::from(lane))).await?;
        rows.iter().map(|row| Ok(ChunkEntry { seq: row.get(0)?, body: row.get(1)? })).collect()
    }
}
