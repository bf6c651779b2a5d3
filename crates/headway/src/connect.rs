//! Which server a command talks to: the one it names, the one that owns the data folder, or one of its own.
//!
//! ```text
//! --server URL ───────────────────────────────▶ that one
//! <data>/server.json answers ─────────────────▶ that one
//! otherwise: the same server, in this process, on 127.0.0.1 and a free port, ended with the command
//! ```

use crate::{
    args::Global,
    client::{Client, follow::Patience},
    config::{Config, RawConfig},
    local::{LocalServer, Purpose},
    output::Output,
    problem::{Exit, Problem, Result},
    server_file::ServerFile,
};
use std::{net::SocketAddr, time::Duration};

/// How long to wait for a server that owns the data folder but does not answer: it may be starting or ending.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// A server to talk to, and what it takes to find another when it goes away.
pub(crate) struct Session {
    global: Global,
    flags: RawConfig,
    purpose: Purpose,
    client: Client,
    local: Option<LocalServer>,
    pub(crate) output: Output,
}

impl Session {
    /// Finds or starts a server.
    pub(crate) async fn open(
        global: &Global,
        flags: RawConfig,
        purpose: Purpose,
        output: Output,
    ) -> Result<Self> {
        let (client, local) = connect(global, &flags, purpose).await?;
        Ok(Self { global: global.clone(), flags, purpose, client, local, output })
    }

    /// The server's API.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// How long to wait for this server, should it go away.
    pub(crate) fn patience(&self) -> Patience {
        if self.global.server.is_some() { Patience::Much } else { Patience::Little }
    }

    /// Whether the server is in this process, and so ends with the command.
    pub(crate) fn is_local(&self) -> bool {
        self.local.is_some()
    }

    /// Finds or starts another server after this one went away. A server that was named is not replaced.
    pub(crate) async fn reopen(&mut self, gone: Problem) -> Result<()> {
        if self.global.server.is_some() {
            return Err(gone);
        }
        if let Some(local) = self.local.take() {
            local.end().await;
        }
        self.output.note("the server is gone; going on with another");
        (self.client, self.local) = connect(&self.global, &self.flags, self.purpose).await?;
        Ok(())
    }

    /// Ends the server, where it is in this process.
    pub(crate) async fn close(self) {
        if let Some(local) = self.local {
            local.end().await;
        }
    }
}

/// The server that owns the data folder and answers, if there is one.
pub(crate) async fn owner(config: &Config) -> Option<(ServerFile, Client)> {
    let file = ServerFile::read(&config.data)?;
    let client = Client::new(&file.address, Some(file.token.clone())).ok()?;
    client.answers().await.then_some((file, client))
}

async fn connect(
    global: &Global,
    flags: &RawConfig,
    purpose: Purpose,
) -> Result<(Client, Option<LocalServer>)> {
    if let Some(server) = &global.server {
        return Ok((Client::new(server, token(global)?)?, None));
    }
    let mut config = Config::load(global, flags.clone())?;
    if std::env::var_os("HEADWAY_LOG_LEVEL").is_none() {
        // Bars and log lines do not mix; what matters is told as news of the run.
        "error".clone_into(&mut config.log.level);
    }
    crate::logging::start(&config.log)?;
    let start = tokio::time::Instant::now();
    loop {
        if let Some((_, client)) = owner(&config).await {
            return Ok((client, None));
        }
        let mut own = config.clone();
        own.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        own.dev = false;
        match LocalServer::start(own, purpose).await {
            Ok(local) => {
                let client = Client::new(local.address(), Some(local.token().to_owned()))?;
                return Ok((client, Some(local)));
            }
            // It may be starting, or ending: then one of the two ways will be free soon.
            Err(problem) if problem.exit == Exit::Unreachable && start.elapsed() < PATIENCE => {
                tokio::time::sleep(LOOK).await;
            }
            Err(problem) => return Err(problem),
        }
    }
}

fn token(global: &Global) -> Result<Option<String>> {
    match &global.token_file {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| Problem::io("read", path, &error))?;
            Ok(Some(text.trim().to_owned()))
        }
        None => Ok(std::env::var("HEADWAY_TOKEN").ok().filter(|token| !token.is_empty())),
    }
}
