//! The HTTP server that all fakes are: it reads a request whole, asks the fault plan, and answers or misbehaves.

use crate::{Fault, Faults, Rule};
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{body::Frame, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Bytes of a request's body that the log keeps.
const LOGGED_BYTES: usize = 64 << 10;
/// Requests that the log keeps.
const LOGGED: usize = 200_000;
/// How long a body that is cut goes on.
const CUT_AFTER: Duration = Duration::from_millis(2);
/// Piece of an endless body.
const PIECE: usize = 64 << 10;

/// A request, read whole.
pub struct Request {
    /// Such as `POST`.
    pub method: String,
    /// Path segments, decoded.
    pub segments: Vec<String>,
    /// Query pairs, decoded.
    pub query: Vec<(String, String)>,
    /// The address as it came.
    pub target: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query value.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `Null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// An answer.
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Pieces of the body, each with the time that passes before it.
    pub pieces: Vec<(Duration, Bytes)>,
    /// Time that passes before the status.
    pub delay: Duration,
}

impl Response {
    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json; charset=utf-8".to_owned())];
        Self {
            status,
            headers,
            pieces: vec![(Duration::ZERO, body.to_string().into())],
            delay: Duration::ZERO,
        }
    }

    /// A text answer.
    pub fn text(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, pieces: vec![(Duration::ZERO, body.into())], delay: Duration::ZERO }
    }

    /// The same with a header more.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }
}

/// A fake's behaviour.
pub trait Service: Send + Sync + 'static {
    /// What the fault plan and the log call this request.
    fn operation(&self, request: &Request) -> &'static str;

    /// Does what is asked.
    fn answer(&self, request: &Request) -> Response;

    /// An answer with this status that did nothing, in the service's own form.
    fn refusal(&self, status: u16) -> Response;

    /// All that is known of the state, for `/_control/state`.
    fn state(&self) -> Value {
        Value::Null
    }
}

/// A request that came, for tests to look at.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Since the fake started.
    pub at: Duration,
    /// What it asked for, such as `create`.
    pub operation: &'static str,
    /// Such as `POST`.
    pub method: String,
    /// The address as it came.
    pub target: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body's begin.
    pub body: String,
    /// The answer's status; `None` where none was sent.
    pub status: Option<u16>,
    /// What went wrong on purpose.
    pub fault: Option<Fault>,
}

/// A running fake.
pub struct Server<S: Service> {
    service: Arc<S>,
    faults: Faults,
    log: Arc<Mutex<Vec<Seen>>>,
    address: SocketAddr,
    stop: Arc<Notify>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl<S: Service> Server<S> {
    /// Starts on a free port.
    pub fn start(service: S, faults: Faults) -> Self {
        Self::start_on(service, faults, 0)
    }

    /// Starts on a port of one's choice.
    ///
    /// # Panics
    /// Where the port is taken.
    pub fn start_on(service: S, faults: Faults, port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let address = listener.local_addr().expect("a listener has an address");
        let service = Arc::new(service);
        let log = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(Notify::new());
        let host = Host {
            service: Arc::clone(&service),
            faults: faults.clone(),
            log: Arc::clone(&log),
            started: Instant::now(),
        };
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, Arc::new(host)) => {}
                    () = stopped.notified() => {}
                }
            });
            runtime.shutdown_background();
        });
        Self { service, faults, log, address, stop, thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its root address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its behaviour and state.
    pub fn service(&self) -> &S {
        &self.service
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What has come so far.
    pub fn log(&self) -> Vec<Seen> {
        self.log.lock().clone()
    }
}

impl<S: Service> Drop for Server<S> {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Host<S> {
    service: Arc<S>,
    faults: Faults,
    log: Arc<Mutex<Vec<Seen>>>,
    started: Instant,
}

type Body = BoxBody<Bytes, io::Error>;

async fn accept<S: Service>(listener: TcpListener, host: Arc<Host<S>>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener on the runtime");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let host = Arc::clone(&host);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let host = Arc::clone(&host);
                async move { host.serve(request).await }
            });
            // A connection that a fault ends is an error here, on purpose.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

impl<S: Service> Host<S> {
    async fn serve(
        &self,
        request: hyper::Request<hyper::body::Incoming>,
    ) -> io::Result<hyper::Response<Body>> {
        let at = self.started.elapsed();
        let request = read(request).await?;
        if request.segments.first().is_some_and(|first| first == "_control") {
            return Ok(respond(self.control(&request)));
        }
        let operation = self.service.operation(&request);
        let text = format!("{}\n{}", request.target, String::from_utf8_lossy(&request.body));
        let fault = self.faults.choose(operation, &text);
        let response = match &fault {
            None => Some(self.service.answer(&request)),
            Some(fault) => self.misbehave(fault, &request),
        };
        self.note(Seen {
            at,
            operation,
            method: request.method,
            target: request.target,
            headers: request.headers,
            body: String::from_utf8_lossy(&request.body[..request.body.len().min(LOGGED_BYTES)]).into_owned(),
            status: response.as_ref().map(|response| response.status),
            fault: fault.clone(),
        });
        let Some(response) = response else { return Err(io::Error::other("dropped on purpose")) };
        tokio::time::sleep(response.delay).await;
        Ok(match fault {
            Some(Fault::CutBody) => cut(response),
            Some(Fault::Endless) => endless(),
            _ => respond(response),
        })
    }

    fn misbehave(&self, fault: &Fault, request: &Request) -> Option<Response> {
        match fault {
            Fault::DropBefore => None,
            Fault::DropAfter => {
                self.service.answer(request);
                None
            }
            Fault::CutBody => Some(self.service.answer(request)),
            Fault::Slow(ms) => {
                let mut response = self.service.answer(request);
                response.delay += Duration::from_millis(*ms);
                Some(response)
            }
            Fault::Status(status, retry_after) => {
                let response = self.service.refusal(*status);
                Some(match retry_after {
                    Some(after) => response.with_header("retry-after", after),
                    None => response,
                })
            }
            Fault::StatusAfter(status) => {
                self.service.answer(request);
                Some(self.service.refusal(*status))
            }
            Fault::SignInPage => {
                Some(Response::text(203, "text/html", "<html><title>Sign in</title></html>"))
            }
            Fault::Endless => Some(Response::text(200, "application/json", "")),
        }
    }

    fn note(&self, seen: Seen) {
        let mut log = self.log.lock();
        if log.len() < LOGGED {
            log.push(seen);
        }
    }

    /// Steers a fake that runs as a process: `POST /_control/faults` with a rule, `DELETE` clears, `GET /_control/state`.
    fn control(&self, request: &Request) -> Response {
        let what = request.segments.get(1).map(String::as_str).unwrap_or_default();
        match (request.method.as_str(), what) {
            ("POST", "faults") => match serde_json::from_slice::<Rule>(&request.body) {
                Ok(rule) => {
                    self.faults.add(rule);
                    Response::json(200, &json!({}))
                }
                Err(error) => Response::json(400, &json!({ "error": error.to_string() })),
            },
            ("DELETE", "faults") => {
                self.faults.clear();
                Response::json(200, &json!({}))
            }
            ("GET", "state") => Response::json(200, &self.service.state()),
            _ => Response::json(404, &json!({})),
        }
    }
}

async fn read(request: hyper::Request<hyper::body::Incoming>) -> io::Result<Request> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let query = head.uri.query().unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
    });
    let headers = head.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    Ok(Request {
        method: head.method.to_string(),
        segments: head.uri.path().split('/').filter(|part| !part.is_empty()).map(decode).collect(),
        query: pairs.collect(),
        target: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: headers.collect(),
        body,
    })
}

fn head(response: &Response) -> hyper::http::response::Builder {
    response
        .headers
        .iter()
        .fold(hyper::Response::builder().status(response.status), |builder, (name, value)| {
            builder.header(name, value)
        })
}

fn respond(response: Response) -> hyper::Response<Body> {
    let builder = head(&response);
    let body = if response.pieces.len() <= 1 {
        let bytes = response.pieces.into_iter().next().map(|(_, bytes)| bytes).unwrap_or_default();
        Full::new(bytes).map_err(|never| match never {}).boxed()
    } else {
        let stream = futures_util::stream::iter(response.pieces).then(|(wait, bytes)| async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            Ok(Frame::data(bytes))
        });
        BodyExt::boxed(StreamBody::new(SyncStream(Mutex::new(Box::pin(stream)))))
    };
    builder.body(body).expect("headers of fakes are valid")
}

/// A stream that may be shared, as a boxed body must be.
struct SyncStream<S>(Mutex<std::pin::Pin<Box<S>>>);

impl<S: futures_util::Stream + Send> futures_util::Stream for SyncStream<S> {
    type Item = S::Item;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<S::Item>> {
        self.get_mut().0.get_mut().as_mut().poll_next(context)
    }
}

/// Promises the whole body and ends the connection in its middle.
fn cut(response: Response) -> hyper::Response<Body> {
    let whole: Vec<u8> = response.pieces.iter().flat_map(|(_, bytes)| bytes.to_vec()).collect();
    let half = Bytes::copy_from_slice(&whole[..whole.len() / 2]);
    let pieces = vec![Ok(Frame::data(half)), Err(io::Error::other("cut on purpose"))];
    // Time for the head and the half to leave.
    let stream = futures_util::stream::iter(pieces).then(|piece| async move {
        tokio::time::sleep(CUT_AFTER).await;
        piece
    });
    let body = BodyExt::boxed(StreamBody::new(SyncStream(Mutex::new(Box::pin(stream)))));
    head(&response)
        .header("content-length", whole.len().max(1))
        .body(body)
        .expect("headers of fakes are valid")
}

fn endless() -> hyper::Response<Body> {
    let stream = futures_util::stream::repeat_with(|| Ok(Frame::data(Bytes::from(vec![b' '; PIECE]))));
    hyper::Response::new(BodyExt::boxed(StreamBody::new(stream)))
}
