//! Credentials looked up lately, so that a request whose answer is in memory needs no SQL.

use super::secret::SecretHash;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use web::Principal;

/// Most credentials kept.
const MAX_ENTRIES: usize = 10_000;
/// How long one is believed without looking again, where only this process writes: its revocations do not wait for it.
const BELIEVED: Duration = Duration::from_secs(60);
/// The same where other processes share the store, which may revoke it.
const BELIEVED_SHARED: Duration = Duration::from_millis(800);
/// How often at most the time of last use is written.
const USE_NOTED: Duration = Duration::from_secs(60);

pub(super) struct Cache {
    believed: Duration,
    entries: Mutex<HashMap<SecretHash, Entry>>,
}

struct Entry {
    principal: Principal,
    looked_at: Instant,
    noted_at: Option<Instant>,
}

/// A credential found in the cache.
pub(super) struct Found {
    pub(super) principal: Principal,
    pub(super) note: NoteUse,
}

/// Whether the time of use is to be written now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoteUse {
    Now,
    Later,
}

impl Cache {
    pub(super) fn new(db: &db::Db) -> Self {
        let believed = if db.is_shared() { BELIEVED_SHARED } else { BELIEVED };
        Self { believed, entries: Mutex::new(HashMap::new()) }
    }

    pub(super) fn get(&self, hash: SecretHash) -> Option<Found> {
        let now = Instant::now();
        let mut entries = self.entries.lock();
        let entry = entries.get_mut(&hash)?;
        if now.duration_since(entry.looked_at) > self.believed {
            return None;
        }
        let due = entry.noted_at.is_none_or(|noted| now.duration_since(noted) >= USE_NOTED);
        if due {
            entry.noted_at = Some(now);
        }
        let note = if due { NoteUse::Now } else { NoteUse::Later };
        Some(Found { principal: entry.principal.clone(), note })
    }

    /// The credential kept under `hash`, however old: to be used on where it still says the same.
    pub(super) fn stale(&self, hash: SecretHash) -> Option<Principal> {
        self.entries.lock().get(&hash).map(|entry| entry.principal.clone())
    }

    pub(super) fn put(&self, hash: SecretHash, principal: Principal) {
        let now = Instant::now();
        let mut entries = self.entries.lock();
        if entries.len() >= MAX_ENTRIES && !entries.contains_key(&hash) {
            entries.retain(|_, entry| now.duration_since(entry.looked_at) <= self.believed);
            if entries.len() >= MAX_ENTRIES {
                // Full of fresh ones: forgetting them costs a query each, no more.
                entries.clear();
            }
        }
        let noted_at = entries.get(&hash).and_then(|entry| entry.noted_at);
        entries.insert(hash, Entry { principal, looked_at: now, noted_at });
    }

    pub(super) fn remove(&self, hash: SecretHash) {
        self.entries.lock().remove(&hash);
    }

    pub(super) fn forget(&self, gone: impl Fn(&Principal) -> bool) {
        self.entries.lock().retain(|_, entry| !gone(&entry.principal));
    }
}
