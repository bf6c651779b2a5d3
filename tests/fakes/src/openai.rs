//! An OpenAI-compatible server: `/v1/chat/completions`, streamed or whole, as strict or as old as it is told to be.

use crate::{Faults, Request, Response, Seen, Server, Service};
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// What the server understands.
#[derive(Clone)]
pub struct Options {
    /// The key that it takes; empty for none.
    pub key: String,
    /// The model's name.
    pub model: String,
    /// Values of `response_format.type` that it takes.
    pub formats: Vec<&'static str>,
    /// Name of the token limit: the other one is refused.
    pub limit: &'static str,
    /// Whether `stream_options` is refused, and usage never told.
    pub usage: UsageTold,
    /// Whether it streams.
    pub stream: Streaming,
    /// Pause between two pieces of a stream.
    pub pause: Duration,
    /// What it answers where nothing is queued: given the request's body.
    pub author: Option<Author>,
}

/// Writes the content of an answer.
pub type Author = Arc<dyn Fn(&Value) -> Say + Send + Sync>;

/// Whether usage is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageTold {
    /// In the last event, where `stream_options` asks for it.
    Asked,
    /// Never: `stream_options` is an unknown parameter.
    Never,
}

/// Whether answers are streamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streaming {
    /// As events.
    Events,
    /// In one piece, whatever is asked.
    Whole,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            key: "sk-fake-0123456789".to_owned(),
            model: "fake-1".to_owned(),
            formats: vec!["json_schema", "json_object"],
            limit: "max_completion_tokens",
            usage: UsageTold::Asked,
            stream: Streaming::Events,
            pause: Duration::ZERO,
            author: None,
        }
    }
}

/// What an answer says.
#[derive(Clone, Debug)]
pub enum Say {
    /// This text, to its end.
    Text(String),
    /// This text, which ended at the token limit.
    Length(String),
    /// This text, until the content filter stopped it.
    Filtered(String),
    /// A refusal.
    Refusal(String),
    /// This text, then the connection's end without a reason.
    Unfinished(String),
    /// This text, then an error within the stream.
    Broken(String),
}

/// The running fake.
pub struct FakeOpenAi {
    server: Server<OpenAi>,
}

struct OpenAi {
    options: Options,
    queue: Mutex<VecDeque<Say>>,
    count: Mutex<u64>,
}

impl FakeOpenAi {
    /// Starts on a free port.
    pub fn start(options: Options) -> Self {
        Self::start_on(options, 0)
    }

    /// Starts on a port of one's choice.
    pub fn start_on(options: Options, port: u16) -> Self {
        let service = OpenAi { options, queue: Mutex::default(), count: Mutex::default() };
        Self { server: Server::start_on(service, Faults::default(), port) }
    }

    /// Its address, with `/v1`.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.server.url())
    }

    /// Settings that reach it: 1 dollar per million tokens read, 10 per million written.
    pub fn settings(&self) -> Value {
        json!({
            "base_url": self.base_url(),
            "model": self.server.service().options.model,
            "prompt_usd_per_million": 1.0,
            "completion_usd_per_million": 10.0,
        })
    }

    /// The key that it takes.
    pub fn key(&self) -> &str {
        &self.server.service().options.key
    }

    /// What the next answers say, before the author or the schema decide.
    pub fn say(&self, what: Say) {
        self.server.service().queue.lock().push_back(what);
    }

    /// What goes wrong. Operations: `chat`, `models`.
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// Requests so far.
    pub fn log(&self) -> Vec<Seen> {
        self.server.log()
    }

    /// Bodies of the questions so far.
    pub fn questions(&self) -> Vec<Value> {
        let log = self.log();
        log.iter()
            .filter(|seen| seen.operation == "chat")
            .map(|seen| serde_json::from_str(&seen.body).unwrap_or_default())
            .collect()
    }
}

impl Service for OpenAi {
    fn operation(&self, request: &Request) -> &'static str {
        if request.segments.last().is_some_and(|last| last == "completions") { "chat" } else { "models" }
    }

    fn answer(&self, request: &Request) -> Response {
        self.route(request).unwrap_or_else(|refusal| refusal)
    }

    fn refusal(&self, status: u16) -> Response {
        error(status, "made_up", &format!("made-up failure {status}"), None)
    }
}

impl OpenAi {
    fn route(&self, request: &Request) -> Result<Response, Response> {
        let expected = format!("Bearer {}", self.options.key);
        if !self.options.key.is_empty() && request.header("authorization") != Some(expected.as_str()) {
            let given = request.header("authorization").unwrap_or_default();
            return Err(error(
                401,
                "invalid_api_key",
                &format!("Incorrect API key provided: {given}."),
                None,
            ));
        }
        let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        match (request.method.as_str(), &segments[..]) {
            ("GET", ["v1", "models"]) => {
                Ok(Response::json(200, &json!({ "data": [{ "id": self.options.model }] })))
            }
            ("POST", ["v1", "chat", "completions"]) => self.chat(request),
            _ => Err(error(404, "not_found", "Unknown request URL.", None)),
        }
    }

    fn chat(&self, request: &Request) -> Result<Response, Response> {
        if request.header("content-type") != Some("application/json") {
            return Err(error(415, "unsupported", "Content-Type must be application/json", None));
        }
        let body = request.json();
        self.check(&body)?;
        let queued = self.queue.lock().pop_front();
        let say = queued.or_else(|| self.options.author.as_ref().map(|author| author(&body))).unwrap_or_else(
            || {
                let mut count = self.count.lock();
                Say::Text(
                    example(&body["response_format"]["json_schema"]["schema"], "item", &mut count)
                        .to_string(),
                )
            },
        );
        let prompt = request.body.len() as u64 / 4;
        let told = self.options.usage == UsageTold::Asked && body["stream_options"]["include_usage"] == true;
        if self.options.stream == Streaming::Whole || body["stream"] != true {
            return Ok(whole(&say, prompt));
        }
        Ok(self.streamed(&say, prompt, told))
    }

