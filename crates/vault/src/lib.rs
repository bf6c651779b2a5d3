//! Secrets: encrypted at rest, masked in what is shown.
//!
//! [`Vault`] seals and opens them with the keys of a ring that lies in the data folder; [`Secret`] is what comes out: it
//! wipes itself and prints as a mask. [`Mask`] takes secrets out of text in the forms that they turn up in. Where sealed
//! secrets are stored is not decided here.

mod mask;
mod ring;
mod secret;
mod vault;

pub use mask::{MASK, MIN_MASKED_BYTES, Mask};
pub use secret::Secret;
pub use vault::Vault;

use std::path::PathBuf;

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key ring cannot be read or written.
    #[error("the key ring {path} cannot be {doing}: check the folder's owner, rights and free space")]
    File {
        /// Where it lies.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Others than its owner may read the key ring.
    #[error("the key ring {path} can be read by others (mode {mode:o}): run `chmod 600 {path}`")]
    Open {
        /// Where it lies.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The key ring is not what was written.
    #[error(
        "the key ring {path} is damaged ({what}): restore it from a backup; without it sealed secrets are lost"
    )]
    Damaged {
        /// Where it lies.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// A secret was sealed with a key that is not in the ring.
    #[error(
        "secret {name} was sealed with key {key}, which is not in the ring: restore the ring, or set the secret again"
    )]
    UnknownKey {
        /// The secret's name.
        name: String,
        /// The key's id.
        key: String,
    },
    /// What is stored under the name is not what was sealed under it.
    #[error("secret {name} cannot be opened: it was changed, or sealed under another name; set it again")]
    Sealed {
        /// The secret's name.
        name: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes, so nothing can be sealed")]
    Random,
}
