//! Work that waits for disks, networks, other processes: as many at once as still bring more done per second.
//!
//! The limit moves by trials: it is set elsewhere, and stays there only where what was done per second bears it out.
//!
//! - First it doubles while doubling pays. Where it stops paying, the service's own figures say where it was full: what it
//!   does per second times the time of an unhurried attempt (Little's law).
//! - Then it tries a quarter more from time to time, ever more rarely while that brings nothing.
//! - Latency guard: where attempts take twice as long as they did unhurried, it tries as many as would do the same without
//!   queueing. Where less is done then, the attempts themselves have become longer, and the guard learns the new time.
//! - Errors end a trial, or halve the limit: a service that answers with errors or timeouts must not be asked by more at
//!   once because its answers are slow.

use super::{Law, Pressure, Window};

/// Where it begins: no more than a browser or a new connection of TCP sends at once to a stranger.
const FIRST: u32 = 8;
const LEAST: u32 = 2;
const MOST: u32 = 1_024;
/// Share of failed attempts above which a limit is too high.
const ERROR_SHARE: f64 = 0.2;
/// What the limit is multiplied by in a trial after the beginning.
const STEP: f64 = 1.25;
/// Share of a growth of the limit that must come back as growth of what is done: half while doubling, for beyond that
/// most of the new slots only queue; a third for a small step, whose effect is harder to see.
const WORTH_DOUBLING: f64 = 0.5;
const WORTH_STEP: f64 = 0.33;
/// What may be lost when fewer are tried, as a share: measurements are no better than this.
const NOISE: f64 = 0.05;
/// Times the unhurried attempt's time above which attempts are believed to queue.
const GUARD: f64 = 2.0;
/// Attempts that a window must hold to say anything, while doubling and later: a doubling's effect is plain.
const MIN_ENDED: u64 = 8;
const MIN_ENDED_STEP: u64 = 24;
/// More attempts than that say no more.
const ENOUGH_ENDED: u64 = 256;
/// Rest after a trial that brought nothing, in seconds: it doubles up to the longest.
const REST_S: f64 = 0.5;
const LONGEST_REST_S: f64 = 30.0;

/// A limit set elsewhere to see what it brings.
#[derive(Clone, Copy)]
struct Trial {
    from: u32,
    /// What was done per second there.
    was: f64,
}

/// See the module.
pub(crate) struct IoLaw {
    first: u32,
    /// While it begins: what the limit is multiplied by at each step.
    begins: Option<f64>,
    trial: Option<Trial>,
    /// Time of an unhurried attempt, in milliseconds.
    least_ms: Option<f64>,
    rest_s: f64,
    next_rest_s: f64,
}

impl Default for IoLaw {
    fn default() -> Self {
        Self::from(FIRST, 2.0)
    }
}

impl IoLaw {
    /// Begins at `first` and is multiplied by `factor` while that pays.
    pub(super) fn from(first: u32, factor: f64) -> Self {
        Self { first, begins: Some(factor), trial: None, least_ms: None, rest_s: 0.0, next_rest_s: REST_S }
    }

    /// Ends the quick growth of the beginning, and whatever is being tried.
    pub(super) fn hold(&mut self) {
        self.begins = None;
        self.trial = None;
        self.rest();
    }

    fn rest(&mut self) {
        self.rest_s = self.next_rest_s;
        self.next_rest_s = (self.next_rest_s * 2.0).min(LONGEST_REST_S);
    }

    /// Sets the limit to `to` on trial.
    fn attempt(&mut self, limit: u32, to: u32, was: f64) -> u32 {
        self.trial = Some(Trial { from: limit, was });
        to
    }

    fn errors(&mut self, limit: u32, window: &Window) -> Option<(u32, String)> {
        let share = window.failed_share() * 100.0;
        let trial = self.trial.take();
        self.begins = None;
        self.rest();
        let back = trial.map(|trial| trial.from).filter(|from| *from < limit);
        let next = back.unwrap_or(limit / 2).max(LEAST);
        if next <= LEAST {
            // An outage says nothing about how many the service takes when it is back.
            self.begins = Some(2.0);
        }
        (next < limit).then(|| (next, format!("{share:.0} % of the attempts failed at {limit} at once")))
    }

