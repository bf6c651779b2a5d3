//! From a connector's answers to what the run's loop writes.

use super::{Settlement, lane::Claimed};
use activity::connector::{Answer, Lookup, Permanence};
use headway_core::{DeliveryInput, DeliveryPolicy, Standing, settle_delivery};
use model::{DeliveryEnd, DeliveryState, Remote, TaskError, Timestamp};
use std::sync::Arc;
use store::outbox::write::DeliveryUpdate;

/// What an answer says, apart from the delivery it is about.
pub(super) struct Verdict {
    pub(super) input: DeliveryInput,
    pub(super) remote: Option<Remote>,
    pub(super) error: Option<TaskError>,
    /// Whether the destination was reached and answered sensibly.
    pub(super) reached: bool,
    /// Whether it refused the call for its rate.
    pub(super) throttled: bool,
    /// Whether it refused the credential.
    pub(super) unauthorized: bool,
    /// How long it asked to be left alone, in milliseconds.
    pub(super) pause_ms: Option<u64>,
}

impl Verdict {
    fn of(input: DeliveryInput, error: Option<TaskError>) -> Self {
        let unreached = matches!(
            input,
            DeliveryInput::NoAnswer { .. } | DeliveryInput::NotTaken { .. } | DeliveryInput::NotKnown { .. }
        );
        Self {
            input,
            remote: None,
            error,
            reached: !unreached,
            throttled: false,
            unauthorized: input == DeliveryInput::Unauthorized,
            pause_ms: None,
        }
    }

    /// What sending came to. `lag_ms`: how long look-ups may lag behind.
    pub(super) fn of_answer(answer: Answer, lag_ms: u64) -> Self {
        match answer {
            Answer::Delivered(remote) => {
                Self { remote: Some(remote), ..Self::of(DeliveryInput::Delivered, None) }
            }
            Answer::Refused { error, permanent: Permanence::Permanent } => {
                Self::of(DeliveryInput::RefusedForGood, Some(error))
            }
            Answer::Refused { error, permanent: Permanence::MayChange } => {
                Self::of(DeliveryInput::Refused, Some(error))
            }
            Answer::Throttled { after_ms, error } => Self {
                throttled: true,
                // It answered, and well: it is busy, not broken.
                reached: true,
                pause_ms: after_ms,
                ..Self::of(DeliveryInput::NotTaken { after_ms }, Some(error))
            },
            Answer::Unavailable { after_ms, error } => {
                Self { pause_ms: after_ms, ..Self::of(DeliveryInput::NotTaken { after_ms }, Some(error)) }
            }
            Answer::Unauthorized { error } => Self::of(DeliveryInput::Unauthorized, Some(error)),
            Answer::NoAnswer { error } => Self::of(DeliveryInput::NoAnswer { lag_ms }, Some(error)),
            Answer::NotSent { error } => Self::of(DeliveryInput::NotTaken { after_ms: None }, Some(error)),
        }
    }

    /// What a look-up came to.
    pub(super) fn of_lookup(lookup: Lookup) -> Self {
        match lookup {
            Lookup::Found(remote) => {
                Self { remote: Some(remote), ..Self::of(DeliveryInput::Delivered, None) }
            }
            Lookup::Absent => Self::of(DeliveryInput::Absent, None),
            Lookup::NotNow { after_ms, error } => Self {
                pause_ms: after_ms,
                // Who says when to come back is busy, not broken.
                reached: after_ms.is_some(),
                ..Self::of(DeliveryInput::NotKnown { after_ms }, Some(error))
            },
            Lookup::Unauthorized { error } => Self::of(DeliveryInput::Unauthorized, Some(error)),
        }
    }
}

/// The row and the fact that a verdict makes of a delivery.
pub(super) fn settlement(
    policy: &DeliveryPolicy,
    destination: &Arc<str>,
    claimed: Claimed,
    verdict: &Verdict,
    now: Timestamp,
) -> Settlement {
    let Claimed { delivery: claimed, holding } = claimed;
    let standing = Standing {
        attempts: claimed.attempts,
        stalls: claimed.stalls,
        since: claimed.since,
        probing: claimed.probe,
    };
    let next = settle_delivery(policy, standing, verdict.input, now, crate::clock::random());
    let mut error = verdict.error.clone();
    if next.too_old {
        let hours = policy.max_age_ms / 3_600_000;
        let last = error.map_or_else(String::new, |error| format!(" Last answer: {}", error.message));
        let late = TaskError::new("too_old", format!("not delivered within {hours} hours.{last}"));
        error = Some(late.with_help("Look at the destination, then replay the delivery."));
    }
    let end = match (next.state, &verdict.remote) {
        (DeliveryState::Done, Some(remote)) => DeliveryEnd::Done { remote: remote.clone() },
        (DeliveryState::Dead, _) => DeliveryEnd::Dead { error: reason(&error) },
        (state, _) => DeliveryEnd::Again { state, error: reason(&error), due_at: next.due_at },
    };
    // A dead delivery that may have arrived is looked up first when it is replayed.
    let maybe_there = matches!(verdict.input, DeliveryInput::NoAnswer { .. }) || claimed.probe;
    let probe = match next.state {
        DeliveryState::Unknown => true,
        DeliveryState::Dead => maybe_there && next.too_old,
        _ => false,
    };
    let update = DeliveryUpdate {
        id: claimed.id,
        fence: claimed.fence,
        state: next.state,
        probe,
        attempts: next.attempts,
        stalls: next.stalls,
        remote: verdict.remote.clone().filter(|_| next.state == DeliveryState::Done),
        error,
        due_at: next.due_at,
    };
    Settlement {
        destination: destination.clone(),
        key: claimed.key,
        kind: claimed.kind,
        update,
        end,
        _holding: holding,
    }
}

fn reason(error: &Option<TaskError>) -> TaskError {
    error
        .clone()
        .unwrap_or_else(|| TaskError::new("absent", "it is not at the destination: it is sent again"))
}
