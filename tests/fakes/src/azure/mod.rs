//! Azure DevOps: work items, `$batch`, WIQL that lags, classification nodes, test plans, throttling.

mod items;
mod plans;
mod wiql;

pub use items::Item;
pub use plans::{Plan, Suite};

use crate::{Fault, Faults, Request, Response, Seen, Server, Service};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use items::Refusal;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

/// Parts of one batch at most.
const BATCH: usize = 200;
/// Ids of one read at most.
const READ: usize = 200;

/// How the fake is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// `agile`, `scrum` or `basic`.
    pub process: &'static str,
    /// The personal access token that it takes.
    pub token: String,
    /// How long an item is missing from queries.
    pub lag: Duration,
    /// When it slows down and refuses.
    pub throttle: Option<Throttle>,
    /// Fields that every type has beside its own.
    pub custom_fields: Vec<String>,
    /// How long making one item takes.
    pub work: Duration,
    /// Whether the token may use test plans.
    pub test_plans: Licence,
}

/// Whether a token may use test plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Licence {
    /// It may.
    Granted,
    /// 403.
    Missing,
}

/// Throttling, counted over items made.
#[derive(Clone, Copy, Debug)]
pub struct Throttle {
    /// Items per window that are answered at once.
    pub free: usize,
    /// Further items per window that are answered late, with `Retry-After` on a 200. Then comes 429.
    pub delayed: usize,
    /// How late.
    pub delay: Duration,
    /// Length of a window.
    pub window: Duration,
    /// `Retry-After`, in seconds.
    pub retry_after: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            process: "agile",
            token: "fake-pat-0123456789".to_owned(),
            lag: Duration::ZERO,
            throttle: None,
            custom_fields: Vec::new(),
            work: Duration::ZERO,
            test_plans: Licence::Granted,
        }
    }
}

/// The running fake. Organisation `org`, project `Shop`.
pub struct FakeAzure {
    server: Server<Azure>,
}

impl FakeAzure {
    /// Starts on a free port.
    pub fn start(options: Options) -> Self {
        Self::start_on(options, 0)
    }

    /// Starts on a port of one's choice.
    pub fn start_on(options: Options, port: u16) -> Self {
        let faults = Faults::default();
        let service = Azure { options, faults: faults.clone(), state: Mutex::default() };
        Self { server: Server::start_on(service, faults, port) }
    }

    /// Its root address: the destination's `base_url`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Settings of a destination that reaches it.
    pub fn settings(&self) -> Value {
        json!({
            "base_url": self.url(),
            "organization": "org",
            "project": "Shop",
            "process": self.server.service().options.process,
            "lookup_lag_ms": self.server.service().options.lag.as_millis() as u64,
        })
    }

    /// The token that it takes.
    pub fn token(&self) -> &str {
        &self.server.service().options.token
    }

    /// What goes wrong. Operations: `create`, `batch`, `item`, `wiql`, `read`, `nodes`, `plans`, `suites`, `cases`, `types`.
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// Requests so far.
    pub fn log(&self) -> Vec<Seen> {
        self.server.log()
    }

    /// All work items, oldest first.
    pub fn items(&self) -> Vec<Item> {
        self.server.service().state.lock().items.values().cloned().collect()
    }

    /// References that more than one item has, with their ids.
    pub fn duplicates(&self) -> Vec<(String, Vec<u64>)> {
        self.server.service().state.lock().duplicates()
    }

    /// Children whose parent is not there. Must always be empty.
    pub fn orphans(&self) -> Vec<u64> {
        let state = self.server.service().state.lock();
        let lost = |item: &&Item| {
            item.parent.or(item.tests).is_some_and(|parent| !state.items.contains_key(&parent))
        };
        state.items.values().filter(lost).map(|item| item.id).collect()
    }

    /// Areas and iterations, as `Areas\Team`.
    pub fn nodes(&self) -> Vec<String> {
        self.server.service().state.lock().nodes.iter().cloned().collect()
    }

    /// Test plans with their suites and cases.
    pub fn plans(&self) -> Vec<Plan> {
        self.server.service().state.lock().plans.clone()
    }

    /// Removes an item, as a person would there.
    pub fn delete(&self, id: u64) {
        self.server.service().state.lock().items.remove(&id);
    }
}

struct Azure {
    options: Options,
    faults: Faults,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    items: BTreeMap<u64, Item>,
    next: u64,
    nodes: BTreeSet<String>,
    plans: Vec<Plan>,
    window: Option<(Instant, usize)>,
}

impl State {
    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn duplicates(&self) -> Vec<(String, Vec<u64>)> {
        let mut by: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for item in self.items.values() {
            if let Some(reference) = &item.reference {
                by.entry(reference.clone()).or_default().push(item.id);
            }
        }
        by.into_iter().filter(|(_, ids)| ids.len() > 1).collect()
    }
}

