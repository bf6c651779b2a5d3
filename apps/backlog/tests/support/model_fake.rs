//! A language model in memory that answers in the shape that it is asked for, and checks what it is asked.

use activity::text::{TextAnswer, TextFailure, TextFuture, TextModel, TextRequest, Usage};
use model::{Failure, Retryability, TaskError};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::Semaphore;

/// What each call costs, in millionths of a US dollar.
pub(crate) const COST: u64 = 1_000;

/// A model. Clones are one.
#[derive(Clone)]
pub(crate) struct FakeModel {
    inner: Arc<Inner>,
}

struct Inner {
    asked: Mutex<Vec<TextRequest>>,
    calls: AtomicUsize,
    /// Calls that may be answered.
    gate: Semaphore,
    quirk: Quirk,
}

/// What the model does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quirk {
    /// Nothing.
    None,
    /// The first version of every story has no criteria.
    PoorStories,
    /// Stories never have criteria.
    HopelessStories,
    /// The first call has no answer, a later one is refused because of its rate.
    Troubled,
}

impl FakeModel {
    /// A model that answers at once.
    pub(crate) fn new(quirk: Quirk) -> Self {
        Self::held(quirk, Semaphore::MAX_PERMITS)
    }

    /// A model that answers `calls` calls and then waits for [`FakeModel::release`].
    pub(crate) fn held(quirk: Quirk, calls: usize) -> Self {
        let inner =
            Inner { asked: Mutex::default(), calls: AtomicUsize::new(0), gate: Semaphore::new(calls), quirk };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn release(&self, calls: usize) {
        self.inner.gate.add_permits(calls);
    }

    /// What was asked.
    pub(crate) fn asked(&self) -> Vec<TextRequest> {
        self.inner.asked.lock().clone()
    }

    async fn answer(&self, request: &TextRequest) -> Result<TextAnswer, TextFailure> {
        let call = self.inner.calls.fetch_add(1, Ordering::SeqCst);
        self.inner.asked.lock().push(request.clone());
        self.inner.gate.acquire().await.unwrap().forget();
        if let Some(on_growth) = &request.on_growth {
            on_growth(100);
        }
        if self.inner.quirk == Quirk::Troubled && matches!(call, 0 | 12) {
            let retry = if call == 0 { Retryability::After(1) } else { Retryability::Throttled(1) };
            let failure = Failure { error: TaskError::new("no_luck", "try again"), retry };
            return Err(failure.into());
        }
        let value = fill(&request.schema, &request.prompt, call, 0);
        let value = self.spoiled(value, request);
        let usage = Usage { prompt_tokens: 100, completion_tokens: 50, cost_micro_usd: COST };
        Ok(TextAnswer { value, usage })
    }

    fn spoiled(&self, mut value: Value, request: &TextRequest) -> Value {
        let rewrite = request.prompt.contains("# Problems");
        let poor = match self.inner.quirk {
            Quirk::PoorStories => !rewrite,
            Quirk::HopelessStories => true,
            Quirk::None | Quirk::Troubled => false,
        };
        if request.schema_name == "story_items" && poor {
            for item in value["items"].as_array_mut().unwrap() {
                item["acceptance_criteria"] = json!([]);
            }
        }
        value
    }
}

/// A value of a schema. Every object must be strict: all fields required, none besides.
fn fill(schema: &Value, prompt: &str, call: usize, index: usize) -> Value {
    if let Some(words) = schema["enum"].as_array() {
        return words[index % words.len()].clone();
    }
    match schema["type"].as_str().unwrap() {
        "object" => {
            assert_eq!(schema["additionalProperties"], json!(false), "a strict schema: {schema}");
            let properties = schema["properties"].as_object().unwrap();
            let required: Vec<&str> =
                schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            assert_eq!(required.len(), properties.len(), "a strict schema: {schema}");
            let fields = properties
                .iter()
                .map(|(name, schema)| (name.clone(), field(name, schema, prompt, call, index)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        "array" => {
            let count = schema["maxItems"].as_u64().or(schema["minItems"].as_u64()).unwrap_or(2) as usize;
            (0..count).map(|index| fill(&schema["items"], prompt, call, index)).collect()
        }
        "integer" => schema["minimum"].as_i64().map_or(json!(80), |least| json!(least + 1)),
        "number" => json!(2.5),
        "boolean" => json!(true),
        _ => json!(format!(
            "Text {index} of call {call}, long enough to say what it has to say about the product"
        )),
    }
}

fn field(name: &str, schema: &Value, prompt: &str, call: usize, index: usize) -> Value {
    let text = match name {
        "title" => format!("Serve lunch number {call}-{index} at the counter"),
        "as_a" => "guest".to_owned(),
        "i_want" => format!("order lunch {index}"),
        "so_that" => "nobody waits".to_owned(),
        "acceptance_criteria" => {
            return json!([
                format!("Given lunch {index}, when I order it, then it is on my order"),
                format!("Given no lunch {index}, when I order it, then I am told"),
                format!("Given two of lunch {index}, when I order both, then I get both"),
            ]);
        }
        "index" => return json!(index + 1),
        "category" if schema["enum"].is_null() => "product".to_owned(),
        _ => return fill(schema, prompt, call, index),
    };
    json!(text)
}

impl TextModel for FakeModel {
    fn name(&self) -> &str {
        "fake-1"
    }

    fn generate<'a>(&'a self, request: &'a TextRequest) -> TextFuture<'a> {
        Box::pin(self.answer(request))
    }

    fn test(&self) -> Pin<Box<dyn Future<Output = Result<String, TaskError>> + Send + '_>> {
        Box::pin(async { Ok("it answers".to_owned()) })
    }
}
