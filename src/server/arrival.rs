//! Messages on their way in. A call takes its place only when its message is there, and what arrives
//! is counted while it arrives: a peer that holds back the rest holds what it sent, for a while.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http_body::{Body as _, Frame};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;

use crate::rpc::place::Place;

/// What stands before each message: whether it is compressed, and its length.
const PREFIX: usize = 5;
/// Memory is counted in it: a semaphore counts in 32 bits.
const UNIT: usize = 1_024;
/// Memory of a message of an import, for each byte on the wire: its bytes, what it becomes, and what
/// is checked of it.
const IMPORT_FACTOR: usize = 4;

/// Memory that messages share.
#[derive(Clone)]
pub(super) struct Share {
    units: Arc<Semaphore>,
    all: u32,
}

/// There is no room for what arrives.
pub(super) struct NoRoom;

impl Share {
    pub(super) fn of_mib(mib: u64) -> Self {
        let all = u32::try_from(mib * 1_024).unwrap_or(u32::MAX).min(1 << 28);
        Self { units: Arc::new(Semaphore::new(all as usize)), all }
    }

    fn units(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.all)
    }

    #[cfg(test)]
    pub(super) fn free_bytes(&self) -> usize {
        self.units.available_permits() * UNIT
    }
}

/// The length of the message that begins here.
fn length(begun: &[u8]) -> Option<usize> {
    let prefix = begun.get(..PREFIX)?;
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
    usize::try_from(length).ok()
}

/// Waits for the first message of a call, which is then given on with whatever comes after it. One
/// that says it is larger than `most` is not waited for: it is refused by its first bytes.
pub(super) async fn first_message(
    mut body: Body,
    share: &Share,
    most: usize,
) -> Result<(Body, Option<OwnedSemaphorePermit>), NoRoom> {
    let mut begun: Vec<u8> = Vec::new();
    let mut whole: Option<Bytes> = None;
    let mut room: Option<OwnedSemaphorePermit> = None;
    let mut last = None;
    loop {
        let so_far = whole.as_deref().unwrap_or(&begun);
        if length(so_far).is_some_and(|length| length > most || so_far.len() >= PREFIX + length) {
            break;
        }
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let data = match frame {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => data,
                Err(trailers) => {
                    last = Some(Ok(trailers));
                    break;
                }
            },
            Some(Err(status)) => {
                last = Some(Err(status));
                break;
            }
            None => break,
        };
        let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more =
            share.units(so_far.len() + data.len()).saturating_sub(u32::try_from(held).unwrap_or(u32::MAX));
        if more > 0 {
            let more = share.units.clone().try_acquire_many_owned(more).map_err(|_| NoRoom)?;
            match &mut room {
                Some(room) => room.merge(more),
                None => room = Some(more),
            }
        }
        // Most messages are one frame: those are not copied.
        match whole.take() {
            None if begun.is_empty() => whole = Some(data),
            None => begun.extend_from_slice(&data),
            Some(first) => {
                begun = Vec::with_capacity(first.len() + data.len());
                begun.extend_from_slice(&first);
                begun.extend_from_slice(&data);
            }
        }
    }
    let begun = whole.or_else(|| (!begun.is_empty()).then(|| begun.into()));
    Ok((Body::new(Resumed { begun, last, rest: body }), room))
}

/// What was read of a body, and the rest of it.
struct Resumed {
    begun: Option<Bytes>,
    last: Option<Result<Frame<Bytes>, Status>>,
    rest: Body,
}

impl http_body::Body for Resumed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(begun) = self.begun.take() {
            return Poll::Ready(Some(Ok(Frame::data(begun))));
        }
        match self.last.take() {
            Some(last) => Poll::Ready(Some(last)),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.begun.is_none() && self.last.is_none() && self.rest.is_end_stream()
    }
}

type Acquiring = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// The messages of an import: each waits for its memory before it is read on, which holds the sender
/// back. The memory goes with the message: see [`Place::arrives`].
pub(super) struct Import {
    body: Body,
    share: Share,
    place: Arc<Place>,
    /// Read, and not given on while its memory is waited for.
    frame: Option<Bytes>,
    acquiring: Option<Acquiring>,
    prefix: Vec<u8>,
    /// Bytes of the present message that are still to come.
    left: usize,
    /// Of `frame`, how much was looked at.
    looked: usize,
}

impl Import {
    pub(super) fn new(body: Body, share: Share, place: Arc<Place>) -> Self {
        let prefix = Vec::with_capacity(PREFIX);
        Self { body, share, place, frame: None, acquiring: None, prefix, left: 0, looked: 0 }
    }

