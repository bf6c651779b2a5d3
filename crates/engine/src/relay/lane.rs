//! A destination's lane: claims what is due, calls the connector, hands the answers to the runs.

use super::{
    BreakerStatus, DestinationStatus, LimiterStatus, Settlement,
    settle::{Verdict, settlement},
    throttle::{Shared, Throttle},
};
use crate::{Error, Result, clock, lease::Message, node, shared::Engine};
use activity::connector::{Answer, Connector, Lookup, Pace, PaceHint, Parcel, Reply};
use headway_core::{BreakerState, Hint};
use model::{Destination, Paused, RunId, TaskError, Timestamp, delivery_reference};
use parking_lot::Mutex;
use serde_json::json;
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use store::{ClaimedDelivery, outbox::write};
use tokio::{sync::Notify, task::JoinSet};

/// How often a lane with undelivered messages looks, whether or not it was woken: other processes stage too.
const LOOK: Duration = Duration::from_secs(5);

/// How long a lane waits after the store did not answer.
const AFTER_ERROR: Duration = Duration::from_millis(500);

/// How long a destination that cannot be connected to (bad settings) is left alone, unless its settings change.
const AFTER_PROBLEM: Duration = Duration::from_secs(60);

/// Over which time the rate of deliveries is told.
const RATE_MS: u64 = 10_000;

/// A destination's lane, as seen from outside of its loop.
pub(crate) struct Lane {
    name: Arc<str>,
    woken: Notify,
    closed: AtomicBool,
    seen: Mutex<Seen>,
}

/// What outside sees, and changes.
struct Seen {
    destination: Destination,
    /// Moves on with every change of the settings: the connector is made anew.
    generation: u64,
    connected: Option<Arc<Connected>>,
    problem: Option<TaskError>,
    in_flight: u32,
    delivered: VecDeque<(Timestamp, u64)>,
}

/// A destination with its connector.
pub(super) struct Connected {
    pub(super) connector: Arc<dyn Connector>,
    pub(super) pace: Pace,
    throttle: Shared,
    generation: u64,
}

/// What a call came to.
struct Called {
    settlements: HashMap<RunId, Vec<Settlement>>,
    done: u64,
    paused: Option<TaskError>,
}

impl Lane {
    pub(super) fn new(destination: Destination) -> Self {
        Self {
            name: destination.name.clone(),
            woken: Notify::new(),
            closed: AtomicBool::new(false),
            seen: Mutex::new(Seen {
                destination,
                generation: 1,
                connected: None,
                problem: None,
                in_flight: 0,
                delivered: VecDeque::new(),
            }),
        }
    }

    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }

    /// Takes new settings, or a pause.
    pub(super) fn change(&self, destination: Destination) {
        let mut seen = self.seen.lock();
        let was = &seen.destination;
        let reconnects = (&was.kind, &was.settings, &was.credential)
            != (&destination.kind, &destination.settings, &destination.credential)
            || seen.problem.is_some();
        seen.generation += u64::from(reconnects);
        seen.destination = destination;
        drop(seen);
        self.wake();
    }

    /// The credential behind it has changed.
    pub(super) fn reconnect(&self) {
        self.seen.lock().generation += 1;
        self.wake();
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.wake();
    }

    pub(super) fn in_flight(&self) -> usize {
        self.seen.lock().in_flight as usize
    }

    pub(super) fn destination(&self) -> Destination {
        self.seen.lock().destination.clone()
    }

    pub(super) fn status(&self) -> DestinationStatus {
        let now = clock::now();
        let mut seen = self.seen.lock();
        while seen.delivered.front().is_some_and(|(at, _)| now.since(*at) > RATE_MS) {
            seen.delivered.pop_front();
        }
        let delivered: u64 = seen.delivered.iter().map(|(_, count)| count).sum();
        let connected = seen.connected.clone();
        let parallel = connected.as_ref().map_or(0, |connected| connected.pace.parallel);
        let (breaker, limiter) = match &connected {
            Some(connected) => shown(&connected.throttle.lock(), now, seen.in_flight, parallel),
            None => shown_idle(),
        };
        DestinationStatus {
            destination: seen.destination.clone(),
            guarantee: connected.map(|connected| connected.connector.guarantee()),
            breaker,
            limiter,
            delivered_per_s: delivered as f64 * 1_000.0 / RATE_MS as f64,
            problem: seen.problem.clone(),
        }
    }

    /// The destination with its connector, made anew where the settings have changed.
    pub(super) async fn connected(&self, engine: &Engine) -> std::result::Result<Arc<Connected>, TaskError> {
        let (destination, generation, known) = {
            let seen = self.seen.lock();
            (seen.destination.clone(), seen.generation, seen.connected.clone())
        };
        if let Some(known) = known.filter(|known| known.generation == generation) {
            return Ok(known);
        }
        let relay = engine.relay();
        let Some(connectors) = &relay.connectors else {
            return Err(TaskError::new("no_connectors", "this process sends nothing"));
        };
        let made = connectors.connect(&destination).await;
        let mut seen = self.seen.lock();
        match made {
            Ok(connector) => {
                let mut pace = connector.pace();
                pace.batch = relay.batch.map_or(pace.batch, |most| pace.batch.min(most)).max(1);
                pace.parallel = pace.parallel.max(1);
                pace.timeout_ms = relay.timeout_ms.map_or(pace.timeout_ms, |wait| pace.timeout_ms.max(wait));
                let throttle = relay.throttles.of(
                    account(&destination, connector.service()),
                    pace.interval_ms,
                    pace.per_hour,
                    clock::now(),
                );
                let connected = Arc::new(Connected { connector, pace, throttle, generation });
                seen.connected = Some(connected.clone());
                seen.problem = None;
                Ok(connected)
            }
            Err(problem) => {
                seen.connected = None;
                seen.problem = Some(problem.clone());
                Err(problem)
            }
        }
    }

    fn began(&self) {
        self.seen.lock().in_flight += 1;
    }

    fn ended(&self, done: u64) {
        let mut seen = self.seen.lock();
        seen.in_flight = seen.in_flight.saturating_sub(1);
        if done > 0 {
            seen.delivered.push_back((clock::now(), done));
        }
    }
}

