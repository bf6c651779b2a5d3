//! Runs of an ingest, made up for tests.

use model::{Run, RunId, RunState, StageRun, Timestamp};
use std::{collections::BTreeMap, sync::Arc};
use store::{RunMeta, RunRecord};

/// When made-up runs begin.
pub(crate) const BEGIN: Timestamp = Timestamp(1_763_776_000_000);

/// An ingest in that state, none of whose stages has begun.
pub(crate) fn record(state: RunState) -> RunRecord {
    let definition = Arc::new(pipeline::compile(crate::pipeline()).expect("the pipeline compiles"));
    let params = crate::Params { directories: vec!["/media".to_owned()], ..crate::Params::default() };
    let run = Run {
        id: RunId::new(BEGIN, 1),
        definition: definition.hash.as_str().into(),
        state,
        run_seq: 1,
        input: Arc::new(serde_json::to_value(params).expect("parameters are JSON")),
        stages: vec![StageRun::default(); definition.stages.len()],
        counters: BTreeMap::new(),
        deliveries: model::DeliveryCounts::default(),
        created_at: BEGIN,
        started_at: None,
        ended_at: None,
        error: None,
    };
    let meta = RunMeta { pipeline: crate::PIPELINE.into(), app: "ingest".into(), ..RunMeta::default() };
    RunRecord { run, definition, meta: Arc::new(meta) }
}

/// The part of a stage.
pub(crate) fn stage<'a>(record: &'a mut RunRecord, name: &str) -> &'a mut StageRun {
    let index = record.definition.stages.iter().position(|stage| stage.name == name);
    &mut record.run.stages[index.expect("the stage exists")]
}
