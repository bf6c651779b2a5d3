use std::borrow::Cow;

use crate::{Row, Value};

/// A list of statements executed atomically and in order: all of it is committed, or none.
///
/// There are no interactive transactions: what a batch must find (`expect_rows`) is part of the batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The statements, in execution order.
    pub statements: Vec<Statement>,
    /// Where its tail begins, if it has one.
    pub(crate) tail: Option<usize>,
    /// Its place among batches that are committed together.
    pub(crate) order: i64,
}

impl Batch {
    /// A batch without statements.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a statement.
    pub fn push(&mut self, statement: Statement) {
        self.statements.push(statement);
    }

    /// Appends a statement; chaining form of [`push`](Self::push).
    #[must_use]
    pub fn with(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// What is appended from here on is the tail: where several batches are committed together, all tails come after all
    /// other statements. So what every batch writes to (a counter) is locked for the shortest time.
    pub fn begin_tail(&mut self) {
        self.tail.get_or_insert(self.statements.len());
    }

    /// Batches that are committed together run in this order: writers that lock rows in the same order never wait for each
    /// other in a circle.
    pub fn set_order(&mut self, order: i64) {
        self.order = order;
    }

    /// Appends all statements of another batch.
    pub fn append(&mut self, mut other: Batch) {
        self.statements.append(&mut other.statements);
    }

    /// Whether there is no statement.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Parameter rows of all statements together: the measure of a batch's size.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.statements.iter().map(|statement| statement.rows.max(1)).sum()
    }
}

impl From<Statement> for Batch {
    fn from(statement: Statement) -> Self {
        Self { statements: vec![statement], ..Self::default() }
    }
}

impl From<Vec<Statement>> for Batch {
    fn from(statements: Vec<Statement>) -> Self {
        Self { statements, ..Self::default() }
    }
}

impl FromIterator<Statement> for Batch {
    fn from_iter<I: IntoIterator<Item = Statement>>(statements: I) -> Self {
        Self { statements: statements.into_iter().collect(), ..Self::default() }
    }
}

impl Extend<Statement> for Batch {
    fn extend<I: IntoIterator<Item = Statement>>(&mut self, statements: I) {
        self.statements.extend(statements);
    }
}

/// What a statement must affect for its batch to be committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// Any number of rows.
    #[default]
    Any,
    /// Exactly this many rows for each parameter row.
    Rows(u64),
}

/// One SQL statement with its parameter rows.
///
/// Parameters are written `?1`, `?2`, … in the SQL. A statement is executed once for each parameter row; without any
/// row it is executed once if its SQL has no parameters, and not at all if it has some (a bulk insert of nothing).
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub(crate) sql: &'static str,
    /// The text for PostgreSQL, where it is another one.
    pub(crate) postgres: Option<&'static str>,
    /// All rows one after the other, `arity` values each.
    pub(crate) params: Vec<Value>,
    pub(crate) arity: usize,
    pub(crate) rows: usize,
    /// First row whose length was not `arity`: reported when the batch is executed.
    pub(crate) uneven: Option<(usize, usize)>,
    pub(crate) expect: Expect,
    pub(crate) returning: bool,
    /// Its rows may be executed at once.
    pub(crate) at_once: bool,
}

impl Statement {
    /// A statement without parameter rows. The text is static because prepared statements are kept by its address.
    #[must_use]
    pub fn new(sql: &'static str) -> Self {
        Self {
            sql,
            postgres: None,
            params: Vec::new(),
            arity: 0,
            rows: 0,
            uneven: None,
            expect: Expect::Any,
            returning: false,
            at_once: false,
        }
    }

    /// A statement whose text must differ between the engines; with the same parameters.
    #[must_use]
    pub fn either(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { postgres: Some(postgres), ..Self::new(sqlite) }
    }

    /// Promises that no parameter row sees what another one did, and that no two change the same row: an engine that can
    /// executes them all at once. An order of returned rows is not promised then.
    #[must_use]
    pub fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }

    /// The text for PostgreSQL.
    pub(crate) fn text(&self) -> &'static str {
        self.postgres.unwrap_or(self.sql)
    }

    /// Appends one parameter row; every row must have the same number of values (else the batch fails with
    /// [`Error::Parameters`](crate::Error::Parameters)).
    #[must_use]
    pub fn row(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.push_row(values);
        self
    }

    /// Appends one parameter row; see [`row`](Self::row).
    pub fn push_row(&mut self, values: impl IntoIterator<Item = Value>) {
        let before = self.params.len();
        self.params.extend(values);
        let found = self.params.len() - before;
        if self.rows == 0 {
            self.arity = found;
        } else if found != self.arity && self.uneven.is_none() {
            self.uneven = Some((self.rows, found));
        }
        self.rows += 1;
    }

    /// Reserves room for this many further rows.
    pub fn reserve_rows(&mut self, rows: usize) {
        self.params.reserve(rows * self.arity);
    }

    /// Requires that each parameter row affects exactly `rows` rows, else the whole batch is rolled back with
    /// [`Error::Expectation`](crate::Error::Expectation).
    #[must_use]
    pub fn expect_rows(mut self, rows: u64) -> Self {
        self.expect = Expect::Rows(rows);
        self
    }

    /// Collects the rows the statement yields (`… RETURNING …`, or a SELECT that sees the batch's own writes).
    #[must_use]
    pub fn returning(mut self) -> Self {
        self.returning = true;
        self
    }

    /// The statement's text.
    #[must_use]
    pub fn sql(&self) -> &'static str {
        self.sql
    }

    /// How many parameter rows there are.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows
    }

    /// What each parameter row must affect.
    #[must_use]
    pub fn expect(&self) -> Expect {
        self.expect
    }

    /// The values of one parameter row; `None` beyond the last.
    #[must_use]
    pub fn params(&self, row: usize) -> Option<&[Value]> {
        (row < self.rows && self.uneven.is_none())
            .then(|| &self.params[row * self.arity..(row + 1) * self.arity])
    }
}

/// What one statement of a committed batch did, over all its parameter rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Rows inserted, updated or deleted; for a `returning` statement the rows returned.
    pub affected: u64,
    /// The returned rows in order; empty unless the statement is `returning`.
    pub rows: Vec<Row>,
}

/// A read: one SELECT with its parameters, written `?1`, `?2`, … in the SQL.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub(crate) sql: Cow<'static, str>,
    /// The text for PostgreSQL, where it is another one.
    pub(crate) postgres: Option<Cow<'static, str>>,
    pub(crate) params: Vec<Value>,
}

impl Query {
    /// A query without parameters.
    #[must_use]
    pub fn new(sql: impl Into<Cow<'static, str>>) -> Self {
        Self { sql: sql.into(), postgres: None, params: Vec::new() }
    }

    /// A query whose text must differ between the engines; with the same parameters.
    #[must_use]
    pub fn either(sqlite: impl Into<Cow<'static, str>>, postgres: impl Into<Cow<'static, str>>) -> Self {
        Self { postgres: Some(postgres.into()), ..Self::new(sqlite) }
    }

    /// The text for PostgreSQL.
    pub(crate) fn text(&self) -> &str {
        self.postgres.as_deref().unwrap_or(&self.sql)
    }

    /// Binds the next parameter: the first call binds `?1`, and so on.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.params.push(value.into());
        self
    }

    /// Binds the next parameters in order.
    #[must_use]
    pub fn bind_all(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.params.extend(values);
        self
    }

    /// The query's text.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }
}
