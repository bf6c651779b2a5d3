//! Deliveries: what was staged for destinations, why it has not arrived, and sending it again.

use crate::{refusal::problem, state::ServerState, views};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use engine::{DryRun, ReplayFilter};
use http::StatusCode;
use model::{DeliveryState, Remote, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{collections::BTreeMap, sync::Arc};
use store::{DeliveryFilter, DeliveryRecord};
use stream::wire::{RetryableView, TaskErrorView};
use utoipa::{IntoParams, ToSchema};
use web::{
    ApiError, ApiResult, CommaList, Conditional, Cursor, JsonBody, Page, PathOf, Permission, Principal,
    QueryOf, Routes, routes,
};

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new()
        .with(Permission::OutboxRead, routes!(list))
        .with(Permission::OutboxRead, routes!(summary))
        .with(Permission::OutboxRead, routes!(one))
        .with(Permission::OutboxRead, routes!(preview))
        .with(Permission::OutboxWrite, routes!(replay))
        .with(Permission::OutboxWrite, routes!(retry_uploads))
}

/// Where a delivery is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeliveryState)]
pub(super) enum DeliveryStateView {
    Pending,
    Leased,
    Done,
    Retry,
    Unknown,
    Dead,
    Blocked,
}

impl From<DeliveryState> for DeliveryStateView {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending => Self::Pending,
            DeliveryState::Leased => Self::Leased,
            DeliveryState::Done => Self::Done,
            DeliveryState::Retry => Self::Retry,
            DeliveryState::Unknown => Self::Unknown,
            DeliveryState::Dead => Self::Dead,
            DeliveryState::Blocked => Self::Blocked,
        }
    }
}

impl DeliveryStateView {
    fn state(self) -> DeliveryState {
        let found = DeliveryState::ALL.into_iter().find(|state| Self::from(*state) == self);
        found.unwrap_or(DeliveryState::Pending)
    }
}

/// What a delivery became at its destination.
#[derive(Serialize, ToSchema)]
#[schema(as = Remote)]
struct RemoteView {
    /// The destination's own id.
    id: String,
    /// Where a person can look at it.
    url: Option<String>,
}

impl From<Remote> for RemoteView {
    fn from(remote: Remote) -> Self {
        Self { id: remote.id.to_string(), url: remote.url.map(|url| url.to_string()) }
    }
}

/// The undelivered parent that a delivery waits for.
#[derive(Serialize, ToSchema)]
struct BlockedBy {
    /// Its key.
    key: String,
    /// What people call it.
    title: String,
    /// Where it is in its life.
    state: DeliveryStateView,
}

/// A delivery.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
struct DeliveryView {
    /// Its number; later ones are greater.
    id: String,
    /// The run that staged it.
    #[schema(value_type = String)]
    run: RunId,
    /// Unique per run and destination.
    key: String,
    /// What the destination makes of it.
    kind: String,
    /// Depth below the root.
    level: u32,
    /// What people call it.
    title: String,
    /// Where it goes.
    destination: String,
    /// Where it is in its life.
    state: DeliveryStateView,
    /// Failures through its own fault.
    attempts: u32,
    /// How often it was sent at all.
    sent: u32,
    /// Key of the delivery that must be done before.
    parent: Option<String>,
    /// Deliveries with the same one go one after the other.
    order_key: Option<String>,
    /// What it became.
    remote: Option<RemoteView>,
    /// Why the last attempt failed, in the destination's own words.
    error: Option<TaskErrorView>,
    /// What it waits for.
    blocked_by: Option<BlockedBy>,
    /// When it was staged.
    #[schema(value_type = i64)]
    staged_at: Timestamp,
    /// Not sent or looked up before.
    #[schema(value_type = i64)]
    due_at: Timestamp,
    /// When its state last changed.
    #[schema(value_type = i64)]
    changed_at: Timestamp,
}

/// A delivery with what is sent.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryDetail)]
struct DetailView {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// What the connector reads.
    #[schema(value_type = Object)]
    payload: Box<RawValue>,
    /// What its parent became.
    parent_remote: Option<RemoteView>,
}

