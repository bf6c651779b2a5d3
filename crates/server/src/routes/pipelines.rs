//! Pipelines that runs can be started of by name.

use crate::state::ServerState;
use axum::{extract::State, response::Response};
use model::{Definition, Work};
use serde::Serialize;
use web::{ApiResult, Conditional, Page, Permission, Routes, routes};

pub(super) fn routes() -> Routes<ServerState> {
    Routes::new().with(Permission::RunsRead, routes!(list))
}

/// A pipeline.
#[derive(Serialize, utoipa::ToSchema)]
struct Pipeline {
    /// Name by which runs are started.
    name: String,
    /// Version chosen by its author.
    version: u32,
    /// What people read.
    title: String,
    /// The application that it belongs to.
    app: String,
    /// Its stages, in reading order.
    stages: Vec<PipelineStage>,
    /// JSON Schema of a run's input.
    #[schema(value_type = Option<Object>)]
    input_schema: Option<serde_json::Value>,
}

/// A stage of a pipeline.
#[derive(Serialize, utoipa::ToSchema)]
struct PipelineStage {
    /// Unique within the pipeline.
    name: String,
    /// What people read.
    title: String,
    /// The activity that does the work.
    activity: Option<String>,
    /// The signal that it waits for.
    signal: Option<String>,
    /// Stages that must be closed before it opens.
    needs: Vec<String>,
}

/// All pipelines, by name.
#[utoipa::path(get, path = "/api/v1/pipelines", tag = "pipelines",
    responses((status = 200, body = Page<Pipeline>, description = "All pipelines"), (status = 304, description = "Unchanged")))]
async fn list(State(state): State<ServerState>, known: Conditional) -> ApiResult<Response> {
    let engine = state.engine();
    let pipeline = |definition: &Definition| Pipeline {
        name: definition.name.clone(),
        version: definition.version,
        title: definition.title.clone(),
        app: engine.app_of(&definition.name).map_or_else(String::new, |app| app.to_string()),
        stages: definition.stages.iter().map(|stage| described(definition, stage)).collect(),
        input_schema: definition.input_schema.clone(),
    };
    known.json(&Page::whole(engine.pipelines().iter().map(|definition| pipeline(definition)).collect()))
}

fn described(definition: &Definition, stage: &model::Stage) -> PipelineStage {
    let (activity, signal) = match &stage.work {
        Work::Activity { name, .. } => (Some(name.clone()), None),
        Work::Signal { name } => (None, Some(name.clone())),
    };
    let needs = stage.needs.iter().filter_map(|id| definition.stage(*id)).map(|stage| stage.name.clone());
    PipelineStage {
        name: stage.name.clone(),
        title: stage.title.clone(),
        activity,
        signal,
        needs: needs.collect(),
    }
}
