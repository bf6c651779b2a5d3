//! Live progress over HTTP: server-sent events, and polling for those who cannot have them.
//!
//! Here is only mapping. What is sent, and when, is decided in `stream`; a cursor's fate too. A page is always answered
//! with 200, because a browser's EventSource gives up for good on anything else: what has gone wrong is said in the
//! stream (`reset`, `bye`). 204 only says that the run is over and the reader has all of it. Programs, which say so by
//! `coalesce=none` or `Accept: application/json`, get problem documents.

mod aliases;
mod body;
mod many;
mod one;
mod poll;
mod pour;
mod reader;

pub(crate) use pour::{Handle, Takeover};

use stream::Hub;
use web::{ApiError, ApiResult, Code, Permission, Routes, routes};

/// Whether there are live streams; progress can be asked for in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Streaming {
    /// Streams are open to those who may read runs.
    #[default]
    On,
    /// Streams are refused with the problem `streams_disabled`: readers poll.
    Off,
}

/// The state of these routes.
#[derive(Clone)]
pub(crate) struct Streams {
    hub: Hub,
    streaming: Streaming,
}

impl Streams {
    /// Refuses where streams are switched off.
    fn check(&self) -> ApiResult<()> {
        match self.streaming {
            Streaming::On => Ok(()),
            Streaming::Off => {
                let detail = "streams are switched off here; poll /api/v1/runs/{id}/progress instead";
                Err(ApiError::new(Code::StreamsDisabled, detail))
            }
        }
    }
}

/// The routes of streams and polling, the aliases included.
pub(crate) fn routes(hub: Hub, streaming: Streaming) -> Routes {
    Routes::new()
        .with(Permission::RunsRead, routes!(one::stream_run))
        .with(Permission::RunsRead, routes!(many::stream_runs))
        .with(Permission::RunsRead, routes!(poll::run_progress))
        .merge(aliases::routes())
        .with_state(Streams { hub, streaming })
}
