//! A backlog as a whole: start it, look at it, approve it.

use super::{Backlog, RouteState, unanswered};
use crate::{
    APPROVE_SIGNAL, AuthorName, BacklogStats, Params, ParamsError, Phase, phase, pipeline_of, stages,
    stats::{stage, stats},
    tables::{items, writing},
    vision,
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use db::Batch;
use http::{HeaderMap, StatusCode, header};
use model::{RunId, RunState, StageState};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use store::RunRecord;
use stream::wire::RunView;
use utoipa::ToSchema;
use web::{
    ApiError, ApiResult, Code, Conditional, JsonBody, NewRun, Page, PathOf, Permission, Principal, Routes,
    routes,
};

/// The header by which a POST is told from its repetition.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Largest vision that stays in the run's input, in bytes of JSON: inputs are read by whoever looks at the run.
const MAX_INLINE_BYTES: usize = 128 * 1024;

pub(super) fn routes() -> Routes<RouteState> {
    Routes::new()
        .with(Permission::RunsRead, routes!(authors))
        .with(Permission::RunsWrite, routes!(start))
        .with(Permission::RunsRead, routes!(one))
        .with(Permission::RunsSignal, routes!(approve))
}

/// Someone who can write a backlog.
#[derive(Serialize, ToSchema)]
struct BacklogAuthor {
    /// Its name.
    name: AuthorName,
    /// Whether it can write here and now.
    available: bool,
    /// The model's name.
    model: Option<String>,
    /// What it is.
    says: String,
}

/// A list of them.
#[derive(Serialize, ToSchema)]
struct BacklogAuthorPage {
    /// The authors.
    items: Vec<BacklogAuthor>,
    /// Always null: there are few.
    next_cursor: Option<String>,
}

/// Who can write a backlog.
#[utoipa::path(get, path = "/api/v1/backlog/authors", tag = "backlog",
    responses((status = 200, body = BacklogAuthorPage, description = "The authors")))]
async fn authors(State(state): State<RouteState>) -> Json<BacklogAuthorPage> {
    let outline = BacklogAuthor {
        name: AuthorName::Outline,
        available: true,
        model: None,
        says: String::from(
            "Rules, no model and no network: reads headings, bullets, actors, goals and constraints of the vision and \
             expands them. The same vision always gives the same backlog.",
        ),
    };
    let says = match &state.model {
        Some(model) => {
            format!("The language model {model}: understands prose, costs money, and may be wrong.")
        }
        None => String::from("A language model; none is configured."),
    };
    let openai = BacklogAuthor {
        name: AuthorName::Openai,
        available: state.model.is_some(),
        model: state.model.clone(),
        says,
    };
    let Page { items, next_cursor } = Page::whole(vec![outline, openai]);
    Json(BacklogAuthorPage { items, next_cursor })
}

/// Starts a backlog. With an `Idempotency-Key`, a repetition answers the run that is there already.
#[utoipa::path(post, path = "/api/v1/backlog", tag = "backlog", request_body = Params,
    params(("Idempotency-Key" = Option<String>, Header, description = "Tells a repetition from a second request")),
    responses((status = 201, body = RunView, description = "The run"),
        (status = 200, body = RunView, description = "The run that an earlier request with the same key started")))]
async fn start(
    State(state): State<RouteState>,
    by: Principal,
    headers: HeaderMap,
    JsonBody(params): JsonBody<Params>,
) -> ApiResult<Response> {
    let key = headers.get(IDEMPOTENCY_KEY).map(|value| value.to_str().map(str::to_owned)).transpose();
    let key = key.map_err(|_| ApiError::new(Code::BadRequest, "Idempotency-Key must be visible ASCII"))?;
    let mut params = params.resolved().map_err(refused)?;
    let author = match params.author {
        Some(AuthorName::Openai) if state.model.is_none() => {
            return Err(ApiError::invalid("author", "no language model is configured; use outline"));
        }
        Some(author) => author,
        None if state.model.is_some() => AuthorName::Openai,
        None => AuthorName::Outline,
    };
    params.author = Some(author);
    if let Some(to) = &params.to
        && !state.previews.knows(to).await?
    {
        return Err(ApiError::invalid("to", "is no destination; GET /api/v1/destinations lists them"));
    }
    let title = title(&params);
    if serde_json::to_string(&params.vision).is_ok_and(|json| json.len() > MAX_INLINE_BYTES) {
        let (keep, hash) = writing::keep_vision(&params.vision, stages::now_ms());
        state.db.execute(Batch::from(keep)).await.map_err(unanswered)?;
        params.vision = String::new();
        params.vision_sha256 = Some(hash);
    }
    let input = serde_json::to_value(&params).map_err(|error| ApiError::internal(&error))?;
    let pipeline = pipeline_of(author).to_owned();
    let handle = state.runs.start(NewRun { pipeline, input, title, by, idempotency_key: key }).await?;
    let location = [(header::LOCATION, format!("/api/v1/runs/{}", handle.record.run.id))];
    let status = if handle.existing { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, location, Json(handle.view)).into_response())
}

