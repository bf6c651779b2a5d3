//! Reading what an ingest has read: pages of files, duplicates, errors; and choosing what will be committed.

use super::{
    record::{FileProblem, FileState, IngestFile, NsfwState},
    search::Search,
};
use crate::pixels::distance;
use db::{Batch, Conditions, Db, Query, Row, Statement, Value, anywhere, params};
use model::RunId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

/// Files that an answer about duplicates names at most, exact and near ones each.
const MAX_DUPLICATES: i64 = 20_000;
/// Files that are chosen by one batch.
const SELECTION_BATCH: usize = 2_000;
/// Reasons that are told why files were not classified.
const MAX_REASONS: i64 = 5;

/// Which files of an ingest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileFilter {
    /// With all these words in name, path, prompt, captions or keywords.
    pub search: Search,
    /// In one of these states; in any where empty.
    pub states: Vec<FileState>,
    /// With this keyword.
    pub keyword: Option<String>,
    /// With this verdict of the classifier.
    pub nsfw: Option<NsfwState>,
    /// With at least this score.
    pub min_score: Option<i8>,
    /// Left out of the commit, or not.
    pub excluded: Option<bool>,
}

/// The order of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileSort {
    /// By name.
    #[default]
    Name,
    /// Highest score first.
    Score,
    /// Best technical quality first.
    Quality,
    /// Newest first.
    Created,
}

/// The place of a file in an order: of the last file of a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileCursor(FileSort, u64, String, String);

/// Files of an ingest that are the same or look alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Duplicates {
    /// The same bytes.
    pub exact: Vec<ExactGroup>,
    /// Pictures that look alike.
    pub near: Vec<NearGroup>,
    /// Whether there are more than are listed.
    pub truncated: bool,
}

/// Files with the same bytes, the first by name of path first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExactGroup {
    /// Of their bytes.
    pub sha256: String,
    /// The files.
    pub keys: Vec<String>,
}

/// Pictures that look alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NearGroup {
    /// The group's number in the ingest.
    pub group: i64,
    /// The files.
    pub keys: Vec<String>,
    /// The most bits of 64 by which one of them differs from the first.
    pub distance: u32,
}

/// An error of an ingest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct IngestError {
    /// When it happened.
    pub at: i64,
    /// The file's path, or the folder's.
    pub file: String,
    /// The file's key; null for what is wrong with a folder.
    pub key: Option<String>,
    /// The stage.
    pub stage: String,
    /// The stable word for it.
    pub code: String,
    /// What happened.
    pub message: String,
    #[serde(skip)]
    place: ErrorCursor,
}

/// The place of an error: of the last one of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCursor(i64, String, String, i64);

/// What an ingest's files leave unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknowns {
    /// Why files were not classified, with how many.
    pub unclassified: Vec<(String, u64)>,
    /// Videos whose metadata was not read.
    pub videos: u64,
}

/// Why files were not chosen.
#[derive(Debug)]
pub enum SelectionError {
    /// The ingest has not read a file of this key, or the library has it already. Counted within the change's keys.
    NoSuchFile(usize),
    /// The store did not answer.
    Db(db::Error),
}

impl FileFilter {
    fn conditions(&self, run: RunId) -> Conditions {
        let mut conditions = Conditions::new();
        conditions.and("f.run_id = ?", [Value::from(run.0)]);
        if !self.states.is_empty() {
            let words: Vec<&str> = self.states.iter().map(|state| state.as_str()).collect();
            let list = Value::from(format!(",{},", words.join(",")));
            conditions.and("? LIKE '%,' || f.state || ',%'", [list]);
        }
        if let Some(keyword) = &self.keyword {
            conditions.and("f.keywords LIKE ? ESCAPE '\\'", [keyword_pattern(keyword)]);
        }
        if let Some(nsfw) = self.nsfw {
            conditions.and("f.nsfw = ?", [Value::from(nsfw.as_str())]);
        }
        if let Some(score) = self.min_score {
            conditions.and("f.score >= ?", [Value::from(score)]);
        }
        if let Some(excluded) = self.excluded {
            conditions.and("f.excluded = ?", [Value::from(excluded)]);
        }
        for word in self.search.words() {
            let pattern = anywhere(word);
            conditions
                .and("(f.words LIKE ? ESCAPE '\\' OR f.path LIKE ? ESCAPE '\\')", [pattern.clone(), pattern]);
        }
        conditions
    }
}

