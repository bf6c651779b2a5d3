//! Language models behind any OpenAI-compatible `/chat/completions`: OpenAI, xAI, Azure, Ollama, vLLM, llama.cpp.
//!
//! ```text
//! generate ─▶ ask (dialect: schema ▸ object ▸ words) ─SSE▶ text ─lax▶ JSON of the shape ─▶ answer
//!               ▲                                     │ ended at the token limit: once more with twice as many
//!               └──── once: what was wrong with it ◀──┘ no JSON of the shape
//! ```
//! Nothing is retried here that costs time: what asks to be tried later says so in its failure, and the engine waits. What
//! each call used up is told, whatever came of it.

mod dialect;
mod failure;
mod lax;
mod sse;

use crate::{
    Http,
    http::{ANSWER_BYTES, Call, host_of},
    settings::{base_url, join, plain, read, wrong},
    time::Deadline,
};
use activity::text::{TextAnswer, TextFailure, TextFuture, TextModel, TextRequest, Usage};
use bytes::Bytes;
use dialect::{Ask, Dialect};
use failure::{Reading, transient};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use hyper::body::Incoming;
use model::{Failure, TaskError};
use serde::Deserialize;
use serde_json::{Value, json};
use sse::Events;
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use url::Url;
use vault::{Mask, Secret};

/// The kind's name.
pub const KIND: &str = "openai";

const KEYS: [&str; 6] = [
    "base_url",
    "model",
    "prompt_usd_per_million",
    "completion_usd_per_million",
    "timeout_ms",
    "temperature",
];
const NAME_CHARS: usize = 200;
/// Bytes of an answer's text at most.
const TEXT_BYTES: usize = 2 << 20;
/// Bytes of all that comes over the wire for it: each word travels in an envelope.
const STREAM_BYTES: usize = 256 << 20;
/// How often a request is sent in another dialect.
const DIALECTS: usize = 6;
/// Characters of text a token stands for, where the server does not count.
const CHARS_PER_TOKEN: u64 = 4;
/// Longest time-out, in milliseconds.
const LONGEST_MS: u64 = 3_600_000;
/// How long a test of the connection may take.
const TEST_TIME: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
struct Settings {
    #[serde(default = "default_base")]
    base_url: String,
    model: String,
    #[serde(default)]
    prompt_usd_per_million: f64,
    #[serde(default)]
    completion_usd_per_million: f64,
    #[serde(default = "default_timeout")]
    timeout_ms: u64,
    temperature: Option<f64>,
}

fn default_base() -> String {
    "https://api.openai.com/v1".to_owned()
}

fn default_timeout() -> u64 {
    300_000
}

/// A model behind such a server.
pub struct OpenAi {
    http: Http,
    base: Url,
    settings: Settings,
    authorization: Option<HeaderValue>,
    mask: Mask,
    dialect: Mutex<Dialect>,
}

/// What one call wrote.
#[derive(Default)]
struct Written {
    text: String,
    /// Characters of the text.
    chars: usize,
    refusal: String,
    finish: String,
    usage: Option<(u64, u64)>,
}

impl OpenAi {
    /// A model with these settings: `base_url` (its `/v1`), `model`, `prompt_usd_per_million`, `completion_usd_per_million`,
    /// `timeout_ms` for a whole answer, `temperature`. Local servers need no secret.
    ///
    /// # Errors
    /// `invalid_settings`.
    pub fn new(settings: &Value, secret: Option<&Secret>, http: &Http) -> Result<Self, TaskError> {
        let settings: Settings = read(KIND, settings, &KEYS)?;
        plain(KIND, "model", &settings.model, NAME_CHARS)?;
        let prices = [settings.prompt_usd_per_million, settings.completion_usd_per_million];
        if prices.iter().any(|price| !(0.0..=1e6).contains(price)) {
            return Err(wrong(KIND, "prices must be 0 to 1000000 US dollars per million tokens"));
        }
        if !(1..=LONGEST_MS).contains(&settings.timeout_ms) {
            return Err(wrong(KIND, &format!("`timeout_ms` must be 1 to {LONGEST_MS}")));
        }
        let base = base_url(KIND, &settings.base_url)?;
        let base = if base.path() == "/" { join(&base, &["v1"]) } else { base };
        let authorization = secret.filter(|secret| !secret.is_empty()).map(|secret| {
            let text = format!("Bearer {}", secret.expose_str().unwrap_or_default().trim());
            HeaderValue::try_from(text).map_err(|_| wrong(KIND, "the secret cannot be sent in a header"))
        });
        let mut authorization = authorization.transpose()?;
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        let mask = Mask::new(secret);
        Ok(Self { http: http.clone(), base, settings, authorization, mask, dialect: Mutex::default() })
    }

