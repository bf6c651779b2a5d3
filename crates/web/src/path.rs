//! Reading the variable parts of a path.

use crate::{ApiError, Code};
use axum::{
    RequestPartsExt,
    extract::{FromRequestParts, Path, path::ErrorKind, rejection::PathRejection},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

/// The variable parts of a path. One that cannot be read is answered as a thing that does not exist.
#[derive(Clone, Copy, Debug)]
pub struct PathOf<T>(pub T);

impl<T: DeserializeOwned + Send + 'static, S: Send + Sync> FromRequestParts<S> for PathOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match parts.extract::<Path<T>>().await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(refusal(&rejection)),
        }
    }
}

fn refusal(rejection: &PathRejection) -> ApiError {
    let PathRejection::FailedToDeserializePathParams(failed) = rejection else {
        return ApiError::internal(rejection);
    };
    match failed.kind() {
        ErrorKind::InvalidUtf8InPathParam { .. } => {
            ApiError::new(Code::BadRequest, "the path is not percent-encoded UTF-8")
        }
        ErrorKind::Message(message) | ErrorKind::DeserializeError { message, .. } => {
            ApiError::new(Code::NotFound, message.clone())
        }
        ErrorKind::ParseError { value, .. }
        | ErrorKind::ParseErrorAtKey { value, .. }
        | ErrorKind::ParseErrorAtIndex { value, .. } => ApiError::not_found("thing", value),
        _ => ApiError::internal(rejection),
    }
}
