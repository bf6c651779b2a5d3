//! Strict fakes of services on the internet: real HTTP servers on a port of their own, with state of their own, which check
//! documents as the real ones do and misbehave as they are told. For tests only.
//!
//! ```no_run
//! use fakes::{Fault, Rule, azure::FakeAzure};
//! let azure = FakeAzure::start(Default::default());
//! azure.faults().add(Rule::new(Fault::DropAfter).on("create").times(1));
//! // … let a connector with azure.settings() and azure.token() deliver …
//! assert!(azure.duplicates().is_empty());
//! ```
//! Every fake runs on a thread of its own and ends when it is dropped. `cargo run -p headway-fakes -- azure 7001` runs one as
//! a process, steered through `/_control`.

pub mod azure;
mod faults;
pub mod github;
pub mod openai;
mod server;
pub mod webhook;

pub use faults::{Fault, Faults, Rule};
pub use server::{Request, Response, Seen, Server, Service};
