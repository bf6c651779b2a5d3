//! What can go wrong between Headway and a Temporal cluster.

/// This crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not one.
    #[error("'{address}' is no address of a Temporal server; write HOST:PORT, or http(s)://HOST:PORT")]
    Address {
        /// What was given.
        address: String,
    },
    /// The cluster does not answer.
    #[error("the Temporal server at {address} does not answer: {reason}")]
    Away {
        /// Where.
        address: String,
        /// What it said, or did not.
        reason: String,
    },
    /// The SDK refused the worker.
    #[error("the worker could not be made: {0}")]
    Worker(String),
}
