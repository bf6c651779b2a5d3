//! Events of a run, page by page.

use crate::{state::ServerState, verbs};
use axum::{Json, extract::State};
use model::RunId;
use serde::Deserialize;
use store::{EventPage, Kinds, Order};
use stream::wire::EventView;
use utoipa::IntoParams;
use web::{ApiError, ApiResult, CommaList, Page, PathOf, Permission, QueryOf, Routes, routes};

/// Most kinds in one request.
const MAX_KINDS: usize = 20;
/// Longest word for a kind, in bytes.
const MAX_KIND_BYTES: usize = 80;

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new().with(Permission::RunsRead, routes!(list))
}

#[derive(Clone, Copy, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum Direction {
    #[default]
    Asc,
    Desc,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// `run_seq` of the last event seen; with `order=desc` events before it follow.
    after: Option<u64>,
    /// Of these kinds; separated by commas, or repeated. `app.*` means all that begin so.
    #[serde(default)]
    #[param(value_type = Vec<String>)]
    kind: CommaList<String>,
    /// Items on a page.
    limit: Option<u32>,
    /// `next_cursor` of the page before; the same as `after`.
    cursor: Option<String>,
    /// `asc` (oldest first) or `desc`.
    #[serde(default)]
    #[param(inline)]
    order: Direction,
}

/// Events of a run. `next_cursor` is the `run_seq` to go on from.
#[utoipa::path(get, path = "/api/v1/runs/{id}/events", tag = "events", params(("id" = String, Path), EventsQuery),
    responses((status = 200, body = Page<EventView>, description = "A page of events")))]
async fn list(
    State(state): State<ServerState>,
    PathOf(id): PathOf<RunId>,
    QueryOf(query): QueryOf<EventsQuery>,
) -> ApiResult<Json<Page<EventView>>> {
    let record = verbs::find(state.engine(), id).await?;
    let limit = web::limit(query.limit)?;
    let after = match (&query.cursor, query.after) {
        (Some(cursor), _) => {
            let strange = |_| ApiError::new(web::Code::BadCursor, "the cursor was not made by this list");
            Some(cursor.parse().map_err(strange)?)
        }
        (None, after) => after,
    };
    let page = EventPage {
        run: id,
        after,
        kinds: kinds(query.kind.0)?,
        order: match query.order {
            Direction::Asc => Order::Up,
            Direction::Desc => Order::Down,
        },
        limit: limit + 1,
    };
    let mut events = state.store().events(&page).await?;
    let more = events.len() > limit as usize;
    events.truncate(limit as usize);
    let next_cursor = if more { events.last().map(|event| event.run_seq.to_string()) } else { None };
    let items = events.iter().map(|event| EventView::of(event, Some(&record.definition))).collect();
    Ok(Json(Page { items, next_cursor }))
}

fn kinds(words: Vec<String>) -> ApiResult<Kinds> {
    if words.is_empty() {
        return Ok(Kinds::All);
    }
    if words.len() > MAX_KINDS || words.iter().any(|word| word.len() > MAX_KIND_BYTES) {
        return Err(ApiError::invalid(
            "kind",
            format!("at most {MAX_KINDS} words of {MAX_KIND_BYTES} bytes"),
        ));
    }
    Ok(Kinds::Only(words))
}
