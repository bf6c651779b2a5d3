//! A run's loop: the only writer of its run.
//!
//! It takes all messages that wait, plans, commits, announces. While a commit is on its way to the disk, the next
//! messages gather: the slower the disk, the larger the batches.

use crate::{
    Error,
    ask::{Resolved, resolve},
    clock,
    lease::Message,
    plan::{Lessons, Origin, Plan, plan},
    shared::{Engine, RunHandle},
};
use activity::EmitError;
use model::{Definition, Failure, Input, Run, RunId, RunState, StageId, StageState, Timestamp, Work};
use parking_lot::RwLock;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use store::{RunHost, RunRecord, write};
use stream::Commit;
use tokio::sync::mpsc;

/// Messages that wait before attempts have to.
const INBOX: usize = 2_048;

/// Most messages of one commit.
const MAX_MESSAGES: usize = 1_024;

/// How long a store that refuses (a full disk) is left alone before the same commit is tried again.
const AFTER_ERROR: Duration = Duration::from_millis(500);

/// Longest pause before a commit that another node was quicker with is tried again, in microseconds.
const AFTER_CONFLICT_US: u64 = 5_000;

pub(crate) fn handle(record: Arc<RunRecord>) -> (RunHandle, mpsc::Receiver<Message>) {
    let (inbox, messages) = mpsc::channel(INBOX);
    (RunHandle { inbox, record: Arc::new(RwLock::new(record)) }, messages)
}

/// How long the loop of a run that is over stays for a last command: whoever retries a run just loaded must find it.
const LINGER: Duration = Duration::from_millis(200);

/// Serves a run until it is over, or the engine ends.
pub(crate) async fn serve(
    engine: Engine,
    run: RunId,
    handle: RunHandle,
    mut messages: mpsc::Receiver<Message>,
) {
    let mut gathered = Vec::new();
    if !end_where_blocked(&engine, &handle).await {
        return;
    }
    loop {
        let record = handle.record.read().clone();
        let over = record.run.state.is_final();
        let native = record.meta.host == RunHost::Native;
        let deadline = if native { signal_deadline(&record.definition, &record.run) } else { None };
        gathered.clear();
        tokio::select! {
            count = messages.recv_many(&mut gathered, MAX_MESSAGES) => {
                if count == 0 {
                    return;
                }
            }
            () = until(deadline) => {}
            () = tokio::time::sleep(LINGER), if over => {
                if retire(&engine, run, &mut messages) {
                    return;
                }
                continue;
            }
            () = engine.ended() => return,
        }
        let delivers = gathered.iter().any(|message| matches!(message, Message::Settle(_)));
        let expired = deadline.filter(|(at, _)| *at <= clock::now()).map(|(_, stage)| stage);
        for messages in apart(std::mem::take(&mut gathered)) {
            let expired = expired.map(|stage| Input::SignalExpired { stage });
            if !settle(&engine, &handle, messages, expired).await {
                return;
            }
        }
        if (delivers || waits_for_deliveries(&handle)) && !end_where_blocked(&engine, &handle).await {
            return;
        }
    }
}

/// Whether a run has done all its work, and only deliveries are left.
fn waits_for_deliveries(handle: &RunHandle) -> bool {
    let record = handle.record.read();
    let run = &record.run;
    run.state == RunState::Running
        && run.deliveries.unsent() > 0
        && run.stages.iter().all(|stage| stage.state.is_over())
}

/// Ends a run whose remaining deliveries all wait for a dead one, or for one that was never staged; `false` where the store is
/// closed.
async fn end_where_blocked(engine: &Engine, handle: &RunHandle) -> bool {
    if !waits_for_deliveries(handle) {
        return true;
    }
    let run = handle.record.read().run.id;
    match engine.store().deliveries_progressing(run).await {
        Ok(left) if !left.moving && left.blocked > 0 => {
            settle(engine, handle, Vec::new(), Some(Input::Blocked { count: left.blocked })).await
        }
        Ok(_) => true,
        Err(error) => {
            tracing::warn!(%run, %error, "the run's deliveries could not be looked at; its next commit looks again");
            true
        }
    }
}

