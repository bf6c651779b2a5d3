//! Files of the media tree: where one may read, how names become text, how a file is opened.
//!
//! Nothing outside a media root is ever read, whatever links say, and nothing in the tree is ever written.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Component, Path, PathBuf},
};

/// Largest image that is read into memory, in bytes.
pub const MAX_IMAGE_BYTES: u64 = 256 * 1024 * 1024;

/// Mark of a text that stands for a name which is not UTF-8: its other bytes are written as `%XX`. A path begins with
/// `/`, so the two cannot be mixed up.
const BYTES_MARK: &str = "bytes:";

/// The folders that ingests may read.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    roots: Vec<PathBuf>,
}

/// Why a place may not be read.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// No root is configured.
    #[error("no media root is configured; add one with `media_roots` in headway.toml, or --media-root DIR")]
    NoRoots,
    /// The path is relative, or goes up.
    #[error("'{}' is not an absolute path without '..'", .0.display())]
    NotPlain(PathBuf),
    /// The place is not below a root, or a link leads out of it.
    #[error("'{}' is not below a media root", .0.display())]
    Outside(PathBuf),
    /// There is no such directory.
    #[error("'{}' is not a directory that can be read: {source}", path.display())]
    NotThere {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl RootsError {
    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRoots => "no_media_root",
            Self::NotPlain(_) => "bad_path",
            Self::Outside(_) => "outside_media_roots",
            Self::NotThere { .. } => "no_such_directory",
        }
    }
}

impl Roots {
    /// The given folders, resolved to where they really are.
    ///
    /// # Errors
    /// [`RootsError::NotThere`] for one that is no directory.
    pub fn new(roots: impl IntoIterator<Item = PathBuf>) -> Result<Self, RootsError> {
        let resolve = |path: PathBuf| match path.canonicalize() {
            Ok(real) if real.is_dir() => Ok(real),
            Ok(_) => Err(RootsError::NotThere { path, source: io::ErrorKind::NotADirectory.into() }),
            Err(source) => Err(RootsError::NotThere { path, source }),
        };
        Ok(Self { roots: roots.into_iter().map(resolve).collect::<Result<_, _>>()? })
    }

    /// The roots.
    pub fn paths(&self) -> &[PathBuf] {
        &self.roots
    }

    /// Where `path` really is, if that is a directory below a root.
    ///
    /// # Errors
    /// [`RootsError`].
    pub fn directory(&self, path: &Path) -> Result<PathBuf, RootsError> {
        if self.roots.is_empty() {
            return Err(RootsError::NoRoots);
        }
        let plain = path.is_absolute() && !path.components().any(|part| part == Component::ParentDir);
        if !plain {
            return Err(RootsError::NotPlain(path.to_path_buf()));
        }
        // Whether something exists outside the roots is nobody's business: that answer comes first.
        let named_below = self.roots.iter().any(|root| path.starts_with(root));
        let real = path.canonicalize();
        let below = |real: &Path| self.roots.iter().any(|root| real.starts_with(root));
        match real {
            Ok(real) if !below(&real) => Err(RootsError::Outside(path.to_path_buf())),
            Ok(real) if real.is_dir() => Ok(real),
            Ok(_) => Err(RootsError::NotThere {
                path: path.to_path_buf(),
                source: io::ErrorKind::NotADirectory.into(),
            }),
            Err(_) if !named_below => Err(RootsError::Outside(path.to_path_buf())),
            Err(source) => Err(RootsError::NotThere { path: path.to_path_buf(), source }),
        }
    }

