//! The configuration as written: every setting optional, unknown keys refused.

use super::setting::{Kind, Setting, settings};
use std::path::PathBuf;

settings! {
    /// The whole file.
    RawConfig in "" {
        /// Folder that holds everything Headway keeps: database, thumbnails, artifacts, models, backups.
        data: PathBuf = Kind::Path, "`$XDG_DATA_HOME/headway`, or `~/.local/share/headway`";
        /// Database that several processes share, `postgres://user:password@host:port/database`; with `?sslmode=verify-full` for
        /// a checked encrypted connection, with `?pooler=transaction` behind a pooler that shares sessions. Empty for a SQLite
        /// file in the data folder.
        store: String = Kind::Text, "";
        /// Address and port of the dashboard and the API. Port 0 takes a free one. An address that others can reach needs
        /// `server.proxy`: Headway itself speaks plain HTTP.
        listen: String = Kind::Text, "127.0.0.1:8080";
        /// Signs in whoever is on this machine, without a password. Refused unless `listen` is a loopback address.
        dev: bool = Kind::Flag, "false";
        /// Folders that media may be ingested from. What lies outside them is refused, links that leave them included.
        media_roots: Vec<PathBuf> = Kind::Paths, "none";
        /// Stages deliveries durably before they are sent. When off, they are sent at once, by the attempt that makes them:
        /// what a crash or a refusal interrupts then is lost or sent twice.
        use_outbox_pattern: bool = Kind::Flag, "true";
        /// Lets limits follow the machine. When off, `cpu` and `io` each have a fixed number of slots: the planning formula's,
        /// within `hardware_scaling`.
        use_hardware_scaling: bool = Kind::Flag, "true";
        /// Live progress over server-sent events. When off, streams are refused, and the dashboard and the commands poll.
        enable_sse_progress: bool = Kind::Flag, "true";
    }
    sections {
        server: RawServer;
        outbox: RawOutbox;
        text: RawText;
        hardware_scaling: RawHardware;
        sse: RawSse;
        retention: RawRetention;
        workers: RawWorkers;
        log: RawLog;
    }
}

settings! {
    /// This process as a worker of its store.
    RawWorkers in "workers." {
        /// How long what a worker holds stays its own without a sign of life, in seconds. When that has passed, others take it
        /// over, and what it still reports is refused. The same for all workers of a store.
        lease_seconds: u64 = Kind::Number(1, 3600), "20";
    }
}

settings! {
    /// The HTTP server.
    RawServer in "server." {
        /// A proxy with TLS stands in front, sets `X-Forwarded-For` and `X-Forwarded-Host`, and is the only one that can
        /// reach `listen`. Cookies are then sent over encrypted connections only.
        proxy: bool = Kind::Flag, "false";
        /// Names that the server answers to, such as `headway.example.org`; any where empty. With `dev`, names of this
        /// machine are always among them.
        hosts: Vec<String> = Kind::Texts, "none";
        /// Requests a minute that one token, session or address may send; 0 for as many as it likes.
        requests_per_minute: u64 = Kind::Number(0, 1_000_000), "6000";
        /// How long attempts under way may take to end when the server stops, in seconds.
        drain_seconds: u64 = Kind::Number(0, 3600), "5";
    }
}

settings! {
    /// Deliveries to other systems.
    RawOutbox in "outbox." {
        /// Deliveries handed to a connector at once, where it takes so many.
        batch_size: u64 = Kind::Number(1, 1000), "50";
        /// Retries of a delivery that fails through its own fault, before it is dead. What a busy or absent destination
        /// costs is not counted.
        retry_attempts: u64 = Kind::Number(0, 100), "3";
        /// Longest wait for one answer of a destination, in seconds.
        timeout_seconds: u64 = Kind::Number(1, 3600), "30";
    }
}

