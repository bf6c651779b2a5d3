//! The engine: what all its parts share.

use crate::{
    Error, Result,
    dispatch::Dispatcher,
    holdings::Holdings,
    lease::{Lease, Message, StageWork},
    run_loop,
    threads::Threads,
};
use activity::{CancelFlag, Registry};
use model::{Definition, RunId, StageId, Work};
use parking_lot::{Mutex, RwLock};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use store::{RunHost, RunRecord, Store, write::Held};
use stream::Hub;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The native host. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) hub: Hub,
    pub(crate) registry: Registry,
    /// Its number; a new one after it was declared lost.
    pub(crate) worker: std::sync::atomic::AtomicI64,
    /// How long its leases stand without a heartbeat.
    pub(crate) lease: std::time::Duration,
    pub(crate) worker_name: Arc<str>,
    pub(crate) hardware: crate::Hardware,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) threads: Threads,
    pub(crate) attempts: Attempts,
    pub(crate) holdings: Holdings<Held>,
    pub(crate) pipelines: RwLock<BTreeMap<String, Pipeline>>,
    pub(crate) runs: Mutex<HashMap<RunId, RunHandle>>,
    pub(crate) works: Works,
    pub(crate) relay: crate::relay::Relay,
    pub(crate) end: CancellationToken,
    pub(crate) drains: CancellationToken,
    pub(crate) draining: std::sync::atomic::AtomicBool,
    pub(crate) cluster: std::sync::OnceLock<Arc<dyn crate::ClusterHost>>,
}

/// An engine that may have ended.
pub(crate) struct WeakEngine(std::sync::Weak<Inner>);

impl WeakEngine {
    pub(crate) fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(|inner| Engine { inner })
    }
}

/// A pipeline that runs can be started of.
#[derive(Clone)]
pub(crate) struct Pipeline {
    pub(crate) definition: Arc<Definition>,
    pub(crate) app: Arc<str>,
}

/// A run's loop, seen from outside.
#[derive(Clone)]
pub(crate) struct RunHandle {
    pub(crate) inbox: mpsc::Sender<Message>,
    pub(crate) record: Arc<RwLock<Arc<RunRecord>>>,
}

impl Engine {
    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn downgrade(&self) -> WeakEngine {
        WeakEngine(Arc::downgrade(&self.inner))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// The engine's tables.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Where commits are announced.
    pub fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    /// This process, as a worker: its id.
    pub fn worker(&self) -> i64 {
        self.inner.worker.load(std::sync::atomic::Ordering::Acquire)
    }

    pub(crate) fn dispatcher(&self) -> &Dispatcher {
        &self.inner.dispatcher
    }

    pub(crate) fn relay(&self) -> &crate::relay::Relay {
        &self.inner.relay
    }

    /// Resolves when the engine drains.
    pub(crate) async fn drains(&self) {
        self.inner.drains.cancelled().await;
    }

    pub(crate) fn threads(&self) -> &Threads {
        &self.inner.threads
    }

    pub(crate) fn attempts(&self) -> &Attempts {
        &self.inner.attempts
    }

    /// The leases of tasks that somebody in this process deals with.
    pub(crate) fn holdings(&self) -> &Holdings<Held> {
        &self.inner.holdings
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.inner.draining.load(std::sync::atomic::Ordering::Acquire)
    }

    /// Resolves when the engine's parts are to end.
    pub(crate) async fn ended(&self) {
        self.inner.end.cancelled().await;
    }

    /// A run that has a loop.
    pub(crate) fn loaded(&self, run: RunId) -> Option<Arc<RunRecord>> {
        let handle = self.inner.runs.lock().get(&run).cloned();
        handle.map(|handle| handle.record.read().clone())
    }

    /// The run as it stands: from memory where it is active, else from the store.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn record(&self, run: RunId) -> Result<Option<Arc<RunRecord>>> {
        match self.loaded(run) {
            // Of a run that a cluster drives, this loop knows only what it wrote itself.
            Some(record) if record.meta.host == RunHost::Native => Ok(Some(record)),
            _ => Ok(self.store().run(run).await?.map(Arc::new)),
        }
    }

    /// The run's loop, begun where there is none.
    pub(crate) async fn run_handle(&self, run: RunId) -> Result<RunHandle> {
        if let Some(handle) = self.inner.runs.lock().get(&run) {
            return Ok(handle.clone());
        }
        let record = self.store().run(run).await?.ok_or(Error::RunNotFound(run))?;
        Ok(self.begin_loop(Arc::new(record)))
    }

    /// Begins the loop of a run; the one there is where two begin it at once.
    pub(crate) fn begin_loop(&self, record: Arc<RunRecord>) -> RunHandle {
        let mut runs = self.inner.runs.lock();
        if let Some(handle) = runs.get(&record.run.id) {
            return handle.clone();
        }
        let id = record.run.id;
        let (handle, inbox) = run_loop::handle(record);
        runs.insert(id, handle.clone());
        drop(runs);
        tokio::spawn(run_loop::serve(self.clone(), id, handle.clone(), inbox));
        handle
    }

