//! `headway destinations`: where deliveries go, and how the places do.

use crate::{
    args::{DestinationSettings, Destinations as Args, Global},
    client::{
        http::Ignored,
        segment,
        view::{DestinationView, Page, TaskError},
    },
    config::RawConfig,
    connect::Session,
    local::Purpose,
    output::{
        Output, Tone,
        text::{cut, grouped, rate, safe, table},
    },
    problem::{Exit, Problem, Result},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::path::Path;

pub(super) async fn destinations(global: &Global, args: Args, output: Output) -> Result<Exit> {
    let session = Session::open(global, RawConfig::default(), Purpose::Verbs, output).await?;
    let exit = match args {
        Args::List => list(&session).await?,
        Args::Add(args) => {
            let mut body = body(&args)?;
            body["name"] = json!(args.name);
            let added: DestinationView = session.client().post("/api/v1/destinations", &body).await?;
            said(&session, &added, &format!("added; try it with `headway destinations test {}`", args.name))
        }
        Args::Set(args) => {
            let path = format!("/api/v1/destinations/{}", segment(&args.name));
            let changed: DestinationView = session.client().put(&path, &body(&args)?).await?;
            said(&session, &changed, "has the new settings")
        }
        Args::Remove(args) => {
            session.client().delete(&format!("/api/v1/destinations/{}", segment(&args.name))).await?;
            if output.json {
                output.object(&json!({ "removed": args.name }));
            } else {
                output.line(&format!("destination {} is gone", safe(&args.name)));
            }
            Exit::Done
        }
        Args::Pause(args) => verb(&session, &args.name, "pause", &json!({ "reason": args.reason })).await?,
        Args::Resume(args) => verb(&session, &args.name, "resume", &json!({})).await?,
        Args::Test(args) => test(&session, &args.name).await?,
    };
    session.close().await;
    Ok(exit)
}

fn said(session: &Session, destination: &DestinationView, what: &str) -> Exit {
    let output = session.output;
    if output.json {
        output.object(destination);
    } else {
        output.line(&format!("destination {} {what}", safe(&destination.name)));
    }
    Exit::Done
}

async fn verb(session: &Session, name: &str, verb: &str, body: &Value) -> Result<Exit> {
    let path = format!("/api/v1/destinations/{}/{verb}", segment(name));
    let changed: DestinationView = session.client().post(&path, body).await?;
    let state = if changed.paused.is_some() { "is paused" } else { "goes on" };
    Ok(said(session, &changed, state))
}

async fn list(session: &Session) -> Result<Exit> {
    let output = session.output;
    if output.json {
        let page: Page<Ignored> = session.client().get("/api/v1/destinations").await?;
        page.items.iter().for_each(|destination| output.object(destination));
        return Ok(Exit::Done);
    }
    let page: Page<DestinationView> = session.client().get("/api/v1/destinations").await?;
    if page.items.is_empty() {
        output
            .note("no destinations yet; `headway destinations add NAME --kind files --set directory=/path`");
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = page.items.iter().map(row).collect();
    let head = ["NAME", "KIND", "STATE", "DONE", "UNDELIVERED", "DEAD", "RATE", "WHY"];
    let mut lines = table(&head, &rows).into_iter();
    output.line(&output.tone(Tone::Strong, &lines.next().unwrap_or_default()));
    lines.for_each(|line| output.line(&line));
    Ok(Exit::Done)
}

fn row(destination: &DestinationView) -> Vec<String> {
    let count = |names: &[&str]| {
        let sum: u64 = names.iter().filter_map(|name| destination.counts.get(*name)).sum();
        grouped(sum as i64)
    };
    let (state, why) = match (&destination.problem, &destination.paused) {
        (Some(problem), _) => ("unusable", problem.message.clone()),
        (None, Some(paused)) => ("paused", paused.reason.clone()),
        (None, None) if destination.breaker.state == "closed" => ("open", String::new()),
        (None, None) => ("away", destination.breaker.reason.clone().unwrap_or_default()),
    };
    vec![
        safe(&destination.name),
        safe(&destination.kind),
        state.to_owned(),
        count(&["done"]),
        count(&["pending", "leased", "retry", "unknown", "blocked"]),
        count(&["dead"]),
        rate(destination.delivered_per_s),
        cut(&safe(&why), 80),
    ]
}

fn body(args: &DestinationSettings) -> Result<Value> {
    let mut settings = Map::new();
    for setting in &args.settings {
        let (key, value) = setting.split_once('=').ok_or_else(|| {
            Problem::usage(format!("--set '{setting}' has no '='")).hint("write --set organization=contoso")
        })?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        settings.insert(key.to_owned(), value);
    }
    let mut body = json!({ "kind": args.kind.replace('-', "_"), "settings": settings });
    if let Some(path) = &args.secret_file {
        body["secret"] = Value::from(secret(path)?);
    }
    Ok(body)
}

/// A secret comes from a file: what stands on the command line is seen by everybody on the machine.
fn secret(path: &Path) -> Result<String> {
    let text = if path == Path::new("-") {
        super::limited(std::io::stdin().lock(), Path::new("standard input"))?
    } else {
        std::fs::read_to_string(path).map_err(|error| super::usage(Problem::io("read", path, &error)))?
    };
    Ok(text.trim().to_owned())
}

/// What a try of a destination found.
#[derive(Debug, Default, Deserialize, serde::Serialize)]
#[serde(default)]
struct Tried {
    ok: bool,
    message: String,
    error: Option<TaskError>,
}

async fn test(session: &Session, name: &str) -> Result<Exit> {
    let path = format!("/api/v1/destinations/{}/test", segment(name));
    let tried: Tried = session.client().post(&path, &json!({})).await?;
    let output = session.output;
    if output.json {
        output.object(&tried);
    } else {
        let (tone, word) = if tried.ok { (Tone::Good, "well") } else { (Tone::Bad, "not well") };
        output.line(&format!("{}: {} {}", safe(name), output.tone(tone, word), safe(&tried.message)));
        if let Some(help) = tried.error.and_then(|error| error.help) {
            output.note(&safe(&help));
        }
    }
    Ok(if tried.ok { Exit::Done } else { Exit::Failed })
}
