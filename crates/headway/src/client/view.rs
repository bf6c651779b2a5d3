//! What the command line reads from the server: only the fields it shows. Fields it does not know are left alone, so
//! that an older command line can talk to a newer server.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) pipeline: Pipeline,
    pub(crate) title: String,
    pub(crate) state: String,
    pub(crate) created_at: i64,
    pub(crate) started_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) created_by: String,
    pub(crate) run_seq: u64,
    pub(crate) input: Value,
    pub(crate) stages: Vec<Stage>,
    pub(crate) counters: BTreeMap<String, i64>,
    pub(crate) waiting_for: Vec<WaitingFor>,
    pub(crate) error: Option<TaskError>,
    pub(crate) rate_per_s: f64,
    pub(crate) eta_ms: Option<i64>,
    pub(crate) figures: Figures,
    pub(crate) deliveries: Deliveries,
}

impl Run {
    /// Whether nothing more will happen to it by itself.
    pub(crate) fn is_over(&self) -> bool {
        is_over(&self.state)
    }

    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        if self.title.is_empty() { &self.pipeline.name } else { &self.title }
    }
}

/// Whether `state` is one in which runs end.
pub(crate) fn is_over(state: &str) -> bool {
    matches!(state, "completed" | "completed_with_errors" | "failed" | "cancelled")
}

/// Which pipeline a run runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pipeline {
    pub(crate) name: String,
    pub(crate) version: u32,
}

/// A run's figures over all stages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Figures {
    pub(crate) done: u64,
    pub(crate) total: u64,
    pub(crate) failed: u64,
    pub(crate) percent: f64,
}

/// A run's deliveries, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Deliveries {
    pub(crate) staged: u64,
    pub(crate) done: u64,
    pub(crate) dead: u64,
    pub(crate) unsent: u64,
}

/// A stage of a run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Stage {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) state: String,
    pub(crate) total: u64,
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    pub(crate) cancelled: u64,
    pub(crate) in_flight: u64,
    pub(crate) rate_per_s: f64,
}

impl Stage {
    /// Tasks that have ended.
    pub(crate) fn ended(&self) -> u64 {
        self.done + self.failed + self.skipped + self.cancelled
    }

    /// What people call it.
    pub(crate) fn label(&self) -> &str {
        if self.title.is_empty() { &self.name } else { &self.title }
    }
}

/// A signal that a run waits for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct WaitingFor {
    pub(crate) stage: String,
    pub(crate) signal: String,
    pub(crate) since: i64,
}

/// What went wrong in a run or task.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct TaskError {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// A fact of a run.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Event {
    pub(crate) run: Option<String>,
    pub(crate) run_seq: u64,
    pub(crate) feed_seq: u64,
    pub(crate) at: i64,
    pub(crate) kind: String,
    pub(crate) stage: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) attempt: Option<u32>,
    pub(crate) data: Value,
}

impl Event {
    /// The run's state after this event, where it changes it.
    pub(crate) fn state_after(&self) -> Option<String> {
        let state = match self.kind.as_str() {
            "run.started" | "run.resumed" | "run.retried" | "run.continued" => "running",
            "run.waiting" => "waiting",
            "run.paused" => "paused",
            "run.failed" => "failed",
            "run.cancelled" => "cancelled",
            "run.completed" => return self.data.get("state").and_then(Value::as_str).map(str::to_owned),
            _ => return None,
        };
        Some(state.to_owned())
    }
}

/// Figures of a run, conflated and absolute.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Progress {
    pub(crate) run: String,
    pub(crate) item: Option<String>,
    pub(crate) to: u64,
    pub(crate) state: Option<String>,
    pub(crate) figures: Option<Figures>,
    pub(crate) stages: Vec<Stage>,
    pub(crate) counters: BTreeMap<String, i64>,
    pub(crate) deliveries: Option<Deliveries>,
    pub(crate) rate_per_s: f64,
    pub(crate) eta_ms: Option<i64>,
    pub(crate) current: Option<Value>,
    pub(crate) waiting_for: Option<Vec<WaitingFor>>,
}

impl Progress {
    /// What is being worked on, where the server says.
    pub(crate) fn current(&self) -> Option<String> {
        match self.current.as_ref()? {
            Value::String(text) => Some(text.clone()),
            Value::Object(fields) => ["name", "message", "key", "item"]
                .iter()
                .find_map(|name| fields.get(*name).and_then(Value::as_str))
                .map(str::to_owned),
            _ => None,
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    #[serde(default)]
    pub(crate) next_cursor: Option<String>,
}

/// An ingest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct IngestView {
    pub(crate) run: Run,
    pub(crate) stats: IngestStats,
    pub(crate) notes: Vec<String>,
}

/// An ingest's figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct IngestStats {
    pub(crate) discovered: i64,
    pub(crate) skipped: i64,
    pub(crate) processed: i64,
    pub(crate) failed: i64,
    pub(crate) metadata: i64,
    pub(crate) keywords: i64,
    pub(crate) scores: i64,
    pub(crate) nsfw: i64,
    pub(crate) errors: i64,
}

/// A backlog.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BacklogView {
    pub(crate) run: Run,
    pub(crate) stats: BTreeMap<String, i64>,
    pub(crate) author: String,
    pub(crate) notes: Vec<String>,
}

/// A destination and how it does.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct DestinationView {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) paused: Option<PausedView>,
    pub(crate) breaker: BreakerView,
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) delivered_per_s: f64,
    pub(crate) problem: Option<TaskError>,
}

/// Why a destination is paused.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct PausedView {
    pub(crate) code: String,
    pub(crate) reason: String,
    pub(crate) at: i64,
}

/// A circuit breaker.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct BreakerView {
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) until: Option<i64>,
}

/// A delivery.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct DeliveryView {
    pub(crate) id: String,
    pub(crate) run: String,
    pub(crate) key: String,
    pub(crate) kind: String,
    pub(crate) level: u32,
    pub(crate) title: String,
    pub(crate) destination: String,
    pub(crate) state: String,
    pub(crate) attempts: u32,
    pub(crate) remote: Option<RemoteView>,
    pub(crate) error: Option<TaskError>,
    pub(crate) blocked_by: Option<BlockedBy>,
}

/// What a delivery became at its destination.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct RemoteView {
    pub(crate) id: String,
    pub(crate) url: Option<String>,
}

/// The undelivered parent that a delivery waits for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct BlockedBy {
    pub(crate) title: String,
    pub(crate) state: String,
}

/// What a replay did, or would do.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ReplayView {
    pub(crate) matched: u64,
    pub(crate) replayed: u64,
    pub(crate) sample: Vec<DeliveryView>,
}

/// A backup.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct BackupView {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) took_ms: u64,
}

/// An access token, as listed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct TokenView {
    pub(crate) id: Value,
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) created_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) last_used_at: Option<i64>,
    pub(crate) revoked_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
}
