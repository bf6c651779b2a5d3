//! Which files of an ingest will be committed.

use super::{RouteState, runs::not_now, score, search, unanswered};
use crate::{
    stats::is_open_for_selection,
    tables::{
        preview::{self, FileFilter, FileSort, SelectionError},
        record::{FileState, NsfwState},
    },
};
use axum::{Json, extract::State};
use model::RunId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use web::{ApiError, ApiResult, JsonBody, PathOf, Permission, Routes, routes};

/// Most keys in one request.
const MAX_KEYS: usize = 5_000;

pub(super) fn routes() -> Routes<RouteState> {
    Routes::new().with(Permission::IngestWrite, routes!(select))
}

/// What to leave out and what to take in: keys, or a filter.
#[derive(Deserialize, ToSchema)]
struct Selection {
    /// Keys of files to leave out.
    #[serde(default)]
    exclude: Vec<String>,
    /// Keys of files to take in again.
    #[serde(default)]
    include: Vec<String>,
    /// Leaves out whatever passes it; stands alone.
    #[serde(default)]
    exclude_filter: Option<SelectionFilter>,
}

/// The same filter as in the query of the file list. Values may be texts, as they stand in an address.
#[derive(Deserialize, ToSchema)]
struct SelectionFilter {
    /// With all these words.
    #[serde(default)]
    q: Option<String>,
    /// In these states: a list, or words separated by commas.
    #[serde(default)]
    #[schema(value_type = Option<Vec<FileState>>)]
    state: Option<OneOrMany>,
    /// With this keyword.
    #[serde(default)]
    keyword: Option<String>,
    /// With this verdict of the classifier.
    #[serde(default)]
    nsfw: Option<NsfwState>,
    /// With at least this score.
    #[serde(default)]
    #[schema(value_type = Option<i8>)]
    min_score: Option<Value>,
    /// Left out already, or not.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    excluded: Option<Value>,
    /// The order of the list; says nothing here.
    #[serde(default, rename = "sort")]
    #[expect(dead_code, reason = "a filter copied from an address brings it along")]
    sort: Option<FileSort>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// What came of it.
#[derive(Serialize, ToSchema)]
struct Selected {
    /// Files that were read and are left out now.
    excluded: u64,
}

impl SelectionFilter {
    fn filter(&self) -> ApiResult<FileFilter> {
        Ok(FileFilter {
            search: search(self.q.as_deref())?,
            states: self.states()?,
            keyword: self.keyword.clone(),
            nsfw: self.nsfw,
            min_score: score("exclude_filter.min_score", self.min_score()?)?,
            excluded: self.excluded()?,
        })
    }

    fn states(&self) -> ApiResult<Vec<FileState>> {
        let words: Vec<&str> = match &self.state {
            None => Vec::new(),
            Some(OneOrMany::One(words)) => words.split(',').map(str::trim).collect(),
            Some(OneOrMany::Many(words)) => words.iter().map(String::as_str).collect(),
        };
        let words = words.into_iter().filter(|word| !word.is_empty());
        let state = |word: &str| {
            let unknown = || ApiError::invalid("exclude_filter.state", "is no state of a file");
            FileState::parse(word).ok_or_else(unknown)
        };
        words.map(state).collect()
    }

    fn min_score(&self) -> ApiResult<Option<i8>> {
        let score = match &self.min_score {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_i64().and_then(|number| i8::try_from(number).ok()),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        let score = score.ok_or_else(|| ApiError::invalid("exclude_filter.min_score", "must be a number"))?;
        Ok(Some(score))
    }

    fn excluded(&self) -> ApiResult<Option<bool>> {
        match &self.excluded {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(excluded)) => Ok(Some(*excluded)),
            Some(Value::String(text)) => match text.as_str() {
                "" => Ok(None),
                "true" | "1" => Ok(Some(true)),
                "false" | "0" => Ok(Some(false)),
                _ => Err(ApiError::invalid("exclude_filter.excluded", "must be true or false")),
            },
            Some(_) => Err(ApiError::invalid("exclude_filter.excluded", "must be true or false")),
        }
    }
}

/// Leaves files out of the commit, or takes them in again: all that are named, or none. Only until the commit.
#[utoipa::path(post, path = "/api/v1/ingest/{run}/selection", tag = "ingest", params(("run" = String, Path)),
    request_body = Selection, responses((status = 200, body = Selected, description = "How many are left out now")))]
async fn select(
    State(state): State<RouteState>,
    PathOf(run): PathOf<RunId>,
    JsonBody(selection): JsonBody<Selection>,
) -> ApiResult<Json<Selected>> {
    let Selection { exclude, include, exclude_filter } = selection;
    let keys = exclude.len() + include.len();
    if keys > MAX_KEYS {
        return Err(ApiError::invalid("exclude", format!("name at most {MAX_KEYS} files at once")));
    }
    if exclude_filter.is_some() && keys > 0 {
        return Err(ApiError::invalid("exclude_filter", "give either keys or a filter"));
    }
    let handle = state.ingest(run).await?;
    if !is_open_for_selection(&handle.record) {
        return Err(not_now("the ingest is committed or has ended: its files can no longer be chosen"));
    }
    match exclude_filter {
        Some(filter) => {
            let filter = filter.filter()?;
            preview::exclude_all(&state.db, run, &filter).await.map_err(unanswered)?;
        }
        None if keys > 0 => {
            let selected = preview::select(&state.db, run, &exclude, &include).await;
            selected.map_err(|error| refused(error, exclude.len()))?;
        }
        None => {}
    }
    let excluded = preview::excluded(&state.db, run).await.map_err(unanswered)?;
    Ok(Json(Selected { excluded }))
}

fn refused(error: SelectionError, excluded: usize) -> ApiError {
    match error {
        SelectionError::NoSuchFile(row) => {
            let path = match row.checked_sub(excluded) {
                None => format!("exclude[{row}]"),
                Some(index) => format!("include[{index}]"),
            };
            ApiError::invalid(path, "is no file that this ingest has read and not yet committed")
        }
        SelectionError::Db(error) => unanswered(error),
    }
}
