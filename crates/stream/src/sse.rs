//! Frames of server-sent events, rendered.

use crate::wire::{ByeFrame, EndFrame, HeartbeatFrame, ResetFrame};
use bytes::{BufMut, Bytes, BytesMut};
use model::{Definition, RunId, StageId, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use std::{io::Write, sync::Arc};
use store::StoredEvent;

/// Bytes of comment at a stream's open: enough for proxies and browsers that hold back the first part of an answer.
pub(crate) const PADDING_BYTES: usize = 2_048;
/// Shortest time after which a client reopens, in milliseconds.
pub(crate) const RETRY_MIN_MS: u64 = 500;
/// Longest time after which a client reopens, in milliseconds.
pub(crate) const RETRY_MAX_MS: u64 = 3_000;

static PADDING: [u8; PADDING_BYTES] = padding();

const fn padding() -> [u8; PADDING_BYTES] {
    let mut bytes = [b' '; PADDING_BYTES];
    bytes[0] = b':';
    bytes[PADDING_BYTES - 2] = b'\n';
    bytes[PADDING_BYTES - 1] = b'\n';
    bytes
}

/// The comment at a stream's open.
pub(crate) fn padding_frame() -> Bytes {
    Bytes::from_static(&PADDING)
}

/// A time after which a client should reopen, in milliseconds: different for each, so that they do not come at once.
pub(crate) fn random_retry_ms() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RETRY_MIN_MS + RandomState::new().build_hasher().finish() % (RETRY_MAX_MS - RETRY_MIN_MS + 1)
}

/// Tells the client when to reopen.
pub(crate) fn retry(ms: u64) -> Bytes {
    Bytes::from(format!("retry: {ms}\n\n"))
}

/// A fact, with its cursor as id.
pub(crate) fn event(epoch: &str, event: &StoredEvent, definition: Option<&Definition>) -> Bytes {
    let id = Some((epoch, event.feed_seq));
    frame("event", id, |out| json(out, &EventRef::of(event, definition)))
}

/// The stream's first frame; its id is where the stream goes on from. `body` is the state as JSON members
/// (`"run":{…}`), without braces.
pub(crate) fn snapshot(epoch: &str, cursor: i64, head: i64, now: Timestamp, body: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(body.len() + 192);
    head_of(&mut out, "snapshot", Some((epoch, cursor)));
    out.put_u8(b'{');
    out.put_slice(body);
    let epoch = serde_json::Value::from(epoch);
    let rest = format!(
        r#","epoch":{epoch},"cursor":"{}.{cursor}","head":{head},"now":{}}}"#,
        epoch.as_str().unwrap_or_default(),
        now.0
    );
    out.put_slice(rest.as_bytes());
    out.put_slice(b"\n\n");
    out.freeze()
}

