//! Files as they are shown: of an ingest before its commit, and of the library.
//!
//! What was read of a file is passed on as the JSON that `read` stored. Places (GPS) are not in it: readers keep them
//! apart and do not store them.

use db::Row;
use model::RunId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// The word for it, as it is stored.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The one of that word.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// What became of a file in an ingest.
    FileState {
        /// Read; waits for its commit.
        Processed = "processed",
        /// The library has the same bytes already.
        Skipped = "skipped",
        /// Could not be read.
        Failed = "failed",
        /// In the library.
        Committed = "committed",
        /// The library did not take it.
        Rejected = "rejected",
    }
}

words! {
    /// What a file is.
    MediaKind {
        /// A picture.
        Image = "image",
        /// A video.
        Video = "video",
        /// Neither could be told.
        Unknown = "unknown",
    }
}

words! {
    /// What the classifier says of a file.
    NsfwState {
        /// Below the threshold.
        Safe = "safe",
        /// At the threshold or over it.
        Nsfw = "nsfw",
        /// Not analysed.
        Unknown = "unknown",
    }
}

words! {
    /// How a picture lies.
    Orientation {
        /// Wider than high.
        Landscape = "landscape",
        /// Higher than wide.
        Portrait = "portrait",
        /// As wide as high, or nearly.
        Square = "square",
    }
}

/// The classifier's verdict.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct NsfwView {
    /// What it says.
    pub state: NsfwState,
    /// From 0 to 1; null where the file was not analysed.
    pub score: Option<f64>,
    /// Why it was not analysed.
    pub reason: Option<String>,
}

/// A keyword of a file.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct KeywordView {
    /// For searching: lower case.
    pub keyword: String,
    /// As it was written.
    pub label: String,
    /// Where it comes from: `prompt`, `caption`, `tag`, `model`, `shape` or `size`.
    pub kind: String,
    /// How much it counts.
    pub weight: f64,
}

/// Technical quality, each figure from 0 to 100.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QualityView {
    /// How crisp edges are.
    pub sharpness: f32,
    /// How well the brightness lies within range.
    pub exposure: f32,
    /// How far dark and bright parts lie apart.
    pub contrast: f32,
    /// How many pixels there are.
    pub resolution: f32,
    /// The weighted mean of the four.
    pub overall: f32,
}

/// Something that went wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FileProblem {
    /// The stage.
    pub stage: String,
    /// The stable word for it.
    pub code: String,
    /// What happened.
    pub message: String,
    /// When.
    pub at: i64,
}

/// What is known of a file, in an ingest and in the library alike.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FileFacts {
    /// Its path. One that is not UTF-8 begins with `bytes:`.
    pub path: String,
    /// Its name, without control characters.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// SHA-256 of the bytes, in hexadecimal digits.
    pub sha256: Option<String>,
    /// What it is.
    pub kind: MediaKind,
    /// Its format; of videos the container's names.
    pub format: Option<String>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Earliest known date.
    pub created_at: Option<i64>,
    /// Where its thumbnail is.
    pub thumbnail: Option<String>,
    /// −1 (rejected), 0 (unrated), 1 to 5.
    pub score: i8,
    /// Whether it is a favourite.
    pub favourite: bool,
    /// What the classifier says.
    pub nsfw: NsfwView,
    /// Files that look alike have the same number, within one ingest.
    pub near_group: Option<i64>,
    /// Technical quality; null for what has no pixels.
    #[schema(value_type = Option<QualityView>)]
    pub quality: Option<Box<RawValue>>,
    /// Its keywords.
    #[schema(value_type = Vec<KeywordView>)]
    pub keywords: Box<RawValue>,
    /// EXIF, XMP, IPTC and facts. Raw texts of the file are only in the answer about this one file.
    #[schema(value_type = Object)]
    pub metadata: Box<RawValue>,
    /// How it was generated.
    #[schema(value_type = Option<Object>)]
    pub generation: Option<Box<RawValue>>,
    /// What is known of a video. Tags of the container are only in the answer about this one file.
    #[schema(value_type = Option<Object>)]
    pub video: Option<Box<RawValue>>,
    /// The overall quality with all its bits, for the next page to begin where this one ends.
    #[serde(skip)]
    pub(super) overall: Option<f64>,
}

