//! Reading runs and definitions.

use super::{MAX_PAGE, anywhere};
use crate::{
    Result, RunRecord, Store,
    record::{Definitions, definitions_of},
};
use db::{Query, Row};
use model::{Definition, RunId, RunState};
use std::{collections::BTreeSet, sync::Arc};

use super::event::{FeedHead, head_of};

/// Definitions asked for in one query (see `sql/read_definitions.sql`).
const DEFINITIONS_A_QUERY: usize = 8;

/// Which runs a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// In one of these states; in any where empty.
    pub states: Vec<RunState>,
    /// Of this application.
    pub app: Option<String>,
    /// Of this pipeline.
    pub pipeline: Option<String>,
    /// With this text in their title, pipeline or labels, or as their id.
    pub text: Option<String>,
    /// Older than this run: the last of the page before.
    pub before: Option<RunId>,
    /// At most this many, up to [`MAX_PAGE`].
    pub limit: u32,
}

impl Store {
    /// A run; `None` where there is none with that id.
    ///
    /// # Errors
    /// [`crate::Error::Db`], and [`crate::Error::Corrupt`] where a stored column is not what was written.
    pub async fn run(&self, id: RunId) -> Result<Option<RunRecord>> {
        let [run, definition] = run_queries(id);
        let mut answers = self.db().snapshot(vec![run, definition]).await?.into_iter();
        record_of(&answers.next().unwrap_or_default(), &answers.next().unwrap_or_default())
    }

    /// A run and the feed's head, of one and the same moment: what a stream begins with.
    ///
    /// # Errors
    /// As [`Store::run`].
    pub async fn run_and_head(&self, id: RunId) -> Result<(Option<RunRecord>, FeedHead)> {
        let [run, definition] = run_queries(id);
        let mut answers = self.db().snapshot(vec![head_query(), run, definition]).await?.into_iter();
        let head = head_of(&answers.next().unwrap_or_default())?;
        let record = record_of(&answers.next().unwrap_or_default(), &answers.next().unwrap_or_default())?;
        Ok((record, head))
    }

    /// A page of runs, newest first.
    ///
    /// # Errors
    /// As [`Store::run`].
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRecord>> {
        let rows = self.db().query(runs_query(filter)).await?;
        self.with_definitions(&rows).await
    }

    /// All runs that have not ended, oldest first, and the feed's head of the same moment.
    ///
    /// # Errors
    /// As [`Store::run`].
    pub async fn active_runs(&self) -> Result<(Vec<RunRecord>, FeedHead)> {
        let active = Query::new(include_str!("../sql/read_runs_active.sql"));
        let mut answers = self.db().snapshot(vec![head_query(), active]).await?.into_iter();
        let head = head_of(&answers.next().unwrap_or_default())?;
        let rows = answers.next().unwrap_or_default();
        Ok((self.with_definitions(&rows).await?, head))
    }

    /// How many runs there are in each state; states without runs are left out.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub async fn runs_counted(&self) -> Result<Vec<(RunState, u64)>> {
        let rows = self.db().query(Query::new(include_str!("../sql/read_runs_counted.sql"))).await?;
        let mut counts = Vec::with_capacity(rows.len());
        for row in &rows {
            // A word that this program does not know fails the table's own check, so none is lost here.
            if let Ok(state) = row.get::<&str>(0)?.parse() {
                counts.push((state, row.get(1)?));
            }
        }
        Ok(counts)
    }

    /// The definition with that hash.
    ///
    /// # Errors
    /// As [`Store::run`].
    pub async fn definition(&self, hash: &str) -> Result<Option<Arc<Definition>>> {
        Ok(self.definitions([hash].into()).await?.remove(hash))
    }

    /// The newest stored version of the pipeline called `name`.
    ///
    /// # Errors
    /// As [`Store::run`].
    pub async fn newest_definition(&self, name: &str) -> Result<Option<Arc<Definition>>> {
        let query = Query::new(include_str!("../sql/read_definition_by_name.sql")).bind(name);
        Ok(definitions_of(&self.db().query(query).await?)?.into_values().next())
    }

    pub(crate) async fn with_definitions(&self, rows: &[Row]) -> Result<Vec<RunRecord>> {
        let hashes = rows.iter().map(|row| row.get(2)).collect::<db::Result<BTreeSet<&str>>>()?;
        // Definitions never change or go, so they need not be of the same moment as the runs.
        let definitions = self.definitions(hashes).await?;
        rows.iter().map(|row| RunRecord::from_row(row, &definitions)).collect()
    }

    async fn definitions(&self, hashes: BTreeSet<&str>) -> Result<Definitions> {
        let hashes: Vec<&str> = hashes.into_iter().collect();
        let mut found = Definitions::new();
        for chunk in hashes.chunks(DEFINITIONS_A_QUERY) {
            let mut query = Query::new(include_str!("../sql/read_definitions.sql"));
            for place in 0..DEFINITIONS_A_QUERY {
                query = query.bind(chunk.get(place).copied());
            }
            found.extend(definitions_of(&self.db().query(query).await?)?);
        }
        Ok(found)
    }
}

fn run_queries(id: RunId) -> [Query; 2] {
    [
        Query::new(include_str!("../sql/read_run.sql")).bind(id.0),
        Query::new(include_str!("../sql/read_definition_of_run.sql")).bind(id.0),
    ]
}

fn head_query() -> Query {
    Query::new(include_str!("../sql/read_feed_head.sql"))
}

fn record_of(run: &[Row], definition: &[Row]) -> Result<Option<RunRecord>> {
    let definitions = definitions_of(definition)?;
    run.first().map(|row| RunRecord::from_row(row, &definitions)).transpose()
}

fn runs_query(filter: &RunFilter) -> Query {
    let words: Vec<String> = filter.states.iter().map(|state| format!("'{}'", state.as_str())).collect();
    let states =
        if words.is_empty() { String::new() } else { format!("AND state IN ({})", words.join(", ")) };
    let sql = include_str!("../sql/read_runs.sql").replace("/*states*/\n", &format!("{states}\n"));
    let id = filter.text.as_deref().and_then(|text| text.trim().parse::<RunId>().ok());
    Query::new(sql)
        .bind(filter.before.map_or(i64::MAX, |run| run.0))
        .bind(filter.app.as_deref())
        .bind(filter.pipeline.as_deref())
        .bind(filter.text.as_deref().map(anywhere))
        .bind(id.map(|id| id.0))
        .bind(filter.limit.min(MAX_PAGE))
}
