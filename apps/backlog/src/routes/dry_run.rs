//! What would be sent, without sending or staging anything.

use super::{Backlog, RouteState, runs::not_now, unanswered};
use crate::{
    Previewed, delivery, keys,
    tables::items::{self, ItemFilter},
};
use activity::connector::Preview;
use axum::{Json, extract::State};
use model::{NewDelivery, RunId, TaskError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;
use utoipa::{IntoParams, ToSchema};
use web::{ApiError, ApiResult, Cursor, Page, PathOf, Permission, QueryOf, Routes, routes};

/// Items of a page where the request does not say: a destination may be asked about each.
const DEFAULT_LIMIT: u32 = 20;
/// Most items of a page.
const MAX_LIMIT: u32 = 100;

pub(super) fn routes() -> Routes<RouteState> {
    Routes::new().with(Permission::RunsRead, routes!(dry_run))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DryRunQuery {
    /// Items on a page, at most 100.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What would be sent for one item.
#[derive(Serialize, ToSchema)]
struct DryRunItem {
    /// Its key.
    key: String,
    /// Its title.
    title: String,
    /// The request, secrets masked.
    #[schema(value_type = Object)]
    preview: Preview,
    /// What the destination says of it; null where it was not asked, or cannot be.
    valid: Option<Validity>,
}

/// Whether a destination would take an item.
#[derive(Serialize, ToSchema)]
struct Validity {
    /// Whether it would.
    ok: bool,
    /// Why not, in the destination's own words.
    #[schema(value_type = Option<Object>)]
    error: Option<TaskError>,
}

/// A page of them.
#[derive(Serialize, ToSchema)]
struct DryRunPage {
    /// The items, in tree order; those left out are not among them.
    items: Vec<DryRunItem>,
    /// What to send as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// Exactly what would be sent for the backlog's items, with the destination's own check where it has one. Nothing is
/// changed anywhere. A parent that is not at the destination yet is shown by a placeholder.
#[utoipa::path(get, path = "/api/v1/backlog/{run}/dry-run", tag = "backlog", params(("run" = String, Path), DryRunQuery),
    responses((status = 200, body = DryRunPage, description = "A page of previews")))]
async fn dry_run(
    State(state): State<RouteState>,
    PathOf(run): PathOf<RunId>,
    QueryOf(query): QueryOf<DryRunQuery>,
) -> ApiResult<Json<DryRunPage>> {
    let Backlog { params, .. } = state.backlog(run).await?;
    let Some(to) = params.to else { return Err(not_now("the backlog has no destination")) };
    let limit = web::limit(Some(query.limit.unwrap_or(DEFAULT_LIMIT)))?.min(MAX_LIMIT);
    let after: Option<String> = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    let filter = ItemFilter::default();
    let found = items::page(&state.db, run, Some(&to), &filter, after.as_deref(), limit + 1).await;
    let page = Page::of(found.map_err(unanswered)?, limit, |item| item.place().to_owned(), |item| item);
    let excluded = items::excluded(&state.db, run).await.map_err(unanswered)?;
    let excluded: HashSet<&str> = excluded.iter().map(String::as_str).collect();
    let sent: Vec<_> =
        page.items.iter().filter(|item| !keys::path(&item.key).any(|key| excluded.contains(key))).collect();
    let deliveries = sent.iter().map(|item| delivery::of(&item.stored(), &to));
    let deliveries: Vec<NewDelivery> =
        deliveries.collect::<Result<_, _>>().map_err(|error| ApiError::internal(&error))?;
    let previews =
        if deliveries.is_empty() { Vec::new() } else { state.previews.preview(run, deliveries).await? };
    let items =
        sent.iter().zip(previews).map(|(item, previewed)| shown(&item.key, &item.item.title, previewed));
    Ok(Json(DryRunPage { items: items.collect(), next_cursor: page.next_cursor }))
}

fn shown(key: &str, title: &str, previewed: Previewed) -> DryRunItem {
    let (preview, refused) = match previewed.preview {
        Ok(preview) => (preview, None),
        Err(error) => {
            let none =
                Preview { method: String::new(), url: String::new(), headers: Vec::new(), body: Value::Null };
            (none, Some(Err(error)))
        }
    };
    let valid =
        refused.or(previewed.valid).map(|answer| Validity { ok: answer.is_ok(), error: answer.err() });
    DryRunItem { key: key.to_owned(), title: title.to_owned(), preview, valid }
}
