//! Writers: everything that is queued when a session is free becomes one transaction on it.
//!
//! A group forms by itself while the sessions are busy. A group that is refused is taken apart, and its batches run one
//! by one, so that only the guilty one fails; nothing of it was acknowledged before.

use super::{
    failure,
    hints::Hints,
    session::{Refusal, Rows, Session},
    settings::PgOptions,
};
use crate::{Batch, Error, Outcome, Result, stats::Counters};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, mpsc, oneshot};

/// How often a transaction that others were in the way of is tried again.
const RACES: u32 = 8;

/// First and longest pause before a server that is away is asked again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// A batch with the one who waits for it.
pub(super) struct Pending {
    pub(super) batch: Batch,
    pub(super) answer: oneshot::Sender<Result<Vec<Outcome>>>,
}

/// What the writers share.
pub(super) struct Shared {
    pub(super) options: PgOptions,
    pub(super) queue: Mutex<mpsc::Receiver<Pending>>,
    pub(super) counters: Arc<Counters>,
    pub(super) hints: Hints,
}

/// Serves batches until the queue is closed and empty.
pub(super) async fn serve(shared: Arc<Shared>) {
    let mut writer = Writer { shared, session: None, pause: BACK_OFF.0 };
    let mut group = Vec::new();
    loop {
        let most = writer.shared.options.group_batches.max(1);
        let mut queue = writer.shared.queue.lock().await;
        if queue.recv_many(&mut group, most).await == 0 {
            return;
        }
        drop(queue);
        // Two groups that lock rows in the same order never wait for each other in a circle.
        group.sort_by_key(|pending| pending.batch.order);
        while !group.is_empty() {
            let sums = group.iter().scan(0, |rows, pending| {
                *rows += pending.batch.rows();
                Some(*rows)
            });
            let count = sums.take_while(|rows| *rows <= writer.shared.options.group_rows).count().max(1);
            let now: Vec<Pending> = group.drain(..count).collect();
            writer.commit(now).await;
        }
    }
}

struct Writer {
    shared: Arc<Shared>,
    session: Option<Session>,
    pause: Duration,
}

impl Writer {
    /// Commits a group and answers everyone in it.
    async fn commit(&mut self, group: Vec<Pending>) {
        if group.len() > 1 {
            let batches: Vec<&Batch> = group.iter().map(|pending| &pending.batch).collect();
            match self.transact(&batches, Rows::Together).await {
                Ok(outcomes) => {
                    for (pending, outcomes) in group.into_iter().zip(outcomes) {
                        self.answer(pending, Ok(outcomes));
                    }
                    return;
                }
                Err(refusal) if refusal.is_away => {
                    // Whether it was committed is not known, so it must not run again unasked.
                    for pending in group {
                        let error = failure::away(&self.shared.options.place, refusal.error.to_string());
                        self.answer(pending, Err(error));
                    }
                    return;
                }
                Err(_) => {
                    self.shared.counters.regrouped.fetch_add(1, Relaxed);
                }
            }
        }
        for pending in group {
            let result = self.alone(&pending.batch).await;
            self.answer(pending, result);
        }
    }

    async fn alone(&mut self, batch: &Batch) -> Result<Vec<Outcome>> {
        let mut rows = Rows::Together;
        for _ in 0..RACES {
            match self.transact(&[batch], rows).await {
                Ok(mut outcomes) => return Ok(outcomes.pop().unwrap_or_default()),
                Err(refusal) if refusal.is_race => {}
                // Run apart, the rows say which of them is refused.
                Err(refusal) if refusal.is_vague => rows = Rows::Apart,
                Err(refusal) => return Err(refusal.error),
            }
        }
        Err(Error::Engine {
            what: "commit past other writers; their transactions kept crossing this one",
            source: format!("{RACES} tries").into(),
        })
    }

    async fn transact(
        &mut self,
        batches: &[&Batch],
        rows: Rows,
    ) -> std::result::Result<Vec<Vec<Outcome>>, Refusal> {
        let place = self.shared.options.place.clone();
        let shared = self.shared.clone();
        let session = self.session().await.map_err(|error| Refusal {
            error,
            is_race: false,
            is_vague: false,
            is_away: true,
        })?;
        let begun = Instant::now();
        let result = session.transact(&place, batches, rows).await;
        match &result {
            Ok(_) => {
                shared.counters.committed(batches.len(), begun.elapsed());
                if batches.iter().any(|batch| batch.tail.is_some()) {
                    shared.hints.tell();
                }
            }
            Err(refusal) if refusal.is_away => self.session = None,
            Err(_) => {}
        }
        result
    }

    /// The session, made anew where there is none. A server that is away is asked with growing pauses: each asking
    /// answers those who wait.
    async fn session(&mut self) -> Result<&mut Session> {
        if self.session.as_ref().is_none_or(|session| session.client.is_closed()) {
            self.session = None;
            match Session::open(&self.shared.options, None).await {
                Ok(session) => {
                    self.session = Some(session);
                    self.pause = BACK_OFF.0;
                }
                Err(error) => {
                    tokio::time::sleep(self.pause).await;
                    self.pause = (self.pause * 2).min(BACK_OFF.1);
                    return Err(error);
                }
            }
        }
        self.session.as_mut().ok_or(Error::Closed)
    }

    fn answer(&self, pending: Pending, result: Result<Vec<Outcome>>) {
        let counters = &self.shared.counters;
        match &result {
            Ok(_) => {
                counters.statements.fetch_add(pending.batch.statements.len() as u64, Relaxed);
                counters.rows.fetch_add(pending.batch.rows() as u64, Relaxed);
            }
            Err(_) => {
                counters.failed_batches.fetch_add(1, Relaxed);
            }
        }
        // The caller may have gone; its batch is committed all the same.
        let _ = pending.answer.send(result);
    }
}
