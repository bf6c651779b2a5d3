//! Chunks: a lot of one stage's tasks, leased and performed together for a run that another host drives.
//!
//! Attempts go through the same gates, threads and time limits as those of runs that this engine drives. Each commit writes
//! rows, effects, and an entry that says what the host is to fold; a try that begins after a death takes back what was held
//! and answers with the entries that are there.

use crate::{
    Error, Result, clock,
    lease::{Lease, Message, Report, StageWork},
    plan::{Lessons, lease_of, plan_rows},
    run_loop::{self, answer, learn},
    shared::{Engine, RunHandle},
};
use activity::Outcome;
use db::{Batch, Outcome as Answered};
use model::{Failure, Input, OnFailure, RunId, RunState, StageId, TaskRef, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    future::Future,
    pin::Pin,
    sync::Arc,
    time::Duration,
};
use store::{
    RunRecord,
    chunk::{self, ChunkEnd, ChunkEntry, ChunkTry},
    write::{self, Held},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// Messages that wait before attempts have to.
const INBOX: usize = 2_048;

/// How long outcomes gather before a commit.
const GATHER: Duration = Duration::from_millis(50);

/// How long a chunk begins attempts; what has not begun then is given back.
const BEGINS: Duration = Duration::from_secs(2);

/// How often a chunk of a paused run looks whether the run was ended.
const LOOK: Duration = Duration::from_secs(1);

/// Shortest and longest time between two tellings, and the share of a chunk's age that they grow by.
const TELL: (Duration, Duration, u32) = (Duration::from_millis(250), Duration::from_secs(10), 20);

/// Commits of about so many bytes are told at once: a cluster takes only so much in one message.
const HEAVY: usize = 256 * 1024;

/// How often a task may take its worker down with it before it is failed.
const MAX_LOST: u32 = 50;

/// A chunk to be performed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ChunkOrder {
    /// The run.
    pub run: RunId,
    /// The lane: of its chunks, one is under way.
    pub lane: u32,
    /// The chunk's number, rising within the run.
    pub number: i64,
    /// The stage.
    pub stage: StageId,
    /// Most tasks.
    pub count: usize,
}

/// What a chunk came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ChunkAnswer {
    /// What it committed and the host may not have been told.
    pub entries: Vec<Committed>,
    /// When the stage's next ready task is due.
    pub next_due: Option<Timestamp>,
    /// Attempts that ended.
    pub performed: u64,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// One commit of a chunk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Committed {
    /// Its number within the chunk, from 1.
    #[serde(default)]
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The stage.
    pub stage: StageId,
    /// What the host is to fold, in order.
    pub told: Vec<Told>,
    /// Stages whose new tasks were held back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holding: Vec<StageId>,
}

/// An input; the one that comes by the million in few bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Told {
    /// A task ended well and nothing flowed on: key, attempt, milliseconds.
    #[serde(rename = "d")]
    Done(Arc<str>, u32, u64),
    /// Any other.
    #[serde(rename = "i")]
    Input(Input),
}

impl Committed {
    /// About how many bytes its JSON has.
    fn weight(&self) -> usize {
        let of = |told: &Told| match told {
            Told::Done(key, ..) => key.len() + 16,
            Told::Input(Input::App { data, .. }) => data.get().len() + 128,
            Told::Input(_) => 256,
        };
        self.told.iter().map(of).sum()
    }
}

impl Told {
    fn of(input: Input) -> Self {
        match input {
            Input::Succeeded { task, items, counters, ms } if items.is_empty() && counters.is_empty() => {
                Self::Done(task.key, task.attempt, ms)
            }
            input => Self::Input(input),
        }
    }

    /// The input, for a task of `stage`.
    pub fn into_input(self, stage: StageId) -> Input {
        match self {
            Self::Done(key, attempt, ms) => Input::Succeeded {
                task: TaskRef { stage, key, attempt },
                items: Vec::new(),
                counters: Vec::new(),
                ms,
            },
            Self::Input(input) => input,
        }
    }
}

/// Tells a run's host of commits while a chunk is under way.
pub trait Teller: Send + Sync {
    /// Whether the host has them for sure.
    fn tell(&self, commits: Vec<Committed>) -> Pin<Box<dyn Future<Output = bool> + Send + '_>>;
}

