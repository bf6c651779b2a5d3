//! Connectors: how deliveries reach Azure DevOps, GitHub, webhooks and files, and how a language model is asked.
//!
//! One module a protocol. [`build`] makes a connector from a destination's settings. What all of them share is the HTTP
//! client in `http`, which tells a request that cannot have arrived from one that may have, and the reading of settings,
//! which names unknown keys.

pub mod azure_devops;
mod build;
pub mod files;
pub mod github;
mod http;
mod markdown;
mod settings;
pub mod text;
mod time;
pub mod webhook;

pub use build::{KINDS, build};
pub use http::{Http, Reach};

/// Why the crate's parts cannot be set up. Failures of deliveries are [`model::TaskError`]s.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up: this build's cryptography is incomplete")]
    Tls(#[source] rustls::Error),
}
