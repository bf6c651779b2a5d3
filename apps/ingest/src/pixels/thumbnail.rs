//! Thumbnails: small JPEGs named by the content of the file they show.
//!
//! The name is the SHA-256 of the original's bytes, fanned out by its first two digits
//! (`ab/abcdef….jpg`). File stems never enter: `a.png` and `a.jpg` are two files, and a name chosen
//! by somebody else is no path of ours.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::jpeg;
use super::working::WorkingCopy;

/// The longest side of a thumbnail in pixels. Images longer than it are shrunk by a whole factor, so
/// that theirs have between half of this and all of it; smaller images keep their size.
pub const MAX_THUMBNAIL_SIDE: u32 = super::working::MAX_WORKING_SIDE;
/// JPEG quality of thumbnails (1–100).
pub const THUMBNAIL_QUALITY: u8 = 80;

/// Why a thumbnail was not stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ThumbnailError {
    /// The name is no content hash.
    #[error("{name:?} is not a SHA-256 in 64 lower-case hex digits; no thumbnail is stored under it")]
    Name {
        /// What was given.
        name: String,
    },
    /// The file system refused.
    #[error("cannot store the thumbnail {}; check free space and permissions there", path.display())]
    Io {
        /// The thumbnail's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ThumbnailError {
    /// A stable word for the kind of error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name { .. } => "thumbnail_name",
            Self::Io { .. } => "thumbnail_io",
        }
    }
}

/// The thumbnail of a working copy as JPEG bytes (no metadata, transparency over neutral grey).
#[must_use]
pub fn encode(copy: &WorkingCopy) -> Vec<u8> {
    let (width, height) = copy.rgb.dimensions();
    jpeg::encode(copy.rgb.as_raw(), &copy.luma, width, height, THUMBNAIL_QUALITY)
}

/// Where below `root` the thumbnail of the file with this content hash lies.
///
/// # Errors
/// [`ThumbnailError::Name`] unless `sha256_hex` is 64 lower-case hex digits.
pub fn thumbnail_path(root: &Path, sha256_hex: &str) -> Result<PathBuf, ThumbnailError> {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if sha256_hex.len() != 64 || !sha256_hex.bytes().all(hex) {
        let name = sha256_hex.chars().take(80).collect();
        return Err(ThumbnailError::Name { name });
    }
    Ok(root.join(&sha256_hex[..2]).join(format!("{sha256_hex}.jpg")))
}

/// Stores thumbnail `bytes` under the content hash and returns the path.
///
/// Readers see the whole file or none (written beside, then renamed). One that is there already is
/// kept: same content, same thumbnail. It is not flushed to the disk: a thumbnail lost to a power cut
/// can be made again from the file.
///
/// # Errors
/// [`ThumbnailError`].
pub fn store_thumbnail(root: &Path, sha256_hex: &str, bytes: &[u8]) -> Result<PathBuf, ThumbnailError> {
    let path = thumbnail_path(root, sha256_hex)?;
    if fs::metadata(&path).is_ok_and(|found| found.is_file() && found.len() == bytes.len() as u64) {
        return Ok(path);
    }
    write_beside(&path, bytes).map_err(|source| ThumbnailError::Io { path: path.clone(), source })?;
    Ok(path)
}

fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{}-{number}.part", std::process::id()));
    let create = || OpenOptions::new().write(true).create(true).truncate(true).open(&temporary);
    let mut file: File = match create() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            create()?
        }
        other => other?,
    };
    let written = file.write_all(bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // Half a file on a full disk would only take more room.
        let _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aa00000000000000000000000000000000000000000000000000000000000001";
    const B: &str = "ab00000000000000000000000000000000000000000000000000000000000002";

    #[test]
    fn thumbnails_of_two_contents_are_two_files_and_nothing_is_left_beside_them() {
        let root = tempfile::tempdir().unwrap();
        let a = store_thumbnail(root.path(), A, b"one").unwrap();
        let b = store_thumbnail(root.path(), B, b"two").unwrap();
        assert_eq!(store_thumbnail(root.path(), A, b"one").unwrap(), a);
        assert_eq!(fs::read(&a).unwrap(), b"one");
        assert_eq!(fs::read(&b).unwrap(), b"two");
        assert_eq!(a.strip_prefix(root.path()).unwrap(), Path::new("aa").join(format!("{A}.jpg")));
        assert_eq!(fs::read_dir(root.path().join("aa")).unwrap().count(), 1);
    }

    #[test]
    fn names_that_are_no_hash_are_refused() {
        let root = tempfile::tempdir().unwrap();
        for name in ["", "a.png", "../../../../etc/passwd", &A.to_uppercase().replace('0', "F"), &A[1..]] {
            let error = store_thumbnail(root.path(), name, b"x").unwrap_err();
            assert_eq!(error.code(), "thumbnail_name");
        }
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_an_error_with_its_path() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("aa"), b"a file where the folder should be").unwrap();
        let error = store_thumbnail(root.path(), A, b"x").unwrap_err();
        assert_eq!(error.code(), "thumbnail_io");
        assert!(error.to_string().contains(A));
    }
}
