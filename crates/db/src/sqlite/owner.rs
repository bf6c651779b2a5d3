//! Sole ownership of a database: an advisory lock on `<path>.lock`, which the kernel drops when the process ends
//! however it ends, so that no stale lock can remain.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Holds the ownership until dropped.
#[derive(Debug)]
pub(super) struct Ownership {
    _file: File,
}

impl Ownership {
    /// Takes the ownership of the database at `path`, or says who has it.
    pub(super) fn take(path: &Path) -> Result<Self> {
        let lock = beside(path, ".lock");
        let io = |what| {
            let path = lock.clone();
            move |source: std::io::Error| Error::Io { what, path, source: source.into() }
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&lock).map_err(io("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // The pid is a courtesy: an unreadable one must not hide the real message.
                let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(Error::Locked { path: path.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(io("lock")(source)),
        }
        file.set_len(0).map_err(io("write"))?;
        file.rewind().map_err(io("write"))?;
        writeln!(file, "{}", std::process::id()).map_err(io("write"))?;
        Ok(Self { _file: file })
    }
}

/// The path with `suffix` appended to the file's name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
