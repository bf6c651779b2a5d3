//! Files of a backlog.

use super::{Backlog, RouteState, unanswered};
use crate::{
    export::{self, Format},
    tables::items::{self, ItemFilter},
};
use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::header;
use model::RunId;
use serde::Deserialize;
use utoipa::IntoParams;
use web::{ApiError, ApiResult, PathOf, Permission, QueryOf, Routes, routes};

/// Items that are read at once.
const PAGE: u32 = 1_000;

pub(super) fn routes() -> Routes<RouteState> {
    Routes::new().with(Permission::RunsRead, routes!(export))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// `csv`, `json` or `markdown`; `json` where absent.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
}

/// All items as a file: CSV (one line each), JSON, or nested Markdown without what is left out.
#[utoipa::path(get, path = "/api/v1/backlog/{run}/export", tag = "backlog", params(("run" = String, Path), ExportQuery),
    responses((status = 200, content_type = "application/octet-stream", description = "The file, as attachment")))]
async fn export(
    State(state): State<RouteState>,
    PathOf(run): PathOf<RunId>,
    QueryOf(query): QueryOf<ExportQuery>,
) -> ApiResult<Response> {
    let Backlog { handle, params, .. } = state.backlog(run).await?;
    let format = query.format.unwrap_or(Format::Json);
    let title = &handle.record.meta.title;
    let mut writer = export::Writer::new(format, run, title).map_err(|error| ApiError::internal(&error))?;
    let mut after: Option<String> = None;
    loop {
        let filter = ItemFilter::default();
        let page = items::page(&state.db, run, params.to.as_deref(), &filter, after.as_deref(), PAGE).await;
        let page = page.map_err(unanswered)?;
        for item in &page {
            writer.add(item).map_err(|error| ApiError::internal(&error))?;
        }
        if page.len() < PAGE as usize {
            break;
        }
        after = page.last().map(|item| item.place().to_owned());
    }
    let headers = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"backlog-{run}.{}\"", format.ending())),
        (header::X_CONTENT_TYPE_OPTIONS, String::from("nosniff")),
        (header::CACHE_CONTROL, String::from("no-store")),
    ];
    Ok((headers, Body::from(writer.finish())).into_response())
}
