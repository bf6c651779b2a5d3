//! A chunk while it is performed: leases go before their gate, outcomes are gathered and committed, the host is told.

use super::{ChunkOrder, Claimed, Committed, INBOX, Teller, Told, lost_input};
use crate::{
    Error, Result, clock,
    lease::{Lease, Message, Report, StageWork},
    plan::{Lessons, lease_of, plan_rows},
    run_loop::{self, answer, learn},
    shared::{Engine, RunHandle},
};
use activity::Outcome;
use db::Batch;
use model::{Failure, OnFailure, RunState, Timestamp};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};
use store::{
    RunRecord,
    chunk::{self, ChunkEnd, ChunkTry},
    write::{self, Held},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// How long outcomes gather before a commit.
const GATHER: Duration = Duration::from_millis(50);

/// How long a chunk begins attempts; what has not begun then is given back.
const BEGINS: Duration = Duration::from_secs(2);

/// How often a chunk looks whether its run was paused.
const LOOK: Duration = Duration::from_millis(500);

/// Shortest and longest time between two tellings, and the share of a chunk's age that they grow by.
const TELL: (Duration, Duration, u32) = (Duration::from_millis(250), Duration::from_secs(10), 20);

/// Commits of about so many bytes are told at once: a cluster takes only so much in one message.
const HEAVY: usize = 256 * 1024;

/// How often a task may take its worker down with it before it is failed.
const MAX_LOST: u32 = 50;

/// A chunk under way.
pub(super) struct UnderWay<'a> {
    pub(super) engine: &'a Engine,
    pub(super) order: ChunkOrder,
    pub(super) this: ChunkTry,
    pub(super) handle: RunHandle,
    pub(super) inbox: mpsc::Sender<Message>,
    pub(super) teller: &'a dyn Teller,
    pub(super) began: Instant,
    pub(super) work: Option<Arc<StageWork>>,
    /// Leased, and not before a gate yet: the stage's own limit holds them.
    pub(super) waiting: VecDeque<Arc<Lease>>,
    /// Attempts before a gate or under way, by item.
    pub(super) out: HashMap<Arc<str>, Held>,
    pub(super) untold: Vec<Committed>,
    pub(super) seq: i64,
    pub(super) told_at: Instant,
    /// Tasks taken back, not said yet.
    pub(super) lost: u64,
    pub(super) performed: u64,
    /// A failure that ends the run was committed, or is about to be.
    pub(super) fatal: bool,
}

/// Whether a chunk goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goes {
    On,
    /// Nothing more begins.
    Out,
    /// Nobody waits for what is under way.
    Away,
}

/// Whether more is to come of a chunk; what it gives back with its last commit.
enum End {
    Open,
    Done(Vec<Held>),
}

/// The leases that messages report of, by item.
fn held_of(messages: &[Message]) -> impl Iterator<Item = (Arc<str>, Held)> {
    messages.iter().filter_map(|message| match message {
        Message::Report(report) => Some((report.lease.held.key.clone(), report.lease.held.clone())),
        _ => None,
    })
}

