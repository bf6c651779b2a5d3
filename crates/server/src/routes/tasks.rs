//! Tasks of a run: pages of them, one with its attempts, why they failed, how long they took.

use crate::{state::ServerState, verbs, views};
use axum::{Json, extract::State, response::Response};
use model::{RunId, StageId, TaskState, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{RunRecord, TaskFilter, TimelineAttempt};
use stream::wire::{AttemptOutcomeView, TaskStateView, TaskView};
use utoipa::{IntoParams, ToSchema};
use web::{
    ApiError, ApiResult, CommaList, Conditional, Cursor, Page, PathOf, Permission, QueryOf, Routes, routes,
};

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new()
        .with(Permission::RunsRead, routes!(list))
        .with(Permission::RunsRead, routes!(one))
        .with(Permission::RunsRead, routes!(single))
        .with(Permission::RunsRead, routes!(errors))
        .with(Permission::RunsRead, routes!(timeline))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TasksQuery {
    /// Of this stage.
    stage: Option<String>,
    /// In these states; separated by commas, or repeated.
    #[serde(default)]
    #[param(value_type = Vec<TaskStateView>)]
    state: CommaList<TaskStateView>,
    /// With this text in their key.
    q: Option<String>,
    /// Items on a page.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Tasks of a run, by stage and key.
#[utoipa::path(get, path = "/api/v1/runs/{id}/tasks", tag = "tasks", params(("id" = String, Path), TasksQuery),
    responses((status = 200, body = Page<TaskView>, description = "A page of tasks")))]
async fn list(
    State(state): State<ServerState>,
    PathOf(id): PathOf<RunId>,
    QueryOf(query): QueryOf<TasksQuery>,
) -> ApiResult<Json<Page<TaskView>>> {
    let record = verbs::find(state.engine(), id).await?;
    let limit = web::limit(query.limit)?;
    let after = query.cursor.as_deref().map(Cursor::decode::<(u16, String)>).transpose()?;
    let filter = TaskFilter {
        stage: query.stage.map(|name| stage_of(&record, &name)).transpose()?,
        states: query.state.0.into_iter().map(state_of).collect(),
        text: query.q,
        after: after.map(|(stage, key)| (StageId(stage), key)),
        limit: limit + 1,
    };
    let tasks = state.store().tasks(id, &filter).await?;
    let key = |task: &store::TaskRecord| (task.stage, Arc::clone(&task.key));
    Ok(Json(Page::of(tasks, limit, key, |task| views::task(&record, task, None))))
}

fn stage_of(record: &RunRecord, name: &str) -> ApiResult<StageId> {
    let unknown = || ApiError::invalid("stage", format!("the run has no stage '{:.80}'", name));
    record.definition.find(name).ok_or_else(unknown)
}

fn state_of(view: TaskStateView) -> TaskState {
    TaskState::ALL.into_iter().find(|state| TaskStateView::from(*state) == view).unwrap_or(TaskState::Ready)
}

/// One task with its attempts. The key is percent-encoded.
#[utoipa::path(get, path = "/api/v1/runs/{id}/tasks/{stage}/{key}", tag = "tasks",
    params(("id" = String, Path), ("stage" = String, Path), ("key" = String, Path)),
    responses((status = 200, body = TaskView, description = "The task"), (status = 304, description = "Unchanged")))]
async fn one(
    State(state): State<ServerState>,
    PathOf((id, stage, key)): PathOf<(RunId, String, String)>,
    known: Conditional,
) -> ApiResult<Response> {
    answer(&state, id, &stage, &key, &known).await
}

/// The task of a stage that has only one: its key is empty.
#[utoipa::path(get, path = "/api/v1/runs/{id}/tasks/{stage}/", tag = "tasks",
    params(("id" = String, Path), ("stage" = String, Path)),
    responses((status = 200, body = TaskView, description = "The task"), (status = 304, description = "Unchanged")))]
async fn single(
    State(state): State<ServerState>,
    PathOf((id, stage)): PathOf<(RunId, String)>,
    known: Conditional,
) -> ApiResult<Response> {
    answer(&state, id, &stage, "", &known).await
}

async fn answer(
    state: &ServerState,
    id: RunId,
    stage: &str,
    key: &str,
    known: &Conditional,
) -> ApiResult<Response> {
    let record = verbs::find(state.engine(), id).await?;
    let stage = record.definition.find(stage).ok_or_else(|| ApiError::not_found("stage", stage))?;
    let task = state.store().task(id, stage, key).await?;
    let task = task.ok_or_else(|| ApiError::not_found("task", key))?;
    let history = state.store().events_of_item(id, stage, key).await?;
    known.json(&views::task(&record, task, Some(&history)))
}

