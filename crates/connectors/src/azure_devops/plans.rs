//! Test plans: one for each epic, a requirement-based suite for each story, the story's test cases in it.
//!
//! Each step looks before it makes: plans are known by the epic's number in their name, suites by their requirement, cases by
//! their number. A step that was cut off is found done, and nothing is made twice.

use super::{
    api::{Api, Round, Taken},
    html::one_line,
};
use activity::connector::{Answer, Permanence};
use model::TaskError;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokio::sync::Mutex;

/// Levels that are climbed from a story to its epic at most.
const CLIMB: usize = 12;
/// Pages of a list that are read at most.
const PAGES: usize = 200;
/// Characters of an epic's title within a plan's name.
const TITLE_CHARS: usize = 180;
/// Stories whose suites are remembered; then all are forgotten and found again.
const REMEMBERED: usize = 20_000;
const HELP: &str = "give the token's owner access to Test Plans, or set `test_plans` to false";

/// A suite within its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Suite {
    plan: u64,
    id: u64,
}

#[derive(Clone, Copy)]
struct Plan {
    id: u64,
    root: u64,
}

/// What is known of plans and suites. One at a time looks and makes, or two would make the same.
#[derive(Default)]
pub(super) struct Plans {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    plans: HashMap<u64, Plan>,
    suites: HashMap<u64, Suite>,
}

impl Plans {
    /// The suite of a story, made where it is missing.
    pub(super) async fn suite(&self, api: &Api, round: &Round, story: u64) -> Result<Suite, Answer> {
        let mut known = self.known.lock().await;
        if let Some(suite) = known.suites.get(&story) {
            return Ok(*suite);
        }
        if known.suites.len() >= REMEMBERED {
            *known = Known::default();
        }
        let (epic, title) = top(api, round, story).await?;
        let plan = match known.plans.get(&epic) {
            Some(plan) => *plan,
            None => ensure_plan(api, round, epic, &title).await.map_err(licence)?,
        };
        known.plans.insert(epic, plan);
        let suite = ensure_suite(api, round, plan, story).await.map_err(licence);
        match suite {
            Ok(suite) => {
                known.suites.insert(story, suite);
                Ok(suite)
            }
            Err(answer) => {
                // The plan may have been deleted there.
                known.plans.remove(&epic);
                Err(answer)
            }
        }
    }

    /// Puts test cases into their suites. Gives the failures by suite.
    pub(super) async fn add(
        &self,
        api: &Api,
        round: &Round,
        cases: &BTreeMap<Suite, BTreeSet<u64>>,
    ) -> BTreeMap<Suite, Answer> {
        let mut failed = BTreeMap::new();
        for (suite, cases) in cases {
            if let Err(answer) = add(api, round, *suite, cases).await {
                failed.insert(*suite, licence(answer));
                self.forget(*suite).await;
            }
        }
        failed
    }

    async fn forget(&self, suite: Suite) {
        let mut known = self.known.lock().await;
        known.suites.retain(|_, other| other.plan != suite.plan);
        known.plans.retain(|_, plan| plan.id != suite.plan);
    }
}

/// A token without access to test plans still makes work items: the test cases alone are refused.
fn licence(answer: Answer) -> Answer {
    match answer {
        Answer::Unauthorized { error } if error.message.contains("403") => {
            Answer::Refused { error: error.with_help(HELP), permanent: Permanence::Permanent }
        }
        other => other,
    }
}

/// The epic above a story, or what stands highest where there is none.
async fn top(api: &Api, round: &Round, story: u64) -> Result<(u64, String), Answer> {
    let mut id = story;
    for _ in 0..CLIMB {
        let mut url = api.project(&["_apis", "wit", "workitems", &id.to_string()]);
        url.query_pairs_mut().append_pair("$expand", "relations");
        let item = api.get(round, url).await?.body;
        let fields = &item["fields"];
        let parent = linked(&item, "System.LinkTypes.Hierarchy-Reverse").next();
        match parent {
            Some(parent) if fields["System.WorkItemType"] != "Epic" => id = parent,
            _ => return Ok((id, fields["System.Title"].as_str().unwrap_or_default().to_owned())),
        }
    }
    let error =
        TaskError::new("too_deep", format!("work item {story} has more than {CLIMB} levels above it"));
    Err(Answer::Refused { error, permanent: Permanence::Permanent })
}

