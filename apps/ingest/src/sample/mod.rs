//! `headway sample DIR`: a media library drawn by formula, to try an ingest on and to test it with.
//!
//! Pictures with generation settings, camera data, ratings and captions, in PNG, JPEG, WebP and GIF,
//! short clips where ffmpeg is installed, score files, exact and near duplicates, subfolders, names
//! that break programs, and, if asked for, files broken in every way an ingest must survive. The same
//! options give the same bytes everywhere. [`Truth`] says what an ingest of it has to find.

mod broken;
pub mod encode;
mod names;
mod plan;
mod random;
mod render;
mod scene;
mod truth;
mod video;
mod words;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use self::plan::{Form, Planned, sidecar_path};

pub use self::broken::{BOMB_BYTES, BrokenFile, Expectation};
pub use self::truth::{SampleReport, Truth};

/// The file that marks a folder as a sample and lists what belongs to it.
pub const MARKER: &str = ".headway-sample.json";
/// The most files one sample may have.
pub const MAX_FILES: u32 = 200_000;
/// Bytes of a marker that are read.
const MAX_MARKER_BYTES: u64 = 256 * 1024 * 1024;

/// What a sample is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleOptions {
    /// Good media files, 1 to [`MAX_FILES`]; broken ones come on top.
    pub count: u32,
    /// Whether `broken/` is written too.
    pub broken: Broken,
    /// Whether clips are among the files.
    pub videos: Videos,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// The longest side of a picture in pixels (at least 8).
    pub max_side: u32,
}

impl Default for SampleOptions {
    fn default() -> Self {
        Self { count: 200, broken: Broken::Without, videos: Videos::IfPossible, seed: 1, max_side: 1_024 }
    }
}

/// Whether a sample holds broken files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Broken {
    /// Good files only.
    #[default]
    Without,
    /// With a folder `broken/`.
    With,
}

/// Whether a sample holds clips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Videos {
    /// A few, where ffmpeg is installed and the sample has 40 files or more.
    #[default]
    IfPossible,
    /// None.
    Without,
}

/// Why no sample was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// The options ask for nothing, or for too much.
    #[error(
        "a sample has 1 to {MAX_FILES} files of 8 pixels a side or more; {count} files of {max_side} pixels were asked for"
    )]
    Options {
        /// Files asked for.
        count: u32,
        /// Pixels asked for.
        max_side: u32,
    },
    /// Something else lies in the folder.
    #[error(
        "{} is not empty and holds no earlier sample ({MARKER} is missing); name an empty or new folder",
        directory.display()
    )]
    NotEmpty {
        /// The folder.
        directory: PathBuf,
    },
    /// The folder's marker cannot be understood, so that nobody knows what may be replaced.
    #[error("{} does not list an earlier sample; remove the folder or name another", path.display())]
    Marker {
        /// The marker.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("cannot write {}; check free space and permissions there", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A picture could not be encoded.
    #[error("cannot encode {}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        source: image::ImageError,
    },
    /// ffmpeg could not write a clip.
    #[error("ffmpeg cannot write {}: {said}; try again without videos", path.display())]
    Video {
        /// The clip.
        path: PathBuf,
        /// Its last words.
        said: String,
    },
}

impl SampleError {
    /// A stable word for the kind of error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Options { .. } => "sample_options",
            Self::NotEmpty { .. } => "directory_not_empty",
            Self::Marker { .. } => "sample_marker",
            Self::Io { .. } => "sample_io",
            Self::Encode { .. } => "sample_encode",
            Self::Video { .. } => "sample_video",
        }
    }
}

/// Writes a sample into `directory`, which is made if need be.
///
/// A folder that is not empty is refused, unless it holds an earlier sample: that one's files, and
/// only those its marker lists, are removed first. Blocks the thread and uses every core.
///
/// # Errors
/// [`SampleError`]; what was written until then is listed in the marker and goes with the next try.
pub fn write_sample(directory: &Path, options: SampleOptions) -> Result<SampleReport, SampleError> {
    let SampleOptions { count, max_side, .. } = options;
    if count == 0 || count > MAX_FILES || max_side < 8 {
        return Err(SampleError::Options { count, max_side });
    }
    let wanted = match options.videos {
        Videos::IfPossible if count >= 40 => (count / 50).clamp(1, 4),
        _ => 0,
    };
    let possible = wanted > 0 && video::ffmpeg_is_installed();
    let files = plan::plan(&options, if possible { wanted } else { 0 });

    clear(directory)?;
    let mut written: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    written.extend(files.iter().filter(|f| f.sidecar.is_some()).map(|f| sidecar_path(&f.path)));
    mark(directory, &written)?;
    make_folders(directory, &written)?;
    let bytes = write_files(directory, &files)?;
    let spoiled = match options.broken {
        Broken::Without => Vec::new(),
        Broken::With => broken::write(directory, options.seed, &mut written)
            .map_err(|(path, source)| SampleError::Io { path, source })?,
    };
    mark(directory, &written)?;

    let mut report = truth::report(directory, &files, spoiled, bytes);
    if wanted > 0 && !possible {
        report.notes.push("no videos: ffmpeg is not installed".to_owned());
    }
    Ok(report)
}

