//! The dashboard: files embedded at build time, with validators, long caching of hashed names, and compression.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse as _, Response},
};
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use parking_lot::Mutex;
use rust_embed::{EmbeddedFile, RustEmbed};
use std::{collections::HashMap, io::Write as _, sync::LazyLock};
use web::{ApiError, Code, Conditional, etag_of};

/// Files below this are sent as they are: the headers would be larger than what is won.
const MIN_COMPRESSED: usize = 1024;
/// The folder of files whose names hold a hash of their content.
const HASHED: &str = "assets/";

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
struct Dist;

/// A file, compressed once.
static COMPRESSED: LazyLock<Mutex<HashMap<String, Bytes>>> = LazyLock::new(Mutex::default);

/// Answers what no route took: a file of the dashboard, its page for one of its own addresses, or a problem.
pub(crate) fn serve(method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let path = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    if is_api(path) {
        return unknown_route(uri).into_response();
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        return ApiError::new(Code::MethodNotAllowed, "the dashboard's files can be read only")
            .into_response();
    }
    match file(path) {
        Some(file) => answer(path, file, headers),
        // An address of the dashboard itself has no ending; a file that is missing is missing.
        None if is_page(path) => match file("index.html") {
            Some(index) => answer("index.html", index, headers),
            None => unknown_route(uri).into_response(),
        },
        None => unknown_route(uri).into_response(),
    }
}

/// The problem for an address that there is not.
pub(crate) fn unknown_route(uri: &Uri) -> ApiError {
    let path: String = uri.path().chars().take(200).collect();
    ApiError::new(Code::UnknownRoute, format!("there is nothing at {path}"))
}

fn is_api(path: &str) -> bool {
    ["api", "docs", "help", "metrics", "health", "ready"]
        .iter()
        .any(|word| path.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

fn is_page(path: &str) -> bool {
    !path.rsplit('/').next().unwrap_or("").contains('.')
}

/// A file by its path. Paths that could mean anything but a file below the folder are refused before they are looked
/// at: in development files are read from the disk.
fn file(path: &str) -> Option<EmbeddedFile> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    let sound =
        path.chars().all(plain) && path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    if sound { Dist::get(path) } else { None }
}

fn answer(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let etag = etag_of(&file.metadata.sha256_hash());
    let cache = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let text =
        kind.type_() == "text" || matches!(kind.subtype().as_str(), "javascript" | "json" | "svg" | "wasm");
    let mut response = if Conditional::of(headers).has(&etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if text && file.data.len() >= MIN_COMPRESSED && takes_gzip(headers) {
        let mut response = Body::from(compressed(path, &etag, &file)).into_response();
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        Body::from(file.data.into_owned()).into_response()
    };
    let out = response.headers_mut();
    let kind = if kind.type_() == "text" || kind.subtype() == "javascript" {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_string()
    };
    for (name, value) in
        [(header::CONTENT_TYPE, kind.as_str()), (header::ETAG, etag.as_str()), (header::CACHE_CONTROL, cache)]
    {
        if let Ok(value) = HeaderValue::from_str(value) {
            out.insert(name, value);
        }
    }
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    accepted.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        words.next() == Some("gzip") && words.all(|word| word != "q=0")
    })
}

fn compressed(path: &str, etag: &str, file: &EmbeddedFile) -> Bytes {
    // The tag is part of the key: in development a file changes while the server runs.
    let key = format!("{path} {etag}");
    if let Some(bytes) = COMPRESSED.lock().get(&key) {
        return bytes.clone();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    // Writing into a Vec cannot fail.
    let bytes =
        encoder.write_all(&file.data).and_then(|()| encoder.finish()).map(Bytes::from).unwrap_or_default();
    COMPRESSED.lock().insert(key, bytes.clone());
    bytes
}
