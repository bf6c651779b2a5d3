//! The pages that explain: the codes of problems, and the API.

use crate::{pages, state::ServerState};
use axum::response::Response;
use web::{Routes, routes};

pub(super) fn routes() -> Routes<ServerState> {
    // They say nothing that is not in the program itself, and are needed most by those who cannot get in.
    Routes::new().open(routes!(errors)).open(routes!(docs)).open(routes!(docs_script)).open(routes!(style))
}

/// What each code of a problem means, and what to do about it.
#[utoipa::path(get, path = "/help/errors", tag = "help",
    responses((status = 200, body = String, content_type = "text/html", description = "The page")))]
async fn errors() -> Response {
    pages::errors()
}

/// The API's documentation.
#[utoipa::path(get, path = "/docs", tag = "help",
    responses((status = 200, body = String, content_type = "text/html", description = "The page")))]
async fn docs() -> Response {
    pages::docs()
}

/// The script of the API's documentation.
#[utoipa::path(get, path = "/docs/docs.js", tag = "help",
    responses((status = 200, body = String, content_type = "text/javascript", description = "The script")))]
async fn docs_script() -> Response {
    pages::docs_script()
}

/// The style of these pages.
#[utoipa::path(get, path = "/help/pages.css", tag = "help",
    responses((status = 200, body = String, content_type = "text/css", description = "The style")))]
async fn style() -> Response {
    pages::style()
}