/// What the marker holds.
#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    sample: String,
    /// Paths below the folder, percent-encoded: they need not be UTF-8.
    files: Vec<String>,
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> SampleError {
    let path = path.to_owned();
    move |source| SampleError::Io { path, source }
}

/// Makes `directory` a folder without an earlier sample's files, or refuses.
fn clear(directory: &Path) -> Result<(), SampleError> {
    fs::create_dir_all(directory).map_err(io_at(directory))?;
    let path = directory.join(MARKER);
    match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut entries = fs::read_dir(directory).map_err(io_at(directory))?;
            return match entries.next() {
                None => Ok(()),
                Some(_) => Err(SampleError::NotEmpty { directory: directory.to_owned() }),
            };
        }
        Err(error) => return Err(io_at(&path)(error)),
        Ok(found) if found.len() > MAX_MARKER_BYTES => return Err(SampleError::Marker { path }),
        Ok(_) => {}
    }
    let text = fs::read(&path).map_err(io_at(&path))?;
    let marker: Marker =
        serde_json::from_slice(&text).map_err(|_| SampleError::Marker { path: path.clone() })?;
    let mut folders = BTreeSet::new();
    for name in &marker.files {
        let below = decoded(name);
        if !below.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(SampleError::Marker { path });
        }
        // Through a link a marker could reach files that are not the sample's.
        let parents = below.ancestors().skip(1).filter(|p| !p.as_os_str().is_empty());
        let real = |p: &Path| fs::symlink_metadata(directory.join(p)).is_ok_and(|m| m.is_dir());
        if !parents.clone().all(real) {
            continue;
        }
        folders.extend(parents.map(Path::to_owned));
        match fs::remove_file(directory.join(&below)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_at(&directory.join(&below))(error));
            }
            _ => {}
        }
    }
    // Deepest first; a folder that holds something else stays.
    for folder in folders.iter().rev() {
        let _ = fs::remove_dir(directory.join(folder));
    }
    Ok(())
}

fn mark(directory: &Path, files: &[PathBuf]) -> Result<(), SampleError> {
    let path = directory.join(MARKER);
    let files = files.iter().map(|file| encoded(file)).collect();
    let marker = Marker { sample: "headway".to_owned(), files };
    // Strings only: there is nothing that could fail to become JSON.
    let text = serde_json::to_vec(&marker).unwrap_or_default();
    fs::write(&path, text).map_err(io_at(&path))
}

fn encoded(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/' => {
                text.push(char::from(*byte));
            }
            other => text.push_str(&format!("%{other:02x}")),
        }
    }
    text
}

fn decoded(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(value) if *byte == b'%' => {
                bytes.push(value);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        PathBuf::from(std::ffi::OsString::from_vec(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn make_folders(directory: &Path, files: &[PathBuf]) -> Result<(), SampleError> {
    let folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    for folder in folders {
        let folder = directory.join(folder);
        fs::create_dir_all(&folder).map_err(io_at(&folder))?;
    }
    Ok(())
}

/// Writes all files with every core and returns their bytes in sum.
fn write_files(directory: &Path, files: &[Planned]) -> Result<u64, SampleError> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(None);
    let total = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(16));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    // From the end: clips take longest and stand there.
                    let taken = next.fetch_add(1, Ordering::Relaxed);
                    let Some(at) = files.len().checked_sub(taken + 1) else { break };
                    match write_file(directory, &files[at]) {
                        Ok(bytes) => total.fetch_add(bytes, Ordering::Relaxed),
                        Err(error) => {
                            next.store(files.len(), Ordering::Relaxed);
                            *failed.lock().unwrap_or_else(|e| e.into_inner()) = Some(error);
                            break;
                        }
                    };
                }
            });
        }
    });
    match failed.into_inner().unwrap_or_else(|e| e.into_inner()) {
        Some(error) => Err(error),
        None => Ok(total.into_inner() as u64),
    }
}

fn write_file(directory: &Path, planned: &Planned) -> Result<usize, SampleError> {
    let path = directory.join(&planned.path);
    if let Form::Video(_) = planned.content.form {
        video::write(&planned.content, &path)
            .map_err(|said| SampleError::Video { path: path.clone(), said })?;
    } else {
        let bytes = render::bytes(&planned.content)
            .map_err(|source| SampleError::Encode { path: path.clone(), source })?;
        let mut file = File::create(&path).map_err(io_at(&path))?;
        file.write_all(&bytes).map_err(io_at(&path))?;
    }
    if let Some(sidecar) = planned.sidecar {
        let path = directory.join(sidecar_path(&planned.path));
        let text = format!("{{\"score\": {}, \"favourite\": {}}}\n", sidecar.score, sidecar.favourite);
        fs::write(&path, text).map_err(io_at(&path))?;
    }
    let file = File::options().append(true).open(&path).map_err(io_at(&path))?;
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(planned.modified))
        .map_err(io_at(&path))?;
    file.metadata().map(|found| found.len() as usize).map_err(io_at(&path))
}

#[cfg(test)]
mod tests;
