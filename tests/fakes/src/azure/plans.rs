//! Test plans, suites and their cases.

use super::{Azure, Licence, items::Refusal};
use crate::{Request, Response};
use serde_json::{Value, json};

/// Entries of one page of a list.
const PAGE: usize = 5;

/// A test plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Number of its root suite.
    pub root: u64,
    /// Its suites, without the root.
    pub suites: Vec<Suite>,
}

/// A requirement-based suite.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its number.
    pub id: u64,
    /// The story that it is for.
    pub requirement: u64,
    /// Its test cases.
    pub cases: Vec<u64>,
}

impl Azure {
    pub(super) fn test_plans(
        &self,
        operation: &str,
        rest: &[&str],
        request: &Request,
    ) -> Result<Response, Refusal> {
        if self.options.test_plans == Licence::Missing {
            let text =
                "You are not authorized to access this API. Please contact your project administrator.";
            return Err(Refusal::new(403, "TestManagementAccessDeniedException", text));
        }
        match (operation, request.method.as_str()) {
            ("plans", "GET") => Ok(self.list_plans(request)),
            ("plans", "POST") => self.make_plan(&request.json()),
            ("suites", "GET") => self.list_suites(rest, request),
            ("suites", "POST") => self.make_suite(rest, &request.json()),
            ("cases", "GET") => self.list_cases(rest, request),
            ("cases", "POST") => self.add_cases(rest, &request.json()),
            _ => Err(Refusal::new(405, "", "The requested resource does not support this method.")),
        }
    }

    fn list_plans(&self, request: &Request) -> Response {
        let state = self.state.lock();
        page(request, state.plans.iter().map(shown).collect())
    }

    fn make_plan(&self, body: &Value) -> Result<Response, Refusal> {
        let mut state = self.state.lock();
        let name = body["name"].as_str().unwrap_or_default();
        let fine = |key: &str| {
            body[key].is_null() || body[key].as_str().is_some_and(|path| path.starts_with("Shop"))
        };
        if name.is_empty() || name.len() > 255 || !fine("areaPath") || !fine("iteration") {
            return Err(wrong("the name is missing or too long, or a path is not the project's"));
        }
        let (id, root) = (state.id(), state.id());
        let plan = Plan { id, name: name.to_owned(), root, suites: Vec::new() };
        state.plans.push(plan.clone());
        Ok(Response::json(200, &shown(&plan)))
    }

    fn list_suites(&self, rest: &[&str], request: &Request) -> Result<Response, Refusal> {
        let state = self.state.lock();
        let plan = state.plans.iter().find(|plan| plan.id == number(rest, 3)).ok_or_else(gone)?;
        let root = json!({ "id": plan.root, "suiteType": "staticTestSuite", "name": plan.name });
        let suites = plan.suites.iter().map(|suite| {
            json!({ "id": suite.id, "suiteType": "requirementTestSuite", "requirementId": suite.requirement })
        });
        Ok(page(request, std::iter::once(root).chain(suites).collect()))
    }

    fn make_suite(&self, rest: &[&str], body: &Value) -> Result<Response, Refusal> {
        let mut state = self.state.lock();
        let requirement = body["requirementId"].as_u64().unwrap_or_default();
        if body["suiteType"] != "requirementTestSuite" {
            return Err(wrong("suiteType must be requirementTestSuite here"));
        }
        if !matches!(state.kind(requirement), "User Story" | "Product Backlog Item" | "Issue") {
            return Err(wrong("the requirement is no work item of the requirement category"));
        }
        let id = state.id();
        // Cases that are linked to the requirement are in its suite from the start.
        let linked =
            state.items.values().filter(|item| item.tests == Some(requirement)).map(|item| item.id).collect();
        let plan = state.plans.iter_mut().find(|plan| plan.id == number(rest, 3)).ok_or_else(gone)?;
        if body["parentSuite"]["id"].as_u64() != Some(plan.root) {
            return Err(wrong("the parent suite does not exist"));
        }
        plan.suites.push(Suite { id, requirement, cases: linked });
        Ok(Response::json(200, &json!({ "id": id, "requirementId": requirement })))
    }

    fn list_cases(&self, rest: &[&str], request: &Request) -> Result<Response, Refusal> {
        let state = self.state.lock();
        let plan = state.plans.iter().find(|plan| plan.id == number(rest, 3)).ok_or_else(gone)?;
        let suite = plan.suites.iter().find(|suite| suite.id == number(rest, 5)).ok_or_else(gone)?;
        Ok(page(request, suite.cases.iter().map(|id| json!({ "workItem": { "id": id } })).collect()))
    }

    fn add_cases(&self, rest: &[&str], body: &Value) -> Result<Response, Refusal> {
        let mut state = self.state.lock();
        let cases: Vec<u64> = body
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|case| case["workItem"]["id"].as_u64())
            .collect();
        if cases.is_empty() || cases.iter().any(|id| state.kind(*id) != "Test Case") {
            return Err(wrong("only test cases that exist can be added"));
        }
        let plan = state.plans.iter_mut().find(|plan| plan.id == number(rest, 3)).ok_or_else(gone)?;
        let suite = plan.suites.iter_mut().find(|suite| suite.id == number(rest, 5)).ok_or_else(gone)?;
        if let Some(twice) = cases.iter().find(|id| suite.cases.contains(id)) {
            return Err(wrong(&format!("test case {twice} is in the suite already")));
        }
        suite.cases.extend(cases);
        Ok(Response::json(200, &json!({ "count": suite.cases.len() })))
    }
}

fn shown(plan: &Plan) -> Value {
    json!({ "id": plan.id, "name": plan.name, "rootSuite": { "id": plan.root } })
}

fn number(rest: &[&str], at: usize) -> u64 {
    rest.get(at).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// A short page, so that reading on is tested.
fn page(request: &Request, all: Vec<Value>) -> Response {
    let from: usize =
        request.query("continuationToken").and_then(|token| token.parse().ok()).unwrap_or_default();
    let page: Vec<&Value> = all.iter().skip(from).take(PAGE).collect();
    let response = Response::json(200, &json!({ "count": page.len(), "value": page }));
    if from + PAGE < all.len() {
        response.with_header("x-ms-continuationtoken", from + PAGE)
    } else {
        response
    }
}

fn gone() -> Refusal {
    Refusal::new(404, "TestObjectNotFoundException", "The test plan or suite does not exist.")
}

fn wrong(text: &str) -> Refusal {
    Refusal::new(400, "TestManagementInvalidOperationException", text)
}
