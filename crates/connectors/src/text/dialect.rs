//! What a server understands. Compatible servers differ in a few parameters; what one refuses by name is left out from then
//! on, and the shape of the answer is asked for in words instead.

use serde_json::{Value, json};

/// How the answer's shape is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// `json_schema`: the server holds the model to it.
    Schema,
    /// `json_object`: it is JSON at least.
    Object,
    /// In words alone.
    Words,
}

/// How the limit of tokens is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// `max_completion_tokens`, as OpenAI now has it.
    Completion,
    /// `max_tokens`, as all had it.
    Plain,
}

/// A server's dialect, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    format: Format,
    limit: Limit,
    usage: bool,
    temperature: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { format: Format::Schema, limit: Limit::Completion, usage: true, temperature: true }
    }
}

impl Dialect {
    /// The dialect to try after this refusal; `None` where there is nothing left to give up.
    pub(super) fn after(self, words: &str) -> Option<Self> {
        let words = words.to_lowercase();
        let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        if self.limit == Limit::Completion && says(&["max_completion_tokens", "max_tokens"]) {
            return Some(Self { limit: Limit::Plain, ..self });
        }
        if self.usage && says(&["stream_options", "include_usage"]) {
            return Some(Self { usage: false, ..self });
        }
        if self.temperature && says(&["temperature"]) {
            return Some(Self { temperature: false, ..self });
        }
        let format = match self.format {
            Format::Schema => Format::Object,
            Format::Object => Format::Words,
            Format::Words => return None,
        };
        Some(Self { format, ..self })
    }

    /// A request's body.
    pub(super) fn body(self, ask: &Ask<'_>) -> Value {
        let mut body = json!({ "model": ask.model, "messages": ask.messages, "stream": true });
        if self.usage {
            body["stream_options"] = json!({ "include_usage": true });
        }
        match self.limit {
            Limit::Completion => body["max_completion_tokens"] = json!(ask.max_tokens),
            Limit::Plain => body["max_tokens"] = json!(ask.max_tokens),
        }
        if let Some(temperature) = ask.temperature.filter(|_| self.temperature) {
            body["temperature"] = json!(temperature);
        }
        match self.format {
            Format::Schema => {
                let schema = json!({ "name": ask.schema_name, "schema": ask.schema });
                body["response_format"] = json!({ "type": "json_schema", "json_schema": schema });
            }
            Format::Object => body["response_format"] = json!({ "type": "json_object" }),
            Format::Words => {}
        }
        body
    }

    /// Whether the server does not hold the model to the schema, so that it must be told in words.
    pub(super) fn needs_words(self) -> bool {
        self.format != Format::Schema
    }
}

/// What a body is made of.
pub(super) struct Ask<'a> {
    pub(super) model: &'a str,
    pub(super) messages: &'a [Value],
    pub(super) max_tokens: u32,
    pub(super) temperature: Option<f64>,
    pub(super) schema_name: &'a str,
    pub(super) schema: &'a Value,
}