impl Service for Azure {
    fn operation(&self, request: &Request) -> &'static str {
        let path: Vec<String> = request.segments.iter().map(|segment| segment.to_lowercase()).collect();
        let has = |part: &str| path.iter().any(|segment| segment == part);
        if has("$batch") {
            "batch"
        } else if has("wiql") {
            "wiql"
        } else if has("classificationnodes") {
            "nodes"
        } else if has("testcase") {
            "cases"
        } else if has("suites") {
            "suites"
        } else if has("plans") {
            "plans"
        } else if has("workitemtypes") || has("fields") {
            "types"
        } else if path.last().is_some_and(|last| last.starts_with('$')) {
            "create"
        } else {
            "read"
        }
    }

    fn answer(&self, request: &Request) -> Response {
        self.route(request).unwrap_or_else(|refusal| refusal.response())
    }

    fn refusal(&self, status: u16) -> Response {
        Refusal::made_up(status).response()
    }

    fn state(&self) -> Value {
        let state = self.state.lock();
        let items: Vec<Value> = state.items.values().map(Item::shown).collect();
        json!({ "items": items, "duplicates": state.duplicates() })
    }
}

impl Azure {
    fn route(&self, request: &Request) -> Result<Response, Refusal> {
        self.check(request)?;
        let operation = self.operation(request);
        let path: Vec<&str> = request.segments[1..].iter().map(String::as_str).collect();
        let in_project = path.first().is_some_and(|first| *first == "Shop");
        if !in_project && operation != "batch" && path.first() != Some(&"_apis") {
            let text = "TF200016: The following project does not exist. Verify that the name of the project is correct.";
            return Err(Refusal::new(404, "ProjectDoesNotExistWithNameException", text));
        }
        let rest = if in_project { &path[1..] } else { &path[..] };
        let body = match operation {
            "create" => {
                let type_name = rest.last().and_then(|last| last.strip_prefix('$')).unwrap_or_default();
                self.throttled(1)?;
                let item = self.create(request, type_name, &request.json())?;
                let mut response = Response::json(200, &item);
                response.delay += self.options.work;
                return Ok(self.paced(response, 1));
            }
            "batch" => return self.batch(request),
            "wiql" => self.wiql(request)?,
            "read" if request.method == "POST" => self.read_many(&request.json())?,
            "read" => self.read_one(rest, request)?,
            "nodes" => return self.nodes(rest, request),
            "types" => self.types(rest)?,
            _ => return self.test_plans(operation, rest, request),
        };
        Ok(Response::json(200, &body))
    }

    /// What every request is checked for.
    fn check(&self, request: &Request) -> Result<(), Refusal> {
        if request.segments.first().is_none_or(|first| first != "org") {
            return Err(Refusal::new(
                404,
                "HostNotFoundException",
                "TF400813: The organization does not exist.",
            ));
        }
        let expected = format!("Basic {}", BASE64.encode(format!(":{}", self.options.token)));
        if request.header("authorization") != Some(expected.as_str()) {
            let text = "TF400813: The user '' is not authorized to access this resource.";
            return Err(Refusal::new(401, "UnauthorizedRequestException", text));
        }
        if request.query("api-version") != Some("7.1") {
            let text = "No api-version was supplied for the request, or one that is not supported.";
            return Err(Refusal::new(400, "VssVersionNotSpecifiedException", text));
        }
        let content_type = request.header("content-type").unwrap_or_default();
        let expected = match (request.method.as_str(), self.operation(request)) {
            ("GET", _) => return Ok(()),
            (_, "create") => "application/json-patch+json",
            _ => "application/json",
        };
        if content_type.split(';').next() != Some(expected) {
            let text =
                format!("The request indicated a Content-Type of \"{content_type}\", valid are: {expected}.");
            return Err(Refusal::new(415, "VssRequestContentTypeNotSupportedException", &text));
        }
        Ok(())
    }

    fn create(&self, request: &Request, type_name: &str, document: &Value) -> Result<Value, Refusal> {
        match self.faults.choose("item", &document.to_string()) {
            Some(Fault::Status(status, retry_after)) => {
                return Err(Refusal { retry_after, ..Refusal::made_up(status) });
            }
            Some(other) => panic!("an item cannot fail by {other:?}, only by a status"),
            None => {}
        }
        let mut state = self.state.lock();
        let validate = request.query("validateOnly") == Some("true");
        state.create(&self.options, type_name, document, validate)
    }

