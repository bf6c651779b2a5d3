//! Reading the library: pages, one file, facets; and rating.

use super::{
    record::{FileProblem, MediaFile, MediaKind, NsfwState, Orientation},
    search::Search,
};
use db::{Batch, Conditions, Db, Query, Row, Statement, Value, params};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;

/// Keywords that facets list.
const MAX_KEYWORDS: &str = "100";
/// Models that facets list.
const MAX_MODELS: &str = "50";

/// Which files of the library.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LibraryFilter {
    /// With all these words in name, prompt, captions or keywords.
    pub search: Search,
    /// With all these keywords.
    pub keywords: Vec<String>,
    /// With at least this score.
    pub min_score: Option<i8>,
    /// Favourites, or the others.
    pub favourite: Option<bool>,
    /// With this verdict of the classifier.
    pub nsfw: Option<NsfwState>,
    /// Of this kind.
    pub kind: Option<MediaKind>,
    /// Lying so.
    pub orientation: Option<Orientation>,
    /// Made by a model of this family.
    pub model: Option<String>,
}

/// The order of the library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LibrarySort {
    /// Last added first.
    #[default]
    Added,
    /// Newest first.
    Created,
    /// Highest score first.
    Score,
    /// Best technical quality first.
    Quality,
    /// By name.
    Name,
}

/// The place of a file in an order: of the last file of a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LibraryCursor(LibrarySort, u64, String, i64);

/// What the files that pass a filter have in common, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Facets {
    /// How many files there are.
    pub total: u64,
    /// Their most frequent keywords.
    pub keywords: Vec<KeywordCount>,
    /// Families of the models that made them.
    pub models: Vec<ModelCount>,
    /// Files by score.
    pub scores: BTreeMap<i8, u64>,
    /// Files by the classifier's verdict.
    pub nsfw: BTreeMap<String, u64>,
    /// Files by kind.
    pub kinds: BTreeMap<String, u64>,
    /// Pictures by how they lie.
    pub orientations: BTreeMap<String, u64>,
    /// How many are favourites.
    pub favourites: u64,
}

/// A keyword, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeywordCount {
    /// The keyword.
    pub keyword: String,
    /// Where it comes from.
    pub kind: String,
    /// Files that have it.
    pub count: u64,
}

/// A model, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ModelCount {
    /// The family.
    pub model: String,
    /// Files that it made.
    pub count: u64,
}

/// Where a file of the library is on the disk, and what it was when it was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its path as text.
    pub path: String,
    /// Its name, without control characters.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// Modification time, nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Of its bytes.
    pub sha256: String,
}

/// A person's rating; what is not given stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rating {
    /// −1 (rejected), 0 (unrated), 1 to 5.
    pub score: Option<i8>,
    /// Whether it is a favourite.
    pub favourite: Option<bool>,
}

impl LibraryFilter {
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::new();
        self.search.conditions(&mut conditions);
        for keyword in &self.keywords {
            conditions.and(
                "f.id IN (SELECT k.media_id FROM media_keywords AS k WHERE k.keyword = ?)",
                [Value::from(keyword.to_lowercase())],
            );
        }
        if let Some(score) = self.min_score {
            conditions.and("f.score >= ?", [Value::from(score)]);
        }
        if let Some(favourite) = self.favourite {
            conditions.and("f.favourite = ?", [Value::from(favourite)]);
        }
        if let Some(nsfw) = self.nsfw {
            conditions.and("f.nsfw = ?", [Value::from(nsfw.as_str())]);
        }
        if let Some(kind) = self.kind {
            conditions.and("f.kind = ?", [Value::from(kind.as_str())]);
        }
        if let Some(orientation) = self.orientation {
            conditions.and("f.orientation = ?", [Value::from(orientation.as_str())]);
        }
        if let Some(model) = &self.model {
            conditions.and("f.model = ?", [Value::from(model)]);
        }
        conditions
    }

    fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

