//! The pipeline of an ingest.

use model::{OnFailure, PipelineDocument, Retry, StageDocument};
use std::collections::BTreeMap;

/// Its name.
pub const PIPELINE: &str = "ingest";

/// The signal by which a person commits what the preview shows.
pub const APPROVE_SIGNAL: &str = "commit";

/// Longest time that one file may take to be decoded, in milliseconds: a decoder that hangs costs one file.
const READ_TIMEOUT_MS: u64 = 60_000;

/// The pipeline of an ingest.
pub fn pipeline() -> PipelineDocument {
    PipelineDocument {
        name: String::from(PIPELINE),
        version: 1,
        title: String::from("Media ingest"),
        input_schema: None,
        stages: vec![
            StageDocument {
                on_failure: OnFailure::FailRun,
                ..stage("discover", "Discover files", "ingest.discover")
            },
            StageDocument {
                for_each: Some(String::from("discover")),
                timeout_ms: Some(READ_TIMEOUT_MS),
                ..stage("read", "Read files", "ingest.read")
            },
            StageDocument {
                for_each: Some(String::from("read")),
                ..stage("enrich", "Keywords and scores", "ingest.enrich")
            },
            StageDocument {
                for_each: Some(String::from("read")),
                when: Some(String::from("input.detect_nsfw")),
                timeout_ms: Some(READ_TIMEOUT_MS),
                ..stage("classify", "Classify", "ingest.classify")
            },
            StageDocument {
                needs: vec![String::from("enrich"), String::from("classify")],
                ..stage("preview", "Find duplicates", "ingest.preview")
            },
            StageDocument {
                needs: vec![String::from("preview")],
                when: Some(String::from("not input.auto_commit")),
                activity: None,
                retry: None,
                signal: Some(String::from(APPROVE_SIGNAL)),
                ..stage("approve", "Approve", "")
            },
            StageDocument {
                needs: vec![String::from("approve")],
                for_each: Some(String::from("read")),
                ..stage("commit", "Commit to the library", "ingest.commit")
            },
        ],
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
