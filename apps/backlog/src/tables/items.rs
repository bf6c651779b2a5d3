//! Reading items, and editing them.

use super::writing;
use crate::gate::Quality;
use db::{Batch, Conditions, Db, Query, Row, Statement, Value, anywhere, params};
use model::{DeliveryState, Remote, RunId, TaskError, WorkItem, WorkItemKind};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// An item of a backlog.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BacklogItem {
    /// Its path from the root, such as `e1.f2.s3.t1`; never changes.
    pub key: String,
    /// Its parent's key; null for an epic.
    pub parent: Option<String>,
    /// What it is.
    #[schema(value_type = String)]
    pub kind: WorkItemKind,
    /// Depth below the root, from 0.
    pub level: u32,
    /// Its place among its siblings of the same kind, from 1.
    pub position: u32,
    /// What it says.
    #[schema(value_type = Object)]
    pub item: WorkItem,
    /// How good it is.
    pub quality: ItemQuality,
    /// Whether it stayed under the threshold and was kept all the same.
    pub flagged: bool,
    /// Whether a person has changed it.
    pub edited: bool,
    /// Whether it is left out of what is staged, with all below it.
    pub excluded: bool,
    /// How many children it has.
    pub children: u32,
    /// Its delivery to the run's destination; null where it is not staged.
    pub delivery: Option<ItemDelivery>,
    /// Moves on with every change; send it as `If-Match: "3"` to change only what you have seen.
    pub version: i64,
    /// The version that was staged last.
    #[serde(skip)]
    pub staged_version: Option<i64>,
    #[serde(skip)]
    sort: String,
}

/// How good an item is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemQuality {
    /// 0 to 100.
    pub score: u32,
    /// What is wrong.
    pub problems: Vec<String>,
    /// How often it was written.
    pub attempts: u32,
}

/// Where an item's delivery is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemDelivery {
    /// Its id.
    pub id: String,
    /// Its state.
    #[schema(value_type = String)]
    pub state: DeliveryState,
    /// How often it failed through its own fault.
    pub attempts: u32,
    /// What it became.
    #[schema(value_type = Option<Object>)]
    pub remote: Option<Remote>,
    /// Why it failed last, in the destination's own words.
    #[schema(value_type = Option<Object>)]
    pub error: Option<TaskError>,
}

/// Which items.
#[derive(Clone, Debug, Default)]
pub struct ItemFilter {
    /// The children of this one; the roots where it is [`Parent::Root`].
    pub parent: Option<Parent>,
    /// Of this kind.
    pub kind: Option<WorkItemKind>,
    /// With this text in title or description.
    pub q: Option<String>,
    /// Flagged, or not.
    pub flagged: Option<bool>,
    /// Whose delivery is in one of these states; any where empty.
    pub deliveries: Vec<DeliveryState>,
    /// With these keys; any where empty.
    pub keys: Vec<String>,
    /// Edited and not staged since, or left out of the first staging.
    pub unstaged_edits: bool,
}

/// Whose children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parent {
    /// Those without a parent.
    Root,
    /// The item's with that key.
    Key(String),
}

/// What a person changes of an item.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The version that was looked at.
    pub version: i64,
    /// What it says now.
    pub item: WorkItem,
    /// How good it is now.
    pub(crate) quality: Quality,
    /// Whether it is under the threshold.
    pub flagged: bool,
    /// Whether a person has changed what it says.
    pub edited: bool,
    /// Whether it is left out.
    pub excluded: bool,
}

/// Figures of a backlog's items that edits change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Under the threshold.
    pub flagged: u64,
    /// Edited and not staged since.
    pub unstaged_edits: u64,
}

impl BacklogItem {
    /// Its place in the tree, for cursors.
    pub fn place(&self) -> &str {
        &self.sort
    }

