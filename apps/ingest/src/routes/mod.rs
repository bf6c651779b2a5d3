//! The application's routes: ingests and their files, the library, media.
//!
//! Names, paths and everything else that files say leave only as JSON; what a file holds leaves only as the type that its
//! first bytes tell, or as an attachment.

mod bytes;
mod files;
mod library;
mod media;
mod places;
mod runs;
mod selection;
mod words;

#[cfg(test)]
mod tests;

use crate::{
    PIPELINE,
    files::Roots,
    tables::search::{Search, SearchError},
};
use db::Db;
use model::RunId;
use std::{path::PathBuf, sync::Arc};
use web::{ApiError, Code, RunHandle, RunVerbs};

pub use words::KeywordCounts;

/// What the routes work with. Cheap to clone.
#[derive(Clone)]
pub struct RouteState {
    /// The database, with the application's tables.
    pub db: Db,
    /// The folders that may be read.
    pub roots: Roots,
    /// Where thumbnails are kept.
    pub thumbnails: PathBuf,
    /// Where the classifier's model is, if it is installed.
    pub models: PathBuf,
    /// Verbs on runs.
    pub runs: Arc<dyn RunVerbs>,
    /// Distinct keywords that were counted before.
    pub keywords: KeywordCounts,
}

/// The application's routes.
pub fn routes(state: RouteState) -> web::Routes {
    [
        places::routes(),
        runs::routes(),
        files::routes(),
        selection::routes(),
        library::routes(),
        media::routes(),
    ]
    .into_iter()
    .fold(web::Routes::new(), web::Routes::merge)
    .with_state(state)
}

impl RouteState {
    /// An ingest; `not_found` where there is no run with that id, or it is no ingest.
    async fn ingest(&self, run: RunId) -> Result<RunHandle, ApiError> {
        let handle = self.runs.find(run).await?;
        if &*handle.record.meta.pipeline == PIPELINE {
            Ok(handle)
        } else {
            Err(ApiError::not_found("ingest", run))
        }
    }
}

/// The problem for an error of the database.
fn unanswered(error: db::Error) -> ApiError {
    store::Error::Db(error).into()
}

/// Reads what was typed into a search box.
fn search(text: Option<&str>) -> Result<Search, ApiError> {
    let search = Search::parse(text.unwrap_or_default());
    search.map_err(|error: SearchError| ApiError::invalid("q", error.to_string()))
}

/// Lowest and highest score.
const SCORES: std::ops::RangeInclusive<i8> = -1..=5;

/// Checks a score.
fn score(path: &str, score: Option<i8>) -> Result<Option<i8>, ApiError> {
    match score {
        Some(score) if !SCORES.contains(&score) => {
            let message = format!("must be {} (rejected) to {}", SCORES.start(), SCORES.end());
            Err(ApiError::invalid(path.to_owned(), message))
        }
        score => Ok(score),
    }
}

/// Refuses a cursor that another order made.
fn same_order<T: PartialEq>(of_cursor: T, asked: T) -> Result<(), ApiError> {
    if of_cursor == asked {
        Ok(())
    } else {
        Err(ApiError::new(Code::BadCursor, "the cursor was made under another order"))
    }
}

/// Runs what waits for the disk where it holds nobody up.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::internal(&error))
}
