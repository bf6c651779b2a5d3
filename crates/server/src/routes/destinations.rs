//! Destinations: where deliveries go, how they do, and holding them.

use super::secrets;
use crate::{refusal::problem, state::ServerState};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use engine::DestinationStatus;
use http::{StatusCode, header};
use model::{Destination, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use stream::wire::{RetryableView, TaskErrorView};
use utoipa::ToSchema;
use web::{ApiError, ApiResult, Code, JsonBody, Page, PathOf, Permission, Principal, Routes, routes};

/// Longest name of a destination, in characters.
const MAX_NAME_CHARS: usize = 64;

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new()
        .with(Permission::OutboxRead, routes!(list))
        .with(Permission::DestinationsWrite, routes!(create))
        .with(Permission::OutboxRead, routes!(one))
        .with(Permission::DestinationsWrite, routes!(change))
        .with(Permission::DestinationsWrite, routes!(remove))
        .with(Permission::OutboxWrite, routes!(pause))
        .with(Permission::OutboxWrite, routes!(resume))
        .with(Permission::OutboxWrite, routes!(test))
}

/// A destination and how it does.
#[derive(Serialize, ToSchema)]
#[schema(as = Destination)]
struct DestinationView {
    /// Its name, unique.
    name: String,
    /// `azure_devops`, `github`, `webhook` or `files`.
    kind: String,
    /// The connector's settings, without secrets.
    #[schema(value_type = Object)]
    settings: Value,
    /// Name of the secret that it signs in with.
    credential: Option<String>,
    /// What its connector promises: `exactly_once_effect` or `at_least_once`.
    #[schema(value_type = Option<String>)]
    guarantee: Option<activity::connector::Guarantee>,
    /// Why nothing is sent at present.
    paused: Option<PausedView>,
    /// Whether calls go through.
    breaker: BreakerView,
    /// How fast calls go.
    limiter: LimiterView,
    /// Deliveries by state.
    counts: BTreeMap<&'static str, u64>,
    /// Since when the oldest undelivered one waits.
    #[schema(value_type = Option<i64>)]
    oldest_undelivered_at: Option<Timestamp>,
    /// Deliveries done, a second, over the last ten seconds.
    delivered_per_s: f64,
    /// Why its settings make no connector.
    problem: Option<TaskErrorView>,
}

/// Why a destination is paused.
#[derive(Serialize, ToSchema)]
#[schema(as = Paused)]
struct PausedView {
    /// `unauthorized` or `by_user`.
    code: String,
    /// For people.
    reason: String,
    /// Since when.
    #[schema(value_type = i64)]
    at: Timestamp,
}

/// A circuit breaker.
#[derive(Serialize, ToSchema)]
#[schema(as = Breaker)]
struct BreakerView {
    /// `closed`, `open` or `half_open`.
    state: &'static str,
    /// Failed calls in a row.
    failures: u32,
    /// Why it opened, in the destination's words.
    reason: Option<String>,
    /// Until when nothing is sent.
    #[schema(value_type = Option<i64>)]
    until: Option<Timestamp>,
}

/// A rate limiter.
#[derive(Serialize, ToSchema)]
#[schema(as = Limiter)]
struct LimiterView {
    /// Calls a second at most.
    rate_per_s: Option<f64>,
    /// Calls under way.
    in_flight: u32,
    /// Calls under way at most.
    parallel: u32,
    /// Until when nothing is sent, as the destination asked.
    #[schema(value_type = Option<i64>)]
    paused_until: Option<Timestamp>,
    /// Calls that the destination said are left.
    remaining: Option<u64>,
}

