//! A PostgreSQL server in a throw-away folder.

use std::{
    ffi::OsStr,
    io::{self, Write as _},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The variable that names a running server: `postgres://user@host:port`, without a database.
pub const SERVER: &str = "HEADWAY_TEST_POSTGRES";

/// Whom a server runs as where the tests run as root, which PostgreSQL refuses.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// Longest wait for the server to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not installed.
    #[error(
        "PostgreSQL is not installed ('{0}' is neither on the PATH nor below /usr/lib/postgresql): \
         install it (Debian: apt-get install postgresql pgbouncer), or leave its tests out with HEADWAY_SKIP=postgres"
    )]
    Missing(&'static str),
    /// A program could not be started.
    #[error("cannot start {0}")]
    Start(&'static str, #[source] io::Error),
    /// A program failed.
    #[error("{0} failed: {1}")]
    Failed(&'static str, String),
    /// No folder, no port.
    #[error("no place for a server")]
    Place(#[from] io::Error),
}

/// A server of its own; it ends with the value.
pub struct Postgres {
    /// Its address, without a database.
    pub url: String,
    options: Vec<String>,
    child: Child,
    folder: TempDir,
}

impl Postgres {
    /// A server for tests: what it writes is not synced, for its folder is thrown away.
    ///
    /// # Errors
    /// [`Error`].
    pub fn start() -> Result<Self, Error> {
        Self::start_with(&["fsync=off"])
    }

    /// A server with settings of `postgresql.conf`, such as `fsync=on`.
    ///
    /// # Errors
    /// [`Error`].
    pub fn start_with(settings: &[&str]) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("headway-postgres-").tempdir()?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        for path in [folder.path(), &data] {
            give(path)?;
        }
        let mut initdb = as_user("initdb")?;
        initdb.args([
            "--username=headway",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]);
        run("initdb", initdb.arg("--pgdata").arg(&data))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut options = vec![
            format!("port={port}"),
            "listen_addresses=127.0.0.1".into(),
            "unix_socket_directories=".into(),
            "max_connections=200".into(),
        ];
        options.extend(settings.iter().map(|&setting| setting.to_owned()));
        let child = serve(&data, &options)?;
        let server = Self { url: format!("postgres://headway@127.0.0.1:{port}"), options, child, folder };
        server.wait()?;
        Ok(server)
    }

    /// Ends the server at once, as a crash would, and starts it again in its folder.
    ///
    /// # Errors
    /// [`Error`].
    pub fn restart(&mut self) -> Result<(), Error> {
        self.stop("immediate")?;
        self.begin()
    }

    /// Ends the server: `immediate` as a crash would, `fast` as a person would.
    ///
    /// # Errors
    /// [`Error`].
    pub fn stop(&mut self, mode: &str) -> Result<(), Error> {
        let mut stop = as_user("pg_ctl")?;
        if let Some(mut pipe) = self.child.stdin.take() {
            // A keeper that is gone has ended the server already.
            let _ = pipe.write_all(b"stopped\n");
        }
        run("pg_ctl", stop.args(["stop", "--wait", "--mode", mode, "--pgdata"]).arg(self.data()))?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts the server again after [`Self::stop`].
    ///
    /// # Errors
    /// [`Error`].
    pub fn begin(&mut self) -> Result<(), Error> {
        self.child = serve(&self.data(), &self.options)?;
        self.wait()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn wait(&self) -> Result<(), Error> {
        answers(&self.url)
    }
}

/// Waits until a server takes connections.
pub(crate) fn answers(url: &str) -> Result<(), Error> {
    let begun = Instant::now();
    loop {
        match tool("pg_isready", url, &["--quiet"]) {
            Ok(()) => return Ok(()),
            Err(error) if begun.elapsed() > PATIENCE => return Err(error),
            // pg_isready asks once and gives no way to wait.
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The folder goes with it: nothing has to be written any more.
        let _ = self.stop("immediate");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a client program against a server.
pub(crate) fn tool(name: &'static str, server: &str, args: &[&str]) -> Result<(), Error> {
    let place = server.rsplit_once('@').map_or(server, |(_, place)| place);
    let user = server
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('@'))
        .map_or("headway", |(user, _)| user);
    let (host, port) = place.split_once(':').unwrap_or((place, "5432"));
    let mut command = Command::new(find(name)?);
    command.args(["--host", host, "--port", port, "--username", user]);
    run(name, command.args(args).env_remove("PGDATABASE"))
}

/// Runs the server, and ends it with this process, however that ends: a closed pipe says so. A line on the pipe says that the
/// server ends by other means, and that its folder stays.
const KEEPER: &str = r#"folder=$1 signals=$2; shift 2
"$@" & server=$!
if ! read -r _; then for signal in $signals; do kill -"$signal" "$server" 2>/dev/null; done; wait "$server"; rm -rf "$folder"; fi
wait "$server""#;

fn serve(data: &Path, options: &[String]) -> Result<Child, Error> {
    let settings = options.iter().flat_map(|option| [OsStr::new("-c"), OsStr::new(option)]);
    let args = [OsStr::new("-D"), data.as_os_str()].into_iter().chain(settings);
    keep("postgres", "QUIT", data.parent().unwrap_or(data), args)
}

/// Starts a server that `signals`, one after the other, end at once: it ends with this process, and its folder with it.
pub(crate) fn keep<'a>(
    name: &'static str,
    signals: &str,
    folder: &Path,
    args: impl IntoIterator<Item = &'a OsStr>,
) -> Result<Child, Error> {
    let mut keeper = run_as(Command::new("sh"));
    keeper.args(["-c", KEEPER, "sh"]).arg(folder).arg(signals).arg(find(name)?).args(args);
    keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C at the terminal is for the tests, which end the server themselves.
    keeper.process_group(0);
    keeper.spawn().map_err(|source| Error::Start(name, source))
}

fn run(name: &'static str, command: &mut Command) -> Result<(), Error> {
    let output = command.stdin(Stdio::null()).output().map_err(|source| Error::Start(name, source))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [&output.stderr[..], &output.stdout[..]].concat();
    Err(Error::Failed(name, String::from_utf8_lossy(&said).trim().to_owned()))
}

/// A program of the server, run as somebody who may.
fn as_user(name: &'static str) -> Result<Command, Error> {
    Ok(run_as(Command::new(find(name)?)))
}

fn run_as(mut command: Command) -> Command {
    if let Some((user, group)) = ids() {
        command.uid(user).gid(group).current_dir("/");
    }
    command
}

/// Lets the server have a file or folder.
pub(crate) fn give(path: &Path) -> io::Result<()> {
    ids().map_or(Ok(()), |(user, group)| std::os::unix::fs::chown(path, Some(user), Some(group)))
}

/// User and group to run as; `None` where this process is not root.
fn ids() -> Option<(u32, u32)> {
    let own = std::fs::metadata("/proc/self").ok().map(|meta| std::os::unix::fs::MetadataExt::uid(&meta));
    if own != Some(0) {
        return None;
    }
    let known = std::fs::read_to_string("/etc/passwd").ok()?;
    USERS.iter().find_map(|user| {
        let line = known.lines().find(|line| line.split(':').next() == Some(user))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

/// Where a program is: Debian keeps the server's out of the PATH.
fn find(name: &'static str) -> Result<PathBuf, Error> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = folders.into_iter().rev().chain(std::env::split_paths(&path));
    all.chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .ok_or(Error::Missing(name))
}
