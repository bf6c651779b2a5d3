//! `make bench`: each figure as `name value unit`, beside its physical limit, in one run.
//!
//! Without arguments all of them; with names (`tasks start steps streams ingest deliveries cold adaptive postgres`) only those;
//! `adaptive --quick` in a minute.

mod adaptive;
mod cold;
mod deliveries;
mod harness;
mod latency;
mod library;
mod postgres;
mod streams;
mod tasks;

use anyhow::Result;
use std::collections::BTreeSet;

fn main() -> Result<()> {
    // The streams' clients are this program too, in a process of their own.
    if streams::client()? {
        return Ok(());
    }
    if postgres::node()? {
        return Ok(());
    }
    let wanted: BTreeSet<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.contains(name);
    let runtime = harness::runtime()?;
    if is_wanted("tasks") {
        runtime.block_on(tasks::throughput())?;
    }
    if is_wanted("start") {
        runtime.block_on(latency::start())?;
    }
    if is_wanted("steps") {
        runtime.block_on(latency::nine_steps())?;
    }
    if is_wanted("streams") {
        runtime.block_on(streams::run())?;
    }
    if is_wanted("ingest") {
        runtime.block_on(library::ratio())?;
    }
    if is_wanted("adaptive") {
        runtime.block_on(adaptive::run())?;
    }
    if is_wanted("deliveries") {
        runtime.block_on(deliveries::run())?;
    }
    if is_wanted("postgres") && !servers::is_skipped("postgres") {
        runtime.block_on(postgres::run())?;
    }
    if is_wanted("cold") {
        cold::cold()?;
    }
    Ok(())
}
