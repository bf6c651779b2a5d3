//! Puts commits back into feed order.
//!
//! Commits of different runs are durable in feed order, but the tasks that tell the hub may overtake each other. A
//! follower's cursor is one number, so a frame with number 12 must not leave before the one with 11. Numbers have no
//! gaps; what arrives early waits for what is missing.
//!
//! Telling the hub is a hint: a notification may be lost (its task was dropped after the commit). What waits too long,
//! or is too much, is let go without the missing; followers then read the store.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Most notifications held back for a missing one.
const MAX_WAITING: usize = 4_096;
/// Longest time that a missing notification is waited for, where this process writes all of them.
pub(crate) const PATIENCE: Duration = Duration::from_millis(250);
/// The same where other processes write too: what they wrote is read from the store, however slow it is just now.
pub(crate) const PATIENCE_SHARED: Duration = Duration::from_secs(10);

/// Puts items that cover ranges of numbers back into order.
#[derive(Debug)]
pub(crate) struct Sequencer<T> {
    released: i64,
    /// By first number: the last number, and the item.
    waiting: BTreeMap<i64, (i64, T)>,
    /// Since when something is missing.
    missing_since: Option<Instant>,
    patience: Duration,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Release<T> {
    /// The item that covers the numbers up to `last`, right after what was released before.
    Item {
        /// Its last number.
        last: i64,
        /// The item.
        item: T,
    },
    /// Notifications up to this number were given up.
    Gap(i64),
}

impl<T> Sequencer<T> {
    /// A sequencer for numbers after `released`.
    pub(crate) fn new(released: i64, patience: Duration) -> Self {
        Self { released, waiting: BTreeMap::new(), missing_since: None, patience }
    }

    /// The last number let go.
    pub(crate) fn released(&self) -> i64 {
        self.released
    }

    /// Takes an item that covers `first..=last`. One that was covered before is dropped.
    pub(crate) fn push(&mut self, first: i64, last: i64, item: T) {
        if first > self.released && last >= first {
            self.waiting.insert(first, (last, item));
        }
    }

    /// The next item in order; `None` when there is none, or one before it is missing.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Release<T>> {
        let first = loop {
            let entry = self.waiting.first_entry()?;
            if *entry.key() > self.released {
                break *entry.key();
            }
            entry.remove();
        };
        if first == self.released + 1 {
            let (_, (last, item)) = self.waiting.pop_first()?;
            self.released = last;
            self.missing_since = None;
            return Some(Release::Item { last, item });
        }
        let since = *self.missing_since.get_or_insert(now);
        if self.waiting.len() > MAX_WAITING || now.duration_since(since) >= self.patience {
            self.released = first - 1;
            self.missing_since = None;
            return Some(Release::Gap(self.released));
        }
        None
    }

    /// Gives up what is missing up to `to`.
    pub(crate) fn skip(&mut self, to: i64) {
        self.released = self.released.max(to);
        self.missing_since = None;
        // What waits behind the missing is in the store too, and read there.
        while self.waiting.first_key_value().is_some_and(|(first, _)| *first <= self.released) {
            if let Some((_, (last, _))) = self.waiting.pop_first() {
                self.released = self.released.max(last);
            }
        }
    }

    /// What is missing between what was let go and what waits, of the numbers up to `head`: after the first number and up to
    /// the second.
    pub(crate) fn missing(&self, head: i64) -> Option<(i64, i64)> {
        let next = self.waiting.range(self.released + 1..).next();
        let until = next.map_or(head, |(first, _)| (first - 1).min(head));
        (until > self.released).then_some((self.released, until))
    }

    /// Whether something waits for a missing notification.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drain(sequencer: &mut Sequencer<i64>, now: Instant) -> Vec<Release<i64>> {
        std::iter::from_fn(|| sequencer.next(now)).collect()
    }

    proptest! {
        /// Any order of arrival, with repetitions: every item leaves once, in order, as soon as it can.
        #[test]
        fn commits_leave_in_feed_order_whatever_the_order_of_arrival(
            sizes in proptest::collection::vec(1_i64..5, 1..40),
            seed in proptest::collection::vec(any::<u32>(), 80),
            base in 0_i64..1_000,
        ) {
            let mut ranges = Vec::new();
            let mut next = base + 1;
            for size in sizes {
                ranges.push((next, next + size - 1));
                next += size;
            }
            let mut arrivals = ranges.clone();
            arrivals.extend(ranges.iter().step_by(3));
            let count = arrivals.len();
            for (index, random) in seed.iter().enumerate() {
                arrivals.swap(index % count, *random as usize % count);
            }
            let now = Instant::now();
            let mut sequencer = Sequencer::new(base, PATIENCE);
            let mut out = Vec::new();
            let mut arrived = std::collections::BTreeSet::new();
            for (first, last) in arrivals {
                sequencer.push(first, last, first);
                arrived.insert(first);
                out.extend(drain(&mut sequencer, now));
                let whole = ranges.iter().take_while(|(first, _)| arrived.contains(first)).count();
                prop_assert_eq!(out.len(), whole);
            }
            let expect: Vec<_> =
                ranges.iter().map(|(first, last)| Release::Item { last: *last, item: *first }).collect();
            prop_assert_eq!(out, expect);
            prop_assert!(!sequencer.is_waiting());
        }
    }

    #[test]
    fn what_stays_missing_is_given_up_after_a_while() {
        let start = Instant::now();
        let mut sequencer = Sequencer::new(0, PATIENCE);
        sequencer.push(4, 5, 4);
        assert_eq!(sequencer.next(start), None);
        assert_eq!(sequencer.next(start + PATIENCE / 2), None);
        assert_eq!(
            drain(&mut sequencer, start + PATIENCE),
            [Release::Gap(3), Release::Item { last: 5, item: 4 }]
        );
        sequencer.push(2, 2, 2);
        assert_eq!(drain(&mut sequencer, start + PATIENCE), [], "what comes too late is dropped");
    }

    #[test]
    fn no_more_than_the_limit_waits() {
        let now = Instant::now();
        let mut sequencer = Sequencer::new(0, PATIENCE);
        for number in 2..=(MAX_WAITING as i64 + 2) {
            sequencer.push(number, number, number);
        }
        assert_eq!(sequencer.next(now), Some(Release::Gap(1)));
        assert_eq!(drain(&mut sequencer, now).len(), MAX_WAITING + 1);
    }
}
