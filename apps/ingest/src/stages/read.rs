//! Read: bytes to hash, metadata, facts, quality, thumbnail. The one stage that touches a file's bytes.

use super::{Found, IngestOptions, ReadFile, Trouble, now_ms, report, unreadable};
use crate::{
    Params,
    files::{MAX_IMAGE_BYTES, display_name, path_of_text, read_all},
    meta::{
        container::{ImageMetadata, SNIFF_BYTES, read_image_metadata, sniff},
        video::{Prober, VideoInfo},
    },
    pixels::{Analysis, Options, Thumbnail, analyse, store_thumbnail, thumbnail_path},
    tables::{self, FileRow},
};
use activity::{Attempt, Context, CpuActivity, Effects, Items, Outcome, Success};
use db::Query;
use model::{Failure, RunId, TaskError};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{File, Metadata},
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Longest time that ffprobe may take on one file.
const PROBE_TIME: Duration = Duration::from_secs(20);

/// Bytes of a video hashed at once.
const HASH_PIECE: usize = 1024 * 1024;

pub(super) struct Read {
    options: Arc<IngestOptions>,
    prober: Prober,
    said_no_ffprobe: AtomicBool,
}

impl Read {
    pub(super) fn new(options: Arc<IngestOptions>) -> Self {
        Self { options, prober: Prober::new("ffprobe"), said_no_ffprobe: AtomicBool::new(false) }
    }
}

impl CpuActivity for Read {
    fn run(&self, context: &Context) -> Outcome {
        let found: Found = match context.data() {
            Ok(found) => found,
            Err(error) => return unreadable(&error),
        };
        let params: Params = match context.input() {
            Ok(params) => params,
            Err(error) => return unreadable(&error),
        };
        let path = path_of_text(&found.path);
        context.progress(0, 0, display_name(&path));
        match self.read(context, &params, &found, &path) {
            Ok(success) => success.into(),
            Err(outcome) => outcome,
        }
    }

    fn failed(&self, attempt: &Attempt, error: &TaskError) -> Effects {
        let found: Option<Found> = serde_json::from_str(attempt.data.get()).ok();
        let text = found.as_ref().map_or(&*attempt.key, |found| &found.path);
        let path = path_of_text(text);
        let mut effects = super::failed(attempt, text, error);
        let row = FileRow {
            size: found.as_ref().map_or(0, |found| found.size),
            ..FileRow::new(attempt, text, display_name(&path), "failed")
        };
        effects.write(tables::file(&row));
        effects
    }

    fn forgotten(&self, run: RunId, stage: &str) -> Vec<db::Statement> {
        vec![tables::stage_mended(run, stage), tables::files_forgotten(run)]
    }
}

/// What was read of a file's bytes.
enum Content {
    Image(Box<(ImageMetadata, Analysis)>),
    Video(Option<VideoInfo>),
}

impl Read {
    fn read(
        &self,
        context: &Context,
        params: &Params,
        found: &Found,
        path: &Path,
    ) -> Result<Success, Outcome> {
        let attempt = context.attempt();
        let file = self.options.roots.open(path).map_err(|error| cannot_read(path, &error))?;
        let metadata = file.metadata().map_err(|error| cannot_read(path, &error))?;
        let mut head = [0; SNIFF_BYTES];
        let head_len = read_head(&file, &mut head).map_err(|error| cannot_read(path, &error))?;
        let format = sniff(&head[..head_len]);
        let is_video = format.is_some_and(|format| format.is_video());
        let (sha256, bytes) = if is_video {
            (hash_file(&file).map_err(|error| cannot_read(path, &error))?, None)
        } else {
            let bytes = read_all(&file, MAX_IMAGE_BYTES).map_err(|error| cannot_read(path, &error))?;
            (hex(&Sha256::digest(&bytes)), Some(bytes))
        };
        let mut row = FileRow {
            size: metadata.len(),
            mtime_ns: mtime_ns(&metadata),
            sha256: Some(sha256.clone()),
            created_at: created_at(&metadata),
            ..FileRow::new(attempt, &found.path, display_name(path), "processed")
        };
        if params.skip_existing && self.is_known(context, &sha256)? {
            row.state = "skipped";
            let mut success = Success { items: Items::none(), ..Success::default() };
            success.effects.count("skipped", 1);
            success.effects.write(tables::file(&row));
            success.effects.write(tables::mended(attempt));
            return Ok(success);
        }
        let mut troubles = Vec::new();
        let content = match bytes {
            Some(bytes) => self.image(&bytes, params, &sha256, &mut row, &mut troubles)?,
            None => Content::Video(self.video(context, params, path, &mut troubles)),
        };
        let mut success =
            Success::with_output(&ReadFile { path: found.path.clone(), sha256, video: is_video })
                .map_err(|error| unreadable(&error))?;
        // An extractor's error is an error entry, and then the file does not count as one whose metadata was read.
        if fill(&mut row, content) && params.extract_metadata && troubles.is_empty() {
            success.effects.count("metadata", 1);
        }
        success.effects.write(tables::file(&row));
        report(&mut success.effects, attempt, &found.path, &troubles);
        Ok(success)
    }

