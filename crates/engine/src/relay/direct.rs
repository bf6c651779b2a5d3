//! Without the outbox (`use_outbox_pattern = false`): an attempt's deliveries are sent before its outcome is written.
//!
//! It is the fallback that the setting promises, and its price is plain: where the process ends between the sending and
//! the commit, the attempt runs again and sends again; where a destination stays away, the delivery is dead after a few
//! tries. Ends are written as rows, so that pages, figures and replays work as they do with the outbox.

use super::settle::Verdict;
use crate::{lease::Lease, shared::Engine};
use activity::{Outcome, connector::Answer};
use headway_core::DeliveryInput;
use model::{DeliveryState, Failure, NewDelivery, Remote, Retryability, RunId, TaskError};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// Tries of one delivery where its destination is busy or away.
const TRIES: u32 = 3;

/// Longest pause between them.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// How soon an attempt whose parent is not there yet is made again, in milliseconds.
const PARENT_WAIT_MS: u64 = 200;

/// A delivery that was sent at once, and what came of it.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) delivery: NewDelivery,
    pub(crate) end: Result<Remote, TaskError>,
}

/// Sends the deliveries of an outcome, where the outbox is off. The outcome has none afterwards.
pub(crate) async fn send(engine: &Engine, lease: &Lease, outcome: Outcome) -> (Outcome, Vec<Sent>) {
    let mut success = match outcome {
        Outcome::Success(success) if engine.relay().is_direct && !success.effects.deliveries.is_empty() => {
            success
        }
        other => return (other, Vec::new()),
    };
    let run = lease.held.run;
    let mut sent: Vec<Sent> = Vec::new();
    let mut remotes: HashMap<(Arc<str>, Arc<str>), Remote> = HashMap::new();
    for delivery in std::mem::take(&mut success.effects.deliveries) {
        let parent = match parent(engine, run, &delivery, &remotes).await {
            Ok(parent) => parent,
            // What was sent before it in this attempt is sent again then: that is what the outbox is for.
            Err(failure) if sent.is_empty() => return (Outcome::from(failure), Vec::new()),
            Err(failure) => {
                sent.push(Sent { delivery, end: Err(failure.error) });
                continue;
            }
        };
        let end = send_one(engine, run, &delivery, parent).await;
        if let Ok(remote) = &end {
            remotes.insert((delivery.destination.clone(), delivery.key.clone()), remote.clone());
        }
        sent.push(Sent { delivery, end });
    }
    (Outcome::Success(success), sent)
}

/// What the delivery's parent became.
async fn parent(
    engine: &Engine,
    run: RunId,
    delivery: &NewDelivery,
    remotes: &HashMap<(Arc<str>, Arc<str>), Remote>,
) -> Result<Option<Remote>, Failure> {
    let Some(key) = &delivery.parent else { return Ok(None) };
    if let Some(remote) = remotes.get(&(delivery.destination.clone(), key.clone())) {
        return Ok(Some(remote.clone()));
    }
    let wait = || Failure {
        error: TaskError::new("parent_not_sent", format!("its parent '{key}' is not at the destination yet")),
        retry: Retryability::Throttled(PARENT_WAIT_MS),
    };
    let ids = engine.store().deliveries_of_key(run, key).await.map_err(|_| wait())?;
    for id in ids {
        let record = engine.store().delivery(id).await.map_err(|_| wait())?;
        let of_this = record.filter(|record| record.delivery.message.destination == delivery.destination);
        match of_this.map(|record| record.delivery) {
            Some(parent) if parent.state == DeliveryState::Done => return Ok(parent.remote),
            Some(parent) if parent.state == DeliveryState::Dead => {
                let message = format!("its parent '{key}' could not be delivered");
                return Err(Failure::permanent("parent_undelivered", message));
            }
            _ => {}
        }
    }
    Err(wait())
}

async fn send_one(
    engine: &Engine,
    run: RunId,
    delivery: &NewDelivery,
    parent: Option<Remote>,
) -> Result<Remote, TaskError> {
    let name = &delivery.destination;
    let unknown = || TaskError::new("unknown_destination", format!("there is no destination '{name}'"));
    let lane = engine.relay().lane(name).ok_or_else(unknown)?;
    let connected = lane.connected(engine).await?;
    let parcel = super::verbs::new_parcel(run, delivery, parent, crate::clock::now());
    let mut last = unknown();
    for attempt in 0..TRIES {
        let mut reply = connected.connector.deliver(std::slice::from_ref(&parcel)).await;
        let Some(answer) = reply.answers.pop() else { break };
        if let Answer::Delivered(remote) = answer {
            return Ok(remote);
        }
        let verdict = Verdict::of_answer(answer, 0);
        last = verdict.error.unwrap_or(last);
        let DeliveryInput::NotTaken { after_ms } = verdict.input else { break };
        let pause = Duration::from_millis(after_ms.unwrap_or(500 << attempt)).min(MAX_PAUSE);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = engine.drains() => break,
        }
    }
    Err(last)
}
