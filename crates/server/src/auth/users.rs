//! Users.

use super::Auth;
use crate::{Error, Result};
use db::{Batch, Query, Row, Statement, params};
use model::Timestamp;
use web::Role;

/// Longest name of a user, in characters.
const MAX_NAME_CHARS: usize = 64;

/// A person who may sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// What they are called.
    pub name: String,
    /// What they are here.
    pub role: Role,
    /// PHC string of argon2id; none for one who signs in by code or token.
    pub(crate) password: Option<String>,
    /// When they were added.
    pub created_at: Timestamp,
}

impl User {
    /// Whether they can sign in with a password.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            name: row.get(0)?,
            // The table's check knows no other words.
            role: Role::parse(row.get(1)?).unwrap_or(Role::Viewer),
            password: row.get(2)?,
            created_at: Timestamp(row.get(3)?),
        })
    }
}

impl Auth {
    /// The user of that name.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn user(&self, name: &str) -> Result<Option<User>> {
        let query = Query::new(include_str!("../sql/user_one.sql")).bind(name);
        self.0.db.query(query).await?.first().map(User::from_row).transpose()
    }

    /// All users, by name.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn users(&self) -> Result<Vec<User>> {
        let rows = self.0.db.query(Query::new(include_str!("../sql/user_list.sql"))).await?;
        rows.iter().map(User::from_row).collect()
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`Error::UserName`] for a name that would confuse, [`Error::UserExists`].
    pub async fn add_user(
        &self,
        name: &str,
        role: Role,
        password: Option<String>,
        now: Timestamp,
    ) -> Result<()> {
        check_name(name)?;
        let password = match password {
            Some(password) => Some(self.0.passwords.hash(password).await?),
            None => None,
        };
        let row = params![name, role.as_str(), password, now.0];
        let insert = Statement::new(include_str!("../sql/user_insert.sql")).row(row);
        match self.0.db.execute(insert.into()).await {
            Err(db::Error::Unique { .. }) => Err(Error::UserExists { name: name.to_owned() }),
            done => done.map(drop).map_err(Error::from),
        }
    }

    /// Sets a user's password and ends their sessions. `false` where there is no such user.
    ///
    /// # Errors
    /// [`Error::Db`], [`Error::Hash`].
    pub async fn set_password(&self, name: &str, password: String) -> Result<bool> {
        let hash = self.0.passwords.hash(password).await?;
        let change = Statement::new(include_str!("../sql/user_password.sql")).row(params![name, hash]);
        let sessions = Statement::new(include_str!("../sql/session_delete_user.sql")).row(params![name]);
        self.change_user(name, Batch::new().with(change).with(sessions)).await
    }

    /// Sets a user's role; what they have open ends and is asked anew. `false` where there is no such user.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn set_role(&self, name: &str, role: Role) -> Result<bool> {
        let change = Statement::new(include_str!("../sql/user_role.sql")).row(params![name, role.as_str()]);
        self.change_user(name, change.into()).await
    }

    /// Removes a user with their sessions and tokens. `false` where there is none, or it is the last admin.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn remove_user(&self, name: &str) -> Result<bool> {
        let delete = Statement::new(include_str!("../sql/user_delete.sql")).row(params![name]);
        self.change_user(name, delete.into()).await
    }

    /// Runs a batch whose first statement changes the user, then ends whatever they have open.
    async fn change_user(&self, name: &str, batch: Batch) -> Result<bool> {
        let outcomes = self.0.db.execute(batch).await?;
        let found = outcomes.first().is_some_and(|outcome| outcome.affected > 0);
        if found {
            self.0.cache.forget(|principal| **principal.name() == *name);
            self.0.revocations.revoke_user(name);
        }
        Ok(found)
    }
}

fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || !name.chars().all(plain) {
        return Err(Error::UserName { name: name.chars().take(MAX_NAME_CHARS).collect() });
    }
    Ok(())
}
