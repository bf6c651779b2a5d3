//! Conflation: of a figure that changes often, only the newest value is shown, at most so often.

use bytes::Bytes;
use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    time::{Duration, Instant},
};

/// When a changed value may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// At once: it was quiet long enough.
    Now,
    /// Then.
    At(Instant),
}

/// The newest values by key. Each is rendered at most once an interval, for all readers; a reader is a version number.
#[derive(Debug)]
pub(crate) struct Conflated<K, V> {
    slots: HashMap<K, Slot<V>>,
    /// What was rendered, by version.
    order: BTreeMap<u64, K>,
    /// Keys whose value is newer than what was rendered.
    changed: Vec<K>,
    version: u64,
    capacity: usize,
}

#[derive(Debug)]
struct Slot<V> {
    value: V,
    changed: bool,
    not_before: Option<Instant>,
    version: u64,
    bytes: Bytes,
}

impl<K: Clone + Eq + Hash, V> Conflated<K, V> {
    /// A table of at most `capacity` keys; beyond that the one longest unchanged goes.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { slots: HashMap::new(), order: BTreeMap::new(), changed: Vec::new(), version: 0, capacity }
    }

    /// The newest value of `key`.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.slots.get(key).map(|slot| &slot.value)
    }

    /// Sets a value.
    pub(crate) fn put(&mut self, key: K, value: V, now: Instant) -> Due {
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.value = value;
            if !slot.changed {
                slot.changed = true;
                self.changed.push(key);
            }
            return due(slot.not_before, now);
        }
        if self.slots.len() >= self.capacity {
            self.make_room();
        }
        self.changed.push(key.clone());
        self.slots
            .insert(key, Slot { value, changed: true, not_before: None, version: 0, bytes: Bytes::new() });
        Due::Now
    }

    /// Changes a value, or sets the first.
    pub(crate) fn change(
        &mut self,
        key: K,
        now: Instant,
        first: impl FnOnce() -> V,
        change: impl FnOnce(&mut V),
    ) -> Due {
        let Some(slot) = self.slots.get_mut(&key) else { return self.put(key, first(), now) };
        change(&mut slot.value);
        if !slot.changed {
            slot.changed = true;
            self.changed.push(key);
        }
        due(slot.not_before, now)
    }

    fn make_room(&mut self) {
        let oldest = self.order.pop_first().map(|(_, key)| key);
        if let Some(key) = oldest.or_else(|| self.changed.first().cloned()) {
            self.remove(&key);
        }
    }

    /// Forgets a key.
    pub(crate) fn remove(&mut self, key: &K) {
        if let Some(slot) = self.slots.remove(key) {
            self.order.remove(&slot.version);
            if slot.changed {
                self.changed.retain(|other| other != key);
            }
        }
    }

    /// Forgets everything; versions go on.
    pub(crate) fn clear(&mut self) {
        self.slots = HashMap::new();
        self.order.clear();
        self.changed = Vec::new();
    }

    /// Whether nothing is held.
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// When the next changed value may be shown; `None` where none has changed.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Due> {
        let times = self.changed.iter().filter_map(|key| self.slots.get(key));
        let earliest = times.map(|slot| slot.not_before.unwrap_or(now)).min()?;
        Some(due(Some(earliest), now))
    }

    /// Renders the changed values that may be shown; each may be shown again an `interval` later.
    pub(crate) fn render(
        &mut self,
        now: Instant,
        interval: Duration,
        mut render: impl FnMut(&K, &mut V) -> Bytes,
    ) {
        let Self { slots, order, changed, version, .. } = self;
        changed.retain(|key| {
            let Some(slot) = slots.get_mut(key) else { return false };
            if slot.not_before.is_some_and(|time| time > now) {
                return true;
            }
            order.remove(&slot.version);
            *version += 1;
            slot.version = *version;
            slot.changed = false;
            slot.not_before = Some(now + interval);
            slot.bytes = render(key, &mut slot.value);
            order.insert(*version, key.clone());
            false
        });
    }

    /// The version of what was rendered last.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The keys that were rendered after `version`, each with its newest value and frame.
    pub(crate) fn since(&self, version: u64) -> impl Iterator<Item = (&K, &V, &Bytes)> {
        self.order
            .range(version + 1..)
            .filter_map(|(_, key)| self.slots.get_key_value(key))
            .map(|(key, slot)| (key, &slot.value, &slot.bytes))
    }
}

