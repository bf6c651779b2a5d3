//! The HTTP side of Headway: routes, who may call them, the API's document, the dashboard's files. It maps; it does not
//! decide: runs are the engine's, permissions are [`web::decide`]'s.
//!
//! ```text
//! listen ─▶ edge (trace, host, who, rate, deadline) ─▶ replies ─▶ routes (guard, handler) ─▶ engine, store, hub
//!              └─▶ audit, metrics, headers                 └─▶ dashboard's files
//! ```
//!
//! How an application adds routes: it builds a [`web::Routes`] of handlers with the permission of each, gives it its
//! state, and the binary hands it over in [`ServerOptions::app_routes`]. [`run_verbs`] is what such routes start runs with.

mod audit;
pub mod auth;
mod clock;
mod edge;
mod error;
mod listen;
mod metrics;
mod options;
mod pages;
mod refusal;
mod replies;
mod routes;
mod server;
mod state;
mod streams;
mod ui;
mod verbs;
mod views;

pub use audit::{Audit, AuditFilter, AuditResult, AuditRow, Entry};
pub use edge::Proxy;
pub use error::{Error, Result};
pub use listen::{ListenOptions, bind, raise_file_limit};
pub use options::ServerOptions;
pub use refusal::problem;
pub use server::{Server, serve};
pub use state::ServerState;
pub use streams::Streaming;
pub use verbs::run_verbs;

/// The server's own tables, step by step.
pub const MIGRATIONS: &[db::Migration] = &[db::Migration {
    component: "server",
    version: 1,
    name: "users, sessions, tokens, audit log, replies",
    sql: include_str!("sql/schema_1.sql"),
    differs: &[],
}];

/// Largest body of a request, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
