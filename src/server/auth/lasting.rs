//! Streams that last: who was let in is looked at again while they do. A feed whose key is revoked
//! ends, and so does an import.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Response;
use http_body::{Frame, SizeHint};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;

use super::super::credentials::Credentials;
use crate::access::Principal;
use crate::rpc::error::PortError;

/// Whether calls of the path last by nature.
pub(super) fn is_lasting(path: &str) -> bool {
    path.starts_with("/grpc.reflection.") || path.contains("/Watch") || path.ends_with("/ImportTouchpoints")
}

/// Says when a principal is no longer let in.
struct Guard {
    principal: Arc<Principal>,
    credentials: Arc<Credentials>,
    tick: Interval,
}

impl Guard {
    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        while self.tick.poll_tick(cx).is_ready() {
            let now = self.credentials.now();
            if let Err(denied) = self.credentials.directory().still_valid(&self.principal, now) {
                return Poll::Ready(PortError::Denied(denied).into());
            }
        }
        Poll::Pending
    }
}

/// The answer of a lasting call, which ends when its principal is no longer let in.
pub(super) async fn watched<E>(
    answering: impl Future<Output = Result<Response<Body>, E>>,
    principal: Arc<Principal>,
    credentials: Arc<Credentials>,
) -> Result<Response<Body>, E> {
    let mut tick = interval(credentials.refresh_interval());
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut guard = Guard { principal, credentials, tick };
    let answered = tokio::select! {
        biased;
        answer = answering => answer?,
        status = std::future::poll_fn(|cx| guard.poll_ended(cx)) => return Ok(status.into_http()),
    };
    let (head, body) = answered.into_parts();
    Ok(Response::from_parts(head, Body::new(Watched { inner: Some(body), guard })))
}

/// The rest of an answer.
struct Watched {
    inner: Option<Body>,
    guard: Guard,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(inner).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        let Poll::Ready(status) = this.guard.poll_ended(cx) else { return Poll::Pending };
        this.inner = None;
        let mut trailers = http::HeaderMap::new();
        Poll::Ready(Some(status.add_header(&mut trailers).map(|()| Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(|inner| inner.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
