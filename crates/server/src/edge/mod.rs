//! What every request passes before and after its route: a name, the check of who asks, limits, headers, the audit log.
//!
//! ```text
//! request ─▶ trace ─▶ host ─▶ who ─▶ rate ─▶ deadline ─▶ route (its guard decides) ─▶ audit ─▶ headers, problem, metrics
//! ```

mod headers;
pub(crate) mod hosts;
mod trace;

use crate::{
    audit::{AuditResult, Entry},
    auth::{Asked, PerKey, Rate},
    clock,
    state::ServerState,
};
use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};
use tracing::Instrument as _;
use web::{ApiError, Authentication, Code, Decision, Verdict, Via};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Refused requests of nobody that the audit log takes from one address: a flood tells nothing new.
const ANONYMOUS_DENIALS: Rate = Rate::new(20, 20);

/// Routes that read or write the whole database, and how many times the deadline they get.
const SLOW: [&str; 2] = ["/api/v1/backup", "/api/v1/audit/verify"];
const SLOW_DEADLINES: u32 = 20;

/// Where a request comes from, a declared proxy taken off. Laid into each request for the routes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

impl ClientAddress {
    /// The address as text; empty where it is not known.
    pub(crate) fn text(self) -> String {
        self.0.map(|address| address.to_string()).unwrap_or_default()
    }
}

/// Whom a request is about, where the route knows better than the header: somebody who signs in.
#[derive(Clone, Debug)]
pub(crate) struct AuditSubject(pub(crate) String);

/// The limits of the edge.
pub(crate) struct Edge {
    hosts: hosts::Hosts,
    proxy: Proxy,
    deadline: Duration,
    rate: Option<PerKey<String>>,
    denials: PerKey<IpAddr>,
}

/// Whether a proxy stands before the server, whose headers tell the client's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// None: such headers are the client's own invention.
    #[default]
    None,
    /// One, which encrypts the connection to the client and sets `X-Forwarded-For` and `X-Forwarded-Host`.
    Declared,
}

impl Edge {
    pub(crate) fn new(hosts: hosts::Hosts, proxy: Proxy, deadline: Duration, rate: Option<Rate>) -> Self {
        Self { hosts, proxy, deadline, rate: rate.map(PerKey::new), denials: PerKey::new(ANONYMOUS_DENIALS) }
    }

    pub(crate) fn sweep(&self) {
        self.denials.sweep();
        if let Some(rate) = &self.rate {
            rate.sweep();
        }
    }
}

/// What is known about a request before its route sees it.
#[derive(Clone)]
struct Known {
    method: Method,
    uri: Uri,
    /// The route's path with its variable parts in braces.
    route: Option<MatchedPath>,
    address: Option<IpAddr>,
    trace: String,
    authentication: Authentication,
}

/// Passes a request through.
pub(crate) async fn pass(State(state): State<ServerState>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let trace = trace::of(request.headers());
    let span = tracing::info_span!("request", method = %request.method(), path = request.uri().path(), trace);
    let mut known = Known {
        method: request.method().clone(),
        uri: request.uri().clone(),
        route: request.extensions().get::<MatchedPath>().cloned(),
        address: address(state.edge(), &request),
        trace,
        authentication: Authentication::Anonymous,
    };
    let passed = admit(&state, &mut known, &mut request).instrument(span.clone()).await;
    let deadline = known.deadline(state.edge());
    let response = match passed {
        Ok(()) if known.changes() => {
            let answer = to_the_end(state.clone(), known.clone(), request, next).instrument(span.clone());
            in_time(deadline, answer).await
        }
        Ok(()) => {
            let response = in_time(deadline, next.run(request)).instrument(span.clone()).await;
            if let Some(entry) = denial(state.edge(), &known, &response) {
                state.audit().note(entry);
            }
            response
        }
        Err(error) => error.into_response(),
    };
    state.metrics().request(&known.method, known.route(), response.status(), begun.elapsed());
    span.in_scope(|| {
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(status = response.status().as_u16(), ms, who = known.who(), "answered");
        finish(&known, response)
    })
}

impl Known {
    /// The route's path with its variable parts in braces; one word for all that no route took.
    fn route(&self) -> &str {
        self.route.as_ref().map_or("other", MatchedPath::as_str)
    }

    fn who(&self) -> &str {
        self.authentication.principal().map_or("-", |principal| principal.id())
    }

