//! Sessions of browsers: a secret in a cookie, its hash in the table.

use super::{Auth, password::Match, secret, secret::SecretHash, users::User};
use crate::Result;
use db::{Query, Statement, params};
use model::Timestamp;
use std::{sync::Arc, time::Duration};
use web::{Credential, Grant, Role, Via};

/// The cookie that holds a session's secret.
pub const SESSION_COOKIE: &str = "headway_session";
/// How long a session holds.
const SESSION_HOLDS: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long a session's cookie is kept, in seconds.
pub(crate) fn session_seconds() -> u64 {
    SESSION_HOLDS.as_secs()
}

/// A session that was just made: the only time its secret is known.
#[derive(Clone)]
pub struct Session {
    /// Whose it is.
    pub user: Arc<str>,
    /// What goes into the cookie.
    pub secret: String,
}

impl Auth {
    /// Signs in with a password. `None` where user and password do not match; it takes as long either way.
    ///
    /// # Errors
    /// [`crate::Error::Db`], [`crate::Error::Hash`], [`crate::Error::Random`].
    pub async fn sign_in(
        &self,
        user: &str,
        password: String,
        address: &str,
        now: Timestamp,
    ) -> Result<Option<Session>> {
        let known = self.user(user).await?;
        let stored = known.as_ref().and_then(|known: &User| known.password.clone());
        if self.0.passwords.check(password, stored).await? == Match::No {
            return Ok(None);
        }
        let (session, insert) = self.new_session(user, address, now)?;
        self.0.db.execute(insert.into()).await?;
        Ok(Some(session))
    }

    /// Ends the session with that secret.
    ///
    /// # Errors
    /// [`crate::Error::Db`].
    pub async fn sign_out(&self, secret: &str) -> Result<()> {
        let hash = SecretHash::of(secret);
        let delete = Statement::new(include_str!("../sql/session_delete.sql")).row(params![hash.hex()]);
        self.0.db.execute(delete.into()).await?;
        let id = session_id(hash);
        self.0.cache.forget(|principal| principal.id() == id);
        self.0.revocations.revoke(&id);
        Ok(())
    }

    pub(super) fn new_session(
        &self,
        user: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<(Session, Statement)> {
        let secret = secret::session()?;
        let expires = now.plus(u64::try_from(SESSION_HOLDS.as_millis()).unwrap_or(u64::MAX));
        let insert = Statement::new(include_str!("../sql/session_insert.sql")).row(params![
            SecretHash::of(&secret).hex(),
            user,
            now.0,
            expires.0,
            address
        ]);
        Ok((Session { user: Arc::from(user), secret }, insert))
    }

    /// The credential of a session; `None` where there is none with that secret.
    pub(super) async fn session_credential(&self, hash: SecretHash) -> Result<Option<Credential>> {
        let query = Query::new(include_str!("../sql/session_one.sql")).bind(hash.hex());
        let Some(row) = self.0.db.query(query).await?.into_iter().next() else { return Ok(None) };
        let Some(role) = Role::parse(row.get(1)?) else { return Ok(None) };
        Ok(Some(Credential {
            id: Arc::from(session_id(hash)),
            user: row.get(0)?,
            grant: Grant { role, scopes: None },
            via: Via::Session,
            expires_at: Some(Timestamp(row.get(2)?)),
            revoked: tokio_util::sync::CancellationToken::new(),
        }))
    }
}

/// Names a session in the log, without telling its secret.
fn session_id(hash: SecretHash) -> String {
    let hex = hash.hex();
    format!("session:{}", hex.get(..16).unwrap_or(&hex))
}
