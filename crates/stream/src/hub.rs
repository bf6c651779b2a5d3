//! The hub: takes commits and figures from the engine, hands them to those who follow.

use crate::{
    Result,
    channel::{Channel, Figures, State, Topic, Wake},
    conflate::Due,
    figures::{ItemProgress, Moment, Stand},
    sequencer::{PATIENCE, PATIENCE_SHARED, Release, Sequencer},
    waiter::{Waiter, Waiters},
    wire::{LimitView, StageGauge},
};
use bytes::Bytes;
use model::{RunId, Timestamp};
use parking_lot::{Mutex, RwLock};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use store::{RunRecord, Store, StoredEvent};
use tokio::sync::Notify;

/// Shortest time between two figures of the same key; ten a second.
pub const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// Shortest time between two figures of a run in the channel `runs`; two a second.
const RUNS_INTERVAL: Duration = Duration::from_millis(500);
/// From this many followers on, figures come less often: up to [`SLOWEST`] times.
const CALM_FOLLOWERS: u32 = 2_000;
/// How many times less often figures come at most.
const SLOWEST: u32 = 5;
/// Most followers of a channel woken at once; more are woken bit by bit, so that others get their turn.
pub(crate) const WAKE_CHUNK: usize = 96;

/// How a hub behaves.
#[derive(Clone, Debug)]
pub struct HubOptions {
    /// Shortest time between two figures of the same key; not below [`MIN_INTERVAL`].
    pub update_interval: Duration,
    /// A stream that had nothing but heartbeats for so long ends; its client comes back if it is still there.
    pub timeout: Duration,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self { update_interval: MIN_INTERVAL, timeout: Duration::from_secs(600) }
    }
}

/// What the hub is told after a durable commit.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The run with the events folded in; `None` for facts of the system.
    pub record: Option<Arc<RunRecord>>,
    /// The events of the commit, with consecutive numbers over all runs.
    pub events: Vec<StoredEvent>,
}

/// What the host that runs the stages knows of them. Asked when figures are rendered, at most ten times a second for
/// each run that is followed, and never under a lock of the hub.
pub trait Gauges: Send + Sync + 'static {
    /// One for each stage, in the definition's order.
    fn stages(&self, record: &RunRecord) -> Vec<StageGauge>;
}

/// Figures of a hub since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HubStats {
    /// Streams open now.
    pub followers: u64,
    /// Channels in memory now.
    pub channels: u64,
    /// Number of the newest event handed out.
    pub head: i64,
    /// Frames given to streams.
    pub frames: u64,
    /// How often a follower fell behind its ring and read the store.
    pub lagged: u64,
    /// Notifications that never came; followers read the store instead.
    pub gaps: u64,
}

/// Takes commits and figures from the engine, hands them to those who follow. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) epoch: Arc<str>,
    pub(crate) options: HubOptions,
    pub(crate) sequencer: Mutex<Sequencer<Commit>>,
    pub(crate) head: AtomicI64,
    pub(crate) channels: RwLock<HashMap<Topic, Arc<Channel>>>,
    pub(crate) followers: Mutex<Waiters>,
    /// Channels with figures to be shown later.
    pub(crate) flush: Mutex<Vec<Arc<Channel>>>,
    /// Channels whose many readers are woken bit by bit.
    pub(crate) pump: Mutex<VecDeque<(Arc<Channel>, usize)>>,
    pub(crate) pump_wanted: Notify,
    pub(crate) tick_wanted: Notify,
    pub(crate) draining: AtomicBool,
    gauges: RwLock<Option<Arc<dyn Gauges>>>,
    limits: RwLock<Arc<Vec<LimitView>>>,
    pub(crate) heartbeat: RwLock<Heartbeat>,
    started: Instant,
    pub(crate) frames: AtomicU64,
    pub(crate) lagged: AtomicU64,
    gaps: AtomicU64,
}

/// The newest heartbeat, rendered once for all.
#[derive(Clone, Default)]
pub(crate) struct Heartbeat {
    pub(crate) head: i64,
    /// For those who have everything up to `head`.
    pub(crate) with_id: Bytes,
    /// For the others.
    pub(crate) plain: Bytes,
}

