//! Problems of a pipeline, as people and programs read them.

use crate::node::Places;
use serde::Serialize;
use std::fmt;

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Stable word for the kind of problem, such as `unknown_key`.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where in the document, such as `stages[2].needs[0]`; empty for the document itself.
    pub path: String,
    /// Line in the YAML, from 1; `None` for documents that were not read from text.
    pub line: Option<u32>,
    /// Column in the YAML, from 1, in characters.
    pub column: Option<u32>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A problem at `path`, not yet placed in a text.
    pub(crate) fn new(code: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: path.into(), line: None, column: None, help: None }
    }

    /// The part of the document that it is about: a key of the pipeline, or a stage.
    pub(crate) fn part(&self) -> &str {
        self.path.split('.').next().unwrap_or_default()
    }

    /// The same problem with a hint.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same problem at a place of the text.
    pub(crate) fn at(mut self, place: Option<(u32, u32)>) -> Self {
        if let Some((line, column)) = place {
            self.line = Some(line);
            self.column = Some(column);
        }
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, "{line}:{column}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// All problems of a pipeline; never empty where it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// `value` where there are no problems; the problems otherwise.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The same problems with their places in the text, in its order.
    pub(crate) fn placed(mut self, places: &Places) -> Self {
        for diagnostic in &mut self.0 {
            if diagnostic.line.is_none()
                && let Some((line, column)) = places.nearest(&diagnostic.path)
            {
                diagnostic.line = Some(line);
                diagnostic.column = Some(column);
            }
        }
        self.0.sort_by_key(|d| (d.line, d.column));
        self
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
