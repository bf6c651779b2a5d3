//! Who runs when: a gate for each limit, and the tasks that wait before it.
//!
//! A gate lets `limit` attempts run. Before it stands a buffer of leased tasks, just as many as keep the slots busy until
//! the next claim: more would only be held back from other workers. Tasks come into the buffer in two ways: leased as
//! they are made (no claim, one commit less), or claimed from the store in batches, one stage after the other.
//!
//! Notifications are hints; what is ready is in the store. The dispatcher knows for each stage how many tasks are pending
//! (the core's counts) and how many it holds itself; the difference is what a claim may find.

mod gate;
pub(crate) mod pump;
mod source;

use crate::{
    lease::{Lease, StageWork},
    limits::{Ended, LimitChange, LimitClass, LimitStatus, Limiter},
    shared::Engine,
};
use gate::Gate;
use model::{RunId, StageId};
use parking_lot::Mutex;
use source::Sources;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use store::{RunRecord, write::Held};
use tokio::sync::Notify;

/// Room that a plan was promised before a gate.
#[derive(Clone)]
pub(crate) struct Reserved {
    pub(crate) class: LimitClass,
    pub(crate) run: RunId,
    pub(crate) stage: StageId,
    pub(crate) count: usize,
}

/// The dispatcher's state. All of it can be rebuilt from the store.
pub(crate) struct Dispatcher {
    state: Mutex<State>,
    wake: Notify,
    /// A task waits for its gate's pace.
    held: Notify,
    draining: AtomicBool,
}

struct State {
    gates: HashMap<LimitClass, Gate>,
    sources: Sources,
    make_limiter: Box<dyn Fn(&LimitClass) -> Limiter + Send>,
}

impl State {
    fn gate(&mut self, class: &LimitClass) -> &mut Gate {
        if !self.gates.contains_key(class) {
            let gate = Gate::new((self.make_limiter)(class));
            self.gates.insert(class.clone(), gate);
        }
        self.gates.entry(class.clone()).or_insert_with(|| unreachable!("the gate was made just now"))
    }
}

impl Dispatcher {
    pub(crate) fn new(make_limiter: impl Fn(&LimitClass) -> Limiter + Send + 'static) -> Self {
        let make_limiter = Box::new(make_limiter);
        let state = State { gates: HashMap::new(), sources: Sources::default(), make_limiter };
        Self {
            state: Mutex::new(state),
            wake: Notify::new(),
            held: Notify::new(),
            draining: AtomicBool::new(false),
        }
    }

    /// Promises room for up to `wanted` new tasks of a stage. Every promise is kept or taken back by
    /// [`Self::committed`] or [`Self::unreserve`].
    pub(crate) fn reserve(&self, run: RunId, work: &Arc<StageWork>, wanted: usize) -> Reserved {
        let mut state = self.state.lock();
        let draining = self.draining.load(Ordering::Acquire);
        let room = if draining { 0 } else { state.gate(&work.class).room() };
        let source = state.sources.entry(run, work);
        let count = wanted.min(room).min(source.room());
        source.held += count;
        state.gate(&work.class).reserved += count;
        Reserved { class: work.class.clone(), run, stage: work.stage, count }
    }

    /// Takes promises back: the plan was not committed.
    pub(crate) fn unreserve(&self, reserved: &[Reserved]) {
        let mut state = self.state.lock();
        for promise in reserved {
            state.gate(&promise.class).reserved -= promise.count;
            if let Some(source) = state.sources.get_mut(promise.run, promise.stage) {
                source.held -= promise.count;
            }
        }
    }

    /// A commit of a run: its pending tasks, the leases that ended, and those that it made.
    pub(crate) fn committed(
        &self,
        engine: &Engine,
        record: &RunRecord,
        reserved: &[Reserved],
        settled: &HashMap<StageId, usize>,
        leases: Vec<Arc<Lease>>,
    ) {
        let mut claimable = false;
        {
            let mut state = self.state.lock();
            for promise in reserved {
                state.gate(&promise.class).reserved -= promise.count;
            }
            for (stage, count) in settled {
                if let Some(source) = state.sources.get_mut(record.run.id, *stage) {
                    source.held = source.held.saturating_sub(*count);
                }
            }
            claimable |= state.sources.sync(engine, record);
            for lease in leases {
                state.gate(&lease.work.class).buffer.push_back(lease);
            }
        }
        self.start_what_may(engine);
        if claimable {
            self.wake.notify_one();
        }
    }

    /// An attempt ended and its report is on its way.
    pub(crate) fn finished(&self, engine: &Engine, lease: &Lease, took: Duration, how: Ended) {
        let (next, low) = {
            let mut state = self.state.lock();
            let gate = state.gate(&lease.work.class);
            gate.ended(took, how);
            let next = gate.next();
            if next.is_none() && gate.held_until(Instant::now()).is_some() {
                self.held.notify_one();
            }
            (next, gate.is_low())
        };
        if let Some(next) = next {
            engine.spawn_attempt(next);
        }
        if low {
            self.wake.notify_one();
        }
    }

    /// Starts buffered tasks while slots are free.
    pub(crate) fn start_what_may(&self, engine: &Engine) {
        let mut started = Vec::new();
        {
            let mut state = self.state.lock();
            for gate in state.gates.values_mut() {
                while let Some(lease) = gate.next() {
                    started.push(lease);
                }
                if gate.held_until(Instant::now()).is_some() {
                    self.held.notify_one();
                }
            }
        }
        for lease in started {
            engine.spawn_attempt(lease);
        }
    }

