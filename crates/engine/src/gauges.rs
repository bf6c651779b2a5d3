//! What the hub shows of the engine's memory: limits, and attempts under way.

use crate::{LimitChange, LimitStatus, shared::Engine};
use std::sync::Arc;
use store::RunRecord;
use stream::{
    Gauges,
    wire::{LimitChangeView, LimitView, StageGauge},
};

/// Answers the hub while the engine lives.
pub(crate) struct EngineGauges(pub(crate) crate::shared::WeakEngine);

impl Gauges for EngineGauges {
    fn stages(&self, record: &RunRecord) -> Vec<StageGauge> {
        let Some(engine) = self.0.upgrade() else { return Vec::new() };
        record.definition.ids().map(|stage| gauge(&engine, record, stage)).collect()
    }
}

fn gauge(engine: &Engine, record: &RunRecord, stage: model::StageId) -> StageGauge {
    let Some(work) = engine.stage_work(record, stage) else { return StageGauge::default() };
    let in_force = engine.dispatcher().limit(&work.class);
    StageGauge {
        in_flight: engine.attempts().of_stage(record.run.id, stage) as u64,
        limit: Some(work.concurrency.map_or(in_force, |own| own.min(in_force))),
        wait_class: Some(Arc::from(work.class.to_string())),
    }
}

impl From<&LimitStatus> for LimitView {
    fn from(limit: &LimitStatus) -> Self {
        Self {
            class: limit.class.to_string(),
            limit: limit.limit,
            in_use: limit.in_use,
            pinned: limit.pinned,
            reason: limit.reason.clone(),
            changed_at: limit.changed_at,
            throughput_per_s: limit.throughput_per_s,
            p50_ms: (limit.p50_ms > 0.0).then_some(limit.p50_ms),
            history: limit.history.iter().map(LimitChangeView::from).collect(),
        }
    }
}

impl From<&LimitChange> for LimitChangeView {
    fn from(change: &LimitChange) -> Self {
        Self { at: change.at, from: change.from, to: change.to, reason: change.reason.clone() }
    }
}
