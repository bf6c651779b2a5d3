//! GitHub Issues: one issue an item, the hierarchy as sub-issues.
//!
//! ```text
//! deliver:  POST issues (reference as a comment in the body) ─▶ POST sub_issues of the parent
//! look_up:  GET issues since the staging, newest first ─▶ match by the comment ─▶ is it a sub-issue? if not, link it
//! ```
//! An issue counts as delivered once it hangs below its parent. Where that step is cut off, the look-up finds the issue and
//! links it; it is never made again. The body names the parent, too (`Part of #12`): that is all there is where GitHub cannot
//! link (a parent has at most 100 sub-issues; older servers have none).

mod document;
mod pacer;

use crate::{
    Http,
    build::needed,
    http::{ANSWER_BYTES, Call, Reply as Answered, Transport, words},
    settings::{base_url, join, plain, read, wrong},
    time::Deadline,
};
use activity::connector::{
    Answer, Connector, ConnectorFuture, Guarantee, Lookup, Pace, PaceHint, Parcel, Permanence, Preview, Reply,
};
use bytes::Bytes;
use document::mark;
use http::{HeaderName, HeaderValue, Method, header};
use model::{Remote, TaskError};
use pacer::{Pacer, Rates, Turn};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use url::Url;
use vault::{Mask, Secret};

/// The kind's name.
pub const KIND: &str = "github";

const KEYS: [&str; 7] = ["base_url", "owner", "repo", "labels", "interval_ms", "per_minute", "per_hour"];
const NAME_CHARS: usize = 100;
const LABELS: usize = 20;
const LABEL_CHARS: usize = 50;
/// How long one request, and one call with all its requests and waits, may take.
const REQUEST_TIME: Duration = Duration::from_secs(30);
const CALL_TIME: Duration = Duration::from_secs(90);
/// How long the list of issues may lack a new one, in milliseconds.
const LAG_MS: u64 = 5_000;
/// How much earlier than its staging an issue is looked for: clocks differ.
const SLACK: Duration = Duration::from_secs(600);
/// Issues in one page, and pages that are read at most.
const PAGE: usize = 100;
const PAGES: usize = 200;
const SIGN_IN: &str =
    "set a token that may read and write issues of this repository as the destination's secret";

#[derive(Deserialize)]
struct Settings {
    #[serde(default = "default_base")]
    base_url: String,
    owner: String,
    repo: String,
    #[serde(default = "default_labels")]
    labels: Vec<String>,
    #[serde(default = "default_interval")]
    interval_ms: u64,
    #[serde(default = "default_minute")]
    per_minute: u32,
    #[serde(default = "default_hour")]
    per_hour: u32,
}

fn default_base() -> String {
    "https://api.github.com".to_owned()
}

/// `{kind}` stands for the item's kind.
fn default_labels() -> Vec<String> {
    vec!["{kind}".to_owned()]
}

fn default_interval() -> u64 {
    1_000
}

fn default_minute() -> u32 {
    80
}

fn default_hour() -> u32 {
    500
}

/// The connector.
pub struct GitHub {
    http: Http,
    base: Url,
    settings: Settings,
    authorization: HeaderValue,
    mask: Mask,
    pacer: Pacer,
}

/// An issue, as far as it matters here.
struct Issue {
    number: u64,
    /// The database's id: what sub-issues are named by.
    id: u64,
    url: Option<String>,
}

impl Issue {
    fn of(value: &Value) -> Option<Self> {
        let url = value["html_url"]
            .as_str()
            .filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        Some(Self {
            number: value["number"].as_u64()?,
            id: value["id"].as_u64()?,
            url: url.map(str::to_owned),
        })
    }

    fn remote(&self) -> Remote {
        Remote { id: self.number.to_string().into(), url: self.url.as_deref().map(Into::into) }
    }
}

/// One round of requests.
struct Round {
    deadline: Deadline,
    pace: PaceHint,
}

impl Round {
    fn new() -> Self {
        Self { deadline: Deadline::after(CALL_TIME), pace: PaceHint::default() }
    }
}