/// What shares a throttle: the same service with the same credential, or the destination alone.
fn account(destination: &Destination, service: Option<String>) -> String {
    match (service, &destination.credential) {
        (Some(service), Some(credential)) => format!("{}|{service}|{credential}", destination.kind),
        _ => format!("destination|{}", destination.name),
    }
}

fn shown(
    throttle: &Throttle,
    now: Timestamp,
    in_flight: u32,
    parallel: u32,
) -> (BreakerStatus, LimiterStatus) {
    let (state, until) = match throttle.breaker.state() {
        BreakerState::Closed => ("closed", None),
        BreakerState::Open { until } => ("open", Some(until)),
        BreakerState::HalfOpen => ("half_open", None),
    };
    let reason = throttle.reason.clone().filter(|_| state != "closed");
    let breaker = BreakerStatus { state, failures: throttle.breaker.failures(), reason, until };
    let limiter = LimiterStatus {
        rate_per_s: throttle.pacer.rate_per_s(),
        in_flight,
        parallel,
        paused_until: throttle.pacer.paused_until(now),
        remaining: throttle.pacer.remaining(),
    };
    (breaker, limiter)
}

fn shown_idle() -> (BreakerStatus, LimiterStatus) {
    let breaker = BreakerStatus { state: "closed", failures: 0, reason: None, until: None };
    let limiter =
        LimiterStatus { rate_per_s: None, in_flight: 0, parallel: 0, paused_until: None, remaining: None };
    (breaker, limiter)
}

/// What a look for work came to.
enum Look {
    /// Calls are under way or wait for room: look again when one ends.
    Busy,
    /// Nothing before then.
    Until(Timestamp),
    /// Nothing is staged: only a wake-up brings something.
    Idle,
    /// Look again after a while.
    After(Duration),
}

/// Serves a destination until its lane closes or the engine ends.
pub(super) async fn serve(engine: Engine, lane: Arc<Lane>) {
    let mut calls: JoinSet<()> = JoinSet::new();
    let mut recovered = None;
    loop {
        if lane.closed.load(Ordering::Acquire) || engine.is_draining() {
            // Calls under way end, and what they learnt is written.
            while calls.join_next().await.is_some() {}
            return;
        }
        let look = match look(&engine, &lane, &mut calls, &mut recovered).await {
            Ok(look) => look,
            Err(error) => {
                tracing::warn!(destination = %lane.name, %error, "the outbox could not be read; trying again");
                Look::After(AFTER_ERROR)
            }
        };
        let wait = match look {
            Look::Busy | Look::Idle => None,
            Look::Until(at) => {
                Some(Duration::from_millis(at.since(clock::now())).max(Duration::from_millis(1)))
            }
            Look::After(wait) => Some(wait),
        };
        tokio::select! {
            () = lane.woken.notified() => {}
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            Some(_) = calls.join_next(), if !calls.is_empty() => {}
            () = engine.drains() => {}
        }
    }
}

