//! Everything of a SQLite database into an empty PostgreSQL one.

use crate::{Backend, Batch, Db, Error, Query, Result, Row, Statement, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Rows read and written at once.
const PAGE: usize = 2_000;

/// Tables of the server's own schema, in the order of their names.
const TABLES: &str = "SELECT table_name FROM information_schema.tables
WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name <> 'headway_migration' ORDER BY table_name";

/// Columns that hold something of their own, in their order.
const COLUMNS: &str = "SELECT column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name = ?1 AND is_generated = 'NEVER' ORDER BY ordinal_position";

/// Columns of the primary key, in its order.
const KEY: &str = "SELECT k.column_name FROM information_schema.table_constraints AS c
JOIN information_schema.key_column_usage AS k
  ON k.constraint_name = c.constraint_name AND k.table_schema = c.table_schema AND k.table_name = c.table_name
WHERE c.table_schema = current_schema() AND c.table_name = ?1 AND c.constraint_type = 'PRIMARY KEY'
ORDER BY k.ordinal_position";

/// Which table refers to which.
const REFERENCES: &str = "SELECT a.relname, b.relname FROM pg_constraint AS c
JOIN pg_class AS a ON a.oid = c.conrelid JOIN pg_class AS b ON b.oid = c.confrelid
WHERE c.contype = 'f' AND a.relname <> b.relname";

/// Columns that number their rows by themselves.
const NUMBERED: &str = "SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND is_identity = 'YES'";

/// What was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyReport {
    /// Rows of each table, by its name.
    pub tables: BTreeMap<String, u64>,
}

impl CopyReport {
    /// All rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.values().sum()
    }
}

/// Copies every row of `from` (SQLite) into `to` (PostgreSQL), whose tables must be there and empty. Nobody may write to
/// either meanwhile. `told` hears of each table as it is done.
///
/// # Errors
/// [`Error::NotEmpty`] where a table of the target has rows; then nothing was written. What fails later leaves the target half
/// full: empty it (drop its schema), and begin again.
pub async fn copy(from: &Db, to: &Db, told: impl Fn(&str, u64)) -> Result<CopyReport> {
    let (Backend::Sqlite(_), Backend::Postgres(place)) = (from.backend(), to.backend()) else {
        return Err(Error::Unsupported {
            what: "copy in this direction",
            instead: "copy from SQLite to PostgreSQL",
        });
    };
    let tables = in_order(to).await?;
    for table in &tables {
        let rows = to.query(Query::new(format!("SELECT 1 FROM {table} LIMIT 1"))).await?;
        if !rows.is_empty() {
            return Err(Error::NotEmpty { place, table: table.clone() });
        }
    }
    let mut report = CopyReport::default();
    for table in tables {
        let rows = one(from, to, &table).await?;
        told(&table, rows);
        report.tables.insert(table, rows);
    }
    for row in to.query(Query::new(NUMBERED)).await? {
        let (table, column): (&str, &str) = (row.get(0)?, row.get(1)?);
        let next = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), \
             (SELECT coalesce(max({column}), 0) + 1 FROM {table}), FALSE)"
        );
        to.execute(Statement::new(next.leak()).returning().into()).await?;
    }
    Ok(report)
}

/// The tables, those first that others refer to.
async fn in_order(to: &Db) -> Result<Vec<String>> {
    let names = texts(&to.query(Query::new(TABLES)).await?)?;
    let mut waits: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in to.query(Query::new(REFERENCES)).await? {
        waits.entry(row.get(0)?).or_default().insert(row.get(1)?);
    }
    let (mut ordered, mut left): (Vec<String>, Vec<String>) = (Vec::new(), names);
    while !left.is_empty() {
        let free =
            |name: &String| waits.get(name).is_none_or(|on| on.iter().all(|one| ordered.contains(one)));
        let (now, later): (Vec<String>, Vec<String>) = left.into_iter().partition(free);
        if now.is_empty() {
            // Tables that refer to each other in a circle: their order does not matter to the check at the end.
            ordered.extend(later);
            break;
        }
        ordered.extend(now);
        left = later;
    }
    Ok(ordered)
}

async fn one(from: &Db, to: &Db, table: &str) -> Result<u64> {
    let columns = texts(&to.query(Query::new(COLUMNS).bind(table)).await?)?;
    let key = texts(&to.query(Query::new(KEY).bind(table)).await?)?;
    let places: Vec<usize> =
        key.iter().filter_map(|column| columns.iter().position(|known| known == column)).collect();
    let (list, sorted) = (columns.join(", "), key.join(", "));
    let marks = |first: usize, count: usize| {
        (first..first + count).map(|number| format!("?{number}")).collect::<Vec<_>>().join(", ")
    };
    // Prepared statements are kept by their address: a text a table lives as long as the process, which ends soon.
    let insert: &'static str =
        format!("INSERT INTO {table} ({list}) VALUES ({})", marks(1, columns.len())).leak();
    let mut last: Option<Vec<Value>> = None;
    let mut copied = 0;
    loop {
        let after = match &last {
            Some(_) => format!(" WHERE ({sorted}) > ({})", marks(1, key.len())),
            None => String::new(),
        };
        let text = format!("SELECT {list} FROM {table}{after} ORDER BY {sorted} LIMIT {PAGE}");
        let rows = from.query(Query::new(text).bind_all(last.iter().flatten().cloned())).await?;
        let Some(end) = rows.last() else { return Ok(copied) };
        last = Some(places.iter().map(|place| end.cells()[*place].clone()).collect());
        let mut statement = Statement::new(insert).expect_rows(1).at_once();
        for row in &rows {
            statement.push_row(row.cells().iter().cloned());
        }
        to.execute(Batch::from(statement)).await?;
        copied += rows.len() as u64;
        if rows.len() < PAGE {
            return Ok(copied);
        }
    }
}

fn texts(rows: &[Row]) -> Result<Vec<String>> {
    rows.iter().map(|row| row.get(0)).collect()
}