async fn view(state: &ServerState, status: DestinationStatus) -> ApiResult<DestinationView> {
    let name = status.destination.name.to_string();
    let counts = state.store().delivery_counts(None, Some(&name)).await?;
    let oldest = state.store().delivery_oldest(&name).await?;
    let Destination { kind, settings, credential, paused, .. } = status.destination;
    Ok(DestinationView {
        name,
        kind: kind.to_string(),
        settings,
        credential: credential.map(|name| name.to_string()),
        guarantee: status.guarantee,
        paused: paused.map(|paused| PausedView {
            code: paused.code.to_string(),
            reason: paused.reason.to_string(),
            at: paused.at,
        }),
        breaker: BreakerView {
            state: status.breaker.state,
            failures: status.breaker.failures,
            reason: status.breaker.reason.map(|reason| reason.to_string()),
            until: status.breaker.until,
        },
        limiter: LimiterView {
            rate_per_s: status.limiter.rate_per_s,
            in_flight: status.limiter.in_flight,
            parallel: status.limiter.parallel,
            paused_until: status.limiter.paused_until,
            remaining: status.limiter.remaining,
        },
        counts: counts.into_iter().map(|count| (count.state.as_str(), count.count)).collect(),
        oldest_undelivered_at: oldest,
        delivered_per_s: status.delivered_per_s,
        problem: status.problem.map(|error| TaskErrorView::new(&error, RetryableView::Retryable)),
    })
}

/// All destinations, by name.
#[utoipa::path(get, path = "/api/v1/destinations", tag = "outbox",
    responses((status = 200, body = Page<DestinationView>, description = "All destinations")))]
async fn list(State(state): State<ServerState>) -> ApiResult<Json<Page<DestinationView>>> {
    let mut views = Vec::new();
    for status in state.engine().destinations() {
        views.push(view(&state, status).await?);
    }
    Ok(Json(Page::whole(views)))
}

/// One destination.
#[utoipa::path(get, path = "/api/v1/destinations/{name}", tag = "outbox", params(("name" = String, Path)),
    responses((status = 200, body = DestinationView, description = "The destination")))]
async fn one(
    State(state): State<ServerState>,
    PathOf(name): PathOf<String>,
) -> ApiResult<Json<DestinationView>> {
    let status = state.engine().destination(&name).map_err(problem)?;
    Ok(Json(view(&state, status).await?))
}

#[derive(Deserialize, ToSchema)]
struct NewDestination {
    /// Unique name: lower-case letters, digits, `-` and `_`.
    name: String,
    /// `azure_devops`, `github`, `webhook` or `files`.
    kind: String,
    /// The connector's settings.
    #[serde(default)]
    #[schema(value_type = Object)]
    settings: Value,
    /// Name of a kept secret to sign in with.
    credential: Option<String>,
    /// A secret to be kept, under `credential` or the destination's own name. Never shown again.
    secret: Option<String>,
}

/// Makes a destination.
#[utoipa::path(post, path = "/api/v1/destinations", tag = "outbox", request_body = NewDestination,
    responses((status = 201, body = DestinationView, description = "The destination")))]
async fn create(
    State(state): State<ServerState>,
    JsonBody(request): JsonBody<NewDestination>,
) -> ApiResult<Response> {
    let is_sign = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || "-_".contains(sign);
    let name = request.name;
    if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(is_sign) {
        let message = format!("must have 1 to {MAX_NAME_CHARS} of: lower-case letters, digits, '-' and '_'");
        return Err(ApiError::invalid("name", message));
    }
    if state.engine().destination(&name).is_ok() {
        return Err(ApiError::new(Code::Conflict, format!("there is a destination '{name}' already")));
    }
    let credential = keep(&state, &name, request.credential, request.secret).await?;
    let destination = Destination {
        name: Arc::from(name.as_str()),
        kind: Arc::from(request.kind),
        settings: object(request.settings),
        credential,
        paused: None,
    };
    let status = state.engine().add_destination(destination).await.map_err(problem)?;
    let location = [(header::LOCATION, format!("/api/v1/destinations/{name}"))];
    Ok((StatusCode::CREATED, location, Json(view(&state, status).await?)).into_response())
}

fn object(settings: Value) -> Value {
    if settings.is_null() { Value::Object(serde_json::Map::new()) } else { settings }
}

/// Keeps a secret that came with a destination; the name of the secret that it signs in with.
async fn keep(
    state: &ServerState,
    name: &str,
    credential: Option<String>,
    secret: Option<String>,
) -> ApiResult<Option<Arc<str>>> {
    let Some(secret) = secret.filter(|secret| !secret.is_empty()) else {
        if let Some(credential) = &credential {
            secrets::must_exist(state, credential).await?;
        }
        return Ok(credential.map(Arc::from));
    };
    let credential = credential.unwrap_or_else(|| name.to_owned());
    secrets::put(state, &credential, &secret).await?;
    Ok(Some(Arc::from(credential)))
}

