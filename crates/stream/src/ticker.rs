//! What the hub does by itself: heartbeats, figures held back, missing notifications, waking the many, tidying.

use crate::{
    channel::Wake,
    conflate::Due,
    hub::{Heartbeat, Inner, WAKE_CHUNK, timestamp},
    sse,
    waiter::{BEAT, DRAIN, REVOKED},
    wire::HeartbeatFrame,
};
use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::{Duration, Instant},
};

/// Time between two looks of the ticker.
const TICK: Duration = Duration::from_millis(20);
/// The ticker looks at every follower once in so many ticks, a part of them each time.
const ROUND: usize = 12;
/// A follower that got nothing for so long gets a heartbeat at the next look: about each second.
const IDLE_MS: u32 = 860;
/// Time between two comparisons with the store, and so the longest delay of an event whose notification was lost.
const COMPARE: Duration = Duration::from_secs(1);

/// Starts the hub's tasks on the current tokio runtime. They end with the hub.
pub(crate) fn start(inner: &Arc<Inner>) {
    inner.render_heartbeat();
    tokio::spawn(tick(Arc::downgrade(inner)));
    tokio::spawn(pump(Arc::downgrade(inner)));
    tokio::spawn(compare(Arc::downgrade(inner)));
}

impl Inner {
    fn render_heartbeat(&self) {
        let frame = HeartbeatFrame { head: self.head.load(Ordering::Acquire), now: timestamp() };
        let (with_id, plain) = (sse::heartbeat(Some(&self.epoch), frame), sse::heartbeat(None, frame));
        *self.heartbeat.write() = Heartbeat { head: frame.head, with_id, plain };
    }

    /// Wakes the readers of figures that may be shown now.
    fn flush(&self, now: Instant) {
        let channels = std::mem::take(&mut *self.flush.lock());
        for channel in channels {
            let due = {
                let state = channel.lock();
                let due = state.figures.next_due(now).filter(|_| state.waiters.want_figures());
                if due.is_none() {
                    // Under the lock: a figure that changes from here on enlists the channel again.
                    channel.awaits_flush.store(false, Ordering::Release);
                }
                due
            };
            match due {
                None => {}
                Some(Due::At(_)) => self.flush.lock().push(channel),
                Some(Due::Now) => {
                    self.wake(&channel, Wake::Everyone);
                    // Other figures of the channel may be due later.
                    self.flush.lock().push(channel);
                }
            }
        }
    }

    /// Looks at one part of the followers: who was idle gets a heartbeat, who may no longer read is told.
    fn look(&self, part: usize) {
        let now_ms = self.now_ms();
        let drain = self.draining.load(Ordering::Acquire);
        let followers = self.followers.lock();
        let size = followers.slots().div_ceil(ROUND);
        for (waiter, _) in followers.range(part * size, (part + 1) * size) {
            if drain {
                waiter.raise(DRAIN);
            } else if !waiter.stands() {
                waiter.raise(REVOKED);
            } else if waiter.idle_ms(now_ms) >= IDLE_MS {
                waiter.raise(BEAT);
            }
        }
    }

    /// Notifications are hints: what the store had a second ago must have been handed out by now.
    fn catch_up(&self, stored: i64) {
        let mut sequencer = self.sequencer.lock();
        if sequencer.released() < stored {
            sequencer.skip(stored);
            self.give_up(sequencer.released());
            self.release(&mut sequencer);
        }
    }

    /// Drops channels that nobody has used for a while, and frames that are too old.
    fn tidy(&self, now: Instant) {
        let mut channels = self.channels.write();
        channels.retain(|_, channel| {
            let mut state = channel.lock();
            state.ring.trim(now);
            // A clone in other hands is about to be used.
            !(state.is_idle(now) && Arc::strong_count(channel) == 1)
        });
    }
}

/// The one ticker for all: heartbeats, figures held back, missing notifications, tidying.
async fn tick(hub: Weak<Inner>) {
    let mut part = 0;
    let mut tidied = Instant::now();
    loop {
        let Some(inner) = hub.upgrade() else { return };
        let now = Instant::now();
        inner.flush(now);
        {
            let mut sequencer = inner.sequencer.lock();
            if sequencer.is_waiting() {
                inner.release(&mut sequencer);
            }
        }
        if part == 0 {
            inner.render_heartbeat();
        }
        inner.look(part);
        part = (part + 1) % ROUND;
        if now.duration_since(tidied) >= Duration::from_secs(1) {
            inner.tidy(now);
            tidied = now;
        }
        let busy = !inner.followers.lock().is_empty()
            || !inner.flush.lock().is_empty()
            || inner.sequencer.lock().is_waiting();
        drop(inner);
        if busy {
            tokio::time::sleep(TICK).await;
        } else {
            idle(&hub).await;
        }
    }
}

/// Compares the store with what was handed out, each second while anyone follows.
async fn compare(hub: Weak<Inner>) {
    let mut stored = 0;
    loop {
        tokio::time::sleep(COMPARE).await;
        let Some(inner) = hub.upgrade() else { return };
        inner.catch_up(stored);
        if inner.followers.lock().is_empty() {
            stored = 0;
            continue;
        }
        match inner.store.head().await {
            Ok(head) => stored = head.value,
            Err(error) => tracing::warn!(%error, "the store does not say where its feed stands"),
        }
    }
}

/// Waits until there is something to tick for; looks each second, for tidying and to end with the hub.
async fn idle(hub: &Weak<Inner>) {
    let Some(inner) = hub.upgrade() else { return };
    let wanted = async move { inner.tick_wanted.notified().await };
    let _ = tokio::time::timeout(Duration::from_secs(1), wanted).await;
}

/// Wakes the many readers of a channel bit by bit, so that those of others get their turn in between.
async fn pump(hub: Weak<Inner>) {
    loop {
        let Some(inner) = hub.upgrade() else { return };
        let next = inner.pump.lock().pop_front();
        let Some((channel, from)) = next else {
            let wanted = async move { inner.pump_wanted.notified().await };
            let _ = tokio::time::timeout(Duration::from_secs(1), wanted).await;
            continue;
        };
        let to = from + WAKE_CHUNK;
        let more = {
            let state = channel.lock();
            state.wake(from, to, Wake::Everyone);
            state.waiters.slots() > to
        };
        if more {
            inner.pump.lock().push_back((channel, to));
        } else if channel.wants_pump_again() {
            inner.pump.lock().push_back((channel, WAKE_CHUNK));
        }
        drop(inner);
        tokio::task::yield_now().await;
    }
}
