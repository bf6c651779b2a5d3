//! Requests to the server's API, and its answers as values or problems.

use crate::problem::{Problem, Result, chain};
use reqwest::{Method, Response, StatusCode, header};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::Duration;

/// Longest time to get a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest time of a request that is no stream; a poll waits up to 25 s by itself.
const REQUEST: Duration = Duration::from_secs(60);
/// Longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A server's API.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// What the server says went wrong (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProblemDocument {
    title: String,
    code: String,
    detail: String,
    fields: Vec<FieldProblem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FieldProblem {
    path: String,
    message: String,
}

impl Client {
    /// The server at `base`, such as `http://127.0.0.1:8080`.
    pub(crate) fn new(base: &str, token: Option<String>) -> Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        if !base.starts_with("http://") {
            return Err(Problem::usage(format!("'{base}' is not the address of a server"))
                .hint("write it as http://host:port; for a server behind TLS, forward its port (ssh -L)"));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .user_agent(concat!("headway/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| Problem::failed(format!("cannot set up HTTP: {}", chain(&error))))?;
        Ok(Self { http, base, token })
    }

    /// Reads `path`.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.value(self.request(Method::GET, path).timeout(REQUEST)).await
    }

    /// Puts `body` in the place of what is at `path`.
    pub(crate) async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.value(self.request(Method::PUT, path).json(body).timeout(REQUEST)).await
    }

    /// Sends `body` to `path`, under a key that makes sending it twice harmless.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        let request = self.request(Method::POST, path).header("Idempotency-Key", random_key()).json(body);
        self.value(request.timeout(REQUEST)).await
    }

    /// Deletes `path`.
    pub(crate) async fn delete(&self, path: &str) -> Result<()> {
        let response = self.send(self.request(Method::DELETE, path).timeout(REQUEST)).await?;
        self.checked(response).await.map(|_| ())
    }

    /// Whether a server that accepts this client's token answers.
    pub(crate) async fn answers(&self) -> bool {
        let request = self.request(Method::GET, "/api/v1/session").timeout(CONNECT);
        matches!(request.send().await, Ok(response) if response.status().is_success())
    }

    /// Opens the stream at `path`, after `cursor` where there is one.
    pub(crate) async fn open(&self, path: &str, cursor: Option<&str>) -> Result<Response> {
        let mut request = self.request(Method::GET, path).header(header::ACCEPT, "text/event-stream");
        if let Some(cursor) = cursor {
            request = request.header("Last-Event-ID", cursor);
        }
        let response = self.send(request).await?;
        self.checked(response).await
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn value<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T> {
        let response = self.send(request).await?;
        let response = self.checked(response).await?;
        let body = body(response).await?;
        // 204 and 202 may come without a body.
        let bytes: &[u8] = if body.is_empty() { b"null" } else { &body };
        serde_json::from_slice(bytes).map_err(|error| {
            Problem::failed(format!(
                "the server at {} gave an answer that cannot be read: {error}",
                self.base
            ))
            .hint("is it another version of Headway? compare `headway --version` on both sides")
        })
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response> {
        request.send().await.map_err(|error| {
            let why = if error.is_timeout() { "it took too long".to_owned() } else { innermost(&error) };
            Problem::unreachable(format!("cannot reach the server at {}: {why}", self.base))
                .hint("is it running? `headway serve` starts it")
        })
    }

    /// `response` where it is a success; the server's problem otherwise.
    async fn checked(&self, response: Response) -> Result<Response> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let document = serde_json::from_slice(&body(response).await?).unwrap_or_default();
        Err(self.problem(status, document))
    }

    fn problem(&self, status: StatusCode, document: ProblemDocument) -> Problem {
        let detail = if document.detail.is_empty() { document.title } else { document.detail };
        let detail = if detail.is_empty() { format!("the server answered {status}") } else { detail };
        let code = if document.code.is_empty() { status.as_u16().to_string() } else { document.code };
        let fields = document.fields.iter().map(|f| format!("{}: {}", f.path, f.message)).collect::<Vec<_>>();
        let problem = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Problem::unreachable(detail).hint(
                "create a token with `headway token create` on the server, and set HEADWAY_TOKEN to it",
            ),
            _ => Problem::failed(detail),
        };
        let problem = problem.code(code);
        if fields.is_empty() { problem } else { problem.hint(fields.join("\n")) }
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > MAX_ANSWER_BYTES => {
                return Err(Problem::failed("the server's answer is larger than 64 MiB"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => {
                return Err(Problem::unreachable(format!(
                    "the server's answer broke off: {}",
                    innermost(&error)
                )));
            }
        }
    }
}

/// The cause that says most: the last of the chain.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// 128 random bits, hex.
pub(crate) fn random_key() -> String {
    let mut bytes = [0u8; 16];
    // Without randomness there is no idempotency, only a request that may be refused as a repetition.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `text` as one segment of a path: everything but unreserved characters percent-encoded.
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    // A dot segment would be resolved away.
    if out.chars().all(|c| c == '.') { out.replace('.', "%2E") } else { out }
}

/// An answer that nobody reads.
pub(crate) type Ignored = Value;
