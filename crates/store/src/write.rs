//! Writing verbs: each gives a statement for the engine's batch.

mod system;

pub use system::{
    NewSchedule, NewWorker, schedule_delete, schedule_enable, schedule_fired, schedule_insert,
    worker_heartbeat, worker_insert, workers_expired, workers_forget,
};

use crate::{EventRow, Result, RunRecord};
use db::{Statement, params};
use model::{Definition, Run, RunId, StageId, StageRun, TaskError, TaskState, Timestamp};
use serde_json::value::RawValue;
use std::sync::Arc;

/// Names the history of event numbers where the database is new.
pub fn epoch_begin(epoch: &str) -> Statement {
    Statement::new(include_str!("sql/write/epoch_begin.sql")).row(params![epoch])
}

/// Begins a new history of event numbers: cursors of the old one are answered with a reset.
pub fn epoch_change(epoch: &str) -> Statement {
    Statement::new(include_str!("sql/write/epoch_change.sql")).row(params![epoch])
}

/// Moves the feed on by `count` and returns its newest number. Stands before [`events`] in the same batch.
pub fn feed_advance(count: usize) -> Statement {
    Statement::new(include_str!("sql/write/feed_advance.sql"))
        .row(params![count as i64])
        .expect_rows(1)
        .returning()
}

/// Writes events, numbered up to the feed's newest.
pub fn events(rows: &[EventRow]) -> Statement {
    let mut statement = Statement::new(include_str!("sql/write/event_insert.sql")).at_once();
    statement.reserve_rows(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let event = &row.event;
        statement.push_row(params![
            (rows.len() - 1 - index) as i64,
            event.run.0,
            event.run_seq as i64,
            event.at.0,
            event.kind.clone(),
            event.stage.map(i64::from),
            event.key.clone(),
            event.attempt.map(i64::from),
            event.data.clone(),
        ]);
    }
    statement
}

/// Writes facts of the system. Their number within the system's run is the feed's, which many workers share.
pub fn system_events(rows: &[EventRow]) -> Statement {
    let mut statement = Statement::new(include_str!("sql/write/system_event_insert.sql"));
    for (index, row) in rows.iter().enumerate() {
        let event = &row.event;
        let after = (rows.len() - 1 - index) as i64;
        statement.push_row(params![after, event.at.0, event.kind.clone(), event.data.clone()]);
    }
    statement
}

/// Keeps a definition; nothing where it is known.
///
/// # Errors
/// [`Error::Json`](crate::Error::Json), which a checked definition does not give.
pub fn definition(definition: &Definition, now: Timestamp) -> Result<Statement> {
    let body = serde_json::to_string(definition)?;
    Ok(Statement::new(include_str!("sql/write/definition_insert.sql")).row(params![
        definition.hash.as_str(),
        definition.name.as_str(),
        i64::from(definition.version),
        body,
        now.0,
    ]))
}

/// Writes a new run.
///
/// # Errors
/// [`Error::Json`](crate::Error::Json).
pub fn run_insert(record: &RunRecord, idempotency_key: Option<&str>) -> Result<Statement> {
    let RunRecord { run, meta, .. } = record;
    Ok(Statement::new(include_str!("sql/write/run_insert.sql")).row(params![
        run.id.0,
        run.definition.clone(),
        meta.pipeline.clone(),
        meta.app.clone(),
        meta.title.clone(),
        meta.created_by.clone(),
        serde_json::to_string(&meta.labels)?,
        run.input.to_string(),
        idempotency_key,
        run.state.as_str(),
        run.run_seq as i64,
        serde_json::to_string(run)?,
        run.created_at.0,
        run.started_at.map(|at| at.0),
        run.ended_at.map(|at| at.0),
        meta.host.as_str(),
    ]))
}

/// Writes a run's new state over the one with `was_seq` events.
///
/// # Errors
/// [`Error::Json`](crate::Error::Json).
pub fn run_update(run: &Run, was_seq: u64) -> Result<Statement> {
    Ok(Statement::new(include_str!("sql/write/run_update.sql"))
        .row(params![
            run.id.0,
            was_seq as i64,
            run.state.as_str(),
            run.run_seq as i64,
            serde_json::to_string(run)?,
            run.started_at.map(|at| at.0),
            run.ended_at.map(|at| at.0),
        ])
        .expect_rows(1))
}

/// A task to be made.
pub struct NewTask {
    /// Its stage.
    pub stage: StageId,
    /// Its key.
    pub key: Arc<str>,
    /// `Ready`, `Waiting`, or `Leased` by `worker` at once (its first attempt, its first fence).
    pub state: TaskState,
    /// What it works on.
    pub data: Arc<RawValue>,
}