fn refused(error: ParamsError) -> ApiError {
    match error.field {
        "vision_sha256" => ApiError::new(Code::UnknownField, error.to_string()),
        field => ApiError::invalid(field, error.problem),
    }
}

/// What people call the run: as given, else as the vision calls the product.
fn title(params: &Params) -> String {
    params.title.clone().unwrap_or_else(|| vision::read(&params.vision, "Backlog").title)
}

/// A backlog.
#[derive(Serialize, ToSchema)]
struct BacklogSession {
    /// Its run.
    #[schema(value_type = RunView)]
    run: Arc<RawValue>,
    /// What it was asked for.
    params: Params,
    /// Its figures.
    stats: BacklogStats,
    /// The step that it is at.
    phase: Phase,
    /// Who writes.
    author: AuthorName,
    /// What the model may cost.
    budget_usd: Option<f64>,
    /// What people should know.
    notes: Vec<String>,
}

/// One backlog.
#[utoipa::path(get, path = "/api/v1/backlog/{run}", tag = "backlog", params(("run" = String, Path)),
    responses((status = 200, body = BacklogSession, description = "The backlog"), (status = 304, description = "Unchanged")))]
async fn one(
    State(state): State<RouteState>,
    PathOf(run): PathOf<RunId>,
    known: Conditional,
) -> ApiResult<Response> {
    let Backlog { handle, params, author } = state.backlog(run).await?;
    let params = state.whole(params).await?;
    let record = &handle.record;
    let figures = items::figures(&state.db, run).await.map_err(unanswered)?;
    let stats = BacklogStats { flagged: figures.flagged, ..stats(record) };
    let mut notes = items::notes(&state.db, run).await.map_err(unanswered)?;
    notes.extend(notes_on(record, &params, &stats, figures));
    known.json(&BacklogSession {
        stats,
        notes,
        phase: phase(record),
        author,
        budget_usd: params.budget_usd,
        params,
        run: handle.view,
    })
}

/// What people should know about the figures.
fn notes_on(
    record: &RunRecord,
    params: &Params,
    stats: &BacklogStats,
    figures: items::Figures,
) -> Vec<String> {
    let mut notes = Vec::new();
    if stats.flagged > 0 {
        notes.push(format!(
            "{} items stayed under the quality threshold of {} and were kept: look at them first",
            stats.flagged, params.quality_threshold
        ));
    }
    if figures.unstaged_edits > 0 && params.to.is_some() && phase(record) == Phase::Done {
        notes.push(format!(
            "{} items were edited after they were staged: restage them to send the new text",
            figures.unstaged_edits
        ));
    }
    let writing = ["epics", "features", "stories", "tasks", "test_cases"];
    let failed: u64 =
        writing.iter().filter_map(|name| stage(record, name)).map(|stage| stage.counts.failed).sum();
    if failed > 0 {
        notes.push(format!("{failed} parts could not be written; the run's errors say why, and retrying writes what is missing"));
    }
    if let Some(budget) = params.budget_micro_usd()
        && stats.cost_micro_usd == 0
        && stats.completion_tokens > 0
    {
        notes.push(format!(
            "The model has no prices configured, so the budget of ${:.2} cannot be held",
            budget as f64 / 1e6
        ));
    }
    if params.to.is_none() {
        notes.push(String::from(
            "No destination was named: nothing is sent; export the items as CSV, JSON or Markdown",
        ));
    }
    notes
}

/// Nothing is needed: an empty body, or `{}`.
#[derive(Deserialize, ToSchema)]
struct ApproveBacklog {}

/// Approves what was written: it is staged and sent. A second approval of the same backlog adds nothing.
#[utoipa::path(post, path = "/api/v1/backlog/{run}/approve", tag = "backlog", params(("run" = String, Path)),
    request_body = ApproveBacklog, responses((status = 202, body = RunView, description = "The run, which goes on")))]
async fn approve(
    State(state): State<RouteState>,
    by: Principal,
    PathOf(run): PathOf<RunId>,
    JsonBody(ApproveBacklog {}): JsonBody<ApproveBacklog>,
) -> ApiResult<Response> {
    let mut handle = state.backlog(run).await?.handle;
    let record = &handle.record;
    let approved = stage(record, "approve")
        .is_some_and(|stage| stage.state == StageState::Closed && stage.counts.done > 0);
    match phase(record) {
        _ if approved => {}
        Phase::Generating if record.run.state != RunState::Cancelled => {
            return Err(not_now("the backlog is still being written"));
        }
        Phase::Review => {
            handle = state.runs.signal(run, APPROVE_SIGNAL, serde_json::json!({}), by.name()).await?;
        }
        Phase::Generating | Phase::Delivering | Phase::Done => {
            return Err(not_now("the backlog no longer waits for an approval"));
        }
    }
    Ok((StatusCode::ACCEPTED, Json(handle.view)).into_response())
}

pub(super) fn not_now(why: &'static str) -> ApiError {
    ApiError::new(Code::IllegalTransition, why)
}
