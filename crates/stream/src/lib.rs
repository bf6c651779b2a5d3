//! Live progress: what goes outside ([`wire`]), and how it gets to those who follow.
//!
//! ```text
//! engine ─commit─▶ sequencer ─feed order─▶ channels (ring of lossless events, conflated progress)
//!                                             ▲ cursor and dirty bit, no queue
//!                                          followers ◀─pages─ store (whenever the ring no longer reaches back)
//! ```
//!
//! Notifications are hints, the store is the truth: a follower that misses anything in memory reads it from the store.

mod channel;
mod conflate;
mod cursor;
mod error;
mod figures;
#[cfg(feature = "fixture")]
pub mod fixture;
mod follower;
mod hub;
mod meter;
mod open;
mod poll;
mod replay;
mod ring;
mod sequencer;
mod sse;
mod ticker;
mod waiter;
pub mod wire;

pub use channel::Topic;
pub use cursor::{Cursor, CursorError, Position};
pub use error::{Error, Result};
pub use figures::ItemProgress;
pub use follower::{Fidelity, Follower};
pub use hub::{Commit, Gauges, Hub, HubOptions, HubStats, MIN_INTERVAL};
pub use open::{Audience, Follow, MAX_RUNS_A_STREAM, Opened, Subjects};
pub use poll::{MAX_WAIT, Pulse};
pub use waiter::Standing;