impl Hub {
    /// A hub for the runs of `store`; starts its ticker on the current tokio runtime, which ends with the last clone.
    ///
    /// # Errors
    /// Where the store does not say where its feed stands.
    pub async fn open(store: Store, options: HubOptions) -> Result<Self> {
        let head = store.head().await?;
        let options = HubOptions { update_interval: options.update_interval.max(MIN_INTERVAL), ..options };
        let patience = if store.db().is_shared() { PATIENCE_SHARED } else { PATIENCE };
        let inner = Arc::new(Inner {
            store,
            epoch: head.epoch,
            options,
            sequencer: Mutex::new(Sequencer::new(head.value, patience)),
            head: AtomicI64::new(head.value),
            channels: RwLock::default(),
            followers: Mutex::default(),
            flush: Mutex::default(),
            pump: Mutex::default(),
            pump_wanted: Notify::new(),
            tick_wanted: Notify::new(),
            draining: AtomicBool::new(false),
            gauges: RwLock::default(),
            limits: RwLock::default(),
            heartbeat: RwLock::default(),
            started: Instant::now(),
            frames: AtomicU64::new(0),
            lagged: AtomicU64::new(0),
            gaps: AtomicU64::new(0),
        });
        crate::ticker::start(&inner);
        Ok(Self { inner })
    }

    /// Where the in-memory figures of stages come from.
    pub fn set_gauges(&self, gauges: Arc<dyn Gauges>) {
        *self.inner.gauges.write() = Some(gauges);
    }

    /// Hands out a commit that is on the disk. Commits may come in any order, from any thread; never blocks for long,
    /// and costs next to nothing for a run that nobody follows.
    pub fn commit(&self, commit: Commit) {
        let (Some(first), Some(last)) = (commit.events.first(), commit.events.last()) else { return };
        let (first, last) = (first.feed_seq, last.feed_seq);
        let mut sequencer = self.inner.sequencer.lock();
        sequencer.push(first, last, commit);
        self.inner.release(&mut sequencer);
        if sequencer.is_waiting() {
            self.inner.tick_wanted.notify_one();
        }
    }

    /// Which events up to number `head` were not handed out: those after the first number and up to the second. `None` where
    /// none is missing.
    pub fn missing(&self, head: i64) -> Option<(i64, i64)> {
        self.inner.sequencer.lock().missing(head)
    }

    /// Goes on without the events up to number `to`, which the store does not have any more.
    pub fn skip(&self, to: i64) {
        let mut sequencer = self.inner.sequencer.lock();
        if sequencer.released() < to {
            sequencer.skip(to);
            self.inner.give_up(to);
            self.inner.release(&mut sequencer);
        }
    }

    /// Shows where an attempt is; the newest figure wins. Never blocks, and costs next to nothing for a run that nobody
    /// follows.
    pub fn progress(&self, run: RunId, item: ItemProgress) {
        let Some(channel) = self.inner.existing(Topic::Run(run)) else { return };
        let now = Instant::now();
        let due = {
            let mut state = channel.lock();
            if !state.waiters.want_figures() {
                return;
            }
            match &mut state.figures {
                Figures::Run(figures) => figures.item(item, timestamp(), now),
                Figures::Runs(_) | Figures::None => None,
            }
        };
        match due {
            Some(Due::Now) => self.inner.wake(&channel, Wake::Everyone),
            Some(Due::At(_)) => self.inner.flush_later(channel),
            None => {}
        }
    }

    /// What the stream of `run` shows as under way; `None` where nobody follows the run.
    pub fn current(&self, run: RunId) -> Option<Arc<str>> {
        let channel = self.inner.existing(Topic::Run(run))?;
        let state = channel.lock();
        match &state.figures {
            Figures::Run(figures) => figures.current().cloned(),
            Figures::Runs(_) | Figures::None => None,
        }
    }

    /// The limits as they are now, for the first frame of streams with the channel `limits`.
    pub fn limits(&self, limits: Vec<LimitView>) {
        *self.inner.limits.write() = Arc::new(limits);
    }

    /// The limits as last told.
    pub(crate) fn known_limits(&self) -> Arc<Vec<LimitView>> {
        Arc::clone(&self.inner.limits.read())
    }

    /// Number of the newest event handed out.
    pub fn head(&self) -> i64 {
        self.inner.head.load(Ordering::Acquire)
    }

    /// What cursors belong to.
    pub fn epoch(&self) -> &Arc<str> {
        &self.inner.epoch
    }

    /// Streams open now.
    pub fn followers(&self) -> usize {
        self.inner.followers.lock().len()
    }

    /// Tells every stream to end; those opened from now on end at once.
    pub fn drain(&self) {
        self.inner.draining.store(true, Ordering::Release);
        self.inner.tick_wanted.notify_one();
        // Whoever waits for a change is answered now; streams are told bit by bit.
        for channel in self.inner.channels.read().values() {
            channel.lock().wake(0, usize::MAX, Wake::Commits);
        }
    }

