//! Reading tasks: pages of them, one with its attempts, why they failed, and how long they took.

use super::{MAX_PAGE, anywhere};
use crate::{Error, Result, Store};
use db::{Query, Row};
use model::{RunId, StageId, TaskError, TaskState, Timestamp};
use std::sync::Arc;

/// Most attempts that a timeline holds.
const TIMELINE_ATTEMPTS: u32 = 2_000;
/// Of them, at most this many failed ones.
const TIMELINE_FAILED: u32 = 1_000;
/// Of them, at most this many under way.
const TIMELINE_LEASED: u32 = 500;
/// Ended tasks looked at for the longest ones.
const TIMELINE_SCANNED: u32 = 50_000;
/// Most groups that [`Store::errors`] answers.
const ERROR_GROUPS: u32 = 200;

/// A task as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRecord {
    /// Its stage.
    pub stage: StageId,
    /// Its item.
    pub key: Arc<str>,
    /// Where it is in its life.
    pub state: TaskState,
    /// Attempts begun and counted against the limit.
    pub attempt: u32,
    /// How often a worker died with it.
    pub lost: u32,
    /// The worker that holds it, by name.
    pub worker: Option<Arc<str>>,
    /// When it was created.
    pub created_at: Timestamp,
    /// It is not leased before then.
    pub due_at: Timestamp,
    /// When its newest attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it works on, as JSON text.
    pub data: Arc<str>,
    /// What it answered, as JSON text.
    pub output: Option<Arc<str>>,
    /// Why it failed.
    pub error: Option<TaskError>,
}

/// Which tasks of a run a page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Of this stage.
    pub stage: Option<StageId>,
    /// In one of these states; in any where empty.
    pub states: Vec<TaskState>,
    /// With this text in their key.
    pub text: Option<String>,
    /// After this one: the last of the page before.
    pub after: Option<(StageId, String)>,
    /// At most this many, up to [`MAX_PAGE`].
    pub limit: u32,
}

/// Failed tasks with one cause in one stage.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorGroup {
    /// The stage.
    pub stage: StageId,
    /// The cause.
    pub code: String,
    /// How many tasks.
    pub count: u64,
    /// When the first of them failed.
    pub first_at: Option<Timestamp>,
    /// When the last of them failed.
    pub last_at: Option<Timestamp>,
    /// One of them.
    pub key: Arc<str>,
    /// What went wrong with that one.
    pub error: TaskError,
}

/// Attempts of a run with their times: failed ones, those under way, and the longest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// The attempts.
    pub attempts: Vec<TimelineAttempt>,
    /// Whether attempts were left out.
    pub truncated: bool,
}

/// An attempt with its times.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineAttempt {
    /// Its stage.
    pub stage: StageId,
    /// Its item.
    pub key: Arc<str>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What became of its task.
    pub state: TaskState,
}

impl Store {
    /// A page of a run's tasks, by stage and key.
    ///
    /// # Errors
    /// [`Error::Db`], and [`Error::Corrupt`] where a stored column is not what was written.
    pub async fn tasks(&self, run: RunId, filter: &TaskFilter) -> Result<Vec<TaskRecord>> {
        self.db().query(tasks_query(run, filter)).await?.iter().map(TaskRecord::from_row).collect()
    }

    /// One task; what happened to it is told by [`Store::events_of_item`].
    ///
    /// # Errors
    /// As [`Store::tasks`].
    pub async fn task(&self, run: RunId, stage: StageId, key: &str) -> Result<Option<TaskRecord>> {
        let query = Query::new(include_str!("../sql/read_task.sql")).bind(run.0).bind(stage.0).bind(key);
        self.db().query(query).await?.first().map(TaskRecord::from_row).transpose()
    }

    /// Why tasks of a run failed, by stage and cause, the most frequent first.
    ///
    /// # Errors
    /// As [`Store::tasks`].
    pub async fn errors(&self, run: RunId) -> Result<Vec<ErrorGroup>> {
        let query = Query::new(include_str!("../sql/read_errors.sql")).bind(run.0).bind(ERROR_GROUPS);
        self.db().query(query).await?.iter().map(ErrorGroup::from_row).collect()
    }