impl UnderWay<'_> {
    pub(super) fn lease(&mut self, record: &RunRecord, claimed: Claimed) -> Result<()> {
        let work =
            self.engine.stage_work(record, self.order.stage).ok_or_else(|| Error::UnknownActivity {
                pipeline: record.definition.name.clone(),
                activities: vec![record.stage_name(self.order.stage).to_owned()],
            })?;
        for row in claimed.tasks {
            let times = claimed.lost.get(&row.key).copied().unwrap_or_default();
            let lease = lease_of(record, &work, row);
            let lease = Arc::new(Lease { inbox: Some(self.inbox.clone()), ..lease });
            if times > MAX_LOST {
                self.poisoned(lease, times);
            } else {
                self.waiting.push_back(lease);
            }
        }
        self.work = Some(work);
        self.offer();
        Ok(())
    }

    /// A task that kills every process that touches it is not tried for ever.
    fn poisoned(&mut self, lease: Arc<Lease>, times: u32) {
        let message = format!("{times} processes died while they worked on it");
        let outcome = Outcome::from(Failure::permanent("worker_lost", message));
        let now = clock::now();
        let span = write::Span { started_at: now, ended_at: now };
        let report = Report { lease, span, outcome, sent: Vec::new(), lines: Vec::new() };
        // The inbox has more room than a claim has tasks.
        let held = report.lease.held.clone();
        if self.inbox.try_send(Message::Report(report)).is_ok() {
            self.out.insert(held.key.clone(), held);
        }
    }

    /// Puts leases before their gate, as many as the stage's own limit lets.
    fn offer(&mut self) {
        let most =
            self.work.as_ref().and_then(|work| work.concurrency).map_or(usize::MAX, |most| most as usize);
        let room = most.saturating_sub(self.out.len()).min(self.waiting.len());
        self.out.extend(self.waiting.range(..room).map(|lease| (lease.held.key.clone(), lease.held.clone())));
        self.engine.dispatcher().offer(self.engine, self.waiting.drain(..room));
    }

    /// Performs; returns when the stage's next task is due.
    pub(super) async fn run(
        &mut self,
        mut messages: mpsc::Receiver<Message>,
        stop: CancellationToken,
    ) -> Result<Option<Timestamp>> {
        let mut gathered: Vec<Message> = Vec::new();
        let mut since: Option<Instant> = None;
        let mut goes = Goes::On;
        let out_at = self.began + BEGINS;
        let mut looked_at = self.began;
        while !self.out.is_empty() && goes != Goes::Away && !self.fatal {
            let mut fresh = Vec::new();
            let due = since.map_or_else(|| Instant::now() + Duration::from_secs(3_600), |at| at + GATHER);
            tokio::select! {
                _ = messages.recv_many(&mut fresh, INBOX) => {}
                () = sleep_until(due), if since.is_some() => {}
                () = sleep_until(out_at), if goes == Goes::On => goes = self.give_back(Goes::Out).await?,
                () = stop.cancelled() => {
                    goes = self.give_back(Goes::Away).await?;
                    self.engine.attempts().stop_these(self.out.values());
                }
                () = sleep_until(looked_at + LOOK) => {
                    looked_at = Instant::now();
                    if self.is_paused().await {
                        goes = self.give_back(Goes::Out).await?;
                    }
                }
                () = self.engine.ended() => return Err(Error::Draining),
            }
            let mut urgent = false;
            for message in fresh {
                match &message {
                    Message::Report(report) => self.reported(report),
                    Message::Chunk(_) => urgent = true,
                    _ => {}
                }
                gathered.push(message);
            }
            if goes == Goes::On {
                self.offer();
            }
            since = since.or_else(|| (!gathered.is_empty()).then(Instant::now));
            let is_due = since.is_some_and(|at| at.elapsed() >= GATHER);
            // What is left of a chunk whose last attempt has ended goes with its end.
            if (urgent || is_due) && !self.out.is_empty() && !self.fatal {
                self.commit(std::mem::take(&mut gathered), End::Open).await?;
                since = None;
                self.tell().await;
            }
        }
        if !self.waiting.is_empty() || !self.out.is_empty() {
            self.give_back(goes).await?;
        }
        while let Ok(message) = messages.try_recv() {
            gathered.push(message);
        }
        let mut left = std::mem::take(&mut self.out);
        left.extend(held_of(&gathered));
        if self.fatal || goes == Goes::Away {
            gathered = self.in_order(gathered);
        }
        held_of(&gathered).for_each(|(key, _)| drop(left.remove(&key)));
        self.commit(gathered, End::Done(left.into_values().collect())).await
    }

    fn reported(&mut self, report: &Report) {
        self.out.remove(&report.lease.held.key);
        self.performed += 1;
        self.fatal |= self.is_fatal(report);
    }

    /// Whether the report ends the run.
    fn is_fatal(&self, report: &Report) -> bool {
        let Outcome::Failure(failed) = &report.outcome else { return false };
        let record = self.handle.record.read();
        let Some(stage) = record.definition.stage(self.order.stage) else { return false };
        let attempt = report.lease.attempt.attempt;
        stage.on_failure == OnFailure::FailRun
            && headway_core::delay_ms(&stage.retry, attempt, failed.failure.retry, 0).is_none()
    }

    /// What a run that ends still takes: attempts that ended well, and then one failure that ends it. What is left out is
    /// given back, and ends with the run.
    fn in_order(&self, messages: Vec<Message>) -> Vec<Message> {
        let mut last = None;
        let mut kept = Vec::with_capacity(messages.len());
        for message in messages {
            match &message {
                Message::Report(Report { outcome: Outcome::Cancelled, .. }) => {}
                Message::Report(report) if self.is_fatal(report) => {
                    last.get_or_insert(message);
                }
                _ => kept.push(message),
            }
        }
        kept.extend(last);
        kept
    }

    /// Whether the run is paused, as far as the store says: one that is away for a while ends no attempt.
    async fn is_paused(&self) -> bool {
        match self.engine.store().run(self.order.run).await {
            Ok(record) => record.is_some_and(|record| record.run.state == RunState::Paused),
            Err(error) => {
                tracing::warn!(run = %self.order.run, %error, "the run could not be looked at; looking again");
                false
            }
        }
    }

    /// Gives back what has not begun.
    async fn give_back(&mut self, then: Goes) -> Result<Goes> {
        let buffered = self.engine.dispatcher().withdraw_of(&self.inbox);
        buffered.iter().for_each(|held| drop(self.out.remove(&held.key)));
        let waiting = self.waiting.drain(..).map(|lease| lease.held.clone());
        let held: Vec<Held> = buffered.into_iter().chain(waiting).collect();
        if !held.is_empty() {
            self.engine.store().db().execute(Batch::from(write::tasks_release(&held))).await?;
        }
        Ok(then)
    }

    /// Commits what attempts reported, whatever it takes.
    async fn commit(&mut self, messages: Vec<Message>, end: End) -> Result<Option<Timestamp>> {
        let (end, left) = match end {
            End::Open if messages.is_empty() => return Ok(None),
            End::Open => (ChunkEnd::Open, Vec::new()),
            End::Done(left) => (ChunkEnd::Done, left),
        };
        let mut lessons = Lessons::default();
        loop {
            // Other chunks and the run's host move the row on: whether a stage is open is read anew.
            let record = match self.engine.store().run(self.order.run).await {
                Ok(record) => Arc::new(record.ok_or(Error::RunNotFound(self.order.run))?),
                Err(store::Error::Db(error)) if !error.is_closed() => {
                    tracing::warn!(run = %self.order.run, %error, "the run could not be read; trying again");
                    if !run_loop::pause(self.engine).await {
                        return Err(Error::Draining);
                    }
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            *self.handle.record.write() = record.clone();
            let now = clock::now();
            let mut plan =
                plan_rows(self.engine, &record, &messages, &lessons, now, chunk::hold(self.this, end))?;
            let commit = self.committed(now, &plan);
            if let Some(commit) = &commit {
                plan.batch.push(chunk::entry(self.this, commit.seq, &serde_json::to_string(commit)?));
            }
            if !left.is_empty() {
                plan.batch.push(write::tasks_release(&left));
            }
            let last = plan.batch.statements.len();
            plan.batch.push(chunk::next_due(self.order.run, self.order.stage));
            match self.engine.store().db().execute(plan.batch.clone()).await {
                Ok(outcomes) => {
                    self.lost = 0;
                    if let Some(commit) = commit {
                        self.seq = commit.seq;
                        self.untold.push(commit);
                    }
                    for destination in &plan.woken.destinations {
                        self.engine.relay().wake(destination);
                    }
                    answer(messages, &mut HashMap::new(), &lessons, plan.refused, &record);
                    let due = outcomes.get(last).and_then(|outcome| outcome.rows.first());
                    return Ok(due.and_then(|row| row.get::<Option<i64>>(0).ok()).flatten().map(Timestamp));
                }
                // The guard is the first statement: a later try has the chunk.
                Err(db::Error::Expectation { statement: 0, .. }) => {
                    lessons.superseded = (0..messages.len()).collect::<HashSet<_>>();
                    answer(messages, &mut HashMap::new(), &lessons, HashMap::new(), &record);
                    return Err(Error::Draining);
                }
                Err(error) => {
                    if !learn(self.engine, &self.handle, plan, error, &messages, &mut lessons).await {
                        return Err(Error::Draining);
                    }
                }
            }
        }
    }

    /// What a plan says to the run's host.
    fn committed(&self, at: Timestamp, plan: &crate::plan::Plan) -> Option<Committed> {
        let stage = self.order.stage;
        let lost = (self.lost > 0).then(|| lost_input(stage, self.lost));
        let told: Vec<Told> = lost.into_iter().chain(plan.inputs.iter().cloned()).map(Told::of).collect();
        let holding = plan.holding.clone();
        (!told.is_empty()).then(|| Committed { seq: self.seq + 1, at, stage, told, holding })
    }

    /// Tells the host what was committed: soon at first, less often the longer the chunk takes.
    async fn tell(&mut self) {
        let (least, most, share) = TELL;
        let pause = (self.began.elapsed() / share).clamp(least, most);
        let bytes: usize = self.untold.iter().map(Committed::weight).sum();
        if self.untold.is_empty() || (self.told_at.elapsed() < pause && bytes < HEAVY) {
            return;
        }
        self.told_at = Instant::now();
        if self.teller.tell(self.untold.clone()).await {
            self.untold.clear();
        }
    }
}

impl Drop for UnderWay<'_> {
    /// A try that ends early leaves nothing running whose outcome nobody takes: the next one leases the same tasks.
    fn drop(&mut self) {
        if !self.out.is_empty() {
            self.engine.dispatcher().withdraw_of(&self.inbox);
            self.engine.attempts().stop_these(self.out.values());
        }
    }
}