    /// What becomes of a trial.
    fn judge(&mut self, trial: Trial, limit: u32, window: &Window) -> Option<(u32, String)> {
        let goodput = window.goodput();
        let Trial { from, was } = trial;
        if limit < from {
            if goodput >= was * (1.0 - NOISE) {
                return None;
            }
            self.rest();
            self.least_ms = Some(window.mean_ms);
            return Some((from, format!("{limit} at once did only {goodput:.0}/s, {from} did {was:.0}/s")));
        }
        let grown = f64::from(limit) / f64::from(from) - 1.0;
        let doubles = grown > STEP - 1.0;
        let worth = if doubles { WORTH_DOUBLING } else { WORTH_STEP };
        if goodput >= was * (1.0 + grown * worth) {
            self.next_rest_s = REST_S;
            return self.up(limit, window);
        }
        if self.begins.take().is_some() {
            let unhurried_s = self.least_ms.unwrap_or(window.mean_ms) / 1_000.0;
            let full = (goodput.max(was) * unhurried_s).ceil() as u32;
            let next = full.max(LEAST);
            if next != from && next < limit {
                self.trial = Some(trial);
                return Some((next, format!("{goodput:.0}/s at {limit} at once: {next} should do as much")));
            }
        } else {
            self.rest();
        }
        Some((from, format!("{limit} at once did {goodput:.0}/s, {from} did {was:.0}/s")))
    }

    fn up(&mut self, limit: u32, window: &Window) -> Option<(u32, String)> {
        if !window.saturated || limit >= MOST {
            return None;
        }
        let goodput = window.goodput();
        let factor = self.begins.unwrap_or(STEP);
        let next = ((f64::from(limit) * factor) as u32).clamp(limit + 1, MOST);
        let next = self.attempt(limit, next, goodput);
        Some((next, format!("all {limit} slots in use at {goodput:.0}/s: trying {next}")))
    }

    /// Fewer, where attempts seem to queue.
    fn down(&mut self, limit: u32, window: &Window) -> Option<(u32, String)> {
        let least_ms = self.least_ms.filter(|least| window.mean_ms > GUARD * least)?;
        let goodput = window.goodput();
        let unhurried = (goodput * least_ms / 1_000.0 * 1.25).ceil() as u32;
        let next = unhurried.max(limit / 2).max(LEAST);
        if next >= limit {
            return None;
        }
        let next = self.attempt(limit, next, goodput);
        let reason = format!(
            "attempts take {:.0} ms, unhurried ones {least_ms:.0} ms: trying whether {next} do as much",
            window.mean_ms
        );
        Some((next, reason))
    }
}

impl Law for IoLaw {
    fn first(&self) -> (u32, String) {
        (self.first, String::from("where work that waits begins"))
    }

    fn is_enough(&self, limit: u32, window: &Window) -> bool {
        let quick = self.begins.is_some() || window.failed_share() > ERROR_SHARE;
        let least = if quick { MIN_ENDED } else { MIN_ENDED_STEP };
        window.ended >= u64::from(limit).clamp(least, ENOUGH_ENDED)
    }

