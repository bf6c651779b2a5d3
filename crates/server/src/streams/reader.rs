//! Who reads a stream, and from where.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use http::HeaderMap;
use model::{RunId, Timestamp};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use stream::{Audience, Error, Fidelity, Follow, Opened, Position, wire::ResetFrame, wire::ResetReason};
use web::{ApiError, ApiResult, Code, Principal};

use super::body;

/// Which events come one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Coalesce {
    /// All but `task.done` and `items.emitted`, which the figures show.
    #[default]
    Progress,
    /// Every one; for programs.
    None,
}

/// How a request wants to follow.
pub(crate) fn follow(
    cursor: Option<&str>,
    coalesce: Coalesce,
    headers: &HeaderMap,
    principal: Principal,
) -> Follow {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let wants_json = text(header::ACCEPT).is_some_and(|accept: &str| accept.contains("application/json"));
    let every = coalesce == Coalesce::None;
    Follow {
        position: Position::newer_of(cursor, text(header::HeaderName::from_static("last-event-id"))),
        fidelity: if every { Fidelity::Every } else { Fidelity::Conflated },
        audience: if every || wants_json { Audience::Program } else { Audience::Page },
        standing: Some(Arc::new(move || !principal.is_over(now()))),
    }
}

/// The answer to opening a stream.
pub(crate) fn answer(opened: Opened) -> ApiResult<Response> {
    match opened {
        Opened::Stream(follower) => Ok(body::answer(follower)),
        Opened::Over => Ok(StatusCode::NO_CONTENT.into_response()),
        Opened::Refused(reset) => Err(refused(reset)),
    }
}

fn refused(reset: ResetFrame) -> ApiError {
    let ResetFrame { reason, earliest, head } = reset;
    let why = match reason {
        ResetReason::Epoch => "the cursor belongs to a history that was replaced",
        ResetReason::Gone => "events after the cursor are no longer kept",
        ResetReason::Future => "the cursor is ahead of the newest event",
        ResetReason::Invalid => {
            return ApiError::new(Code::BadCursor, "not a cursor: expected the id of a frame");
        }
    };
    ApiError::new(Code::Gone, format!("{why}; events {earliest} to {head} are kept"))
}

/// What went wrong with `run`.
pub(crate) fn problem(error: Error) -> ApiError {
    match error {
        Error::UnknownRun(run) => ApiError::not_found("run", run),
        Error::Store(error) => ApiError::from(error),
    }
}

/// A run's id; one that cannot be read is that of no run.
pub(crate) fn run_id(text: &str) -> ApiResult<RunId> {
    text.parse().map_err(|_| ApiError::not_found("run", text))
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
