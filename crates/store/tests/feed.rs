//! The feed's numbers follow the order of commits under several writers: who reads on from the last number misses nothing.

use db::{Batch, Db, PgOptions, Statement, params};
use headway_store::{EventRow, Kinds, Store, StoredEvent, write};
use model::{RunId, Timestamp};
use std::{sync::Arc, time::Duration};

fn event(run: i64, seq: u64) -> EventRow {
    EventRow {
        event: StoredEvent {
            feed_seq: 0,
            run: RunId(run),
            run_seq: seq,
            at: Timestamp(0),
            kind: Arc::from("log"),
            stage: None,
            key: None,
            attempt: None,
            data: None,
        },
    }
}

fn told(run: i64, seq: u64) -> Batch {
    let mut batch = Batch::new();
    batch.begin_tail();
    batch.push(write::feed_advance(1));
    batch.push(write::events(&[event(run, seq)]));
    batch
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_earlier_insert_that_commits_later_is_missed_by_no_reader() {
    let Some(database) = servers::database() else { return };
    let connect = || async {
        Db::connect(PgOptions::parse(&database.url).unwrap(), headway_store::MIGRATIONS).await.unwrap()
    };
    let (slow, quick, reader) = (connect().await, connect().await, connect().await);
    let store = Store::open(reader, "test").await.unwrap();
    // It has its number, and stays open for half a second.
    let late = told(1, 1).with(Statement::new("SELECT CAST(pg_sleep(0.5) AS TEXT)").returning());
    let late = tokio::spawn({
        let slow = slow.clone();
        async move { slow.execute(late).await.unwrap() }
    });
    let begun = "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()";
    while store.db().query(db::Query::new(begun)).await.unwrap()[0].get::<i64>(0).unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    let others = tokio::spawn({
        let quick = quick.clone();
        async move {
            for seq in 1..=50 {
                quick.execute(told(2, seq)).await.unwrap();
            }
        }
    });
    let (mut seen, mut cursor) = (Vec::new(), 0);
    while seen.len() < 51 {
        let head = store.head().await.unwrap().value;
        for event in store.feed(cursor, head, &Kinds::All, 1_000).await.unwrap() {
            cursor = event.feed_seq;
            seen.push((event.feed_seq, event.run.0));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    late.await.unwrap();
    others.await.unwrap();
    let numbers: Vec<i64> = seen.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=51).collect::<Vec<_>>(), "no number is passed over");
    assert_eq!(seen[0], (1, 1), "the one that began first is the first");
    for db in [&slow, &quick, store.db()] {
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_never_lease_the_same_task() {
    let Some(database) = servers::database() else { return };
    let connect = || async {
        Db::connect(PgOptions::parse(&database.url).unwrap(), headway_store::MIGRATIONS).await.unwrap()
    };
    let (one, two) = (connect().await, connect().await);
    let mut tasks = Statement::new(
        "INSERT INTO tasks (run_id, stage, key, state, created_at, due_at, data) VALUES (1, 0, ?1, 0, 0, 0, 'null')",
    )
    .at_once();
    for index in 0..2_000 {
        tasks.push_row(params![format!("{index:05}")]);
    }
    one.execute(tasks.into()).await.unwrap();
    let claim = |db: Db, worker: i64| async move {
        let mut keys = Vec::new();
        loop {
            let claim = write::claim(RunId(1), model::StageId(0), worker, Timestamp(1), 37);
            let outcomes = db.execute(claim.into()).await.unwrap();
            if outcomes[0].rows.is_empty() {
                return keys;
            }
            keys.extend(outcomes[0].rows.iter().map(|row| row.get::<String>(0).unwrap()));
        }
    };
    let (first, second) =
        tokio::join!(tokio::spawn(claim(one.clone(), 1)), tokio::spawn(claim(two.clone(), 2)));
    let mut all = first.unwrap();
    all.extend(second.unwrap());
    all.sort();
    let expected: Vec<String> = (0..2_000).map(|index| format!("{index:05}")).collect();
    assert_eq!(all, expected);
    one.close().await;
    two.close().await;
}
