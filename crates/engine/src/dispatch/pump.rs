//! The pump: claims tasks from the store when a buffer runs low.

use super::{Dispatcher, source::Place};
use crate::{
    Result, clock,
    lease::{Lease, LeasedRow},
    limits::LimitClass,
    plan::new_lease,
    shared::Engine,
};
use db::{Batch, Row, Statement, params};
use model::Timestamp;
use serde_json::value::RawValue;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::write::{self, Held};

/// Most tasks of one claim.
const MAX_CLAIM: usize = 1_024;

/// Most stages that one round claims from.
const MAX_PLACES: usize = 64;

/// Longest time without a look at what is due: notifications are hints.
const POLL: Duration = Duration::from_secs(5);

/// Longest time between two looks at a stage where other nodes work on it too, in milliseconds.
const LOOK_MS: u64 = 2_000;

/// How long a store that refuses is left alone.
const AFTER_ERROR: Duration = Duration::from_millis(500);

/// A stage to claim from.
struct Want {
    place: Place,
    class: LimitClass,
    count: usize,
    generation: u64,
}

/// Claims until the engine drains.
pub(crate) async fn pump(engine: Engine) {
    let dispatcher = engine.dispatcher();
    let is_shared = engine.store().db().is_shared();
    let care = engine.inner().lease / 2;
    let mut looked = Instant::now();
    loop {
        if is_shared && looked.elapsed() >= care {
            if let Err(error) = give_back_unknown(&engine).await {
                tracing::warn!(%error, "this worker's leases could not be looked up; trying again");
            }
            looked = Instant::now();
        }
        let wants = dispatcher.wants(clock::now());
        if wants.is_empty() {
            let due = dispatcher.next_due(clock::now());
            let poll = if is_shared { POLL.min(care) } else { POLL };
            let wait =
                due.map_or(poll, |due| Duration::from_millis(due.since(clock::now()).max(1)).min(poll));
            tokio::select! {
                () = dispatcher.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
                () = engine.ended() => return,
            }
            continue;
        }
        if let Err(error) = claim(&engine, &wants).await {
            dispatcher.release_wants(&wants);
            tracing::warn!(%error, "tasks could not be claimed; trying again");
            tokio::select! {
                () = tokio::time::sleep(AFTER_ERROR) => {}
                () = engine.ended() => return,
            }
        }
    }
}

async fn claim(engine: &Engine, wants: &[Want]) -> Result<()> {
    let now = clock::now();
    let mut batch = Batch::new();
    for want in wants {
        let (run, stage) = want.place;
        batch.push(write::claim(run, stage, engine.worker(), now, want.count));
        batch.push(
            Statement::new(include_str!("next_due.sql")).row(params![run.0, i64::from(stage.0)]).returning(),
        );
    }
    let answers = engine.store().db().execute(batch).await?;
    let is_shared = engine.store().db().is_shared();
    for (want, answer) in wants.iter().zip(answers.chunks(2)) {
        let [claimed, due] = answer else { continue };
        let due_at = due.rows.first().and_then(|row| row.get::<Option<i64>>(0).ok()).flatten().map(Timestamp);
        // Another node gives back what it had leased without a word.
        let due_at = due_at.map(|due| if is_shared { due.min(now.plus(LOOK_MS)) } else { due });
        let leases = leases(engine, want, &claimed.rows)?;
        engine.dispatcher().claimed(want, leases, due_at, now);
    }
    engine.dispatcher().start_what_may(engine);
    Ok(())
}

/// Makes tasks ready again that this worker has leased by a commit whose answer never came. No claim is under way meanwhile:
/// the pump makes them all.
async fn give_back_unknown(engine: &Engine) -> Result<()> {
    let unknown = engine.holdings().unknown(engine.store().held_by(engine.worker()).await?);
    if unknown.is_empty() {
        return Ok(());
    }
    engine.store().db().execute(Batch::from(write::tasks_release(&unknown))).await?;
    tracing::info!(tasks = unknown.len(), "leases whose answer was lost were given back");
    engine.dispatcher().look_again(&unknown);
    Ok(())
}

/// Leases of a claim's rows. A run that has ended meanwhile has none: its rows are cancelled.
fn leases(engine: &Engine, want: &Want, rows: &[Row]) -> Result<Vec<Arc<Lease>>> {
    let (run, stage) = want.place;
    let Some(record) = engine.loaded(run) else { return Ok(Vec::new()) };
    let Some(work) = engine.stage_work(&record, stage) else { return Ok(Vec::new()) };
    rows.iter()
        .map(|row| {
            let data: String = row.get(3)?;
            let data: Box<RawValue> = RawValue::from_string(data)?;
            let (key, attempt, fence) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let row = LeasedRow { key, attempt, fence, data: Arc::from(data) };
            Ok(new_lease(engine, &record, &work, row))
        })
        .collect()
}

impl Dispatcher {
    /// Which stages to claim from, and how much; the room is reserved.
    fn wants(&self, now: Timestamp) -> Vec<Want> {
        if self.draining.load(std::sync::atomic::Ordering::Acquire) {
            return Vec::new();
        }
        let mut state = self.state.lock();
        let mut wants = Vec::new();
        for _ in 0..state.sources.turn.len() {
            if wants.len() >= MAX_PLACES {
                break;
            }
            let Some(place) = state.sources.turn.pop_front() else { break };
            state.sources.turn.push_back(place);
            let Some(source) = state.sources.get_mut(place.0, place.1) else { continue };
            let (claimable, generation) = (source.claimable(now), source.generation);
            let class = source.work.class.clone();
            if claimable == 0 {
                continue;
            }
            let gate = state.gate(&class);
            let count = claimable.min(gate.room()).min(MAX_CLAIM);
            // A trickle of tiny claims would cost a commit each.
            if count == 0 || (!gate.is_low() && count < claimable) {
                continue;
            }
            gate.reserved += count;
            if let Some(source) = state.sources.get_mut(place.0, place.1) {
                source.held += count;
            }
            wants.push(Want { place, class, count, generation });
        }
        wants
    }

    fn release_wants(&self, wants: &[Want]) {
        let mut state = self.state.lock();
        for want in wants {
            let gate = state.gate(&want.class);
            gate.reserved = gate.reserved.saturating_sub(want.count);
            if let Some(source) = state.sources.get_mut(want.place.0, want.place.1) {
                source.held = source.held.saturating_sub(want.count);
            }
        }
    }

    /// What a claim found.
    fn claimed(&self, want: &Want, leases: Vec<Arc<Lease>>, due_at: Option<Timestamp>, now: Timestamp) {
        let mut state = self.state.lock();
        let found = leases.len();
        let gate = state.gate(&want.class);
        gate.reserved = gate.reserved.saturating_sub(want.count);
        gate.buffer.extend(leases);
        let Some(source) = state.sources.get_mut(want.place.0, want.place.1) else { return };
        source.held = source.held.saturating_sub(want.count - found);
        if found < want.count && source.generation == want.generation {
            // Nothing ready at all: others hold them, or a commit is on its way and will say so.
            source.dry_until = Some(due_at.filter(|due| *due > now).unwrap_or(now.plus(1_000)));
        }
    }

    /// Tasks are ready again that no claim counts on.
    fn look_again(&self, released: &[Held]) {
        let mut state = self.state.lock();
        for held in released {
            if let Some(source) = state.sources.get_mut(held.run, held.stage) {
                source.dry_until = None;
                source.generation += 1;
            }
        }
    }

    fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.state.lock().sources.next_due(now)
    }
}
