//! One stream for several runs and subjects.

use super::{
    Streams,
    reader::{self, Coalesce},
};
use axum::{extract::State, response::Response};
use http::HeaderMap;
use serde::Deserialize;
use stream::{MAX_RUNS_A_STREAM, Subjects, Topic};
use utoipa::IntoParams;
use web::{ApiError, ApiResult, CommaList, Permission, Principal, QueryOf};

/// What is followed, and from where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ManyQuery {
    /// Ids of runs, separated by commas; at most 64. Those that do not exist are left out.
    #[serde(default)]
    #[param(value_type = Vec<String>, explode = false)]
    runs: CommaList<String>,
    /// Subjects, separated by commas: `runs` (beginnings, ends and figures of all runs), `limits`, `library`.
    #[serde(default)]
    #[param(value_type = Vec<Channel>, explode = false, inline)]
    channels: CommaList<Channel>,
    /// `<epoch>.<number>`, as in the `id` of a frame; see the stream of one run.
    cursor: Option<String>,
    /// `none` for every event of the runs named; for programs.
    #[serde(default)]
    #[param(inline)]
    coalesce: Coalesce,
}

/// A subject over all runs.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum Channel {
    /// Beginnings, ends and figures of all runs.
    Runs,
    /// Changes of limits.
    Limits,
    /// What was added to the library.
    Library,
}

impl Channel {
    /// What one needs to see it, besides runs.
    fn permission(self) -> Permission {
        match self {
            Self::Runs => Permission::RunsRead,
            Self::Limits => Permission::SystemRead,
            Self::Library => Permission::LibraryRead,
        }
    }
}

impl From<Channel> for Topic {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Runs => Self::Runs,
            Channel::Limits => Self::Limits,
            Channel::Library => Self::Library,
        }
    }
}

/// Follow several runs and subjects
///
/// As the stream of one run, in one order of commits over all that is followed; it has no `end`.
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    tag = "streams",
    params(ManyQuery),
    responses((status = 200, description = "A stream of events", content_type = "text/event-stream", body = String))
)]
pub(crate) async fn stream_runs(
    State(streams): State<Streams>,
    principal: Principal,
    QueryOf(query): QueryOf<ManyQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    streams.check()?;
    let subjects = subjects(&query, &principal)?;
    let follow = reader::follow(query.cursor.as_deref(), query.coalesce, &headers, principal);
    reader::answer(streams.hub.follow(&subjects, follow).await.map_err(reader::problem)?)
}

fn subjects(query: &ManyQuery, principal: &Principal) -> ApiResult<Subjects> {
    let mut subjects = Subjects::default();
    for run in &query.runs.0 {
        let run = run.parse().map_err(|error| ApiError::invalid("runs", format!("{error}")))?;
        subjects.runs.insert(run);
    }
    if subjects.runs.len() > MAX_RUNS_A_STREAM {
        let message = format!("at most {MAX_RUNS_A_STREAM} runs; follow the channel 'runs' for more");
        return Err(ApiError::invalid("runs", message));
    }
    // What one may not see is left out, so that a page of someone who sees less still has its stream.
    let seen = query.channels.0.iter().filter(|channel| principal.may(channel.permission()));
    subjects.topics.extend(seen.map(|channel| Topic::from(*channel)));
    if query.runs.0.is_empty() && query.channels.0.is_empty() {
        return Err(ApiError::invalid("channels", "name runs or channels to follow"));
    }
    Ok(subjects)
}
