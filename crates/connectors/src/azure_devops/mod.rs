//! Azure DevOps: work items with their parents, test plans, suites and cases.
//!
//! ```text
//! deliver:  areas, iterations, suites ─▶ documents ─▶ $batch (≤ 50 parts) or one POST each ─▶ cases into suites
//! look_up:  children of the parent, then WIQL on the run's tag ─▶ match by reference ─▶ cases into suites
//! ```
//! Creation is made idempotent by the reference in each item: what may have arrived is looked up by it. A test case counts
//! as delivered only once it is in its suite; where that step is cut off, the look-up finds the case and does it again.

mod api;
mod document;
mod html;
mod lookup;
mod nodes;
mod plans;
mod settings;

pub use settings::KIND;

use crate::{Http, build::needed, http::words, settings::join};
use activity::connector::{
    Answer, Connector, ConnectorFuture, Guarantee, Lookup, Pace, PaceHint, Parcel, Preview, Reply,
};
use api::{Api, Ask, JSON, JSON_PATCH, Round};
use document::{Draft, Parent};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model::{Remote, TaskError};
use nodes::Nodes;
use plans::{Plans, Suite};
use serde_json::{Value, json};
use settings::Settings;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use vault::Secret;

/// Parts of one batch at most; the API takes 200, and fewer keep its answers quick.
const BATCH: usize = 50;
/// Bytes of one batch at most.
const BATCH_BYTES: usize = 4 << 20;
/// Bytes of one batch's answer at most: it repeats the items.
const BATCH_ANSWER_BYTES: usize = 64 << 20;
/// How long a call of the connector may take, all its requests together.
const CALL_TIME: Duration = Duration::from_secs(90);
/// Calls at once: Azure DevOps counts what they cost it, and slows down who takes more than a share.
const PARALLEL: u32 = 4;

/// The connector.
pub struct AzureDevops {
    api: Api,
    nodes: Nodes,
    plans: Plans,
}

impl AzureDevops {
    /// A connector with these settings. The secret is a personal access token.
    ///
    /// # Errors
    /// `invalid_settings` or `secret_missing`.
    pub fn new(settings: &Value, secret: Option<Secret>, http: &Http) -> Result<Self, TaskError> {
        let settings = Settings::new(settings)?;
        let secret = needed(KIND, secret, "a personal access token")?;
        Ok(Self { api: Api::new(settings, &secret, http)?, nodes: Nodes::default(), plans: Plans::default() })
    }

    async fn deliver_all(&self, parcels: &[Parcel]) -> Reply<Answer> {
        let round = Round::new(CALL_TIME);
        let mut answers = Answers::new(parcels.len());
        let mut drafts = BTreeMap::new();
        for (index, parcel) in parcels.iter().enumerate() {
            let parent = document::parent(parcel);
            match parent.and_then(|parent| document::draft(&self.api.settings, parcel, parent)) {
                Ok(draft) => drop(drafts.insert(index, draft)),
                Err(error) => answers.set(index, refused(error)),
            }
        }
        if let Err(answer) = self.nodes.ensure(&self.api, &round).await {
            let answer = words::before_sending(answer);
            drafts.keys().for_each(|index| answers.set(*index, answer.clone()));
            return answers.reply(round.pace());
        }
        let suites = self.suites(&round, parcels, &mut answers).await;
        drafts.retain(|index, _| !answers.has(*index));
        self.send(&round, drafts, &mut answers).await;
        self.place(&round, &suites, &mut answers).await;
        if answers.0.iter().flatten().any(names_no_node) {
            self.nodes.forget().await;
        }
        answers.reply(round.pace())
    }

    /// Suites of the test cases' stories, by index. What fails is answered.
    async fn suites(
        &self,
        round: &Round,
        parcels: &[Parcel],
        answers: &mut Answers,
    ) -> BTreeMap<usize, Suite> {
        let mut suites = BTreeMap::new();
        if !self.api.settings.test_plans {
            return suites;
        }
        for (index, story) in lookup::stories(parcels) {
            match self.plans.suite(&self.api, round, story).await {
                Ok(suite) => drop(suites.insert(index, suite)),
                Err(answer) => answers.set(index, words::before_sending(answer)),
            }
        }
        suites
    }

