//! How many attempts run at once: limits that follow the machine and what the attempts wait for.
//!
//! - `cpu`: the effective CPUs; pressure is the brake.
//! - `io:<activity>`: doubles, then climbs, while that brings more done per second, guarded by latency; errors halve it.
//! - `bucket:<name>`: a rate-limited service; paced by its refusals and headers, paused by a refusal, which is no failure.
//!
//! Every change has a reason and is an event. A limit shrinks by admitting less, never by ending what runs.

pub(crate) mod bucket;
mod class;
pub(crate) mod cpu;
pub(crate) mod fixed;
pub(crate) mod hardware;
pub(crate) mod io;
mod pace;
pub(crate) mod pressure;
mod window;

pub use class::LimitClass;
pub(crate) use pressure::Pressure;
pub(crate) use window::{Ended, Window};

use activity::connector::PaceHint;
use model::Timestamp;
use pace::Pace;
use serde::Serialize;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Changes kept for the dashboard, each limit.
const HISTORY: usize = 64;

/// Weight of the newest attempt in the smoothed time of attempts.
const SMOOTHING: f64 = 0.05;

/// Shortest span over which the shown throughput is counted, in milliseconds.
const SHOWN_MS: u64 = 1_000;

/// Shortest window of a law that does not say otherwise, in seconds.
const WINDOW_S: f64 = 0.5;

/// Share of the slots that were in use on average where all count as in use: a slot is empty between two attempts.
const SATURATED: f64 = 0.8;

/// Least distance of two attempts of a bucket, as a share of what it is where all slots take turns.
const SPREAD: f64 = 0.5;

/// A limit as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct LimitStatus {
    /// What it limits.
    pub class: LimitClass,
    /// Most attempts at once.
    pub limit: u32,
    /// Attempts under way.
    pub in_use: u32,
    /// Whether a person pinned it.
    pub pinned: bool,
    /// Why it stands where it does.
    pub reason: String,
    /// Since when.
    pub changed_at: Timestamp,
    /// Attempts that ended, per second.
    pub throughput_per_s: f64,
    /// Typical time of an attempt, in milliseconds.
    pub p50_ms: f64,
    /// The newest changes, oldest first.
    pub history: Vec<LimitChange>,
}

/// A change of a limit, or of a bucket's pace: then `from` and `to` are the same.
#[derive(Clone, Debug, Serialize)]
pub struct LimitChange {
    /// What it limits.
    pub class: LimitClass,
    /// When.
    pub at: Timestamp,
    /// From.
    pub from: u32,
    /// To.
    pub to: u32,
    /// Why.
    pub reason: String,
    /// Whether a person has pinned it there.
    pub pinned: bool,
}

/// A law: from what happened to the next limit, with the reason.
pub(crate) trait Law: Send {
    /// The limit at the beginning, and why.
    fn first(&self) -> (u32, String);
    /// Whether a window holds enough to say anything; else it goes on.
    fn is_enough(&self, _limit: u32, window: &Window) -> bool {
        window.seconds >= WINDOW_S
    }
    /// The next limit, where it changes.
    fn next(&mut self, limit: u32, window: &Window, pressure: &Pressure) -> Option<(u32, String)>;
    /// The service refused an attempt for its rate.
    fn refused(&mut self) {}
}

/// Between which a limit moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// At least, 1 or more.
    pub(crate) least: u32,
    /// At most.
    pub(crate) most: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { least: 1, most: u32::MAX }
    }
}

impl Bounds {
    /// The nearest limit within, with the reason.
    fn within(self, limit: u32, reason: String) -> (u32, String) {
        let most = self.most.max(self.least);
        match limit.clamp(self.least, most) {
            bounded if bounded == limit => (limit, reason),
            bounded => {
                (bounded, format!("{reason}; hardware_scaling keeps it within {} to {most}", self.least))
            }
        }
    }
}

