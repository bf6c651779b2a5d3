//! One module a command.

mod backlog;
mod backup;
mod config;
mod deliveries;
mod destinations;
mod doctor;
mod follow;
mod ingest;
mod run;
mod runs;
mod sample;
mod serve;
mod store;
mod temporal;
mod token;
mod verbs;
mod watch;
mod worker;

use crate::{
    args::{Cli, Command},
    output::Output,
    problem::{Exit, Problem, Result},
};
use clap::CommandFactory;
use serde_json::Value;
use std::{io::Read, path::Path};

/// Longest JSON that is read for an input or a payload, in bytes.
const MAX_JSON_BYTES: u64 = 4 * 1024 * 1024;

/// Runs the command.
pub(crate) async fn dispatch(cli: Cli, output: Output) -> Result<Exit> {
    let global = &cli.global;
    match cli.command {
        Command::Serve(args) => serve::serve(global, args, output).await,
        Command::Worker(args) => worker::worker(global, args, output).await,
        Command::Migrate => store::migrate(global, output).await,
        Command::Copy(args) => store::copy(global, args, output).await,
        Command::Run(args) => run::run(global, args, output).await,
        Command::Ingest(args) => ingest::ingest(global, args, output).await,
        Command::Backlog(args) => backlog::backlog(global, args, output).await,
        Command::Deliveries(args) => deliveries::deliveries(global, args, output).await,
        Command::Destinations(args) => destinations::destinations(global, args, output).await,
        Command::Runs(args) => runs::runs(global, args, output).await,
        Command::Watch(args) => watch::watch(global, args, output).await,
        Command::Cancel(args) => verbs::cancel(global, args, output).await,
        Command::Pause(args) => verbs::pause(global, args, output).await,
        Command::Resume(args) => verbs::resume(global, args, output).await,
        Command::Retry(args) => verbs::retry(global, args, output).await,
        Command::Signal(args) => verbs::signal(global, args, output).await,
        Command::Backup(args) => backup::backup(global, args, output).await,
        Command::Restore(args) => backup::restore(global, args, output),
        Command::Token(args) => token::token(global, args, output).await,
        Command::Doctor(args) => doctor::doctor(global, args, output).await,
        Command::Config(args) => config::config(global, &args, output),
        Command::Sample(args) => sample::sample(args, output).await,
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "headway", &mut script);
            output.line(String::from_utf8_lossy(&script).trim_end());
            Ok(Exit::Done)
        }
    }
}

/// JSON given as an argument: itself, `@FILE`, or `@-` for standard input.
fn json_argument(name: &str, text: &str) -> Result<Value> {
    let (text, whence) = match text.strip_prefix('@') {
        None => (text.to_owned(), format!("--{name}")),
        Some("-") => {
            (limited(std::io::stdin().lock(), Path::new("standard input"))?, "standard input".to_owned())
        }
        Some(file) => {
            let path = Path::new(file);
            let opened = std::fs::File::open(path);
            let opened = opened.map_err(|error| usage(Problem::io("read", path, &error)))?;
            (limited(opened, path)?, file.to_owned())
        }
    };
    serde_json::from_str(&text).map_err(|error| {
        Problem::usage(format!("{whence} is not JSON: {error}"))
            .hint(format!("write --{name} '{{\"name\": \"value\"}}', or --{name} @file.json"))
    })
}

/// The text of `reader`, up to a limit.
fn limited(reader: impl Read, path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = reader.take(MAX_JSON_BYTES + 1).read_to_string(&mut text);
    let read = read.map_err(|error| usage(Problem::io("read", path, &error)))?;
    if read as u64 > MAX_JSON_BYTES {
        return Err(Problem::usage(format!("{} is larger than 4 MiB", path.display())));
    }
    Ok(text)
}

fn usage(problem: Problem) -> Problem {
    Problem { exit: Exit::Usage, ..problem }
}
