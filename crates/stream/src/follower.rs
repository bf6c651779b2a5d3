//! A follower: one reader of one or more channels, as a stream of frames.
//!
//! ```text
//! opening ─▶ live ⇄ replaying      live: takes from the rings what comes after its cursor
//!             │        │           replaying: reads pages of the store, while the rings go on
//!             ▼        ▼
//!            over: after the run's end, a drain, a revocation, a store that fails, or a long silence
//! ```
//!
//! It holds a cursor, a dirty bit and, while it gives them away, the frames of one turn. However slow its client,
//! nothing grows.

use crate::{
    channel::{Channel, Figures, Topic},
    figures::Seen,
    hub::Hub,
    replay::{FIRST_PAGE, Place, Replayed, replay},
    ring::Taken,
    sse,
    waiter::{BEAT, DIRTY, DRAIN, Interest, REVOKED, Waiter},
    wire::EndFrame,
};
use bytes::{Bytes, BytesMut};
use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::Instant,
};
use store::Kinds;

/// Most bytes put together into one chunk of an answer.
const CHUNK_BYTES: usize = 16 * 1024;
/// About how many bytes of events one turn takes from the rings, or from the store: what a client that has stopped
/// reading holds. The rest waits where it is.
pub(crate) const TURN_BYTES: usize = 16 * 1024;

/// Which events a follower gets one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fidelity {
    /// All but `task.done`, `items.emitted` and `delivery.done`, which the figures show.
    #[default]
    Conflated,
    /// Every one (`coalesce=none`); for programs.
    Every,
}

type Replaying = Pin<Box<dyn Future<Output = Result<Replayed, store::Error>> + Send>>;

enum Phase {
    Live,
    Replaying(Replaying),
    Over,
}

/// A follower's part in a channel. Leaves the channel when dropped.
pub(crate) struct Sub {
    pub(crate) channel: Arc<Channel>,
    slot: u32,
    pub(crate) seen: Seen,
    /// Number within the run of the last event it got; kept only by a follower of one channel.
    run_seq: Option<u64>,
}

impl Sub {
    /// Joins a channel.
    pub(crate) fn join(channel: Arc<Channel>, waiter: &Arc<Waiter>, interest: Interest) -> Self {
        let slot = channel.lock().waiters.add(Arc::clone(waiter), interest);
        Self { channel, slot, seen: Seen::default(), run_seq: None }
    }
}

impl Drop for Sub {
    fn drop(&mut self) {
        let mut state = self.channel.lock();
        state.waiters.remove(self.slot);
        state.used_at = Instant::now();
        state.rest();
    }
}

/// What a follower is made of; see [`Follower::new`].
pub(crate) struct Start {
    pub(crate) waiter: Arc<Waiter>,
    pub(crate) subs: Vec<Sub>,
    pub(crate) position: i64,
    pub(crate) fidelity: Fidelity,
    pub(crate) frames: Vec<Bytes>,
}

/// One reader of one or more channels: a stream of chunks of server-sent events.
pub struct Follower {
    hub: Hub,
    waiter: Arc<Waiter>,
    /// Its place among those that get heartbeats.
    slot: u32,
    subs: Box<[Sub]>,
    /// It was given everything up to this number over all runs.
    position: i64,
    fidelity: Fidelity,
    phase: Phase,
    /// How many events it reads from the store at once.
    page: u32,
    /// Frames to give away, in order.
    ready: VecDeque<Bytes>,
    /// When it last got anything but a heartbeat, in milliseconds since the hub's start.
    heard_ms: u32,
}

impl Follower {
    pub(crate) fn new(hub: Hub, start: Start) -> Self {
        let Start { waiter, subs, position, fidelity, frames } = start;
        let slot = hub.enter(Arc::clone(&waiter));
        let heard_ms = hub.now_ms();
        let (subs, ready) = (subs.into_boxed_slice(), VecDeque::from(frames));
        Self {
            hub,
            waiter,
            slot,
            subs,
            position,
            fidelity,
            phase: Phase::Live,
            page: FIRST_PAGE,
            ready,
            heard_ms,
        }
    }

