//! Nodes, the hardware, health, figures, backups.

use crate::{auth::hex, clock, refusal::problem, state::ServerState};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use db::{Backend, Query};
use http::{StatusCode, header};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{io::Read as _, path::Path};
use store::WorkerRecord;
use stream::wire::{
    HardwareView, NodesView, PressureView, StoreKindView, StoreView, WorkerStateView, WorkerView,
};
use web::{ApiError, ApiResult, Code, JsonBody, Permission, Routes, routes};

/// Bytes read at once while a backup is hashed.
const READ_BYTES: usize = 256 * 1024;
/// The text format of Prometheus' figures.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new()
        .open(routes!(health))
        .open(routes!(ready))
        .with(Permission::MetricsRead, routes!(metrics))
        .with(Permission::SystemRead, routes!(nodes))
        .with(Permission::SystemRead, routes!(hardware))
        .with(Permission::BackupWrite, routes!(backup))
}

/// How the server is.
#[derive(Serialize, utoipa::ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/health", tag = "system",
    responses((status = 200, body = Health, description = "It does")))]
async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The database answers, too.
#[utoipa::path(get, path = "/ready", tag = "system",
    responses((status = 200, body = Health, description = "It does"), (status = 503, description = "It does not")))]
async fn ready(State(state): State<ServerState>) -> ApiResult<Json<Health>> {
    let asked = state.store().db().query(Query::new("SELECT 1")).await;
    match asked {
        Ok(_) => match state.engine().cluster_ready() {
            Ok(()) => Ok(Json(Health { status: "ok" })),
            Err(error) => Err(ApiError::new(Code::Unavailable, error.to_string())),
        },
        Err(error) => Err(ApiError::new(Code::Unavailable, "the database does not answer").caused_by(&error)),
    }
}

/// Figures for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "system",
    responses((status = 200, body = String, content_type = "application/openmetrics-text", description = "All figures")))]
async fn metrics(State(state): State<ServerState>) -> ApiResult<Response> {
    gather(&state).await?;
    let text = state.metrics().text().map_err(|error| ApiError::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}

/// Sets the figures that are not counted as things happen.
async fn gather(state: &ServerState) -> ApiResult<()> {
    let metrics = state.metrics();
    let db = state.store().db().stats();
    for (figure, value) in [
        ("commits", db.commits),
        ("batches", db.batches),
        ("failed_batches", db.failed_batches),
        ("statements", db.statements),
        ("rows", db.rows),
        ("queued_batches", db.queued),
        ("commit_micros", db.commit_micros),
        ("last_commit_micros", db.last_commit_micros),
        ("checkpoints", db.checkpoints),
        ("wal_pages", db.wal_pages),
        ("reads", db.reads),
        ("queued_reads", db.queued_reads),
    ] {
        metrics.set("db", figure, value);
    }
    let hub = state.hub().stats();
    for (figure, value) in [
        ("followers", hub.followers),
        ("channels", hub.channels),
        ("frames", hub.frames),
        ("lagged", hub.lagged),
        ("gaps", hub.gaps),
        ("head", u64::try_from(hub.head).unwrap_or(0)),
    ] {
        metrics.set("streams", figure, value);
    }
    metrics.set("engine", "attempts_running", state.engine().running() as u64);
    metrics.set("audit", "dropped", state.audit().dropped());
    for limit in state.engine().limits() {
        let class = limit.class.to_string();
        metrics.set_limit(&class, "limit", f64::from(limit.limit));
        metrics.set_limit(&class, "in_use", f64::from(limit.in_use));
        metrics.set_limit(&class, "throughput_per_s", limit.throughput_per_s);
    }
    let runs = state.store().runs_counted().await?;
    let none = model::RunState::ALL.into_iter().map(|state| (state, 0));
    metrics.set_runs(none.chain(runs).map(|(state, count)| (state.as_str(), count)));
    let deliveries = state.store().delivery_counts(None, None).await?;
    let deliveries = deliveries.into_iter();
    metrics
        .set_deliveries(deliveries.map(|one| (one.destination.to_string(), one.state.as_str(), one.count)));
    let workers = state.store().workers().await?;
    metrics.set_nodes(workers.into_iter().map(|worker| worker.state.to_string()));
    metrics.set("engine", "cluster_ready", u64::from(state.engine().cluster_ready().is_ok()));
    Ok(())
}

/// The processes that share the store, the store, and what drives runs.
#[utoipa::path(get, path = "/api/v1/nodes", tag = "system",
    responses((status = 200, body = NodesView, description = "All nodes")))]
