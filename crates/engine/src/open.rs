//! Opening an engine, and ending it.

use crate::{
    Hardware, Result, builtin, clock,
    dispatch::{Dispatcher, pace, pump},
    follow,
    holdings::Holdings,
    limits::{
        Bounds, LimitClass, Limiter, Pressure, bucket::BucketLaw, cpu::CpuLaw, fixed::FixedLaw, io::IoLaw,
    },
    node, retention, schedules,
    shared::{Attempts, Engine, Inner, Works},
    threads::Threads,
};
use activity::Registry;
use model::Definition;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::Store;
use stream::Hub;
use tokio_util::sync::CancellationToken;

/// How often limits look at what happened: about a short round trip; each decides itself when it has seen enough.
const ADAPT: Duration = Duration::from_millis(50);

/// How often they look whether anything runs, while nothing does.
const ADAPT_IDLE: Duration = Duration::from_millis(250);

/// How often the kernel is asked for the pressure.
const PRESSURE: Duration = Duration::from_millis(500);

/// How often a drain looks whether anything still runs.
const DRAIN_LOOK: Duration = Duration::from_millis(10);

/// What an engine is opened with.
pub struct EngineOptions {
    /// Its tables.
    pub store: Store,
    /// Where commits are announced.
    pub hub: Hub,
    /// The applications' activities.
    pub registry: Registry,
    /// Pipelines, each with its application's name.
    pub pipelines: Vec<(Definition, String)>,
    /// What people read of this process.
    pub name: String,
    /// Bounds of the limits.
    pub limits: LimitOptions,
    /// How long ended runs are kept.
    pub retention: crate::Retention,
    /// What it does by itself.
    pub dispatch: Dispatch,
    /// How deliveries are sent.
    pub relay: crate::RelayOptions,
    /// How long leases stand without a heartbeat; [`LEASE`](crate::LEASE) where absent.
    pub lease: Option<Duration>,
}

/// Bounds of the limits.
#[derive(Clone, Copy, Debug, Default)]
pub struct LimitOptions {
    /// Pins the limit of work that computes; detected where absent.
    pub cpu: Option<u32>,
    /// Pins the limit of each activity that waits; adapts where absent.
    pub io: Option<u32>,
    /// While `cpu` and `io` adapt, neither falls below this; 1 where absent.
    pub least: Option<u32>,
    /// While `cpu` and `io` adapt, neither rises above this.
    pub most: Option<u32>,
    /// Both stay here instead of adapting, until a person pins them elsewhere.
    pub fixed: Option<u32>,
}

/// What an engine does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dispatch {
    /// Leases tasks, performs them, fires schedules, sweeps old runs.
    #[default]
    All,
    /// Nothing: runs can be looked at and commanded, and go on with the next engine that leases.
    Nothing,
}

impl Engine {
    /// Opens an engine: takes over what a dead one left, and goes on with all runs that are not over.
    ///
    /// # Errors
    /// [`crate::Error`] where the store does not answer; `UnknownActivity` for a pipeline
    /// whose activities are not registered.
    pub async fn open(options: EngineOptions) -> Result<Self> {
        let hardware = Hardware::detect();
        let mut registry = options.registry;
        registry.extend(builtin::registry());
        let is_shared = options.store.db().is_shared();
        let engine = Self::from_inner(Inner {
            store: options.store,
            hub: options.hub,
            registry,
            worker: std::sync::atomic::AtomicI64::new(clock::random_id()),
            lease: options.lease.unwrap_or(node::LEASE),
            worker_name: Arc::from(options.name),
            dispatcher: Dispatcher::new(limiters(&hardware, options.limits)),
            hardware,
            threads: Threads::new(),
            attempts: Attempts::default(),
            holdings: Holdings::new(is_shared),
            pipelines: parking_lot::RwLock::default(),
            runs: parking_lot::Mutex::default(),
            works: Works::default(),
            relay: crate::relay::Relay::new(options.relay, is_shared),
            end: CancellationToken::new(),
            drains: CancellationToken::new(),
            draining: std::sync::atomic::AtomicBool::new(false),
            cluster: std::sync::OnceLock::new(),
        });
        engine.hub().set_gauges(Arc::new(crate::gauges::EngineGauges(engine.downgrade())));
        for (definition, app) in options.pipelines {
            engine.register_definition(definition, &app)?;
        }
        engine.threads().grow_to(engine.dispatcher().cpu_limit());
        if options.dispatch == Dispatch::Nothing {
            engine.dispatcher().drain();
        }
        node::register(&engine, engine.worker()).await?;
        crate::load::load(&engine).await?;
        crate::relay::begin(&engine, options.dispatch).await?;
        tokio::spawn(node::heartbeat(engine.clone()));
        tokio::spawn(follow::follow(engine.clone()));
        if is_shared {
            tokio::spawn(follow::care(engine.clone()));
        }
        if options.dispatch == Dispatch::All {
            tokio::spawn(pump::pump(engine.clone()));
            tokio::spawn(adapt(engine.clone()));
            tokio::spawn(pace(engine.clone()));
            tokio::spawn(schedules::fire(engine.clone()));
            tokio::spawn(retention::sweep(engine.clone(), options.retention));
        }
        Ok(engine)
    }

