//! What the workflow has done for it: each activity is one call of the engine, and each may be tried again.

use crate::{
    wire::{Ask, Asked, Tell},
    workflow::HeadwayRun,
};
use engine::{Adopted, ChunkAnswer, ChunkOrder, Committed, Engine, Projected, Projection, Teller};
use model::{Run, RunId};
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};
use temporalio_client::{Client, RpcOptions, WorkflowHandle, WorkflowSignalOptions};
use temporalio_sdk::{
    ApplicationFailure,
    activities::{ActivityContext, ActivityError, activities},
};
use tokio_util::sync::CancellationToken;

/// How often a chunk says that it is alive. The SDK sends fewer where that is enough.
const BEAT: Duration = Duration::from_millis(500);

/// Longest time that telling the workflow may hold a chunk up.
const TELL: Duration = Duration::from_secs(2);

/// The activities of [`HeadwayRun`].
pub(crate) struct Activities {
    pub(crate) engine: Engine,
}

#[activities]
impl Activities {
    /// Hands the run to a workflow that begins.
    #[activity]
    pub(crate) async fn adopt(
        self: Arc<Self>,
        _ctx: ActivityContext,
        run: RunId,
    ) -> Result<Adopted, ActivityError> {
        self.engine.adopt(run).await.map_err(failed)
    }

    /// Performs a lot of tasks of one stage.
    #[activity]
    pub(crate) async fn chunk(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: ChunkOrder,
    ) -> Result<ChunkAnswer, ActivityError> {
        let stop = CancellationToken::new();
        let teller = ToWorkflow { order, workflow: ctx.workflow_handle() };
        let beat = async {
            let mut told = false;
            loop {
                // A heartbeat that cannot be sent is one that is missed: the cluster decides what that means.
                let _ = ctx.record_heartbeat(()).await;
                tokio::select! {
                    () = tokio::time::sleep(BEAT) => {}
                    () = ctx.cancelled(), if !told => {
                        told = true;
                        stop.cancel();
                    }
                }
            }
        };
        tokio::select! {
            answer = self.engine.perform_chunk(order, &teller, stop.clone()) => answer.map_err(failed),
            never = beat => never,
        }
    }

    /// Ends a chunk of which nobody knows what became.
    #[activity]
    pub(crate) async fn recall(
        self: Arc<Self>,
        _ctx: ActivityContext,
        order: ChunkOrder,
    ) -> Result<ChunkAnswer, ActivityError> {
        self.engine.recall_chunk(order).await.map_err(failed)
    }

    /// Writes what the workflow has folded.
    #[activity]
    pub(crate) async fn project(
        self: Arc<Self>,
        _ctx: ActivityContext,
        projection: Projection,
    ) -> Result<Projected, ActivityError> {
        self.engine.project(&projection).await.map_err(failed)
    }

    /// Looks up what a command means.
    #[activity]
    pub(crate) async fn ask(
        self: Arc<Self>,
        _ctx: ActivityContext,
        ask: Ask,
    ) -> Result<Asked, ActivityError> {
        use engine::Error;
        match self.engine.step_of(ask.run, &ask.command, ask.at).await {
            Ok(step) => Ok(Asked::Step(Box::new(step))),
            Err(error @ (Error::Store(_) | Error::Db(_) | Error::Draining | Error::RunNotFound(_))) => {
                Err(failed(error))
            }
            Err(error) => {
                let message = match &error {
                    Error::Refused { source, .. } => source.to_string(),
                    _ => error.to_string(),
                };
                Ok(Asked::Refused { code: error.code().to_owned(), message })
            }
        }
    }

    /// The run as its row has it.
    #[activity]
    pub(crate) async fn look(
        self: Arc<Self>,
        _ctx: ActivityContext,
        run: RunId,
    ) -> Result<Run, ActivityError> {
        let record = self.engine.store().run(run).await.map_err(|error| failed(error.into()))?;
        record.map(|record| record.run).ok_or_else(|| failed(engine::Error::RunNotFound(run)))
    }
}

/// The name of a failure that no further try mends: the run was deleted.
pub(crate) const GONE: &str = "run_not_found";

fn failed(error: engine::Error) -> ActivityError {
    let is_gone = matches!(error, engine::Error::RunNotFound(_));
    let code = error.code().to_owned();
    let failure = ApplicationFailure::builder(error).type_name(code).non_retryable(is_gone).build();
    ActivityError::Application(Box::new(failure))
}

/// Tells the workflow what a chunk has committed.
struct ToWorkflow {
    order: ChunkOrder,
    workflow: Option<WorkflowHandle<Client, HeadwayRun>>,
}

impl Teller for ToWorkflow {
    fn tell(&self, commits: Vec<Committed>) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async move {
            let Some(workflow) = &self.workflow else { return false };
            let tell = Tell { lane: self.order.lane, number: self.order.number, commits };
            let rpc = RpcOptions::builder().timeout(TELL).build();
            let options = WorkflowSignalOptions::builder().rpc_options(rpc).build();
            let sent =
                tokio::time::timeout(TELL, workflow.signal(HeadwayRun::committed, tell, options)).await;
            // Whatever is not told now comes with the chunk's end.
            matches!(sent, Ok(Ok(())))
        })
    }
}
