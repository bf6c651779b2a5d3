//! What SQLite's result codes mean to callers.

use std::path::Path;

use rusqlite::ffi;

use crate::{Batch, ConstraintKind, Error};

/// A failure outside of a caller's statement.
pub(super) fn outside(what: &'static str, path: &Path, source: rusqlite::Error) -> Error {
    match shared(path, source) {
        Ok(error) => error,
        Err(source) => Error::Engine { what, source: source.into() },
    }
}

/// A failed COMMIT. Whatever says that bytes may not have reached the disk is fatal.
pub(super) fn commit(path: &Path, source: rusqlite::Error) -> Error {
    let fatal = matches!(primary(&source), ffi::SQLITE_IOERR | ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB);
    if fatal {
        return Error::Fatal { path: path.to_owned(), source: source.into() };
    }
    outside("commit", path, source)
}

/// A failed COMMIT of one batch alone: a constraint that is deferred to the end shows here.
pub(super) fn at_commit(path: &Path, batch: &Batch, source: rusqlite::Error) -> Error {
    if primary(&source) == ffi::SQLITE_CONSTRAINT {
        return in_batch(path, (batch.statements.len(), 0), "COMMIT", source);
    }
    commit(path, source)
}

/// A statement of a batch that failed.
pub(super) fn in_batch(
    path: &Path,
    (statement, row): (usize, usize),
    sql: &'static str,
    source: rusqlite::Error,
) -> Error {
    let source = match shared(path, source) {
        Ok(error) => return error,
        Err(source) => source,
    };
    if primary(&source) != ffi::SQLITE_CONSTRAINT {
        return Error::Statement { statement, row, sql: sql.to_owned(), source: source.into() };
    }
    match extended(&source) {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            Error::Unique { statement, row, columns: columns(&source), sql, source: source.into() }
        }
        code => Error::Constraint { statement, row, kind: kind(code), sql, source: source.into() },
    }
}

/// A query that failed.
pub(super) fn in_query(path: &Path, statement: usize, sql: &str, source: rusqlite::Error) -> Error {
    match shared(path, source) {
        Ok(error) => error,
        Err(source) => Error::Statement { statement, row: 0, sql: sql.to_owned(), source: source.into() },
    }
}

/// The failures that mean the same wherever they show; other ones are given back.
fn shared(path: &Path, source: rusqlite::Error) -> Result<Error, rusqlite::Error> {
    let path = path.to_owned();
    match (primary(&source), extended(&source)) {
        (_, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => {
            Ok(Error::Fatal { path, source: source.into() })
        }
        (ffi::SQLITE_FULL, _) => Ok(Error::Full { path, source: source.into() }),
        (ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB, _) => {
            Ok(Error::Integrity { path, findings: vec![source.to_string()] })
        }
        (ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN, _) => {
            Ok(Error::Io { what: "read or write", path, source: source.into() })
        }
        _ => Err(source),
    }
}

fn kind(extended: i32) -> ConstraintKind {
    match extended {
        ffi::SQLITE_CONSTRAINT_CHECK => ConstraintKind::Check,
        ffi::SQLITE_CONSTRAINT_NOTNULL => ConstraintKind::NotNull,
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ConstraintKind::ForeignKey,
        _ => ConstraintKind::Other,
    }
}

/// `task.run_id, task.key` out of `UNIQUE constraint failed: task.run_id, task.key`.
fn columns(source: &rusqlite::Error) -> String {
    let text = source.to_string();
    text.split_once("failed: ").map_or_else(|| "key".to_owned(), |(_, columns)| columns.to_owned())
}

fn primary(error: &rusqlite::Error) -> i32 {
    extended(error) & 0xff
}

fn extended(error: &rusqlite::Error) -> i32 {
    error.sqlite_error().map_or(ffi::SQLITE_OK, |error| error.extended_code)
}
