//! What PostgreSQL's error codes mean to callers.

use crate::{ConstraintKind, Error};
use std::path::PathBuf;
use tokio_postgres::error::{DbError, SqlState};

/// The code that `headway_expect` raises.
const EXPECTATION: &str = "HW001";

/// Where in a batch something failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    /// Index of the statement; the batch's length at commit.
    pub(super) statement: usize,
    /// Index of the parameter row.
    pub(super) row: usize,
    /// The statement's text.
    pub(super) sql: &'static str,
}

/// Whether the statement was only refused because one before it had failed.
pub(super) fn is_aftermath(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION)
}

/// Whether the same transaction may well succeed at once: others were in its way.
pub(super) fn is_race(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE
        || *code == SqlState::T_R_DEADLOCK_DETECTED)
}

/// Whether the session is of no more use: the server went away, or is going.
pub(super) fn is_away(error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        None => error.is_closed() || !is_ours(error),
        Some(error) => {
            let code = error.code().code();
            code.starts_with("08") || code.starts_with("57P") || code == "53300"
        }
    }
}

/// Failures of this side: a value that does not fit its parameter.
fn is_ours(error: &tokio_postgres::Error) -> bool {
    let text = error.to_string();
    text.starts_with("error serializing")
        || text.starts_with("error deserializing")
        || text.starts_with("expected")
}

/// A failure outside of a caller's statement.
pub(super) fn outside(what: &'static str, place: &str, source: tokio_postgres::Error) -> Error {
    shared(place, source).unwrap_or_else(|source| Error::Engine { what, source: source.into() })
}

/// A statement of a batch that failed. `expected` is how many rows it had to affect.
pub(super) fn in_batch(place: &str, spot: Spot, expected: u64, source: tokio_postgres::Error) -> Error {
    let source = match shared(place, source) {
        Ok(error) => return error,
        Err(source) => source,
    };
    let Spot { statement, row, sql } = spot;
    let Some(known) = source.as_db_error() else {
        // A value that its column cannot hold.
        return Error::Constraint { statement, row, kind: ConstraintKind::Other, sql, source: source.into() };
    };
    let code = known.code();
    if code.code() == EXPECTATION {
        let found = known.detail().and_then(|detail| detail.parse().ok()).unwrap_or(0);
        return Error::Expectation { statement, row, expected, found, sql };
    }
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        // A standby, until it is promoted or the address points elsewhere.
        return away(place, source);
    }
    if *code == SqlState::UNIQUE_VIOLATION {
        return Error::Unique { statement, row, columns: columns(known), sql, source: source.into() };
    }
    // A value of another kind than its column is about the value, where kinds are told with the statement.
    let is_data = code.code().starts_with("22") || code.code().starts_with("23");
    if is_data || *code == SqlState::DATATYPE_MISMATCH {
        let kind = kind(code);
        return Error::Constraint { statement, row, kind, sql, source: source.into() };
    }
    Error::Statement { statement, row, sql: sql.to_owned(), source: source.into() }
}

/// A query that failed.
pub(super) fn in_query(place: &str, statement: usize, sql: &str, source: tokio_postgres::Error) -> Error {
    shared(place, source).unwrap_or_else(|source| Error::Statement {
        statement,
        row: 0,
        sql: sql.to_owned(),
        source: source.into(),
    })
}

/// The failures that mean the same wherever they show; other ones are given back.
fn shared(place: &str, source: tokio_postgres::Error) -> Result<Error, tokio_postgres::Error> {
    if is_away(&source) {
        return Ok(away(place, source));
    }
    match source.code().map(SqlState::code) {
        Some("53100") => Ok(Error::Full { path: PathBuf::from(place), source: source.into() }),
        Some("57014") => {
            Ok(Error::Engine { what: "finish within the statement timeout", source: source.into() })
        }
        _ => Err(source),
    }
}

/// The server does not answer.
pub(super) fn away(place: &str, source: impl Into<crate::Source>) -> Error {
    Error::Away { place: place.to_owned(), source: source.into() }
}

fn kind(code: &SqlState) -> ConstraintKind {
    match code.code() {
        "23514" => ConstraintKind::Check,
        "23502" => ConstraintKind::NotNull,
        "23503" => ConstraintKind::ForeignKey,
        _ => ConstraintKind::Other,
    }
}

/// `runs.id, runs.key` out of `Key (id, key)=(1, a) already exists.`, whose words are in the server's language.
fn columns(error: &DbError) -> String {
    let table = error.table().unwrap_or("table");
    let named = error.detail().and_then(|detail| {
        let (_, rest) = detail.split_once('(')?;
        let (columns, _) = rest.split_once(")=")?;
        Some(columns.split(", ").map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", "))
    });
    named.unwrap_or_else(|| error.constraint().unwrap_or("key").to_owned())
}