/// A limit with its law, its pace, its pin and its history.
pub(crate) struct Limiter {
    class: LimitClass,
    law: Box<dyn Law>,
    bounds: Bounds,
    limit: u32,
    pinned: Option<u32>,
    /// Of a bucket.
    pace: Option<Pace>,
    /// Changes of the pace that were not told yet.
    news: Option<String>,
    reason: String,
    changed_at: Timestamp,
    history: VecDeque<LimitChange>,
    typical_ms: f64,
    tally: Tally,
    shown: Shown,
}

/// Counts of the window under way.
struct Tally {
    begun: Instant,
    /// Attempts that began before do not count: another limit held then.
    since: Instant,
    ended: u64,
    failed: u64,
    time: Duration,
    running: usize,
    /// Attempts under way times the time that they were, until `counted`.
    busy_s: f64,
    counted: Instant,
}

/// The throughput that people see.
struct Shown {
    since: Timestamp,
    ended: u64,
    per_s: f64,
}

impl Tally {
    fn new(now: Instant) -> Self {
        let (ended, failed, time, running, busy_s) = (0, 0, Duration::ZERO, 0, 0.0);
        Self { begun: now, since: now, ended, failed, time, running, busy_s, counted: now }
    }

    fn count(&mut self, now: Instant) {
        let span = now.saturating_duration_since(self.counted).as_secs_f64();
        self.busy_s += span * self.running as f64;
        self.counted = now;
    }

    /// Begins a window; the limit it runs under holds `since` then.
    fn again(&mut self, now: Instant, since: Instant) {
        self.count(now);
        (self.begun, self.since) = (now, since);
        (self.ended, self.failed, self.time, self.busy_s) = (0, 0, Duration::ZERO, 0.0);
    }

    fn window(&mut self, now: Instant, limit: u32, waiting: bool) -> Window {
        self.count(now);
        let seconds = now.saturating_duration_since(self.begun).as_secs_f64();
        let busy = self.busy_s / seconds.max(1e-6);
        Window {
            seconds,
            ended: self.ended,
            failed: self.failed,
            mean_ms: self.time.as_secs_f64() * 1_000.0 / (self.ended.max(1) as f64),
            busy,
            saturated: waiting && busy >= SATURATED * f64::from(limit),
        }
    }
}

impl Limiter {
    pub(crate) fn new(class: LimitClass, law: Box<dyn Law>, bounds: Bounds, now: Timestamp) -> Self {
        let (limit, reason) = law.first();
        let (limit, reason) = bounds.within(limit, reason);
        let pace = matches!(class, LimitClass::Bucket(_)).then(Pace::default);
        Self {
            class,
            law,
            bounds,
            limit,
            pinned: None,
            pace,
            news: None,
            reason,
            changed_at: now,
            history: VecDeque::new(),
            typical_ms: 0.0,
            tally: Tally::new(Instant::now()),
            shown: Shown { since: now, ended: 0, per_s: 0.0 },
        }
    }

    pub(crate) fn limit(&self) -> u32 {
        self.pinned.unwrap_or(self.limit)
    }

    /// When the next attempt may begin, as far as the pace goes; `None`: now.
    pub(crate) fn ready_at(&self, now: Instant) -> Option<Instant> {
        let pace = self.pace.as_ref()?;
        if self.pinned.is_some() { pace.paused(now) } else { pace.ready_at(now) }
    }

    pub(crate) fn started(&mut self, now: Instant) {
        self.tally.count(now);
        self.tally.running += 1;
        let limit = f64::from(self.limit());
        if let Some(pace) = &mut self.pace {
            pace.begin(now, Duration::from_secs_f64(self.typical_ms * SPREAD / 1_000.0 / limit));
        }
    }

