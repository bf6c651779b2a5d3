//! The headers of every answer.

use super::trace::REQUEST_ID;
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// What pages may load and do: only what this server serves, no inline scripts or styles, no frames around them.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; base-uri 'none'; connect-src 'self'; font-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; img-src 'self' data: blob:; media-src 'self' blob:; \
    object-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'";

const ALWAYS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Sets them; a route that set one itself (a stricter policy for media, for example) keeps its own.
pub(super) fn set(headers: &mut HeaderMap, trace: &str) {
    for (name, value) in &ALWAYS {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
    }
    if let Ok(value) = HeaderValue::from_str(trace) {
        headers.insert(REQUEST_ID, value);
    }
}
