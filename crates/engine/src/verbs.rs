//! What is asked of the engine: start, command, look.

use crate::{
    Error, LimitStatus, Result,
    ask::{Asked, Command},
    clock,
    lease::Message,
    plan::plan_start,
    shared::{Engine, Pipeline},
};
use headway_core::new_run;
use model::{Definition, RunId, Work};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use store::{RunHost, RunMeta, RunRecord};
use tokio::sync::oneshot;

/// Largest input of a run, in bytes of JSON: it is handed to every attempt.
const MAX_INPUT_BYTES: usize = 256 * 1024;

/// Ids tried for a new run before the clash is an error: each try is one in a million.
const ID_TRIES: u32 = 4;

/// A run to be started.
#[derive(Clone, Debug)]
pub struct StartRun {
    /// What it runs.
    pub definition: Arc<Definition>,
    /// On what.
    pub input: Value,
    /// What people read; the pipeline's title where empty.
    pub title: String,
    /// The application that it belongs to, or `pipeline`.
    pub app: String,
    /// Who starts it.
    pub created_by: String,
    /// Free words for finding it again.
    pub labels: BTreeMap<String, String>,
    /// A second start under the same key gives the first one's run.
    pub idempotency_key: Option<String>,
}

/// A run that was started, now or before.
#[derive(Clone, Debug)]
pub struct Started {
    /// The run as it stands.
    pub record: Arc<RunRecord>,
    /// Whether an earlier start under the same key made it.
    pub existing: bool,
}

impl Engine {
    /// Starts a run: when this returns, it is on the disk, and its first attempts are under way.
    ///
    /// # Errors
    /// [`Error::Draining`], [`Error::InputTooLarge`], [`Error::UnknownActivity`], [`Error::NoFreeId`],
    /// [`Error::Db`].
    pub async fn start(&self, start: StartRun) -> Result<Started> {
        if self.is_draining() {
            return Err(Error::Draining);
        }
        self.cluster_ready()?;
        self.check_activities(&start.definition)?;
        let bytes = start.input.to_string().len();
        if bytes > MAX_INPUT_BYTES {
            return Err(Error::InputTooLarge { bytes, limit: MAX_INPUT_BYTES });
        }
        let title = if start.title.is_empty() { start.definition.title.clone() } else { start.title };
        let meta = Arc::new(RunMeta {
            pipeline: Arc::from(start.definition.name.as_str()),
            app: Arc::from(start.app),
            title: Arc::from(title),
            created_by: Arc::from(start.created_by),
            labels: start.labels,
            host: self.host(),
        });
        let input = Arc::new(start.input);
        for _ in 0..ID_TRIES {
            let now = clock::now();
            let id = RunId::new(now, clock::random());
            let run = new_run(id, &start.definition, input.clone(), now);
            let record = RunRecord { run, definition: start.definition.clone(), meta: meta.clone() };
            let plan = plan_start(self, &record, start.idempotency_key.as_deref(), now)?;
            match self.store().db().execute(plan.batch.clone()).await {
                Ok(outcomes) => {
                    let newest = crate::plan::newest(&outcomes);
                    if plan.record.meta.host != RunHost::Native {
                        self.publish(Some(plan.record.clone()), plan.events, newest);
                        self.start_on_cluster(plan.record.run.id).await;
                        return Ok(Started { record: plan.record, existing: false });
                    }
                    self.begin_loop(plan.record.clone());
                    self.publish(Some(plan.record.clone()), plan.events, newest);
                    let none = std::collections::HashMap::new();
                    self.dispatcher().committed(self, &plan.record, &plan.reserved, &none, plan.leases);
                    return Ok(Started { record: plan.record, existing: false });
                }
                Err(error) => {
                    self.dispatcher().unreserve(&plan.reserved);
                    match (&error, &start.idempotency_key) {
                        (db::Error::Unique { columns, .. }, Some(key))
                            if columns.contains("idempotency_key") =>
                        {
                            return self.started_before(key).await;
                        }
                        (db::Error::Unique { columns, .. }, _) if columns.contains("runs.id") => {}
                        _ => return Err(error.into()),
                    }
                }
            }
        }
        Err(Error::NoFreeId(ID_TRIES))
    }

    async fn started_before(&self, key: &str) -> Result<Started> {
        let record = self.store().run_by_idempotency_key(key).await?;
        let record = record.ok_or(Error::RunNotFound(RunId(0)))?;
        let record = self.loaded(record.run.id).unwrap_or_else(|| Arc::new(record));
        Ok(Started { record, existing: true })
    }

