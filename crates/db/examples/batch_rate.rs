//! How much the port costs: rows a second through `Db::execute` beside a bare rusqlite loop of the same statements
//! with the same pragmas. One row is an UPDATE and an INSERT; a batch is 512 rows, and one commit.
//!
//! `cargo run --release -p headway-db --example batch_rate [seconds] [folder]`

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use headway_db::{Batch, Db, Migration, Options, Query, Statement, params};

const BATCH: i64 = 512;
/// Batches in a turn.
const TURN: i64 = 20;
/// Turns before the clock starts: the logs have reached their size.
const WARM_TURNS: u64 = 12;
const TASKS: i64 = 20_000;
const UPDATE: &str = "UPDATE task SET state = ?2, attempt = attempt + 1 WHERE id = ?1 AND state = ?3";
const INSERT: &str = "INSERT INTO event (run, seq, kind, body) VALUES (?1, ?2, ?3, ?4)";
const BODY: &str = r#"{"stage":"fetch","task":"00000000-0000-0000-0000-000000000000","attempt":1,"ms":12}"#;
const TABLES: Migration = Migration {
    component: "rate",
    version: 1,
    name: "tables",
    sql: "CREATE TABLE task (id INTEGER PRIMARY KEY, state TEXT NOT NULL, attempt INTEGER NOT NULL) STRICT;
          CREATE TABLE event (run INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
                              PRIMARY KEY (run, seq)) STRICT, WITHOUT ROWID;
          WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
          INSERT INTO task SELECT i, 'ready', 0 FROM n;",
    differs: &[],
};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(Ok(12), |text| text.parse())?;
    let folder = match arguments.next() {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    let file = |name: &str| folder.path().join(name);
    let mut bare = bare(&file("bare.db"))?;
    let mut one = port(&file("one.db"), 1)?;
    let mut two = port(&file("two.db"), 2)?;
    // In short turns, so that whatever else the machine does slows all of them alike.
    let (start, each) = (Instant::now(), Duration::from_secs(seconds));
    let mut took = [Duration::ZERO; 3];
    let mut turns = 0_u64;
    while start.elapsed() < each {
        let contestants: [&mut dyn FnMut() -> Result<(), Failure>; 3] = [&mut bare, &mut one, &mut two];
        for (run, took) in contestants.into_iter().zip(&mut took) {
            let start = Instant::now();
            run()?;
            // In the first turns the logs still grow.
            if turns >= WARM_TURNS {
                *took += start.elapsed();
            }
        }
        turns += 1;
    }
    let rows = (turns - WARM_TURNS.min(turns)) as f64 * (TURN * BATCH) as f64;
    let [bare, one, two] = took.map(|took| rows / took.as_secs_f64());
    println!("bare rusqlite             {bare:>9.0} rows/s");
    println!("Db::execute, one caller   {one:>9.0} rows/s   ratio {:.3}", one / bare);
    println!("Db::execute, two callers  {two:>9.0} rows/s   ratio {:.3}", two / bare);
    println!();
    callers(&folder.path().join("callers.db"), each)?;
    latency(&folder.path().join("latency.db"))
}

fn state(pass: i64) -> (&'static str, &'static str) {
    if pass % 2 == 0 { ("leased", "ready") } else { ("ready", "leased") }
}

/// A turn of the bare loop.
fn bare(path: &Path) -> Result<impl FnMut() -> Result<(), Failure> + use<>, Failure> {
    drop(Db::open(Options::new(path), &[TABLES])?);
    let db = rusqlite::Connection::open(path)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384;
         PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000",
    )?;
    let (mut done, mut run) = (0_i64, 0_i64);
    Ok(move || {
        let (mut update, mut insert) = (db.prepare_cached(UPDATE)?, db.prepare_cached(INSERT)?);
        for _ in 0..TURN {
            db.execute_batch("BEGIN IMMEDIATE")?;
            for _ in 0..BATCH {
                let (to, from) = state(done / TASKS);
                update.execute((done % TASKS + 1, to, from))?;
                insert.execute((run, done, "task_leased", BODY))?;
                done += 1;
            }
            db.execute_batch("COMMIT")?;
            run += 1;
        }
        Ok(())
    })
}

