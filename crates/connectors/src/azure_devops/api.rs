//! Calls of the REST API, and what its answers mean.

use super::settings::Settings;
use crate::{
    http::{ANSWER_BYTES, BodyLost, Call, Http, Reply, Transport, words},
    settings::join,
    time::Deadline,
};
use activity::connector::{Answer, PaceHint, Permanence};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use model::TaskError;
use serde_json::Value;
use std::{
    sync::Mutex,
    time::{Duration, SystemTime},
};
use url::Url;
use vault::{Mask, Secret};

/// How long one request may take: Azure DevOps answers a throttled one up to 30 s late.
const REQUEST_TIME: Duration = Duration::from_secs(45);
const VERSION: &str = "7.1";
const SIGN_IN: &str = "renew the personal access token (scopes: Work Items read & write; for test plans Test Management read & write) \
                       and set it as the destination's secret";

pub(super) const JSON: &str = "application/json";
pub(super) const JSON_PATCH: &str = "application/json-patch+json";

/// The API of one organisation, as one token may use it.
pub(super) struct Api {
    pub(super) settings: Settings,
    http: Http,
    authorization: HeaderValue,
    mask: Mask,
}

/// One round of calls: they share a deadline, and what they heard of the pace.
pub(super) struct Round {
    pub(super) deadline: Deadline,
    pace: Mutex<PaceHint>,
}

impl Round {
    pub(super) fn new(time: Duration) -> Self {
        Self { deadline: Deadline::after(time), pace: Mutex::default() }
    }

    pub(super) fn pace(&self) -> PaceHint {
        *self.pace.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn heard(&self, hint: PaceHint) {
        let mut pace = self.pace.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *pace = words::stricter(*pace, hint);
    }
}

/// A request.
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) content_type: &'static str,
    /// `Null` for none.
    pub(super) body: Value,
    /// Bytes of the answer at most.
    pub(super) cap: usize,
}

/// A success.
pub(super) struct Taken {
    pub(super) body: Value,
    /// Where the next page begins.
    pub(super) continuation: Option<String>,
}

impl Api {
    pub(super) fn new(settings: Settings, secret: &Secret, http: &Http) -> Result<Self, TaskError> {
        let pair = [b":", secret.expose()].concat();
        let wrong = |_| TaskError::new("invalid_settings", "the secret cannot be sent in a header");
        let mut authorization =
            HeaderValue::try_from(format!("Basic {}", BASE64.encode(pair))).map_err(wrong)?;
        authorization.set_sensitive(true);
        Ok(Self { settings, http: http.clone(), authorization, mask: Mask::new([secret]) })
    }

    /// An address below the organisation.
    pub(super) fn organization(&self, segments: &[&str]) -> Url {
        let mut all = vec![self.settings.organization.as_str()];
        all.extend(segments);
        versioned(join(&self.settings.base, &all))
    }

    /// An address below the project.
    pub(super) fn project(&self, segments: &[&str]) -> Url {
        let mut all = vec![self.settings.organization.as_str(), self.settings.project.as_str()];
        all.extend(segments);
        versioned(join(&self.settings.base, &all))
    }

    pub(super) async fn get(&self, round: &Round, url: Url) -> Result<Taken, Answer> {
        let ask = Ask { method: Method::GET, url, content_type: JSON, body: Value::Null, cap: ANSWER_BYTES };
        self.call(round, ask).await
    }

    pub(super) async fn post(&self, round: &Round, url: Url, body: Value) -> Result<Taken, Answer> {
        self.call(round, Ask { method: Method::POST, url, content_type: JSON, body, cap: ANSWER_BYTES }).await
    }

    /// Makes a call. What is not a success is told as the answer to a message that the call sent.
    pub(super) async fn call(&self, round: &Round, ask: Ask) -> Result<Taken, Answer> {
        let mut headers = vec![
            (header::AUTHORIZATION, self.authorization.clone()),
            (header::ACCEPT, HeaderValue::from_static(JSON)),
            // Without it some answers to a bad token are a redirect to a page for people.
            (HeaderName::from_static("x-tfs-fedauthredirect"), HeaderValue::from_static("Suppress")),
        ];
        let body = if ask.body.is_null() { Bytes::new() } else { Bytes::from(ask.body.to_string()) };
        if !body.is_empty() {
            headers.push((header::CONTENT_TYPE, HeaderValue::from_static(ask.content_type)));
        }
        let deadline = round.deadline.request(REQUEST_TIME);
        let call = Call { method: ask.method, url: ask.url, headers, body, deadline, cap: ask.cap };
        match self.http.send(call).await {
            Err(Transport::NotSent(error)) => Err(Answer::NotSent { error: self.masked(error) }),
            Err(Transport::NoAnswer(error)) => Err(Answer::NoAnswer { error: self.masked(error) }),
            Ok(reply) => {
                round.heard(words::pace(&reply.headers, SystemTime::now()));
                self.read(reply)
            }
        }
    }