/// Messages in the commits that they get: together, but for commands that want one of their own.
fn apart(messages: Vec<Message>) -> Vec<Vec<Message>> {
    let is_alone = |message: &Message| matches!(message, Message::Ask(asked) if asked.command.is_alone());
    // A deadline that has passed comes without messages, and is a commit all the same.
    if !messages.iter().any(is_alone) {
        return vec![messages];
    }
    let mut commits = vec![Vec::new()];
    for message in messages {
        match commits.last_mut() {
            Some(last) if !is_alone(&message) => last.push(message),
            _ => commits.extend([vec![message], Vec::new()]),
        }
    }
    commits.retain(|commit| !commit.is_empty());
    commits
}

/// Takes the loop out of the engine's map; `false` where a message came in meanwhile.
fn retire(engine: &Engine, run: RunId, messages: &mut mpsc::Receiver<Message>) -> bool {
    let mut runs = engine.inner().runs.lock();
    if !messages.is_empty() {
        return false;
    }
    messages.close();
    runs.remove(&run);
    drop(runs);
    engine.dispatcher().forget(run);
    true
}

/// The earliest time at which a signal is overdue, and the stage that waits for it.
pub fn signal_deadline(definition: &Definition, run: &Run) -> Option<(Timestamp, StageId)> {
    if run.state.is_final() || run.state == RunState::Paused {
        return None;
    }
    let deadlines = definition.ids().zip(&run.stages).filter_map(|(id, run)| {
        let stage = definition.stage(id)?;
        let waits = matches!(stage.work, Work::Signal { .. }) && run.state == StageState::Open;
        let opened = run.opened_at.filter(|_| waits && run.counts.waiting > 0)?;
        stage.timeout_ms.map(|timeout| (opened.plus(timeout), id))
    });
    deadlines.min()
}

async fn until(deadline: Option<(Timestamp, StageId)>) {
    match deadline {
        Some((at, _)) => tokio::time::sleep(Duration::from_millis(at.since(clock::now()))).await,
        None => std::future::pending().await,
    }
}

/// Commits `messages`, or the input `alone` where there are none, whatever it takes; `false` where the store is closed.
async fn settle(engine: &Engine, handle: &RunHandle, messages: Vec<Message>, alone: Option<Input>) -> bool {
    // Of a run that a cluster drives, this loop is one writer of several.
    let shared = handle.record.read().meta.host != RunHost::Native;
    if shared {
        let run = handle.record.read().run.id;
        if !reload(engine, handle, run).await {
            return false;
        }
    }
    let mut lessons = Lessons::default();
    let mut resolved: HashMap<usize, Resolved> = HashMap::new();
    let mut failures: HashMap<usize, Error> = HashMap::new();
    let record = handle.record.read().clone();
    for (index, message) in messages.iter().enumerate() {
        if let Message::Ask(asked) = message {
            match resolve(engine, &record, &asked.command).await {
                Ok(found) => {
                    resolved.insert(index, found);
                }
                Err(error) => {
                    failures.insert(index, error);
                }
            }
        }
    }
    let alone = alone.map(Resolved::from);
    loop {
        let record = handle.record.read().clone();
        let now = clock::now();
        let planned = match &alone {
            Some(alone) if messages.is_empty() => crate::plan::plan_input(engine, &record, alone, now),
            _ => plan(engine, &record, &messages, &resolved, &lessons, now),
        };
        let plan = match planned {
            Ok(plan) => plan,
            Err(error) => {
                // Only a value without a JSON form brings this: a fault in the code, and the run cannot go on with it.
                tracing::error!(run = %record.run.id, %error, "a commit could not be planned");
                answer(messages, &mut failures, &lessons, HashMap::new(), &record);
                return true;
            }
        };
        if plan.events.is_empty() && plan.batch.statements.len() <= 2 {
            engine.dispatcher().unreserve(&plan.reserved);
            engine.dispatcher().committed(engine, &record, &[], &ended(&messages), Vec::new());
            answer(messages, &mut failures, &lessons, plan.refused, &record);
            return true;
        }
        match engine.store().db().execute(plan.batch.clone()).await {
            Ok(outcomes) => {
                let newest = crate::plan::newest(&outcomes);
                let refused = plan.refused.clone();
                let record = plan.record.clone();
                announce(engine, handle, plan, &ended(&messages), newest);
                answer(messages, &mut failures, &lessons, refused, &record);
                return true;
            }
            Err(error) => {
                engine.dispatcher().unreserve(&plan.reserved);
                if !learn(engine, handle, plan, error, &messages, &mut lessons).await {
                    return false;
                }
            }
        }
    }
}

