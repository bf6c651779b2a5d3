//! The mixed experiment: one run whose four stages go at once, under limits that adapt, under fixed pools of one size for
//! all, under the planning formula, and tuned by hand.
//!
//! The stages compute; wait for a service that takes many at once; call a rate-limited service; call one that collapses
//! under too many. The services are real, over loopback HTTP, in this process on a thread of their own ([`services`]).
//!
//! What is measured is the makespan: a run is done when its last stage is. What is done by a deadline would flatter pools
//! that starve one stage while three go well.

mod services;
mod work;

use crate::harness::{bed, figure, percentile, start};
use anyhow::{Context as _, Result};
use engine::Engine;
use services::{Site, World};
use std::time::{Duration, Instant};
use store::RunRecord;
use work::STAGES;

/// Time that the run takes at best, in seconds: the stages' work is cut so.
const BEST_S: f64 = 3.5;

/// How much longer than the adaptive run another may take before it is cut off: it then counts as no longer than this,
/// which flatters it.
const CUT_OFF: f64 = 3.0;

const SEEDS: u64 = 5;
const POOLS: [u32; 6] = [32, 64, 16, 8, 4, 2];
const QUICK_POOLS: [u32; 2] = [32, 16];

/// How many at once.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Limits {
    /// The engine's own.
    Adaptive,
    /// So many, by stage.
    Pinned([u32; 4]),
}

/// What a run under some limits came to.
#[derive(Clone, Copy)]
struct Measured {
    seconds: f64,
    /// It was still under way when it was cut off.
    cut: bool,
    refused: u64,
}

/// One seed's ratios.
struct Ratios {
    planning: f64,
    best_fixed: f64,
    tuned: f64,
    refused: f64,
}

/// `adaptive_vs_planning`, `adaptive_vs_best_fixed`, `adaptive_vs_tuned`, `adaptive_429_ratio`: medians over the seeds.
/// With `--quick` one seed and two pools.
pub(crate) async fn run() -> Result<()> {
    let quick = std::env::args().any(|word| word == "--quick");
    let only = std::env::var("HEADWAY_BENCH_SEED").ok().and_then(|text| text.parse().ok());
    let seeds: Vec<u64> = match only {
        Some(seed) => vec![seed],
        None => (1..=if quick { 1 } else { SEEDS }).collect(),
    };
    let turns = work::calibrate();
    let mut ratios = Vec::new();
    for seed in seeds {
        let world = World::drawn(seed);
        println!("# seed {seed}: {world}");
        ratios.push(one_seed(&world, turns, if quick { &QUICK_POOLS } else { &POOLS }).await?);
    }
    let median = |of: fn(&Ratios) -> f64| percentile(&mut ratios.iter().map(of).collect::<Vec<_>>(), 0.5);
    figure("adaptive_vs_planning", median(|ratios| ratios.planning), "ratio, at least");
    figure("adaptive_vs_best_fixed", median(|ratios| ratios.best_fixed), "ratio");
    figure("adaptive_vs_tuned", median(|ratios| ratios.tuned), "ratio");
    figure("adaptive_429_ratio", median(|ratios| ratios.refused), "ratio");
    Ok(())
}

async fn one_seed(world: &World, turns: u64, pools: &[u32]) -> Result<Ratios> {
    let whole = Duration::from_secs(60);
    let tuned = measure(world, turns, "tuned", Limits::Pinned(world.tuned()), whole).await?;
    let adaptive = measure(world, turns, "adaptive", Limits::Adaptive, whole).await?;
    anyhow::ensure!(!tuned.cut && !adaptive.cut, "a run took longer than a minute");
    let cut_off = Duration::from_secs_f64(adaptive.seconds * CUT_OFF);
    let planned = work::planned();
    let planning = measure(world, turns, "planning", Limits::Pinned(planned), cut_off).await?;
    let (mut best, mut sixteen) = (f64::INFINITY, 0);
    for pool in pools {
        // A pool that takes longer than the best so far is not the best.
        let enough = Duration::from_secs_f64(cut_off.as_secs_f64().min(best));
        let limits = Limits::Pinned([*pool; 4]);
        let fixed = measure(world, turns, &format!("fixed {pool}"), limits, enough).await?;
        best = best.min(fixed.seconds);
        if *pool == 16 {
            sixteen = fixed.refused;
        }
    }
    Ok(Ratios {
        planning: planning.seconds / adaptive.seconds,
        best_fixed: best / adaptive.seconds,
        tuned: tuned.seconds / adaptive.seconds,
        refused: adaptive.refused as f64 / sixteen.max(1) as f64,
    })
}

