//! Runs: start, look, command.

use crate::{
    refusal::{invalid_pipeline, problem},
    state::ServerState,
    verbs, views,
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use engine::Command;
use http::{HeaderMap, HeaderName, StatusCode, header};
use model::{RunId, RunState};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use store::{RunFilter, RunRecord};
use stream::wire::{RunStateView, RunSummaryView, RunView};
use utoipa::{IntoParams, ToSchema};
use web::{
    ApiError, ApiResult, CommaList, Conditional, Cursor, JsonBody, Page, PathOf, Permission, Principal,
    QueryOf, Routes, routes,
};

/// The header by which a POST is told from its repetition.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Longest title of a run, in characters.
const MAX_TITLE_CHARS: usize = 200;
/// Most labels of a run.
const MAX_LABELS: usize = 32;
/// Longest name or value of a label, in characters.
const MAX_LABEL_CHARS: usize = 100;
/// Most keys in one request.
const MAX_KEYS: usize = 1_000;

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new()
        .with(Permission::RunsWrite, routes!(start))
        .with(Permission::RunsRead, routes!(list))
        .with(Permission::RunsRead, routes!(one))
        .with(Permission::RunsWrite, routes!(cancel))
        .with(Permission::RunsWrite, routes!(pause))
        .with(Permission::RunsWrite, routes!(resume))
        .with(Permission::RunsWrite, routes!(retry))
        .with(Permission::RunsWrite, routes!(retry_from))
        .with(Permission::RunsWrite, routes!(rerun))
        .with(Permission::RunsSignal, routes!(signal))
}

/// A run to be started: the name of a pipeline, or a document.
#[derive(Deserialize, ToSchema)]
struct StartRequest {
    /// Name of a registered pipeline.
    #[serde(default)]
    pipeline: Option<String>,
    /// A pipeline as YAML, run once without being registered.
    #[serde(default)]
    document: Option<String>,
    /// What it runs on.
    #[serde(default)]
    #[schema(value_type = Object)]
    input: Value,
    /// What people read; the pipeline's title where absent.
    #[serde(default)]
    title: Option<String>,
    /// Free words for finding it again.
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// Starts a run. With an `Idempotency-Key`, a repetition answers the run that is there already (200 instead of 201).
#[utoipa::path(post, path = "/api/v1/runs", tag = "runs", request_body = StartRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Tells a repetition from a second request")),
    responses((status = 201, body = RunView, description = "Started"), (status = 200, body = RunView, description = "Was started before")))]
async fn start(
    State(state): State<ServerState>,
    by: Principal,
    headers: HeaderMap,
    JsonBody(request): JsonBody<StartRequest>,
) -> ApiResult<Response> {
    let start = resolve(&state, request)?;
    let key = idempotency_key(&headers)?;
    let started = verbs::start(state.engine(), start, &by, key.as_deref()).await?;
    let status = if started.existing { StatusCode::OK } else { StatusCode::CREATED };
    Ok(created(&state, &started.record, status))
}

fn resolve(state: &ServerState, request: StartRequest) -> ApiResult<verbs::Start> {
    let title = request.title.unwrap_or_default();
    check_words(&title, &request.labels)?;
    let (definition, app) = match (request.pipeline, request.document) {
        (Some(name), None) => {
            let unknown = || problem(engine::Error::UnknownPipeline(name.clone()));
            let definition = state.engine().pipeline(&name).ok_or_else(unknown)?;
            (definition, state.engine().app_of(&name).map_or_else(String::new, |app| app.to_string()))
        }
        (None, Some(document)) => {
            let definition =
                pipeline::compile_yaml(&document).map_err(|mistakes| invalid_pipeline(&mistakes))?;
            (Arc::new(definition), "pipeline".to_owned())
        }
        _ => return Err(ApiError::invalid("pipeline", "give either pipeline or document")),
    };
    // No input is an empty one.
    let input = if request.input.is_null() { Value::Object(serde_json::Map::new()) } else { request.input };
    Ok(verbs::Start { definition, app, input, title, labels: request.labels })
}

fn check_words(title: &str, labels: &BTreeMap<String, String>) -> ApiResult<()> {
    if title.chars().count() > MAX_TITLE_CHARS {
        return Err(ApiError::invalid("title", format!("must have at most {MAX_TITLE_CHARS} characters")));
    }
    if labels.len() > MAX_LABELS {
        return Err(ApiError::invalid("labels", format!("must be at most {MAX_LABELS}")));
    }
    let long = |word: &str| word.is_empty() || word.chars().count() > MAX_LABEL_CHARS;
    if let Some((name, _)) = labels.iter().find(|(name, value)| long(name) || long(value)) {
        let name: String = name.chars().take(MAX_LABEL_CHARS).collect();
        let message = format!("names and values must have 1 to {MAX_LABEL_CHARS} characters");
        return Err(ApiError::invalid(format!("labels.{name}"), message));
    }
    Ok(())
}

