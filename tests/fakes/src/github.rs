//! GitHub Issues: issues, sub-issues, the paged list, secondary limits.

use crate::{Faults, Request, Response, Seen, Server, Service};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

const TITLE: usize = 256;
const BODY: usize = 65_536;
const SUB_ISSUES: usize = 100;

/// How the fake is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The token that it takes.
    pub token: String,
    /// How long a new issue is missing from the list.
    pub lag: Duration,
    /// Writes in any window of this length beyond which a secondary limit strikes.
    pub limit: Option<(usize, Duration)>,
}

impl Default for Options {
    fn default() -> Self {
        Self { token: "ghp_fake0123456789".to_owned(), lag: Duration::ZERO, limit: None }
    }
}

/// An issue.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Its number in the repository.
    pub number: u64,
    /// Its id in the database.
    pub id: u64,
    /// Its title.
    pub title: String,
    /// Its body.
    pub body: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Number of the issue that it is a sub-issue of.
    pub parent: Option<u64>,
    made: Instant,
    created_at: String,
}

/// The running fake, with the repository `octo/shop`.
pub struct FakeGitHub {
    server: Server<GitHub>,
}

struct GitHub {
    options: Options,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    issues: Vec<Issue>,
    writes: VecDeque<Instant>,
}

impl FakeGitHub {
    /// Starts on a free port.
    pub fn start(options: Options) -> Self {
        Self::start_on(options, 0)
    }

    /// Starts on a port of one's choice.
    pub fn start_on(options: Options, port: u16) -> Self {
        let service = GitHub { options, state: Mutex::default() };
        Self { server: Server::start_on(service, Faults::default(), port) }
    }

    /// Settings of a destination that reaches it, without the pauses that the real one needs.
    pub fn settings(&self) -> Value {
        json!({
            "base_url": self.server.url(),
            "owner": "octo",
            "repo": "shop",
            "interval_ms": 0,
            "per_minute": 1_000_000,
            "per_hour": 1_000_000,
        })
    }

    /// The token that it takes.
    pub fn token(&self) -> &str {
        &self.server.service().options.token
    }

    /// What goes wrong. Operations: `create`, `link`, `subs`, `list`, `repo`.
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// Requests so far.
    pub fn log(&self) -> Vec<Seen> {
        self.server.log()
    }

    /// All issues, oldest first.
    pub fn issues(&self) -> Vec<Issue> {
        self.server.service().state.lock().issues.clone()
    }

    /// References that more than one issue has.
    pub fn duplicates(&self) -> Vec<String> {
        let mut references: Vec<String> =
            self.issues().iter().filter_map(|issue| reference(&issue.body)).collect();
        references.sort();
        let twice = references.windows(2).filter(|pair| pair[0] == pair[1]);
        twice.map(|pair| pair[0].clone()).collect()
    }
}

fn reference(body: &str) -> Option<String> {
    let (_, rest) = body.rsplit_once("<!-- headway-reference: ")?;
    Some(rest.split_once(" -->")?.0.to_owned())
}

impl Service for GitHub {
    fn operation(&self, request: &Request) -> &'static str {
        let subs = request.segments.last().is_some_and(|last| last == "sub_issues");
        match (request.method.as_str(), subs, request.segments.len()) {
            ("POST", true, _) => "link",
            (_, true, _) => "subs",
            ("POST", ..) => "create",
            (_, _, 4) => "list",
            _ => "repo",
        }
    }

    fn answer(&self, request: &Request) -> Response {
        self.route(request).unwrap_or_else(|refusal| refusal)
    }

    fn refusal(&self, status: u16) -> Response {
        let text = match status {
            401 => "Bad credentials",
            404 => "Not Found",
            422 => "Validation Failed",
            _ => "made-up failure",
        };
        message(status, text)
    }

    fn state(&self) -> Value {
        let state = self.state.lock();
        let issues = state.issues.iter().map(|issue| json!({ "number": issue.number, "title": issue.title, "parent": issue.parent, "reference": reference(&issue.body) }));
        json!({ "issues": issues.collect::<Vec<_>>() })
    }
}

impl GitHub {
    fn route(&self, request: &Request) -> Result<Response, Response> {
        if request.header("user-agent").is_none_or(str::is_empty) {
            return Err(Response::text(
                403,
                "text/plain",
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
            ));
        }
        if request.header("authorization") != Some(&format!("Bearer {}", self.options.token)) {
            return Err(message(401, "Bad credentials"));
        }
        if request.header("x-github-api-version") != Some("2022-11-28") {
            return Err(message(400, "The API version is not supported."));
        }
        let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        match (request.method.as_str(), &segments[..]) {
            ("GET", ["repos", "octo", "shop"]) => {
                Ok(Response::json(200, &json!({ "full_name": "octo/shop", "has_issues": true })))
            }
            ("POST", ["repos", "octo", "shop", "issues"]) => self.create(&request.json()),
            ("GET", ["repos", "octo", "shop", "issues"]) => Ok(self.list(request)),
            ("POST", ["repos", "octo", "shop", "issues", number, "sub_issues"]) => {
                self.link(number, &request.json())
            }
            ("GET", ["repos", "octo", "shop", "issues", number, "sub_issues"]) => self.subs(number),
            _ => Err(message(404, "Not Found")),
        }
    }

