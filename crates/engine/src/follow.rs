//! Several processes on one database: what others commit becomes known here.
//!
//! ```text
//! another node commits ─▶ feed ─hint or look─▶ events that this process has not told its hub
//!                                                ├─▶ hub, in feed order: streams on any node show every run
//!                                                ├─▶ the run as it stands now ─▶ its loop, its claims, its attempts
//!                                                └─▶ lanes whose deliveries are due
//! ```
//!
//! Numbers of the feed have no gaps and follow the order of commits, so what is missing here is exactly what others wrote,
//! or what this process is about to announce itself.

use crate::{Result, lease::Message, node, relay, shared::Engine};
use model::{RunId, RunState};
use std::{collections::HashMap, sync::Arc, time::Duration};
use store::{RunHost, RunRecord, SYSTEM_RUN, StoredEvent};
use stream::Commit;

/// Longest time between two looks: hints may be lost.
const LOOK: Duration = Duration::from_millis(100);

/// How long this process's own announcements have to come before their events are read.
const OWN: Duration = Duration::from_millis(3);

/// Events read at once.
const PAGE: u32 = 1_000;

/// How long a store that does not answer is left alone.
const AFTER_ERROR: Duration = Duration::from_millis(500);

/// How often nodes look after each other, in heartbeats' time.
const CARE: Duration = Duration::from_secs(1);

/// Follows what other processes commit, until the engine ends. Where there is no other, it ends at once.
pub(crate) async fn follow(engine: Engine) {
    let Some(mut hints) = engine.store().db().listen() else { return };
    loop {
        let pause = match look(&engine).await {
            Ok(()) => LOOK,
            Err(error) => {
                tracing::warn!(%error, "what other nodes committed could not be read; trying again");
                AFTER_ERROR
            }
        };
        tokio::select! {
            changed = hints.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(pause) => {}
            () = engine.ended() => return,
        }
    }
}

async fn look(engine: &Engine) -> Result<()> {
    let head = engine.store().head().await?.value;
    if engine.hub().missing(head).is_none() {
        return Ok(());
    }
    tokio::time::sleep(OWN).await;
    while let Some((after, until)) = engine.hub().missing(head) {
        let events = engine.store().feed(after, until, &store::Kinds::All, PAGE).await?;
        let Some(last) = events.last() else {
            // Forgotten already: nobody can be told of it.
            engine.hub().skip(until);
            continue;
        };
        let reached = last.feed_seq;
        pass_on(engine, events).await?;
        if engine.hub().missing(head).is_some_and(|(still, _)| still < reached) {
            // Some in between are gone from the store.
            engine.hub().skip(reached);
        }
    }
    Ok(())
}

/// Tells of a page of events: to the runs, the hub and the lanes.
async fn pass_on(engine: &Engine, events: Vec<StoredEvent>) -> Result<()> {
    let mut ids: Vec<RunId> = events.iter().map(|event| event.run).filter(|run| *run != SYSTEM_RUN).collect();
    ids.sort_unstable();
    ids.dedup();
    let records = engine.store().runs_by_id(&ids).await?;
    let records: HashMap<RunId, Arc<RunRecord>> =
        records.into_iter().map(|record| (record.run.id, Arc::new(record))).collect();
    if events.iter().any(|event| event.run == SYSTEM_RUN && event.kind.starts_with("destination.")) {
        relay::refresh(engine).await?;
    }
    for same_run in events.chunk_by(|left, right| left.run == right.run) {
        let Some(run) = same_run.first().map(|event| event.run) else { continue };
        let record = records.get(&run).cloned();
        wake_lanes(engine, same_run);
        engine.hub().commit(Commit { record, events: same_run.to_vec() });
    }
    for record in records.into_values() {
        engine.observe(record);
    }
    Ok(())
}

fn wake_lanes(engine: &Engine, events: &[StoredEvent]) {
    if events.iter().any(|event| event.kind.starts_with("delivery.")) {
        engine.relay().wake_all();
    }
}

/// Looks after other nodes until the engine ends: what a node that is gone held goes to those that live.
pub(crate) async fn care(engine: Engine) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(CARE.min(engine.inner().lease / 4)) => {}
            () = engine.ended() => return,
        }
        if let Err(error) = take_over(&engine).await {
            tracing::warn!(%error, "other nodes could not be looked after; trying again");
        }
    }
}

async fn take_over(engine: &Engine) -> Result<()> {
    for name in node::expire_others(engine).await? {
        tracing::warn!(worker = %name, "a worker has not said for too long that it lives: its tasks go to others");
    }
    relay::refresh(engine).await?;
    for (run, stage) in engine.store().orphans().await? {
        if let Some(lost) = crate::load::release(engine, run, stage).await? {
            let handle = engine.run_handle(run).await?;
            // A loop that has just ended has nothing to learn.
            let _ = handle.inbox.send(Message::Lost(lost)).await;
        }
    }
    Ok(())
}

impl Engine {
    /// Takes note of a run as another node left it. What is older than what is known here changes nothing.
    pub(crate) fn observe(&self, record: Arc<RunRecord>) {
        let run = record.run.id;
        let handle = self.inner().runs.lock().get(&run).cloned();
        match handle {
            Some(handle) => {
                let mut known = handle.record.write();
                if known.run.run_seq >= record.run.run_seq {
                    return;
                }
                *known = record.clone();
                drop(known);
                // The loop looks again at its deadlines, and whether it is over. A full inbox wakes it as well.
                let _ = handle.inbox.try_send(Message::Observed);
            }
            None if record.run.state.is_final() || record.meta.host != RunHost::Native => return,
            None => {
                self.begin_loop(record.clone());
            }
        }
        self.dispatcher().committed(self, &record, &[], &HashMap::new(), Vec::new());
        self.hold_back(&record);
    }

    /// Stops what must not go on: attempts of a run that is over, and what is leased of one that takes no more.
    pub(crate) fn hold_back(&self, record: &RunRecord) {
        let (run, state) = (record.run.id, record.run.state);
        if state.is_final() {
            // Its rows say already that nobody holds them.
            self.attempts().stop(run);
            let held = self.dispatcher().withdraw(run);
            self.dispatcher().given_back(&held);
        } else if state == RunState::Paused {
            let held = self.dispatcher().withdraw(run);
            self.give_back(held);
        }
    }
}
