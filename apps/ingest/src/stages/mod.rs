//! The activities of an ingest.

mod classify;
mod commit;
mod discover;
mod enrich;
mod preview;
mod read;

use crate::{files::Roots, tables};
use activity::{Attempt, Effects, Outcome, Registry};
use model::{Failure, TaskError, WaitClass};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc, time::SystemTime};

/// What an ingest is set up with.
#[derive(Clone, Debug)]
pub struct IngestOptions {
    /// The folders that may be read.
    pub roots: Roots,
    /// Where thumbnails are kept.
    pub thumbnails: PathBuf,
    /// Where the classifier's model is, if it is installed.
    pub models: PathBuf,
}

/// A file on its way from discover to read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) size: u64,
}

/// A file on its way from read to what follows; all else is in `ingest_files`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReadFile {
    pub(crate) path: String,
    pub(crate) sha256: String,
    pub(crate) video: bool,
}

/// Something wrong with a file that does not fail it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Trouble {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Trouble {
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

/// The activities by name.
pub(crate) fn registry(options: IngestOptions) -> Registry {
    let options = Arc::new(options);
    let mut registry = Registry::default();
    registry.add("ingest.discover", WaitClass::Io, discover::Discover(options.clone()));
    registry.add_cpu("ingest.read", read::Read::new(options.clone()));
    registry.add_cpu("ingest.enrich", enrich::Enrich(options.clone()));
    registry.add_cpu("ingest.classify", classify::Classify::new(options.clone()));
    registry.add_cpu("ingest.preview", preview::Preview);
    registry.add("ingest.commit", WaitClass::Io, commit::Commit(options));
    registry.forgets(tables::forget);
    registry
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The effects of an attempt that ended well: error entries of those before it go.
pub(crate) fn report(effects: &mut Effects, attempt: &Attempt, file: &str, troubles: &[Trouble]) {
    effects.write(tables::mended(attempt));
    note(effects, attempt, file, troubles);
}

/// Writes troubles as error entries: rows, a fact each, and the run's figure `errors`.
pub(crate) fn note(effects: &mut Effects, attempt: &Attempt, file: &str, troubles: &[Trouble]) {
    if troubles.is_empty() {
        return;
    }
    effects.count("errors", troubles.len() as i64);
    effects.write(tables::errors(attempt, file, now_ms(), troubles));
    for trouble in troubles {
        effects.note("error", &Note::of(attempt, file, trouble, false));
    }
}

#[derive(Serialize)]
struct Note<'a> {
    file: &'a str,
    stage: &'a str,
    code: &'a str,
    message: &'a str,
    /// Whether the task failed with it: then the run says so too, in an event of its own.
    failed: bool,
}

impl<'a> Note<'a> {
    fn of(attempt: &'a Attempt, file: &'a str, trouble: &'a Trouble, failed: bool) -> Self {
        Self { file, stage: &attempt.stage, code: &trouble.code, message: &trouble.message, failed }
    }
}

/// The entry of a task that failed for good. It is not counted in `errors`: failed tasks are counted by the core, and
/// a retry that succeeds takes them back.
pub(crate) fn failed(attempt: &Attempt, file: &str, error: &TaskError) -> Effects {
    let mut effects = Effects::default();
    let trouble = Trouble::new(error.code.clone(), error.message.clone());
    effects.write(tables::mended(attempt));
    effects.write(tables::errors(attempt, file, now_ms(), std::slice::from_ref(&trouble)));
    effects.note("error", &Note::of(attempt, file, &trouble, true));
    effects
}

/// A value that cannot be read is a fault of another version's writer, not of the file.
pub(crate) fn unreadable(error: &serde_json::Error) -> Outcome {
    Failure::permanent("bad_item", format!("the task's data cannot be read: {error}")).into()
}

/// The store did not answer: another attempt may find it well.
pub(crate) fn no_answer(error: &db::Error) -> Outcome {
    Failure::transient(error.code(), format!("the store did not answer: {error}")).into()
}
