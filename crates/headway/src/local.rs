//! The server in this process: for `serve`, and for commands that find none.
//!
//! ```text
//! data folder ─▶ db (lock) ─▶ store ─▶ hub ─▶ engine ◀─ applications' activities and pipelines
//!                                        └──────┴─▶ server ─▶ listener ─▶ server.json
//! ```

mod access;
mod connectors;
mod outbox;
mod wiring;

use crate::{
    config::{Config, StoreAt},
    problem::{Problem, Result, chain, reason},
    server_file::{Advertised, ServerFile},
};
use engine::Engine;
use server::{ListenOptions, Server};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long attempts under way may take to end with a command.
const COMMAND_DRAIN: Duration = Duration::from_secs(2);

/// What an own server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `headway serve`.
    Serve,
    /// `headway worker`.
    Worker,
    /// To carry runs on for as long as a command takes.
    Work,
    /// To read, or to change a run, and no more: nothing is worked on.
    Verbs,
}

/// A server in this process.
pub(crate) struct LocalServer {
    address: String,
    token: String,
    code: Option<String>,
    engine: Engine,
    drain: Duration,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    /// Nothing for a server of verbs: who wants work done must not find it.
    _advertised: Option<Advertised>,
}

impl LocalServer {
    /// Opens the data folder, starts engine and server, and says in the folder where it is.
    ///
    /// # Errors
    /// `Exit::Unreachable` where another process owns the folder; otherwise what is wrong with folder, address or
    /// settings.
    pub(crate) async fn start(config: Config, purpose: Purpose) -> Result<Self> {
        make_folder(&config)?;
        let parts = wiring::open(&config, purpose).await?;
        let engine = parts.engine.clone();
        let options = wiring::server_options(&config, parts)?;
        options.check_address(config.listen).map_err(|error| Problem::usage(chain(&error)))?;
        let failed =
            |error: server::Error| Problem::failed(format!("the server cannot start: {}", chain(&error)));
        let server = Server::new(options).await.map_err(failed)?;
        let token = access::token(server.state().auth(), &config.data).await?;
        let code = match purpose {
            Purpose::Serve if !config.dev => access::first_code(server.state().auth()).await?,
            _ => None,
        };
        server::raise_file_limit();
        let listener = server::bind(config.listen).map_err(|error| cannot_listen(&config, &error))?;
        let bound = listener.local_addr().map_err(|error| cannot_listen(&config, &error))?;
        let stop = CancellationToken::new();
        let serving = tokio::spawn(server::serve(listener, server, ListenOptions::default(), stop.clone()));
        let address = format!("http://{bound}");
        let file = ServerFile {
            address: address.clone(),
            pid: std::process::id(),
            token: token.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let drain = match purpose {
            Purpose::Serve | Purpose::Worker => Duration::from_secs(config.server.drain_seconds),
            Purpose::Work => COMMAND_DRAIN,
            Purpose::Verbs => Duration::ZERO,
        };
        let advertised = match purpose {
            Purpose::Serve | Purpose::Work => Some(file.advertise(&config.data)?),
            // Commands talk to the server of their folder; a worker may share that folder.
            Purpose::Verbs | Purpose::Worker => None,
        };
        Ok(Self { address, token, code, engine, drain, stop, serving, _advertised: advertised })
    }

    /// Where it is: `http://127.0.0.1:8080`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The engine.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A token for commands of the same user.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The one-time code by which the first admin signs in, as long as there is none.
    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Lets what is under way end, for a moment, and closes everything.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        let (served, ()) = tokio::join!(self.serving, self.engine.drain(self.drain));
        if let Err(error) = served {
            tracing::error!(%error, "the server broke off");
        }
        self.engine.store().db().close().await;
    }
}

/// A process that works on the runs of a shared store, and answers nobody.
pub(crate) struct LocalWorker {
    engine: Engine,
    drain: Duration,
}

impl LocalWorker {
    /// Opens the store and begins to work.
    ///
    /// # Errors
    /// What is wrong with store, folder or settings.
    pub(crate) async fn start(config: &Config) -> Result<Self> {
        make_folder(config)?;
        let parts = wiring::open(config, Purpose::Worker).await?;
        Ok(Self { engine: parts.engine, drain: Duration::from_secs(config.server.drain_seconds) })
    }

    /// The engine.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Lets what is under way end, for a moment, gives back the rest, and closes everything.
    pub(crate) async fn end(self) {
        self.engine.drain(self.drain).await;
        self.engine.store().db().close().await;
    }
}

/// Brings the store's schema up to date.
pub(crate) async fn migrate(config: &Config) -> Result<()> {
    if config.store == StoreAt::Folder {
        make_folder(config)?;
    }
    wiring::open_database(config).await?.close().await;
    Ok(())
}

/// Copies everything of a data folder into an empty shared store; `told` hears of each table.
pub(crate) async fn copy(config: &Config, to: &str, told: impl Fn(&str, u64)) -> Result<db::CopyReport> {
    let folder = Config { store: StoreAt::Folder, ..config.clone() };
    let from = wiring::open_database(&folder).await?;
    let to = wiring::connect(to).await?;
    let copied = db::copy(&from, &to, told).await;
    to.close().await;
    from.close().await;
    copied.map_err(|error| Problem::failed(chain(&error)))
}

fn make_folder(config: &Config) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&config.data).map_err(|error| {
        Problem::io("create the data folder", &config.data, &error).hint("choose another with --data")
    })
}

fn cannot_listen(config: &Config, error: &std::io::Error) -> Problem {
    Problem::failed(format!("cannot listen on {}: {}", config.listen, reason(error)))
        .hint("is another server running there? choose another port with --listen, or 0 for a free one")
}
