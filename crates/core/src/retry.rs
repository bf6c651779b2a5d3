//! When a failed attempt is tried again.

use model::{Retry, Retryability};

/// Longest delay that another side's request (`Retry-After`) is given, in milliseconds: one hour. Whoever asks for
/// more is asked again.
pub const MAX_ASKED_DELAY_MS: u64 = 3_600_000;

/// The delay before the next attempt, in milliseconds; `None` where there is none. `attempt` is the one that failed,
/// from 1; `random` any 32 bits, which decide the jitter.
///
/// ```
/// # use headway_core::delay_ms; use model::{Retry, Retryability};
/// let policy = Retry { max_attempts: 3, initial_ms: 100, factor: 2.0, max_ms: 1_000, jitter: 0.0 };
/// assert_eq!(delay_ms(&policy, 2, Retryability::Transient, 0), Some(200));
/// assert_eq!(delay_ms(&policy, 3, Retryability::Transient, 0), None);
/// ```
pub fn delay_ms(policy: &Retry, attempt: u32, retry: Retryability, random: u32) -> Option<u64> {
    let asked = match retry {
        Retryability::Permanent => return None,
        Retryability::Throttled(asked) => return Some(asked.min(MAX_ASKED_DELAY_MS)),
        Retryability::After(asked) => Some(asked.min(MAX_ASKED_DELAY_MS)),
        Retryability::Transient => None,
    };
    if attempt >= policy.max_attempts {
        return None;
    }
    let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let grown = policy.initial_ms as f64 * policy.factor.max(1.0).powi(exponent);
    let capped = grown.min(policy.max_ms as f64);
    let share = f64::from(random) / f64::from(u32::MAX);
    let jittered = capped * (1.0 - policy.jitter.clamp(0.0, 1.0) * share);
    let delay = jittered as u64;
    Some(asked.map_or(delay, |asked| asked.max(delay)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Retry {
        Retry { max_attempts: 4, initial_ms: 100, factor: 10.0, max_ms: 5_000, jitter: 0.5 }
    }

    #[test]
    fn delays_grow_to_their_cap_and_jitter_only_shortens() {
        for (attempt, longest) in [(1, 100), (2, 1_000), (3, 5_000)] {
            let full = delay_ms(&policy(), attempt, Retryability::Transient, 0);
            let least = delay_ms(&policy(), attempt, Retryability::Transient, u32::MAX);
            assert_eq!((full, least), (Some(longest), Some(longest / 2)), "attempt {attempt}");
        }
        assert_eq!(delay_ms(&policy(), 4, Retryability::Transient, 0), None);
    }

    #[test]
    fn a_permanent_failure_is_never_tried_again() {
        assert_eq!(delay_ms(&policy(), 1, Retryability::Permanent, 0), None);
    }

    #[test]
    fn a_throttled_attempt_uses_up_none_and_an_absurd_request_is_capped() {
        assert_eq!(delay_ms(&policy(), 99, Retryability::Throttled(7_000), 0), Some(7_000));
        let absurd = delay_ms(&policy(), 1, Retryability::After(1_000_000_000_000), 0);
        assert_eq!(absurd, Some(MAX_ASKED_DELAY_MS));
    }
}
