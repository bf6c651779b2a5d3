//! Chunks: a lot of one stage's tasks, leased and performed together for a run that another host drives.
//!
//! Attempts go through the same gates, threads and time limits as those of runs that this engine drives. Each commit writes
//! rows, effects, and an entry that says what the host is to fold; a try that begins after a death takes back what was held
//! and answers with the entries that are there.

mod under_way;

use crate::{Error, Result, clock, lease::LeasedRow, run_loop, shared::Engine};
use db::{Batch, Outcome as Answered};
use model::{Input, RunId, RunState, StageId, TaskRef, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::Arc,
};
use store::{
    chunk::{self, ChunkEnd, ChunkEntry, ChunkTry},
    write,
};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use under_way::UnderWay;

/// Messages that wait before attempts have to.
const INBOX: usize = 2_048;

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
    /// Performs a chunk. Where the run is paused meanwhile, attempts under way end by themselves and nothing more begins; `stop`
    /// stops them, and what they had leased is ready again.
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
        if record.run.state == RunState::Paused {
            // It was asked for before the pause.
            return self.end_chunk(order).await;
        }
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
            out: HashMap::new(),
            untold,
            seq,
            told_at: began,
            lost: claimed.lost.len() as u64,
            performed: 0,
            fatal: false,
        };
        chunk.lease(&record, claimed)?;
        let next_due = chunk.run(messages, stop).await?;
        let entries = std::mem::take(&mut chunk.untold);
        Ok(ChunkAnswer { entries, next_due, performed: chunk.performed, ms: ms_since(began) })
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
    tasks: Vec<LeasedRow>,
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
            let (key, attempt, fence) = (row.get(0)?, row.get(1)?, row.get(2)?);
            claimed.tasks.push(LeasedRow { key, attempt, fence, data: Arc::from(data) });
        }
        Ok(claimed)
    }
}
