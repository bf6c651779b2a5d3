//! Signing in and out.

use crate::{
    auth::{MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS, Proof, SESSION_COOKIE, Session},
    clock,
    edge::{AuditSubject, ClientAddress},
    state::{SecureCookies, ServerState},
};
use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use web::{ApiError, ApiResult, Code, JsonBody, Principal, Role, Routes, routes};

pub(super) fn routes() -> Routes<ServerState> {
    // Signing in must be possible for those who are not; signing out of a session that is over is no error.
    Routes::new().open(routes!(sign_in)).signed_in(routes!(current)).open(routes!(sign_out))
}

/// A one-time code, or user and password. With a code, `password` becomes the admin's.
#[derive(Deserialize, utoipa::ToSchema)]
struct SignIn {
    /// The one-time code that was printed at start.
    #[serde(default)]
    code: Option<String>,
    /// The user's name.
    #[serde(default)]
    user: Option<String>,
    /// The user's password.
    #[serde(default)]
    password: Option<String>,
}

/// Someone who is signed in.
#[derive(Serialize, utoipa::ToSchema)]
struct SessionUser {
    /// The user's name.
    name: String,
    /// What they are here.
    role: Role,
}

/// Who is signed in.
#[derive(Serialize, utoipa::ToSchema)]
struct SignedIn {
    /// The user.
    user: SessionUser,
}

/// Signs in: sets the session's cookie.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = SignIn,
    responses((status = 200, body = SignedIn, description = "Signed in"), (status = 401, description = "They do not match")))]
async fn sign_in(
    State(state): State<ServerState>,
    Extension(address): Extension<ClientAddress>,
    JsonBody(request): JsonBody<SignIn>,
) -> ApiResult<Response> {
    let (subject, session) = match request {
        SignIn { code: Some(code), user: None, password } => {
            if let Some(password) = &password {
                check_password(password)?;
            }
            ("code".to_owned(), by_code(&state, &code, password, &address).await?)
        }
        SignIn { code: None, user: Some(user), password: Some(password) } => {
            let session = by_password(&state, &user, password, &address).await?;
            (user.chars().take(64).collect(), session)
        }
        _ => return Err(ApiError::invalid("code", "give either code, or user and password")),
    };
    let mut response = match session {
        Some(session) => signed_in(&state, &session).await?,
        None => {
            ApiError::new(Code::InvalidCredentials, "they do not match, or the code was used").into_response()
        }
    };
    response.extensions_mut().insert(AuditSubject(subject));
    Ok(response)
}

/// Whether a password can be one.
pub(super) fn check_password(password: &str) -> ApiResult<()> {
    if password.chars().count() < MIN_PASSWORD_CHARS || password.len() > MAX_PASSWORD_BYTES {
        let message = format!(
            "must have at least {MIN_PASSWORD_CHARS} characters and at most {MAX_PASSWORD_BYTES} bytes"
        );
        return Err(ApiError::invalid("password", message));
    }
    Ok(())
}

async fn by_code(
    state: &ServerState,
    code: &str,
    password: Option<String>,
    address: &ClientAddress,
) -> ApiResult<Option<Session>> {
    state.auth().count_sign_in(&address.text()).map_err(too_often)?;
    Ok(state.auth().redeem(code, password, &address.text(), clock::now()).await?)
}

async fn by_password(
    state: &ServerState,
    user: &str,
    password: String,
    address: &ClientAddress,
) -> ApiResult<Option<Session>> {
    state.auth().count_sign_in(&address.text()).map_err(too_often)?;
    // A user under attack from many addresses is counted as well.
    let shown: String = user.chars().take(64).collect();
    state.auth().count_sign_in(&format!("user:{shown}")).map_err(too_often)?;
    if password.len() > MAX_PASSWORD_BYTES {
        return Ok(None);
    }
    Ok(state.auth().sign_in(user, password, &address.text(), clock::now()).await?)
}

fn too_often(wait: std::time::Duration) -> ApiError {
    ApiError::new(Code::RateLimited, "too many attempts to sign in").retry_after(wait)
}

async fn signed_in(state: &ServerState, session: &Session) -> ApiResult<Response> {
    let user = state.auth().user(&session.user).await?;
    let role = user.map_or(Role::Viewer, |user| user.role);
    let age = crate::auth::session_seconds();
    let cookie = cookie(state, &session.secret, age);
    let body = SignedIn { user: SessionUser { name: session.user.to_string(), role } };
    Ok(([(header::SET_COOKIE, cookie)], Json(body)).into_response())
}

fn cookie(state: &ServerState, value: &str, max_age: u64) -> String {
    let secure = match state.about().secure_cookies {
        SecureCookies::Yes => "; Secure",
        SecureCookies::No => "",
    };
    format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age}{secure}")
}

/// Who is signed in, what they may do, and what the server has.
#[derive(Serialize, utoipa::ToSchema)]
struct CurrentSession {
    /// The user.
    user: SessionUser,
    /// What they may do.
    permissions: Vec<String>,
    /// Whether the server runs for development.
    dev: bool,
    /// Its version.
    version: String,
    /// What cursors belong to.
    epoch: String,
    /// What is switched on.
    features: BTreeMap<String, bool>,
    /// The applications it has.
    apps: Vec<String>,
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session",
    responses((status = 200, body = CurrentSession, description = "Somebody is"), (status = 401, description = "Nobody is")))]
async fn current(State(state): State<ServerState>, principal: Principal) -> Json<CurrentSession> {
    let about = state.about();
    let permissions = principal.grant().permissions().iter().map(|permission| permission.as_str().to_owned());
    Json(CurrentSession {
        user: SessionUser { name: principal.name().to_string(), role: principal.grant().role },
        permissions: permissions.collect(),
        dev: about.dev,
        version: about.version.clone(),
        epoch: state.store().epoch().to_owned(),
        features: about.features.clone(),
        apps: about.apps.clone(),
    })
}

/// Signs out: the session ends, and whatever it had open.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session",
    responses((status = 204, description = "Nobody is signed in any more")))]
async fn sign_out(
    State(state): State<ServerState>,
    principal: Option<Extension<web::Authentication>>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    // Ending someone's session from another site would be a nuisance: it has to be meant.
    if let Some(Extension(web::Authentication::Refused(Code::CrossSite, why))) = principal {
        return Err(ApiError::new(Code::CrossSite, why));
    }
    if let Proof::Session(secret) = Proof::of(&headers) {
        state.auth().sign_out(secret).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(&state, "", 0))]).into_response())
}
