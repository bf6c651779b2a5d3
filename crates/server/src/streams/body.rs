//! A stream as the body of an answer.

use super::pour::Handle;
use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use http_body::Frame;
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};
use stream::Follower;

/// A follower as a body: no task, no channel, nothing between it and the connection. It is asked for the next chunk
/// when the connection has room for one, so a slow client holds back nobody and makes nothing grow.
enum StreamBody {
    /// Not asked yet: the connection may take the follower and send it by itself.
    Offered(Handle),
    Taken(Box<Follower>),
    Over,
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if let Self::Offered(handle) = this {
            *this = handle.take().map_or(Self::Over, Self::Taken);
        }
        match this {
            Self::Taken(follower) => {
                follower.poll_chunk(cx).map(|chunk| chunk.map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Offered(_) | Self::Over => Poll::Ready(None),
        }
    }
}

/// The answer that a follower is. It carries a [`Handle`] for connections that can be taken over.
pub(crate) fn answer(follower: Box<Follower>) -> Response {
    let handle = Handle::new(follower);
    let mut response = Response::new(Body::new(StreamBody::Offered(handle.clone())));
    response.extensions_mut().insert(handle);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
