//! How many attempts run at once: limits that follow the machine and what the attempts wait for.
//!
//! - `cpu`: the effective CPUs; pressure is the brake.
//! - `io`: climbs while throughput grows, guarded by latency; errors halve it.
//! - `bucket:<name>`: a rate-limited service; a refusal cuts it, quiet time lets it grow by one.
//!
//! Every change has a reason and is an event. A limit shrinks by admitting less, never by ending what runs.

pub(crate) mod bucket;
pub(crate) mod cpu;
pub(crate) mod fixed;
pub(crate) mod hardware;
pub(crate) mod io;
pub(crate) mod pressure;

pub(crate) use pressure::Pressure;

use model::{Timestamp, WaitClass};
use serde::Serialize;
use std::{collections::VecDeque, time::Duration};

/// Changes kept for the dashboard, each limit.
const HISTORY: usize = 64;

/// Weight of the newest attempt in the smoothed time of attempts.
const SMOOTHING: f64 = 0.05;

/// A limit as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct LimitStatus {
    /// What it limits.
    pub class: WaitClass,
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

/// A change of a limit.
#[derive(Clone, Debug, Serialize)]
pub struct LimitChange {
    /// What it limits.
    pub class: WaitClass,
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

/// What happened since the last look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Seconds it covers.
    pub(crate) seconds: f64,
    /// Attempts that ended.
    pub(crate) ended: u64,
    /// Of them, those that failed.
    pub(crate) failed: u64,
    /// Mean time of an attempt, in milliseconds.
    pub(crate) mean_ms: f64,
    /// Whether every slot was in use and more waited.
    pub(crate) saturated: bool,
}

impl Window {
    /// Attempts that ended well, per second.
    pub(crate) fn goodput(&self) -> f64 {
        (self.ended - self.failed.min(self.ended)) as f64 / self.seconds.max(1e-3)
    }
}

/// A law: from what happened to the next limit, with the reason.
pub(crate) trait Law: Send {
    /// The limit at the beginning, and why.
    fn first(&self) -> (u32, String);
    /// The next limit, where it changes.
    fn next(&mut self, limit: u32, window: &Window, pressure: &Pressure) -> Option<(u32, String)>;
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

/// A limit with its law, its pin and its history.
pub(crate) struct Limiter {
    class: WaitClass,
    law: Box<dyn Law>,
    bounds: Bounds,
    limit: u32,
    pinned: Option<u32>,
    reason: String,
    changed_at: Timestamp,
    history: VecDeque<LimitChange>,
    looked_at: Timestamp,
    ended: u64,
    failed: u64,
    time: Duration,
    typical_ms: f64,
    throughput: f64,
    peak: usize,
    running: usize,
}

impl Limiter {
    pub(crate) fn new(class: WaitClass, law: Box<dyn Law>, bounds: Bounds, now: Timestamp) -> Self {
        let (limit, reason) = law.first();
        let (limit, reason) = bounds.within(limit, reason);
        Self {
            class,
            law,
            bounds,
            limit,
            pinned: None,
            reason,
            changed_at: now,
            history: VecDeque::new(),
            looked_at: now,
            ended: 0,
            failed: 0,
            time: Duration::ZERO,
            typical_ms: 0.0,
            throughput: 0.0,
            peak: 0,
            running: 0,
        }
    }

    pub(crate) fn limit(&self) -> u32 {
        self.pinned.unwrap_or(self.limit)
    }

    pub(crate) fn started(&mut self) {
        self.running += 1;
        self.peak = self.peak.max(self.running);
    }

    pub(crate) fn ended(&mut self, took: Duration, failed: bool) {
        self.running = self.running.saturating_sub(1);
        self.ended += 1;
        self.failed += u64::from(failed);
        self.time += took;
        let ms = took.as_secs_f64() * 1_000.0;
        let first = self.typical_ms == 0.0;
        self.typical_ms = if first { ms } else { self.typical_ms + SMOOTHING * (ms - self.typical_ms) };
    }