impl Engine {
    /// Performs a chunk. `stop` ends it early: attempts of a paused run end by themselves, those of any other are left.
    ///
    /// # Errors
    /// [`Error::RunNotFound`]; [`Error::Draining`], also where another try has taken the chunk over; what the store refuses.
    pub async fn perform_chunk(
        &self,
        order: ChunkOrder,
        teller: &dyn Teller,
        stop: CancellationToken,
    ) -> Result<ChunkAnswer> {
        let began = Instant::now();
        let record = self.store().run(order.run).await?.ok_or(Error::RunNotFound(order.run))?;
        let record = Arc::new(record);
        let this =
            ChunkTry { run: order.run, lane: order.lane, number: order.number, worker: clock::random_id() };
        let Some(claimed) = self.claim_chunk(this, &order).await? else {
            let (_, entries) = read_entries(self, &order).await?;
            return Ok(ChunkAnswer { entries, ms: ms_since(began), ..ChunkAnswer::default() });
        };
        let (seq, untold) = read_entries(self, &order).await?;
        let (inbox, messages) = mpsc::channel(INBOX);
        let (handle, _) = run_loop::handle(record.clone());
        let mut chunk = UnderWay {
            engine: self,
            order,
            this,
            handle,
            inbox,
            teller,
            began,
            work: None,
            waiting: VecDeque::new(),
            out: 0,
            untold,
            seq,
            told_at: began,
            lost: claimed.lost.len() as u64,
            performed: 0,
            fatal: false,
        };
        chunk.lease(&record, claimed)?;
        let next_due = chunk.run(messages, stop).await?;
        Ok(ChunkAnswer { entries: chunk.untold, next_due, performed: chunk.performed, ms: ms_since(began) })
    }

    /// See [`Engine::recall_chunk`].
    pub(crate) async fn end_chunk(&self, order: ChunkOrder) -> Result<ChunkAnswer> {
        let ChunkOrder { run, lane, number, .. } = order;
        let this = ChunkTry { run, lane, number, worker: clock::random_id() };
        let lost = self.claim_chunk(this, &order).await?.map_or(0, |claimed| claimed.lost.len() as u64);
        let (_, mut entries) = read_entries(self, &order).await?;
        if let Some(last) = entries.last_mut().filter(|_| lost > 0) {
            last.told.push(Told::Input(lost_input(order.stage, lost)));
        }
        Ok(ChunkAnswer { entries, ..ChunkAnswer::default() })
    }

