//! Ownership and migrations.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use fixture::{Fixture, TABLES, number};
use headway_db::{Db, Error, Migration, MigrationProblem, Options, Query, Statement, params};

const fn step(component: &'static str, version: u32, sql: &'static str) -> Migration {
    Migration { component, version, name: "step", sql, differs: &[] }
}

const A1: Migration = step("a", 1, "CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT");
const A2: Migration =
    step("a", 2, "ALTER TABLE a ADD COLUMN n INTEGER NOT NULL DEFAULT 7;\nINSERT INTO a VALUES (1, 8)");
const A3: Migration = step("a", 3, "CREATE INDEX a_n ON a (n)");
const B1: Migration = step("b", 1, "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a) STRICT");

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self, migrations: &[Migration]) -> Result<Db, Error> {
        Db::open(Options::new(self.0.path().join("m.db")), migrations)
    }

    fn problem(&self, migrations: &[Migration]) -> (String, u32, MigrationProblem) {
        match self.open(migrations) {
            Err(Error::Migration { component, version, problem, .. }) => (component, version, problem),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn components_move_forward_each_on_its_own() {
    let folder = Folder::new();
    drop(folder.open(&[A1]).unwrap());
    drop(folder.open(&[A1, B1, A2]).unwrap());
    drop(folder.open(&[A1, A2, A3, B1]).unwrap());
    // An application that is switched off keeps its tables.
    let db = folder.open(&[A1, A2, A3]).unwrap();
    assert_eq!(number(&db, "SELECT n FROM a"), 8, "each step ran once");
    let recorded = db.query_blocking(Query::new("SELECT component, version FROM headway_migration")).unwrap();
    assert_eq!(recorded.len(), 4);
}

#[test]
fn an_edited_migration_is_refused_but_line_ends_do_not_count() {
    let folder = Folder::new();
    drop(folder.open(&[A1, A2]).unwrap());
    let edited = step("a", 2, "ALTER TABLE a ADD COLUMN n INTEGER NOT NULL DEFAULT 8");
    assert_eq!(folder.problem(&[A1, edited]), ("a".into(), 2, MigrationProblem::Changed));
    let crlf = "ALTER TABLE a ADD COLUMN n INTEGER NOT NULL DEFAULT 7;\r\nINSERT INTO a VALUES (1, 8)";
    drop(folder.open(&[A1, step("a", 2, crlf)]).unwrap());
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = Folder::new();
    drop(folder.open(&[A1, A2, A3]).unwrap());
    let error = folder.open(&[A1]).unwrap_err();
    assert_eq!(error.code(), "db_schema_too_new");
    assert!(matches!(error, Error::TooNew { found: 3, known: 1, .. }), "{error}");
}

#[test]
fn histories_that_do_not_fit_are_refused() {
    let folder = Folder::new();
    drop(folder.open(&[A1, A3_ALONE]).unwrap());
    assert_eq!(folder.problem(&[A1, A2, A3_ALONE]), ("a".into(), 2, MigrationProblem::Late));
    assert_eq!(folder.problem(&[A3_ALONE]), ("a".into(), 1, MigrationProblem::Missing));
    assert_eq!(folder.problem(&[A1, A1]), ("a".into(), 1, MigrationProblem::Disorder));
    assert_eq!(folder.problem(&[A2, A1]), ("a".into(), 1, MigrationProblem::Disorder));
}
const A3_ALONE: Migration = step("a", 3, "CREATE TABLE a3 (id INTEGER PRIMARY KEY) STRICT");

#[test]
fn a_failing_migration_leaves_the_schema_as_it_was() {
    let folder = Folder::new();
    drop(folder.open(&[A1]).unwrap());
    let bad = step("a", 3, "CREATE TABLE half (id INTEGER); CREATE TABLE a (id INTEGER)");
    assert_eq!(folder.problem(&[A1, A2, bad]), ("a".into(), 3, MigrationProblem::Sql));
    let dangling = step("b", 2, "INSERT INTO b VALUES (1, 99)");
    assert_eq!(folder.problem(&[A1, B1, dangling]), ("b".into(), 2, MigrationProblem::ForeignKeys));
    let db = folder.open(&[A1]).unwrap();
    assert_eq!(number(&db, "SELECT count(*) FROM sqlite_schema WHERE name IN ('half', 'b')"), 0);
    assert_eq!(number(&db, "SELECT count(*) FROM pragma_table_info('a')"), 1);
}

#[test]
fn a_table_can_be_rebuilt_under_those_that_refer_to_it() {
    let folder = Folder::new();
    let cascading = step(
        "b",
        1,
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a ON DELETE CASCADE) STRICT",
    );
    let db = folder.open(&[A1, cascading]).unwrap();
    for statement in ["INSERT INTO a VALUES (1)", "INSERT INTO b VALUES (1, 1)"] {
        db.execute_blocking(Statement::new(statement).into()).unwrap();
    }
    drop(db);
    let rebuild = step(
        "a",
        2,
        "CREATE TABLE a_new (id INTEGER PRIMARY KEY, n INTEGER) STRICT; INSERT INTO a_new SELECT id, 1 FROM a;
         DROP TABLE a; ALTER TABLE a_new RENAME TO a",
    );
    let db = folder.open(&[A1, rebuild, cascading]).unwrap();
    assert_eq!(number(&db, "SELECT count(*) FROM b"), 1);
    let orphan = Statement::new("INSERT INTO b VALUES (?1, ?2)").row(params![2, 2]);
    assert_eq!(
        db.execute_blocking(orphan.into()).unwrap_err().code(),
        "db_constraint",
        "foreign keys are on again"
    );
}

#[test]
fn only_one_owner_at_a_time() {
    let fixture = Fixture::new();
    let error = Db::open(Options::new(fixture.path()), &[TABLES]).unwrap_err();
    assert_eq!(error.code(), "db_locked");
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    #[cfg(unix)]
    {
        let link = fixture.folder.path().join("link.db");
        std::os::unix::fs::symlink(fixture.path(), &link).unwrap();
        assert_eq!(Db::open(Options::new(link), &[TABLES]).unwrap_err().code(), "db_locked");
    }
    let path = fixture.path();
    let clone = fixture.db.clone();
    drop(fixture.db);
    assert_eq!(
        Db::open(Options::new(&path), &[TABLES]).unwrap_err().code(),
        "db_locked",
        "a clone still owns it"
    );
    drop(clone);
    drop(Db::open(Options::new(&path), &[TABLES]).unwrap());
}

#[test]
fn files_that_are_no_database_or_no_folder_are_told() {
    let folder = Folder::new();
    std::fs::write(
        folder.0.path().join("m.db"),
        "this is a letter, not a database, and long enough to tell ".repeat(40),
    )
    .unwrap();
    assert_eq!(folder.open(&[A1]).unwrap_err().code(), "db_integrity");
    let nowhere = folder.0.path().join("missing/m.db");
    let error = Db::open(Options::new(&nowhere), &[]).unwrap_err();
    assert_eq!(error.code(), "db_io");
    assert!(error.to_string().contains("missing"), "{error}");
}

#[cfg(unix)]
#[test]
fn files_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    fixture.db.execute_blocking(Statement::new("INSERT INTO item VALUES (1, 'a', 0)").into()).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let file = fixture.folder.path().join(format!("test.db{suffix}"));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{suffix}");
    }
}

#[test]
fn the_database_is_tuned_as_it_must_be() {
    let fixture = Fixture::new();
    assert_eq!(fixture.number("PRAGMA auto_vacuum"), 2, "incremental");
    let mode = fixture.db.query_blocking(Query::new("PRAGMA journal_mode")).unwrap();
    assert_eq!(mode[0].get::<&str>(0).unwrap(), "wal");
    let outcomes = fixture
        .db
        .execute_blocking(
            Statement::new("SELECT foreign_keys, synchronous FROM pragma_foreign_keys, pragma_synchronous")
                .returning()
                .into(),
        )
        .unwrap();
    assert_eq!(outcomes[0].rows[0].get::<i64>(0).unwrap(), 1);
    assert_eq!(outcomes[0].rows[0].get::<i64>(1).unwrap(), 2, "full");
}
