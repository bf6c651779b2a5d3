//! Strict reading of JSON bodies: every key is known, every value fits, and what is wrong is named by its place.

use crate::{ApiError, Code, FieldProblem};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use http::{StatusCode, header};
use serde::{Deserializer, de::DeserializeOwned};

/// Most unknown fields that are listed.
const FIELDS_LISTED: usize = 20;

/// A JSON body. An empty body is read as `{}`, for verbs whose fields are all optional.
#[derive(Clone, Copy, Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = is_json(&request);
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                ApiError::new(Code::TooLarge, "the body is larger than this route accepts")
            } else {
                ApiError::new(Code::BadRequest, "the body could not be read to its end")
            }
        })?;
        if bytes.is_empty() {
            return read(b"{}").map(Self);
        }
        if !is_json {
            return Err(ApiError::new(Code::UnsupportedMediaType, "the body must be application/json"));
        }
        read(&bytes).map(Self)
    }
}

fn is_json(request: &Request) -> bool {
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else { return false };
    let Ok(text) = value.to_str() else { return false };
    let kind = text.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Reads a `T`, and nothing besides it.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = read_strictly(&mut json, |error: &serde_json::Error| error.is_data())?;
    json.end().map_err(|error| ApiError::new(Code::MalformedJson, error.to_string()))?;
    Ok(value)
}

/// Reads a `T` and refuses keys that it does not have. `is_data` tells a value that does not fit from a text that
/// cannot be read.
pub(crate) fn read_strictly<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
    is_data: impl Fn(&D::Error) -> bool,
) -> Result<T, ApiError> {
    let mut track = serde_path_to_error::Track::new();
    let mut unknown = Vec::new();
    let tracked = serde_path_to_error::Deserializer::new(deserializer, &mut track);
    let mut note = |path: serde_ignored::Path<'_>| unknown.push(plain(&path.to_string()));
    let read = T::deserialize(serde_ignored::Deserializer::new(tracked, &mut note));
    match read {
        Ok(value) if unknown.is_empty() => Ok(value),
        Ok(_) => Err(unknown_fields(unknown)),
        Err(error) if !is_data(&error) => Err(ApiError::new(Code::MalformedJson, error.to_string())),
        Err(error) => Err(does_not_fit(&track.path().to_string(), &error.to_string())),
    }
}

fn unknown_fields(paths: Vec<String>) -> ApiError {
    let error = ApiError::new(Code::UnknownField, format!("unknown: {}", listed(&paths)));
    paths
        .into_iter()
        .take(FIELDS_LISTED)
        .fold(error, |error, path| error.field(FieldProblem::new(path, "is not a field here")))
}

fn listed(paths: &[String]) -> String {
    let shown: Vec<&str> = paths.iter().take(FIELDS_LISTED).map(String::as_str).collect();
    shown.join(", ")
}

fn does_not_fit(path: &str, message: &str) -> ApiError {
    // The place is told by its path: a line and column of a body that a program wrote help nobody.
    let message = message.rsplit_once(" at line ").map_or(message, |(before, _)| before);
    // A type of the model may refuse unknown fields by itself.
    if message.starts_with("unknown field") {
        return ApiError::new(Code::UnknownField, message.to_owned()).field(FieldProblem::new(path, message));
    }
    let place = if path == "." { "body" } else { path };
    ApiError::invalid(place, message)
}

/// `a.?.b` as `a.b`: options leave a mark in the path that says nothing to people.
fn plain(path: &str) -> String {
    path.split('.').filter(|part| *part != "?").collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Body {
        name: String,
        #[serde(default)]
        list: Vec<Inner>,
        #[serde(default)]
        inner: Option<Inner>,
        #[serde(default)]
        free: serde_json::Value,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Inner {
        count: u32,
    }

    fn code_and_fields(body: &str) -> String {
        match read::<Body>(body.as_bytes()) {
            Ok(_) => "read".to_owned(),
            Err(error) => {
                let problem = error.problem(None, None);
                let fields: Vec<String> =
                    problem.fields.iter().map(|field| format!("{}: {}", field.path, field.message)).collect();
                format!("{} {} [{}]", problem.status, problem.code, fields.join("; "))
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        use expect_test::expect;
        let check = |body: &str, expected: expect_test::Expect| expected.assert_eq(&code_and_fields(body));
        check(r#"{"name": "a", "free": {"any": [1]}}"#, expect!["read"]);
        check(r#"{"name": "a", "nmae": 1}"#, expect!["400 unknown_field [nmae: is not a field here]"]);
        check(
            r#"{"name": "a", "inner": {"count": 1, "x": 2}, "list": [{"count": 1, "y": 3}]}"#,
            expect!["400 unknown_field [inner.x: is not a field here; list.0.y: is not a field here]"],
        );
        check(
            r#"{"name": "a", "list": [{"count": 1}, {"count": "many"}]}"#,
            expect![[r#"422 invalid_value [list[1].count: invalid type: string "many", expected u32]"#]],
        );
        check(r#"{}"#, expect!["422 invalid_value [body: missing field `name`]"]);
        check(r#"{"name": "#, expect!["400 malformed_json []"]);
        check(r#"{"name": "a"} x"#, expect!["400 malformed_json []"]);
        check(r#"{"name": "a", "name": "b"}"#, expect!["422 invalid_value [body: duplicate field `name`]"]);
        check(
            &"[".repeat(100_000),
            expect!["422 invalid_value [[0]: invalid type: sequence, expected a string]"],
        );
        let deep = format!("{{\"name\": \"a\", \"free\": {}", "[".repeat(100_000));
        check(&deep, expect!["400 malformed_json []"]);
    }
}
