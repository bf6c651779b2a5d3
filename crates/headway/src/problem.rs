//! What went wrong, as the person at the terminal reads it, and how the process ends.

use std::fmt;

/// How the process ends. Documented in `docs/cli.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done; where a run was followed, it completed.
    Done = 0,
    /// The command or the run failed.
    Failed = 1,
    /// Wrong flags, arguments or configuration; nothing was done.
    Usage = 2,
    /// The run completed with errors.
    WithErrors = 3,
    /// The run was cancelled.
    Cancelled = 4,
    /// No server could be reached or started, or it refused the token.
    Unreachable = 5,
    /// Interrupted by Ctrl-C or SIGTERM; runs are durable and go on later.
    Interrupted = 130,
}

impl Exit {
    /// As the system takes it.
    pub(crate) fn code(self) -> std::process::ExitCode {
        std::process::ExitCode::from(self as u8)
    }

    /// How a command that followed a run ends, by the run's state.
    pub(crate) fn of_run(state: &str) -> Self {
        match state {
            "completed_with_errors" => Self::WithErrors,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            _ => Self::Done,
        }
    }
}

/// What went wrong: one line of what and where, one of what to do.
#[derive(Debug)]
pub(crate) struct Problem {
    /// What happened and where.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// Stable word, where the server gave one.
    pub(crate) code: Option<String>,
    /// How the process ends.
    pub(crate) exit: Exit,
}

impl Problem {
    /// A command that failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, code: None, exit: Exit::Failed }
    }

    /// Wrong arguments or configuration.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::failed(message) }
    }

    /// No server to talk to.
    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self { exit: Exit::Unreachable, ..Self::failed(message) }
    }

    /// The same with what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with the server's word for it.
    pub(crate) fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// A failed file operation: which, where, why.
    pub(crate) fn io(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::failed(format!("cannot {what} {}: {}", path.display(), reason(error)))
    }
}

/// The system's reason without its number.
pub(crate) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// An error with its causes on one line, for messages that end with a reason.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// This crate's result.
pub(crate) type Result<T> = std::result::Result<T, Problem>;
