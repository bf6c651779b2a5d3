//! After a start: what a dead process left behind is taken over, and runs go on.

use crate::{Result, ask::Resolved, clock, lease::Lost, plan, shared::Engine};
use db::Batch;
use model::{Failure, Input, RunId, RunState, StageId, StageState, TaskRef};
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
    let mut record = record;
    if engine.store().db().is_shared() {
        // Other nodes may be at work on it; what those left that are gone is looked after all the time.
        return go_on(engine, record).await;
    }
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
    go_on(engine, record).await
}

async fn go_on(engine: &Engine, record: Arc<RunRecord>) -> Result<()> {
    let run = record.run.id;
    let mut record = record;
    if record.run.state == RunState::Queued {
        record = match commit_resolved(engine, record, Input::Start.into()).await {
            // Another node was quicker.
            Err(crate::Error::Db(error)) if error.is_conflict() => match engine.store().run(run).await? {
                Some(record) => Arc::new(record),
                None => return Ok(()),
            },
            started => started?,
        };
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
    let Some(lost) = release(engine, record.run.id, stage).await? else { return Ok(record) };
    let mut record = record;
    for resolved in inputs(record.run.id, &lost)? {
        record = commit_resolved(engine, record, resolved).await?;
    }
    Ok(record)
}

/// Makes the tasks of a stage ready again whose workers are gone. Of several nodes that try, one finds them.
pub(crate) async fn release(engine: &Engine, run: RunId, stage: StageId) -> Result<Option<Lost>> {
    let lost = write::tasks_lost(run, stage, clock::now());
    let outcomes = engine.store().db().execute(Batch::from(lost)).await?;
    let rows = outcomes.first().map_or(&[][..], |outcome| &outcome.rows);
    let mut poisoned = Vec::new();
    for row in rows {
        let (key, times): (Arc<str>, u32) = (row.get(0)?, row.get(1)?);
        if times > MAX_LOST {
            poisoned.push((key, times));
        }
    }
    Ok((!rows.is_empty()).then_some(Lost { stage, count: rows.len() as u64, poisoned }))
}

/// What the run is told of tasks that were taken from workers that are gone.
pub(crate) fn inputs(run: RunId, lost: &Lost) -> Result<Vec<Resolved>> {
    let Lost { stage, count, poisoned } = lost;
    let worker = Arc::from("a worker that died");
    let mut inputs = vec![Resolved::from(Input::Lost { stage: *stage, count: *count, worker })];
    for (key, times) in poisoned {
        let message = format!("{times} processes died while they worked on it");
        let failure = Failure::permanent("worker_lost", message);
        let failed = write::task_poisoned(run, *stage, key, clock::now(), &failure.error)?;
        let task = TaskRef { stage: *stage, key: key.clone(), attempt: *times };
        let input = Input::Failed { task, failure, counters: Vec::new(), ms: 0, random: 0 };
        inputs.push(Resolved { rows: vec![failed], ..input.into() });
    }
    Ok(inputs)
}

/// Commits one input of a run that has no loop yet.
async fn commit_resolved(
    engine: &Engine,
    record: Arc<RunRecord>,
    resolved: Resolved,
) -> Result<Arc<RunRecord>> {
    let plan = plan::plan_input(engine, &record, &resolved, clock::now())?;
    engine.dispatcher().unreserve(&plan.reserved);
    let outcomes = engine.store().db().execute(plan.batch).await?;
    engine.publish(Some(plan.record.clone()), plan.events, plan::newest(&outcomes));
    if !plan.leases.is_empty() {
        // Nobody is there yet to perform what was leased as it was made: it is claimed once the loop runs.
        let release = write::tasks_release(plan.leases.iter().map(|lease| &lease.held));
        engine.store().db().execute(Batch::from(release)).await?;
    }
    Ok(plan.record)
}
