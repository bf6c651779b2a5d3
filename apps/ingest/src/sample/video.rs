//! Short clips, where ffmpeg is installed.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::plan::{Container, Content, Form};

/// Frames of a clip: two seconds.
const FRAMES: u32 = 24;
/// Frames a second.
const RATE: u32 = 12;

/// Whether `ffmpeg` can be started.
pub(super) fn ffmpeg_is_installed() -> bool {
    let probe = Command::new("ffmpeg")
        .arg("-version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    probe.is_ok_and(|status| status.success())
}

/// Writes a clip that pans over a picture. The error is ffmpeg's last words.
pub(super) fn write(content: &Content, path: &Path) -> Result<(), String> {
    let (width, height) = (content.width, content.height);
    let size = format!("{width}x{height}");
    let rate = RATE.to_string();
    let codec: &[&str] = match content.form {
        // Not in real time: that would let the machine's load decide what is written.
        Form::Video(Container::WebM) => {
            &["-c:v", "libvpx", "-deadline", "good", "-cpu-used", "5", "-b:v", "400k", "-f", "webm"]
        }
        _ => &["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-f", "mp4"],
    };
    // With its scheme a path is never taken for an option or another protocol.
    let mut target = std::ffi::OsString::from("file:");
    target.push(path);
    let mut child = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", &size])
        .args(["-r", &rate, "-i", "pipe:0", "-threads", "1"])
        // The same bytes on every run.
        .args(["-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"])
        .args(["-metadata", "title=A slow pan over soft lights"])
        .args(codec)
        .arg(target)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let wide = content.scene.paint(content.seed, width + FRAMES * 4, height);
    if let Some(mut input) = child.stdin.take() {
        for frame in 0..FRAMES {
            let view = image::imageops::crop_imm(&wide, frame * 4, 0, width, height).to_image();
            // ffmpeg went away: its own words say why.
            if input.write_all(view.as_raw()).is_err() {
                break;
            }
        }
    }
    let mut said = String::new();
    if let Some(errors) = child.stderr.take() {
        let _ = errors.take(4_096).read_to_string(&mut said);
    }
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(said.trim().to_owned()),
    }
}
