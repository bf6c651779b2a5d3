//! The audit log: a page, all of it, and whether it holds together.

use crate::{
    Error,
    audit::{AuditFilter, AuditResult, AuditRow},
    state::ServerState,
};
use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use http::header;
use serde::{Deserialize, Serialize};
use web::{ApiResult, Cursor, Page, Permission, QueryOf, Routes, routes};

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new()
        .with(Permission::AuditRead, routes!(list))
        .with(Permission::AuditRead, routes!(export))
        .with(Permission::AuditRead, routes!(verify))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// With this text in who.
    who: Option<String>,
    /// With this text in the action, such as `runs:write`.
    action: Option<String>,
    /// With this text in the path.
    object: Option<String>,
    /// With this result.
    #[param(inline)]
    result: Option<AuditResult>,
    /// Items on a page.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Changes and denials, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = Page<AuditRow>, description = "A page of the log")))]
async fn list(
    State(state): State<ServerState>,
    QueryOf(query): QueryOf<AuditQuery>,
) -> ApiResult<Json<Page<AuditRow>>> {
    let limit = web::limit(query.limit)?;
    let filter = AuditFilter {
        before: query.cursor.as_deref().map(Cursor::decode).transpose()?,
        who: query.who,
        action: query.action,
        object: query.object,
        result: query.result,
        limit: limit + 1,
    };
    let rows = state.audit().page(&filter).await?;
    Ok(Json(Page::of(rows, limit, |row| row.seq, |row| row)))
}

/// All of the log, oldest first, a JSON object a line.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "audit",
    responses((status = 200, body = String, content_type = "application/x-ndjson", description = "The log")))]
async fn export(State(state): State<ServerState>) -> Response {
    let pages = stream::unfold((state, 0_i64), |(state, after)| async move {
        let rows = match state.audit().after(after).await {
            Ok(rows) => rows,
            // The connection ends without the closing chunk, so that half an export is not taken for a whole one.
            Err(error) => return Some((Err(error), (state, after))),
        };
        let last = rows.last()?.seq;
        Some((Ok::<_, Error>(lines(&rows)), (state, last)))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"headway-audit.ndjson\""),
    ];
    (headers, Body::from_stream(pages)).into_response()
}

fn lines(rows: &[AuditRow]) -> Bytes {
    let mut text = Vec::new();
    for row in rows {
        // Rows of numbers and texts always have a JSON form.
        text.extend(serde_json::to_vec(row).unwrap_or_default());
        text.push(b'\n');
    }
    Bytes::from(text)
}

/// Whether the log holds together.
#[derive(Serialize, utoipa::ToSchema)]
struct Verified {
    /// Whether every row follows from the one before.
    intact: bool,
    /// How many rows do.
    rows: u64,
    /// The first that does not.
    broken_at: Option<i64>,
}

/// Checks that the log was not changed from outside.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "audit",
    responses((status = 200, body = Verified, description = "What was found")))]
async fn verify(State(state): State<ServerState>) -> ApiResult<Json<Verified>> {
    match state.audit().verify().await {
        Ok(rows) => Ok(Json(Verified { intact: true, rows, broken_at: None })),
        Err(Error::AuditBroken { seq }) => {
            let rows = u64::try_from(seq - 1).unwrap_or(0);
            Ok(Json(Verified { intact: false, rows, broken_at: Some(seq) }))
        }
        Err(error) => Err(error.into()),
    }
}
