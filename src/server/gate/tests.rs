//! The gate before services that never answer, or begin and never end.

use std::convert::Infallible;

use tonic::codegen::tokio_stream::StreamExt;
use tonic_types::StatusExt;
use tower::{ServiceExt, service_fn};

use super::*;

fn gate(max_requests: usize, max_deadline: Duration) -> (GateLayer, watch::Sender<bool>) {
    gate_with(|limits| (limits.max_requests, limits.max_deadline) = (max_requests, max_deadline))
}

fn gate_with(change: impl FnOnce(&mut PortLimits)) -> (GateLayer, watch::Sender<bool>) {
    let (draining, on_drain) = watch::channel(false);
    let mut limits = PortLimits::of(&crate::config::load(None, &crate::config::Flags::new()).unwrap());
    change(&mut limits);
    (GateLayer::new(&limits, on_drain), draining)
}

fn request(path: &str, timeout: Option<&str>) -> Request<Body> {
    let mut request = Request::builder().uri(path);
    if let Some(timeout) = timeout {
        request = request.header("grpc-timeout", timeout);
    }
    request.body(Body::empty()).unwrap()
}

async fn never(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    std::future::pending().await
}

fn code(reply: &Response<Body>) -> Option<Code> {
    Status::from_header_map(reply.headers()).map(|status| status.code())
}

/// The last code of a reply whose body has begun.
async fn last_code(reply: Response<Body>) -> Option<Code> {
    let mut body = std::pin::pin!(reply.into_body());
    let frames = std::pin::pin!(async {
        let mut last = None;
        while let Some(frame) =
            std::future::poll_fn(|cx| http_body::Body::poll_frame(body.as_mut(), cx)).await
        {
            last = frame.unwrap().trailers_ref().and_then(Status::from_header_map).map(|s| s.code());
        }
        last
    });
    frames.await
}

#[tokio::test]
async fn a_deadline_that_passes_is_deadline_exceeded_with_a_reason() {
    let (layer, _draining) = gate(1, Duration::from_secs(60));
    let reply = layer.layer(service_fn(never)).oneshot(request("/s/Get", Some("5m"))).await.unwrap();
    let status = Status::from_header_map(reply.headers()).unwrap();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.get_details_error_info().unwrap().reason, "DEADLINE_EXCEEDED");
}

#[tokio::test]
async fn the_cap_holds_for_calls_that_name_no_deadline_or_a_longer_one() {
    for timeout in [None, Some("10H")] {
        let (layer, _draining) = gate(1, Duration::from_millis(5));
        let reply = layer.layer(service_fn(never)).oneshot(request("/s/Get", timeout)).await.unwrap();
        assert_eq!(code(&reply), Some(Code::DeadlineExceeded), "{timeout:?}");
    }
}

#[tokio::test]
async fn a_stream_is_cut_at_its_deadline() {
    let (layer, _draining) = gate(1, Duration::from_secs(60));
    let endless = service_fn(|_: Request<Body>| async {
        let silence = tokio_stream::pending::<Result<Bytes, Status>>();
        let frames = silence.map(|bytes| bytes.map(http_body::Frame::data));
        Ok::<_, Infallible>(Response::new(Body::new(Frames(frames))))
    });
    let reply = layer.layer(endless).oneshot(request("/s/List", Some("5m"))).await.unwrap();
    assert_eq!(code(&reply), None, "the answer has begun");
    assert_eq!(last_code(reply).await, Some(Code::DeadlineExceeded));
}

#[tokio::test]
async fn one_call_too_many_is_pushed_back_and_the_next_one_after_it_admitted() {
    let (layer, _draining) = gate(1, Duration::from_millis(50));
    let first = tokio::spawn(layer.layer(service_fn(never)).oneshot(request("/s/Get", None)));
    while layer.0.admission.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let second = layer.layer(service_fn(never)).oneshot(request("/s/Get", None)).await.unwrap();
    let status = Status::from_header_map(second.headers()).unwrap();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(status.get_details_error_info().unwrap().reason, "TOO_MANY_CALLS");
    assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
    drop(first.await.unwrap());
    assert_eq!(layer.0.admission.available_permits(), 1, "the place is free again");
}

