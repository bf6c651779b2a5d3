//! Which parts there are, and what each is told of the configuration.

use super::{Purpose, connectors::Wired, outbox::Outbox};
use crate::{
    config::{Config, HardwareScaling, StoreAt},
    problem::{Problem, Result, chain},
};
use ::connectors::{Http, Reach};
use activity::{App, Registry, text::TextModel};
use backlog::{BacklogOptions, Judgement};
use db::{Db, Migration, PgOptions};
use engine::{
    Dispatch, Engine, EngineOptions, Hardware, LimitOptions, RelayOptions, Retention, planned_workers,
};
use headway_core::DeliveryPolicy;
use ingest::IngestOptions;
use server::{Proxy, ServerOptions, Streaming, auth::Mode, auth::Rate};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use store::Store;
use stream::{Hub, HubOptions};
use vault::Vault;

/// The key ring's file, below the data folder: without it kept secrets cannot be read.
const KEY_RING: &str = "secrets.key";

/// What the server is put together from.
pub(super) struct Parts {
    pub(super) engine: Engine,
    pub(super) hub: Hub,
    ingest: IngestOptions,
    vault: Arc<Vault>,
    /// Name of the language model, where there is one.
    model: Option<String>,
}

/// Opens the database and starts the engine.
pub(super) async fn open(config: &Config, purpose: Purpose) -> Result<Parts> {
    let ingest = ingest_options(config)?;
    let db = open_database(config).await?;
    let cannot = |what: &str, error: &dyn std::error::Error| {
        Problem::failed(format!("cannot open {}: {what}: {}", place(config), chain(error)))
    };
    let epoch = crate::client::http::random_key();
    let store = Store::open(db, &epoch).await.map_err(|error| cannot("the store", &error))?;
    let hub = HubOptions { update_interval: config.sse.update_interval(), timeout: config.sse.timeout() };
    let hub = Hub::open(store.clone(), hub).await.map_err(|error| cannot("the streams", &error))?;
    let vault = Vault::open(config.data.join(KEY_RING))
        .map_err(|error| cannot("the key ring of its secrets", &error))?;
    let vault = Arc::new(vault);
    // Who may add a destination is an admin, who may reach what this machine reaches.
    let http = Http::new(Reach::Any).map_err(|error| cannot("the HTTP client", &error))?;
    let wired = Wired { store: store.clone(), vault: vault.clone(), http };
    let written = backlog_options(config, &wired).await?;
    let model = written.model.as_ref().map(|model| model.name().to_owned());
    let (registry, pipelines) = collect(vec![ingest::app(ingest.clone()), backlog::app(written)])?;
    let options = EngineOptions {
        store,
        hub: hub.clone(),
        registry,
        pipelines,
        name: name(purpose),
        limits: limits(config, &Hardware::detect()),
        retention: Retention { days: config.retention.runs_days.unwrap_or(0) },
        lease: Some(Duration::from_secs(config.workers.lease_seconds)),
        dispatch: match purpose {
            Purpose::Serve | Purpose::Worker | Purpose::Work => Dispatch::All,
            Purpose::Verbs => Dispatch::Nothing,
        },
        relay: relay(config, wired),
    };
    let engine = Engine::open(options).await.map_err(|error| cannot("the engine", &error))?;
    Ok(Parts { engine, hub, ingest, vault, model })
}

/// Who writes backlogs, and by how many at once.
async fn backlog_options(config: &Config, wired: &Wired) -> Result<BacklogOptions> {
    let text = &config.text;
    let model: Option<Arc<dyn TextModel>> = if text.model.is_empty() {
        None
    } else {
        let settings = serde_json::json!({
            "base_url": text.base_url, "model": text.model, "timeout_ms": text.timeout_seconds.saturating_mul(1_000),
            "prompt_usd_per_million": text.prompt_cents_per_million as f64 / 100.0,
            "completion_usd_per_million": text.completion_cents_per_million as f64 / 100.0,
        });
        let secret = wired.kept(&text.secret).await.map_err(|error| Problem::failed(error.message))?;
        let model = ::connectors::text::OpenAi::new(&settings, secret.as_ref(), &wired.http);
        let wrong = |error: model::TaskError| {
            let problem = Problem::usage(format!("the settings of the language model: {}", error.message));
            problem.hint(error.help.unwrap_or_else(|| String::from("look at the section [text]")))
        };
        Some(Arc::new(model.map_err(wrong)?))
    };
    let judgement = if text.judge { Judgement::RulesAndModel } else { Judgement::Rules };
    let workers = (!config.use_hardware_scaling).then(|| {
        let (cores, threads, gigabytes) = planned_for(&Hardware::detect());
        backlog::worker_formula(cores, threads, gigabytes)
    });
    Ok(BacklogOptions { model, judgement, workers })
}

/// How deliveries are sent.
fn relay(config: &Config, wired: Wired) -> RelayOptions {
    if !config.use_outbox_pattern {
        tracing::warn!(
            "use_outbox_pattern is off: deliveries are sent at once, and what is interrupted is lost or sent twice"
        );
    }
    let policy =
        DeliveryPolicy { max_attempts: config.outbox.retry_attempts + 1, ..DeliveryPolicy::default() };
    RelayOptions {
        connectors: Some(Arc::new(wired)),
        policy,
        batch: Some(config.outbox.batch_size as usize),
        is_direct: !config.use_outbox_pattern,
        timeout_ms: Some(config.outbox.timeout_seconds.saturating_mul(1_000)),
    }
}