    /// Attempts of a run with their times, in order of their begin: at most 2,000, those that failed, those under way,
    /// then the longest among the first 50,000 that ended.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn timeline(&self, run: RunId) -> Result<Timeline> {
        // One more than is shown tells that there are more.
        let failed =
            Query::new(include_str!("../sql/read_timeline_failed.sql")).bind(run.0).bind(TIMELINE_FAILED + 1);
        let leased =
            Query::new(include_str!("../sql/read_timeline_leased.sql")).bind(run.0).bind(TIMELINE_LEASED + 1);
        let longest = Query::new(include_str!("../sql/read_timeline_longest.sql"))
            .bind(run.0)
            .bind(TIMELINE_ATTEMPTS + 1)
            .bind(TIMELINE_SCANNED);
        let mut timeline = Timeline::default();
        let answers = self.db().snapshot(vec![failed, leased, longest]).await?;
        let most = [TIMELINE_FAILED, TIMELINE_LEASED, TIMELINE_ATTEMPTS].map(|most| most as usize);
        for (rows, most) in answers.iter().zip(most) {
            let room = most.min(TIMELINE_ATTEMPTS as usize - timeline.attempts.len());
            timeline.truncated |= rows.len() > room;
            for row in rows.iter().take(room) {
                timeline.attempts.push(TimelineAttempt::from_row(row)?);
            }
        }
        timeline
            .attempts
            .sort_by(|a, b| (a.started_at, a.stage, &a.key).cmp(&(b.started_at, b.stage, &b.key)));
        Ok(timeline)
    }
}

fn tasks_query(run: RunId, filter: &TaskFilter) -> Query {
    let (states, index) = match filter.states.as_slice() {
        [] => (String::new(), ""),
        [TaskState::Failed] => ("AND t.state = 4".to_owned(), "INDEXED BY tasks_failed"),
        [TaskState::Leased] => ("AND t.state = 1".to_owned(), "INDEXED BY tasks_leased"),
        states => {
            let numbers: Vec<String> = states.iter().map(|state| state.number().to_string()).collect();
            (format!("AND t.state IN ({})", numbers.join(", ")), "")
        }
    };
    let sql = include_str!("../sql/read_tasks.sql");
    let sql = sql.replace("/*index*/\n", &format!("{index}\n"));
    let sql = sql.replace("/*states*/\n", &format!("{states}\n"));
    let (stage, key) = match &filter.after {
        Some((stage, key)) => (i64::from(stage.0), key.as_str()),
        None => (-1, ""),
    };
    Query::new(sql)
        .bind(run.0)
        .bind(stage)
        .bind(key)
        .bind(filter.stage.map(|stage| stage.0))
        .bind(filter.text.as_deref().map(anywhere))
        .bind(filter.limit.min(MAX_PAGE))
}

impl TaskRecord {
    fn from_row(row: &Row) -> Result<Self> {
        let key: Arc<str> = row.get(1)?;
        let error: Option<&str> = row.get(12)?;
        Ok(Self {
            stage: StageId(row.get(0)?),
            state: state_of(row, 2, &key)?,
            attempt: row.get(3)?,
            lost: row.get(4)?,
            worker: row.get(5)?,
            created_at: Timestamp(row.get(6)?),
            due_at: Timestamp(row.get(7)?),
            started_at: row.get::<Option<i64>>(8)?.map(Timestamp),
            ended_at: row.get::<Option<i64>>(9)?.map(Timestamp),
            data: row.get(10)?,
            output: row.get(11)?,
            error: error.map(|text| error_of(text, &key)).transpose()?,
            key,
        })
    }
}

impl ErrorGroup {
    fn from_row(row: &Row) -> Result<Self> {
        let key: Arc<str> = row.get(5)?;
        Ok(Self {
            stage: StageId(row.get(0)?),
            code: row.get::<Option<String>>(1)?.unwrap_or_else(|| "unknown".to_owned()),
            count: row.get(2)?,
            first_at: row.get::<Option<i64>>(3)?.map(Timestamp),
            last_at: row.get::<Option<i64>>(4)?.map(Timestamp),
            error: match row.get::<Option<&str>>(6)? {
                Some(text) => error_of(text, &key)?,
                None => TaskError::new("unknown", "the task failed without saying why"),
            },
            key,
        })
    }
}

impl TimelineAttempt {
    fn from_row(row: &Row) -> Result<Self> {
        let key: Arc<str> = row.get(1)?;
        Ok(Self {
            stage: StageId(row.get(0)?),
            attempt: row.get(2)?,
            started_at: Timestamp(row.get(3)?),
            ended_at: row.get::<Option<i64>>(4)?.map(Timestamp),
            state: state_of(row, 5, &key)?,
            key,
        })
    }
}

fn state_of(row: &Row, index: usize, key: &str) -> Result<TaskState> {
    TaskState::from_number(row.get(index)?).ok_or_else(|| Error::Corrupt {
        what: "state of the task",
        id: key.to_owned(),
        source: None,
    })
}

fn error_of(text: &str, key: &str) -> Result<TaskError> {
    serde_json::from_str(text).map_err(|source| Error::Corrupt {
        what: "error of the task",
        id: key.to_owned(),
        source: Some(source),
    })
}
