//! The delivery machine: what becomes of a staged message, whatever its destination answers. Pure.
//!
//! Failures of the message itself use up attempts. Everything else (a busy, absent or unwilling destination) uses up
//! none, and is bounded by age. What may have arrived is looked up before it is sent again.

use model::{DeliveryState, Timestamp};

/// Longest pause that a destination can ask for (`Retry-After`), in milliseconds: one hour. Whoever asks for more is
/// asked again.
pub const MAX_PAUSE_MS: u64 = crate::MAX_ASKED_DELAY_MS;

/// How often and for how long a delivery is tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeliveryPolicy {
    /// Attempts that fail through the message's own fault, the first included.
    pub max_attempts: u32,
    /// Longest delay after the first failure, in milliseconds; it doubles with each further one.
    pub initial_ms: u64,
    /// Longest delay at all, in milliseconds.
    pub max_ms: u64,
    /// How long a delivery is kept trying where nobody can be reached, in milliseconds from its staging or replay.
    pub max_age_ms: u64,
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self { max_attempts: 4, initial_ms: 1_000, max_ms: 300_000, max_age_ms: 72 * 3_600_000 }
    }
}

/// What the machine knows of a delivery under lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Failures through its own fault so far.
    pub attempts: u32,
    /// How often it was sent or looked up without getting anywhere; what delays grow by.
    pub stalls: u32,
    /// When it was staged, or replayed.
    pub since: Timestamp,
    /// Whether this lease was for a look-up: it may be at the destination already.
    pub probing: bool,
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryInput {
    /// The destination has it.
    Delivered,
    /// The message is at fault, and the same message always will be.
    RefusedForGood,
    /// The message is at fault, or in conflict; it may be taken later.
    Refused,
    /// Not taken, through no fault of the message: a busy or absent destination. It may have said when to come back.
    NotTaken {
        /// Come back after so long, in milliseconds.
        after_ms: Option<u64>,
    },
    /// The credential was not accepted: the destination pauses, and the delivery waits for it.
    Unauthorized,
    /// It may have been taken.
    NoAnswer {
        /// How long look-ups may lag behind, in milliseconds.
        lag_ms: u64,
    },
    /// Looked up: it is not there, and the destination would know.
    Absent,
    /// It could not be looked up.
    NotKnown {
        /// Come back after so long, in milliseconds.
        after_ms: Option<u64>,
    },
}

/// What a delivery is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its state.
    pub state: DeliveryState,
    /// Failures through its own fault.
    pub attempts: u32,
    /// See [`Standing::stalls`].
    pub stalls: u32,
    /// Not sent or looked up before then.
    pub due_at: Timestamp,
    /// Whether it died of age, not of the answer.
    pub too_old: bool,
}

/// What becomes of a leased delivery. `random`: any 32 bits, which decide the jitter.
///
/// ```
/// # use headway_core::{DeliveryInput, DeliveryPolicy, Standing, settle_delivery}; use model::{DeliveryState, Timestamp};
/// let standing = Standing { attempts: 0, stalls: 0, since: Timestamp(0), probing: false };
/// let next = settle_delivery(&DeliveryPolicy::default(), standing, DeliveryInput::RefusedForGood, Timestamp(5), 0);
/// assert_eq!((next.state, next.attempts), (DeliveryState::Dead, 1));
/// ```
pub fn settle_delivery(
    policy: &DeliveryPolicy,
    standing: Standing,
    input: DeliveryInput,
    now: Timestamp,
    random: u32,
) -> Settled {
    let Standing { attempts, stalls, since, probing } = standing;
    let next = |state, attempts, stalls, delay| Settled {
        state,
        attempts,
        stalls,
        due_at: now.plus(delay),
        too_old: false,
    };
    // A lease for a look-up that came to nothing leaves it unknown: it must not be sent.
    let waits = if probing { DeliveryState::Unknown } else { DeliveryState::Retry };
    let settled = match input {
        DeliveryInput::Delivered => next(DeliveryState::Done, attempts, 0, 0),
        DeliveryInput::RefusedForGood => next(DeliveryState::Dead, attempts + 1, stalls, 0),
        DeliveryInput::Refused if attempts + 1 >= policy.max_attempts => {
            next(DeliveryState::Dead, attempts + 1, stalls, 0)
        }
        DeliveryInput::Refused => {
            next(DeliveryState::Retry, attempts + 1, stalls, backoff(policy, attempts, random))
        }
        DeliveryInput::NotTaken { after_ms } | DeliveryInput::NotKnown { after_ms } => {
            let own = backoff(policy, stalls, random);
            let delay = after_ms.map_or(own, |asked| asked.min(MAX_PAUSE_MS).max(own.min(1_000)));
            next(waits, attempts, stalls.saturating_add(1), delay)
        }
        DeliveryInput::Unauthorized => next(waits, attempts, stalls, 0),
        DeliveryInput::NoAnswer { lag_ms } => {
            next(DeliveryState::Unknown, attempts, stalls.saturating_add(1), lag_ms)
        }
        DeliveryInput::Absent => next(DeliveryState::Pending, attempts, stalls, 0),
    };
    let waiting = matches!(settled.state, DeliveryState::Retry | DeliveryState::Unknown);
    let held = input == DeliveryInput::Unauthorized;
    if waiting && !held && now.since(since) > policy.max_age_ms {
        return Settled { state: DeliveryState::Dead, due_at: now, too_old: true, ..settled };
    }
    settled
}