    async fn send(&self, round: &Round, drafts: BTreeMap<usize, Draft>, answers: &mut Answers) {
        let drafts: Vec<(usize, Draft)> = drafts.into_iter().collect();
        if !self.api.settings.use_batch || drafts.len() < 2 {
            return self.send_singly(round, &drafts, answers).await;
        }
        let mut from = 0;
        while from < drafts.len() {
            let mut bytes = 0;
            let fits = |(_, draft): &&(usize, Draft)| {
                bytes += draft.document.to_string().len();
                bytes <= BATCH_BYTES
            };
            let count = drafts[from..].iter().take(BATCH).take_while(fits).count().max(1);
            let part = &drafts[from..from + count];
            from += count;
            match self.send_batch(round, part, answers).await {
                Ok(()) => {}
                // The batch as such is refused, so nothing of it was taken: its parts may do better alone.
                Err(Answer::Refused { .. }) => self.send_singly(round, part, answers).await,
                Err(answer) => part.iter().for_each(|(index, _)| answers.set(*index, answer.clone())),
            }
            if part.iter().any(|(index, _)| answers.holds(*index)) {
                break;
            }
        }
        drafts.iter().for_each(|(index, _)| answers.hold_back(*index));
    }

    /// Sends one after the other, until one says that the destination cannot.
    async fn send_singly(&self, round: &Round, drafts: &[(usize, Draft)], answers: &mut Answers) {
        for (index, draft) in drafts {
            answers.set(*index, self.create(round, draft).await);
            if answers.holds(*index) {
                break;
            }
        }
        drafts.iter().for_each(|(index, _)| answers.hold_back(*index));
    }

    async fn create(&self, round: &Round, draft: &Draft) -> Answer {
        let ask = Ask {
            method: Method::POST,
            url: self.create_url(draft),
            content_type: JSON_PATCH,
            body: draft.document.clone(),
            cap: crate::http::ANSWER_BYTES,
        };
        match self.api.call(round, ask).await {
            Ok(taken) => self.created(&taken.body),
            Err(answer) => answer,
        }
    }

