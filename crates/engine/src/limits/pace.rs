//! The pace of a rate-limited service: attempts begin no faster than the service has shown to take.
//!
//! No rate is known until the service first refuses (429) or says it in headers; until then attempts are only spread, so that
//! those that end together do not begin together: a burst at an empty bucket is refused whole. A refusal pauses for as long as it asks
//! and tells the rate: it comes when the service's bucket is empty, so between two refusals the service granted its rate, or
//! less, since what gathers during a pause may flow over. From there the rate grows by a share of itself with each quiet second, and is cut by the next refusal.

use activity::connector::PaceHint;
use std::time::{Duration, Instant};

/// What is left of the measured rate after a refusal. What had gathered in the service's bucket counts most in the first
/// measurement, which is the shortest, so that is cut more.
const FIRST_CUT: f64 = 0.75;
const CUT: f64 = 0.95;
/// Least share that a refusal leaves of the rate, however little was granted.
const DEEPEST_CUT: f64 = 0.5;
/// What the rate grows by in a quiet second, as a share of itself.
const GROWTH: f64 = 0.03;
/// The lowest rate, per second.
const LEAST_PER_S: f64 = 0.05;
/// The longest pause that a service is given: whoever asks for more is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
/// How far a late timer may be made up for, so that lateness costs no rate.
const SLACK: Duration = Duration::from_millis(25);
/// A window of at most this is spread evenly; one that is longer only once few calls are left in it.
const SHORT_WINDOW_MS: u64 = 60_000;
const SCARCE: u64 = 50;
/// What a first rate is measured from: so many granted, or so long a time. Less says nothing, for others may have used
/// the service's bucket up before.
const EVIDENCE: u64 = 8;
const LONG_ENOUGH: Duration = Duration::from_secs(30);
/// Shortest time over which a rate is measured, in seconds.
const LEAST_SPAN_S: f64 = 0.1;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Attempts begun per second at most, as learnt from refusals.
    rate: Option<f64>,
    /// The same as told by headers, until then.
    told: Option<(f64, Instant)>,
    next_at: Option<Instant>,
    spread_until: Option<Instant>,
    paused_until: Option<Instant>,
    /// The last refusal, or the first attempt; the pause since; what was granted since.
    since: Option<Instant>,
    pause: Duration,
    granted: u64,
    grown_at: Option<Instant>,
    /// The last cut: refusals of attempts begun before it say nothing new.
    cut_at: Option<Instant>,
}

impl Pace {
    /// When the next attempt may begin; `None`: now.
    pub(crate) fn ready_at(&self, now: Instant) -> Option<Instant> {
        let at = [self.next_at, self.spread_until, self.paused_until].into_iter().flatten().max()?;
        (at > now).then_some(at)
    }

    /// Until when the service asked to be left alone, where that is to come.
    pub(crate) fn paused(&self, now: Instant) -> Option<Instant> {
        self.paused_until.filter(|until| *until > now)
    }

    /// An attempt begins; the next keeps a distance of `spread` at least.
    pub(crate) fn begin(&mut self, now: Instant, spread: Duration) {
        self.spread_until = now.checked_add(spread);
        self.since.get_or_insert(now);
        self.next_at = self.rate_at(now).map(|rate| {
            let earliest = now.checked_sub(SLACK).unwrap_or(now);
            self.next_at.map_or(now, |at| at.max(earliest)) + Duration::from_secs_f64(1.0 / rate)
        });
    }

    /// An attempt was granted.
    pub(crate) fn granted(&mut self, now: Instant) {
        self.granted += 1;
        let (Some(rate), Some(grown_at)) = (self.rate, self.grown_at) else { return };
        let quiet_s = now.saturating_duration_since(grown_at).as_secs_f64();
        if quiet_s > 0.0 {
            self.rate = Some(rate * (1.0 + GROWTH * quiet_s.min(1.0)));
            self.grown_at = Some(now);
        }
    }

