//! The application's routes: backlogs, their items, what would be sent, and files of them.

mod dry_run;
mod export;
mod items;
mod runs;

#[cfg(test)]
mod tests;

use crate::{AuthorName, MODEL_PIPELINE, PIPELINE, Params, Previews, Restage, tables::writing};
use db::Db;
use model::RunId;
use serde::Deserialize as _;
use std::sync::Arc;
use web::{ApiError, RunHandle, RunVerbs};

/// What the routes work with. Cheap to clone.
#[derive(Clone)]
pub struct RouteState {
    /// The database, with the application's tables.
    pub db: Db,
    /// Verbs on runs.
    pub runs: Arc<dyn RunVerbs>,
    /// Name of the language model, where one is configured.
    pub model: Option<String>,
    /// Stages deliveries outside of an attempt.
    pub restage: Arc<dyn Restage>,
    /// Shows what a destination would be sent.
    pub previews: Arc<dyn Previews>,
}

/// The application's routes.
pub fn routes(state: RouteState) -> web::Routes {
    [runs::routes(), items::routes(), dry_run::routes(), export::routes()]
        .into_iter()
        .fold(web::Routes::new(), web::Routes::merge)
        .with_state(state)
}

/// A backlog, with what it was asked for.
struct Backlog {
    handle: RunHandle,
    params: Params,
    author: AuthorName,
}

impl RouteState {
    /// A backlog; `not_found` where there is no run with that id, or it is no backlog. Its vision may still be kept apart.
    async fn backlog(&self, run: RunId) -> Result<Backlog, ApiError> {
        let handle = self.runs.find(run).await?;
        let author = match &*handle.record.meta.pipeline {
            PIPELINE => AuthorName::Outline,
            MODEL_PIPELINE => AuthorName::Openai,
            _ => return Err(ApiError::not_found("backlog", run)),
        };
        let params =
            Params::deserialize(&*handle.record.run.input).map_err(|error| ApiError::internal(&error))?;
        Ok(Backlog { handle, params, author })
    }

    /// The parameters with their vision.
    async fn whole(&self, mut params: Params) -> Result<Params, ApiError> {
        if let Some(hash) = params.vision_sha256.take() {
            let kept = writing::kept_vision(&self.db, &hash).await.map_err(unanswered)?;
            params.vision = kept.unwrap_or_default();
        }
        Ok(params)
    }
}

/// The problem for an error of the database.
fn unanswered(error: db::Error) -> ApiError {
    store::Error::Db(error).into()
}
