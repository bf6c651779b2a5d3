//! Runs that a Temporal cluster drives, on the real dev server: the same as on the native engine, through every kind of death.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod away;
mod commands;
mod delivered;
mod killed;
mod months;
mod same;
mod support;
#[expect(dead_code, reason = "the engine's own tests use the rest")]
#[path = "../../../engine/tests/tracker/mod.rs"]
mod tracker;
mod versions;
