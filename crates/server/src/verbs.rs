//! Starting runs and sending signals, for our own routes and for those of applications.

use crate::{refusal::problem, views};
use engine::{Command, Engine, StartRun};
use model::{Definition, RunId};
use std::{collections::BTreeMap, sync::Arc};
use store::RunRecord;
use web::{Answer, ApiError, Code, NewRun, Principal, RunHandle, RunVerbs};

/// Longest idempotency key, in bytes.
pub(crate) const MAX_KEY_BYTES: usize = 128;

/// The verbs on runs for an application's routes, on an engine.
pub fn run_verbs(engine: Engine) -> Arc<dyn RunVerbs> {
    Arc::new(Verbs { engine })
}

struct Verbs {
    engine: Engine,
}

/// What a run is started from.
pub(crate) struct Start {
    pub(crate) definition: Arc<Definition>,
    pub(crate) app: String,
    pub(crate) input: serde_json::Value,
    pub(crate) title: String,
    pub(crate) labels: BTreeMap<String, String>,
}

/// Starts a run, or finds the one that the same principal started with the same key.
pub(crate) async fn start(
    engine: &Engine,
    start: Start,
    by: &Principal,
    key: Option<&str>,
) -> Result<engine::Started, ApiError> {
    let (hash, input) = (start.definition.hash.clone(), start.input.clone());
    let started = engine
        .start(StartRun {
            definition: start.definition,
            input: start.input,
            title: start.title,
            app: start.app,
            created_by: by.name().to_string(),
            labels: start.labels,
            idempotency_key: key.map(|key| key_of(by, key)).transpose()?,
        })
        .await
        .map_err(problem)?;
    let run = &started.record.run;
    if started.existing && (*run.definition != *hash || *run.input != input) {
        return Err(mismatch());
    }
    Ok(started)
}

/// The same key of two people is two keys. Of one person it is one, whichever session or token they came with.
fn key_of(by: &Principal, key: &str) -> Result<String, ApiError> {
    check_key(key)?;
    Ok(format!("{}:{key}", by.name()))
}

pub(crate) fn check_key(key: &str) -> Result<(), ApiError> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = format!("Idempotency-Key must be 1 to {MAX_KEY_BYTES} visible ASCII characters");
        return Err(ApiError::new(Code::BadRequest, detail));
    }
    Ok(())
}

pub(crate) fn mismatch() -> ApiError {
    ApiError::new(Code::IdempotencyMismatch, "the key came before with another request")
}

/// A run's record; the problem `not_found` where there is none.
pub(crate) async fn find(engine: &Engine, run: RunId) -> Result<Arc<RunRecord>, ApiError> {
    let record = engine.record(run).await.map_err(problem)?;
    record.ok_or_else(|| ApiError::not_found("run", run))
}

impl Verbs {
    fn handle(&self, record: Arc<RunRecord>) -> Result<RunHandle, ApiError> {
        let view = serde_json::value::to_raw_value(&views::run(&self.engine, &record))
            .map_err(|error| ApiError::internal(&error))?;
        let current = self.engine.current(&record);
        Ok(RunHandle { record, view: Arc::from(view), existing: false, current })
    }

    async fn start_by_name(&self, run: NewRun) -> Result<RunHandle, ApiError> {
        let definition = self
            .engine
            .pipeline(&run.pipeline)
            .ok_or_else(|| problem(engine::Error::UnknownPipeline(run.pipeline.clone())))?;
        let app = self.engine.app_of(&run.pipeline).map_or_else(String::new, |app| app.to_string());
        let what = Start { definition, app, input: run.input, title: run.title, labels: BTreeMap::new() };
        let started = start(&self.engine, what, &run.by, run.idempotency_key.as_deref()).await?;
        Ok(RunHandle { existing: started.existing, ..self.handle(started.record)? })
    }
}

impl RunVerbs for Verbs {
    fn start(&self, run: NewRun) -> Answer<'_, RunHandle> {
        Box::pin(self.start_by_name(run))
    }

    fn find(&self, run: RunId) -> Answer<'_, RunHandle> {
        Box::pin(async move { self.handle(find(&self.engine, run).await?) })
    }

    fn signal(
        &self,
        run: RunId,
        name: &str,
        payload: serde_json::Value,
        by: &Arc<str>,
    ) -> Answer<'_, RunHandle> {
        let command = Command::Signal {
            name: Arc::from(name),
            stage: None,
            key: None,
            payload: Arc::new(payload),
            by: Arc::clone(by),
        };
        Box::pin(async move { self.handle(self.engine.command(run, command).await.map_err(problem)?) })
    }
}