/// The attempts that have ended, whatever became of their outcomes: this worker holds their leases no more.
fn ended(messages: &[Message]) -> HashMap<StageId, usize> {
    let mut count = HashMap::new();
    for message in messages {
        if let Message::Report(report) = message {
            *count.entry(report.lease.held.stage).or_default() += 1;
        }
    }
    count
}

/// What the database's refusal says about the messages; `false` where the store is closed for good.
pub(crate) async fn learn(
    engine: &Engine,
    handle: &RunHandle,
    plan: Plan,
    error: db::Error,
    messages: &[Message],
    lessons: &mut Lessons,
) -> bool {
    let (statement, row) = match &error {
        db::Error::Expectation { statement, row, .. }
        | db::Error::Unique { statement, row, .. }
        | db::Error::Constraint { statement, row, .. }
        | db::Error::Parameters { statement, row, .. }
        | db::Error::Statement { statement, row, .. } => (*statement, *row),
        db::Error::Closed | db::Error::Stopped | db::Error::Fatal { .. } => return false,
        _ => {
            let error = whole(&error);
            tracing::error!(run = %plan.record.run.id, error, "a commit was refused; trying again");
            return pause(engine).await;
        }
    };
    match plan.origins.get(statement) {
        Some(Origin::Leases(by)) => {
            if let Some(index) = by.get(row) {
                tracing::info!(run = %plan.record.run.id, "a late outcome was refused: its lease had passed on");
                lessons.superseded.insert(*index);
                return true;
            }
        }
        Some(Origin::Items) if matches!(error, db::Error::Unique { .. }) && lessons.known.is_none() => {
            match engine.store().known_keys(plan.record.run.id, &plan.new_keys).await {
                Ok(known) => lessons.known = Some(known),
                Err(error) => tracing::warn!(%error, "the run's items could not be looked up; trying again"),
            }
            return true;
        }
        Some(Origin::Deliveries) if matches!(error, db::Error::Unique { .. }) => {
            let deliveries = &mut lessons.deliveries;
            if deliveries.known.is_none() {
                match engine.store().known_deliveries(plan.record.run.id, &plan.woken.staged).await {
                    Ok(known) => {
                        let pairs = known.into_iter().map(|one| ((one.destination, one.key), one.revives));
                        deliveries.known = Some(pairs.collect());
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the run's deliveries could not be looked up; trying again");
                    }
                }
                return true;
            }
        }
        Some(Origin::Settled(ids)) => {
            if let Some(id) = ids.get(row) {
                tracing::info!(run = %plan.record.run.id, "a late answer was refused: its lease had passed on");
                lessons.deliveries.superseded.insert(*id);
                return true;
            }
        }
        Some(Origin::Effects(index)) => {
            let message = messages.get(*index);
            return reject(*index, message, &error, lessons) || pause(engine).await;
        }
        _ => {}
    }
    if plan.record.meta.host != RunHost::Native {
        return reload(engine, handle, plan.record.run.id).await;
    }
    if engine.store().db().is_shared() {
        // Another node was quicker. A pause of chance lets one of the two go first the next time.
        tracing::debug!(run = %plan.record.run.id, %error, "the run has moved on elsewhere; loading it again");
        tokio::time::sleep(Duration::from_micros(u64::from(clock::random()) % AFTER_CONFLICT_US)).await;
        return reload(engine, handle, plan.record.run.id).await;
    }
    tracing::warn!(run = %plan.record.run.id, %error, "the run had changed in the store; loading it again");
    reload(engine, handle, plan.record.run.id).await && pause(engine).await
}

