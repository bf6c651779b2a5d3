//! What an ingest has read, before anybody commits it.

use crate::{
    meta::{
        container::ImageMetadata, generation::Generation, keywords::Keyword, moment::Moment, video::VideoInfo,
    },
    pixels::{Analysis, Facts},
    stages::Trouble,
};
use activity::Attempt;
use db::{Db, Query, Statement, params};
use model::RunId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is kept of an image's own words besides its generation parameters.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Described {
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<Facts>,
    #[serde(flatten)]
    read: ImageMetadata,
}

/// A row of `ingest_files` as `read` writes it.
#[derive(Clone, Debug)]
pub(crate) struct FileRow {
    pub(crate) run: RunId,
    pub(crate) key: Arc<str>,
    pub(crate) path: String,
    pub(crate) name: String,
    /// `processed`, `skipped` or `failed`.
    pub(crate) state: &'static str,
    /// `image`, `video` or `unknown`.
    pub(crate) kind: &'static str,
    /// Bytes.
    pub(crate) size: u64,
    /// Modification time, nanoseconds since 1970.
    pub(crate) mtime_ns: i64,
    /// Of all bytes, in hexadecimal digits.
    pub(crate) sha256: Option<String>,
    /// Earliest known date, milliseconds since 1970.
    pub(crate) created_at: Option<i64>,
    /// Whether a thumbnail is kept.
    pub(crate) has_thumbnail: bool,
    pub(crate) format: Option<String>,
    pub(crate) dimensions: Option<(u32, u32)>,
    pub(crate) metadata: Option<String>,
    pub(crate) generation: Option<String>,
    pub(crate) video: Option<String>,
    pub(crate) quality: Option<String>,
    pub(crate) overall: Option<f64>,
    pub(crate) phash: Option<u64>,
    pub(crate) words: String,
}

impl FileRow {
    /// A row that says nothing but the file's name.
    pub(crate) fn new(attempt: &Attempt, path: &str, name: String, state: &'static str) -> Self {
        Self {
            run: attempt.run,
            key: attempt.key.clone(),
            path: path.to_owned(),
            words: format!("{}\n", name.to_lowercase()),
            name,
            state,
            kind: "unknown",
            size: 0,
            mtime_ns: 0,
            sha256: None,
            created_at: None,
            has_thumbnail: false,
            format: None,
            dimensions: None,
            metadata: None,
            generation: None,
            video: None,
            quality: None,
            overall: None,
            phash: None,
        }
    }

    /// Takes over what an image says and shows.
    pub(crate) fn image(&mut self, read: &ImageMetadata, analysis: &Analysis) {
        self.format = Some(analysis.facts.format.name().to_owned());
        self.dimensions = Some((analysis.facts.width, analysis.facts.height));
        self.earlier(read.created_at.as_ref());
        self.generation = read.generation.as_ref().and_then(json);
        let kept = ImageMetadata { generation: None, ..read.clone() };
        self.metadata = json(&Described { facts: Some(analysis.facts.clone()), read: kept });
        self.quality = json(&analysis.quality);
        self.overall = Some(f64::from(analysis.quality.overall));
        self.phash = analysis.phash;
        if let Some(generation) = &read.generation {
            self.words.push_str(&generation.prompt.to_lowercase());
            self.words.push('\n');
        }
    }

    /// Takes over what a video says.
    pub(crate) fn video(&mut self, info: &VideoInfo) {
        self.format.clone_from(&info.container);
        self.dimensions = info.width.zip(info.height);
        self.earlier(info.created_at.as_ref());
        // A video without readable parameters simply has none.
        self.generation = info.generation().ok().flatten().as_ref().and_then(json);
        self.video = json(info);
    }

    fn earlier(&mut self, moment: Option<&Moment>) {
        let taken = moment.and_then(Moment::timestamp).map(|taken| taken.as_millisecond());
        self.created_at = self.created_at.into_iter().chain(taken).min();
    }
}

