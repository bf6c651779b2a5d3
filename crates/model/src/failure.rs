//! How attempts fail: stored data, not Rust errors.

use serde::{Deserialize, Serialize};

/// What went wrong, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskError {
    /// Stable word for the cause, such as `too_large`.
    pub code: String,
    /// What happened and where, in one sentence.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl TaskError {
    /// An error without a hint.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), help: None }
    }

    /// The same error with a hint on what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Whether another attempt could succeed: set where the failure arises, never guessed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retryability {
    /// The same attempt would fail the same way.
    Permanent,
    /// Another attempt may succeed; uses up an attempt.
    Transient,
    /// The other side asked to come back after this many milliseconds; uses up an attempt.
    After(u64),
    /// Rate limited (429): try after this many milliseconds; uses up no attempt.
    Throttled(u64),
}

/// An attempt's failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What went wrong.
    pub error: TaskError,
    /// Whether another attempt could succeed.
    pub retry: Retryability,
}

impl Failure {
    /// A failure that no further attempt can mend.
    pub fn permanent(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { error: TaskError::new(code, message), retry: Retryability::Permanent }
    }

    /// A failure that another attempt may mend.
    pub fn transient(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { error: TaskError::new(code, message), retry: Retryability::Transient }
    }
}