settings! {
    /// A language model.
    RawText in "text." {
        /// The model's name, as its server knows it; without one, backlogs are written by rule.
        model: String = Kind::Text, "";
        /// Address of an OpenAI-compatible API.
        base_url: String = Kind::Text, "https://api.openai.com/v1";
        /// Name of the kept secret that holds the API key (`PUT /api/v1/secrets/{name}`); a local server may need none.
        secret: String = Kind::Text, "text";
        /// Price of a million tokens read, in US cents.
        prompt_cents_per_million: u64 = Kind::Number(0, 1_000_000), "0";
        /// Price of a million tokens written, in US cents.
        completion_cents_per_million: u64 = Kind::Number(0, 1_000_000), "0";
        /// Longest wait for an answer, in seconds.
        timeout_seconds: u64 = Kind::Number(1, 3600), "120";
        /// Whether the model also judges what it wrote, in one more call for each set of siblings.
        judge: bool = Kind::Flag, "false";
    }
}

settings! {
    /// Limits that follow the machine.
    RawHardware in "hardware_scaling." {
        /// Slots of `cpu`, and of each activity that waits (`io`), at least. Where it equals `max_workers`, limits stay there.
        min_workers: u64 = Kind::Number(1, 10_000), "1";
        /// Slots of `cpu`, and of each activity that waits (`io`), at most; 0 leaves it to the machine.
        max_workers: u64 = Kind::Number(0, 10_000), "0";
    }
}

settings! {
    /// Live progress.
    RawSse in "sse." {
        /// Shortest time between two progress frames of one run, in milliseconds.
        update_interval_ms: u64 = Kind::Number(50, 10_000), "100";
        /// A stream whose reader takes nothing ends after this, in minutes.
        timeout_minutes: u64 = Kind::Number(1, 1440), "10";
    }
}

settings! {
    /// How long things are kept.
    RawRetention in "retention." {
        /// Days after its end when a run is deleted, with its tasks, events, deliveries and what its application noted;
        /// 0 keeps it. What a run delivered or committed to a library stays.
        runs_days: u64 = Kind::Number(0, 36_500), "90";
    }
}

settings! {
    /// The log, on standard error.
    RawLog in "log." {
        /// Least severity that is written: `error`, `warn`, `info`, `debug` or `trace`, or a filter such as
        /// `info,headway_engine=debug`.
        level: String = Kind::Text, "info";
        /// Lines for people, or JSON objects for collectors.
        format: String = Kind::Word(&["text", "json"]), "text";
    }
}

/// A section of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section {
    /// Its name; empty for the top of the file.
    pub(crate) name: &'static str,
    /// What it is about.
    pub(crate) about: &'static str,
    /// Its settings.
    pub(crate) settings: &'static [Setting],
}

/// All sections, in the order of the reference.
pub(crate) const SECTIONS: &[Section] = &[
    Section { name: "", about: "What stands at the top of the file.", settings: RawConfig::SETTINGS },
    Section { name: "server", about: "The HTTP server.", settings: RawServer::SETTINGS },
    Section { name: "outbox", about: "Deliveries to other systems.", settings: RawOutbox::SETTINGS },
    Section {
        name: "text",
        about: "The language model that writes backlogs, where one is to.",
        settings: RawText::SETTINGS,
    },
    Section {
        name: "hardware_scaling",
        about: "Limits that follow the machine; each change is an event with its reason.",
        settings: RawHardware::SETTINGS,
    },
    Section { name: "sse", about: "Live progress.", settings: RawSse::SETTINGS },
    Section { name: "retention", about: "How long things are kept.", settings: RawRetention::SETTINGS },
    Section {
        name: "workers",
        about: "This process as a worker of its store.",
        settings: RawWorkers::SETTINGS,
    },
    Section { name: "log", about: "The log, on standard error.", settings: RawLog::SETTINGS },
];

/// The setting with that dotted key.
pub(crate) fn setting(key: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.key == key)
}

/// All settings, in the order of the reference.
pub(crate) fn all() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.iter().flat_map(|section| section.settings)
}
