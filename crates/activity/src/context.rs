//! What an attempt is given.

use crate::{Effects, connector::PaceHint};
use model::{Item, RunId};
use serde_json::{Value, value::RawValue};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio_util::sync::CancellationToken;

/// Which attempt this is, and on what.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The run.
    pub run: RunId,
    /// The stage's name.
    pub stage: Arc<str>,
    /// The item's key; empty for a stage's single task.
    pub key: Arc<str>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The item's data.
    pub data: Arc<RawValue>,
    /// The stage's parameters.
    pub params: Arc<Value>,
    /// The run's input.
    pub input: Arc<Value>,
}

/// Everything an attempt may use. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    attempt: Arc<Attempt>,
    cancel: CancelFlag,
    db: db::Db,
    link: Arc<dyn Link>,
}

/// What the host does for a running attempt. Implemented by the engine, and by tests.
pub trait Link: Send + Sync {
    /// Commits a chunk; resolves when it is durable.
    fn emit(&self, chunk: Chunk) -> Pin<Box<dyn Future<Output = Result<(), EmitError>> + Send + '_>>;
    /// As [`Link::emit`], from a thread that may block.
    fn emit_blocking(&self, chunk: Chunk) -> Result<(), EmitError>;
    /// Shows where the attempt is. Never blocks; the newest figure wins. Counts as a heartbeat.
    fn progress(&self, progress: Progress);
    /// Writes a line of the run's log. Never blocks. Counts as a heartbeat.
    fn log(&self, line: Log);
    /// Says that the attempt is alive.
    fn heartbeat(&self);
    /// Passes on what a service said of its pace. Never blocks. Hosts that do not pace ignore it.
    fn pace(&self, _hint: PaceHint) {}
}

/// Items and effects that a long attempt commits while it runs.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Items for the stages fed by this one. A key that the stage has already adds nothing.
    pub items: Vec<Item>,
    /// Written in the same transaction. Its statements may run again after a crash, so each must be idempotent
    /// (`INSERT … ON CONFLICT DO NOTHING`).
    pub effects: Effects,
}

/// A chunk could not be committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// The attempt is no longer the task's: its run ended or its lease passed on. Return `Outcome::Cancelled`.
    #[error("the attempt no longer holds its task")]
    Superseded,
    /// The store refused the chunk, for example because the disk is full.
    #[error("the chunk could not be stored: {0}")]
    Refused(String),
}

/// Where an attempt is: absolute figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all; 0 where unknown.
    pub total: u64,
    /// What it is at, such as a file's name.
    pub message: Arc<str>,
}

/// A line of the run's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// The line.
    pub message: Arc<str>,
}

/// Tells an attempt to stop, on async code and on threads alike.
#[derive(Clone, Debug, Default)]
pub struct CancelFlag {
    token: CancellationToken,
    raised: Arc<AtomicBool>,
}

impl CancelFlag {
    /// Tells the attempt to stop.
    pub fn raise(&self) {
        self.raised.store(true, Ordering::Release);
        self.token.cancel();
    }

    /// Whether the attempt should stop.
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Acquire)
    }
}

impl Context {
    /// A context for `attempt`; made by hosts and tests.
    pub fn new(attempt: Arc<Attempt>, cancel: CancelFlag, db: db::Db, link: Arc<dyn Link>) -> Self {
        Self { attempt, cancel, db, link }
    }

    /// Which attempt this is, and on what.
    pub fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    /// The item's data, read as `T`.
    ///
    /// # Errors
    /// Where the data is not a `T`.
    pub fn data<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.attempt.data.get())
    }

    /// The run's input, read as `T`.
    ///
    /// # Errors
    /// Where the input is not a `T`.
    pub fn input<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&*self.attempt.input)
    }

    /// The stage's parameters, read as `T`.
    ///
    /// # Errors
    /// Where the parameters are not a `T`.
    pub fn params<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&*self.attempt.params)
    }

    /// For reading. Writing goes through [`Effects`].
    pub fn db(&self) -> &db::Db {
        &self.db
    }

    /// Commits items and effects now; resolves when they are durable.
    ///
    /// # Errors
    /// [`EmitError`].
    pub async fn emit(&self, chunk: Chunk) -> Result<(), EmitError> {
        self.link.emit(chunk).await
    }

    /// As [`Context::emit`], from a CPU activity.
    ///
    /// # Errors
    /// [`EmitError`].
    pub fn emit_blocking(&self, chunk: Chunk) -> Result<(), EmitError> {
        self.link.emit_blocking(chunk)
    }

    /// Shows where the attempt is; the newest figure wins.
    pub fn progress(&self, done: u64, total: u64, message: impl Into<Arc<str>>) {
        self.link.progress(Progress { done, total, message: message.into() });
    }

    /// Writes a line of the run's log: level `debug`, `info`, `warn` or `error`.
    pub fn log(&self, level: &'static str, message: impl Into<Arc<str>>) {
        self.link.log(Log { level, message: message.into() });
    }

    /// Says that the attempt is alive.
    pub fn heartbeat(&self) {
        self.link.heartbeat();
    }

    /// Passes on what the headers of a rate-limited service's answer said of its pace, of any status; the limit
    /// `bucket:<name>` of the activity follows it. A refusal (429) is passed on by failing with
    /// `Retryability::Throttled` instead.
    pub fn pace(&self, hint: PaceHint) {
        self.link.pace(hint);
    }

    /// Whether the attempt should stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_raised()
    }

    /// Resolves when the attempt should stop.
    pub async fn cancelled(&self) {
        self.cancel.token.cancelled().await;
    }
}
