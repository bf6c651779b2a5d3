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
use web::{Permission, Routes, routes};

/// The state of these routes.
#[derive(Clone)]
pub(crate) struct Streams {
    hub: Hub,
}

/// The routes of streams and polling, the aliases included.
pub(crate) fn routes(hub: Hub) -> Routes {
    Routes::new()
        .with(Permission::RunsRead, routes!(one::stream_run))
        .with(Permission::RunsRead, routes!(many::stream_runs))
        .with(Permission::RunsRead, routes!(poll::run_progress))
        .merge(aliases::routes())
        .with_state(Streams { hub })
}
