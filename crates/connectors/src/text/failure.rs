//! What a failed call means: whether asking again could help, and when.

use super::Written;
use crate::http::words;
use http::HeaderMap;
use model::{Failure, Retryability, TaskError};
use serde_json::Value;
use std::time::SystemTime;
use vault::Mask;

/// How long to wait after a 429 that names no time, in milliseconds.
const PAUSE_MS: u64 = 10_000;
/// Longest wait that a server is granted, in milliseconds.
const LONGEST_MS: u64 = 3_600_000;

/// Why a call wrote nothing that counts.
pub(super) enum Reading {
    /// It failed.
    Failed(Failure),
    /// It failed in the middle of its answer, which was used up all the same.
    Cut(Box<Written>, Failure),
    /// Refused with these words, for what may be a parameter that this server does not know.
    Refused(String, Failure),
}

impl Reading {
    /// The same, after something had been written.
    pub(super) fn with(self, written: Written) -> Self {
        match self {
            Self::Failed(failure) | Self::Refused(_, failure) | Self::Cut(_, failure) => {
                Self::Cut(Box::new(written), failure)
            }
        }
    }
}

/// A failure of the connection: another attempt may find it mended.
pub(super) fn transient(error: TaskError) -> Failure {
    Failure { error, retry: Retryability::Transient }
}

/// What an answer other than a success means.
pub(super) fn of(host: &str, status: u16, headers: &HeaderMap, body: &[u8], mask: &Mask) -> Reading {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = if value["error"].is_object() { &value["error"] } else { &value };
    let text = ["message", "detail", "error"].iter().find_map(|key| error[*key].as_str());
    let said = words::tidy(&mask.apply(text.or(value["error"].as_str()).unwrap_or_default()));
    let code = [&error["code"], &error["type"]].into_iter().find_map(Value::as_str).unwrap_or_default();
    let says = |parts: &[&str]| {
        let (low, code) = (said.to_lowercase(), code.to_lowercase());
        parts.iter().any(|part| low.contains(part) || code.contains(part))
    };
    let colon = if said.is_empty() { "" } else { ": " };
    let task = |code: &str| TaskError::new(code, format!("{host} answered {status}{colon}{said}"));
    let permanent = |error: TaskError| Reading::Failed(Failure { error, retry: Retryability::Permanent });
    let later = wait(headers);
    if says(&[
        "content_policy",
        "content_filter",
        "content management policy",
        "usage guidelines",
        "safety system",
    ]) {
        return permanent(
            task("content_policy").with_help("the provider will not write about this: change the vision"),
        );
    }
    if says(&["insufficient_quota", "billing"]) || status == 402 {
        return permanent(task("quota").with_help("top up the account, then retry the failed tasks"));
    }
    if says(&["context_length", "context length", "maximum context"]) {
        return permanent(
            task("prompt_too_long").with_help("shorten the vision or the context, or choose a larger model"),
        );
    }
    match status {
        401 | 403 => permanent(task("unauthorized").with_help("set a valid key for the model's server")),
        404 => {
            permanent(task("model_unknown").with_help("check the model's name and the address of its server"))
        }
        429 => Reading::Failed(Failure {
            error: task("rate_limited"),
            retry: Retryability::Throttled(later.unwrap_or(PAUSE_MS)),
        }),
        408 | 409 | 425 | 500.. => {
            let retry = later.map_or(Retryability::Transient, Retryability::After);
            Reading::Failed(Failure { error: task(&format!("http_{status}")), retry })
        }
        400 | 415 | 422 => {
            let words = format!("{said} {code} {}", error["param"].as_str().unwrap_or_default());
            let failure = Failure { error: task("request_refused"), retry: Retryability::Permanent };
            Reading::Refused(words, failure)
        }
        _ => permanent(task(&format!("http_{status}"))),
    }
}

/// How long the headers ask to wait, in milliseconds.
fn wait(headers: &HeaderMap) -> Option<u64> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let exact =
        text("retry-after-ms").and_then(|text| text.trim().parse::<f64>().ok()).filter(|ms| *ms >= 0.0);
    let reset = || {
        ["x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"]
            .into_iter()
            .filter_map(|name| span(text(name)?))
            .max()
    };
    let wait = exact
        .map(|ms| ms as u64)
        .or_else(|| words::retry_after(headers, SystemTime::now()))
        .or_else(reset)?;
    Some(wait.min(LONGEST_MS))
}

/// A span such as `1h2m3.5s` or `20ms`, in milliseconds.
fn span(text: &str) -> Option<u64> {
    let mut total = 0.0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, length) = [("ms", 1.0), ("h", 3_600_000.0), ("m", 60_000.0), ("s", 1_000.0)]
            .into_iter()
            .find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        total += number * length;
    }
    (total > 0.0).then_some(total.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans() {
        assert_eq!(span("20ms"), Some(20));
        assert_eq!(span("1s"), Some(1_000));
        assert_eq!(span("6m0s"), Some(360_000));
        assert_eq!(span("1h2m3.5s"), Some(3_723_500));
        for odd in ["", "soon", "5", "1x", "-1s", "1..2s"] {
            assert_eq!(span(odd), None, "{odd}");
        }
    }
}