    /// Counts a write, or refuses it.
    fn write(&self, state: &mut State) -> Result<(), Response> {
        let now = Instant::now();
        if let Some((most, window)) = self.options.limit {
            while state.writes.front().is_some_and(|at| now - *at >= window) {
                state.writes.pop_front();
            }
            if state.writes.len() >= most {
                let text = "You have exceeded a secondary rate limit and have been temporarily blocked from content creation.";
                return Err(message(403, text));
            }
        }
        state.writes.push_back(now);
        Ok(())
    }

    fn create(&self, body: &Value) -> Result<Response, Response> {
        let mut state = self.state.lock();
        self.write(&mut state)?;
        let invalid = |field: &str| {
            let errors = json!([{ "resource": "Issue", "field": field, "code": "invalid" }]);
            Response::json(422, &json!({ "message": "Validation Failed", "errors": errors }))
        };
        let fields = body.as_object().ok_or_else(|| message(400, "Problems parsing JSON"))?;
        if let Some(odd) = fields.keys().find(|key| !["title", "body", "labels"].contains(&key.as_str())) {
            return Err(invalid(odd));
        }
        let title = body["title"].as_str().unwrap_or_default();
        let text = body["body"].as_str().unwrap_or_default();
        if title.trim().is_empty() || title.chars().count() > TITLE || title.contains('\n') {
            return Err(invalid("title"));
        }
        if text.chars().count() > BODY {
            return Err(invalid("body"));
        }
        let labels: Vec<String> = body["labels"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let number = state.issues.len() as u64 + 1;
        let issue = Issue {
            number,
            id: 9_000_000 + number,
            title: title.to_owned(),
            body: text.to_owned(),
            labels,
            parent: None,
            made: Instant::now(),
            created_at: moment(),
        };
        let shown = shown(&issue);
        state.issues.push(issue);
        Ok(Response::json(201, &shown))
    }

    fn list(&self, request: &Request) -> Response {
        let number = |name: &str, default: usize| {
            request.query(name).and_then(|text| text.parse().ok()).unwrap_or(default)
        };
        let (page, size) = (number("page", 1).max(1), number("per_page", 30).min(100));
        let since = request.query("since").unwrap_or_default();
        let state = self.state.lock();
        let known = state
            .issues
            .iter()
            .filter(|issue| issue.made.elapsed() >= self.options.lag && *issue.created_at >= *since);
        let mut all: Vec<Value> = known.map(shown).collect();
        if request.query("direction") != Some("asc") {
            all.reverse();
        }
        if request.query("state") != Some("all") {
            all.clear();
        }
        Response::json(200, &all.into_iter().skip((page - 1) * size).take(size).collect())
    }

    fn link(&self, number: &str, body: &Value) -> Result<Response, Response> {
        let mut state = self.state.lock();
        self.write(&mut state)?;
        let parent = find(&state, number)?;
        let id = body["sub_issue_id"].as_u64().unwrap_or_default();
        let count = state.issues.iter().filter(|issue| issue.parent == Some(parent)).count();
        let issue = state.issues.iter_mut().find(|issue| issue.id == id);
        let issue = issue.ok_or_else(|| message(404, "The provided sub-issue does not exist"))?;
        if issue.parent.is_some() {
            return Err(message(
                422,
                "Issue may not contain duplicate sub-issues and Sub issue may only have one parent",
            ));
        }
        if count >= SUB_ISSUES {
            return Err(message(422, "Parent cannot have more than 100 sub-issues"));
        }
        issue.parent = Some(parent);
        Ok(Response::json(201, &json!({ "number": parent })))
    }

    fn subs(&self, number: &str) -> Result<Response, Response> {
        let state = self.state.lock();
        let parent = find(&state, number)?;
        let subs = state.issues.iter().filter(|issue| issue.parent == Some(parent)).map(shown);
        Ok(Response::json(200, &subs.collect()))
    }
}

fn find(state: &State, number: &str) -> Result<u64, Response> {
    let number = number.parse().unwrap_or(0);
    let known = state.issues.iter().any(|issue| issue.number == number);
    if known { Ok(number) } else { Err(message(404, "Not Found")) }
}

fn message(status: u16, text: &str) -> Response {
    Response::json(status, &json!({ "message": text, "documentation_url": "https://docs.github.com/rest" }))
}

fn shown(issue: &Issue) -> Value {
    json!({
        "number": issue.number,
        "id": issue.id,
        "title": issue.title,
        "body": issue.body,
        "html_url": format!("https://github.com/octo/shop/issues/{}", issue.number),
        "created_at": issue.created_at,
        "labels": issue.labels.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
    })
}

/// Now, as `2026-01-02T03:04:05Z`.
fn moment() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Civil date from days since 1970, by eras of 400 years.
    let z = days + 719_468;
    let (era, day) = (z / 146_097, z % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let index = (5 * of_year + 2) / 153;
    let month = if index < 10 { index + 3 } else { index - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let date = of_year - (153 * index + 2) / 5 + 1;
    format!("{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}
