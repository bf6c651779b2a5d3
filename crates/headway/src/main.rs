//! The `headway` binary: arguments → configuration → one command → exit code.

mod args;
mod client;
mod commands;
mod config;
mod connect;
mod interrupt;
mod local;
mod logging;
mod output;
mod problem;
mod server_file;

use clap::Parser;
use output::{Output, Surroundings};
use problem::{Exit, Problem};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results and no errors; clap knows which.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            return exit.code();
        }
    };
    let output = Output::new(&cli.global, Surroundings::here());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(commands::dispatch(cli, output)),
        Err(error) => Err(Problem::failed(format!("cannot start the runtime: {error}"))),
    };
    match result {
        Ok(exit) => exit.code(),
        Err(problem) => {
            output.problem(&problem);
            problem.exit.code()
        }
    }
}
