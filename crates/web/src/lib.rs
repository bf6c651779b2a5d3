//! What HTTP routes are made of, shared by the server and the applications' route modules: who asks and what they may
//! do, strict reading of bodies and queries, problem documents, pages, validators, and the table of routes.
//!
//! A route exists only through [`Routes`], which wants an [`Access`] with it: there is no way to add one that nobody
//! thought about. [`decide`] is the one place where it is decided who may do what.

mod access;
mod codes;
mod conditional;
mod json;
mod page;
mod path;
mod principal;
mod problem;
mod query;
mod routes;
mod runs;

pub use access::{Access, Decision, Grant, Permission, Permissions, Role, decide};
pub use codes::{Code, CodeEntry};
pub use conditional::{Conditional, etag_of};
pub use json::JsonBody;
pub use page::{Cursor, DEFAULT_LIMIT, MAX_LIMIT, Page, limit};
pub use path::PathOf;
pub use principal::{Authentication, Credential, Principal, Via};
pub use problem::{ApiError, ApiResult, FieldProblem, Problem};
pub use query::{CommaList, QueryOf};
pub use routes::{Registered, RouteEntry, Routes, Verdict};
pub use runs::{Answer, NewRun, RunHandle, RunVerbs};
/// Collects annotated handlers for [`Routes::with`].
pub use utoipa_axum::routes;
