//! Credentials that are in use, so that a revocation reaches requests and streams that are under way.

use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};
use tokio::sync::watch;
use web::Credential;

/// Revocations, for whoever holds a connection open. Clones see the same.
///
/// A stream needs no more than its principal: [`web::Principal::revoked`] resolves and [`web::Principal::is_over`]
/// turns true at once when its credential is revoked. [`Revocations::changed`] is for those that keep many.
#[derive(Clone)]
pub struct Revocations {
    held: Arc<Mutex<Held>>,
    count: watch::Sender<u64>,
}

/// Credentials by their id. A secret looked up again after a while may have two at once.
type Held = HashMap<Arc<str>, Vec<Weak<Credential>>>;

impl Default for Revocations {
    fn default() -> Self {
        Self { held: Arc::default(), count: watch::Sender::new(0) }
    }
}

impl Revocations {
    /// A receiver that changes with every revocation: a hint to look at [`web::Principal::is_over`].
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    /// How many revocations there were: one that came between looking a credential up and holding it shows here.
    pub(crate) fn count(&self) -> u64 {
        *self.count.borrow()
    }

    /// Remembers a credential for as long as someone holds it.
    pub(crate) fn hold(&self, credential: &Arc<Credential>) {
        let mut held = self.held.lock();
        let same = held.entry(Arc::clone(&credential.id)).or_default();
        same.retain(|weak| weak.strong_count() > 0);
        same.push(Arc::downgrade(credential));
    }

    /// Forgets credentials that nobody holds.
    pub(crate) fn sweep(&self) {
        self.held.lock().retain(|_, same| {
            same.retain(|weak| weak.strong_count() > 0);
            !same.is_empty()
        });
    }

    /// Revokes the credential called `id`.
    pub(crate) fn revoke(&self, id: &str) {
        let gone = self.held.lock().remove(id).unwrap_or_default();
        self.cancel(gone);
    }

    /// Revokes whatever belongs to `user`.
    pub(crate) fn revoke_user(&self, user: &str) {
        let mut gone = Vec::new();
        for same in self.held.lock().values_mut() {
            let of_user =
                |weak: &mut Weak<Credential>| weak.upgrade().is_some_and(|held| *held.user == *user);
            gone.extend(same.extract_if(.., of_user));
        }
        self.cancel(gone);
    }

    fn cancel(&self, gone: Vec<Weak<Credential>>) {
        for credential in gone.iter().filter_map(Weak::upgrade) {
            credential.revoked.cancel();
        }
        self.count.send_modify(|count| *count += 1);
    }
}
