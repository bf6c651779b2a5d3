//! Frames of a video, through ffmpeg where it is installed.
//!
//! The file is other people's: ffmpeg gets it as `file:PATH` (never an option), may open nothing but
//! files, and only with the demuxers of the formats we know, so that a playlist with a clip's name
//! leads nowhere.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use image::RgbImage;

use super::process::{self, Said, Silence};
use super::{Limits, MAX_WORKING_SIDE, decode};

/// Frames that are taken of one video at most.
pub const MAX_FRAMES: u32 = 32;
/// Bytes that one frame may take as a PNG: 2 MiB.
const MAX_FRAME_BYTES: u64 = 2 * 1024 * 1024;
/// Demuxers that may read a file.
const DEMUXERS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif";

/// Why a video gave no frames.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Not an error of the file: nothing is known of it.
    #[error("ffmpeg is not installed; install it to have videos looked at")]
    FfmpegMissing,
    /// ffmpeg took too long and was ended.
    #[error("ffmpeg did not finish with {} in time", path.display())]
    Deadline {
        /// The video.
        path: PathBuf,
    },
    /// ffmpeg could not read the video.
    #[error("ffmpeg reads no frame of {}: {said}", path.display())]
    Unreadable {
        /// The video.
        path: PathBuf,
        /// ffmpeg's words.
        said: String,
    },
    /// ffmpeg could not be run.
    #[error("ffmpeg cannot be run on {}", path.display())]
    Io {
        /// The video.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl FrameError {
    /// A stable word for the kind of error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FfmpegMissing => "ffmpeg_missing",
            Self::Deadline { .. } => "video_deadline",
            Self::Unreadable { .. } => "video_unreadable",
            Self::Io { .. } => "ffmpeg_io",
        }
    }
}

/// Up to `count` (at most [`MAX_FRAMES`]) frames spread over the video at `path`, upright, longest
/// side at most [`MAX_WORKING_SIDE`]: what the classifier takes, and what a thumbnail can be made of
/// ([`super::WorkingCopy::of`], [`super::encode_thumbnail`]). One frame where the length is unknown.
///
/// # Errors
/// [`FrameError`]; [`FrameError::FfmpegMissing`] means *unknown*, not *failed*. Fewer frames than asked
/// for are no error, none at all is one.
pub fn sample_frames(path: &Path, count: u32, deadline: Instant) -> Result<Vec<RgbImage>, FrameError> {
    let count = count.clamp(1, MAX_FRAMES);
    let positions: Vec<f64> = match duration(path, deadline)? {
        // The middles of equal stretches: neither the black first frame nor the end.
        Some(length) => (0..count).map(|i| length * (f64::from(i) + 0.5) / f64::from(count)).collect(),
        None => vec![0.0],
    };
    let mut frames = Vec::new();
    let mut failure = None;
    for position in positions {
        match frame(path, position, deadline) {
            Ok(frame) => frames.push(frame),
            Err(error @ FrameError::Unreadable { .. }) => failure = Some(error),
            Err(error) => return Err(error),
        }
    }
    match failure {
        Some(error) if frames.is_empty() => Err(error),
        _ => Ok(frames),
    }
}

/// The video's length in seconds, if its container tells one.
fn duration(path: &Path, deadline: Instant) -> Result<Option<f64>, FrameError> {
    let mut command = Command::new("ffprobe");
    command
        .args(["-v", "error", "-protocol_whitelist", "file", "-format_whitelist", DEMUXERS])
        .args(["-show_entries", "format=duration", "-of", "csv=p=0"])
        .arg("-i")
        .arg(as_file(path));
    let said = run(command, path, 1_024, deadline)?;
    let text = String::from_utf8_lossy(&said.output);
    Ok(text.trim().parse().ok().filter(|length: &f64| length.is_finite() && *length > 0.0))
}

fn frame(path: &Path, position: f64, deadline: Instant) -> Result<RgbImage, FrameError> {
    let scale = format!(
        "scale={MAX_WORKING_SIDE}:{MAX_WORKING_SIDE}:force_original_aspect_ratio=decrease:flags=area"
    );
    let mut command = Command::new("ffmpeg");
    command
        .args(["-nostdin", "-v", "error", "-threads", "1"])
        .args(["-protocol_whitelist", "file,pipe", "-format_whitelist", DEMUXERS])
        .args(["-ss", &format!("{position:.3}")])
        .arg("-i")
        .arg(as_file(path))
        .args(["-frames:v", "1", "-an", "-sn", "-dn", "-vf", &scale])
        .args(["-f", "image2pipe", "-c:v", "png", "-pix_fmt", "rgb24", "pipe:1"]);
    let said = run(command, path, MAX_FRAME_BYTES, deadline)?;
    let unreadable = |said: String| FrameError::Unreadable { path: path.to_owned(), said };
    if said.output.is_empty() {
        return Err(unreadable(said.complaint));
    }
    match decode(&said.output, &Limits::default()) {
        Ok(decoded) => Ok(decoded.pixels.into_rgb8()),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

fn run(command: Command, path: &Path, cap: u64, deadline: Instant) -> Result<Said, FrameError> {
    let path = || path.to_owned();
    process::run(command, cap, deadline).map_err(|silence| match silence {
        Silence::Missing => FrameError::FfmpegMissing,
        Silence::Deadline => FrameError::Deadline { path: path() },
        Silence::TooMuch => FrameError::Unreadable { path: path(), said: "it says too much".to_owned() },
        Silence::Io(source) => FrameError::Io { path: path(), source },
    })
}

/// The path with its scheme: no option, no other protocol.
fn as_file(path: &Path) -> OsString {
    let mut name = OsString::from("file:");
    name.push(path);
    name
}