impl GitHub {
    /// A connector with these settings. The secret is a token.
    ///
    /// # Errors
    /// `invalid_settings` or `secret_missing`.
    pub fn new(settings: &Value, secret: Option<Secret>, http: &Http) -> Result<Self, TaskError> {
        let settings: Settings = read(KIND, settings, &KEYS)?;
        plain(KIND, "owner", &settings.owner, NAME_CHARS)?;
        plain(KIND, "repo", &settings.repo, NAME_CHARS)?;
        if settings.repo.contains('/') || settings.owner.contains('/') {
            return Err(wrong(KIND, "`owner` and `repo` are two names without a slash"));
        }
        if settings.labels.len() > LABELS {
            return Err(wrong(KIND, &format!("`labels` has more than {LABELS} entries")));
        }
        settings.labels.iter().try_for_each(|label| plain(KIND, "labels", label, LABEL_CHARS))?;
        if settings.interval_ms > 60_000 || settings.per_minute == 0 || settings.per_hour < 2 {
            return Err(wrong(
                KIND,
                "`interval_ms` must be at most 60000, `per_minute` at least 1, `per_hour` at least 2",
            ));
        }
        let secret = needed(KIND, secret, "a token")?;
        let text = format!("Bearer {}", secret.expose_str().unwrap_or_default());
        let mut authorization =
            HeaderValue::try_from(text).map_err(|_| wrong(KIND, "the secret cannot be sent in a header"))?;
        authorization.set_sensitive(true);
        let rates = Rates {
            interval: Duration::from_millis(settings.interval_ms),
            per_minute: settings.per_minute as usize,
            per_hour: settings.per_hour as usize,
        };
        Ok(Self {
            http: http.clone(),
            base: base_url(KIND, &settings.base_url)?,
            settings,
            authorization,
            mask: Mask::new([&secret]),
            pacer: Pacer::new(rates),
        })
    }

    fn url(&self, rest: &[&str]) -> Url {
        let mut segments = vec!["repos", &self.settings.owner, &self.settings.repo];
        segments.extend(rest);
        join(&self.base, &segments)
    }

    async fn deliver_one(&self, parcel: &Parcel, round: &mut Round) -> Answer {
        let refused = |error| Answer::Refused { error, permanent: Permanence::Permanent };
        let (document, parent) = match document::of(parcel, &self.settings.labels)
            .and_then(|document| Ok((document, parent(parcel)?)))
        {
            Ok(parts) => parts,
            Err(error) => return refused(error),
        };
        let mut turn = self.pacer.turn().await;
        if let Some(wait) = turn.full(1 + usize::from(parent.is_some())) {
            let error = TaskError::new("own_pace", "as many issues were created as GitHub allows for now");
            return Answer::Throttled { after_ms: u64::try_from(wait.as_millis()).ok(), error };
        }
        turn.write().await;
        let created = self.call(Method::POST, self.url(&["issues"]), &document, round, &mut turn).await;
        let issue = match created.map(|body| Issue::of(&body)) {
            Ok(Some(issue)) => issue,
            Ok(None) => {
                let error = TaskError::new("answer_unreadable", "GitHub answered without the issue's number");
                return Answer::NoAnswer { error };
            }
            Err((status, answer)) => return no_repository(status, answer),
        };
        let Some(parent) = parent else { return Answer::Delivered(issue.remote()) };
        match self.link(parent, &issue, round, &mut turn).await {
            Ok(()) => Answer::Delivered(issue.remote()),
            Err(answer) => {
                let mut error = words::error_of(answer);
                error.message = format!(
                    "issue #{} was created but does not hang below #{parent} yet: {}",
                    issue.number, error.message
                );
                Answer::NoAnswer { error }
            }
        }
    }

    /// Hangs an issue below its parent.
    async fn link(
        &self,
        parent: u64,
        issue: &Issue,
        round: &mut Round,
        turn: &mut Turn<'_>,
    ) -> Result<(), Answer> {
        let url = self.url(&["issues", &parent.to_string(), "sub_issues"]);
        turn.write().await;
        match self.call(Method::POST, url, &json!({ "sub_issue_id": issue.id }), round, turn).await {
            Ok(_) => Ok(()),
            // It is linked already, there are too many, or this server has none: the body names the parent in any case.
            Err((404 | 410 | 422, Answer::Refused { error, .. })) => {
                tracing::warn!(
                    issue = issue.number,
                    parent,
                    error = error.message,
                    "an issue is not a sub-issue"
                );
                Ok(())
            }
            Err((_, answer)) => Err(answer),
        }
    }

    /// Hangs a found issue below its parent, where it does not yet.
    async fn heal(&self, parent: u64, issue: &Issue, round: &mut Round) -> Result<(), Answer> {
        let mut turn = self.pacer.turn().await;
        let mut url = self.url(&["issues", &parent.to_string(), "sub_issues"]);
        url.query_pairs_mut().append_pair("per_page", &PAGE.to_string());
        match self.call(Method::GET, url, &Value::Null, round, &mut turn).await {
            Ok(listed) => {
                let listed = listed.as_array().map(Vec::as_slice).unwrap_or_default();
                if listed.iter().any(|other| other["id"].as_u64() == Some(issue.id)) {
                    return Ok(());
                }
            }
            Err((404 | 410, _)) => return Ok(()),
            Err((_, answer)) => return Err(answer),
        }
        self.link(parent, issue, round, &mut turn).await
    }

