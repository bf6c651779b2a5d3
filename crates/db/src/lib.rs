//! The database port: writes are [`Batch`]es of statements with expectations, executed atomically; reads are
//! [`Query`]s. SQLite or PostgreSQL stands behind it.
//!
//! - [`Db::execute`] commits a batch. Many batches share one transaction and one sync (group commit); one that fails leaves
//!   its neighbours alone. When the call returns, the batch is on the disk.
//! - [`Db::query`] and [`Db::snapshot`] read committed data, beside the writer.
//! - A call may be dropped while it waits: its batch is then committed whole, or not at all.
//!
//! SQL is written so that it means the same in SQLite and PostgreSQL, with parameters `?1`, `?2`, …; the few texts that must
//! differ stand side by side ([`Statement::either`], [`Query::either`], [`Migration::differs`]).

mod conditions;
mod copy;
mod db;
mod error;
mod migration;
mod options;
mod postgres;
mod row;
mod sqlite;
mod statement;
mod stats;
mod value;

pub use conditions::{Conditions, anywhere};
pub use copy::{CopyReport, copy};
pub use db::{Backend, BackupReport, Checkpoint, Db, RestoreReport};
pub use error::{ConstraintKind, Error, MigrationProblem, Source};
pub use migration::Migration;
pub use options::{FatalHook, Options};
pub use postgres::PgOptions;
pub use row::{FromValue, Row};
pub use statement::{Batch, Expect, Outcome, Query, Statement};
pub use stats::{GROUP_BUCKETS, Stats};
pub use value::Value;

/// This crate's result.
pub type Result<T> = std::result::Result<T, Error>;
