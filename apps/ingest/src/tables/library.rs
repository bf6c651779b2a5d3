//! The library's rows, made of what an ingest has read.

use crate::{
    meta::{
        generation::Generation,
        keywords::{Keyword, model_family, shape},
    },
    tables::staging::Material,
};
use activity::Attempt;
use db::{Db, Query, Row, Statement, params};
use sha2::{Digest as _, Sha256};

/// Bits of a media id: what a JavaScript number holds exactly.
const ID_BITS: u32 = 52;

/// A file as it waits for its commit.
#[derive(Clone, Debug)]
pub(crate) struct Staged {
    state: String,
    excluded: bool,
    path: String,
    /// Bytes.
    pub(crate) size: i64,
    /// Modification time when it was read, nanoseconds since 1970.
    pub(crate) mtime_ns: i64,
    row: Row,
    material: Material,
}

impl Staged {
    /// Loads it; `None` where `read` left nothing.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub(crate) async fn load(db: &Db, attempt: &Attempt) -> db::Result<Option<Self>> {
        let query = Query::new(include_str!("sql/staged.sql")).bind(attempt.run.0).bind(attempt.key.clone());
        let Some(row) = db.query(query).await?.into_iter().next() else { return Ok(None) };
        let state: String = row.get(0)?;
        let excluded: bool = row.get(1)?;
        let (path, size, mtime_ns) = (row.get(2)?, row.get(4)?, row.get(5)?);
        let material = Material { captions: captions(&row)?, ..Material::default() };
        Ok(Some(Self { state, excluded, path, size, mtime_ns, row, material }))
    }

    /// Whether it goes into the library: read well, not there yet, not excluded. One that was rejected is tried again.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.excluded && matches!(self.state.as_str(), "processed" | "rejected")
    }

    fn text(&self, index: usize) -> Result<Option<String>, db::Error> {
        self.row.get(index)
    }
}

fn captions(row: &Row) -> db::Result<Vec<String>> {
    #[derive(serde::Deserialize, Default)]
    struct Captions {
        #[serde(default)]
        captions: Vec<String>,
    }
    let metadata: Option<&str> = row.get(14)?;
    let parsed: Option<Captions> = metadata.and_then(|text| serde_json::from_str(text).ok());
    Ok(parsed.unwrap_or_default().captions)
}

/// The id of the media at `path`: the same file gets the same id in every library.
pub(crate) fn media_id(path: &str) -> i64 {
    let digest = Sha256::digest(path.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    (u64::from_be_bytes(first) >> (u64::BITS - ID_BITS)) as i64
}

/// The rows that put a staged file into the library, in order.
///
/// # Errors
/// Where a stored value is not what was written.
pub(crate) fn library_rows(
    attempt: &Attempt,
    staged: &Staged,
    now: i64,
) -> Result<Vec<Statement>, serde_json::Error> {
    let id = media_id(&staged.path);
    let unreadable = |error: db::Error| serde::ser::Error::custom(error.to_string());
    let text = |index: usize| staged.text(index).map_err(unreadable);
    let keywords: Vec<Keyword> = match text(18)? {
        Some(json) => serde_json::from_str(&json)?,
        None => Vec::new(),
    };
    let generation: Option<Generation> = text(15)?.map(|json| serde_json::from_str(&json)).transpose()?;
    // Facts of the picture, whether or not anybody asked for keywords.
    let side = |index: usize| -> Result<Option<u32>, _> { staged.row.get(index).map_err(unreadable) };
    let orientation = side(9)?.zip(side(10)?).map(|(width, height)| shape(width, height));
    let named = generation.as_ref().and_then(|generation| generation.model.as_deref());
    let model = named.and_then(model_family);
    let media = Statement::new(include_str!("sql/media.sql"))
        .row(params![id, attempt.run.0, attempt.key.clone(), orientation, model, now])
        .expect_rows(1);
    let clear = Statement::new(include_str!("sql/media_keywords_clear.sql")).row(params![id]);
    let mut words = Statement::new(include_str!("sql/media_keyword.sql"));
    for word in &keywords {
        words.push_row(params![
            id,
            word.keyword.as_str(),
            word.kind.as_str(),
            word.label.as_str(),
            word.weight
        ]);
    }
    let forget = Statement::new(include_str!("sql/media_text_clear.sql")).row(params![id]);
    let labels: Vec<&str> = keywords.iter().map(|word| word.label.as_str()).collect();
    let full_text = Statement::new(include_str!("sql/media_text.sql")).row(params![
        id,
        text(3)?,
        generation.map(|generation| generation.prompt).unwrap_or_default(),
        staged.material.captions.join("\n"),
        labels.join("\n"),
    ]);
    let done =
        Statement::new(include_str!("sql/committed.sql")).row(params![attempt.run.0, attempt.key.clone()]);
    Ok(vec![media, clear, words, forget, full_text, done])
}
