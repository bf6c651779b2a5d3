//! Validators: an ETag with each thing, and 304 where the client has it already.

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::convert::Infallible;

use crate::{ApiError, ApiResult};

/// What the client has: the header `If-None-Match`.
#[derive(Clone, Debug, Default)]
pub struct Conditional {
    known: Option<String>,
}

impl Conditional {
    /// From a request's headers.
    pub fn of(headers: &HeaderMap) -> Self {
        let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        Self { known: known.map(str::to_owned) }
    }

    /// Whether the client has `etag` (with its quotes). Weak and strong tags compare alike, as for every GET.
    pub fn has(&self, etag: &str) -> bool {
        let Some(known) = &self.known else { return false };
        known.trim() == "*" || known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
    }

    /// `value` as JSON with an ETag of its content, or 304.
    ///
    /// # Errors
    /// [`crate::Code::Internal`] where `value` has no JSON form.
    pub fn json(&self, value: &impl Serialize) -> ApiResult<Response> {
        let body = serde_json::to_vec(value).map_err(|error| ApiError::internal(&error))?;
        let etag = etag_of(&body);
        if self.has(&etag) {
            return Ok(tagged(StatusCode::NOT_MODIFIED, &etag, Body::empty()));
        }
        let mut response = tagged(StatusCode::OK, &etag, Body::from(body));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(response)
    }
}

/// The ETag of a content, with its quotes.
pub fn etag_of(content: &[u8]) -> String {
    let hash = Sha256::digest(content);
    let hex: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

fn tagged(status: StatusCode, etag: &str, body: Body) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

impl<S: Sync> FromRequestParts<S> for Conditional {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_lists_weak_or_strong() {
        let has = |known: &str| Conditional { known: Some(known.to_owned()) }.has("\"a1\"");
        assert!(has("\"a1\"") && has("\"b\", W/\"a1\"") && has("*"));
        assert!(!has("\"a\"") && !has("a1") && !has(""));
    }
}
