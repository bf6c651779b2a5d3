//! The log: lines on standard error.

use crate::{
    config::{Log, LogFormat},
    problem::{Problem, Result},
};
use tracing_subscriber::EnvFilter;

/// Begins to log as configured. A second call changes nothing.
pub(crate) fn start(log: &Log) -> Result<()> {
    let filter = EnvFilter::try_new(&log.level).map_err(|error| {
        Problem::usage(format!("the setting 'log.level' cannot be used: '{}': {error}", log.level))
            .hint("write error, warn, info, debug or trace, or a filter such as info,headway_engine=debug")
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber is refused, and the first one stays.
    let _ = match log.format {
        LogFormat::Json => lines.json().try_init(),
        LogFormat::Text => lines.with_ansi(colors()).with_target(false).try_init(),
    };
    Ok(())
}

fn colors() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
