//! Where claims find tasks: the stages of running runs.

use crate::{lease::StageWork, shared::Engine};
use model::{RunId, RunState, StageId, StageState, Timestamp};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};
use store::{RunHost, RunRecord};

pub(super) type Place = (RunId, StageId);

/// A stage of a run.
pub(super) struct Source {
    pub(super) work: Arc<StageWork>,
    /// Ready and leased tasks, as the core counts them.
    pub(super) pending: usize,
    /// Those that this worker holds: leased, running, reported and not yet settled.
    pub(super) held: usize,
    /// Nothing is due before then, as a claim found; `None`: unknown.
    pub(super) dry_until: Option<Timestamp>,
    /// Moves on with every commit: a claim that was under way meanwhile knows that its answer is old.
    pub(super) generation: u64,
    /// The run takes no claims: paused.
    pub(super) closed: bool,
}

impl Source {
    /// How many more tasks of the stage may be held.
    pub(super) fn room(&self) -> usize {
        match self.work.concurrency {
            Some(limit) => (limit as usize).saturating_sub(self.held),
            None => usize::MAX,
        }
    }

    /// How many tasks a claim may find now.
    pub(super) fn claimable(&self, now: Timestamp) -> usize {
        let dry = self.dry_until.is_some_and(|until| now < until);
        if self.closed || dry { 0 } else { self.pending.saturating_sub(self.held).min(self.room()) }
    }
}

/// All stages with pending tasks, in the order in which they are claimed from.
#[derive(Default)]
pub(super) struct Sources {
    by_place: HashMap<Place, Source>,
    pub(super) turn: VecDeque<Place>,
}

impl Sources {
    pub(super) fn get(&self, run: RunId, stage: StageId) -> Option<&Source> {
        self.by_place.get(&(run, stage))
    }

    pub(super) fn get_mut(&mut self, run: RunId, stage: StageId) -> Option<&mut Source> {
        self.by_place.get_mut(&(run, stage))
    }

    pub(super) fn entry(&mut self, run: RunId, work: &Arc<StageWork>) -> &mut Source {
        let place = (run, work.stage);
        if !self.by_place.contains_key(&place) {
            self.turn.push_back(place);
        }
        self.by_place.entry(place).or_insert_with(|| Source {
            work: work.clone(),
            pending: 0,
            held: 0,
            dry_until: None,
            generation: 0,
            closed: false,
        })
    }

    /// Takes over a run's counts; whether a claim may find something.
    pub(super) fn sync(&mut self, engine: &Engine, record: &RunRecord) -> bool {
        let run = &record.run;
        if run.state.is_final() || record.meta.host != RunHost::Native {
            return false;
        }
        let closed = run.state != RunState::Running;
        let now = crate::clock::now();
        let mut claimable = false;
        for (id, stage) in record.definition.ids().zip(&run.stages) {
            let pending = stage.counts.pending() as usize;
            let known = self.by_place.contains_key(&(run.id, id));
            if stage.state != StageState::Open || (pending == 0 && !known) {
                continue;
            }
            let Some(work) = engine.stage_work(record, id) else { continue };
            let source = self.entry(run.id, &work);
            if pending != source.pending || closed != source.closed {
                source.dry_until = None;
            }
            source.pending = pending;
            source.closed = closed;
            source.generation += 1;
            claimable |= source.claimable(now) > 0;
        }
        claimable
    }

    pub(super) fn forget(&mut self, run: RunId) {
        self.by_place.retain(|place, _| place.0 != run);
        self.turn.retain(|place| place.0 != run);
    }

    /// When the next task falls due, of those that are not due yet.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let waiting = self.by_place.values().filter(|source| !source.closed && source.pending > source.held);
        waiting.filter_map(|source| source.dry_until).filter(|due| *due > now).min()
    }
}
