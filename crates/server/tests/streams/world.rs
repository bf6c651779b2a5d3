//! A server on a port of its own, and what tests ask of it and of this process.

use crate::client::{self, Client};
use engine::{Engine, EngineOptions};
use headway_server::{ListenOptions, Server, ServerOptions, auth::Mode, bind, serve};
use model::RunId;
use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use store::{Kinds, Store};
use stream::{
    Hub, HubOptions,
    fixture::{Fixture, Made},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A server on a port of its own, with made-up runs.
pub(crate) struct World {
    _folder: Option<tempfile::TempDir>,
    pub(crate) engine: Engine,
    pub(crate) runs: Arc<Fixture>,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) serving: JoinHandle<()>,
}

impl World {
    pub(crate) async fn open(listen: ListenOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self::at(folder.path(), listen, activity::Registry::default()).await;
        Self { _folder: Some(folder), ..world }
    }

    /// A server whose engine performs real work too.
    pub(crate) async fn working(registry: activity::Registry) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self::at(folder.path(), ListenOptions::default(), registry).await;
        Self { _folder: Some(folder), ..world }
    }

    /// A server over what lies in `folder`, or over a new database there.
    pub(crate) async fn at(folder: &Path, listen: ListenOptions, registry: activity::Registry) -> Self {
        let migrations = [store::MIGRATIONS, headway_server::MIGRATIONS].concat();
        let db = db::Db::open(db::Options::new(folder.join("headway.db")), &migrations).unwrap();
        let store = Store::open(db, "first").await.unwrap();
        let hub = Hub::open(store.clone(), HubOptions::default()).await.unwrap();
        let engine = Engine::open(EngineOptions {
            store: store.clone(),
            hub: hub.clone(),
            registry,
            pipelines: Vec::new(),
            name: "test".to_owned(),
            limits: engine::LimitOptions::default(),
            retention: engine::Retention::default(),
            lease: None,
            dispatch: engine::Dispatch::All,
            relay: engine::RelayOptions::default(),
        })
        .await
        .unwrap();
        let options = ServerOptions {
            mode: Mode::Development,
            rate: None,
            ..ServerOptions::new(engine.clone(), hub.clone())
        };
        let server = Server::new(options).await.unwrap();
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, server, listen, stop.clone()));
        let runs = Arc::new(Fixture::over(store, hub).await.unwrap());
        Self { _folder: None, engine, runs, address, stop, serving }
    }

    pub(crate) async fn follow(&self, run: RunId, head: &str) -> Client {
        Client::get(self.address, &format!("/api/v1/runs/{run}/stream"), head).await
    }

    /// The lossless events of a run after a number, as the store has them.
    pub(crate) async fn stored(&self, run: RunId, after: i64) -> Vec<i64> {
        let mut all = Vec::new();
        loop {
            let from = all.last().copied().unwrap_or(after);
            let page = self.runs.store.events_since(run, from, &Kinds::Lossless, 500).await.unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page.iter().map(|event| event.feed_seq));
        }
    }
}

pub(crate) fn logs(count: usize) -> Vec<Made> {
    (0..count).map(|n| Made::log(&format!("line {n}"))).collect()
}

/// Waits until `done` says so; it looks again and again, because nothing tells when a socket has been given up.
pub(crate) async fn until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < client::PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Memory of this process in KiB.
pub(crate) fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

/// Sockets that this process has open.
pub(crate) fn sockets() -> usize {
    let links =
        std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| entry.ok()?.path().read_link().ok());
    links.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}
