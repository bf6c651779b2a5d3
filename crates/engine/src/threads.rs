//! Threads for work that computes. The async runtime never computes, and a thread that never comes back is replaced.

use crossbeam_channel::{Receiver, Sender, unbounded};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Most threads given up on before no more are replaced: each may hold a decoder's whole memory.
const MAX_ABANDONED: usize = 16;

/// Stack of a thread, in bytes: decoders recurse.
const STACK_BYTES: usize = 4 * 1024 * 1024;

type Job = Box<dyn FnOnce() + Send>;

/// A pool whose size follows the largest limit asked of it.
#[derive(Clone)]
pub(crate) struct Threads {
    jobs: Sender<Job>,
    queue: Receiver<Job>,
    running: Arc<AtomicUsize>,
    abandoned: Arc<AtomicUsize>,
}

impl Threads {
    pub(crate) fn new() -> Self {
        let (jobs, queue) = unbounded();
        Self { jobs, queue, running: Arc::default(), abandoned: Arc::default() }
    }

    /// Sees that at least `count` threads serve the queue. A thread that cannot be made is logged; those there go on.
    pub(crate) fn grow_to(&self, count: usize) {
        while self.running.load(Ordering::Acquire) < count {
            if !self.add() {
                return;
            }
        }
    }

    fn add(&self) -> bool {
        let queue = self.queue.clone();
        let index = self.running.fetch_add(1, Ordering::AcqRel);
        let made = std::thread::Builder::new()
            .name(format!("headway-cpu-{index}"))
            .stack_size(STACK_BYTES)
            .spawn(move || {
                for job in queue {
                    job();
                }
            });
        if let Err(error) = &made {
            self.running.fetch_sub(1, Ordering::AcqRel);
            tracing::error!(%error, "no thread for computing could be made");
        }
        made.is_ok()
    }

    /// Queues a job; the dispatcher sees that no more are queued than threads serve.
    pub(crate) fn run(&self, job: Job) {
        // The receiver lives in `self`, so the channel is never closed.
        if self.jobs.send(job).is_err() {
            tracing::error!("the queue of the computing threads is closed");
        }
    }

    /// A job overran its time and its thread may never come back: another takes its place.
    pub(crate) fn abandon(&self) {
        if self.abandoned.fetch_add(1, Ordering::AcqRel) < MAX_ABANDONED {
            self.add();
        } else {
            tracing::error!(
                limit = MAX_ABANDONED,
                "too many computing threads hang; none is replaced any more"
            );
        }
    }

    /// A job that had been given up came back after all.
    pub(crate) fn returned(&self) {
        self.abandoned.fetch_sub(1, Ordering::AcqRel);
    }
}