/// Makes tasks. A key that the stage has already is a unique violation: the batch fails and the host drops the known.
pub fn tasks<'a>(
    run: &Run,
    worker: i64,
    now: Timestamp,
    tasks: impl IntoIterator<Item = &'a NewTask>,
) -> Statement {
    let mut statement = Statement::new(include_str!("sql/write/task_insert.sql")).at_once();
    for task in tasks {
        let leased = task.state == TaskState::Leased;
        let base = run.stages.get(task.stage.index()).map_or(0, StageRun::fence_base);
        statement.push_row(params![
            run.id.0,
            i64::from(task.stage.0),
            task.key.clone(),
            task.state.number(),
            i64::from(leased),
            leased.then_some(worker),
            now.0,
            task.data.get(),
            base,
        ]);
    }
    statement
}

/// A lease's identity: whoever settles the task must name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The run.
    pub run: RunId,
    /// The stage.
    pub stage: StageId,
    /// The item.
    pub key: Arc<str>,
    /// The fence that the lease was given.
    pub fence: i64,
}

/// When an attempt began and ended.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Begin.
    pub started_at: Timestamp,
    /// End.
    pub ended_at: Timestamp,
}

/// Leases up to `limit` due tasks of a stage; returns `key, attempt, fence, data`.
pub fn claim(run: RunId, stage: StageId, worker: i64, now: Timestamp, limit: usize) -> Statement {
    Statement::either(
        include_str!("sql/write/task_claim.sql"),
        include_str!("sql/write/task_claim.postgres.sql"),
    )
    .row(params![run.0, i64::from(stage.0), worker, now.0, limit as i64])
    .returning()
}

/// Tasks that ended well: one statement for all of a batch.
pub struct DoneTasks(Statement);

impl Default for DoneTasks {
    fn default() -> Self {
        Self(Statement::new(include_str!("sql/write/task_done.sql")).expect_rows(1).at_once())
    }
}

impl DoneTasks {
    /// Adds one.
    pub fn push(&mut self, held: &Held, span: Span, output: Option<&str>) {
        self.0.push_row(params![
            held.run.0,
            i64::from(held.stage.0),
            held.key.clone(),
            held.fence,
            span.started_at.0,
            span.ended_at.0,
            output,
        ]);
    }

    /// The statement.
    pub fn into_statement(self) -> Statement {
        self.0
    }
}

/// The task failed for good.
///
/// # Errors
/// [`Error::Json`](crate::Error::Json).
pub fn task_failed(held: &Held, span: Span, error: &TaskError) -> Result<Statement> {
    Ok(Statement::new(include_str!("sql/write/task_failed.sql"))
        .row(params![
            held.run.0,
            i64::from(held.stage.0),
            held.key.clone(),
            held.fence,
            span.started_at.0,
            span.ended_at.0,
            serde_json::to_string(error)?,
        ])
        .expect_rows(1))
}

/// The task becomes ready again at `due_at`. An attempt that is not `counted` is given back.
///
/// # Errors
/// [`Error::Json`](crate::Error::Json).
pub fn task_retry(
    held: &Held,
    span: Span,
    due_at: Timestamp,
    given_back: i64,
    error: &TaskError,
) -> Result<Statement> {
    Ok(Statement::new(include_str!("sql/write/task_retry.sql"))
        .row(params![
            held.run.0,
            i64::from(held.stage.0),
            held.key.clone(),
            held.fence,
            due_at.0,
            given_back,
            span.started_at.0,
            serde_json::to_string(error)?,
        ])
        .expect_rows(1))
}

/// Proves that the lease still stands.
pub fn task_held(held: &Held) -> Statement {
    Statement::new(include_str!("sql/write/task_held.sql"))
        .row(params![held.run.0, i64::from(held.stage.0), held.key.clone(), held.fence])
        .expect_rows(1)
}

/// Gives back leases that were not begun.
pub fn tasks_release<'a>(held: impl IntoIterator<Item = &'a Held>) -> Statement {
    let mut statement = Statement::new(include_str!("sql/write/task_release.sql"));
    for held in held {
        statement.push_row(params![held.run.0, i64::from(held.stage.0), held.key.clone(), held.fence]);
    }
    statement
}

/// Held tasks of a stage become ready.
pub fn stage_release(run: RunId, stage: StageId, now: Timestamp) -> Statement {
    Statement::new(include_str!("sql/write/stage_release.sql")).row(params![run.0, i64::from(stage.0), now.0])
}

