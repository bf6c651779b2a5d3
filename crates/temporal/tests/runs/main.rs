//! Runs that a Temporal cluster drives, on the real dev server: the same as on the native engine, through every kind of death.

mod away;
mod commands;
mod killed;
mod same;
mod support;
