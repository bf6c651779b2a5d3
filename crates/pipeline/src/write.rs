//! From a document to YAML as a person would write it: defaults left out, durations with units.

use crate::{Diagnostic, Diagnostics, format_millis};
use model::{OnFailure, PipelineDocument, Retry, StageDocument};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct PipelineText<'a> {
    name: &'a str,
    version: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_schema: Option<&'a Value>,
    stages: Vec<StageText<'a>>,
}

#[derive(Serialize)]
struct StageText<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    title: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    needs: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    for_each: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    join_all: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    params: &'a BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<RetryText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_timeout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_failure: Option<OnFailure>,
}

#[derive(Serialize)]
struct RetryText {
    max_attempts: u32,
    initial: String,
    factor: f64,
    max: String,
    jitter: f64,
}

impl<'a> From<&'a StageDocument> for StageText<'a> {
    fn from(stage: &'a StageDocument) -> Self {
        Self {
            name: &stage.name,
            title: &stage.title,
            needs: &stage.needs,
            for_each: stage.for_each.as_deref(),
            join_all: stage.join_all,
            when: stage.when.as_deref(),
            activity: stage.activity.as_deref(),
            signal: stage.signal.as_deref(),
            params: &stage.params,
            retry: stage.retry.map(RetryText::from),
            timeout: stage.timeout_ms.map(format_millis),
            heartbeat_timeout: stage.heartbeat_timeout_ms.map(format_millis),
            concurrency: stage.concurrency,
            on_failure: (stage.on_failure != OnFailure::default()).then_some(stage.on_failure),
        }
    }
}

impl From<Retry> for RetryText {
    fn from(retry: Retry) -> Self {
        Self {
            max_attempts: retry.max_attempts,
            initial: format_millis(retry.initial_ms),
            factor: retry.factor,
            max: format_millis(retry.max_ms),
            jitter: retry.jitter,
        }
    }
}

/// YAML that [`crate::parse`] reads back as the same document.
///
/// # Errors
/// Where a parameter or the input schema has no YAML form.
pub fn to_yaml(document: &PipelineDocument) -> Result<String, Diagnostics> {
    let text = PipelineText {
        name: &document.name,
        version: document.version,
        title: &document.title,
        input_schema: document.input_schema.as_ref(),
        stages: document.stages.iter().map(StageText::from).collect(),
    };
    serde_saphyr::to_string(&text)
        .map_err(|error| Diagnostics(vec![Diagnostic::new("yaml", "", error.to_string())]))
}