    /// The next chunk; `None` after the last. Chunks end where frames end.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(chunk) = self.chunk() {
                self.waiter.sent(self.hub.now_ms());
                return Poll::Ready(Some(chunk));
            }
            match &mut self.phase {
                Phase::Over => return Poll::Ready(None),
                Phase::Replaying(replaying) => {
                    let Poll::Ready(result) = replaying.as_mut().poll(cx) else {
                        self.waiter.register(cx.waker());
                        if self.waiter.take() & (DRAIN | REVOKED) == 0 {
                            return Poll::Pending;
                        }
                        self.bye();
                        continue;
                    };
                    self.replayed(result);
                }
                Phase::Live => {
                    self.waiter.register(cx.waker());
                    let flags = self.waiter.take();
                    if flags == 0 {
                        return Poll::Pending;
                    }
                    self.look(flags);
                }
            }
        }
    }

    /// Ready when the stream is told to stop, for whoever cannot ask for chunks because the client does not read.
    pub fn poll_stop(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.waiter.register(cx.waker());
        if self.waiter.is_told_to_stop() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Puts small frames together; a single one goes as it is, shared with the other followers.
    fn chunk(&mut self) -> Option<Bytes> {
        let first = self.ready.pop_front()?;
        self.hub.inner.frames.fetch_add(1, Ordering::Relaxed);
        let fits =
            |ready: &VecDeque<Bytes>, len| ready.front().is_some_and(|next| len + next.len() <= CHUNK_BYTES);
        if !fits(&self.ready, first.len()) {
            if self.ready.is_empty() {
                self.ready = VecDeque::new();
            }
            return Some(first);
        }
        let mut chunk = BytesMut::with_capacity(
            CHUNK_BYTES.min(first.len() + self.ready.iter().map(Bytes::len).sum::<usize>()),
        );
        chunk.extend_from_slice(&first);
        while fits(&self.ready, chunk.len()) {
            let Some(next) = self.ready.pop_front() else { break };
            self.hub.inner.frames.fetch_add(1, Ordering::Relaxed);
            chunk.extend_from_slice(&next);
        }
        Some(chunk.freeze())
    }

    fn look(&mut self, flags: u8) {
        if flags & (DRAIN | REVOKED) != 0 {
            return self.bye();
        }
        self.collect();
        if !self.ready.is_empty() || !matches!(self.phase, Phase::Live) {
            self.heard_ms = self.hub.now_ms();
            return;
        }
        if flags & BEAT != 0 {
            self.beat();
        }
    }

    fn beat(&mut self) {
        let silent = u128::from(self.hub.now_ms().wrapping_sub(self.heard_ms));
        if silent >= self.hub.inner.options.timeout.as_millis() {
            return self.bye();
        }
        let heartbeat = self.hub.heartbeat();
        let up_to_date = self.position >= heartbeat.head;
        self.ready.push_back(if up_to_date { heartbeat.with_id } else { heartbeat.plain });
    }

    /// Says good-bye: the client comes back, and is then told what is so.
    fn bye(&mut self) {
        self.ready.clear();
        self.ready.push_back(sse::bye(sse::random_retry_ms()));
        self.phase = Phase::Over;
    }

    /// Takes what is new in the channels, or begins to read the store where rings do not reach back.
    fn collect(&mut self) {
        // Read first: whatever has a number up to it is in the rings by now.
        let head = self.hub.head().max(self.position);
        let mut taken = Vec::new();
        let mut figures = Vec::new();
        let mut behind = self.fidelity == Fidelity::Every && head > self.position;
        for sub in &mut self.subs {
            let mut state = self.hub.rendered(&sub.channel);
            let reaches = state.ring.floor() <= self.position;
            behind |= !reaches;
            if reaches && self.fidelity == Fidelity::Conflated {
                state.ring.take(self.position, head, self.hub.epoch(), &mut taken);
            }
            match &state.figures {
                Figures::Run(run) => run.take(&mut sub.seen, &mut figures),
                Figures::Runs(runs) => {
                    runs.take(&mut sub.seen, &mut figures);
                }
                Figures::None => {}
            }
        }
        if behind {
            // The latest state first, then every event from the store.
            self.ready.extend(figures);
            self.read_on();
            return;
        }
        self.give(taken, head);
        self.ready.extend(figures);
        self.end_if_over();
    }

    /// Gives events away in feed order, and moves the cursor on.
    fn give(&mut self, mut taken: Vec<Taken>, head: i64) {
        if self.subs.len() > 1 {
            taken.sort_by_key(|frame| frame.feed_seq);
            // The end of a run is shown both by its own channel and by that of all runs.
            taken.dedup_by_key(|frame| frame.feed_seq);
        }
        let mut bytes = 0;
        for frame in taken {
            if bytes >= TURN_BYTES {
                self.waiter.raise(DIRTY);
                return;
            }
            bytes += frame.bytes.len();
            self.position = frame.feed_seq;
            if let [sub] = &mut *self.subs {
                sub.run_seq = Some(frame.run_seq);
            }
            self.ready.push_back(frame.bytes);
        }
        self.position = head;
    }

    fn read_on(&mut self) {
        self.hub.inner.lagged.fetch_add(1, Ordering::Relaxed);
        let places =
            self.subs.iter().map(|sub| Place { channel: Arc::clone(&sub.channel), run_seq: sub.run_seq });
        let kinds = match self.fidelity {
            Fidelity::Conflated => Kinds::Lossless,
            Fidelity::Every => Kinds::All,
        };
        let replaying = replay(self.hub.clone(), places.collect(), self.position, kinds, self.page);
        self.phase = Phase::Replaying(Box::pin(replaying));
    }

    fn replayed(&mut self, result: Result<Replayed, store::Error>) {
        let replayed = match result {
            Ok(replayed) => replayed,
            Err(error) => {
                tracing::error!(%error, source = ?std::error::Error::source(&error), "a stream could not be read on");
                return self.bye();
            }
        };
        if let ([sub], Some(last)) = (&mut *self.subs, replayed.frames.last()) {
            sub.run_seq = Some(last.run_seq);
        }
        self.ready.extend(replayed.frames.into_iter().map(|frame| frame.bytes));
        (self.position, self.page) = (replayed.position, replayed.page);
        self.phase = Phase::Live;
        self.waiter.raise(DIRTY);
    }

    /// Ends a stream of one run whose end has been given.
    fn end_if_over(&mut self) {
        let [sub] = &*self.subs else { return };
        let Topic::Run(run) = sub.channel.topic else { return };
        let state = sub.channel.lock();
        let Figures::Run(figures) = &state.figures else { return };
        let Some(stand) = &figures.stand else { return };
        if !figures.is_over(self.position, &sub.seen) {
            return;
        }
        let frame = EndFrame { run, state: stand.record.run.state.into() };
        self.ready.push_back(sse::end(self.hub.epoch(), self.position, frame));
        drop(state);
        self.phase = Phase::Over;
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.hub.leave(self.slot);
    }
}

impl futures_util::Stream for Follower {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.get_mut().poll_chunk(cx)
    }
}
