//! Forward-only migrations of several components in one database.
//!
//! Own code instead of refinery 0.10 (which does link with this rusqlite): it panics on a damaged record, cannot
//! suspend foreign keys while a table is rebuilt, keeps one table a component, and adds five crates.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::failure;
use crate::{Error, Migration, MigrationProblem, Result};

const RECORDS: &str = "CREATE TABLE IF NOT EXISTS headway_migration (
    component TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    PRIMARY KEY (component, version)
) STRICT, WITHOUT ROWID";

/// Version → checksum of what was applied, by component.
type Applied = BTreeMap<String, BTreeMap<u32, String>>;

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

/// Versions of a component rise in the list.
fn check_order(migrations: &[Migration]) -> Result<()> {
    let mut highest = BTreeMap::new();
    for migration in migrations {
        let before = highest.insert(migration.component, migration.version).unwrap_or(0);
        if migration.version <= before {
            return Err(problem(migration, MigrationProblem::Disorder, None));
        }
    }
    Ok(())
}

/// What was applied is a beginning of what is known, with the same texts. Components that this program does not know
/// at all (an application that is switched off) are left alone.
fn check_applied(applied: &Applied, migrations: &[Migration]) -> Result<()> {
    for (component, versions) in applied {
        let known: Vec<_> = migrations.iter().filter(|migration| migration.component == component).collect();
        let Some(known_last) = known.last().map(|migration| migration.version) else {
            continue;
        };
        let applied_last = versions.keys().next_back().copied().unwrap_or(0);
        if applied_last > known_last {
            return Err(Error::TooNew {
                component: component.clone(),
                found: applied_last,
                known: known_last,
            });
        }
        let known_versions: BTreeSet<_> = known.iter().map(|migration| migration.version).collect();
        if let Some(&version) = versions.keys().find(|version| !known_versions.contains(version)) {
            let (component, problem) = (component.clone(), MigrationProblem::Missing);
            return Err(Error::Migration { component, version, problem, source: None });
        }
        for migration in known {
            match versions.get(&migration.version) {
                Some(sum) if *sum != checksum(migration.sql) => {
                    return Err(problem(migration, MigrationProblem::Changed, None));
                }
                None if migration.version < applied_last => {
                    return Err(problem(migration, MigrationProblem::Late, None));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn problem(migration: &Migration, problem: MigrationProblem, source: Option<rusqlite::Error>) -> Error {
    Error::Migration {
        component: migration.component.to_owned(),
        version: migration.version,
        problem,
        source: source.map(Into::into),
    }
}

/// SHA-256 of the text in hex; line ends do not count, so that a checkout on another system is the same migration.
fn checksum(sql: &str) -> String {
    let mut hash = Sha256::new();
    for line in sql.lines() {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
