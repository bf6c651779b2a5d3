//! Pages that the server itself has: the help on codes, and the API's documentation. They work offline, and under the
//! strict policy of every page.

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, header};
use std::{fmt::Write as _, sync::LazyLock};
use web::Code;

/// What every code means, made from the table of codes.
pub(crate) fn errors() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(errors_page);
    answer("text/html; charset=utf-8", PAGE.as_str())
}

/// The page of the API's documentation.
pub(crate) fn docs() -> Response {
    answer("text/html; charset=utf-8", include_str!("../assets/docs.html"))
}

/// Its script.
pub(crate) fn docs_script() -> Response {
    answer("text/javascript; charset=utf-8", include_str!("../assets/docs.js"))
}

/// The style of these pages.
pub(crate) fn style() -> Response {
    answer("text/css; charset=utf-8", include_str!("../assets/pages.css"))
}

fn answer(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, Body::from(text)).into_response()
}

fn errors_page() -> String {
    let mut page = String::from(concat!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        "<title>Headway: what went wrong</title>\n<link rel=\"stylesheet\" href=\"/help/pages.css\">\n</head>\n<body>\n",
        "<h1>What went wrong</h1>\n",
        "<p>Errors are <code>application/problem+json</code>. <code>code</code> says what happened, <code>detail</code> where, ",
        "<code>fields</code> which part of the request is to blame, and <code>trace</code> finds the request in the log.</p>\n",
    ));
    for entry in Code::TABLE {
        // Writing into a String cannot fail.
        let _ = writeln!(
            page,
            "<article id=\"{word}\">\n<h3>{title} <span class=\"status\">{status} <code>{word}</code></span></h3>\n<p>{help}</p>\n</article>",
            word = entry.word,
            title = escaped(entry.title),
            status = entry.status.as_u16(),
            help = escaped(entry.help),
        );
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
