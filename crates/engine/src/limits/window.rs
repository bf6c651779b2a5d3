//! What happened since a limit last moved, or was last looked at.

use activity::Outcome;
use model::Retryability;
use std::time::Duration;

/// How an attempt ended, as far as limits are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was answered. A failure that no further attempt can mend is an answer too: it is the item's, not the
    /// service's.
    Answered,
    /// It failed in a way that another attempt may mend: an error of the service, a timeout.
    Failed,
    /// The service refused it for its rate, and asked for so long a pause.
    Refused(Duration),
    /// It says nothing: it was told to stop, or never began.
    Nothing,
}

impl Ended {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Success(_) => Self::Answered,
            Outcome::Cancelled => Self::Nothing,
            Outcome::Failure(failed) => match failed.failure.retry {
                Retryability::Permanent => Self::Answered,
                Retryability::Transient | Retryability::After(_) => Self::Failed,
                Retryability::Throttled(ms) => Self::Refused(Duration::from_millis(ms)),
            },
        }
    }
}

/// What happened under one limit. Only attempts that began under it count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    /// Seconds it covers.
    pub(crate) seconds: f64,
    /// Attempts that ended.
    pub(crate) ended: u64,
    /// Of them, those that failed.
    pub(crate) failed: u64,
    /// Mean time of an attempt, in milliseconds.
    pub(crate) mean_ms: f64,
    /// Attempts under way at once, on average.
    pub(crate) busy: f64,
    /// Whether nearly every slot was in use all the time, and more waited.
    pub(crate) saturated: bool,
}

impl Window {
    /// Attempts answered per second, by Little's law: how many were under way, through how long each took. Counting ends
    /// instead would need many rounds, since attempts begun together end together.
    pub(crate) fn goodput(&self) -> f64 {
        self.busy * (1.0 - self.failed_share()) * 1_000.0 / self.mean_ms.max(1e-3)
    }

    /// Share of attempts that failed.
    pub(crate) fn failed_share(&self) -> f64 {
        self.failed as f64 / self.ended.max(1) as f64
    }
}
