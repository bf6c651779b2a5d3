//! The reader threads. Each has one read-only connection; threads and connections are started when first needed.
//!
//! Own threads rather than the runtime's blocking pool: an application that fills that pool with its own work must
//! not delay reads, and any runtime will do.
//!
//! A read whose caller has left (a request that was cut off, a deadline) is ended, so that it does not keep a thread.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender};
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

use super::{connection, failure};
use crate::{Error, Options, Result};

/// Virtual machine steps of SQLite between two looks at whether the caller is still there: well below a millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

type Job = Box<dyn FnOnce(Result<&Connection>) + Send>;

/// The pool of reader threads.
pub(super) struct Readers {
    shared: Arc<Shared>,
    /// Room in the queue; closed when the pool is.
    room: Semaphore,
    running: Mutex<Running>,
}

struct Shared {
    path: PathBuf,
    options: Options,
    /// Threads that wait for a job, less the jobs that wait for them.
    idle: AtomicUsize,
}

struct Running {
    jobs: Option<Sender<Job>>,
    queue: Receiver<Job>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, options: Options) -> Self {
        // Bounded by the semaphore: a sender that has a permit never waits.
        let (jobs, queue) = crossbeam_channel::unbounded();
        Self {
            room: Semaphore::new(options.queue_reads.max(1)),
            shared: Arc::new(Shared { path, options, idle: AtomicUsize::new(0) }),
            running: Mutex::new(Running { jobs: Some(jobs), queue, threads: Vec::new() }),
        }
    }

    /// Runs `read` on a reader's connection and waits for its result.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _room = self.room.acquire().await.map_err(|_| Error::Closed)?;
        let (answer, answered) = oneshot::channel();
        let caller = Caller::default();
        let left = Arc::clone(&caller.left);
        self.submit(Box::new(move |connection| {
            if left.load(Relaxed) {
                return;
            }
            READING_FOR.replace(Some(left));
            let result = connection.and_then(read);
            READING_FOR.take();
            // The caller may leave at any time.
            let _ = answer.send(result);
        }))?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Reads waiting for a thread now.
    pub(super) fn queued(&self) -> u64 {
        self.running.lock().queue.len() as u64
    }

    /// Takes no more reads, finishes what is queued, ends the threads.
    pub(super) fn close(&self) {
        self.room.close();
        let threads = {
            let mut running = self.running.lock();
            running.jobs = None;
            std::mem::take(&mut running.threads)
        };
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a reader thread panicked");
            }
        }
    }

    fn submit(&self, job: Job) -> Result<()> {
        let mut running = self.running.lock();
        let Some(jobs) = running.jobs.clone() else {
            return Err(Error::Closed);
        };
        let busy = self.shared.idle.load(SeqCst) <= running.queue.len();
        if busy && running.threads.len() < self.shared.options.readers.max(1) {
            let (shared, queue) = (Arc::clone(&self.shared), running.queue.clone());
            let thread = std::thread::Builder::new()
                .name(format!("db-read-{}", running.threads.len()))
                .spawn(move || serve(&shared, &queue))
                .map_err(|source| Error::Io {
                    what: "start a reader thread for",
                    path: self.shared.path.clone(),
                    source: source.into(),
                })?;
            running.threads.push(thread);
        }
        jobs.send(job).map_err(|_| Error::Closed)
    }
}

/// The waiting side of a read; says so when it is dropped.
#[derive(Default)]
struct Caller {
    left: Arc<AtomicBool>,
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.left.store(true, Relaxed);
    }
}

thread_local! {
    /// Whether the caller of the read that this thread runs has left.
    static READING_FOR: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Lets the connection end a read whose caller has left.
fn watch_callers(connection: &mut Connection) -> rusqlite::Result<()> {
    let has_left = || READING_FOR.with_borrow(|left| left.as_ref().is_some_and(|left| left.load(Relaxed)));
    connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(has_left))
}

fn serve(shared: &Shared, queue: &Receiver<Job>) {
    let mut open: Option<Connection> = None;
    loop {
        shared.idle.fetch_add(1, SeqCst);
        let job = queue.recv();
        shared.idle.fetch_sub(1, SeqCst);
        let Ok(job) = job else {
            return;
        };
        if open.is_none() {
            let opened = connection::reader(&shared.path, &shared.options).and_then(|mut connection| {
                watch_callers(&mut connection)
                    .map_err(|source| failure::outside("watch over reads", &shared.path, source))?;
                Ok(connection)
            });
            match opened {
                Ok(connection) => open = Some(connection),
                Err(error) => {
                    job(Err(error));
                    continue;
                }
            }
        }
        if let Some(connection) = &open {
            job(Ok(connection));
        }
    }
}
