//! A Temporal cluster, as the engine sees it: one client, shared, and whether it answers.

use crate::{
    Error, Result,
    drive::Tuning,
    wire::{Begin, Reply},
    workflow::HeadwayRun,
    workflow_id,
};
use engine::{ClusterAnswer, ClusterHost, Command};
use model::{RunId, TaskError};
use parking_lot::RwLock;
use std::{sync::Arc, time::Duration};
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, RetryOptions, RpcOptions, Url,
    WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowSignalOptions, WorkflowStartOptions,
    WorkflowUpdateWithStartOptions, errors::WorkflowUpdateWithStartError, tonic,
};
use temporalio_common::protos::temporal::api::workflowservice::v1::GetSystemInfoRequest;
use tokio::sync::OnceCell;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How often the cluster is asked whether it is there, and how long its answer may take.
const PING: Duration = Duration::from_secs(1);

/// Longest time for beginning a workflow: whoever starts a run waits for it.
const START: Duration = Duration::from_secs(3);

/// Longest time for a command: it waits for attempts that are told to stop.
const COMMAND: Duration = Duration::from_secs(60);

/// Which cluster, and how its runs are driven.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// `HOST:PORT`, or an `http(s)` address.
    pub address: String,
    /// The namespace.
    pub namespace: String,
    /// The queue that workers of these runs listen on.
    pub queue: String,
    /// How runs are driven that begin from now on.
    pub tuning: Tuning,
}

impl ClusterOptions {
    /// The cluster at `address`, with everything else as it comes.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            namespace: String::from("default"),
            queue: String::from("headway"),
            tuning: Tuning::default(),
        }
    }
}

/// A Temporal cluster. Cheap to clone; all clones share one connection, which heals by itself.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
    _end: Arc<DropGuard>,
}

struct Inner {
    options: ClusterOptions,
    target: Url,
    client: OnceCell<Client>,
    /// Why it does not answer; nothing where it does.
    away: RwLock<Option<String>>,
}

impl Cluster {
    /// A cluster that may be away: it is asked from now on, once a second. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn new(options: ClusterOptions) -> Result<Self> {
        let bad = || Error::Address { address: options.address.clone() };
        let text = if options.address.contains("://") {
            options.address.clone()
        } else {
            format!("http://{}", options.address)
        };
        let target = Url::parse(&text).map_err(|_| bad())?;
        if target.host_str().is_none() {
            return Err(bad());
        }
        let away = RwLock::new(Some(String::from("it was not asked yet")));
        let inner = Arc::new(Inner { options, target, client: OnceCell::new(), away });
        let end = CancellationToken::new();
        let (watched, ended) = (inner.clone(), end.clone());
        tokio::spawn(async move { ended.run_until_cancelled(watch(watched)).await });
        Ok(Self { inner, _end: Arc::new(end.drop_guard()) })
    }

    /// Resolves when the cluster has answered.
    pub async fn answers(&self) {
        while self.inner.client().await.is_err() || self.inner.ping().await.is_err() {
            tokio::time::sleep(PING).await;
        }
        *self.inner.away.write() = None;
    }

    /// Which cluster it is.
    pub fn options(&self) -> &ClusterOptions {
        &self.inner.options
    }

    /// The client, connected.
    pub(crate) async fn client(&self) -> Result<Client> {
        self.inner.client().await
    }

    pub(crate) async fn begin(&self, run: RunId) -> Result<()> {
        self.inner.begin(run).await
    }
}

async fn watch(cluster: Arc<Inner>) {
    loop {
        let now = cluster.ping().await.err().map(|error| match error {
            Error::Away { reason, .. } => reason,
            other => other.to_string(),
        });
        let was = cluster.away.read().is_some();
        match (&now, was) {
            (Some(reason), false) => {
                tracing::warn!(address = %cluster.options.address, reason, "the Temporal server does not answer");
            }
            (None, true) => tracing::info!(address = %cluster.options.address, "the Temporal server answers"),
            _ => {}
        }
        *cluster.away.write() = now;
        tokio::time::sleep(PING).await;
    }
}

impl Inner {
    fn away(&self, reason: impl std::fmt::Display) -> Error {
        Error::Away { address: self.options.address.clone(), reason: reason.to_string() }
    }

