//! A made-up engine for tests and measurements: writes runs and events straight into a store.

use crate::{Commit, Hub, HubOptions};
use db::{Batch, Db};
use model::{
    Definition, ForEach, OnFailure, Retry, Run, RunId, RunState, Stage, StageId, StageRun, StageState,
    Timestamp, Work,
};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use store::{EventRow, RunMeta, RunRecord, Store, StoredEvent, write};

/// What the fixture's functions answer.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A store with made-up runs, and a hub on it.
pub struct Fixture {
    /// The store.
    pub store: Store,
    /// The hub.
    pub hub: Hub,
    runs: Mutex<HashMap<RunId, RunRecord>>,
    definition: Arc<Definition>,
    next: AtomicI64,
}

/// An event to be made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its kind. `task.done` counts a task of stage `work` as done, `items.emitted` adds one, and `run.…` sets the
    /// run's state.
    pub kind: &'static str,
    /// Its item.
    pub key: String,
    /// Its data, a JSON object.
    pub data: String,
}

impl Made {
    /// An event of that kind.
    pub fn new(kind: &'static str, key: impl Into<String>, data: impl Into<String>) -> Self {
        Self { kind, key: key.into(), data: data.into() }
    }

    /// A line of the log: lossless.
    pub fn log(message: &str) -> Self {
        Self::new("log", "item", serde_json::json!({"level": "info", "message": message}).to_string())
    }

