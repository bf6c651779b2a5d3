//! Errors as `application/problem+json`: what goes outside is declared by the code; what is logged stays inside.

use crate::Code;
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use std::{borrow::Cow, sync::Arc, time::Duration};

/// A handler's answer.
pub type ApiResult<T> = Result<T, ApiError>;

/// A request that was not done. Cheap enough to be an `Err`.
#[derive(Clone, Debug)]
pub struct ApiError(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    code: Code,
    detail: Cow<'static, str>,
    fields: Vec<FieldProblem>,
    retry_after: Option<Duration>,
    cause: Option<Arc<str>>,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldProblem {
    /// Where it stands: `stages[2].name`, or the name of a query key.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl FieldProblem {
    /// Says what is wrong with the field at `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// A problem document (RFC 9457).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Where the code is explained.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, in a few words; the same for every occurrence of the code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable word for what happened.
    pub code: String,
    /// What happened this time.
    pub detail: String,
    /// The path that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The fields that are to blame.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// Finds this request in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

impl ApiError {
    /// An error of that code. `detail` is shown outside.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            code,
            detail: detail.into(),
            fields: Vec::new(),
            retry_after: None,
            cause: None,
        }))
    }

    /// There is no `what` called `id`.
    pub fn not_found(what: &str, id: impl std::fmt::Display) -> Self {
        let id: String = id.to_string().chars().take(80).collect();
        Self::new(Code::NotFound, format!("there is no {what} '{id}'"))
    }

    /// One field of the request does not fit.
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        let field = FieldProblem::new(path, message);
        let detail = format!("{}: {}", field.path, field.message);
        Self::new(Code::InvalidValue, detail).field(field)
    }

    /// Something went wrong here. The cause, with its sources, is logged and not shown.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        Self::new(Code::Internal, "the request could not be finished").caused_by(cause)
    }

    /// Adds a field that is to blame.
    #[must_use]
    pub fn field(mut self, field: FieldProblem) -> Self {
        self.0.fields.push(field);
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    /// Keeps the cause, with its sources, for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: &dyn std::error::Error) -> Self {
        let mut text = cause.to_string();
        let mut source = cause.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        self.0.cause = Some(Arc::from(text));
        self
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The status that it is answered with.
    pub fn status(&self) -> StatusCode {
        self.0.code.entry().status
    }

    /// What happened this time.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// What is logged and not shown.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The document for it.
    pub fn problem(&self, instance: Option<String>, trace: Option<String>) -> Problem {
        let entry = self.0.code.entry();
        Problem {
            kind: format!("/help/errors#{}", entry.word),
            title: entry.title.to_owned(),
            status: entry.status.as_u16(),
            code: entry.word.to_owned(),
            detail: self.0.detail.to_string(),
            instance,
            fields: self.0.fields.clone(),
            trace,
        }
    }

    /// The answer for it. `instance` and `trace` tell which request it was.
    pub fn response(&self, instance: Option<String>, trace: Option<String>) -> Response {
        let problem = self.problem(instance, trace);
        // A document of strings and numbers always has a JSON form.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.0.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"headway\""));
        }
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.response(None, None);
        // The server fills in which request it was, and logs the cause.
        response.extensions_mut().insert(self);
        response
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0.code.entry().word, self.0.detail)
    }
}

impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        if let store::Error::Db(db @ db::Error::Unsupported { .. }) = &error {
            return Self::new(Code::Conflict, db.to_string());
        }
        let code = match &error {
            store::Error::Db(db) => match db.code() {
                "db_full" => Code::StorageFull,
                "db_closed" | "db_stopped" | "db_away" => Code::Unavailable,
                _ => Code::Internal,
            },
            _ => Code::Internal,
        };
        Self::new(code, "the store did not answer as it should").caused_by(&error)
    }
}
