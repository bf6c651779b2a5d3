//! What an ingest has read: its files, duplicates and errors.

use super::{RouteState, same_order, score, search, unanswered};
use crate::tables::{
    preview::{self, Duplicates, ErrorCursor, FileCursor, FileFilter, FileSort, IngestError},
    record::{FileState, IngestFile, NsfwState},
};
use axum::{Json, extract::State, response::Response};
use model::RunId;
use serde::Deserialize;
use utoipa::IntoParams;
use web::{
    ApiError, ApiResult, CommaList, Conditional, Cursor, Page, PathOf, Permission, QueryOf, Routes, routes,
};

pub(super) fn routes() -> Routes<RouteState> {
    Routes::new()
        .with(Permission::IngestRead, routes!(list))
        .with(Permission::IngestRead, routes!(one))
        .with(Permission::IngestRead, routes!(duplicates))
        .with(Permission::IngestRead, routes!(errors))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FilesQuery {
    /// With all these words in name, path, prompt, captions or keywords.
    q: Option<String>,
    /// In these states; separated by commas, or repeated.
    #[serde(default)]
    #[param(value_type = Vec<FileState>)]
    state: CommaList<FileState>,
    /// With this keyword.
    keyword: Option<String>,
    /// With this verdict of the classifier.
    nsfw: Option<NsfwState>,
    /// With at least this score, −1 to 5.
    min_score: Option<i8>,
    /// Left out of the commit, or not.
    excluded: Option<bool>,
    /// The order; by name where absent.
    sort: Option<FileSort>,
    /// Files on a page.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl FilesQuery {
    fn filter(&self) -> ApiResult<FileFilter> {
        Ok(FileFilter {
            search: search(self.q.as_deref())?,
            states: self.state.0.clone(),
            keyword: self.keyword.clone(),
            nsfw: self.nsfw,
            min_score: score("min_score", self.min_score)?,
            excluded: self.excluded,
        })
    }
}

/// The files of an ingest, as far as they are read. Raw texts and tags of a file are only in the answer about it alone.
#[utoipa::path(get, path = "/api/v1/ingest/{run}/files", tag = "ingest",
    params(("run" = String, Path), FilesQuery),
    responses((status = 200, body = Page<IngestFile>, description = "A page of files")))]
async fn list(
    State(state): State<RouteState>,
    PathOf(run): PathOf<RunId>,
    QueryOf(query): QueryOf<FilesQuery>,
) -> ApiResult<Json<Page<IngestFile>>> {
    let (limit, filter) = (web::limit(query.limit)?, query.filter()?);
    let sort = query.sort.unwrap_or_default();
    let after: Option<FileCursor> = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    if let Some(after) = &after {
        same_order(after.sort(), sort)?;
    }
    state.ingest(run).await?;
    let files = preview::files(&state.db, run, &filter, sort, after.as_ref(), limit + 1).await;
    let files = files.map_err(unanswered)?;
    Ok(Json(Page::of(files, limit, |file| FileCursor::of(sort, file), |file| file)))
}

/// One file of an ingest, with all that was read of it.
#[utoipa::path(get, path = "/api/v1/ingest/{run}/files/{key}", tag = "ingest",
    params(("run" = String, Path), ("key" = String, Path)),
    responses((status = 200, body = IngestFile, description = "The file"), (status = 304, description = "Unchanged")))]
async fn one(
    State(state): State<RouteState>,
    PathOf((run, key)): PathOf<(RunId, String)>,
    known: Conditional,
) -> ApiResult<Response> {
    state.ingest(run).await?;
    let file = preview::file(&state.db, run, &key).await.map_err(unanswered)?;
    known.json(&file.ok_or_else(|| ApiError::not_found("file", &key))?)
}

/// Files of an ingest that are the same or look alike.
#[utoipa::path(get, path = "/api/v1/ingest/{run}/duplicates", tag = "ingest", params(("run" = String, Path)),
    responses((status = 200, body = Duplicates, description = "The groups")))]
async fn duplicates(
    State(state): State<RouteState>,
    PathOf(run): PathOf<RunId>,
) -> ApiResult<Json<Duplicates>> {
    state.ingest(run).await?;
    Ok(Json(preview::duplicates(&state.db, run).await.map_err(unanswered)?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ErrorsQuery {
    /// Errors on a page.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The errors of an ingest, newest first.
#[utoipa::path(get, path = "/api/v1/ingest/{run}/errors", tag = "ingest",
    params(("run" = String, Path), ErrorsQuery),
    responses((status = 200, body = Page<IngestError>, description = "A page of errors")))]
async fn errors(
    State(state): State<RouteState>,
    PathOf(run): PathOf<RunId>,
    QueryOf(query): QueryOf<ErrorsQuery>,
) -> ApiResult<Json<Page<IngestError>>> {
    let limit = web::limit(query.limit)?;
    let after: Option<ErrorCursor> = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    state.ingest(run).await?;
    let errors = preview::ingest_errors(&state.db, run, after.as_ref(), limit + 1).await;
    let errors = errors.map_err(unanswered)?;
    Ok(Json(Page::of(errors, limit, |error| error.place().clone(), |error| error)))
}
