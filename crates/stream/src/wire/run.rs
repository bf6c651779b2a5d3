//! Runs and their stages.

use super::task::{RetryableView, TaskErrorView};
use model::{
    Definition, DeliveryCounts, ForEach, RunId, RunState, Stage, StageId, StageRun, StageState, Timestamp,
    Work,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use store::RunRecord;
use utoipa::ToSchema;

/// One execution of a pipeline on an input.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Run)]
pub struct RunView {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: RunSummaryView,
    /// What it runs on.
    #[schema(value_type = Object)]
    pub input: Arc<Value>,
}

/// A run without its input.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RunSummary)]
pub struct RunSummaryView {
    /// 13 characters, sortable by time.
    #[schema(value_type = String)]
    pub id: RunId,
    /// What it runs.
    pub pipeline: PipelineView,
    /// What people read.
    #[schema(value_type = String)]
    pub title: Arc<str>,
    /// The application that the pipeline belongs to, or `pipeline`.
    #[schema(value_type = String)]
    pub app: Arc<str>,
    /// Where it is in its life.
    pub state: RunStateView,
    /// When it was created.
    #[schema(value_type = i64)]
    pub created_at: Timestamp,
    /// When it began.
    #[schema(value_type = Option<i64>)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<i64>)]
    pub ended_at: Option<Timestamp>,
    /// Who started it.
    #[schema(value_type = String)]
    pub created_by: Arc<str>,
    /// Number of its newest event.
    pub run_seq: u64,
    /// Its stages, in reading order.
    pub stages: Vec<StageView>,
    /// The application's own figures.
    pub counters: BTreeMap<String, i64>,
    /// The signals that it waits for.
    pub waiting_for: Vec<WaitingForView>,
    /// Why it failed.
    pub error: Option<TaskErrorView>,
    /// Tasks that end per second.
    pub rate_per_s: f64,
    /// Estimated time to its end in milliseconds.
    pub eta_ms: Option<u64>,
    /// How far it is.
    pub figures: FiguresView,
    /// Its deliveries, counted.
    pub deliveries: DeliveriesView,
    /// Free words for finding it again.
    pub labels: BTreeMap<String, String>,
}

/// A pipeline, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PipelineRef)]
pub struct PipelineView {
    /// Name by which runs are started.
    pub name: String,
    /// Version chosen by its author.
    pub version: u32,
    /// What people read.
    pub title: String,
}

/// Where a run is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RunState)]
#[expect(missing_docs, reason = "the words of model::RunState, explained there")]
pub enum RunStateView {
    Queued,
    Running,
    Waiting,
    Paused,
    Completed,
    CompletedWithErrors,
    Failed,
    Cancelled,
}

impl From<RunState> for RunStateView {
    fn from(state: RunState) -> Self {
        match state {
            RunState::Queued => Self::Queued,
            RunState::Running => Self::Running,
            RunState::Waiting => Self::Waiting,
            RunState::Paused => Self::Paused,
            RunState::Completed => Self::Completed,
            RunState::CompletedWithErrors => Self::CompletedWithErrors,
            RunState::Failed => Self::Failed,
            RunState::Cancelled => Self::Cancelled,
        }
    }
}

/// How far a run is, over the tasks of all its stages.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Figures)]
pub struct FiguresView {
    /// Tasks that ended well or had nothing to do.
    pub done: u64,
    /// Tasks created so far.
    pub total: u64,
    /// Tasks that failed for good.
    pub failed: u64,
    /// 0 to 100: the mean over the stages; 100 only at the end.
    pub percent: f64,
}

/// A run's deliveries, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DeliveryCounts)]
pub struct DeliveriesView {
    /// Staged.
    pub staged: u64,
    /// At their destination.
    pub done: u64,
    /// Given up.
    pub dead: u64,
    /// Neither.
    pub unsent: u64,
}

impl From<DeliveryCounts> for DeliveriesView {
    fn from(counts: DeliveryCounts) -> Self {
        Self { staged: counts.staged, done: counts.done, dead: counts.dead, unsent: counts.unsent() }
    }
}

/// A signal that a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WaitingFor)]
pub struct WaitingForView {
    /// The stage that waits.
    pub stage: String,
    /// The signal's name.
    pub signal: String,
    /// Since when.
    #[schema(value_type = i64)]
    pub since: Timestamp,
}

/// A node of the graph, with its figures.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Stage)]
pub struct StageView {
    /// Unique within the pipeline.
    pub name: String,
    /// What people read.
    pub title: String,
    /// Where it is in its life.
    pub state: StageStateView,
    /// The activity that does the work; null for a stage that waits for a signal.
    pub activity: Option<String>,
    /// The signal that it waits for.
    pub signal: Option<String>,
    /// `cpu`, `io` or `bucket:<name>`.
    pub wait_class: Option<String>,
    /// Stages that must be closed before it opens.
    pub needs: Vec<String>,
    /// `input`, or the stage whose items it takes.
    pub for_each: Option<String>,
    /// Tasks created.
    pub total: u64,
    /// Held: the stage is not open, or they wait for a signal.
    pub waiting: u64,
    /// Ready and leased.
    pub pending: u64,
    /// Leased.
    pub in_flight: u64,
    /// Ended well.
    pub done: u64,
    /// Ended badly, for good.
    pub failed: u64,
    /// Had nothing to do.
    pub skipped: u64,
    /// Ended with their run.
    pub cancelled: u64,
    /// Failed attempts that were tried again.
    pub retries: u64,
    /// When it opened.
    #[schema(value_type = Option<i64>)]
    pub opened_at: Option<Timestamp>,
    /// When it closed.
    #[schema(value_type = Option<i64>)]
    pub closed_at: Option<Timestamp>,
    /// Tasks that end per second.
    pub rate_per_s: f64,
    /// Most attempts at once, in force now.
    pub limit: Option<u32>,
}

/// Where a stage is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StageState)]
#[expect(missing_docs, reason = "the words of model::StageState, explained there")]
pub enum StageStateView {
    Pending,
    Open,
    Closed,
    Skipped,
}

impl From<StageState> for StageStateView {
    fn from(state: StageState) -> Self {
        match state {
            StageState::Pending => Self::Pending,
            StageState::Open => Self::Open,
            StageState::Closed => Self::Closed,
            StageState::Skipped => Self::Skipped,
        }
    }
}

/// What a stage has in memory only: known to the host that runs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageGauge {
    /// Attempts under way.
    pub in_flight: u64,
    /// Most attempts at once, in force now.
    pub limit: Option<u32>,
    /// `cpu`, `io` or `bucket:<name>`.
    pub wait_class: Option<Arc<str>>,
}

