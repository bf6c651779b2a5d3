//! Passwords: argon2id, off the async runtime, at most two at once.

use crate::{Error, Result};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Fewest characters of a password.
pub const MIN_PASSWORD_CHARS: usize = 10;
/// Most bytes of a password: hashing more only costs time.
pub const MAX_PASSWORD_BYTES: usize = 1024;
/// Passwords checked at once: each takes 19 MiB and a core for some 20 ms.
const AT_ONCE: usize = 2;

/// Checks and hashes passwords.
#[derive(Clone)]
pub(crate) struct Passwords {
    permits: Arc<Semaphore>,
    /// The hash that is checked for users who do not exist, so that they take as long.
    decoy: Arc<str>,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    Yes,
    No,
}

impl Passwords {
    pub(crate) fn new() -> Result<Self> {
        let decoy = hash("nobody signs in with this")?;
        Ok(Self { permits: Arc::new(Semaphore::new(AT_ONCE)), decoy: Arc::from(decoy) })
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        self.run(move || hash(&password)).await
    }

    /// Compares `password` with a stored hash. Without one it takes as long and says no.
    pub(crate) async fn check(&self, password: String, stored: Option<String>) -> Result<Match> {
        let decoy = Arc::clone(&self.decoy);
        self.run(move || {
            let (against, known) = match &stored {
                Some(stored) => (stored.as_str(), true),
                None => (&*decoy, false),
            };
            let parsed = PasswordHash::new(against).map_err(Error::Password)?;
            let same = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
            Ok(if same && known { Match::Yes } else { Match::No })
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        let done = tokio::task::spawn_blocking(move || {
            let _held = permit;
            work()
        });
        done.await.map_err(|_| Error::Interrupted)?
    }
}

fn hash(password: &str) -> Result<String> {
    Ok(Argon2::default().hash_password(password.as_bytes()).map_err(Error::Hash)?.to_string())
}
