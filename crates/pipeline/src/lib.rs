//! Pipelines: YAML ⇄ document → definition, with every problem found at once and placed in the text.
//!
//! ```text
//! YAML ──parse──▶ PipelineDocument ──compile──▶ Definition
//!   ▲                    │
//!   └──────to_yaml───────┘
//! ```
//!
//! Pure: no clock, IO or randomness. An application builds a `PipelineDocument` and calls [`compile`]; what people
//! write goes through [`compile_yaml`], which puts line and column to each problem.

mod canonical;
mod check;
mod decode;
mod diagnostic;
mod duration;
mod graph;
mod node;
mod write;

pub use canonical::hash;
pub use check::{
    MAX_ATTEMPTS, MAX_CONCURRENCY, MAX_FACTOR, MAX_NAME_CHARS, MAX_RETRY_DELAY_MS, MAX_TIMEOUT_MS,
    MAX_TITLE_CHARS, compile,
};
pub use decode::MAX_SOURCE_BYTES;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use duration::{format_millis, parse_millis};
pub use write::to_yaml;

use model::{Definition, PipelineDocument};

/// Reads a pipeline from YAML. Keys are checked, references are not: that is [`compile`]'s.
///
/// # Errors
/// All problems of shape, each with its line and column: unknown keys, wrong types, durations that do not parse.
pub fn parse(yaml: &str) -> Result<PipelineDocument, Diagnostics> {
    let located = decode::decode(yaml)?;
    located.problems.or(located.document)
}

/// Reads and compiles a pipeline from YAML, with line and column for problems of either.
///
/// # Errors
/// All problems found, in the order of the text.
pub fn compile_yaml(yaml: &str) -> Result<Definition, Diagnostics> {
    let decode::Located { document, places, problems } = decode::decode(yaml)?;
    // A name that could not be read would make every reference to it look wrong.
    let all_named = document.stages.iter().all(|stage| !stage.name.is_empty());
    let compiled = compile(document).map_err(|found| found.placed(&places));
    if problems.0.is_empty() {
        return compiled;
    }
    let further = compiled.err().unwrap_or_default().0.into_iter().filter(|further| {
        let spoilt = problems.0.iter().any(|known| known.part() == further.part());
        !spoilt && (all_named || further.code != "unknown_stage")
    });
    let mut all = Diagnostics(further.collect());
    all.0.extend(problems.0);
    Err(all.placed(&places))
}

#[cfg(test)]
mod tests;
