//! Metadata and keyword readers: pure functions from bytes to what a file says about itself.
//!
//! Every reader takes bytes that somebody else wrote. It never panics, never touches the disk (but for
//! [`video::probe`], which runs `ffprobe`), and its work and memory are bounded by named limits. What could be read is
//! returned together with what could not: a broken XMP packet costs the XMP, not the EXIF beside it.
//!
//! Start with [`container::read_image_metadata`], which joins the readers, and [`keywords::keywords`], which turns what
//! they found into keywords.

pub mod charset;
pub mod container;
pub mod exif;
#[doc(hidden)]
pub mod fuzz;
pub mod generation;
pub mod iptc;
pub mod keywords;
pub mod moment;
pub mod png_text;
pub mod prompt;
mod rake;
pub mod sidecar;
pub mod video;
pub mod xmp;

#[cfg(test)]
mod fixtures;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Errors kept from one reader over one file. More are counted as [`Error::MoreProblems`]: a file of a million broken
/// chunks is one broken file.
pub const MAX_ERRORS_PER_READER: usize = 16;

/// What a reader got out of its bytes, and what it could not read.
///
/// Errors do not make the value worthless: it holds everything read before and after them.
#[derive(Debug, Default)]
pub struct Extracted<T> {
    /// What was read.
    pub value: T,
    /// What was not, in the order met; at most [`MAX_ERRORS_PER_READER`] and one [`Error::MoreProblems`].
    pub errors: Vec<Error>,
}

impl<T> Extracted<T> {
    /// Notes an error, unless there are already too many of them.
    pub(crate) fn note(&mut self, error: Error) {
        match self.errors.len().cmp(&MAX_ERRORS_PER_READER) {
            std::cmp::Ordering::Less => self.errors.push(error),
            std::cmp::Ordering::Equal => self.errors.push(Error::MoreProblems),
            std::cmp::Ordering::Greater => {}
        }
    }
}

/// The part of a file that a [`Problem`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The file format itself: segments, chunks, blocks.
    Container,
    /// The EXIF block.
    Exif,
    /// The XMP packet.
    Xmp,
    /// The IPTC block.
    Iptc,
    /// PNG text chunks.
    Text,
    /// Generation parameters (AUTOMATIC1111 or ComfyUI).
    Generation,
}

/// Something in a file that could not be read, ready to be shown and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where it is.
    pub part: Part,
    /// A stable, machine-readable name of the kind of problem; see [`Error::code`].
    pub code: Cow<'static, str>,
    /// The problem in words.
    pub message: String,
}

impl Problem {
    /// The problem that `error` is to `part`.
    #[must_use]
    pub fn new(part: Part, error: &Error) -> Self {
        Self { part, code: Cow::Borrowed(error.code()), message: error.to_string() }
    }
}

/// Why a metadata reader could not read something.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The bytes end inside a structure.
    #[error("{what} is cut short at byte {at}; what stands before was read")]
    Truncated {
        /// The structure.
        what: Cow<'static, str>,
        /// Offset in bytes from the start of what the reader was given.
        at: usize,
    },
    /// A structure does not have the form its format asks for.
    #[error("{what} is malformed: {reason}")]
    Malformed {
        /// The structure.
        what: Cow<'static, str>,
        /// What is wrong with it.
        reason: Cow<'static, str>,
    },
    /// A checksum does not match.
    #[error("the checksum of PNG chunk {chunk} does not match; its text was kept, but may be damaged")]
    Checksum {
        /// Chunk type, such as `tEXt`.
        chunk: &'static str,
    },
    /// Compressed text grows beyond the limit: a zip bomb, or a text no tool writes.
    #[error("{what} unpacks to more than {limit_bytes} bytes and was left out")]
    Bomb {
        /// The compressed thing.
        what: Cow<'static, str>,
        /// The limit it broke.
        limit_bytes: usize,
    },
    /// Something is larger than the reader's limit in bytes.
    #[error("{what} is larger than {limit_bytes} bytes and was left out")]
    TooBig {
        /// The large thing.
        what: Cow<'static, str>,
        /// The limit it broke.
        limit_bytes: usize,
    },
    /// There are more of something than the reader's limit.
    #[error("there are more than {limit} {what}; not all were read")]
    TooMany {
        /// The things, in the plural.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// Structures contain themselves, or nest beyond the limit.
    #[error("{what} contains itself or nests too deeply; what stands outside was read")]
    Loop {
        /// The nested structure.
        what: &'static str,
    },
    /// An XMP packet declares or uses entities, which are never expanded.
    #[error("the XMP packet has a document type or entities of its own; they were ignored")]
    Entity,
    /// A value is outside what its field allows.
    #[error("{field} is {value}, which is outside {allowed}; it was ignored")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// Its value as text.
        value: String,
        /// The allowed range in words.
        allowed: &'static str,
    },
    /// More problems of the same reader were left out.
    #[error("there are more than {MAX_ERRORS_PER_READER} problems here; the rest is not listed")]
    MoreProblems,
}

impl Error {
    /// The stable name of the kind of error, in `snake_case`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::Malformed { .. } => "malformed",
            Self::Checksum { .. } => "checksum",
            Self::Bomb { .. } => "bomb",
            Self::TooBig { .. } => "too_big",
            Self::TooMany { .. } => "too_many",
            Self::Loop { .. } => "loop",
            Self::Entity => "entity",
            Self::OutOfRange { .. } => "out_of_range",
            Self::MoreProblems => "more_problems",
        }
    }

    pub(crate) fn truncated(what: impl Into<Cow<'static, str>>, at: usize) -> Self {
        Self::Truncated { what: what.into(), at }
    }

    pub(crate) fn malformed(
        what: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Malformed { what: what.into(), reason: reason.into() }
    }

    pub(crate) fn too_big(what: impl Into<Cow<'static, str>>, limit_bytes: usize) -> Self {
        Self::TooBig { what: what.into(), limit_bytes }
    }
}