/// A run's figures: the part before `from`'s value is the same for all of a run, the part after it for all readers.
pub(crate) fn progress(run: RunId, from: u64, tail: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(tail.len() + 96);
    head_of(&mut out, "progress", None);
    write(&mut out, format_args!(r#"{{"run":"{run}","item":null,"from":{from},"#));
    out.put_slice(tail);
    out.put_slice(b"\n\n");
    out.freeze()
}

/// What follows `from` in a run's figures: `"to":…}`.
pub(crate) fn progress_tail(to: u64, figures: &impl Serialize) -> Bytes {
    let mut out = BytesMut::with_capacity(1_024);
    write(&mut out, format_args!(r#""to":{to},"#));
    let start = out.len();
    json(&mut out, figures);
    flatten(&mut out, start);
    out.freeze()
}

/// Takes away the opening brace of the object that begins at `start`: its members join those before.
fn flatten(out: &mut BytesMut, start: usize) {
    out.copy_within(start + 1.., start);
    out.truncate(out.len() - 1);
}

/// Figures of one item.
pub(crate) fn item_progress(view: &crate::wire::ItemProgressView) -> Bytes {
    frame("progress", None, |out| json(out, view))
}

/// The stream is alive. With an id where the client has everything up to `head`.
pub(crate) fn heartbeat(epoch: Option<&str>, heartbeat: HeartbeatFrame) -> Bytes {
    frame("hb", epoch.map(|epoch| (epoch, heartbeat.head)), |out| json(out, &heartbeat))
}

/// The server closes the stream.
pub(crate) fn bye(retry_ms: u64) -> Bytes {
    let mut out = BytesMut::with_capacity(64);
    write(&mut out, format_args!("retry: {retry_ms}\n"));
    head_of(&mut out, "bye", None);
    json(&mut out, &ByeFrame { retry_ms });
    out.put_slice(b"\n\n");
    out.freeze()
}

/// The cursor cannot be followed. Its empty id makes the browser forget the old one.
pub(crate) fn reset(reset: ResetFrame) -> Bytes {
    let mut out = BytesMut::with_capacity(128);
    out.put_slice(b"id\n");
    head_of(&mut out, "reset", None);
    json(&mut out, &reset);
    out.put_slice(b"\n\n");
    out.freeze()
}

/// The run is over, and so is its stream.
pub(crate) fn end(epoch: &str, cursor: i64, end: EndFrame) -> Bytes {
    frame("end", Some((epoch, cursor)), |out| json(out, &end))
}

fn frame(name: &str, id: Option<(&str, i64)>, body: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut out = BytesMut::with_capacity(384);
    head_of(&mut out, name, id);
    let start = out.len();
    body(&mut out);
    one_line(&mut out[start..]);
    out.put_slice(b"\n\n");
    // Frames wait in rings: give back what was reserved too much.
    Bytes::copy_from_slice(&out)
}

fn head_of(out: &mut BytesMut, name: &str, id: Option<(&str, i64)>) {
    if let Some((epoch, number)) = id {
        write(out, format_args!("id: {epoch}.{number}\n"));
    }
    write(out, format_args!("event: {name}\ndata: "));
}

fn write(out: &mut BytesMut, text: std::fmt::Arguments<'_>) {
    if let Err(error) = out.writer().write_fmt(text) {
        tracing::error!(%error, "a frame could not be rendered");
    }
}

pub(crate) fn json(out: &mut BytesMut, value: &impl Serialize) {
    if let Err(error) = serde_json::to_writer(out.writer(), value) {
        tracing::error!(%error, "a frame could not be rendered");
    }
}

/// Stored JSON may be written over several lines, and a line's end would end the frame. In JSON a raw line break is
/// always white space.
pub(crate) fn one_line(bytes: &mut [u8]) {
    for byte in bytes {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

/// As [`crate::wire::EventView`], without copying.
#[derive(Serialize)]
struct EventRef<'a> {
    run: Option<RunId>,
    run_seq: u64,
    feed_seq: i64,
    at: Timestamp,
    kind: &'a str,
    stage: Option<StageRef<'a>>,
    key: Option<&'a str>,
    attempt: Option<u32>,
    data: &'a RawValue,
}

enum StageRef<'a> {
    Name(&'a str),
    Number(u16),
}

impl Serialize for StageRef<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Name(name) => serializer.serialize_str(name),
            Self::Number(number) => serializer.collect_str(number),
        }
    }
}

impl<'a> EventRef<'a> {
    fn of(event: &'a StoredEvent, definition: Option<&'a Definition>) -> Self {
        let stage = |number: u16| {
            let stage = definition.and_then(|definition| definition.stage(StageId(number)));
            stage.map_or(StageRef::Number(number), |stage| StageRef::Name(&stage.name))
        };
        let data = event.data.as_deref().and_then(|data| serde_json::from_str(data).ok());
        Self {
            run: (event.run != store::SYSTEM_RUN).then_some(event.run),
            run_seq: event.run_seq,
            feed_seq: event.feed_seq,
            at: event.at,
            kind: &event.kind,
            stage: event.stage.map(stage),
            key: event.key.as_deref(),
            attempt: event.attempt,
            data: data.unwrap_or(EMPTY_OBJECT.as_ref()),
        }
    }
}

static EMPTY_OBJECT: std::sync::LazyLock<Arc<RawValue>> = std::sync::LazyLock::new(|| {
    RawValue::from_string("{}".to_owned()).map_or_else(|_| Arc::from(RawValue::NULL.to_owned()), Arc::from)
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{EventView, ResetReason};

    fn stored(data: Option<&str>) -> StoredEvent {
        StoredEvent {
            feed_seq: 7,
            run: RunId(1),
            run_seq: 3,
            at: Timestamp(5),
            kind: Arc::from("log"),
            stage: Some(2),
            key: Some(Arc::from("a\n\"b")),
            attempt: None,
            data: data.map(Arc::from),
        }
    }

    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_event_is_one_line_of_what_http_answers_with() {
        for data in [None, Some(r#"{"message":"one\ntwo"}"#), Some("{\r\n \"pretty\": 1\n}")] {
            let event = stored(data);
            let bytes = super::event("e", &event, None);
            let body = text(&bytes)
                .strip_prefix("id: e.7\nevent: event\ndata: ")
                .and_then(|rest| rest.strip_suffix("\n\n"))
                .unwrap();
            assert!(!body.contains(['\n', '\r']), "{body}");
            let ours: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_eq!(ours, serde_json::to_value(EventView::of(&event, None)).unwrap());
        }
    }

    #[test]
    fn the_other_frames_read_as_agreed() {
        assert_eq!(padding_frame().len(), PADDING_BYTES);
        assert!(text(&padding_frame()).starts_with(": ") && text(&padding_frame()).ends_with(" \n\n"));
        let hb = HeartbeatFrame { head: 9, now: Timestamp(4) };
        assert_eq!(text(&heartbeat(Some("e"), hb)), "id: e.9\nevent: hb\ndata: {\"head\":9,\"now\":4}\n\n");
        assert_eq!(text(&heartbeat(None, hb)), "event: hb\ndata: {\"head\":9,\"now\":4}\n\n");
        assert_eq!(text(&bye(700)), "retry: 700\nevent: bye\ndata: {\"retry_ms\":700}\n\n");
        let gone = ResetFrame { reason: ResetReason::Gone, earliest: 5, head: 9 };
        assert_eq!(
            text(&reset(gone)),
            "id\nevent: reset\ndata: {\"reason\":\"gone\",\"earliest\":5,\"head\":9}\n\n"
        );
        assert_eq!(
            text(&snapshot("e", 8, 9, Timestamp(4), br#""run":{}"#)),
            "id: e.8\nevent: snapshot\ndata: {\"run\":{},\"epoch\":\"e\",\"cursor\":\"e.8\",\"head\":9,\"now\":4}\n\n"
        );
        let tail = progress_tail(5, &serde_json::json!({"state": "running"}));
        assert_eq!(
            text(&progress(RunId(1), 2, &tail)),
            "event: progress\ndata: {\"run\":\"0000000000001\",\"item\":null,\"from\":2,\"to\":5,\"state\":\"running\"}\n\n"
        );
        let waits: std::collections::HashSet<u64> = (0..100).map(|_| random_retry_ms()).collect();
        assert!(waits.len() > 50 && waits.iter().all(|ms| (RETRY_MIN_MS..=RETRY_MAX_MS).contains(ms)));
    }
}
