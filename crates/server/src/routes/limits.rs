//! Limits: how many attempts at once, and why.

use crate::{refusal::problem, state::ServerState};
use axum::{Json, extract::State};
use serde::Deserialize;
use stream::wire::LimitView;
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
    Json(Page::whole(state.engine().limits().iter().map(LimitView::from).collect()))
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
    let limit = limits.iter().find(|limit| limit.class.to_string() == class);
    limit.map(|limit| Json(LimitView::from(limit))).ok_or_else(|| ApiError::not_found("limit", class))
}
