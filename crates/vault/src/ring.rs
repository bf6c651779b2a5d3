//! The key ring's file: JSON, readable by its owner alone, replaced as a whole.

use crate::Error;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;
/// Bytes of the file at most: a few thousand rotations.
const FILE_BYTES: u64 = 1 << 20;
const VERSION: u32 = 1;

/// A key with its id.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl Key {
    /// The key after `number - 1` others.
    pub(crate) fn random(number: usize) -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0u8; KEY_BYTES]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| Error::Random)?;
        Ok(Self { id: format!("k{number}"), bytes })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    keys: Vec<StoredKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    id: String,
    key: String,
}

impl Drop for StoredKey {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// Reads a ring, oldest key first; `None` where there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<Key>>, Error> {
    let failed = |source| Error::File { path: path.to_owned(), doing: "read", source };
    let damaged = |what| Error::Damaged { path: path.to_owned(), what };
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if meta.len() > FILE_BYTES {
        return Err(damaged("it is too large"));
    }
    check_mode(path, &meta)?;
    let text = Zeroizing::new(fs::read(path).map_err(failed)?);
    let stored: Stored = serde_json::from_slice(&text).map_err(|_| damaged("it is no JSON of its form"))?;
    if stored.version != VERSION {
        return Err(damaged("its version is unknown"));
    }
    let mut keys = Vec::with_capacity(stored.keys.len());
    for key in &stored.keys {
        let decoded = Zeroizing::new(BASE64.decode(&key.key).map_err(|_| damaged("a key is no base64"))?);
        let bytes: [u8; KEY_BYTES] =
            decoded.as_slice().try_into().map_err(|_| damaged("a key has the wrong length"))?;
        keys.push(Key { id: key.id.clone(), bytes: Zeroizing::new(bytes) });
    }
    if keys.is_empty() {
        return Err(damaged("it has no keys"));
    }
    Ok(Some(keys))
}

/// Whether a ring is written over one that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It stays, and what is to be written is dropped: two that start at once end up with one ring.
    Keep,
    /// It is replaced.
    Replace,
}

/// Writes a ring: all of it or nothing, durably.
pub(crate) fn write(path: &Path, keys: &[Key], existing: Existing) -> Result<(), Error> {
    write_file(path, keys, existing).map_err(|source| Error::File {
        path: path.to_owned(),
        doing: "written",
        source,
    })
}

fn write_file(path: &Path, keys: &[Key], existing: Existing) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let stored =
        keys.iter().map(|key| StoredKey { id: key.id.clone(), key: BASE64.encode(key.bytes.as_slice()) });
    let stored = Stored { version: VERSION, keys: stored.collect() };
    let text = Zeroizing::new(serde_json::to_vec_pretty(&stored)?);
    let mut mark = [0u8; 8];
    getrandom::fill(&mut mark).map_err(|_| io::Error::other("no random bytes"))?;
    let temporary = temporary(path, u64::from_le_bytes(mark));
    let written = (|| {
        let mut file = create_private(&temporary)?;
        file.write_all(&text)?;
        file.sync_all()?;
        match existing {
            Existing::Replace => fs::rename(&temporary, path),
            // A link fails where the name is taken; a rename would replace.
            Existing::Keep => match fs::hard_link(&temporary, path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                other => other,
            },
        }
    })();
    if written.is_err() || existing == Existing::Keep {
        // A left-over is private and harmless: failing to remove it is no reason to fail.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    File::open(folder)?.sync_all()
}

fn temporary(path: &Path, mark: u64) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{mark:016x}.new"));
    path.with_file_name(name)
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(unix)]
fn check_mode(path: &Path, meta: &fs::Metadata) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 != 0 { Err(Error::Open { path: path.to_owned(), mode }) } else { Ok(()) }
}

#[cfg(not(unix))]
fn check_mode(_path: &Path, _meta: &fs::Metadata) -> Result<(), Error> {
    Ok(())
}