impl LibrarySort {
    const fn order(self) -> &'static str {
        match self {
            Self::Added => "f.added_at DESC, f.id DESC",
            Self::Created => "COALESCE(f.created_at, 0) DESC, f.id DESC",
            Self::Score => "f.score DESC, f.id DESC",
            Self::Quality => "COALESCE(f.overall, -1) DESC, f.id DESC",
            Self::Name => "f.name, f.id",
        }
    }
}

impl LibraryCursor {
    /// The place of `media`.
    pub fn of(sort: LibrarySort, media: &MediaFile) -> Self {
        let facts = &media.file.facts;
        let value = match sort {
            LibrarySort::Added => media.added_at.cast_unsigned(),
            LibrarySort::Created => facts.created_at.unwrap_or(0).cast_unsigned(),
            LibrarySort::Score => i64::from(facts.score).cast_unsigned(),
            // All bits, so that the next page begins where this one ended.
            LibrarySort::Quality => facts.overall.unwrap_or(-1.0).to_bits(),
            LibrarySort::Name => 0,
        };
        let name = if sort == LibrarySort::Name { facts.name.clone() } else { String::new() };
        Self(sort, value, name, media.id.parse().unwrap_or(0))
    }

    /// The order that it belongs to.
    pub fn sort(&self) -> LibrarySort {
        self.0
    }

    fn conditions(&self, conditions: &mut Conditions) {
        let Self(sort, value, name, id) = self;
        let (whole, id) = (Value::from(value.cast_signed()), Value::from(*id));
        match sort {
            LibrarySort::Added => conditions.and("(f.added_at, f.id) < (?, ?)", [whole, id]),
            LibrarySort::Created => {
                conditions.and("(COALESCE(f.created_at, 0), f.id) < (?, ?)", [whole, id]);
            }
            LibrarySort::Score => conditions.and("(f.score, f.id) < (?, ?)", [whole, id]),
            LibrarySort::Quality => {
                let value = Value::from(f64::from_bits(*value));
                conditions.and("(COALESCE(f.overall, -1), f.id) < (?, ?)", [value, id]);
            }
            LibrarySort::Name => conditions.and("(f.name, f.id) > (?, ?)", [Value::from(name), id]),
        }
    }
}

/// At most `limit` files of the library after `after`, and how many pass the filter in all.
///
/// # Errors
/// Where the store does not answer.
pub async fn library(
    db: &Db,
    filter: &LibraryFilter,
    sort: LibrarySort,
    after: Option<&LibraryCursor>,
    limit: u32,
) -> db::Result<(Vec<MediaFile>, u64)> {
    let mut conditions = filter.conditions();
    if let Some(after) = after {
        after.conditions(&mut conditions);
    }
    let rows = db.query(page(&conditions, include_str!("sql/facts_listed.sql"), sort.order(), limit)).await?;
    let files = rows.iter().map(MediaFile::from_row).collect::<db::Result<Vec<_>>>()?;
    if after.is_none() && files.len() < limit as usize {
        // All are here: there is no need to search once more to count them.
        let total = files.len() as u64;
        return Ok((files, total));
    }
    let total = db.query(filter.conditions().query(include_str!("sql/media_total.sql"), &[])).await?;
    Ok((files, total.first().map_or(Ok(0), |row| row.get(0))?))
}

fn page(conditions: &Conditions, facts: &str, order: &str, limit: u32) -> Query {
    let limit = limit.to_string();
    let marks = [("/*facts*/", facts), ("/*order*/", order), ("/*limit*/", &*limit)];
    conditions.query(include_str!("sql/media_page.sql"), &marks)
}

