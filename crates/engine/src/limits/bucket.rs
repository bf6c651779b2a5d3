//! A rate-limited service: attempts at once climb gently while that pays; a refusal ends the climb, for from then on the
//! pace decides ([`super::pace::Pace`]).

use super::{Law, Pressure, Window, io::IoLaw};

/// Where calls begin, and what they are multiplied by while that pays: each of them may cost money, and going over the
/// rate costs a pause.
const FIRST: u32 = 4;
const FACTOR: f64 = 1.25;

/// See the module.
pub(crate) struct BucketLaw(IoLaw);

impl Default for BucketLaw {
    fn default() -> Self {
        Self(IoLaw::from(FIRST, FACTOR))
    }
}

impl Law for BucketLaw {
    fn first(&self) -> (u32, String) {
        (FIRST, String::from("where calls of a rate-limited service begin"))
    }

    fn is_enough(&self, limit: u32, window: &Window) -> bool {
        self.0.is_enough(limit, window)
    }

    fn next(&mut self, limit: u32, window: &Window, pressure: &Pressure) -> Option<(u32, String)> {
        self.0.next(limit, window, pressure)
    }

    fn refused(&mut self) {
        self.0.hold();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_climbs_while_that_pays_and_a_refusal_ends_the_climb() {
        let mut law = BucketLaw::default();
        let window = |busy: u32| Window {
            seconds: 0.2,
            ended: 24,
            failed: 0,
            mean_ms: 50.0,
            busy: f64::from(busy),
            saturated: true,
        };
        let mut climb = |limit| law.next(limit, &window(limit), &Pressure::default()).map(|(next, _)| next);
        assert_eq!((climb(4), climb(5)), (Some(5), Some(6)));
        law.refused();
        assert!(law.next(9, &window(9), &Pressure::default()).is_none(), "it rests");
    }
}