fn json(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

/// Writes what `read` found. A retry writes over what the attempt before it left.
pub(crate) fn file(row: &FileRow) -> Statement {
    let (width, height) = row.dimensions.unzip();
    Statement::new(include_str!("sql/file.sql")).row(params![
        row.run.0,
        row.key.clone(),
        row.path.as_str(),
        row.name.as_str(),
        i64::try_from(row.size).unwrap_or(i64::MAX),
        row.mtime_ns,
        row.sha256.as_deref(),
        row.kind,
        row.format.as_deref(),
        width.map(i64::from),
        height.map(i64::from),
        row.created_at,
        row.state,
        row.has_thumbnail,
        row.metadata.as_deref(),
        row.generation.as_deref(),
        row.video.as_deref(),
        row.quality.as_deref(),
        row.overall,
        // SQL integers are signed; the bits stay the same.
        row.phash.map(|hash| hash as i64),
        row.words.as_str(),
    ])
}

/// Deletes the error entries of a task: it ended well, or what it says now takes their place.
pub(crate) fn mended(attempt: &Attempt) -> Statement {
    let row = params![attempt.run.0, &*attempt.stage, attempt.key.clone()];
    Statement::new(include_str!("sql/mended.sql")).row(row)
}

/// Deletes the error entries of a whole stage.
pub(crate) fn stage_mended(run: RunId, stage: &str) -> Statement {
    Statement::new(include_str!("sql/stage_mended.sql")).row(params![run.0, stage])
}

/// Deletes what `read` has found.
pub(crate) fn files_forgotten(run: RunId) -> Statement {
    Statement::new(include_str!("sql/files_forgotten.sql")).row(params![run.0])
}

/// Deletes what an ingest has read, at most `most` rows at once. The library stays.
pub(crate) fn forget(run: RunId, most: usize) -> Vec<Statement> {
    [include_str!("sql/files_forget.sql"), include_str!("sql/errors_forget.sql")]
        .map(|sql| Statement::new(sql).row(params![run.0, most as i64]))
        .into()
}

/// Writes error entries of an attempt. Those of an attempt before it must have gone: see [`mended`].
pub(crate) fn errors(attempt: &Attempt, file: &str, at: i64, troubles: &[Trouble]) -> Statement {
    let mut statement = Statement::new(include_str!("sql/error.sql"));
    for (n, trouble) in troubles.iter().enumerate() {
        statement.push_row(params![
            attempt.run.0,
            &*attempt.stage,
            attempt.key.clone(),
            n as i64,
            at,
            file,
            trouble.code.as_str(),
            trouble.message.as_str(),
        ]);
    }
    statement
}

/// What `enrich` needs of what `read` wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Material {
    /// The prompt.
    pub(crate) prompt: Option<String>,
    /// The model's name.
    pub(crate) model: Option<String>,
    /// Titles and descriptions.
    pub(crate) captions: Vec<String>,
    /// Keywords given by people.
    pub(crate) tags: Vec<String>,
    /// Stars from XMP or EXIF.
    pub(crate) rating: Option<i8>,
    /// Width and height.
    pub(crate) dimensions: Option<(u32, u32)>,
}

impl Material {
    /// Loads it.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub(crate) fn load(db: &Db, attempt: &Attempt) -> db::Result<Self> {
        let query =
            Query::new(include_str!("sql/material.sql")).bind(attempt.run.0).bind(attempt.key.clone());
        let rows = db.query_blocking(query)?;
        let Some(row) = rows.first() else { return Ok(Self::default()) };
        let parsed = |index: usize| -> db::Result<Option<&str>> { row.get(index) };
        let generation: Option<Generation> = parsed(0)?.and_then(|text| serde_json::from_str(text).ok());
        let described: Option<Described> = parsed(1)?.and_then(|text| serde_json::from_str(text).ok());
        let described = described.unwrap_or_default();
        let (width, height): (Option<u32>, Option<u32>) = (row.get(2)?, row.get(3)?);
        let (prompt, model) = generation.map(|found| (found.prompt, found.model)).unzip();
        Ok(Self {
            prompt: prompt.filter(|prompt| !prompt.is_empty()),
            model: model.flatten(),
            captions: described.read.captions,
            tags: described.read.tags,
            rating: described.read.rating,
            dimensions: width.zip(height),
        })
    }
}