/// A file of an ingest.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IngestFile {
    /// Names it within the ingest.
    pub key: String,
    /// What is known of it.
    #[serde(flatten)]
    pub facts: FileFacts,
    /// What became of it.
    pub state: FileState,
    /// Whether a person left it out of the commit.
    pub excluded: bool,
    /// The key of the file with the same bytes that came first.
    pub duplicate_of: Option<String>,
    /// What went wrong with it.
    pub problems: Vec<FileProblem>,
}

/// A file of the library.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MediaFile {
    /// Its id.
    pub id: String,
    /// When it came into the library.
    pub added_at: i64,
    /// The ingest that last brought it.
    #[schema(value_type = String)]
    pub run: RunId,
    /// How the picture lies.
    pub orientation: Option<String>,
    /// The family of the model that made it.
    pub model: Option<String>,
    /// The same as of a file of an ingest.
    #[serde(flatten)]
    pub file: IngestFile,
}

/// How many columns [`FileFacts`] takes (`sql/facts_….sql`).
const FACTS: usize = 22;

impl FileFacts {
    fn from_row(row: &Row) -> db::Result<Self> {
        let sha256: Option<String> = row.get(3)?;
        let has_thumbnail: bool = row.get(9)?;
        let thumbnail = sha256.as_ref().filter(|_| has_thumbnail);
        let score: i64 = row.get(10)?;
        Ok(Self {
            path: row.get(0)?,
            name: row.get(1)?,
            size: row.get(2)?,
            thumbnail: thumbnail.map(|sha256| format!("/api/v1/media/{sha256}/thumbnail")),
            sha256,
            // The tables check the words.
            kind: MediaKind::parse(row.get(4)?).unwrap_or(MediaKind::Unknown),
            format: row.get(5)?,
            width: row.get(6)?,
            height: row.get(7)?,
            created_at: row.get(8)?,
            score: i8::try_from(score).unwrap_or(0),
            favourite: row.get(11)?,
            nsfw: NsfwView {
                state: NsfwState::parse(row.get(12)?).unwrap_or(NsfwState::Unknown),
                score: row.get::<Option<f64>>(13)?.map(four_digits),
                reason: row.get(14)?,
            },
            near_group: row.get(15)?,
            quality: json(row, 16)?,
            keywords: json(row, 17)?.unwrap_or_else(|| constant("[]")),
            metadata: json(row, 18)?.unwrap_or_else(|| constant("{}")),
            generation: json(row, 19)?,
            video: json(row, 20)?,
            overall: row.get(21)?,
        })
    }
}

impl IngestFile {
    /// Reads the facts, then `key, state, excluded, duplicate_of`.
    pub(super) fn from_row(row: &Row) -> db::Result<Self> {
        Ok(Self {
            facts: FileFacts::from_row(row)?,
            key: row.get(FACTS)?,
            state: FileState::parse(row.get(FACTS + 1)?).unwrap_or(FileState::Failed),
            excluded: row.get(FACTS + 2)?,
            duplicate_of: row.get(FACTS + 3)?,
            problems: Vec::new(),
        })
    }
}

impl MediaFile {
    /// Reads the facts, then `id, added_at, run_id, orientation, model`.
    pub(super) fn from_row(row: &Row) -> db::Result<Self> {
        let facts = FileFacts::from_row(row)?;
        Ok(Self {
            id: row.get::<i64>(FACTS)?.to_string(),
            added_at: row.get(FACTS + 1)?,
            run: RunId(row.get(FACTS + 2)?),
            orientation: row.get(FACTS + 3)?,
            model: row.get(FACTS + 4)?,
            file: IngestFile {
                key: facts.path.clone(),
                facts,
                state: FileState::Committed,
                excluded: false,
                duplicate_of: None,
                problems: Vec::new(),
            },
        })
    }
}

impl FileProblem {
    /// Reads `key, stage, code, message, at`; the key stands apart.
    pub(super) fn from_row(row: &Row) -> db::Result<(String, Self)> {
        let problem = Self { stage: row.get(1)?, code: row.get(2)?, message: row.get(3)?, at: row.get(4)? };
        Ok((row.get(0)?, problem))
    }
}

/// Stored JSON as it is; nothing where it is not JSON, so that one bad row does not hide a page.
fn json(row: &Row, index: usize) -> db::Result<Option<Box<RawValue>>> {
    let text: Option<&str> = row.get(index)?;
    Ok(text.and_then(|text| RawValue::from_string(text.to_owned()).ok()))
}

fn constant(text: &'static str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The classifier's scores are no more exact than that.
fn four_digits(score: f64) -> f64 {
    (score * 10_000.0).round() / 10_000.0
}
