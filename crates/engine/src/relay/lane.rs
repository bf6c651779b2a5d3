//! A destination's lane: claims what is due, and begins calls as the destination's pace allows.

use super::{
    BreakerStatus, DestinationStatus, LimiterStatus, call,
    throttle::{Shared, Throttle},
};
use crate::{Result, clock, holdings::Holding, shared::Engine};
use activity::connector::{Connector, Pace};
use headway_core::BreakerState;
use model::{Destination, Paused, TaskError, Timestamp};
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
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
    pub(super) name: Arc<str>,
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
    pub(super) throttle: Shared,
    generation: u64,
}

/// A delivery that this lane has leased.
pub(super) struct Claimed {
    pub(super) delivery: ClaimedDelivery,
    /// Kept until its settlement is committed.
    pub(super) holding: Option<Holding<(i64, i64)>>,
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

    /// Takes note of a pause that is about to be written.
    pub(super) fn hold(&self, paused: Paused) {
        self.seen.lock().destination.paused = Some(paused);
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

    pub(super) fn ended(&self, done: u64) {
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
        let claimed = match claim(engine, lane, now, room).await {
            Ok(claimed) => claimed,
            Err(error) => {
                // Nothing was learnt about the destination: whoever asks next may call.
                connected.throttle.lock().breaker.unused(now);
                return Err(error);
            }
        };
        if claimed.is_empty() {
            connected.throttle.lock().breaker.unused(now);
            return idle(engine, lane, now, calls).await;
        }
        connected.throttle.lock().pacer.begin(now, claimed.len());
        let (probes, sends): (Vec<_>, Vec<_>) =
            claimed.into_iter().partition(|claimed| claimed.delivery.probe);
        for (batch, probes) in [(sends, false), (probes, true)] {
            if !batch.is_empty() {
                lane.began();
                let (engine, lane, connected) = (engine.clone(), lane.clone(), connected.clone());
                calls.spawn(async move { call::call(&engine, &lane, &connected, batch, probes).await });
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

async fn claim(engine: &Engine, lane: &Lane, now: Timestamp, room: usize) -> Result<Vec<Claimed>> {
    let claim = write::claim(&lane.name, engine.worker(), now, room);
    let outcomes = engine.store().db().execute(db::Batch::from(claim)).await?;
    let rows = outcomes.first().map_or(&[][..], |outcome| &outcome.rows);
    let mut claimed = rows.iter().map(ClaimedDelivery::from_row).collect::<store::Result<Vec<_>>>()?;
    // Answers of an update come in no order.
    claimed.sort_by_key(|claimed| claimed.id);
    let holdings = &engine.relay().holdings;
    let held = |delivery: ClaimedDelivery| Claimed {
        holding: holdings.note(|| (delivery.id, delivery.fence)),
        delivery,
    };
    Ok(claimed.into_iter().map(held).collect())
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

/// What a dead process held is looked up before it is sent again, and so is what this one leased without learning of it.
async fn recover(engine: &Engine, lane: &Lane, lag_ms: u64) -> Result<()> {
    let now = clock::now();
    let lost = write::lost(&lane.name, now.plus(lag_ms), now);
    let mut batch = db::Batch::from(lost);
    if engine.store().db().is_shared() {
        let held = engine.store().deliveries_held_by(&lane.name, engine.worker()).await?;
        let unknown = engine.relay().holdings.unknown(held);
        if !unknown.is_empty() {
            batch.push(write::lost_ones(&unknown, now.plus(lag_ms), now));
        }
    }
    engine.store().db().execute(batch).await?;
    Ok(())
}
