//! What an application's routes may do with runs. The server implements it on the engine; applications do not see that.

use crate::ApiError;
use model::RunId;
use serde_json::value::RawValue;
use std::{future::Future, pin::Pin, sync::Arc};
use store::RunRecord;

/// What a verb of [`RunVerbs`] answers.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send + 'a>>;

/// Verbs on runs, for routes of applications.
pub trait RunVerbs: Send + Sync + 'static {
    /// Starts a run, or finds the one that was started with the same idempotency key.
    fn start(&self, run: NewRun) -> Answer<'_, RunHandle>;

    /// A run; `not_found` where there is none with that id.
    fn find(&self, run: RunId) -> Answer<'_, RunHandle>;

    /// Sends a signal to whatever waits for `name` in the run.
    fn signal(
        &self,
        run: RunId,
        name: &str,
        payload: serde_json::Value,
        by: &Arc<str>,
    ) -> Answer<'_, RunHandle>;
}

/// A run to be started.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Name of the pipeline.
    pub pipeline: String,
    /// What it runs on.
    pub input: serde_json::Value,
    /// What people read; the pipeline's title where empty.
    pub title: String,
    /// Who starts it.
    pub by: crate::Principal,
    /// The request's `Idempotency-Key`, as it came.
    pub idempotency_key: Option<String>,
}

/// A run, for routes.
#[derive(Clone, Debug)]
pub struct RunHandle {
    /// Its state, definition and meta.
    pub record: Arc<RunRecord>,
    /// The same as the API shows it (`Run`), rates included: put it into answers as it is.
    pub view: Arc<RawValue>,
    /// Whether a start found it instead of making it: an earlier request with the same key had.
    pub existing: bool,
    /// What is under way now, as the run's stream shows it; `None` where nothing is.
    pub current: Option<Arc<str>>,
}
