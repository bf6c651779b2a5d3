//! Live progress: what goes outside ([`wire`]), and how it gets to those who follow.
//!
//! ```text
//! engine ─commit─▶ sequencer ─feed order─▶ channels (ring of lossless events, conflated progress)
//!                                             ▲ cursor and dirty bit, no queue
//!                                          followers ◀─pages─ store (whenever the ring no longer reaches back)
//! ```
//!
//! Notifications are hints, the store is the truth: a follower that misses anything in memory reads it from the store.

pub mod wire;
