//! The host's clock and random bits: the core takes both as arguments.

use model::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// 32 random bits. They spread retries and ids; nothing secret hangs on them, so where the system has no randomness the
/// clock's low bits do.
pub(crate) fn random() -> u32 {
    let mut bytes = [0u8; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u32::from_le_bytes(bytes),
        Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos()),
    }
}

/// 62 random bits, positive: a worker's or schedule's id.
pub(crate) fn random_id() -> i64 {
    (i64::from(random() >> 1) << 31) | i64::from(random() >> 1)
}
