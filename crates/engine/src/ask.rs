//! What people and systems ask of a run, and what has to be looked up before the core can answer.

use crate::{Error, Result, clock, shared::Engine};
use headway_core::Refused;
use model::{DeliveryState, Input, Item, RunId, StageId, StageState, TaskState, Work};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use store::{RunRecord, TaskFilter, write};
use tokio::sync::oneshot;

/// Most waiting tasks that one signal without a key ends.
const MAX_SIGNALLED: u32 = 1_000;

/// What can be asked of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Command {
    /// End it.
    Cancel {
        /// Who.
        by: Arc<str>,
        /// Why.
        reason: Arc<str>,
    },
    /// Hold it.
    Pause {
        /// Who.
        by: Arc<str>,
    },
    /// Let it go on.
    Resume {
        /// Who.
        by: Arc<str>,
    },
    /// Make failed tasks ready again.
    RetryFailed {
        /// Of this stage; of all where absent.
        stage: Option<String>,
        /// Only these items; all where absent.
        keys: Option<Vec<String>>,
        /// Who.
        by: Arc<str>,
    },
    /// Run a stage and all that follows it again, of a run that has ended.
    RetryFrom {
        /// The stage.
        stage: String,
        /// Who.
        by: Arc<str>,
    },
    /// Make dead deliveries pending again; those that are not dead, or not this run's, are left alone.
    Replay {
        /// Which.
        ids: Vec<i64>,
        /// Who.
        by: Arc<str>,
    },
    /// Stage deliveries outside an attempt, such as items that a person edited.
    #[serde(skip)]
    Stage {
        /// What.
        deliveries: Vec<model::NewDelivery>,
    },
    /// Tell it something that it waits for.
    Signal {
        /// The signal's name.
        name: Arc<str>,
        /// The stage it is meant for; the first that waits for the name where absent.
        stage: Option<String>,
        /// The item it is meant for; all that wait where absent.
        key: Option<String>,
        /// What it carries.
        payload: Arc<Value>,
        /// Who.
        by: Arc<str>,
    },
}

impl Command {
    /// Whether it must see rows as all messages before it have left them, and whether none may be made beside it: it
    /// gets a commit of its own.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self, Self::RetryFailed { .. } | Self::RetryFrom { .. } | Self::Replay { .. })
    }
}

/// A command on its way to a run's loop.
pub(crate) struct Asked {
    pub(crate) command: Command,
    pub(crate) reply: oneshot::Sender<Result<Arc<RunRecord>>>,
}

/// A command with what had to be looked up for it.
#[derive(Clone)]
pub(crate) struct Resolved {
    pub(crate) input: Input,
    /// Rows that only this command touches.
    pub(crate) rows: Vec<db::Statement>,
    /// Items that flow on from tasks which a signal ended.
    pub(crate) flow: Option<(StageId, Vec<Item>)>,
    /// Tasks to be revived one by one, instead of all failed ones of their stages.
    pub(crate) revive: Option<Vec<(StageId, Arc<str>)>>,
    /// Deliveries to be staged; `input` counts for nothing then.
    pub(crate) deliveries: Option<Vec<model::NewDelivery>>,
    /// Stages whose held tasks become ready: they were made while their stage was about to open.
    pub(crate) release: Vec<StageId>,
}

impl From<Input> for Resolved {
    fn from(input: Input) -> Self {
        Self { input, rows: Vec::new(), flow: None, revive: None, deliveries: None, release: Vec::new() }
    }
}

/// Turns a command into an input of the core.
pub(crate) async fn resolve(engine: &Engine, record: &RunRecord, command: &Command) -> Result<Resolved> {
    match command.clone() {
        Command::Cancel { by, reason } => Ok(Input::Cancel { by, reason }.into()),
        Command::Pause { by } => Ok(Input::Pause { by }.into()),
        Command::Resume { by } => Ok(Input::Resume { by }.into()),
        Command::RetryFailed { stage, keys, by } => {
            let stage = stage.map(|name| find(record, &name)).transpose()?;
            retry_failed(engine, record, stage, keys, by).await
        }
        Command::RetryFrom { stage, by } => {
            let stage = find(record, &stage)?;
            Ok(Input::RetryFrom { stage, by }.into())
        }
        Command::Replay { ids, by } => replay(engine, record, &ids, by).await,
        Command::Stage { deliveries } => {
            let none = Input::Blocked { count: 0 };
            Ok(Resolved { deliveries: Some(deliveries), ..none.into() })
        }
        Command::Signal { name, stage, key, payload, by } => {
            let stage = match stage {
                Some(name) => find(record, &name)?,
                None => awaiting(record, &name).ok_or_else(|| not_awaited(record.run.id, &name))?,
            };
            let waiting = waiting_tasks(engine, record.run.id, stage, key).await?;
            if waiting.is_empty() {
                return Err(not_awaited(record.run.id, &name));
            }
            signal(record, stage, waiting, name, payload, by)
        }
    }
}

