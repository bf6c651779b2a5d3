//! Video metadata through `ffprobe`, where it is installed.
//!
//! Reading is apart from running: [`parse`] is pure over ffprobe's JSON, [`Prober::probe`] runs the program under a
//! deadline. Without ffprobe a video's metadata is *unknown*, which is no error of the file: see
//! [`ProbeError::is_unknown`].

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Error,
    charset::{clean, cut},
    generation::{self, Generation},
    moment::Moment,
};

/// Largest answer of ffprobe read, in bytes.
pub const MAX_ANSWER_BYTES: usize = 4 << 20;
/// Most tags kept.
pub const MAX_TAGS: usize = 64;
/// Longest tag kept, in bytes. ComfyUI keeps its graph in one.
pub const MAX_TAG_BYTES: usize = 1 << 20;
/// Largest sum of all tags kept, in bytes.
pub const MAX_ALL_TAGS_BYTES: usize = 2 << 20;
/// How much of what ffprobe complains about is kept, in bytes.
const MAX_COMPLAINT_BYTES: usize = 300;
/// How often a program that has closed its output, but not ended, is looked at.
const EXIT_POLL: Duration = Duration::from_millis(5);
/// The containers that ffprobe may open. Playlists and other formats that name further files are not among them.
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm";

/// What a video file says about itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VideoInfo {
    /// Container, as ffprobe names its reader, such as `mov,mp4,m4a,3gp,3g2,mj2`.
    pub container: Option<String>,
    /// Codec of the first video stream.
    pub codec: Option<String>,
    /// Duration in milliseconds.
    pub duration_ms: Option<u64>,
    /// Frames per second, averaged.
    pub frame_rate: Option<f64>,
    /// Width in pixels, as shown (turned by its rotation).
    pub width: Option<u32>,
    /// Height in pixels, as shown.
    pub height: Option<u32>,
    /// The container's tags by lower-case name, without places: those are private, as a photo's are.
    pub tags: BTreeMap<String, String>,
    /// When it was taken, from the tags.
    pub created_at: Option<Moment>,
}

impl VideoInfo {
    /// How the video was generated: ComfyUI's graph among its tags, or within the comment.
    ///
    /// # Errors
    /// As the readers of [`generation`].
    pub fn generation(&self) -> Result<Option<Generation>, Error> {
        let comment = self.tags.get("comment").map(String::as_str).unwrap_or_default();
        // A comment may be an object of both graphs, each as a string of JSON or as JSON itself.
        let inner: BTreeMap<String, Value> = serde_json::from_str(comment).unwrap_or_default();
        let graph = |name: &str| match (self.tags.get(name), inner.get(name)) {
            (Some(tag), _) if tag.starts_with('{') => Some(tag.clone()),
            (_, Some(Value::String(json))) => Some(json.clone()),
            (_, Some(value @ Value::Object(_))) => Some(value.to_string()),
            _ => None,
        };
        if let Some(json) = graph("prompt")
            && let Some(found) = generation::read_prompt_graph(&json)?
        {
            return Ok(Some(found));
        }
        match graph("workflow") {
            Some(json) => generation::read_workflow(&json),
            None if generation::looks_like_parameters(comment) => generation::read_parameters(comment),
            None => Ok(None),
        }
    }
}

/// Why a video's metadata could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// ffprobe is not there. Not the file's fault: its metadata is unknown.
    #[error("unknown: ffprobe is not installed; install with 'apt install ffmpeg' or 'brew install ffmpeg'")]
    NotInstalled,
    /// ffprobe is there, but could not be started.
    #[error("ffprobe could not be started for {}; check that it may be executed", path.display())]
    Start {
        /// The video.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// ffprobe took too long and was ended.
    #[error("ffprobe took longer than {} s on {} and was ended", deadline.as_secs_f32(), path.display())]
    Deadline {
        /// The video.
        path: PathBuf,
        /// The time it had.
        deadline: Duration,
    },
    /// ffprobe said more than any video needs.
    #[error("ffprobe said more than {MAX_ANSWER_BYTES} bytes about {} and was ended", path.display())]
    AnswerTooBig {
        /// The video.
        path: PathBuf,
    },
    /// ffprobe could not read the file.
    #[error("ffprobe cannot read {}: {complaint}", path.display())]
    Refused {
        /// The video.
        path: PathBuf,
        /// What ffprobe said, cleaned and cut.
        complaint: String,
    },
    /// ffprobe's answer is not what it is known to say.
    #[error("ffprobe's answer is not understood: {reason}; it may be too old or too new")]
    BadAnswer {
        /// What is wrong.
        reason: String,
    },
    /// There is no picture in it.
    #[error("the file has no video stream")]
    NoVideo,
}

