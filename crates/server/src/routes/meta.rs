//! What the server says about itself: settings, the API's document.

use crate::state::ServerState;
use axum::{extract::State, response::Response};
use http::{StatusCode, header};
use web::{ApiError, ApiResult, Conditional, Permission, Routes, etag_of, routes};

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new().with(Permission::SettingsRead, routes!(settings)).signed_in(routes!(document))
}

/// The effective settings, secrets masked.
#[utoipa::path(get, path = "/api/v1/settings", tag = "system",
    responses((status = 200, body = Object, description = "The settings"), (status = 304, description = "Unchanged")))]
async fn settings(State(state): State<ServerState>, known: Conditional) -> ApiResult<Response> {
    known.json(&state.about().settings)
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "system",
    responses((status = 200, body = Object, description = "OpenAPI 3.1")))]
async fn document(State(state): State<ServerState>, known: Conditional) -> ApiResult<Response> {
    let document = state.document();
    let etag = etag_of(&document);
    let same = known.has(&etag);
    Response::builder()
        .status(if same { StatusCode::NOT_MODIFIED } else { StatusCode::OK })
        .header(header::ETAG, etag)
        .header(header::CACHE_CONTROL, "private, no-cache")
        .header(header::CONTENT_TYPE, "application/json")
        .body(if same { axum::body::Body::empty() } else { axum::body::Body::from(document) })
        .map_err(|error| ApiError::internal(&error))
}
