//! A Temporal dev server of the test's own, and engines on folders whose runs it drives.

use activity::{Activity, AttemptFuture, Context, Outcome, Registry, Success};
use engine::{Dispatch, Engine, EngineOptions, LimitOptions, RelayOptions, Retention, StartRun};
use headway_temporal::{Cluster, ClusterOptions, Tuning, Worker, WorkerOptions};
use model::{Definition, Failure, RunId, WaitClass};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};
use store::{RunRecord, Store};
use stream::{Hub, HubOptions};

/// Longest time that any of these tests waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The dev server: the one named by `HEADWAY_TEST_TEMPORAL`, else that of `scripts/test-temporal.sh`.
fn binary() -> PathBuf {
    let below_target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/temporal-venv/bin/temporal");
    std::env::var_os("HEADWAY_TEST_TEMPORAL").map_or(below_target, PathBuf::from)
}

/// Whether tests of Temporal are to be left out: said on the command line, never guessed.
pub(crate) fn is_skipped() -> bool {
    let skip = std::env::var("HEADWAY_SKIP").unwrap_or_default();
    let skipped = skip.split(',').any(|word| word.trim() == "temporal");
    if skipped {
        eprintln!("skipped, as HEADWAY_SKIP says: tests of the Temporal host");
    }
    skipped
}

/// Which server, and where it keeps what it has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeps {
    OnDisk,
    InMemory,
    /// The test server, whose time goes on to the next timer while nothing is under way; in memory, too.
    InMemorySkipping,
}

/// A Temporal server with a folder of its own.
pub(crate) struct DevServer {
    folder: tempfile::TempDir,
    port: u16,
    child: Child,
}

impl DevServer {
    /// One that keeps what it has on the disk.
    pub(crate) async fn start() -> Self {
        Self::start_with(Keeps::OnDisk).await
    }

    /// One that keeps what it has in memory: the quicker one, and gone when it ends.
    #[allow(clippy::allow_attributes, dead_code, reason = "the example uses it, the tests do not")]
    pub(crate) async fn in_memory() -> Self {
        Self::start_with(Keeps::InMemory).await
    }

    /// One for which months pass at once.
    pub(crate) async fn skipping() -> Self {
        Self::start_with(Keeps::InMemorySkipping).await
    }

