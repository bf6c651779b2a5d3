//! What this process holds of the leases that the database gives it.
//!
//! A server that falls over while it commits leaves its client without an answer: the rows may say that this worker has leased
//! them, and the worker knows nothing of it. It lives, so nobody takes them over, and nobody works on them. So each lease is
//! noted here for as long as anybody in this process deals with it, and what the database says beyond that is given back.

use parking_lot::Mutex;
use std::{collections::HashSet, hash::Hash, sync::Arc};

/// The leases that are dealt with. Where the database has one owner there is no doubt, and nothing is noted.
pub(crate) struct Holdings<K>(Option<Arc<Mutex<HashSet<K>>>>);

impl<K: Eq + Hash + Clone> Holdings<K> {
    pub(crate) fn new(is_shared: bool) -> Self {
        Self(is_shared.then(Arc::default))
    }

    /// Notes a lease, until what is answered is dropped.
    pub(crate) fn note(&self, key: impl FnOnce() -> K) -> Option<Holding<K>> {
        let held = self.0.as_ref()?;
        let key = key();
        held.lock().insert(key.clone());
        Some(Holding { held: held.clone(), key })
    }

    /// Those of `rows` that nobody here knows of. The rows must have been read while no claim was under way.
    pub(crate) fn unknown(&self, mut rows: Vec<K>) -> Vec<K> {
        match &self.0 {
            Some(held) => {
                let held = held.lock();
                rows.retain(|row| !held.contains(row));
            }
            None => rows.clear(),
        }
        rows
    }
}

/// A lease that somebody deals with.
pub(crate) struct Holding<K: Eq + Hash> {
    held: Arc<Mutex<HashSet<K>>>,
    key: K,
}

impl<K: Eq + Hash> Drop for Holding<K> {
    fn drop(&mut self) {
        self.held.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_unknown() {
        let holdings = Holdings::new(true);
        let one = holdings.note(|| 1);
        let two = holdings.note(|| 2);
        assert_eq!(holdings.unknown(vec![1, 2, 3]), [3]);
        drop(one);
        assert_eq!(holdings.unknown(vec![1, 2, 3]), [1, 3]);
        drop(two);
        assert_eq!(holdings.unknown(vec![2]), [2]);
    }

    #[test]
    fn an_owner_has_no_doubt() {
        let holdings = Holdings::<i32>::new(false);
        assert!(holdings.note(|| 1).is_none());
        assert!(holdings.unknown(vec![1, 2]).is_empty());
    }
}
