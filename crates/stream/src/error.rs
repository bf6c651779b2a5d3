//! What can go wrong.

use model::RunId;

/// This crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with following.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such run.
    #[error("there is no run '{0}'")]
    UnknownRun(RunId),
    /// The store did not answer.
    #[error("the store did not answer; try again")]
    Store(#[from] store::Error),
}
