//! Enrich: keywords from prompts, captions and tags; scores from sidecars and XMP.

use super::{IngestOptions, ReadFile, Trouble, no_answer, report, unreadable};
use crate::{
    Params,
    files::{path_of_text, read_all},
    meta::{
        keywords::{Keyword, Sources, keywords},
        sidecar,
    },
    tables::{self, Material},
};
use activity::{Attempt, Context, CpuActivity, Effects, Outcome, Success};
use model::{RunId, TaskError};
use std::{io, path::Path, sync::Arc};

pub(super) struct Enrich(pub(super) Arc<IngestOptions>);

impl CpuActivity for Enrich {
    fn run(&self, context: &Context) -> Outcome {
        self.enrich(context).map_or_else(|outcome| outcome, Outcome::from)
    }

    fn failed(&self, attempt: &Attempt, error: &TaskError) -> Effects {
        super::failed(attempt, &attempt.key, error)
    }

    fn forgotten(&self, run: RunId, stage: &str) -> Vec<db::Statement> {
        vec![tables::stage_mended(run, stage)]
    }
}

impl Enrich {
    fn enrich(&self, context: &Context) -> Result<Success, Outcome> {
        let file: ReadFile = context.data().map_err(|error| unreadable(&error))?;
        let params: Params = context.input().map_err(|error| unreadable(&error))?;
        let attempt = context.attempt();
        let material = Material::load(context.db(), attempt).map_err(|error| no_answer(&error))?;
        let mut success = Success::empty();
        let mut troubles = Vec::new();
        let found = if params.extract_keywords { found_keywords(&material) } else { Vec::new() };
        let mut score = material.rating.unwrap_or(0);
        let mut favourite = false;
        if params.import_scores {
            match self.sidecar(&path_of_text(&file.path)) {
                Ok(Some(sidecar)) => {
                    (score, favourite) = (sidecar.score, sidecar.favourite);
                    success.effects.count("scores", 1);
                }
                Ok(None) => {}
                Err(trouble) => troubles.push(trouble),
            }
        }
        success.effects.write(tables::enriched(attempt, &material, &found, score, favourite));
        report(&mut success.effects, attempt, &file.path, &troubles);
        Ok(success)
    }

    /// The score beside the file, if there is one.
    fn sidecar(&self, path: &Path) -> Result<Option<sidecar::Sidecar>, Trouble> {
        let Some(beside) = sidecar::path_of(path) else { return Ok(None) };
        let trouble = |error: &io::Error| {
            Trouble::new("sidecar_unreadable", format!("its score file cannot be read: {error}"))
        };
        let file = match self.0.roots.open(&beside) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(trouble(&error)),
        };
        // One byte more than allowed is enough to be told that it is too big.
        let bytes = read_all(&file, sidecar::MAX_SIDECAR_BYTES as u64).map_err(|error| trouble(&error))?;
        let parsed = sidecar::parse(&bytes).map_err(|error| Trouble::new(error.code(), error.to_string()))?;
        Ok(Some(parsed))
    }
}

fn found_keywords(material: &Material) -> Vec<Keyword> {
    keywords(&Sources {
        prompt: material.prompt.as_deref(),
        captions: &material.captions,
        tags: &material.tags,
        model: material.model.as_deref(),
        dimensions_px: material.dimensions,
    })
}
