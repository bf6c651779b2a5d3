//! The same streams and figures under the addresses that the planning documents name.

use super::{
    Streams,
    one::{self, StreamQuery},
    poll::{self, PollQuery},
};
use axum::{extract::State, response::Response};
use http::HeaderMap;
use web::{ApiResult, Conditional, PathOf, Permission, Principal, QueryOf, Routes, routes};

/// The aliases.
pub(crate) fn routes() -> Routes<Streams> {
    Routes::new()
        .with(Permission::RunsRead, routes!(stream_job))
        .with(Permission::RunsRead, routes!(stream_session))
        .with(Permission::RunsRead, routes!(stream_task))
        .with(Permission::RunsRead, routes!(job_progress))
        .with(Permission::RunsRead, routes!(job_status))
        .with(Permission::RunsRead, routes!(task_status))
}

macro_rules! stream_alias {
    ($name:ident, $path:literal, $summary:literal) => {
        #[doc = $summary]
        #[utoipa::path(
            get,
            path = $path,
            tag = "aliases",
            params(("run" = String, Path, description = "The run's id"), StreamQuery),
            responses(
                (status = 200, description = "A stream of events", content_type = "text/event-stream", body = String),
                (status = 204, description = "The run is over, and the reader has all of it")
            )
        )]
        async fn $name(
            state: State<Streams>,
            principal: Principal,
            PathOf(run): PathOf<String>,
            QueryOf(query): QueryOf<StreamQuery>,
            headers: HeaderMap,
        ) -> ApiResult<Response> {
            one::open(&state, principal, &run, &query, &headers).await
        }
    };
}

macro_rules! poll_alias {
    ($name:ident, $path:literal, $summary:literal) => {
        #[doc = $summary]
        #[utoipa::path(
                    get,
                    path = $path,
                    tag = "aliases",
                    params(("run" = String, Path, description = "The run's id"), PollQuery),
                    responses(
                        (status = 200, description = "The figures", body = stream::wire::ProgressView),
                        (status = 304, description = "Nothing has changed")
                    )
                )]
        async fn $name(
            state: State<Streams>,
            PathOf(run): PathOf<String>,
            QueryOf(query): QueryOf<PollQuery>,
            known: Conditional,
        ) -> ApiResult<Response> {
            poll::answer(&state, &run, &query, &known).await
        }
    };
}

stream_alias!(stream_job, "/api/progress/stream/{run}", "Follow a run, as a job");
stream_alias!(stream_session, "/api/ingest/stream/{run}", "Follow a run, as an ingest session");
stream_alias!(stream_task, "/api/progress/{run}/stream", "Follow a run, as a task");
poll_alias!(job_progress, "/api/jobs/{run}/progress", "Ask for a run's progress, as a job");
poll_alias!(job_status, "/api/jobs/{run}/status", "Ask for a run's state, as a job");
poll_alias!(task_status, "/api/progress/{run}/status", "Ask for a run's state, as a task");
