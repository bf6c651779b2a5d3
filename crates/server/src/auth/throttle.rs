//! How often someone may try.

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use std::{hash::Hash, num::NonZeroU32, time::Duration};

/// A rate: so many at once, then one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many at once.
    pub burst: NonZeroU32,
    /// How many a minute, after that.
    pub per_minute: NonZeroU32,
}

impl Rate {
    /// So many at once, then so many a minute; 0 counts as 1.
    pub const fn new(burst: u32, per_minute: u32) -> Self {
        let burst = match NonZeroU32::new(burst) {
            Some(count) => count,
            None => NonZeroU32::MIN,
        };
        let per_minute = match NonZeroU32::new(per_minute) {
            Some(count) => count,
            None => NonZeroU32::MIN,
        };
        Self { burst, per_minute }
    }
}

/// Attempts to sign in, by address and by user.
pub(super) const SIGN_INS: Rate = Rate::new(10, 10);

/// A rate for each key.
pub(crate) struct PerKey<K: Clone + Eq + Hash> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
}

impl<K: Clone + Eq + Hash> PerKey<K> {
    pub(crate) fn new(rate: Rate) -> Self {
        let quota = Quota::per_minute(rate.per_minute).allow_burst(rate.burst);
        Self { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    /// Counts one for `key`.
    ///
    /// # Errors
    /// How long to wait, where it is one too many.
    pub(crate) fn check(&self, key: &K) -> Result<(), Duration> {
        self.limiter.check_key(key).map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    /// Forgets keys that have not been used for long.
    pub(crate) fn sweep(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}
