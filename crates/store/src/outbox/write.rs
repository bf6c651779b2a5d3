//! Writing verbs of the outbox: each gives a statement for a batch.

use crate::Result;
use db::{Statement, params};
use model::{DeliveryState, Destination, NewDelivery, Paused, Remote, RunId, TaskError, Timestamp};
use std::sync::Arc;

/// Stages deliveries of a run. A key that the run has staged for the destination already is a unique violation: the host
/// looks up what is known and stages that again with [`restage`].
pub fn stage<'a>(
    run: RunId,
    now: Timestamp,
    deliveries: impl IntoIterator<Item = &'a NewDelivery>,
) -> Statement {
    let mut statement = Statement::new(include_str!("../sql/outbox/stage.sql")).at_once();
    for delivery in deliveries {
        statement.push_row(params![
            run.0,
            delivery.destination.clone(),
            delivery.key.clone(),
            delivery.kind.clone(),
            i64::from(delivery.level),
            delivery.title.clone(),
            delivery.payload.get(),
            delivery.parent.clone(),
            delivery.order_key.clone(),
            now.0,
        ]);
    }
    statement
}

/// Writes a delivery that was sent before it was staged. Nothing where the run has staged its key.
///
/// # Errors
/// [`Error::Json`](crate::Error::Json), which an error of ours does not give.
pub fn sent(
    run: RunId,
    now: Timestamp,
    delivery: &NewDelivery,
    end: &std::result::Result<Remote, TaskError>,
) -> Result<Statement> {
    let (state, remote, error) = match end {
        Ok(remote) => (DeliveryState::Done, Some(remote), None),
        Err(error) => (DeliveryState::Dead, None, Some(serde_json::to_string(error)?)),
    };
    Ok(Statement::new(include_str!("../sql/outbox/sent.sql")).row(params![
        run.0,
        delivery.destination.clone(),
        delivery.key.clone(),
        delivery.kind.clone(),
        i64::from(delivery.level),
        delivery.title.clone(),
        delivery.payload.get(),
        delivery.parent.clone(),
        delivery.order_key.clone(),
        state.number(),
        i64::from(error.is_some()),
        remote.map(|remote| remote.id.clone()),
        remote.and_then(|remote| remote.url.clone()),
        error,
        now.0,
    ]))
}

/// Gives a known delivery new content, unless it was sent or may have been. A dead one is pending again.
pub fn restage(run: RunId, now: Timestamp, delivery: &NewDelivery) -> Statement {
    Statement::new(include_str!("../sql/outbox/restage.sql")).row(params![
        run.0,
        delivery.destination.clone(),
        delivery.key.clone(),
        delivery.kind.clone(),
        i64::from(delivery.level),
        delivery.title.clone(),
        delivery.payload.get(),
        now.0,
    ])
}

/// Leases up to `limit` due deliveries of a destination; the rows are read by
/// [`ClaimedDelivery::from_row`](super::ClaimedDelivery::from_row).
pub fn claim(destination: &str, worker: i64, now: Timestamp, limit: usize) -> Statement {
    Statement::either(
        include_str!("../sql/outbox/claim.sql"),
        include_str!("../sql/outbox/claim.postgres.sql"),
    )
    .row(params![destination, worker, now.0, limit as i64])
    .returning()
}

/// What a leased delivery becomes.
#[derive(Clone, Debug)]
pub struct DeliveryUpdate {
    /// Which one.
    pub id: i64,
    /// The fence of the lease.
    pub fence: i64,
    /// Its state.
    pub state: DeliveryState,
    /// Whether it may be at the destination, and is looked up before it is sent.
    pub probe: bool,
    /// Failures through its own fault.
    pub attempts: u32,
    /// Attempts that got nowhere in a row.
    pub stalls: u32,
    /// What it became.
    pub remote: Option<Remote>,
    /// Why the last attempt failed.
    pub error: Option<TaskError>,
    /// Not sent or looked up before.
    pub due_at: Timestamp,
}

/// Leases that end: one statement for all of a batch.
pub struct SettledDeliveries(Statement);

impl Default for SettledDeliveries {
    fn default() -> Self {
        Self(Statement::new(include_str!("../sql/outbox/settle.sql")).expect_rows(1).at_once())
    }
}

impl SettledDeliveries {
    /// Adds one.
    ///
    /// # Errors
    /// [`Error::Json`](crate::Error::Json), which an error of ours does not give.
    pub fn push(&mut self, update: &DeliveryUpdate, now: Timestamp) -> Result<()> {
        let (id, url) = match &update.remote {
            Some(remote) => (Some(remote.id.clone()), remote.url.clone()),
            None => (None, None),
        };
        let error = update.error.as_ref().map(serde_json::to_string).transpose()?;
        self.0.push_row(params![
            update.id,
            update.fence,
            update.state.number(),
            i64::from(update.probe),
            i64::from(update.attempts),
            i64::from(update.stalls),
            id,
            url,
            error,
            update.due_at.0,
            now.0,
        ]);
        Ok(())
    }