fn due(not_before: Option<Instant>, now: Instant) -> Due {
    match not_before {
        Some(time) if time > now => Due::At(time),
        _ => Due::Now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INTERVAL: Duration = Duration::from_millis(100);

    fn shown(table: &Conflated<u8, u64>, version: u64) -> Vec<(u8, u64)> {
        table.since(version).map(|(key, value, _)| (*key, *value)).collect()
    }

    proptest! {
        /// Whatever comes when: a key is shown at most ten times in any second, in the order of its values, and its
        /// newest value is shown in the end.
        #[test]
        fn a_key_is_shown_at_most_ten_times_a_second_and_its_last_value_always(
            steps in proptest::collection::vec((0_u8..4, 0_u64..40), 1..300),
        ) {
            let start = Instant::now();
            let mut now = start;
            let mut table = Conflated::new(16);
            let mut shows: HashMap<u8, Vec<(Instant, u64)>> = HashMap::new();
            let mut last: HashMap<u8, u64> = HashMap::new();
            for (count, (key, wait)) in steps.into_iter().enumerate() {
                now += Duration::from_millis(wait);
                table.put(key, count as u64, now);
                last.insert(key, count as u64);
                table.render(now, INTERVAL, |key, value| {
                    shows.entry(*key).or_default().push((now, *value));
                    Bytes::new()
                });
            }
            now += INTERVAL;
            table.render(now, INTERVAL, |key, value| {
                shows.entry(*key).or_default().push((now, *value));
                Bytes::new()
            });
            for (key, shows) in shows {
                prop_assert!(shows.windows(2).all(|pair| pair[1].0 - pair[0].0 >= INTERVAL));
                prop_assert!(shows.windows(2).all(|pair| pair[0].1 < pair[1].1));
                prop_assert_eq!(shows.last().map(|(_, value)| *value), last.get(&key).copied());
            }
            prop_assert_eq!(table.next_due(now), None);
        }
    }

    #[test]
    fn a_reader_gets_the_newest_value_of_each_key_once() {
        let now = Instant::now();
        let mut table = Conflated::new(16);
        for (key, value) in [(1, 10), (2, 20), (1, 11)] {
            table.put(key, value, now);
        }
        table.render(now, INTERVAL, |_, _| Bytes::new());
        assert_eq!(shown(&table, 0), [(1, 11), (2, 20)]);
        let version = table.version();
        assert_eq!(shown(&table, version), []);
        assert_eq!(table.put(1, 12, now), Due::At(now + INTERVAL));
        table.render(now + INTERVAL, INTERVAL, |_, _| Bytes::new());
        assert_eq!(shown(&table, version), [(1, 12)]);
        assert_eq!(shown(&table, 0), [(2, 20), (1, 12)]);
    }

    #[test]
    fn a_table_holds_no_more_than_its_capacity() {
        let now = Instant::now();
        let mut table = Conflated::new(3);
        for key in 0..10 {
            table.put(key, u64::from(key), now);
            table.render(now, INTERVAL, |_, _| Bytes::new());
        }
        assert_eq!(shown(&table, 0), [(7, 7), (8, 8), (9, 9)]);
        table.remove(&8);
        assert_eq!(shown(&table, 0), [(7, 7), (9, 9)]);
        table.clear();
        assert!(table.is_empty() && shown(&table, 0).is_empty());
        for key in 0..10 {
            table.put(key, 0, now);
        }
        assert_eq!(table.slots.len(), 3, "also before anything was rendered");
    }
}
