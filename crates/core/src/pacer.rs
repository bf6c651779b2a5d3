//! The pace of a rate-limited destination: a token bucket that learns from what the destination says.
//!
//! It begins with what the connector knows, obeys `Retry-After` and the rate headers of every answer, halves its rate when
//! it is throttled (429) and lets it grow again while it is not. A refusal pauses; it is no failure.

use model::Timestamp;

/// The lowest rate that throttling leads to, in calls a second.
const LEAST_PER_S: f64 = 0.05;

/// What a rate grows by with each quiet second, as a share of itself.
const GROWTH: f64 = 0.05;

/// A rate so high that it is none, in calls a second: where one that was lowered is given up again.
const UNBOUNDED_PER_S: f64 = 10_000.0;

/// Below this many calls left in the destination's window, they are spread over what is left of it.
const SCARCE: u64 = 50;

/// See the module. One for each (destination, credential).
#[derive(Clone, Debug)]
pub struct Pacer {
    interval_ms: u64,
    per_hour: Option<u32>,
    rate_per_s: Option<f64>,
    /// The next call may begin.
    next_at: Timestamp,
    paused_until: Option<Timestamp>,
    remaining: Option<u64>,
    grown_at: Timestamp,
    /// Begin of the current hour and what was sent in it.
    hour: (Timestamp, u64),
}

/// What the destination said about its pace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// Send nothing for so long, in milliseconds.
    pub pause_ms: Option<u64>,
    /// Calls left in its window.
    pub remaining: Option<u64>,
    /// When the window ends, in milliseconds from now.
    pub reset_ms: Option<u64>,
    /// Whether it refused a call for its rate.
    pub throttled: bool,
}

impl Pacer {
    /// A pacer that keeps `interval_ms` between two calls at least and sends at most `per_hour` messages an hour.
    pub fn new(interval_ms: u64, per_hour: Option<u32>, now: Timestamp) -> Self {
        Self {
            interval_ms,
            per_hour,
            rate_per_s: None,
            next_at: now,
            paused_until: None,
            remaining: None,
            grown_at: now,
            hour: (now, 0),
        }
    }

    /// When the next call may begin: `now` or before, where it may at once.
    pub fn ready_at(&self, now: Timestamp) -> Timestamp {
        let mut at = self.next_at;
        if let Some(until) = self.paused_until {
            at = at.max(until);
        }
        let (begun, sent) = self.hour;
        if self.per_hour.is_some_and(|most| sent >= u64::from(most)) && now.since(begun) < 3_600_000 {
            at = at.max(begun.plus(3_600_000));
        }
        at
    }

    /// How many of `wanted` messages the hour leaves room for.
    pub fn room(&self, now: Timestamp, wanted: usize) -> usize {
        let (begun, sent) = self.hour;
        let used = if now.since(begun) < 3_600_000 { sent } else { 0 };
        let left = self.per_hour.map(|most| u64::from(most).saturating_sub(used));
        left.map_or(wanted, |left| wanted.min(usize::try_from(left).unwrap_or(usize::MAX)))
    }

    /// A call with `messages` begins.
    pub fn begin(&mut self, now: Timestamp, messages: usize) {
        if now.since(self.hour.0) >= 3_600_000 {
            self.hour = (now, 0);
        }
        self.hour.1 += messages as u64;
        let by_rate = self.rate_per_s.map_or(0, |rate| (1_000.0 / rate) as u64);
        self.next_at = now.plus(self.interval_ms.max(by_rate));
    }

    /// An answer came, with what it said.
    pub fn hear(&mut self, now: Timestamp, hint: Hint) {
        if let Some(pause) = hint.pause_ms {
            self.pause(now, pause);
        }
        self.remaining = hint.remaining.or(self.remaining);
        if let (Some(remaining), Some(reset)) = (hint.remaining, hint.reset_ms) {
            let reset = reset.min(crate::MAX_ASKED_DELAY_MS);
            match remaining {
                0 => self.pause(now, reset),
                scarce if scarce < SCARCE => self.next_at = self.next_at.max(now.plus(reset / scarce)),
                _ => {}
            }
        }
        if hint.throttled {
            let now_at = self.rate_per_s.unwrap_or(1_000.0 / self.interval_ms.max(20) as f64);
            self.rate_per_s = Some((now_at / 2.0).max(LEAST_PER_S));
            self.grown_at = now;
        } else if let Some(rate) = self.rate_per_s {
            let quiet_s = now.since(self.grown_at) as f64 / 1_000.0;
            if quiet_s >= 1.0 {
                let grown = rate * (1.0 + GROWTH * quiet_s.min(20.0));
                self.rate_per_s = Some(grown).filter(|rate| *rate < UNBOUNDED_PER_S);
                self.grown_at = now;
            }
        }
    }