    fn next(&mut self, limit: u32, window: &Window, _: &Pressure) -> Option<(u32, String)> {
        if window.failed_share() > ERROR_SHARE {
            return self.errors(limit, window);
        }
        self.least_ms = Some(self.least_ms.map_or(window.mean_ms, |least| least.min(window.mean_ms)));
        if !window.saturated {
            // Too little to do: nothing can be learnt from what was done.
            return None;
        }
        if let Some(trial) = self.trial.take() {
            return self.judge(trial, limit, window);
        }
        self.rest_s -= window.seconds;
        if self.rest_s > 0.0 {
            return None;
        }
        self.rest_s = 0.0;
        self.down(limit, window).or_else(|| self.up(limit, window))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service: from how many at once to the time of an attempt in milliseconds and the share that fails.
    struct Bench<S> {
        service: S,
        law: IoLaw,
        limit: u32,
        seconds: f64,
    }

    impl<S: Fn(f64) -> (f64, f64)> Bench<S> {
        fn new(service: S) -> Self {
            Self { service, law: IoLaw::default(), limit: FIRST, seconds: 0.0 }
        }

        /// Lets `windows` pass; the limits that were in force.
        fn pass(&mut self, windows: usize) -> Vec<u32> {
            (0..windows).map(|_| self.window()).collect()
        }

        fn window(&mut self) -> u32 {
            let busy = f64::from(self.limit);
            let (mean_ms, failed) = (self.service)(busy);
            let ended = busy.max(24.0);
            let window = Window {
                seconds: ended * mean_ms / 1_000.0 / busy,
                ended: ended as u64,
                failed: (ended * failed) as u64,
                mean_ms,
                busy,
                saturated: true,
            };
            self.seconds += window.seconds;
            assert!(self.law.is_enough(self.limit, &window));
            if let Some((next, _)) = self.law.next(self.limit, &window, &Pressure::default()) {
                self.limit = next;
            }
            self.limit
        }
    }

    /// Takes `most` at once in `ms` each; more wait in a queue.
    fn queue(most: f64, ms: f64) -> impl Fn(f64) -> (f64, f64) {
        move |busy| (ms * (busy / most).max(1.0), 0.0)
    }

    #[test]
    fn it_finds_soon_where_the_service_is_full_and_stays_near() {
        let mut bench = Bench::new(queue(100.0, 50.0));
        bench.pass(7);
        assert!(
            (80..=130).contains(&bench.limit) && bench.seconds < 1.0,
            "{} {}",
            bench.limit,
            bench.seconds
        );
        for limit in bench.pass(200) {
            assert!((75..=160).contains(&limit), "{limit}");
        }
    }

    #[test]
    fn a_service_that_collapses_is_left_where_it_does_best() {
        // Beyond 12 at once each takes longer by the square; beyond 36 most fail.
        let collapse = |busy: f64| {
            let over = (busy / 12.0).max(1.0);
            (40.0 * over * over, if over > 3.0 { 0.6 } else { 0.0 })
        };
        let mut bench = Bench::new(collapse);
        bench.pass(12);
        let limits = bench.pass(200);
        let mean = limits.iter().sum::<u32>() as f64 / limits.len() as f64;
        assert!((9.0..=14.0).contains(&mean), "{mean} {limits:?}");
    }

    #[test]
    fn constant_timeouts_never_raise_it() {
        let mut bench = Bench::new(|_: f64| (30_000.0, 1.0));
        let mut last = FIRST;
        for limit in bench.pass(50) {
            assert!(limit <= last);
            last = limit;
        }
        assert_eq!(last, LEAST);
    }

    #[test]
    fn after_an_outage_it_is_soon_back() {
        let mut bench = Bench::new(queue(64.0, 50.0));
        bench.pass(30);
        let law = std::mem::take(&mut bench.law);
        let mut outage = Bench { service: |_: f64| (1_000.0, 1.0), law, limit: bench.limit, seconds: 0.0 };
        outage.pass(20);
        assert_eq!(outage.limit, LEAST);
        let mut back = Bench { service: queue(64.0, 50.0), law: outage.law, limit: LEAST, seconds: 0.0 };
        back.law.rest_s = 0.0;
        back.pass(10);
        assert!(back.limit >= 48, "{}", back.limit);
    }

    #[test]
    fn items_that_have_become_longer_do_not_lower_it_for_long() {
        let mut bench = Bench::new(queue(64.0, 10.0));
        bench.pass(30);
        let mut slow = Bench { service: queue(64.0, 80.0), law: bench.law, limit: bench.limit, seconds: 0.0 };
        let limits = slow.pass(40);
        assert!(limits.last().is_some_and(|limit| *limit >= 56), "{limits:?}");
    }

    #[test]
    fn a_queue_that_grows_at_the_service_is_shortened_where_that_costs_nothing() {
        let mut bench = Bench::new(queue(100.0, 20.0));
        bench.pass(30);
        let mut less = Bench { service: queue(20.0, 20.0), law: bench.law, limit: bench.limit, seconds: 0.0 };
        let limits = less.pass(60);
        assert!(limits.last().is_some_and(|limit| *limit <= 50), "{limits:?}");
    }

    #[test]
    fn too_little_to_do_moves_nothing() {
        let mut law = IoLaw::default();
        let idle = Window { seconds: 1.0, ended: 50, failed: 0, mean_ms: 5.0, busy: 1.0, saturated: false };
        assert!((0..50).all(|_| law.next(8, &idle, &Pressure::default()).is_none()));
    }
}