/// The keyword as it stands in the stored JSON, whose objects begin with it.
fn keyword_pattern(keyword: &str) -> Value {
    let quoted = serde_json::to_string(&keyword.to_lowercase()).unwrap_or_default();
    anywhere(&format!("{{\"keyword\":{quoted},"))
}

impl FileSort {
    const fn order(self) -> &'static str {
        match self {
            Self::Name => "f.name, f.key",
            Self::Score => "f.score DESC, f.name, f.key",
            Self::Quality => "COALESCE(f.overall, -1) DESC, f.name, f.key",
            Self::Created => "COALESCE(f.created_at, 0) DESC, f.name, f.key",
        }
    }
}

impl FileCursor {
    /// The place of `file`.
    pub fn of(sort: FileSort, file: &IngestFile) -> Self {
        let value = match sort {
            FileSort::Name => 0,
            FileSort::Score => i64::from(file.facts.score).cast_unsigned(),
            // All bits, so that the next page begins where this one ended.
            FileSort::Quality => file.facts.overall.unwrap_or(-1.0).to_bits(),
            FileSort::Created => file.facts.created_at.unwrap_or(0).cast_unsigned(),
        };
        Self(sort, value, file.facts.name.clone(), file.key.clone())
    }

    /// The order that it belongs to.
    pub fn sort(&self) -> FileSort {
        self.0
    }

    fn conditions(&self, conditions: &mut Conditions) {
        let Self(sort, value, name, key) = self;
        let whole = Value::from(value.cast_signed());
        let then = [Value::from(name), Value::from(key)];
        let after = |value: Value| [value.clone(), value].into_iter().chain(then.clone());
        match sort {
            FileSort::Name => conditions.and("(f.name, f.key) > (?, ?)", then),
            FileSort::Score => conditions
                .and("(f.score < ? OR (f.score = ? AND (f.name, f.key) > (?, ?)))", after(whole)),
            FileSort::Quality => conditions.and(
                "(COALESCE(f.overall, -1) < ? OR (COALESCE(f.overall, -1) = ? AND (f.name, f.key) > (?, ?)))",
                after(Value::from(f64::from_bits(*value))),
            ),
            FileSort::Created => conditions.and(
                "(COALESCE(f.created_at, 0) < ? OR (COALESCE(f.created_at, 0) = ? AND (f.name, f.key) > (?, ?)))",
                after(whole),
            ),
        }
    }
}

/// At most `limit` files of an ingest after `after`, with what went wrong with each.
///
/// # Errors
/// Where the store does not answer.
pub async fn files(
    db: &Db,
    run: RunId,
    filter: &FileFilter,
    sort: FileSort,
    after: Option<&FileCursor>,
    limit: u32,
) -> db::Result<Vec<IngestFile>> {
    let mut conditions = filter.conditions(run);
    if let Some(after) = after {
        after.conditions(&mut conditions);
    }
    page(db, &conditions, include_str!("sql/facts_listed.sql"), sort.order(), limit).await
}

/// One file of an ingest, with all that was read of it.
///
/// # Errors
/// Where the store does not answer.
pub async fn file(db: &Db, run: RunId, key: &str) -> db::Result<Option<IngestFile>> {
    let mut conditions = Conditions::new();
    conditions.and("f.run_id = ?", [Value::from(run.0)]);
    conditions.and("f.key = ?", [Value::from(key)]);
    let files = page(db, &conditions, include_str!("sql/facts_whole.sql"), "f.key", 1).await?;
    Ok(files.into_iter().next())
}

