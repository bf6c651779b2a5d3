//! Repeated POSTs: the first answer is kept and given again, so that a client that did not hear it may ask once more.
//!
//! Starting a run does not come here: its key is committed with the run itself. For the other verbs the answer is kept
//! after they are done; a crash in between leaves them done and the key unknown, and they are verbs that refuse to be
//! done twice (a run is not cancelled again) or harmless to repeat.

use crate::{Result, auth::hex, clock, routes::idempotency_key, state::ServerState};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use db::{Db, Query, Statement, params};
use http::{HeaderValue, Method, StatusCode, header};
use model::Timestamp;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use std::{collections::HashSet, sync::Arc, time::Duration};
use web::{ApiError, ApiResult, Authentication, Code};

/// Largest body of a request that is told from another, in bytes.
const MAX_REQUEST_BYTES: usize = crate::MAX_BODY_BYTES;
/// Largest answer that is kept, in bytes.
const MAX_REPLY_BYTES: usize = 256 * 1024;
/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Routes that handle keys themselves, answer with a secret, or sign in: nothing is kept of them.
const EXEMPT: [&str; 4] = ["/api/v1/runs", "/api/v1/ingest", "/api/v1/tokens", "/api/v1/session"];

/// The answers kept.
pub(crate) struct Replies {
    db: Db,
    under_way: Arc<Mutex<HashSet<(String, String)>>>,
}

/// An answer as it was.
struct Reply {
    request: String,
    status: StatusCode,
    location: Option<String>,
    body: String,
}

/// A request that is being done; frees its key when it ends, however that is.
struct UnderWay {
    all: Arc<Mutex<HashSet<(String, String)>>>,
    key: (String, String),
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.all.lock().remove(&self.key);
    }
}

impl Replies {
    pub(crate) fn new(db: Db) -> Self {
        Self { db, under_way: Arc::default() }
    }

    /// Removes answers that are old.
    pub(crate) async fn sweep(&self, now: Timestamp) -> Result<()> {
        let oldest = now.0.saturating_sub(i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX));
        let expire = Statement::new(include_str!("sql/reply_expire.sql")).row(params![oldest]);
        self.db.execute(expire.into()).await?;
        Ok(())
    }

    fn begin(&self, key: &(String, String)) -> Option<UnderWay> {
        let fresh = self.under_way.lock().insert(key.clone());
        fresh.then(|| UnderWay { all: Arc::clone(&self.under_way), key: key.clone() })
    }

    async fn find(&self, (principal, key): &(String, String)) -> Result<Option<Reply>> {
        let query = Query::new(include_str!("sql/reply_one.sql")).bind(principal.as_str()).bind(key.as_str());
        let Some(row) = self.db.query(query).await?.into_iter().next() else { return Ok(None) };
        Ok(Some(Reply {
            request: row.get(0)?,
            status: StatusCode::from_u16(row.get(1)?).unwrap_or(StatusCode::OK),
            location: row.get(2)?,
            body: row.get(3)?,
        }))
    }

    async fn keep(&self, (principal, key): &(String, String), reply: &Reply) -> Result<()> {
        let row = params![
            principal.as_str(),
            key.as_str(),
            reply.request.as_str(),
            reply.status.as_u16(),
            reply.location.as_deref(),
            reply.body.as_str(),
            clock::now().0
        ];
        self.db.execute(Statement::new(include_str!("sql/reply_insert.sql")).row(row).into()).await?;
        Ok(())
    }
}

/// Passes a request through, or answers it with what was answered before.
pub(crate) async fn pass(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    match key_of(&request) {
        Ok(None) => next.run(request).await,
        Ok(Some(key)) => once(&state, key, request, next).await.unwrap_or_else(ApiError::into_response),
        Err(error) => error.into_response(),
    }
}

/// Whose key this is, and which; `None` where nothing is to be kept.
fn key_of(request: &Request) -> ApiResult<Option<(String, String)>> {
    if request.method() != Method::POST
        || EXEMPT.contains(&request.uri().path())
        || request.uri().path().ends_with("/rerun")
    {
        return Ok(None);
    }
    let principal = request.extensions().get::<Authentication>().and_then(Authentication::principal);
    let Some(principal) = principal else { return Ok(None) };
    let key = idempotency_key(request.headers())?;
    Ok(key.map(|key| (principal.id().to_owned(), key)))
}

async fn once(
    state: &ServerState,
    key: (String, String),
    request: Request,
    next: Next,
) -> ApiResult<Response> {
    let replies = state.replies();
    let Some(_under_way) = replies.begin(&key) else {
        return Err(ApiError::new(Code::Conflict, "a request with this idempotency key is under way"));
    };
    let (parts, body) = request.into_parts();
    let too_large = |_| ApiError::new(Code::TooLarge, "the body is larger than this route accepts");
    let body = to_bytes(body, MAX_REQUEST_BYTES).await.map_err(too_large)?;
    let fingerprint = fingerprint(&parts.uri, &body);
    if let Some(reply) = replies.find(&key).await? {
        if reply.request != fingerprint {
            return Err(crate::verbs::mismatch());
        }
        return Ok(again(reply));
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    // What failed may be tried again under the same key.
    if !response.status().is_success() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_REPLY_BYTES).await.map_err(|error| ApiError::internal(&error))?;
    let location = parts.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    if let Ok(text) = std::str::from_utf8(&body) {
        let reply = Reply {
            request: fingerprint,
            status: parts.status,
            location: location.map(str::to_owned),
            body: text.to_owned(),
        };
        replies.keep(&key, &reply).await?;
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn fingerprint(uri: &http::Uri, body: &Bytes) -> String {
    let mut hasher = Sha256::new();
    hasher.update(uri.path_and_query().map_or("", http::uri::PathAndQuery::as_str));
    hasher.update([0]);
    hasher.update(body);
    hex(&hasher.finalize())
}

fn again(reply: Reply) -> Response {
    let mut response = (reply.status, reply.body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    if let Some(location) = reply.location.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert(header::LOCATION, location);
    }
    response
}