/// Begins as many calls as may begin now.
async fn look(
    engine: &Engine,
    lane: &Arc<Lane>,
    calls: &mut JoinSet<()>,
    recovered: &mut Option<Instant>,
) -> Result<Look> {
    if lane.destination().paused.is_some() {
        return Ok(Look::Idle);
    }
    let connected = match lane.connected(engine).await {
        Ok(connected) => connected,
        Err(problem) => {
            tracing::warn!(destination = %lane.name, reason = problem.message, "the destination cannot be used");
            return Ok(Look::After(AFTER_PROBLEM));
        }
    };
    // Where other processes share the database, they may go at any time.
    if recovered.is_none_or(|at| engine.store().db().is_shared() && at.elapsed() >= LOOK) {
        recover(engine, lane, connected.pace.lookup_lag_ms).await?;
        *recovered = Some(Instant::now());
    }
    loop {
        let now = clock::now();
        if calls.len() >= connected.pace.parallel as usize {
            return Ok(Look::Busy);
        }
        let room = match admit(&connected, now) {
            Ok(room) => room,
            Err(until) => return Ok(Look::Until(until)),
        };
        let claimed = claim(engine, lane, now, room).await?;
        if claimed.is_empty() {
            connected.throttle.lock().breaker.unused(now);
            return idle(engine, lane, now, calls).await;
        }
        connected.throttle.lock().pacer.begin(now, claimed.len());
        let (probes, sends): (Vec<_>, Vec<_>) = claimed.into_iter().partition(|claimed| claimed.probe);
        for (batch, probes) in [(sends, false), (probes, true)] {
            if !batch.is_empty() {
                lane.began();
                let (engine, lane, connected) = (engine.clone(), lane.clone(), connected.clone());
                calls.spawn(async move { call(&engine, &lane, &connected, batch, probes).await });
            }
        }
    }
}

/// How many deliveries the next call may hold; when to look again where there may be none.
fn admit(connected: &Connected, now: Timestamp) -> std::result::Result<usize, Timestamp> {
    let mut throttle = connected.throttle.lock();
    let ready = throttle.pacer.ready_at(now);
    if ready > now {
        return Err(ready);
    }
    let room = throttle.pacer.room(now, connected.pace.batch);
    if room == 0 {
        return Err(now.plus(1_000));
    }
    if !throttle.breaker.admit(now) {
        return Err(match throttle.breaker.state() {
            BreakerState::Open { until } => until,
            // The one call that finds out is another lane's: it says nothing to this one when it ends.
            _ => now.plus(1_000),
        });
    }
    // One call finds out whether the destination is back, with little at stake.
    Ok(if throttle.breaker.state() == BreakerState::HalfOpen { 1 } else { room })
}

async fn claim(engine: &Engine, lane: &Lane, now: Timestamp, room: usize) -> Result<Vec<ClaimedDelivery>> {
    let claim = write::claim(&lane.name, engine.worker(), now, room);
    let outcomes = engine.store().db().execute(db::Batch::from(claim)).await?;
    let rows = outcomes.first().map_or(&[][..], |outcome| &outcome.rows);
    let mut claimed = rows.iter().map(ClaimedDelivery::from_row).collect::<store::Result<Vec<_>>>()?;
    // Answers of an update come in no order.
    claimed.sort_by_key(|claimed| claimed.id);
    Ok(claimed)
}

async fn idle(engine: &Engine, lane: &Lane, now: Timestamp, calls: &JoinSet<()>) -> Result<Look> {
    if !calls.is_empty() {
        return Ok(Look::After(LOOK));
    }
    Ok(match engine.store().delivery_due(&lane.name).await? {
        // What other processes hold comes back when they go.
        None if engine.store().db().is_shared() => Look::After(LOOK),
        None => Look::Idle,
        // Due, but held by its run or its order: whoever frees it wakes the lane.
        Some(due) if due <= now => Look::After(LOOK),
        Some(due) => Look::Until(due.min(now.plus(LOOK.as_millis() as u64))),
    })
}

