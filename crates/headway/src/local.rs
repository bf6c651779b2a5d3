//! The server in this process: for `serve`, and for commands that find none.

use crate::{
    config::Config,
    problem::{Problem, Result},
};

/// What an own server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To carry runs on.
    Work,
    /// To read, or to change a run, and no more: nothing is begun that could not be ended in time.
    Verbs,
}

/// A server in this process.
pub(crate) struct LocalServer {
    address: String,
    token: String,
}

impl LocalServer {
    /// Opens the data folder, starts the engine and the server, and advertises it.
    pub(crate) async fn start(config: Config, purpose: Purpose) -> Result<Self> {
        let _ = (config, purpose);
        Err(Problem::unreachable("no server yet"))
    }

    /// Where it is: `http://127.0.0.1:8080`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A token for it.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Lets what is under way end, for a moment, and closes everything.
    pub(crate) async fn end(self) {}
}