/// Writes keywords and scores.
pub(crate) fn enriched(
    attempt: &Attempt,
    material: &Material,
    keywords: &[Keyword],
    score: i8,
    favourite: bool,
) -> Statement {
    let mut words = String::from("\n");
    for keyword in keywords {
        words.push_str(&keyword.keyword);
        words.push('\n');
    }
    for caption in &material.captions {
        words.push_str(&caption.to_lowercase());
        words.push('\n');
    }
    let keywords = json(&keywords).unwrap_or_else(|| String::from("[]"));
    Statement::new(include_str!("sql/enriched.sql")).row(params![
        attempt.run.0,
        attempt.key.clone(),
        keywords,
        i64::from(score),
        favourite,
        words,
    ])
}

/// What the classifier says.
#[derive(Clone, Debug)]
pub(crate) struct Nsfw {
    /// `safe`, `nsfw` or `unknown`.
    pub(crate) state: &'static str,
    /// 0 to 1.
    pub(crate) score: Option<f32>,
    /// Why it is unknown.
    pub(crate) reason: Option<String>,
}

/// Writes what the classifier says.
pub(crate) fn classified(attempt: &Attempt, judged: &Nsfw) -> Statement {
    Statement::new(include_str!("sql/classified.sql")).row(params![
        attempt.run.0,
        attempt.key.clone(),
        judged.state,
        judged.score.map(f64::from),
        judged.reason.as_deref(),
    ])
}

/// A file that may have duplicates.
#[derive(Clone, Debug)]
pub(crate) struct Hashes {
    /// Its key.
    pub(crate) key: Arc<str>,
    /// Of its bytes.
    pub(crate) sha256: Arc<str>,
    /// Of its picture.
    pub(crate) phash: Option<u64>,
}

/// All processed files of a run, by key.
///
/// # Errors
/// Where the store does not answer.
pub(crate) fn hashes(db: &Db, run: RunId) -> db::Result<Vec<Hashes>> {
    let rows = db.query_blocking(Query::new(include_str!("sql/hashes.sql")).bind(run.0))?;
    rows.iter()
        .map(|row| {
            let phash: Option<i64> = row.get(2)?;
            Ok(Hashes { key: row.get(0)?, sha256: row.get(1)?, phash: phash.map(|bits| bits as u64) })
        })
        .collect()
}

/// Writes the groups: exact duplicates (file, original), near ones as lists of keys.
pub(crate) fn grouped(
    run: RunId,
    duplicates: &[(Arc<str>, Arc<str>)],
    near: &[Vec<Arc<str>>],
) -> Vec<Statement> {
    let clear = Statement::new(include_str!("sql/ungrouped.sql")).row(params![run.0]);
    let mut exact = Statement::new(include_str!("sql/duplicate.sql"));
    for (key, original) in duplicates {
        exact.push_row(params![run.0, key.clone(), original.clone()]);
    }
    let mut groups = Statement::new(include_str!("sql/near.sql"));
    for (number, group) in (1i64..).zip(near) {
        for key in group {
            groups.push_row(params![run.0, key.clone(), number]);
        }
    }
    vec![clear, exact, groups]
}

/// The library did not take the file.
pub(crate) fn rejected(attempt: &Attempt) -> Statement {
    Statement::new(include_str!("sql/rejected.sql")).row(params![attempt.run.0, attempt.key.clone()])
}
