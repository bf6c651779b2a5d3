//! This process as a worker: registered, alive, ended.

use crate::{LimitChange, Result, clock, shared::Engine};
use db::Batch;
use model::Timestamp;
use std::{sync::Arc, time::Duration};
use store::{EventRow, SYSTEM_RUN, StoredEvent, write};

/// How often a worker says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How long its leases stand without that, in milliseconds.
const LEASE_MS: u64 = 20_000;

/// How long workers that ended are shown, in milliseconds: a day.
const REMEMBERED_MS: u64 = 24 * 3_600_000;

/// Registers this process. The database has one owner at a time, so every other worker is gone.
pub(crate) async fn register(engine: &Engine) -> Result<()> {
    let now = clock::now();
    let worker = write::NewWorker {
        id: engine.worker(),
        name: engine.inner().worker_name.to_string(),
        host: hostname(),
        pid: std::process::id(),
        version: String::from(env!("CARGO_PKG_VERSION")),
    };
    let batch = Batch::new()
        .with(write::workers_forget(Timestamp(now.0.saturating_sub(REMEMBERED_MS as i64))))
        .with(write::worker_insert(&worker, now, now.plus(LEASE_MS)))
        .with(write::workers_lost(worker.id));
    engine.store().db().execute(batch).await?;
    Ok(())
}

/// Says that this process is alive, until the engine ends.
pub(crate) async fn heartbeat(engine: Engine) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(HEARTBEAT) => {}
            () = engine.ended() => return,
        }
        let state = if engine.is_draining() { "draining" } else { "live" };
        if let Err(error) = beat(&engine, state).await {
            tracing::warn!(%error, "the worker could not say that it is alive; trying again");
        }
    }
}

/// Says that this process has ended: nobody has to wait for its leases.
pub(crate) async fn ended(engine: &Engine) {
    if let Err(error) = beat(engine, "ended").await {
        tracing::warn!(%error, "the worker could not say that it ends");
    }
}

async fn beat(engine: &Engine, state: &'static str) -> Result<()> {
    let now = clock::now();
    let statement = write::worker_heartbeat(engine.worker(), state, now, now.plus(LEASE_MS));
    engine.store().db().execute(Batch::from(statement)).await?;
    Ok(())
}

/// Writes changes of limits as events of the system, and announces them.
pub(crate) async fn write_limits(engine: &Engine, changes: Vec<LimitChange>) -> Result<()> {
    let rows: Vec<EventRow> = changes.iter().map(limit_row).collect();
    let batch = Batch::new().with(write::feed_advance(rows.len())).with(write::system_events(&rows));
    let outcomes = engine.store().db().execute(batch).await?;
    engine.publish(None, rows, crate::plan::newest(&outcomes));
    engine.show_limits();
    Ok(())
}

/// Writes a fact of the system and announces it. What cannot be written is logged: nothing hangs on it.
pub(crate) async fn note(engine: &Engine, kind: &'static str, data: &serde_json::Value) {
    let rows = vec![system_row(clock::now(), kind, data)];
    let batch = Batch::new().with(write::feed_advance(rows.len())).with(write::system_events(&rows));
    match engine.store().db().execute(batch).await {
        Ok(outcomes) => engine.publish(None, rows, crate::plan::newest(&outcomes)),
        Err(error) => tracing::warn!(kind, %data, %error, "a fact of the system could not be written"),
    }
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
