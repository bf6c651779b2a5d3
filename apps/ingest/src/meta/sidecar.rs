//! Scores that people gave a file, from its sidecar `<dir>/.scores/<file>.json`.
//!
//! ```json
//! { "score": 4, "favourite": true }
//! ```
//! Both keys may be missing: a file without a score is unrated, one without `favourite` is none. **Unknown keys are no
//! error**, for other tools write here too; they are not kept. Whatever else is wrong is a typed error, and the file
//! counts as unrated ([`Sidecar::default`]). Nothing is ever written.

use std::{
    borrow::Cow,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, IgnoredAny, MapAccess, Visitor},
};

/// Largest sidecar read, in bytes. A caller may stop reading the file one byte after it.
pub const MAX_SIDECAR_BYTES: usize = 64 << 10;
/// The folder beside the files that holds their sidecars.
pub const SIDECAR_FOLDER: &str = ".scores";
/// Longest piece of a foreign value repeated in an error, in bytes.
const MAX_QUOTED_BYTES: usize = 40;

/// What a sidecar says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sidecar {
    /// −1 (reject), 0 (unrated), 1 to 5.
    pub score: i8,
    /// Marked as a favourite.
    pub favourite: bool,
}

/// Why a sidecar could not be read. Its file counts as unrated.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SidecarError {
    /// The sidecar is larger than any score.
    #[error("the sidecar is larger than {MAX_SIDECAR_BYTES} bytes; it is not a score file")]
    TooBig,
    /// There is nothing in it.
    #[error("the sidecar is empty; it may not have been written to the end")]
    Empty,
    /// It starts with a byte order mark, which JSON does not have.
    #[error("the sidecar starts with a byte order mark; save it as UTF-8 without one")]
    ByteOrderMark,
    /// It is not UTF-8.
    #[error("the sidecar is not UTF-8 (first broken byte at {at}); save it as UTF-8")]
    NotUtf8 {
        /// Offset of the first broken byte.
        at: usize,
    },
    /// The JSON breaks off.
    #[error(
        "the sidecar's JSON breaks off at line {line}, column {column}; it may not have been written to the end"
    )]
    HalfWritten {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// It is not JSON.
    #[error("the sidecar is not JSON (line {line}, column {column})")]
    BadJson {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// A key stands there twice, and the two may differ.
    #[error("the sidecar has `{key}` twice; keep one")]
    DuplicateKey {
        /// The key.
        key: &'static str,
    },
    /// A value has another type than its key asks for.
    #[error("the sidecar's {place} must be {expected}, not {found}")]
    WrongType {
        /// The key, or the document as a whole.
        place: &'static str,
        /// What is asked for.
        expected: &'static str,
        /// What is there, cut short.
        found: String,
    },
    /// The score is a whole number, but none of the scale.
    #[error("the sidecar's `score` is {value}; it must be -1 (reject), 0 (unrated) or 1 to 5")]
    OutOfRange {
        /// The number as it stands there.
        value: String,
    },
}

impl SidecarError {
    /// The stable name of the kind of error, in `snake_case`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooBig => "sidecar_too_big",
            Self::Empty => "sidecar_empty",
            Self::ByteOrderMark => "sidecar_byte_order_mark",
            Self::NotUtf8 { .. } => "sidecar_not_utf8",
            Self::HalfWritten { .. } => "sidecar_half_written",
            Self::BadJson { .. } => "sidecar_bad_json",
            Self::DuplicateKey { .. } => "sidecar_duplicate_key",
            Self::WrongType { .. } => "sidecar_wrong_type",
            Self::OutOfRange { .. } => "sidecar_out_of_range",
        }
    }
}

/// Where the sidecar of `file` is looked for: `<dir>/.scores/<file>.json`. `None` for a path without a file name.
///
/// Works for names that are not UTF-8. The file's extension stays, so that `a.png` and `a.jpg` have a sidecar each.
#[must_use]
pub fn path_of(file: &Path) -> Option<PathBuf> {
    let mut name = OsString::from(file.file_name()?);
    name.push(".json");
    Some(file.parent()?.join(SIDECAR_FOLDER).join(name))
}

