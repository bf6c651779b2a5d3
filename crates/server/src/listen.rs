//! Connections: accepting them, bounding what a slow client can hold, and ending them in order.
//!
//! A client that stops reading must cost nothing but its socket. Three bounds see to that: the kernel takes only
//! [`UNSENT_BYTES`] beyond what the client's window allows, so frames stay where all clients share them; hyper buffers
//! [`BUFFER_BYTES`]; and a write that makes no progress for [`ListenOptions::write_deadline`] ends the connection.
//! Streams leave hyper altogether: see `streams::pour`.

use crate::streams::{Handle, Takeover};
use axum::{Router, extract::ConnectInfo, response::Response};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    io::{self, IoSlice},
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{Instant, Sleep},
};
use tower::Service as _;

/// Most bytes that the kernel takes beyond what the client's window allows.
const UNSENT_BYTES: u32 = 16 * 1024;
/// Most bytes that hyper buffers for a connection, each way; also the largest head of a request.
const BUFFER_BYTES: usize = 16 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: i32 = 4_096;
/// Pause after a failed accept: file descriptors have run out, and others must end first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How connections are kept.
#[derive(Clone, Copy, Debug)]
pub struct ListenOptions {
    /// Longest time that a write may make no progress.
    pub write_deadline: Duration,
    /// Longest time that a request's head may take to arrive, and a connection may idle between requests.
    pub head_deadline: Duration,
    /// Longest time from the order to stop until the last connection is gone.
    pub drain_deadline: Duration,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            write_deadline: Duration::from_secs(30),
            head_deadline: Duration::from_secs(75),
            drain_deadline: Duration::from_millis(4_500),
        }
    }
}

/// How far the server is in stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Serving,
    /// Answers under way end; no further request is taken.
    Draining,
    /// What is left is cut off.
    Over,
}

/// Listens on `address`.
///
/// # Errors
/// Where the address cannot be had.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Serves `router` on `listener` until `stop` resolves. Then nothing is accepted any more, `drain` is called (it tells
/// streams to end), and connections end after the answer under way; those that do not within the deadline are cut off.
/// Each request carries the client's address as `ConnectInfo<SocketAddr>`.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    options: ListenOptions,
    stop: impl Future<Output = ()>,
    drain: impl FnOnce(),
) {
    let (phase, _) = watch::channel(Phase::Serving);
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    tokio::spawn(connection(stream, peer, router.clone(), options, phase.subscribe()));
                }
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    phase.send_replace(Phase::Draining);
    drain();
    if tokio::time::timeout(options.drain_deadline, phase.closed()).await.is_err() {
        tracing::warn!(
            connections = phase.receiver_count(),
            "connections did not end in time and are cut off"
        );
        phase.send_replace(Phase::Over);
        phase.closed().await;
    }
}

/// Errors that say something of one client, not of this server.
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    options: ListenOptions,
    mut phase: watch::Receiver<Phase>,
) {
    if let Err(error) = prepare(&stream, options.write_deadline) {
        tracing::debug!(%error, "a connection was gone before it began");
        return;
    }
    let desk = Arc::new(Desk::default());
    let service = {
        let desk = Arc::clone(&desk);
        hyper::service::service_fn(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            answer(router.clone(), request, Arc::clone(&desk))
        })
    };
    let guarded =
        Guarded { stream, stalled: None, deadline: options.write_deadline, desk: Arc::clone(&desk) };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_deadline)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(guarded), service);
    let takeover = loop {
        let step = poll_fn(|cx| {
            let over = Pin::new(&mut connection).poll(cx).is_ready();
            let takeover = desk.takeover.lock().take();
            if over || takeover.is_some() { Poll::Ready(takeover) } else { Poll::Pending }
        });
        tokio::select! {
            // What goes wrong with one connection concerns nobody else.
            takeover = step => break takeover,
            changed = phase.changed() => {
                let now = if changed.is_ok() { *phase.borrow_and_update() } else { Phase::Over };
                match now {
                    Phase::Serving => {}
                    Phase::Draining => Pin::new(&mut connection).graceful_shutdown(),
                    Phase::Over => return,
                }
            }
        }
    };
    if let Some(takeover) = takeover {
        let stream = connection.into_parts().io.into_inner().stream;
        // A task of its own, which is a tenth of this one's size.
        tokio::spawn(takeover.on(stream, options.write_deadline, phase));
    }
}

/// What a connection and its service share.
#[derive(Default)]
struct Desk {
    /// A write waits, so an answer is not out yet.
    stalled: AtomicBool,
    /// A stream that wants the connection for itself.
    takeover: Mutex<Option<Takeover>>,
}

/// Answers a request. A stream does not come back from here: it leaves its head on the desk, and takes the connection.
async fn answer(
    mut router: Router,
    request: http::Request<Incoming>,
    desk: Arc<Desk>,
) -> Result<Response, Infallible> {
    let is_get = request.method() == http::Method::GET;
    let mut response = router.call(request).await?;
    let Some(handle) = response.extensions_mut().remove::<Handle>() else { return Ok(response) };
    if !is_get || desk.stalled.load(Ordering::Relaxed) {
        return Ok(response);
    }
    let Some(follower) = handle.take() else { return Ok(response) };
    let (parts, _) = response.into_parts();
    *desk.takeover.lock() = Some(Takeover { parts, follower });
    std::future::pending().await
}

fn prepare(stream: &TcpStream, deadline: Duration) -> io::Result<()> {
    let socket = socket2::SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_user_timeout(Some(deadline))?;
        socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = deadline;
        socket.set_send_buffer_size(UNSENT_BYTES as usize)?;
    }
    Ok(())
}

/// A connection whose writes must make progress.
struct Guarded {
    stream: TcpStream,
    /// Set while a write waits; most connections never need it.
    stalled: Option<Pin<Box<Sleep>>>,
    deadline: Duration,
    desk: Arc<Desk>,
}

impl Guarded {
    fn guard<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.desk.stalled.store(written.is_pending(), Ordering::Relaxed);
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let deadline = self.deadline;
        let stalled =
            self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + deadline)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")))
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.guard(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.guard(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Allows this process as many open files as it may have: each stream is one.
pub fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => wanted.current,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            limit.current
        }
    }
    .unwrap_or(u64::MAX)
}
