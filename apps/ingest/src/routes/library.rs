//! The library: find files, look at one, rate.

use super::{RouteState, same_order, score, search, unanswered};
use crate::tables::{
    catalogue::{self, Facets, LibraryCursor, LibraryFilter, LibrarySort, Rating},
    record::{MediaFile, MediaKind, NsfwState, Orientation},
};
use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{
    ApiError, ApiResult, Conditional, Cursor, JsonBody, Page, PathOf, Permission, QueryOf, Routes, routes,
};

/// Most files rated by one request.
const MAX_IDS: usize = 1_000;
/// Most keywords in one filter.
const MAX_KEYWORDS: usize = 16;

pub(super) fn routes() -> Routes<RouteState> {
    Routes::new()
        .with(Permission::LibraryRead, routes!(list))
        .with(Permission::LibraryRead, routes!(facets))
        .with(Permission::LibraryWrite, routes!(bulk))
        .with(Permission::LibraryRead, routes!(one))
        .with(Permission::LibraryWrite, routes!(rate))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LibraryQuery {
    /// With all these words in name, prompt, captions or keywords; each finds words that begin with it.
    q: Option<String>,
    /// With this keyword; repeated, with all of them.
    #[serde(default)]
    keyword: Vec<String>,
    /// With at least this score, −1 to 5.
    min_score: Option<i8>,
    /// Favourites, or the others.
    favourite: Option<bool>,
    /// With this verdict of the classifier.
    nsfw: Option<NsfwState>,
    /// Of this kind.
    kind: Option<MediaKind>,
    /// Lying so.
    orientation: Option<Orientation>,
    /// Made by a model of this family.
    model: Option<String>,
    /// The order; last added first where absent.
    sort: Option<LibrarySort>,
    /// Files on a page.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl LibraryQuery {
    fn filter(&self) -> ApiResult<LibraryFilter> {
        if self.keyword.len() > MAX_KEYWORDS {
            return Err(ApiError::invalid("keyword", format!("must be at most {MAX_KEYWORDS}")));
        }
        Ok(LibraryFilter {
            search: search(self.q.as_deref())?,
            keywords: self.keyword.iter().filter(|keyword| !keyword.is_empty()).cloned().collect(),
            min_score: score("min_score", self.min_score)?,
            favourite: self.favourite,
            nsfw: self.nsfw,
            kind: self.kind,
            orientation: self.orientation,
            model: self.model.clone(),
        })
    }
}

/// A page of the library.
#[derive(Serialize, ToSchema)]
struct MediaPage {
    /// The files.
    items: Vec<MediaFile>,
    /// What to send as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
    /// Files that pass the filter, on all pages.
    total: u64,
}

/// The files of the library. Raw texts and tags of a file are only in the answer about it alone.
#[utoipa::path(get, path = "/api/v1/library", tag = "library", params(LibraryQuery),
    responses((status = 200, body = MediaPage, description = "A page of files")))]
async fn list(
    State(state): State<RouteState>,
    QueryOf(query): QueryOf<LibraryQuery>,
) -> ApiResult<Json<MediaPage>> {
    let (limit, filter) = (web::limit(query.limit)?, query.filter()?);
    let sort = query.sort.unwrap_or_default();
    let after: Option<LibraryCursor> = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    if let Some(after) = &after {
        same_order(after.sort(), sort)?;
    }
    let found = catalogue::library(&state.db, &filter, sort, after.as_ref(), limit + 1).await;
    let (files, total) = found.map_err(unanswered)?;
    let page = Page::of(files, limit, |file| LibraryCursor::of(sort, file), |file| file);
    Ok(Json(MediaPage { items: page.items, next_cursor: page.next_cursor, total }))
}

/// What the files that pass a filter have in common, counted. Order and paging say nothing here.
#[utoipa::path(get, path = "/api/v1/library/facets", tag = "library", params(LibraryQuery),
    responses((status = 200, body = Facets, description = "The counts")))]