    async fn answer(&self, request: &TextRequest) -> Result<TextAnswer, TextFailure> {
        let deadline = Deadline::after(Duration::from_millis(self.settings.timeout_ms));
        let mut usage = Usage::default();
        let mut max_tokens = request.max_tokens;
        let mut again: Vec<Value> = Vec::new();
        let (mut longer, mut asked_again) = (false, false);
        loop {
            let written = self.ask(request, &again, max_tokens, deadline, &mut usage).await;
            let written = written.map_err(|failure| TextFailure { failure, usage })?;
            let failed = |failure| Err(TextFailure { failure, usage });
            if let Some(failure) = self.refusal(&written) {
                return failed(failure);
            }
            match lax::read(&written.text, &request.schema) {
                Ok(value) => return Ok(TextAnswer { value, usage }),
                Err(_) if written.finish == "length" && !longer => {
                    longer = true;
                    max_tokens = max_tokens.saturating_mul(2);
                }
                Err(_) if written.finish == "length" => {
                    let text = format!("the model's answer was not finished within {max_tokens} tokens");
                    let mut failure = Failure::permanent("answer_too_long", text);
                    failure.error =
                        failure.error.with_help("ask for fewer items at once, or allow more tokens");
                    return failed(failure);
                }
                Err(what) if !asked_again => {
                    asked_again = true;
                    again = vec![
                        json!({ "role": "assistant", "content": written.text }),
                        json!({ "role": "user", "content": format!("That cannot be used: {what}. Answer again, with the JSON alone.") }),
                    ];
                }
                Err(what) => {
                    let text = format!("the model answered twice, but not as asked: {what}");
                    return failed(Failure::transient("answer_unusable", text));
                }
            }
        }
    }

    /// A model that will not answer: the same would be refused again.
    fn refusal(&self, written: &Written) -> Option<Failure> {
        if written.finish == "content_filter" {
            let text = "the provider's content filter stopped the answer";
            return Some(Failure::permanent("content_policy", text));
        }
        if !written.refusal.is_empty() {
            let said = crate::http::words::tidy(&self.mask.apply(&written.refusal));
            return Some(Failure::permanent("refused", format!("the model refused: {said}")));
        }
        None
    }

    /// Asks once, in the dialect that the server understands. Counts what it took.
    async fn ask(
        &self,
        request: &TextRequest,
        again: &[Value],
        max_tokens: u32,
        deadline: Deadline,
        usage: &mut Usage,
    ) -> Result<Written, Failure> {
        let mut dialect = *self.dialect.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..DIALECTS {
            let mut messages = vec![
                json!({ "role": "system", "content": request.system }),
                json!({ "role": "user", "content": self.prompt(request, dialect) }),
            ];
            messages.extend_from_slice(again);
            let ask = Ask {
                model: &self.settings.model,
                messages: &messages,
                max_tokens,
                temperature: self.settings.temperature,
                schema_name: &request.schema_name,
                schema: &request.schema,
            };
            let body = Bytes::from(dialect.body(&ask).to_string());
            let prompt_bytes = body.len();
            match self.stream(body, deadline, request).await {
                Ok(written) => {
                    *self.dialect.lock().unwrap_or_else(PoisonError::into_inner) = dialect;
                    self.count(&written, prompt_bytes, usage);
                    return Ok(written);
                }
                Err(Reading::Failed(failure)) => return Err(failure),
                Err(Reading::Cut(written, failure)) => {
                    // What was written until then was used up.
                    self.count(&written, prompt_bytes, usage);
                    return Err(failure);
                }
                Err(Reading::Refused(words, failure)) => match dialect.after(&words) {
                    Some(other) => dialect = other,
                    None => return Err(failure),
                },
            }
        }
        Err(Failure::permanent(
            "dialect_unknown",
            "the model's server refuses every form of request that is known",
        ))
    }