    async fn send_batch(
        &self,
        round: &Round,
        drafts: &[(usize, Draft)],
        answers: &mut Answers,
    ) -> Result<(), Answer> {
        let part = |draft: &Draft| {
            let url = self.create_url(draft);
            // Addresses of parts begin below the organisation.
            let below = self.api.organization(&[]).path().trim_end_matches('/').len();
            let uri = format!("{}?{}", &url.path()[below..], url.query().unwrap_or_default());
            json!({
                "method": "PATCH",
                "uri": uri,
                "headers": { "Content-Type": JSON_PATCH },
                "body": draft.document,
            })
        };
        let body: Value = drafts.iter().map(|(_, draft)| part(draft)).collect();
        let url = self.api.organization(&["_apis", "wit", "$batch"]);
        let ask = Ask { method: Method::PATCH, url, content_type: JSON, body, cap: BATCH_ANSWER_BYTES };
        let taken = self.api.call(round, ask).await?;
        let parts = taken.body["value"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (at, (index, _)) in drafts.iter().enumerate() {
            answers.set(*index, self.part(parts.get(at)));
        }
        Ok(())
    }

    /// What came of one part of a batch.
    fn part(&self, part: Option<&Value>) -> Answer {
        let unreadable = || Answer::NoAnswer {
            error: TaskError::new("answer_unreadable", "Azure DevOps answered a batch without this part"),
        };
        let Some(part) = part else { return unreadable() };
        let Some(code) = part["code"].as_u64().and_then(|code| u16::try_from(code).ok()) else {
            return unreadable();
        };
        let body = match &part["body"] {
            Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())),
            other => other.clone(),
        };
        if (200..300).contains(&code) {
            self.created(&body)
        } else {
            self.api.failure(code, &headers(part), &body)
        }
    }

    fn created(&self, body: &Value) -> Answer {
        match body["id"].as_u64() {
            Some(id) => Answer::Delivered(self.remote(id)),
            None => Answer::NoAnswer {
                error: TaskError::new("answer_unreadable", "Azure DevOps answered without the item's number"),
            },
        }
    }

    fn remote(&self, id: u64) -> Remote {
        let settings = &self.api.settings;
        let id = id.to_string();
        let url =
            join(&settings.base, &[&settings.organization, &settings.project, "_workitems", "edit", &id]);
        Remote { id: id.into(), url: Some(url.as_str().into()) }
    }

    fn create_url(&self, draft: &Draft) -> url::Url {
        self.api.project(&["_apis", "wit", "workitems", &format!("${}", draft.type_name)])
    }

    /// Puts delivered test cases into their suites. One that cannot be is not done: it is looked up and placed again.
    async fn place(&self, round: &Round, suites: &BTreeMap<usize, Suite>, answers: &mut Answers) {
        let mut cases: BTreeMap<Suite, BTreeSet<u64>> = BTreeMap::new();
        for (index, suite) in suites {
            if let Some(Answer::Delivered(remote)) = &answers.0[*index]
                && let Ok(id) = remote.id.parse()
            {
                cases.entry(*suite).or_default().insert(id);
            }
        }
        let failed = self.plans.add(&self.api, round, &cases).await;
        for (index, suite) in suites {
            if let (Some(Answer::Delivered(_)), Some(answer)) = (&answers.0[*index], failed.get(suite)) {
                let mut error = words::error_of(answer.clone());
                error.message =
                    format!("the test case was created but is not in its suite yet: {}", error.message);
                answers.set(*index, Answer::NoAnswer { error });
            }
        }
    }

    async fn look_up_all(&self, parcels: &[Parcel]) -> Reply<Lookup> {
        let round = Round::new(CALL_TIME);
        let found = match lookup::find(&self.api, &round, parcels).await {
            Ok(found) => found,
            Err(answer) => {
                let lookup = words::not_now(answer);
                return Reply { answers: vec![lookup; parcels.len()], pace: round.pace() };
            }
        };
        let mut answers = Answers::new(parcels.len());
        found.iter().for_each(|(index, id)| answers.set(*index, Answer::Delivered(self.remote(*id))));
        // Only what was found needs a place.
        let stories = if self.api.settings.test_plans { lookup::stories(parcels) } else { BTreeMap::new() };
        let mut suites = BTreeMap::new();
        for (index, story) in stories.into_iter().filter(|(index, _)| found.contains_key(index)) {
            match self.plans.suite(&self.api, &round, story).await {
                Ok(suite) => drop(suites.insert(index, suite)),
                Err(answer) => answers.set(index, answer),
            }
        }
        self.place(&round, &suites, &mut answers).await;
        let lookups = answers.0.into_iter().map(|answer| match answer {
            None => Lookup::Absent,
            Some(Answer::Delivered(remote)) => Lookup::Found(remote),
            Some(other) => words::not_now(other),
        });
        Reply { answers: lookups.collect(), pace: round.pace() }
    }

    async fn validate_one(&self, parcel: &Parcel) -> Result<(), TaskError> {
        let parent = document::parent(parcel)?;
        let draft = document::draft(&self.api.settings, parcel, parent)?;
        let mut url = self.create_url(&draft);
        url.query_pairs_mut().append_pair("validateOnly", "true");
        let round = Round::new(CALL_TIME);
        let ask = Ask {
            method: Method::POST,
            url,
            content_type: JSON_PATCH,
            body: draft.document,
            cap: crate::http::ANSWER_BYTES,
        };
        self.api.call(&round, ask).await.map(drop).map_err(words::error_of)
    }

    async fn try_out(&self) -> Result<String, TaskError> {
        let round = Round::new(CALL_TIME);
        let settings = &self.api.settings;
        let url = self.api.project(&["_apis", "wit", "workitemtypes"]);
        let types = self.api.get(&round, url).await.map_err(words::error_of)?.body;
        let types = types["value"].as_array().map(Vec::as_slice).unwrap_or_default();
        let names: BTreeSet<&str> = types.iter().filter_map(|kind| kind["name"].as_str()).collect();
        let kinds = [
            model::WorkItemKind::Epic,
            model::WorkItemKind::Feature,
            model::WorkItemKind::Story,
            model::WorkItemKind::Task,
            model::WorkItemKind::TestCase,
        ];
        if let Some(missing) =
            kinds.iter().map(|kind| settings.process.type_of(*kind)).find(|name| !names.contains(name))
        {
            let text = format!("project {} has no work items of the type {missing}", settings.project);
            let help = "set `process` to agile, scrum or basic, as the project's is";
            return Err(TaskError::new("wrong_process", text).with_help(help));
        }
        if let Some(field) = &settings.reference_field {
            let url = self.api.project(&["_apis", "wit", "fields", field]);
            self.api.get(&round, url).await.map_err(words::error_of)?;
        }
        let (project, organization) = (&settings.project, &settings.organization);
        Ok(format!("connected to project {project} of {organization}, process {}", settings.process.as_str()))
    }
}

