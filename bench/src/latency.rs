//! How soon a run begins, and how long nine stages take.

use crate::harness::{self, Bed, bed, definition, figure, over, percentile};
use activity::{Activity, AttemptFuture, Context, Registry, Success};
use anyhow::{Context as _, Result};
use model::{Definition, RunId, WaitClass};
use serde_json::json;
use server::{ListenOptions, Server, ServerOptions, auth::Mode};
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Runs measured, one after the other, on an idle engine.
const RUNS: usize = 300;

/// Says when its attempt begins.
struct Tell(mpsc::UnboundedSender<Instant>);

impl Activity for Tell {
    fn run(self: Arc<Self>, _: Context) -> AttemptFuture {
        // The measurement's receiver outlives all attempts.
        let _ = self.0.send(Instant::now());
        Box::pin(std::future::ready(Success::empty().into()))
    }
}

/// From the ask for a run to its first attempt, idle: through HTTP (`start_p50_ms`, `start_p99_ms`), and by a call of the
/// engine (`start_engine_p50_ms`, `start_engine_p99_ms`).
pub(crate) async fn start() -> Result<()> {
    let (registry, told) = told();
    let bed = bed(registry).await?;
    let mut told = over_http(&bed, told, "start").await?;
    by_call(&bed, &definition(ONE)?, &mut told).await
}

/// A pipeline whose only stage says when it begins.
const ONE: &str = "name: one\nstages:\n  - name: only\n    activity: bench.tell\n";

/// An activity that says when it begins, and who hears it.
pub(crate) fn told() -> (Registry, mpsc::UnboundedReceiver<Instant>) {
    let (tell, told) = mpsc::unbounded_channel();
    let mut registry = Registry::default();
    registry.add("bench.tell", WaitClass::Io, Tell(tell));
    (registry, told)
}

/// A client that keeps its connection posts one run after the other: `<name>_p50_ms`, `<name>_p99_ms`.
pub(crate) async fn over_http(
    bed: &Bed,
    mut told: mpsc::UnboundedReceiver<Instant>,
    name: &str,
) -> Result<mpsc::UnboundedReceiver<Instant>> {
    bed.engine.register_definition((*definition(ONE)?).clone(), "pipeline")?;
    let options = ServerOptions {
        mode: Mode::Development,
        rate: None,
        ..ServerOptions::new(bed.engine.clone(), bed.hub.clone())
    };
    let server = Server::new(options).await?;
    let listener = server::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let url = format!("http://{}/api/v1/runs", listener.local_addr()?);
    let stop = CancellationToken::new();
    let serving = tokio::spawn(server::serve(listener, server, ListenOptions::default(), stop.clone()));
    let client = reqwest::Client::new();
    let mut samples = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let post = client
            .post(&url)
            .header("content-type", "application/json")
            .header("x-headway", "1")
            .body(r#"{"pipeline":"one","input":{}}"#);
        let begun = Instant::now();
        let (answer, at) = tokio::join!(post.send(), told.recv());
        let at = at.context("the attempt never began")?;
        samples.push(at.duration_since(begun).as_secs_f64() * 1_000.0);
        let run: serde_json::Value = answer?.error_for_status()?.json().await?;
        let run: RunId = run["id"].as_str().context("an id")?.parse()?;
        over(&bed.engine, run, Duration::from_micros(200)).await?;
    }
    stop.cancel();
    serving.await?;
    figure(&format!("{name}_p50_ms"), percentile(&mut samples, 0.5), "ms");
    figure(&format!("{name}_p99_ms"), percentile(&mut samples, 0.99), "ms");
    Ok(told)
}

async fn by_call(
    bed: &Bed,
    definition: &Arc<Definition>,
    told: &mut mpsc::UnboundedReceiver<Instant>,
) -> Result<()> {
    let mut samples = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let begun = Instant::now();
        let started = bed.engine.start(harness::start(definition, json!({}))).await?;
        let at = told.recv().await.context("the attempt never began")?;
        samples.push(at.duration_since(begun).as_secs_f64() * 1_000.0);
        over(&bed.engine, started.record.run.id, Duration::from_micros(200)).await?;
    }
    figure("start_engine_p50_ms", percentile(&mut samples, 0.5), "ms");
    figure("start_engine_p99_ms", percentile(&mut samples, 0.99), "ms");
    Ok(())
}

/// `nine_steps_p50_ms`: a run of nine stages, one after the other, whole.
pub(crate) async fn nine_steps() -> Result<()> {
    let bed = bed(Registry::default()).await?;
    let mut yaml = String::from("name: nine\nstages:\n");
    for step in 1..=9 {
        yaml.push_str(&format!("  - name: s{step}\n    activity: builtin.noop\n"));
        if step > 1 {
            yaml.push_str(&format!("    needs: [s{}]\n", step - 1));
        }
    }
    let definition = definition(&yaml)?;
    let mut samples = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let begun = Instant::now();
        let run = bed.engine.start(harness::start(&definition, json!({}))).await?.record.run.id;
        over(&bed.engine, run, Duration::from_micros(100)).await?;
        samples.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    figure("nine_steps_p50_ms", percentile(&mut samples, 0.5), "ms");
    figure("nine_steps_p99_ms", percentile(&mut samples, 0.99), "ms");
    Ok(())
}
