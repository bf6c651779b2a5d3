//! Configuration: file, environment and flags → one resolved, checked `Config`; only that travels.

mod raw;
mod reference;
mod setting;
mod sources;
#[cfg(test)]
mod tests;

pub(crate) use raw::RawConfig;
pub(crate) use reference::page as reference;

use crate::{
    args::Global,
    problem::{Problem, Result},
};
use serde::Serialize;
use setting::Kind;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

/// Everything that can be set, checked and complete.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) store: StoreAt,
    pub(crate) listen: SocketAddr,
    pub(crate) dev: bool,
    pub(crate) media_roots: Vec<PathBuf>,
    pub(crate) use_outbox_pattern: bool,
    pub(crate) use_hardware_scaling: bool,
    pub(crate) enable_sse_progress: bool,
    pub(crate) server: Server,
    pub(crate) outbox: Outbox,
    pub(crate) text: Text,
    pub(crate) hardware_scaling: HardwareScaling,
    pub(crate) sse: Sse,
    pub(crate) retention: Retention,
    pub(crate) workers: Workers,
    pub(crate) log: Log,
}

/// Which database.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StoreAt {
    /// A SQLite file in the data folder.
    Folder,
    /// A PostgreSQL server's: the address, which holds a password, and what people may see of it.
    Server { address: String, place: String },
}

impl Serialize for StoreAt {
    /// Without user and password: settings are shown.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Folder => serializer.serialize_str(""),
            Self::Server { place, .. } => serializer.serialize_str(&format!("postgres://{place}")),
        }
    }
}

/// This process as a worker.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Workers {
    pub(crate) lease_seconds: u64,
}

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Server {
    /// A proxy with TLS stands in front.
    pub(crate) proxy: bool,
    pub(crate) hosts: Vec<String>,
    /// `None` for no limit.
    pub(crate) requests_per_minute: Option<u32>,
    pub(crate) drain_seconds: u64,
}

/// Deliveries to other systems.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Outbox {
    pub(crate) batch_size: u32,
    pub(crate) retry_attempts: u32,
    pub(crate) timeout_seconds: u64,
}

/// A language model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Text {
    /// Empty where there is none.
    pub(crate) model: String,
    pub(crate) base_url: String,
    /// The name of a kept secret, not the secret.
    pub(crate) secret: String,
    pub(crate) prompt_cents_per_million: u64,
    pub(crate) completion_cents_per_million: u64,
    pub(crate) timeout_seconds: u64,
    pub(crate) judge: bool,
}

/// Limits that follow the machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct HardwareScaling {
    pub(crate) min_workers: u32,
    /// `None` leaves it to the machine.
    pub(crate) max_workers: Option<u32>,
}

/// Live progress.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Sse {
    pub(crate) update_interval_ms: u64,
    pub(crate) timeout_minutes: u64,
}

impl Sse {
    /// Shortest time between two progress frames of one run.
    pub(crate) fn update_interval(&self) -> Duration {
        Duration::from_millis(self.update_interval_ms)
    }

    /// When a stream whose reader takes nothing ends.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_minutes * 60)
    }
}

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Retention {
    /// `None` keeps runs.
    pub(crate) runs_days: Option<u32>,
}

/// The log, on standard error.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// From the file that `global` names (or is found), the environment, and `flags`.
    pub(crate) fn load(global: &Global, flags: RawConfig) -> Result<Self> {
        let flags =
            RawConfig { data: global.data.clone(), store: global.store.clone(), ..Default::default() }
                .over(flags);
        let environment = sources::from_environment(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )?;
        let upper = flags.over(environment);
        let file = match &global.config {
            Some(path) => sources::from_file(path)?,
            None => match found(upper.data.as_deref()) {
                Some(path) => sources::from_file(&path)?,
                None => RawConfig::default(),
            },
        };
        let home = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let default_data = home("XDG_DATA_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| home("HOME").map(|home| home.join(".local/share")))
            .map_or_else(|| PathBuf::from("headway-data"), |base| base.join("headway"));
        resolve(upper.over(file), default_data)
    }

    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.data.join("headway.db")
    }
}

/// `headway.toml` in the working folder, or in the data folder.
fn found(data: Option<&Path>) -> Option<PathBuf> {
    let candidates = [Some(PathBuf::from("headway.toml")), data.map(|data| data.join("headway.toml"))];
    candidates.into_iter().flatten().find(|path| path.is_file())
}

