use std::path::PathBuf;

/// What a driver said; kept opaque so that nothing above depends on which engine it was.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a database operation failed. Nothing of a failed batch is stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A statement affected another number of rows than it had to: the data changed since the caller read it.
    #[error(
        "statement {statement}, row {row}: expected {expected} affected rows, found {found}: {}",
        brief(sql)
    )]
    Expectation {
        /// Index of the statement in its batch.
        statement: usize,
        /// Index of the parameter row in its statement.
        row: usize,
        /// Rows it had to affect.
        expected: u64,
        /// Rows it affected.
        found: u64,
        /// The statement's text.
        sql: &'static str,
    },
    /// A row with the same key exists.
    #[error("statement {statement}, row {row}: a row with the same {columns} exists already: {}", brief(sql))]
    Unique {
        /// Index of the statement in its batch.
        statement: usize,
        /// Index of the parameter row in its statement.
        row: usize,
        /// The columns of the key as `table.column, …`, as far as the engine names them.
        columns: String,
        /// The statement's text.
        sql: &'static str,
        /// The driver's error.
        source: Source,
    },
    /// A CHECK, NOT NULL, foreign key or other constraint forbids the row.
    #[error("statement {statement}, row {row}: {kind} constraint violated: {}", brief(sql))]
    Constraint {
        /// Index of the statement in its batch; the batch's length when the violation showed at commit.
        statement: usize,
        /// Index of the parameter row in its statement.
        row: usize,
        /// Which kind of constraint.
        kind: ConstraintKind,
        /// The statement's text.
        sql: &'static str,
        /// The driver's error.
        source: Source,
    },
    /// A parameter row has another number of values than the statement has parameters, or than its first row.
    #[error("statement {statement}, row {row}: {found} values for {expected} parameters: {}", brief(sql))]
    Parameters {
        /// Index of the statement in its batch (0 for a query).
        statement: usize,
        /// Index of the parameter row in its statement.
        row: usize,
        /// Parameters of the statement.
        expected: usize,
        /// Values given.
        found: usize,
        /// The statement's text.
        sql: String,
    },
    /// A statement could not be prepared or executed: wrong SQL, or a schema that does not fit it.
    #[error("statement {statement}, row {row} failed: {}", brief(sql))]
    Statement {
        /// Index of the statement in its batch (of the query in its snapshot).
        statement: usize,
        /// Index of the parameter row in its statement.
        row: usize,
        /// The statement's text.
        sql: String,
        /// The driver's error.
        source: Source,
    },
    /// A cell is not of the type asked for.
    #[error(
        "column {index}: wanted {wanted}, found {found}; the query and the code that reads it do not fit"
    )]
    Column {
        /// Index of the column in its row.
        index: usize,
        /// The type asked for.
        wanted: &'static str,
        /// The kind found.
        found: &'static str,
    },
    /// The disk, or the allowed size of the database, is full. The batch was rolled back, nothing stored was lost.
    #[error("no room left to write {}: free disk space or raise the limit, then retry; nothing stored was lost", path.display())]
    Full {
        /// The database's file.
        path: PathBuf,
        /// The driver's error.
        source: Source,
    },
    /// Another process owns the database.
    #[error("{} is in use by {}: stop that process or choose another data folder", path.display(), owner(*pid))]
    Locked {
        /// The database's file.
        path: PathBuf,
        /// The owner's process id, if it could be read.
        pid: Option<u32>,
    },
    /// The server does not answer. A batch that was under way may have been committed or not: read again, then decide.
    #[error(
        "PostgreSQL at {place} does not answer: check that it runs, its address and its credentials; nothing stored was lost"
    )]
    Away {
        /// Host, port and database.
        place: String,
        /// What happened.
        source: Source,
    },
    /// A text is not the address of a database.
    #[error("not a database's address: {reason}; write postgres://user:password@host:port/database")]
    Address {
        /// What is wrong with it.
        reason: String,
    },
    /// A copy goes only into an empty database.
    #[error("the database {place} is not empty: its table '{table}' has rows; name an empty one")]
    NotEmpty {
        /// Host, port and database.
        place: String,
        /// The first table with rows.
        table: String,
    },
    /// The engine has no such operation.
    #[error("PostgreSQL cannot {what} from here: {instead}")]
    Unsupported {
        /// What was asked, as a verb phrase.
        what: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// The database is closed: the process is stopping.
    #[error("the database is closed")]
    Closed,
    /// A commit or sync failed, so what the disk holds is unknown until the database is opened again.
    #[error("{} could not be written safely: check the disk, then start again; what was acknowledged is kept by the log", path.display())]
    Fatal {
        /// The database's file.
        path: PathBuf,
        /// The driver's error.
        source: Source,
    },
    /// The writer stopped after a fatal failure (see [`Error::Fatal`]); nothing is written any more.
    #[error("the database stopped after a failed commit; restart the process")]
    Stopped,
    /// A file could not be opened, read, written, synced, renamed or locked.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried, as a verb phrase.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's or driver's error.
        source: Source,
    },
    /// The driver failed outside of a caller's statement.
    #[error("the database could not {what}")]
    Engine {
        /// What was tried, as a verb phrase.
        what: &'static str,
        /// The driver's error.
        source: Source,
    },
    /// A migration failed or does not fit what the database recorded; the schema is as it was before.
    #[error("migration {component} {version}: {problem}")]
    Migration {
        /// The component the migration belongs to.
        component: String,
        /// The migration's version in its component.
        version: u32,
        /// What is wrong.
        problem: MigrationProblem,
        /// The driver's error, when the SQL failed.
        source: Option<Source>,
    },
    /// The database was written by a newer Headway.
    #[error(
        "the schema of {component} is at version {found}, this program knows only up to {known}: use the newer program, or restore a backup"
    )]
    TooNew {
        /// The component.
        component: String,
        /// Version recorded in the database.
        found: u32,
        /// Highest version known here.
        known: u32,
    },
    /// The linked SQLite is too old to be safe.
    #[error(
        "SQLite {found} is linked, {needed} or newer is needed: older ones can corrupt a write-ahead log"
    )]
    TooOld {
        /// Linked version.
        found: &'static str,
        /// Lowest accepted version.
        needed: &'static str,
    },
    /// The database (or the backup) is damaged.
    #[error("{} is damaged: {}; restore a backup", path.display(), findings.join("; "))]
    Integrity {
        /// The database's file.
        path: PathBuf,
        /// The first findings of the check.
        findings: Vec<String>,
    },
    /// A file is in the way of an operation that would overwrite it.
    #[error("{} exists already: choose another name or move it away", path.display())]
    Exists {
        /// The file in the way.
        path: PathBuf,
    },
}

