//! One call of a connector: what it is asked, what its answers make of the destination, of each delivery and of their runs.

use super::{
    Settlement,
    lane::{Claimed, Connected, Lane},
    settle::{Verdict, settlement},
};
use crate::{Error, clock, lease::Message, node, shared::Engine};
use activity::connector::{Answer, Lookup, PaceHint, Parcel, Reply};
use headway_core::Hint;
use model::{Paused, RunId, TaskError, Timestamp, delivery_reference};
use serde_json::json;
use std::{collections::HashMap, sync::Arc, time::Duration};
use store::{ClaimedDelivery, outbox::write};

/// How long a run's loop or the store is left alone after it could not be told something.
const AFTER_ERROR: Duration = Duration::from_millis(500);

/// What a call came to.
struct Called {
    settlements: HashMap<RunId, Vec<Settlement>>,
    done: u64,
    paused: Option<TaskError>,
}

pub(super) async fn call(
    engine: &Engine,
    lane: &Arc<Lane>,
    connected: &Arc<Connected>,
    batch: Vec<Claimed>,
    probes: bool,
) {
    let parcels: Vec<Parcel> = batch.iter().map(|claimed| parcel(&lane.name, &claimed.delivery)).collect();
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
    batch: Vec<Claimed>,
    verdicts: Vec<Verdict>,
    now: Timestamp,
) -> Called {
    let mut called = Called { settlements: HashMap::new(), done: 0, paused: None };
    for (claimed, verdict) in batch.into_iter().zip(verdicts) {
        called.done += u64::from(verdict.remote.is_some());
        if verdict.unauthorized && called.paused.is_none() {
            called.paused.clone_from(&verdict.error);
        }
        let run = claimed.delivery.run;
        let settled = settlement(&engine.relay().policy, &lane.name, claimed, &verdict, now);
        called.settlements.entry(run).or_default().push(settled);
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
    lane.hold(paused.clone());
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
