//! Limits: how many attempts at once, and why.

use crate::{refusal::problem, state::ServerState};
use axum::{Json, extract::State};
use engine::LimitStatus;
use serde::Deserialize;
use stream::wire::{LimitChangeView, LimitView};
use web::{ApiError, ApiResult, JsonBody, Page, PathOf, Permission, Routes, routes};

/// Highest limit that can be pinned.
const MAX_PINNED: u32 = 10_000;

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new().with(Permission::SystemRead, routes!(list)).with(Permission::LimitsWrite, routes!(pin))
}

/// All limits.
#[utoipa::path(get, path = "/api/v1/limits", tag = "system",
    responses((status = 200, body = Page<LimitView>, description = "All limits")))]
async fn list(State(state): State<ServerState>) -> Json<Page<LimitView>> {
    Json(Page::whole(state.engine().limits().into_iter().map(view).collect()))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct PinRequest {
    /// Most attempts at once; null lets it adapt again.
    pinned: Option<u32>,
}

/// Pins a limit, or lets it adapt again.
#[utoipa::path(put, path = "/api/v1/limits/{class}", tag = "system", params(("class" = String, Path)),
    request_body = PinRequest, responses((status = 200, body = LimitView, description = "The limit")))]
async fn pin(
    State(state): State<ServerState>,
    PathOf(class): PathOf<String>,
    JsonBody(request): JsonBody<PinRequest>,
) -> ApiResult<Json<LimitView>> {
    if request.pinned.is_some_and(|pinned| pinned == 0 || pinned > MAX_PINNED) {
        let message = format!("must be 1 to {MAX_PINNED}, or null to let it adapt; pause runs to hold them");
        return Err(ApiError::invalid("pinned", message));
    }
    let limits = state.engine().pin(&class, request.pinned).await.map_err(problem)?;
    let limit = limits.into_iter().find(|limit| limit.class.to_string() == class);
    limit.map(|limit| Json(view(limit))).ok_or_else(|| ApiError::not_found("limit", class))
}

/// A limit as shown.
pub(crate) fn view(limit: LimitStatus) -> LimitView {
    let change = |change: engine::LimitChange| LimitChangeView {
        at: change.at,
        from: change.from,
        to: change.to,
        reason: change.reason,
    };
    LimitView {
        class: limit.class.to_string(),
        limit: limit.limit,
        in_use: limit.in_use,
        pinned: limit.pinned,
        reason: limit.reason,
        changed_at: limit.changed_at,
        throughput_per_s: limit.throughput_per_s,
        // 0 until the first attempt has ended.
        p50_ms: (limit.p50_ms > 0.0).then_some(limit.p50_ms),
        history: limit.history.into_iter().map(change).collect(),
    }
}
