//! A rate-limited service: a refusal cuts the limit, quiet time lets it grow by one.

use super::{Law, Pressure, Window};

const FIRST: u32 = 4;
const MOST: u32 = 64;
/// Windows without a refusal before one more is tried.
const QUIET: u32 = 4;

/// See the module.
#[derive(Default)]
pub(crate) struct BucketLaw {
    quiet: u32,
}

impl Law for BucketLaw {
    fn first(&self) -> (u32, String) {
        (FIRST, String::from("where calls of a rate-limited service begin"))
    }

    fn next(&mut self, limit: u32, window: &Window, _: &Pressure) -> Option<(u32, String)> {
        if window.failed > 0 {
            self.quiet = 0;
            let next = (limit / 2).max(1);
            return (next < limit).then(|| (next, format!("{} calls were refused", window.failed)));
        }
        if window.ended == 0 {
            return None;
        }
        self.quiet += 1;
        if self.quiet < QUIET || !window.saturated || limit >= MOST {
            return None;
        }
        self.quiet = 0;
        Some((limit + 1, String::from("no call was refused for a while: trying one more")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_halve_it_and_quiet_time_adds_one() {
        let mut law = BucketLaw::default();
        let refused = Window { seconds: 1.0, ended: 8, failed: 2, mean_ms: 10.0, saturated: true };
        assert_eq!(law.next(8, &refused, &Pressure::default()).map(|(next, _)| next), Some(4));
        let quiet = Window { failed: 0, ..refused };
        let grown = (0..QUIET).filter_map(|_| law.next(4, &quiet, &Pressure::default())).count();
        assert_eq!(grown, 1);
    }
}