    fn check_activities(&self, definition: &Definition) -> Result<()> {
        let missing: Vec<String> = definition
            .stages
            .iter()
            .filter_map(|stage| match &stage.work {
                Work::Activity { name, .. } if self.inner().registry.get(name).is_none() => {
                    Some(name.clone())
                }
                _ => None,
            })
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::UnknownActivity { pipeline: definition.name.clone(), activities: missing })
    }

    /// Asks something of a run; returns when it is on the disk.
    ///
    /// # Errors
    /// [`Error::RunNotFound`], [`Error::Refused`], [`Error::UnknownStage`], [`Error::Store`].
    pub async fn command(&self, run: RunId, command: Command) -> Result<Arc<RunRecord>> {
        if !matches!(command, Command::Replay { .. } | Command::Stage { .. }) {
            let record = self.record(run).await?.ok_or(Error::RunNotFound(run))?;
            if record.meta.host != RunHost::Native {
                return self.command_cluster(run, command).await;
            }
        }
        loop {
            let handle = self.run_handle(run).await?;
            let (reply, answer) = oneshot::channel();
            let asked = Asked { command: command.clone(), reply };
            if handle.inbox.send(Message::Ask(asked)).await.is_err() {
                // The loop retired at this moment; the run is loaded anew. Where the engine ends, nothing is.
                if self.inner().end.is_cancelled() {
                    return Err(Error::Draining);
                }
                tokio::task::yield_now().await;
                continue;
            }
            return answer.await.unwrap_or(Err(Error::Draining));
        }
    }

    /// The pipeline called `name`.
    pub fn pipeline(&self, name: &str) -> Option<Arc<Definition>> {
        self.inner().pipelines.read().get(name).map(|pipeline| pipeline.definition.clone())
    }

    /// The application that a pipeline belongs to.
    pub fn app_of(&self, name: &str) -> Option<Arc<str>> {
        self.inner().pipelines.read().get(name).map(|pipeline| pipeline.app.clone())
    }

    /// All pipelines, by name.
    pub fn pipelines(&self) -> Vec<Arc<Definition>> {
        self.inner().pipelines.read().values().map(|pipeline| pipeline.definition.clone()).collect()
    }

    /// Adds a pipeline, or replaces one; runs under way keep the definition they began with.
    ///
    /// # Errors
    /// [`Error::UnknownActivity`].
    pub fn register_definition(&self, definition: Definition, app: &str) -> Result<Arc<Definition>> {
        self.check_activities(&definition)?;
        let definition = Arc::new(definition);
        let pipeline = Pipeline { definition: definition.clone(), app: Arc::from(app) };
        self.inner().pipelines.write().insert(definition.name.clone(), pipeline);
        Ok(definition)
    }

    /// What of a run is under way: what its stream shows, or an item that is being attempted; `None` where nothing is.
    pub fn current(&self, record: &RunRecord) -> Option<Arc<str>> {
        let run = record.run.id;
        let item = self.attempts().current(run)?;
        Some(self.hub().current(run).unwrap_or(item))
    }

    /// Attempts of a stage that this worker holds: leased, or under way.
    pub fn held(&self, run: RunId, stage: model::StageId) -> usize {
        self.dispatcher().held(run, stage)
    }

    /// Attempts under way.
    pub fn running(&self) -> usize {
        self.dispatcher().running()
    }

    /// The limit that a stage's attempts come under; `None` for one that waits for a signal.
    pub fn wait_class(&self, record: &RunRecord, stage: model::StageId) -> Option<crate::LimitClass> {
        self.stage_work(record, stage).map(|work| work.class.clone())
    }

    /// The limits in force.
    pub fn limits(&self) -> Vec<LimitStatus> {
        self.dispatcher().limits()
    }

    /// Pins a limit (`cpu`, `io:<activity>`, `bucket:<name>`), or lets it adapt again.
    ///
    /// # Errors
    /// [`Error::UnknownLimit`].
    pub async fn pin(&self, class: &str, pinned: Option<u32>) -> Result<Vec<LimitStatus>> {
        let limits = self.dispatcher().limits();
        let known = limits.iter().find(|limit| limit.class.to_string() == class);
        let known = known.ok_or_else(|| Error::UnknownLimit(class.to_owned()))?;
        if let Some(change) = self.dispatcher().pin(&known.class, pinned) {
            self.threads().grow_to(self.dispatcher().cpu_limit());
            self.note_limits(vec![change]).await;
        }
        self.dispatcher().start_what_may(self);
        Ok(self.limits())
    }
}
