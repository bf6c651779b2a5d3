//! What the commands print: results to standard output, everything else to standard error.
//!
//! Colours and bars only on a terminal; a reader that closes its pipe ends the process quietly.

mod follow;
pub(crate) mod text;

pub(crate) use follow::{Watcher, watcher};

use crate::{
    args::{ColorChoice, Global},
    problem::Problem,
};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// How this process prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// Results as JSON lines.
    pub(crate) json: bool,
    /// Colours on standard output.
    color_out: bool,
    /// Colours on standard error.
    color_err: bool,
    /// Bars on standard error.
    pub(crate) bars: bool,
}

/// A colour by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Warn,
    Bad,
    Faint,
    Strong,
}

impl Tone {
    fn start(self) -> &'static str {
        match self {
            Self::Good => "\u{1b}[32m",
            Self::Warn => "\u{1b}[33m",
            Self::Bad => "\u{1b}[31m",
            Self::Faint => "\u{1b}[2m",
            Self::Strong => "\u{1b}[1m",
        }
    }

    /// The tone of a run's, stage's or task's state.
    pub(crate) fn of_state(state: &str) -> Self {
        match state {
            "completed" | "done" | "closed" => Self::Good,
            "failed" => Self::Bad,
            "completed_with_errors" | "waiting" | "paused" => Self::Warn,
            "cancelled" | "skipped" | "queued" | "pending" => Self::Faint,
            _ => Self::Strong,
        }
    }
}

/// What the environment says about colours and terminals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings {
    pub(crate) out_terminal: bool,
    pub(crate) err_terminal: bool,
    /// `NO_COLOR` is set and not empty.
    pub(crate) no_color: bool,
    /// `TERM=dumb`.
    pub(crate) dumb: bool,
}

impl Surroundings {
    /// Of this process.
    pub(crate) fn here() -> Self {
        Self {
            out_terminal: io::stdout().is_terminal(),
            err_terminal: io::stderr().is_terminal(),
            no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
            dumb: std::env::var_os("TERM").is_some_and(|value| value == "dumb"),
        }
    }
}

impl Output {
    /// By flags and surroundings.
    pub(crate) fn new(global: &Global, around: Surroundings) -> Self {
        let color = |terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !around.no_color && !around.dumb,
        };
        Self {
            json: global.json,
            color_out: color(around.out_terminal) && !global.json,
            color_err: color(around.err_terminal),
            bars: around.err_terminal && !around.dumb,
        }
    }

    /// `text` in a tone, for standard output.
    pub(crate) fn tone(&self, tone: Tone, text: &str) -> String {
        painted(self.color_out, tone, text)
    }

    /// `text` in a tone, for standard error.
    pub(crate) fn tone_err(&self, tone: Tone, text: &str) -> String {
        painted(self.color_err, tone, text)
    }

    /// A line of the result.
    pub(crate) fn line(&self, line: &str) {
        write(&mut io::stdout().lock(), line);
    }

    /// The result, or a part of it, as JSON on one line.
    pub(crate) fn object(&self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(line) => self.line(&line),
            Err(error) => self.note(&format!("a result has no JSON form: {error}")),
        }
    }

    /// A line beside the result: what is going on, what to do next.
    pub(crate) fn note(&self, line: &str) {
        write(&mut io::stderr().lock(), line);
    }

    /// What went wrong: one line and a hint, or one JSON object.
    pub(crate) fn problem(&self, problem: &Problem) {
        if self.json {
            let value = serde_json::json!({ "error": {
                "message": problem.message, "hint": problem.hint, "code": problem.code, "exit": problem.exit as u8,
            }});
            return self.note(&value.to_string());
        }
        let label = self.tone_err(Tone::Bad, "error:");
        self.note(&format!("{label} {}", text::safe(&problem.message)));
        if let Some(hint) = &problem.hint {
            let label = self.tone_err(Tone::Faint, "hint:");
            for (index, line) in hint.lines().enumerate() {
                let label = if index == 0 { label.as_str() } else { "     " };
                self.note(&format!("{label} {}", text::safe(line)));
            }
        }
    }
}

fn painted(color: bool, tone: Tone, text: &str) -> String {
    if color { format!("{}{text}\u{1b}[0m", tone.start()) } else { text.to_owned() }
}

/// A line to `to`. Where the reader has gone, there is nobody to tell: the process ends as if all had been read.
fn write(to: &mut impl Write, line: &str) {
    if let Err(error) = writeln!(to, "{line}").and_then(|()| to.flush())
        && error.kind() == io::ErrorKind::BrokenPipe
    {
        std::process::exit(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_only_where_they_are_wanted() {
        let terminal = Surroundings { out_terminal: true, err_terminal: true, no_color: false, dumb: false };
        let pipe = Surroundings { out_terminal: false, ..terminal };
        let refused = Surroundings { no_color: true, ..terminal };
        let dumb = Surroundings { dumb: true, ..terminal };
        let with = |color| Global { color, ..Global::default() };
        let colors = |global: &Global, around| Output::new(global, around).color_out;
        assert!(colors(&with(ColorChoice::Auto), terminal));
        assert!(!colors(&with(ColorChoice::Auto), pipe));
        assert!(!colors(&with(ColorChoice::Auto), refused));
        assert!(!colors(&with(ColorChoice::Auto), dumb));
        assert!(colors(&with(ColorChoice::Always), pipe));
        assert!(!colors(&with(ColorChoice::Never), terminal));
        assert!(!colors(&Global { json: true, ..with(ColorChoice::Always) }, terminal));
        assert!(!Output::new(&with(ColorChoice::Auto), dumb).bars);
    }
}