    fn prompt(&self, request: &TextRequest, dialect: Dialect) -> String {
        if dialect.needs_words() {
            let schema = &request.schema;
            return format!("{}\n\nAnswer with JSON alone, of this JSON Schema:\n{schema}", request.prompt);
        }
        request.prompt.clone()
    }

    async fn stream(
        &self,
        body: Bytes,
        deadline: Deadline,
        request: &TextRequest,
    ) -> Result<Written, Reading> {
        let end = deadline.request(Duration::from_millis(LONGEST_MS));
        let headers = self.headers("text/event-stream", &[(header::CONTENT_TYPE, "application/json")]);
        let url = join(&self.base, &["chat", "completions"]);
        let call = Call { method: Method::POST, url, headers, body, deadline: end, cap: ANSWER_BYTES };
        let response =
            self.http.open(call).await.map_err(|error| Reading::Failed(transient(error.into_error())))?;
        let (head, body) = response.into_parts();
        let status = head.status.as_u16();
        if !head.status.is_success() {
            let text = collect(body, end, ANSWER_BYTES).await.unwrap_or_default();
            return Err(self.failure(status, &head.headers, &text));
        }
        let streamed = head
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        if streamed {
            return self.events(body, end, request).await;
        }
        // A server that does not stream answers in one piece.
        let text = collect(body, end, TEXT_BYTES + ANSWER_BYTES)
            .await
            .map_err(|error| Reading::Failed(transient(error)))?;
        let value: Value = serde_json::from_slice(&text).map_err(|_| {
            Reading::Failed(Failure::transient(
                "answer_unreadable",
                "the model's server answered, but not in JSON",
            ))
        })?;
        let mut written = Written::default();
        self.take(&value, "message", &mut written)?;
        grown(request, &written);
        Ok(written)
    }

    async fn events(
        &self,
        mut body: Incoming,
        end: Instant,
        request: &TextRequest,
    ) -> Result<Written, Reading> {
        let mut written = Written::default();
        let mut events = Events::default();
        let mut bytes = 0;
        loop {
            let piece = match crate::http::frame(&mut body, end).await {
                Ok(piece) => piece,
                Err(error) => return Err(Reading::Cut(Box::new(written), transient(error))),
            };
            let ended = piece.is_none();
            let data = match &piece {
                Some(piece) => events.push(piece),
                None => events.finish(),
            };
            bytes += piece.map_or(0, |piece| piece.len());
            let before = written.text.len();
            for event in data {
                if event == "[DONE]" {
                    return Ok(written);
                }
                // What is no JSON is a keep-alive of some kind.
                let Ok(value) = serde_json::from_str::<Value>(&event) else { continue };
                if let Err(reading) = self.take(&value, "delta", &mut written) {
                    return Err(reading.with(written));
                }
            }
            if written.text.len() > TEXT_BYTES || events.waiting() > TEXT_BYTES || bytes > STREAM_BYTES {
                let text = format!("the model wrote more than {TEXT_BYTES} bytes and was stopped");
                return Err(Reading::Cut(Box::new(written), Failure::transient("answer_too_large", text)));
            }
            if written.text.len() > before {
                grown(request, &written);
            }
            if ended {
                // Some servers leave out the last word; without a reason to finish the answer was cut off.
                if written.finish.is_empty() {
                    let error = TaskError::new("answer_cut", "the model's answer ended in its middle");
                    return Err(Reading::Cut(Box::new(written), transient(error)));
                }
                return Ok(written);
            }
        }
    }

