//! Schedules: runs by the clock.

use crate::{refusal::problem, state::ServerState, views};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use engine::NewScheduleSpec;
use http::{StatusCode, header};
use model::{RunId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use store::ScheduleRecord;
use web::{ApiError, ApiResult, JsonBody, Page, PathOf, Permission, Routes, routes};

/// Longest name of a schedule, in characters.
const MAX_NAME_CHARS: usize = 100;

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new()
        .with(Permission::SchedulesRead, routes!(list))
        .with(Permission::SchedulesWrite, routes!(create))
        .with(Permission::SchedulesWrite, routes!(change))
        .with(Permission::SchedulesWrite, routes!(remove))
}

/// A schedule.
#[derive(Serialize, utoipa::ToSchema)]
struct Schedule {
    /// Its id.
    id: String,
    /// What people call it.
    name: String,
    /// When it fires, as a cron expression.
    cron: String,
    /// The time zone that the expression is read in.
    timezone: String,
    /// What it starts.
    pipeline: String,
    /// On what.
    #[schema(value_type = Object)]
    input: Box<RawValue>,
    /// Whether it fires.
    enabled: bool,
    /// When it fires next.
    #[schema(value_type = Option<i64>)]
    next_at: Option<Timestamp>,
    /// When it fired last.
    #[schema(value_type = Option<i64>)]
    last_at: Option<Timestamp>,
    /// What it started then.
    #[schema(value_type = Option<String>)]
    last_run: Option<RunId>,
    /// When it was made.
    #[schema(value_type = i64)]
    created_at: Timestamp,
}

impl From<ScheduleRecord> for Schedule {
    fn from(record: ScheduleRecord) -> Self {
        Self {
            id: record.id.to_string(),
            name: record.name.to_string(),
            cron: record.cron.to_string(),
            timezone: record.timezone.to_string(),
            pipeline: record.pipeline.to_string(),
            input: views::raw(&record.input),
            enabled: record.enabled,
            next_at: record.next_at,
            last_at: record.last_at,
            last_run: record.last_run,
            created_at: record.created_at,
        }
    }
}

/// All schedules, by name.
#[utoipa::path(get, path = "/api/v1/schedules", tag = "schedules",
    responses((status = 200, body = Page<Schedule>, description = "All schedules")))]
async fn list(State(state): State<ServerState>) -> ApiResult<Json<Page<Schedule>>> {
    let schedules = state.store().schedules().await?;
    Ok(Json(Page::whole(schedules.into_iter().map(Schedule::from).collect())))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct NewSchedule {
    /// Unique name.
    name: String,
    /// Cron expression: five fields, or six with seconds.
    cron: String,
    /// IANA time zone; UTC where absent.
    #[serde(default = "utc")]
    timezone: String,
    /// The pipeline that it starts.
    pipeline: String,
    /// The runs' input.
    #[serde(default)]
    #[schema(value_type = Object)]
    input: Value,
    /// Whether it fires.
    #[serde(default = "yes")]
    enabled: bool,
}

fn utc() -> String {
    "UTC".to_owned()
}

fn yes() -> bool {
    true
}

/// Makes a schedule.
#[utoipa::path(post, path = "/api/v1/schedules", tag = "schedules", request_body = NewSchedule,
    responses((status = 201, body = Schedule, description = "The schedule")))]
async fn create(
    State(state): State<ServerState>,
    JsonBody(request): JsonBody<NewSchedule>,
) -> ApiResult<Response> {
    let name = request.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        return Err(ApiError::invalid("name", format!("must have 1 to {MAX_NAME_CHARS} characters")));
    }
    let input = if request.input.is_null() { Value::Object(serde_json::Map::new()) } else { request.input };
    let spec = NewScheduleSpec {
        name,
        cron: request.cron,
        timezone: request.timezone,
        pipeline: request.pipeline,
        input,
        enabled: request.enabled,
    };
    let id = state.engine().schedule(spec).await.map_err(problem)?;
    let location = [(header::LOCATION, format!("/api/v1/schedules/{id}"))];
    Ok((StatusCode::CREATED, location, Json(find(&state, id).await?)).into_response())
}

async fn find(state: &ServerState, id: i64) -> ApiResult<Schedule> {
    let schedules = state.store().schedules().await?;
    let found = schedules.into_iter().find(|schedule| schedule.id == id);
    found.map(Schedule::from).ok_or_else(|| ApiError::not_found("schedule", id))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct ScheduleChange {
    /// Whether it fires.
    enabled: bool,
}

/// Switches a schedule on or off.
#[utoipa::path(patch, path = "/api/v1/schedules/{id}", tag = "schedules", params(("id" = String, Path)),
    request_body = ScheduleChange, responses((status = 200, body = Schedule, description = "The schedule")))]
async fn change(
    State(state): State<ServerState>,
    PathOf(id): PathOf<i64>,
    JsonBody(request): JsonBody<ScheduleChange>,
) -> ApiResult<Json<Schedule>> {
    state.engine().enable_schedule(id, request.enabled).await.map_err(problem)?;
    Ok(Json(find(&state, id).await?))
}

/// Removes a schedule; runs that it started stay.
#[utoipa::path(delete, path = "/api/v1/schedules/{id}", tag = "schedules", params(("id" = String, Path)),
    responses((status = 204, description = "It is gone")))]
async fn remove(State(state): State<ServerState>, PathOf(id): PathOf<i64>) -> ApiResult<StatusCode> {
    state.engine().delete_schedule(id).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}
