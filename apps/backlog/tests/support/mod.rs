//! An engine with the application, on a folder of its own, that can be opened again after a crash.

use headway_backlog::{AuthorName, BacklogOptions, Params, app, pipeline_of};

use engine::{Dispatch, Engine, EngineOptions, LimitOptions, Retention, StartRun};
use model::RunId;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
use store::{RunRecord, Store};
use stream::{Hub, HubOptions};

/// Longest time that any of these tests waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// The vision that the tests begin with.
pub(crate) const CANTEEN: &str = include_str!("../../examples/visions/canteen.md");

/// Opens an engine on the folder's database.
pub(crate) async fn open(folder: &Path, options: BacklogOptions) -> Engine {
    let app = app(options);
    let migrations = [store::MIGRATIONS, app.migrations].concat();
    let db = db::Db::open(db::Options::new(folder.join("headway.db")), &migrations).unwrap();
    let store = Store::open(db, "test").await.unwrap();
    let hub = Hub::open(store.clone(), HubOptions::default()).await.unwrap();
    let compile = |document| (pipeline::compile(document).unwrap(), app.name.to_owned());
    Engine::open(EngineOptions {
        store,
        hub,
        registry: app.activities,
        pipelines: app.pipelines.into_iter().map(compile).collect(),
        name: String::from("test"),
        limits: LimitOptions::default(),
        retention: Retention::default(),
        dispatch: Dispatch::default(),
        relay: engine::RelayOptions::default(),
    })
    .await
    .unwrap()
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

/// One column of a query's rows, as texts.
pub(crate) async fn column(engine: &Engine, sql: &'static str, run: RunId) -> Vec<String> {
    let rows = engine.store().db().query(db::Query::new(sql).bind(run.0)).await.unwrap();
    rows.iter()
        .map(|row| match row.cells().first() {
            Some(db::Value::Text(text)) => text.to_string(),
            Some(db::Value::Int(number)) => number.to_string(),
            other => format!("{other:?}"),
        })
        .collect()
}