    /// Looks at what happened since the last look.
    pub(crate) fn adapt(
        &mut self,
        now: Timestamp,
        running: usize,
        waiting: bool,
        pressure: &Pressure,
    ) -> Option<LimitChange> {
        let seconds = now.since(self.looked_at) as f64 / 1_000.0;
        let window = Window {
            seconds,
            ended: self.ended,
            failed: self.failed,
            mean_ms: self.time.as_secs_f64() * 1_000.0 / (self.ended.max(1) as f64),
            saturated: waiting && self.peak >= self.limit() as usize,
        };
        self.throughput = window.ended as f64 / seconds.max(1e-3);
        self.looked_at = now;
        (self.ended, self.failed, self.time, self.peak, self.running) =
            (0, 0, Duration::ZERO, running, running);
        if self.pinned.is_some() {
            return None;
        }
        let (next, reason) = self.law.next(self.limit, &window, pressure)?;
        let (next, reason) = self.bounds.within(next, reason);
        (next != self.limit).then(|| self.change(next, reason, now))
    }

    pub(crate) fn pin(&mut self, pinned: Option<u32>, now: Timestamp) -> Option<LimitChange> {
        let from = self.limit();
        self.pinned = pinned.map(|limit| limit.max(1));
        let reason = match self.pinned {
            Some(_) => String::from("pinned by a person"),
            None => String::from("no longer pinned: adapts again"),
        };
        let to = self.limit();
        let pinned = self.pinned.is_some();
        let change = LimitChange { class: self.class.clone(), at: now, from, to, reason, pinned };
        self.keep(&change);
        Some(change)
    }

    fn change(&mut self, to: u32, reason: String, now: Timestamp) -> LimitChange {
        let from = self.limit;
        let change = LimitChange { class: self.class.clone(), at: now, from, to, reason, pinned: false };
        self.limit = to;
        self.keep(&change);
        change
    }

    fn keep(&mut self, change: &LimitChange) {
        self.reason.clone_from(&change.reason);
        self.changed_at = change.at;
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(change.clone());
    }

    pub(crate) fn status(&self, in_use: usize) -> LimitStatus {
        LimitStatus {
            class: self.class.clone(),
            limit: self.limit(),
            in_use: u32::try_from(in_use).unwrap_or(u32::MAX),
            pinned: self.pinned.is_some(),
            reason: self.reason.clone(),
            changed_at: self.changed_at,
            throughput_per_s: self.throughput,
            p50_ms: self.typical_ms,
            history: self.history.iter().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wants one more each time.
    struct Climb;

    impl Law for Climb {
        fn first(&self) -> (u32, String) {
            (1, String::from("begins"))
        }

        fn next(&mut self, limit: u32, _: &Window, _: &Pressure) -> Option<(u32, String)> {
            Some((limit + 1, String::from("climbs")))
        }
    }

    #[test]
    fn a_limit_moves_between_its_bounds_and_says_so() {
        let bounds = Bounds { least: 2, most: 3 };
        let mut limiter = Limiter::new(WaitClass::Io, Box::new(Climb), bounds, Timestamp(0));
        assert_eq!(limiter.limit(), 2);
        assert!(limiter.status(0).reason.contains("hardware_scaling"), "{}", limiter.status(0).reason);
        let mut adapt = |at| limiter.adapt(Timestamp(at), 0, false, &Pressure::default());
        assert_eq!(adapt(1_000).map(|change| (change.from, change.to, change.pinned)), Some((2, 3, false)));
        assert!(adapt(2_000).is_none(), "3 is the most");
        let pinned = limiter.pin(Some(9), Timestamp(3_000)).map(|change| (change.to, change.pinned));
        assert_eq!(pinned, Some((9, true)), "a person may leave the bounds");
        let free = limiter.pin(None, Timestamp(4_000)).map(|change| (change.to, change.pinned));
        assert_eq!(free, Some((3, false)));
    }
}
