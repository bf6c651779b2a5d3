//! A worker: performs workflows and activities of a cluster in this process, until it is told to end.

use crate::{Cluster, Error, Result, activities::Activities, workflow::HeadwayRun};
use engine::Engine;
use std::{thread::JoinHandle, time::Duration};
use store::RunHost;
use temporalio_common::worker::{VersioningBehavior, WorkerDeploymentOptions, WorkerDeploymentVersion};
use temporalio_sdk::{Runtime, Worker as SdkWorker, WorkerOptions as SdkOptions, runtime::RuntimeOptions};
use tokio_util::sync::CancellationToken;

/// How long a worker that could not be made, or ended, is left alone.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// How often runs are looked for that no workflow drives.
const SWEEP: Duration = Duration::from_secs(5);

/// Longest interval between two heartbeats of a chunk: so long a cancellation may take to reach it.
const BEAT: Duration = Duration::from_secs(1);

/// How a worker presents itself.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// The deployment that it belongs to. With it the worker is versioned: it gets work once its version was made the current
    /// one (`temporal worker deployment set-current-version`), and runs move on to a newer version as it becomes current.
    pub deployment: Option<String>,
    /// Its build: this program's version.
    pub build: String,
    /// How long chunks may go on when the worker ends.
    pub grace: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            deployment: None,
            build: String::from(env!("CARGO_PKG_VERSION")),
            grace: Duration::from_secs(5),
        }
    }
}

/// A worker under way. Dropping it ends it without waiting.
pub struct Worker {
    end: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Begins to work for `cluster` with `engine`'s activities, and to begin the runs that no workflow drives. It outlives the
    /// cluster's absence. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`Error::Worker`] where the system gives no thread.
    pub fn spawn(engine: Engine, cluster: Cluster, options: WorkerOptions) -> Result<Self> {
        let end = CancellationToken::new();
        let runtime = tokio::runtime::Handle::current();
        tokio::spawn({
            let (engine, cluster, end) = (engine.clone(), cluster.clone(), end.clone());
            async move { end.run_until_cancelled(sweep(engine, cluster)).await }
        });
        // Workflows are not `Send`: they get a thread of their own, which drives them on the runtime that there is.
        let ends = end.clone();
        let work = move || runtime.block_on(work(engine, cluster, options, ends));
        let thread = std::thread::Builder::new()
            .name(String::from("temporal"))
            .spawn(work)
            .map_err(|error| Error::Worker(error.to_string()))?;
        Ok(Self { end, thread: Some(thread) })
    }

    /// Takes no more work, lets chunks end, and returns when they have.
    pub async fn end(mut self) {
        self.end.cancel();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

async fn work(engine: Engine, cluster: Cluster, options: WorkerOptions, end: CancellationToken) {
    while !end.is_cancelled() {
        if let Err(error) = work_once(&engine, &cluster, &options, &end).await {
            tracing::warn!(%error, "the Temporal worker ended; it begins again");
            end.run_until_cancelled(tokio::time::sleep(AFTER_ERROR)).await;
        }
    }
}

async fn work_once(
    engine: &Engine,
    cluster: &Cluster,
    options: &WorkerOptions,
    end: &CancellationToken,
) -> Result<()> {
    let Some(()) = end.run_until_cancelled(cluster.answers()).await else { return Ok(()) };
    let client = cluster.client().await?;
    let refused = |error: &dyn std::fmt::Display| Error::Worker(error.to_string());
    let runtime = Runtime::from_current_tokio(RuntimeOptions::default()).map_err(|error| refused(&error))?;
    let sdk = SdkOptions::new(cluster.options().queue.clone())
        .deployment_options(deployment(options))
        .max_heartbeat_throttle_interval(BEAT)
        .graceful_shutdown_period(options.grace)
        .register_activities(Activities { engine: engine.clone() })
        .register_workflow::<HeadwayRun>()
        .map_err(|error| refused(&error))?
        .build();
    let mut worker = SdkWorker::new(&runtime, client, sdk).map_err(|error| refused(&error))?;
    let stop = worker.shutdown_handle();
    let mut run = std::pin::pin!(worker.run());
    tokio::select! {
        ended = &mut run => return ended.map_err(|error| refused(&error)),
        () = end.cancelled() => stop(),
    }
    run.await.map_err(|error| refused(&error))
}

fn deployment(options: &WorkerOptions) -> WorkerDeploymentOptions {
    let name = options.deployment.clone();
    let version = WorkerDeploymentVersion::builder()
        .deployment_name(name.clone().unwrap_or_default())
        .build_id(options.build.clone())
        .build();
    let versioned = name.is_some();
    WorkerDeploymentOptions::new(version)
        .use_worker_versioning(versioned)
        .maybe_default_versioning_behavior(versioned.then_some(VersioningBehavior::AutoUpgrade))
        .build()
}

/// Begins the workflows of runs that have none: their start was written while the cluster was away, or somebody ended theirs.
async fn sweep(engine: Engine, cluster: Cluster) {
    loop {
        cluster.answers().await;
        match engine.store().active_runs().await {
            Ok((runs, _)) => {
                for record in runs.iter().filter(|record| record.meta.host == RunHost::Temporal) {
                    if let Err(error) = cluster.begin(record.run.id).await {
                        tracing::warn!(run = %record.run.id, %error, "the run waits for its cluster");
                        break;
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "runs could not be looked for; trying again"),
        }
        tokio::time::sleep(SWEEP).await;
    }
}
