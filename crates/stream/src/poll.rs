//! Polling: the same figures for readers that ask instead of following.
//!
//! A run that is polled keeps its channel in memory, which commits keep up to date: whether anything has changed is
//! answered without the store.

use crate::{
    Error, Result,
    channel::{Channel, Figures, Topic},
    hub::Hub,
    waiter::{Interest, Waiter},
};
use bytes::Bytes;
use model::{RunId, RunState};
use std::{
    future::poll_fn,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};
use store::RunRecord;

/// Longest time that a reader may ask to wait for a change.
pub const MAX_WAIT: Duration = Duration::from_secs(25);

/// What the ETag of a run's progress is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// Number of the run's newest event.
    pub run_seq: u64,
    /// Where the run is in its life.
    pub state: RunState,
}

impl Pulse {
    /// The time after which it is worth asking again.
    pub fn poll_interval(self) -> Duration {
        match self.state {
            RunState::Running => Duration::from_secs(1),
            RunState::Queued | RunState::Waiting | RunState::Paused => Duration::from_secs(3),
            RunState::Completed | RunState::CompletedWithErrors | RunState::Failed | RunState::Cancelled => {
                Duration::from_secs(30)
            }
        }
    }

    /// Whether waiting for a change is of no use.
    pub fn is_final(self) -> bool {
        self.state.is_final()
    }
}

impl Hub {
    /// Where a run is, from memory; `None` where memory does not tell.
    pub fn pulse(&self, run: RunId) -> Option<Pulse> {
        self.inner.existing(Topic::Run(run)).and_then(|channel| pulse_of(&channel))
    }

    /// Where a run is, from memory or else from the store; it is kept in memory for the next time.
    ///
    /// # Errors
    /// [`Error::UnknownRun`], [`Error::Store`].
    pub async fn pulse_or_read(&self, run: RunId) -> Result<Pulse> {
        let (_, record) = self.known(run).await?;
        Ok(Pulse { run_seq: record.run.run_seq, state: record.run.state })
    }

    /// The run's channel, which knows the run.
    async fn known(&self, run: RunId) -> Result<(Arc<Channel>, Arc<RunRecord>)> {
        let channel = self.channel(Topic::Run(run));
        match self.record_of(&channel).await? {
            Some(record) => Ok((channel, record)),
            None => {
                self.discard(Topic::Run(run));
                Err(Error::UnknownRun(run))
            }
        }
    }

    /// Waits until the run has an event after `run_seq`, but no longer than `wait` (and [`MAX_WAIT`]).
    ///
    /// # Errors
    /// As [`Hub::pulse_or_read`].
    pub async fn changed(&self, run: RunId, run_seq: u64, wait: Duration) -> Result<Pulse> {
        let (channel, _) = self.known(run).await?;
        let guard = Poller::join(&channel, self.now_ms());
        let now = self.pulse_or_read(run).await?;
        if now.run_seq > run_seq || now.is_final() || wait.is_zero() {
            return Ok(now);
        }
        let changed = poll_fn(|cx| {
            guard.waiter.register(cx.waker());
            guard.waiter.take();
            match pulse_of(&channel) {
                Some(pulse) if pulse.run_seq <= run_seq && !pulse.is_final() && !self.is_draining() => {
                    Poll::Pending
                }
                pulse => Poll::Ready(pulse),
            }
        });
        match tokio::time::timeout(wait.min(MAX_WAIT), changed).await {
            Ok(Some(pulse)) => Ok(pulse),
            Ok(None) | Err(_) => self.pulse_or_read(run).await,
        }
    }

    /// The run's figures as a JSON object (a `Progress`), as covering what comes after `run_seq`, and where it is.
    ///
    /// # Errors
    /// As [`Hub::pulse_or_read`].
    pub async fn progress_json(&self, run: RunId, run_seq: u64) -> Result<(Pulse, Bytes)> {
        let (channel, record) = self.known(run).await?;
        let moment = self.moment(Some(&record));
        let mut state = channel.lock();
        state.used_at = Instant::now();
        let Figures::Run(figures) = &mut state.figures else { return Err(Error::UnknownRun(run)) };
        let Some(stand) = &figures.stand else { return Err(Error::UnknownRun(run)) };
        let pulse = Pulse { run_seq: stand.record.run.run_seq, state: stand.record.run.state };
        let from = run_seq.min(pulse.run_seq.saturating_sub(1)) + 1;
        let json = figures.progress(from, &moment).ok_or(Error::UnknownRun(run))?;
        Ok((pulse, json))
    }
}

fn pulse_of(channel: &Channel) -> Option<Pulse> {
    let mut state = channel.lock();
    state.used_at = Instant::now();
    let Figures::Run(figures) = &state.figures else { return None };
    let run = &figures.stand.as_ref()?.record.run;
    Some(Pulse { run_seq: run.run_seq, state: run.state })
}

/// A reader that waits for a change. Leaves the channel when dropped.
struct Poller {
    channel: Arc<Channel>,
    waiter: Arc<Waiter>,
    slot: u32,
}

impl Poller {
    fn join(channel: &Arc<Channel>, now_ms: u32) -> Self {
        let waiter = Arc::new(Waiter::new(None, now_ms));
        let slot = channel.lock().waiters.add(Arc::clone(&waiter), Interest::Changes);
        Self { channel: Arc::clone(channel), waiter, slot }
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        let mut state = self.channel.lock();
        state.waiters.remove(self.slot);
        state.used_at = Instant::now();
    }
}
