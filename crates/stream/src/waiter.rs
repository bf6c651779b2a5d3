//! A reader's wake-up call: a dirty bit and a waker. Whatever happens while it is not looking sets bits; there is no
//! queue that could grow.

use futures_util::task::AtomicWaker;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, Ordering},
    },
    task::Waker,
};

/// Something to take: a frame in a ring, a changed figure.
pub(crate) const DIRTY: u8 = 1;
/// Time for a heartbeat.
pub(crate) const BEAT: u8 = 2;
/// The server is about to stop.
pub(crate) const DRAIN: u8 = 4;
/// The reader's right to read has ended.
pub(crate) const REVOKED: u8 = 8;

/// Says whether a reader may still read; asked four times a second, so it answers from memory.
pub type Standing = Arc<dyn Fn() -> bool + Send + Sync>;

/// A reader's wake-up call.
pub(crate) struct Waiter {
    waker: AtomicWaker,
    flags: AtomicU8,
    /// When it last got a frame, in milliseconds since the hub's start.
    sent_ms: AtomicU32,
    standing: Option<Standing>,
}

impl Waiter {
    /// A reader that has everything to take yet.
    pub(crate) fn new(standing: Option<Standing>, now_ms: u32) -> Self {
        let flags = AtomicU8::new(DIRTY);
        Self { waker: AtomicWaker::new(), flags, sent_ms: AtomicU32::new(now_ms), standing }
    }

    /// Sets bits and wakes the reader, unless they were set already: then it was woken before and has not looked yet.
    pub(crate) fn raise(&self, flags: u8) {
        if self.flags.fetch_or(flags, Ordering::AcqRel) & flags != flags {
            self.waker.wake();
        }
    }

    /// Whom to wake. To be called before [`Waiter::take`].
    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Takes the bits.
    pub(crate) fn take(&self) -> u8 {
        // Looking first spares the exclusive access where nothing is set.
        if self.flags.load(Ordering::Acquire) == 0 { 0 } else { self.flags.swap(0, Ordering::AcqRel) }
    }

    /// Whether the reader is to stop; the bits stay.
    pub(crate) fn is_told_to_stop(&self) -> bool {
        self.flags.load(Ordering::Acquire) & (DRAIN | REVOKED) != 0
    }

    /// Notes that the reader got a frame.
    pub(crate) fn sent(&self, now_ms: u32) {
        self.sent_ms.store(now_ms, Ordering::Relaxed);
    }

    /// For how long the reader got nothing, in milliseconds.
    pub(crate) fn idle_ms(&self, now_ms: u32) -> u32 {
        now_ms.wrapping_sub(self.sent_ms.load(Ordering::Relaxed))
    }

    /// Whether the reader may still read.
    pub(crate) fn stands(&self) -> bool {
        self.standing.as_ref().is_none_or(|standing| standing())
    }
}

/// What a reader wants to be woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Frames of the ring, and figures that may be shown.
    Frames,
    /// Every commit, of which it reads the store, and figures that may be shown.
    Commits,
    /// Every commit, and nothing else.
    Changes,
}

/// Readers by slot.
#[derive(Default)]
pub(crate) struct Waiters {
    slots: Vec<Option<(Arc<Waiter>, Interest)>>,
    free: Vec<u32>,
    frames: usize,
    changes: usize,
}

impl Waiters {
    /// Adds a reader; the answer is its slot.
    pub(crate) fn add(&mut self, waiter: Arc<Waiter>, interest: Interest) -> u32 {
        self.frames += usize::from(interest == Interest::Frames);
        self.changes += usize::from(interest == Interest::Changes);
        let entry = Some((waiter, interest));
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = entry;
            return slot;
        }
        self.slots.push(entry);
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    /// Takes a reader out.
    pub(crate) fn remove(&mut self, slot: u32) {
        let Some((_, interest)) = self.slots.get_mut(slot as usize).and_then(Option::take) else { return };
        self.frames -= usize::from(interest == Interest::Frames);
        self.changes -= usize::from(interest == Interest::Changes);
        self.free.push(slot);
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.len() == self.free.len()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Slots in use or free: the bound for [`Waiters::range`].
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Whether any takes frames of the ring.
    pub(crate) fn want_frames(&self) -> bool {
        self.frames > 0
    }

    /// Whether any takes figures.
    pub(crate) fn want_figures(&self) -> bool {
        self.len() > self.changes
    }

    /// The readers in a range of slots.
    pub(crate) fn range(&self, from: usize, to: usize) -> impl Iterator<Item = &(Arc<Waiter>, Interest)> {
        let to = to.min(self.slots.len());
        self.slots[from.min(to)..to].iter().flatten()
    }
}
