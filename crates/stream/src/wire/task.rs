//! Tasks, attempts and their errors.

use model::{Failure, Retryability, TaskError, TaskState, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::ToSchema;

/// What went wrong, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TaskError)]
pub struct TaskErrorView {
    /// Stable word for the cause, such as `too_large`.
    pub code: String,
    /// What happened and where, in one sentence.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Whether another attempt could succeed.
    pub retryable: bool,
}

/// Whether another attempt could succeed, as an argument that reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryableView {
    /// It could.
    Retryable,
    /// The same attempt would fail the same way.
    Permanent,
}

impl TaskErrorView {
    /// The error as shown, with what is known about another attempt.
    pub fn new(error: &TaskError, retryable: RetryableView) -> Self {
        Self {
            code: error.code.clone(),
            message: error.message.clone(),
            help: error.help.clone(),
            retryable: retryable == RetryableView::Retryable,
        }
    }
}

impl From<&Failure> for TaskErrorView {
    fn from(failure: &Failure) -> Self {
        let retryable = match failure.retry {
            Retryability::Permanent => RetryableView::Permanent,
            Retryability::Transient | Retryability::After(_) | Retryability::Throttled(_) => {
                RetryableView::Retryable
            }
        };
        Self::new(&failure.error, retryable)
    }
}

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskState)]
#[expect(missing_docs, reason = "the words of model::TaskState, explained there")]
pub enum TaskStateView {
    Ready,
    Leased,
    Waiting,
    Done,
    Failed,
    Skipped,
    Cancelled,
}

impl From<TaskState> for TaskStateView {
    fn from(state: TaskState) -> Self {
        match state {
            TaskState::Ready => Self::Ready,
            TaskState::Leased => Self::Leased,
            TaskState::Waiting => Self::Waiting,
            TaskState::Done => Self::Done,
            TaskState::Failed => Self::Failed,
            TaskState::Skipped => Self::Skipped,
            TaskState::Cancelled => Self::Cancelled,
        }
    }
}

/// A stage's unit of work for one item.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub struct TaskView {
    /// Its stage, by name.
    #[schema(value_type = String)]
    pub stage: Arc<str>,
    /// Its item.
    #[schema(value_type = String)]
    pub key: Arc<str>,
    /// Where it is in its life.
    pub state: TaskStateView,
    /// Attempts begun.
    pub attempt: u32,
    /// Attempts in all.
    pub max_attempts: u32,
    /// When it was created.
    #[schema(value_type = i64)]
    pub created_at: Timestamp,
    /// Not before then.
    #[schema(value_type = Option<i64>)]
    pub due_at: Option<Timestamp>,
    /// When its newest attempt began.
    #[schema(value_type = Option<i64>)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<i64>)]
    pub ended_at: Option<Timestamp>,
    /// The worker that holds it, by name.
    pub worker: Option<String>,
    /// What it works on.
    #[schema(value_type = Object)]
    pub data: Box<RawValue>,
    /// What it ended with.
    #[schema(value_type = Option<Object>)]
    pub output: Option<Box<RawValue>>,
    /// What went wrong in the newest attempt.
    pub error: Option<TaskErrorView>,
    /// Its attempts in order; only where one task is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub attempts: Option<Vec<AttemptView>>,
}

/// One try of a task.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub struct AttemptView {
    /// From 1.
    pub attempt: u32,
    /// When it began.
    #[schema(value_type = i64)]
    pub started_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<i64>)]
    pub ended_at: Option<Timestamp>,
    /// What it ended with.
    pub outcome: Option<AttemptOutcomeView>,
    /// What went wrong.
    pub error: Option<TaskErrorView>,
}

/// What an attempt ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AttemptOutcome)]
pub enum AttemptOutcomeView {
    /// Well.
    Done,
    /// Badly.
    Failed,
    /// Its worker died or was cut off.
    Lost,
    /// Its run was over.
    Cancelled,
}