    fn check(&self, body: &Value) -> Result<(), Response> {
        let known = [
            "model",
            "messages",
            "stream",
            "stream_options",
            "response_format",
            "temperature",
            "max_tokens",
            "max_completion_tokens",
        ];
        let fields = body
            .as_object()
            .ok_or_else(|| error(400, "invalid_json", "The body is no JSON object.", None))?;
        let unknown = |name: &str, text: String| error(400, "unsupported_parameter", &text, Some(name));
        if let Some(odd) = fields.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(unknown(odd, format!("Unrecognized request argument supplied: {odd}")));
        }
        if body["model"] != json!(self.options.model) {
            return Err(error(
                404,
                "model_not_found",
                &format!("The model `{}` does not exist", body["model"]),
                None,
            ));
        }
        for limit in ["max_tokens", "max_completion_tokens"] {
            if fields.contains_key(limit) && limit != self.options.limit {
                let text = format!(
                    "Unsupported parameter: '{limit}' is not supported with this model. Use '{}' instead.",
                    self.options.limit
                );
                return Err(unknown(limit, text));
            }
        }
        if fields.contains_key("stream_options") && self.options.usage == UsageTold::Never {
            return Err(unknown("stream_options", "Unknown parameter: 'stream_options'.".to_owned()));
        }
        let format = body["response_format"]["type"].as_str();
        if let Some(format) = format.filter(|format| !self.options.formats.contains(format)) {
            return Err(unknown("response_format", format!("'response_format.type' must not be '{format}'")));
        }
        let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let words = messages.iter().all(|message| message["content"].is_string());
        if messages.is_empty() || !words {
            return Err(error(400, "invalid_messages", "Messages must have content.", Some("messages")));
        }
        // The real one wants the word in the messages before it promises JSON.
        if format == Some("json_object") && !body["messages"].to_string().contains("JSON") {
            let text = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
            return Err(error(400, "invalid_messages", text, Some("messages")));
        }
        Ok(())
    }

    fn streamed(&self, say: &Say, prompt: u64, told: bool) -> Response {
        let mut pieces =
            vec![event(&json!({ "choices": [{ "delta": { "role": "assistant", "content": "" } }] }))];
        let (text, finish) = parts(say);
        let key = if matches!(say, Say::Refusal(_)) { "refusal" } else { "content" };
        let letters: Vec<char> = text.chars().collect();
        for part in letters.chunks(7) {
            let text: String = part.iter().collect();
            pieces.push(event(&json!({ "choices": [{ "delta": { key: text }, "finish_reason": null }] })));
        }
        match say {
            Say::Unfinished(_) => {}
            Say::Broken(_) => {
                pieces.push(event(&json!({ "error": { "message": "The server had an error", "code": 500 } })))
            }
            _ => {
                pieces.push(event(&json!({ "choices": [{ "delta": {}, "finish_reason": finish }] })));
                if told {
                    pieces.push(event(&json!({ "choices": [], "usage": usage(prompt, &text) })));
                }
                pieces.push(Bytes::from_static(b"data: [DONE]\n\n"));
            }
        }
        let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
        let pieces = pieces.into_iter().map(|piece| (self.options.pause, piece)).collect();
        Response { status: 200, headers, pieces, delay: Duration::ZERO }
    }
}

fn parts(say: &Say) -> (String, &'static str) {
    match say {
        Say::Text(text) | Say::Unfinished(text) | Say::Broken(text) | Say::Refusal(text) => {
            (text.clone(), "stop")
        }
        Say::Length(text) => (text.clone(), "length"),
        Say::Filtered(text) => (text.clone(), "content_filter"),
    }
}

fn whole(say: &Say, prompt: u64) -> Response {
    let (text, finish) = parts(say);
    let message = match say {
        Say::Refusal(text) => json!({ "role": "assistant", "content": null, "refusal": text }),
        _ => json!({ "role": "assistant", "content": text }),
    };
    Response::json(
        200,
        &json!({ "choices": [{ "message": message, "finish_reason": finish }], "usage": usage(prompt, &text) }),
    )
}

fn usage(prompt: u64, text: &str) -> Value {
    json!({ "prompt_tokens": prompt, "completion_tokens": text.chars().count().div_ceil(4) })
}

fn event(value: &Value) -> Bytes {
    format!("data: {value}\n\n").into()
}

fn error(status: u16, code: &str, message: &str, param: Option<&str>) -> Response {
    Response::json(
        status,
        &json!({ "error": { "message": message, "type": "invalid_request_error", "code": code, "param": param } }),
    )
}

/// The plainest value of a schema; each text is another one.
fn example(schema: &Value, name: &str, count: &mut u64) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|choices| choices.first()) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(many) => many.first().cloned().unwrap_or_default(),
        one => one.clone(),
    };
    match kind.as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            Value::Object(
                properties
                    .map(|(name, inner)| (name.clone(), example(inner, name, count)))
                    .collect::<Map<_, _>>(),
            )
        }
        Some("array") => {
            let items = schema["minItems"].as_u64().unwrap_or(2);
            (0..items).map(|_| example(&schema["items"], name, count)).collect()
        }
        Some("integer") => schema["minimum"].as_i64().unwrap_or(1).into(),
        Some("number") => json!(schema["minimum"].as_f64().unwrap_or(1.0)),
        Some("boolean") => json!(true),
        _ => {
            *count += 1;
            json!(format!("{name} number {count} of this made-up answer"))
        }
    }
}
