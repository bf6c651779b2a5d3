//! What another host has folded, written: events, the run's row, the rows that the core's commands touch.
//!
//! The host sends inputs, not events: they are folded here once more, by the same core, onto the row as it stands. Where only
//! the host writes, both come to the same; where a delivery was settled meanwhile, the host learns the row's state from the
//! answer, and nothing has to be tried again.

use crate::{
    Error, Result,
    ask::{Command, Resolved, resolve},
    chunk::{ChunkAnswer, ChunkOrder, Committed},
    plan::{Lessons, plan_steps},
    run_loop::{self, learn},
    shared::Engine,
};
use model::{Definition, Input, Item, Run, RunId, StageId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use store::{RunRecord, chunk, chunk::LaneChunk, write};

/// An input with the time at which the host folded it, and the rows that it names.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What.
    pub input: Input,
    /// Waiting tasks that a signal ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Vec<Arc<str>>>,
    /// Tasks revived one by one, instead of all failed ones of their stages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revive: Option<Vec<(StageId, Arc<str>)>>,
    /// Stages whose held tasks become ready besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub release: Vec<StageId>,
}

/// Steps of a run, to be written once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Projection {
    /// The run.
    pub run: RunId,
    /// Rises from projection to projection: one that was written is not written again.
    pub number: i64,
    /// In order.
    pub steps: Vec<Step>,
    /// What of chunks the steps hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folded: Vec<Folded>,
}

/// How far the commits of a chunk are among the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    /// Its lane.
    pub lane: u32,
    /// Its number.
    pub number: i64,
    /// The newest of its commits.
    pub seq: i64,
}

/// What a projection came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Projected {
    /// The run as its row has it now.
    pub run: Run,
    /// Why a step was refused, by its place; the others were written all the same.
    pub refused: Vec<(usize, String)>,
}

/// A run as a host begins to drive it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Adopted {
    /// Its state.
    pub run: Run,
    /// What it runs on: not part of its state's JSON.
    pub input: Value,
    /// What it runs.
    pub definition: Definition,
    /// The newest number of a chunk or projection; 0 where there is none.
    pub newest: i64,
    /// Commits of chunks that its row does not count yet, with their lane and number. Nothing of the run is under way.
    pub left: Vec<(u32, i64, Committed)>,
}

impl Step {
    /// A step of an input that names no rows.
    pub fn of(at: Timestamp, input: Input) -> Self {
        Self { at, input, ends: None, revive: None, release: Vec::new() }
    }

    fn resolved(&self, run: RunId) -> Result<Resolved> {
        let mut resolved = Resolved::from(self.input.clone());
        resolved.revive.clone_from(&self.revive);
        resolved.release.clone_from(&self.release);
        if let (Input::Signal { stage, payload, .. }, Some(keys)) = (&self.input, &self.ends) {
            let output = payload.to_string();
            let row = |key: &Arc<str>| write::task_signalled(run, *stage, key, self.at, &output);
            resolved.rows = keys.iter().map(row).collect();
            let items = keys.iter().map(|key| Item::new(key.clone(), &**payload));
            resolved.flow = Some((*stage, items.collect::<std::result::Result<_, _>>()?));
        }
        Ok(resolved)
    }
}

impl Engine {
    /// Hands a run over to a host that begins to drive it: ends what chunks of an earlier driver may still do.
    ///
    /// # Errors
    /// [`Error::RunNotFound`], and what the store refuses.
    pub async fn adopt(&self, id: RunId) -> Result<Adopted> {
        let (chunks, newest) = self.store().lane_chunks(id).await?;
        let mut left = Vec::new();
        for LaneChunk { lane, number, stage } in chunks {
            let order = ChunkOrder { run: id, lane, number, stage, count: 0 };
            let answer = self.recall_chunk(order).await?;
            left.extend(answer.entries.into_iter().map(|entry| (lane, number, entry)));
        }
        let record = self.store().run(id).await?.ok_or(Error::RunNotFound(id))?;
        let definition = (*record.definition).clone();
        Ok(Adopted { input: (*record.run.input).clone(), run: record.run, definition, newest, left })
    }

