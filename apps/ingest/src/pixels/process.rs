//! Running a helper program (ffmpeg, ffprobe, pip) with a deadline and a cap on what it may say.

use std::io::{self, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

/// Bytes of a program's complaints that are kept.
const MAX_COMPLAINT: u64 = 4 * 1024;

/// What a program said before it ended.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: ExitStatus,
    pub(super) output: Vec<u8>,
    /// The start of its standard error, trimmed, without control characters.
    pub(super) complaint: String,
}

/// Why a program told nothing.
#[derive(Debug)]
pub(super) enum Silence {
    /// There is no such program.
    Missing,
    /// It did not end in time and was killed.
    Deadline,
    /// It said more than the cap and was killed.
    TooMuch,
    /// It could not be started or waited for.
    Io(io::Error),
}

/// What the program says: whether that is its output (or its complaints), where it says it, how much is kept.
type Stream = (bool, Option<Box<dyn Read + Send>>, u64);

/// Runs `command` without input until it closes its output, at most until `deadline` and for at most
/// `cap` bytes. Whatever the end, the program is reaped.
pub(super) fn run(mut command: Command, cap: u64, deadline: Instant) -> Result<Said, Silence> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(
            |error| match error.kind() {
                io::ErrorKind::NotFound => Silence::Missing,
                _ => Silence::Io(error),
            },
        )?;
    let (tell, told) = mpsc::channel();
    let mut readers = 0;
    let streams: [Stream; 2] = [
        (true, child.stdout.take().map(|s| Box::new(s) as _), cap + 1),
        (false, child.stderr.take().map(|s| Box::new(s) as _), MAX_COMPLAINT),
    ];
    for (is_output, stream, limit) in streams {
        let Some(mut stream) = stream else { continue };
        let tell = tell.clone();
        readers += 1;
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stream.by_ref().take(limit).read_to_end(&mut bytes);
            if !is_output {
                // A program that complains at length must not block on a full pipe.
                let _ = io::copy(&mut stream, &mut io::sink());
            }
            let _ = tell.send((is_output, read.map(|_| bytes)));
        });
    }
    let (mut output, mut complaint) = (Vec::new(), Vec::new());
    let mut verdict = Ok(());
    for _ in 0..readers {
        let left = deadline.saturating_duration_since(Instant::now());
        match told.recv_timeout(left) {
            Ok((true, Ok(bytes))) if bytes.len() as u64 > cap => verdict = Err(Silence::TooMuch),
            Ok((true, Ok(bytes))) => output = bytes,
            Ok((false, Ok(bytes))) => complaint = bytes,
            Ok((_, Err(error))) => verdict = Err(Silence::Io(error)),
            Err(_) => verdict = Err(Silence::Deadline),
        }
        if verdict.is_err() {
            let _ = child.kill();
            let _ = child.wait();
            break;
        }
    }
    verdict?;
    let status = child.wait().map_err(Silence::Io)?;
    let complaint = String::from_utf8_lossy(&complaint)
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Ok(Said { status, output, complaint })
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    #[test]
    fn output_status_and_complaint_are_kept() {
        let said = run(shell("echo out; printf 'bad\\033[31m\\n' >&2; exit 3"), 100, soon()).unwrap();
        assert_eq!((said.output.as_slice(), said.status.code()), (b"out\n".as_slice(), Some(3)));
        assert_eq!(said.complaint, "bad [31m");
    }

    #[test]
    fn an_endless_program_is_ended_by_its_deadline_or_its_cap() {
        let deadline = Instant::now() + Duration::from_millis(50);
        assert!(matches!(run(shell("exec sleep 100"), 10, deadline), Err(Silence::Deadline)));
        assert!(matches!(run(shell("exec yes"), 1_000, soon()), Err(Silence::TooMuch)));
    }

    #[test]
    fn a_missing_program_is_told_from_a_failing_one() {
        let missing = Command::new("/nonexistent/headway-no-such-program");
        assert!(matches!(run(missing, 10, soon()), Err(Silence::Missing)));
    }
}