/// Ids of the items that an item is linked to by a relation.
pub(super) fn linked<'a>(item: &'a Value, rel: &'a str) -> impl Iterator<Item = u64> + 'a {
    let relations = item["relations"].as_array().map(Vec::as_slice).unwrap_or_default();
    relations
        .iter()
        .filter(move |relation| relation["rel"] == rel)
        .filter_map(|relation| relation["url"].as_str()?.rsplit('/').next()?.parse().ok())
}

async fn ensure_plan(api: &Api, round: &Round, epic: u64, title: &str) -> Result<Plan, Answer> {
    let url = api.project(&["_apis", "testplan", "plans"]);
    let mark = format!("(#{epic})");
    let of_epic = |plan: &Value| plan["name"].as_str().is_some_and(|name| name.ends_with(&mark));
    let plan = match find(api, round, &url, of_epic).await? {
        Some(plan) => plan,
        None => {
            let title: String = one_line(title).chars().take(TITLE_CHARS).collect();
            let settings = &api.settings;
            let mut body = json!({ "name": format!("{title} {mark}") });
            if !settings.area.is_empty() {
                body["areaPath"] = json!(settings.path(&settings.area));
            }
            if !settings.iteration.is_empty() {
                body["iteration"] = json!(settings.path(&settings.iteration));
            }
            api.post(round, url, body).await?.body
        }
    };
    match (plan["id"].as_u64(), plan["rootSuite"]["id"].as_u64()) {
        (Some(id), Some(root)) => Ok(Plan { id, root }),
        _ => Err(unreadable("test plan")),
    }
}

async fn ensure_suite(api: &Api, round: &Round, plan: Plan, story: u64) -> Result<Suite, Answer> {
    let url = api.project(&["_apis", "testplan", "Plans", &plan.id.to_string(), "suites"]);
    let suite = match find(api, round, &url, |suite| suite["requirementId"].as_u64() == Some(story)).await? {
        Some(suite) => suite,
        None => {
            let body = json!({
                "suiteType": "requirementTestSuite",
                "requirementId": story,
                "parentSuite": { "id": plan.root },
            });
            api.post(round, url, body).await?.body
        }
    };
    suite["id"].as_u64().map(|id| Suite { plan: plan.id, id }).ok_or_else(|| unreadable("test suite"))
}

async fn add(api: &Api, round: &Round, suite: Suite, cases: &BTreeSet<u64>) -> Result<(), Answer> {
    let (plan, id) = (suite.plan.to_string(), suite.id.to_string());
    let url = api.project(&["_apis", "testplan", "Plans", &plan, "Suites", &id, "TestCase"]);
    let mut missing = cases.clone();
    find(api, round, &url, |case| {
        case["workItem"]["id"].as_u64().is_some_and(|id| missing.remove(&id)) && missing.is_empty()
    })
    .await?;
    if missing.is_empty() {
        return Ok(());
    }
    let body = missing.iter().map(|id| json!({ "workItem": { "id": id } })).collect();
    api.post(round, url, body).await.map(drop)
}

/// The first entry of a paged list that fits.
async fn find(
    api: &Api,
    round: &Round,
    url: &url::Url,
    mut fits: impl FnMut(&Value) -> bool,
) -> Result<Option<Value>, Answer> {
    let mut next: Option<String> = None;
    for _ in 0..PAGES {
        let mut page = url.clone();
        if let Some(token) = &next {
            page.query_pairs_mut().append_pair("continuationToken", token);
        }
        let Taken { mut body, continuation } = api.get(round, page).await?;
        let entries = body["value"].as_array_mut().map(std::mem::take).unwrap_or_default();
        if let Some(entry) = entries.into_iter().find(&mut fits) {
            return Ok(Some(entry));
        }
        match continuation {
            Some(token) => next = Some(token),
            None => return Ok(None),
        }
    }
    let error = TaskError::new(
        "list_too_long",
        format!("Azure DevOps lists more than {PAGES} pages of test plans or suites"),
    );
    Err(Answer::Refused { error, permanent: Permanence::Permanent })
}

fn unreadable(what: &str) -> Answer {
    let error = TaskError::new("answer_unreadable", format!("Azure DevOps gave a {what} without its id"));
    Answer::NoAnswer { error }
}