/// Fills in defaults and checks everything.
pub(crate) fn resolve(raw: RawConfig, default_data: PathBuf) -> Result<Config> {
    let listen = text("listen", raw.listen);
    let listen: SocketAddr = listen.parse().map_err(|_| {
        wrong(
            "listen",
            &format!("'{listen}' is not an address and port, such as 127.0.0.1:8080 or [::1]:8080"),
        )
    })?;
    let dev = flag("dev", raw.dev);
    if dev && !listen.ip().to_canonical().is_loopback() {
        return Err(wrong("dev", &format!("it signs in whoever can reach {listen}"))
            .hint("listen on 127.0.0.1, or leave --dev away and sign in"));
    }
    let zero = |number: u64| (number > 0).then_some(number);
    let hardware_scaling = HardwareScaling {
        min_workers: small(number("hardware_scaling.min_workers", raw.hardware_scaling.min_workers)?),
        max_workers: zero(number("hardware_scaling.max_workers", raw.hardware_scaling.max_workers)?)
            .map(small),
    };
    if hardware_scaling.max_workers.is_some_and(|most| most < hardware_scaling.min_workers) {
        return Err(wrong("hardware_scaling.max_workers", "it is less than hardware_scaling.min_workers"));
    }
    Ok(Config {
        data: raw.data.unwrap_or(default_data),
        store: store_at(text("store", raw.store))?,
        listen,
        dev,
        media_roots: raw.media_roots.unwrap_or_default(),
        use_outbox_pattern: flag("use_outbox_pattern", raw.use_outbox_pattern),
        use_hardware_scaling: flag("use_hardware_scaling", raw.use_hardware_scaling),
        enable_sse_progress: flag("enable_sse_progress", raw.enable_sse_progress),
        server: Server {
            proxy: flag("server.proxy", raw.server.proxy),
            hosts: raw.server.hosts.unwrap_or_default(),
            requests_per_minute: zero(number("server.requests_per_minute", raw.server.requests_per_minute)?)
                .map(small),
            drain_seconds: number("server.drain_seconds", raw.server.drain_seconds)?,
        },
        outbox: Outbox {
            batch_size: small(number("outbox.batch_size", raw.outbox.batch_size)?),
            retry_attempts: small(number("outbox.retry_attempts", raw.outbox.retry_attempts)?),
            timeout_seconds: number("outbox.timeout_seconds", raw.outbox.timeout_seconds)?,
        },
        text: Text {
            model: text("text.model", raw.text.model),
            base_url: text("text.base_url", raw.text.base_url),
            secret: text("text.secret", raw.text.secret),
            prompt_cents_per_million: number(
                "text.prompt_cents_per_million",
                raw.text.prompt_cents_per_million,
            )?,
            completion_cents_per_million: number(
                "text.completion_cents_per_million",
                raw.text.completion_cents_per_million,
            )?,
            timeout_seconds: number("text.timeout_seconds", raw.text.timeout_seconds)?,
            judge: flag("text.judge", raw.text.judge),
        },
        hardware_scaling,
        sse: Sse {
            update_interval_ms: number("sse.update_interval_ms", raw.sse.update_interval_ms)?,
            timeout_minutes: number("sse.timeout_minutes", raw.sse.timeout_minutes)?,
        },
        retention: Retention {
            runs_days: zero(number("retention.runs_days", raw.retention.runs_days)?).map(small),
        },
        workers: Workers { lease_seconds: number("workers.lease_seconds", raw.workers.lease_seconds)? },
        log: Log {
            level: text("log.level", raw.log.level),
            format: match word("log.format", raw.log.format)?.as_str() {
                "json" => LogFormat::Json,
                _ => LogFormat::Text,
            },
        },
    })
}

fn store_at(address: String) -> Result<StoreAt> {
    if address.is_empty() {
        return Ok(StoreAt::Folder);
    }
    match db::PgOptions::parse(&address) {
        Ok(options) => Ok(StoreAt::Server { place: options.place().to_owned(), address }),
        Err(error) => Err(wrong("store", &error.to_string())),
    }
}

/// A number that its setting's range has bounded.
fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn default(key: &str) -> &'static str {
    raw::setting(key).map_or("", |setting| setting.default)
}

fn flag(key: &str, value: Option<bool>) -> bool {
    value.unwrap_or_else(|| default(key) == "true")
}

fn text(key: &str, value: Option<String>) -> String {
    value.unwrap_or_else(|| default(key).to_owned())
}

fn word(key: &str, value: Option<String>) -> Result<String> {
    let value = text(key, value);
    match raw::setting(key).map(|setting| setting.kind) {
        Some(Kind::Word(words)) if !words.contains(&value.as_str()) => {
            Err(wrong(key, &format!("'{value}' is not one of: {}", words.join(", "))))
        }
        _ => Ok(value),
    }
}

fn number(key: &str, value: Option<u64>) -> Result<u64> {
    let value = value.or_else(|| default(key).parse().ok()).unwrap_or_default();
    match raw::setting(key).map(|setting| setting.kind) {
        Some(Kind::Number(least, most)) if !(least..=most).contains(&value) => {
            Err(wrong(key, &format!("{value} is not between {least} and {most}")))
        }
        _ => Ok(value),
    }
}

fn wrong(key: &str, why: &str) -> Problem {
    Problem::usage(format!("the setting '{key}' cannot be used: {why}"))
}