/// What a dead process held is looked up before it is sent again.
async fn recover(engine: &Engine, lane: &Lane, lag_ms: u64) -> Result<()> {
    let now = clock::now();
    let lost = write::lost(&lane.name, now.plus(lag_ms), now);
    engine.store().db().execute(db::Batch::from(lost)).await?;
    Ok(())
}

async fn call(
    engine: &Engine,
    lane: &Arc<Lane>,
    connected: &Arc<Connected>,
    batch: Vec<ClaimedDelivery>,
    probes: bool,
) {
    let parcels: Vec<Parcel> = batch.iter().map(|claimed| parcel(&lane.name, claimed)).collect();
    let bound = Duration::from_millis(connected.pace.timeout_ms.saturating_mul(parcels.len() as u64 + 1));
    let wanted = if probes { Call::LookUp(parcels) } else { Call::Deliver(parcels) };
    let answered = tokio::select! {
        answered = guarded(connected.clone(), bound, wanted) => answered,
        // What is under way stays leased by this worker: the next process looks up what became of it.
        () = engine.ended() => return,
    };
    let (verdicts, hint) = answered.into_verdicts(batch.len(), connected.pace.lookup_lag_ms);
    let now = clock::now();
    let changed = hear(connected, &verdicts, hint, now);
    let called = judge(engine, lane, batch, verdicts, now);
    if let Some(error) = &called.paused {
        pause(engine, lane, error).await;
    }
    if let Some(change) = changed {
        note(engine, &lane.name, change).await;
    }
    let done = called.done;
    for (run, settlements) in called.settlements {
        tell(engine, run, settlements).await;
    }
    lane.ended(done);
}

/// A delivery as its connector sees it.
pub(super) fn parcel(destination: &str, claimed: &ClaimedDelivery) -> Parcel {
    Parcel {
        run: claimed.run,
        key: claimed.key.clone(),
        kind: claimed.kind.clone(),
        title: claimed.title.clone(),
        payload: claimed.payload.clone(),
        parent: claimed.parent.clone(),
        reference: Arc::from(delivery_reference(claimed.run, destination, &claimed.key)),
        staged_at: claimed.staged_at.0,
    }
}

enum Call {
    Deliver(Vec<Parcel>),
    LookUp(Vec<Parcel>),
}

enum Answered {
    Delivered(Reply<Answer>),
    LookedUp(Reply<Lookup>),
    /// The connector panicked or took too long: nobody knows what arrived.
    Nothing(TaskError),
}

impl Answered {
    /// One verdict for each parcel, whatever the connector answered.
    fn into_verdicts(self, count: usize, lag_ms: u64) -> (Vec<Verdict>, PaceHint) {
        let (mut verdicts, hint) = match self {
            Self::Delivered(reply) => {
                let verdicts: Vec<_> =
                    reply.answers.into_iter().map(|answer| Verdict::of_answer(answer, lag_ms)).collect();
                (verdicts, reply.pace)
            }
            Self::LookedUp(reply) => {
                (reply.answers.into_iter().map(Verdict::of_lookup).collect(), reply.pace)
            }
            Self::Nothing(error) => {
                let verdict = || Verdict::of_answer(Answer::NoAnswer { error: error.clone() }, lag_ms);
                ((0..count).map(|_| verdict()).collect(), PaceHint::default())
            }
        };
        verdicts.truncate(count);
        while verdicts.len() < count {
            let error = TaskError::new("no_answer", "the connector gave fewer answers than it got messages");
            verdicts.push(Verdict::of_answer(Answer::NoAnswer { error }, lag_ms));
        }
        (verdicts, hint)
    }
}