    /// A task that is done: shown by figures.
    pub fn done(key: impl Into<String>) -> Self {
        Self::new("task.done", key, r#"{"ms":1}"#)
    }

    /// The run's good end.
    pub fn completed() -> Self {
        Self::new("run.completed", "", r#"{"state":"completed"}"#)
    }
}

impl Fixture {
    /// A store in a new database in `folder`, and a hub on it.
    ///
    /// # Errors
    /// What the store says.
    pub async fn open(folder: &Path, options: HubOptions) -> Result<Self> {
        let db = Db::open(db::Options::new(folder.join("headway.db")), store::MIGRATIONS)?;
        let store = Store::open(db, "first").await?;
        let hub = Hub::open(store.clone(), options).await?;
        Self::over(store, hub).await
    }

    /// Made-up runs in a store that is there already.
    ///
    /// # Errors
    /// What the store says.
    pub async fn over(store: Store, hub: Hub) -> Result<Self> {
        let definition = Arc::new(definition());
        let batch = Batch::from(write::definition(&definition, Timestamp(1))?);
        store.db().execute(batch).await?;
        Ok(Self { store, hub, runs: Mutex::default(), definition, next: AtomicI64::new(1) })
    }

    /// Makes a run with one event, and tells the hub.
    ///
    /// # Errors
    /// What the store says.
    pub async fn run(&self) -> Result<RunId> {
        let id = RunId(self.next.fetch_add(1, Ordering::Relaxed));
        let record = self.record(id);
        let mut batch = Batch::new();
        batch.push(write::run_insert(&record, None)?);
        self.store.db().execute(batch).await?;
        self.runs.lock().insert(id, record);
        self.append(id, vec![Made::new("run.started", "", "{}")]).await?;
        Ok(id)
    }

    /// Goes on with a run that is in the store already; whether it is there.
    ///
    /// # Errors
    /// What the store says.
    pub async fn resume(&self, run: RunId) -> Result<bool> {
        let Some(record) = self.store.run(run).await? else { return Ok(false) };
        self.runs.lock().insert(run, record);
        self.next.fetch_max(run.0 + 1, Ordering::Relaxed);
        Ok(true)
    }

    /// Stores events and tells the hub.
    ///
    /// # Errors
    /// What the store says.
    pub async fn append(&self, run: RunId, events: Vec<Made>) -> Result<Vec<StoredEvent>> {
        let commit = self.store_only(run, events).await?;
        let events = commit.events.clone();
        self.hub.commit(commit);
        Ok(events)
    }

    /// Stores events; the answer is what the hub is yet to be told. Not for one run twice at the same time.
    ///
    /// # Errors
    /// What the store says.
    pub async fn store_only(&self, run: RunId, events: Vec<Made>) -> Result<Commit> {
        let mut record = self.runs.lock().get(&run).cloned().ok_or("no such run")?;
        let was = record.run.run_seq;
        let rows: Vec<EventRow> = events.into_iter().map(|made| row(&mut record.run, made)).collect();
        let mut batch = Batch::new();
        batch.push(write::feed_advance(rows.len()));
        batch.push(write::events(&rows));
        batch.push(write::run_update(&record.run, was)?);
        let outcomes = self.store.db().execute(batch).await?;
        let newest: i64 =
            outcomes.first().and_then(|outcome| outcome.rows.first()).ok_or("no number")?.get(0)?;
        let count = rows.len();
        let numbered = rows.into_iter().enumerate();
        let events = numbered.map(|(n, row)| row.number(newest, (count - 1 - n) as i64)).collect();
        self.runs.lock().insert(run, record.clone());
        Ok(Commit { record: Some(Arc::new(record)), events })
    }

    /// The run as last stored.
    pub fn known(&self, run: RunId) -> Option<RunRecord> {
        self.runs.lock().get(&run).cloned()
    }

    fn record(&self, id: RunId) -> RunRecord {
        let open = StageRun { state: StageState::Open, opened_at: Some(Timestamp(1)), ..StageRun::default() };
        let run = Run {
            id,
            definition: Arc::from(self.definition.hash.as_str()),
            state: RunState::Queued,
            run_seq: 0,
            input: Arc::new(serde_json::json!({"made": "up"})),
            stages: vec![open, StageRun::default()],
            counters: BTreeMap::new(),
            deliveries: model::DeliveryCounts::default(),
            created_at: Timestamp(1),
            started_at: None,
            ended_at: None,
            error: None,
        };
        let word = || Arc::<str>::from("made-up");
        let meta = RunMeta {
            pipeline: word(),
            app: Arc::from("pipeline"),
            title: word(),
            created_by: word(),
            labels: BTreeMap::new(),
            host: store::RunHost::Native,
        };
        RunRecord { run, definition: Arc::clone(&self.definition), meta: Arc::new(meta) }
    }
}

fn row(run: &mut Run, made: Made) -> EventRow {
    run.run_seq += 1;
    match made.kind {
        "task.done" => {
            run.stages[0].counts.total = run.stages[0].counts.total.max(run.stages[0].counts.done + 1);
            run.stages[0].counts.done += 1;
        }
        "items.emitted" => run.stages[0].counts.total += 1,
        "run.started" | "run.retried" => {
            run.state = RunState::Running;
            run.started_at = Some(Timestamp(2));
            run.ended_at = None;
        }
        "run.completed" => {
            run.state = RunState::Completed;
            run.ended_at = Some(Timestamp(3));
        }
        _ => {}
    }
    let keyed = !made.key.is_empty();
    EventRow {
        event: StoredEvent {
            feed_seq: 0,
            run: run.id,
            run_seq: run.run_seq,
            at: crate::hub::timestamp(),
            kind: Arc::from(made.kind),
            stage: keyed.then_some(0),
            key: keyed.then(|| Arc::from(made.key)),
            attempt: None,
            data: Some(Arc::from(made.data)),
        },
    }
}

fn definition() -> Definition {
    let stage = |name: &str, for_each| Stage {
        name: name.to_owned(),
        title: String::new(),
        needs: Vec::new(),
        for_each,
        when: None,
        work: Work::Activity { name: "made.up".to_owned(), params: serde_json::Value::Null },
        retry: Retry::default(),
        timeout_ms: None,
        heartbeat_timeout_ms: None,
        concurrency: None,
        on_failure: OnFailure::Continue,
    };
    Definition {
        name: "made-up".to_owned(),
        version: 1,
        title: "Made up".to_owned(),
        hash: "0".repeat(64),
        input_schema: None,
        stages: vec![stage("work", ForEach::Input), stage("after", ForEach::Stage(StageId(0)))],
    }
}
