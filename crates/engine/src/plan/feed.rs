//! The batch itself: statements in their order, and tasks leased as they are made.

use super::{Origin, Plan, effects::Wrote, outbox::Outbox};
use crate::{
    Result,
    dispatch::Reserved,
    lease::{Lease, LeasedRow, StageWork},
    shared::Engine,
};
use activity::Attempt;
use db::{Batch, Statement};
use headway_core::{Command, Machine, Refused, input_items};
use model::{Event, Fact, Input, RunState, StageId, StageRun, TaskState, Timestamp};
use serde_json::{Value, value::RawValue};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};
use store::{
    EventRow, RunHost, RunRecord,
    write::{self, Held, NewTask},
};

/// What a commit consists of, before it is put in order.
pub(super) struct Parts {
    /// The run's newest event before; `None` for a run that begins.
    pub(super) was_seq: Option<u64>,
    pub(super) record: Arc<RunRecord>,
    pub(super) events: Vec<Event>,
    pub(super) tasks: Vec<NewTask>,
    pub(super) wrote: Wrote,
    pub(super) outbox: Outbox,
    pub(super) after: Vec<Statement>,
    pub(super) refused: HashMap<usize, Refused>,
    pub(super) now: Timestamp,
}

/// Puts a commit in order. `first` comes before everything: a new run's own rows.
pub(super) fn assemble(engine: &Engine, mut parts: Parts, first: Vec<Statement>) -> Result<Plan> {
    let run = &parts.record.run;
    let mut batch = Batch::new();
    let mut origins = Vec::new();
    let mut put = |statement: Statement, origin: Origin| {
        batch.push(statement);
        origins.push(origin);
    };
    let from = parts.was_seq.unwrap_or(0);
    let events: Vec<EventRow> = parts
        .events
        .iter()
        .zip(from + 1..)
        .map(|(event, seq)| EventRow::new(run.id, &parts.record.definition, seq, event))
        .collect();
    for statement in first {
        put(statement, Origin::Run);
    }
    if let Some(was_seq) = parts.was_seq {
        put(write::run_update(run, was_seq)?, Origin::Run);
    }
    let effects = parts.wrote.put_leases(&mut batch, &mut origins);
    let (leases, reserved) = lease_at_once(engine, &parts.record, &mut parts.tasks);
    if !parts.tasks.is_empty() {
        batch.push(write::tasks(run, engine.worker(), parts.now, &parts.tasks));
        origins.push(Origin::Items);
    }
    for statement in parts.after {
        batch.push(statement);
        origins.push(Origin::Other);
    }
    for (index, statement) in effects {
        batch.push(statement);
        origins.push(Origin::Effects(index));
    }
    let woken = parts.outbox.put(run.id, parts.now, &mut batch, &mut origins);
    // Every commit moves the feed on, and holds its row until it ends: that comes last.
    batch.set_order(run.id.0);
    batch.begin_tail();
    batch.push(write::feed_advance(events.len()));
    origins.push(Origin::Other);
    if !events.is_empty() {
        batch.push(write::events(&events));
        origins.push(Origin::Run);
    }
    let new_keys = parts.tasks.iter().map(|task| (task.stage, task.key.clone())).collect();
    Ok(Plan {
        batch,
        origins,
        record: parts.record,
        events,
        leases,
        reserved,
        refused: parts.refused,
        new_keys,
        woken,
        inputs: Vec::new(),
        holding: Vec::new(),
    })
}

/// What a commit of a chunk consists of: rows of tasks, and inputs for the run's host.
pub(super) struct Rows {
    pub(super) record: Arc<RunRecord>,
    pub(super) inputs: Vec<Input>,
    pub(super) tasks: Vec<NewTask>,
    pub(super) wrote: Wrote,
    pub(super) outbox: Outbox,
    pub(super) refused: HashMap<usize, Refused>,
    pub(super) now: Timestamp,
}

/// Puts a chunk's commit in order; `first` comes before everything.
pub(super) fn assemble_rows(engine: &Engine, rows: Rows, first: Vec<Statement>) -> Plan {
    let run = &rows.record.run;
    let mut batch = Batch::new();
    let mut origins = Vec::new();
    for statement in first {
        batch.push(statement);
        origins.push(Origin::Run);
    }
    let effects = rows.wrote.put_leases(&mut batch, &mut origins);
    if !rows.tasks.is_empty() {
        batch.push(write::tasks(run, engine.worker(), rows.now, &rows.tasks));
        origins.push(Origin::Items);
    }
    for (index, statement) in effects {
        batch.push(statement);
        origins.push(Origin::Effects(index));
    }
    let woken = rows.outbox.put(run.id, rows.now, &mut batch, &mut origins);
    let new_keys = rows.tasks.iter().map(|task| (task.stage, task.key.clone())).collect();
    let mut holding: Vec<StageId> =
        rows.tasks.iter().filter(|task| task.state == TaskState::Waiting).map(|task| task.stage).collect();
    holding.sort_unstable();
    holding.dedup();
    Plan {
        batch,
        origins,
        events: Vec::new(),
        leases: Vec::new(),
        reserved: Vec::new(),
        refused: rows.refused,
        new_keys,
        woken,
        inputs: rows.inputs,
        holding,
        record: rows.record,
    }
}

