//! Reading what the system is made of: workers and schedules.

use crate::{Result, Store};
use db::{Query, Row};
use model::{RunId, Timestamp};
use std::sync::Arc;

/// Most workers that are listed: each command that works on a run is one for as long as it takes.
pub const MAX_WORKERS: i64 = 500;

/// A process that leases tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerRecord {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: Arc<str>,
    /// The machine it runs on.
    pub host: Arc<str>,
    /// Its process there.
    pub pid: i64,
    /// The program's version.
    pub version: Arc<str>,
    /// `live`, `draining`, `lost` or `ended`.
    pub state: Arc<str>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it last said that it lives.
    pub heartbeat_at: Timestamp,
    /// Until when its leases hold without another sign.
    pub lease_until: Timestamp,
    /// Tasks that it holds: leased or under way.
    pub held: u64,
}

/// A schedule: starts a run of a pipeline at set times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleRecord {
    /// Its number.
    pub id: i64,
    /// What people call it.
    pub name: Arc<str>,
    /// When it fires, as a cron expression.
    pub cron: Arc<str>,
    /// The time zone that the expression is read in.
    pub timezone: Arc<str>,
    /// What it starts.
    pub pipeline: Arc<str>,
    /// On what, as JSON text.
    pub input: Arc<str>,
    /// Whether it fires.
    pub enabled: bool,
    /// When it fires next.
    pub next_at: Option<Timestamp>,
    /// When it fired last.
    pub last_at: Option<Timestamp>,
    /// What it started then.
    pub last_run: Option<RunId>,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Store {
    /// All workers that are remembered, up to [`MAX_WORKERS`]: those that live first, and of each kind the youngest.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub async fn workers(&self) -> Result<Vec<WorkerRecord>> {
        let rows =
            self.db().query(Query::new(include_str!("../sql/read_workers.sql")).bind(MAX_WORKERS)).await?;
        rows.iter().map(WorkerRecord::from_row).collect()
    }

    /// All schedules, by name.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub async fn schedules(&self) -> Result<Vec<ScheduleRecord>> {
        let rows = self.db().query(Query::new(include_str!("../sql/read_schedules.sql"))).await?;
        rows.iter().map(ScheduleRecord::from_row).collect()
    }
}

impl WorkerRecord {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            host: row.get(2)?,
            pid: row.get(3)?,
            version: row.get(4)?,
            state: row.get(5)?,
            started_at: Timestamp(row.get(6)?),
            heartbeat_at: Timestamp(row.get(7)?),
            lease_until: Timestamp(row.get(8)?),
            held: row.get(9)?,
        })
    }
}

impl ScheduleRecord {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            cron: row.get(2)?,
            timezone: row.get(3)?,
            pipeline: row.get(4)?,
            input: row.get(5)?,
            enabled: row.get(6)?,
            next_at: row.get::<Option<i64>>(7)?.map(Timestamp),
            last_at: row.get::<Option<i64>>(8)?.map(Timestamp),
            last_run: row.get::<Option<i64>>(9)?.map(RunId),
            created_at: Timestamp(row.get(10)?),
        })
    }
}