    /// Opens a regular file below a root for reading. Links are followed only within their root; a FIFO or device is
    /// refused without waiting for it.
    ///
    /// # Errors
    /// What the system says; `InvalidInput` for what is no regular file.
    pub fn open(&self, path: &Path) -> io::Result<File> {
        let root = self.roots.iter().find(|root| path.starts_with(root));
        let root =
            root.ok_or_else(|| io::Error::new(io::ErrorKind::PermissionDenied, "not below a media root"))?;
        let file = open_beneath(root, path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(file)
    }
}

#[cfg(target_os = "linux")]
fn open_beneath(root: &Path, path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, ResolveFlags};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let below = path.strip_prefix(root).unwrap_or(path);
    let folder = rustix::fs::open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(&folder, below, flags, Mode::empty(), resolve) {
        Ok(file) => Ok(File::from(file)),
        // Kernels before 5.6, and sandboxes that forbid the call.
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => open_checked(root, path),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn open_beneath(root: &Path, path: &Path) -> io::Result<File> {
    open_checked(root, path)
}

/// Where the kernel cannot hold a path beneath a folder: resolve, look, open.
fn open_checked(root: &Path, path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let real = path.canonicalize()?;
    if !real.starts_with(root) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "a link leads out of the media root"));
    }
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
    std::fs::OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(real)
}

/// Reads a whole file of at most `limit` bytes.
///
/// # Errors
/// What the system says; `FileTooLarge` beyond the limit.
pub fn read_all(mut file: &File, limit: u64) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len();
    if size > limit {
        let text = format!("{size} bytes; files of up to {limit} bytes are read");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // The file may grow while it is read.
    (&mut file).take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A path as text, from which [`path_of_text`] gets the same path back.
pub fn text_of_path(path: &Path) -> String {
    match path.to_str() {
        Some(text) => text.to_owned(),
        None => {
            let mut text = String::from(BYTES_MARK);
            for byte in path.as_os_str().as_bytes() {
                match byte {
                    b'%' | 0..=0x1F | 0x7F..=0xFF => text.push_str(&format!("%{byte:02X}")),
                    _ => text.push(char::from(*byte)),
                }
            }
            text
        }
    }
}

/// The path of a text made by [`text_of_path`].
pub fn path_of_text(text: &str) -> PathBuf {
    let Some(escaped) = text.strip_prefix(BYTES_MARK) else { return PathBuf::from(text) };
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = match (first, tail) {
            (b'%', [high, low, ..]) => {
                hex_digit(*high).zip(hex_digit(*low)).map(|(high, low)| high * 16 + low)
            }
            _ => None,
        };
        match code {
            Some(code) => {
                bytes.push(code);
                rest = &rest[3..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A file's name for people: invalid bytes and control characters replaced. Showing it inert is the page's business.
pub fn display_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    name.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn names_that_are_not_utf8_survive_as_text() {
        for bytes in [&b"/a/b%41.png"[..], b"/a/\xFF\xFE%.png", b"/a/%zz\x80", b"/plain"] {
            let path = PathBuf::from(OsStr::from_bytes(bytes));
            assert_eq!(path_of_text(&text_of_path(&path)), path);
        }
    }

    #[test]
    fn places_outside_the_roots_are_refused_whatever_leads_there() -> io::Result<()> {
        let outside = tempfile::tempdir()?;
        let root = tempfile::tempdir()?;
        std::fs::create_dir(root.path().join("in"))?;
        std::os::unix::fs::symlink(outside.path(), root.path().join("out"))?;
        std::fs::write(outside.path().join("secret.png"), "x")?;
        let roots = Roots::new([root.path().to_path_buf()]).map_err(io::Error::other)?;
        let code = |path: PathBuf| roots.directory(&path).map_err(|error| error.code()).err();
        assert_eq!(code(root.path().join("in")), None);
        assert_eq!(code(root.path().join("in/../../etc")), Some("bad_path"));
        assert_eq!(code(PathBuf::from("relative")), Some("bad_path"));
        assert_eq!(code(PathBuf::from("/etc")), Some("outside_media_roots"));
        assert_eq!(code(PathBuf::from("/no/such/place")), Some("outside_media_roots"));
        assert_eq!(code(root.path().join("out")), Some("outside_media_roots"));
        assert_eq!(code(root.path().join("gone")), Some("no_such_directory"));
        let real_root = root.path().canonicalize()?;
        assert!(
            roots.open(&real_root.join("out/secret.png")).is_err(),
            "a link that leaves the root is not followed"
        );
        Ok(())
    }
}
