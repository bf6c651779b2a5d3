//! What can go wrong in the server itself.

use std::net::SocketAddr;
use web::{ApiError, Code};

/// This crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong in the server itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database refused.
    #[error("the database refused")]
    Db(#[from] db::Error),
    /// The store refused.
    #[error("the store refused")]
    Store(#[from] store::Error),
    /// The system gave no randomness.
    #[error("the system gave no randomness for a secret")]
    Random(#[source] getrandom::Error),
    /// A password could not be hashed.
    #[error("a password could not be hashed")]
    Hash(#[source] argon2::password_hash::Error),
    /// A stored password hash cannot be read.
    #[error("a stored password hash cannot be read; set the password anew")]
    Password(#[source] argon2::password_hash::phc::Error),
    /// The process is stopping.
    #[error("the work was interrupted because the process is stopping")]
    Interrupted,
    /// The chosen one-time code is too short.
    #[error("a one-time code needs at least {least} characters; leave it out to have one made")]
    WeakCode {
        /// Fewest characters.
        least: usize,
    },
    /// The chosen one-time code was used already.
    #[error("the one-time code was used already; choose another, or leave it out to have one made")]
    CodeUsed,
    /// A token asks for more than its owner may do.
    #[error("the scope {scope} is beyond what you may do yourself")]
    ScopeBeyondOwner {
        /// The first such scope.
        scope: &'static str,
    },
    /// A user's name is not one.
    #[error("'{name}' cannot be a user's name: 1 to 64 letters, digits and . - _ @")]
    UserName {
        /// What was asked for.
        name: String,
    },
    /// There is a user of that name.
    #[error("there is a user '{name}' already")]
    UserExists {
        /// The name.
        name: String,
    },
    /// The server would be open to the network without encryption.
    #[error(
        "{address} can be reached from other machines, and nothing encrypts the connection: listen on 127.0.0.1, or put a proxy with TLS before it and say so with server.proxy = true"
    )]
    Exposed {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// Development mode on an address that others can reach.
    #[error(
        "--dev signs everyone in, so it listens on loopback only, not on {address}: use 127.0.0.1, or leave --dev out"
    )]
    DevExposed {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// The listener failed.
    #[error("the listener failed")]
    Io(#[from] std::io::Error),
    /// The audit log was changed from outside, or lost rows.
    #[error("the audit log does not hold together at row {seq}: it was changed outside of Headway")]
    AuditBroken {
        /// The first row that does not fit.
        seq: i64,
    },
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::Db(error) => match error.code() {
                "db_full" => Code::StorageFull,
                "db_closed" | "db_stopped" => Code::Unavailable,
                _ => Code::Internal,
            },
            Error::ScopeBeyondOwner { .. } => return Self::invalid("scopes", error.to_string()),
            Error::UserName { .. } => return Self::invalid("name", error.to_string()),
            Error::UserExists { .. } => return Self::new(Code::Conflict, error.to_string()),
            Error::Interrupted => Code::Unavailable,
            _ => Code::Internal,
        };
        Self::new(code, "the request could not be finished").caused_by(&error)
    }
}