    pub(crate) fn spawn_attempt(&self, lease: Arc<Lease>) {
        let of_run = || self.inner.runs.lock().get(&lease.held.run).map(|handle| handle.inbox.clone());
        let inbox = lease.inbox.clone().or_else(of_run);
        match inbox {
            Some(inbox) => {
                tokio::spawn(crate::attempt::perform(self.clone(), lease, inbox));
            }
            // The run is over: its rows are settled, and nobody waits for the attempt.
            None => self.dispatcher().finished(
                self,
                &lease,
                std::time::Duration::ZERO,
                crate::limits::Ended::Nothing,
            ),
        }
    }

    /// What the tasks of a stage share; `None` for a stage that waits for a signal, or whose activity is not here.
    pub(crate) fn stage_work(&self, record: &RunRecord, stage: StageId) -> Option<Arc<StageWork>> {
        self.inner.works.get(&self.inner.registry, record, stage)
    }
}

/// A stage of a definition, by its hash.
type StagePlace = (Arc<str>, StageId);

/// Shared parts of stages, by definition: made once, used by every task.
#[derive(Default)]
pub(crate) struct Works {
    by_stage: RwLock<HashMap<StagePlace, Arc<StageWork>>>,
}

impl Works {
    fn get(&self, registry: &Registry, record: &RunRecord, id: StageId) -> Option<Arc<StageWork>> {
        let place = (record.run.definition.clone(), id);
        if let Some(work) = self.by_stage.read().get(&place) {
            return Some(work.clone());
        }
        let stage = record.definition.stage(id)?;
        let Work::Activity { name, params } = &stage.work else { return None };
        let performer = registry.get(name)?.clone();
        let work = Arc::new(StageWork {
            stage: id,
            name: Arc::from(stage.name.as_str()),
            class: crate::limits::LimitClass::of(&performer.class(), name),
            performer,
            params: Arc::new(params.clone()),
            timeout_ms: stage.timeout_ms,
            heartbeat_timeout_ms: stage.heartbeat_timeout_ms,
            concurrency: stage.concurrency,
        });
        self.by_stage.write().insert(place, work.clone());
        Some(work)
    }
}

type AttemptKey = (StageId, Arc<str>, i64);

/// Attempts under way, by run, with the flag that tells them to stop.
#[derive(Default)]
pub(crate) struct Attempts {
    flags: Mutex<HashMap<RunId, HashMap<AttemptKey, CancelFlag>>>,
}

impl Attempts {
    pub(crate) fn begin(&self, lease: &Lease, flag: &CancelFlag) {
        let held = &lease.held;
        let key = (held.stage, held.key.clone(), held.fence);
        self.flags.lock().entry(held.run).or_default().insert(key, flag.clone());
    }

    pub(crate) fn end(&self, lease: &Lease) {
        let held = &lease.held;
        let mut flags = self.flags.lock();
        if let Some(of_run) = flags.get_mut(&held.run) {
            of_run.remove(&(held.stage, held.key.clone(), held.fence));
            if of_run.is_empty() {
                flags.remove(&held.run);
            }
        }
    }

    /// Attempts of a stage under way.
    pub(crate) fn of_stage(&self, run: RunId, stage: StageId) -> usize {
        let flags = self.flags.lock();
        flags.get(&run).map_or(0, |of_run| of_run.keys().filter(|key| key.0 == stage).count())
    }

    /// The item of an attempt under way, of the earliest stage that has one.
    pub(crate) fn current(&self, run: RunId) -> Option<Arc<str>> {
        let flags = self.flags.lock();
        let (_, key, _) = flags.get(&run)?.keys().filter(|key| !key.1.is_empty()).min_by_key(|key| key.0)?;
        Some(key.clone())
    }

    /// Tells all attempts of a run to stop.
    pub(crate) fn stop(&self, run: RunId) {
        if let Some(of_run) = self.flags.lock().get(&run) {
            of_run.values().for_each(CancelFlag::raise);
        }
    }

    /// Tells the attempts of some leases to stop.
    pub(crate) fn stop_these<'a>(&self, leases: impl IntoIterator<Item = &'a Held>) {
        let flags = self.flags.lock();
        for held in leases {
            let of_run = flags.get(&held.run);
            if let Some(flag) = of_run.and_then(|of| of.get(&(held.stage, held.key.clone(), held.fence))) {
                flag.raise();
            }
        }
    }

    /// Tells all attempts to stop.
    pub(crate) fn stop_all(&self) {
        self.flags.lock().values().flat_map(HashMap::values).for_each(CancelFlag::raise);
    }
}