    /// Whether the library has the same bytes already, under whatever name.
    fn is_known(&self, context: &Context, sha256: &str) -> Result<bool, Outcome> {
        let query = Query::new("SELECT 1 FROM media WHERE sha256 = ?1 LIMIT 1").bind(sha256);
        let rows = context.db().query_blocking(query).map_err(|error| super::no_answer(&error))?;
        Ok(!rows.is_empty())
    }

    fn image(
        &self,
        bytes: &[u8],
        params: &Params,
        sha256: &str,
        row: &mut FileRow,
        troubles: &mut Vec<Trouble>,
    ) -> Result<Content, Outcome> {
        let read =
            if params.extract_metadata { read_image_metadata(bytes) } else { ImageMetadata::default() };
        let orientation = read.exif.as_ref().and_then(|exif| exif.orientation).map_or(1, u16::from);
        // The same picture under another name, or a retry: its thumbnail is there already.
        let there = thumbnail_path(&self.options.thumbnails, sha256).is_ok_and(|path| path.exists());
        let thumbnail = if there { Thumbnail::Skip } else { Thumbnail::Make };
        let analysis = analyse(bytes, orientation, &Options { thumbnail, ..Options::default() })
            .map_err(|error| Failure::permanent(error.code(), error.to_string()))?;
        row.has_thumbnail = there;
        if !analysis.thumbnail.is_empty() {
            match store_thumbnail(&self.options.thumbnails, sha256, &analysis.thumbnail) {
                Ok(_) => row.has_thumbnail = true,
                Err(error) => troubles.push(Trouble::new(error.code(), error.to_string())),
            }
        }
        let problems = read.problems.iter().map(|problem| {
            let part = serde_json::to_value(problem.part).ok();
            let part = part.as_ref().and_then(serde_json::Value::as_str).unwrap_or("file").to_owned();
            Trouble::new(format!("{part}_{}", problem.code), problem.message.clone())
        });
        troubles.extend(problems);
        Ok(Content::Image(Box::new((read, analysis))))
    }

    fn video(
        &self,
        context: &Context,
        params: &Params,
        path: &Path,
        troubles: &mut Vec<Trouble>,
    ) -> Option<VideoInfo> {
        if !params.extract_metadata {
            return None;
        }
        match self.prober.probe(path, PROBE_TIME) {
            Ok(info) => Some(info),
            Err(error) if error.is_unknown() => {
                // Said once a process, not once a file.
                if !self.said_no_ffprobe.swap(true, Ordering::AcqRel) {
                    context.log("warn", error.to_string());
                }
                None
            }
            Err(error) => {
                troubles.push(Trouble::new(error.code(), error.to_string()));
                None
            }
        }
    }
}

/// Puts what was read into the row; whether the file's facts are known by that.
fn fill(row: &mut FileRow, content: Content) -> bool {
    match content {
        Content::Image(read) => {
            let (read, analysis) = *read;
            row.kind = "image";
            row.image(&read, &analysis);
            true
        }
        Content::Video(info) => {
            row.kind = "video";
            let known = info.is_some();
            if let Some(info) = info {
                row.video(&info);
            }
            known
        }
    }
}

fn cannot_read(path: &Path, error: &io::Error) -> Outcome {
    let name = display_name(path);
    let (code, text) = match error.kind() {
        io::ErrorKind::NotFound => {
            ("file_gone", String::from("it was there when it was discovered and is gone"))
        }
        io::ErrorKind::PermissionDenied => ("file_forbidden", error.to_string()),
        io::ErrorKind::FileTooLarge => ("file_too_large", error.to_string()),
        io::ErrorKind::InvalidInput => ("not_a_file", error.to_string()),
        _ => {
            return Failure::transient("file_unreadable", format!("{name} cannot be read: {error}")).into();
        }
    };
    Failure::permanent(code, format!("{name} cannot be read: {text}")).into()
}

fn read_head(mut file: &File, head: &mut [u8]) -> io::Result<usize> {
    use std::io::Seek as _;
    let mut filled = 0;
    while filled < head.len() {
        match file.read(&mut head[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    file.rewind()?;
    Ok(filled)
}

fn hash_file(mut file: &File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; HASH_PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex(&hasher.finalize())),
            count => hasher.update(&piece[..count]),
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits =
        bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    digits.map(char::from).collect()
}

/// The file's modification time, in nanoseconds since 1970.
pub(super) fn mtime_ns(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

/// The earlier of birth and modification, in milliseconds since 1970; a date from the camera may be earlier still.
fn created_at(metadata: &Metadata) -> Option<i64> {
    let ms = |time: io::Result<std::time::SystemTime>| {
        let since = time.ok()?.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok()
    };
    let times = [ms(metadata.created()), ms(metadata.modified())];
    times.into_iter().flatten().min().or_else(|| Some(now_ms()))
}