    /// Takes a run's buffered tasks out: it was paused or is over. They count as held until they are settled or
    /// [`Self::given_back`]. A chunk's are its own to take.
    pub(crate) fn withdraw(&self, run: RunId) -> Vec<Held> {
        self.withdraw_where(|lease| lease.held.run == run && lease.inbox.is_none())
    }

    /// Takes leases that a chunk claimed; they count before their gate, and for no source.
    pub(crate) fn offer(&self, engine: &Engine, leases: impl IntoIterator<Item = Arc<Lease>>) {
        let mut state = self.state.lock();
        for lease in leases {
            state.gate(&lease.work.class).buffer.push_back(lease);
        }
        drop(state);
        self.start_what_may(engine);
    }

    /// Takes the buffered leases out whose attempts would report to `inbox`.
    pub(crate) fn withdraw_of(&self, inbox: &tokio::sync::mpsc::Sender<crate::lease::Message>) -> Vec<Held> {
        self.withdraw_where(|lease| lease.inbox.as_ref().is_some_and(|own| own.same_channel(inbox)))
    }

    /// Takes all buffered tasks out but those of chunks: this process holds them no more. They count as held until
    /// [`Self::given_back`].
    pub(crate) fn withdraw_all(&self) -> Vec<Held> {
        self.withdraw_where(|lease| lease.inbox.is_none())
    }

    fn withdraw_where(&self, goes: impl Fn(&Lease) -> bool) -> Vec<Held> {
        let mut state = self.state.lock();
        let mut withdrawn = Vec::new();
        for gate in state.gates.values_mut() {
            gate.buffer.retain(|lease| {
                if goes(lease) {
                    withdrawn.push(lease.held.clone());
                }
                !goes(lease)
            });
        }
        withdrawn
    }

    /// Leases were given back to the store, unbegun.
    pub(crate) fn given_back(&self, held: &[Held]) {
        let mut state = self.state.lock();
        for held in held {
            if let Some(source) = state.sources.get_mut(held.run, held.stage) {
                source.held = source.held.saturating_sub(1);
            }
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Forgets a run that is over.
    pub(crate) fn forget(&self, run: RunId) {
        self.state.lock().sources.forget(run);
    }

    /// Stops starting and claiming; what runs goes on.
    pub(crate) fn drain(&self) -> Vec<Held> {
        self.draining.store(true, Ordering::Release);
        self.withdraw_all()
    }

    /// Attempts under way.
    pub(crate) fn running(&self) -> usize {
        self.state.lock().gates.values().map(|gate| gate.running).sum()
    }

    /// Attempts of a stage that this worker holds.
    pub(crate) fn held(&self, run: RunId, stage: StageId) -> usize {
        self.state.lock().sources.get(run, stage).map_or(0, |source| source.held)
    }

    /// The limit of a class in force.
    pub(crate) fn limit(&self, class: &LimitClass) -> u32 {
        self.state.lock().gate(class).limiter.limit()
    }

    /// The limits in force.
    pub(crate) fn limits(&self) -> Vec<LimitStatus> {
        let state = self.state.lock();
        let mut limits: Vec<LimitStatus> = state.gates.values().map(Gate::status).collect();
        limits.sort_by(|left, right| left.class.cmp(&right.class));
        limits
    }

    /// Pins a limit, or lets it adapt again. `None` where there is no such limit.
    pub(crate) fn pin(&self, class: &LimitClass, pinned: Option<u32>) -> Option<LimitChange> {
        let mut state = self.state.lock();
        let gate = state.gates.get_mut(class)?;
        let change = gate.limiter.pin(pinned, crate::clock::now());
        drop(state);
        self.wake.notify_one();
        change
    }

    /// When the first task may begin that only a pace holds back.
    fn held_until(&self) -> Option<Instant> {
        let now = Instant::now();
        self.state.lock().gates.values().filter_map(|gate| gate.held_until(now)).min()
    }

    /// An answer's headers said something of the pace of what `lease` waits for.
    pub(crate) fn hear(&self, lease: &Lease, hint: activity::connector::PaceHint) {
        self.state.lock().gate(&lease.work.class).limiter.hear(Instant::now(), hint);
    }

    /// Whether a pace changed and nobody was told: that happens while nothing runs, too.
    pub(crate) fn has_news(&self) -> bool {
        self.state.lock().gates.values().any(|gate| gate.limiter.has_news())
    }

    /// Lets each limiter look at what happened since the last time; returns what changed.
    pub(crate) fn adapt(&self, pressure: &crate::limits::Pressure) -> Vec<LimitChange> {
        let now = crate::clock::now();
        let mut state = self.state.lock();
        let changes: Vec<_> = state.gates.values_mut().filter_map(|gate| gate.adapt(now, pressure)).collect();
        drop(state);
        if !changes.is_empty() {
            // A higher limit wants more tasks ready.
            self.wake.notify_one();
        }
        changes
    }

    /// The largest limit of work that computes: how many threads it needs.
    pub(crate) fn cpu_limit(&self) -> usize {
        self.state.lock().gate(&LimitClass::Cpu).limit()
    }
}

/// Starts tasks when the pace of their gate lets them begin.
pub(crate) async fn pace(engine: Engine) {
    let dispatcher = engine.dispatcher();
    loop {
        let until = dispatcher.held_until();
        let due = async {
            match until {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => dispatcher.start_what_may(&engine),
            () = dispatcher.held.notified() => {}
            () = engine.ended() => return,
        }
    }
}
