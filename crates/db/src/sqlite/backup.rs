//! Online backup, and putting a backup in a database's place.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::owner::{Ownership, beside};
use super::{connection, engine, failure};
use crate::{BackupReport, Error, Options, RestoreReport, Result};

/// Pages copied in one step; between steps the disk is the writer's.
const STEP_PAGES: i32 = 512;

/// The pause between two steps.
const PAUSE: Duration = Duration::from_millis(1);

/// Whether somebody still waits for the copy.
type Wanted<'a> = &'a dyn Fn() -> bool;

/// Copies the database at `path` to `dest` under a temporary name, syncs it, and gives it its name.
///
/// The source's connection holds one read transaction from the first page to the last. So all pages are of one commit
/// and the copy never starts over, however much is written; the price is that the write-ahead log grows meanwhile.
pub(super) fn run(path: &Path, options: &Options, dest: &Path, wanted: Wanted<'_>) -> Result<BackupReport> {
    let start = Instant::now();
    if dest.exists() {
        return Err(Error::Exists { path: dest.to_owned() });
    }
    let part = beside(dest, ".part");
    let source = connection::reader(path, options)?;
    let bytes = write_copy(&source, path, &part, wanted)?;
    publish(&part, dest)?;
    Ok(BackupReport { path: dest.to_owned(), bytes, took: start.elapsed() })
}

/// See [`Db::restore`](crate::Db::restore).
pub(crate) fn restore(from: &Path, to: &Path) -> Result<RestoreReport> {
    let to = connection::resolve(to)?;
    let _ownership = Ownership::take(&to)?;
    let source = connection::open(from, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|source| failure::outside("open the backup", from, source))?;
    engine::check(&source, from)?;
    let part = beside(&to, ".part");
    let bytes = write_copy(&source, from, &part, &|| true)?;
    let replaced = if to.exists() { Some(move_aside(&to)?) } else { None };
    publish(&part, &to)?;
    Ok(RestoreReport { path: to, bytes, replaced })
}

/// Writes the whole content of `source` into the new file `part` and syncs it; its size in bytes.
fn write_copy(source: &Connection, path: &Path, part: &Path, wanted: Wanted<'_>) -> Result<u64> {
    remove(part)?;
    let copied = copy_pages(source, path, part, wanted).and_then(|()| sync(part));
    if copied.is_err() {
        // The first failure is the one to report.
        let _ = fs::remove_file(part);
    }
    copied
}

fn copy_pages(source: &Connection, path: &Path, part: &Path, wanted: Wanted<'_>) -> Result<()> {
    connection::create_private(part)?;
    let reading = |source| failure::outside("read the database", path, source);
    let writing = |source| failure::outside("write the copy", part, source);
    let snapshot = source.unchecked_transaction().map_err(reading)?;
    snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(reading)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut target = connection::open(part, flags).map_err(writing)?;
    // A torn copy is thrown away, so it needs no journal; it is synced once, at its end.
    target
        .query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))
        .and_then(|()| target.execute_batch("PRAGMA synchronous = OFF"))
        .map_err(writing)?;
    let backup = Backup::new(&snapshot, &mut target).map_err(writing)?;
    while backup.step(STEP_PAGES).map_err(writing)? != StepResult::Done {
        if !wanted() {
            return Err(Error::Closed);
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// Gives the finished file its name, durably.
fn publish(part: &Path, dest: &Path) -> Result<()> {
    fs::rename(part, dest).map_err(io("rename", part))?;
    let folder = dest.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io("sync", folder))
}

/// Renames the database with its log, which may hold its last commits; where the database is now.
fn move_aside(to: &Path) -> Result<PathBuf> {
    let aside = (1_u32..)
        .map(|number| beside(to, &format!(".replaced-{number}")))
        .find(|aside| !aside.exists())
        .ok_or_else(|| Error::Exists { path: to.to_owned() })?;
    fs::rename(to, &aside).map_err(io("rename", to))?;
    let log = beside(to, "-wal");
    if log.exists() {
        fs::rename(&log, beside(&aside, "-wal")).map_err(io("rename", &log))?;
    }
    remove(&beside(to, "-shm"))?;
    Ok(aside)
}

fn sync(file: &Path) -> Result<u64> {
    let opened = File::options().read(true).write(true).open(file).map_err(io("open", file))?;
    opened.sync_all().map_err(io("sync", file))?;
    Ok(opened.metadata().map_err(io("read", file))?.len())
}

fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io("remove", file)(error)),
        _ => Ok(()),
    }
}

fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { what, path, source: source.into() }
}
