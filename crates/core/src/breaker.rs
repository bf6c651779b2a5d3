//! A circuit breaker: a destination that does not answer is left alone for a while, then tried with one call.

use model::Timestamp;

/// Calls in a row without one that got through, before nothing is sent for a while.
const FAILURES: u32 = 5;

/// How long nothing is sent at first, in milliseconds; it doubles with each call that fails again.
const FIRST_MS: u64 = 1_000;

/// The longest that nothing is sent, in milliseconds.
const MAX_MS: u64 = 60_000;

/// Whether calls go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// They do.
    Closed,
    /// Nothing is sent before `until`.
    Open {
        /// Until when.
        until: Timestamp,
    },
    /// One call is under way to find out.
    HalfOpen,
}

/// See the module. One for each (destination, credential).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    state: BreakerState,
    failures: u32,
    openings: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: BreakerState::Closed, failures: 0, openings: 0 }
    }
}

impl Breaker {
    /// Where it stands.
    pub fn state(&self) -> BreakerState {
        self.state
    }

    /// Failed calls in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether a call may begin at `now`; where it is the one that finds out, no other may until it has ended.
    pub fn admit(&mut self, now: Timestamp) -> bool {
        match self.state {
            BreakerState::Closed => true,
            BreakerState::Open { until } if until <= now => {
                self.state = BreakerState::HalfOpen;
                true
            }
            BreakerState::Open { .. } | BreakerState::HalfOpen => false,
        }
    }

    /// Takes back an admission that led to no call.
    pub fn unused(&mut self, now: Timestamp) {
        if self.state == BreakerState::HalfOpen {
            self.state = BreakerState::Open { until: now };
        }
    }

    /// A call got through. `true` where that closed the breaker.
    pub fn succeeded(&mut self) -> bool {
        let was_open = self.state != BreakerState::Closed;
        *self = Self::default();
        was_open
    }

    /// A call did not get through. `Some(until)` where that opened the breaker.
    pub fn failed(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.failures = self.failures.saturating_add(1);
        let opens = match self.state {
            BreakerState::Closed => self.failures >= FAILURES,
            BreakerState::HalfOpen => true,
            BreakerState::Open { .. } => false,
        };
        if !opens {
            return None;
        }
        let until = now.plus((FIRST_MS << self.openings.min(10)).min(MAX_MS));
        self.openings = self.openings.saturating_add(1);
        self.state = BreakerState::Open { until };
        Some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_tries_once_and_waits_longer_each_time() {
        let (mut breaker, mut now) = (Breaker::default(), Timestamp(0));
        for failure in 1..=FAILURES {
            assert!(breaker.admit(now));
            assert_eq!(breaker.failed(now).is_some(), failure == FAILURES);
        }
        assert!(!breaker.admit(now.plus(FIRST_MS - 1)));
        for opening in 1..12_u32 {
            let BreakerState::Open { until } = breaker.state() else { panic!("open") };
            assert!(until.since(now) <= MAX_MS);
            now = until;
            assert!(breaker.admit(now) && !breaker.admit(now), "one call finds out");
            assert!(breaker.failed(now).is_some(), "opening {opening}");
        }
        let BreakerState::Open { until } = breaker.state() else { panic!("open") };
        assert!(breaker.admit(until) && breaker.succeeded() && breaker.admit(until));
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn a_success_between_failures_keeps_it_closed() {
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            assert!(breaker.failed(Timestamp(0)).is_none());
            breaker.succeeded();
        }
    }
}
