//! The name of a request: the client's own where it gives a sound one.

use http::{HeaderMap, HeaderName};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The header that carries a request's name, there and back.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest name taken over from a client.
const MAX_CHARS: usize = 64;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// The name of the request with these headers.
pub(super) fn of(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    match given {
        Some(given) if is_sound(given) => given.to_owned(),
        _ => next(),
    }
}

fn is_sound(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=MAX_CHARS).contains(&name.len()) && name.bytes().all(plain)
}

/// Names need to be unlike each other, not secret: a random beginning for each process, then a count.
fn next() -> String {
    static START: std::sync::LazyLock<u32> =
        std::sync::LazyLock::new(|| getrandom::u32().unwrap_or_else(|_| std::process::id()));
    format!("{:08x}{:08x}", *START, NEXT.fetch_add(1, Relaxed))
}
