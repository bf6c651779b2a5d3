//! From messages to one batch: what the core decided, as rows.
//!
//! A plan is a value. It can be made again with a message left out (its lease had passed on), with a message's effects
//! replaced by a failure (the database refused them), or with items left out that the run has already: the loop
//! starts with the hopeful plan and learns from what the database says.

mod effects;
mod feed;
mod outbox;
mod planner;
mod takes;

pub(crate) use feed::{lease_of, new_lease};
pub(crate) use outbox::{DeliveryLessons, Woken};

use crate::{
    Result,
    ask::Resolved,
    dispatch::Reserved,
    lease::{Lease, Message},
    shared::Engine,
};
use db::{Batch, Statement};
use headway_core::Refused;
use model::{Failure, Input, StageId, Timestamp};
use planner::Planner;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use store::{EventRow, RunRecord};
use takes::Takes;

/// What the loop has learnt from the database about the messages of this commit.
#[derive(Default)]
pub(crate) struct Lessons {
    /// Messages whose attempt no longer holds its task.
    pub(crate) superseded: HashSet<usize>,
    /// Messages whose effects the database refused, with the failure that they become.
    pub(crate) rejected: HashMap<usize, Failure>,
    /// Items that the run has already; looked up after a unique violation.
    pub(crate) known: Option<HashSet<(StageId, Arc<str>)>>,
    /// The same for deliveries.
    pub(crate) deliveries: DeliveryLessons,
}

/// Whose fault it is when a statement fails.
pub(crate) enum Origin {
    /// Nobody's: the run has another writer.
    Run,
    /// The message that holds the lease, for each parameter row.
    Leases(Vec<usize>),
    /// Items that the run has already.
    Items,
    /// Deliveries that the run has staged already.
    Deliveries,
    /// Deliveries whose lease ends, for each parameter row.
    Settled(Vec<i64>),
    /// The message whose effects these are.
    Effects(usize),
    /// A command's.
    Other,
}

/// One commit, ready to be executed.
pub(crate) struct Plan {
    pub(crate) batch: Batch,
    pub(crate) origins: Vec<Origin>,
    /// The run afterwards.
    pub(crate) record: Arc<RunRecord>,
    pub(crate) events: Vec<EventRow>,
    /// Tasks leased as they are made.
    pub(crate) leases: Vec<Arc<Lease>>,
    pub(crate) reserved: Vec<Reserved>,
    /// Messages that the core refused.
    pub(crate) refused: HashMap<usize, Refused>,
    /// All items that the plan makes tasks of: what is looked up after a unique violation.
    pub(crate) new_keys: Vec<(StageId, Arc<str>)>,
    /// What it does to deliveries.
    pub(crate) woken: Woken,
    /// What the run's host is to fold, where that is another one.
    pub(crate) inputs: Vec<Input>,
    /// Stages whose new tasks this plan holds back.
    pub(crate) holding: Vec<StageId>,
}

/// Makes the plan for `messages` on `record`. `resolved` holds what was looked up for those that ask.
///
/// # Errors
/// [`Error::Json`] where a value has no JSON form; nothing has happened then.
pub(crate) fn plan(
    engine: &Engine,
    record: &Arc<RunRecord>,
    messages: &[Message],
    resolved: &HashMap<usize, Resolved>,
    lessons: &Lessons,
    now: Timestamp,
) -> Result<Plan> {
    let takes = Takes::machine(&record.definition, record.run.clone());
    let mut planner = Planner::new(engine, record, lessons, now, takes);
    for (index, message) in messages.iter().enumerate() {
        if !lessons.superseded.contains(&index) {
            planner.message(index, message, resolved.get(&index))?;
        }
    }
    planner.finish(Vec::new())
}

/// The plan of what attempts of a chunk report: only the rows of their tasks, and the inputs for the run's host. `first` proves
/// that the chunk may still write.
///
/// # Errors
/// As [`plan`].
pub(crate) fn plan_rows(
    engine: &Engine,
    record: &Arc<RunRecord>,
    messages: &[Message],
    lessons: &Lessons,
    now: Timestamp,
    first: Statement,
) -> Result<Plan> {
    let takes = Takes::list(&record.definition, &record.run);
    let mut planner = Planner::new(engine, record, lessons, now, takes);
    for (index, message) in messages.iter().enumerate() {
        if !lessons.superseded.contains(&index) {
            planner.message(index, message, None)?;
        }
    }
    planner.finish(vec![first])
}

/// The plan of inputs that another host has folded already, each at its time. `first` proves that it was not committed yet.
///
/// # Errors
/// As [`plan`].
pub(crate) fn plan_steps(
    engine: &Engine,
    record: &Arc<RunRecord>,
    steps: &[(Timestamp, Resolved)],
    lessons: &Lessons,
    first: Vec<Statement>,
) -> Result<Plan> {
    let takes = Takes::machine(&record.definition, record.run.clone());
    let mut planner = Planner::new(engine, record, lessons, crate::clock::now(), takes);
    for (index, (at, resolved)) in steps.iter().enumerate() {
        planner.now = *at;
        planner.ask(index, resolved)?;
    }
    planner.finish(first)
}

/// The plan of a run that begins: its first events, and its first tasks leased at once where there is room.
pub(crate) fn plan_start(
    engine: &Engine,
    record: &RunRecord,
    idempotency_key: Option<&str>,
    now: Timestamp,
) -> Result<Plan> {
    feed::plan_start(engine, record, idempotency_key, now)
}

/// The plan of one input without a message.
pub(crate) fn plan_input(
    engine: &Engine,
    record: &Arc<RunRecord>,
    resolved: &Resolved,
    now: Timestamp,
) -> Result<Plan> {
    let lessons = Lessons::default();
    let takes = Takes::machine(&record.definition, record.run.clone());
    let mut planner = Planner::new(engine, record, &lessons, now, takes);
    planner.ask(0, resolved)?;
    planner.finish(Vec::new())
}

/// The feed's newest number, as a committed batch's tail answered it: the feed moves on, then the events are written.
pub(crate) fn newest(outcomes: &[db::Outcome]) -> i64 {
    let mut rows = outcomes.iter().rev().take(2).filter_map(|outcome| outcome.rows.first());
    rows.find_map(|row| row.get::<i64>(0).ok()).unwrap_or_default()
}