    /// Ends a chunk whatever became of it: what it held is ready again, what it committed is the answer.
    ///
    /// # Errors
    /// What the store refuses.
    pub async fn recall_chunk(&self, order: ChunkOrder) -> Result<ChunkAnswer> {
        self.end_chunk(ChunkOrder { count: 0, ..order }).await
    }

    /// Turns a command into a step: looks up the rows that it means. Nothing is written.
    ///
    /// # Errors
    /// [`Error::RunNotFound`], [`Error::Refused`], [`Error::UnknownStage`].
    pub async fn step_of(&self, run: RunId, command: &Command, at: Timestamp) -> Result<Step> {
        let record = self.store().run(run).await?.ok_or(Error::RunNotFound(run))?;
        let resolved = resolve(self, &record, command).await?;
        let ends =
            resolved.flow.as_ref().map(|(_, items)| items.iter().map(|item| item.key.clone()).collect());
        Ok(Step { at, input: resolved.input, ends, revive: resolved.revive, release: Vec::new() })
    }

    /// Writes what a run's host has folded. Asked again with the same number it answers with the run as it stands.
    ///
    /// # Errors
    /// [`Error::RunNotFound`], [`Error::Draining`], and what the store refuses.
    pub async fn project(&self, projection: &Projection) -> Result<Projected> {
        let id = projection.run;
        let steps = projection
            .steps
            .iter()
            .map(|step| Ok((step.at, step.resolved(id)?)))
            .collect::<Result<Vec<_>>>()?;
        let mut lessons = Lessons::default();
        loop {
            let record = Arc::new(self.store().run(id).await?.ok_or(Error::RunNotFound(id))?);
            // First the guard, then what it guards: the run's row comes right after these.
            let mut first = vec![chunk::projected(id, projection.number)];
            for Folded { lane, number, seq } in &projection.folded {
                first.extend(chunk::folded(id, *lane, *number, *seq));
            }
            let run_row = first.len();
            let plan = plan_steps(self, &record, &steps, &lessons, first)?;
            match self.store().db().execute(plan.batch.clone()).await {
                Ok(outcomes) => {
                    let newest = crate::plan::newest(&outcomes);
                    let refused = plan.refused.iter().map(|(index, why)| (*index, why.to_string())).collect();
                    let record = plan.record.clone();
                    self.publish(Some(record.clone()), plan.events, newest);
                    self.wake_deliveries(&record, &plan.woken.destinations);
                    return Ok(Projected { run: record.run.clone(), refused });
                }
                // The guard: this was written before, and only the answer was lost.
                Err(db::Error::Expectation { statement: 0, .. }) => {
                    return Ok(Projected { run: record.run.clone(), refused: Vec::new() });
                }
                // Another hand moved the run's row on.
                Err(db::Error::Expectation { statement, .. }) if statement == run_row => {}
                Err(error) => {
                    let (handle, _) = run_loop::handle(record);
                    if !learn(self, &handle, plan, error, &[], &mut lessons).await {
                        return Err(Error::Draining);
                    }
                }
            }
        }
    }

    /// Deliveries of a run may go on, or be all that is left.
    pub(crate) fn wake_deliveries<'a>(
        &self,
        record: &Arc<RunRecord>,
        destinations: impl IntoIterator<Item = &'a Arc<str>>,
    ) {
        for destination in destinations {
            self.relay().wake(destination);
        }
        let run = &record.run;
        if run.deliveries.unsent() == 0 || run.state.is_final() {
            return;
        }
        self.relay().wake_all();
        if run.stages.iter().all(|stage| stage.state.is_over()) {
            // Its loop looks whether what is left can arrive at all.
            self.begin_loop(record.clone());
        }
    }
}
