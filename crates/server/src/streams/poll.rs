//! Polling: the figures of a run for those who ask instead of following.

use super::{Streams, reader};
use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use model::RunId;
use serde::Deserialize;
use std::time::Duration;
use stream::{Hub, MAX_WAIT, Pulse, wire::ProgressView};
use utoipa::IntoParams;
use web::{ApiError, ApiResult, Conditional, PathOf, QueryOf};

/// From where, and how long to wait for news.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PollQuery {
    /// `run_seq` that the reader has; with `wait`, the answer comes when there is more.
    pub(crate) after: Option<u64>,
    /// Longest time to wait for a change, in seconds; at most 25.
    pub(crate) wait: Option<u32>,
}

/// Ask for a run's progress
///
/// Answers 304 from memory where nothing has changed. `Poll-Interval` says after how many seconds to ask again.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{run}/progress",
    tag = "streams",
    params(("run" = String, Path, description = "The run's id"), PollQuery),
    responses(
        (status = 200, description = "The figures", body = ProgressView),
        (status = 304, description = "Nothing has changed")
    )
)]
pub(crate) async fn run_progress(
    state: State<Streams>,
    PathOf(run): PathOf<String>,
    QueryOf(query): QueryOf<PollQuery>,
    known: Conditional,
) -> ApiResult<Response> {
    answer(&state, &run, &query, &known).await
}

/// Answers with a run's progress.
pub(crate) async fn answer(
    streams: &Streams,
    run: &str,
    query: &PollQuery,
    known: &Conditional,
) -> ApiResult<Response> {
    let hub = &streams.hub;
    let run = reader::run_id(run)?;
    let wait = Duration::from_secs(u64::from(query.wait.unwrap_or(0)));
    if wait > MAX_WAIT {
        return Err(ApiError::invalid("wait", format!("at most {} seconds", MAX_WAIT.as_secs())));
    }
    let mut pulse = pulse(hub, run).await?;
    let mut etag = etag_of(hub, pulse);
    let has_all = known.has(&etag) || query.after.is_some_and(|after| after >= pulse.run_seq);
    if has_all && !wait.is_zero() {
        pulse = hub.changed(run, pulse.run_seq, wait).await.map_err(reader::problem)?;
        etag = etag_of(hub, pulse);
    }
    if known.has(&etag) {
        return Ok(tagged(StatusCode::NOT_MODIFIED, &etag, pulse, Body::empty()));
    }
    let after = query.after.unwrap_or(0);
    let (pulse, json) = hub.progress_json(run, after).await.map_err(reader::problem)?;
    let mut response = tagged(StatusCode::OK, &etag_of(hub, pulse), pulse, Body::from(json));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

async fn pulse(hub: &Hub, run: RunId) -> ApiResult<Pulse> {
    match hub.pulse(run) {
        Some(pulse) => Ok(pulse),
        None => hub.pulse_or_read(run).await.map_err(reader::problem),
    }
}

/// `"epoch-runseq-state"`.
fn etag_of(hub: &Hub, pulse: Pulse) -> String {
    format!("\"{}-{}-{}\"", hub.epoch(), pulse.run_seq, pulse.state.as_str())
}

fn tagged(status: StatusCode, etag: &str, pulse: Pulse, body: Body) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert("poll-interval", HeaderValue::from(pulse.poll_interval().as_secs()));
    response
}