    /// The item as stages see it.
    pub(crate) fn stored(&self) -> writing::StoredItem {
        writing::StoredItem {
            key: Arc::from(self.key.as_str()),
            position: self.position,
            item: self.item.clone(),
            excluded: self.excluded,
            version: self.version,
            flagged: self.flagged,
            attempts: self.quality.attempts,
        }
    }
}

impl ItemFilter {
    fn conditions(&self, run: RunId, destination: Option<&str>) -> Conditions {
        let mut conditions =
            Conditions::after([Value::from(run.0), Value::from(destination.unwrap_or_default())]);
        match &self.parent {
            None => {}
            Some(Parent::Root) => conditions.and("i.parent IS NULL", []),
            Some(Parent::Key(key)) => conditions.and("i.parent = ?", [Value::from(key)]),
        }
        if let Some(kind) = self.kind {
            conditions.and("i.kind = ?", [Value::from(kind.as_str())]);
        }
        if let Some(q) = &self.q {
            for word in q.split_whitespace().take(MAX_WORDS) {
                conditions.and("i.words LIKE ? ESCAPE '\\'", [anywhere(&word.to_lowercase())]);
            }
        }
        if let Some(flagged) = self.flagged {
            conditions.and("i.flagged = ?", [Value::from(flagged)]);
        }
        if !self.deliveries.is_empty() {
            let numbers: Vec<String> =
                self.deliveries.iter().map(|state| state.number().to_string()).collect();
            conditions
                .and("? LIKE '%,' || d.state || ',%'", [Value::from(format!(",{},", numbers.join(",")))]);
        }
        if !self.keys.is_empty() {
            let list = format!(",{},", self.keys.join(","));
            conditions.and("? LIKE '%,' || i.key || ',%'", [Value::from(list)]);
        }
        if self.unstaged_edits {
            conditions.and("i.edited = 1 AND (i.staged_version IS NULL OR i.staged_version < i.version)", []);
        }
        conditions
    }
}

/// Words of a search that count.
const MAX_WORDS: usize = 8;

/// A page of items in tree order, after the place `after`.
///
/// # Errors
/// Where the store does not answer.
pub async fn page(
    db: &Db,
    run: RunId,
    destination: Option<&str>,
    filter: &ItemFilter,
    after: Option<&str>,
    limit: u32,
) -> db::Result<Vec<BacklogItem>> {
    let mut conditions = filter.conditions(run, destination);
    if let Some(after) = after {
        conditions.and("i.sort > ?", [Value::from(after)]);
    }
    let rows = db
        .query(conditions.query(include_str!("sql/page.sql"), &[("/*limit*/", &limit.to_string())]))
        .await?;
    rows.iter().map(item).collect()
}

/// One item.
///
/// # Errors
/// Where the store does not answer.
pub async fn one(
    db: &Db,
    run: RunId,
    destination: Option<&str>,
    key: &str,
) -> db::Result<Option<BacklogItem>> {
    let filter = ItemFilter { keys: vec![key.to_owned()], ..ItemFilter::default() };
    // A key with a comma names nothing: the list of keys is separated by them.
    if key.contains([',', '%', '_']) {
        return Ok(None);
    }
    Ok(page(db, run, destination, &filter, None, 1).await?.pop())
}

/// Changes an item if it still has the version that was looked at; says whether it had.
///
/// # Errors
/// Where the store does not answer.
pub async fn edit(db: &Db, run: RunId, key: &str, edit: &Edit) -> db::Result<bool> {
    let unwritable =
        |error: serde_json::Error| db::Error::Engine { what: "write an item", source: Box::new(error) };
    let statement = Statement::new(include_str!("sql/item_edit.sql")).row(params![
        run.0,
        key,
        edit.version,
        serde_json::to_string(&edit.item).map_err(unwritable)?,
        writing::words(&edit.item),
        edit.quality.score,
        serde_json::to_string(&edit.quality.problems).map_err(unwritable)?,
        edit.flagged,
        edit.edited,
        edit.excluded,
    ]);
    let outcomes = db.execute(Batch::from(statement)).await?;
    Ok(outcomes.first().is_some_and(|outcome| outcome.affected > 0))
}