/// The `Idempotency-Key` of a request.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> ApiResult<Option<String>> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().unwrap_or("");
    verbs::check_key(key)?;
    Ok(Some(key.to_owned()))
}

fn created(state: &ServerState, record: &RunRecord, status: StatusCode) -> Response {
    let location = [(header::LOCATION, format!("/api/v1/runs/{}", record.run.id))];
    (status, location, Json(views::run(state.engine(), record))).into_response()
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// In these states; separated by commas, or repeated.
    #[serde(default)]
    #[param(value_type = Vec<RunStateView>)]
    state: CommaList<RunStateView>,
    /// Of this application.
    app: Option<String>,
    /// Of this pipeline.
    pipeline: Option<String>,
    /// With this text in title, pipeline or labels, or with this id.
    q: Option<String>,
    /// Items on a page.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Runs, newest first.
#[utoipa::path(get, path = "/api/v1/runs", tag = "runs", params(ListQuery),
    responses((status = 200, body = Page<RunSummaryView>, description = "A page of runs")))]
async fn list(
    State(state): State<ServerState>,
    QueryOf(query): QueryOf<ListQuery>,
) -> ApiResult<Json<Page<RunSummaryView>>> {
    let limit = web::limit(query.limit)?;
    let filter = RunFilter {
        states: query.state.0.into_iter().map(state_of).collect(),
        app: query.app,
        pipeline: query.pipeline,
        text: query.q,
        before: query.cursor.as_deref().map(Cursor::decode).transpose()?.map(RunId),
        limit: limit + 1,
    };
    let records = state.store().runs(&filter).await?;
    let summary = |record: RunRecord| views::summary(state.engine(), &record);
    Ok(Json(Page::of(records, limit, |record| record.run.id.0, summary)))
}

fn state_of(view: RunStateView) -> RunState {
    RunState::ALL.into_iter().find(|state| RunStateView::from(*state) == view).unwrap_or(RunState::Queued)
}

/// One run.
#[utoipa::path(get, path = "/api/v1/runs/{id}", tag = "runs", params(("id" = String, Path)),
    responses((status = 200, body = RunView, description = "The run"), (status = 304, description = "Unchanged")))]
async fn one(
    State(state): State<ServerState>,
    PathOf(id): PathOf<RunId>,
    known: Conditional,
) -> ApiResult<Response> {
    let record = verbs::find(state.engine(), id).await?;
    known.json(&views::run(state.engine(), &record))
}

/// Asks something of a run and answers the run as it is afterwards.
async fn command(state: &ServerState, run: RunId, command: Command) -> ApiResult<Json<RunView>> {
    let record = state.engine().command(run, command).await.map_err(problem)?;
    Ok(Json(views::run(state.engine(), &record)))
}

#[derive(Deserialize, ToSchema)]
struct CancelRequest {
    /// Why.
    #[serde(default)]
    reason: Option<String>,
}

/// Nothing is needed: an empty body, or `{}`.
#[derive(Deserialize, ToSchema)]
struct Empty {}

/// Ends a run.
#[utoipa::path(post, path = "/api/v1/runs/{id}/cancel", tag = "runs", params(("id" = String, Path)),
    request_body = CancelRequest, responses((status = 200, body = RunView, description = "The run")))]
async fn cancel(
    State(state): State<ServerState>,
    by: Principal,
    PathOf(id): PathOf<RunId>,
    JsonBody(request): JsonBody<CancelRequest>,
) -> ApiResult<Json<RunView>> {
    let reason = request.reason.unwrap_or_default();
    if reason.chars().count() > MAX_TITLE_CHARS {
        return Err(ApiError::invalid("reason", format!("must have at most {MAX_TITLE_CHARS} characters")));
    }
    command(&state, id, Command::Cancel { by: by.name().clone(), reason: Arc::from(reason) }).await
}

/// Holds a run: attempts under way end, none begin.
#[utoipa::path(post, path = "/api/v1/runs/{id}/pause", tag = "runs", params(("id" = String, Path)),
    request_body = Empty, responses((status = 200, body = RunView, description = "The run")))]
async fn pause(
    State(state): State<ServerState>,
    by: Principal,
    PathOf(id): PathOf<RunId>,
    JsonBody(Empty {}): JsonBody<Empty>,
) -> ApiResult<Json<RunView>> {
    command(&state, id, Command::Pause { by: by.name().clone() }).await
}