    async fn start_with(keeps: Keeps) -> Self {
        // Shown where the test fails.
        let _ = tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_test_writer().try_init();
        let folder = tempfile::tempdir().expect("a folder");
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        let child = spawn(&folder, port, keeps);
        let server = Self { folder, port, child };
        server.answers().await;
        server
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Kills it.
    pub(crate) fn stop(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it has ended");
    }

    /// Starts it again, with what it had written.
    pub(crate) async fn again(&mut self) {
        self.child = spawn(&self.folder, self.port, Keeps::OnDisk);
        self.answers().await;
    }

    /// Makes a build the current version of a deployment, as soon as a worker of it has shown itself.
    pub(crate) async fn make_current(&self, deployment: &str, build: &str) {
        let mut command = tokio::process::Command::new(binary());
        command.args(["worker", "deployment", "set-current-version", "--yes", "--address", &self.address()]);
        command.args(["--deployment-name", deployment, "--build-id", build]);
        command.stdin(Stdio::null());
        let asking = async {
            while !command.output().await.expect("the command runs").status.success() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.expect("the worker shows itself");
    }

    async fn answers(&self) {
        let cluster = Cluster::new(ClusterOptions::new(self.address())).expect("an address");
        tokio::time::timeout(PATIENCE, cluster.answers()).await.expect("the dev server answers");
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &tempfile::TempDir, port: u16, keeps: Keeps) -> Child {
    let binary = match keeps {
        Keeps::InMemorySkipping => binary().with_file_name("temporal-test-server"),
        Keeps::OnDisk | Keeps::InMemory => binary(),
    };
    let mut command = Command::new(&binary);
    match keeps {
        Keeps::InMemorySkipping => {
            command.arg(port.to_string()).arg("--enable-time-skipping");
        }
        Keeps::OnDisk | Keeps::InMemory => {
            command.args(["server", "start-dev", "--ip", "127.0.0.1", "--headless", "--log-level", "error"]);
            command.arg("--port").arg(port.to_string());
        }
    }
    if keeps == Keeps::OnDisk {
        command.arg("--db-filename").arg(folder.path().join("temporal.db"));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|error| {
        panic!("{}: {error}; run scripts/test-temporal.sh, or say HEADWAY_SKIP=temporal", binary.display())
    })
}

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

/// Activities of these tests: each writes one row for its (stage, key); run twice, the second breaks the unique key.
pub(crate) fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.add(
        "test.step",
        WaitClass::Io,
        Does(|context: Context| async move { written(&context).into() }),
    );
    // By its key: the first attempt of every tenth fails, every fiftieth fails for good.
    registry.add(
        "test.flaky",
        WaitClass::Io,
        Does(|context: Context| async move {
            let attempt = context.attempt();
            let number: u64 = attempt.key.parse().unwrap_or_default();
            match (number % 50, number % 10, attempt.attempt) {
                (7, ..) => Failure::permanent("broken", "it stays broken").into(),
                (_, 3, 1) => Failure::transient("flaky", "the first attempt fails").into(),
                _ => written(&context).into(),
            }
        }),
    );
    registry.add(
        "test.deliver",
        WaitClass::Io,
        Does(|context: Context| async move {
            let key = context.attempt().key.clone();
            let mut success = Success::empty();
            success.effects.deliver(model::NewDelivery {
                kind: Arc::from("epic"),
                level: 0,
                title: key.clone(),
                destination: Arc::from("tracker"),
                payload: context.attempt().data.clone(),
                parent: None,
                order_key: None,
                key,
            });
            success.into()
        }),
    );
    registry.add(
        "test.hold",
        WaitClass::Io,
        Does(|context: Context| async move {
            // Holds its first attempts until the process dies or the run is cancelled.
            let key = context.attempt().key.clone();
            let file = std::env::temp_dir().join(format!("headway-held-{}-{key}", context.attempt().run));
            if std::fs::File::create_new(&file).is_ok() {
                context.cancelled().await;
                return Outcome::Cancelled;
            }
            let _ = std::fs::remove_file(&file);
            written(&context).into()
        }),
    );
    registry
}

fn written(context: &Context) -> Success {
    let attempt = context.attempt();
    let mut success = Success::empty();
    success.effects.write(effect(attempt.run, &format!("{}:{}", attempt.stage, attempt.key)));
    success.effects.count("steps", 1);
    success
}

const TEST_TABLES: &[db::Migration] = &[db::Migration {
    component: "test",
    version: 1,
    name: "effects",
    sql: "CREATE TABLE effects (run_id BIGINT NOT NULL, key TEXT NOT NULL, UNIQUE (run_id, key));",
    differs: &[],
}];

fn effect(run: RunId, key: &str) -> db::Statement {
    db::Statement::new("INSERT INTO effects (run_id, key) VALUES (?1, ?2)").row(db::params![run.0, key])
}

/// How many effects there are of a run.
pub(crate) async fn effects(engine: &Engine, run: RunId) -> i64 {
    let query = db::Query::new("SELECT COUNT(*) FROM effects WHERE run_id = ?1").bind(run.0);
    engine.store().db().query(query).await.expect("the table answers")[0].get(0).expect("a count")
}

/// An engine on a folder, or on the database that belongs to it; it drives its runs itself.
pub(crate) async fn open(folder: &Path, relay: RelayOptions) -> Engine {
    let migrations = [store::MIGRATIONS, TEST_TABLES].concat();
    let db = match servers::shared(folder) {
        Some(url) => db::Db::connect(db::PgOptions::parse(&url).expect("an address"), &migrations).await,
        None => db::Db::open(db::Options::new(folder.join("headway.db")), &migrations),
    };
    let db = db.expect("the database opens");
    let store = Store::open(db, "test").await.expect("the store opens");
    let hub = Hub::open(store.clone(), HubOptions::default()).await.expect("the hub opens");
    Engine::open(EngineOptions {
        store,
        hub,
        registry: registry(),
        pipelines: Vec::new(),
        name: String::from("test"),
        limits: LimitOptions::default(),
        retention: Retention::default(),
        dispatch: Dispatch::All,
        lease: None,
        relay,
    })
    .await
    .expect("the engine opens")
}

/// How the tests' runs are driven: a dead worker is noticed soon, and workflows continue as new often.
pub(crate) fn tuning() -> Tuning {
    Tuning { silence_ms: 2_000, renew_after: 40, ..Tuning::default() }
}

/// An engine whose runs a cluster drives, and its worker.
pub(crate) struct Site {
    pub(crate) engine: Engine,
    pub(crate) worker: Worker,
}

impl Site {
    pub(crate) async fn open(folder: &Path, address: &str, tuning: Tuning) -> Self {
        Self::open_with(folder, address, tuning, RelayOptions::default()).await
    }

    pub(crate) async fn open_with(folder: &Path, address: &str, tuning: Tuning, relay: RelayOptions) -> Self {
        Self::open_as(folder, address, tuning, relay, WorkerOptions::default()).await
    }

    pub(crate) async fn open_as(
        folder: &Path,
        address: &str,
        tuning: Tuning,
        relay: RelayOptions,
        options: WorkerOptions,
    ) -> Self {
        let engine = open(folder, relay).await;
        let cluster =
            Cluster::new(ClusterOptions { tuning, ..ClusterOptions::new(address) }).expect("an address");
        engine.set_cluster(Arc::new(cluster.clone()));
        tokio::time::timeout(PATIENCE, cluster.answers()).await.expect("the cluster answers");
        let worker = Worker::spawn(engine.clone(), cluster.clone(), options).expect("a worker");
        Self { engine, worker }
    }

    pub(crate) async fn close(self) {
        self.worker.end().await;
        self.engine.drain(Duration::from_secs(1)).await;
        self.engine.store().db().close().await;
    }
}

/// A definition from YAML.
pub(crate) fn definition(yaml: &str) -> Arc<Definition> {
    Arc::new(pipeline::compile_yaml(yaml).unwrap_or_else(|error| panic!("{error}")))
}

/// Starts a run; its id.
pub(crate) async fn begin(engine: &Engine, definition: &Arc<Definition>, input: Value) -> RunId {
    engine.start(start(definition, input)).await.expect("the run starts").record.run.id
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

/// The run once `ready` holds of it.
pub(crate) async fn when(engine: &Engine, run: RunId, ready: impl Fn(&RunRecord) -> bool) -> Arc<RunRecord> {
    let looking = async {
        loop {
            let record = engine.record(run).await.expect("the store answers").expect("the run is there");
            if ready(&record) {
                return record;
            }
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
