//! What the workflow decides: pure, so that a replay decides the same.

use crate::wire::Awaited;
use engine::{Adopted, ChunkAnswer, ChunkOrder, Committed, Folded, Step, Told, signal_deadline};
use headway_core::{Machine, Refused};
use model::{Definition, Input, OnFailure, Run, RunState, StageId, StageState, TaskState, Timestamp, Work};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// How a workflow goes about its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tuning {
    /// Chunks of a run under way at once.
    pub lanes: u32,
    /// Most tasks of a chunk.
    pub chunk: usize,
    /// Chunks and projections after which the workflow continues as new; sooner where the cluster suggests it.
    pub renew_after: u32,
    /// Silence after which a chunk's worker is taken for dead, in milliseconds.
    pub silence_ms: u64,
    /// Longest time of one try of a chunk, in milliseconds.
    pub chunk_ms: u64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { lanes: 4, chunk: 512, renew_after: 400, silence_ms: 10_000, chunk_ms: 24 * 3_600_000 }
    }
}

/// A chunk is made so large that it takes about so long, in milliseconds.
const CHUNK_GOAL_MS: u64 = 1_000;

/// Smallest chunk that is asked for while more tasks are there.
const LEAST_CHUNK: usize = 16;

/// A stage where a chunk found nothing is left alone for so long where nobody knows when its next task is due, in milliseconds.
const DRY_MS: u64 = 500;

/// Shortest wait for a due time: clocks of store and cluster differ a little.
const LEAST_WAIT_MS: u64 = 20;

/// A stage, as chunks found it.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// How many tasks the next chunk may have; 0 before the first.
    size: usize,
    /// Nothing is due before.
    dry_until: Option<Timestamp>,
    /// Pending tasks when that was found.
    pending: u64,
}

/// A chunk under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flying {
    pub(crate) order: ChunkOrder,
    /// The newest of its commits that was folded.
    pub(crate) seq: i64,
}

/// A run being driven.
pub(crate) struct Drive {
    definition: Definition,
    run: Run,
    tuning: Tuning,
    newest: i64,
    flying: BTreeMap<u32, Flying>,
    seen: BTreeMap<StageId, Seen>,
    /// Folded, not projected.
    steps: Vec<Step>,
    folded: Vec<Folded>,
}

impl Drive {
    /// Takes a run over, with what chunks of an earlier driver left.
    pub(crate) fn new(adopted: Adopted, tuning: Tuning) -> Self {
        let Adopted { mut run, input, definition, newest, left } = adopted;
        run.input = Arc::new(input);
        let mut drive = Self {
            definition,
            run,
            tuning,
            newest,
            flying: BTreeMap::new(),
            seen: BTreeMap::new(),
            steps: Vec::new(),
            folded: Vec::new(),
        };
        for (lane, number, commit) in left {
            drive.fold(lane, number, commit);
        }
        drive
    }

    pub(crate) fn run(&self) -> &Run {
        &self.run
    }

    /// The run as its row has it; what it runs on stays.
    pub(crate) fn adopt(&mut self, run: Run) {
        let input = std::mem::take(&mut self.run.input);
        self.run = Run { input, ..run };
    }

    /// The next number of a chunk or projection.
    pub(crate) fn number(&mut self) -> i64 {
        self.newest += 1;
        self.newest
    }

    /// Takes an input now.
    pub(crate) fn take(&mut self, step: Step) -> Result<(), Refused> {
        let mut machine = Machine::new(&self.definition, self.run.clone());
        machine.take(step.input.clone(), step.at)?;
        self.run = machine.into_parts().0;
        self.steps.push(step);
        Ok(())
    }

    /// Folds a commit of a chunk; one that was folded already does nothing.
    pub(crate) fn fold(&mut self, lane: u32, number: i64, commit: Committed) {
        if let Some(flying) = self.flying.get_mut(&lane).filter(|flying| flying.order.number == number) {
            if commit.seq <= flying.seq {
                return;
            }
            flying.seq = commit.seq;
        }
        let Committed { seq, at, stage, told, holding } = commit;
        let mut machine = Machine::new(&self.definition, self.run.clone());
        for told in told {
            let input = told.into_input(stage);
            // A run that is over takes no more; its rows have ended with it.
            if machine.take(input.clone(), at).is_ok() {
                self.steps.push(Step::of(at, input));
            }
        }
        // Made while their stage was about to open.
        let release: Vec<StageId> =
            holding.into_iter().filter(|stage| machine.receiving(*stage) == Some(TaskState::Ready)).collect();
        self.run = machine.into_parts().0;
        if let Some(last) = self.steps.last_mut() {
            last.release.extend(release);
        }
        self.folded.retain(|folded| (folded.lane, folded.number) != (lane, number));
        self.folded.push(Folded { lane, number, seq });
    }

    /// Whether a commit holds a failure that ends the run: what else is under way is collected first.
    pub(crate) fn is_fatal(&self, commit: &Committed) -> bool {
        let Some(stage) = self.definition.stage(commit.stage) else { return false };
        stage.on_failure == OnFailure::FailRun
            && commit.told.iter().any(|told| match told {
                Told::Input(Input::Failed { task, failure, .. }) => {
                    headway_core::delay_ms(&stage.retry, task.attempt, failure.retry, 0).is_none()
                }
                _ => false,
            })
    }

    /// What is to be projected.
    pub(crate) fn take_steps(&mut self) -> (Vec<Step>, Vec<Folded>) {
        (std::mem::take(&mut self.steps), std::mem::take(&mut self.folded))
    }

    pub(crate) fn has_steps(&self) -> bool {
        !self.steps.is_empty() || !self.folded.is_empty()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.run.state.is_final()
    }