/// How fast a run goes, and what its stages have in memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates {
    /// Tasks that end per second, over all stages.
    pub per_s: f64,
    /// Tasks that end per second, by stage; shorter than the stages where unknown.
    pub stages_per_s: Vec<f64>,
    /// By stage; shorter than the stages where unknown.
    pub gauges: Vec<StageGauge>,
}

impl Rates {
    /// The average since the run (and each stage) began: what is known without having watched it.
    pub fn average(record: &RunRecord, now: Timestamp, gauges: Vec<StageGauge>) -> Self {
        let run = &record.run;
        let stages_per_s = run
            .stages
            .iter()
            .map(|stage| per_second(stage.counts.ended(), stage.opened_at, stage.closed_at.unwrap_or(now)))
            .collect();
        let ended = run.stages.iter().map(|stage| stage.counts.ended()).sum();
        let per_s = per_second(ended, run.started_at, run.ended_at.unwrap_or(now));
        Self { per_s, stages_per_s, gauges }
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn per_second(count: u64, from: Option<Timestamp>, to: Timestamp) -> f64 {
    let ms = from.map_or(0, |from| to.since(from));
    if ms == 0 { 0.0 } else { rounded(count as f64 * 1000.0 / ms as f64) }
}

/// Two digits behind the point: enough for people, and shorter on the wire.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

impl RunView {
    /// The run as shown.
    pub fn of(record: &RunRecord, rates: &Rates) -> Self {
        Self { summary: RunSummaryView::of(record, rates), input: Arc::clone(&record.run.input) }
    }
}

impl RunSummaryView {
    /// The run as a list shows it.
    pub fn of(record: &RunRecord, rates: &Rates) -> Self {
        let (run, definition, meta) = (&record.run, &record.definition, &record.meta);
        Self {
            id: run.id,
            pipeline: PipelineView {
                name: definition.name.clone(),
                version: definition.version,
                title: definition.title.clone(),
            },
            title: Arc::clone(&meta.title),
            app: Arc::clone(&meta.app),
            state: run.state.into(),
            created_at: run.created_at,
            started_at: run.started_at,
            ended_at: run.ended_at,
            created_by: Arc::clone(&meta.created_by),
            run_seq: run.run_seq,
            stages: StageView::all(record, rates),
            counters: run.counters.clone(),
            waiting_for: waiting_for(record),
            // A run that has failed is not tried again by itself.
            error: run.error.as_ref().map(|error| TaskErrorView::new(error, RetryableView::Permanent)),
            rate_per_s: rates.per_s,
            eta_ms: eta_ms(record, rates),
            figures: FiguresView::of(record),
            deliveries: run.deliveries.into(),
            labels: meta.labels.clone(),
        }
    }
}

impl StageView {
    /// All stages of a run, in reading order.
    pub fn all(record: &RunRecord, rates: &Rates) -> Vec<Self> {
        let definition = &record.definition;
        definition
            .stages
            .iter()
            .zip(&record.run.stages)
            .enumerate()
            .map(|(index, (stage, run))| {
                let gauge = rates.gauges.get(index).cloned().unwrap_or_default();
                let per_s = rates.stages_per_s.get(index).copied().unwrap_or_default();
                Self::of(definition, stage, run, gauge, per_s)
            })
            .collect()
    }

    fn of(
        definition: &Definition,
        stage: &Stage,
        run: &StageRun,
        gauge: StageGauge,
        rate_per_s: f64,
    ) -> Self {
        let (activity, signal) = match &stage.work {
            Work::Activity { name, .. } => (Some(name.clone()), None),
            Work::Signal { name } => (None, Some(name.clone())),
        };
        let name_of =
            |id: &StageId| definition.stage(*id).map_or_else(|| id.0.to_string(), |s| s.name.clone());
        let counts = &run.counts;
        Self {
            name: stage.name.clone(),
            title: if stage.title.is_empty() { stage.name.clone() } else { stage.title.clone() },
            state: run.state.into(),
            activity,
            signal,
            wait_class: gauge.wait_class.map(|class| class.to_string()),
            needs: stage.needs.iter().map(name_of).collect(),
            for_each: match &stage.for_each {
                ForEach::Once => None,
                ForEach::Input => Some("input".to_owned()),
                ForEach::Stage(source) => Some(name_of(source)),
            },
            total: counts.total,
            waiting: counts.waiting,
            pending: counts.pending(),
            in_flight: gauge.in_flight.min(counts.pending()),
            done: counts.done,
            failed: counts.failed,
            skipped: counts.skipped,
            cancelled: counts.cancelled,
            retries: counts.retries,
            opened_at: run.opened_at,
            closed_at: run.closed_at,
            rate_per_s,
            limit: gauge.limit.or(stage.concurrency),
        }
    }
}

impl FiguresView {
    /// How far the run is.
    pub fn of(record: &RunRecord) -> Self {
        let stages = &record.run.stages;
        let sum = |figure: fn(&StageRun) -> u64| stages.iter().map(figure).sum();
        Self {
            done: sum(|stage| stage.counts.done + stage.counts.skipped),
            total: sum(|stage| stage.counts.total),
            failed: sum(|stage| stage.counts.failed),
            percent: percent(record),
        }
    }
}

/// Below 100 until the run has completed: rounding must not promise an end.
const ALMOST: f64 = 99.9;

/// The mean of the parts of the stages, and of the deliveries where there are any. A stage that is fed by one still open counts for no more than its feeder's part,
/// because more items are to come.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn percent(record: &RunRecord) -> f64 {
    if matches!(record.run.state, RunState::Completed | RunState::CompletedWithErrors) {
        return 100.0;
    }
    let mut parts: Vec<f64> = Vec::with_capacity(record.run.stages.len());
    for (stage, run) in record.definition.stages.iter().zip(&record.run.stages) {
        let own = match run.state {
            StageState::Closed | StageState::Skipped => 1.0,
            StageState::Pending => 0.0,
            StageState::Open if run.counts.total == 0 => 0.0,
            StageState::Open => run.counts.ended() as f64 / run.counts.total as f64,
        };
        let feeder = match stage.for_each {
            ForEach::Stage(source) => parts.get(source.index()).copied().unwrap_or(1.0),
            ForEach::Once | ForEach::Input => 1.0,
        };
        parts.push(if own < 1.0 { own * feeder } else { own.min(1.0) });
    }
    let deliveries = record.run.deliveries;
    if deliveries.staged > 0 {
        parts.push((deliveries.done + deliveries.dead) as f64 / deliveries.staged as f64);
    }
    let mean = if parts.is_empty() { 0.0 } else { parts.iter().sum::<f64>() / parts.len() as f64 };
    ((mean * 1000.0).floor() / 10.0).clamp(0.0, ALMOST)
}

/// What is left at the present rate; nothing for a run that is over, stands still or waits for a person.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate for people"
)]
fn eta_ms(record: &RunRecord, rates: &Rates) -> Option<u64> {
    let left: u64 = record.run.stages.iter().map(|stage| stage.counts.pending()).sum();
    (record.run.state == RunState::Running && rates.per_s > 0.0 && left > 0)
        .then(|| (left as f64 * 1000.0 / rates.per_s) as u64)
}

fn waiting_for(record: &RunRecord) -> Vec<WaitingForView> {
    let stages = record.definition.stages.iter().zip(&record.run.stages);
    stages
        .filter(|(_, run)| run.state == StageState::Open && run.counts.waiting > 0)
        .filter_map(|(stage, run)| match &stage.work {
            Work::Signal { name } => Some(WaitingForView {
                stage: stage.name.clone(),
                signal: name.clone(),
                since: run.opened_at.unwrap_or(record.run.created_at),
            }),
            Work::Activity { .. } => None,
        })
        .collect()
}