    fn read(&self, reply: Reply) -> Result<Taken, Answer> {
        let status = reply.status;
        if signs_in(status, &reply.headers) {
            let error =
                TaskError::new("unauthorized", format!("Azure DevOps does not accept the token ({status})"));
            return Err(Answer::Unauthorized { error: error.with_help(SIGN_IN) });
        }
        if !(200..300).contains(&status) {
            let body = reply.body.unwrap_or_default();
            let body = serde_json::from_slice(&body)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
            return Err(self.failure(status, &reply.headers, &body));
        }
        let body = reply.body.map_err(|lost| Answer::NoAnswer { error: self.masked(lost.into_error()) })?;
        let unreadable = |_| Answer::NoAnswer {
            error: TaskError::new(
                "answer_unreadable",
                format!("Azure DevOps answered {status}, but not in JSON"),
            ),
        };
        let continuation = reply.headers.get("x-ms-continuationtoken").and_then(|value| value.to_str().ok());
        let continuation = continuation.filter(|token| !token.is_empty()).map(str::to_owned);
        Ok(Taken { body: serde_json::from_slice(&body).map_err(unreadable)?, continuation })
    }

    /// What an answer other than a success means; it is the same for a part of a batch.
    pub(super) fn failure(&self, status: u16, headers: &HeaderMap, body: &Value) -> Answer {
        let words = Words::of(body);
        let said = if words.message.is_empty() { String::new() } else { format!(": {}", words.message) };
        let code = words.key.map_or_else(|| format!("http_{status}"), snake);
        let error = self.masked(TaskError::new(code, format!("Azure DevOps answered {status}{said}")));
        let after_ms = words::retry_after(headers, SystemTime::now());
        let key = words.key.unwrap_or_default();
        if key.contains("Throttl")
            || key == "RequestBlockedException"
            || (status == 403 && after_ms.is_some())
        {
            return Answer::Throttled { after_ms, error };
        }
        if key == "WorkItemUnauthorizedAccessException" {
            let help = "the parent was deleted there, or the token may not read it: restore it, or stage the parent again";
            return Answer::Refused { error: error.with_help(help), permanent: Permanence::Permanent };
        }
        // The tree of areas and iterations is cached there: a node that was just made may be unknown for a while.
        if words.message.contains("TF401347") || key == "WorkItemRevisionMismatchException" {
            return Answer::Refused { error, permanent: Permanence::MayChange };
        }
        match words::answer(status, headers, error) {
            Answer::Unauthorized { error } => Answer::Unauthorized { error: error.with_help(SIGN_IN) },
            other => other,
        }
    }

    fn masked(&self, mut error: TaskError) -> TaskError {
        error.message = self.mask.apply(&error.message).into_owned();
        error
    }

    /// Headers of a preview: as sent, the token masked.
    pub(super) fn shown_headers(content_type: &str) -> Vec<(String, String)> {
        vec![
            ("Authorization".to_owned(), format!("Basic {}", vault::MASK)),
            ("Content-Type".to_owned(), content_type.to_owned()),
        ]
    }
}

/// An address with `api-version`.
fn versioned(mut url: Url) -> Url {
    url.query_pairs_mut().append_pair("api-version", VERSION);
    url
}

/// An unusable token is answered with 401, or with 203 or a redirect and a page to sign in on.
fn signs_in(status: u16, headers: &HeaderMap) -> bool {
    let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    status == 203
        || status == 401
        || (status == 302 && (location.contains("_signin") || location.contains("login.")))
}

/// What an error's body says.
struct Words<'a> {
    message: String,
    key: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn of(body: &'a Value) -> Self {
        if let Value::String(text) = body {
            let page = text.trim_start().starts_with('<');
            return Self { message: if page { String::new() } else { words::tidy(text) }, key: None };
        }
        let places = [body, &body["value"]];
        let text = |names: [&str; 2]| {
            places
                .iter()
                .flat_map(|place| names.map(|name| place[name].as_str()))
                .flatten()
                .find(|text| !text.is_empty())
        };
        let key = text(["typeKey", "TypeKey"])
            .filter(|key| key.len() < 100 && key.bytes().all(|b| b.is_ascii_alphanumeric()));
        Self { message: words::tidy(text(["message", "Message"]).unwrap_or_default()), key }
    }
}

/// `RuleValidationException` → `rule_validation`.
fn snake(key: &str) -> String {
    let mut out = String::new();
    for c in key.strip_suffix("Exception").unwrap_or(key).chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Whether an answer only says that it was too large to be read.
pub(super) fn too_large(answer: &Answer) -> bool {
    matches!(answer, Answer::NoAnswer { error } if error.code == BodyLost::TOO_LARGE)
}
