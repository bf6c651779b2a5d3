//! One-time codes: how the first admin gets in.

use super::{
    Auth,
    secret::{self, SecretHash},
    sessions::Session,
};
use crate::{Error, Result};
use db::{Batch, Query, Statement, params};
use model::Timestamp;

/// The user that a one-time code signs in, where it names no other.
pub const ADMIN: &str = "admin";
/// Fewest characters of a code that is set from outside.
const MIN_CODE_CHARS: usize = 16;

/// A code that signs an admin in, once.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode(String);

impl OneTimeCode {
    /// A code chosen by the operator, from the environment or the command line.
    ///
    /// # Errors
    /// [`Error::WeakCode`] for one that could be guessed.
    pub fn chosen(text: &str) -> Result<Self> {
        if text.chars().count() < MIN_CODE_CHARS {
            return Err(Error::WeakCode { least: MIN_CODE_CHARS });
        }
        Ok(Self(text.to_owned()))
    }

    /// The code, to be shown to whoever starts the server.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneTimeCode(…)")
    }
}

impl Auth {
    /// The code for the first admin: a new one at each start until an admin exists, then none.
    ///
    /// # Errors
    /// [`Error::Db`], [`Error::Random`].
    pub async fn first_admin_code(
        &self,
        chosen: Option<OneTimeCode>,
        now: Timestamp,
    ) -> Result<Option<OneTimeCode>> {
        if self.has_admin().await? { Ok(None) } else { self.new_admin_code(chosen, now).await.map(Some) }
    }

    /// Whether an admin can sign in. Users that the program makes for itself cannot, whatever tokens they have made.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn has_admin(&self) -> Result<bool> {
        let rows = self.0.db.query(Query::new(include_str!("../sql/admins_counted.sql"))).await?;
        let admins: u64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
        Ok(admins > 0)
    }

    /// A new code for the admin. Codes not used yet lose their force.
    ///
    /// # Errors
    /// [`Error::Db`], [`Error::Random`].
    pub async fn new_admin_code(&self, chosen: Option<OneTimeCode>, now: Timestamp) -> Result<OneTimeCode> {
        let code = match chosen {
            Some(code) => code,
            None => OneTimeCode(secret::one_time_code()?),
        };
        let hash = SecretHash::of(&normal(&code.0)).hex();
        let batch = Batch::new()
            .with(Statement::new(include_str!("../sql/code_clear.sql")))
            .with(Statement::new(include_str!("../sql/code_insert.sql")).row(params![hash, ADMIN, now.0]));
        match self.0.db.execute(batch).await {
            // The same chosen code was used before: it stays used, and cannot be given again.
            Err(db::Error::Unique { .. }) => Err(Error::CodeUsed),
            done => done.map(|_| code).map_err(Error::from),
        }
    }

    /// Signs in with a one-time code; `password`, where given, becomes the admin's. `None` where the code does not hold.
    ///
    /// # Errors
    /// [`Error::Db`], [`Error::Random`], [`Error::Hash`].
    pub async fn redeem(
        &self,
        code: &str,
        password: Option<String>,
        address: &str,
        now: Timestamp,
    ) -> Result<Option<Session>> {
        let hash = SecretHash::of(&normal(code)).hex();
        let query = Query::new(include_str!("../sql/code_one.sql")).bind(hash.as_str());
        let Some(row) = self.0.db.query(query).await?.into_iter().next() else { return Ok(None) };
        let user: String = row.get(0)?;
        let password = match password {
            Some(password) => Some(self.0.passwords.hash(password).await?),
            None => None,
        };
        let (session, insert) = self.new_session(&user, address, now)?;
        let batch = Batch::new()
            .with(
                Statement::new(include_str!("../sql/code_use.sql")).row(params![hash, now.0]).expect_rows(1),
            )
            .with(Statement::new(include_str!("../sql/user_admin.sql")).row(params![
                user.as_str(),
                password,
                now.0
            ]))
            .with(insert);
        match self.0.db.execute(batch).await {
            // Someone else was quicker: the code is used.
            Err(db::Error::Expectation { .. }) => Ok(None),
            done => done.map(|_| Some(session)).map_err(Error::from),
        }
    }
}

/// Codes are read aloud and typed: case and spaces do not matter.
fn normal(code: &str) -> String {
    code.trim().to_lowercase()
}
