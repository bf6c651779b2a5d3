//! An engine with the application, on a folder of its own, that can be opened again after a crash; a destination and a
//! language model that live in memory and do what a test tells them.

pub(crate) mod model_fake;
pub(crate) mod tracker;

use engine::{Command, Dispatch, Engine, EngineOptions, LimitOptions, RelayOptions, Retention, StartRun};
use headway_backlog::{AuthorName, BacklogOptions, Params, app, pipeline_of};
use model::{Destination, RunId};
use serde_json::json;
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
use store::{RunRecord, Store};
use stream::{Hub, HubOptions};
use tracker::Tracker;

/// Longest time that any of these tests waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// The vision that the tests begin with.
pub(crate) const CANTEEN: &str = include_str!("../../examples/visions/canteen.md");

/// Opens an engine on the folder's database; it delivers to `tracker`.
pub(crate) async fn open(folder: &Path, options: BacklogOptions, tracker: &Tracker) -> Engine {
    let app = app(options);
    let migrations = [store::MIGRATIONS, app.migrations].concat();
    let db = db::Db::open(db::Options::new(folder.join("headway.db")), &migrations).unwrap();
    let store = Store::open(db, "test").await.unwrap();
    let hub = Hub::open(store.clone(), HubOptions::default()).await.unwrap();
    let compile = |document| (pipeline::compile(document).unwrap(), app.name.to_owned());
    let engine = Engine::open(EngineOptions {
        store,
        hub,
        registry: app.activities,
        pipelines: app.pipelines.into_iter().map(compile).collect(),
        name: String::from("test"),
        limits: LimitOptions::default(),
        retention: Retention::default(),
        lease: None,
        dispatch: Dispatch::default(),
        relay: RelayOptions { connectors: Some(Arc::new(tracker.clone())), ..RelayOptions::default() },
    })
    .await
    .unwrap();
    if engine.destination("tracker").is_err() {
        let destination = Destination {
            name: Arc::from("tracker"),
            kind: Arc::from("test"),
            settings: json!({}),
            credential: None,
            paused: None,
        };
        engine.add_destination(destination).await.unwrap();
    }
    engine
}

/// Starts a backlog; its id.
pub(crate) async fn begin(engine: &Engine, author: AuthorName, params: &Params) -> RunId {
    let start = StartRun {
        definition: engine.pipeline(pipeline_of(author)).unwrap(),
        input: serde_json::to_value(params).unwrap(),
        title: String::new(),
        app: String::from("backlog"),
        created_by: String::from("tester"),
        labels: BTreeMap::new(),
        idempotency_key: None,
    };
    engine.start(start).await.unwrap().record.run.id
}

/// Approves a backlog.
pub(crate) async fn approve(engine: &Engine, run: RunId) {
    let command = Command::Signal {
        name: Arc::from(headway_backlog::APPROVE_SIGNAL),
        stage: None,
        key: None,
        payload: Arc::new(json!({})),
        by: Arc::from("tester"),
    };
    engine.command(run, command).await.unwrap();
}

/// The run once `ready` holds of it.
pub(crate) async fn when(engine: &Engine, run: RunId, ready: impl Fn(&RunRecord) -> bool) -> Arc<RunRecord> {
    let looking = async {
        loop {
            let record = engine.record(run).await.unwrap().unwrap();
            if ready(&record) {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(record) => record,
        Err(_) => {
            panic!("it never came: {:#?}", engine.record(run).await.unwrap().map(|record| record.run.clone()))
        }
    }
}

/// The run once it is over.
pub(crate) async fn over(engine: &Engine, run: RunId) -> Arc<RunRecord> {
    when(engine, run, |record| record.run.state.is_final()).await
}

/// A counter of a run.
pub(crate) fn counter(record: &RunRecord, name: &str) -> i64 {
    record.run.counters.get(name).copied().unwrap_or_default()
}

/// One column of a query's rows, as texts.
pub(crate) async fn column(engine: &Engine, sql: &'static str, run: RunId) -> Vec<String> {
    let rows = engine.store().db().query(db::Query::new(sql).bind(run.0)).await.unwrap();
    let text = |row: &db::Row| match row.cells().first() {
        Some(db::Value::Text(text)) => text.to_string(),
        Some(db::Value::Int(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    rows.iter().map(text).collect()
}