    pub(crate) fn ended(&mut self, now: Instant, took: Duration, how: Ended) {
        self.tally.count(now);
        self.tally.running = self.tally.running.saturating_sub(1);
        self.shown.ended += 1;
        let began = now.checked_sub(took).unwrap_or(now);
        let failed = match (how, &mut self.pace) {
            (Ended::Nothing, _) => return,
            (Ended::Refused(pause), Some(pace)) => {
                if let Some(reason) = pace.refused(now, began, pause) {
                    self.law.refused();
                    self.news = Some(reason);
                }
                return;
            }
            (Ended::Refused(_) | Ended::Failed, _) => true,
            (Ended::Answered, pace) => {
                if let Some(pace) = pace {
                    pace.granted(now);
                }
                false
            }
        };
        let ms = took.as_secs_f64() * 1_000.0;
        let first = self.typical_ms == 0.0;
        self.typical_ms = if first { ms } else { self.typical_ms + SMOOTHING * (ms - self.typical_ms) };
        if began >= self.tally.since {
            self.tally.ended += 1;
            self.tally.failed += u64::from(failed);
            self.tally.time += took;
        }
    }

    /// An answer's headers said something of the service's pace.
    pub(crate) fn hear(&mut self, now: Instant, hint: PaceHint) {
        let reason = self.pace.as_mut().and_then(|pace| pace.hear(now, hint));
        self.news = reason.or(self.news.take());
    }

    /// Whether a change of the pace was not told yet.
    pub(crate) fn has_news(&self) -> bool {
        self.news.is_some()
    }

    /// Looks at what happened since the last look that saw enough.
    pub(crate) fn adapt(
        &mut self,
        now: Instant,
        at: Timestamp,
        waiting: bool,
        pressure: &Pressure,
    ) -> Option<LimitChange> {
        self.show(at);
        if self.pinned.is_some() {
            self.tally.again(now, now);
            return self.pace_change(at);
        }
        let window = self.tally.window(now, self.limit, waiting);
        if !self.law.is_enough(self.limit, &window) {
            return self.pace_change(at);
        }
        self.tally.again(now, self.tally.since);
        let moved = self.law.next(self.limit, &window, pressure);
        let moved = moved.map(|(next, reason)| self.bounds.within(next, reason));
        let Some((next, reason)) = moved.filter(|(next, _)| *next != self.limit) else {
            return self.pace_change(at);
        };
        self.tally.since = now;
        let from = std::mem::replace(&mut self.limit, next);
        let reason = match self.news.take() {
            Some(news) => format!("{reason}; {news}"),
            None => reason,
        };
        Some(self.keep(LimitChange { class: self.class.clone(), at, from, to: next, reason, pinned: false }))
    }

    /// What is new of the pace, as a change that leaves the limit where it is.
    fn pace_change(&mut self, at: Timestamp) -> Option<LimitChange> {
        let (reason, limit) = (self.news.take()?, self.limit());
        let pinned = self.pinned.is_some();
        let class = self.class.clone();
        Some(self.keep(LimitChange { class, at, from: limit, to: limit, reason, pinned }))
    }

    fn show(&mut self, at: Timestamp) {
        let ms = at.since(self.shown.since);
        if ms >= SHOWN_MS {
            let per_s = self.shown.ended as f64 * 1_000.0 / ms as f64;
            self.shown = Shown { since: at, ended: 0, per_s };
        }
    }

    pub(crate) fn pin(&mut self, pinned: Option<u32>, at: Timestamp) -> Option<LimitChange> {
        let from = self.limit();
        self.pinned = pinned.map(|limit| limit.max(1));
        let reason = String::from(match self.pinned {
            Some(_) => "pinned by a person",
            None => "no longer pinned: adapts again",
        });
        let now = Instant::now();
        self.tally.again(now, now);
        let (to, pinned) = (self.limit(), self.pinned.is_some());
        Some(self.keep(LimitChange { class: self.class.clone(), at, from, to, reason, pinned }))
    }

    fn keep(&mut self, change: LimitChange) -> LimitChange {
        self.reason.clone_from(&change.reason);
        self.changed_at = change.at;
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(change.clone());
        change
    }

