//! PostgreSQL: durable no-op tasks with one node and with two, beside a bare pipelined loop that writes the same rows.
//!
//! The server is a real one, which syncs what it commits, on the same machine: its work counts.

use crate::{
    harness::{Bed, bed_on, definition, figure, over, start},
    latency,
};
use activity::Registry;
use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;
use serde_json::json;
use servers::Postgres;
use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio_postgres::{Client, NoTls};

/// Tasks of each measurement; `HEADWAY_BENCH_TASKS` sets another number.
const TASKS: u64 = 200_000;

/// Rows of one transaction of the bare loop.
const BARE_BATCH: u64 = 512;

/// The variable by which this program is a second node.
const NODE: &str = "HEADWAY_BENCH_NODE";

const PIPELINE: &str = "name: many\nstages:\n  - name: make\n    activity: builtin.range\n  - name: work\n    for_each: make\n    activity: builtin.noop\n";

fn task_count() -> u64 {
    std::env::var("HEADWAY_BENCH_TASKS").ok().and_then(|text| text.parse().ok()).unwrap_or(TASKS)
}

/// Works as a second node where this process was started for that; `true` says that it was.
pub(crate) fn node() -> Result<bool> {
    let Ok(url) = std::env::var(NODE) else { return Ok(false) };
    crate::harness::runtime()?.block_on(async {
        let bed = bed_on(&url, Registry::default()).await?;
        // Until it is killed: the measurement ends, not the work.
        std::future::pending::<()>().await;
        drop(bed);
        anyhow::Ok(())
    })?;
    Ok(true)
}

/// Another process that works on the same database; it ends with the value.
struct Second(Child);

impl Second {
    fn begin(url: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        Ok(Self(command.env(NODE, url).stdin(Stdio::null()).spawn()?))
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `pg_tasks_per_s`, `pg2_tasks_per_s`, `pg_bare_per_s`, `pg_ceiling_ratio`, `pg_start_p50_ms`.
pub(crate) async fn run() -> Result<()> {
    // What `postgresql.conf` of a small machine says; everything else is the default, `fsync` and `synchronous_commit` too.
    let server = Postgres::start_with(&["shared_buffers=256MB", "max_wal_size=4GB"])?;
    let tasks = task_count();
    let url = database(&server, "one").await?;
    let bed = bed_on(&url, Registry::default()).await?;
    let one = rate(&bed, tasks).await?;
    figure("pg_tasks_per_s", one, "tasks/s");
    bed.engine.drain(Duration::from_secs(5)).await;
    drop(bed);

    let url = database(&server, "two").await?;
    let bed = bed_on(&url, Registry::default()).await?;
    let second = Second::begin(&url)?;
    while bed.engine.store().workers().await?.len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let two = rate(&bed, tasks).await?;
    figure("pg2_tasks_per_s", two, "tasks/s");
    drop(second);
    bed.engine.drain(Duration::from_secs(5)).await;
    drop(bed);

    let bare = bare(&server, tasks).await?;
    figure("pg_bare_per_s", bare, "tasks/s");
    figure("pg_ceiling_ratio", one / bare, "ratio");

    let url = database(&server, "start").await?;
    let (registry, told) = latency::told();
    let bed = bed_on(&url, registry).await?;
    latency::over_http(&bed, told, "pg_start").await?;
    bed.engine.drain(Duration::from_secs(5)).await;
    Ok(())
}

async fn database(server: &Postgres, name: &str) -> Result<String> {
    let client = client(&format!("{}/postgres", server.url)).await?;
    client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
    Ok(format!("{}/{name}", server.url))
}

async fn client(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Two runs at once, from their start to the end of the later one.
async fn rate(bed: &Bed, tasks: u64) -> Result<f64> {
    let definition = definition(PIPELINE)?;
    let begun = Instant::now();
    let mut runs = Vec::new();
    for _ in 0..2 {
        let input = json!({ "count": tasks / 2 });
        runs.push(bed.engine.start(start(&definition, input)).await?.record.run.id);
    }
    for run in runs {
        let record = over(&bed.engine, run, Duration::from_millis(10)).await?;
        let work = record.run.stages.get(1).context("two stages")?;
        anyhow::ensure!(
            work.counts.done == tasks / 2,
            "{} of {} tasks are done",
            work.counts.done,
            tasks / 2
        );
    }
    Ok(tasks as f64 / begun.elapsed().as_secs_f64())
}

/// The same rows by hand, in transactions of 512 of them: each statement takes its rows as arrays, and is sent without waiting
/// for the one before it. Rows are found by their keys, as Headway finds them.
async fn bare(server: &Postgres, tasks: u64) -> Result<f64> {
    let url = database(server, "bare").await?;
    // The tables as Headway has them.
    let db = db::Db::connect(db::PgOptions::parse(&url)?, store::MIGRATIONS).await?;
    db.close().await;
    let client = client(&url).await?;
    // No figures of the tables are gathered while they grow: the plan of an empty table would be kept.
    client
        .batch_execute("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off")
        .await?;
    let rows = "WITH row AS MATERIALIZED (SELECT 1::bigint AS run, 1::smallint AS stage, key, number
                FROM unnest($1::text[], $2::bigint[]) AS given (key, number))";
    let its = "tasks.run_id = row.run AND tasks.stage = row.stage AND tasks.key = row.key";
    let insert = format!(
        "{rows} INSERT INTO tasks (run_id, stage, key, state, attempt, fence, worker, created_at, due_at, data)
         SELECT run, stage, key, 0, 0, 0, NULL, 1, 1, key FROM row"
    );
    let lease =
        format!("{rows} UPDATE tasks SET state = 1, attempt = 1, fence = 1, worker = 7 FROM row WHERE {its}");
    let done = format!(
        "{rows} UPDATE tasks SET state = 3, worker = NULL, started_at = 1, ended_at = 2 FROM row
         WHERE {its} AND fence = 1 AND state + 0 = 1"
    );
    let event = format!(
        "{rows} INSERT INTO events (feed_seq, run_id, run_seq, at, kind, stage, key, attempt, data)
         SELECT number, run, number, 1, 'task.done', stage, key, 1, '{{\"ms\":0}}' FROM row"
    );
    let mut statements = Vec::new();
    for sql in [insert, lease, done, event] {
        statements.push(client.prepare(&sql).await?);
    }
    let begun = Instant::now();
    let mut next = 0;
    while next < tasks {
        let (keys, numbers): (Vec<String>, Vec<i64>) =
            (next..(next + BARE_BATCH).min(tasks)).map(|n| (format!("{n:09}"), n as i64 + 1)).unzip();
        // As they come: made, leased, done and told of.
        for statements in [&statements[..1], &statements[1..2], &statements[2..]] {
            let client = &client;
            let (keys, numbers) = (&keys, &numbers);
            let sent = statements.iter().map(|statement| async move {
                let rows = client.execute(statement, &[keys, numbers]).await?;
                anyhow::ensure!(rows == keys.len() as u64, "{rows} of {} rows", keys.len());
                anyhow::Ok(())
            });
            let (begun, sent, ended) = tokio::join!(
                client.batch_execute("BEGIN"),
                try_join_all(sent),
                client.batch_execute("COMMIT")
            );
            begun.and(ended)?;
            sent?;
        }
        next += BARE_BATCH;
    }
    Ok(tasks as f64 / begun.elapsed().as_secs_f64())
}