/// An error with what caused it.
fn whole(error: &db::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The application's rows were refused: the attempt fails, with the database's reason.
fn reject(index: usize, message: Option<&Message>, error: &db::Error, lessons: &mut Lessons) -> bool {
    let known: &mut HashSet<usize> = &mut lessons.superseded;
    match message {
        Some(Message::Report(_)) if !lessons.rejected.contains_key(&index) => {
            let text = whole(error);
            let failure =
                Failure::permanent("effects_rejected", format!("the store refused its rows: {text}"));
            lessons.rejected.insert(index, failure);
            true
        }
        // A chunk, or the rows of a failure itself: the attempt is told, or goes without.
        Some(Message::Chunk(_) | Message::Report(_)) => known.insert(index),
        _ => false,
    }
}

/// Waits before another try; `false` where the engine ends.
pub(crate) async fn pause(engine: &Engine) -> bool {
    tokio::select! {
        () = tokio::time::sleep(AFTER_ERROR) => true,
        () = engine.ended() => false,
    }
}

/// Takes a run's newer state; what another node did since is newer still. Answers the state before.
fn adopt(handle: &RunHandle, record: &Arc<RunRecord>) -> Arc<RunRecord> {
    let mut known = handle.record.write();
    let was = known.clone();
    if was.run.run_seq < record.run.run_seq {
        *known = record.clone();
    }
    was
}

async fn reload(engine: &Engine, handle: &RunHandle, run: RunId) -> bool {
    match engine.store().run(run).await {
        Ok(Some(record)) => {
            adopt(handle, &Arc::new(record));
            true
        }
        Ok(None) => false,
        Err(error) => {
            tracing::warn!(%run, %error, "the run could not be loaded; trying again");
            true
        }
    }
}

/// What is committed becomes visible: the run's state, its events, its new leases.
fn announce(engine: &Engine, handle: &RunHandle, plan: Plan, settled: &HashMap<StageId, usize>, newest: i64) {
    let Plan { record, events, leases, reserved, woken, .. } = plan;
    let run = record.run.id;
    let was = adopt(handle, &record);
    let was_held = matches!(was.run.state, RunState::Paused | RunState::Cancelled);
    engine.publish(Some(record.clone()), events, newest);
    for destination in &woken.destinations {
        engine.relay().wake(destination);
    }
    let replayed = record.run.deliveries.dead < was.run.deliveries.dead;
    if replayed || (was_held && record.run.deliveries.unsent() > 0) {
        engine.relay().wake_all();
    }
    if record.meta.host != RunHost::Native && record.run.state != was.run.state {
        engine.tell_cluster(run);
    }
    engine.dispatcher().committed(engine, &record, &reserved, settled, leases);
    engine.hold_back(&record);
}

/// Tells everybody who waits for an answer.
pub(crate) fn answer(
    messages: Vec<Message>,
    failures: &mut HashMap<usize, Error>,
    lessons: &Lessons,
    mut refused: HashMap<usize, headway_core::Refused>,
    record: &Arc<RunRecord>,
) {
    for (index, message) in messages.into_iter().enumerate() {
        let refused = refused.remove(&index);
        match message {
            Message::Ask(asked) => {
                let run = record.run.id;
                let answer = match (failures.remove(&index), refused) {
                    (Some(error), _) => Err(error),
                    (None, Some(source)) => Err(Error::Refused { run, source }),
                    (None, None) => Ok(record.clone()),
                };
                // Whoever asked may have gone.
                let _ = asked.reply.send(answer);
            }
            Message::Chunk(chunk) => {
                let lost = refused.is_some() || lessons.superseded.contains(&index);
                let answer = if lost { Err(EmitError::Superseded) } else { Ok(()) };
                let _ = chunk.reply.send(answer);
            }
            Message::Report(_)
            | Message::Lines(_)
            | Message::Settle(_)
            | Message::Lost(_)
            | Message::Observed => {}
        }
    }
}

impl Engine {
    /// Announces committed events, numbered up to `newest`.
    pub(crate) fn publish(&self, record: Option<Arc<RunRecord>>, events: Vec<store::EventRow>, newest: i64) {
        let last = events.len() as i64 - 1;
        let numbered = (0..).zip(events).map(|(index, row)| row.number(newest, last - index)).collect();
        self.hub().commit(Commit { record, events: numbered });
    }

    /// Gives leases back to the store, unbegun, whatever it takes.
    pub(crate) fn give_back(&self, held: Vec<write::Held>) {
        if held.is_empty() {
            return;
        }
        let engine = self.clone();
        tokio::spawn(async move {
            // Given back twice they are given back: the fence says whose they are.
            let release = db::Batch::from(write::tasks_release(&held));
            while let Err(error) = engine.store().db().execute(release.clone()).await {
                tracing::warn!(%error, "leases could not be given back; trying again");
                if error.is_closed() || !pause(&engine).await {
                    return;
                }
            }
            engine.dispatcher().given_back(&held);
        });
    }
}