/// Only the run's loop changes a dead delivery, so what is read here still holds at the commit.
async fn replay(engine: &Engine, record: &RunRecord, ids: &[i64], by: Arc<str>) -> Result<Resolved> {
    let mut dead = Vec::new();
    for id in ids {
        let known = engine.store().delivery(*id).await?.map(|known| known.delivery);
        let ours = known.filter(|known| known.run == record.run.id && known.state == DeliveryState::Dead);
        dead.extend(ours.map(|known| known.id));
    }
    if dead.is_empty() {
        return Err(Error::NothingToReplay(record.run.id));
    }
    let rows = vec![store::outbox::write::replay(&dead, clock::now())];
    let input = Input::Replayed { count: dead.len() as u64, by };
    Ok(Resolved { rows, ..input.into() })
}

fn find(record: &RunRecord, name: &str) -> Result<StageId> {
    let missing = || Error::UnknownStage { run: record.run.id, stage: name.to_owned() };
    record.definition.find(name).ok_or_else(missing)
}

fn not_awaited(run: RunId, name: &Arc<str>) -> Error {
    Error::Refused { run, source: Refused::NotAwaited(name.clone()) }
}

/// The first open stage whose tasks wait for the signal.
fn awaiting(record: &RunRecord, name: &str) -> Option<StageId> {
    record.definition.ids().find(|id| {
        let open = record.run.stages.get(id.index()).is_some_and(|stage| stage.state == StageState::Open);
        let work = record.definition.stage(*id).map(|stage| &stage.work);
        open && matches!(work, Some(Work::Signal { name: awaited }) if awaited == name)
    })
}

async fn waiting_tasks(
    engine: &Engine,
    run: RunId,
    stage: StageId,
    key: Option<String>,
) -> Result<Vec<store::TaskRecord>> {
    let store = engine.store();
    let tasks = match key {
        Some(key) => Vec::from_iter(store.task(run, stage, &key).await?),
        None => {
            let filter = TaskFilter {
                stage: Some(stage),
                states: vec![TaskState::Waiting],
                limit: MAX_SIGNALLED,
                ..TaskFilter::default()
            };
            store.tasks(run, &filter).await?
        }
    };
    Ok(tasks.into_iter().filter(|task| task.state == TaskState::Waiting).collect())
}

fn signal(
    record: &RunRecord,
    stage: StageId,
    waiting: Vec<store::TaskRecord>,
    name: Arc<str>,
    payload: Arc<Value>,
    by: Arc<str>,
) -> Result<Resolved> {
    let now = clock::now();
    let output = payload.to_string();
    let rows = waiting
        .iter()
        .map(|task| write::task_signalled(record.run.id, stage, &task.key, now, &output))
        .collect();
    let flow = waiting
        .iter()
        .map(|task| Item::new(task.key.clone(), &*payload))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let count = waiting.len() as u64;
    let input = Input::Signal { name, stage, count, items: Vec::new(), payload, by };
    Ok(Resolved {
        input,
        rows,
        flow: Some((stage, flow)),
        revive: None,
        deliveries: None,
        release: Vec::new(),
    })
}

async fn retry_failed(
    engine: &Engine,
    record: &RunRecord,
    stage: Option<StageId>,
    keys: Option<Vec<String>>,
    by: Arc<str>,
) -> Result<Resolved> {
    let Some(keys) = keys else {
        return Ok(Input::RetryFailed { stage, chosen: None, by }.into());
    };
    let mut revive: Vec<(StageId, Arc<str>)> = Vec::new();
    let stages = record.definition.ids().filter(|id| stage.is_none_or(|only| only == *id));
    for id in stages {
        for key in &keys {
            let task = engine.store().task(record.run.id, id, key).await?;
            revive.extend(task.filter(|task| task.state == TaskState::Failed).map(|task| (id, task.key)));
        }
    }
    let mut chosen: Vec<(StageId, u64)> = Vec::new();
    for (id, _) in &revive {
        match chosen.iter_mut().find(|(stage, _)| stage == id) {
            Some((_, count)) => *count += 1,
            None => chosen.push((*id, 1)),
        }
    }
    let input = Input::RetryFailed { stage, chosen: Some(chosen), by };
    Ok(Resolved {
        input,
        rows: Vec::new(),
        flow: None,
        revive: Some(revive),
        deliveries: None,
        release: Vec::new(),
    })
}
