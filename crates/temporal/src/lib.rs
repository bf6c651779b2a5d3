//! The Temporal host.
