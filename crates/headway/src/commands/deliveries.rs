//! `headway deliveries`: what was staged, why it has not arrived, and sending it again.

use crate::{
    args::{Deliveries as Args, DeliveryAction, DeliveryFilter, Global, Replay},
    client::{
        http::Ignored,
        segment,
        view::{DeliveryView, Page, ReplayView},
    },
    config::RawConfig,
    connect::Session,
    local::Purpose,
    output::{
        Output, Tone,
        text::{cut, grouped, safe, table},
    },
    problem::{Exit, Problem, Result},
};
use serde_json::json;

const STATES: [&str; 7] = ["pending", "leased", "done", "retry", "unknown", "dead", "blocked"];

pub(super) async fn deliveries(global: &Global, args: Args, output: Output) -> Result<Exit> {
    if let Some(state) = args.states.iter().find(|state| !STATES.contains(&state.as_str())) {
        return Err(Problem::usage(format!("'{state}' is no state of a delivery"))
            .hint(format!("states: {}", STATES.join(", "))));
    }
    let session = Session::open(global, RawConfig::default(), Purpose::Verbs, output).await?;
    match &args.action {
        None => list(&session, &args).await?,
        Some(DeliveryAction::Replay(replay)) => send_again(&session, replay).await?,
        Some(DeliveryAction::Preview { id }) => {
            let path = format!("/api/v1/deliveries/{}/preview", segment(id));
            let preview: Ignored = session.client().get(&path).await?;
            if output.json {
                output.object(&preview);
            } else {
                output.line(&serde_json::to_string_pretty(&preview).unwrap_or_default());
            }
        }
    }
    session.close().await;
    Ok(Exit::Done)
}

async fn list(session: &Session, args: &Args) -> Result<()> {
    let DeliveryFilter { run, destination } = &args.filter;
    let mut path = format!("/api/v1/deliveries?limit={}", args.limit);
    for (name, value) in [("run", run), ("destination", destination)] {
        if let Some(value) = value {
            path += &format!("&{name}={}", segment(value));
        }
    }
    if !args.states.is_empty() {
        path += &format!("&state={}", args.states.join(","));
    }
    let output = session.output;
    if output.json {
        let page: Page<Ignored> = session.client().get(&path).await?;
        page.items.iter().for_each(|delivery| output.object(delivery));
        return Ok(());
    }
    let page: Page<DeliveryView> = session.client().get(&path).await?;
    if page.items.is_empty() {
        output.note("no such deliveries");
        return Ok(());
    }
    show(output, &page.items);
    if page.next_cursor.is_some() {
        output.note(&format!("the first {} are shown; --limit shows more", page.items.len()));
    }
    Ok(())
}

fn show(output: Output, deliveries: &[DeliveryView]) {
    let rows: Vec<Vec<String>> = deliveries.iter().map(row).collect();
    let mut lines =
        table(&["ID", "STATE", "DESTINATION", "KIND", "TITLE", "REMOTE", "WHY"], &rows).into_iter();
    output.line(&output.tone(Tone::Strong, &lines.next().unwrap_or_default()));
    for (line, delivery) in lines.zip(deliveries) {
        let tone = match delivery.state.as_str() {
            "done" => Tone::Good,
            "dead" => Tone::Bad,
            "retry" | "unknown" | "blocked" => Tone::Warn,
            _ => Tone::Faint,
        };
        output.line(&line.replacen(&delivery.state, &output.tone(tone, &delivery.state), 1));
    }
}

fn row(delivery: &DeliveryView) -> Vec<String> {
    let indent = "  ".repeat(delivery.level.min(6) as usize);
    let why = match (&delivery.error, &delivery.blocked_by) {
        (Some(error), _) => format!("{} [{}]", safe(&error.message), safe(&error.code)),
        (None, Some(parent)) => format!("waits for '{}' ({})", safe(&parent.title), parent.state),
        (None, None) => String::new(),
    };
    let remote =
        delivery.remote.as_ref().map(|remote| remote.url.clone().unwrap_or_else(|| remote.id.clone()));
    vec![
        delivery.id.clone(),
        delivery.state.clone(),
        safe(&delivery.destination),
        safe(&delivery.kind),
        format!("{indent}{}", cut(&safe(&delivery.title), 50)),
        cut(&safe(&remote.unwrap_or_default()), 60),
        cut(&why, 80),
    ]
}

async fn send_again(session: &Session, args: &Replay) -> Result<()> {
    let DeliveryFilter { run, destination } = &args.filter;
    if args.ids.is_empty() && args.subtree_of.is_none() && run.is_none() && destination.is_none() {
        return Err(Problem::usage("which deliveries are to be sent again?")
            .hint("name them by id, or with --run, --destination or --subtree-of"));
    }
    let mut body = json!({ "dry_run": args.dry_run });
    if !args.ids.is_empty() {
        body["ids"] = json!(args.ids);
    }
    for (name, value) in [("run", run), ("destination", destination), ("subtree_of", &args.subtree_of)] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    let output = session.output;
    let done: ReplayView = session.client().post("/api/v1/deliveries/replay", &body).await?;
    if output.json {
        output.object(&done);
        return Ok(());
    }
    if !done.sample.is_empty() {
        show(output, &done.sample);
    }
    let count = |count: u64| grouped(count as i64);
    if args.dry_run {
        output.line(&format!("{} dead deliveries would go again", count(done.matched)));
    } else {
        output.line(&format!("{} of {} dead deliveries go again", count(done.replayed), count(done.matched)));
    }
    Ok(())
}
