//! Serial writes at the pace that GitHub asks for: one at a time, so far apart, so many a minute and an hour.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, MutexGuard};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
/// First wait after a secondary limit that names no time; it doubles with each further one, up to the last.
const FIRST_WAIT: Duration = Duration::from_secs(60);
const LAST_WAIT: Duration = Duration::from_secs(960);

/// The pace in force.
#[derive(Clone, Copy)]
pub(super) struct Rates {
    pub(super) interval: Duration,
    pub(super) per_minute: usize,
    pub(super) per_hour: usize,
}

/// Remembers writes.
pub(super) struct Pacer {
    rates: Rates,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    writes: VecDeque<Instant>,
    limited: u32,
}

impl Pacer {
    pub(super) fn new(rates: Rates) -> Self {
        Self { rates, state: Mutex::default() }
    }

    /// The right to write until it is let go; nobody else writes meanwhile.
    pub(super) async fn turn(&self) -> Turn<'_> {
        Turn { rates: self.rates, state: self.state.lock().await }
    }
}

/// The right to write.
pub(super) struct Turn<'a> {
    rates: Rates,
    state: MutexGuard<'a, State>,
}

impl Turn<'_> {
    /// How long to stay away before `writes` more fit into the minute and the hour; `None` where they fit now.
    pub(super) fn full(&mut self, writes: usize) -> Option<Duration> {
        let now = Instant::now();
        while self.state.writes.front().is_some_and(|at| now - *at >= HOUR) {
            self.state.writes.pop_front();
        }
        let wait = |window: Duration, most: usize| {
            let mut recent = self.state.writes.iter().filter(|at| now - **at < window);
            let over = (recent.clone().count() + writes).checked_sub(most).filter(|over| *over > 0)?;
            recent.clone().nth(over - 1).or(recent.next_back()).map(|at| window.saturating_sub(now - *at))
        };
        wait(HOUR, self.rates.per_hour).max(wait(MINUTE, self.rates.per_minute))
    }

    /// Waits until the next write is far enough from the last one, and counts it.
    pub(super) async fn write(&mut self) {
        if let Some(last) = self.state.writes.back() {
            tokio::time::sleep(self.rates.interval.saturating_sub(last.elapsed())).await;
        }
        self.state.writes.push_back(Instant::now());
    }

    /// A secondary limit was met; how long to stay away where it names no time.
    pub(super) fn limited(&mut self) -> Duration {
        let wait = FIRST_WAIT * 2u32.saturating_pow(self.state.limited.min(8));
        self.state.limited += 1;
        wait.min(LAST_WAIT)
    }

    /// A write was taken.
    pub(super) fn taken(&mut self) {
        self.state.limited = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{Pacer, Rates};
    use std::time::Duration;

    #[tokio::test]
    async fn windows_fill_and_waits_grow() {
        let rates = Rates { interval: Duration::from_millis(3), per_minute: 3, per_hour: 100 };
        let pacer = Pacer::new(rates);
        let mut turn = pacer.turn().await;
        let begin = std::time::Instant::now();
        for _ in 0..2 {
            assert_eq!(turn.full(1), None);
            turn.write().await;
        }
        assert!(begin.elapsed() >= Duration::from_millis(3));
        assert_eq!(turn.full(1), None);
        let wait = turn.full(2).unwrap();
        assert!(wait > Duration::from_secs(59) && wait <= Duration::from_secs(60), "{wait:?}");
        assert_eq!(
            (turn.limited().as_secs(), turn.limited().as_secs(), turn.limited().as_secs()),
            (60, 120, 240)
        );
        turn.taken();
        assert_eq!(turn.limited().as_secs(), 60);
        for _ in 0..20 {
            assert!(turn.limited().as_secs() <= 960);
        }
    }
}
