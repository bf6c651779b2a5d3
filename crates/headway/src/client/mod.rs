//! The command line as a client of the HTTP API, as any other program could be.

pub(crate) mod follow;
pub(crate) mod http;
mod sse;
#[cfg(test)]
mod tests;
pub(crate) mod view;

pub(crate) use http::{Client, segment};