    async fn look_up_all(&self, parcels: &[Parcel]) -> Reply<Lookup> {
        let mut round = Round::new();
        let mut found: Vec<Option<Issue>> = parcels.iter().map(|_| None).collect();
        if let Err(answer) = self.find(parcels, &mut found, &mut round).await {
            return Reply { answers: vec![words::not_now(answer); parcels.len()], pace: round.pace };
        }
        let mut answers = Vec::with_capacity(parcels.len());
        for (parcel, issue) in parcels.iter().zip(found) {
            let Some(issue) = issue else {
                answers.push(Lookup::Absent);
                continue;
            };
            let healed = match parent(parcel) {
                Ok(Some(parent)) => self.heal(parent, &issue, &mut round).await,
                _ => Ok(()),
            };
            answers.push(match healed {
                Ok(()) => Lookup::Found(issue.remote()),
                Err(answer) => words::not_now(answer),
            });
        }
        Reply { answers, pace: round.pace }
    }

    /// Reads issues, newest first, until all parcels are found or older ones are reached.
    async fn find(
        &self,
        parcels: &[Parcel],
        found: &mut [Option<Issue>],
        round: &mut Round,
    ) -> Result<(), Answer> {
        let staged = parcels.iter().map(|parcel| parcel.staged_at).min().unwrap_or_default();
        let since = jiff::Timestamp::from_millisecond(staged.saturating_sub(SLACK.as_millis() as i64))
            .unwrap_or_default();
        let since = jiff::Timestamp::from_second(since.as_second()).unwrap_or_default().to_string();
        let marks: Vec<String> = parcels.iter().map(|parcel| mark(&parcel.reference)).collect();
        for page in 1..=PAGES {
            let mut url = self.url(&["issues"]);
            url.query_pairs_mut()
                .append_pair("state", "all")
                .append_pair("sort", "created")
                .append_pair("direction", "desc")
                .append_pair("since", &since)
                .append_pair("per_page", &PAGE.to_string())
                .append_pair("page", &page.to_string());
            let mut turn = self.pacer.turn().await;
            let issues = self
                .call(Method::GET, url, &Value::Null, round, &mut turn)
                .await
                .map_err(|(_, answer)| answer)?;
            drop(turn);
            let Some(issues) = issues.as_array() else {
                let error = TaskError::new("answer_unreadable", "GitHub answered without a list of issues");
                return Err(Answer::NoAnswer { error });
            };
            for issue in issues {
                let body = issue["body"].as_str().unwrap_or_default();
                if let Some(at) = marks.iter().position(|mark| body.contains(mark.as_str())) {
                    // The oldest one counts, should someone have copied it.
                    found[at] = Issue::of(issue).or(found[at].take());
                }
            }
            let older =
                issues.last().and_then(|issue| issue["created_at"].as_str()).is_some_and(|at| *at < *since);
            if issues.len() < PAGE || older || found.iter().all(Option::is_some) {
                return Ok(());
            }
        }
        let error = TaskError::new(
            "too_many_issues",
            format!("more than {PAGES} pages of issues changed since the staging"),
        );
        Err(Answer::Unavailable { after_ms: None, error })
    }

