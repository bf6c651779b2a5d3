//! The open database: its thread, its writers, its readers.

use super::{
    convert::{self, Param, type_of},
    failure,
    hints::Hints,
    migrate,
    session::Session,
    settings::PgOptions,
    sql, tls,
    writer::{self, Pending, Shared},
};
use crate::{Batch, Error, Migration, Outcome, Query, Result, Row, Stats, Value, stats::Counters};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime as PoolRuntime, Timeouts};
use parking_lot::Mutex;
use std::{
    future::Future,
    sync::{Arc, atomic::AtomicU64, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::{
    runtime::{Handle, Runtime},
    sync::{mpsc, oneshot, watch},
};
use tokio_postgres::types::{ToSql, Type};

/// How long a close waits for what is under way.
const CLOSE_PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Engine {
    options: PgOptions,
    counters: Arc<Counters>,
    queued: Arc<AtomicU64>,
    /// Taken by the first close.
    jobs: Mutex<Option<mpsc::Sender<Pending>>>,
    readers: Pool,
    hints: Hints,
    handle: Handle,
    /// Its threads end with it; taken by the first close.
    runtime: Mutex<Option<Runtime>>,
    writers_ended: watch::Receiver<usize>,
}

impl Engine {
    /// Connects and migrates.
    pub(crate) async fn open(options: PgOptions, migrations: Vec<Migration>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("db-postgres")
            .enable_all()
            .build()
            .map_err(|source| Error::Engine { what: "start its thread", source: source.into() })?;
        let handle = runtime.handle().clone();
        let first = options.clone();
        let opened = on(&handle, async move {
            let session = Session::open(&first, None).await?;
            migrate::run(&session, first.place(), &migrations).await
        });
        let opened = opened.await;
        if let Err(error) = opened {
            runtime.shutdown_background();
            return Err(error);
        }
        let readers = readers(&options)?;
        let (jobs, queue) = mpsc::channel(options.queue_batches.max(1));
        let (counters, hints) = (Arc::new(Counters::default()), Hints::new());
        let shared = Arc::new(Shared {
            options: options.clone(),
            queue: tokio::sync::Mutex::new(queue),
            counters: Arc::clone(&counters),
            hints: hints.clone(),
        });
        let (ended, writers_ended) = watch::channel(options.writers.max(1));
        for _ in 0..options.writers.max(1) {
            let (shared, ended) = (Arc::clone(&shared), ended.clone());
            handle.spawn(async move {
                writer::serve(shared).await;
                ended.send_modify(|left| *left -= 1);
            });
        }
        if !options.is_pooled {
            handle.spawn(hints.clone().serve(options.clone()));
        }
        Ok(Self {
            options,
            counters,
            queued: Arc::default(),
            jobs: Mutex::new(Some(jobs)),
            readers,
            hints,
            handle,
            runtime: Mutex::new(Some(runtime)),
            writers_ended,
        })
    }

    pub(crate) async fn execute(&self, batch: Batch) -> Result<Vec<Outcome>> {
        let jobs = self.jobs.lock().clone().ok_or(Error::Closed)?;
        let (answer, answered) = oneshot::channel();
        self.queued.fetch_add(1, Relaxed);
        let sent = jobs.send(Pending { batch, answer }).await;
        drop(jobs);
        let result = match sent {
            Ok(()) => answered.await.unwrap_or(Err(Error::Closed)),
            Err(_) => Err(Error::Closed),
        };
        self.queued.fetch_sub(1, Relaxed);
        result
    }

    pub(crate) async fn query(&self, query: Query) -> Result<Vec<Row>> {
        self.counters.reads.fetch_add(1, Relaxed);
        let (pool, place) = (self.readers.clone(), self.options.place.clone());
        let is_pooled = self.options.is_pooled;
        on(&self.handle, async move {
            let client = get(&pool, &place).await?;
            read(&client, is_pooled, &place, 0, &query).await
        })
        .await
    }

    pub(crate) async fn prepare(&self, sql: String) -> Result<()> {
        let (pool, place) = (self.readers.clone(), self.options.place.clone());
        on(&self.handle, async move {
            let client = get(&pool, &place).await?;
            let (text, _, _) = sql::compact(&sql);
            client.prepare(&text).await.map_err(|source| failure::in_query(&place, 0, &sql, source))?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn snapshot(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>> {
        self.counters.reads.fetch_add(1, Relaxed);
        let (pool, place) = (self.readers.clone(), self.options.place.clone());
        let is_pooled = self.options.is_pooled;
        on(&self.handle, async move {
            let client = get(&pool, &place).await?;
            let failed = |source| failure::outside("begin a snapshot", &place, source);
            client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(failed)?;
            let mut all = Vec::with_capacity(queries.len());
            let mut result = Ok(());
            for (index, query) in queries.iter().enumerate() {
                match read(&client, is_pooled, &place, index, query).await {
                    Ok(rows) => all.push(rows),
                    Err(error) => {
                        result = Err(error);
                        break;
                    }
                }
            }
            client.batch_execute("COMMIT").await.map_err(failed)?;
            result.map(|()| all)
        })
        .await
    }

    /// Changes with every hint of another process.
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.hints.listen()
    }

    pub(crate) fn stats(&self) -> Stats {
        let reading = self.readers.status();
        self.counters.snapshot(self.queued.load(Relaxed), reading.waiting as u64)
    }

    pub(crate) fn place(&self) -> &str {
        self.options.place()
    }

    pub(crate) async fn close(&self) {
        if self.jobs.lock().take().is_none() {
            return;
        }
        let mut ended = self.writers_ended.clone();
        let all = async move {
            // An error says that all senders are gone: the writers have ended.
            let _ = ended.wait_for(|left| *left == 0).await;
        };
        let _ = on(&self.handle, async move { Ok(tokio::time::timeout(CLOSE_PATIENCE, all).await) }).await;
        self.readers.close();
        if let Some(runtime) = self.runtime.lock().take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.lock().take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs a future on the database's thread; dropped, it is cancelled.
async fn on<T: Send + 'static>(
    handle: &Handle,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    struct Ends(tokio::task::AbortHandle);
    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
    let task = handle.spawn(work);
    let _ends = Ends(task.abort_handle());
    task.await.unwrap_or(Err(Error::Closed))
}

fn readers(options: &PgOptions) -> Result<Pool> {
    let connector: tls::Connector = options.connector()?;
    let mut config = options.config.clone();
    if !options.is_pooled {
        config.options(format!("-c statement_timeout={}", options.statement_timeout.as_millis()));
    }
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let patience = Some(options.patience);
    Pool::builder(Manager::from_config(config, connector, recycling))
        .max_size(options.readers.max(1))
        .runtime(PoolRuntime::Tokio1)
        .timeouts(Timeouts { wait: patience, create: patience, recycle: patience })
        .build()
        .map_err(|source| Error::Engine { what: "prepare its readers", source: source.into() })
}

async fn get(pool: &Pool, place: &str) -> Result<deadpool_postgres::Object> {
    pool.get().await.map_err(|source| match source {
        deadpool_postgres::PoolError::Closed => Error::Closed,
        source => failure::away(place, source),
    })
}

async fn read(
    client: &deadpool_postgres::Object,
    is_pooled: bool,
    place: &str,
    index: usize,
    query: &Query,
) -> Result<Vec<Row>> {
    let (text, used, parameters) = sql::compact(query.text());
    if parameters != query.params.len() {
        return Err(Error::Parameters {
            statement: index,
            row: 0,
            expected: parameters,
            found: query.params.len(),
            sql: query.text().to_owned(),
        });
    }
    if !sql::only_reads(&text) {
        let source = "a query only reads; writes are batches".into();
        return Err(Error::Statement { statement: index, row: 0, sql: query.text().to_owned(), source });
    }
    let failed = |source| failure::in_query(place, index, query.text(), source);
    let values: Vec<&Value> = used.iter().map(|index| &query.params[*index]).collect();
    let params: Vec<Param<'_>> = values.iter().copied().map(Param).collect();
    let refs = params.iter().map(|param| param as &(dyn ToSql + Sync));
    let rows = if is_pooled {
        let typed: Vec<(&(dyn ToSql + Sync), Type)> = refs.zip(values.iter().copied().map(type_of)).collect();
        client.query_typed(&text, &typed).await.map_err(failed)?
    } else {
        let statement = client.prepare_cached(&text).await.map_err(failed)?;
        let refs: Vec<&(dyn ToSql + Sync)> = refs.collect();
        client.query(&statement, &refs).await.map_err(failed)?
    };
    rows.iter().map(|row| convert::row(row).map_err(failed)).collect()
}
