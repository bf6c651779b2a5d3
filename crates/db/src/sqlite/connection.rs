//! How connections are opened and tuned.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::failure;
use crate::{Error, Options, Result};

/// Lowest SQLite accepted, as `sqlite3_libversion_number` and as text.
const OLDEST: (i32, &str) = (3_051_003, "3.51.3");

/// How long a statement waits for another connection's lock. Only a checkpoint that must wait, a backup's start or an
/// administrator's shell can hold one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Prepared statements each reader keeps.
const READER_STATEMENTS: usize = 256;

/// Refuses a SQLite with the write-ahead log's corruption bug.
pub(super) fn check_version() -> Result<()> {
    if rusqlite::version_number() < OLDEST.0 {
        return Err(Error::TooOld { found: rusqlite::version(), needed: OLDEST.1 });
    }
    Ok(())
}

/// The absolute path with links resolved, so that two names of one file are one lock.
pub(super) fn resolve(path: &Path) -> Result<PathBuf> {
    if let Ok(path) = path.canonicalize() {
        return Ok(path);
    }
    let io = |source: std::io::Error| Error::Io {
        what: "find the folder of",
        path: path.to_owned(),
        source: source.into(),
    };
    let name = path.file_name().ok_or_else(|| io(std::io::ErrorKind::InvalidFilename.into()))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    Ok(folder.canonicalize().map_err(io)?.join(name))
}

/// Opens (or creates) the database for writing.
pub(super) fn writer(path: &Path, options: &Options) -> Result<Connection> {
    create_private(path)?;
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    open(path, flags)
        .and_then(|connection| {
            let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            if pages == 0 {
                // Can only be chosen before the first table is made.
                connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
            }
            connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
            // fullfsync: on macOS fsync alone leaves data in the drive's cache. temp_store: savepoints keep the pages
            // they may have to restore there. wal_autocheckpoint: checkpoints run between commits, not inside of one.
            connection.execute_batch(&format!(
                "PRAGMA synchronous = FULL;
                 PRAGMA fullfsync = ON;
                 PRAGMA checkpoint_fullfsync = ON;
                 PRAGMA foreign_keys = ON;
                 PRAGMA temp_store = MEMORY;
                 PRAGMA wal_autocheckpoint = 0;
                 PRAGMA cache_size = -{};",
                options.writer_cache_kib
            ))?;
            set_mmap(&connection, options.mmap_bytes)?;
            limit_pages(&connection, options.max_pages)?;
            Ok(connection)
        })
        .map_err(|source| failure::outside("open the database", path, source))
}

/// Opens the database for reading; the writer must have opened it before.
pub(super) fn reader(path: &Path, options: &Options) -> Result<Connection> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .and_then(|connection| {
            connection.execute_batch(&format!(
                "PRAGMA query_only = ON;
                 PRAGMA cache_size = -{};",
                options.reader_cache_kib
            ))?;
            set_mmap(&connection, options.mmap_bytes)?;
            connection.set_prepared_statement_cache_capacity(READER_STATEMENTS);
            Ok(connection)
        })
        .map_err(|source| failure::outside("open the database for reading", path, source))
}

/// Opens a file with nothing but a busy timeout; for backups.
pub(super) fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Sets the highest page count; `None` for SQLite's own.
pub(super) fn limit_pages(connection: &Connection, pages: Option<u32>) -> rusqlite::Result<()> {
    /// SQLite's highest page number.
    const ANY: u32 = 0xffff_fffe;
    connection.query_row(&format!("PRAGMA max_page_count = {}", pages.unwrap_or(ANY)), [], |_| Ok(()))
}

fn set_mmap(connection: &Connection, bytes: u64) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA mmap_size = {bytes}"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// Makes the file readable by its owner only; SQLite gives the log and the shared memory the same rights.
pub(super) fn create_private(path: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(Error::Io { what: "create", path: path.to_owned(), source: source.into() }),
    }
}
