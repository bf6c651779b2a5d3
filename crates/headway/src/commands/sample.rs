//! `headway sample`: media to try an ingest with.

use crate::{
    args::Sample as Args,
    output::{
        Output,
        text::{bytes, safe},
    },
    problem::{Exit, Problem, Result, chain},
};
use ingest::sample::{Broken, SampleError, SampleOptions, write_sample};

pub(super) async fn sample(args: Args, output: Output) -> Result<Exit> {
    let options = SampleOptions {
        count: args.count,
        broken: if args.broken { Broken::With } else { Broken::Without },
        seed: args.seed,
        ..SampleOptions::default()
    };
    let directory = args.directory.clone();
    let written = tokio::task::spawn_blocking(move || write_sample(&directory, options)).await;
    let report = written.map_err(|error| Problem::failed(format!("making samples broke off: {error}")))?;
    let report = report.map_err(|error| match error {
        SampleError::Options { .. } | SampleError::NotEmpty { .. } | SampleError::Marker { .. } => {
            Problem::usage(chain(&error))
        }
        error => Problem::failed(chain(&error)),
    })?;
    if output.json {
        output.object(&report);
        return Ok(Exit::Done);
    }
    let kinds: Vec<_> = report.by_kind.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let broken = match report.broken.len() {
        0 => String::new(),
        count => format!(", and {count} broken ones"),
    };
    output.line(&format!(
        "{}: {} ({}){broken}",
        report.directory.display(),
        kinds.join(", "),
        bytes(report.bytes)
    ));
    for note in &report.notes {
        output.note(&safe(note));
    }
    output.note(&format!("next: headway ingest {}", args.directory.display()));
    Ok(Exit::Done)
}
