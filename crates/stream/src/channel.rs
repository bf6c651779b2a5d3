//! Channels: what the followers of one run, or of one subject over all runs, share.

use crate::{
    conflate::{Conflated, Due},
    figures::{RunFigures, RunsFigures},
    ring::Ring,
    waiter::{Interest, Waiters},
};
use model::RunId;
use parking_lot::{Mutex, MutexGuard};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};
use store::{Kinds, StoredEvent};

/// How long a channel without readers is kept for the next one.
pub(crate) const IDLE: Duration = Duration::from_secs(30);

/// What a channel is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Everything about one run.
    Run(RunId),
    /// The beginnings and ends of all runs, and the figures of those that are active.
    Runs,
    /// Changes of limits.
    Limits,
    /// What was added to the library.
    Library,
}

/// The kind of event by which an application tells that it has added to the library.
const LIBRARY_EVENT: &str = "app.committed";
/// The kind of event by which the engine tells that a limit has changed.
const LIMIT_EVENT: &str = "limit.changed";

impl Topic {
    /// The topic that `?channels=` calls so.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "runs" => Some(Self::Runs),
            "limits" => Some(Self::Limits),
            "library" => Some(Self::Library),
            _ => None,
        }
    }

    /// The events of the topic, besides those of one run.
    pub(crate) fn kinds(self) -> Kinds {
        match self {
            Self::Run(_) => Kinds::Lossless,
            Self::Runs => Kinds::Runs,
            Self::Limits => Kinds::Only(vec![LIMIT_EVENT.to_owned()]),
            Self::Library => Kinds::Only(vec![LIBRARY_EVENT.to_owned()]),
        }
    }

    /// Whether an event of its run, or any for the other topics, is shown one by one.
    pub(crate) fn shows(self, event: &StoredEvent) -> bool {
        match self {
            Self::Run(run) => event.run == run && Kinds::Lossless.contains(&event.kind),
            Self::Runs => event.kind.starts_with("run."),
            Self::Limits => &*event.kind == LIMIT_EVENT,
            Self::Library => &*event.kind == LIBRARY_EVENT,
        }
    }
}

/// What followers share.
pub(crate) struct Channel {
    pub(crate) topic: Topic,
    state: Mutex<State>,
    /// Whether it stands in the hub's list of channels with figures to be shown later.
    pub(crate) awaits_flush: AtomicBool,
    /// Its place in the hub's queue of channels whose many readers are woken bit by bit.
    pump: AtomicU8,
}

/// Not in the pump's queue.
const PUMP_NONE: u8 = 0;
/// In the pump's queue.
const PUMP_QUEUED: u8 = 1;
/// In the pump's queue, and once more from the start after that.
const PUMP_AGAIN: u8 = 2;

/// What is behind a channel's lock.
pub(crate) struct State {
    pub(crate) ring: Ring,
    pub(crate) figures: Figures,
    pub(crate) waiters: Waiters,
    pub(crate) used_at: Instant,
}

/// The figures of a channel, by topic.
pub(crate) enum Figures {
    Run(Box<RunFigures>),
    Runs(RunsFigures),
    None,
}

impl Figures {
    /// When changed figures may be shown.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Due> {
        match self {
            Self::Run(figures) => figures.next_due(now),
            Self::Runs(figures) => figures.table.next_due(now),
            Self::None => None,
        }
    }

    fn forget(&mut self) {
        match self {
            Self::Run(figures) => figures.forget(),
            Self::Runs(figures) => figures.table.clear(),
            Self::None => {}
        }
    }
}

impl Channel {
    /// A channel whose ring begins after `floor`.
    pub(crate) fn new(topic: Topic, floor: i64, now: Instant) -> Self {
        let figures = match topic {
            Topic::Run(_) => Figures::Run(Box::default()),
            Topic::Runs => Figures::Runs(RunsFigures { table: Conflated::new(crate::figures::MAX_RUNS) }),
            Topic::Limits | Topic::Library => Figures::None,
        };
        let state = State { ring: Ring::new(floor), figures, waiters: Waiters::default(), used_at: now };
        Self {
            topic,
            state: Mutex::new(state),
            awaits_flush: AtomicBool::new(false),
            pump: AtomicU8::new(PUMP_NONE),
        }
    }

    /// Its state, locked. Never held over anything but work in memory.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Asks for the pump: answers whether the channel must be put into its queue.
    pub(crate) fn wants_pump(&self) -> bool {
        let step = |place| Some(if place == PUMP_NONE { PUMP_QUEUED } else { PUMP_AGAIN });
        self.pump.fetch_update(Ordering::AcqRel, Ordering::Acquire, step) == Ok(PUMP_NONE)
    }

    /// The pump is through: answers whether it was asked for once more meanwhile.
    pub(crate) fn wants_pump_again(&self) -> bool {
        let step = |place| Some(if place == PUMP_AGAIN { PUMP_QUEUED } else { PUMP_NONE });
        self.pump.fetch_update(Ordering::AcqRel, Ordering::Acquire, step) == Ok(PUMP_AGAIN)
    }
}

impl State {
    /// Adds events to the ring where anyone takes frames; otherwise only notes how far the channel is.
    pub(crate) fn push(
        &mut self,
        topic: Topic,
        events: &[Arc<StoredEvent>],
        last: i64,
        now: Instant,
    ) -> bool {
        if !self.waiters.want_frames() {
            self.ring.clear(last);
            return false;
        }
        let definition = match &self.figures {
            Figures::Run(figures) => figures.stand.as_ref().map(|stand| Arc::clone(&stand.record.definition)),
            Figures::Runs(_) | Figures::None => None,
        };
        let mut pushed = false;
        for event in events.iter().filter(|event| topic.shows(event)) {
            self.ring.push(Arc::clone(event), definition.clone(), now);
            pushed = true;
        }
        pushed
    }

    /// Forgets what only readers need, when the last of them has gone.
    pub(crate) fn rest(&mut self) {
        if !self.waiters.want_frames() {
            self.ring.clear(self.ring.newest());
        }
        if !self.waiters.want_figures() {
            self.figures.forget();
        }
    }

    /// Whether it can be dropped: nobody reads, and nobody did for a while.
    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        self.waiters.is_empty() && now.duration_since(self.used_at) >= IDLE
    }

    /// Wakes the readers in a range of slots.
    pub(crate) fn wake(&self, from: usize, to: usize, wake: Wake) {
        for (waiter, interest) in self.waiters.range(from, to) {
            if wake == Wake::Everyone || *interest != Interest::Frames {
                waiter.raise(crate::waiter::DIRTY);
            }
        }
    }
}

/// Whom a commit concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// There is something for everyone.
    Everyone,
    /// Only for those that read every commit.
    Commits,
}
