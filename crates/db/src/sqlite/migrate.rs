//! Forward-only migrations of several components in one database.
//!
//! Own code instead of refinery 0.10 (which does link with this rusqlite): it panics on a damaged record, cannot
//! suspend foreign keys while a table is rebuilt, keeps one table a component, and adds five crates.

use std::path::Path;

use rusqlite::Connection;

use super::failure;
use crate::migration::{Applied, check_applied, check_order, checksum};
use crate::{Error, Migration, MigrationProblem, Result};

const RECORDS: &str = "CREATE TABLE IF NOT EXISTS headway_migration (
    component TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    PRIMARY KEY (component, version)
) STRICT, WITHOUT ROWID";

/// Brings the schema up to date in one transaction. Foreign keys are off meanwhile (a rebuilt table would empty the
/// ones that refer to it) and are checked at the end.
pub(super) fn run(connection: &Connection, path: &Path, migrations: &[Migration]) -> Result<()> {
    check_order(migrations)?;
    let sqlite = |what| move |source| failure::outside(what, path, source);
    connection
        .execute_batch("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE")
        .map_err(sqlite("begin a migration"))?;
    let result = apply(connection, path, migrations)
        .and_then(|()| connection.execute_batch("COMMIT").map_err(sqlite("commit a migration")));
    if result.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK").map_err(sqlite("roll a migration back"))?;
    }
    connection.execute_batch("PRAGMA foreign_keys = ON").map_err(sqlite("check foreign keys"))?;
    result
}

fn apply(connection: &Connection, path: &Path, migrations: &[Migration]) -> Result<()> {
    let sqlite = |source| failure::outside("read the migrations", path, source);
    connection.execute_batch(RECORDS).map_err(sqlite)?;
    let applied = applied(connection).map_err(sqlite)?;
    check_applied(&applied, migrations)?;
    let mut last = None;
    for migration in migrations {
        if applied.get(migration.component).is_some_and(|versions| versions.contains_key(&migration.version))
        {
            continue;
        }
        connection
            .execute_batch(migration.sql)
            .and_then(|()| {
                connection.execute(
                    "INSERT INTO headway_migration (component, version, name, checksum) VALUES (?1, ?2, ?3, ?4)",
                    (migration.component, migration.version, migration.name, checksum(migration.sql)),
                )
            })
            .map_err(|source| problem(migration, MigrationProblem::Sql, Some(source)))?;
        last = Some(migration);
    }
    if let Some(migration) = last {
        let mut check = connection.prepare("PRAGMA foreign_key_check").map_err(sqlite)?;
        if check.exists([]).map_err(sqlite)? {
            return Err(problem(migration, MigrationProblem::ForeignKeys, None));
        }
    }
    Ok(())
}

fn applied(connection: &Connection) -> rusqlite::Result<Applied> {
    let mut statement = connection.prepare("SELECT component, version, checksum FROM headway_migration")?;
    let mut rows = statement.query([])?;
    let mut applied = Applied::new();
    while let Some(row) = rows.next()? {
        applied.entry(row.get(0)?).or_default().insert(row.get(1)?, row.get(2)?);
    }
    Ok(applied)
}

fn problem(migration: &Migration, problem: MigrationProblem, source: Option<rusqlite::Error>) -> Error {
    Error::Migration {
        component: migration.component.to_owned(),
        version: migration.version,
        problem,
        source: source.map(Into::into),
    }
}
