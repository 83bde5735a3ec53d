//! The gate before services that never answer, or begin and never end.

use std::convert::Infallible;

use tonic::codegen::tokio_stream::StreamExt;
use tower::{ServiceExt, service_fn};

use super::*;

fn gate(max_requests: usize, max_deadline: Duration) -> (GateLayer, watch::Sender<bool>) {
    let (draining, on_drain) = watch::channel(false);
    (GateLayer::new(max_requests, max_deadline, on_drain), draining)
}

fn request(path: &str, timeout: Option<&str>) -> Request<()> {
    let mut request = Request::builder().uri(path);
    if let Some(timeout) = timeout {
        request = request.header("grpc-timeout", timeout);
    }
    request.body(()).unwrap()
}

async fn never(_: Request<()>) -> Result<Response<Body>, Infallible> {
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
    let endless = service_fn(async |_: Request<()>| {
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
