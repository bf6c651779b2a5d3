//! How fast a run goes, seen over the last seconds.

use crate::wire::rounded;
use model::Timestamp;
use std::collections::VecDeque;
use store::RunRecord;

/// How far the window reaches back, in milliseconds.
const WINDOW_MS: u64 = 10_000;
/// Time between samples, in milliseconds.
const SAMPLE_MS: u64 = 500;

/// Samples of how many tasks had ended, by stage.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    samples: VecDeque<(Timestamp, Vec<u64>)>,
}

impl Meter {
    /// Notes where the run is, and answers its speed: tasks per second by stage. `None` until it was watched for a
    /// sample's time.
    pub(crate) fn observe(&mut self, record: &RunRecord, now: Timestamp) -> Option<Vec<f64>> {
        let ended: Vec<u64> = record.run.stages.iter().map(|stage| stage.counts.ended()).collect();
        while self.samples.get(1).is_some_and(|(at, _)| now.since(*at) >= WINDOW_MS) {
            self.samples.pop_front();
        }
        let speed = self.samples.front().and_then(|(at, then)| speed(then, &ended, now.since(*at)));
        if self.samples.back().is_none_or(|(at, _)| now.since(*at) >= SAMPLE_MS) {
            self.samples.push_back((now, ended));
        }
        speed
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn speed(then: &[u64], now: &[u64], ms: u64) -> Option<Vec<f64>> {
    // A retry makes ended tasks ready again: the difference is then no speed.
    let per_second =
        |(then, now): (&u64, &u64)| rounded(now.saturating_sub(*then) as f64 * 1000.0 / ms as f64);
    (ms >= SAMPLE_MS).then(|| then.iter().zip(now).map(per_second).collect())
}