async fn page(
    db: &Db,
    conditions: &Conditions,
    facts: &str,
    order: &str,
    limit: u32,
) -> db::Result<Vec<IngestFile>> {
    let limit = limit.to_string();
    let marks = [("/*facts*/", facts), ("/*order*/", order), ("/*limit*/", &*limit)];
    let page = conditions.query(include_str!("sql/preview_page.sql"), &marks);
    let problems = conditions.query(include_str!("sql/preview_problems.sql"), &marks);
    let mut answers = db.snapshot(vec![page, problems]).await?.into_iter();
    let rows = answers.next().unwrap_or_default();
    let mut files = rows.iter().map(IngestFile::from_row).collect::<db::Result<Vec<_>>>()?;
    let mut by_key: HashMap<String, Vec<FileProblem>> = HashMap::new();
    for row in answers.next().unwrap_or_default() {
        let (key, problem) = FileProblem::from_row(&row)?;
        by_key.entry(key).or_default().push(problem);
    }
    for file in &mut files {
        file.problems = by_key.remove(&file.key).unwrap_or_default();
    }
    Ok(files)
}

/// Files of an ingest that are the same or look alike.
///
/// # Errors
/// Where the store does not answer.
pub async fn duplicates(db: &Db, run: RunId) -> db::Result<Duplicates> {
    let one = |sql: &'static str| Query::new(sql).bind(run.0).bind(MAX_DUPLICATES);
    let queries = vec![one(include_str!("sql/preview_exact.sql")), one(include_str!("sql/preview_near.sql"))];
    let mut answers = db.snapshot(queries).await?.into_iter();
    let (same, alike) = (answers.next().unwrap_or_default(), answers.next().unwrap_or_default());
    let is_full = |rows: &[Row]| i64::try_from(rows.len()).is_ok_and(|count| count >= MAX_DUPLICATES);
    let truncated = is_full(&same) || is_full(&alike);
    let mut exact: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &same {
        exact.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    let mut near: BTreeMap<i64, Vec<(String, u64)>> = BTreeMap::new();
    for row in &alike {
        let bits: Option<i64> = row.get(2)?;
        near.entry(row.get(0)?).or_default().push((row.get(1)?, bits.unwrap_or(0).cast_unsigned()));
    }
    let mut exact: Vec<ExactGroup> =
        exact.into_iter().map(|(sha256, keys)| ExactGroup { sha256, keys }).collect();
    exact.sort_by(|left, right| left.keys.cmp(&right.keys));
    let near = near.into_iter().map(|(group, files)| near_group(group, files)).collect();
    Ok(Duplicates { exact, near, truncated })
}

fn near_group(group: i64, files: Vec<(String, u64)>) -> NearGroup {
    let first = files.first().map_or(0, |(_, hash)| *hash);
    let farthest = files.iter().map(|(_, hash)| distance(first, *hash)).max().unwrap_or(0);
    NearGroup { group, keys: files.into_iter().map(|(key, _)| key).collect(), distance: farthest }
}

/// At most `limit` errors of an ingest, newest first, after `after`.
///
/// # Errors
/// Where the store does not answer.
pub async fn ingest_errors(
    db: &Db,
    run: RunId,
    after: Option<&ErrorCursor>,
    limit: u32,
) -> db::Result<Vec<IngestError>> {
    let mut conditions = Conditions::new();
    conditions.and("e.run_id = ?", [Value::from(run.0)]);
    if let Some(ErrorCursor(at, stage, key, n)) = after {
        let place = [Value::from(*at), Value::from(stage), Value::from(key), Value::from(*n)];
        conditions.and("(e.at, e.stage, e.key, e.n) < (?, ?, ?, ?)", place);
    }
    let query =
        conditions.query(include_str!("sql/preview_errors.sql"), &[("/*limit*/", &limit.to_string())]);
    db.query(query).await?.iter().map(IngestError::from_row).collect()
}

impl IngestError {
    /// Its place in the list.
    pub fn place(&self) -> &ErrorCursor {
        &self.place
    }

    /// Reads `at, stage, key, n, file, code, message`.
    fn from_row(row: &Row) -> db::Result<Self> {
        let (at, stage, key): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Self {
            at,
            file: row.get(4)?,
            // What discover cannot read are folders, under numbers.
            key: Some(key.clone()).filter(|_| stage != "discover"),
            code: row.get(5)?,
            message: row.get(6)?,
            place: ErrorCursor(at, stage.clone(), key, row.get(3)?),
            stage,
        })
    }
}

