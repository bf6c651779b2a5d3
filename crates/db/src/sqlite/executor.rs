//! Runs batches on the writer's connection.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};

use super::failure;
use crate::{Batch, Error, Expect, Outcome, Query, Result, Row, Statement, Value};

/// Prepared statements kept by the writer. Texts are static, so a program has only so many.
const STATEMENTS: usize = 1_024;

/// From this size on a bound value is released after its statement instead of being held until the next use, bytes.
const LARGE_VALUE: usize = 4_096;

/// Statements that control the transaction.
pub(super) mod control {
    pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";
    pub(crate) const COMMIT: &str = "COMMIT";
    pub(crate) const ROLLBACK: &str = "ROLLBACK";
    pub(crate) const SAVE: &str = "SAVEPOINT batch";
    pub(crate) const KEEP: &str = "RELEASE batch";
    pub(crate) const UNDO: &str = "ROLLBACK TO batch";
}

/// The writer's connection with its prepared statements, found by the address of their static texts.
pub(super) struct Executor<'c> {
    pub(super) connection: &'c Connection,
    path: &'c Path,
    prepared: HashMap<(usize, usize), Prepared<'c>>,
}

struct Prepared<'c> {
    statement: rusqlite::Statement<'c>,
    parameters: usize,
    /// INSERT, UPDATE or DELETE. After anything else the driver still tells the number of changes of the one before.
    changes_rows: bool,
}

impl<'c> Executor<'c> {
    pub(super) fn new(connection: &'c Connection, path: &'c Path) -> Self {
        Self { connection, path, prepared: HashMap::new() }
    }

    /// Executes one of the [`control`] statements.
    pub(super) fn control(&mut self, sql: &'static str) -> rusqlite::Result<()> {
        self.prepare(sql)?.statement.raw_execute().map(|_| ())
    }

    /// Executes all statements of a batch inside of the open transaction; stops at the first failure.
    pub(super) fn run(&mut self, batch: &Batch) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(batch.statements.len());
        for (index, statement) in batch.statements.iter().enumerate() {
            outcomes.push(self.run_statement(index, statement)?);
        }
        Ok(outcomes)
    }

    fn run_statement(&mut self, index: usize, statement: &Statement) -> Result<Outcome> {
        let (path, sql) = (self.path, statement.sql);
        let failed = |row| move |source| failure::in_batch(path, (index, row), sql, source);
        let Prepared { statement: prepared, parameters, changes_rows } =
            self.prepare(sql).map_err(failed(0))?;
        let expected = *parameters;
        let uneven = statement
            .uneven
            .or((statement.rows > 0 && statement.arity != expected).then_some((0, statement.arity)));
        if let Some((row, found)) = uneven {
            return Err(Error::Parameters { statement: index, row, expected, found, sql: sql.to_owned() });
        }
        let executions = if statement.rows == 0 && expected == 0 { 1 } else { statement.rows };
        let mut outcome = Outcome::default();
        let mut large = false;
        for row in 0..executions {
            let values = &statement.params[row * expected..(row + 1) * expected];
            for (position, value) in values.iter().enumerate() {
                large |= value.payload_bytes() >= LARGE_VALUE;
                prepared.raw_bind_parameter(position + 1, Bound(value)).map_err(failed(row))?;
            }
            let found = if statement.returning {
                let before = outcome.rows.len();
                collect(prepared, &mut outcome.rows).map_err(failed(row))?;
                (outcome.rows.len() - before) as u64
            } else {
                let changed = prepared.raw_execute().map_err(failed(row))?;
                if *changes_rows { changed as u64 } else { 0 }
            };
            if let Expect::Rows(expected) = statement.expect
                && expected != found
            {
                return Err(Error::Expectation { statement: index, row, expected, found, sql });
            }
            outcome.affected += found;
        }
        if large {
            prepared.clear_bindings();
        }
        Ok(outcome)
    }

    fn prepare(&mut self, sql: &'static str) -> rusqlite::Result<&mut Prepared<'c>> {
        let key = (sql.as_ptr() as usize, sql.len());
        if self.prepared.len() >= STATEMENTS && !self.prepared.contains_key(&key) {
            self.prepared.clear();
        }
        match self.prepared.entry(key) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let statement = self.connection.prepare(sql)?;
                let parameters = statement.parameter_count();
                Ok(entry.insert(Prepared { statement, parameters, changes_rows: changes_rows(sql) }))
            }
        }
    }
}

/// Whether the text is an INSERT, UPDATE or DELETE; comments before it do not count.
fn changes_rows(sql: &str) -> bool {
    let mut rest = sql.trim_start();
    while let Some(end) = match rest.get(..2) {
        Some("--") => Some(rest.find('\n').unwrap_or(rest.len())),
        Some("/*") => Some(rest.find("*/").map_or(rest.len(), |end| end + 2)),
        _ => None,
    } {
        rest = rest[end..].trim_start();
    }
    let first = rest.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    ["INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"].iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// Runs a query on a reader's connection. `index` is its place in a snapshot.
pub(super) fn query(connection: &Connection, path: &Path, index: usize, query: &Query) -> Result<Vec<Row>> {
    let failed = |source| failure::in_query(path, index, &query.sql, source);
    let mut statement = connection.prepare_cached(&query.sql).map_err(failed)?;
    let (expected, found) = (statement.parameter_count(), query.params.len());
    if expected != found {
        return Err(Error::Parameters {
            statement: index,
            row: 0,
            expected,
            found,
            sql: query.sql.to_string(),
        });
    }
    for (position, value) in query.params.iter().enumerate() {
        statement.raw_bind_parameter(position + 1, Bound(value)).map_err(failed)?;
    }
    let mut rows = Vec::new();
    collect(&mut statement, &mut rows).map_err(failed)?;
    Ok(rows)
}

fn collect(statement: &mut rusqlite::Statement<'_>, into: &mut Vec<Row>) -> rusqlite::Result<()> {
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let mut cells = Vec::with_capacity(columns);
        for column in 0..columns {
            cells.push(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::Int(value),
                ValueRef::Real(value) => Value::Real(value),
                ValueRef::Text(bytes) => Value::Text(
                    std::str::from_utf8(bytes)
                        .map_err(|error| rusqlite::Error::Utf8Error(column, error))?
                        .into(),
                ),
                ValueRef::Blob(bytes) => Value::Blob(bytes.into()),
            });
        }
        into.push(Row::new(cells));
    }
    Ok(())
}

/// A value as rusqlite binds it, without a copy on the way.
struct Bound<'v>(&'v Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Real(value) => ValueRef::Real(*value),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::changes_rows;

    #[test]
    fn statements_that_change_rows_are_known_behind_comments() {
        for sql in [
            "INSERT INTO a VALUES (1)",
            "  update a set n = 1",
            "-- Why.\n-- And more.\nDELETE FROM a",
            "/* Why. */ -- And more.\n WITH b AS (SELECT 1) UPDATE a SET n = 1",
            "/**/REPLACE INTO a VALUES (1)",
            "WITH(SELECT 1)",
        ] {
            assert!(changes_rows(sql), "{sql}");
        }
        for sql in ["", "-- INSERT", "/* UPDATE", "CREATE TABLE a (n)", "PRAGMA user_version = 1", "é"] {
            assert!(!changes_rows(sql), "{sql}");
        }
    }
}
