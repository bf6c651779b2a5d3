//! Readers for tests: what a client of server-sent events does, over a follower.

use futures_util::StreamExt as _;
use headway_stream::{
    Fidelity, Follow, HubOptions, Opened, Position,
    fixture::{Fixture, Made},
};
use model::RunId;
use serde_json::Value;
use std::time::Duration;

/// Longest time that a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A frame as a client reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Frame {
    pub(crate) id: Option<String>,
    pub(crate) event: String,
    pub(crate) data: Value,
}

/// The frames of a text; comments, `retry` and an unfinished last frame are left out.
pub(crate) fn frames(text: &str) -> Vec<Frame> {
    let mut frames = Vec::new();
    let Some(end) = text.rfind("\n\n") else { return frames };
    for block in text[..end].split("\n\n") {
        let mut frame = Frame::default();
        for line in block.lines() {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            match name {
                "id" => frame.id = Some(value.trim_start().to_owned()),
                "event" => frame.event = value.trim_start().to_owned(),
                "data" => frame.data = serde_json::from_str(value).unwrap(),
                _ => {}
            }
        }
        if !frame.event.is_empty() {
            frames.push(frame);
        }
    }
    frames
}

/// A client: its text so far, and its frames.
pub(crate) struct Reader {
    follower: Box<headway_stream::Follower>,
    text: String,
    taken: usize,
    pub(crate) over: bool,
}

impl Reader {
    pub(crate) fn new(opened: Opened) -> Self {
        let Opened::Stream(follower) = opened else { panic!("not opened") };
        Self { follower, text: String::new(), taken: 0, over: false }
    }

    /// Reads one chunk.
    pub(crate) async fn step(&mut self) {
        match tokio::time::timeout(PATIENCE, self.follower.next()).await.expect("a frame in time") {
            Some(chunk) => self.text.push_str(std::str::from_utf8(&chunk).unwrap()),
            None => self.over = true,
        }
    }

    /// The text so far.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// All frames so far.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        frames(&self.text)
    }

    /// The next frame that is no heartbeat.
    pub(crate) async fn next(&mut self) -> Frame {
        loop {
            let frames = self.frames();
            if let Some(frame) = frames.get(self.taken) {
                self.taken += 1;
                if frame.event != "hb" {
                    return frame.clone();
                }
                continue;
            }
            assert!(!self.over, "the stream is over after {:?}", frames.last());
            self.step().await;
        }
    }

    /// Reads on until a frame fits.
    pub(crate) async fn until(&mut self, fits: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            let frame = self.next().await;
            if fits(&frame) {
                return frame;
            }
        }
    }

    /// Reads to the end.
    pub(crate) async fn rest(&mut self) -> Vec<Frame> {
        while !self.over {
            self.step().await;
        }
        self.frames()
    }
}

/// A store and a hub in a folder of their own.
pub(crate) async fn world() -> (tempfile::TempDir, Fixture) {
    world_with(HubOptions::default()).await
}

/// As [`world`], with options.
pub(crate) async fn world_with(options: HubOptions) -> (tempfile::TempDir, Fixture) {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open(folder.path(), options).await.unwrap();
    (folder, fixture)
}

/// Follows a run as a page does.
pub(crate) async fn follow(fixture: &Fixture, run: RunId, cursor: Option<&str>) -> Opened {
    let position = Position::newer_of(None, cursor);
    fixture.hub.follow_run(run, Follow { position, ..Follow::default() }).await.unwrap()
}

/// Follows every event of a run.
pub(crate) async fn follow_every(fixture: &Fixture, run: RunId, cursor: Option<&str>) -> Opened {
    let position = Position::newer_of(cursor, None);
    let follow = Follow { position, fidelity: Fidelity::Every, ..Follow::default() };
    fixture.hub.follow_run(run, follow).await.unwrap()
}

/// `feed_seq` of the events among frames.
pub(crate) fn numbers(frames: &[Frame]) -> Vec<i64> {
    let events = frames.iter().filter(|frame| frame.event == "event");
    events.map(|frame| frame.data["feed_seq"].as_i64().unwrap()).collect()
}

/// The lossless events of a run after a number, as the store has them.
pub(crate) async fn stored(fixture: &Fixture, run: RunId, after: i64) -> Vec<i64> {
    let mut all = Vec::new();
    loop {
        let from = all.last().copied().unwrap_or(after);
        let page = fixture.store.events_since(run, from, &store::Kinds::Lossless, 500).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page.iter().map(|event| event.feed_seq));
    }
}

/// A few lines of log.
pub(crate) fn logs(count: usize) -> Vec<Made> {
    (0..count).map(|n| Made::log(&format!("line {n}"))).collect()
}