/// See [`super::plan_start`].
pub(super) fn plan_start(
    engine: &Engine,
    record: &RunRecord,
    idempotency_key: Option<&str>,
    now: Timestamp,
) -> Result<Plan> {
    let mut machine = Machine::new(&record.definition, record.run.clone());
    let created = Event { at: now, fact: Fact::Created { by: record.meta.created_by.clone() } };
    machine.record(created);
    // A new run takes its start in any case; were it refused, the run would just stay queued. A cluster's host begins its runs
    // itself.
    if record.meta.host == RunHost::Native {
        let _ = machine.take(Input::Start, now);
    }
    let transition = machine.take_transition();
    let (run, _) = machine.into_parts();
    let record = Arc::new(RunRecord { run, ..record.clone() });
    let mut tasks = Vec::new();
    let mut after = Vec::new();
    for command in transition.commands {
        match command {
            Command::CreateTask { stage, key, state } => {
                tasks.push(NewTask { stage, key, state, data: null() })
            }
            Command::CreateInputTasks { stage, state } => {
                tasks.extend(input_tasks(&record.run.input, stage, state)?);
            }
            // A condition that cannot be evaluated ends the run as it begins.
            Command::CancelTasks => after.push(write::cancel_tasks(record.run.id, now)),
            _ => {}
        }
    }
    let first =
        vec![write::definition(&record.definition, now)?, write::run_insert(&record, idempotency_key)?];
    let parts = Parts {
        was_seq: None,
        record,
        events: transition.events,
        tasks,
        wrote: Wrote::default(),
        outbox: Outbox::default(),
        after,
        refused: HashMap::new(),
        now,
    };
    assemble(engine, parts, first)
}

/// Leases new ready tasks while there is room: they need no claim, and so begin one commit earlier.
fn lease_at_once(
    engine: &Engine,
    record: &Arc<RunRecord>,
    tasks: &mut [NewTask],
) -> (Vec<Arc<Lease>>, Vec<Reserved>) {
    let mut leases = Vec::new();
    let mut reserved: Vec<Reserved> = Vec::new();
    if record.run.state != RunState::Running || record.meta.host != RunHost::Native {
        return (leases, reserved);
    }
    let mut works: HashMap<StageId, Option<(Arc<StageWork>, usize)>> = HashMap::new();
    let wanted = tasks.iter().filter(|task| task.state == TaskState::Ready).fold(
        HashMap::<StageId, usize>::new(),
        |mut wanted, task| {
            *wanted.entry(task.stage).or_default() += 1;
            wanted
        },
    );
    for (stage, wanted) in wanted {
        let room = engine.stage_work(record, stage).map(|work| {
            let grant = engine.dispatcher().reserve(record.run.id, &work, wanted);
            let count = grant.count;
            reserved.push(grant);
            (work, count)
        });
        works.insert(stage, room);
    }
    for task in tasks.iter_mut().filter(|task| task.state == TaskState::Ready) {
        if let Some(Some((work, room))) = works.get_mut(&task.stage)
            && *room > 0
        {
            *room -= 1;
            task.state = TaskState::Leased;
            let base = record.run.stages.get(task.stage.index()).map_or(0, StageRun::fence_base);
            let (key, data) = (task.key.clone(), task.data.clone());
            leases.push(new_lease(
                engine,
                record,
                work,
                LeasedRow { key, attempt: 1, fence: base + 1, data },
            ));
        }
    }
    (leases, reserved)
}

/// A lease on a task, with all that its attempt needs.
pub(crate) fn new_lease(
    engine: &Engine,
    record: &RunRecord,
    work: &Arc<StageWork>,
    row: LeasedRow,
) -> Arc<Lease> {
    let lease = lease_of(record, work, row);
    let holding = engine.holdings().note(|| lease.held.clone());
    Arc::new(Lease { _holding: holding, ..lease })
}

/// The same, held by nobody yet.
pub(crate) fn lease_of(record: &RunRecord, work: &Arc<StageWork>, row: LeasedRow) -> Lease {
    let LeasedRow { key, attempt, fence, data } = row;
    let attempt = Arc::new(Attempt {
        run: record.run.id,
        stage: work.name.clone(),
        key: key.clone(),
        attempt,
        data,
        params: work.params.clone(),
        input: record.run.input.clone(),
    });
    let held = Held { run: record.run.id, stage: work.stage, key, fence };
    Lease { attempt, held, work: work.clone(), inbox: None, _holding: None }
}

/// The data of a task without an item.
pub(super) fn null() -> Arc<RawValue> {
    static NULL: LazyLock<Arc<RawValue>> = LazyLock::new(|| Arc::from(RawValue::NULL.to_owned()));
    NULL.clone()
}

/// One task for each entry of the input's `items`; an entry with a text field `key` is named by it, others by their place.
pub(super) fn input_tasks(input: &Value, stage: StageId, state: TaskState) -> Result<Vec<NewTask>> {
    let named = |index: usize, item: &Value| match item.get("key").and_then(Value::as_str) {
        Some(key) => Arc::from(key),
        None => Arc::from(format!("{index:08}")),
    };
    input_items(input)
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let data: Box<RawValue> = serde_json::value::to_raw_value(item)?;
            Ok(NewTask { stage, key: named(index, item), state, data: Arc::from(data) })
        })
        .collect()
}