    /// Looks at a frame until a message begins or it ends.
    fn look(&mut self, frame: &Bytes) {
        while self.looked < frame.len() {
            let rest = &frame[self.looked..];
            if self.left > 0 {
                let taken = rest.len().min(self.left);
                (self.left, self.looked) = (self.left - taken, self.looked + taken);
                continue;
            }
            let taken = rest.len().min(PREFIX - self.prefix.len());
            self.prefix.extend_from_slice(&rest[..taken]);
            self.looked += taken;
            if let Some(length) = length(&self.prefix) {
                self.prefix.clear();
                self.left = length;
                let units = self.share.units(length.saturating_mul(IMPORT_FACTOR));
                self.acquiring = Some(Box::pin(self.share.units.clone().acquire_many_owned(units)));
                return;
            }
        }
    }
}

impl http_body::Body for Import {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        loop {
            if let Some(acquiring) = &mut this.acquiring {
                let room = ready!(acquiring.as_mut().poll(cx));
                this.acquiring = None;
                if let Ok(room) = room {
                    this.place.arrives(room);
                }
            }
            match this.frame.take() {
                Some(frame) => {
                    this.look(&frame);
                    if this.acquiring.is_none() {
                        return Poll::Ready(Some(Ok(Frame::data(frame))));
                    }
                    this.frame = Some(frame);
                }
                None => match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(data) => (this.frame, this.looked) = (Some(data), 0),
                        Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                    },
                    other => return Poll::Ready(other),
                },
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frame.is_none() && self.body.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// A body of those frames, which then is silent or ends.
    struct Sent(VecDeque<Bytes>, bool);

    impl http_body::Body for Sent {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            match (self.0.pop_front(), self.1) {
                (Some(frame), _) => Poll::Ready(Some(Ok(Frame::data(frame)))),
                (None, true) => Poll::Ready(None),
                (None, false) => Poll::Pending,
            }
        }
    }

    fn body(bytes: &[u8], frame: usize, ends: bool) -> Body {
        Body::new(Sent(bytes.chunks(frame).map(Bytes::copy_from_slice).collect(), ends))
    }

    fn message(length: usize) -> Vec<u8> {
        let mut bytes = vec![0];
        bytes.extend(u32::try_from(length).unwrap().to_be_bytes());
        bytes.extend((0..length).map(|i| i as u8));
        bytes
    }

    async fn all(mut body: Body) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            bytes.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        bytes
    }

    #[tokio::test]
    async fn a_message_comes_through_whatever_its_frames() {
        let share = Share::of_mib(1);
        for length in [0, 1, 1_023, 5_000] {
            for frame in [1, 3, 5, 6, 1_000, 10_000] {
                let sent = [message(length), message(7)].concat();
                let (arrived, room) =
                    first_message(body(&sent, frame, true), &share, 10_000).await.ok().unwrap();
                assert!(room.is_some());
                assert_eq!(all(arrived).await, sent, "{length} by {frame}");
            }
        }
        assert_eq!(share.free_bytes(), 1 << 20, "all is given back");
    }

    #[tokio::test]
    async fn what_arrives_is_counted_and_what_is_too_large_is_not_waited_for() {
        let share = Share::of_mib(1);
        let other = body(&message(600_000), 16_384, true);
        let (_, held) = first_message(other, &share, 4_000_000).await.ok().unwrap();
        let half = body(&message(2_000_000)[..1_500_000], 16_384, false);
        assert!(first_message(half, &share, 4_000_000).await.is_err());
        drop(held);
        let too_large = body(&message(2_000_000)[..100], 100, false);
        assert!(first_message(too_large, &share, 1_000_000).await.is_ok());
        let (empty, room) = first_message(body(&[], 1, true), &share, 10).await.ok().unwrap();
        assert!(room.is_none() && all(empty).await.is_empty());
        assert_eq!(share.free_bytes(), 1 << 20);
    }

    #[tokio::test]
    async fn each_message_of_an_import_waits_for_its_memory() {
        let share = Share::of_mib(1);
        let place = Place::new(0, metrics::gauge!("arrival_test"));
        let sent = [message(100_000), message(0), message(50_000)].concat();
        for frame in [1_000, 7, 1_000_000] {
            let import = Import::new(body(&sent, frame, true), share.clone(), place.clone());
            let taken = all(Body::new(import)).await;
            assert_eq!(taken, sent);
            let rooms: Vec<_> = std::iter::from_fn(|| place.take_arrived()).collect();
            let units: Vec<usize> = rooms.iter().map(OwnedSemaphorePermit::num_permits).collect();
            assert_eq!(units, [391, 0, 196], "by {frame}");
        }
        let both = [message(200_000), message(200_000)].concat();
        let mut import = Body::new(Import::new(body(&both, 1_000, true), share.clone(), place.clone()));
        let mut next = || frame_now(&mut import);
        let begun = std::iter::from_fn(&mut next).count();
        assert_eq!(begun, 200, "the second one waits");
        drop(place.take_arrived());
        assert!(frame_now(&mut import).is_some(), "and comes once the first is done with");
    }

    /// The next frame, if it is there now.
    fn frame_now(body: &mut Body) -> Option<Bytes> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match Pin::new(body).poll_frame(&mut cx) {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().ok(),
            _ => None,
        }
    }
}
