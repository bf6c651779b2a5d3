//! Reads and queries. Queries know only what is older than the lag.

use super::{Azure, READ, State, items};
use crate::{Request, azure::items::Refusal};
use serde_json::{Value, json};

impl Azure {
    pub(super) fn wiql(&self, request: &Request) -> Result<Value, Refusal> {
        let body = request.json();
        let query = body["query"].as_str().unwrap_or_default();
        let wrong = |what: &str| {
            let text = format!("TF51006: The query statement is missing or wrong near: {what}");
            Refusal::new(400, "WorkItemTrackingQueryException", &text)
        };
        if query.len() > 32_000 {
            return Err(wrong("the statement is longer than 32,000 characters"));
        }
        let conditions = query
            .strip_prefix("SELECT [System.Id] FROM WorkItems WHERE ")
            .and_then(|rest| rest.strip_suffix(" ORDER BY [System.Id] DESC"))
            .ok_or_else(|| wrong(query))?;
        let top = request.query("$top").and_then(|top| top.parse().ok()).unwrap_or(20_000);
        let conditions: Vec<Condition> = conditions
            .split(" AND ")
            .map(|text| Condition::read(text).ok_or_else(|| wrong(text)))
            .collect::<Result<_, _>>()?;
        let state = self.state.lock();
        let known = state.items.values().rev().filter(|item| item.made.elapsed() >= self.options.lag);
        let found = known.filter(|item| conditions.iter().all(|condition| condition.fits(item))).take(top);
        let found: Vec<Value> = found.map(|item| json!({ "id": item.id, "url": "" })).collect();
        Ok(json!({ "queryType": "flat", "workItems": found }))
    }

    pub(super) fn read_one(&self, rest: &[&str], request: &Request) -> Result<Value, Refusal> {
        let id = rest.last().and_then(|id| id.parse().ok()).unwrap_or_default();
        let state = self.state.lock();
        let item = state.items.get(&id).ok_or_else(|| missing(id))?;
        let expand = request.query("$expand").is_some_and(|expand| expand.eq_ignore_ascii_case("relations"));
        Ok(if expand { state.related(item) } else { items::body(item) })
    }

    pub(super) fn read_many(&self, body: &Value) -> Result<Value, Refusal> {
        let ids: Vec<u64> = body["ids"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
        let expand = !body["$expand"].is_null();
        if ids.is_empty() || ids.len() > READ {
            return Err(Refusal::new(
                400,
                "VssPropertyValidationException",
                "VS402337: 1 to 200 ids may be read at once.",
            ));
        }
        if expand && !body["fields"].is_null() {
            let text = "The expand parameter can not be used with the fields parameter.";
            return Err(Refusal::new(400, "VssPropertyValidationException", text));
        }
        let state = self.state.lock();
        let mut found = Vec::new();
        for id in ids {
            match state.items.get(&id) {
                Some(item) if expand => found.push(state.related(item)),
                Some(item) => found.push(selected(item, &body["fields"])),
                None if body["errorPolicy"] == "omit" => found.push(Value::Null),
                None => return Err(missing(id)),
            }
        }
        Ok(json!({ "count": found.len(), "value": found }))
    }
}

fn selected(item: &items::Item, fields: &Value) -> Value {
    let mut shown = items::body(item);
    if let (Some(wanted), Some(all)) = (fields.as_array(), shown["fields"].as_object_mut()) {
        all.retain(|name, _| wanted.iter().any(|field| field == name));
    }
    shown
}

fn missing(id: u64) -> Refusal {
    let text = format!("TF401232: Work item {id} does not exist, or you do not have permissions to read it.");
    Refusal::new(404, "WorkItemUnauthorizedAccessException", &text)
}

enum Condition {
    Project,
    Tag(String),
    Below(u64),
    In(String, Vec<String>),
}

impl Condition {
    fn read(text: &str) -> Option<Self> {
        if text == "[System.TeamProject] = @project" {
            return Some(Self::Project);
        }
        if let Some(tag) = text.strip_prefix("[System.Tags] CONTAINS '") {
            return Some(Self::Tag(tag.strip_suffix('\'')?.replace("''", "'")));
        }
        if let Some(id) = text.strip_prefix("[System.Id] < ") {
            return Some(Self::Below(id.parse().ok()?));
        }
        let (field, list) = text.split_once("] IN (")?;
        let values = list
            .strip_suffix(')')?
            .split(", ")
            .map(|value| Some(value.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'")));
        Some(Self::In(field.strip_prefix('[')?.to_owned(), values.collect::<Option<_>>()?))
    }

    fn fits(&self, item: &items::Item) -> bool {
        match self {
            Self::Project => true,
            Self::Tag(tag) => {
                item.text("System.Tags").split(';').any(|own| own.trim().eq_ignore_ascii_case(tag))
            }
            Self::Below(id) => item.id < *id,
            Self::In(field, values) if field == "System.WorkItemType" => values.contains(&item.kind),
            Self::In(field, values) => values.iter().any(|value| value == item.text(field)),
        }
    }
}

impl State {
    pub(super) fn kind(&self, id: u64) -> &str {
        self.items.get(&id).map(|item| item.kind.as_str()).unwrap_or_default()
    }
}
