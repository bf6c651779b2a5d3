//! The text port: what an application asks a language model by.

use model::{Failure, TaskError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{future::Future, pin::Pin, sync::Arc};

/// A future of a model's answer.
pub type TextFuture<'a> = Pin<Box<dyn Future<Output = Result<TextAnswer, TextFailure>> + Send + 'a>>;

/// What is asked.
#[derive(Clone)]
pub struct TextRequest {
    /// Who the model is to be, and its rules.
    pub system: String,
    /// The task.
    pub prompt: String,
    /// Name of the answer's shape: letters, digits and `_`.
    pub schema_name: String,
    /// JSON Schema of the answer.
    pub schema: Value,
    /// Tokens of the answer at most.
    pub max_tokens: u32,
    /// Told of the answer while it grows: how many characters so far. Must not block.
    pub on_growth: Option<Arc<dyn Fn(usize) + Send + Sync>>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct TextAnswer {
    /// JSON, read laxly (fences, leading words and trailing commas are mended) but whole.
    pub value: Value,
    /// What it took.
    pub usage: Usage,
}

/// What an answer took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Price by the configured rates, in millionths of a US dollar.
    pub cost_micro_usd: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.prompt_tokens += other.prompt_tokens;
        self.completion_tokens += other.completion_tokens;
        self.cost_micro_usd += other.cost_micro_usd;
    }
}

/// Why there is no answer. What was used up is told all the same.
#[derive(Clone, Debug)]
pub struct TextFailure {
    /// What went wrong, and whether asking again could help.
    pub failure: Failure,
    /// What it took.
    pub usage: Usage,
}

impl From<Failure> for TextFailure {
    fn from(failure: Failure) -> Self {
        Self { failure, usage: Usage::default() }
    }
}

/// A language model.
pub trait TextModel: Send + Sync {
    /// Its name, such as `gpt-5-mini`.
    fn name(&self) -> &str;

    /// Asks it. Makes one call, or several where an answer had to be asked for again because it was no JSON of the shape.
    /// Never waits longer than its configured time-out; what asks to be tried later says so in its failure.
    fn generate<'a>(&'a self, request: &'a TextRequest) -> TextFuture<'a>;

    /// Tries the connection and the credential; the answer says in a sentence what was found.
    fn test(&self) -> Pin<Box<dyn Future<Output = Result<String, TaskError>> + Send + '_>>;
}
