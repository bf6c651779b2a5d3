//! What the run does: its stages, their activities, its definition.

use super::services::{Site, World};
use activity::{Activity, AttemptFuture, Context, CpuActivity, Outcome, Registry, Success};
use anyhow::Result;
use model::{Definition, Failure, Retryability, TaskError, WaitClass};
use serde::Deserialize;
use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

/// A stage of the experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Spin,
    Steady,
    Limited,
    Collapsing,
}

/// All of them, in the order in which figures of all are kept.
pub(super) const STAGES: [Stage; 4] = [Stage::Spin, Stage::Steady, Stage::Limited, Stage::Collapsing];

impl Stage {
    /// Time that a task of the computing stage takes on a core of its own, in milliseconds.
    pub(super) const SPIN_MS: f64 = 10.0;

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::Steady => "steady",
            Self::Limited => "limited",
            Self::Collapsing => "collapsing",
        }
    }

    /// The name of its limit.
    pub(super) fn limit(self) -> &'static str {
        match self {
            Self::Spin => "cpu",
            Self::Steady => "io:bench.steady",
            Self::Limited => "bucket:bench",
            Self::Collapsing => "io:bench.collapsing",
        }
    }
}

/// The planning formula's workers, in the order of [`STAGES`]. It knows five stages of a backlog; each of ours gets one of the
/// larger multipliers: stories' for computing, tasks' for the steady service, features' for the other two.
pub(super) fn planned() -> [u32; 4] {
    let hardware = engine::Hardware::detect();
    let cpus = hardware.cpus_online;
    let pool = engine::planned_workers(cpus, cpus, hardware.memory_limit_bytes >> 30);
    let share = |hundredths: u32, least: u32| (pool * hundredths / 100).max(least);
    [share(80, 2), share(100, 2), share(50, 1), share(50, 1)]
}

/// Turns of the spinning loop that take [`Stage::SPIN_MS`] on a core of its own: the fastest of some tries.
pub(super) fn calibrate() -> u64 {
    const TURNS: u64 = 2_000_000;
    let fastest = (0..20).map(|_| {
        let begun = Instant::now();
        std::hint::black_box(spin(TURNS));
        begun.elapsed()
    });
    let fastest = fastest.min().unwrap_or_default().as_secs_f64().max(1e-6);
    (TURNS as f64 * Stage::SPIN_MS / 1_000.0 / fastest) as u64
}

fn spin(turns: u64) -> u64 {
    (0..turns)
        .fold(1, |sum: u64, turn| std::hint::black_box(sum.rotate_left(5) ^ turn).wrapping_mul(0x9E37_79B9))
}

/// The activities.
pub(super) fn registry() -> Registry {
    let client =
        reqwest::Client::builder().pool_max_idle_per_host(1_024).no_proxy().build().unwrap_or_default();
    let calls = |client: &reqwest::Client| Call { client: client.clone() };
    let mut registry = Registry::default();
    registry.add_cpu("bench.spin", Spin);
    registry.add("bench.steady", WaitClass::Io, calls(&client));
    registry.add("bench.collapsing", WaitClass::Io, calls(&client));
    registry.add("bench.limited", WaitClass::Bucket(String::from("bench")), calls(&client));
    registry
}

/// The run: for each stage one that makes its items, and itself. `polite` callers give their slot back when they are refused;
/// others wait in it, as a pool's workers do.
pub(super) fn definition(
    world: &World,
    site: &Site,
    turns: u64,
    counts: [u64; 4],
    polite: bool,
) -> Result<Arc<Definition>> {
    let mut yaml = String::from("name: mixed\nstages:\n");
    for index in world.order {
        let (stage, count) = (STAGES[index], counts[index]);
        let name = stage.name();
        writeln!(
            yaml,
            "  - name: make_{name}\n    activity: builtin.range\n    params: {{ count: {count} }}"
        )?;
        writeln!(yaml, "  - name: {name}\n    for_each: make_{name}\n    activity: bench.{name}")?;
        writeln!(
            yaml,
            "    retry: {{ max_attempts: 100, initial: 100ms, factor: 2, max: 1s, jitter: 0.5 }}"
        )?;
        match stage {
            Stage::Spin => writeln!(yaml, "    params: {{ turns: {turns} }}")?,
            _ => writeln!(yaml, "    params: {{ url: \"{}\", polite: {polite} }}", site.url(name))?,
        }
    }
    crate::harness::definition(&yaml)
}

/// Computes.
struct Spin;

#[derive(Deserialize)]
struct SpinParams {
    turns: u64,
}

impl CpuActivity for Spin {
    fn run(&self, context: &Context) -> Outcome {
        match context.params::<SpinParams>() {
            Ok(SpinParams { turns }) => {
                std::hint::black_box(spin(turns));
                Success::empty().into()
            }
            Err(error) => Failure::permanent("bad_params", error.to_string()).into(),
        }
    }
}

/// Calls a service.
struct Call {
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct CallParams {
    url: String,
    polite: bool,
}

impl Activity for Call {
    fn run(self: Arc<Self>, context: Context) -> AttemptFuture {
        Box::pin(async move {
            let params: CallParams = match context.params() {
                Ok(params) => params,
                Err(error) => return Failure::permanent("bad_params", error.to_string()).into(),
            };
            tokio::select! {
                outcome = self.call(&params) => outcome,
                () = context.cancelled() => Outcome::Cancelled,
            }
        })
    }
}

impl Call {
    async fn call(&self, params: &CallParams) -> Outcome {
        loop {
            let answer = match self.client.get(&params.url).send().await {
                Ok(answer) => answer,
                Err(error) => return Failure::transient("unreachable", error.to_string()).into(),
            };
            let status = answer.status().as_u16();
            if status != 429 {
                return match status {
                    200 => Success::empty().into(),
                    _ => Failure::transient("unavailable", format!("answered {status}")).into(),
                };
            }
            let header = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
            let seconds: u64 = header.and_then(|text| text.parse().ok()).unwrap_or(1);
            if params.polite {
                let error = TaskError::new("rate_limited", "answered 429");
                return Failure { error, retry: Retryability::Throttled(seconds * 1_000) }.into();
            }
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    }
}
