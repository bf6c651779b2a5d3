//! How much the port costs: rows a second through `Db::execute` beside a bare rusqlite loop of the same statements
//! with the same pragmas. One row is an UPDATE and an INSERT; a batch is 512 rows, and one commit.
//!
//! `cargo run --release -p headway-db --example batch_rate [seconds] [folder]`

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use headway_db::{Batch, Db, Migration, Options, Query, Statement, params};

const ROUNDS: u32 = 5;
const BATCH: i64 = 512;
/// Batches before the clock starts: the log has reached its size and been used again once.
const WARM: i64 = 250;
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
};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(Ok(12), |text| text.parse())?;
    let folder = match arguments.next() {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    let each = Duration::from_secs(seconds) / (3 * ROUNDS);
    // In turn, so that none gains from a warmer or quieter machine; medians are compared.
    let (mut bare, mut one, mut two) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let file = |name: &str| folder.path().join(format!("{name}{round}.db"));
        bare.push(bare_rate(&file("bare"), each)?);
        one.push(port_rate(&file("one"), each, 1)?);
        two.push(port_rate(&file("two"), each, 2)?);
    }
    let (bare, one, two) = (median(bare), median(one), median(two));
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

fn bare_rate(path: &Path, each: Duration) -> Result<f64, Failure> {
    drop(Db::open(Options::new(path), &[TABLES])?);
    let db = rusqlite::Connection::open(path)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384;
         PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000",
    )?;
    let (mut update, mut insert) = (db.prepare(UPDATE)?, db.prepare(INSERT)?);
    let mut start = Instant::now();
    let (mut done, mut run) = (0_i64, 0_i64);
    while run < WARM || start.elapsed() < each {
        if run == WARM {
            start = Instant::now();
        }
        db.execute_batch("BEGIN IMMEDIATE")?;
        for _ in 0..BATCH {
            let (to, from) = state(done / TASKS);
            if update.execute((done % TASKS + 1, to, from))? != 1 {
                return Err("the update found no row".into());
            }
            insert.execute((run, done, "task_leased", BODY))?;
            done += 1;
        }
        db.execute_batch("COMMIT")?;
        run += 1;
    }
    Ok(rate(done - WARM * BATCH, start))
}

/// Each caller has one batch under way at a time.
fn port_rate(path: &Path, each: Duration, callers: i64) -> Result<f64, Failure> {
    let db = Db::open(Options::new(path), &[TABLES])?;
    for run in 0..WARM {
        db.execute_blocking(batch(run * BATCH, run, BATCH))?;
    }
    let next = AtomicI64::new(WARM);
    let start = Instant::now();
    std::thread::scope(|scope| {
        let run = || {
            while start.elapsed() < each {
                let run = next.fetch_add(1, Relaxed);
                db.execute_blocking(batch(run * BATCH, run, BATCH))?;
            }
            Ok::<_, headway_db::Error>(())
        };
        let callers: Vec<_> = (0..callers).map(|_| scope.spawn(run)).collect();
        callers.into_iter().try_for_each(|caller| caller.join().expect("a caller does not panic"))
    })?;
    Ok(rate((next.into_inner() - WARM) * BATCH, start))
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates[rates.len() / 2]
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

fn rate(done: i64, start: Instant) -> f64 {
    done as f64 / start.elapsed().as_secs_f64()
}
