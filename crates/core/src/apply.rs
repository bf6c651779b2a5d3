//! The fold: what each event does to a run. Total: any event on any run gives a run, without a panic.

use model::{
    Created, DeliveryEnd, Deltas, Event, Fact, Redo, Reopened, Run, RunState, StageCounts, StageId, StageRun,
    StageState, Timestamp,
};
use std::collections::BTreeMap;

/// Folds `event` into `run`. It becomes the run's newest event.
pub fn apply(run: &mut Run, event: &Event) {
    run.run_seq += 1;
    let at = event.at;
    match &event.fact {
        Fact::Created { .. } => {}
        Fact::Started => {
            run.state = RunState::Running;
            run.started_at = Some(at);
        }
        Fact::Waiting => run.state = RunState::Waiting,
        Fact::Continued | Fact::Resumed { .. } => run.state = RunState::Running,
        Fact::Paused { .. } => run.state = RunState::Paused,
        Fact::Ended { state, error } => {
            run.error.clone_from(error);
            end(run, *state, at);
        }
        Fact::Cancelled { .. } => end(run, RunState::Cancelled, at),
        Fact::Retried { stages, .. } => retried(run, stages),
        Fact::StageOpened { stage, released, created, waiting } => {
            if let Some(stage) = stage_mut(run, *stage) {
                stage.state = StageState::Open;
                stage.opened_at.get_or_insert(at);
                stage.counts.waiting = stage.counts.waiting.saturating_sub(*released);
                add(stage, *created, *waiting);
            }
        }
        Fact::StageClosed { stage, .. } => close(run, *stage, StageState::Closed, at),
        Fact::StageSkipped { stage, held, .. } => {
            close(run, *stage, StageState::Skipped, at);
            if let Some(stage) = stage_mut(run, *stage) {
                stage.counts.waiting = stage.counts.waiting.saturating_sub(*held);
                stage.counts.skipped += held;
            }
        }
        Fact::Emitted { stage, created, counters, .. } => {
            add_created(run, created);
            count(run, *stage, counters);
        }
        Fact::TaskDone { stage, created, counters, .. } => {
            if let Some(stage) = stage_mut(run, *stage) {
                stage.counts.done += 1;
            }
            add_created(run, created);
            count(run, *stage, counters);
        }
        Fact::TaskRetrying { stage, .. } => {
            if let Some(stage) = stage_mut(run, *stage) {
                stage.counts.retries += 1;
            }
        }
        Fact::TaskFailed { stage, counters, .. } => {
            if let Some(stage) = stage_mut(run, *stage) {
                stage.counts.failed += 1;
            }
            count(run, *stage, counters);
        }
        Fact::Signalled { stage, count, created, .. } => {
            if let Some(stage) = stage_mut(run, *stage) {
                stage.counts.waiting = stage.counts.waiting.saturating_sub(*count);
                stage.counts.done += count;
            }
            add_created(run, created);
        }
        Fact::SignalExpired { stage, count, .. } => {
            if let Some(stage) = stage_mut(run, *stage) {
                stage.counts.waiting = stage.counts.waiting.saturating_sub(*count);
                stage.counts.failed += count;
            }
        }
        Fact::Staged { count, .. } => {
            run.deliveries.staged += count;
            reopen(run);
        }
        Fact::Settled { end, .. } => match end {
            DeliveryEnd::Done { .. } => run.deliveries.done += 1,
            DeliveryEnd::Dead { .. } => run.deliveries.dead += 1,
            DeliveryEnd::Again { .. } => {}
        },
        Fact::Replayed { count, .. } => {
            run.deliveries.dead = run.deliveries.dead.saturating_sub(*count);
            reopen(run);
        }
        Fact::Blocked { .. } | Fact::TasksLost { .. } | Fact::Log { .. } | Fact::App { .. } => {}
    }
}

fn stage_mut(run: &mut Run, stage: StageId) -> Option<&mut StageRun> {
    run.stages.get_mut(stage.index())
}

fn add(stage: &mut StageRun, count: u64, waiting: bool) {
    stage.counts.total += count;
    if waiting {
        stage.counts.waiting += count;
    }
}

fn add_created(run: &mut Run, created: &[Created]) {
    for created in created {
        if let Some(stage) = stage_mut(run, created.stage) {
            add(stage, created.count, created.waiting);
        }
    }
}

fn count(run: &mut Run, stage: StageId, counters: &Deltas) {
    if counters.is_empty() {
        return;
    }
    add_figures(&mut run.counters, counters);
    if let Some(stage) = stage_mut(run, stage) {
        add_figures(&mut stage.counters, counters);
    }
}

fn add_figures(figures: &mut BTreeMap<String, i64>, counters: &Deltas) {
    for (name, by) in counters {
        match figures.get_mut(&**name) {
            Some(figure) => *figure = figure.saturating_add(*by),
            None => {
                figures.insert(name.to_string(), *by);
            }
        }
    }
}

fn close(run: &mut Run, stage: StageId, state: StageState, at: Timestamp) {
    if let Some(stage) = stage_mut(run, stage) {
        stage.state = state;
        stage.closed_at = Some(at);
    }
}

/// A run that ends takes its open tasks with it.
fn end(run: &mut Run, state: RunState, at: Timestamp) {
    run.state = state;
    run.ended_at = Some(at);
    for stage in &mut run.stages {
        let counts = &mut stage.counts;
        counts.cancelled += counts.total.saturating_sub(counts.ended());
        counts.waiting = 0;
    }
}

/// A run that had completed goes on: there is something to deliver again. One that failed or was cancelled stays so.
fn reopen(run: &mut Run) {
    if matches!(run.state, RunState::Completed | RunState::CompletedWithErrors) {
        run.state = RunState::Running;
        run.ended_at = None;
    }
}

fn retried(run: &mut Run, stages: &[Reopened]) {
    if run.state.is_final() {
        run.state = RunState::Running;
    }
    run.ended_at = None;
    run.error = None;
    for reopened in stages {
        let Some(stage) = run.stages.get_mut(reopened.stage.index()) else { continue };
        stage.state = reopened.state;
        stage.closed_at = None;
        stage.round += u32::from(reopened.anew);
        let counts = &mut stage.counts;
        match reopened.redo {
            Redo::Unfinished => {
                counts.failed = counts.failed.saturating_sub(reopened.failed);
                counts.cancelled = counts.cancelled.saturating_sub(reopened.cancelled);
                if reopened.waiting {
                    counts.waiting += reopened.failed + reopened.cancelled;
                }
                continue;
            }
            Redo::All => {
                let StageCounts { total, retries, .. } = *counts;
                let waiting = if reopened.waiting { total } else { 0 };
                *counts = StageCounts { total, retries, waiting, ..StageCounts::default() };
            }
            Redo::Remake => {
                *counts = StageCounts::default();
                stage.round = 0;
                stage.remade += 1;
                stage.opened_at = None;
            }
        }
        for (name, by) in std::mem::take(&mut stage.counters) {
            if let Some(figure) = run.counters.get_mut(&name) {
                *figure = figure.saturating_sub(by);
            }
        }
    }
}
