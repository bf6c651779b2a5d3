//! An ingest as a whole: start it, look at it, commit it.

use super::{RouteState, on_disk, places::refused_params, unanswered};
use crate::{
    APPROVE_SIGNAL, IngestStats, PIPELINE, Params, Phase,
    files::{display_name, path_of_text},
    phase,
    pixels::install::MODEL_FILE,
    stats,
    tables::preview::{self, Unknowns},
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, header};
use model::{RunId, StageState};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use store::RunRecord;
use stream::wire::RunView;
use utoipa::ToSchema;
use web::{
    ApiError, ApiResult, Code, Conditional, JsonBody, NewRun, PathOf, Permission, Principal, Routes, routes,
};

/// The header by which a POST is told from its repetition.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Longest title, in characters.
const MAX_TITLE_CHARS: usize = 120;

pub(super) fn routes() -> Routes<RouteState> {
    Routes::new()
        .with(Permission::IngestWrite, routes!(start))
        .with(Permission::IngestRead, routes!(one))
        .with(Permission::IngestWrite, routes!(commit))
}

/// Starts an ingest. With an `Idempotency-Key`, a repetition answers the run that is there already.
#[utoipa::path(post, path = "/api/v1/ingest", tag = "ingest", request_body = Params,
    params(("Idempotency-Key" = Option<String>, Header, description = "Tells a repetition from a second request")),
    responses((status = 201, body = RunView, description = "Started"), (status = 200, body = RunView, description = "Was started before")))]
async fn start(
    State(state): State<RouteState>,
    by: Principal,
    headers: HeaderMap,
    JsonBody(params): JsonBody<Params>,
) -> ApiResult<Response> {
    let key = headers.get(IDEMPOTENCY_KEY).map(|value| value.to_str().map(str::to_owned)).transpose();
    let key = key.map_err(|_| ApiError::new(Code::BadRequest, "Idempotency-Key must be visible ASCII"))?;
    let roots = state.roots.clone();
    let params = on_disk(move || params.resolved(&roots)).await?.map_err(|error| refused_params(&error))?;
    let input = serde_json::to_value(&params).map_err(|error| ApiError::internal(&error))?;
    let run =
        NewRun { pipeline: PIPELINE.to_owned(), input, title: title(&params), by, idempotency_key: key };
    let handle = state.runs.start(run).await?;
    let location = [(header::LOCATION, format!("/api/v1/runs/{}", handle.record.run.id))];
    let status = if handle.existing { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, location, Json(handle.view)).into_response())
}

/// The folder's name; of several, the first one's and how many more.
fn title(params: &Params) -> String {
    let first = params.directories.first().map(|text| display_name(&path_of_text(text)));
    let mut title: String = first.unwrap_or_default().chars().take(MAX_TITLE_CHARS).collect();
    match params.directories.len() {
        0 | 1 => {}
        count => title.push_str(&format!(" and {} more", count - 1)),
    }
    title
}

/// An ingest.
#[derive(Serialize, ToSchema)]
struct IngestSession {
    /// Its run.
    #[schema(value_type = RunView)]
    run: Arc<RawValue>,
    /// Its figures.
    stats: IngestStats,
    /// What it was asked to do.
    params: Params,
    /// The name of a file under way; null where none is. The stream of the run tells it live.
    current_file: Option<String>,
    /// The step that it is at.
    phase: Phase,
    /// Whether images can be classified here.
    nsfw_available: bool,
    /// What people should know about its figures.
    notes: Vec<String>,
}

/// One ingest.
#[utoipa::path(get, path = "/api/v1/ingest/{run}", tag = "ingest", params(("run" = String, Path)),
    responses((status = 200, body = IngestSession, description = "The ingest"), (status = 304, description = "Unchanged")))]
async fn one(
    State(state): State<RouteState>,
    PathOf(run): PathOf<RunId>,
    known: Conditional,
) -> ApiResult<Response> {
    let handle = state.ingest(run).await?;
    let record = &handle.record;
    let params = Params::deserialize(&*record.run.input).map_err(|error| ApiError::internal(&error))?;
    let unknowns = preview::unknowns(&state.db, run).await.map_err(unanswered)?;
    let model = state.models.join(MODEL_FILE);
    let nsfw_available = cfg!(feature = "nsfw") && on_disk(move || model.is_file()).await?;
    let keywords = state.keywords.of(&state.db, record).await.map_err(unanswered)?;
    let stats = stats(record, keywords);
    known.json(&IngestSession {
        stats,
        notes: notes(&params, &stats, &unknowns),
        current_file: handle.current.as_deref().map(|text| display_name(&path_of_text(text))),
        phase: phase(record),
        nsfw_available,
        params,
        run: handle.view,
    })
}

/// What people should know about the figures.
fn notes(params: &Params, stats: &IngestStats, unknowns: &Unknowns) -> Vec<String> {
    let mut notes = Vec::new();
    if stats.cancelled > 0 {
        notes.push(format!("{} files were not read: the run ended before", stats.cancelled));
    }
    if params.max_files == Some(stats.discovered) {
        notes.push(format!("The search ended at {} files, as asked; there may be more", stats.discovered));
    }
    for (reason, count) in &unknowns.unclassified {
        let reason = reason.strip_prefix("unknown: ").unwrap_or(reason);
        notes.push(format!("NSFW is unknown of {count} files: {reason}"));
    }
    if params.extract_metadata && unknowns.videos > 0 {
        notes.push(format!(
            "Metadata is unknown of {} videos: ffprobe is not installed, or cannot read them; install it with \
             'apt install ffmpeg' or 'brew install ffmpeg'",
            unknowns.videos
        ));
    }
    notes
}

/// Nothing is needed: an empty body, or `{}`.
#[derive(Deserialize, ToSchema)]
struct Empty {}

/// Commits what the preview shows. A second commit of the same ingest adds nothing.
#[utoipa::path(post, path = "/api/v1/ingest/{run}/commit", tag = "ingest", params(("run" = String, Path)),
    request_body = Empty, responses((status = 202, body = RunView, description = "The run, which goes on")))]
async fn commit(
    State(state): State<RouteState>,
    by: Principal,
    PathOf(run): PathOf<RunId>,
    JsonBody(Empty {}): JsonBody<Empty>,
) -> ApiResult<Response> {
    let mut handle = state.ingest(run).await?;
    match (phase(&handle.record), is_approved(&handle.record)) {
        (_, true) => {}
        (Phase::Processing, _) => return Err(not_now("the files are not all read yet")),
        (Phase::Preview, _) => {
            handle = state.runs.signal(run, APPROVE_SIGNAL, serde_json::json!({}), by.name()).await?;
        }
        (Phase::Committing | Phase::Done, _) => {
            return Err(not_now("the ingest no longer waits for a commit"));
        }
    }
    Ok((StatusCode::ACCEPTED, Json(handle.view)).into_response())
}

/// Whether somebody has committed it before.
fn is_approved(record: &RunRecord) -> bool {
    let index = record.definition.stages.iter().position(|stage| stage.name == "approve");
    let stage = index.and_then(|index| record.run.stages.get(index));
    stage.is_some_and(|stage| stage.state == StageState::Closed && stage.counts.done > 0)
}

pub(super) fn not_now(why: &'static str) -> ApiError {
    ApiError::new(Code::IllegalTransition, why)
}
