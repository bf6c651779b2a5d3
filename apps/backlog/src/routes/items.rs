//! The items of a backlog: read them, change them, send changed ones again.

use super::{Backlog, RouteState, runs::not_now, unanswered};
use crate::{
    Phase, delivery, gate, keys, phase,
    stats::stage,
    tables::items::{self, BacklogItem, Edit, ItemFilter, Parent},
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, header};
use model::{DeliveryState, NewDelivery, RunId, WorkItem, WorkItemKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::HashMap, sync::Arc};
use utoipa::{IntoParams, ToSchema};
use web::{
    ApiError, ApiResult, Code, CommaList, Cursor, JsonBody, Page, PathOf, Permission, QueryOf, Routes, routes,
};

/// Most keys in one request.
const MAX_KEYS: usize = 1_000;
/// Longest text of a field, in characters: what trackers take.
const MAX_TEXT_CHARS: usize = 100_000;
/// Most entries of a list of an item.
const MAX_ENTRIES: usize = 100;
/// Items of one page while all are read.
const PAGE: u32 = 500;

pub(super) fn routes() -> Routes<RouteState> {
    Routes::new()
        .with(Permission::RunsRead, routes!(list))
        .with(Permission::RunsWrite, routes!(change))
        .with(Permission::RunsWrite, routes!(restage))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ItemQuery {
    /// The children of the item with this key; `root` for the epics. The whole tree where absent.
    parent: Option<String>,
    /// Of this kind: `epic`, `feature`, `story`, `task`, `test_case`.
    #[param(value_type = Option<String>)]
    kind: Option<WorkItemKind>,
    /// With all these words in title or description.
    q: Option<String>,
    /// Flagged by the quality gate, or not.
    flagged: Option<bool>,
    /// Whose delivery is in one of these states.
    #[serde(default)]
    #[param(value_type = Vec<String>)]
    delivery: CommaList<DeliveryState>,
    /// Items on a page.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of items.
#[derive(Serialize, ToSchema)]
struct BacklogItemPage {
    /// The items, in tree order.
    items: Vec<BacklogItem>,
    /// What to send as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// The items of a backlog, in tree order: a parent before its children, tasks before test cases.
#[utoipa::path(get, path = "/api/v1/backlog/{run}/items", tag = "backlog", params(("run" = String, Path), ItemQuery),
    responses((status = 200, body = BacklogItemPage, description = "A page of items")))]
async fn list(
    State(state): State<RouteState>,
    PathOf(run): PathOf<RunId>,
    QueryOf(query): QueryOf<ItemQuery>,
) -> ApiResult<Json<BacklogItemPage>> {
    let Backlog { params, .. } = state.backlog(run).await?;
    let limit = web::limit(query.limit)?;
    let after: Option<String> = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    let parent = query.parent.map(|key| if key == "root" { Parent::Root } else { Parent::Key(key) });
    if let Some(Parent::Key(key)) = &parent
        && keys::positions(key).is_none()
    {
        return Err(ApiError::invalid("parent", "must be root or an item's key, such as e1.f2"));
    }
    let filter = ItemFilter {
        parent,
        kind: query.kind,
        q: query.q,
        flagged: query.flagged,
        deliveries: query.delivery.0,
        ..ItemFilter::default()
    };
    let found = items::page(&state.db, run, params.to.as_deref(), &filter, after.as_deref(), limit + 1).await;
    let page = Page::of(found.map_err(unanswered)?, limit, |item| item.place().to_owned(), |item| item);
    Ok(Json(BacklogItemPage { items: page.items, next_cursor: page.next_cursor }))
}

/// What is changed of an item; what is absent stays.
#[derive(Deserialize, ToSchema)]
struct ItemChange {
    /// Fields of the work item; null empties one that may be empty. Its kind never changes.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    item: Option<Map<String, Value>>,
    /// Whether it is left out of what is staged, with all below it.
    #[serde(default)]
    excluded: Option<bool>,
}

/// Changes an item before it is delivered. With `If-Match: "<version>"` only the version that was looked at.
#[utoipa::path(patch, path = "/api/v1/backlog/{run}/items/{key}", tag = "backlog",
    params(("run" = String, Path), ("key" = String, Path), ("If-Match" = Option<String>, Header, description = "The version that was looked at")),
    request_body = ItemChange, responses((status = 200, body = BacklogItem, description = "The item")))]
