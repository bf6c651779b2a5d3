//! `headway runs`: lists runs, or shows one.

use super::follow::read_run;
use crate::{
    args::{Global, Runs as Args},
    client::{
        http::Ignored,
        segment,
        view::{Page, Run},
    },
    config::RawConfig,
    connect::Session,
    local::Purpose,
    output::{
        Output, Tone,
        text::{cut, duration, grouped, rate, safe, table, time},
    },
    problem::{Exit, Problem, Result},
};

const STATES: [&str; 8] =
    ["queued", "running", "waiting", "paused", "completed", "completed_with_errors", "failed", "cancelled"];

pub(super) async fn runs(global: &Global, args: Args, output: Output) -> Result<Exit> {
    if let Some(state) = args.states.iter().find(|state| !STATES.contains(&state.as_str())) {
        return Err(Problem::usage(format!("'{state}' is no state of a run"))
            .hint(format!("states: {}", STATES.join(", "))));
    }
    let session = Session::open(global, RawConfig::default(), Purpose::Verbs, output).await?;
    match &args.run {
        Some(run) => show(&session, run).await?,
        None => list(&session, &args).await?,
    }
    session.close().await;
    Ok(Exit::Done)
}

async fn list(session: &Session, args: &Args) -> Result<()> {
    let mut path = format!("/api/v1/runs?limit={}", args.limit);
    if !args.states.is_empty() {
        path += &format!("&state={}", args.states.join(","));
    }
    if let Some(pipeline) = &args.pipeline {
        path += &format!("&pipeline={}", segment(pipeline));
    }
    let output = session.output;
    if output.json {
        let page: Page<Ignored> = session.client().get(&path).await?;
        page.items.iter().for_each(|run| output.object(run));
        return Ok(());
    }
    let page: Page<Run> = session.client().get(&path).await?;
    if page.items.is_empty() {
        output.note("no runs yet; start one with `headway ingest DIR` or `headway run FILE.yaml`");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = page.items.iter().map(row).collect();
    let mut lines = table(&["RUN", "STATE", "DONE", "STARTED", "TOOK", "TITLE"], &rows).into_iter();
    output.line(&output.tone(Tone::Strong, &lines.next().unwrap_or_default()));
    for (line, run) in lines.zip(&page.items) {
        let tone = Tone::of_state(&run.state);
        output.line(&line.replacen(&run.state, &output.tone(tone, &run.state), 1));
    }
    if page.next_cursor.is_some() {
        output.note(&format!("the newest {} are shown; --limit shows more", page.items.len()));
    }
    Ok(())
}

fn row(run: &Run) -> Vec<String> {
    vec![
        run.id.clone(),
        run.state.clone(),
        format!("{} of {}", grouped(run.figures.done as i64), grouped(run.figures.total as i64)),
        time(run.started_at.or(Some(run.created_at))),
        took(run),
        cut(&safe(run.name()), 60),
    ]
}

fn took(run: &Run) -> String {
    match (run.started_at, run.ended_at) {
        (Some(start), Some(end)) => duration(end - start),
        _ => "-".to_owned(),
    }
}

async fn show(session: &Session, id: &str) -> Result<()> {
    let output = session.output;
    if output.json {
        let run: Ignored = session.client().get(&format!("/api/v1/runs/{}", segment(id))).await?;
        output.object(&run);
        return Ok(());
    }
    let run = read_run(session, id).await?;
    let state = output.tone(Tone::of_state(&run.state), &run.state);
    output.line(&format!("{} {state}  {}", run.id, safe(run.name())));
    output.line(&format!(
        "pipeline {} version {}, created {} by {}, took {}",
        safe(&run.pipeline.name),
        run.pipeline.version,
        time(Some(run.created_at)),
        safe(&run.created_by),
        took(&run)
    ));
    if let Some(error) = &run.error {
        output.line(&format!("{} [{}]", output.tone(Tone::Bad, &safe(&error.message)), safe(&error.code)));
    }
    for waiting in &run.waiting_for {
        output.line(&format!("waits for a signal: headway signal {} {}", run.id, safe(&waiting.signal)));
    }
    let rows: Vec<Vec<String>> = run
        .stages
        .iter()
        .map(|stage| {
            let done = format!("{} of {}", grouped(stage.done as i64), grouped(stage.total as i64));
            let counts = [stage.failed, stage.skipped, stage.in_flight].map(|count| grouped(count as i64));
            let [failed, skipped, in_flight] = counts;
            vec![
                stage.name.clone(),
                stage.state.clone(),
                done,
                failed,
                skipped,
                in_flight,
                rate(stage.rate_per_s),
            ]
        })
        .collect();
    output.line("");
    for line in table(&["STAGE", "STATE", "DONE", "FAILED", "SKIPPED", "IN FLIGHT", "RATE"], &rows) {
        output.line(&line);
    }
    if !run.counters.is_empty() {
        let counters = run.counters.iter().map(|(name, count)| format!("{} {}", safe(name), grouped(*count)));
        output.line("");
        output.line(&counters.collect::<Vec<_>>().join(", "));
    }
    Ok(())
}
