//! Durable no-op tasks, beside a bare loop that writes the same rows.

use crate::harness::{bed, definition, figure, over, resident_mb, start};
use activity::Registry;
use anyhow::{Context as _, Result};
use rusqlite::{Connection, params};
use serde_json::json;
use std::time::{Duration, Instant};

/// Tasks of the measured run; `HEADWAY_BENCH_TASKS` sets another number.
const TASKS: u64 = 1_000_000;

/// Rows of one transaction of the bare loop.
const BARE_BATCH: u64 = 512;

fn task_count() -> u64 {
    std::env::var("HEADWAY_BENCH_TASKS").ok().and_then(|text| text.parse().ok()).unwrap_or(TASKS)
}

/// `tasks_per_s`, `tasks_peak_mb`, `tasks_bare_per_s`, `tasks_ceiling_ratio`.
pub(crate) async fn throughput() -> Result<()> {
    let tasks = task_count();
    let bed = bed(Registry::default()).await?;
    let definition = definition(
        "name: million\nstages:\n  - name: make\n    activity: builtin.range\n  - name: work\n    for_each: make\n    activity: builtin.noop\n",
    )?;
    let peak = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let watch = {
        let peak = peak.clone();
        tokio::spawn(async move {
            loop {
                let now = resident_mb() as u64;
                peak.fetch_max(now, std::sync::atomic::Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
    };
    let begun = Instant::now();
    let started = bed.engine.start(start(&definition, json!({ "count": tasks }))).await?;
    let record = over(&bed.engine, started.record.run.id, Duration::from_millis(20)).await?;
    let seconds = begun.elapsed().as_secs_f64();
    watch.abort();
    let work = record.run.stages.get(1).context("two stages")?;
    anyhow::ensure!(work.counts.done == tasks, "{} of {tasks} tasks are done", work.counts.done);
    let rate = tasks as f64 / seconds;
    figure("tasks_per_s", rate, "tasks/s");
    figure("tasks_peak_mb", peak.load(std::sync::atomic::Ordering::Relaxed) as f64, "MB");
    bed.engine.drain(Duration::from_secs(5)).await;
    drop(bed);
    let bare = bare_loop(tasks)?;
    figure("tasks_bare_per_s", bare, "tasks/s");
    figure("tasks_ceiling_ratio", rate / bare, "ratio");
    Ok(())
}

/// The same rows by hand: tasks made, leased, done, and their events, in transactions of 512 rows, FULL.
fn bare_loop(tasks: u64) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let connection = Connection::open(folder.path().join("bare.db"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;
         PRAGMA wal_autocheckpoint = 4000;",
    )?;
    for migration in store::MIGRATIONS {
        connection.execute_batch(migration.sql)?;
    }
    let insert =
        "INSERT INTO tasks (run_id, stage, key, state, attempt, fence, worker, created_at, due_at, data)
                  VALUES (1, 1, ?1, 0, 0, 0, NULL, 1, 1, ?2)";
    let lease = "UPDATE tasks SET state = 1, attempt = 1, fence = 1, worker = 7 WHERE run_id = 1 AND stage = 1 AND key = ?1";
    let done = "UPDATE tasks SET state = 3, worker = NULL, started_at = 1, ended_at = 2
                WHERE run_id = 1 AND stage = 1 AND key = ?1 AND fence = 1 AND state = 1";
    let event = "INSERT INTO events (feed_seq, run_id, run_seq, at, kind, stage, key, attempt, data)
                 VALUES (?1, 1, ?1, 1, 'task.done', 1, ?2, 1, '{\"ms\":0}')";
    let begun = Instant::now();
    let mut next = 0;
    while next < tasks {
        let upto = (next + BARE_BATCH).min(tasks);
        for sql in [insert, lease, done, event] {
            let transaction = connection.unchecked_transaction()?;
            {
                let mut statement = transaction.prepare_cached(sql)?;
                for n in next..upto {
                    let key = format!("{n:09}");
                    if sql == insert {
                        statement.execute(params![key, n.to_string()])?;
                    } else if sql == event {
                        statement.execute(params![n as i64 + 1, key])?;
                    } else {
                        statement.execute(params![key])?;
                    }
                }
            }
            transaction.commit()?;
        }
        next = upto;
    }
    Ok(tasks as f64 / begun.elapsed().as_secs_f64())
}
