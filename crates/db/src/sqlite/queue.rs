//! The writer's queue: bounded, async for those who send, blocking for the one thread that takes.
//!
//! Room is a semaphore beside an unbounded channel: a caller that finds no room waits as a future, never on a thread,
//! and a dropped caller leaves nothing behind. Whoever has a permit sends without waiting.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use tokio::sync::Semaphore;

use super::writer::Job;
use crate::{Error, Result};

/// A queue with room for `capacity` jobs.
pub(super) fn queue(capacity: usize) -> (Entrance, Exit) {
    let capacity = capacity.clamp(1, Semaphore::MAX_PERMITS);
    let (sender, jobs) = crossbeam_channel::unbounded();
    let room = Arc::new(Semaphore::new(capacity));
    (Entrance { jobs: Some(sender), room: Arc::clone(&room), capacity }, Exit { jobs, room })
}

/// Where callers put jobs.
pub(super) struct Entrance {
    jobs: Option<Sender<Job>>,
    room: Arc<Semaphore>,
    capacity: usize,
}

impl Entrance {
    /// Waits for room and queues the job.
    pub(super) async fn send(&self, job: Job) -> Result<()> {
        let room = self.room.acquire().await.map_err(|_| Error::Closed)?;
        // The writer gives the room back when it takes the job.
        room.forget();
        let jobs = self.jobs.as_ref().ok_or(Error::Closed)?;
        jobs.send(job).map_err(|_| Error::Closed)
    }

    /// Jobs that wait now.
    pub(super) fn queued(&self) -> usize {
        self.capacity.saturating_sub(self.room.available_permits())
    }

    /// Lets the writer end once it has taken what is queued.
    pub(super) fn close(&mut self) {
        self.room.close();
        self.jobs = None;
    }
}

/// Where the writer takes jobs.
pub(super) struct Exit {
    jobs: Receiver<Job>,
    room: Arc<Semaphore>,
}

/// What [`Exit::take`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// At least one job.
    Jobs,
    /// None came in the given time.
    Nothing,
    /// None will ever come.
    End,
}

impl Exit {
    /// Takes what is queued, up to `limit` jobs; waits for the first one, at most for `patience`.
    pub(super) fn take(&self, into: &mut Vec<Job>, limit: usize, patience: Option<Duration>) -> Taken {
        let first = match patience {
            Some(patience) => self.jobs.recv_timeout(patience),
            None => self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match first {
            Ok(job) => into.push(job),
            Err(RecvTimeoutError::Timeout) => return Taken::Nothing,
            Err(RecvTimeoutError::Disconnected) => return Taken::End,
        }
        into.extend(self.jobs.try_iter().take(limit.saturating_sub(1)));
        self.room.add_permits(into.len());
        Taken::Jobs
    }

    /// Refuses further jobs; those that are queued stay.
    pub(super) fn close(&self) {
        self.room.close();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }
}
