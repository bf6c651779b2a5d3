//! Old runs are forgotten, a piece at a time, so that no commit is long and no reader waits.

use crate::{Result, clock, shared::Engine};
use db::{Batch, Query};
use model::{RunId, Timestamp};
use std::time::Duration;
use store::{outbox, write};

/// How often runs are looked at.
const SWEEP: Duration = Duration::from_secs(600);

/// First look after a start: a start has better things to do.
const FIRST_SWEEP: Duration = Duration::from_secs(60);

/// Rows of one kind deleted in one commit.
const PIECE: usize = 2_000;

/// Pages given back to the disk after a sweep, at most: 16 MiB of 4 KiB pages.
const VACUUM_PAGES: u32 = 4_096;

/// Runs forgotten in one sweep.
const RUNS: i64 = 200;

/// How long ended runs are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Days after a run's end; 0 keeps all.
    pub days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { days: 90 }
    }
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Runs forgotten.
    pub runs: u64,
    /// Rows deleted with them.
    pub rows: u64,
}

pub(crate) async fn sweep(engine: Engine, retention: Retention) {
    let mut wait = FIRST_SWEEP;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = engine.ended() => return,
        }
        wait = SWEEP;
        match engine.forget_old(retention).await {
            Ok(swept) if swept.runs > 0 => {
                tracing::info!(runs = swept.runs, rows = swept.rows, "old runs were forgotten");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "old runs could not be forgotten; trying again later"),
        }
    }
}

impl Engine {
    /// Forgets runs that ended longer ago than `retention` says, with their tasks, events, deliveries and what applications
    /// wrote of them, and gives room back. A run whose deliveries still move is kept.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub async fn forget_old(&self, retention: Retention) -> Result<Swept> {
        let mut swept = Swept::default();
        if retention.days == 0 {
            return Ok(swept);
        }
        let age = i64::from(retention.days) * 24 * 3_600_000;
        let before = Timestamp(clock::now().0 - age);
        let query = Query::new(include_str!("old_runs.sql")).bind(before.0).bind(RUNS);
        for row in self.store().db().query(query).await? {
            swept.rows += self.forget_run(RunId(row.get(0)?)).await?;
            swept.runs += 1;
        }
        if swept.runs > 0 {
            self.store().db().vacuum(VACUUM_PAGES).await?;
        }
        Ok(swept)
    }

    async fn forget_run(&self, run: RunId) -> Result<u64> {
        let mut rows = 0;
        loop {
            let mut batch = Batch::new()
                .with(write::tasks_forget(run, PIECE))
                .with(write::events_forget(run, PIECE))
                .with(outbox::write::forget(run, PIECE));
            batch.extend(self.inner().registry.forget(run, PIECE));
            let outcomes = self.store().db().execute(batch).await?;
            let gone: u64 = outcomes.iter().map(|outcome| outcome.affected).sum();
            rows += gone;
            if gone == 0 {
                break;
            }
        }
        let mut batch: Batch = store::chunk::forget(run).into_iter().collect();
        batch.push(write::run_forget(run));
        self.store().db().execute(batch).await?;
        Ok(rows + 1)
    }
}
