//! Connectors: how deliveries reach a destination.
//!
//! The relay owns order, pace, retries and state; a connector only speaks the destination's protocol and says, in these
//! types, what came of it. It must never claim [`Answer::Refused`] or [`Answer::NotSent`] where the destination may have
//! taken the message: what is not known is [`Answer::NoAnswer`], and is looked up before it is sent again.

use model::{Remote, RunId, TaskError};
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use std::{future::Future, pin::Pin, sync::Arc};

/// A future of a connector's.
pub type ConnectorFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One delivery, as a connector sees it.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The run that staged it.
    pub run: RunId,
    /// Its key within the run.
    pub key: Arc<str>,
    /// What the destination makes of it.
    pub kind: Arc<str>,
    /// What people call it.
    pub title: Arc<str>,
    /// JSON in the connector's own shape.
    pub payload: Arc<RawValue>,
    /// What its parent became; `None` for a root.
    pub parent: Option<Remote>,
    /// The same text for every attempt at this delivery and for no other delivery: ASCII, at most 64 characters. Written
    /// into what is created, it is what a look-up finds it by; for a webhook it is the message's id.
    pub reference: Arc<str>,
    /// When it was staged, in milliseconds since 1970.
    pub staged_at: i64,
}

/// What came of sending one parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The destination has it.
    Delivered(Remote),
    /// The message itself is at fault (4xx): the same would be refused again unless something changes. Uses up an attempt;
    /// with `permanent`, all of them.
    Refused {
        /// In the destination's own words.
        error: TaskError,
        /// Whether sending the same again is pointless, as with a 400.
        permanent: Permanence,
    },
    /// The destination asks for a slower pace (429). Nothing was taken.
    Throttled {
        /// For how long, where it said so, in milliseconds.
        after_ms: Option<u64>,
        /// In the destination's own words.
        error: TaskError,
    },
    /// The destination cannot at present (a 5xx that says that nothing was taken, such as 503). Uses up no attempt.
    Unavailable {
        /// For how long, where it said so, in milliseconds.
        after_ms: Option<u64>,
        /// In the destination's own words.
        error: TaskError,
    },
    /// The credential is not accepted (401, 403). The destination pauses; uses up no attempt.
    Unauthorized {
        /// In the destination's own words.
        error: TaskError,
    },
    /// It may have been taken: a time-out, a connection that ended after sending began, a 500 or 502.
    NoAnswer {
        /// What was seen.
        error: TaskError,
    },
    /// It certainly did not reach the destination: no connection, or held back because an earlier part of its batch failed.
    NotSent {
        /// Why.
        error: TaskError,
    },
}

/// Whether a refusal can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permanence {
    /// The same message will be refused for the same reason.
    Permanent,
    /// It may be taken later, such as after a conflict (409, 412).
    MayChange,
}

/// What came of looking for one parcel at the destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It is there.
    Found(Remote),
    /// It is not there, and the destination's index has had time to know.
    Absent,
    /// The destination cannot be asked at present, or cannot know yet; ask again.
    NotNow {
        /// For how long, where it said so, in milliseconds.
        after_ms: Option<u64>,
        /// Why.
        error: TaskError,
    },
    /// The credential is not accepted.
    Unauthorized {
        /// In the destination's own words.
        error: TaskError,
    },
}

/// Answers to a batch, and what the destination said of its pace.
#[derive(Clone, Debug, Default)]
pub struct Reply<T> {
    /// One for each parcel, in their order.
    pub answers: Vec<T>,
    /// What the answers' headers said.
    pub pace: PaceHint,
}

/// What a destination said of its pace, in headers of answers of any status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaceHint {
    /// Send nothing for so long (`Retry-After`, also on a 200), in milliseconds.
    pub pause_ms: Option<u64>,
    /// Calls left in the present window.
    pub remaining: Option<u64>,
    /// When that window ends, in milliseconds from now.
    pub reset_ms: Option<u64>,
}

/// How a destination wants to be treated before it has said anything itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Parcels in one call of [`Connector::deliver`] at most.
    pub batch: usize,
    /// Calls under way at once at most; 1 for a destination that wants serial writes.
    pub parallel: u32,
    /// Time between the begin of two calls at least, in milliseconds.
    pub interval_ms: u64,
    /// Parcels an hour at most.
    pub per_hour: Option<u32>,
    /// How long after a send its result may be missing from look-ups, in milliseconds.
    pub lookup_lag_ms: u64,
    /// How long a call may take before it counts as unanswered, in milliseconds.
    pub timeout_ms: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { batch: 50, parallel: 4, interval_ms: 0, per_hour: None, lookup_lag_ms: 0, timeout_ms: 30_000 }
    }
}

/// What a connector promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Guarantee {
    /// It can look up what may have arrived: each delivery takes effect once.
    ExactlyOnceEffect,
    /// It cannot look up: a delivery may arrive twice, under the same message id.
    AtLeastOnce,
}

/// Exactly what would be sent: secrets masked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preview {
    /// Such as `POST`.
    pub method: String,
    /// The address.
    pub url: String,
    /// Headers that matter to the reader, credentials masked.
    pub headers: Vec<(String, String)>,
    /// The body, where it is JSON.
    pub body: Value,
}

/// Makes connectors of destinations. Implemented by the binary, which knows the protocols and opens the secrets.
pub trait Connectors: Send + Sync {
    /// The connector of a destination.
    ///
    /// # Errors
    /// What is wrong with its kind, settings or credential, for people.
    fn connect<'a>(
        &'a self,
        destination: &'a model::Destination,
    ) -> ConnectorFuture<'a, Result<Arc<dyn Connector>, TaskError>>;
}

/// A destination's protocol.
pub trait Connector: Send + Sync {
    /// What counts calls at the other side, such as `api.github.com`: destinations with the same service and credential share
    /// one pace and one breaker. `None`: this destination alone.
    fn service(&self) -> Option<String> {
        None
    }

    /// What it promises.
    fn guarantee(&self) -> Guarantee;

    /// How the destination wants to be treated.
    fn pace(&self) -> Pace;

    /// Sends parcels. Parents of all of them are at the destination. Gives one answer for each, in their order.
    fn deliver<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Answer>>;

    /// Looks for parcels that may have arrived. Called no earlier than `lookup_lag_ms` after they were sent.
    fn look_up<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Lookup>>;

    /// What [`Connector::deliver`] would send for a parcel. Its parent may be absent: then a placeholder stands for it.
    ///
    /// # Errors
    /// Where the payload is not in the connector's shape.
    fn preview(&self, parcel: &Parcel) -> Result<Preview, TaskError>;

    /// Asks the destination itself whether it would take a parcel, where it can be asked (`validateOnly`). `None` where it
    /// cannot.
    fn validate<'a>(&'a self, _parcel: &'a Parcel) -> ConnectorFuture<'a, Option<Result<(), TaskError>>> {
        Box::pin(async { None })
    }

    /// Tries the connection and the credential without changing anything; the answer says in a sentence what was found.
    fn test(&self) -> ConnectorFuture<'_, Result<String, TaskError>>;
}
