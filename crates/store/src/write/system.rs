//! Writes of the system's own tables: workers and schedules.

use db::{Statement, params};
use model::{RunId, Timestamp};

/// Who leases tasks.
#[derive(Clone, Debug)]
pub struct NewWorker {
    /// Its id: unlike any before.
    pub id: i64,
    /// What people read.
    pub name: String,
    /// Where it runs.
    pub host: String,
    /// Its process.
    pub pid: u32,
    /// Its build.
    pub version: String,
}

/// Registers a worker.
pub fn worker_insert(worker: &NewWorker, now: Timestamp, lease_until: Timestamp) -> Statement {
    let own = include_str!("../sql/write/worker_insert.sql");
    Statement::either(own, include_str!("../sql/write/worker_insert.postgres.sql")).row(params![
        worker.id,
        worker.name.as_str(),
        worker.host.as_str(),
        i64::from(worker.pid),
        worker.version.as_str(),
        now.0,
        lease_until.0,
    ])
}

/// Keeps a worker's leases. `state` is `live`, `draining` or `ended`. Refused where the worker was declared lost.
pub fn worker_heartbeat(
    worker: i64,
    state: &'static str,
    now: Timestamp,
    lease_until: Timestamp,
) -> Statement {
    let own = include_str!("../sql/write/worker_heartbeat.sql");
    Statement::either(own, include_str!("../sql/write/worker_heartbeat.postgres.sql"))
        .row(params![worker, state, now.0, lease_until.0])
        .expect_rows(1)
}

/// Declares workers lost whose lease has run out, but for `worker`; returns their names. A database with one owner has no
/// other worker: there, all are.
pub fn workers_expired(worker: i64) -> Statement {
    let own = include_str!("../sql/write/workers_expired.sql");
    Statement::either(own, include_str!("../sql/write/workers_expired.postgres.sql"))
        .row(params![worker])
        .returning()
}

/// Forgets workers that ended before `before`.
pub fn workers_forget(before: Timestamp) -> Statement {
    Statement::new(include_str!("../sql/write/workers_forget.sql")).row(params![before.0])
}

/// A schedule to be made.
#[derive(Clone, Debug)]
pub struct NewSchedule {
    /// Its id.
    pub id: i64,
    /// Unique name.
    pub name: String,
    /// Cron expression.
    pub cron: String,
    /// IANA time zone.
    pub timezone: String,
    /// The pipeline that it starts.
    pub pipeline: String,
    /// JSON.
    pub input: String,
    /// Whether it fires.
    pub enabled: bool,
    /// When it fires next.
    pub next_at: Option<Timestamp>,
}

/// Makes a schedule.
pub fn schedule_insert(schedule: &NewSchedule, now: Timestamp) -> Statement {
    Statement::new(include_str!("../sql/write/schedule_insert.sql")).row(params![
        schedule.id,
        schedule.name.as_str(),
        schedule.cron.as_str(),
        schedule.timezone.as_str(),
        schedule.pipeline.as_str(),
        schedule.input.as_str(),
        i64::from(schedule.enabled),
        schedule.next_at.map(|at| at.0),
        now.0,
    ])
}

/// A schedule fired.
pub fn schedule_fired(id: i64, next_at: Option<Timestamp>, at: Timestamp, run: Option<RunId>) -> Statement {
    Statement::new(include_str!("../sql/write/schedule_fired.sql"))
        .row(params![id, next_at.map(|at| at.0), at.0, run.map(|run| run.0)])
        .expect_rows(1)
}

/// Switches a schedule on or off.
pub fn schedule_enable(id: i64, enabled: bool, next_at: Option<Timestamp>) -> Statement {
    Statement::new(include_str!("../sql/write/schedule_enable.sql"))
        .row(params![id, i64::from(enabled), next_at.map(|at| at.0)])
        .expect_rows(1)
}

/// Deletes a schedule.
pub fn schedule_delete(id: i64) -> Statement {
    Statement::new(include_str!("../sql/write/schedule_delete.sql")).row(params![id]).expect_rows(1)
}
