//! Deliveries: messages to destinations outside, staged durably before anything is sent.

use crate::{RunId, TaskError, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;

/// A message to be staged. It is written in the batch that settles the task which made it.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Unique per (run, destination): staging a key again replaces what has not been sent and leaves what has.
    pub key: Arc<str>,
    /// What the destination makes of it, such as `epic`.
    pub kind: Arc<str>,
    /// Depth below the root, from 0: what people see it indented by. Order follows `parent`, not this.
    pub level: u32,
    /// What people call it.
    pub title: Arc<str>,
    /// Name of the destination.
    pub destination: Arc<str>,
    /// What the connector reads: JSON in the connector's own shape.
    pub payload: Arc<RawValue>,
    /// Key of the delivery that must be done before this one: of the same run and destination.
    pub parent: Option<Arc<str>>,
    /// Deliveries of one destination with the same order key go one after the other, in the order of staging.
    pub order_key: Option<Arc<str>>,
}

/// Where a delivery is in its life.
///
/// ```text
/// blocked ─parent done─▶ pending ─▶ leased ─▶ done
///                          ▲          ├─▶ retry ─due─▶ leased
///                          │          ├─▶ unknown ─looked up─▶ done | pending
///                          └─replay── dead
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// May be sent.
    Pending,
    /// A relay is sending it, or about to.
    Leased,
    /// The destination has it.
    Done,
    /// Refused or not taken; sent again when due.
    Retry,
    /// Sent, but no answer came: looked up at the destination before anything is sent again.
    Unknown,
    /// Given up. Only a replay brings it back.
    Dead,
    /// Its parent is not at the destination yet.
    Blocked,
}

impl DeliveryState {
    /// All states, by their number in the store.
    pub const ALL: [Self; 7] =
        [Self::Pending, Self::Leased, Self::Done, Self::Retry, Self::Unknown, Self::Dead, Self::Blocked];

    /// The number that stands for it in the store.
    pub fn number(self) -> i64 {
        self as i64
    }

    /// The state with that number.
    pub fn from_number(number: i64) -> Option<Self> {
        usize::try_from(number).ok().and_then(|index| Self::ALL.get(index)).copied()
    }

    /// The word for it in JSON and on the dashboard.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Leased => "leased",
            Self::Done => "done",
            Self::Retry => "retry",
            Self::Unknown => "unknown",
            Self::Dead => "dead",
            Self::Blocked => "blocked",
        }
    }

    /// Whether nothing more will happen to it by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Dead)
    }
}

impl std::str::FromStr for DeliveryState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// What a delivery became at its destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// The destination's own id, such as `4711`.
    pub id: Arc<str>,
    /// Where a person can look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Arc<str>>,
}

/// What became of an attempt at a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryEnd {
    /// The destination has it.
    Done {
        /// What it became.
        remote: Remote,
    },
    /// It goes on: sent, or looked up, again.
    Again {
        /// `Retry`, `Unknown` or `Pending`.
        state: DeliveryState,
        /// Why.
        error: TaskError,
        /// Not before then.
        due_at: Timestamp,
    },
    /// Given up.
    Dead {
        /// Why.
        error: TaskError,
    },
}

/// A staged delivery, as it stands.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its number; later ones are greater.
    pub id: i64,
    /// The run that staged it.
    pub run: RunId,
    /// What was staged.
    pub message: NewDelivery,
    /// Where it is in its life.
    pub state: DeliveryState,
    /// How often it failed through its own fault; what the retry limit counts.
    pub attempts: u32,
    /// How often it was sent at all.
    pub sent: u32,
    /// What it became.
    pub remote: Option<Remote>,
    /// Why the last attempt failed, in the destination's own words.
    pub error: Option<TaskError>,
    /// When it was staged; the age bound counts from here, or from its last replay.
    pub staged_at: Timestamp,
    /// Not sent or looked up before.
    pub due_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
}

/// The name of a delivery at its destination: the same for every attempt at it, and for no other. ASCII, 33 characters.
///
/// It follows from the run, the destination and the key alone, so that a database restored from a backup finds again what
/// it had sent.
pub fn delivery_reference(run: RunId, destination: &str, key: &str) -> String {
    // FNV-1a: a fixed function, unlike the standard library's hashers. 64 bits are ample within one run.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in destination.bytes().chain([0]).chain(key.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("hw-{run}-{hash:016x}")
}

/// A place that deliveries go to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Destination {
    /// Its name, unique: what deliveries say.
    pub name: Arc<str>,
    /// Which connector serves it: `azure_devops`, `github`, `webhook`, `files`.
    pub kind: Arc<str>,
    /// The connector's settings, without secrets.
    pub settings: serde_json::Value,
    /// Name of the secret that it signs in with. Destinations of one service with the same credential share one pace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Arc<str>>,
    /// Why nothing is sent at present; `None` where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
}

/// Why a destination is paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// `unauthorized`, `by_user`.
    pub code: Arc<str>,
    /// For people.
    pub reason: Arc<str>,
    /// Since when.
    pub at: Timestamp,
}
