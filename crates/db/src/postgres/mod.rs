//! PostgreSQL behind the port.
//!
//! ```text
//! execute ─▶ queue ─▶ writer session: BEGIN · heads · tails · COMMIT in one pipelined round trip
//! query   ─▶ pool of reader sessions
//! hints   ◀─ NOTIFY / LISTEN, beside the hot path
//! ```
//!
//! All connections live on one thread of their own with a small runtime, so that callers need none, and what they do
//! does not hold up the database.

mod convert;
mod engine;
mod failure;
mod hints;
mod migrate;
mod prepared;
mod session;
mod settings;
mod sql;
mod tls;
mod writer;

pub(crate) use engine::Engine;
pub use settings::PgOptions;