#[derive(Deserialize, ToSchema)]
struct DestinationChange {
    /// `azure_devops`, `github`, `webhook` or `files`.
    kind: String,
    /// The connector's settings.
    #[serde(default)]
    #[schema(value_type = Object)]
    settings: Value,
    /// Name of a kept secret to sign in with.
    credential: Option<String>,
    /// A secret to be kept. Never shown again.
    secret: Option<String>,
}

/// Gives a destination other settings.
#[utoipa::path(put, path = "/api/v1/destinations/{name}", tag = "outbox", params(("name" = String, Path)),
    request_body = DestinationChange, responses((status = 200, body = DestinationView, description = "The destination")))]
async fn change(
    State(state): State<ServerState>,
    PathOf(name): PathOf<String>,
    JsonBody(request): JsonBody<DestinationChange>,
) -> ApiResult<Json<DestinationView>> {
    state.engine().destination(&name).map_err(problem)?;
    let credential = keep(&state, &name, request.credential, request.secret).await?;
    let destination = Destination {
        name: Arc::from(name),
        kind: Arc::from(request.kind),
        settings: object(request.settings),
        credential,
        paused: None,
    };
    let status = state.engine().change_destination(destination).await.map_err(problem)?;
    Ok(Json(view(&state, status).await?))
}

/// Removes a destination to which nothing is to be delivered.
#[utoipa::path(delete, path = "/api/v1/destinations/{name}", tag = "outbox", params(("name" = String, Path)),
    responses((status = 204, description = "It is gone"), (status = 409, description = "It has undelivered deliveries")))]
async fn remove(State(state): State<ServerState>, PathOf(name): PathOf<String>) -> ApiResult<StatusCode> {
    state.engine().remove_destination(&name).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
struct PauseRequest {
    /// Why, for people.
    #[serde(default)]
    reason: String,
}

/// Sends nothing more to a destination until it is resumed.
#[utoipa::path(post, path = "/api/v1/destinations/{name}/pause", tag = "outbox", params(("name" = String, Path)),
    request_body = PauseRequest, responses((status = 200, body = DestinationView, description = "The destination")))]
async fn pause(
    State(state): State<ServerState>,
    by: Principal,
    PathOf(name): PathOf<String>,
    JsonBody(request): JsonBody<PauseRequest>,
) -> ApiResult<Json<DestinationView>> {
    let status =
        state.engine().pause_destination(&name, by.name(), &request.reason).await.map_err(problem)?;
    Ok(Json(view(&state, status).await?))
}

/// Lets a destination go on.
#[utoipa::path(post, path = "/api/v1/destinations/{name}/resume", tag = "outbox", params(("name" = String, Path)),
    responses((status = 200, body = DestinationView, description = "The destination")))]
async fn resume(
    State(state): State<ServerState>,
    by: Principal,
    PathOf(name): PathOf<String>,
) -> ApiResult<Json<DestinationView>> {
    let status = state.engine().resume_destination(&name, by.name()).await.map_err(problem)?;
    Ok(Json(view(&state, status).await?))
}

/// What a try of a destination found.
#[derive(Serialize, ToSchema)]
struct TestAnswer {
    /// Whether it would take deliveries.
    ok: bool,
    /// What was found, in a sentence.
    message: String,
    /// What is wrong.
    error: Option<TaskErrorView>,
}

/// Tries a destination's connection and credential; changes nothing there.
#[utoipa::path(post, path = "/api/v1/destinations/{name}/test", tag = "outbox", params(("name" = String, Path)),
    responses((status = 200, body = TestAnswer, description = "What was found")))]
async fn test(State(state): State<ServerState>, PathOf(name): PathOf<String>) -> ApiResult<Json<TestAnswer>> {
    Ok(Json(match state.engine().test_destination(&name).await.map_err(problem)? {
        Ok(message) => TestAnswer { ok: true, message, error: None },
        Err(error) => TestAnswer {
            ok: false,
            message: error.message.clone(),
            error: Some(TaskErrorView::new(&error, RetryableView::Retryable)),
        },
    }))
}
