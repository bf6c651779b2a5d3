//! The `headway` binary: arguments → configuration → one command → exit code.

mod args;
mod client;
mod config;
mod output;
mod problem;

fn main() {}
