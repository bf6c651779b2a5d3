//! Runs that a cluster engine drives: this engine starts them, shows them, performs their attempts and sends their deliveries; the
//! cluster's workflow decides.

use crate::{Error, Result, ask::Command, shared::Engine};
use model::RunId;
use std::{future::Future, pin::Pin, sync::Arc};
use store::{RunHost, RunRecord};

/// An answer of a cluster that is on its way.
pub type ClusterAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A cluster engine, as this engine sees it.
pub trait ClusterHost: Send + Sync {
    /// Whether it answers.
    ///
    /// # Errors
    /// [`Error::ClusterAway`].
    fn ready(&self) -> Result<()>;

    /// Begins to drive a run whose row is written. Beginning it again does nothing.
    ///
    /// # Errors
    /// [`Error::ClusterAway`]: a sweep begins the run when the cluster is back.
    fn start(&self, run: RunId) -> ClusterAnswer<'_, ()>;

    /// Asks something of a run; resolves when it is on the disk.
    ///
    /// # Errors
    /// [`Error::ClusterAway`], [`Error::Host`].
    fn command(&self, run: RunId, command: Command) -> ClusterAnswer<'_, ()>;

    /// The run's row has changed by another hand than its workflow's.
    fn changed(&self, run: RunId);
}

impl Engine {
    /// Lets a cluster drive the runs that are started from now on. The first call counts.
    pub fn set_cluster(&self, cluster: Arc<dyn ClusterHost>) {
        let _ = self.inner().cluster.set(cluster);
    }

    /// Whether the cluster that drives runs answers, where there is one.
    ///
    /// # Errors
    /// [`Error::ClusterAway`].
    pub fn cluster_ready(&self) -> Result<()> {
        self.inner().cluster.get().map_or(Ok(()), |cluster| cluster.ready())
    }

    /// Who drives runs that are started now.
    pub fn host(&self) -> RunHost {
        if self.inner().cluster.get().is_some() { RunHost::Temporal } else { RunHost::Native }
    }

    fn cluster(&self) -> Result<&Arc<dyn ClusterHost>> {
        let missing = || Error::ClusterAway {
            cluster: RunHost::Temporal.as_str(),
            reason: String::from("this server was started without it"),
        };
        self.inner().cluster.get().ok_or_else(missing)
    }

    /// A run was written for the cluster. Where it cannot be told now, its sweep finds the run.
    pub(crate) async fn start_on_cluster(&self, run: RunId) {
        let Ok(cluster) = self.cluster() else { return };
        if let Err(error) = cluster.start(run).await {
            tracing::warn!(%run, %error, "the run waits for its cluster");
        }
    }

    /// A command to a run that the cluster drives.
    pub(crate) async fn command_cluster(&self, run: RunId, command: Command) -> Result<Arc<RunRecord>> {
        self.cluster()?.command(run, command).await?;
        self.store().run(run).await?.map(Arc::new).ok_or(Error::RunNotFound(run))
    }

    pub(crate) fn tell_cluster(&self, run: RunId) {
        if let Some(cluster) = self.inner().cluster.get() {
            cluster.changed(run);
        }
    }
}