async fn change(
    State(state): State<RouteState>,
    PathOf((run, key)): PathOf<(RunId, String)>,
    headers: HeaderMap,
    JsonBody(change): JsonBody<ItemChange>,
) -> ApiResult<Response> {
    let Backlog { params, handle, .. } = state.backlog(run).await?;
    let to = params.to.as_deref();
    let found = items::one(&state.db, run, to, &key).await.map_err(unanswered)?;
    let found = found.ok_or_else(|| ApiError::not_found("item", &key))?;
    if let Some(expected) = headers.get(header::IF_MATCH) {
        let expected = expected.to_str().unwrap_or_default().trim().trim_matches('"');
        if expected != "*" && expected != found.version.to_string() {
            return Err(changed_meanwhile());
        }
    }
    if found.delivery.as_ref().is_some_and(|delivery| delivery.state == DeliveryState::Done) {
        return Err(ApiError::new(
            Code::AlreadyDelivered,
            format!("the item {key} is at its destination already"),
        ));
    }
    if change.excluded.is_some_and(|excluded| excluded != found.excluded)
        && stage(&handle.record, "stage").is_some_and(|stage| stage.counts.done > 0)
        && found.delivery.is_some()
    {
        return Err(not_now("the item is staged already: it can no longer be left out"));
    }
    let edited = change.item.as_ref().is_some_and(|fields| !fields.is_empty());
    let item = match change.item {
        Some(fields) => merged(&found.item, fields)?,
        None => found.item.clone(),
    };
    let siblings = siblings(&state, run, to, &found).await?;
    let quality = gate::judge(&item, siblings.iter().map(|sibling| &sibling.item));
    let edit = Edit {
        version: found.version,
        flagged: if edited { quality.score < params.quality_threshold } else { found.flagged },
        edited: found.edited || edited,
        excluded: change.excluded.unwrap_or(found.excluded),
        item,
        quality: if edited {
            quality
        } else {
            gate::Quality { score: found.quality.score, problems: found.quality.problems.clone() }
        },
    };
    if !items::edit(&state.db, run, &key, &edit).await.map_err(unanswered)? {
        return Err(changed_meanwhile());
    }
    let now = items::one(&state.db, run, to, &key).await.map_err(unanswered)?;
    let now = now.ok_or_else(|| ApiError::not_found("item", &key))?;
    let tag = [(header::ETAG, format!("\"{}\"", now.version))];
    Ok((tag, Json(now)).into_response())
}

fn changed_meanwhile() -> ApiError {
    ApiError::new(Code::Conflict, "the item has been changed meanwhile: read it again")
}

async fn siblings(
    state: &RouteState,
    run: RunId,
    to: Option<&str>,
    of: &BacklogItem,
) -> ApiResult<Vec<BacklogItem>> {
    let parent = of.parent.clone().map_or(Parent::Root, Parent::Key);
    let filter = ItemFilter { parent: Some(parent), kind: Some(of.kind), ..ItemFilter::default() };
    let mut siblings = items::page(&state.db, run, to, &filter, None, PAGE).await.map_err(unanswered)?;
    siblings.retain(|sibling| sibling.key != of.key);
    Ok(siblings)
}

/// An item with some of its fields replaced.
fn merged(item: &WorkItem, fields: Map<String, Value>) -> ApiResult<WorkItem> {
    let Ok(Value::Object(mut whole)) = serde_json::to_value(item) else {
        return Err(ApiError::new(Code::Internal, "the item has no JSON form"));
    };
    for (name, value) in fields {
        if name == "kind" {
            if value != item.kind.as_str() {
                return Err(ApiError::invalid("item.kind", "never changes"));
            }
        } else if value.is_null() && name != "title" {
            whole.remove(&name);
        } else {
            whole.insert(name, value);
        }
    }
    let merged: WorkItem = serde_json::from_value(Value::Object(whole)).map_err(|error| {
        let message = error.to_string();
        match message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
            Some(field) => ApiError::new(Code::UnknownField, format!("unknown: item.{field}"))
                .field(web::FieldProblem::new(format!("item.{field}"), "is not a field here")),
            None => ApiError::invalid("item", message),
        }
    })?;
    checked(&merged)?;
    Ok(merged)
}

fn checked(item: &WorkItem) -> ApiResult<()> {
    let title = item.title.chars().count();
    if title == 0 || title > 255 || item.title.trim().is_empty() || item.title.chars().any(char::is_control) {
        return Err(ApiError::invalid("item.title", "must be one line of 1 to 255 characters"));
    }
    let texts = item
        .acceptance_criteria
        .iter()
        .chain([&item.description])
        .chain(item.test_data.as_ref())
        .chain(item.sections.iter().flat_map(|section| [&section.heading, &section.text]))
        .chain(item.steps.iter().flat_map(|step| [&step.action, &step.expected]));
    if texts.into_iter().any(|text| text.chars().count() > MAX_TEXT_CHARS) {
        return Err(ApiError::invalid("item", format!("a text may have {MAX_TEXT_CHARS} characters")));
    }
    if [item.acceptance_criteria.len(), item.sections.len(), item.steps.len()]
        .iter()
        .any(|count| *count > MAX_ENTRIES)
    {
        return Err(ApiError::invalid("item", format!("a list may have {MAX_ENTRIES} entries")));
    }
    if item.priority.is_some_and(|priority| !(1..=4).contains(&priority)) {
        return Err(ApiError::invalid("item.priority", "must be 1 to 4"));
    }
    for (path, figure) in
        [("item.story_points", item.story_points), ("item.estimate_hours", item.estimate_hours)]
    {
        if figure.is_some_and(|figure| !(0.0..=1_000.0).contains(&figure)) {
            return Err(ApiError::invalid(path, "must be 0 to 1000"));
        }
    }
    Ok(())
}

