//! The server over real HTTP: port 0, a store of its own in a temporary folder, the real engine.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test, with a line number")]

extern crate headway_server as server;

mod access;
mod audit;
mod dev;
mod files;
mod problems;
mod repeats;
mod runs;
mod sessions;
mod site;
mod system;
mod tokens;