    pub(crate) fn status(&self, in_use: usize) -> LimitStatus {
        LimitStatus {
            class: self.class.clone(),
            limit: self.limit(),
            in_use: u32::try_from(in_use).unwrap_or(u32::MAX),
            pinned: self.pinned.is_some(),
            reason: self.reason.clone(),
            changed_at: self.changed_at,
            throughput_per_s: self.shown.per_s,
            p50_ms: self.typical_ms,
            history: self.history.iter().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Wants one more each time.
    struct Climb;

    impl Law for Climb {
        fn first(&self) -> (u32, String) {
            (1, String::from("begins"))
        }

        fn is_enough(&self, _: u32, window: &Window) -> bool {
            window.ended > 0
        }

        fn next(&mut self, limit: u32, _: &Window, _: &Pressure) -> Option<(u32, String)> {
            Some((limit + 1, String::from("climbs")))
        }
    }

    fn limiter(class: LimitClass, bounds: Bounds) -> (Limiter, Instant) {
        (Limiter::new(class, Box::new(Climb), bounds, Timestamp(0)), Instant::now())
    }

    /// An attempt from `from` to `to`, in milliseconds after `begin`.
    fn attempt(limiter: &mut Limiter, begin: Instant, (from, to): (u64, u64), how: Ended) {
        limiter.started(begin + Duration::from_millis(from));
        limiter.ended(begin + Duration::from_millis(to), Duration::from_millis(to - from), how);
    }

    #[test]
    fn a_limit_moves_between_its_bounds_and_says_so() {
        let (mut limiter, begin) = limiter(LimitClass::Io(Arc::from("a.b")), Bounds { least: 2, most: 3 });
        assert_eq!(limiter.limit(), 2);
        assert!(limiter.status(0).reason.contains("hardware_scaling"), "{}", limiter.status(0).reason);
        let adapt = |limiter: &mut Limiter, ms| {
            let now = begin + Duration::from_millis(ms);
            limiter.adapt(now, Timestamp(ms as i64), false, &Pressure::default())
        };
        assert!(adapt(&mut limiter, 1).is_none(), "nothing has ended yet");
        attempt(&mut limiter, begin, (2, 10), Ended::Answered);
        let change = adapt(&mut limiter, 10).map(|change| (change.from, change.to, change.pinned));
        assert_eq!(change, Some((2, 3, false)));
        attempt(&mut limiter, begin, (5, 15), Ended::Answered);
        assert!(
            adapt(&mut limiter, 20).is_none(),
            "it began under the old limit: no evidence of the new one"
        );
        attempt(&mut limiter, begin, (20, 25), Ended::Answered);
        assert!(adapt(&mut limiter, 30).is_none(), "3 is the most");
        let pinned = limiter.pin(Some(9), Timestamp(3_000)).map(|change| (change.to, change.pinned));
        assert_eq!(pinned, Some((9, true)), "a person may leave the bounds");
        let free = limiter.pin(None, Timestamp(4_000)).map(|change| (change.to, change.pinned));
        assert_eq!(free, Some((3, false)));
    }

    #[test]
    fn a_refusal_pauses_a_bucket_is_told_and_is_no_failure() {
        let (mut limiter, begin) = limiter(LimitClass::Bucket(Arc::from("b")), Bounds::default());
        attempt(&mut limiter, begin, (0, 10), Ended::Refused(Duration::from_secs(2)));
        let now = begin + Duration::from_millis(10);
        assert_eq!(limiter.ready_at(now), Some(now + Duration::from_secs(2)));
        let change = limiter.adapt(now, Timestamp(10), true, &Pressure::default()).expect("it is told");
        assert!((change.from, change.to) == (1, 1) && change.reason.contains("2.0 s"), "{change:?}");
        limiter.pin(Some(4), Timestamp(20));
        assert!(limiter.ready_at(now).is_some(), "a pin does not shorten what the service asks for");
        assert!(limiter.ready_at(now + Duration::from_secs(3)).is_none(), "a pin ends the pace");
    }

    #[test]
    fn an_items_own_fault_is_an_answer_and_a_timeout_is_not() {
        let of = |failure: model::Failure| Ended::of(&failure.into());
        assert_eq!(of(model::Failure::permanent("bad", "a bad file")), Ended::Answered);
        assert_eq!(of(model::Failure::transient("timeout", "too slow")), Ended::Failed);
    }
}