    /// An attempt begun at `began` was refused; the reason where that changes the pace.
    pub(crate) fn refused(&mut self, now: Instant, began: Instant, pause: Duration) -> Option<String> {
        self.pause(now, pause);
        if self.cut_at.is_some_and(|cut| began <= cut) {
            return None;
        }
        self.cut_at = Some(now);
        let told = format!("refused for its rate: {:.1} s pause", pause.as_secs_f64());
        let span = now.saturating_duration_since(self.since.unwrap_or(now));
        if self.rate.is_none() && self.granted < EVIDENCE && span < LONG_ENOUGH {
            self.pause = self.pause.saturating_add(pause);
            return Some(told);
        }
        // At least the rate over all the time since the last refusal, where the bucket flowed over while nothing was sent;
        // at most that over the time in which something was sent. Between them lies the geometric mean.
        let [slow, quick] = [span, span.saturating_sub(self.pause)]
            .map(|span| self.granted as f64 / span.as_secs_f64().max(LEAST_SPAN_S));
        let measured = (slow * quick).sqrt();
        let rate = match self.rate {
            None => measured * FIRST_CUT,
            Some(rate) => (measured * CUT).clamp(rate * DEEPEST_CUT, rate * CUT),
        };
        let rate = rate.max(LEAST_PER_S);
        self.rate = Some(rate);
        (self.since, self.granted) = (Some(now), 0);
        self.pause = self.paused_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        self.grown_at = self.paused_until;
        Some(format!("{told}, then {rate:.1} calls/s"))
    }

    /// An answer's headers said something; the reason where that changes the pace.
    pub(crate) fn hear(&mut self, now: Instant, hint: PaceHint) -> Option<String> {
        let told_before = self.told.filter(|told| told.1 > now).map(|told| told.0);
        if let Some(ms) = hint.pause_ms {
            self.pause(now, Duration::from_millis(ms));
        }
        let (remaining, reset_ms) = (hint.remaining?, hint.reset_ms.filter(|ms| *ms > 0)?);
        let reset = Duration::from_millis(reset_ms).min(LONGEST_PAUSE);
        if remaining == 0 {
            self.pause(now, reset);
            return Some(format!("the service has no calls left for {:.1} s", reset.as_secs_f64()));
        }
        if reset_ms > SHORT_WINDOW_MS && remaining > SCARCE {
            self.told = None;
            return None;
        }
        let rate = remaining as f64 / reset.as_secs_f64();
        self.told = Some((rate, now + reset));
        let is_news = told_before.is_none_or(|before| (rate / before - 1.0).abs() > 0.25);
        is_news.then(|| format!("the service has {remaining} calls left for {:.1} s", reset.as_secs_f64()))
    }

    /// Attempts begun per second at most; `None` where nothing is known.
    pub(crate) fn rate_at(&self, now: Instant) -> Option<f64> {
        let told = self.told.filter(|told| told.1 > now).map(|told| told.0);
        match (self.rate, told) {
            (Some(learnt), Some(told)) => Some(learnt.min(told)),
            (learnt, told) => learnt.or(told),
        }
    }

