//! Who asks.

use crate::{ApiError, Code, Grant, Permission, Role};
use axum::{extract::FromRequestParts, http::request::Parts};
use model::Timestamp;
use std::{fmt, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Someone whose right to ask has been checked. Cheap to clone; as extractor it answers 401 where nobody is signed in.
#[derive(Clone, Debug)]
pub struct Principal {
    credential: Arc<Credential>,
}

/// What someone came with.
#[derive(Debug)]
pub struct Credential {
    /// Names it in the log and keeps idempotency keys apart: `user:anna`, `token:…`, `local`.
    pub id: Arc<str>,
    /// The person's name.
    pub user: Arc<str>,
    /// What it allows.
    pub grant: Grant,
    /// How it came.
    pub via: Via,
    /// Until when it holds.
    pub expires_at: Option<Timestamp>,
    /// Cancelled within a second of its revocation.
    pub revoked: CancellationToken,
}

/// How someone signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A browser's session, by cookie.
    Session,
    /// A token in the `Authorization` header.
    Token,
    /// Being on this machine, in development.
    Local,
}

impl Principal {
    /// Someone with that credential.
    pub fn new(credential: Arc<Credential>) -> Self {
        Self { credential }
    }

    /// Someone on this machine, in development and in tests.
    pub fn local(user: &str, role: Role) -> Self {
        Self::new(Arc::new(Credential {
            id: Arc::from("local"),
            user: Arc::from(user),
            grant: Grant { role, scopes: None },
            via: Via::Local,
            expires_at: None,
            revoked: CancellationToken::new(),
        }))
    }

    /// What they came with.
    pub fn credential(&self) -> &Arc<Credential> {
        &self.credential
    }

    /// Names the credential; keeps idempotency keys apart.
    pub fn id(&self) -> &str {
        &self.credential.id
    }

    /// The person's name: what `created_by` and `by` say.
    pub fn name(&self) -> &Arc<str> {
        &self.credential.user
    }

    /// What they may do.
    pub fn grant(&self) -> &Grant {
        &self.credential.grant
    }

    /// Whether they may do that, for routes that show more to some.
    pub fn may(&self, permission: Permission) -> bool {
        self.grant().permissions().contains(permission)
    }

    /// Whether the credential was revoked, or has expired at `now`.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.credential.revoked.is_cancelled() || self.credential.expires_at.is_some_and(|at| at <= now)
    }

    /// Resolves when the credential is revoked. Long answers end then.
    pub async fn revoked(&self) {
        self.credential.revoked.cancelled().await;
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the server found out about who asks, laid into each request before the routes see it.
#[derive(Clone, Debug, Default)]
pub enum Authentication {
    /// Nobody said who they are.
    #[default]
    Anonymous,
    /// What they came with does not hold.
    Refused(Code, &'static str),
    /// Someone.
    Known(Principal),
}

impl Authentication {
    /// Who asks, if that is known.
    pub fn principal(&self) -> Option<&Principal> {
        match self {
            Self::Known(principal) => Some(principal),
            Self::Anonymous | Self::Refused(..) => None,
        }
    }

    /// What to answer where someone had to be signed in.
    pub fn refusal(&self) -> ApiError {
        match self {
            Self::Refused(code, why) => ApiError::new(*code, *why),
            Self::Anonymous | Self::Known(_) => ApiError::new(
                Code::Unauthenticated,
                "sign in, or send a token in the header 'Authorization: Bearer hw_…'",
            ),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let authentication = parts.extensions.get::<Authentication>().cloned().unwrap_or_default();
        authentication.principal().cloned().ok_or_else(|| authentication.refusal())
    }
}