    /// Stops taking work, lets attempts under way end until `deadline` has passed, and gives back what was not begun.
    /// What is still under way then is leased again by the next process.
    pub async fn drain(&self, deadline: Duration) {
        self.inner().draining.store(true, std::sync::atomic::Ordering::Release);
        self.inner().drains.cancel();
        let held = self.dispatcher().drain();
        self.give_back(held);
        let begun = tokio::time::Instant::now();
        while self.running() + self.relay().in_flight() > 0 && begun.elapsed() < deadline {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
        self.attempts().stop_all();
        node::ended(self).await;
        self.inner().end.cancel();
    }

    /// What was detected of the machine, and how it does now.
    pub fn hardware(&self) -> crate::HardwareStatus {
        self.inner().hardware.status()
    }

    /// Shows the limits to those who follow them.
    pub(crate) fn show_limits(&self) {
        self.hub().limits(self.limits().iter().map(stream::wire::LimitView::from).collect());
    }

    /// Writes changes of limits as events of the system, and announces them.
    pub(crate) async fn note_limits(&self, changes: Vec<crate::LimitChange>) {
        if let Err(error) = node::write_limits(self, changes).await {
            tracing::warn!(%error, "changes of limits could not be written");
        }
    }
}

fn limiters(hardware: &Hardware, options: LimitOptions) -> impl Fn(&LimitClass) -> Limiter + Send + use<> {
    let cpus = hardware.cpus_effective;
    move |class| {
        let now = clock::now();
        let bounds = Bounds {
            least: options.least.unwrap_or(1).max(1),
            most: options.most.unwrap_or(u32::MAX).max(1),
        };
        let (law, pinned, bounds): (Box<dyn crate::limits::Law>, Option<u32>, Bounds) = match class {
            // A service's own limit has nothing to do with the machine.
            LimitClass::Bucket(_) => (Box::new(BucketLaw::default()), None, Bounds::default()),
            LimitClass::Cpu => match options.fixed {
                Some(fixed) => (Box::new(FixedLaw(fixed)), options.cpu, Bounds::default()),
                None => (Box::new(CpuLaw::new(cpus)), options.cpu, bounds),
            },
            LimitClass::Io(_) => match options.fixed {
                Some(fixed) => (Box::new(FixedLaw(fixed)), options.io, Bounds::default()),
                None => (Box::new(IoLaw::default()), options.io, bounds),
            },
        };
        let mut limiter = Limiter::new(class.clone(), law, bounds, now);
        if pinned.is_some() {
            limiter.pin(pinned, now);
        }
        limiter
    }
}

/// Lets the limits follow what happens. It sleeps while nothing runs.
async fn adapt(engine: Engine) {
    let (mut pause, mut pressure, mut read_at) = (ADAPT_IDLE, Pressure::default(), None::<Instant>);
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = engine.ended() => return,
        }
        let idle = engine.running() == 0 && !engine.dispatcher().has_news();
        pause = if idle { ADAPT_IDLE } else { ADAPT };
        if idle {
            continue;
        }
        if read_at.is_none_or(|at| at.elapsed() >= PRESSURE) {
            (pressure, read_at) = (Pressure::read(), Some(Instant::now()));
        }
        let changes = engine.dispatcher().adapt(&pressure);
        if !changes.is_empty() {
            engine.threads().grow_to(engine.dispatcher().cpu_limit());
            engine.dispatcher().start_what_may(&engine);
            engine.note_limits(changes).await;
        }
    }
}
