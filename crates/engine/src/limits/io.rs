//! Work that waits for disks, networks, other processes: climb while it helps.
//!
//! The limit grows while every slot is in use and the last growth brought more done per second; it goes back where the
//! growth brought nothing but longer attempts. Errors halve it: a service that answers with errors or timeouts
//! must not be asked by more at once because its answers are slow.

use super::{Law, Pressure, Window};

const FIRST: u32 = 32;
const LEAST: u32 = 2;
const MOST: u32 = 1_024;
/// Share of failed attempts above which the limit halves.
const ERROR_SHARE: f64 = 0.2;
/// Growth of what is done per second that is worth a larger limit.
const WORTH: f64 = 1.03;
/// Attempts that a window must hold to say anything.
const MIN_ENDED: u64 = 8;
/// Windows without growth before the climb is tried again.
const REST: u32 = 20;

/// See the module.
#[derive(Default)]
pub(crate) struct IoLaw {
    /// What was done per second before the last growth, and the limit then.
    before: Option<(f64, u32)>,
    rest: u32,
    least_ms: f64,
}

impl Law for IoLaw {
    fn first(&self) -> (u32, String) {
        (FIRST, String::from("where IO work begins"))
    }

    fn next(&mut self, limit: u32, window: &Window, _: &Pressure) -> Option<(u32, String)> {
        if window.ended < MIN_ENDED {
            return None;
        }
        let failed = window.failed as f64 / window.ended as f64;
        if failed > ERROR_SHARE {
            self.before = None;
            self.rest = REST;
            let next = (limit / 2).max(LEAST);
            let reason = format!("{:.0} % of the attempts failed", failed * 100.0);
            return (next < limit).then_some((next, reason));
        }
        let goodput = window.goodput();
        if self.least_ms == 0.0 || window.mean_ms < self.least_ms {
            self.least_ms = window.mean_ms;
        }
        if let Some((was, from)) = self.before.take()
            && goodput < was * WORTH
            && limit > from
        {
            self.rest = REST;
            return Some((from, format!("{limit} at once did no more than {from}: {goodput:.0}/s")));
        }
        if self.rest > 0 {
            self.rest -= 1;
            return None;
        }
        if !window.saturated || limit >= MOST {
            return None;
        }
        self.before = Some((goodput, limit));
        let next = (limit + (limit / 4).max(2)).min(MOST);
        Some((next, format!("all {limit} slots in use at {goodput:.0}/s: trying more")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(ended: u64, failed: u64, mean_ms: f64) -> Window {
        Window { seconds: 1.0, ended, failed, mean_ms, saturated: true }
    }

    /// A service that does `capacity` a second at best: more at once only makes each slower.
    fn settle(capacity: f64, latency_ms: f64) -> u32 {
        let (mut law, mut limit) = (IoLaw::default(), FIRST);
        for _ in 0..300 {
            let done = (f64::from(limit) * 1_000.0 / latency_ms).min(capacity);
            let mean = f64::from(limit) * 1_000.0 / done;
            if let Some((next, _)) = law.next(limit, &window(done as u64, 0, mean), &Pressure::default()) {
                limit = next;
            }
        }
        limit
    }

    #[test]
    fn it_climbs_to_where_the_service_is_full_and_not_far_beyond() {
        let found = settle(1_000.0, 100.0);
        assert!((80..=160).contains(&found), "100 at once fill it; found {found}");
    }

    #[test]
    fn constant_timeouts_never_raise_it() {
        let (mut law, mut limit) = (IoLaw::default(), FIRST);
        for _ in 0..50 {
            if let Some((next, _)) = law.next(limit, &window(20, 20, 30_000.0), &Pressure::default()) {
                assert!(next < limit);
                limit = next;
            }
        }
        assert_eq!(limit, LEAST);
    }
}
