//! What the engine refuses, as problems.

use pipeline::Diagnostics;
use std::time::Duration;
use web::{ApiError, Code, FieldProblem};

/// When to come back while the server ends.
const DRAINING: Duration = Duration::from_secs(2);

/// The problem for an error of the engine.
pub fn problem(error: engine::Error) -> ApiError {
    use engine::Error;
    let detail = error.to_string();
    match &error {
        Error::RunNotFound(_)
        | Error::ScheduleNotFound(_)
        | Error::UnknownLimit(_)
        | Error::UnknownDestination(_)
        | Error::DeliveryNotFound(_) => ApiError::new(Code::NotFound, detail),
        Error::NothingToReplay(_) => ApiError::new(Code::IllegalTransition, detail),
        Error::Destination { error, .. } if error.code == "destination_in_use" => {
            ApiError::new(Code::Conflict, with_help(detail, error))
        }
        Error::Destination { error, .. } => ApiError::invalid("settings", with_help(detail, error)),
        Error::UnknownPipeline(_) => {
            let field = FieldProblem::new("pipeline", detail.clone());
            ApiError::new(Code::UnknownPipeline, detail).field(field)
        }
        Error::UnknownActivity { .. } => ApiError::new(Code::InvalidPipeline, detail),
        Error::Refused { source, .. } => match error.code() {
            "signal_not_awaited" => ApiError::new(Code::UnknownSignal, source.to_string()),
            _ => ApiError::new(Code::IllegalTransition, source.to_string()),
        },
        Error::UnknownStage { .. } => ApiError::invalid("stage", detail),
        Error::InputTooLarge { .. } => ApiError::new(Code::TooLarge, detail),
        Error::BadSchedule { .. } => ApiError::invalid("cron", detail),
        Error::ClusterAway { .. } => ApiError::new(Code::Unavailable, detail).retry_after(DRAINING),
        Error::Host { .. } => ApiError::new(Code::IllegalTransition, detail),
        Error::NoFreeId(_) => ApiError::new(Code::Unavailable, detail).retry_after(DRAINING),
        Error::Draining => ApiError::new(Code::Unavailable, detail).retry_after(DRAINING),
        Error::Store(_) | Error::Db(_) | Error::Json(_) => inner(error),
    }
}

fn with_help(detail: String, error: &model::TaskError) -> String {
    error.help.as_ref().map_or(detail.clone(), |help| format!("{detail}. {help}"))
}

/// The problem for a pipeline document with mistakes: a field for each.
pub(crate) fn invalid_pipeline(mistakes: &Diagnostics) -> ApiError {
    let count = mistakes.0.len();
    let error = ApiError::new(Code::InvalidPipeline, format!("the document has {count} mistakes"));
    mistakes.0.iter().fold(error, |error, mistake| {
        let place = match (mistake.line, mistake.column) {
            (Some(line), Some(column)) => format!("document:{line}:{column} {}", mistake.path),
            _ => format!("document {}", mistake.path),
        };
        let help = mistake.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        error.field(FieldProblem::new(place.trim_end(), format!("{}{help}", mistake.message)))
    })
}

fn inner(error: engine::Error) -> ApiError {
    match error {
        engine::Error::Store(error) => error.into(),
        engine::Error::Db(error) => store::Error::Db(error).into(),
        other => ApiError::internal(&other),
    }
}