/// Which items are staged again.
#[derive(Deserialize, ToSchema)]
struct RestageRequest {
    /// These; all that were edited and not delivered where absent.
    #[serde(default)]
    keys: Option<Vec<String>>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
struct Restaged {
    /// Items that were staged again.
    staged: usize,
}

/// Stages items again under their own keys: those that were edited and are not at the destination. Known keys get the new
/// text unless they were sent.
#[utoipa::path(post, path = "/api/v1/backlog/{run}/restage", tag = "backlog", params(("run" = String, Path)),
    request_body = RestageRequest, responses((status = 200, body = Restaged, description = "How many")))]
async fn restage(
    State(state): State<RouteState>,
    PathOf(run): PathOf<RunId>,
    JsonBody(request): JsonBody<RestageRequest>,
) -> ApiResult<Json<Restaged>> {
    let Backlog { handle, params, .. } = state.backlog(run).await?;
    let Some(to) = params.to else { return Err(not_now("the backlog has no destination")) };
    let begun = stage(&handle.record, "stage").is_some_and(|stage| stage.state.is_over());
    if !begun || phase(&handle.record) == Phase::Review {
        return Err(not_now("the backlog is not staged yet: approve it first"));
    }
    let filter = match request.keys {
        Some(keys) => {
            check_keys(&keys)?;
            ItemFilter { keys, ..ItemFilter::default() }
        }
        None => ItemFilter { unstaged_edits: true, ..ItemFilter::default() },
    };
    let mut wanted = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = items::page(&state.db, run, Some(&to), &filter, after.as_deref(), PAGE)
            .await
            .map_err(unanswered)?;
        let full = page.len() == PAGE as usize;
        after = page.last().map(|item| item.place().to_owned());
        wanted.extend(page.into_iter().filter(may_be_staged));
        if !full {
            break;
        }
    }
    let wanted = without_excluded(&state, run, &to, wanted).await?;
    let staged = wanted.iter().map(|item| delivery::of(&item.stored(), &to));
    let deliveries: Vec<NewDelivery> =
        staged.collect::<Result<_, _>>().map_err(|error| ApiError::internal(&error))?;
    if deliveries.is_empty() {
        return Ok(Json(Restaged { staged: 0 }));
    }
    let versions: Vec<(Arc<str>, i64)> =
        wanted.iter().map(|item| (Arc::from(item.key.as_str()), item.version)).collect();
    let staged = state.restage.stage(run, deliveries).await?;
    items::mark_staged(&state.db, run, &versions).await.map_err(unanswered)?;
    Ok(Json(Restaged { staged }))
}

fn check_keys(keys: &[String]) -> ApiResult<()> {
    if keys.is_empty() || keys.len() > MAX_KEYS {
        return Err(ApiError::invalid("keys", format!("must be 1 to {MAX_KEYS}")));
    }
    match keys.iter().position(|key| keys::positions(key).is_none()) {
        Some(index) => Err(ApiError::invalid(format!("keys[{index}]"), "is no item's key")),
        None => Ok(()),
    }
}

/// What is sent, or may have been, stays as it is.
fn may_be_staged(item: &BacklogItem) -> bool {
    !item.excluded
        && item.delivery.as_ref().is_none_or(|delivery| {
            !matches!(delivery.state, DeliveryState::Done | DeliveryState::Leased | DeliveryState::Unknown)
        })
}

/// Those of which no parent is left out.
async fn without_excluded(
    state: &RouteState,
    run: RunId,
    to: &str,
    wanted: Vec<BacklogItem>,
) -> ApiResult<Vec<BacklogItem>> {
    let mut excluded: HashMap<String, bool> = HashMap::new();
    let mut left = Vec::new();
    for item in wanted {
        let mut out = false;
        for key in keys::path(&item.key) {
            let known = match excluded.get(key) {
                Some(known) => *known,
                None => {
                    let found = items::one(&state.db, run, Some(to), key).await.map_err(unanswered)?;
                    let known = found.is_none_or(|item| item.excluded);
                    excluded.insert(key.to_owned(), known);
                    known
                }
            };
            out |= known;
        }
        if !out {
            left.push(item);
        }
    }
    Ok(left)
}
