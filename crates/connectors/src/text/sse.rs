//! Server-sent events, as far as models send them: `data:` lines, however they are cut into pieces.

/// Takes pieces, gives whole events' data.
#[derive(Default)]
pub(super) struct Events {
    rest: Vec<u8>,
    data: Vec<String>,
}

impl Events {
    /// Bytes that wait for their line's end.
    pub(super) fn waiting(&self) -> usize {
        self.rest.len()
    }

    /// The events that a piece completes.
    pub(super) fn push(&mut self, piece: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(piece);
        let mut events = Vec::new();
        let mut from = 0;
        while let Some(length) = self.rest[from..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&self.rest[from..from + length]).into_owned();
            from += length + 1;
            self.line(line.trim_end_matches('\r'), &mut events);
        }
        self.rest.drain(..from);
        events
    }

    /// What is left where the stream ends without an empty line.
    pub(super) fn finish(&mut self) -> Vec<String> {
        let mut events = self.push(b"\n\n");
        events.retain(|event| !event.is_empty());
        events
    }

    fn line(&mut self, line: &str, events: &mut Vec<String>) {
        if line.is_empty() {
            if !self.data.is_empty() {
                events.push(self.data.join("\n"));
                self.data.clear();
            }
        } else if let Some(data) = line.strip_prefix("data:") {
            self.data.push(data.strip_prefix(' ').unwrap_or(data).to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Events;

    #[test]
    fn events_come_whole_however_they_are_cut() {
        let text = ": hello\n\ndata: {\"a\":\"é🙂\"}\r\n\r\nevent: x\ndata:1\ndata: 2\n\ndata: [DONE]\n";
        for size in 1..text.len() {
            let mut events = Events::default();
            let mut all: Vec<String> =
                text.as_bytes().chunks(size).flat_map(|piece| events.push(piece)).collect();
            all.extend(events.finish());
            assert_eq!(all, ["{\"a\":\"é🙂\"}", "1\n2", "[DONE]"], "{size}");
        }
    }
}
