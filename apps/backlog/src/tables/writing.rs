//! Rows that stages write, and what they read back.

use crate::{gate::Quality, keys};
use db::{Db, Query, Statement, params};
use model::{RunId, WorkItem, WorkItemKind};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// An item that is to be written.
#[derive(Clone, Debug)]
pub(crate) struct NewItem {
    /// Its parent's key; empty for an epic.
    pub(crate) parent: Arc<str>,
    /// Its place among its siblings of the same kind, from 1.
    pub(crate) position: u32,
    /// What it says.
    pub(crate) item: WorkItem,
    /// How good it is.
    pub(crate) quality: Quality,
    /// How often it was written.
    pub(crate) attempts: u32,
    /// Whether it stayed under the threshold.
    pub(crate) flagged: bool,
}

impl NewItem {
    /// Its key.
    pub(crate) fn key(&self) -> String {
        keys::child(&self.parent, self.item.kind, self.position)
    }
}

/// An item as it is stored, as far as stages need it.
#[derive(Clone, Debug)]
pub(crate) struct StoredItem {
    /// Its key.
    pub(crate) key: Arc<str>,
    /// Its place among its siblings of the same kind.
    pub(crate) position: u32,
    /// What it says.
    pub(crate) item: WorkItem,
    /// Whether a person left it out.
    pub(crate) excluded: bool,
    /// Its version.
    pub(crate) version: i64,
    /// Whether it stayed under the threshold.
    pub(crate) flagged: bool,
    /// How often it was written.
    pub(crate) attempts: u32,
}

/// The statement that writes items; one that is there already stays as it is.
///
/// # Errors
/// Where an item has no JSON form.
pub(crate) fn insert(run: RunId, items: &[NewItem]) -> Result<Statement, serde_json::Error> {
    let mut statement = Statement::new(include_str!("sql/item_insert.sql"));
    for new in items {
        let kind = new.item.kind;
        let parent = (!new.parent.is_empty()).then(|| new.parent.clone());
        statement.push_row(params![
            run.0,
            new.key(),
            parent,
            kind.as_str(),
            kind.level(),
            new.position,
            keys::sort(&new.parent, kind, new.position),
            serde_json::to_string(&new.item)?,
            words(&new.item),
            new.quality.score,
            serde_json::to_string(&new.quality.problems)?,
            new.attempts,
            new.flagged,
        ]);
    }
    Ok(statement)
}

/// What a search looks through.
pub(crate) fn words(item: &WorkItem) -> String {
    format!("{}\n{}", item.title, item.description).to_lowercase()
}

/// The statement that writes notes, after the first `from`.
pub(crate) fn notes(run: RunId, from: u32, notes: &[String]) -> Statement {
    let mut statement = Statement::new(include_str!("sql/note_insert.sql"));
    for (n, note) in (from..).zip(notes) {
        statement.push_row(params![run.0, n, note.as_str()]);
    }
    statement
}

/// The statement that says which version of an item was staged.
pub(crate) fn staged(run: RunId, key: &str, version: i64) -> Statement {
    Statement::new(include_str!("sql/item_staged.sql")).row(params![run.0, key, version])
}

/// The statement that keeps a large vision, and its hash.
pub(crate) fn keep_vision(text: &str, now: i64) -> (Statement, String) {
    let hash: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let statement =
        Statement::new(include_str!("sql/vision_insert.sql")).row(params![hash.as_str(), text, now]);
    (statement, hash)
}

/// Deletes what a backlog wrote, at most `most` items at once.
pub(crate) fn forget(run: RunId, most: usize) -> Vec<Statement> {
    let vision = Statement::either(
        include_str!("sql/vision_forget.sql"),
        include_str!("sql/vision_forget.postgres.sql"),
    );
    vec![
        Statement::new(include_str!("sql/items_forget.sql")).row(params![run.0, most as i64]),
        Statement::new(include_str!("sql/notes_forget.sql")).row(params![run.0]),
        vision.row(params![run.0]),
    ]
}

/// A vision that was kept.
///
/// # Errors
/// Where the store does not answer.
pub(crate) async fn kept_vision(db: &Db, hash: &str) -> db::Result<Option<String>> {
    let query = Query::new("SELECT text FROM backlog_visions WHERE sha256 = ?1").bind(hash);
    db.query(query).await?.first().map(|row| row.get(0)).transpose()
}

/// The items on the way from the root to `key`, itself included.
///
/// # Errors
/// Where the store does not answer, or answers what was not written.
pub(crate) async fn path(db: &Db, run: RunId, key: &str) -> db::Result<Vec<StoredItem>> {
    let keys: Vec<&str> = keys::path(key).filter(|key| !key.is_empty()).collect();
    let marks: Vec<String> = (0..keys.len()).map(|index| format!("?{}", index + 2)).collect();
    let sql = format!("{SELECT} WHERE run_id = ?1 AND key IN ({}) ORDER BY level", marks.join(", "));
    let query = Query::new(sql).bind(run.0).bind_all(keys.into_iter().map(db::Value::from));
    read(db.query(query).await?)
}

/// The children of an item (of the root where `parent` is empty), in order.
///
/// # Errors
/// Where the store does not answer, or answers what was not written.
pub(crate) async fn children(
    db: &Db,
    run: RunId,
    parent: &str,
    kind: WorkItemKind,
) -> db::Result<Vec<StoredItem>> {
    let of_parent = if parent.is_empty() { "parent IS NULL AND ?2 = ''" } else { "parent = ?2" };
    let sql = format!("{SELECT} WHERE run_id = ?1 AND {of_parent} AND kind = ?3 ORDER BY position");
    read(db.query(Query::new(sql).bind(run.0).bind(parent).bind(kind.as_str())).await?)
}

/// Items of a run after the place `after` in tree order, with that place of the last one.
///
/// # Errors
/// Where the store does not answer, or answers what was not written.
pub(crate) async fn after(
    db: &Db,
    run: RunId,
    after: &str,
    limit: u32,
) -> db::Result<(Vec<StoredItem>, Option<String>)> {
    let sql = format!("{SELECT} WHERE run_id = ?1 AND sort > ?2 ORDER BY sort LIMIT ?3");
    let rows = db.query(Query::new(sql).bind(run.0).bind(after).bind(limit)).await?;
    let last = rows.last().map(|row| row.get(5)).transpose()?;
    Ok((read(rows)?, last))
}

const SELECT: &str =
    "SELECT key, position, item, excluded, version, sort, flagged, attempts FROM backlog_items";

fn read(rows: Vec<db::Row>) -> db::Result<Vec<StoredItem>> {
    let item = |row: db::Row| {
        let text: &str = row.get(2)?;
        let wrong = || db::Error::Column { index: 2, wanted: "a work item", found: "text" };
        Ok(StoredItem {
            key: row.get(0)?,
            position: row.get(1)?,
            item: serde_json::from_str(text).map_err(|_| wrong())?,
            excluded: row.get(3)?,
            version: row.get(4)?,
            flagged: row.get(6)?,
            attempts: row.get(7)?,
        })
    };
    rows.into_iter().map(item).collect()
}