/// The makespan under `limits`, on an engine of its own.
async fn measure(
    world: &World,
    turns: u64,
    name: &str,
    limits: Limits,
    cut_off: Duration,
) -> Result<Measured> {
    let site = Site::open(world)?;
    let bed = bed(work::registry()).await?;
    let polite = limits == Limits::Adaptive;
    // One task of each stage: the limits are there, connections are open, nothing is learnt.
    let warm = work::definition(world, &site, turns, [1; 4], polite)?;
    let warm = bed.engine.start(start(&warm, serde_json::Value::Null)).await?.record.run.id;
    crate::harness::over(&bed.engine, warm, Duration::from_millis(5)).await?;
    if let Limits::Pinned(sizes) = limits {
        for (stage, size) in STAGES.iter().zip(sizes) {
            bed.engine.pin(stage.limit(), Some(size)).await?;
        }
    }
    site.forget();
    let counts = world.counts(BEST_S);
    let definition = work::definition(world, &site, turns, counts, polite)?;
    let begun = Instant::now();
    let run = bed.engine.start(start(&definition, serde_json::Value::Null)).await?.record.run.id;
    let (record, cut) = until_over(&bed.engine, run, begun + cut_off).await?;
    let measured = Measured { seconds: begun.elapsed().as_secs_f64(), cut, refused: site.refused() };
    println!("#   {name:<9} {}", row(&measured, &record, counts, &site));
    if std::env::var_os("HEADWAY_BENCH_EXPLAIN").is_some() {
        explain(&bed.engine);
    }
    if cut {
        bed.engine
            .command(run, engine::Command::Cancel { by: "bench".into(), reason: "it was cut off".into() })
            .await?;
    }
    bed.engine.drain(Duration::from_secs(2)).await;
    Ok(measured)
}

async fn until_over(
    engine: &Engine,
    run: model::RunId,
    deadline: Instant,
) -> Result<(std::sync::Arc<RunRecord>, bool)> {
    loop {
        let record = engine.record(run).await?.context("the run is gone")?;
        if record.run.state.is_final() {
            anyhow::ensure!(
                record.run.state == model::RunState::Completed,
                "it ended as {:?}",
                record.run.state
            );
            return Ok((record, false));
        }
        if Instant::now() >= deadline {
            return Ok((record, true));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// One line: the makespan, and for each stage when it was done, or how much of it was.
fn row(measured: &Measured, record: &RunRecord, counts: [u64; 4], site: &Site) -> String {
    let begun = record.run.started_at.unwrap_or(record.run.created_at);
    let mut text = format!("{}{:.2} s", if measured.cut { "> " } else { "" }, measured.seconds);
    for (stage, count) in STAGES.iter().zip(counts) {
        let place = record
            .definition
            .ids()
            .find(|id| record.definition.stage(*id).is_some_and(|found| found.name == stage.name()));
        let found = place.and_then(|id| record.run.stages.get(usize::from(id.0)));
        let Some(found) = found else { continue };
        let at = found.closed_at.map(|at| format!("{:.1} s", at.since(begun) as f64 / 1_000.0));
        let share = || format!("{:.0} %", found.counts.done as f64 * 100.0 / count as f64);
        text += &format!("  {} {}", stage.name(), at.unwrap_or_else(share));
    }
    let (refused, failed) = (site.refused(), site.failed());
    format!("{text}  429s {refused}  errors {failed}")
}

/// Every change of every limit.
fn explain(engine: &Engine) {
    for limit in engine
        .limits()
        .iter()
        .filter(|limit| STAGES.iter().any(|stage| limit.class.to_string() == stage.limit()))
    {
        println!("#     {} stands at {}", limit.class, limit.limit);
        for change in &limit.history {
            println!("#       {} {} -> {}: {}", change.at.0 % 100_000, change.from, change.to, change.reason);
        }
    }
}