/// Calls the connector where neither a panic nor a hang of it does harm.
async fn guarded(connected: Arc<Connected>, bound: Duration, call: Call) -> Answered {
    let under_way = tokio::spawn(async move {
        match call {
            Call::Deliver(parcels) => Answered::Delivered(connected.connector.deliver(&parcels).await),
            Call::LookUp(parcels) => Answered::LookedUp(connected.connector.look_up(&parcels).await),
        }
    });
    // Aborted also where nobody waits any more.
    let abort = AbortOnDrop(under_way.abort_handle());
    match tokio::time::timeout(bound, under_way).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(error)) => {
            let message = format!("the connector stopped without an answer: {error}");
            Answered::Nothing(TaskError::new("connector_failed", message))
        }
        Err(_) => {
            abort.0.abort();
            let message = format!("no answer within {} s", bound.as_secs());
            Answered::Nothing(TaskError::new("timeout", message))
        }
    }
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A change of the breaker, to be told.
enum Change {
    Opened(Arc<str>, Timestamp),
    Closed,
}

/// What the answers say about the destination as a whole.
fn hear(connected: &Connected, verdicts: &[Verdict], hint: PaceHint, now: Timestamp) -> Option<Change> {
    let mut throttle = connected.throttle.lock();
    let pause = verdicts.iter().filter_map(|verdict| verdict.pause_ms).max();
    throttle.pacer.hear(
        now,
        Hint {
            pause_ms: pause.max(hint.pause_ms),
            remaining: hint.remaining,
            reset_ms: hint.reset_ms,
            throttled: verdicts.iter().any(|verdict| verdict.throttled),
        },
    );
    if verdicts.iter().any(|verdict| verdict.reached) {
        return throttle.breaker.succeeded().then_some(Change::Closed);
    }
    let reason = verdicts.iter().find_map(|verdict| verdict.error.as_ref());
    let reason: Arc<str> = Arc::from(reason.map_or("", |error| error.message.as_str()));
    throttle.reason = Some(reason.clone());
    throttle.breaker.failed(now).map(|until| Change::Opened(reason, until))
}

/// What the answers make of each delivery, by run.
fn judge(
    engine: &Engine,
    lane: &Lane,
    batch: Vec<ClaimedDelivery>,
    verdicts: Vec<Verdict>,
    now: Timestamp,
) -> Called {
    let mut called = Called { settlements: HashMap::new(), done: 0, paused: None };
    for (claimed, verdict) in batch.iter().zip(verdicts) {
        called.done += u64::from(verdict.remote.is_some());
        if verdict.unauthorized && called.paused.is_none() {
            called.paused.clone_from(&verdict.error);
        }
        let settled = settlement(&engine.relay().policy, &lane.name, claimed, &verdict, now);
        called.settlements.entry(claimed.run).or_default().push(settled);
    }
    called
}

/// Hands settlements to the run's loop.
async fn tell(engine: &Engine, run: RunId, settlements: Vec<Settlement>) {
    let mut message = Message::Settle(settlements);
    loop {
        match engine.run_handle(run).await {
            Ok(handle) => match handle.inbox.send(message).await {
                Ok(()) => return,
                // The loop retired at this moment; the run is loaded anew.
                Err(returned) => message = returned.0,
            },
            Err(Error::RunNotFound(_)) => return,
            Err(error) => {
                tracing::warn!(%run, %error, "what became of deliveries could not be told to the run; trying again");
                tokio::select! {
                    () = tokio::time::sleep(AFTER_ERROR) => {}
                    () = engine.ended() => return,
                }
            }
        }
        if engine.inner().end.is_cancelled() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// The credential was refused: nothing more is sent before somebody looks.
async fn pause(engine: &Engine, lane: &Lane, error: &TaskError) {
    let paused = Paused {
        code: Arc::from("unauthorized"),
        reason: Arc::from(error.message.as_str()),
        at: clock::now(),
    };
    lane.seen.lock().destination.paused = Some(paused.clone());
    let statement = write::destination_pause(&lane.name, &paused);
    if let Err(error) = engine.store().db().execute(db::Batch::from(statement)).await {
        tracing::warn!(destination = %lane.name, %error, "the pause could not be written: it ends with this process");
    }
    let data = json!({ "destination": lane.name, "code": paused.code, "reason": paused.reason });
    node::note(engine, "destination.paused", &data).await;
}

async fn note(engine: &Engine, destination: &str, change: Change) {
    match change {
        Change::Opened(reason, until) => {
            let data = json!({ "destination": destination, "reason": reason, "until": until });
            node::note(engine, "breaker.opened", &data).await;
        }
        Change::Closed => {
            node::note(engine, "breaker.closed", &json!({ "destination": destination })).await;
        }
    }
}
