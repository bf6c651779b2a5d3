//! Which parts there are, and what each is told of the configuration.

use super::Purpose;
use crate::{
    config::{Config, HardwareScaling},
    problem::{Problem, Result, chain},
};
use activity::{App, Registry};
use db::{Db, Migration};
use engine::{Engine, EngineOptions, Hardware, LimitOptions, Retention};
use ingest::IngestOptions;
use server::{Proxy, ServerOptions, auth::Mode, auth::Rate};
use std::collections::BTreeMap;
use store::Store;
use stream::{Hub, HubOptions};

/// What the server is put together from.
pub(super) struct Parts {
    pub(super) engine: Engine,
    pub(super) hub: Hub,
    ingest: IngestOptions,
}

/// Opens the database and starts the engine.
pub(super) async fn open(config: &Config, purpose: Purpose) -> Result<Parts> {
    let ingest = ingest_options(config)?;
    let apps = vec![ingest::app(ingest.clone())];
    let db = open_database(config, &apps).await?;
    let cannot = |what: &str, error: &dyn std::error::Error| {
        Problem::failed(format!("cannot open {}: {what}: {}", config.database().display(), chain(error)))
    };
    let epoch = crate::client::http::random_key();
    let store = Store::open(db, &epoch).await.map_err(|error| cannot("the store", &error))?;
    let hub = HubOptions { update_interval: config.sse.update_interval(), timeout: config.sse.timeout() };
    let hub = Hub::open(store.clone(), hub).await.map_err(|error| cannot("the streams", &error))?;
    let (registry, pipelines) = collect(apps)?;
    let options = EngineOptions {
        store,
        hub: hub.clone(),
        registry,
        pipelines,
        name: name(purpose),
        limits: limits(config, &Hardware::detect()),
        retention: Retention { days: config.retention.runs_days.unwrap_or(0) },
    };
    let engine = Engine::open(options).await.map_err(|error| cannot("the engine", &error))?;
    Ok(Parts { engine, hub, ingest })
}

/// What people read of this process.
fn name(purpose: Purpose) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "this machine" } else { host.trim() };
    match purpose {
        Purpose::Serve => host.to_owned(),
        Purpose::Work | Purpose::Verbs => format!("{host} (command)"),
    }
}

fn ingest_options(config: &Config) -> Result<IngestOptions> {
    let roots = ingest::files::Roots::new(config.media_roots.iter().cloned()).map_err(|error| {
        Problem::usage(format!("the setting 'media_roots' cannot be used: {}", chain(&error)))
            .hint("name folders that exist")
    })?;
    Ok(IngestOptions {
        roots,
        thumbnails: config.data.join("thumbnails"),
        models: config.data.join("models"),
    })
}

async fn open_database(config: &Config, apps: &[App]) -> Result<Db> {
    let mut migrations: Vec<Migration> = store::MIGRATIONS.to_vec();
    migrations.extend_from_slice(server::MIGRATIONS);
    migrations.extend(apps.iter().flat_map(|app| app.migrations));
    let options = db::Options::new(config.database());
    let opened = tokio::task::spawn_blocking(move || Db::open(options, &migrations)).await;
    let opened =
        opened.map_err(|error| Problem::failed(format!("opening the database broke off: {error}")))?;
    opened.map_err(|error| match &error {
        db::Error::Locked { pid, .. } => {
            let who = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
            Problem::unreachable(format!("the data folder {} is in use by {who}", config.data.display()))
                .hint("it does not answer: wait until it has ended, or choose another folder with --data")
        }
        _ => Problem::failed(format!("cannot open {}: {}", config.database().display(), chain(&error)))
            .hint("`headway doctor` checks the folder; `headway restore` puts a backup in its place"),
    })
}

/// All activities, and all pipelines compiled.
fn collect(apps: Vec<App>) -> Result<(Registry, Vec<(model::Definition, String)>)> {
    let mut registry = Registry::default();
    let mut pipelines = Vec::new();
    for app in apps {
        registry.extend(app.activities);
        for document in app.pipelines {
            let definition = pipeline::compile(document).map_err(|problems| {
                Problem::failed(format!("a pipeline of '{}' does not compile: {problems}", app.name))
            })?;
            pipelines.push((definition, app.name.to_owned()));
        }
    }
    Ok((registry, pipelines))
}

/// With `use_hardware_scaling` limits follow the machine. Without, each class has a fixed number of slots.
fn limits(config: &Config, hardware: &Hardware) -> LimitOptions {
    let HardwareScaling { min_workers, max_workers } = config.hardware_scaling;
    if config.use_hardware_scaling && max_workers != Some(min_workers) {
        return LimitOptions::default();
    }
    let gigabytes = hardware.memory_limit_bytes >> 30;
    let formula = planned_workers(hardware.cpus_online, hardware.cpus_effective.ceil() as u32, gigabytes);
    let slots = max_workers.unwrap_or(formula).max(min_workers);
    LimitOptions { cpu: Some(slots), io: Some(slots) }
}

/// The fixed pool of the planning documents: clamp(min(max(2, min(threads − 2, 2 × cores)), max(2, ⌊0.6 × GB⌋)), 2, 16).
fn planned_workers(threads: u32, cores: u32, gigabytes: u64) -> u32 {
    let by_cpu = threads.saturating_sub(2).min(cores.saturating_mul(2)).max(2);
    let by_memory = u32::try_from(gigabytes.saturating_mul(6) / 10).unwrap_or(u32::MAX).max(2);
    by_cpu.min(by_memory).clamp(2, 16)
}

/// What the server is told.
pub(super) fn server_options(config: &Config, parts: Parts) -> Result<ServerOptions> {
    let settings = serde_json::to_value(config).map_err(|error| Problem::failed(error.to_string()))?;
    let routes = ingest::routes::routes(ingest::routes::RouteState {
        db: parts.engine.store().db().clone(),
        roots: parts.ingest.roots,
        thumbnails: parts.ingest.thumbnails,
        models: parts.ingest.models,
        runs: server::run_verbs(parts.engine.clone()),
    });
    Ok(ServerOptions {
        app_routes: vec![routes],
        mode: if config.dev { Mode::Development } else { Mode::Normal },
        proxy: if config.server.proxy { Proxy::Declared } else { Proxy::None },
        hosts: config.server.hosts.clone(),
        rate: config.server.requests_per_minute.map(|most| Rate::new(most.div_ceil(10).max(1), most)),
        apps: vec!["ingest".to_owned()],
        features: BTreeMap::from([
            ("ingest".to_owned(), true),
            ("sse".to_owned(), config.enable_sse_progress),
            ("outbox".to_owned(), config.use_outbox_pattern),
        ]),
        settings,
        backups: config.data.join("backups"),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..ServerOptions::new(parts.engine, parts.hub)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_planning_formula_gives_its_examples() {
        let examples = [(1, 1, 1, 2), (8, 4, 16, 6), (16, 8, 32, 14), (32, 16, 64, 16)];
        for (threads, cores, gigabytes, workers) in examples {
            assert_eq!(planned_workers(threads, cores, gigabytes), workers, "{threads}/{cores}/{gigabytes}");
        }
    }
}
