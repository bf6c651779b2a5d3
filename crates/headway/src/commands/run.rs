//! `headway run`: starts a run from a file or by name.

use super::{
    follow::{AtWaiting, Followed, follow, interrupted, read_ended},
    json_argument, limited, usage,
};
use crate::{
    args::{Global, Run as Args},
    client::view::Run,
    config::RawConfig,
    connect::Session,
    interrupt::Interrupt,
    local::Purpose,
    output::{
        Output, Tone,
        text::{duration, safe},
    },
    problem::{Exit, Problem, Result},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path, time::Instant};

pub(super) async fn run(global: &Global, args: Args, output: Output) -> Result<Exit> {
    let request = request(&args)?;
    let mut interrupt = Interrupt::listen()?;
    let start = Instant::now();
    let mut session = Session::open(global, RawConfig::default(), Purpose::Work, output).await?;
    let started: Run = session.client().post("/api/v1/runs", &request).await?;
    if !output.json {
        output.note(&format!("run {} of {} started", started.id, safe(&started.pipeline.name)));
    }
    if !args.follow && !session.is_local() {
        if output.json {
            output.object(&json!({ "run": started.id, "state": started.state }));
        } else {
            output.line(&started.id);
        }
        return Ok(Exit::Done);
    }
    if !args.follow {
        output.note("no server is running: staying until the run ends");
    }
    let followed = follow(&mut session, &mut interrupt, &started.id, AtWaiting::Stay, |_| {}).await?;
    let exit = match followed {
        Followed::Ended(_) => report(&session, &started.id, start).await?,
        _ => interrupted(&session, &started.id, &format!("headway watch {}", started.id)),
    };
    session.close().await;
    Ok(exit)
}

/// Prints how a run that was followed ended.
pub(super) async fn report(session: &Session, run: &str, start: Instant) -> Result<Exit> {
    let run = read_ended(session, run).await?;
    let output = session.output;
    let elapsed = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
    if output.json {
        output.object(&json!({
            "run": run.id, "state": run.state, "figures": run.figures, "counters": run.counters,
            "error": run.error, "elapsed_ms": elapsed,
        }));
        return Ok(Exit::of_run(&run.state));
    }
    let state = output.tone(Tone::of_state(&run.state), &run.state.replace('_', " "));
    let took = duration(run.ended_at.unwrap_or_default() - run.started_at.unwrap_or(run.created_at));
    output.line(&format!("{} {state} after {took}", run.id));
    if let Some(error) = &run.error {
        output.line(&format!("  {} [{}]", safe(&error.message), safe(&error.code)));
        if let Some(help) = &error.help {
            output.line(&format!("  {}", safe(help)));
        }
    }
    if run.figures.failed > 0 {
        output.line(&format!("  {} failed; to try them again: headway retry {}", run.figures.failed, run.id));
    }
    Ok(Exit::of_run(&run.state))
}

fn request(args: &Args) -> Result<Value> {
    let mut labels = BTreeMap::new();
    for label in &args.labels {
        let Some((key, value)) = label.split_once('=') else {
            return Err(
                Problem::usage(format!("the label '{label}' has no value")).hint("write --label key=value")
            );
        };
        labels.insert(key.to_owned(), value.to_owned());
    }
    let input = json_argument("input", &args.input)?;
    let mut request = match document(&args.pipeline)? {
        Some(document) => json!({ "document": document, "input": input }),
        None => json!({ "pipeline": args.pipeline, "input": input }),
    };
    if let Some(title) = &args.title {
        request["title"] = json!(title);
    }
    if !labels.is_empty() {
        request["labels"] = json!(labels);
    }
    Ok(request)
}

/// The YAML of a file, checked here so that its problems have places; `None` where a registered name is meant.
fn document(named: &str) -> Result<Option<String>> {
    let path = Path::new(named);
    let looks_like_file = named.contains('/') || named.ends_with(".yaml") || named.ends_with(".yml");
    if !looks_like_file && !path.is_file() {
        return Ok(None);
    }
    let file = std::fs::File::open(path).map_err(|error| usage(Problem::io("read", path, &error)))?;
    let yaml = limited(file, path)?;
    match pipeline::compile_yaml(&yaml) {
        Ok(_) => Ok(Some(yaml)),
        Err(problems) => {
            let lines: Vec<_> = problems.0.iter().map(|problem| format!("{named}:{problem}")).collect();
            let count = match lines.len() {
                1 => "a problem".to_owned(),
                many => format!("{many} problems"),
            };
            Err(Problem::usage(format!("{named} is no pipeline: it has {count}")).hint(lines.join("\n")))
        }
    }
}
