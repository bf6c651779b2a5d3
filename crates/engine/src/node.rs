//! This process as a worker: registered, alive, ended.

use crate::{LimitChange, Result, clock, shared::Engine};
use db::Batch;
use model::Timestamp;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use store::{EventRow, SYSTEM_RUN, StoredEvent, write};

/// How long its leases stand without that, where nothing else is said.
pub const LEASE: Duration = Duration::from_secs(20);

/// How long workers that ended are shown, in milliseconds: a day.
const REMEMBERED_MS: u64 = 24 * 3_600_000;

/// Registers this process. Where the database has one owner at a time, every other worker is gone.
pub(crate) async fn register(engine: &Engine, id: i64) -> Result<()> {
    let now = clock::now();
    let worker = write::NewWorker {
        id,
        name: engine.inner().worker_name.to_string(),
        host: hostname(),
        pid: std::process::id(),
        version: String::from(env!("CARGO_PKG_VERSION")),
    };
    let batch = Batch::new()
        .with(write::workers_forget(Timestamp(now.0.saturating_sub(REMEMBERED_MS as i64))))
        .with(write::worker_insert(&worker, now, now.plus(lease_ms(engine))))
        .with(write::workers_expired(worker.id));
    engine.store().db().execute(batch).await?;
    Ok(())
}

/// Says that this process is alive, until the engine ends.
pub(crate) async fn heartbeat(engine: Engine) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(engine.inner().lease / 4) => {}
            () = engine.ended() => return,
        }
        let state = if engine.is_draining() { "draining" } else { "live" };
        match beat(&engine, state).await {
            Ok(()) => {}
            Err(crate::Error::Db(db::Error::Expectation { .. })) => begin_anew(&engine).await,
            Err(error) => tracing::warn!(%error, "the worker could not say that it is alive; trying again"),
        }
    }
}

/// Others have declared this process lost: it hung, or was cut off. What it held is theirs, and its outcomes would be refused,
/// so it drops all of that and goes on as a new worker. What is leased under the old number until the new one stands is lost as
/// well; under the new one nothing is dropped.
async fn begin_anew(engine: &Engine) {
    tracing::warn!("this process was declared lost: it drops what it held and goes on as a new worker");
    let held = engine.dispatcher().withdraw_all();
    engine.attempts().stop_all();
    let id = clock::random_id();
    match register(engine, id).await {
        Ok(()) => engine.inner().worker.store(id, Ordering::Release),
        Err(error) => tracing::warn!(%error, "the worker could not be registered; trying again"),
    }
    // Others have them already; room for what is claimed under the new number.
    engine.dispatcher().given_back(&held);
}

/// Declares other workers lost whose leases have run out; answers their names.
pub(crate) async fn expire_others(engine: &Engine) -> Result<Vec<Arc<str>>> {
    let batch = Batch::from(write::workers_expired(engine.worker()));
    let outcomes = engine.store().db().execute(batch).await?;
    let rows = outcomes.first().map_or(&[][..], |outcome| &outcome.rows);
    Ok(rows.iter().map(|row| row.get(0)).collect::<std::result::Result<_, db::Error>>()?)
}

fn lease_ms(engine: &Engine) -> u64 {
    u64::try_from(engine.inner().lease.as_millis()).unwrap_or(u64::MAX)
}

/// Says that this process has ended: nobody has to wait for its leases.
pub(crate) async fn ended(engine: &Engine) {
    if let Err(error) = beat(engine, "ended").await {
        tracing::warn!(%error, "the worker could not say that it ends");
    }
}

async fn beat(engine: &Engine, state: &'static str) -> Result<()> {
    let now = clock::now();
    let statement = write::worker_heartbeat(engine.worker(), state, now, now.plus(lease_ms(engine)));
    engine.store().db().execute(Batch::from(statement)).await?;
    Ok(())
}

/// Writes changes of limits as events of the system, and announces them.
pub(crate) async fn write_limits(engine: &Engine, changes: Vec<LimitChange>) -> Result<()> {
    let rows: Vec<EventRow> = changes.iter().map(limit_row).collect();
    let batch = facts(&rows);
    let outcomes = engine.store().db().execute(batch).await?;
    engine.publish(None, rows, crate::plan::newest(&outcomes));
    engine.show_limits();
    Ok(())
}

/// Writes a fact of the system and announces it. What cannot be written is logged: nothing hangs on it.
pub(crate) async fn note(engine: &Engine, kind: &'static str, data: &serde_json::Value) {
    let rows = vec![system_row(clock::now(), kind, data)];
    let batch = facts(&rows);
    match engine.store().db().execute(batch).await {
        Ok(outcomes) => engine.publish(None, rows, crate::plan::newest(&outcomes)),
        Err(error) => tracing::warn!(kind, %data, %error, "a fact of the system could not be written"),
    }
}

fn facts(rows: &[EventRow]) -> Batch {
    let mut batch = Batch::new();
    batch.begin_tail();
    batch.push(write::feed_advance(rows.len()));
    batch.push(write::system_events(rows));
    batch
}

fn system_row(at: Timestamp, kind: &'static str, data: &serde_json::Value) -> EventRow {
    EventRow {
        event: StoredEvent {
            feed_seq: 0,
            run: SYSTEM_RUN,
            run_seq: 0,
            at,
            kind: Arc::from(kind),
            stage: None,
            key: None,
            attempt: None,
            data: Some(Arc::from(data.to_string())),
        },
    }
}

fn limit_row(change: &LimitChange) -> EventRow {
    let data = serde_json::json!({
        "class": change.class.to_string(), "from": change.from, "to": change.to, "reason": change.reason,
        "pinned": change.pinned,
    });
    system_row(change.at, "limit.changed", &data)
}

fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
