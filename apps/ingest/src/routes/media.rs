//! Pictures themselves: thumbnails by content hash, originals by their place in the library.

use super::{RouteState, bytes, bytes::Wanted, library::media_id, on_disk, unanswered};
use crate::{
    files::{Roots, path_of_text},
    meta::container::{Format, SNIFF_BYTES, sniff},
    pixels::thumbnail_path,
    tables::catalogue::{self, Place},
};
use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::{
    fs::{File, Metadata},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::MetadataExt as _,
};
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;
use web::{ApiError, ApiResult, Conditional, PathOf, Permission, Routes, routes};

/// Bytes that are sent at once.
const PIECE: usize = 64 * 1024;
/// Thumbnails are named by content: they never change.
const FOREVER: &str = "private, max-age=31536000, immutable";
/// What a browser may do with a file shown by itself: nothing.
const INERT: &str =
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox";

pub(super) fn routes() -> Routes<RouteState> {
    Routes::new()
        .with(Permission::LibraryRead, routes!(thumbnail))
        .with(Permission::LibraryRead, routes!(original))
}

/// The thumbnail of the picture with that content hash.
#[utoipa::path(get, path = "/api/v1/media/{sha256}/thumbnail", tag = "library",
    params(("sha256" = String, Path, description = "64 lower-case hexadecimal digits")),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>, description = "The thumbnail"),
        (status = 304, description = "Unchanged, as ever")))]
async fn thumbnail(
    State(state): State<RouteState>,
    PathOf(sha256): PathOf<String>,
    known: Conditional,
) -> ApiResult<Response> {
    let missing = || ApiError::not_found("thumbnail", &sha256);
    let path = thumbnail_path(&state.thumbnails, &sha256).map_err(|_| missing())?;
    let etag = format!("\"{sha256}\"");
    let fixed = [
        (header::CACHE_CONTROL, HeaderValue::from_static(FOREVER)),
        (header::ETAG, HeaderValue::from_str(&etag).map_err(|error| ApiError::internal(&error))?),
    ];
    let jpeg = match tokio::fs::read(&path).await {
        Ok(jpeg) => jpeg,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
        Err(error) => return Err(ApiError::internal(&error)),
    };
    if known.has(&etag) {
        return Ok((StatusCode::NOT_MODIFIED, fixed).into_response());
    }
    let kind = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((fixed, kind, jpeg).into_response())
}

/// An original, opened.
struct Original {
    file: File,
    size: u64,
    /// By its first bytes; `None` for what is no image or video of ours.
    format: Option<Format>,
    etag: String,
}

/// The original of a file of the library, whole or in part.
#[utoipa::path(get, path = "/api/v1/library/{id}/file", tag = "library",
    params(("id" = String, Path), ("Range" = Option<String>, Header, description = "Bytes of it, such as `bytes=0-99`")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>, description = "The file"),
        (status = 206, description = "The bytes asked for"),
        (status = 304, description = "Unchanged"),
        (status = 416, description = "The file does not have these bytes")))]
async fn original(
    State(state): State<RouteState>,
    PathOf(id): PathOf<String>,
    headers: HeaderMap,
    known: Conditional,
) -> ApiResult<Response> {
    let missing = || ApiError::not_found("file", &id);
    let place = catalogue::place(&state.db, media_id(&id)?).await.map_err(unanswered)?.ok_or_else(missing)?;
    let name = place.name.clone();
    let opened = on_disk(move || open(&state.roots, &place)).await?;
    // A file that is gone, or that a root no longer covers, is answered alike.
    let original = opened.map_err(|error| missing().caused_by(&error))?;
    if known.has(&original.etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, original.etag)]).into_response());
    }
    respond(original, &name, asked(&headers)).await.map_err(|error| ApiError::internal(&*error))
}

/// The header `Range`, with the one that says of which state of the file it is meant.
fn asked(headers: &HeaderMap) -> (Option<&str>, Option<&str>) {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    (text(header::RANGE), text(header::IF_RANGE))
}

fn open(roots: &Roots, place: &Place) -> io::Result<Original> {
    let mut file = roots.open(&path_of_text(&place.path))?;
    let metadata = file.metadata()?;
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    (&mut file).take(SNIFF_BYTES as u64).read_to_end(&mut head)?;
    file.rewind()?;
    let (size, mtime) = (metadata.len(), mtime_ns(&metadata));
    // Of the file that was committed the content is known; of one changed since, only that it is another.
    let is_same = i64::try_from(size) == Ok(place.size) && mtime == place.mtime_ns;
    let etag = if is_same { format!("\"{}\"", place.sha256) } else { format!("\"{size:x}-{mtime:x}\"") };
    Ok(Original { file, size, format: sniff(&head), etag })
}

/// The modification time as `read` stores it, in nanoseconds since 1970.
pub(super) fn mtime_ns(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

async fn respond(
    original: Original,
    name: &str,
    (range, if_range): (Option<&str>, Option<&str>),
) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
    let Original { mut file, size, format, etag } = original;
    // A part of another state of the file would be of no use.
    let range = range.filter(|_| if_range.is_none_or(|state| state.trim() == etag));
    let (status, part) = match bytes::wanted(range, size) {
        Wanted::Whole => (StatusCode::OK, None),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, Some(part)),
        Wanted::Beyond => {
            let of = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, of).into_response());
        }
    };
    let (from, length) = match &part {
        Some(part) => (*part.start(), part.end() - part.start() + 1),
        None => (0, size),
    };
    if from > 0 {
        file = tokio::task::spawn_blocking(move || file.seek(SeekFrom::Start(from)).map(|_| file)).await??;
    }
    let content = tokio::fs::File::from_std(file).take(length);
    let mut response = Response::new(Body::from_stream(ReaderStream::with_capacity(content, PIECE)));
    *response.status_mut() = status;
    let disposition = if format.is_some() { "inline" } else { "attachment" };
    let headers = response.headers_mut();
    let kind = format.map_or("application/octet-stream", Format::media_type);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(INERT));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::ETAG, HeaderValue::from_str(&etag)?);
    headers.insert(header::CONTENT_DISPOSITION, bytes::disposition(disposition, name).parse()?);
    if let Some(part) = part {
        let text = format!("bytes {}-{}/{size}", part.start(), part.end());
        headers.insert(header::CONTENT_RANGE, text.parse()?);
    }
    Ok(response)
}