/// Full jitter: anything up to a bound that doubles with each failure.
fn backoff(policy: &DeliveryPolicy, failures: u32, random: u32) -> u64 {
    let grown = policy.initial_ms.saturating_mul(1_u64 << failures.min(20));
    let bound = grown.min(policy.max_ms);
    (bound as f64 * (f64::from(random) / f64::from(u32::MAX))) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn standing() -> Standing {
        Standing { attempts: 0, stalls: 0, since: NOW, probing: false }
    }

    fn settle(standing: Standing, input: DeliveryInput) -> Settled {
        settle_delivery(&DeliveryPolicy::default(), standing, input, NOW, u32::MAX)
    }

    #[test]
    fn only_the_messages_own_failures_use_up_attempts() {
        let after_ms = Some(7_000);
        for input in [
            DeliveryInput::NotTaken { after_ms },
            DeliveryInput::NotKnown { after_ms },
            DeliveryInput::Unauthorized,
            DeliveryInput::NoAnswer { lag_ms: 5 },
            DeliveryInput::Absent,
        ] {
            assert_eq!(settle(Standing { attempts: 3, ..standing() }, input).attempts, 3, "{input:?}");
        }
        let mut now = standing();
        for attempt in 1..=4 {
            let next = settle(now, DeliveryInput::Refused);
            assert_eq!(next.attempts, attempt);
            assert_eq!(next.state == DeliveryState::Dead, attempt == 4, "dies with the fourth");
            now.attempts = next.attempts;
        }
    }

    #[test]
    fn what_was_asked_for_is_waited_but_an_absurd_request_is_capped() {
        let asked = |ms| settle(standing(), DeliveryInput::NotTaken { after_ms: Some(ms) }).due_at.since(NOW);
        assert_eq!(asked(7_000), 7_000);
        assert_eq!(asked(1_000_000_000_000), MAX_PAUSE_MS);
    }

    #[test]
    fn what_may_have_arrived_is_looked_up_and_never_just_sent() {
        let unknown = settle(standing(), DeliveryInput::NoAnswer { lag_ms: 15_000 });
        assert_eq!((unknown.state, unknown.due_at), (DeliveryState::Unknown, NOW.plus(15_000)));
        let probing = Standing { probing: true, ..standing() };
        for input in [
            DeliveryInput::NotKnown { after_ms: None },
            DeliveryInput::NotTaken { after_ms: None },
            DeliveryInput::Unauthorized,
        ] {
            assert_eq!(settle(probing, input).state, DeliveryState::Unknown, "{input:?}");
        }
        assert_eq!(settle(probing, DeliveryInput::Absent).state, DeliveryState::Pending);
        assert_eq!(settle(probing, DeliveryInput::Delivered).state, DeliveryState::Done);
    }

    #[test]
    fn age_ends_what_attempts_do_not_but_not_while_the_destination_is_paused() {
        let old = Standing { since: Timestamp(NOW.0 - 72 * 3_600_000 - 1), ..standing() };
        let next = settle(old, DeliveryInput::NotTaken { after_ms: None });
        assert!(next.state == DeliveryState::Dead && next.too_old);
        assert_eq!(settle(old, DeliveryInput::Unauthorized).state, DeliveryState::Retry);
        assert_eq!(settle(old, DeliveryInput::Delivered).state, DeliveryState::Done);
    }

    proptest! {
        #[test]
        fn any_answers_lead_to_an_end_within_the_bounds(
            answers in proptest::collection::vec((0_u8..8, any::<u32>()), 1..200),
        ) {
            let policy = DeliveryPolicy::default();
            let (mut standing, mut now) = (standing(), NOW);
            for (answer, random) in answers {
                let input = match answer {
                    0 => DeliveryInput::Delivered,
                    1 => DeliveryInput::RefusedForGood,
                    2 => DeliveryInput::Refused,
                    3 => DeliveryInput::NotTaken { after_ms: Some(u64::from(random) * 1_000) },
                    4 => DeliveryInput::Unauthorized,
                    5 => DeliveryInput::NoAnswer { lag_ms: 15_000 },
                    6 => DeliveryInput::Absent,
                    _ => DeliveryInput::NotKnown { after_ms: None },
                };
                let next = settle_delivery(&policy, standing, input, now, random);
                prop_assert!(next.due_at.since(now) <= MAX_PAUSE_MS);
                prop_assert!(next.attempts <= policy.max_attempts || next.state == DeliveryState::Dead);
                if next.state.is_final() {
                    return Ok(());
                }
                prop_assert_ne!(next.state, DeliveryState::Leased);
                now = next.due_at.max(now);
                standing = Standing {
                    attempts: next.attempts,
                    stalls: next.stalls,
                    probing: next.state == DeliveryState::Unknown,
                    ..standing
                };
            }
        }
    }
}