    fn pause(&mut self, now: Instant, pause: Duration) {
        let until = now + pause.min(LONGEST_PAUSE);
        self.paused_until = Some(self.paused_until.map_or(until, |known| known.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service with a bucket of `burst` that fills at `rate` per second.
    struct Service {
        rate: f64,
        burst: f64,
        tokens: f64,
        at: Instant,
    }

    impl Service {
        fn takes(&mut self, now: Instant) -> bool {
            let gathered = now.saturating_duration_since(self.at).as_secs_f64() * self.rate;
            self.tokens = (self.tokens + gathered).min(self.burst);
            self.at = now;
            let takes = self.tokens >= 1.0;
            self.tokens -= f64::from(u8::from(takes));
            takes
        }
    }

    /// Calls as fast as the pace lets, at most 200 a second; granted and refused.
    fn calls(rate: f64, burst: f64, seconds: u64) -> (f64, u32) {
        let begin = Instant::now();
        let mut service = Service { rate, burst, tokens: burst, at: begin };
        let (mut pace, mut granted, mut refused) = (Pace::default(), 0, 0);
        for ms in (0..seconds * 1_000).step_by(5) {
            let now = begin + Duration::from_millis(ms);
            if pace.ready_at(now).is_some() {
                continue;
            }
            pace.begin(now, Duration::ZERO);
            if service.takes(now) {
                granted += 1;
                pace.granted(now);
            } else {
                refused += 1;
                pace.refused(now, now, Duration::from_secs(1));
            }
        }
        (f64::from(granted) / seconds as f64, refused)
    }

    #[test]
    fn it_settles_just_below_the_rate_of_a_service_with_few_refusals() {
        for (rate, burst) in [(50.0, 50.0), (50.0, 5.0), (20.0, 20.0), (5.0, 1.0)] {
            let (granted, refused) = calls(rate, burst, 60);
            // Pauses of a second cost a service whose bucket holds one call most.
            assert!(granted > 0.7 * rate && granted < 1.1 * rate, "{rate}/{burst}: {granted}");
            assert!(refused <= 20, "{rate}/{burst}: {refused} refused");
        }
    }

    #[test]
    fn nothing_holds_before_the_first_refusal_and_its_pause_is_kept() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.begin(now, Duration::ZERO);
        assert_eq!(pace.ready_at(now), None);
        assert!(pace.refused(now, now, Duration::from_secs(7)).is_some());
        assert_eq!(pace.ready_at(now), Some(now + Duration::from_secs(7)));
        assert_eq!(pace.refused(now, now, Duration::from_secs(1)), None, "begun before the cut");
        pace.refused(now, now, Duration::MAX);
        assert_eq!(pace.ready_at(now), Some(now + LONGEST_PAUSE));
    }

    #[test]
    fn a_bucket_that_others_emptied_is_not_taken_for_a_slow_service() {
        let begin = Instant::now();
        let mut pace = Pace::default();
        pace.begin(begin, Duration::ZERO);
        assert!(pace.refused(begin, begin, Duration::from_secs(1)).is_some());
        assert_eq!(pace.rate_at(begin), None, "one refusal and nothing granted says no rate");
        let later = begin + Duration::from_secs(40);
        pace.granted(later);
        pace.refused(later, later, Duration::from_secs(1));
        assert!(pace.rate_at(later).is_some_and(|rate| rate < 0.1), "one in forty seconds does");
    }

    #[test]
    fn attempts_are_spread_before_a_rate_is_known() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.begin(now, Duration::from_millis(5));
        assert_eq!(pace.ready_at(now), Some(now + Duration::from_millis(5)));
        assert_eq!(pace.ready_at(now + Duration::from_millis(5)), None);
    }

    #[test]
    fn a_short_window_is_spread_and_an_empty_one_waited_for() {
        let now = Instant::now();
        let mut pace = Pace::default();
        let hint = |remaining, reset_ms| PaceHint {
            pause_ms: None,
            remaining: Some(remaining),
            reset_ms: Some(reset_ms),
        };
        assert!(pace.hear(now, hint(100, 10_000)).is_some());
        assert_eq!(pace.rate_at(now), Some(10.0));
        assert!(pace.hear(now, hint(99, 10_000)).is_none(), "hardly news");
        assert_eq!(pace.rate_at(now + Duration::from_secs(11)), None, "the window is over");
        pace.hear(now, hint(4_000, 3_600_000));
        assert_eq!(pace.rate_at(now), None, "much is left of a long window");
        pace.hear(now, hint(0, 2_000));
        assert_eq!(pace.ready_at(now), Some(now + Duration::from_secs(2)));
    }
}
