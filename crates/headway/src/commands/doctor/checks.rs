//! The checks themselves. Each says what it found, and never fails the others.

use super::Check;
use crate::{
    client::Client,
    config::Config,
    output::text::{bytes, duration},
    problem::{chain, reason},
    server_file::ServerFile,
};
use ingest::pixels::nsfw::{Classifier, NsfwError};
use rustix::{
    fs::statvfs,
    process::{Resource, getrlimit},
};
use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

/// Free space below which work is at risk, and below which it is nearly over, in bytes.
const LITTLE_SPACE: u64 = 2 << 30;
const NO_SPACE: u64 = 256 << 20;
/// A sync slower than this makes itself felt.
const SLOW_SYNC: Duration = Duration::from_millis(20);
/// Syncs measured.
const SYNCS: usize = 21;
/// Open files that a server with many followers needs.
const MANY_FILES: u64 = 4096;
/// 2025-01-01: no clock that is right shows an earlier time.
const EARLIEST: Duration = Duration::from_secs(1_735_689_600);

/// Whether a server runs on the data folder.
pub(super) async fn server(config: &Config) -> Check {
    const NAME: &str = "server";
    let Some(file) = ServerFile::read(&config.data) else {
        return Check::ok(NAME, "none is running; commands start their own");
    };
    let answers = match Client::new(&file.address, Some(file.token.clone())) {
        Ok(client) => client.answers().await,
        Err(_) => false,
    };
    match (answers, file.version == env!("CARGO_PKG_VERSION")) {
        (true, true) => Check::ok(NAME, format!("{} (process {})", file.address, file.pid)),
        (true, false) => Check::warn(
            NAME,
            format!("{} runs version {}, this is {}", file.address, file.version, env!("CARGO_PKG_VERSION")),
            "restart the server with this version",
        ),
        (false, _) => Check::warn(
            NAME,
            format!("{} (process {}) does not answer", file.address, file.pid),
            "it was killed, or is ending; the next start takes over what it left",
        ),
    }
}

/// All checks that ask only this machine.
pub(super) fn local(data: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    let (folder, usable) = folder(data);
    checks.push(folder);
    if let Some(scratch) = usable {
        checks.push(space(&scratch));
        checks.push(file_system(&scratch));
        checks.push(sqlite(&scratch));
        checks.push(sync(&scratch));
    }
    checks.extend([ffprobe(), nsfw(&data.join("models")), open_files(), hardware(), clock()]);
    checks
}

/// Whether the folder can be written, and where to try things: it, or what it will be created in.
fn folder(data: &Path) -> (Check, Option<PathBuf>) {
    const NAME: &str = "data folder";
    let existing = data.ancestors().find(|path| path.is_dir()).map(Path::to_owned);
    let there = existing.unwrap_or_else(|| PathBuf::from("."));
    let probe = tempfile::Builder::new().prefix(".headway-doctor").tempfile_in(&there);
    match probe {
        Ok(_) if there == data => (Check::ok(NAME, data.display().to_string()), Some(there)),
        Ok(_) => (Check::ok(NAME, format!("{} (will be created)", data.display())), Some(there)),
        Err(error) => {
            let found = format!("{} cannot be written: {}", data.display(), reason(&error));
            (
                Check::fail(NAME, found, "give yourself write access, or choose another folder with --data"),
                None,
            )
        }
    }
}

fn space(folder: &Path) -> Check {
    const NAME: &str = "free space";
    match statvfs(folder) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let help = "free some, or move the data folder: a full disk stops all work, safely";
            match free {
                0..NO_SPACE => Check::fail(NAME, bytes(free), help),
                NO_SPACE..LITTLE_SPACE => Check::warn(NAME, bytes(free), help),
                _ => Check::ok(NAME, bytes(free)),
            }
        }
        Err(error) => Check::warn(NAME, format!("unknown: {error}"), "look at it with `df`"),
    }
}

/// SQLite's log needs memory shared between processes, which network file systems do not give.
#[cfg(target_os = "linux")]
fn file_system(folder: &Path) -> Check {
    const NAME: &str = "file system";
    const REMOTE: [(i64, &str); 5] =
        [(0x6969, "NFS"), (0xff53_4d42, "CIFS"), (0xfe53_4d42, "SMB2"), (0x517b, "SMB"), (0x0102_1997, "9p")];
    const MEMORY: i64 = 0x0102_1994;
    match rustix::fs::statfs(folder).map(|stat| stat.f_type) {
        Ok(MEMORY) => Check::warn(
            NAME,
            "memory (tmpfs)",
            "all is lost when the machine stops; choose a disk with --data",
        ),
        Ok(kind) => match REMOTE.iter().find(|(magic, _)| *magic == kind) {
            Some((_, name)) => {
                Check::fail(NAME, format!("{name}, a network file system"), "choose a local disk with --data")
            }
            None => Check::ok(NAME, "local"),
        },
        Err(error) => Check::warn(NAME, format!("unknown: {error}"), "use a local disk"),
    }
}

