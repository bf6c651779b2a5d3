//! The engine's tables and the verbs on them.
//!
//! Writing is pure: each verb of [`write`] gives a `db::Statement`, and the engine puts those of one step into one
//! batch. Reading asks the database. The SQL lives in `sql/`, a file a statement.

pub mod chunk;
mod error;
mod events;
mod host;
pub mod outbox;
mod read;
mod record;
mod store;
pub mod write;

pub use error::{Error, Result};
pub use events::{EventRow, kind_and_data};
pub use outbox::{
    ByReason, ClaimedDelivery, DeliveryFilter, DeliveryRecord, KnownDelivery, Progressing, SecretRecord,
    StateCount,
};
pub use read::*;
pub use record::{RunHost, RunMeta, RunRecord, StoredEvent};
pub use store::{MIGRATIONS, SYSTEM_RUN, Store};