fn view(record: DeliveryRecord) -> DeliveryView {
    let delivery = record.delivery;
    let message = delivery.message;
    let text = |text: Arc<str>| text.to_string();
    let retryable = match delivery.state {
        DeliveryState::Dead => RetryableView::Permanent,
        _ => RetryableView::Retryable,
    };
    DeliveryView {
        id: delivery.id.to_string(),
        run: delivery.run,
        key: text(message.key),
        kind: text(message.kind),
        level: message.level,
        title: text(message.title),
        destination: text(message.destination),
        state: delivery.state.into(),
        attempts: delivery.attempts,
        sent: delivery.sent,
        parent: message.parent.map(text),
        order_key: message.order_key.map(text),
        remote: delivery.remote.map(RemoteView::from),
        error: delivery.error.as_ref().map(|error| TaskErrorView::new(error, retryable)),
        blocked_by: record.blocked_by.map(|(key, title, state)| BlockedBy {
            key: text(key),
            title: text(title),
            state: state.into(),
        }),
        staged_at: delivery.staged_at,
        due_at: delivery.due_at,
        changed_at: delivery.changed_at,
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeliveriesQuery {
    /// Of this run.
    #[param(value_type = Option<String>)]
    run: Option<RunId>,
    /// For this destination.
    destination: Option<String>,
    /// In these states; separated by commas, or repeated.
    #[serde(default)]
    #[param(value_type = Vec<DeliveryStateView>)]
    state: CommaList<DeliveryStateView>,
    /// Of this kind.
    kind: Option<String>,
    /// Whose last error has this code.
    reason: Option<String>,
    /// With this text in title or key.
    q: Option<String>,
    /// Items on a page.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Deliveries, in the order of their staging.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "outbox", params(DeliveriesQuery),
    responses((status = 200, body = Page<DeliveryView>, description = "A page of deliveries")))]
async fn list(
    State(state): State<ServerState>,
    QueryOf(query): QueryOf<DeliveriesQuery>,
) -> ApiResult<Json<Page<DeliveryView>>> {
    let limit = web::limit(query.limit)?;
    let after = query.cursor.as_deref().map(Cursor::decode::<i64>).transpose()?;
    let filter = DeliveryFilter {
        run: query.run,
        destination: query.destination,
        kind: query.kind,
        states: query.state.0.into_iter().map(DeliveryStateView::state).collect(),
        reason: query.reason,
        text: query.q,
        after,
        limit: limit + 1,
        ..DeliveryFilter::default()
    };
    let records = state.store().deliveries(&filter).await?;
    Ok(Json(Page::of(records, limit, |record| record.delivery.id, view)))
}

/// One delivery with what is sent.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", tag = "outbox", params(("id" = String, Path)),
    responses((status = 200, body = DetailView, description = "The delivery"), (status = 304, description = "Unchanged")))]
async fn one(
    State(state): State<ServerState>,
    PathOf(id): PathOf<i64>,
    known: Conditional,
) -> ApiResult<Response> {
    let record = state.store().delivery(id).await?.ok_or_else(|| ApiError::not_found("delivery", id))?;
    let payload = views::raw(record.delivery.message.payload.get());
    let parent_remote = record.parent.clone().map(RemoteView::from);
    known.json(&DetailView { delivery: view(record), payload, parent_remote })
}

/// Exactly what would be sent: secrets masked.
#[derive(Serialize, ToSchema)]
#[schema(as = Preview)]
struct PreviewView {
    /// Such as `POST`.
    method: String,
    /// The address.
    url: String,
    /// Headers, as name and value.
    headers: Vec<(String, String)>,
    /// The body.
    #[schema(value_type = Object)]
    body: serde_json::Value,
}

/// Exactly what would be sent for a delivery.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}/preview", tag = "outbox", params(("id" = String, Path)),
    responses((status = 200, body = PreviewView, description = "The request, secrets masked")))]
async fn preview(State(state): State<ServerState>, PathOf(id): PathOf<i64>) -> ApiResult<Json<PreviewView>> {
    let preview = state.engine().preview_delivery(id).await.map_err(problem)?;
    let activity::connector::Preview { method, url, headers, body } = preview;
    Ok(Json(PreviewView { method, url, headers, body }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SummaryQuery {
    /// Of this run.
    #[param(value_type = Option<String>)]
    run: Option<RunId>,
    /// For this destination.
    destination: Option<String>,
}

/// How many deliveries are in which state, and why they have not arrived.
#[derive(Serialize, ToSchema)]
struct Summary {
    /// Deliveries by state.
    by_state: BTreeMap<&'static str, u64>,
    /// The same by destination.
    by_destination: Vec<OfDestination>,
    /// Reasons, the most frequent first.
    by_reason: Vec<Reason>,
}

/// Deliveries of a destination by state.
#[derive(Serialize, ToSchema)]
struct OfDestination {
    /// The destination.
    destination: String,
    /// Deliveries by state.
    by_state: BTreeMap<&'static str, u64>,
}

/// Why deliveries have not arrived.
#[derive(Serialize, ToSchema)]
struct Reason {
    /// The destination.
    destination: String,
    /// Stable word for the cause.
    code: String,
    /// In the destination's own words.
    message: String,
    /// How many.
    count: u64,
    /// The state they are in.
    state: DeliveryStateView,
}

/// How many deliveries are in which state, and why they have not arrived.
#[utoipa::path(get, path = "/api/v1/deliveries/summary", tag = "outbox", params(SummaryQuery),
    responses((status = 200, body = Summary, description = "The summary")))]
async fn summary(
    State(state): State<ServerState>,
    QueryOf(query): QueryOf<SummaryQuery>,
) -> ApiResult<Json<Summary>> {
    let destination = query.destination.as_deref();
    let counts = state.store().delivery_counts(query.run, destination).await?;
    let reasons = state.store().delivery_reasons(query.run, destination).await?;
    let mut by_state: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut by_destination: BTreeMap<Arc<str>, BTreeMap<&'static str, u64>> = BTreeMap::new();
    for count in counts {
        *by_state.entry(count.state.as_str()).or_default() += count.count;
        by_destination.entry(count.destination).or_default().insert(count.state.as_str(), count.count);
    }
    let by_reason = reasons.into_iter().map(|reason| Reason {
        destination: reason.destination.to_string(),
        code: reason.error.code,
        message: reason.error.message,
        count: reason.count,
        state: reason.state.into(),
    });
    let by_destination = by_destination
        .into_iter()
        .map(|(destination, by_state)| OfDestination { destination: destination.to_string(), by_state });
    Ok(Json(Summary { by_state, by_destination: by_destination.collect(), by_reason: by_reason.collect() }))
}

#[derive(Deserialize, ToSchema)]
struct ReplayRequest {
    /// These deliveries.
    ids: Option<Vec<String>>,
    /// Of this run.
    #[schema(value_type = Option<String>)]
    run: Option<RunId>,
    /// For this destination.
    destination: Option<String>,
    /// This delivery and all that hang on it.
    subtree_of: Option<String>,
    /// Changed then or later.
    #[schema(value_type = Option<i64>)]
    from: Option<Timestamp>,
    /// Changed then or before.
    #[schema(value_type = Option<i64>)]
    to: Option<Timestamp>,
    /// Only says what it would do.
    #[serde(default)]
    dry_run: bool,
}

/// What a replay did, or would do.
#[derive(Serialize, ToSchema)]
struct ReplayAnswer {
    /// Dead deliveries that were meant.
    matched: usize,
    /// Those made pending.
    replayed: usize,
    /// The first of them, as they were.
    sample: Vec<DeliveryView>,
}

/// Makes dead deliveries pending again: by number, subtree, run, destination or time; all that is given must hold.
#[utoipa::path(post, path = "/api/v1/deliveries/replay", tag = "outbox", request_body = ReplayRequest,
    responses((status = 200, body = ReplayAnswer, description = "What was done, or would be")))]
