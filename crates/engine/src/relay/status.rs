//! How destinations do, for people.

use activity::connector::Guarantee;
use model::{Destination, TaskError, Timestamp};
use serde::Serialize;
use std::sync::Arc;

/// A destination and how it does on this node.
#[derive(Clone, Debug)]
pub struct DestinationStatus {
    /// Its settings.
    pub destination: Destination,
    /// What its connector promises; `None` where there is no connector.
    pub guarantee: Option<Guarantee>,
    /// Its breaker.
    pub breaker: BreakerStatus,
    /// Its limiter.
    pub limiter: LimiterStatus,
    /// Deliveries done in the last ten seconds, a second.
    pub delivered_per_s: f64,
    /// Why there is no connector.
    pub problem: Option<TaskError>,
}

/// A breaker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BreakerStatus {
    /// `closed`, `open` or `half_open`.
    pub state: &'static str,
    /// Failed calls in a row.
    pub failures: u32,
    /// Why it opened, in the destination's words.
    pub reason: Option<Arc<str>>,
    /// Until when nothing is sent, in milliseconds since 1970.
    pub until: Option<Timestamp>,
}

/// A limiter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LimiterStatus {
    /// Calls a second at most; `None` where nothing limits them.
    pub rate_per_s: Option<f64>,
    /// Calls under way.
    pub in_flight: u32,
    /// Calls under way at most.
    pub parallel: u32,
    /// Until when nothing is sent, since the destination asked for it, in milliseconds since 1970.
    pub paused_until: Option<Timestamp>,
    /// Calls that the destination said are left.
    pub remaining: Option<u64>,
}