/// What people read of this process.
fn name(purpose: Purpose) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "this machine" } else { host.trim() };
    match purpose {
        Purpose::Serve => host.to_owned(),
        Purpose::Worker => format!("{host} (worker)"),
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

/// The tables of all parts, step by step.
fn migrations() -> Vec<Migration> {
    [store::MIGRATIONS, server::MIGRATIONS, ingest::tables::MIGRATIONS, backlog::tables::MIGRATIONS].concat()
}

/// What people read of the store.
fn place(config: &Config) -> String {
    match &config.store {
        StoreAt::Folder => config.database().display().to_string(),
        StoreAt::Server { place, .. } => place.clone(),
    }
}

/// Opens the store, its schema up to date.
pub(super) async fn open_database(config: &Config) -> Result<Db> {
    match &config.store {
        StoreAt::Folder => open_file(config, migrations()).await,
        StoreAt::Server { address, .. } => connect(address).await,
    }
}

/// Connects to a shared store, its schema up to date.
pub(super) async fn connect(address: &str) -> Result<Db> {
    let options = PgOptions::parse(address).map_err(|error| Problem::usage(error.to_string()))?;
    let place = options.place().to_owned();
    Db::connect(options, &migrations()).await.map_err(|error| match &error {
        db::Error::Away { .. } => Problem::unreachable(chain(&error)),
        _ => Problem::failed(format!("cannot open {place}: {}", chain(&error))),
    })
}

async fn open_file(config: &Config, migrations: Vec<Migration>) -> Result<Db> {
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

/// With `use_hardware_scaling` limits follow the machine, within bounds. Without, they are fixed.
fn limits(config: &Config, hardware: &Hardware) -> LimitOptions {
    let HardwareScaling { min_workers, max_workers } = config.hardware_scaling;
    if config.use_hardware_scaling {
        return LimitOptions { least: Some(min_workers), most: max_workers, ..LimitOptions::default() };
    }
    let (cores, threads, gigabytes) = planned_for(hardware);
    let planned = planned_workers(cores, threads, gigabytes);
    let slots = planned.max(min_workers).min(max_workers.unwrap_or(u32::MAX));
    LimitOptions { fixed: Some(slots), ..LimitOptions::default() }
}

/// What the planning formula is given: cores, threads, gigabytes. Two threads a core are the rule; where there are none,
/// twice the cores are more than the formula asks for anyway.
fn planned_for(hardware: &Hardware) -> (u32, u32, u64) {
    let threads = hardware.cpus_effective.ceil() as u32;
    (threads.div_ceil(2), threads, hardware.memory_limit_bytes >> 30)
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
        keywords: ingest::routes::KeywordCounts::default(),
    });
    let outbox = Arc::new(Outbox(parts.engine.clone()));
    let backlogs = backlog::routes(backlog::RouteState {
        db: parts.engine.store().db().clone(),
        runs: server::run_verbs(parts.engine.clone()),
        model: parts.model,
        restage: outbox.clone(),
        previews: outbox,
    });
    Ok(ServerOptions {
        app_routes: vec![routes, backlogs],
        mode: if config.dev { Mode::Development } else { Mode::Normal },
        proxy: if config.server.proxy { Proxy::Declared } else { Proxy::None },
        hosts: config.server.hosts.clone(),
        rate: config.server.requests_per_minute.map(|most| Rate::new(most.div_ceil(10).max(1), most)),
        apps: vec!["ingest".to_owned(), "backlog".to_owned()],
        features: BTreeMap::from([
            ("ingest".to_owned(), true),
            ("backlog".to_owned(), true),
            ("sse".to_owned(), config.enable_sse_progress),
            ("outbox".to_owned(), config.use_outbox_pattern),
        ]),
        streaming: if config.enable_sse_progress { Streaming::On } else { Streaming::Off },
        settings,
        vault: Some(parts.vault),
        backups: config.data.join("backups"),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..ServerOptions::new(parts.engine, parts.hub)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{RawConfig, resolve};

    fn limits_of(file: &str) -> LimitOptions {
        let raw: RawConfig = toml::from_str(file).expect("a valid file");
        let config =
            resolve(raw, std::path::PathBuf::from("data")).unwrap_or_else(|_| panic!("valid settings"));
        let hardware = Hardware {
            cpus_effective: 8.0,
            cpus_online: 8,
            memory_limit_bytes: 16 << 30,
            source: String::from("test"),
        };
        limits(&config, &hardware)
    }

    #[test]
    fn limits_follow_the_machine_within_bounds_or_are_fixed() {
        let bounded = limits_of("[hardware_scaling]\nmin_workers = 2\nmax_workers = 5");
        assert_eq!((bounded.least, bounded.most, bounded.fixed), (Some(2), Some(5), None));
        let free = limits_of("");
        assert_eq!((free.least, free.most, free.fixed), (Some(1), None, None));
        assert_eq!(limits_of("use_hardware_scaling = false").fixed, Some(6), "the planning formula's number");
        let file = "use_hardware_scaling = false\n[hardware_scaling]\nmax_workers = 3";
        assert_eq!(limits_of(file).fixed, Some(3));
    }
}