async fn facets(
    State(state): State<RouteState>,
    QueryOf(query): QueryOf<LibraryQuery>,
) -> ApiResult<Json<Facets>> {
    let facets = catalogue::facets(&state.db, &query.filter()?).await;
    Ok(Json(facets.map_err(unanswered)?))
}

/// One file of the library, with all that was read of it.
#[utoipa::path(get, path = "/api/v1/library/{id}", tag = "library", params(("id" = String, Path)),
    responses((status = 200, body = MediaFile, description = "The file"), (status = 304, description = "Unchanged")))]
async fn one(
    State(state): State<RouteState>,
    PathOf(id): PathOf<String>,
    known: Conditional,
) -> ApiResult<Response> {
    known.json(&found(&state, &id).await?)
}

async fn found(state: &RouteState, id: &str) -> ApiResult<MediaFile> {
    let file = catalogue::media(&state.db, media_id(id)?).await.map_err(unanswered)?;
    file.ok_or_else(|| ApiError::not_found("file", id))
}

/// The id of that text; a text that is none names nothing.
pub(super) fn media_id(text: &str) -> ApiResult<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let id = if is_number { text.parse().ok() } else { None };
    id.ok_or_else(|| ApiError::not_found("file", text))
}

/// A person's rating; what is absent stays.
#[derive(Deserialize, ToSchema)]
struct RatingRequest {
    /// −1 (rejected), 0 (unrated), 1 to 5.
    #[serde(default)]
    score: Option<i8>,
    /// Whether it is a favourite.
    #[serde(default)]
    favourite: Option<bool>,
}

/// Rates a file. Later ingests of the file keep the rating.
#[utoipa::path(patch, path = "/api/v1/library/{id}", tag = "library", params(("id" = String, Path)),
    request_body = RatingRequest, responses((status = 200, body = MediaFile, description = "The file")))]
async fn rate(
    State(state): State<RouteState>,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<RatingRequest>,
) -> ApiResult<Json<MediaFile>> {
    let rating = rating(request.score, request.favourite)?;
    let rated = catalogue::rate(&state.db, &[media_id(&id)?], rating).await.map_err(unanswered)?;
    if rated == 0 {
        return Err(ApiError::not_found("file", &id));
    }
    Ok(Json(found(&state, &id).await?))
}

fn rating(given: Option<i8>, favourite: Option<bool>) -> ApiResult<Rating> {
    if given.is_none() && favourite.is_none() {
        return Err(ApiError::invalid("score", "give a score, favourite, or both"));
    }
    Ok(Rating { score: score("score", given)?, favourite })
}

/// The same rating for many files.
#[derive(Deserialize, ToSchema)]
struct BulkRequest {
    /// The files.
    ids: Vec<String>,
    /// −1 (rejected), 0 (unrated), 1 to 5.
    #[serde(default)]
    score: Option<i8>,
    /// Whether they are favourites.
    #[serde(default)]
    favourite: Option<bool>,
}

/// How many files were rated.
#[derive(Serialize, ToSchema)]
struct Rated {
    /// Files of those named that the library has.
    rated: u64,
}

/// Rates many files alike, all at once.
#[utoipa::path(post, path = "/api/v1/library/bulk", tag = "library", request_body = BulkRequest,
    responses((status = 200, body = Rated, description = "How many were rated")))]
async fn bulk(
    State(state): State<RouteState>,
    JsonBody(request): JsonBody<BulkRequest>,
) -> ApiResult<Json<Rated>> {
    let rating = rating(request.score, request.favourite)?;
    if request.ids.is_empty() || request.ids.len() > MAX_IDS {
        return Err(ApiError::invalid("ids", format!("must be 1 to {MAX_IDS}")));
    }
    let read = |(index, id): (usize, &String)| {
        media_id(id).map_err(|_| ApiError::invalid(format!("ids[{index}]"), "is no id of a file"))
    };
    let ids = request.ids.iter().enumerate().map(read).collect::<ApiResult<Vec<i64>>>()?;
    let rated = catalogue::rate(&state.db, &ids, rating).await.map_err(unanswered)?;
    Ok(Json(Rated { rated }))
}