    /// Whether only deliveries are left, which others settle.
    pub(crate) fn delivers(&self) -> bool {
        self.run.state == RunState::Running && self.run.stages.iter().all(|stage| stage.state.is_over())
    }

    pub(crate) fn flying(&self, lane: u32) -> Option<Flying> {
        self.flying.get(&lane).copied()
    }

    /// A chunk came to its end; its commits were folded.
    pub(crate) fn landed(&mut self, lane: u32, answer: Option<&ChunkAnswer>, now: Timestamp) {
        let Some(flying) = self.flying.remove(&lane) else { return };
        let Some(answer) = answer else { return };
        let pending = self.pending(flying.order.stage);
        let seen = self.seen.entry(flying.order.stage).or_default();
        if answer.performed > 0 {
            let goal = answer.performed.saturating_mul(CHUNK_GOAL_MS) / answer.ms.max(1);
            let goal = usize::try_from(goal).unwrap_or(usize::MAX);
            seen.size = goal.clamp(LEAST_CHUNK, self.tuning.chunk.max(1));
        }
        let due = answer.next_due.filter(|due| *due > now);
        seen.pending = pending;
        seen.dry_until = match (due, answer.performed) {
            (Some(due), _) => Some(due.max(now.plus(LEAST_WAIT_MS))),
            (None, 0) if answer.next_due.is_none() => Some(now.plus(DRY_MS)),
            (None, 0) => Some(now.plus(LEAST_WAIT_MS)),
            (None, _) => None,
        };
    }

    fn pending(&self, stage: StageId) -> u64 {
        self.run.stages.get(stage.index()).map_or(0, |stage| stage.counts.pending())
    }

    /// Chunks to begin now, each in a lane of its own. They count as under way.
    pub(crate) fn begin_chunks(&mut self, now: Timestamp) -> Vec<ChunkOrder> {
        let mut orders = Vec::new();
        if self.run.state != RunState::Running {
            return orders;
        }
        let free: Vec<u32> = (0..self.tuning.lanes).filter(|lane| !self.flying.contains_key(lane)).collect();
        for lane in free {
            let Some((stage, count)) = self.next_stage(now) else { break };
            let order = ChunkOrder { run: self.run.id, lane, number: self.number(), stage, count };
            self.flying.insert(lane, Flying { order, seq: 0 });
            orders.push(order);
        }
        orders
    }

    /// The stage with the fewest chunks under way that has tasks for another; later ones first, so that items come through.
    fn next_stage(&self, now: Timestamp) -> Option<(StageId, usize)> {
        let candidates = self.definition.ids().filter_map(|id| {
            let (room, chunks) = self.room(id, now)?;
            Some((chunks, std::cmp::Reverse(id), room))
        });
        let (_, std::cmp::Reverse(id), room) = candidates.min()?;
        let seen = self.seen.get(&id).copied().unwrap_or_default();
        let most = if seen.size == 0 { self.tuning.chunk / 2 } else { seen.size };
        // Tasks are spread over the lanes, but not into crumbs.
        let lanes = self.tuning.lanes.max(1) as usize;
        let share = room.div_ceil(lanes).max(LEAST_CHUNK);
        Some((id, most.max(1).min(share).min(room)))
    }

    /// Tasks of a stage that no chunk has, and how many chunks it has.
    fn room(&self, id: StageId, now: Timestamp) -> Option<(usize, usize)> {
        let stage = self.definition.stage(id)?;
        let run = self.run.stages.get(id.index())?;
        if run.state != StageState::Open || !matches!(stage.work, Work::Activity { .. }) {
            return None;
        }
        let mine = self.flying.values().filter(|flying| flying.order.stage == id);
        let (chunks, taken) =
            mine.fold((0, 0), |(chunks, taken), flying| (chunks + 1, taken + flying.order.count));
        // A stage with a limit of its own has it in one place.
        if stage.concurrency.is_some() && chunks > 0 {
            return None;
        }
        let pending = run.counts.pending();
        let seen = self.seen.get(&id).copied().unwrap_or_default();
        if pending <= seen.pending && seen.dry_until.is_some_and(|until| until > now) {
            return None;
        }
        let room = usize::try_from(pending).unwrap_or(usize::MAX).saturating_sub(taken);
        (room > 0).then_some((room, chunks))
    }

    /// When something is to be done without any news: a retry is due, a signal overdue.
    pub(crate) fn next_at(&self, now: Timestamp) -> Option<Timestamp> {
        let signal = signal_deadline(&self.definition, &self.run).map(|(at, _)| at);
        let running = self.run.state == RunState::Running;
        let due = self.definition.ids().filter_map(|id| {
            let seen = self.seen.get(&id)?;
            let open = self.run.stages.get(id.index())?.state == StageState::Open;
            seen.dry_until.filter(|until| running && open && *until > now && self.pending(id) > 0)
        });
        due.chain(signal).min()
    }

    /// The stage whose signal is overdue.
    pub(crate) fn overdue(&self, now: Timestamp) -> Option<StageId> {
        signal_deadline(&self.definition, &self.run).filter(|(at, _)| *at <= now).map(|(_, stage)| stage)
    }

    /// What the run waits for.
    pub(crate) fn awaited(&self) -> Vec<Awaited> {
        let waiting = self.definition.ids().zip(&self.run.stages).filter_map(|(id, run)| {
            let stage = self.definition.stage(id)?;
            let Work::Signal { name } = &stage.work else { return None };
            let opened = run.opened_at?;
            (run.state == StageState::Open && run.counts.waiting > 0).then(|| Awaited {
                stage: stage.name.clone(),
                signal: name.to_string(),
                tasks: run.counts.waiting,
                until: stage.timeout_ms.map(|timeout| opened.plus(timeout)),
            })
        });
        waiting.collect()
    }
}
