//! Batches: atomicity, expectations, constraints, groups.

mod fixture;

use fixture::{both, number};
use headway_db::{Batch, ConstraintKind, Error, Query, Statement, Value, params};

const INSERT: &str = "INSERT INTO item (id, key, n) VALUES (?1, ?2, ?3)";
const BUMP: &str = "UPDATE item SET n = n + 1 WHERE id = ?1";

fn insert(id: i64) -> Statement {
    Statement::new(INSERT).row(params![id, format!("key {id}"), 0])
}

#[test]
fn a_batch_is_stored_whole_with_its_outcomes() {
    both(|db| {
        let many =
            Statement::new(INSERT).row(params![1, "a", 0]).row(params![2, "b", 0]).row(params![3, "c", 5]);
        let returning = Statement::new("UPDATE item SET n = n + 1 WHERE n = ?1 RETURNING id, n")
            .row(params![0])
            .returning();
        let outcomes = db.execute_blocking(Batch::new().with(many.expect_rows(1)).with(returning)).unwrap();
        assert_eq!(outcomes[0].affected, 3);
        assert_eq!(outcomes[1].affected, 2);
        let ids: Vec<i64> = outcomes[1].rows.iter().map(|row| row.get(0).unwrap()).collect();
        assert_eq!(ids, [1, 2]);
        assert_eq!(number(db, "SELECT count(*) FROM item"), 3);
    });
}

#[test]
fn an_expectation_names_statement_and_row_and_nothing_is_stored() {
    both(|db| {
        db.execute_blocking(insert(1).into()).unwrap();
        let bump = Statement::new(BUMP).row(params![1]).row(params![7]).expect_rows(1);
        let error = db.execute_blocking(Batch::new().with(insert(2)).with(bump)).unwrap_err();
        assert!(error.is_conflict());
        let Error::Expectation { statement, row, expected, found, sql } = error else { panic!("{error}") };
        assert_eq!((statement, row, expected, found, sql), (1, 1, 1, 0, BUMP));
        assert_eq!(number(db, "SELECT count(*) FROM item"), 1);
        assert_eq!(number(db, "SELECT n FROM item WHERE id = 1"), 0);
    });
}

#[test]
fn a_unique_violation_names_its_columns() {
    both(|db| {
        let twice = Statement::new(INSERT).row(params![1, "same", 0]).row(params![2, "same", 0]);
        let error = db.execute_blocking(twice.into()).unwrap_err();
        assert!(error.is_conflict());
        assert_eq!(error.code(), "db_unique");
        let Error::Unique { statement, row, columns, .. } = error else { panic!("{error}") };
        assert_eq!((statement, row, columns.as_str()), (0, 1, "item.key"));
        assert_eq!(number(db, "SELECT count(*) FROM item"), 0);
    });
}

#[test]
fn constraints_are_told_apart() {
    both(|db| {
        db.execute_blocking(insert(1).into()).unwrap();
        let kind = |statement: Statement| match db.execute_blocking(statement.into()) {
            Err(Error::Constraint { kind, .. }) => kind,
            other => panic!("{other:?}"),
        };
        assert_eq!(kind(Statement::new(INSERT).row(params![2, "x", -1])), ConstraintKind::Check);
        assert_eq!(kind(Statement::new(INSERT).row(params![2, None::<&str>, 1])), ConstraintKind::NotNull);
        let orphan = Statement::new("INSERT INTO part (item, note) VALUES (?1, ?2)").row(params![9, "n"]);
        assert_eq!(kind(orphan), ConstraintKind::ForeignKey);
        let late = Statement::new("INSERT INTO late (item) VALUES (?1)").row(params![9]);
        assert_eq!(kind(late), ConstraintKind::ForeignKey, "deferred to the commit");
        let typed = Statement::new(INSERT).row(params![2, "x", "no number"]);
        assert_eq!(kind(typed), ConstraintKind::Other);
        assert_eq!(number(db, "SELECT count(*) FROM item"), 1);
    });
}

#[test]
fn wrong_parameters_and_wrong_sql_are_errors() {
    both(|db| {
        let code = |statement: Statement| db.execute_blocking(statement.into()).unwrap_err().code();
        assert_eq!(code(Statement::new(INSERT).row(params![1])), "db_parameters");
        assert_eq!(
            code(Statement::new(INSERT).row(params![1, "a", 0]).row(params![2, "b"])),
            "db_parameters"
        );
        assert_eq!(code(Statement::new("INSERT INTO nowhere VALUES (1)")), "db_statement");
        assert_eq!(code(Statement::new("DELETE FROM item; DELETE FROM part")), "db_statement");
        assert_eq!(code(Statement::new("SELECT 1")), "db_statement", "rows that nobody asked for");
        assert_eq!(db.query_blocking(Query::new("SELECT 1; SELECT 2")).unwrap_err().code(), "db_statement");
        assert_eq!(db.query_blocking(Query::new("SELECT ?1")).unwrap_err().code(), "db_parameters");
        assert_eq!(db.query_blocking(Query::new("DELETE FROM item")).unwrap_err().code(), "db_statement");
        assert_eq!(number(db, "SELECT count(*) FROM item"), 0);
    });
}

#[test]
fn a_bulk_statement_without_rows_does_nothing() {
    both(|db| {
        let outcomes = db.execute_blocking(Statement::new(INSERT).expect_rows(1).into()).unwrap();
        assert_eq!(outcomes[0].affected, 0);
        let outcomes =
            db.execute_blocking(Statement::new("INSERT INTO item VALUES (1, 'k', 0)").into()).unwrap();
        assert_eq!(outcomes[0].affected, 1);
        let created = Statement::new("CREATE TABLE other (a INTEGER)");
        assert_eq!(db.execute_blocking(created.into()).unwrap()[0].affected, 0);
    });
}

#[test]
fn values_come_back_as_they_went_in() {
    both(|db| {
        let values = params![i64::MIN, 1.5, "täxt", vec![0_u8, 255], None::<i64>, true];
        let insert = "INSERT INTO kind (i, r, t, b, n, f) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        db.execute_blocking(Statement::new(insert).row(values.clone()).into()).unwrap();
        let rows = db.query_blocking(Query::new("SELECT i, r, t, b, n, f FROM kind")).unwrap();
        assert_eq!(rows[0].cells()[..5], values[..5]);
        assert!(rows[0].get::<bool>(5).unwrap());
        assert_eq!(rows[0].get::<&str>(2).unwrap(), "täxt");
        assert_eq!(rows[0].get::<Option<Vec<u8>>>(3).unwrap().unwrap(), [0, 255]);
        assert_eq!(rows[0].get::<Option<String>>(4).unwrap(), None);
        assert_eq!(rows[0].get::<u32>(0).unwrap_err().code(), "db_column");
        assert_eq!(rows[0].get::<i64>(4).unwrap_err().code(), "db_column");
        assert_eq!(rows[0].get::<Value>(6).unwrap_err().code(), "db_column");
    });
}
