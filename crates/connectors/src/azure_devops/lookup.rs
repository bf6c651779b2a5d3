//! Finding what may have arrived: among the parent's children first, which are known at once, then among all items with
//! the run's tag, which a query's index may learn of late. What fits is decided here, by the reference.

use super::{
    api::{Api, Ask, JSON, Round, too_large},
    document::{self, mentions, tag},
    plans::linked,
};
use activity::connector::{Answer, Parcel};
use http::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Items in one read at most: the API's own limit.
const READ_IDS: usize = 200;
/// Bytes of one read at most; a read that is larger is halved.
const READ_BYTES: usize = 32 << 20;
/// Ids in one page of a query's answer.
const QUERY_PAGE: usize = 1_000;
/// References in one query at most: its text is limited to 32,000 characters.
const QUERY_REFERENCES: usize = 200;

/// Finds parcels; gives ids by the parcels' indexes. Absent ones are left out.
pub(super) async fn find(
    api: &Api,
    round: &Round,
    parcels: &[Parcel],
) -> Result<BTreeMap<usize, u64>, Answer> {
    let mut search = Search { api, round, parcels, found: BTreeMap::new(), seen: BTreeSet::new() };
    if api.settings.reference_field.is_none() {
        search.children().await?;
    }
    search.query().await?;
    Ok(search.found)
}

struct Search<'a> {
    api: &'a Api,
    round: &'a Round,
    parcels: &'a [Parcel],
    found: BTreeMap<usize, u64>,
    seen: BTreeSet<u64>,
}

impl Search<'_> {
    fn missing(&self) -> impl Iterator<Item = (usize, &Parcel)> {
        self.parcels.iter().enumerate().filter(|(index, _)| !self.found.contains_key(index))
    }

    async fn children(&mut self) -> Result<(), Answer> {
        let parents: BTreeSet<u64> = self.parcels.iter().filter_map(parent_of).collect();
        let parents: Vec<u64> = parents.into_iter().collect();
        for chunk in parents.chunks(READ_IDS) {
            let items = self.read(chunk, Select::Relations).await?;
            let rels = ["System.LinkTypes.Hierarchy-Forward", "Microsoft.VSTS.Common.TestedBy-Forward"];
            let children: BTreeSet<u64> =
                items.iter().flat_map(|item| rels.into_iter().flat_map(|rel| linked(item, rel))).collect();
            self.look_through(&children.into_iter().rev().collect::<Vec<_>>()).await?;
        }
        Ok(())
    }

    async fn query(&mut self) -> Result<(), Answer> {
        let conditions: Vec<String> = match &self.api.settings.reference_field {
            Some(field) => {
                let references: Vec<String> =
                    self.missing().map(|(_, parcel)| format!("'{}'", quoted(&parcel.reference))).collect();
                references
                    .chunks(QUERY_REFERENCES)
                    .map(|chunk| format!("[{field}] IN ({})", chunk.join(", ")))
                    .collect()
            }
            None => {
                // What hangs on a parent was looked for among its children, whose list knows them at once. Only roots are
                // left: few, and of few types.
                let mut types: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
                for (_, parcel) in self.missing().filter(|(_, parcel)| parent_of(parcel).is_none()) {
                    let kind =
                        document::read(parcel).map(|item| self.api.settings.process.type_of(item.kind));
                    types.entry(tag(parcel)).or_default().extend(kind.ok());
                }
                types.iter().map(|(tag, types)| of_types(tag, types)).collect()
            }
        };
        for condition in conditions {
            let mut below = None;
            while self.missing().next().is_some() {
                let ids = self.page(&condition, below).await?;
                self.look_through(&ids).await?;
                match ids.last() {
                    Some(last) if ids.len() == QUERY_PAGE => below = Some(*last),
                    _ => break,
                }
            }
        }
        Ok(())
    }

    /// Ids that meet a condition, newest first.
    async fn page(&self, condition: &str, below: Option<u64>) -> Result<Vec<u64>, Answer> {
        let mut url = self.api.project(&["_apis", "wit", "wiql"]);
        url.query_pairs_mut().append_pair("$top", &QUERY_PAGE.to_string());
        let below = below.map(|id| format!(" AND [System.Id] < {id}")).unwrap_or_default();
        let query = format!(
            "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND {condition}{below} ORDER BY [System.Id] DESC"
        );
        let answer = self.api.post(self.round, url, json!({ "query": query })).await?;
        let items = answer.body["workItems"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(items.iter().filter_map(|item| item["id"].as_u64()).collect())
    }

    /// Reads items and matches them with what is missing.
    async fn look_through(&mut self, ids: &[u64]) -> Result<(), Answer> {
        let fresh: Vec<u64> = ids.iter().copied().filter(|id| self.seen.insert(*id)).collect();
        let field = self.api.settings.reference_field.clone();
        let field = field.as_deref().unwrap_or("System.Description");
        let mut at = 0;
        let mut size = READ_IDS;
        while at < fresh.len() && self.missing().next().is_some() {
            let chunk = &fresh[at..fresh.len().min(at + size)];
            let items = match self.read(chunk, Select::Field(field)).await {
                Err(answer) if too_large(&answer) && chunk.len() > 1 => {
                    size = chunk.len() / 2;
                    continue;
                }
                other => other?,
            };
            at += chunk.len();
            for item in &items {
                let text = item["fields"][field].as_str().unwrap_or_default();
                let Some(id) = item["id"].as_u64() else { continue };
                let fits = |parcel: &Parcel| mentions(text, &parcel.reference);
                let index = self.missing().find(|(_, parcel)| fits(parcel)).map(|(index, _)| index);
                if let Some(index) = index {
                    self.found.insert(index, id);
                }
            }
        }
        Ok(())
    }

    async fn read(&self, ids: &[u64], select: Select<'_>) -> Result<Vec<Value>, Answer> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut body = json!({ "ids": ids, "errorPolicy": "omit" });
        match select {
            Select::Relations => body["$expand"] = json!("relations"),
            Select::Field(field) => body["fields"] = json!(["System.Id", field]),
        }
        let url = self.api.project(&["_apis", "wit", "workitemsbatch"]);
        let ask = Ask { method: Method::POST, url, content_type: JSON, body, cap: READ_BYTES };
        let mut answer = self.api.call(self.round, ask).await?;
        let items = answer.body["value"].as_array_mut().map(std::mem::take).unwrap_or_default();
        // Items that are gone are null.
        Ok(items.into_iter().filter(Value::is_object).collect())
    }
}

enum Select<'a> {
    Relations,
    Field(&'a str),
}

/// The parent's id, where the parcel has a parent.
fn parent_of(parcel: &Parcel) -> Option<u64> {
    parcel.parent.as_ref()?.id.parse().ok()
}

fn of_types(tag: &str, types: &BTreeSet<&'static str>) -> String {
    let types: Vec<String> = types.iter().map(|name| format!("'{}'", quoted(name))).collect();
    format!("[System.Tags] CONTAINS '{}' AND [System.WorkItemType] IN ({})", quoted(tag), types.join(", "))
}

fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}

/// Ids of the stories that test cases among these parcels test, by index.
pub(super) fn stories(parcels: &[Parcel]) -> BTreeMap<usize, u64> {
    let story = |parcel: &Parcel| {
        let item = document::read(parcel).ok()?;
        let id = parcel.parent.as_ref()?.id.parse().ok()?;
        (item.kind == model::WorkItemKind::TestCase).then_some(id)
    };
    parcels.iter().enumerate().filter_map(|(index, parcel)| Some((index, story(parcel)?))).collect()
}
