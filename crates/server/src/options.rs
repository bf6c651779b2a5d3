//! What a server is made with.

use crate::{
    Error, Proxy, Result, Streaming,
    auth::{Mode, Rate},
};
use engine::Engine;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use stream::Hub;
use web::Routes;

/// What a server is made with. `ServerOptions::new(engine, hub)` has the defaults.
pub struct ServerOptions {
    /// What runs are asked of; its store must have [`crate::MIGRATIONS`].
    pub engine: Engine,
    /// Where streams are followed.
    pub hub: Hub,
    /// Whether requests from this machine need to say who they are.
    pub mode: Mode,
    /// Whether a proxy with TLS stands before the server.
    pub proxy: Proxy,
    /// Names that the server answers to; any, where empty. In development names of this machine are always among them.
    pub hosts: Vec<String>,
    /// How fast one token, session or address may send requests; `None` for as fast as it likes.
    pub rate: Option<Rate>,
    /// How long an answer may take to begin.
    pub deadline: Duration,
    /// Routes of applications.
    pub app_routes: Vec<Routes>,
    /// Names of the applications.
    pub apps: Vec<String>,
    /// Whether there are live streams. Clients see it as the feature `sse`.
    pub streaming: Streaming,
    /// What else is switched on.
    pub features: BTreeMap<String, bool>,
    /// The effective settings, secrets masked already.
    pub settings: serde_json::Value,
    /// Seals secrets; without it none can be kept.
    pub vault: Option<Arc<vault::Vault>>,
    /// Where backups are put.
    pub backups: PathBuf,
    /// The program's version.
    pub version: String,
}

impl ServerOptions {
    /// The defaults: normal mode, no proxy, 600 requests a minute after a burst of 600 for each credential, 30 s.
    pub fn new(engine: Engine, hub: Hub) -> Self {
        let backups = match engine.store().db().backend() {
            db::Backend::Sqlite(path) => path.with_file_name("backups"),
            db::Backend::Postgres(_) => PathBuf::from("backups"),
        };
        Self {
            engine,
            hub,
            mode: Mode::Normal,
            proxy: Proxy::None,
            hosts: Vec::new(),
            rate: Some(Rate::new(600, 6_000)),
            deadline: Duration::from_secs(30),
            app_routes: Vec::new(),
            apps: Vec::new(),
            streaming: Streaming::On,
            features: BTreeMap::new(),
            settings: serde_json::json!({}),
            vault: None,
            backups,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Whether the server may listen on `address` as it is set up.
    ///
    /// # Errors
    /// [`Error::DevExposed`] for development mode, and [`Error::Exposed`] for an unencrypted server without a declared
    /// proxy, on an address that other machines can reach.
    pub fn check_address(&self, address: SocketAddr) -> Result<()> {
        if address.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        match (self.mode, self.proxy) {
            (Mode::Development, _) => Err(Error::DevExposed { address }),
            (Mode::Normal, Proxy::None) => Err(Error::Exposed { address }),
            (Mode::Normal, Proxy::Declared) => Ok(()),
        }
    }
}