/// Reads a sidecar's bytes.
///
/// # Errors
/// [`SidecarError`] for anything but one JSON object whose `score` and `favourite`, where they are there, are right.
pub fn parse(bytes: &[u8]) -> Result<Sidecar, SidecarError> {
    if bytes.len() > MAX_SIDECAR_BYTES {
        return Err(SidecarError::TooBig);
    }
    if [&b"\xEF\xBB\xBF"[..], b"\xFE\xFF", b"\xFF\xFE"].iter().any(|mark| bytes.starts_with(mark)) {
        return Err(SidecarError::ByteOrderMark);
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| SidecarError::NotUtf8 { at: error.valid_up_to() })?;
    if text.trim().is_empty() {
        return Err(SidecarError::Empty);
    }
    let raw: Raw = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        if error.is_eof() {
            SidecarError::HalfWritten { line, column }
        } else {
            SidecarError::BadJson { line, column }
        }
    })?;
    raw.check()
}

/// A sidecar as JSON, before it is judged: syntax errors are told apart from wrong values.
enum Raw {
    Object {
        score: Option<serde_json::Value>,
        favourite: Option<serde_json::Value>,
        twice: Option<&'static str>,
    },
    Other(serde_json::Value),
}

impl Raw {
    fn check(self) -> Result<Sidecar, SidecarError> {
        let (score, favourite) = match self {
            Self::Object { twice: Some(key), .. } => return Err(SidecarError::DuplicateKey { key }),
            Self::Object { score, favourite, twice: None } => (score, favourite),
            Self::Other(value) => return Err(wrong_type("content", "an object", &value)),
        };
        let score = score.map_or(Ok(0), |value| {
            let serde_json::Value::Number(number) = &value else {
                return Err(wrong_type("`score`", "a whole number", &value));
            };
            match (number.as_i64(), number.as_u64()) {
                (Some(score @ -1..=5), _) => Ok(score as i8),
                (None, None) => Err(wrong_type("`score`", "a whole number", &value)),
                _ => Err(SidecarError::OutOfRange { value: quoted(number) }),
            }
        })?;
        let favourite = favourite.map_or(Ok(false), |value| {
            value.as_bool().ok_or_else(|| wrong_type("`favourite`", "true or false", &value))
        })?;
        Ok(Sidecar { score, favourite })
    }
}

fn wrong_type(place: &'static str, expected: &'static str, value: &serde_json::Value) -> SidecarError {
    let found = match value {
        serde_json::Value::Array(_) => "a list".to_owned(),
        serde_json::Value::Object(_) => "an object".to_owned(),
        other => quoted(other),
    };
    SidecarError::WrongType { place, expected, found }
}

/// A foreign value as an error may repeat it: JSON escapes its control characters.
fn quoted(value: &dyn fmt::Display) -> String {
    let text = value.to_string();
    let short = super::charset::cut(&text, MAX_QUOTED_BYTES);
    if short.len() < text.len() { format!("{short}…") } else { text }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sidecar")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let (mut score, mut favourite, mut twice) = (None, None, None);
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let known = match key.as_ref() {
                "score" => Some(("score", &mut score)),
                "favourite" => Some(("favourite", &mut favourite)),
                _ => None,
            };
            match known {
                Some((key, slot)) => {
                    if slot.replace(map.next_value()?).is_some() {
                        twice = twice.or(Some(key));
                    }
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Raw::Object { score, favourite, twice })
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Raw::Other(serde_json::Value::Array(Vec::new())))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Other(value.into()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Other(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Other(serde_json::Value::Null))
    }
}

#[cfg(test)]
#[path = "sidecar_tests.rs"]
mod tests;
