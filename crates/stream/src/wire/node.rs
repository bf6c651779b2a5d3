//! Limits, workers and the machine.

use model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// How many attempts of a class may be under way, and why.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Limit)]
pub struct LimitView {
    /// `cpu`, `io` or `bucket:<name>`.
    pub class: String,
    /// Attempts at once.
    pub limit: u32,
    /// Attempts under way.
    pub in_use: u32,
    /// Whether a person set it.
    pub pinned: bool,
    /// Why it is what it is.
    pub reason: String,
    /// When it last changed.
    #[schema(value_type = i64)]
    pub changed_at: Timestamp,
    /// Attempts that end per second.
    pub throughput_per_s: f64,
    /// Median time of an attempt in milliseconds; null before the first.
    pub p50_ms: Option<f64>,
    /// Its last changes, oldest first.
    pub history: Vec<LimitChangeView>,
}

/// A change of a limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = LimitChange)]
pub struct LimitChangeView {
    /// When.
    #[schema(value_type = i64)]
    pub at: Timestamp,
    /// Before.
    pub from: u32,
    /// After.
    pub to: u32,
    /// Why.
    pub reason: String,
}

/// A process that leases tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Worker)]
pub struct WorkerView {
    /// Its id.
    pub id: String,
    /// What people read.
    pub name: String,
    /// Its process number.
    pub pid: u32,
    /// The machine it runs on.
    pub host: String,
    /// When it began.
    #[schema(value_type = i64)]
    pub started_at: Timestamp,
    /// When it was last heard of.
    #[schema(value_type = i64)]
    pub heartbeat_at: Timestamp,
    /// Where it is in its life.
    pub state: WorkerStateView,
    /// Until when its leases hold without another sign of it.
    #[schema(value_type = i64)]
    pub lease_until: Timestamp,
    /// Tasks that it holds: leased, or under way.
    pub held: u64,
    /// Whether it is the process that answers.
    pub here: bool,
    /// Its version of Headway.
    pub version: String,
}

/// Where a worker is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WorkerState)]
pub enum WorkerStateView {
    /// Leases tasks.
    Live,
    /// Ends what it holds, leases nothing.
    Draining,
    /// Not heard of within its lease: its tasks go to others.
    Lost,
    /// Ended in good order.
    Ended,
}

/// The processes that share a store, the store, and what drives runs.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Nodes)]
pub struct NodesView {
    /// The processes: those that live first, and of each kind the youngest.
    pub items: Vec<WorkerView>,
    /// What they share.
    pub store: StoreView,
    /// What drives the runs that are started here: `native`, or `temporal`.
    pub engine: String,
}

/// A store, without what is needed to sign in to it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = StoreInfo)]
pub struct StoreView {
    /// What it is.
    pub kind: StoreKindView,
    /// Where: a file on the host of its one process, or a server's host, port and database.
    pub place: String,
}

/// Kinds of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StoreKind)]
pub enum StoreKindView {
    /// A file that one process owns.
    Sqlite,
    /// A server that several processes share.
    Postgres,
}

/// The machine as the limits see it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Hardware)]
pub struct HardwareView {
    /// Cores that this process may use, as a fraction where a quota says so.
    pub cpus_effective: f64,
    /// Cores of the machine.
    pub cpus_online: u32,
    /// Memory that this process may use, in bytes.
    pub memory_limit_bytes: u64,
    /// Memory in use under that limit, in bytes.
    pub memory_used_bytes: u64,
    /// Null where the kernel does not tell.
    pub pressure: Option<PressureView>,
    /// Where the figures come from: `cgroup v2`, `cgroup v1`, `affinity`, ….
    pub source: String,
    /// Tasks that run or wait to run, over one minute.
    pub load: f64,
}

/// Percent of the last ten seconds in which something waited.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Pressure)]
pub struct PressureView {
    /// For a core.
    pub cpu: f64,
    /// For the disk.
    pub io: f64,
    /// For memory.
    pub memory: f64,
}
