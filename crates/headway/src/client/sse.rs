//! Server-sent events, from bytes to frames. Pure; fed with whatever chunks the network gives.

/// Longest frame, in bytes: a snapshot of a run with 200 stages is a tenth of this.
const MAX_FRAME_BYTES: usize = 4 * 1024 * 1024;

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    /// `event:`, or `message`.
    pub(crate) event: String,
    /// `data:`, its lines joined.
    pub(crate) data: String,
    /// `id:` of this frame, where it has one.
    pub(crate) id: Option<String>,
    /// `retry:`, in milliseconds.
    pub(crate) retry_ms: Option<u64>,
}

/// The stream sent a frame that is larger than any may be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FrameTooLarge;

/// Collects bytes into frames.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    frame: Frame,
    has_data: bool,
    size: usize,
    /// The last byte was a carriage return: a line feed right after it ends no second line.
    after_return: bool,
}

impl Parser {
    /// The frames that `bytes` complete.
    ///
    /// # Errors
    /// Where a frame outgrows its limit; the stream is of no use then.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, FrameTooLarge> {
        let mut frames = Vec::new();
        for &byte in bytes {
            let joins = std::mem::replace(&mut self.after_return, byte == b'\r') && byte == b'\n';
            if joins {
                continue;
            }
            if byte != b'\n' && byte != b'\r' {
                self.size += 1;
                if self.size > MAX_FRAME_BYTES {
                    return Err(FrameTooLarge);
                }
                self.line.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if line.is_empty() {
                frames.extend(self.finish());
            } else {
                self.field(&String::from_utf8_lossy(&line));
            }
        }
        Ok(frames)
    }

    fn finish(&mut self) -> Option<Frame> {
        self.size = 0;
        let frame = std::mem::take(&mut self.frame);
        let whole = std::mem::take(&mut self.has_data) || frame.retry_ms.is_some();
        whole.then(|| Frame {
            event: if frame.event.is_empty() { "message".to_owned() } else { frame.event },
            ..frame
        })
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => self.frame.event = value.to_owned(),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.frame.data.push('\n');
                }
                self.frame.data.push_str(value);
            }
            "id" if !value.contains('\0') => self.frame.id = Some(value.to_owned()),
            "retry" => self.frame.retry_ms = value.parse().ok(),
            // A comment, or a field of a later protocol.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = ": padding\nretry: 700\n\nid: 3.41\nevent: snapshot\ndata: {\"a\":1}\n\n\
                          event: hb\r\ndata: x\r\ndata: y\r\n\r\ndata: plain\n\nid: 9\n\nevent: cut\ndata: short";

    fn whole() -> Vec<Frame> {
        let frame = |event: &str, data: &str, id: Option<&str>| Frame {
            event: event.to_owned(),
            data: data.to_owned(),
            id: id.map(str::to_owned),
            retry_ms: None,
        };
        vec![
            Frame { retry_ms: Some(700), ..frame("message", "", None) },
            frame("snapshot", "{\"a\":1}", Some("3.41")),
            frame("hb", "x\ny", None),
            frame("message", "plain", None),
        ]
    }

    #[test]
    fn frames_are_the_same_wherever_the_network_cuts() {
        for size in 1..=STREAM.len() {
            let mut parser = Parser::default();
            let frames: Vec<_> =
                STREAM.as_bytes().chunks(size).flat_map(|chunk| parser.push(chunk).expect("small")).collect();
            assert_eq!(frames, whole(), "in chunks of {size}");
        }
    }

    #[test]
    fn an_endless_frame_is_refused() {
        let mut parser = Parser::default();
        let chunk = [b'x'; 64 * 1024];
        let fed = (0..100).map(|_| parser.push(&chunk)).take_while(Result::is_ok).count();
        assert!(fed < 70, "{fed} chunks were taken");
    }
}
