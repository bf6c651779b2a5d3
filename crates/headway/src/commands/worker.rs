//! `headway worker`: works on the runs of a shared store, until Ctrl-C.

use crate::{
    args::{Global, Worker as Args},
    config::{Config, RawConfig, StoreAt},
    interrupt::Interrupt,
    local::{LocalServer, LocalWorker, Purpose},
    output::Output,
    problem::{Exit, Problem, Result},
};
use serde_json::json;

pub(super) async fn worker(global: &Global, args: Args, output: Output) -> Result<Exit> {
    let mut interrupt = Interrupt::listen()?;
    super::temporal::check(&args.engine)?;
    let flags = RawConfig {
        listen: args.listen.map(|address| address.to_string()),
        media_roots: (!args.media_roots.is_empty()).then_some(args.media_roots),
        ..RawConfig::default()
    };
    let config = Config::load(global, flags)?;
    crate::logging::start(&config.log)?;
    let StoreAt::Server { place, .. } = config.store.clone() else {
        return Err(Problem::usage("a worker works beside others, on a store that they share")
            .hint("name it with --store postgres://user:password@host/database, or use `headway serve`"));
    };
    let node = match args.listen {
        Some(_) => Node::Answering(LocalServer::start(config, Purpose::Worker).await?),
        None => Node::Silent(LocalWorker::start(&config).await?),
    };
    let host = super::temporal::begin(&args.engine, node.engine())?;
    let address = node.address();
    if output.json {
        output.object(&json!({ "store": place, "address": address, "pid": std::process::id() }));
    } else {
        output.line(&format!("working on the runs of {place}"));
        if let Some(address) = address {
            output.line(&format!("  answers    at {address}"));
        }
        output.line("  end        Ctrl-C; what it holds goes to the other workers");
    }
    interrupt.asked().await;
    output.note("ending: attempts under way may finish; once more to end at once");
    host.end().await;
    match node {
        Node::Answering(server) => server.end().await,
        Node::Silent(worker) => worker.end().await,
    }
    Ok(Exit::Done)
}

/// A worker, with or without a server of its own.
enum Node {
    Answering(LocalServer),
    Silent(LocalWorker),
}

impl Node {
    fn engine(&self) -> &engine::Engine {
        match self {
            Self::Answering(server) => server.engine(),
            Self::Silent(worker) => worker.engine(),
        }
    }

    fn address(&self) -> Option<&str> {
        match self {
            Self::Answering(server) => Some(server.address()),
            Self::Silent(_) => None,
        }
    }
}
