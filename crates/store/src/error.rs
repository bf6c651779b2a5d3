//! What can go wrong with the engine's tables.

/// This crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused.
    #[error("the database refused")]
    Db(#[from] db::Error),
    /// A value has no JSON form.
    #[error("a value could not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// A row is not what was written: restore a backup, or run `headway doctor`.
    #[error("the stored {what} '{id}' cannot be read; run `headway doctor`, or restore a backup")]
    Corrupt {
        /// What it should have been.
        what: &'static str,
        /// Which one.
        id: String,
        /// What the reader said.
        #[source]
        source: Option<serde_json::Error>,
    },
}