    /// The statement. It expects a row for each: where a lease has passed on, the batch fails.
    pub fn into_statement(self) -> Statement {
        self.0
    }
}

/// Deliveries that are done, whose children may go: one statement for all of a batch.
#[derive(Default)]
pub struct UnblockedDeliveries(Option<Statement>);

impl UnblockedDeliveries {
    /// Adds a parent, now that it has become `remote`.
    pub fn push(
        &mut self,
        run: RunId,
        destination: &str,
        parent: &Arc<str>,
        remote: &Remote,
        now: Timestamp,
    ) {
        let statement =
            self.0.get_or_insert_with(|| Statement::new(include_str!("../sql/outbox/unblock.sql")).at_once());
        statement.push_row(params![
            run.0,
            destination,
            parent.clone(),
            remote.id.clone(),
            remote.url.clone(),
            now.0,
        ]);
    }

    /// The statement; `None` where nothing was added.
    pub fn into_statement(self) -> Option<Statement> {
        self.0
    }
}

/// Deliveries that dead workers held become unknown, and are looked up from `due_at` on.
pub fn lost(destination: &str, due_at: Timestamp, now: Timestamp) -> Statement {
    Statement::new(include_str!("../sql/outbox/lost.sql")).row(params![destination, due_at.0, now.0])
}

/// Leases (number, fence) that their worker knows nothing of become unknown, and are looked up from `due_at` on.
pub fn lost_ones(leases: &[(i64, i64)], due_at: Timestamp, now: Timestamp) -> Statement {
    let mut statement = Statement::new(include_str!("../sql/outbox/lost_one.sql"));
    for (id, fence) in leases {
        statement.push_row(params![*id, *fence, due_at.0, now.0]);
    }
    statement
}

/// Makes dead deliveries pending again. Expects them all.
pub fn replay(ids: &[i64], now: Timestamp) -> Statement {
    let mut statement = Statement::new(include_str!("../sql/outbox/replay.sql")).expect_rows(1);
    for id in ids {
        statement.push_row(params![*id, now.0]);
    }
    statement
}

/// Forgets a run's deliveries, at most `limit` of them.
pub fn forget(run: RunId, limit: usize) -> Statement {
    Statement::new(include_str!("../sql/outbox/forget.sql")).row(params![run.0, limit as i64])
}

/// Adds a destination. A name that is taken is a unique violation.
///
/// # Errors
/// [`Error::Json`](crate::Error::Json), which JSON values do not give.
pub fn destination_insert(destination: &Destination, now: Timestamp) -> Result<Statement> {
    destination_row(include_str!("../sql/outbox/destination_insert.sql"), destination, now)
}

/// Changes a destination's settings. Expects it to be there.
///
/// # Errors
/// As [`destination_insert`].
pub fn destination_update(destination: &Destination, now: Timestamp) -> Result<Statement> {
    let statement = destination_row(include_str!("../sql/outbox/destination_update.sql"), destination, now)?;
    Ok(statement.expect_rows(1))
}

fn destination_row(sql: &'static str, destination: &Destination, now: Timestamp) -> Result<Statement> {
    Ok(Statement::new(sql).row(params![
        destination.name.clone(),
        destination.kind.clone(),
        serde_json::to_string(&destination.settings)?,
        destination.credential.clone(),
        now.0,
    ]))
}

/// Pauses a destination; nothing where it is paused already.
pub fn destination_pause(name: &str, paused: &Paused) -> Statement {
    Statement::new(include_str!("../sql/outbox/destination_pause.sql")).row(params![
        name,
        paused.code.clone(),
        paused.reason.clone(),
        paused.at.0,
    ])
}

/// Lets a destination go on; nothing where it is not paused.
pub fn destination_resume(name: &str) -> Statement {
    Statement::new(include_str!("../sql/outbox/destination_resume.sql")).row(params![name])
}

/// Forgets a destination. Expects it to be there, with nothing undelivered.
pub fn destination_delete(name: &str) -> Statement {
    Statement::new(include_str!("../sql/outbox/destination_delete.sql")).row(params![name]).expect_rows(1)
}

/// Keeps a sealed secret, in place of one with that name.
pub fn secret_put(name: &str, sealed: &str, now: Timestamp) -> Statement {
    Statement::new(include_str!("../sql/outbox/secret_put.sql")).row(params![name, sealed, now.0])
}

/// Forgets a secret. Expects it to be there.
pub fn secret_delete(name: &str) -> Statement {
    Statement::new(include_str!("../sql/outbox/secret_delete.sql")).row(params![name]).expect_rows(1)
}
