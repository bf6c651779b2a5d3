//! The pipelines of a backlog: one for each author, since what a stage waits for belongs to its definition.

use crate::{AuthorName, StageWorkers};
use model::{OnFailure, PipelineDocument, Retry, StageDocument};
use std::collections::BTreeMap;

/// Name of the pipeline whose author is the outline.
pub const PIPELINE: &str = "backlog";
/// Name of the pipeline whose author is a language model.
pub const MODEL_PIPELINE: &str = "backlog-openai";
/// The signal by which a person approves what was written.
pub const APPROVE_SIGNAL: &str = "approve";

/// Longest time of one call of an author, in milliseconds: a model may be slow, and is asked several times.
const WRITE_TIMEOUT_MS: u64 = 30 * 60_000;

/// Name of the pipeline of an author.
pub fn pipeline_of(author: AuthorName) -> &'static str {
    match author {
        AuthorName::Outline => PIPELINE,
        AuthorName::Openai => MODEL_PIPELINE,
    }
}

/// The pipeline of an author. `pinned` fixes how many attempts of each stage run at once.
pub fn pipeline(author: AuthorName, pinned: Option<StageWorkers>) -> PipelineDocument {
    let write =
        |name: &str, title: &str, from: Option<&str>, workers: fn(&StageWorkers) -> u32| StageDocument {
            for_each: from.map(String::from),
            timeout_ms: Some(WRITE_TIMEOUT_MS),
            concurrency: pinned.as_ref().map(workers),
            on_failure: if from.is_none() { OnFailure::FailRun } else { OnFailure::Continue },
            retry: Some(Retry { max_attempts: 5, initial_ms: 1_000, ..Retry::default() }),
            ..stage(name, title, &activity(author, name))
        };
    PipelineDocument {
        name: String::from(pipeline_of(author)),
        version: 1,
        title: String::from("Backlog"),
        input_schema: None,
        stages: vec![
            write("epics", "Write epics", None, |workers| workers.epics),
            write("features", "Write features", Some("epics"), |workers| workers.features),
            write("stories", "Write stories", Some("features"), |workers| workers.stories),
            write("tasks", "Write tasks", Some("stories"), |workers| workers.tasks),
            write("test_cases", "Write test cases", Some("stories"), |workers| workers.tests),
            StageDocument {
                needs: vec![String::from("tasks"), String::from("test_cases")],
                ..stage("review", "Look it over", "backlog.review")
            },
            StageDocument {
                needs: vec![String::from("review")],
                when: Some(String::from("input.review is not defined or input.review")),
                activity: None,
                retry: None,
                signal: Some(String::from(APPROVE_SIGNAL)),
                ..stage("approve", "Approve", "")
            },
            StageDocument {
                needs: vec![String::from("approve")],
                for_each: Some(String::from("review")),
                when: Some(String::from("input.to is defined and not (input.to is none)")),
                ..stage("stage", "Stage for delivery", "backlog.stage")
            },
        ],
    }
}

/// Name of the activity of a writing stage.
pub(crate) fn activity(author: AuthorName, stage: &str) -> String {
    match author {
        AuthorName::Outline => format!("backlog.{stage}"),
        AuthorName::Openai => format!("backlog.openai.{stage}"),
    }
}

fn stage(name: &str, title: &str, activity: &str) -> StageDocument {
    StageDocument {
        name: String::from(name),
        title: String::from(title),
        activity: Some(String::from(activity)),
        params: BTreeMap::new(),
        retry: Some(Retry { max_attempts: 3, initial_ms: 200, ..Retry::default() }),
        on_failure: OnFailure::Continue,
        ..StageDocument::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_pipelines_compile_and_follow_the_plan() {
        for author in [AuthorName::Outline, AuthorName::Openai] {
            let workers = crate::worker_formula(4, 8, 16);
            let definition = ::pipeline::compile(pipeline(author, Some(workers))).unwrap();
            let names: Vec<&str> = definition.stages.iter().map(|stage| stage.name.as_str()).collect();
            assert_eq!(
                names,
                ["epics", "features", "stories", "tasks", "test_cases", "review", "approve", "stage"]
            );
            let most: Vec<Option<u32>> = definition.stages.iter().map(|stage| stage.concurrency).collect();
            assert_eq!(most, [Some(1), Some(3), Some(4), Some(6), Some(2), None, None, None]);
        }
    }
}
