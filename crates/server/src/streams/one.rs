//! The stream of one run.

use super::{
    Streams,
    reader::{self, Coalesce},
};
use axum::{extract::State, response::Response};
use http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;
use web::{ApiResult, PathOf, Principal, QueryOf};

/// Where a stream begins, and what comes one by one.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// `<epoch>.<number>`, as in the `id` of a frame: events after it follow. The header `Last-Event-ID` says the same;
    /// the newer wins. Without either the stream begins now.
    pub(crate) cursor: Option<String>,
    /// `none` for every event; for programs.
    #[serde(default)]
    #[param(inline)]
    pub(crate) coalesce: Coalesce,
}

/// Follow a run
///
/// Server-sent events: `snapshot` first, then `event` (each fact once, in order, its cursor as `id`), `progress`
/// (conflated figures, at most ten a second), `hb` each idle second, `reset` where the cursor cannot be followed, `bye`
/// before the server closes, `end` after the run's end.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{run}/stream",
    tag = "streams",
    params(("run" = String, Path, description = "The run's id"), StreamQuery),
    responses(
        (status = 200, description = "A stream of events", content_type = "text/event-stream", body = String),
        (status = 204, description = "The run is over, and the reader has all of it")
    )
)]
pub(crate) async fn stream_run(
    state: State<Streams>,
    principal: Principal,
    PathOf(run): PathOf<String>,
    QueryOf(query): QueryOf<StreamQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    open(&state, principal, &run, &query, &headers).await
}

/// Opens the stream of one run.
pub(crate) async fn open(
    streams: &Streams,
    principal: Principal,
    run: &str,
    query: &StreamQuery,
    headers: &HeaderMap,
) -> ApiResult<Response> {
    streams.check()?;
    let run = reader::run_id(run)?;
    let follow = reader::follow(query.cursor.as_deref(), query.coalesce, headers, principal);
    reader::answer(streams.hub.follow_run(run, follow).await.map_err(reader::problem)?)
}
