//! Users, for admins.

use super::session::check_password;
use crate::{auth::User, clock, state::ServerState};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use web::{ApiError, ApiResult, Code, JsonBody, Page, PathOf, Permission, Principal, Role, Routes, routes};

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new()
        .with(Permission::UsersWrite, routes!(list))
        .with(Permission::UsersWrite, routes!(create))
        .with(Permission::UsersWrite, routes!(change))
        .with(Permission::UsersWrite, routes!(remove))
}

/// A user as lists show them.
#[derive(Serialize, utoipa::ToSchema)]
struct UserView {
    /// What they are called.
    name: String,
    /// What they are here.
    role: Role,
    /// Whether they can sign in with a password.
    has_password: bool,
    /// When they were added.
    #[schema(value_type = i64)]
    created_at: Timestamp,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            has_password: user.has_password(),
            name: user.name,
            role: user.role,
            created_at: user.created_at,
        }
    }
}

/// All users, by name.
#[utoipa::path(get, path = "/api/v1/users", tag = "users",
    responses((status = 200, body = Page<UserView>, description = "All users")))]
async fn list(State(state): State<ServerState>) -> ApiResult<Json<Page<UserView>>> {
    let users = state.auth().users().await?;
    Ok(Json(Page::whole(users.into_iter().map(UserView::from).collect())))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct NewUser {
    /// Unique name: letters, digits and `. - _ @`.
    name: String,
    /// What they are here.
    role: Role,
    /// Their password; without one they cannot sign in.
    #[serde(default)]
    password: Option<String>,
}

/// Adds a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = NewUser,
    responses((status = 201, body = UserView, description = "The user")))]
async fn create(State(state): State<ServerState>, JsonBody(new): JsonBody<NewUser>) -> ApiResult<Response> {
    if let Some(password) = &new.password {
        check_password(password)?;
    }
    state.auth().add_user(&new.name, new.role, new.password, clock::now()).await?;
    Ok((StatusCode::CREATED, Json(find(&state, &new.name).await?)).into_response())
}

async fn find(state: &ServerState, name: &str) -> ApiResult<UserView> {
    let user = state.auth().user(name).await?;
    user.map(UserView::from).ok_or_else(|| ApiError::not_found("user", name))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct UserChange {
    /// What they are here from now on.
    #[serde(default)]
    role: Option<Role>,
    /// Their new password.
    #[serde(default)]
    password: Option<String>,
}

/// Changes a user's role or password. What they have open ends.
#[utoipa::path(patch, path = "/api/v1/users/{name}", tag = "users", params(("name" = String, Path)),
    request_body = UserChange, responses((status = 200, body = UserView, description = "The user")))]
async fn change(
    State(state): State<ServerState>,
    by: Principal,
    PathOf(name): PathOf<String>,
    JsonBody(change): JsonBody<UserChange>,
) -> ApiResult<Json<UserView>> {
    if change.role.is_some() && **by.name() == *name {
        return Err(ApiError::new(Code::Conflict, "nobody changes their own role: another admin has to"));
    }
    if let Some(password) = change.password {
        check_password(&password)?;
        state.auth().set_password(&name, password).await?;
    }
    if let Some(role) = change.role {
        state.auth().set_role(&name, role).await?;
    }
    Ok(Json(find(&state, &name).await?))
}

/// Removes a user with their sessions and tokens. The last admin stays.
#[utoipa::path(delete, path = "/api/v1/users/{name}", tag = "users", params(("name" = String, Path)),
    responses((status = 204, description = "They are gone")))]
async fn remove(State(state): State<ServerState>, PathOf(name): PathOf<String>) -> ApiResult<StatusCode> {
    find(&state, &name).await?;
    if state.auth().remove_user(&name).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::new(Code::Conflict, "the last admin cannot be removed"))
    }
}
