//! A gate: so many attempts of one wait class at once.

use crate::{
    lease::Lease,
    limits::{Ended, LimitChange, LimitStatus, Limiter, Pressure},
};
use model::Timestamp;
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

/// How much work stands ready before a gate, in time: longer than a claim takes on a busy disk (a commit or two), so that
/// no slot is ever idle for want of a commit.
const BUFFER_MS: f64 = 250.0;

/// Tasks that may stand ready for each slot before a rate is known.
const BUFFER_A_SLOT: usize = 4;

/// Most tasks in a gate's buffer.
const MAX_BUFFER: usize = 2_048;

pub(super) struct Gate {
    pub(super) limiter: Limiter,
    pub(super) running: usize,
    /// Room promised to plans under way.
    pub(super) reserved: usize,
    pub(super) buffer: VecDeque<Arc<Lease>>,
    /// Attempts per second, smoothed.
    rate: f64,
    ended_since: u64,
    counted_at: Instant,
}

impl Gate {
    pub(super) fn new(limiter: Limiter) -> Self {
        Self {
            limiter,
            running: 0,
            reserved: 0,
            buffer: VecDeque::new(),
            rate: 0.0,
            ended_since: 0,
            counted_at: Instant::now(),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limiter.limit() as usize
    }

    /// How many tasks may stand in the buffer: some for each slot, or what they do in [`BUFFER_MS`].
    fn buffer_goal(&self) -> usize {
        let by_rate = (self.rate * BUFFER_MS / 1_000.0) as usize;
        by_rate.clamp((self.limit() * BUFFER_A_SLOT).min(64), MAX_BUFFER)
    }

    /// How many more tasks may be leased.
    pub(super) fn room(&self) -> usize {
        let there = self.running + self.buffer.len() + self.reserved;
        (self.limit() + self.buffer_goal()).saturating_sub(there)
    }

    /// Whether a claim is due: half of the buffer is gone.
    pub(super) fn is_low(&self) -> bool {
        self.buffer.len() + self.reserved <= self.buffer_goal() / 2
    }

    /// The next task, where a slot is free and the pace lets it begin.
    pub(super) fn next(&mut self) -> Option<Arc<Lease>> {
        if self.running >= self.limit() || self.buffer.is_empty() {
            return None;
        }
        let now = Instant::now();
        if self.limiter.ready_at(now).is_some() {
            return None;
        }
        let lease = self.buffer.pop_front()?;
        self.running += 1;
        self.limiter.started(now);
        Some(lease)
    }

    /// When a task may begin that only the pace holds back; `None` where none is.
    pub(super) fn held_until(&self, now: Instant) -> Option<Instant> {
        if self.running >= self.limit() || self.buffer.is_empty() {
            return None;
        }
        self.limiter.ready_at(now)
    }

    pub(super) fn ended(&mut self, took: Duration, how: Ended) {
        self.running = self.running.saturating_sub(1);
        self.limiter.ended(Instant::now(), took, how);
        self.ended_since += 1;
        let span = self.counted_at.elapsed().as_secs_f64();
        if self.ended_since >= 256 || span > 0.25 {
            let now_rate = self.ended_since as f64 / span.max(1e-6);
            self.rate = 0.5 * self.rate + 0.5 * now_rate;
            self.ended_since = 0;
            self.counted_at = Instant::now();
        }
    }

    pub(super) fn adapt(&mut self, now: Timestamp, pressure: &Pressure) -> Option<LimitChange> {
        let waiting = !self.buffer.is_empty();
        self.limiter.adapt(Instant::now(), now, waiting, pressure)
    }

    pub(super) fn status(&self) -> LimitStatus {
        self.limiter.status(self.running)
    }
}
