//! Who asks: users, one-time codes, sessions, tokens, and how a request is told apart.
//!
//! ```text
//! Authorization: Bearer hw_…  ─┐
//! Cookie: headway_session=…   ─┼─▶ hash ─▶ cache ─(miss)─▶ tables ─▶ Principal ─▶ web::decide
//! loopback and --dev          ─┘
//! revoke ─▶ table ─▶ cache forgets ─▶ Credential.revoked (open streams end)
//! ```

mod cache;
mod codes;
mod password;
mod registry;
mod request;
mod secret;
mod sessions;
mod throttle;
mod tokens;
mod users;

pub use codes::{ADMIN, OneTimeCode};
pub use password::{MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS};
pub use registry::Revocations;
pub use secret::TOKEN_PREFIX;
pub use sessions::{SESSION_COOKIE, Session};
pub use tokens::{NewToken, Token};
pub use users::User;

pub(crate) use request::{Asked, Proof};
pub(crate) use secret::hex;
pub(crate) use sessions::session_seconds;
pub(crate) use throttle::PerKey;
pub use throttle::Rate;

use crate::Result;
use db::Db;
use model::Timestamp;
use std::sync::Arc;
use web::{Principal, Role};

/// Users, codes, sessions and tokens. Cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    db: Db,
    cache: cache::Cache,
    passwords: password::Passwords,
    revocations: Revocations,
    sign_ins: PerKey<String>,
    /// Who a request from this machine is, in development.
    local: Option<Principal>,
}

/// Whether requests from this machine need to say who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They do.
    #[default]
    Normal,
    /// They are the local admin: for development.
    Development,
}

impl Auth {
    /// The users in `db`, whose migrations have been run.
    ///
    /// # Errors
    /// [`crate::Error::Hash`] where passwords cannot be hashed on this system.
    pub fn new(db: Db, mode: Mode) -> Result<Self> {
        let local = (mode == Mode::Development).then(|| Principal::local("local", Role::Admin));
        Ok(Self(Arc::new(Inner {
            cache: cache::Cache::new(&db),
            db,
            passwords: password::Passwords::new()?,
            revocations: Revocations::default(),
            sign_ins: PerKey::new(throttle::SIGN_INS),
            local,
        })))
    }

    /// Revocations, for whoever holds a connection open.
    pub fn revocations(&self) -> &Revocations {
        &self.0.revocations
    }

    /// Counts an attempt to sign in from an address, or as a user.
    ///
    /// # Errors
    /// How long to wait, where it is one too many.
    pub(crate) fn count_sign_in(&self, key: &str) -> std::result::Result<(), std::time::Duration> {
        self.0.sign_ins.check(&key.to_owned())
    }

    /// Removes what has expired and forgets what nobody holds. Called now and then.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub async fn sweep(&self, now: Timestamp) -> Result<()> {
        self.0.revocations.sweep();
        self.0.sign_ins.sweep();
        let expired = db::Statement::new(include_str!("../sql/session_expire.sql")).row(db::params![now.0]);
        self.0.db.execute(expired.into()).await?;
        Ok(())
    }
}
