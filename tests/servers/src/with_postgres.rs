//! `with-postgres COMMAND…`: runs a command with a PostgreSQL server beside it, which its tests share.

use headway_servers::{Postgres, SERVER, is_skipped};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let Some(program) = args.next() else {
        eprintln!("usage: with-postgres COMMAND [ARGUMENT…]");
        return ExitCode::from(2);
    };
    let mut command = Command::new(program);
    command.args(args);
    let server = match is_skipped("postgres") {
        true => None,
        false => match Postgres::start() {
            Ok(server) => Some(server),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        },
    };
    if let Some(server) = &server {
        command.env(SERVER, &server.url);
    }
    match command.status() {
        Ok(status) => ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)),
        Err(error) => {
            eprintln!("cannot run the command: {error}");
            ExitCode::FAILURE
        }
    }
}