#[cfg(not(target_os = "linux"))]
fn file_system(_folder: &Path) -> Check {
    Check::ok("file system", "not looked at on this system; use a local disk")
}

/// Opens a database as the server would, and asks it for its version.
fn sqlite(folder: &Path) -> Check {
    const NAME: &str = "SQLite";
    let version = || -> std::result::Result<String, String> {
        let scratch = tempfile::Builder::new().prefix(".headway-doctor").tempdir_in(folder);
        let scratch = scratch.map_err(|error| reason(&error))?;
        let db =
            db::Db::open(db::Options::new(scratch.path().join("probe.db")), &[]).map_err(|e| chain(&e))?;
        let rows = db.query_blocking(db::Query::new("SELECT sqlite_version()")).map_err(|e| chain(&e))?;
        db.close_blocking();
        rows.first().ok_or("no answer".to_owned())?.get(0).map_err(|error| chain(&error))
    };
    match version() {
        Ok(version) => Check::ok(NAME, format!("{version}, write-ahead log works here")),
        Err(why) => Check::fail(NAME, why, "choose another folder with --data"),
    }
}

/// The median time of making 4 KiB durable: what each commit costs at least.
fn sync(folder: &Path) -> Check {
    const NAME: &str = "fsync";
    let measured = || -> std::io::Result<Duration> {
        let mut file: File = tempfile::tempfile_in(folder)?;
        let mut times = Vec::with_capacity(SYNCS);
        for _ in 0..SYNCS {
            file.write_all(&[7; 4096])?;
            let start = Instant::now();
            file.sync_data()?;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        Ok(times.get(SYNCS / 2).copied().unwrap_or_default())
    };
    match measured() {
        Ok(time) => {
            let found = format!("{:.2} ms (median)", time.as_secs_f64() * 1000.0);
            match time > SLOW_SYNC {
                true => Check::warn(
                    NAME,
                    found,
                    "each commit waits for it; a solid-state disk is 10 to 100 times quicker",
                ),
                false => Check::ok(NAME, found),
            }
        }
        Err(error) => Check::fail(
            NAME,
            format!("it fails: {}", reason(&error)),
            "nothing can be kept here; choose another disk",
        ),
    }
}

fn ffprobe() -> Check {
    const NAME: &str = "ffprobe";
    let help = "videos stay 'unknown' without it; Debian, Ubuntu: apt-get install ffmpeg; macOS: brew install ffmpeg";
    let output = Command::new("ffprobe").arg("-version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            let version = text.split_whitespace().nth(2).unwrap_or("of an unknown version").to_owned();
            Check::ok(NAME, version)
        }
        Ok(output) => Check::warn(NAME, format!("it does not run: {}", output.status), help),
        Err(error) => Check::warn(NAME, format!("not found: {}", reason(&error)), help),
    }
}

fn nsfw(models: &Path) -> Check {
    const NAME: &str = "nsfw model";
    match Classifier::load(models) {
        Ok(_) => Check::ok(NAME, "installed"),
        Err(NsfwError::Unavailable { why }) => {
            Check::warn(NAME, why, "without it, images stay 'unknown' and are never called safe")
        }
        Err(error) => Check::fail(NAME, chain(&error), "remove it, and run `headway doctor --install nsfw`"),
    }
}

fn open_files() -> Check {
    const NAME: &str = "open files";
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < MANY_FILES => Check::warn(
            NAME,
            format!("at most {limit}"),
            "each follower needs one; raise it with `ulimit -n 65536`, or LimitNOFILE= in systemd",
        ),
        Some(limit) => Check::ok(NAME, format!("at most {limit}")),
        None => Check::ok(NAME, "unlimited"),
    }
}

fn hardware() -> Check {
    let hardware = engine::Hardware::detect();
    Check::ok(
        "hardware",
        format!(
            "{:.1} of {} CPUs, {} memory (by {})",
            hardware.cpus_effective,
            hardware.cpus_online,
            bytes(hardware.memory_limit_bytes),
            hardware.source
        ),
    )
}

fn clock() -> Check {
    const NAME: &str = "clock";
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let help = "set the clock: due times and schedules follow it; `timedatectl set-ntp true` keeps it right";
    if now < EARLIEST {
        let behind = duration(i64::try_from((EARLIEST - now).as_millis()).unwrap_or(i64::MAX));
        return Check::fail(NAME, format!("it is {behind} before this program was made"), help);
    }
    let mut ask = Command::new("timedatectl");
    ask.args(["show", "--property=NTPSynchronized", "--value"]).stdin(Stdio::null()).stderr(Stdio::null());
    match ask.output() {
        Ok(output) if output.stdout.starts_with(b"no") => Check::warn(NAME, "not synchronised", help),
        Ok(output) if output.stdout.starts_with(b"yes") => Check::ok(NAME, "synchronised"),
        _ => Check::ok(NAME, "plausible; whether it is synchronised is not known here"),
    }
}