    /// Makes a request. Anything but a success comes with its status (0 where there was none) and as the answer to a message.
    async fn call(
        &self,
        method: Method,
        url: Url,
        body: &Value,
        round: &mut Round,
        turn: &mut Turn<'_>,
    ) -> Result<Value, (u16, Answer)> {
        let mut headers = vec![
            (header::AUTHORIZATION, self.authorization.clone()),
            (header::ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
            (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28")),
        ];
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        if !bytes.is_empty() {
            headers.push((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
        }
        let deadline = round.deadline.request(REQUEST_TIME);
        let call = Call { method, url, headers, body: bytes, deadline, cap: 2 * ANSWER_BYTES };
        let reply = match self.http.send(call).await {
            Ok(reply) => reply,
            Err(Transport::NotSent(error)) => return Err((0, Answer::NotSent { error })),
            Err(Transport::NoAnswer(error)) => return Err((0, Answer::NoAnswer { error })),
        };
        round.pace = words::stricter(round.pace, words::pace(&reply.headers, SystemTime::now()));
        if !(200..300).contains(&reply.status) {
            return Err((reply.status, self.failure(reply, turn)));
        }
        turn.taken();
        let status = reply.status;
        let body = reply.body.map_err(|lost| (status, Answer::NoAnswer { error: lost.into_error() }))?;
        serde_json::from_slice(&body).map_err(|_| {
            let error =
                TaskError::new("answer_unreadable", format!("GitHub answered {status}, but not in JSON"));
            (status, Answer::NoAnswer { error })
        })
    }

    fn failure(&self, reply: Answered, turn: &mut Turn<'_>) -> Answer {
        let body: Value =
            reply.body.ok().and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default();
        let mut said = body["message"].as_str().unwrap_or_default().to_owned();
        for error in body["errors"].as_array().into_iter().flatten() {
            let words =
                ["resource", "field", "code", "message"].map(|key| error[key].as_str().unwrap_or_default());
            said = format!("{said}; {}", words.join(" "));
        }
        let said = self.mask.apply(&words::tidy(&said)).into_owned();
        let said = if said.is_empty() { said } else { format!(": {said}") };
        let status = reply.status;
        let error = TaskError::new(format!("http_{status}"), format!("GitHub answered {status}{said}"));
        let hint = words::pace(&reply.headers, SystemTime::now());
        let spent = hint.remaining == Some(0);
        let secondary = said.contains("secondary rate limit") || said.contains("abuse");
        if status == 429 || (status == 403 && (spent || secondary || hint.pause_ms.is_some())) {
            let reset = if spent { hint.reset_ms } else { None };
            let after = hint.pause_ms.or(reset).unwrap_or_else(|| turn.limited().as_millis() as u64);
            return Answer::Throttled { after_ms: Some(after), error };
        }
        match words::answer(status, &reply.headers, error) {
            Answer::Unauthorized { error } => Answer::Unauthorized { error: error.with_help(SIGN_IN) },
            other => other,
        }
    }

    async fn try_out(&self) -> Result<String, TaskError> {
        let mut round = Round::new();
        let mut turn = self.pacer.turn().await;
        let answer = self.call(Method::GET, self.url(&[]), &Value::Null, &mut round, &mut turn).await;
        let repository = answer.map_err(|(status, answer)| words::error_of(no_repository(status, answer)))?;
        let name = format!("{}/{}", self.settings.owner, self.settings.repo);
        if repository["has_issues"] == false {
            return Err(TaskError::new("issues_disabled", format!("{name} has its issues switched off"))
                .with_help("switch them on in the repository's settings"));
        }
        Ok(format!("connected to {name}"))
    }
}

impl Connector for GitHub {
    fn service(&self) -> Option<String> {
        Some(crate::http::host_of(&self.base))
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnceEffect
    }

    fn pace(&self) -> Pace {
        Pace {
            batch: 1,
            parallel: 1,
            interval_ms: self.settings.interval_ms,
            // An issue with a parent takes two writes.
            per_hour: Some((self.settings.per_hour / 2).max(1)),
            lookup_lag_ms: LAG_MS,
            timeout_ms: CALL_TIME.as_millis() as u64 + 5_000,
        }
    }

    fn deliver<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Answer>> {
        Box::pin(async move {
            let mut round = Round::new();
            let mut answers: Vec<Answer> = Vec::with_capacity(parcels.len());
            for parcel in parcels {
                let fine = |answer: &Answer| matches!(answer, Answer::Delivered(_) | Answer::Refused { .. });
                answers.push(if answers.last().is_none_or(fine) {
                    self.deliver_one(parcel, &mut round).await
                } else {
                    let text = "held back because an earlier part of its batch failed";
                    Answer::NotSent { error: TaskError::new("held_back", text) }
                });
            }
            Reply { answers, pace: round.pace }
        })
    }

    fn look_up<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Lookup>> {
        Box::pin(self.look_up_all(parcels))
    }

    fn preview(&self, parcel: &Parcel) -> Result<Preview, TaskError> {
        let body = document::of(parcel, &self.settings.labels)?;
        let pairs = [
            ("Authorization", format!("Bearer {}", vault::MASK)),
            ("Accept", "application/vnd.github+json".to_owned()),
            ("Content-Type", "application/json".to_owned()),
        ];
        let headers = pairs.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Ok(Preview { method: "POST".to_owned(), url: self.url(&["issues"]).to_string(), headers, body })
    }

    fn test(&self) -> ConnectorFuture<'_, Result<String, TaskError>> {
        Box::pin(self.try_out())
    }
}

fn parent(parcel: &Parcel) -> Result<Option<u64>, TaskError> {
    let Some(parent) = &parcel.parent else { return Ok(None) };
    parent.id.parse().map(Some).map_err(|_| {
        let shown: String = parent.id.chars().take(40).collect();
        TaskError::new("invalid_parent", format!("the parent's id `{shown}` is no issue's number"))
    })
}

/// A repository that is not there (404: perhaps only for this token), was renamed (301), or has its issues switched off
/// (410) is no fault of the item: the destination must be seen to.
fn no_repository(status: u16, answer: Answer) -> Answer {
    let help = match status {
        301 | 302 | 307 | 308 => {
            "the repository was renamed or moved: set `owner` and `repo` to its new name"
        }
        404 => "check `owner` and `repo`, and that the token may see the repository and write issues",
        410 => "issues are switched off in this repository: switch them on",
        _ => return answer,
    };
    Answer::Unauthorized { error: words::error_of(answer).with_help(help) }
}
