//! The core: what a run does next, as pure functions.
//!
//! [`advance`] takes a run, an input and the time, and answers with events (facts to keep) and commands (work for the
//! host). [`apply`] folds an event into a run. There is no clock, randomness, IO or SQL in here: two hosts drive the
//! same code, and every rule can be tested by calling a function.
//!
//! ```text
//! (Run, Input, now) ──advance──▶ events ──apply──▶ Run
//!                          └───▶ commands ─▶ the host: create, release, retry, cancel tasks
//! ```
//!
//! The core sees tasks only as counts by stage; items are rows in the store. A run of a million items is as small here
//! as one of three.

mod again;
mod apply;
mod breaker;
pub mod condition;
mod delivery;
mod graph;
mod machine;
mod outcome;
mod pacer;
mod retry;
mod table;
mod verbs;

pub use apply::apply;
pub use breaker::{Breaker, BreakerState};
pub use delivery::{DeliveryInput, DeliveryPolicy, MAX_PAUSE_MS, Settled, Standing, settle_delivery};
pub use graph::input_items;
pub use machine::{Command, Machine, Refused, Transition, advance, new_run};
pub use pacer::{Hint, Pacer};
pub use retry::{MAX_ASKED_DELAY_MS, delay_ms};
pub use table::{InputKind, is_legal};
