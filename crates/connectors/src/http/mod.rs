//! The one HTTP client of all connectors: no redirects, caps on everything, and for each failure the answer to the question
//! that matters for exactly-once delivery: can the other side have seen the request?
//!
//! ```text
//! name lookup, connect, TLS handshake ── fails ─▶ Transport::NotSent    (nothing was written)
//! request ─▶ … no status line, reset, time-out ─▶ Transport::NoAnswer   (it may have been taken)
//! status line came, body did not ─────────────── ▶ Reply { body: Err }  (the status tells)
//! ```

mod reach;
pub(crate) mod words;

pub use reach::Reach;

use crate::Error;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use model::TaskError;
use reach::Resolver;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use url::Url;

/// How long connecting may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept: shorter than servers do, so that few requests meet a connection that is just ending.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
const IDLE_PER_HOST: usize = 16;
/// Bytes of an answer at most, where a call does not say otherwise.
pub(crate) const ANSWER_BYTES: usize = 8 << 20;
/// Bytes of one answer's headers at most.
const HEADER_BYTES: usize = 64 << 10;
const AGENT: &str = concat!("headway/", env!("CARGO_PKG_VERSION"));

type Connection = HttpsConnector<HttpConnector<Resolver>>;

/// The client. Cloning is cheap and shares connections; build one per [`Reach`] and keep it.
#[derive(Clone)]
pub struct Http {
    client: Client<Connection, Full<Bytes>>,
    reach: Reach,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("reach", &self.reach).finish_non_exhaustive()
    }
}

/// A request.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
    /// When waiting ends, for the answer's last byte.
    pub(crate) deadline: Instant,
    /// Bytes of the answer at most.
    pub(crate) cap: usize,
}

/// An answer: its status line came.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body, or why it did not come whole.
    pub(crate) body: Result<Bytes, BodyLost>,
}

/// Why a body did not come whole.
pub(crate) enum BodyLost {
    /// The connection ended, or time ran out.
    Cut(TaskError),
    /// It is larger than the call allows.
    TooLarge(TaskError),
}

impl BodyLost {
    /// Code of the error of a body that is too large.
    pub(crate) const TOO_LARGE: &str = "answer_too_large";

    pub(crate) fn into_error(self) -> TaskError {
        match self {
            Self::Cut(error) | Self::TooLarge(error) => error,
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Transport {
    /// Nothing was written: the other side cannot have seen it.
    NotSent(TaskError),
    /// It may have arrived.
    NoAnswer(TaskError),
}

impl Transport {
    pub(crate) fn into_error(self) -> TaskError {
        match self {
            Self::NotSent(error) | Self::NoAnswer(error) => error,
        }
    }
}

impl Http {
    /// A client that reaches so far.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(reach: Reach) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::Tls)?;
        // A host without certificates of its own (a bare container) gets those that browsers trust.
        let tls = match builder.clone().try_with_platform_verifier() {
            Ok(builder) => builder.with_no_client_auth(),
            Err(_) => builder.with_webpki_roots().with_no_client_auth(),
        };
        let mut tcp = HttpConnector::new_with_resolver(Resolver::new(reach));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connection = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .http1_max_buf_size(HEADER_BYTES)
            .build(connection);
        Ok(Self { client, reach })
    }

    /// How far it reaches.
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// Sends a request and reads the whole answer. Redirects are answers like any other.
    pub(crate) async fn send(&self, call: Call) -> Result<Reply, Transport> {
        let (deadline, cap) = (call.deadline, call.cap);
        let response = self.open(call).await?;
        let (head, body) = response.into_parts();
        let body = read(body, deadline, cap).await;
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, body })
    }

    /// Sends a request and gives the answer as soon as its head is there.
    pub(crate) async fn open(&self, call: Call) -> Result<http::Response<Incoming>, Transport> {
        let host = host_of(&call.url);
        let request =
            self.request(call.method, &call.url, call.headers, call.body).map_err(Transport::NotSent)?;
        let left = call.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Transport::NotSent(TaskError::new(
                "no_time",
                format!("no time was left to ask {host}"),
            )));
        }
        match tokio::time::timeout(left, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_connect() => Err(Transport::NotSent(unreachable(&host, &error))),
            Ok(Err(error)) => {
                let text = format!("the connection to {host} ended before an answer came: {}", cause(&error));
                Err(Transport::NoAnswer(TaskError::new("no_answer", text)))
            }
            Err(_) => {
                let text = format!("{host} gave no answer within {:.1} s", left.as_secs_f64());
                Err(Transport::NoAnswer(TaskError::new("timeout", text)))
            }
        }
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, TaskError> {
        self.reach.check(url)?;
        let broken =
            || TaskError::new("invalid_url", format!("{} is no address that can be asked", host_of(url)));
        let uri: Uri = url.as_str().split('#').next().unwrap_or_default().parse().map_err(|_| broken())?;
        let mut request =
            Request::builder().method(method).uri(uri).body(Full::new(body)).map_err(|_| broken())?;
        request.headers_mut().insert(http::header::USER_AGENT, HeaderValue::from_static(AGENT));
        for (name, value) in headers {
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }
}

/// Reads a body, up to `cap` bytes and until `deadline`.
async fn read(mut body: Incoming, deadline: Instant, cap: usize) -> Result<Bytes, BodyLost> {
    let mut bytes = BytesMut::new();
    loop {
        match frame(&mut body, deadline).await {
            Ok(None) => return Ok(bytes.freeze()),
            Ok(Some(data)) => {
                if bytes.len() + data.len() > cap {
                    let text = format!("the answer is larger than {cap} bytes");
                    return Err(BodyLost::TooLarge(TaskError::new(BodyLost::TOO_LARGE, text)));
                }
                bytes.extend_from_slice(&data);
            }
            Err(error) => return Err(BodyLost::Cut(error)),
        }
    }
}

/// The next piece of a body; `None` at its end.
pub(crate) async fn frame(body: &mut Incoming, deadline: Instant) -> Result<Option<Bytes>, TaskError> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left, body.frame()).await {
            Ok(None) => return Ok(None),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Ok(Some(Err(error))) => {
                let text = format!("the connection ended within the answer: {}", innermost(&error));
                return Err(TaskError::new("answer_cut", text));
            }
            Err(_) => return Err(TaskError::new("timeout", "time ran out within the answer")),
        }
    }
}

fn unreachable(host: &str, error: &hyper_util::client::legacy::Error) -> TaskError {
    let cause = cause(error);
    if cause.contains(reach::PRIVATE) {
        return reach::private(host);
    }
    TaskError::new("unreachable", format!("{host} cannot be reached: {cause}"))
        .with_help("check the address, the network and the certificate")
}

fn cause(error: &hyper_util::client::legacy::Error) -> String {
    innermost(error)
}

/// The innermost source says what happened; the outer ones only where.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string().chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Host and port of an address: what may be shown of it.
pub(crate) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
