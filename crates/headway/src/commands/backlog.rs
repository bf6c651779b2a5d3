//! `headway backlog`: a vision becomes a backlog, and the backlog reaches a tracker.

use super::follow::{AtWaiting, Followed, follow, interrupted, read_ended};
use crate::{
    args::{Backlog as Args, Global},
    client::{
        segment,
        view::{BacklogView, DestinationView, Page, Run},
    },
    config::RawConfig,
    connect::Session,
    interrupt::Interrupt,
    local::Purpose,
    output::{
        Output, Tone,
        text::{duration, grouped, safe},
    },
    problem::{Exit, Problem, Result},
};
use serde_json::{Value, json};
use std::{path::Path, time::Instant};

pub(super) async fn backlog(global: &Global, args: Args, output: Output) -> Result<Exit> {
    let vision = read(&args.vision)?;
    let size = size(&args.size)?;
    let mut interrupt = Interrupt::listen()?;
    let start = Instant::now();
    let mut session = Session::open(global, RawConfig::default(), Purpose::Work, output).await?;
    let to = match &args.to {
        Some(to) => Some(destination(&session, to, &args.out).await?),
        None => None,
    };
    let mut body = json!({ "vision": vision, "to": to, "size": size, "review": !args.yes });
    for (name, value) in [
        ("author", args.author.as_ref().map(|author| json!(author))),
        ("budget_usd", args.budget.map(|budget| json!(budget))),
        ("title", args.title.as_ref().map(|title| json!(title))),
    ] {
        if let Some(value) = value {
            body[name] = value;
        }
    }
    let run: Run = session.client().post("/api/v1/backlog", &body).await?;
    if !output.json {
        output.note(&format!("run {} started", run.id));
    }
    let followed = follow(&mut session, &mut interrupt, &run.id, AtWaiting::Stop, |_| {}).await?;
    let exit = match followed {
        Followed::Interrupted => interrupted(&session, &run.id, &format!("headway watch {}", run.id)),
        Followed::Ended(_) => {
            read_ended(&session, &run.id).await?;
            report(&session, &run.id, start).await?
        }
        Followed::Waiting => report(&session, &run.id, start).await?,
    };
    session.close().await;
    Ok(exit)
}

fn read(path: &Path) -> Result<String> {
    if path == Path::new("-") {
        return super::limited(std::io::stdin().lock(), Path::new("standard input"));
    }
    let file = std::fs::File::open(path).map_err(|error| super::usage(Problem::io("read", path, &error)))?;
    super::limited(file, path)
}

/// `small`, or `5,6,6,6,5`.
fn size(text: &str) -> Result<Value> {
    if !text.contains(',') {
        return Ok(json!(text));
    }
    let numbers: std::result::Result<Vec<u32>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    match numbers.as_deref() {
        Ok([epics, features, stories, tasks, tests]) => Ok(json!({
            "epics": epics, "features": features, "stories": stories, "tasks": tasks, "tests": tests
        })),
        _ => Err(Problem::usage(format!("--size '{text}' is no size"))
            .hint("write small, medium, large, or five numbers: epics,features,stories,tasks,tests")),
    }
}

/// The name of the destination that is meant: by its name, or by its kind where there is one of it. Files need no
/// preparation: their destination is made.
async fn destination(session: &Session, wanted: &str, out: &Path) -> Result<String> {
    let page: Page<DestinationView> = session.client().get("/api/v1/destinations").await?;
    if page.items.iter().any(|known| known.name == wanted) {
        return Ok(wanted.to_owned());
    }
    let kind = wanted.replace('-', "_");
    let of_kind: Vec<&DestinationView> = page.items.iter().filter(|known| known.kind == kind).collect();
    match of_kind.as_slice() {
        [only] => Ok(only.name.clone()),
        [] if kind == "files" => {
            let out = std::path::absolute(out).map_err(|error| Problem::io("find", out, &error))?;
            let settings = json!({ "directory": out, "formats": ["csv", "json", "markdown"] });
            let body = json!({ "name": "files", "kind": "files", "settings": settings });
            let made: DestinationView = session.client().post("/api/v1/destinations", &body).await?;
            session.output.note(&format!("destination 'files' writes to {}", out.display()));
            Ok(made.name)
        }
        [] => Err(Problem::usage(format!("there is no destination '{wanted}'")).hint(format!(
            "add one: headway destinations add NAME --kind {kind} --set KEY=VALUE --secret-file FILE"
        ))),
        several => {
            let names: Vec<&str> = several.iter().map(|known| known.name.as_str()).collect();
            Err(Problem::usage(format!("there are several destinations of the kind '{wanted}'"))
                .hint(format!("name one: {}", names.join(", "))))
        }
    }
}

async fn report(session: &Session, run: &str, start: Instant) -> Result<Exit> {
    let view: BacklogView = session.client().get(&format!("/api/v1/backlog/{}", segment(run))).await?;
    let output = session.output;
    let state = view.run.state.as_str();
    let elapsed = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
    for note in &view.notes {
        output.note(&safe(note));
    }
    if state == "waiting" {
        output.note(&format!(
            "nothing has been sent yet. To look first: headway serve --dev, then open /backlog/{run}\n\
             To send it: headway signal {run} approve, then headway watch {run}"
        ));
    }
    if output.json {
        let deliveries = view.run.deliveries;
        output.object(&json!({
            "run": view.run.id, "state": state, "stats": view.stats, "deliveries": deliveries, "elapsed_ms": elapsed,
        }));
        return Ok(Exit::of_run(state));
    }
    let shown = output.tone(Tone::of_state(state), &state.replace('_', " "));
    output.line(&format!("{} {shown} after {}, written by {}", view.run.id, duration(elapsed), view.author));
    let stat = |name: &str| view.stats.get(name).copied().unwrap_or_default();
    for name in ["epics", "features", "stories", "tasks", "test_cases", "flagged", "regenerated"] {
        output.line(&format!("  {:<12}{:>7}", name.replace('_', " "), grouped(stat(name))));
    }
    if stat("cost_micro_usd") > 0 {
        output.line(&format!("  {:<12}{:>7.2} USD", "cost", stat("cost_micro_usd") as f64 / 1e6));
    }
    let deliveries = view.run.deliveries;
    if deliveries.staged > 0 {
        output.line(&format!(
            "  {:<12}{:>7} of {}",
            "delivered",
            grouped(deliveries.done as i64),
            grouped(deliveries.staged as i64)
        ));
    }
    if deliveries.dead > 0 {
        output.line(&format!(
            "  {} were refused: headway deliveries --run {run} --state dead; again: headway deliveries replay --run {run}",
            grouped(deliveries.dead as i64)
        ));
    }
    Ok(Exit::of_run(state))
}