/// Lets a held run go on.
#[utoipa::path(post, path = "/api/v1/runs/{id}/resume", tag = "runs", params(("id" = String, Path)),
    request_body = Empty, responses((status = 200, body = RunView, description = "The run")))]
async fn resume(
    State(state): State<ServerState>,
    by: Principal,
    PathOf(id): PathOf<RunId>,
    JsonBody(Empty {}): JsonBody<Empty>,
) -> ApiResult<Json<RunView>> {
    command(&state, id, Command::Resume { by: by.name().clone() }).await
}

#[derive(Deserialize, ToSchema)]
struct RetryRequest {
    /// Failed tasks of this stage; of all where absent.
    #[serde(default)]
    stage: Option<String>,
    /// Only these; all where absent.
    #[serde(default)]
    keys: Option<Vec<String>>,
}

/// Makes failed tasks ready again.
#[utoipa::path(post, path = "/api/v1/runs/{id}/retry", tag = "runs", params(("id" = String, Path)),
    request_body = RetryRequest, responses((status = 200, body = RunView, description = "The run")))]
async fn retry(
    State(state): State<ServerState>,
    by: Principal,
    PathOf(id): PathOf<RunId>,
    JsonBody(request): JsonBody<RetryRequest>,
) -> ApiResult<Json<RunView>> {
    if request.keys.as_ref().is_some_and(|keys| keys.is_empty() || keys.len() > MAX_KEYS) {
        return Err(ApiError::invalid("keys", format!("must be 1 to {MAX_KEYS}; leave them out for all")));
    }
    let retry = Command::RetryFailed { stage: request.stage, keys: request.keys, by: by.name().clone() };
    command(&state, id, retry).await
}

#[derive(Deserialize, ToSchema)]
struct RetryFromRequest {
    /// The first stage that runs again.
    stage: String,
}

/// Runs a stage and all that follows it again, of a run that has ended. Stages before it stay as they are.
#[utoipa::path(post, path = "/api/v1/runs/{id}/retry-from", tag = "runs", params(("id" = String, Path)),
    request_body = RetryFromRequest, responses((status = 200, body = RunView, description = "The run")))]
async fn retry_from(
    State(state): State<ServerState>,
    by: Principal,
    PathOf(id): PathOf<RunId>,
    JsonBody(request): JsonBody<RetryFromRequest>,
) -> ApiResult<Json<RunView>> {
    command(&state, id, Command::RetryFrom { stage: request.stage, by: by.name().clone() }).await
}

/// Starts a new run of the same definition on the same input.
#[utoipa::path(post, path = "/api/v1/runs/{id}/rerun", tag = "runs", params(("id" = String, Path)),
    request_body = Empty, responses((status = 201, body = RunView, description = "The new run")))]
async fn rerun(
    State(state): State<ServerState>,
    by: Principal,
    PathOf(id): PathOf<RunId>,
    headers: HeaderMap,
    JsonBody(Empty {}): JsonBody<Empty>,
) -> ApiResult<Response> {
    let record = verbs::find(state.engine(), id).await?;
    let start = verbs::Start {
        definition: record.definition.clone(),
        app: record.meta.app.to_string(),
        input: (*record.run.input).clone(),
        title: record.meta.title.to_string(),
        labels: record.meta.labels.clone(),
    };
    let key = idempotency_key(&headers)?;
    let started = verbs::start(state.engine(), start, &by, key.as_deref()).await?;
    let status = if started.existing { StatusCode::OK } else { StatusCode::CREATED };
    Ok(created(&state, &started.record, status))
}

#[derive(Deserialize, ToSchema)]
struct SignalRequest {
    /// What it carries.
    #[serde(default)]
    #[schema(value_type = Object)]
    payload: Value,
    /// The stage it is meant for; the first that waits for it where absent.
    #[serde(default)]
    stage: Option<String>,
    /// The item it is meant for; all that wait where absent.
    #[serde(default)]
    key: Option<String>,
}

/// Tells a run something that it waits for.
#[utoipa::path(post, path = "/api/v1/runs/{id}/signals/{name}", tag = "runs",
    params(("id" = String, Path), ("name" = String, Path)), request_body = SignalRequest,
    responses((status = 202, body = RunView, description = "The run, which has taken it")))]
async fn signal(
    State(state): State<ServerState>,
    by: Principal,
    PathOf((id, name)): PathOf<(RunId, String)>,
    JsonBody(request): JsonBody<SignalRequest>,
) -> ApiResult<Response> {
    let signal = Command::Signal {
        name: Arc::from(name),
        stage: request.stage,
        key: request.key,
        payload: Arc::new(request.payload),
        by: by.name().clone(),
    };
    Ok((StatusCode::ACCEPTED, command(&state, id, signal).await?).into_response())
}