    /// The rate that throttling led to, in calls a second; `None` where nothing limits it.
    pub fn rate_per_s(&self) -> Option<f64> {
        let own = (self.interval_ms > 0).then(|| 1_000.0 / self.interval_ms as f64);
        match (self.rate_per_s, own) {
            (Some(learnt), Some(own)) => Some(learnt.min(own)),
            (learnt, own) => learnt.or(own),
        }
    }

    /// Until when nothing is sent, where that is to come.
    pub fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.paused_until.filter(|until| *until > now)
    }

    /// Calls that the destination said are left.
    pub fn remaining(&self) -> Option<u64> {
        self.remaining
    }

    fn pause(&mut self, now: Timestamp, ms: u64) {
        let until = now.plus(ms.min(crate::MAX_ASKED_DELAY_MS));
        self.paused_until = Some(self.paused_until.map_or(until, |known| known.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(10_000);

    #[test]
    fn what_it_is_told_to_wait_it_waits_up_to_an_hour() {
        let mut pacer = Pacer::new(0, None, NOW);
        assert!(pacer.ready_at(NOW) <= NOW);
        pacer.hear(NOW, Hint { pause_ms: Some(7_000), ..Hint::default() });
        assert_eq!(pacer.ready_at(NOW), NOW.plus(7_000));
        pacer.hear(NOW, Hint { pause_ms: Some(1_000_000_000_000), ..Hint::default() });
        assert_eq!(pacer.ready_at(NOW), NOW.plus(crate::MAX_ASKED_DELAY_MS));
    }

    #[test]
    fn serial_writes_keep_their_distance_and_the_hour_its_bound() {
        let mut pacer = Pacer::new(1_000, Some(3), NOW);
        let mut now = NOW;
        for _ in 0..3 {
            now = now.max(pacer.ready_at(now));
            assert_eq!(pacer.room(now, 1), 1);
            pacer.begin(now, 1);
        }
        assert_eq!(now, NOW.plus(2_000));
        assert_eq!((pacer.room(now, 1), pacer.ready_at(now)), (0, NOW.plus(3_600_000)));
        let later = NOW.plus(3_600_000);
        assert!(pacer.ready_at(later) <= later && pacer.room(later, 1) == 1);
    }

    #[test]
    fn throttling_halves_the_rate_and_quiet_lets_it_grow_back() {
        let mut pacer = Pacer::new(0, None, NOW);
        let throttled = Hint { throttled: true, ..Hint::default() };
        pacer.hear(NOW, throttled);
        pacer.hear(NOW, throttled);
        let low = pacer.rate_per_s().unwrap_or_default();
        assert!((low - 12.5).abs() < 0.01, "{low}");
        let mut now = NOW;
        for _ in 0..400 {
            now = now.plus(1_000);
            pacer.hear(now, Hint::default());
        }
        assert_eq!(pacer.rate_per_s(), None, "quiet for minutes: nothing limits it any more");
    }

    #[test]
    fn the_last_calls_of_a_window_are_spread_over_it() {
        let mut pacer = Pacer::new(0, None, NOW);
        pacer.hear(NOW, Hint { remaining: Some(10), reset_ms: Some(10_000), ..Hint::default() });
        assert_eq!(pacer.ready_at(NOW), NOW.plus(1_000));
        pacer.hear(NOW, Hint { remaining: Some(0), reset_ms: Some(10_000), ..Hint::default() });
        assert_eq!(pacer.ready_at(NOW), NOW.plus(10_000));
    }
}
