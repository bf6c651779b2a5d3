//! What only the engine asks: which items a run has, which run a key started, what other nodes have left.

use crate::{Result, RunRecord, Store, write::Held};
use db::Query;
use model::{RunId, StageId};
use std::{collections::HashSet, sync::Arc};

/// Keys asked for in one query (see `sql/read_known_keys.sql`).
const KEYS_A_QUERY: usize = 16;

impl Store {
    /// Those of `keys` that the run's stages have already.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub async fn known_keys(
        &self,
        run: RunId,
        keys: &[(StageId, Arc<str>)],
    ) -> Result<HashSet<(StageId, Arc<str>)>> {
        let mut sorted: Vec<&(StageId, Arc<str>)> = keys.iter().collect();
        sorted.sort_unstable();
        let mut known = HashSet::new();
        for same_stage in sorted.chunk_by(|left, right| left.0 == right.0) {
            for chunk in same_stage.chunks(KEYS_A_QUERY) {
                let Some((stage, _)) = chunk.first() else { continue };
                let query =
                    Query::new(include_str!("sql/read_known_keys.sql")).bind(run.0).bind(i64::from(stage.0));
                // Short chunks repeat their last key: the text of the query stays the same, and so prepared.
                let padded = chunk.iter().chain(std::iter::repeat_n(&chunk[chunk.len() - 1], KEYS_A_QUERY));
                let query = padded.take(KEYS_A_QUERY).fold(query, |query, (_, key)| query.bind(key.clone()));
                for row in self.db().query(query).await? {
                    known.insert((*stage, row.get(0)?));
                }
            }
        }
        Ok(known)
    }

    /// The run that was started under an idempotency key.
    ///
    /// # Errors
    /// As [`Store::run`].
    pub async fn run_by_idempotency_key(&self, key: &str) -> Result<Option<RunRecord>> {
        let query = Query::new("SELECT id FROM runs WHERE idempotency_key = ?1").bind(key);
        match self.db().query(query).await?.first() {
            Some(row) => self.run(RunId(row.get(0)?)).await,
            None => Ok(None),
        }
    }

    /// The runs with these ids, in any order; those that are not there are left out.
    ///
    /// # Errors
    /// As [`Store::run`].
    pub async fn runs_by_id(&self, runs: &[RunId]) -> Result<Vec<RunRecord>> {
        let mut found = Vec::with_capacity(runs.len());
        for chunk in runs.chunks(KEYS_A_QUERY) {
            let padded = chunk.iter().chain(std::iter::repeat_n(&chunk[chunk.len() - 1], KEYS_A_QUERY));
            let query = Query::new(include_str!("sql/read_runs_by_id.sql"));
            let query = padded.take(KEYS_A_QUERY).fold(query, |query, run| query.bind(run.0));
            let rows = self.db().query(query).await?;
            found.extend(self.with_definitions(&rows).await?);
        }
        Ok(found)
    }

    /// Stages with tasks that are leased by workers that are gone.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub async fn orphans(&self) -> Result<Vec<(RunId, StageId)>> {
        let rows = self.db().query(Query::new(include_str!("sql/read_orphans.sql"))).await?;
        rows.iter().map(|row| Ok((RunId(row.get(0)?), StageId(row.get(1)?)))).collect()
    }

    /// The tasks of native runs that a worker has leased.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub async fn held_by(&self, worker: i64) -> Result<Vec<Held>> {
        let rows = self.db().query(Query::new(include_str!("sql/read_held.sql")).bind(worker)).await?;
        let held = |row: &db::Row| {
            let (run, stage) = (RunId(row.get(0)?), StageId(row.get(1)?));
            Ok(Held { run, stage, key: row.get(2)?, fence: row.get(3)? })
        };
        rows.iter().map(held).collect()
    }

    /// The deliveries of a destination that a worker has leased: their numbers and fences.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub async fn deliveries_held_by(&self, destination: &str, worker: i64) -> Result<Vec<(i64, i64)>> {
        let query = Query::new(include_str!("sql/outbox/read_held.sql")).bind(destination).bind(worker);
        let rows = self.db().query(query).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }
}