/// Failed tasks with one cause in one stage.
#[derive(Serialize, ToSchema)]
struct ErrorGroup {
    /// The cause.
    code: String,
    /// The stage.
    stage: String,
    /// How many tasks.
    count: u64,
    /// When the first of them failed.
    #[schema(value_type = Option<i64>)]
    first_at: Option<Timestamp>,
    /// When the last of them failed.
    #[schema(value_type = Option<i64>)]
    last_at: Option<Timestamp>,
    /// One of them.
    example: ErrorExample,
    /// What to do about it.
    help: Option<String>,
}

/// One of the tasks that failed with a cause.
#[derive(Serialize, ToSchema)]
struct ErrorExample {
    /// Its item.
    #[schema(value_type = String)]
    key: Arc<str>,
    /// What went wrong with it.
    message: String,
}

/// Why tasks of a run failed, by stage and cause, the most frequent first.
#[utoipa::path(get, path = "/api/v1/runs/{id}/errors", tag = "tasks", params(("id" = String, Path)),
    responses((status = 200, body = Page<ErrorGroup>, description = "All causes")))]
async fn errors(
    State(state): State<ServerState>,
    PathOf(id): PathOf<RunId>,
) -> ApiResult<Json<Page<ErrorGroup>>> {
    let record = verbs::find(state.engine(), id).await?;
    let groups = state.store().errors(id).await?;
    let group = |group: store::ErrorGroup| ErrorGroup {
        code: group.code,
        stage: record.stage_name(group.stage).to_owned(),
        count: group.count,
        first_at: group.first_at,
        last_at: group.last_at,
        example: ErrorExample { key: group.key, message: group.error.message },
        help: group.error.help,
    };
    Ok(Json(Page::whole(groups.into_iter().map(group).collect())))
}

/// Stages and attempts with their times.
#[derive(Serialize, ToSchema)]
struct Timeline {
    /// The stages, in reading order.
    stages: Vec<TimelineStage>,
    /// Attempts by their begin: those that failed, those under way, and the longest.
    attempts: Vec<TimelineEntry>,
    /// Whether attempts were left out.
    truncated: bool,
}

/// A stage with its times.
#[derive(Serialize, ToSchema)]
struct TimelineStage {
    /// The stage.
    name: String,
    /// When it opened.
    #[schema(value_type = Option<i64>)]
    opened_at: Option<Timestamp>,
    /// When it closed.
    #[schema(value_type = Option<i64>)]
    closed_at: Option<Timestamp>,
}

/// An attempt with its times.
#[derive(Serialize, ToSchema)]
struct TimelineEntry {
    /// Its stage.
    stage: String,
    /// Its item.
    #[schema(value_type = String)]
    key: Arc<str>,
    /// From 1.
    attempt: u32,
    /// When it began.
    #[schema(value_type = i64)]
    started_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<i64>)]
    ended_at: Option<Timestamp>,
    /// What it ended with.
    outcome: Option<AttemptOutcomeView>,
}

/// When stages and attempts began and ended: at most 2,000 attempts.
#[utoipa::path(get, path = "/api/v1/runs/{id}/timeline", tag = "tasks", params(("id" = String, Path)),
    responses((status = 200, body = Timeline, description = "The timeline"), (status = 304, description = "Unchanged")))]
async fn timeline(
    State(state): State<ServerState>,
    PathOf(id): PathOf<RunId>,
    known: Conditional,
) -> ApiResult<Response> {
    let record = verbs::find(state.engine(), id).await?;
    let timeline = state.store().timeline(id).await?;
    let stages = record.definition.stages.iter().zip(&record.run.stages);
    let stage = |(stage, run): (&model::Stage, &model::StageRun)| TimelineStage {
        name: stage.name.clone(),
        opened_at: run.opened_at,
        closed_at: run.closed_at,
    };
    let entry = |attempt: TimelineAttempt| TimelineEntry {
        stage: record.stage_name(attempt.stage).to_owned(),
        key: attempt.key,
        attempt: attempt.attempt,
        started_at: attempt.started_at,
        ended_at: attempt.ended_at,
        outcome: views::outcome(attempt.state),
    };
    known.json(&Timeline {
        stages: stages.map(stage).collect(),
        attempts: timeline.attempts.into_iter().map(entry).collect(),
        truncated: timeline.truncated,
    })
}
