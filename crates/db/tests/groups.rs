//! Many batches in one commit; callers that leave; limits.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Waker};

use fixture::{Fixture, number};
use headway_db::{Batch, Db, Error, Query, Statement, Value, params};

const INSERT: &str = "INSERT INTO item (id, key, n) VALUES (?1, ?2, ?3)";

fn insert(id: i64) -> Batch {
    Statement::new(INSERT).row(params![id, format!("key {id}"), 0]).into()
}

/// Polls a future once, so that its batch is queued, and leaves it unfinished.
fn start<F: Future>(future: std::pin::Pin<&mut F>) {
    assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

/// Holds the writer up in its next BEGIN until dropped.
struct Gate(rusqlite::Connection);

impl Gate {
    fn shut(fixture: &Fixture) -> Self {
        let connection = rusqlite::Connection::open(fixture.path()).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        Self(connection)
    }
}

/// Gives the writer a batch to wait with, and returns when it has taken it.
fn occupy<F: Future>(db: &Db, first: std::pin::Pin<&mut F>) {
    start(first);
    while db.stats().queued > 0 {
        std::thread::yield_now();
    }
}

/// A batch that changes nothing.
fn nothing() -> Batch {
    Statement::new("DELETE FROM item WHERE id < 0").into()
}

/// Commits all batches in one group and gives back their results in order.
fn as_one_group(fixture: &Fixture, batches: Vec<Batch>) -> Vec<Result<Vec<headway_db::Outcome>, Error>> {
    block_on(async {
        let gate = Gate::shut(fixture);
        let mut first = pin!(fixture.db.execute(nothing()));
        occupy(&fixture.db, first.as_mut());
        let mut waiting: Vec<_> =
            batches.into_iter().map(|batch| Box::pin(fixture.db.execute(batch))).collect();
        waiting.iter_mut().for_each(|future| start(future.as_mut()));
        drop(gate);
        first.await.unwrap();
        let mut results = Vec::new();
        for future in waiting {
            results.push(future.await);
        }
        results
    })
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn a_failing_batch_leaves_its_neighbours_alone() {
    let fixture = Fixture::new();
    let twice = Batch::new()
        .with(Statement::new(INSERT).row(params![10, "ten", 0]))
        .with(Statement::new(INSERT).row(params![11, "key 1", 0]));
    let missing = Batch::new()
        .with(Statement::new(INSERT).row(params![20, "twenty", 0]))
        .with(Statement::new("UPDATE item SET n = 1 WHERE id = ?1").row(params![99]).expect_rows(1));
    let results = as_one_group(&fixture, vec![insert(1), twice, insert(2), missing, insert(3)]);
    let codes: Vec<_> = results.iter().map(|result| result.as_ref().err().map(Error::code)).collect();
    assert_eq!(codes, [None, Some("db_unique"), None, Some("db_expectation"), None]);
    assert_eq!(fixture.number("SELECT count(*) FROM item WHERE id IN (1, 2, 3)"), 3);
    assert_eq!(fixture.count(), 3);
    let stats = fixture.db.stats();
    assert_eq!(stats.largest_group, 3, "they were committed together: {stats:?}");
    assert_eq!(stats.regrouped, 0);
    assert_eq!((stats.failed_batches, stats.queued), (2, 0));
}

#[test]
fn a_violation_at_commit_fails_only_its_batch() {
    let fixture = Fixture::new();
    let orphan = Statement::new("INSERT INTO late (item) VALUES (?1)").row(params![99]).into();
    let results = as_one_group(&fixture, vec![insert(1), orphan, insert(2)]);
    let codes: Vec<_> = results.iter().map(|result| result.as_ref().err().map(Error::code)).collect();
    assert_eq!(codes, [None, Some("db_constraint"), None]);
    assert_eq!(fixture.count(), 2);
    assert_eq!(fixture.number("SELECT count(*) FROM late"), 0);
    assert_eq!(fixture.db.stats().regrouped, 1);
}

#[test]
fn a_group_of_failures_commits_nothing() {
    let fixture = Fixture::new();
    fixture.db.execute_blocking(insert(1)).unwrap();
    let commits = fixture.db.stats().commits;
    let results = as_one_group(&fixture, vec![insert(1), insert(1)]);
    assert!(results.iter().all(|result| result.as_ref().is_err_and(Error::is_conflict)));
    assert_eq!(fixture.db.stats().commits, commits + 1, "only the empty batch");
}

#[test]
fn a_caller_that_leaves_tears_nothing() {
    let fixture = Fixture::new();
    let two = Batch::new()
        .with(Statement::new(INSERT).row(params![1, "a", 0]))
        .with(Statement::new(INSERT).row(params![2, "b", 0]));
    {
        let _gate = Gate::shut(&fixture);
        let mut first = Box::pin(fixture.db.execute(nothing()));
        occupy(&fixture.db, first.as_mut());
        let mut leaves = Box::pin(fixture.db.execute(two));
        start(leaves.as_mut());
        // Both futures are dropped here while the writer waits.
    }
    fixture.db.execute_blocking(insert(3)).unwrap();
    assert_eq!(fixture.count(), 3, "a queued batch is committed whole");
}

#[test]
fn a_full_queue_makes_callers_wait_and_a_waiting_one_can_leave() {
    let fixture = Fixture::with(|options| options.queue_batches = 1);
    {
        let _gate = Gate::shut(&fixture);
        let mut first = Box::pin(fixture.db.execute(nothing()));
        occupy(&fixture.db, first.as_mut());
        let mut waiting: Vec<_> = (1..=3).map(|id| Box::pin(fixture.db.execute(insert(id)))).collect();
        waiting.iter_mut().for_each(|future| start(future.as_mut()));
        assert_eq!(fixture.db.stats().queued, 1);
        // The first of them found room; the other two leave without a trace.
    }
    fixture.db.execute_blocking(insert(4)).unwrap();
    assert_eq!(fixture.number("SELECT group_concat(id, '') + 0 FROM (SELECT id FROM item ORDER BY id)"), 14);
}

#[test]
fn a_full_database_refuses_and_goes_on_after_room_is_made() {
    let fixture = Fixture::new();
    fixture.db.execute_blocking(insert(1)).unwrap();
    let pages = fixture.number("PRAGMA page_count");
    block_on(fixture.db.limit_pages(Some(u32::try_from(pages).unwrap() + 2))).unwrap();
    let large = |batch: i64| -> Batch {
        let mut statement = Statement::new("INSERT INTO entry (batch, part, body) VALUES (?1, ?2, ?3)");
        (0..8).for_each(|part| statement.push_row(params![batch, part, vec![7_u8; 3_000]]));
        statement.into()
    };
    let error = fixture.db.execute_blocking(large(1)).unwrap_err();
    assert_eq!(error.code(), "db_full");
    assert!(error.to_string().contains("free disk space"), "{error}");
    // In a group, the batches that fit are stored all the same.
    let results = as_one_group(&fixture, vec![insert(2), large(2), insert(3)]);
    let codes: Vec<_> = results.iter().map(|result| result.as_ref().err().map(Error::code)).collect();
    assert_eq!(codes, [None, Some("db_full"), None]);
    assert_eq!(fixture.count(), 3);
    assert_eq!(fixture.number("SELECT count(*) FROM entry"), 0);
    block_on(fixture.db.limit_pages(None)).unwrap();
    fixture.db.execute_blocking(large(3)).unwrap();
    assert_eq!(fixture.number("SELECT count(*) FROM entry"), 8);
    block_on(fixture.db.integrity_check()).unwrap();
}

#[test]
fn concurrent_callers_are_all_served() {
    let fixture = Fixture::with(|options| {
        options.queue_batches = 8;
        options.group_batches = 5;
        options.group_rows = 12;
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let refused = Arc::new(AtomicUsize::new(0));
    runtime.block_on(async {
        let callers: Vec<_> = (0..40_i64)
            .map(|caller| {
                let (db, refused) = (fixture.db.clone(), Arc::clone(&refused));
                tokio::spawn(async move {
                    for pass in 0..5 {
                        let rows = (0..3).map(|part| params![caller, pass * 3 + part, None::<Vec<u8>>]);
                        let mut statement =
                            Statement::new("INSERT INTO entry (batch, part, body) VALUES (?1, ?2, ?3)");
                        rows.for_each(|row| statement.push_row(row));
                        db.execute(statement.into()).await.unwrap();
                        if db.execute(insert(caller % 4)).await.is_err() {
                            refused.fetch_add(1, SeqCst);
                        }
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
    });
    assert_eq!(fixture.number("SELECT count(*) FROM entry"), 600);
    assert_eq!(fixture.count(), 4);
    assert_eq!(refused.load(SeqCst), 196);
    let stats = fixture.db.stats();
    assert_eq!((stats.batches, stats.failed_batches), (204, 196));
    assert!(stats.commits <= stats.batches && stats.largest_group <= 5, "{stats:?}");
    assert_eq!(stats.group_sizes.iter().sum::<u64>(), stats.commits);
}

#[test]
fn blocking_calls_work_inside_of_a_runtime_too() {
    let fixture = Fixture::new();
    let db = fixture.db.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let task = runtime.spawn(async move {
        // More than a task's budget of turns.
        for id in 0..300 {
            db.execute_blocking(insert(id)).unwrap();
        }
        db.query_blocking(Query::new("SELECT count(*) FROM item")).unwrap()[0].get::<i64>(0).unwrap()
    });
    assert_eq!(runtime.block_on(task).unwrap(), 300);
}

#[test]
fn a_snapshot_is_of_one_moment() {
    let fixture = Fixture::new();
    let two = |n: i64| -> Batch {
        let mut statement = Statement::new("INSERT INTO item (id, key, n) VALUES (?1, ?2, 0)");
        statement.push_row(params![2 * n, format!("left {n}")]);
        statement.push_row(params![2 * n + 1, format!("right {n}")]);
        statement.into()
    };
    let left = Query::new("SELECT count(*) FROM item WHERE key LIKE 'left%'");
    let right = Query::new("SELECT count(*) FROM item WHERE key LIKE 'right%'");
    let (db, done) = (&fixture.db, AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for reader in 0..2 {
            let (left, right, done) = (left.clone(), right.clone(), &done);
            scope.spawn(move || {
                let mut highest = 0;
                while done.load(SeqCst) == 0 {
                    let both = db.snapshot_blocking(vec![left.clone(), right.clone()]).unwrap();
                    let (left, right): (i64, i64) = (both[0][0].get(0).unwrap(), both[1][0].get(0).unwrap());
                    assert_eq!(left, right, "reader {reader}");
                    assert!(left >= highest, "reader {reader} went back in time");
                    highest = left;
                }
            });
        }
        (0..300).for_each(|n| drop(db.execute_blocking(two(n)).unwrap()));
        done.store(1, SeqCst);
    });
    assert_eq!(fixture.count(), 600);
    assert!(db.stats().reads > 0);
}

#[test]
fn readers_see_only_what_is_committed() {
    let fixture = Fixture::new();
    let writer = Gate::shut(&fixture);
    writer.0.execute_batch("INSERT INTO item VALUES (1, 'a', 0)").unwrap();
    assert_eq!(fixture.count(), 0);
    writer.0.execute_batch("COMMIT").unwrap();
    assert_eq!(fixture.count(), 1);
    fixture.db.execute_blocking(insert(2)).unwrap();
    assert_eq!(fixture.count(), 2, "what was acknowledged is read at once");
}

#[test]
fn a_read_whose_caller_has_left_ends() {
    let fixture = Fixture::with(|options| options.readers = 1);
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    assert_eq!(fixture.count(), 0, "the reader is there");
    {
        let mut running = Box::pin(fixture.db.query(Query::new(endless)));
        start(running.as_mut());
        while fixture.db.stats().queued_reads > 0 {
            std::thread::yield_now();
        }
        (0..1_000).for_each(|_| std::thread::yield_now());
        let mut waiting = Box::pin(fixture.db.query(Query::new(endless)));
        start(waiting.as_mut());
    }
    // The only reader is free again.
    assert_eq!(fixture.count(), 0);
}

#[test]
fn closing_commits_what_is_queued_and_refuses_the_rest() {
    let fixture = Fixture::new();
    let db = fixture.db.clone();
    block_on(async {
        let gate = Gate::shut(&fixture);
        let mut first = pin!(db.execute(nothing()));
        occupy(&db, first.as_mut());
        let mut second = pin!(db.execute(insert(1)));
        start(second.as_mut());
        let mut closing = pin!(db.close());
        start(closing.as_mut());
        drop(gate);
        closing.await;
        first.await.unwrap();
        second.await.unwrap();
        assert!(matches!(db.execute(insert(2)).await, Err(Error::Closed)));
        assert!(matches!(db.query(Query::new("SELECT 1")).await, Err(Error::Closed)));
        assert!(matches!(db.checkpoint().await, Err(Error::Closed)));
        db.close().await;
    });
    // Ownership was given up although handles remain, and the log is empty.
    let again = Db::open(headway_db::Options::new(fixture.path()), &[fixture::TABLES]).unwrap();
    assert_eq!(number(&again, "SELECT count(*) FROM item"), 1);
    assert_eq!(
        again.query_blocking(Query::new("SELECT key FROM item")).unwrap()[0].get::<Value>(0).unwrap(),
        "key 1".into()
    );
}