/// What the files of an ingest leave unknown.
///
/// # Errors
/// Where the store does not answer.
pub async fn unknowns(db: &Db, run: RunId) -> db::Result<Unknowns> {
    let reasons = Query::new(include_str!("sql/preview_unknown.sql")).bind(run.0).bind(MAX_REASONS);
    let videos = Query::new(include_str!("sql/preview_unprobed.sql")).bind(run.0);
    let mut answers = db.snapshot(vec![reasons, videos]).await?.into_iter();
    let reasons = answers.next().unwrap_or_default();
    let reasons = reasons.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<db::Result<_>>()?;
    let videos = answers.next().unwrap_or_default();
    let videos = videos.first().map(|row| row.get(0)).transpose()?.unwrap_or(0);
    Ok(Unknowns { unclassified: reasons, videos })
}

/// How many different keywords the files of an ingest have.
///
/// # Errors
/// Where the store does not answer.
pub async fn keywords(db: &Db, run: RunId) -> db::Result<u64> {
    let query = Query::either(
        include_str!("sql/preview_keywords.sql"),
        include_str!("sql/preview_keywords.postgres.sql"),
    );
    let rows = db.query(query.bind(run.0)).await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// How many files that were read are left out of the commit.
///
/// # Errors
/// Where the store does not answer.
pub async fn excluded(db: &Db, run: RunId) -> db::Result<u64> {
    let rows = db.query(Query::new(include_str!("sql/preview_excluded.sql")).bind(run.0)).await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// Leaves files out of the commit, and takes others in: all of them, or none.
///
/// # Errors
/// [`SelectionError`].
pub async fn select(
    db: &Db,
    run: RunId,
    exclude: &[String],
    include: &[String],
) -> Result<(), SelectionError> {
    let mut statement = Statement::new(include_str!("sql/preview_select.sql")).expect_rows(1);
    for (keys, excluded) in [(exclude, true), (include, false)] {
        for key in keys {
            statement.push_row(params![run.0, key.as_str(), excluded]);
        }
    }
    match db.execute(Batch::from(statement)).await {
        Ok(_) => Ok(()),
        Err(db::Error::Expectation { row, .. }) => Err(SelectionError::NoSuchFile(row)),
        Err(error) => Err(SelectionError::Db(error)),
    }
}

/// Leaves out of the commit whatever passes the filter.
///
/// # Errors
/// Where the store does not answer. Files of batches before are then left out already.
pub async fn exclude_all(db: &Db, run: RunId, filter: &FileFilter) -> db::Result<()> {
    let mut conditions = filter.conditions(run);
    conditions.and("f.excluded = 0", []);
    let rows = db.query(conditions.query(include_str!("sql/preview_keys.sql"), &[])).await?;
    for part in rows.chunks(SELECTION_BATCH) {
        let mut statement = Statement::new(include_str!("sql/preview_select.sql"));
        for row in part {
            statement.push_row(params![run.0, row.get::<Value>(0)?, true]);
        }
        db.execute(Batch::from(statement)).await?;
    }
    Ok(())
}