impl Error {
    /// A stable short name of the failure, for logs, problem documents and help pages.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expectation { .. } => "db_expectation",
            Self::Unique { .. } => "db_unique",
            Self::Constraint { .. } => "db_constraint",
            Self::Parameters { .. } => "db_parameters",
            Self::Statement { .. } => "db_statement",
            Self::Column { .. } => "db_column",
            Self::Full { .. } => "db_full",
            Self::Locked { .. } => "db_locked",
            Self::Away { .. } => "db_away",
            Self::Address { .. } => "db_address",
            Self::NotEmpty { .. } => "db_not_empty",
            Self::Unsupported { .. } => "db_unsupported",
            Self::Closed => "db_closed",
            Self::Fatal { .. } => "db_fatal",
            Self::Stopped => "db_stopped",
            Self::Io { .. } => "db_io",
            Self::Engine { .. } => "db_engine",
            Self::Migration { .. } => "db_migration",
            Self::TooNew { .. } => "db_schema_too_new",
            Self::TooOld { .. } => "db_sqlite_too_old",
            Self::Integrity { .. } => "db_integrity",
            Self::Exists { .. } => "db_exists",
        }
    }

    /// Whether the database cannot be reached now, and may be again.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Away { .. })
    }

    /// Whether this program's hold of the database has ended: nothing is to be tried again.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed | Self::Stopped | Self::Fatal { .. })
    }

    /// Whether the batch lost a race: read again, decide again, and write again. An expectation that was not met or a
    /// key that exists is one; everything else would fail the same way again.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Expectation { .. } | Self::Unique { .. })
    }
}

/// Kinds of constraint beside uniqueness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConstraintKind {
    /// A CHECK expression is false.
    Check,
    /// A NULL where none may be.
    NotNull,
    /// A row refers to one that does not exist, or is referred to by one that stays.
    ForeignKey,
    /// Any other: a trigger's RAISE, a type of a STRICT table.
    Other,
}

impl std::fmt::Display for ConstraintKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Check => "check",
            Self::NotNull => "not null",
            Self::ForeignKey => "foreign key",
            Self::Other => "data",
        })
    }
}

/// What is wrong with a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrationProblem {
    /// Its SQL failed.
    Sql,
    /// It was applied with another text.
    Changed,
    /// It is not recorded although a later one is: migrations only go forward.
    Late,
    /// It is recorded but this program does not know it although it knows a later one.
    Missing,
    /// The program's list is not in rising order, or has the version twice.
    Disorder,
    /// After it, rows refer to rows that do not exist.
    ForeignKeys,
}

impl std::fmt::Display for MigrationProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sql => "its SQL failed; the schema is unchanged",
            Self::Changed => {
                "its text differs from the one that was applied; never edit a migration, add one"
            }
            Self::Late => "a later one was applied already; give it a higher version",
            Self::Missing => {
                "it was applied but is unknown to this program; use the program that wrote the database"
            }
            Self::Disorder => "versions must rise from one to the next in the list",
            Self::ForeignKeys => "it leaves rows that refer to missing rows; the schema is unchanged",
        })
    }
}

/// Longest piece of SQL shown in an error, in characters.
const SQL_SHOWN: usize = 160;

/// The statement's beginning on one line.
fn brief(sql: &str) -> String {
    let mut line: String = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = line.char_indices().nth(SQL_SHOWN) {
        line.truncate(cut);
        line.push('…');
    }
    line
}

fn owner(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}
