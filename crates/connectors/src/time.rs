//! A call's time, over the several requests that it may take.

use std::time::{Duration, Instant};

/// When a call must be over.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// The end of one request, which may take `most` and no longer than the call.
    pub(crate) fn request(self, most: Duration) -> Instant {
        self.0.min(Instant::now() + most)
    }
}