    fn batch(&self, request: &Request) -> Result<Response, Refusal> {
        let body = request.json();
        let Some(parts) = body.as_array().filter(|parts| !parts.is_empty() && parts.len() <= BATCH) else {
            let text = format!("A batch must be an array of 1 to {BATCH} requests.");
            return Err(Refusal::new(400, "VssPropertyValidationException", &text));
        };
        if request.method != "PATCH" && request.method != "POST" {
            return Err(Refusal::new(405, "", "The requested resource does not support this method."));
        }
        self.throttled(parts.len())?;
        let mut answers = Vec::new();
        let mut made = 0;
        for part in parts {
            let (code, body) = match self.part(request, part) {
                Ok(item) => {
                    made += 1;
                    (200, item)
                }
                Err(refusal) => (refusal.status, refusal.part_body()),
            };
            let headers = json!({ "Content-Type": "application/json; charset=utf-8" });
            answers.push(json!({ "code": code, "headers": headers, "body": body.to_string() }));
        }
        let body = json!({ "count": answers.len(), "value": answers });
        let mut response = Response::json(200, &body);
        response.delay += self.options.work * u32::try_from(made).unwrap_or(u32::MAX);
        Ok(self.paced(response, made))
    }

    fn part(&self, request: &Request, part: &Value) -> Result<Value, Refusal> {
        let wrong = |text: &str| Refusal::new(400, "VssPropertyValidationException", text);
        let uri = part["uri"].as_str().unwrap_or_default();
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let type_name = path
            .strip_prefix("/Shop/_apis/wit/workitems/$")
            .ok_or_else(|| wrong("the part's uri is unknown"))?;
        let type_name = percent_encoding::percent_decode_str(type_name).decode_utf8_lossy();
        if part["method"] != "PATCH" || !query.contains("api-version=7.1") {
            return Err(wrong("a part must be a PATCH with an api-version"));
        }
        if part["headers"]["Content-Type"] != "application/json-patch+json" {
            return Err(Refusal::new(
                415,
                "VssRequestContentTypeNotSupportedException",
                "the part's Content-Type is wrong",
            ));
        }
        self.create(request, &type_name, &part["body"])
    }

    /// Slows down who makes too many items.
    fn paced(&self, mut response: Response, made: usize) -> Response {
        let Some(throttle) = self.options.throttle else { return response };
        let mut state = self.state.lock();
        let now = Instant::now();
        let (since, count) =
            state.window.filter(|(since, _)| now - *since < throttle.window).unwrap_or((now, 0));
        state.window = Some((since, count + made));
        let left = throttle.window.saturating_sub(now - since).as_secs_f64().ceil();
        if count + made > throttle.free {
            response.delay += throttle.delay;
            let remaining = (throttle.free + throttle.delayed).saturating_sub(count + made);
            response = response
                .with_header("retry-after", throttle.retry_after)
                .with_header("x-ratelimit-limit", throttle.free)
                .with_header("x-ratelimit-remaining", remaining)
                .with_header("x-ratelimit-delay", throttle.delay.as_secs_f64())
                .with_header("x-ratelimit-reset", left);
        }
        response
    }

    /// Whether a request is refused for its pace, before anything is done.
    fn throttled(&self, made: usize) -> Result<(), Refusal> {
        let Some(throttle) = self.options.throttle else { return Ok(()) };
        let Some((since, count)) = self.state.lock().window else { return Ok(()) };
        if since.elapsed() >= throttle.window || count + made <= throttle.free + throttle.delayed {
            return Ok(());
        }
        let text =
            "Request was blocked due to exceeding usage of resource 'Concurrency' in namespace 'User'.";
        let retry_after = Some(throttle.retry_after.to_string());
        Err(Refusal { retry_after, ..Refusal::new(429, "RequestBlockedException", text) })
    }

    fn types(&self, rest: &[&str]) -> Result<Value, Refusal> {
        if rest.iter().any(|part| part.eq_ignore_ascii_case("fields")) {
            let name = rest.last().copied().unwrap_or_default();
            if self.options.custom_fields.iter().any(|field| field == name) {
                return Ok(json!({ "referenceName": name, "type": "string" }));
            }
            let text = format!("TF51535: Cannot find field {name}.");
            return Err(Refusal::new(404, "WorkItemTrackingFieldDefinitionNotFoundException", &text));
        }
        let names: Vec<Value> =
            items::types(self.options.process).iter().map(|name| json!({ "name": name })).collect();
        Ok(json!({ "count": names.len(), "value": names }))
    }

    fn nodes(&self, rest: &[&str], request: &Request) -> Result<Response, Refusal> {
        let path = rest[3..].join("\\");
        let mut state = self.state.lock();
        let known = |state: &State, path: &str| !path.contains('\\') || state.nodes.contains(path);
        if !known(&state, &path) {
            let text = format!("TF401347: The path {path} does not exist.");
            return Err(Refusal::new(404, "WorkItemTrackingTreeNodeNotFoundException", &text));
        }
        if request.method == "GET" {
            return Ok(Response::json(200, &json!({ "name": rest.last(), "path": path })));
        }
        let body = request.json();
        let name = body["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            return Err(Refusal::new(400, "VssPropertyValidationException", "The node's name is missing."));
        }
        if !state.nodes.insert(format!("{path}\\{name}")) {
            let text = format!("TF237018: The node {name} already exists.");
            return Err(Refusal::new(409, "ClassificationNodeDuplicateNameException", &text));
        }
        Ok(Response::json(201, &json!({ "name": name })))
    }
}