    /// Takes in one event, or the whole answer of a server that does not stream.
    fn take(&self, value: &Value, part: &str, written: &mut Written) -> Result<(), Reading> {
        if let Some(error) = value.get("error").filter(|error| !error.is_null()) {
            let status = error["code"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(500);
            return Err(self.failure(
                status,
                &HeaderMap::new(),
                json!({ "error": error }).to_string().as_bytes(),
            ));
        }
        let tokens = |name: &str| value["usage"][name].as_u64();
        if let (Some(prompt), Some(completion)) = (tokens("prompt_tokens"), tokens("completion_tokens")) {
            written.usage = Some((prompt, completion));
        }
        let choice = &value["choices"][0];
        if let Some(text) = choice[part]["content"].as_str() {
            written.text.push_str(text);
            written.chars += text.chars().count();
        }
        if let Some(text) = choice[part]["refusal"].as_str() {
            written.refusal.push_str(text);
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            written.finish = reason.to_owned();
        }
        Ok(())
    }

    /// Adds what a call took; estimated by the text's length where the server does not say.
    fn count(&self, written: &Written, prompt_bytes: usize, usage: &mut Usage) {
        let (prompt, completion) = written.usage.unwrap_or_else(|| {
            let tokens = |length: usize| (length as u64).div_ceil(CHARS_PER_TOKEN);
            (tokens(prompt_bytes), tokens(written.chars))
        });
        // A dollar per million tokens is a millionth of a dollar per token.
        let cost = prompt as f64 * self.settings.prompt_usd_per_million
            + completion as f64 * self.settings.completion_usd_per_million;
        *usage += Usage {
            prompt_tokens: prompt,
            completion_tokens: completion,
            cost_micro_usd: cost.round() as u64,
        };
    }

    fn failure(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Reading {
        failure::of(&host_of(&self.base), status, headers, body, &self.mask)
    }

    fn headers(
        &self,
        accept: &'static str,
        more: &[(HeaderName, &'static str)],
    ) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = vec![(header::ACCEPT, HeaderValue::from_static(accept))];
        headers.extend(self.authorization.iter().map(|value| (header::AUTHORIZATION, value.clone())));
        headers.extend(more.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))));
        headers
    }

    async fn try_out(&self) -> Result<String, TaskError> {
        let host = host_of(&self.base);
        let call = Call {
            method: Method::GET,
            url: join(&self.base, &["models"]),
            headers: self.headers("application/json", &[]),
            body: Bytes::new(),
            deadline: Deadline::after(TEST_TIME).request(TEST_TIME),
            cap: ANSWER_BYTES,
        };
        let reply = self.http.send(call).await.map_err(crate::http::Transport::into_error)?;
        let body = reply.body.unwrap_or_default();
        let name = &self.settings.model;
        match reply.status {
            200..=299 => {
                let models: Value = serde_json::from_slice(&body).unwrap_or_default();
                let listed = models["data"].as_array().map(Vec::as_slice).unwrap_or_default();
                if listed.is_empty() || listed.iter().any(|model| model["id"].as_str() == Some(name)) {
                    return Ok(format!("connected to {host}, model {name}"));
                }
                let some: Vec<&str> =
                    listed.iter().filter_map(|model| model["id"].as_str()).take(8).collect();
                Err(TaskError::new("model_unknown", format!("{host} has no model {name}"))
                    .with_help(format!("it has {}", some.join(", "))))
            }
            404 | 405 => Ok(format!("connected to {host}, which lists no models; {name} is not checked")),
            status => match self.failure(status, &reply.headers, &body) {
                Reading::Failed(failure) | Reading::Refused(_, failure) | Reading::Cut(_, failure) => {
                    Err(failure.error)
                }
            },
        }
    }
}

impl TextModel for OpenAi {
    fn name(&self) -> &str {
        &self.settings.model
    }

    fn generate<'a>(&'a self, request: &'a TextRequest) -> TextFuture<'a> {
        Box::pin(self.answer(request))
    }

    fn test(&self) -> Pin<Box<dyn Future<Output = Result<String, TaskError>> + Send + '_>> {
        Box::pin(self.try_out())
    }
}

/// Makes a language model from settings; see [`OpenAi::new`]. Nothing is connected to yet.
///
/// # Errors
/// `invalid_settings`, with what to do.
pub fn build(
    settings: &Value,
    secret: Option<&Secret>,
    http: &Http,
) -> Result<Arc<dyn TextModel>, TaskError> {
    Ok(Arc::new(OpenAi::new(settings, secret, http)?))
}

fn grown(request: &TextRequest, written: &Written) {
    if let Some(tell) = &request.on_growth {
        tell(written.chars);
    }
}

async fn collect(mut body: Incoming, end: Instant, cap: usize) -> Result<Vec<u8>, TaskError> {
    let mut bytes = Vec::new();
    while let Some(piece) = crate::http::frame(&mut body, end).await? {
        if bytes.len() + piece.len() > cap {
            return Err(TaskError::new("answer_too_large", format!("the answer is larger than {cap} bytes")));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}