/// One file of the library, with all that was read of it.
///
/// # Errors
/// Where the store does not answer.
pub async fn media(db: &Db, id: i64) -> db::Result<Option<MediaFile>> {
    let mut conditions = Conditions::new();
    conditions.and("f.id = ?", [Value::from(id)]);
    let one = page(&conditions, include_str!("sql/facts_whole.sql"), "f.id", 1);
    let problems = Query::new(include_str!("sql/media_problems.sql")).bind(id);
    let mut answers = db.snapshot(vec![one, problems]).await?.into_iter();
    let rows = answers.next().unwrap_or_default();
    let Some(row) = rows.first() else { return Ok(None) };
    let mut media = MediaFile::from_row(row)?;
    for row in answers.next().unwrap_or_default() {
        media.file.problems.push(FileProblem::from_row(&row)?.1);
    }
    media.file.problems.sort_by(|left, right| (left.at, &left.stage).cmp(&(right.at, &right.stage)));
    Ok(Some(media))
}

/// Where a file of the library is.
///
/// # Errors
/// Where the store does not answer.
pub async fn place(db: &Db, id: i64) -> db::Result<Option<Place>> {
    let rows = db.query(Query::new(include_str!("sql/media_place.sql")).bind(id)).await?;
    let place = |row: &Row| {
        Ok(Place {
            path: row.get(0)?,
            name: row.get(1)?,
            size: row.get(2)?,
            mtime_ns: row.get(3)?,
            sha256: row.get(4)?,
        })
    };
    rows.first().map(place).transpose()
}

/// Rates files; answers how many there are of them.
///
/// # Errors
/// Where the store does not answer.
pub async fn rate(db: &Db, ids: &[i64], rating: Rating) -> db::Result<u64> {
    let mut statement = Statement::new(include_str!("sql/media_rate.sql"));
    for id in ids {
        statement.push_row(params![*id, rating.score, rating.favourite]);
    }
    let outcomes = db.execute(Batch::from(statement)).await?;
    Ok(outcomes.first().map_or(0, |outcome| outcome.affected))
}

/// What the files that pass `filter` have in common.
///
/// # Errors
/// Where the store does not answer.
pub async fn facets(db: &Db, filter: &LibraryFilter) -> db::Result<Facets> {
    let conditions = filter.conditions();
    // Without a filter the keywords' own index tells it all.
    let among =
        if filter.is_all() { "1 = 1" } else { "k.media_id IN (SELECT f.id FROM media AS f WHERE /*where*/)" };
    let keywords = include_str!("sql/facet_keywords.sql").replace("/*among*/", among);
    let queries = vec![
        conditions.query(include_str!("sql/facet_figures.sql"), &[]),
        conditions.query(include_str!("sql/facet_models.sql"), &[("/*limit*/", MAX_MODELS)]),
        conditions.query(&keywords, &[("/*limit*/", MAX_KEYWORDS)]),
    ];
    let mut answers = db.snapshot(queries).await?.into_iter();
    let mut facets = Facets::default();
    for row in answers.next().unwrap_or_default() {
        facets.add(&row)?;
    }
    for row in answers.next().unwrap_or_default() {
        facets.models.push(ModelCount { model: row.get(0)?, count: row.get(1)? });
    }
    for row in answers.next().unwrap_or_default() {
        let count = KeywordCount { keyword: row.get(0)?, kind: row.get(1)?, count: row.get(2)? };
        facets.keywords.push(count);
    }
    Ok(facets)
}

impl Facets {
    /// Adds `score, favourite, nsfw, kind, orientation, count`.
    fn add(&mut self, row: &Row) -> db::Result<()> {
        let count: u64 = row.get(5)?;
        let score: i64 = row.get(0)?;
        self.total += count;
        *self.scores.entry(i8::try_from(score).unwrap_or(0)).or_default() += count;
        if row.get(1)? {
            self.favourites += count;
        }
        for (counts, index) in [(&mut self.nsfw, 2), (&mut self.kinds, 3), (&mut self.orientations, 4)] {
            if let Some(word) = row.get::<Option<Arc<str>>>(index)? {
                *counts.entry(word.to_string()).or_default() += count;
            }
        }
        Ok(())
    }
}
