//! Tasks and the items they work on.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;

/// A stage's unit of input: a key, unique per (run, stage), and data.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// Unique per (run, stage): emitting it again adds nothing.
    pub key: Arc<str>,
    /// JSON handed to the task as its data; kept as text, since the engine only passes it on.
    pub data: Arc<RawValue>,
}

impl Item {
    /// An item of serialisable data.
    ///
    /// # Errors
    /// Where `data` has no JSON form (a map with keys that are not strings, a NaN in a strict type).
    pub fn new(key: impl Into<Arc<str>>, data: &impl Serialize) -> Result<Self, serde_json::Error> {
        let data: Box<RawValue> = serde_json::value::to_raw_value(data)?;
        Ok(Self { key: key.into(), data: Arc::from(data) })
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.data.get() == other.data.get()
    }
}

/// Where a task is in its life.
///
/// ```text
///            ┌────────── retry, lost ─────────┐
///            ▼                                │
/// waiting ─▶ ready ─▶ leased ─▶ done | failed | skipped
///    └──────────┴────────┴────▶ cancelled
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// May be leased once `due_at` has come.
    Ready,
    /// An attempt is under way, or about to be, on one worker.
    Leased,
    /// Held: its stage is not open yet, or it waits for a signal.
    Waiting,
    /// Ended well.
    Done,
    /// Ended badly, for good.
    Failed,
    /// Had nothing to do.
    Skipped,
    /// Its run was cancelled or failed before it ended.
    Cancelled,
}

impl TaskState {
    /// All states, by their number in the store.
    pub const ALL: [Self; 7] =
        [Self::Ready, Self::Leased, Self::Waiting, Self::Done, Self::Failed, Self::Skipped, Self::Cancelled];

    /// The number that stands for it in the store.
    pub fn number(self) -> i64 {
        self as i64
    }

    /// The state with that number.
    pub fn from_number(number: i64) -> Option<Self> {
        usize::try_from(number).ok().and_then(|index| Self::ALL.get(index)).copied()
    }

    /// Whether nothing more will happen to the task by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Skipped | Self::Cancelled)
    }
}