async fn replay(
    State(state): State<ServerState>,
    by: Principal,
    JsonBody(request): JsonBody<ReplayRequest>,
) -> ApiResult<Json<ReplayAnswer>> {
    let selects = request.ids.is_some()
        || request.subtree_of.is_some()
        || request.run.is_some()
        || request.destination.is_some()
        || request.from.is_some()
        || request.to.is_some();
    if !selects {
        let message = "name what to replay: ids, subtree_of, run, destination, from or to";
        return Err(ApiError::invalid("run", message));
    }
    let number = |field: &'static str, text: &str| {
        text.parse::<i64>().map_err(|_| ApiError::invalid(field, format!("'{text:.40}' is no delivery's id")))
    };
    let ids = request.ids.map(|ids| ids.iter().map(|id| number("ids", id)).collect::<ApiResult<Vec<_>>>());
    let subtree_of = request.subtree_of.as_deref().map(|id| number("subtree_of", id)).transpose()?;
    let which = ReplayFilter {
        ids: ids.transpose()?,
        subtree_of,
        filter: DeliveryFilter {
            run: request.run,
            destination: request.destination,
            from: request.from,
            to: request.to,
            ..DeliveryFilter::default()
        },
    };
    let dry_run = if request.dry_run { DryRun::Yes } else { DryRun::No };
    let done = state.engine().replay(&which, by.name(), dry_run).await.map_err(problem)?;
    Ok(Json(ReplayAnswer {
        matched: done.matched,
        replayed: done.replayed,
        sample: done.sample.into_iter().map(view).collect(),
    }))
}

#[derive(Deserialize, ToSchema)]
struct RetryUploadsRequest {
    /// Only the item with this key, and all that hang on it.
    key: Option<String>,
}

/// How many deliveries were made pending again.
#[derive(Serialize, ToSchema)]
struct RetryUploadsAnswer {
    /// How many.
    replayed: usize,
}

/// Sends a run's dead deliveries again, or those of one subtree.
#[utoipa::path(post, path = "/api/jobs/{job_id}/retry-uploads", tag = "outbox", params(("job_id" = String, Path)),
    request_body = RetryUploadsRequest,
    responses((status = 202, body = RetryUploadsAnswer, description = "They go again")))]
async fn retry_uploads(
    State(state): State<ServerState>,
    by: Principal,
    PathOf(run): PathOf<RunId>,
    JsonBody(request): JsonBody<RetryUploadsRequest>,
) -> ApiResult<Response> {
    let _ = crate::verbs::find(state.engine(), run).await?;
    let of_run = DeliveryFilter { run: Some(run), ..DeliveryFilter::default() };
    let roots = match &request.key {
        Some(key) => {
            let roots = state.store().deliveries_of_key(run, key).await?;
            if roots.is_empty() {
                return Err(ApiError::not_found("delivery of the item", key));
            }
            roots.into_iter().map(Some).collect()
        }
        None => vec![None],
    };
    let mut replayed = 0;
    for subtree_of in roots {
        let which = ReplayFilter { subtree_of, filter: of_run.clone(), ..ReplayFilter::default() };
        replayed += state.engine().replay(&which, by.name(), DryRun::No).await.map_err(problem)?.replayed;
    }
    Ok((StatusCode::ACCEPTED, Json(RetryUploadsAnswer { replayed })).into_response())
}