impl ProbeError {
    /// The stable name of the kind of error, in `snake_case`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotInstalled => "ffprobe_not_installed",
            Self::Start { .. } => "ffprobe_start",
            Self::Deadline { .. } => "ffprobe_deadline",
            Self::AnswerTooBig { .. } => "ffprobe_answer_too_big",
            Self::Refused { .. } => "ffprobe_refused",
            Self::BadAnswer { .. } => "ffprobe_bad_answer",
            Self::NoVideo => "no_video",
        }
    }

    /// Whether nothing is wrong with the file: said once, not counted as an error of every video.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::NotInstalled)
    }
}

/// Reads the JSON that `ffprobe -print_format json -show_format -show_streams` prints.
///
/// # Errors
/// [`ProbeError::BadAnswer`], [`ProbeError::NoVideo`].
pub fn parse(json: &[u8]) -> Result<VideoInfo, ProbeError> {
    let answer: Value =
        serde_json::from_slice(json).map_err(|error| ProbeError::BadAnswer { reason: error.to_string() })?;
    let streams = answer.get("streams").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    // A cover picture is a video stream too.
    let is_cover = |stream: &Value| number(stream.pointer("/disposition/attached_pic")) == Some(1.0);
    let video = streams
        .iter()
        .find(|stream| stream.get("codec_type").and_then(Value::as_str) == Some("video") && !is_cover(stream))
        .ok_or(ProbeError::NoVideo)?;
    let format = answer.get("format").unwrap_or(&Value::Null);
    let side = |name: &str| {
        number(video.get(name))
            .filter(|side| *side >= 1.0 && *side <= f64::from(u32::MAX))
            .map(|side| side as u32)
    };
    let (mut width, mut height) = (side("width"), side("height"));
    if is_turned(video) {
        std::mem::swap(&mut width, &mut height);
    }
    let tags = tags(format, video);
    Ok(VideoInfo {
        container: text(format.get("format_name")),
        codec: text(video.get("codec_name")),
        duration_ms: number(format.get("duration"))
            .or_else(|| number(video.get("duration")))
            .and_then(milliseconds),
        frame_rate: [video.get("avg_frame_rate"), video.get("r_frame_rate")].into_iter().find_map(ratio),
        width,
        height,
        created_at: ["com.apple.quicktime.creationdate", "creation_time", "date"]
            .iter()
            .find_map(|name| Moment::from_iso(tags.get(*name)?)),
        tags,
    })
}

/// ffprobe writes some numbers as numbers and some as strings.
fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}

fn milliseconds(seconds: f64) -> Option<u64> {
    // A thousand years: beyond, the header is broken.
    (0.0..=3.2e10).contains(&seconds).then(|| (seconds * 1000.0).round() as u64)
}

/// `30000/1001`; `0/0` is unknown.
fn ratio(value: Option<&Value>) -> Option<f64> {
    let (above, below) = value?.as_str()?.split_once('/')?;
    let ratio = above.parse::<f64>().ok()? / below.parse::<f64>().ok()?;
    (ratio.is_finite() && ratio > 0.0).then(|| (ratio * 1000.0).round() / 1000.0)
}

fn text(value: Option<&Value>) -> Option<String> {
    Some(clean(cut(value?.as_str()?, MAX_TAG_BYTES))).filter(|text| !text.is_empty())
}

/// Whether the picture is shown turned by a quarter.
fn is_turned(video: &Value) -> bool {
    let side_data = video.get("side_data_list").and_then(Value::as_array).into_iter().flatten();
    let rotation = side_data.filter_map(|data| number(data.get("rotation"))).next();
    let rotation = rotation.or_else(|| number(video.pointer("/tags/rotate")));
    rotation.is_some_and(|degrees| (degrees.abs() % 180.0 - 90.0).abs() < 1.0)
}

