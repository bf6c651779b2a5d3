//! Commands that change a run: `cancel`, `pause`, `resume`, `retry`, `signal`.

use super::json_argument;
use crate::{
    args::{Cancel, Global, OneRun, Retry, Signal},
    client::{http::Ignored, segment, view::Run},
    config::RawConfig,
    connect::Session,
    local::Purpose,
    output::{Output, Tone},
    problem::{Exit, Problem, Result},
};
use serde_json::{Value, json};

pub(super) async fn cancel(global: &Global, args: Cancel, output: Output) -> Result<Exit> {
    let body = args.reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
    verb(global, &args.run, "cancel", &body, output).await
}

pub(super) async fn pause(global: &Global, args: OneRun, output: Output) -> Result<Exit> {
    verb(global, &args.run, "pause", &json!({}), output).await
}

pub(super) async fn resume(global: &Global, args: OneRun, output: Output) -> Result<Exit> {
    verb(global, &args.run, "resume", &json!({}), output).await
}

pub(super) async fn retry(global: &Global, args: Retry, output: Output) -> Result<Exit> {
    if let Some(stage) = args.from {
        return verb(global, &args.run, "retry-from", &json!({ "stage": stage }), output).await;
    }
    let mut body = json!({});
    if let Some(stage) = args.stage {
        body["stage"] = json!(stage);
    }
    if !args.keys.is_empty() {
        body["keys"] = json!(args.keys);
    }
    verb(global, &args.run, "retry", &body, output).await
}

pub(super) async fn signal(global: &Global, args: Signal, output: Output) -> Result<Exit> {
    let mut body = json!({});
    if let Some(payload) = &args.payload {
        body["payload"] = json_argument("payload", payload)?;
    }
    if let Some(stage) = args.stage {
        body["stage"] = json!(stage);
    }
    if let Some(key) = args.key {
        body["key"] = json!(key);
    }
    let session = Session::open(global, RawConfig::default(), Purpose::Verbs, output).await?;
    let path = format!("/api/v1/runs/{}/signals/{}", segment(&args.run), segment(&args.name));
    let _: Ignored = session.client().post(&path, &body).await.map_err(known)?;
    if output.json {
        output.object(&json!({ "run": args.run, "signal": args.name }));
    } else {
        output.line(&format!("{}: signal '{}' sent", args.run, args.name));
    }
    say_who_carries_on(&session, &args.run);
    session.close().await;
    Ok(Exit::Done)
}

async fn verb(global: &Global, run: &str, verb: &str, body: &Value, output: Output) -> Result<Exit> {
    let session = Session::open(global, RawConfig::default(), Purpose::Verbs, output).await?;
    let path = format!("/api/v1/runs/{}/{verb}", segment(run));
    let after: Run = session.client().post(&path, body).await.map_err(known)?;
    if output.json {
        output.object(&json!({ "run": after.id, "state": after.state }));
    } else {
        output.line(&format!("{}: {}", after.id, output.tone(Tone::of_state(&after.state), &after.state)));
    }
    if !after.is_over() && after.state != "paused" {
        say_who_carries_on(&session, run);
    }
    session.close().await;
    Ok(Exit::Done)
}

fn say_who_carries_on(session: &Session, run: &str) {
    if session.is_local() {
        session.output.note(&format!(
            "no server is running to carry the run on: headway watch {run}, or headway serve"
        ));
    }
}

fn known(problem: Problem) -> Problem {
    match problem.code.as_deref() {
        Some("not_found" | "404") => problem.hint("`headway runs` lists runs and their ids"),
        _ => problem,
    }
}
