//! An engine on a folder of its own, that can be opened again after a crash.

use activity::{Activity, AttemptFuture, Context, Outcome, Registry};
use headway_engine::{Dispatch, Engine, EngineOptions, LimitOptions, RelayOptions, Retention, StartRun};
use model::{Definition, RunId, RunState};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
use store::{RunRecord, Store};
use stream::{Hub, HubOptions};

/// Longest time that any of these tests waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// An async activity from a closure.
pub(crate) struct Does<F>(pub(crate) F);

impl<F, R> Activity for Does<F>
where
    F: Fn(Context) -> R + Send + Sync + 'static,
    R: std::future::Future<Output = Outcome> + Send + 'static,
{
    fn run(self: Arc<Self>, context: Context) -> AttemptFuture {
        Box::pin((self.0)(context))
    }
}

/// Opens an engine on the folder's database.
pub(crate) async fn open(folder: &Path, registry: Registry) -> Engine {
    open_with(folder, registry, |_| ()).await
}

/// Opens an engine, with the database's options changed.
pub(crate) async fn open_with(
    folder: &Path,
    registry: Registry,
    change: impl Fn(&mut db::Options),
) -> Engine {
    open_to(folder, registry, change, Dispatch::All, RelayOptions::default()).await
}

/// Opens an engine that delivers.
pub(crate) async fn open_with_relay(folder: &Path, registry: Registry, relay: RelayOptions) -> Engine {
    open_to(folder, registry, |_| (), Dispatch::All, relay).await
}

/// Opens an engine that leases nothing.
pub(crate) async fn open_for_verbs(folder: &Path, registry: Registry) -> Engine {
    open_to(folder, registry, |_| (), Dispatch::Nothing, RelayOptions::default()).await
}

async fn open_to(
    folder: &Path,
    registry: Registry,
    change: impl Fn(&mut db::Options),
    dispatch: Dispatch,
    relay: RelayOptions,
) -> Engine {
    let mut options = db::Options::new(folder.join("headway.db"));
    change(&mut options);
    let migrations = [store::MIGRATIONS, TEST_TABLES].concat();
    let shared = servers::shared(folder);
    let db = match &shared {
        Some(url) => db::Db::connect(db::PgOptions::parse(url).expect("an address"), &migrations).await,
        None => db::Db::open(options, &migrations),
    };
    let db = db.expect("the database opens");
    let store = Store::open(db, "test").await.expect("the store opens");
    let hub = Hub::open(store.clone(), HubOptions::default()).await.expect("the hub opens");
    Engine::open(EngineOptions {
        store,
        hub,
        registry,
        pipelines: Vec::new(),
        name: String::from("test"),
        limits: LimitOptions::default(),
        retention: Retention::default(),
        dispatch,
        // What a crashed engine held is another's as soon as its lease is over.
        lease: shared.map(|_| Duration::from_secs(1)),
        relay,
    })
    .await
    .expect("the engine opens")
}

/// A table of an application, for effects.
const TEST_TABLES: &[db::Migration] = &[db::Migration {
    component: "test",
    version: 1,
    name: "effects",
    sql: "CREATE TABLE effects (run_id BIGINT NOT NULL, key TEXT NOT NULL, UNIQUE (run_id, key));",
    differs: &[],
}];

/// One row of it.
pub(crate) fn effect(run: RunId, key: &str) -> db::Statement {
    db::Statement::new("INSERT INTO effects (run_id, key) VALUES (?1, ?2)").row(db::params![run.0, key])
}

/// How many there are.
pub(crate) async fn effects(engine: &Engine) -> i64 {
    let rows = engine.store().db().query(db::Query::new("SELECT COUNT(*) FROM effects")).await;
    rows.expect("the table answers")[0].get(0).expect("a count")
}

/// A definition from YAML.
pub(crate) fn definition(yaml: &str) -> Arc<Definition> {
    Arc::new(pipeline::compile_yaml(yaml).unwrap_or_else(|error| panic!("{error}")))
}

/// What starts a run.
pub(crate) fn start(definition: &Arc<Definition>, input: Value) -> StartRun {
    StartRun {
        definition: definition.clone(),
        input,
        title: String::new(),
        app: String::from("pipeline"),
        created_by: String::from("tester"),
        labels: BTreeMap::new(),
        idempotency_key: None,
    }
}

/// Starts a run; its id.
pub(crate) async fn begin(engine: &Engine, definition: &Arc<Definition>, input: Value) -> RunId {
    engine.start(start(definition, input)).await.expect("the run starts").record.run.id
}

/// The run once `ready` holds of it.
pub(crate) async fn when(engine: &Engine, run: RunId, ready: impl Fn(&RunRecord) -> bool) -> Arc<RunRecord> {
    let looking = async {
        loop {
            let record = engine.record(run).await.expect("the store answers").expect("the run is there");
            if ready(&record) {
                return record;
            }
            // What the hub announces may be newer than the record was; where the engine has ended, nothing comes.
            let _ = engine.hub().changed(run, record.run.run_seq, PATIENCE).await;
            tokio::task::yield_now().await;
        }
    };
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(record) => record,
        Err(_) => panic!("it never came: {:#?}", engine.record(run).await),
    }
}

/// The run once it is over.
pub(crate) async fn over(engine: &Engine, run: RunId) -> Arc<RunRecord> {
    when(engine, run, |record| record.run.state.is_final()).await
}

/// Whether the run is in a state.
pub(crate) fn is(state: RunState) -> impl Fn(&RunRecord) -> bool {
    move |record| record.run.state == state
}

/// Events of a run as `kind`s, in order; and that their numbers have no gap.
pub(crate) async fn kinds(engine: &Engine, run: RunId) -> Vec<String> {
    let query =
        db::Query::new("SELECT run_seq, kind FROM events WHERE run_id = ?1 ORDER BY run_seq").bind(run.0);
    let rows = engine.store().db().query(query).await.expect("events are there");
    for (row, expected) in rows.iter().zip(1i64..) {
        assert_eq!(
            row.get::<i64>(0).expect("a number"),
            expected,
            "the numbers of a run's events have no gap"
        );
    }
    rows.iter().map(|row| row.get::<String>(1).expect("a kind")).collect()
}
