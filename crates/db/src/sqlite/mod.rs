//! The SQLite engine: one writer thread with group commit, reader threads, online backup.
//!
//! ```text
//! execute ─▶ bounded queue ─▶ writer thread: BEGIN · savepoint per batch · COMMIT (one sync) ─▶ answers
//! query   ─▶ bounded queue ─▶ reader threads, each with a read-only connection
//! ```

mod backup;
mod connection;
mod engine;
mod executor;
mod failure;
mod migrate;
mod owner;
mod queue;
mod readers;
mod wal;
mod writer;

pub(crate) use backup::restore;
pub(crate) use engine::Engine;
