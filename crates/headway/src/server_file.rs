//! `<data>/server.json`: where the server of a data folder is, for commands on the same machine.
//!
//! Written once the server answers, removed when it ends, readable by its owner alone since it holds a token. It is a
//! hint: what decides who owns the folder is the lock beside the database.

use crate::problem::{Problem, Result};
use serde::{Deserialize, Serialize};
use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
};

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServerFile {
    /// `http://127.0.0.1:8080`
    pub(crate) address: String,
    /// The server's process.
    pub(crate) pid: u32,
    /// A token for commands of the same user; void once the server has ended.
    pub(crate) token: String,
    /// The server's version.
    pub(crate) version: String,
}

/// Removes the file when dropped.
#[derive(Debug)]
pub(crate) struct Advertised {
    path: PathBuf,
    pid: u32,
}

fn path(data: &Path) -> PathBuf {
    data.join("server.json")
}

impl ServerFile {
    /// The file of `data`, where there is one that can be read.
    pub(crate) fn read(data: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path(data)).ok()?).ok()
    }

    /// Writes the file whole, under another name first: a reader sees the old one or the new one.
    pub(crate) fn advertise(&self, data: &Path) -> Result<Advertised> {
        let path = path(data);
        let draft = data.join(format!("server.json.{}", self.pid));
        let text = serde_json::to_vec(self).map_err(|error| Problem::failed(error.to_string()))?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&draft)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| std::fs::rename(&draft, &path))
            .map_err(|error| Problem::io("write", &path, &error))?;
        Ok(Advertised { path, pid: self.pid })
    }
}

impl Drop for Advertised {
    fn drop(&mut self) {
        // Another server may have taken the folder over meanwhile: its file stays.
        let mine = self.path.parent().and_then(ServerFile::read).is_some_and(|file| file.pid == self.pid);
        if mine {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_private_and_goes_with_its_server() {
        let data = tempfile::tempdir().expect("a folder");
        let file = |pid| ServerFile {
            address: "http://127.0.0.1:1".to_owned(),
            pid,
            token: "t".to_owned(),
            version: "0".to_owned(),
        };
        let first = file(1).advertise(data.path()).expect("written");
        assert_eq!(ServerFile::read(data.path()), Some(file(1)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(path(data.path())).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let second = file(2).advertise(data.path()).expect("written");
        drop(first);
        assert_eq!(ServerFile::read(data.path()), Some(file(2)));
        drop(second);
        assert_eq!(ServerFile::read(data.path()), None);
        assert_eq!(std::fs::read_dir(data.path()).expect("there").count(), 0);
    }
}
