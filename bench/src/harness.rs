//! What every measurement needs: an engine on a fresh folder, percentiles, figures on a line.

use activity::{App, Registry};
use anyhow::{Context as _, Result};
use engine::{Engine, EngineOptions, LimitOptions, Retention, StartRun};
use model::{Definition, PipelineDocument, RunId, RunState};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use store::{RunRecord, Store};
use stream::{Hub, HubOptions};
use tempfile::TempDir;

/// The runtime that the binary uses too.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// An engine on a folder of its own.
pub(crate) struct Bed {
    pub(crate) engine: Engine,
    pub(crate) hub: Hub,
    _folder: Option<TempDir>,
}

/// Opens an engine on a fresh folder.
pub(crate) async fn bed(registry: Registry) -> Result<Bed> {
    let app = App { name: "bench", pipelines: Vec::new(), migrations: &[], activities: registry };
    bed_with(vec![app]).await
}

/// Opens an engine with applications on a fresh folder.
pub(crate) async fn bed_with(apps: Vec<App>) -> Result<Bed> {
    bed_delivering(apps, engine::RelayOptions::default()).await
}

/// Opens an engine with applications on a fresh folder, that delivers.
pub(crate) async fn bed_delivering(apps: Vec<App>, relay: engine::RelayOptions) -> Result<Bed> {
    let folder = tempfile::tempdir()?;
    let options = db::Options::new(folder.path().join("headway.db"));
    let (migrations, registry, pipelines) = joined(apps)?;
    let store = Store::open(db::Db::open(options, &migrations)?, "bench").await?;
    let bed = bed_of(store, registry, pipelines, relay).await?;
    Ok(Bed { _folder: Some(folder), ..bed })
}

/// Opens an engine on a PostgreSQL database, beside others.
pub(crate) async fn bed_on(url: &str, registry: Registry) -> Result<Bed> {
    let migrations = [store::MIGRATIONS, server::MIGRATIONS].concat();
    let db = db::Db::connect(db::PgOptions::parse(url)?, &migrations).await?;
    let store = Store::open(db, "bench").await?;
    bed_of(store, registry, Vec::new(), engine::RelayOptions::default()).await
}

type Joined = (Vec<db::Migration>, Registry, Vec<(Definition, String)>);

fn joined(apps: Vec<App>) -> Result<Joined> {
    let mut migrations = [store::MIGRATIONS, server::MIGRATIONS].concat();
    let (mut registry, mut pipelines) = (Registry::default(), Vec::new());
    for app in apps {
        migrations.extend_from_slice(app.migrations);
        registry.extend(app.activities);
        for document in app.pipelines {
            let definition = pipeline::compile(document).map_err(|error| anyhow::anyhow!("{error}"))?;
            pipelines.push((definition, String::from(app.name)));
        }
    }
    Ok((migrations, registry, pipelines))
}

async fn bed_of(
    store: Store,
    registry: Registry,
    pipelines: Vec<(Definition, String)>,
    relay: engine::RelayOptions,
) -> Result<Bed> {
    let hub = Hub::open(store.clone(), HubOptions::default()).await?;
    let engine = Engine::open(EngineOptions {
        store,
        hub: hub.clone(),
        registry,
        pipelines,
        name: String::from("bench"),
        limits: LimitOptions::default(),
        retention: Retention::default(),
        lease: None,
        dispatch: engine::Dispatch::All,
        relay,
    })
    .await?;
    Ok(Bed { engine, hub, _folder: None })
}

/// A registered pipeline's definition.
pub(crate) fn definition_of(bed: &Bed, name: &str) -> Result<Arc<Definition>> {
    bed.engine.pipeline(name).with_context(|| format!("there is a pipeline {name}"))
}

/// A definition from YAML.
pub(crate) fn definition(yaml: &str) -> Result<Arc<Definition>> {
    let document: PipelineDocument = pipeline::parse(yaml).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(Arc::new(pipeline::compile(document).map_err(|error| anyhow::anyhow!("{error}"))?))
}

/// What starts a run of `definition`.
pub(crate) fn start(definition: &Arc<Definition>, input: serde_json::Value) -> StartRun {
    StartRun {
        definition: definition.clone(),
        input,
        title: String::new(),
        app: String::from("pipeline"),
        created_by: String::from("bench"),
        labels: BTreeMap::new(),
        idempotency_key: None,
    }
}

/// Waits until a run is over.
pub(crate) async fn over(engine: &Engine, run: RunId, look: Duration) -> Result<Arc<RunRecord>> {
    loop {
        let record = engine.record(run).await?.context("the run is gone")?;
        if record.run.state.is_final() {
            anyhow::ensure!(
                record.run.state == RunState::Completed,
                "the run ended as {:?}",
                record.run.state
            );
            return Ok(record);
        }
        tokio::time::sleep(look).await;
    }
}

/// The value below which `share` of the samples lie.
pub(crate) fn percentile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    let index = ((samples.len() as f64 - 1.0) * share).round() as usize;
    samples.get(index).copied().unwrap_or_default()
}

/// Prints a figure.
pub(crate) fn figure(name: &str, value: f64, unit: &str) {
    println!("{name} {value:.3} {unit}");
}

/// Resident memory of this process, in MB.
pub(crate) fn resident_mb() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = text.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or_default();
    pages * 4_096.0 / 1e6
}