/// A turn through the port; each caller has one batch under way at a time.
fn port(path: &Path, callers: i64) -> Result<impl FnMut() -> Result<(), Failure> + use<>, Failure> {
    let db = Db::open(Options::new(path), &[TABLES])?;
    let next = AtomicI64::new(0);
    Ok(move || {
        let end = next.load(Relaxed) + TURN;
        let call = || {
            loop {
                let run = next.fetch_add(1, Relaxed);
                if run >= end {
                    next.fetch_sub(1, Relaxed);
                    return Ok::<_, headway_db::Error>(());
                }
                db.execute_blocking(batch(run * BATCH, run, BATCH))?;
            }
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..callers).map(|_| scope.spawn(call)).collect();
            call()?;
            others.into_iter().try_for_each(|caller| caller.join().expect("a caller does not panic"))
        })?;
        Ok(())
    })
}

fn batch(first: i64, run: i64, rows: i64) -> Batch {
    let mut update = Statement::new(UPDATE);
    let mut insert = Statement::new(INSERT);
    for done in first..first + rows {
        let (to, from) = state(done / TASKS);
        update.push_row(params![done % TASKS + 1, to, from]);
        insert.push_row(params![run, done, "task_leased", BODY]);
    }
    Batch::new().with(update).with(insert)
}

/// Many callers with one small batch each: what group commit makes of them.
fn callers(path: &Path, each: Duration) -> Result<(), Failure> {
    let db = Db::open(Options::new(path), &[TABLES])?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    for callers in [1_i64, 16, 64, 256] {
        let before = db.stats();
        let start = Instant::now();
        runtime.block_on(async {
            let tasks: Vec<_> = (0..callers)
                .map(|caller| tokio::spawn(call(db.clone(), caller, callers, start, each / 4)))
                .collect();
            for task in tasks {
                task.await??;
            }
            Ok::<_, Failure>(())
        })?;
        let stats = db.stats();
        let (batches, commits) = (stats.batches - before.batches, stats.commits - before.commits);
        println!(
            "{callers:>4} callers   {:>9.0} batches/s of 2 statements, {:.1} a commit, {:.0} µs a commit",
            batches as f64 / start.elapsed().as_secs_f64(),
            batches as f64 / commits as f64,
            (stats.commit_micros - before.commit_micros) as f64 / commits as f64,
        );
    }
    Ok(())
}

async fn call(
    db: Db,
    caller: i64,
    callers: i64,
    start: Instant,
    each: Duration,
) -> Result<(), headway_db::Error> {
    let mut pass = 0_i64;
    while start.elapsed() < each {
        let id = caller + 1 + callers;
        let touch = Statement::new("UPDATE task SET attempt = attempt + 1 WHERE id = ?1")
            .row(params![id])
            .expect_rows(1);
        let event =
            Statement::new("INSERT OR REPLACE INTO event (run, seq, kind, body) VALUES (?1, ?2, ?3, ?4)")
                .row(params![callers * 1_000 + caller, pass, "touched", BODY]);
        db.execute(Batch::new().with(touch).with(event)).await?;
        pass += 1;
    }
    Ok(())
}

/// One caller, one small batch or read at a time: what a call takes.
fn latency(path: &Path) -> Result<(), Failure> {
    let db = Db::open(Options::new(path), &[TABLES])?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        for pass in 0..2_000 {
            let start = Instant::now();
            db.execute(batch(pass, pass, 1)).await?;
            writes.push(start.elapsed());
            let start = Instant::now();
            db.query(Query::new("SELECT state, attempt FROM task WHERE id = ?1").bind(pass + 1)).await?;
            reads.push(start.elapsed());
        }
        Ok::<_, headway_db::Error>(())
    })?;
    print_spread("write", writes);
    print_spread("read", reads);
    println!("{:?}", db.stats());
    Ok(())
}

fn print_spread(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |share: f64| took[(took.len() as f64 * share) as usize].as_micros();
    println!("{what:<6} p50 {:>6} µs   p99 {:>6} µs   max {:>6} µs", at(0.5), at(0.99), at(0.999_9));
}