    /// Whether the request is meant to change something.
    fn changes(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    fn deadline(&self, edge: &Edge) -> Duration {
        if SLOW.contains(&self.route()) { edge.deadline * SLOW_DEADLINES } else { edge.deadline }
    }
}

/// Checks the name, who asks, and how often. Lays into the request who asks.
async fn admit(state: &ServerState, known: &mut Known, request: &mut Request) -> Result<(), ApiError> {
    let edge = state.edge();
    let host = host(edge.proxy, request.headers(), request.uri());
    if !edge.hosts.allows(host) {
        let host: String = host.unwrap_or("").chars().take(80).collect();
        return Err(ApiError::new(Code::HostNotAllowed, format!("the name '{host}' is not allowed")));
    }
    let asked = Asked { method: request.method(), headers: request.headers(), host, address: known.address };
    known.authentication = state.auth().authenticate(&asked, clock::now()).await?;
    if let (Some(rate), true) = (&edge.rate, is_api(&known.uri)) {
        let key = match known.authentication.principal() {
            Some(principal) => principal.id().to_owned(),
            None => known.address.map(|address| address.to_string()).unwrap_or_default(),
        };
        rate.check(&key).map_err(|wait| {
            ApiError::new(Code::RateLimited, "this token or address sends requests too fast")
                .retry_after(wait)
        })?;
    }
    request.extensions_mut().insert(known.authentication.clone());
    request.extensions_mut().insert(ClientAddress(known.address));
    Ok(())
}

fn is_api(uri: &Uri) -> bool {
    uri.path().starts_with("/api/")
}

/// The answer, or a problem where it does not begin in time. Streams begin at once and last as long as they like.
async fn in_time(deadline: Duration, response: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(deadline, response).await {
        Ok(response) => response,
        Err(_) => ApiError::new(Code::Timeout, "the answer did not begin in time").into_response(),
    }
}

fn address(edge: &Edge, request: &Request) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    match edge.proxy {
        Proxy::None => peer,
        // The last one was added by the proxy itself; those before it are what the client claimed.
        Proxy::Declared => {
            let claimed = request.headers().get_all(FORWARDED_FOR).iter().next_back();
            let last = claimed.and_then(|value| value.to_str().ok()).and_then(|line| line.rsplit(',').next());
            last.and_then(|text| text.trim().parse().ok()).or(peer)
        }
    }
}

fn host<'r>(proxy: Proxy, headers: &'r HeaderMap, uri: &'r Uri) -> Option<&'r str> {
    let named = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let forwarded = if proxy == Proxy::Declared { named(FORWARDED_HOST) } else { None };
    forwarded.or_else(|| named(header::HOST)).or_else(|| uri.authority().map(|authority| authority.as_str()))
}

/// Runs a request that changes something to its end and writes it down, in a task of its own: a client that goes away,
/// or a deadline, must not leave a change that nobody knows of.
async fn to_the_end(state: ServerState, known: Known, request: Request, next: Next) -> Response {
    let longest = state.edge().deadline * SLOW_DEADLINES;
    let work = async move {
        let response = in_time(longest, next.run(request)).await;
        match denial(state.edge(), &known, &response) {
            Some(entry) => state.audit().note(entry),
            None => {
                if let Some(entry) = change(&known, &response) {
                    state.audit().record(entry).await;
                }
            }
        }
        response
    };
    let done = tokio::spawn(work.in_current_span()).await;
    done.unwrap_or_else(|error| ApiError::internal(&error).into_response())
}

/// The entry for a change. What no route took (404, a refused host, a rate) changed nothing.
fn change(known: &Known, response: &Response) -> Option<Entry> {
    let verdict = response.extensions().get::<Verdict>().copied()?;
    (verdict.decision == Decision::Allow).then(|| entry(known, verdict, response))
}

/// The entry for a denial; nothing for one of many from an address where nobody is signed in.
fn denial(edge: &Edge, known: &Known, response: &Response) -> Option<Entry> {
    let verdict = response.extensions().get::<Verdict>().copied()?;
    let told = match verdict.decision {
        Decision::Allow => false,
        Decision::Deny => true,
        Decision::SignIn => known.address.is_none_or(|address| edge.denials.check(&address).is_ok()),
    };
    told.then(|| entry(known, verdict, response))
}

fn entry(known: &Known, verdict: Verdict, response: &Response) -> Entry {
    let who = match (response.extensions().get::<AuditSubject>(), known.authentication.principal()) {
        (Some(subject), _) => subject.0.clone(),
        (None, Some(principal)) if principal.credential().via == Via::Token => {
            format!("{principal} ({})", principal.id())
        }
        (None, Some(principal)) => principal.to_string(),
        (None, None) => "-".to_owned(),
    };
    let route = known.route();
    let result = match (verdict.decision, response.status()) {
        (Decision::SignIn | Decision::Deny, _) | (_, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            AuditResult::Denied
        }
        (Decision::Allow, status) if status.is_client_error() || status.is_server_error() => {
            AuditResult::Failed
        }
        (Decision::Allow, _) => AuditResult::Ok,
    };
    Entry {
        at: clock::now(),
        who,
        action: format!("{} {} {route}", verdict.access.as_str(), known.method),
        object: known.uri.path().to_owned(),
        result,
        status: response.status().as_u16(),
        address: known.address.map(|address| address.to_string()).unwrap_or_default(),
        trace: known.trace.clone(),
    }
}

/// Names the request in its answer, logs what went wrong inside, and sets the headers of every answer.
fn finish(known: &Known, mut response: Response) -> Response {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        if error.status().is_server_error() {
            tracing::error!(code = error.code().entry().word, cause = error.cause(), "{}", error.detail());
        } else {
            tracing::debug!(code = error.code().entry().word, cause = error.cause(), "{}", error.detail());
        }
        let kept = response.headers().clone();
        response = error.response(Some(known.uri.path().to_owned()), Some(known.trace.clone()));
        for (name, value) in &kept {
            if !response.headers().contains_key(name) && *name != header::CONTENT_LENGTH {
                response.headers_mut().append(name.clone(), value.clone());
            }
        }
    }
    headers::set(response.headers_mut(), &known.trace);
    response
}