impl Connector for AzureDevops {
    fn service(&self) -> Option<String> {
        let settings = &self.api.settings;
        Some(format!("{}/{}", crate::http::host_of(&settings.base), settings.organization.to_lowercase()))
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnceEffect
    }

    fn pace(&self) -> Pace {
        let settings = &self.api.settings;
        Pace {
            batch: if settings.use_batch { BATCH } else { 1 },
            parallel: if settings.use_batch { PARALLEL } else { 2 * PARALLEL },
            interval_ms: 0,
            per_hour: None,
            lookup_lag_ms: settings.lookup_lag_ms,
            // More than the requests take, so that it is they that run out of time.
            timeout_ms: CALL_TIME.as_millis() as u64 + 5_000,
        }
    }

    fn deliver<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Answer>> {
        Box::pin(self.deliver_all(parcels))
    }

    fn look_up<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Lookup>> {
        Box::pin(self.look_up_all(parcels))
    }

    fn preview(&self, parcel: &Parcel) -> Result<Preview, TaskError> {
        let kind = document::read(parcel)?.kind;
        let parent = match document::parent(parcel)? {
            Parent::None if kind != model::WorkItemKind::Epic => Parent::Placeholder("{parent}"),
            parent => parent,
        };
        let draft = document::draft(&self.api.settings, parcel, parent)?;
        let url = self.create_url(&draft).to_string();
        Ok(Preview {
            method: "POST".to_owned(),
            url,
            headers: Api::shown_headers(JSON_PATCH),
            body: draft.document,
        })
    }

    fn validate<'a>(&'a self, parcel: &'a Parcel) -> ConnectorFuture<'a, Option<Result<(), TaskError>>> {
        Box::pin(async { Some(self.validate_one(parcel).await) })
    }

    fn test(&self) -> ConnectorFuture<'_, Result<String, TaskError>> {
        Box::pin(self.try_out())
    }
}

/// Answers as they come in, by the parcels' indexes.
struct Answers(Vec<Option<Answer>>);

impl Answers {
    fn new(count: usize) -> Self {
        Self(vec![None; count])
    }

    fn has(&self, index: usize) -> bool {
        self.0[index].is_some()
    }

    fn set(&mut self, index: usize, answer: Answer) {
        self.0[index] = Some(answer);
    }

    /// Whether this answer is about the destination rather than the message: then nothing more is sent in this call.
    fn holds(&self, index: usize) -> bool {
        self.0[index]
            .as_ref()
            .is_some_and(|answer| !matches!(answer, Answer::Delivered(_) | Answer::Refused { .. }))
    }

    fn hold_back(&mut self, index: usize) {
        self.0[index].get_or_insert_with(held_back);
    }

    fn reply(self, pace: PaceHint) -> Reply<Answer> {
        let answers = self.0.into_iter().map(|answer| answer.unwrap_or_else(held_back)).collect();
        Reply { answers, pace }
    }
}

fn held_back() -> Answer {
    Answer::NotSent {
        error: TaskError::new("held_back", "held back because an earlier part of its batch failed"),
    }
}

fn refused(error: TaskError) -> Answer {
    Answer::Refused { error, permanent: activity::connector::Permanence::Permanent }
}

fn names_no_node(answer: &Answer) -> bool {
    matches!(answer, Answer::Refused { error, .. } if error.message.contains("TF401347"))
}

fn headers(part: &Value) -> HeaderMap {
    let fields = part["headers"].as_object().into_iter().flatten();
    fields
        .filter_map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(text).ok()?))
        })
        .collect()
}