/// Held tasks of a stage end as skipped.
pub fn stage_skip(run: RunId, stage: StageId, now: Timestamp) -> Statement {
    Statement::new(include_str!("sql/write/stage_skip.sql")).row(params![run.0, i64::from(stage.0), now.0])
}

/// Waiting tasks of a stage end as failed.
///
/// # Errors
/// [`Error::Json`](crate::Error::Json).
pub fn stage_expire(run: RunId, stage: StageId, now: Timestamp, error: &TaskError) -> Result<Statement> {
    let error = serde_json::to_string(error)?;
    Ok(Statement::new(include_str!("sql/write/stage_expire.sql")).row(params![
        run.0,
        i64::from(stage.0),
        now.0,
        error
    ]))
}

/// Failed tasks of a stage, and cancelled ones where asked, go back to `state`.
pub fn stage_revive(
    run: RunId,
    stage: StageId,
    state: TaskState,
    now: Timestamp,
    cancelled: bool,
) -> Statement {
    Statement::new(include_str!("sql/write/stage_revive.sql")).row(params![
        run.0,
        i64::from(stage.0),
        state.number(),
        now.0,
        i64::from(cancelled)
    ])
}

/// Cancelled tasks of a stage go back to `state`.
pub fn stage_revive_cancelled(run: RunId, stage: StageId, state: TaskState, now: Timestamp) -> Statement {
    Statement::new(include_str!("sql/write/stage_revive_cancelled.sql")).row(params![
        run.0,
        i64::from(stage.0),
        state.number(),
        now.0
    ])
}

/// All tasks of a stage, each of which has ended, go to `state`.
pub fn stage_redo(run: RunId, stage: StageId, state: TaskState, now: Timestamp) -> Statement {
    Statement::new(include_str!("sql/write/stage_redo.sql")).row(params![
        run.0,
        i64::from(stage.0),
        state.number(),
        now.0
    ])
}

/// All tasks of a stage are deleted.
pub fn stage_forget(run: RunId, stage: StageId) -> Statement {
    Statement::new(include_str!("sql/write/stage_forget.sql")).row(params![run.0, i64::from(stage.0)])
}

/// One failed task goes back to `state`.
pub fn task_revive(
    run: RunId,
    stage: StageId,
    key: &Arc<str>,
    state: TaskState,
    now: Timestamp,
) -> Statement {
    Statement::new(include_str!("sql/write/task_revive.sql"))
        .row(params![run.0, i64::from(stage.0), key.clone(), state.number(), now.0])
        .expect_rows(1)
}

/// A waiting task ends with its signal's payload as output.
pub fn task_signalled(run: RunId, stage: StageId, key: &Arc<str>, now: Timestamp, output: &str) -> Statement {
    Statement::new(include_str!("sql/write/task_signalled.sql"))
        .row(params![run.0, i64::from(stage.0), key.clone(), now.0, output])
        .expect_rows(1)
}

/// Whatever of the run has not ended, ends as cancelled.
pub fn cancel_tasks(run: RunId, now: Timestamp) -> Statement {
    Statement::new(include_str!("sql/write/run_cancel_tasks.sql")).row(params![run.0, now.0])
}

/// Tasks of a stage that other workers than `worker` hold become ready; returns `key, lost`.
pub fn tasks_lost(run: RunId, stage: StageId, now: Timestamp) -> Statement {
    Statement::new(include_str!("sql/write/tasks_lost.sql"))
        .row(params![run.0, i64::from(stage.0), now.0])
        .returning()
}

/// A ready task that took too many workers down with it ends as failed.
///
/// # Errors
/// [`Error::Json`](crate::Error::Json).
pub fn task_poisoned(
    run: RunId,
    stage: StageId,
    key: &Arc<str>,
    now: Timestamp,
    error: &TaskError,
) -> Result<Statement> {
    let error = serde_json::to_string(error)?;
    Ok(Statement::new(include_str!("sql/write/task_poisoned.sql"))
        .row(params![run.0, i64::from(stage.0), key.clone(), now.0, error])
        .expect_rows(1))
}

/// Deletes up to `limit` tasks of a run.
pub fn tasks_forget(run: RunId, limit: usize) -> Statement {
    Statement::new(include_str!("sql/write/tasks_forget.sql")).row(params![run.0, limit as i64])
}

/// Deletes up to `limit` events of a run.
pub fn events_forget(run: RunId, limit: usize) -> Statement {
    Statement::new(include_str!("sql/write/events_forget.sql")).row(params![run.0, limit as i64])
}

/// Deletes a run that has ended.
pub fn run_forget(run: RunId) -> Statement {
    Statement::new(include_str!("sql/write/run_forget.sql")).row(params![run.0])
}