    /// Makes the chunk this try's and leases its tasks; `None` where it is done already.
    async fn claim_chunk(&self, this: ChunkTry, order: &ChunkOrder) -> Result<Option<Claimed>> {
        let now = clock::now();
        let end = if order.count == 0 { ChunkEnd::Done } else { ChunkEnd::Open };
        let mut batch = Batch::new();
        for statement in chunk::begin(this, order.stage, now, end) {
            batch.push(statement);
        }
        if order.count > 0 {
            batch.push(write::claim(order.run, order.stage, this.worker, now, order.count));
        }
        let outcomes = match self.store().db().execute(batch).await {
            Ok(outcomes) => outcomes,
            Err(db::Error::Expectation { statement: 2, .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Claimed::of(&outcomes).map(Some)
    }
}

fn ms_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn lost_input(stage: StageId, count: u64) -> Input {
    Input::Lost { stage, count, worker: Arc::from("a worker that died") }
}

/// The newest number of a commit, and those that the run's row does not count.
async fn read_entries(engine: &Engine, order: &ChunkOrder) -> Result<(i64, Vec<Committed>)> {
    let (folded, rows) = engine.store().chunk_entries(order.run, order.lane).await?;
    let entries = rows
        .into_iter()
        .map(|ChunkEntry { seq, body }| Ok(Committed { seq, ..serde_json::from_str(&body)? }))
        .collect::<Result<Vec<_>>>()?;
    Ok((entries.last().map_or(folded, |entry| entry.seq.max(folded)), entries))
}

/// What a claim answered.
struct Claimed {
    lost: HashMap<Arc<str>, u32>,
    tasks: Vec<(Arc<str>, u32, i64, Arc<RawValue>)>,
}

impl Claimed {
    fn of(outcomes: &[Answered]) -> Result<Self> {
        let rows = |place: usize| outcomes.get(place).map_or(&[][..], |outcome| &outcome.rows);
        let mut claimed = Self { lost: HashMap::new(), tasks: Vec::new() };
        for row in rows(0) {
            claimed.lost.insert(row.get(0)?, row.get(1)?);
        }
        for row in rows(3) {
            let data: Box<RawValue> = RawValue::from_string(row.get(3)?)?;
            claimed.tasks.push((row.get(0)?, row.get(1)?, row.get(2)?, Arc::from(data)));
        }
        Ok(claimed)
    }
}

/// A chunk under way.
struct UnderWay<'a> {
    engine: &'a Engine,
    order: ChunkOrder,
    this: ChunkTry,
    handle: RunHandle,
    inbox: mpsc::Sender<Message>,
    teller: &'a dyn Teller,
    began: Instant,
    work: Option<Arc<StageWork>>,
    /// Leased, and not before a gate yet: the stage's own limit holds them.
    waiting: VecDeque<Arc<Lease>>,
    /// Attempts before a gate or under way.
    out: usize,
    untold: Vec<Committed>,
    seq: i64,
    told_at: Instant,
    /// Tasks taken back, not said yet.
    lost: u64,
    performed: u64,
    /// A failure that ends the run was committed, or is about to be.
    fatal: bool,
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

impl UnderWay<'_> {
    fn lease(&mut self, record: &RunRecord, claimed: Claimed) -> Result<()> {
        let work =
            self.engine.stage_work(record, self.order.stage).ok_or_else(|| Error::UnknownActivity {
                pipeline: record.definition.name.clone(),
                activities: vec![record.stage_name(self.order.stage).to_owned()],
            })?;
        for (key, attempt, fence, data) in claimed.tasks {
            let times = claimed.lost.get(&key).copied().unwrap_or_default();
            let lease = lease_of(record, &work, key, attempt, fence, data);
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
        if self.inbox.try_send(Message::Report(report)).is_ok() {
            self.out += 1;
        }
    }

    /// Puts leases before their gate, as many as the stage's own limit lets.
    fn offer(&mut self) {
        let most =
            self.work.as_ref().and_then(|work| work.concurrency).map_or(usize::MAX, |most| most as usize);
        let room = most.saturating_sub(self.out).min(self.waiting.len());
        self.out += room;
        self.engine.dispatcher().offer(self.engine, self.waiting.drain(..room));
    }

    /// Performs; returns when the stage's next task is due.
    async fn run(
        &mut self,
        mut messages: mpsc::Receiver<Message>,
        stop: CancellationToken,
    ) -> Result<Option<Timestamp>> {
        let mut gathered: Vec<Message> = Vec::new();
        let mut since: Option<Instant> = None;
        let mut goes = Goes::On;
        let out_at = self.began + BEGINS;
        let (mut stopped, mut looked_at) = (false, self.began);
        while self.out > 0 && goes != Goes::Away && !self.fatal {
            let mut fresh = Vec::new();
            let due = since.map_or_else(|| Instant::now() + Duration::from_secs(3_600), |at| at + GATHER);
            tokio::select! {
                _ = messages.recv_many(&mut fresh, INBOX) => {}
                () = sleep_until(due), if since.is_some() => {}
                () = sleep_until(out_at), if goes == Goes::On => goes = self.give_back(Goes::Out).await?,
                () = stop.cancelled(), if !stopped => {
                    stopped = true;
                    goes = self.stopped().await?;
                }
                // Attempts of a paused run end by themselves, unless it is ended meanwhile.
                () = sleep_until(looked_at + LOOK), if stopped => {
                    looked_at = Instant::now();
                    goes = self.stopped().await?;
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
            if (urgent || is_due) && self.out > 0 && !self.fatal {
                self.commit(std::mem::take(&mut gathered), ChunkEnd::Open).await?;
                since = None;
                self.tell().await;
            }
        }
        if !self.waiting.is_empty() || self.out > 0 {
            self.give_back(goes).await?;
        }
        while let Ok(message) = messages.try_recv() {
            gathered.push(message);
        }
        if self.fatal || goes == Goes::Away {
            gathered = self.in_order(gathered);
        }
        self.commit(gathered, ChunkEnd::Done).await
    }

    fn reported(&mut self, report: &Report) {
        self.out = self.out.saturating_sub(1);
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

    /// What a run that ends still takes: attempts that ended well, and then one failure that ends it. Attempts that were stopped
    /// keep their leases: their rows end with the run.
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

    /// Stopped from outside: a paused run's attempts end by themselves, all others' are left.
    async fn stopped(&mut self) -> Result<Goes> {
        let record = self.engine.store().run(self.order.run).await?;
        if record.is_some_and(|record| record.run.state == RunState::Paused) {
            return self.give_back(Goes::Out).await;
        }
        self.engine.attempts().stop(self.order.run);
        self.give_back(Goes::Away).await
    }

    /// Gives back what has not begun.
    async fn give_back(&mut self, then: Goes) -> Result<Goes> {
        let buffered = self.engine.dispatcher().withdraw_of(&self.inbox);
        self.out = self.out.saturating_sub(buffered.len());
        let waiting = self.waiting.drain(..).map(|lease| lease.held.clone());
        let held: Vec<Held> = buffered.into_iter().chain(waiting).collect();
        if !held.is_empty() {
            self.engine.store().db().execute(Batch::from(write::tasks_release(&held))).await?;
        }
        Ok(then)
    }

    /// Commits what attempts reported, whatever it takes.
    async fn commit(&mut self, messages: Vec<Message>, end: ChunkEnd) -> Result<Option<Timestamp>> {
        if messages.is_empty() && end == ChunkEnd::Open {
            return Ok(None);
        }
        let mut lessons = Lessons::default();
        loop {
            // Other chunks and the run's host move the row on: whether a stage is open is read anew.
            let record = self.engine.store().run(self.order.run).await?;
            let record = Arc::new(record.ok_or(Error::RunNotFound(self.order.run))?);
            *self.handle.record.write() = record.clone();
            let now = clock::now();
            let mut plan =
                plan_rows(self.engine, &record, &messages, &lessons, now, chunk::hold(self.this, end))?;
            let commit = self.committed(now, &plan);
            if let Some(commit) = &commit {
                plan.batch.push(chunk::entry(self.this, commit.seq, &serde_json::to_string(commit)?));
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
