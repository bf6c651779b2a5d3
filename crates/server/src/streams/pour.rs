//! A stream with its connection to itself.
//!
//! An answer that lasts for hours needs none of what HTTP needs for the next request, and hyper keeps all of it ready:
//! a read buffer, a queue of chunks, the headers of the request, some 13 KB. So a stream leaves hyper: once its head is
//! known, the connection is taken out of hyper's hands, the head is written here, and the body goes out as it is, until
//! the connection closes (`connection: close`, which HTTP/1.1 allows in place of chunks). What is left is a socket, a
//! cursor and the chunk on its way: about 2 KB.
//!
//! Where a connection cannot be taken over (an earlier answer is not flushed yet, HTTP/2, tests without a socket), the
//! same follower goes out as an ordinary body.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, header, response::Parts};
use parking_lot::Mutex;
use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use stream::Follower;
use tokio::{
    io::AsyncWrite as _,
    net::TcpStream,
    time::{Instant, Sleep},
};

/// A follower on its way out: whoever takes it first, body or connection, has it.
#[derive(Clone)]
pub(crate) struct Handle(Arc<Mutex<Option<Box<Follower>>>>);

impl Handle {
    /// A follower to be taken.
    pub(crate) fn new(follower: Box<Follower>) -> Self {
        Self(Arc::new(Mutex::new(Some(follower))))
    }

    /// Takes the follower.
    pub(crate) fn take(&self) -> Option<Box<Follower>> {
        self.0.lock().take()
    }
}

/// A stream that takes over its connection: the head of the answer, and what follows.
pub(crate) struct Takeover {
    /// The head.
    pub(crate) parts: Parts,
    /// What follows.
    pub(crate) follower: Box<Follower>,
}

impl Takeover {
    /// The stream on its connection; `alive` is dropped at its end.
    pub(crate) fn on<T>(self, stream: TcpStream, deadline: Duration, alive: T) -> Pour<T> {
        let chunk = head(&self.parts.headers);
        Pour { stream, chunk, follower: self.follower, stalled: None, deadline, _alive: alive }
    }
}

fn head(headers: &HeaderMap) -> Bytes {
    let mut out = BytesMut::with_capacity(1_024);
    out.put_slice(b"HTTP/1.1 200 OK\r\n");
    for (name, value) in headers {
        if *name == header::CONNECTION || *name == header::TRANSFER_ENCODING {
            continue;
        }
        out.put_slice(name.as_str().as_bytes());
        out.put_slice(b": ");
        out.put_slice(value.as_bytes());
        out.put_slice(b"\r\n");
    }
    if let Ok(date) =
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&jiff::Timestamp::now())
    {
        out.put_slice(b"date: ");
        out.put_slice(date.as_bytes());
        out.put_slice(b"\r\n");
    }
    out.put_slice(b"connection: close\r\n\r\n");
    out.freeze()
}

/// A stream on its connection; resolves when either has ended.
pub(crate) struct Pour<T> {
    stream: TcpStream,
    /// What of the current chunk is not written yet.
    chunk: Bytes,
    follower: Box<Follower>,
    /// Set while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    deadline: Duration,
    _alive: T,
}

impl<T: Unpin> Future for Pour<T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            if !this.chunk.is_empty() {
                match Pin::new(&mut this.stream).poll_write(cx, &this.chunk) {
                    Poll::Ready(Ok(count)) if count > 0 => {
                        this.chunk.advance(count);
                        this.stalled = None;
                        continue;
                    }
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return this.stall(cx),
                }
            }
            match this.follower.poll_chunk(cx) {
                Poll::Ready(Some(chunk)) => this.chunk = chunk,
                Poll::Ready(None) => {
                    // What was written goes out before the end; whether it arrives is the client's affair.
                    return Pin::new(&mut this.stream).poll_shutdown(cx).map(|_| ());
                }
                Poll::Pending => return this.watch(cx),
            }
        }
    }
}

impl<T> Pour<T> {
    /// The client does not read: it has until the deadline, or until there is nothing more for it to read.
    fn stall(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.follower.poll_stop(cx).is_ready() {
            return Poll::Ready(());
        }
        let deadline = self.deadline;
        let sleep = || Box::pin(tokio::time::sleep_until(Instant::now() + deadline));
        self.stalled.get_or_insert_with(sleep).as_mut().poll(cx)
    }

    /// Nothing to send: notices when the client goes. What it says meanwhile is not heard.
    fn watch(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut ignored = [0_u8; 256];
        while let Poll::Ready(ready) = self.stream.poll_read_ready(cx) {
            if ready.is_err() {
                return Poll::Ready(());
            }
            match self.stream.try_read(&mut ignored) {
                Ok(0) => return Poll::Ready(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }
}
