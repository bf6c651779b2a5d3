//! What the handlers share.

use crate::{audit::Audit, auth::Auth, edge::Edge, metrics::Metrics, replies::Replies};
use bytes::Bytes;
use engine::Engine;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, OnceLock},
};
use store::Store;
use stream::Hub;

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct ServerState(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) hub: Hub,
    pub(crate) auth: Auth,
    pub(crate) audit: Audit,
    pub(crate) metrics: Metrics,
    pub(crate) edge: Edge,
    pub(crate) about: About,
    pub(crate) replies: Replies,
    /// The OpenAPI document, rendered once all routes are known.
    pub(crate) document: OnceLock<Bytes>,
}

/// What the server says about itself.
pub(crate) struct About {
    pub(crate) version: String,
    pub(crate) dev: bool,
    pub(crate) features: BTreeMap<String, bool>,
    pub(crate) apps: Vec<String>,
    /// The effective settings, secrets masked.
    pub(crate) settings: serde_json::Value,
    pub(crate) vault: Option<std::sync::Arc<vault::Vault>>,
    pub(crate) backups: PathBuf,
    /// Whether cookies travel over encrypted connections only.
    pub(crate) secure_cookies: SecureCookies,
}

/// Whether cookies travel over encrypted connections only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecureCookies {
    Yes,
    No,
}

impl ServerState {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The engine's tables.
    pub fn store(&self) -> &Store {
        self.0.engine.store()
    }

    /// Where streams are followed.
    pub fn hub(&self) -> &Hub {
        &self.0.hub
    }

    /// Users, sessions, tokens, and their revocations.
    pub fn auth(&self) -> &Auth {
        &self.0.auth
    }

    /// The audit log.
    pub fn audit(&self) -> &Audit {
        &self.0.audit
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn edge(&self) -> &Edge {
        &self.0.edge
    }

    pub(crate) fn about(&self) -> &About {
        &self.0.about
    }

    pub(crate) fn replies(&self) -> &Replies {
        &self.0.replies
    }

    pub(crate) fn set_document(&self, document: Bytes) {
        // The first is the only one.
        let _ = self.0.document.set(document);
    }

    pub(crate) fn document(&self) -> Bytes {
        self.0.document.get().cloned().unwrap_or_default()
    }
}
