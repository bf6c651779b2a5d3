//! What an ingest is asked to do.

use crate::files::{Roots, RootsError};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Endings that are looked for where no pattern is given.
pub const DEFAULT_PATTERNS: &[&str] =
    &["*.png", "*.jpg", "*.jpeg", "*.webp", "*.gif", "*.mp4", "*.mov", "*.webm", "*.mkv"];

/// Most directories of one ingest.
pub const MAX_DIRECTORIES: usize = 64;
/// Most patterns of one ingest.
pub const MAX_PATTERNS: usize = 64;
/// Longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 256;

/// An ingest's parameters: the run's input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = IngestParams)]
pub struct Params {
    /// Where to look: absolute paths below a media root.
    pub directories: Vec<String>,
    /// Which names to take, such as `*.png`, without regard to case; images and videos where empty.
    pub patterns: Vec<String>,
    /// Whether folders below are looked into.
    pub recursive: bool,
    /// At most this many files.
    pub max_files: Option<u64>,
    /// Whether files are skipped whose content the library has already.
    pub skip_existing: bool,
    /// Whether EXIF, XMP, IPTC and generation parameters are read.
    pub extract_metadata: bool,
    /// Whether keywords are made of prompts and captions.
    pub extract_keywords: bool,
    /// Whether `.scores` files are read.
    pub import_scores: bool,
    /// Whether images go through the classifier.
    pub detect_nsfw: bool,
    /// From which score on an image counts as NSFW, 0 to 1.
    pub nsfw_threshold: f64,
    /// Whether the preview commits by itself.
    pub auto_commit: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            directories: Vec::new(),
            patterns: Vec::new(),
            recursive: true,
            max_files: None,
            skip_existing: true,
            extract_metadata: true,
            extract_keywords: true,
            import_scores: true,
            detect_nsfw: true,
            nsfw_threshold: 0.5,
            auto_commit: false,
        }
    }
}

/// What is wrong with parameters.
#[derive(Debug, thiserror::Error)]
pub enum ParamsError {
    /// No directory.
    #[error("directories: name at least one")]
    NoDirectory,
    /// Too much of something.
    #[error("{field}: at most {limit}")]
    TooMany {
        /// The field.
        field: &'static str,
        /// What it may hold.
        limit: usize,
    },
    /// A pattern that is none.
    #[error("patterns[{index}]: '{pattern}' is not a pattern: {reason}")]
    BadPattern {
        /// Which one.
        index: usize,
        /// As it came.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// A threshold outside 0 to 1.
    #[error("nsfw_threshold: {0} is not between 0 and 1")]
    BadThreshold(f64),
    /// `max_files` of 0.
    #[error("max_files: 0 would take no file; leave it out to take all")]
    NoFiles,
    /// A directory that may not be read.
    #[error("directories[{index}]: {source}")]
    Directory {
        /// Which one.
        index: usize,
        /// Why.
        #[source]
        source: RootsError,
    },
}

impl ParamsError {
    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoDirectory | Self::TooMany { .. } | Self::BadThreshold(_) | Self::NoFiles => {
                "invalid_parameter"
            }
            Self::BadPattern { .. } => "bad_pattern",
            Self::Directory { source, .. } => source.code(),
        }
    }

    /// The field it is about, as a path into the parameters.
    pub fn path(&self) -> String {
        match self {
            Self::NoDirectory => String::from("directories"),
            Self::TooMany { field, .. } => String::from(*field),
            Self::BadPattern { index, .. } => format!("patterns[{index}]"),
            Self::BadThreshold(_) => String::from("nsfw_threshold"),
            Self::NoFiles => String::from("max_files"),
            Self::Directory { index, .. } => format!("directories[{index}]"),
        }
    }
}

impl Params {
    /// The same parameters with everything filled in and every directory resolved to where it really is.
    ///
    /// # Errors
    /// [`ParamsError`].
    pub fn resolved(mut self, roots: &Roots) -> Result<Self, ParamsError> {
        if self.directories.is_empty() {
            return Err(ParamsError::NoDirectory);
        }
        if self.directories.len() > MAX_DIRECTORIES {
            return Err(ParamsError::TooMany { field: "directories", limit: MAX_DIRECTORIES });
        }
        if self.patterns.len() > MAX_PATTERNS {
            return Err(ParamsError::TooMany { field: "patterns", limit: MAX_PATTERNS });
        }
        if !(0.0..=1.0).contains(&self.nsfw_threshold) {
            return Err(ParamsError::BadThreshold(self.nsfw_threshold));
        }
        if self.max_files == Some(0) {
            return Err(ParamsError::NoFiles);
        }
        if self.patterns.is_empty() {
            self.patterns = DEFAULT_PATTERNS.iter().map(|pattern| String::from(*pattern)).collect();
        }
        self.matcher()?;
        for (index, directory) in self.directories.iter_mut().enumerate() {
            let place = roots.directory(&crate::files::path_of_text(directory));
            let place = place.map_err(|source| ParamsError::Directory { index, source })?;
            *directory = crate::files::text_of_path(&place);
        }
        Ok(self)
    }

    /// The patterns, ready to be asked.
    ///
    /// # Errors
    /// [`ParamsError::BadPattern`].
    pub fn matcher(&self) -> Result<globset::GlobSet, ParamsError> {
        let mut set = globset::GlobSetBuilder::new();
        for (index, pattern) in self.patterns.iter().enumerate() {
            let bad = |reason: String| ParamsError::BadPattern { index, pattern: pattern.clone(), reason };
            if pattern.len() > MAX_PATTERN_BYTES {
                return Err(bad(format!("longer than {MAX_PATTERN_BYTES} bytes")));
            }
            let glob =
                globset::GlobBuilder::new(pattern).case_insensitive(true).literal_separator(false).build();
            set.add(glob.map_err(|error| bad(error.kind().to_string()))?);
        }
        set.build().map_err(|error| ParamsError::BadPattern {
            index: 0,
            pattern: self.patterns.join(", "),
            reason: error.to_string(),
        })
    }

    /// Where the ingest looks.
    pub fn places(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.directories.iter().map(|directory| crate::files::path_of_text(directory))
    }
}