#[tokio::test]
async fn a_stop_ends_what_lasts_by_nature() {
    let (layer, draining) = gate(1, Duration::from_millis(5));
    let watching = layer.layer(service_fn(never)).oneshot(request("/grpc.health.v1.Health/Watch", None));
    let watching = tokio::spawn(watching);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!watching.is_finished(), "no cap for what lasts by nature");
    draining.send(true).unwrap();
    assert_eq!(code(&watching.await.unwrap().unwrap()), Some(Code::Unavailable));
}

/// Headers, and a message that never comes.
fn headers_only(path: &str) -> Request<Body> {
    let silence = tokio_stream::pending::<Result<Bytes, Status>>();
    let body = Body::new(Frames(silence.map(|bytes| bytes.map(http_body::Frame::data))));
    Request::builder().uri(path).body(body).unwrap()
}

#[tokio::test]
async fn a_place_is_taken_when_the_message_is_there_and_the_wait_for_it_ends() {
    let (layer, _draining) = gate_with(|limits| {
        (limits.max_requests, limits.message) = (1, Duration::from_millis(50));
    });
    let answers = service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
    let holding: Vec<_> =
        (0..20).map(|_| tokio::spawn(layer.layer(answers).oneshot(headers_only("/s/Get")))).collect();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let beside = layer.layer(answers).oneshot(request("/s/Get", None)).await.unwrap();
    assert_eq!(code(&beside), None, "answered beside them");
    for held in holding {
        let status = Status::from_header_map(held.await.unwrap().unwrap().headers()).unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.metadata["setting"], "message_seconds");
    }
}

#[tokio::test]
async fn health_is_answered_when_all_places_are_taken() {
    let (layer, _draining) = gate_with(|limits| limits.max_requests = 0);
    let answers = service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
    let check = layer.layer(answers).oneshot(request("/grpc.health.v1.Health/Check", None)).await.unwrap();
    assert_eq!(code(&check), None);
    let refused = layer.layer(answers).oneshot(request("/s/Get", None)).await.unwrap();
    assert_eq!(code(&refused), Some(Code::ResourceExhausted));
}

#[tokio::test]
async fn streams_have_places_of_their_own() {
    let (layer, _draining) = gate_with(|limits| limits.max_streams = 1);
    let watching = tokio::spawn(layer.layer(service_fn(never)).oneshot(request("/s/WatchIdentities", None)));
    while layer.0.streams.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let refused =
        layer.layer(service_fn(never)).oneshot(request("/s/ImportTouchpoints", None)).await.unwrap();
    let status = Status::from_header_map(refused.headers()).unwrap();
    assert_eq!(status.get_details_error_info().unwrap().metadata["setting"], "max_streams");
    watching.abort();
}

#[tokio::test]
async fn work_that_goes_on_without_its_caller_keeps_the_place() {
    let (layer, _draining) = gate(1, Duration::from_millis(10));
    let (done, working) = tokio::sync::oneshot::channel::<()>();
    let working = Arc::new(std::sync::Mutex::new(Some(working)));
    let detaching = service_fn(move |_: Request<Body>| {
        let working = working.lock().unwrap().take();
        async move {
            tokio::spawn(place::within(place::held(), async move { working.unwrap().await }));
            std::future::pending::<Result<Response<Body>, Infallible>>().await
        }
    });
    let reply = layer.layer(detaching).oneshot(request("/s/Get", None)).await.unwrap();
    assert_eq!(code(&reply), Some(Code::DeadlineExceeded));
    drop(reply);
    assert_eq!(layer.0.admission.available_permits(), 0, "somebody still works for it");
    done.send(()).unwrap();
    while layer.0.admission.available_permits() == 0 {
        tokio::task::yield_now().await;
    }
}

/// Frames of a stream as a body.
struct Frames<S>(S);

impl<S> http_body::Body for Frames<S>
where
    S: tokio_stream::Stream<Item = Result<http_body::Frame<Bytes>, Status>> + Unpin,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}

#[test]
fn timeouts_are_read_as_the_specification_says() {
    let check = |text: &str, expected: Option<Duration>| assert_eq!(parse_timeout(text.as_bytes()), expected);
    check("1H", Some(Duration::from_secs(3_600)));
    check("250m", Some(Duration::from_millis(250)));
    check("99999999u", Some(Duration::from_micros(99_999_999)));
    check("100000000n", None);
    check("S", None);
    check("-1S", None);
    check("1", None);
    check("", None);
}