async fn nodes(State(state): State<ServerState>) -> ApiResult<Json<NodesView>> {
    let workers = state.store().workers().await?;
    let (now, here) = (clock::now(), state.engine().worker());
    Ok(Json(NodesView {
        items: workers.into_iter().map(|worker| worker_view(worker, now, here)).collect(),
        store: store_view(state.store().db().backend()),
        engine: state.engine().host().as_str().to_owned(),
    }))
}

/// A store as it may be shown: its address has no name of a user and no password.
fn store_view(backend: Backend) -> StoreView {
    match backend {
        Backend::Sqlite(path) => StoreView { kind: StoreKindView::Sqlite, place: path.display().to_string() },
        Backend::Postgres(place) => StoreView { kind: StoreKindView::Postgres, place },
    }
}

fn worker_view(worker: WorkerRecord, now: Timestamp, here: i64) -> WorkerView {
    let state = match &*worker.state {
        "ended" => WorkerStateView::Ended,
        "lost" => WorkerStateView::Lost,
        // It has not said so: nobody has heard of it for as long as its leases hold.
        _ if worker.lease_until < now => WorkerStateView::Lost,
        "draining" => WorkerStateView::Draining,
        _ => WorkerStateView::Live,
    };
    WorkerView {
        id: worker.id.to_string(),
        name: worker.name.to_string(),
        pid: u32::try_from(worker.pid).unwrap_or(0),
        host: worker.host.to_string(),
        started_at: worker.started_at,
        heartbeat_at: worker.heartbeat_at,
        lease_until: worker.lease_until,
        state,
        held: worker.held,
        here: worker.id == here,
        version: worker.version.to_string(),
    }
}

/// The machine as the limits see it.
#[utoipa::path(get, path = "/api/v1/hardware", tag = "system",
    responses((status = 200, body = HardwareView, description = "The machine")))]
async fn hardware(State(state): State<ServerState>) -> ApiResult<Json<HardwareView>> {
    // Its figures are read from files of the kernel.
    let engine = state.engine().clone();
    let status = tokio::task::spawn_blocking(move || engine.hardware()).await;
    let status = status.map_err(|error| ApiError::internal(&error))?;
    Ok(Json(HardwareView {
        cpus_effective: status.hardware.cpus_effective,
        cpus_online: status.hardware.cpus_online,
        memory_limit_bytes: status.hardware.memory_limit_bytes,
        memory_used_bytes: status.memory_used_bytes,
        pressure: status.pressure.map(|[cpu, io, memory]| PressureView { cpu, io, memory }),
        source: status.hardware.source,
        load: status.load,
    }))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct BackupRequest {}

/// A backup that was made.
#[derive(Serialize, utoipa::ToSchema)]
struct Backup {
    /// Where it is, on the server.
    path: String,
    /// Its size.
    bytes: u64,
    /// Its hash, in hex.
    sha256: String,
    /// How long it took.
    took_ms: u64,
}

/// Copies the database of this moment into the backup folder, while work goes on.
#[utoipa::path(post, path = "/api/v1/backup", tag = "system", request_body = BackupRequest,
    responses((status = 201, body = Backup, description = "The backup")))]
async fn backup(
    State(state): State<ServerState>,
    JsonBody(BackupRequest {}): JsonBody<BackupRequest>,
) -> ApiResult<Response> {
    // A client that goes away must not leave half a copy behind: it is finished in a task of its own.
    let made = tokio::spawn(async move { make_backup(&state).await }).await;
    let backup = made.map_err(|error| ApiError::internal(&error))??;
    Ok((StatusCode::CREATED, Json(backup)).into_response())
}

async fn make_backup(state: &ServerState) -> ApiResult<Backup> {
    let folder = &state.about().backups;
    tokio::fs::create_dir_all(folder).await.map_err(|error| ApiError::internal(&error))?;
    let path = folder.join(format!("headway-{}.db", clock::now().0));
    let report = state.store().db().backup_to(path).await;
    let report = report.map_err(|error| problem(engine::Error::Db(error)))?;
    let hashed = report.path.clone();
    let hash = tokio::task::spawn_blocking(move || hash_of(&hashed)).await;
    let hash =
        hash.map_err(|error| ApiError::internal(&error))?.map_err(|error| ApiError::internal(&error))?;
    Ok(Backup {
        path: report.path.display().to_string(),
        bytes: report.bytes,
        sha256: hash,
        took_ms: u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn hash_of(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; READ_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}
