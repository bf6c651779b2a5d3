//! Commit: one file into the library, on its own merit.

use super::{IngestOptions, ReadFile, no_answer, read::mtime_ns, unreadable};
use crate::{files::path_of_text, tables};
use activity::{Activity, Attempt, AttemptFuture, Context, Effects, Outcome, Success};
use model::{Failure, RunId, TaskError};
use std::{io, sync::Arc};

pub(super) struct Commit(pub(super) Arc<IngestOptions>);

impl Activity for Commit {
    fn run(self: Arc<Self>, context: Context) -> AttemptFuture {
        Box::pin(async move { self.commit(&context).await.unwrap_or_else(|outcome| outcome) })
    }

    fn failed(&self, attempt: &Attempt, error: &TaskError) -> Effects {
        let mut effects = super::failed(attempt, &attempt.key, error);
        effects.write(tables::rejected(attempt));
        effects
    }

    fn forgotten(&self, run: RunId, stage: &str) -> Vec<db::Statement> {
        vec![tables::stage_mended(run, stage)]
    }
}

impl Commit {
    async fn commit(&self, context: &Context) -> Result<Outcome, Outcome> {
        let file: ReadFile = context.data().map_err(|error| unreadable(&error))?;
        let attempt = context.attempt();
        let staged = tables::Staged::load(context.db(), attempt).await.map_err(|error| no_answer(&error))?;
        let Some(staged) = staged.filter(tables::Staged::is_wanted) else {
            // Excluded by a person, or in the library already: a second commit adds nothing.
            return Ok(Success::empty().into());
        };
        let unchanged = self.is_unchanged(&file.path, staged.size, staged.mtime_ns);
        let unchanged = unchanged.map_err(|error| {
            Failure::permanent("file_gone", format!("the file cannot be found any more: {error}"))
        })?;
        if !unchanged {
            let text = "the file has changed since it was read; ingest it again";
            return Err(Failure::permanent("changed_since_read", text).into());
        }
        let mut success = Success::empty();
        success.effects.count("committed", 1);
        success.effects.write(tables::mended(attempt));
        let statements = tables::library_rows(attempt, &staged, super::now_ms());
        success.effects.statements.extend(statements.map_err(|error| unreadable(&error))?);
        Ok(success.into())
    }

    /// Whether the file on the disk is the one that was read.
    fn is_unchanged(&self, text: &str, size: i64, mtime: i64) -> io::Result<bool> {
        let metadata = self.0.roots.open(&path_of_text(text))?.metadata()?;
        Ok(i64::try_from(metadata.len()) == Ok(size) && mtime_ns(&metadata) == mtime)
    }
}
