//! `--engine temporal`: a Temporal cluster drives the runs that begin here, and this process works for it.

use crate::{
    args::{Driver, EngineArgs},
    problem::{Problem, Result},
};
use engine::Engine;

/// A cluster's worker in this process; nothing where the native engine drives runs.
pub(super) struct Host {
    #[cfg(feature = "temporal")]
    worker: Option<temporal::Worker>,
}

/// Puts a Temporal cluster in charge where that was asked for. The cluster may be away: runs cannot begin before it answers.
///
/// # Errors
/// `Exit::Usage` for an address that is missing or none, and for a build without Temporal.
pub(super) fn begin(args: &EngineArgs, engine: &Engine) -> Result<Host> {
    match (args.engine, &args.temporal_address) {
        (Driver::Native, None) => Ok(Host::none()),
        (Driver::Native, Some(_)) => Err(Problem::usage("--temporal-address is for --engine temporal")),
        (Driver::Temporal, None) => {
            Err(Problem::usage("--engine temporal needs the address of a Temporal server")
                .hint("name it with --temporal-address HOST:PORT, such as 127.0.0.1:7233"))
        }
        (Driver::Temporal, Some(address)) => begin_at(args, address, engine),
    }
}

/// Says no before anything is opened, where this build cannot do what was asked for.
///
/// # Errors
/// `Exit::Usage`.
pub(super) fn check(args: &EngineArgs) -> Result<()> {
    if args.engine == Driver::Temporal && cfg!(not(feature = "temporal")) {
        return Err(Problem::usage("this build of Headway has no Temporal engine")
            .hint("build it with: cargo build --release --features temporal"));
    }
    Ok(())
}

#[cfg(feature = "temporal")]
fn begin_at(args: &EngineArgs, address: &str, engine: &Engine) -> Result<Host> {
    let mut options = temporal::ClusterOptions::new(address);
    options.namespace.clone_from(&args.temporal_namespace);
    let cluster = temporal::Cluster::new(options).map_err(|error| Problem::usage(error.to_string()))?;
    engine.set_cluster(std::sync::Arc::new(cluster.clone()));
    let options = temporal::WorkerOptions {
        deployment: args.temporal_deployment.clone(),
        ..temporal::WorkerOptions::default()
    };
    let worker = temporal::Worker::spawn(engine.clone(), cluster, options)
        .map_err(|error| Problem::failed(error.to_string()))?;
    Ok(Host { worker: Some(worker) })
}

#[cfg(not(feature = "temporal"))]
fn begin_at(args: &EngineArgs, _address: &str, _engine: &Engine) -> Result<Host> {
    check(args).map(|()| Host::none())
}

impl Host {
    fn none() -> Self {
        Self {
            #[cfg(feature = "temporal")]
            worker: None,
        }
    }

    /// Takes no more work and lets chunks end.
    pub(super) async fn end(self) {
        #[cfg(feature = "temporal")]
        if let Some(worker) = self.worker {
            worker.end().await;
        }
    }
}
