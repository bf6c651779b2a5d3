//! API tokens: shown once, stored hashed, never beyond their owner.

use super::{
    Auth, secret,
    secret::{SecretHash, shown},
};
use crate::{Error, Result};
use db::{Query, Row, Statement, params};
use model::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use web::{Credential, Grant, Permissions, Principal, Role, Via};

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What people call it.
    pub name: String,
    /// What it allows; only what its maker may do counts.
    pub scopes: Permissions,
    /// Until when it holds.
    pub expires_at: Option<Timestamp>,
}

/// A token as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its beginning.
    pub prefix: String,
    /// Whose it is.
    pub user: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// When it was made.
    #[schema(value_type = i64)]
    pub created_at: Timestamp,
    /// Until when it holds.
    #[schema(value_type = Option<i64>)]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[schema(value_type = Option<i64>)]
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<i64>)]
    pub revoked_at: Option<Timestamp>,
}

impl Auth {
    /// Makes a token for `owner`; answers it with its secret, which is not stored.
    ///
    /// # Errors
    /// [`Error::ScopeBeyondOwner`] where it asks for more than `owner` may do.
    pub async fn new_token(
        &self,
        owner: &Principal,
        token: NewToken,
        now: Timestamp,
    ) -> Result<(Token, String)> {
        let may = owner.grant().permissions();
        if let Some(beyond) = token.scopes.iter().find(|permission| !may.contains(*permission)) {
            return Err(Error::ScopeBeyondOwner { scope: beyond.as_str() });
        }
        let (id, secret) = (secret::id()?, secret::token()?);
        let scopes: Vec<String> =
            token.scopes.iter().map(|permission| permission.as_str().to_owned()).collect();
        let mut batch = db::Batch::new();
        if owner.credential().via == Via::Local {
            // The local user of development has no row until something refers to it.
            let local = params![&**owner.name(), owner.grant().role.as_str(), None::<String>, now.0];
            batch.push(Statement::new(include_str!("../sql/user_local.sql")).row(local));
        }
        batch.push(Statement::new(include_str!("../sql/token_insert.sql")).row(params![
            id.as_str(),
            SecretHash::of(&secret).hex(),
            shown(&secret),
            token.name.as_str(),
            owner.name(),
            scopes.join(" "),
            now.0,
            token.expires_at.map(|at| at.0)
        ]));
        self.0.db.execute(batch).await?;
        let made = Token {
            id,
            name: token.name,
            prefix: shown(&secret),
            user: owner.name().to_string(),
            scopes,
            created_at: now,
            expires_at: token.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        Ok((made, secret))
    }

    /// Tokens of a user, or of everyone, newest first.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn tokens(&self, of: Option<&str>) -> Result<Vec<Token>> {
        let query = Query::new(include_str!("../sql/token_list.sql")).bind(of);
        self.0.db.query(query).await?.iter().map(Token::from_row).collect()
    }

    /// Revokes a token of `of` (of anyone, where that is absent). Requests and streams that came with it end at once.
    /// `false` where there is none.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn revoke_token(&self, id: &str, of: Option<&str>, now: Timestamp) -> Result<bool> {
        let revoke = Statement::new(include_str!("../sql/token_revoke.sql")).row(params![id, now.0, of]);
        let outcomes = self.0.db.execute(revoke.into()).await?;
        let found = outcomes.first().is_some_and(|outcome| outcome.affected > 0);
        if found {
            let name = token_name(id);
            self.0.cache.forget(|principal| principal.id() == name);
            self.0.revocations.revoke(&name);
        }
        Ok(found)
    }

    /// The credential of a token; `None` where there is none with that secret, or it was revoked.
    pub(super) async fn token_credential(&self, hash: SecretHash) -> Result<Option<Credential>> {
        let query = Query::new(include_str!("../sql/token_by_hash.sql")).bind(hash.hex());
        let Some(row) = self.0.db.query(query).await?.into_iter().next() else { return Ok(None) };
        let Some(role) = Role::parse(row.get(2)?) else { return Ok(None) };
        Ok(Some(Credential {
            id: Arc::from(token_name(row.get(0)?)),
            user: row.get(1)?,
            grant: Grant { role, scopes: Some(scopes_of(row.get(3)?)) },
            via: Via::Token,
            expires_at: row.get::<Option<i64>>(4)?.map(Timestamp),
            revoked: tokio_util::sync::CancellationToken::new(),
        }))
    }

    /// Writes when a token was used. Lost where the database refuses: it is for people, and the next use writes again.
    pub(super) async fn note_use(&self, principal: &Principal, now: Timestamp) {
        if let Some(id) = principal.id().strip_prefix("token:") {
            let used = Statement::new(include_str!("../sql/token_used.sql")).row(params![id, now.0]);
            if let Err(error) = self.0.db.execute(used.into()).await {
                tracing::warn!(code = error.code(), "the time of a token's use was not written");
            }
        }
    }
}

impl Token {
    fn from_row(row: &Row) -> Result<Self> {
        let scopes: &str = row.get(4)?;
        Ok(Self {
            id: row.get(0)?,
            prefix: row.get(1)?,
            name: row.get(2)?,
            user: row.get(3)?,
            scopes: scopes.split_whitespace().map(str::to_owned).collect(),
            created_at: Timestamp(row.get(5)?),
            expires_at: row.get::<Option<i64>>(6)?.map(Timestamp),
            last_used_at: row.get::<Option<i64>>(7)?.map(Timestamp),
            revoked_at: row.get::<Option<i64>>(8)?.map(Timestamp),
        })
    }
}

fn token_name(id: &str) -> String {
    format!("token:{id}")
}

/// Words that mean nothing (a permission that is gone) allow nothing.
fn scopes_of(words: &str) -> Permissions {
    let mut all = Permissions::default();
    for set in words.split_whitespace().filter_map(Permissions::parse) {
        all.extend(set.iter());
    }
    all
}