    async fn client(&self) -> Result<Client> {
        let connect = || async {
            let options = ConnectionOptions::new(self.target.clone())
                .identity(format!("headway@{}", std::process::id()))
                .connect_timeout(PING)
                // Names are looked up anew whenever the connection is made anew.
                .dns_load_balancing(None)
                .build();
            let connection = Connection::connect(options).await.map_err(|error| self.away(error))?;
            let options = ClientOptions::new(self.options.namespace.clone()).build();
            Client::new(connection, options).map_err(|error| self.away(error))
        };
        self.client.get_or_try_init(connect).await.cloned()
    }

    async fn ping(&self) -> Result<()> {
        let client = self.client().await?;
        let mut service = client.connection().workflow_service();
        let asked = service.get_system_info(tonic::Request::new(GetSystemInfoRequest::default()));
        match tokio::time::timeout(PING, asked).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(status)) => Err(self.away(status.message())),
            Err(_) => Err(self.away(format!("no answer within {} ms", PING.as_millis()))),
        }
    }

    fn rpc(timeout: Duration) -> RpcOptions {
        let retry = RetryOptions::builder().max_elapsed_time(Some(timeout)).build();
        RpcOptions::builder().timeout(timeout).retry_options(retry).build()
    }

    fn first(&self, run: RunId) -> Begin {
        Begin { run, tuning: self.options.tuning }
    }

    async fn begin(&self, run: RunId) -> Result<()> {
        let client = self.client().await?;
        let options = WorkflowStartOptions::new(self.options.queue.clone(), workflow_id(run))
            .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
            .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
            .static_summary(format!("Headway run {run}"))
            .rpc_options(Self::rpc(START))
            .build();
        let began = client.start_workflow(HeadwayRun::run, self.first(run), options);
        match tokio::time::timeout(START, began).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.away(error)),
            Err(_) => Err(self.away("no answer in time")),
        }
    }

    async fn command(&self, run: RunId, command: Command) -> engine::Result<()> {
        self.ready()?;
        let client = self.client().await.map_err(engine_error)?;
        let update = || {
            let options = WorkflowUpdateWithStartOptions::new(
                self.options.queue.clone(),
                workflow_id(run),
                WorkflowIdConflictPolicy::UseExisting,
            )
            .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
            .build();
            client.execute_update_with_start_workflow(
                HeadwayRun::run,
                self.first(run),
                HeadwayRun::command,
                command.clone(),
                options,
            )
        };
        let asked = async {
            loop {
                match update().await {
                    // It ended at this moment: the next try begins it anew, and is answered by the run's new state.
                    Err(WorkflowUpdateWithStartError::Update(error)) if ended(&error) => {
                        tokio::task::yield_now().await;
                    }
                    other => return other,
                }
            }
        };
        match tokio::time::timeout(COMMAND, asked).await {
            Ok(Ok(Reply::Done)) => Ok(()),
            Ok(Ok(Reply::Refused { code, message })) => {
                Err(engine::Error::Host { run, error: TaskError::new(code, message) })
            }
            Ok(Err(error)) => Err(engine_error(self.away(error))),
            Err(_) => Err(engine_error(self.away("the command was not answered in time"))),
        }
    }

    fn ready(&self) -> engine::Result<()> {
        match &*self.away.read() {
            Some(reason) => Err(engine_error(self.away(reason))),
            None => Ok(()),
        }
    }
}

fn ended(error: &temporalio_client::errors::WorkflowUpdateError) -> bool {
    matches!(error, temporalio_client::errors::WorkflowUpdateError::NotFound(_))
}

fn engine_error(error: Error) -> engine::Error {
    engine::Error::ClusterAway { cluster: "temporal", reason: error.to_string() }
}

impl ClusterHost for Cluster {
    fn ready(&self) -> engine::Result<()> {
        self.inner.ready()
    }

    fn start(&self, run: RunId) -> ClusterAnswer<'_, ()> {
        Box::pin(async move { self.inner.begin(run).await.map_err(engine_error) })
    }

    fn command(&self, run: RunId, command: Command) -> ClusterAnswer<'_, ()> {
        Box::pin(self.inner.command(run, command))
    }

    fn changed(&self, run: RunId) {
        let inner = self.inner.clone();
        tokio::spawn(async move {
            let Ok(client) = inner.client().await else { return };
            let options = WorkflowSignalOptions::builder().rpc_options(Inner::rpc(START)).build();
            let workflow = client.get_workflow_handle::<HeadwayRun>(workflow_id(run));
            // A hint: the workflow looks from time to time by itself, and one that has ended needs none.
            if let Err(error) = workflow.signal(HeadwayRun::changed, (), options).await {
                tracing::debug!(%run, %error, "the workflow was not told that its run's row has changed");
            }
        });
    }
}