fn tags(format: &Value, video: &Value) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    let mut room = MAX_ALL_TAGS_BYTES;
    // The container's tags come first; a stream's add what is missing.
    for tags in [format, video].iter().filter_map(|part| part.get("tags")?.as_object()) {
        for (name, value) in tags {
            let name = clean(cut(name, 128)).to_lowercase();
            let Some(value) = text(Some(value)).filter(|value| value.len() <= room) else { continue };
            if kept.len() < MAX_TAGS && !is_place(&name) && !kept.contains_key(&name) {
                room -= value.len();
                kept.insert(name, value);
            }
        }
    }
    kept
}

/// Tags that say where it was taken: `location`, `location-eng`, `com.apple.quicktime.location.iso6709`, `©xyz`.
fn is_place(name: &str) -> bool {
    name.contains("location") || name.contains("gps") || name.contains("xyz")
}

/// Runs ffprobe.
#[derive(Debug, Clone)]
pub struct Prober {
    program: OsString,
    /// Arguments before ours.
    leading: Vec<OsString>,
}

impl Default for Prober {
    /// The `ffprobe` of the search path.
    fn default() -> Self {
        Self::new("ffprobe")
    }
}

impl Prober {
    /// A prober that runs `program` (a name to be searched for, or a path).
    #[must_use]
    pub fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), leading: Vec::new() }
    }

    /// Asks ffprobe about a file; blocks for up to `deadline`. Call it off the asynchronous runtime.
    ///
    /// The path is handed over as one argument after `file:`, so that neither a leading `-` nor a name such as
    /// `http:x` or `concat:x` is anything but a name. ffprobe may open no other protocol and no format that names other
    /// files; it gets no environment but the search path. It is always waited for, so that no zombie is left.
    ///
    /// # Errors
    /// [`ProbeError`]; [`ProbeError::NotInstalled`] where there is no ffprobe.
    pub fn probe(&self, path: &Path, deadline: Duration) -> Result<VideoInfo, ProbeError> {
        let started = Instant::now();
        let mut child = Reaped(self.spawn(path)?);
        let answer = read_capped(child.0.stdout.take(), MAX_ANSWER_BYTES + 1);
        let complaint = read_capped(child.0.stderr.take(), MAX_COMPLAINT_BYTES);
        let too_late = || ProbeError::Deadline { path: path.to_owned(), deadline };
        let left = || deadline.saturating_sub(started.elapsed());
        let answer = answer.recv_timeout(left()).map_err(|_| too_late())?;
        if answer.len() > MAX_ANSWER_BYTES {
            return Err(ProbeError::AnswerTooBig { path: path.to_owned() });
        }
        let status = loop {
            match child.0.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if left().is_zero() => return Err(too_late()),
                Ok(None) => thread::sleep(EXIT_POLL.min(left())),
                Err(source) => return Err(ProbeError::Start { path: path.to_owned(), source }),
            }
        };
        if !status.success() {
            let complaint = complaint.recv_timeout(left()).unwrap_or_default();
            let complaint = clean(&String::from_utf8_lossy(&complaint));
            let complaint = if complaint.is_empty() { status.to_string() } else { complaint };
            return Err(ProbeError::Refused { path: path.to_owned(), complaint });
        }
        parse(&answer)
    }

    fn spawn(&self, path: &Path) -> Result<Child, ProbeError> {
        let mut input = OsString::from("file:");
        input.push(path);
        Command::new(&self.program)
            .args(&self.leading)
            .args([
                "-v",
                "error",
                "-hide_banner",
                "-protocol_whitelist",
                "file",
                "-format_whitelist",
                FORMATS,
            ])
            .args(["-print_format", "json", "-show_format", "-show_streams", "-i"])
            .arg(input)
            // FFREPORT, for one, would make it write a file where it stands.
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| (OsStr::new("PATH"), path)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| match source.kind() {
                io::ErrorKind::NotFound => ProbeError::NotInstalled,
                _ => ProbeError::Start { path: path.to_owned(), source },
            })
    }
}

/// A child that is ended and waited for when it goes out of scope.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // Both fail only where the child has been waited for already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads a pipe on a thread of its own, up to `cap` bytes; what comes after is not read, and the writer gets a broken pipe.
fn read_capped(pipe: Option<impl Read + Send + 'static>, cap: usize) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What came before a read error is still an answer; ffprobe's own status says whether it is whole.
            let _ = pipe.take(cap as u64).read_to_end(&mut bytes);
        }
        // The asker may have given up.
        let _ = sender.send(bytes);
    });
    receiver
}

#[cfg(test)]
#[path = "video_tests.rs"]
mod tests;
