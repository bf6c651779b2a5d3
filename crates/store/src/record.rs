//! What the store answers with: a run with its definition, and an event as it is stored.

use crate::{Error, Result};
use db::Row;
use model::{Definition, Run, RunId, StageId, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// A run as one sees it from outside the core: its folded state, what it runs, and what was said about it at its start.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// The folded state.
    pub run: Run,
    /// What it runs.
    pub definition: Arc<Definition>,
    /// What was said at its start; never changes.
    pub meta: Arc<RunMeta>,
}

/// What was said about a run at its start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMeta {
    /// Name of its pipeline.
    pub pipeline: Arc<str>,
    /// The application that the pipeline belongs to, or `pipeline` for one without.
    pub app: Arc<str>,
    /// What people read.
    pub title: Arc<str>,
    /// Who started it.
    pub created_by: Arc<str>,
    /// Free words for finding it again.
    pub labels: BTreeMap<String, String>,
    /// What drives it.
    #[serde(default)]
    pub host: RunHost,
}

/// What drives a run: takes its steps, leases its tasks and writes its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunHost {
    /// The engine of this program.
    #[default]
    Native,
    /// A workflow on a Temporal cluster.
    Temporal,
}

impl RunHost {
    /// The word for it in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Temporal => "temporal",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        [Self::Native, Self::Temporal].into_iter().find(|host| host.as_str() == word)
    }
}

/// An event as it is stored: numbered, with its data as JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Number over all runs, in commit order, without gaps.
    pub feed_seq: i64,
    /// The run; `RunId(0)` for facts of the system.
    pub run: RunId,
    /// Number within the run, from 1.
    pub run_seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, such as `task.failed` or `app.error`.
    pub kind: Arc<str>,
    /// The stage it belongs to, by its place in the definition.
    pub stage: Option<u16>,
    /// The item it belongs to.
    pub key: Option<Arc<str>>,
    /// The attempt it belongs to.
    pub attempt: Option<u32>,
    /// A JSON object, as text; nothing where the kind says it all.
    pub data: Option<Arc<str>>,
}

/// Definitions by hash, as read together with the runs that use them.
pub(crate) type Definitions = HashMap<Arc<str>, Arc<Definition>>;

/// The columns of a run, in the order that [`RunRecord::from_row`] reads them (see `sql/read_run.sql`).
const BODY: usize = 1;

impl RunRecord {
    /// Reads `id, body, definition, pipeline, app, title, created_by, labels, input, host`.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a column is not what was written, or the definition is not among `definitions`.
    pub(crate) fn from_row(row: &Row, definitions: &Definitions) -> Result<Self> {
        let id = RunId(row.get(0)?);
        let corrupt = |what, source| Error::Corrupt { what, id: id.to_string(), source };
        let mut run: Run =
            serde_json::from_str(row.get(BODY)?).map_err(|source| corrupt("run", Some(source)))?;
        let input = serde_json::from_str(row.get(8)?);
        run.input = Arc::new(input.map_err(|source| corrupt("input of the run", Some(source)))?);
        let hash: Arc<str> = row.get(2)?;
        let definition =
            definitions.get(&hash).cloned().ok_or_else(|| corrupt("definition of the run", None))?;
        let labels =
            serde_json::from_str(row.get(7)?).map_err(|source| corrupt("labels of the run", Some(source)))?;
        let meta = RunMeta {
            pipeline: row.get(3)?,
            app: row.get(4)?,
            title: row.get(5)?,
            created_by: row.get(6)?,
            labels,
            host: RunHost::of_word(row.get(9)?).ok_or_else(|| corrupt("host of the run", None))?,
        };
        Ok(Self { run, definition, meta: Arc::new(meta) })
    }

    /// The name of a stage; `?` for a place that the definition does not have.
    pub fn stage_name(&self, stage: StageId) -> &str {
        self.definition.stage(stage).map_or("?", |stage| &stage.name)
    }
}

/// Reads rows of `hash, body`.
///
/// # Errors
/// [`Error::Corrupt`] where a body is not a definition.
pub(crate) fn definitions_of(rows: &[Row]) -> Result<Definitions> {
    rows.iter().map(definition_of).collect()
}

fn definition_of(row: &Row) -> Result<(Arc<str>, Arc<Definition>)> {
    let hash: Arc<str> = row.get(0)?;
    let definition: Definition = serde_json::from_str(row.get(1)?).map_err(|source| Error::Corrupt {
        what: "definition",
        id: hash.to_string(),
        source: Some(source),
    })?;
    Ok((hash, Arc::new(definition)))
}

impl StoredEvent {
    /// Reads `feed_seq, run_id, run_seq, at, kind, stage, key, attempt, data`.
    ///
    /// # Errors
    /// [`Error::Db`] where a column has another type.
    pub(crate) fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            feed_seq: row.get(0)?,
            run: RunId(row.get(1)?),
            run_seq: row.get(2)?,
            at: Timestamp(row.get(3)?),
            kind: row.get(4)?,
            stage: row.get(5)?,
            key: row.get(6)?,
            attempt: row.get(7)?,
            data: row.get(8)?,
        })
    }
}
