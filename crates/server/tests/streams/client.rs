//! A client of server-sent events over a plain socket: it can be cut anywhere, and stop reading.

use serde_json::Value;
use std::{collections::HashMap, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Longest time that a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A frame as a client reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Frame {
    pub(crate) id: Option<String>,
    pub(crate) event: String,
    pub(crate) data: Value,
}

/// A connection with the head of an answer read, and its body as far as it came.
pub(crate) struct Client {
    socket: TcpStream,
    raw: Vec<u8>,
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    /// What came after the head, still in chunks.
    body: usize,
    pub(crate) closed: bool,
}

impl Client {
    /// Asks for `path`; `head` are further lines, each ended.
    pub(crate) async fn get(address: SocketAddr, path: &str, head: &str) -> Self {
        let mut client = Self::ask(address, path, head).await;
        while client.status == 0 {
            assert!(client.read().await, "closed before the head was there");
        }
        client
    }

    /// Asks, and does not wait for the answer.
    pub(crate) async fn ask(address: SocketAddr, path: &str, head: &str) -> Self {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{head}\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        Self { socket, raw: Vec::new(), status: 0, headers: HashMap::new(), body: 0, closed: false }
    }

    /// Cuts the connection off, with a reset.
    pub(crate) fn reset(self) {
        self.socket.set_zero_linger().unwrap();
    }

    /// Reads what is there; `false` at the end.
    pub(crate) async fn read(&mut self) -> bool {
        let read = self.socket.read_buf(&mut self.raw);
        let count = tokio::time::timeout(PATIENCE, read).await.expect("something to read in time");
        self.closed = !matches!(count, Ok(count) if count > 0);
        if self.status == 0
            && let Some(end) = self.raw.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = String::from_utf8(self.raw[..end].to_vec()).unwrap();
            let mut lines = head.lines();
            self.status = lines.next().unwrap()[9..12].parse().unwrap();
            let pairs = lines.filter_map(|line| line.split_once(": "));
            self.headers = pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
            self.body = end + 4;
        }
        !self.closed
    }

    /// Reads until so many bytes have come in all, or the end.
    pub(crate) async fn read_bytes(&mut self, bytes: usize) {
        while self.raw.len() < bytes && !self.is_done() && self.read().await {}
        self.raw.truncate(bytes.max(self.body));
    }

    /// The body so far, out of its chunks; an unfinished chunk counts as far as it came.
    pub(crate) fn text(&self) -> String {
        let mut rest = &self.raw[self.body.min(self.raw.len())..];
        if self.headers.get("transfer-encoding").is_none_or(|encoding| encoding != "chunked") {
            return String::from_utf8_lossy(rest).into_owned();
        }
        let mut text = Vec::new();
        while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
            let chunk = &rest[end + 2..];
            if chunk.len() < size + 2 {
                text.extend_from_slice(&chunk[..chunk.len().min(size)]);
                break;
            }
            text.extend_from_slice(&chunk[..size]);
            rest = &chunk[size + 2..];
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// All whole frames so far.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        frames(&self.text())
    }

    /// Reads until a frame fits.
    pub(crate) async fn until(&mut self, fits: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            if let Some(frame) = self.frames().into_iter().find(&fits) {
                return frame;
            }
            assert!(self.read().await, "closed after {:?}", self.frames().last());
        }
    }

    /// Reads to the end of the body, and answers all frames.
    pub(crate) async fn rest(&mut self) -> Vec<Frame> {
        while !self.is_done() && self.read().await {}
        self.frames()
    }

    /// Whether the answer is whole; its connection may stay open.
    fn is_done(&self) -> bool {
        self.status == 204 || (self.status != 0 && self.raw.ends_with(b"\r\n0\r\n\r\n"))
    }
}

fn frames(text: &str) -> Vec<Frame> {
    let Some(end) = text.rfind("\n\n") else { return Vec::new() };
    let frame = |block: &str| {
        let mut frame = Frame::default();
        for line in block.lines() {
            match line.split_once(": ") {
                Some(("id", id)) => frame.id = Some(id.to_owned()),
                Some(("event", event)) => frame.event = event.to_owned(),
                Some(("data", data)) => frame.data = serde_json::from_str(data).unwrap(),
                _ => {}
            }
        }
        frame
    };
    text[..end].split("\n\n").map(frame).filter(|frame| !frame.event.is_empty()).collect()
}

/// `feed_seq` of the events among frames.
pub(crate) fn numbers(frames: &[Frame]) -> Vec<i64> {
    let events = frames.iter().filter(|frame| frame.event == "event");
    events.map(|frame| frame.data["feed_seq"].as_i64().unwrap()).collect()
}
