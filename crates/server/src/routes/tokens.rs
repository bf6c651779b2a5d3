//! API tokens.

use crate::{
    auth::{NewToken, Token},
    clock,
    state::ServerState,
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use web::{ApiError, ApiResult, JsonBody, Page, PathOf, Permission, Permissions, Principal, Routes, routes};

/// Longest name of a token, in characters.
const MAX_NAME_CHARS: usize = 80;

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new()
        .with(Permission::TokensWrite, routes!(list))
        .with(Permission::TokensWrite, routes!(create))
        .with(Permission::TokensWrite, routes!(revoke))
}

/// One's own tokens; everyone's for those who may see users.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens",
    responses((status = 200, body = Page<Token>, description = "Tokens that hold, newest first")))]
async fn list(State(state): State<ServerState>, by: Principal) -> ApiResult<Json<Page<Token>>> {
    let mut tokens = state.auth().tokens(whose(&by).as_deref()).await?;
    tokens.retain(|token| token.revoked_at.is_none());
    Ok(Json(Page::whole(tokens)))
}

fn whose(by: &Principal) -> Option<String> {
    (!by.may(Permission::UsersWrite)).then(|| by.name().to_string())
}

#[derive(Deserialize, utoipa::ToSchema)]
struct TokenRequest {
    /// What people call it.
    name: String,
    /// Until when it holds; for ever where null or absent.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    expires_at: Option<Timestamp>,
    /// What it allows: permissions, `resource:*`, or `*` for all that its maker may do.
    scopes: Vec<String>,
}

/// A token that was just made: the only time that it is shown.
#[derive(Serialize, utoipa::ToSchema)]
struct CreatedToken {
    /// What lists show of it.
    #[serde(flatten)]
    about: Token,
    /// The token itself.
    token: String,
}

/// Makes a token. It is shown once.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = TokenRequest,
    responses((status = 201, body = CreatedToken, description = "The token")))]
async fn create(
    State(state): State<ServerState>,
    by: Principal,
    JsonBody(request): JsonBody<TokenRequest>,
) -> ApiResult<Response> {
    let now = clock::now();
    let name = request.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        return Err(ApiError::invalid("name", format!("must have 1 to {MAX_NAME_CHARS} characters")));
    }
    if request.expires_at.is_some_and(|at| at <= now) {
        return Err(ApiError::invalid("expires_at", "must be in the future"));
    }
    let scopes = scopes(&request.scopes, &by)?;
    let new = NewToken { name, scopes, expires_at: request.expires_at };
    let (about, token) = state.auth().new_token(&by, new, now).await?;
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, no_store, Json(CreatedToken { about, token })).into_response())
}

fn scopes(words: &[String], by: &Principal) -> ApiResult<Permissions> {
    let mut all = Permissions::default();
    for (index, word) in words.iter().enumerate() {
        let unknown = || {
            ApiError::invalid(
                format!("scopes[{index}]"),
                "is no permission; see x-permission in the API's document",
            )
        };
        // `*` and `resource:*` mean: as far as the maker may.
        let wide = word.ends_with('*');
        let set = Permissions::parse(word).ok_or_else(unknown)?;
        all.extend(if wide { set.and(by.grant().permissions()) } else { set }.iter());
    }
    if all == Permissions::default() {
        return Err(ApiError::invalid("scopes", "must allow something"));
    }
    Ok(all)
}

/// Revokes a token. Requests and streams that came with it end at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = String, Path)),
    responses((status = 204, description = "It no longer holds")))]
async fn revoke(
    State(state): State<ServerState>,
    by: Principal,
    PathOf(id): PathOf<String>,
) -> ApiResult<StatusCode> {
    if state.auth().revoke_token(&id, whose(&by).as_deref(), clock::now()).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("token", id))
    }
}
