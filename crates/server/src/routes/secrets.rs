//! Secrets: kept sealed, never shown.

use crate::{clock, state::ServerState};
use axum::{Json, extract::State};
use http::StatusCode;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use store::outbox::write;
use utoipa::ToSchema;
use web::{ApiError, ApiResult, Code, JsonBody, Page, PathOf, Permission, Routes, routes};

/// Longest secret, in bytes.
const MAX_SECRET_BYTES: usize = 16 * 1024;

/// Longest name of a secret, in characters.
const MAX_NAME_CHARS: usize = 64;

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new()
        .with(Permission::DestinationsWrite, routes!(list))
        .with(Permission::DestinationsWrite, routes!(replace))
        .with(Permission::DestinationsWrite, routes!(remove))
}

/// A secret, without itself.
#[derive(Serialize, ToSchema)]
#[schema(as = Secret)]
struct SecretView {
    /// Its name.
    name: String,
    /// When it was first kept.
    #[schema(value_type = i64)]
    created_at: Timestamp,
    /// When it was last replaced.
    #[schema(value_type = i64)]
    changed_at: Timestamp,
    /// The destinations that sign in with it.
    used_by: Vec<String>,
}

/// All secrets, by name; none is ever shown.
#[utoipa::path(get, path = "/api/v1/secrets", tag = "outbox",
    responses((status = 200, body = Page<SecretView>, description = "All secrets, without themselves")))]
async fn list(State(state): State<ServerState>) -> ApiResult<Json<Page<SecretView>>> {
    let secrets = state.store().secrets().await?;
    let view = |secret: store::SecretRecord| SecretView {
        used_by: users_of(&state, &secret.name),
        name: secret.name.to_string(),
        created_at: secret.created_at,
        changed_at: secret.changed_at,
    };
    Ok(Json(Page::whole(secrets.into_iter().map(view).collect())))
}

fn users_of(state: &ServerState, name: &str) -> Vec<String> {
    let destinations = state.engine().destinations().into_iter().map(|status| status.destination);
    let users = destinations.filter(|destination| destination.credential.as_deref() == Some(name));
    users.map(|destination| destination.name.to_string()).collect()
}

#[derive(Deserialize, ToSchema)]
struct SecretRequest {
    /// The secret.
    value: String,
}

/// Keeps a secret, in place of one with that name.
#[utoipa::path(put, path = "/api/v1/secrets/{name}", tag = "outbox", params(("name" = String, Path)),
    request_body = SecretRequest, responses((status = 204, description = "It is kept")))]
async fn replace(
    State(state): State<ServerState>,
    PathOf(name): PathOf<String>,
    JsonBody(request): JsonBody<SecretRequest>,
) -> ApiResult<StatusCode> {
    put(&state, &name, &request.value).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps a secret, and lets the destinations that use it connect anew.
pub(super) async fn put(state: &ServerState, name: &str, secret: &str) -> ApiResult<()> {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "-_.".contains(sign);
    if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(is_sign) {
        let message = format!("must have 1 to {MAX_NAME_CHARS} of: letters, digits, '-', '_' and '.'");
        return Err(ApiError::invalid("name", message));
    }
    if secret.is_empty() || secret.len() > MAX_SECRET_BYTES {
        return Err(ApiError::invalid("value", format!("must have 1 to {MAX_SECRET_BYTES} bytes")));
    }
    let vault = state.about().vault.as_ref();
    let vault = vault.ok_or_else(|| ApiError::new(Code::Unavailable, "this server keeps no secrets"))?;
    let sealed = vault.seal(name, secret.as_bytes()).map_err(|error| ApiError::internal(&error))?;
    let batch = db::Batch::from(write::secret_put(name, &sealed, clock::now()));
    state.store().db().execute(batch).await.map_err(store::Error::Db)?;
    state.engine().secret_changed(name);
    Ok(())
}

/// A secret that a destination is to sign in with must be there.
pub(super) async fn must_exist(state: &ServerState, name: &str) -> ApiResult<()> {
    let secrets = state.store().secrets().await?;
    if secrets.iter().any(|secret| *secret.name == *name) {
        return Ok(());
    }
    Err(ApiError::invalid("credential", format!("there is no secret '{name:.64}'; send it as 'secret'")))
}

/// Forgets a secret that no destination uses.
#[utoipa::path(delete, path = "/api/v1/secrets/{name}", tag = "outbox", params(("name" = String, Path)),
    responses((status = 204, description = "It is gone"), (status = 409, description = "A destination uses it")))]
async fn remove(State(state): State<ServerState>, PathOf(name): PathOf<String>) -> ApiResult<StatusCode> {
    let users = users_of(&state, &name);
    if let Some(user) = users.first() {
        return Err(ApiError::new(Code::Conflict, format!("destination '{user}' signs in with it")));
    }
    match state.store().db().execute(db::Batch::from(write::secret_delete(&name))).await {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(db::Error::Expectation { .. }) => Err(ApiError::not_found("secret", name)),
        Err(error) => Err(store::Error::Db(error).into()),
    }
}
