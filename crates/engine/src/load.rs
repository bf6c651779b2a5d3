//! After a start: what a dead process left behind is taken over, and runs go on.

use crate::{Result, clock, plan, shared::Engine};
use db::Batch;
use model::{Failure, Input, RunState, StageId, StageState, TaskRef};
use std::sync::Arc;
use store::{RunHost, RunRecord, write};

/// How often a task may take its worker down with it before it is failed: a task that kills every process that
/// touches it must not be tried for ever.
const MAX_LOST: u32 = 50;

/// Takes over all runs that are not over.
pub(crate) async fn load(engine: &Engine) -> Result<()> {
    let (records, _) = engine.store().active_runs().await?;
    for record in records.into_iter().filter(|record| record.meta.host == RunHost::Native) {
        if let Err(error) = take_over(engine, Arc::new(record)).await {
            tracing::error!(%error, "a run could not be taken over");
        }
    }
    Ok(())
}

async fn take_over(engine: &Engine, record: Arc<RunRecord>) -> Result<()> {
    let run = record.run.id;
    let mut record = record;
    let open: Vec<StageId> = record
        .definition
        .ids()
        .zip(&record.run.stages)
        .filter(|(_, stage)| stage.state == StageState::Open && stage.counts.pending() > 0)
        .map(|(id, _)| id)
        .collect();
    for stage in open {
        record = take_over_stage(engine, record, stage).await?;
    }
    if record.run.state == RunState::Queued {
        record = commit(engine, record, Input::Start).await?;
    }
    if record.run.state.is_final() {
        return Ok(());
    }
    engine.begin_loop(record.clone());
    let none = std::collections::HashMap::new();
    engine.hub().commit(stream::Commit { record: Some(record.clone()), events: Vec::new() });
    engine.dispatcher().committed(engine, &record, &[], &none, Vec::new());
    tracing::info!(%run, state = record.run.state.as_str(), "the run goes on");
    Ok(())
}

/// Makes the tasks ready again that another worker held, and says so.
async fn take_over_stage(engine: &Engine, record: Arc<RunRecord>, stage: StageId) -> Result<Arc<RunRecord>> {
    let now = clock::now();
    let lost = write::tasks_lost(record.run.id, stage, now, engine.worker());
    let outcomes = engine.store().db().execute(Batch::from(lost)).await?;
    let rows = outcomes.first().map_or(&[][..], |outcome| &outcome.rows);
    if rows.is_empty() {
        return Ok(record);
    }
    let count = rows.len() as u64;
    let worker = Arc::from("a worker that died");
    let mut record = commit(engine, record, Input::Lost { stage, count, worker }).await?;
    for row in rows {
        let (key, times): (Arc<str>, u32) = (row.get(0)?, row.get(1)?);
        if times > MAX_LOST {
            record = fail(engine, record, stage, key, times).await?;
        }
    }
    Ok(record)
}

async fn fail(
    engine: &Engine,
    record: Arc<RunRecord>,
    stage: StageId,
    key: Arc<str>,
    times: u32,
) -> Result<Arc<RunRecord>> {
    let message = format!("{times} processes died while they worked on it");
    let failure = Failure::permanent("worker_lost", message);
    let failed = write::task_poisoned(record.run.id, stage, &key, clock::now(), &failure.error)?;
    let task = TaskRef { stage, key, attempt: times };
    let input = Input::Failed { task, failure, counters: Vec::new(), ms: 0, random: 0 };
    let resolved = crate::ask::Resolved { rows: vec![failed], ..input.into() };
    commit_resolved(engine, record, resolved).await
}

async fn commit(engine: &Engine, record: Arc<RunRecord>, input: Input) -> Result<Arc<RunRecord>> {
    commit_resolved(engine, record, input.into()).await
}

/// Commits one input of a run that has no loop yet.
async fn commit_resolved(
    engine: &Engine,
    record: Arc<RunRecord>,
    resolved: crate::ask::Resolved,
) -> Result<Arc<RunRecord>> {
    let plan = plan::plan_input(engine, &record, &resolved, clock::now())?;
    engine.dispatcher().unreserve(&plan.reserved);
    let outcomes = engine.store().db().execute(plan.batch).await?;
    engine.publish(Some(plan.record.clone()), plan.events, plan::newest(&outcomes));
    Ok(plan.record)
}
