//! Pace and breaker, shared by destinations that count as one at the other side.

use headway_core::{Breaker, Pacer};
use model::Timestamp;
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};

/// What limits calls of one service with one credential.
pub(super) struct Throttle {
    pub(super) pacer: Pacer,
    pub(super) breaker: Breaker,
    /// Why the breaker opened last, in the destination's words.
    pub(super) reason: Option<Arc<str>>,
}

/// A throttle that several lanes may hold.
pub(super) type Shared = Arc<Mutex<Throttle>>;

/// All throttles, by service and credential.
#[derive(Default)]
pub(super) struct Throttles {
    by_account: Mutex<HashMap<String, Shared>>,
}

impl Throttles {
    /// The throttle of an account, made with this pace where there is none.
    pub(super) fn of(
        &self,
        account: String,
        interval_ms: u64,
        per_hour: Option<u32>,
        now: Timestamp,
    ) -> Shared {
        let fresh = || {
            let pacer = Pacer::new(interval_ms, per_hour, now);
            Arc::new(Mutex::new(Throttle { pacer, breaker: Breaker::default(), reason: None }))
        };
        self.by_account.lock().entry(account).or_insert_with(fresh).clone()
    }
}
