//! Backup, restore, upkeep.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::task::{Context, Waker};

use fixture::{Fixture, TABLES, number};
use headway_db::{Batch, Db, Options, Statement, params};

const PARTS: i64 = 4;

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// One batch of several rows: either all of them are in a copy, or none.
fn batch(number: i64) -> Batch {
    let mut statement = Statement::new("INSERT INTO entry (batch, part, body) VALUES (?1, ?2, ?3)");
    (0..PARTS).for_each(|part| statement.push_row(params![number, part, vec![number as u8; 3_000]]));
    statement.into()
}

fn torn(db: &Db) -> i64 {
    number(db, "SELECT count(*) FROM (SELECT batch FROM entry GROUP BY batch HAVING count(*) <> 4)")
}

#[test]
fn a_backup_taken_while_writing_is_of_one_moment() {
    let fixture = Fixture::new();
    (0..800).for_each(|number| drop(fixture.db.execute_blocking(batch(number)).unwrap()));
    let (stop, written) = (AtomicBool::new(false), AtomicI64::new(800));
    let copy = fixture.folder.path().join("copy.db");
    let report = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(SeqCst) || written.load(SeqCst) == 800 {
                fixture.db.execute_blocking(batch(written.load(SeqCst))).unwrap();
                written.fetch_add(1, SeqCst);
            }
        });
        let report = block_on(fixture.db.backup_to(copy.clone())).unwrap();
        stop.store(true, SeqCst);
        report
    });
    assert_eq!(report.path, copy);
    assert_eq!(report.bytes, std::fs::metadata(&copy).unwrap().len());
    let leftovers: Vec<_> = std::fs::read_dir(fixture.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("copy.db") && name != "copy.db")
        .collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
    let db = Db::open(Options::new(&copy), &[TABLES]).unwrap();
    block_on(db.integrity_check()).unwrap();
    assert_eq!(torn(&db), 0);
    let copied = number(&db, "SELECT count(*) / 4 FROM entry");
    assert!((800..=written.load(SeqCst)).contains(&copied), "{copied}");
    assert_eq!(number(&db, "SELECT max(batch) FROM entry"), copied - 1);
    let error = block_on(fixture.db.backup_to(copy)).unwrap_err();
    assert_eq!(error.code(), "db_exists");
}

#[test]
fn a_backup_that_nobody_waits_for_leaves_no_half_file() {
    let fixture = Fixture::new();
    (0..500).for_each(|number| drop(fixture.db.execute_blocking(batch(number)).unwrap()));
    let copy = fixture.folder.path().join("copy.db");
    let part = fixture.folder.path().join("copy.db.part");
    let mut backup = Box::pin(fixture.db.backup_to(copy.clone()));
    let _ = backup.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    while !part.exists() && !copy.exists() {
        std::thread::yield_now();
    }
    drop(backup);
    while part.exists() {
        std::thread::yield_now();
    }
    if copy.exists() {
        // It was quicker than we were.
        assert_eq!(torn(&Db::open(Options::new(&copy), &[TABLES]).unwrap()), 0);
    }
    fixture.db.execute_blocking(batch(1_000)).unwrap();
}

#[test]
fn a_backup_replaces_a_database_and_the_old_one_is_kept() {
    let fixture = Fixture::new();
    fixture.db.execute_blocking(batch(1)).unwrap();
    let copy = fixture.folder.path().join("copy.db");
    block_on(fixture.db.backup_to(copy.clone())).unwrap();
    fixture.db.execute_blocking(batch(2)).unwrap();
    let error = Db::restore(&copy, &fixture.path()).unwrap_err();
    assert_eq!(error.code(), "db_locked", "not under its owner's feet");
    let Fixture { db, folder } = fixture;
    drop(db);
    let target = folder.path().join("test.db");
    let report = Db::restore(&copy, &target).unwrap();
    let old = report.replaced.unwrap();
    let db = Db::open(Options::new(&target), &[TABLES]).unwrap();
    assert_eq!(number(&db, "SELECT count(*) FROM entry"), PARTS);
    db.execute_blocking(batch(3)).unwrap();
    let before = Db::open(Options::new(old), &[TABLES]).unwrap();
    assert_eq!(number(&before, "SELECT count(*) FROM entry"), 2 * PARTS);
    let elsewhere = Db::restore(&copy, &folder.path().join("new.db")).unwrap();
    assert_eq!(elsewhere.replaced, None);
}

#[test]
fn a_damaged_backup_is_refused_and_the_database_stays() {
    let fixture = Fixture::new();
    (0..50).for_each(|number| drop(fixture.db.execute_blocking(batch(number)).unwrap()));
    let copy = fixture.folder.path().join("copy.db");
    block_on(fixture.db.backup_to(copy.clone())).unwrap();
    let mut bytes = std::fs::read(&copy).unwrap();
    bytes[40_000..80_000].fill(0x55);
    std::fs::write(&copy, bytes).unwrap();
    let Fixture { db, folder } = fixture;
    drop(db);
    let target = folder.path().join("test.db");
    assert_eq!(Db::restore(&copy, &target).unwrap_err().code(), "db_integrity");
    let db = Db::open(Options::new(&target), &[TABLES]).unwrap();
    assert_eq!(number(&db, "SELECT count(*) FROM entry"), 50 * PARTS);
    block_on(db.integrity_check()).unwrap();
}

#[test]
fn freed_pages_go_back_to_the_disk() {
    let fixture = Fixture::new();
    (0..200).for_each(|number| drop(fixture.db.execute_blocking(batch(number)).unwrap()));
    fixture.db.execute_blocking(Statement::new("DELETE FROM entry").into()).unwrap();
    let size = |fixture: &Fixture| {
        let done = block_on(fixture.db.checkpoint()).unwrap();
        assert_eq!(done.copied, done.wal_pages);
        std::fs::metadata(fixture.path()).unwrap().len()
    };
    let before = size(&fixture);
    assert_eq!(block_on(fixture.db.vacuum(300)).unwrap(), 300);
    assert_eq!(before - size(&fixture), 300 * 4_096);
    assert!(block_on(fixture.db.vacuum(u32::MAX)).unwrap() > 300);
    assert_eq!(block_on(fixture.db.vacuum(10)).unwrap(), 0);
    block_on(fixture.db.integrity_check()).unwrap();
}

#[test]
fn rows_without_their_parents_are_found() {
    let fixture = Fixture::new();
    let raw = rusqlite::Connection::open(fixture.path()).unwrap();
    raw.execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO part VALUES (1, 99, NULL)").unwrap();
    let error = block_on(fixture.db.integrity_check()).unwrap_err();
    assert!(error.to_string().contains("part refers to a missing row of item"), "{error}");
}

#[test]
fn the_log_is_copied_when_long_and_when_idle() {
    let fixture = Fixture::with(|options| {
        options.wal_idle_pages = 50;
        options.wal_busy_pages = 200;
    });
    (0..200).for_each(|number| drop(fixture.db.execute_blocking(batch(number)).unwrap()));
    // The last commits left a log long enough for an idle writer; it needs no prompting.
    while fixture.db.stats().wal_pages >= 50 {
        std::thread::yield_now();
    }
    let stats = fixture.db.stats();
    assert!(stats.checkpoints >= 2, "{stats:?}");
    let log = std::fs::metadata(fixture.folder.path().join("test.db-wal")).unwrap().len();
    assert!(log < 3 * 1_024 * 1_024, "{log}: it is used again from its beginning");
}
