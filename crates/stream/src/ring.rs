//! The newest lossless events of a channel, rendered once for all its followers.

use crate::sse;
use bytes::Bytes;
use model::Definition;
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};
use store::StoredEvent;

/// Most frames of a ring.
pub(crate) const RING_FRAMES: usize = 256;
/// Most bytes of a ring.
pub(crate) const RING_BYTES: usize = 64 * 1024;
/// Longest time that a frame stays: who has not taken it by then reads the store. Keeps thousands of slow runs from
/// holding 64 KB each.
pub(crate) const RING_AGE: Duration = Duration::from_secs(15);
/// What a frame holds besides its event's texts, in bytes; an estimate until it is rendered.
const FRAME_OVERHEAD: usize = 160;

/// The newest lossless events of a channel: all after `floor`.
#[derive(Debug)]
pub(crate) struct Ring {
    floor: i64,
    frames: VecDeque<Frame>,
    bytes: usize,
}

#[derive(Debug)]
struct Frame {
    feed_seq: i64,
    run_seq: u64,
    since: Instant,
    cost: usize,
    body: Body,
}

/// Rendered when the first follower takes it.
#[derive(Debug)]
enum Body {
    Event(Arc<StoredEvent>, Option<Arc<Definition>>),
    Bytes(Bytes),
}

/// A frame as a follower takes it.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// Number over all runs.
    pub(crate) feed_seq: i64,
    /// Number within the run.
    pub(crate) run_seq: u64,
    /// The frame as sent.
    pub(crate) bytes: Bytes,
}

impl Ring {
    /// An empty ring that holds everything after `floor`.
    pub(crate) fn new(floor: i64) -> Self {
        Self { floor, frames: VecDeque::new(), bytes: 0 }
    }

    /// Every event of the channel after this number is here.
    pub(crate) fn floor(&self) -> i64 {
        self.floor
    }

    /// Nothing after this number was added.
    pub(crate) fn newest(&self) -> i64 {
        self.frames.back().map_or(self.floor, |frame| frame.feed_seq)
    }

    /// Forgets all, up to `floor`.
    pub(crate) fn clear(&mut self, floor: i64) {
        self.floor = self.floor.max(floor);
        self.frames = VecDeque::new();
        self.bytes = 0;
    }

    /// Adds the channel's next event.
    pub(crate) fn push(
        &mut self,
        event: Arc<StoredEvent>,
        definition: Option<Arc<Definition>>,
        now: Instant,
    ) {
        let text = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len());
        let cost = FRAME_OVERHEAD + text(&event.data) + text(&event.key);
        self.bytes += cost;
        self.frames.push_back(Frame {
            feed_seq: event.feed_seq,
            run_seq: event.run_seq,
            since: now,
            cost,
            body: Body::Event(event, definition),
        });
        self.trim(now);
    }

    /// Drops what is too much or too old.
    pub(crate) fn trim(&mut self, now: Instant) {
        while let Some(oldest) = self.frames.front() {
            let keep = self.frames.len() <= RING_FRAMES
                && self.bytes <= RING_BYTES
                && now.duration_since(oldest.since) < RING_AGE;
            if keep {
                break;
            }
            self.bytes -= oldest.cost;
            self.floor = self.floor.max(oldest.feed_seq);
            self.frames.pop_front();
        }
        if self.frames.is_empty() {
            self.frames.shrink_to_fit();
        }
    }

    /// Gives all events after `position` and up to `until` to `out`, in order. Only right where
    /// `position >= self.floor()`.
    pub(crate) fn take(&mut self, position: i64, until: i64, epoch: &str, out: &mut Vec<Taken>) {
        let start = self.frames.partition_point(|frame| frame.feed_seq <= position);
        for frame in self.frames.range_mut(start..) {
            if frame.feed_seq > until {
                break;
            }
            let bytes = match &frame.body {
                Body::Bytes(bytes) => bytes.clone(),
                Body::Event(event, definition) => {
                    let bytes = sse::event(epoch, event, definition.as_deref());
                    self.bytes = (self.bytes + bytes.len()).saturating_sub(frame.cost);
                    frame.cost = bytes.len();
                    frame.body = Body::Bytes(bytes.clone());
                    bytes
                }
            };
            out.push(Taken { feed_seq: frame.feed_seq, run_seq: frame.run_seq, bytes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{RunId, Timestamp};

    fn event(feed_seq: i64, data: &str) -> Arc<StoredEvent> {
        Arc::new(StoredEvent {
            feed_seq,
            run: RunId(1),
            run_seq: feed_seq as u64,
            at: Timestamp(0),
            kind: Arc::from("log"),
            stage: None,
            key: None,
            attempt: None,
            data: Some(Arc::from(data)),
        })
    }

    fn taken(ring: &mut Ring, position: i64) -> Vec<i64> {
        let mut out = Vec::new();
        ring.take(position, i64::MAX, "e", &mut out);
        out.iter().map(|frame| frame.feed_seq).collect()
    }

    #[test]
    fn a_ring_holds_no_more_than_its_limits_and_says_from_where() {
        let now = Instant::now();
        let mut ring = Ring::new(10);
        for feed_seq in 11..=(10 + 2 * RING_FRAMES as i64) {
            ring.push(event(feed_seq, "{}"), None, now);
        }
        assert_eq!(ring.floor(), 10 + RING_FRAMES as i64);
        let floor = ring.floor();
        assert_eq!(taken(&mut ring, floor).len(), RING_FRAMES);
        assert_eq!(taken(&mut ring, 10 + 2 * RING_FRAMES as i64 - 1), [10 + 2 * RING_FRAMES as i64]);

        let large = "x".repeat(RING_BYTES / 2);
        for feed_seq in 10_000..10_004 {
            ring.push(event(feed_seq, &large), None, now);
        }
        assert!(ring.bytes <= RING_BYTES);
        assert_eq!(ring.floor(), 10_002);

        ring.trim(now + RING_AGE);
        assert_eq!((ring.floor(), ring.bytes), (10_003, 0));
    }

    #[test]
    fn an_event_is_rendered_once_for_all() {
        let mut ring = Ring::new(0);
        ring.push(event(1, "{}"), None, Instant::now());
        let (mut first, mut second) = (Vec::new(), Vec::new());
        ring.take(0, 1, "e", &mut first);
        ring.take(0, 1, "e", &mut second);
        assert_eq!(first[0].bytes.as_ptr(), second[0].bytes.as_ptr());
        ring.take(0, 0, "e", &mut second);
        assert_eq!(second.len(), 1, "nothing beyond the bound");
    }
}
