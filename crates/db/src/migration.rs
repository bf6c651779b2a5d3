use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::{Error, MigrationProblem, Result};

/// One forward step of a component's schema. Never edited once released: its text is checked against the one applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Whose tables it makes: "store", or an application's name. Each component counts its own versions.
    pub component: &'static str,
    /// Position in the component's history, from 1, rising.
    pub version: u32,
    /// What it does in a word or two, for people.
    pub name: &'static str,
    /// One or more statements.
    pub sql: &'static str,
    /// Pieces of `sql` that PostgreSQL must read otherwise, each beside what it reads instead. Types and `WITHOUT ROWID`
    /// need none: they are translated.
    pub differs: &'static [(&'static str, &'static str)],
}

/// Version → checksum of what was applied, by component.
pub(crate) type Applied = BTreeMap<String, BTreeMap<u32, String>>;

/// Versions of a component rise in the list.
pub(crate) fn check_order(migrations: &[Migration]) -> Result<()> {
    let mut highest = BTreeMap::new();
    for migration in migrations {
        let before = highest.insert(migration.component, migration.version).unwrap_or(0);
        if migration.version <= before {
            return Err(problem(migration, MigrationProblem::Disorder));
        }
    }
    Ok(())
}

/// What was applied is a beginning of what is known, with the same texts. Components that this program does not know
/// at all (an application that is switched off) are left alone.
pub(crate) fn check_applied(applied: &Applied, migrations: &[Migration]) -> Result<()> {
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
                    return Err(problem(migration, MigrationProblem::Changed));
                }
                None if migration.version < applied_last => {
                    return Err(problem(migration, MigrationProblem::Late));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn problem(migration: &Migration, problem: MigrationProblem) -> Error {
    let (component, version) = (migration.component.to_owned(), migration.version);
    Error::Migration { component, version, problem, source: None }
}

/// SHA-256 of the text in hex; line ends do not count, so that a checkout on another system is the same migration.
pub(crate) fn checksum(sql: &str) -> String {
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
