//! How soon a run begins, and how long nine stages take.

use crate::harness::{self, bed, definition, figure, over, percentile};
use activity::{Activity, AttemptFuture, Context, Registry, Success};
use anyhow::{Context as _, Result};
use model::WaitClass;
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

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

/// `start_p50_ms`, `start_p99_ms`: from the call to the first attempt, on an idle engine.
pub(crate) async fn start() -> Result<()> {
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut registry = Registry::default();
    registry.add("bench.tell", WaitClass::Io, Tell(tell));
    let bed = bed(registry).await?;
    let definition = definition("name: one\nstages:\n  - name: only\n    activity: bench.tell\n")?;
    let mut samples = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let begun = Instant::now();
        let started = bed.engine.start(harness::start(&definition, json!({}))).await?;
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