    /// Whether streams are told to end.
    pub(crate) fn is_draining(&self) -> bool {
        self.inner.draining.load(Ordering::Acquire)
    }

    /// Figures since start.
    pub fn stats(&self) -> HubStats {
        let inner = &self.inner;
        HubStats {
            followers: inner.followers.lock().len() as u64,
            channels: inner.channels.read().len() as u64,
            head: self.head(),
            frames: inner.frames.load(Ordering::Relaxed),
            lagged: inner.lagged.load(Ordering::Relaxed),
            gaps: inner.gaps.load(Ordering::Relaxed),
        }
    }

    /// The channel of a topic, made where it is not in memory. Its ring begins with what is handed out next.
    pub(crate) fn channel(&self, topic: Topic) -> Arc<Channel> {
        if let Some(channel) = self.inner.existing(topic) {
            return channel;
        }
        // Under the sequencer's lock nothing is handed out, so the ring's beginning is exact.
        let sequencer = self.inner.sequencer.lock();
        let mut channels = self.inner.channels.write();
        let made = || Arc::new(Channel::new(topic, sequencer.released(), Instant::now()));
        Arc::clone(channels.entry(topic).or_insert_with(made))
    }

    /// Drops a channel that turned out to be of no run, so that asking for what is not there costs no memory.
    pub(crate) fn discard(&self, topic: Topic) {
        let mut channels = self.inner.channels.write();
        if channels.get(&topic).is_some_and(|channel| channel.lock().waiters.is_empty()) {
            channels.remove(&topic);
        }
    }

    /// Adds a follower to those that get heartbeats; the answer is its slot.
    pub(crate) fn enter(&self, waiter: Arc<Waiter>) -> u32 {
        let slot = self.inner.followers.lock().add(waiter, crate::waiter::Interest::Frames);
        self.inner.tick_wanted.notify_one();
        slot
    }

    /// Takes a follower out.
    pub(crate) fn leave(&self, slot: u32) {
        self.inner.followers.lock().remove(slot);
    }

    /// Milliseconds since start, as followers' marks count.
    pub(crate) fn now_ms(&self) -> u32 {
        self.inner.now_ms()
    }

    /// The newest heartbeat.
    pub(crate) fn heartbeat(&self) -> Heartbeat {
        self.inner.heartbeat.read().clone()
    }

    /// Locks a channel with its figures rendered as far as they may be shown.
    pub(crate) fn rendered<'a>(&self, channel: &'a Channel) -> parking_lot::MutexGuard<'a, State> {
        let now = Instant::now();
        let mut state = channel.lock();
        if state.figures.next_due(now) != Some(Due::Now) {
            return state;
        }
        let record = match &state.figures {
            Figures::Run(figures) => figures.stand.as_ref().map(|stand| Arc::clone(&stand.record)),
            Figures::Runs(_) | Figures::None => None,
        };
        if let Some(record) = record {
            // The engine's lock must not be taken under ours.
            drop(state);
            let moment = self.moment(Some(&record));
            state = channel.lock();
            if let Figures::Run(figures) = &mut state.figures {
                figures.render(&moment);
            }
        } else if let Figures::Runs(figures) = &mut state.figures {
            figures.render(&Moment { interval: RUNS_INTERVAL.max(self.interval()), ..self.moment(None) });
        }
        state
    }

    /// This moment, with what the host knows of the run's stages. Not to be called under a lock of the hub.
    pub(crate) fn moment(&self, record: Option<&RunRecord>) -> Moment {
        let gauges = record.zip(self.inner.gauges.read().clone());
        let gauges = gauges.map(|(record, gauges)| gauges.stages(record)).unwrap_or_default();
        Moment { instant: Instant::now(), time: timestamp(), interval: self.interval(), gauges }
    }

    /// Ten figures a second and key; fewer where very many follow, so that events go first.
    fn interval(&self) -> Duration {
        let followers = u32::try_from(self.inner.followers.lock().len()).unwrap_or(u32::MAX);
        self.inner.options.update_interval * (followers / CALM_FOLLOWERS).clamp(1, SLOWEST)
    }
}

impl Inner {
    pub(crate) fn existing(&self, topic: Topic) -> Option<Arc<Channel>> {
        self.channels.read().get(&topic).cloned()
    }

    /// Milliseconds since start; wraps after seven weeks, which differences survive.
    #[expect(clippy::cast_possible_truncation, reason = "wraps on purpose")]
    pub(crate) fn now_ms(&self) -> u32 {
        self.started.elapsed().as_millis() as u32
    }

