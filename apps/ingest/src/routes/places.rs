//! Where ingests may look: the media roots and the folders below them.

use super::{RouteState, on_disk};
use crate::{
    Params, ParamsError,
    files::{Roots, RootsError, display_name, path_of_text, text_of_path},
    meta::sidecar::SIDECAR_FOLDER,
    params::DEFAULT_PATTERNS,
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
};
use utoipa::{IntoParams, ToSchema};
use web::{ApiError, ApiResult, Code, FieldProblem, Page, Permission, QueryOf, Routes, routes};

/// Entries of a folder that are looked at.
const MAX_ENTRIES: usize = 200_000;
/// Folders that are listed.
const MAX_DIRECTORIES: usize = 5_000;

pub(super) fn routes() -> Routes<RouteState> {
    Routes::new().with(Permission::IngestRead, routes!(roots)).with(Permission::IngestRead, routes!(browse))
}

/// A folder that ingests may read.
#[derive(Serialize, ToSchema)]
struct MediaRoot {
    /// Its path.
    path: String,
    /// Its name.
    label: String,
    /// Room left on its disk; null where the system does not say.
    free_bytes: Option<u64>,
}

/// The media roots.
#[utoipa::path(get, path = "/api/v1/ingest/roots", tag = "ingest",
    responses((status = 200, body = Page<MediaRoot>, description = "All media roots")))]
async fn roots(State(state): State<RouteState>) -> ApiResult<Json<Page<MediaRoot>>> {
    let roots = on_disk(move || state.roots.paths().iter().map(|root| media_root(root)).collect()).await?;
    Ok(Json(Page::whole(roots)))
}

fn media_root(root: &Path) -> MediaRoot {
    let free = rustix::fs::statvfs(root).ok().and_then(|disk| disk.f_bavail.checked_mul(disk.f_frsize));
    MediaRoot { path: text_of_path(root), label: display_name(root), free_bytes: free }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct BrowseQuery {
    /// The folder: a media root, or one below it.
    #[param(required = true)]
    path: Option<String>,
}

/// A folder below a media root.
#[derive(Serialize, ToSchema)]
struct Folder {
    /// Where it really is.
    path: String,
    /// The folder that it is in; null for a media root.
    parent: Option<String>,
    /// The folders in it, by name.
    directories: Vec<Subfolder>,
    /// Images and videos directly in it.
    files: u64,
    /// Whether it holds more than was looked at.
    truncated: bool,
}

/// A folder in a folder.
#[derive(Serialize, ToSchema)]
struct Subfolder {
    /// Its name.
    name: String,
    /// Its path.
    path: String,
}

/// The folders in a folder, and how many media files it holds.
#[utoipa::path(get, path = "/api/v1/ingest/browse", tag = "ingest", params(BrowseQuery),
    responses((status = 200, body = Folder, description = "The folder")))]
async fn browse(
    State(state): State<RouteState>,
    QueryOf(query): QueryOf<BrowseQuery>,
) -> ApiResult<Json<Folder>> {
    let path = query.path.ok_or_else(|| ApiError::invalid("path", "name a folder"))?;
    let folder = on_disk(move || folder(&state.roots, &path_of_text(&path))).await?;
    folder.map(Json).map_err(|error| refused_place("path", &error))
}

fn folder(roots: &Roots, path: &Path) -> Result<Folder, RootsError> {
    let real = roots.directory(path)?;
    let unreadable = |source: io::Error| RootsError::NotThere { path: path.to_path_buf(), source };
    let media = Params {
        patterns: DEFAULT_PATTERNS.iter().map(|&pattern| pattern.to_owned()).collect(),
        ..Params::default()
    };
    let media = media.matcher().map_err(|error| unreadable(io::Error::other(error)))?;
    let is_below = |place: &Path| roots.paths().iter().any(|root| place.starts_with(root));
    let mut directories: Vec<PathBuf> = Vec::new();
    let (mut files, mut seen) = (0, 0);
    for entry in std::fs::read_dir(&real).map_err(unreadable)?.take(MAX_ENTRIES) {
        seen += 1;
        let Ok(entry) = entry else { continue };
        let name = entry.file_name();
        let Ok(kind) = entry.file_type() else { continue };
        let (is_folder, is_file) = if kind.is_symlink() {
            // A link counts as what it leads to, if that is below a root.
            let target = entry.path().canonicalize().ok().filter(|target| is_below(target));
            let target = target.and_then(|target| target.metadata().ok());
            target.map_or((false, false), |target| (target.is_dir(), target.is_file()))
        } else {
            (kind.is_dir(), kind.is_file())
        };
        if is_folder && name != SIDECAR_FOLDER {
            directories.push(entry.path());
        } else if is_file && media.is_match(Path::new(&name)) {
            files += 1;
        }
    }
    directories.sort_unstable();
    let truncated = seen == MAX_ENTRIES || directories.len() > MAX_DIRECTORIES;
    directories.truncate(MAX_DIRECTORIES);
    let parent = real.parent().filter(|parent| is_below(parent));
    let subfolder = |path: &PathBuf| Subfolder { name: display_name(path), path: text_of_path(path) };
    Ok(Folder {
        path: text_of_path(&real),
        parent: parent.map(text_of_path),
        directories: directories.iter().map(subfolder).collect(),
        files,
        truncated,
    })
}

/// The problem for a folder that may not be read: 403 where it lies outside the roots, else 422.
fn refused_place(field: &str, error: &RootsError) -> ApiError {
    let text = error.to_string();
    match error {
        RootsError::Outside(_) => {
            ApiError::new(Code::OutsideRoots, text.clone()).field(FieldProblem::new(field, text))
        }
        RootsError::NoRoots | RootsError::NotPlain(_) | RootsError::NotThere { .. } => {
            ApiError::invalid(field, text)
        }
    }
}

/// The problem for parameters that do not hold.
pub(super) fn refused_params(error: &ParamsError) -> ApiError {
    let path = error.path();
    match error {
        ParamsError::Directory { source, .. } => refused_place(&path, source),
        other => {
            // The text begins with the field, which stands apart here.
            let text = other.to_string();
            let message = text.strip_prefix(&format!("{path}: ")).unwrap_or(&text).to_owned();
            ApiError::invalid(path, message)
        }
    }
}