/// Says which versions of items were staged.
///
/// # Errors
/// Where the store does not answer.
pub(crate) async fn mark_staged(db: &Db, run: RunId, items: &[(Arc<str>, i64)]) -> db::Result<()> {
    let mut statement = Statement::new(include_str!("sql/item_staged.sql"));
    for (key, version) in items {
        statement.push_row(params![run.0, key.clone(), *version]);
    }
    db.execute(Batch::from(statement)).await.map(|_| ())
}

/// Figures of a run's items that edits change.
///
/// # Errors
/// Where the store does not answer.
pub async fn figures(db: &Db, run: RunId) -> db::Result<Figures> {
    let rows = db.query(Query::new(include_str!("sql/figures.sql")).bind(run.0)).await?;
    match rows.first() {
        Some(row) => Ok(Figures { flagged: row.get(0)?, unstaged_edits: row.get(1)? }),
        None => Ok(Figures::default()),
    }
}

/// Keys of the items that a person left out.
///
/// # Errors
/// Where the store does not answer.
pub async fn excluded(db: &Db, run: RunId) -> db::Result<Vec<String>> {
    let query = Query::new("SELECT key FROM backlog_items WHERE run_id = ?1 AND excluded = 1").bind(run.0);
    db.query(query).await?.iter().map(|row| row.get(0)).collect()
}

/// What people should know about a backlog.
///
/// # Errors
/// Where the store does not answer.
pub async fn notes(db: &Db, run: RunId) -> db::Result<Vec<String>> {
    let query = Query::new("SELECT note FROM backlog_notes WHERE run_id = ?1 ORDER BY n").bind(run.0);
    db.query(query).await?.iter().map(|row| row.get(0)).collect()
}

fn item(row: &Row) -> db::Result<BacklogItem> {
    let json = |index: usize| -> db::Result<&str> { row.get(index) };
    let wrong = |index: usize, wanted: &'static str| db::Error::Column { index, wanted, found: "text" };
    Ok(BacklogItem {
        key: row.get(0)?,
        parent: row.get(1)?,
        kind: kind(row.get(2)?).ok_or_else(|| wrong(2, "a kind"))?,
        level: row.get(3)?,
        position: row.get(4)?,
        item: serde_json::from_str(json(5)?).map_err(|_| wrong(5, "a work item"))?,
        quality: ItemQuality {
            score: row.get(6)?,
            problems: serde_json::from_str(json(7)?).map_err(|_| wrong(7, "a list"))?,
            attempts: row.get(8)?,
        },
        flagged: row.get(9)?,
        edited: row.get(10)?,
        excluded: row.get(11)?,
        version: row.get(12)?,
        staged_version: row.get(13)?,
        sort: row.get(14)?,
        children: row.get(15)?,
        delivery: delivery(row)?,
    })
}

fn delivery(row: &Row) -> db::Result<Option<ItemDelivery>> {
    let Some(id) = row.get::<Option<i64>>(16)? else { return Ok(None) };
    let state = DeliveryState::from_number(row.get(17)?);
    let state =
        state.ok_or(db::Error::Column { index: 17, wanted: "a delivery's state", found: "integer" })?;
    let remote = row.get::<Option<Arc<str>>>(19)?;
    let url = row.get::<Option<Arc<str>>>(20)?;
    let error: Option<&str> = row.get(21)?;
    Ok(Some(ItemDelivery {
        id: id.to_string(),
        state,
        attempts: row.get(18)?,
        remote: remote.map(|id| Remote { id, url }),
        error: error.and_then(|text| serde_json::from_str(text).ok()),
    }))
}

/// The kind of that word.
pub(crate) fn kind(word: &str) -> Option<WorkItemKind> {
    use WorkItemKind::{Epic, Feature, Story, Task, TestCase};
    [Epic, Feature, Story, Task, TestCase].into_iter().find(|kind| kind.as_str() == word)
}