    /// Hands out what is next in feed order.
    pub(crate) fn release(&self, sequencer: &mut Sequencer<Commit>) {
        let now = Instant::now();
        while let Some(release) = sequencer.next(now) {
            match release {
                Release::Item { last, item } => self.hand_out(item, last, now),
                Release::Gap(to) => self.give_up(to),
            }
        }
    }

    fn hand_out(&self, commit: Commit, last: i64, now: Instant) {
        let Commit { record, events } = commit;
        let mut wakes = Vec::new();
        {
            let channels = self.channels.read();
            if !channels.is_empty() {
                let events: Vec<Arc<StoredEvent>> = self.wanted(&channels, record.as_ref(), events);
                let run = record.as_ref().map(|record| Topic::Run(record.run.id));
                let topics = run.into_iter().chain([Topic::Runs, Topic::Limits, Topic::Library]);
                for channel in topics.filter_map(|topic| channels.get(&topic)) {
                    let wake = self.tell(channel, record.as_ref(), &events, last, now);
                    wakes.extend(wake.map(|wake| (Arc::clone(channel), wake)));
                }
            }
        }
        // A follower takes frames up to the head: it must have moved on before anyone is woken.
        self.head.store(last, Ordering::Release);
        for (channel, wake) in wakes {
            self.wake(&channel, wake);
        }
    }

    /// The events, where any channel of theirs is in memory.
    fn wanted(
        &self,
        channels: &HashMap<Topic, Arc<Channel>>,
        record: Option<&Arc<RunRecord>>,
        events: Vec<StoredEvent>,
    ) -> Vec<Arc<StoredEvent>> {
        let own = record.is_some_and(|record| channels.contains_key(&Topic::Run(record.run.id)));
        let shared = [Topic::Runs, Topic::Limits, Topic::Library];
        let shared: Vec<Topic> = shared.into_iter().filter(|topic| channels.contains_key(topic)).collect();
        if !own && shared.is_empty() {
            return Vec::new();
        }
        let wanted = |event: &StoredEvent| own || shared.iter().any(|topic| topic.shows(event));
        events.into_iter().filter(wanted).map(Arc::new).collect()
    }

    fn tell(
        &self,
        channel: &Arc<Channel>,
        record: Option<&Arc<RunRecord>>,
        events: &[Arc<StoredEvent>],
        last: i64,
        now: Instant,
    ) -> Option<Wake> {
        let mut guard = channel.lock();
        let state = &mut *guard;
        if let (Figures::Run(figures), Some(record)) = (&mut state.figures, record) {
            figures.learn(Stand { record: Arc::clone(record), feed_seq: last });
        }
        let pushed = state.push(channel.topic, events, last, now);
        if state.waiters.is_empty() {
            return None;
        }
        let due = match (&mut state.figures, record) {
            (Figures::Run(figures), Some(_)) => Some(figures.commit(events, now)),
            (Figures::Runs(figures), Some(record)) => Some(figures.commit(record, last, now)),
            _ => None,
        };
        drop(guard);
        if let Some(Due::At(_)) = due {
            self.flush_later(Arc::clone(channel));
        }
        let everyone = pushed || due == Some(Due::Now);
        Some(if everyone { Wake::Everyone } else { Wake::Commits })
    }

    /// Notifications up to `to` never came: everyone reads the store.
    pub(crate) fn give_up(&self, to: i64) {
        self.gaps.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(up_to = to, "notifications of commits are missing; followers read the store");
        let channels: Vec<_> = self.channels.read().values().cloned().collect();
        for channel in &channels {
            let mut state = channel.lock();
            state.ring.clear(to);
            if let Figures::Run(figures) = &mut state.figures {
                figures.stand = None;
            }
        }
        self.head.store(to, Ordering::Release);
        for channel in &channels {
            self.wake(channel, Wake::Everyone);
        }
    }

    fn flush_later(&self, channel: Arc<Channel>) {
        if !channel.awaits_flush.swap(true, Ordering::AcqRel) {
            self.flush.lock().push(channel);
            self.tick_wanted.notify_one();
        }
    }

    pub(crate) fn wake(&self, channel: &Arc<Channel>, wake: Wake) {
        let state = channel.lock();
        state.wake(0, WAKE_CHUNK, wake);
        if state.waiters.slots() > WAKE_CHUNK {
            drop(state);
            if channel.wants_pump() {
                self.pump.lock().push_back((Arc::clone(channel), WAKE_CHUNK));
                self.pump_wanted.notify_one();
            }
        }
    }
}

/// Now.
pub(crate) fn timestamp() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
