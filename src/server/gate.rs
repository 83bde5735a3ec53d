//! The gate every call passes: it is admitted or pushed back, has a deadline that is
//! answered with DEADLINE_EXCEEDED (tonic's own timeout says CANCELLED and never cuts a
//! stream), and is counted.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, RwLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request, Response};
use metrics::{Counter, Gauge, Histogram};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Sleep;
use tonic::body::Body;
use tonic::codegen::Bytes;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use tower::{Layer, Service};

use super::ERROR_DOMAIN;
use crate::{clock, rpc};

/// Distinct methods that get metrics of their own; a guard, as labels must stay few.
const MAX_METHODS: usize = 200;
/// When to come back after a push-back.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Puts a [`Gate`] before a service. Clones share one count of calls.
#[derive(Clone)]
pub struct GateLayer(Arc<Shared>);

struct Shared {
    admission: Arc<Semaphore>,
    max_requests: usize,
    max_deadline: Duration,
    draining: watch::Receiver<bool>,
    methods: RwLock<HashMap<String, Arc<Method>>>,
    unknown: Arc<Method>,
    in_progress: Gauge,
}

/// The metrics of one method.
struct Method {
    seconds: Histogram,
    by_code: [Counter; 17],
}

impl GateLayer {
    #[must_use]
    pub fn new(max_requests: usize, max_deadline: Duration, draining: watch::Receiver<bool>) -> Self {
        let max_requests = max_requests.min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Shared {
            admission: Arc::new(Semaphore::new(max_requests)),
            max_requests,
            max_deadline,
            draining,
            methods: RwLock::default(),
            unknown: Arc::new(Method::new("unknown")),
            in_progress: metrics::gauge!("customer360_requests_in_progress"),
        }))
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { inner, shared: self.0.clone() }
    }
}

/// See the module.
#[derive(Clone)]
pub struct Gate<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Gate<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Future: Send + 'static,
    S::Error: Send,
    ResBody: http_body::Body<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let started = clock::stopwatch();
        let path = request.uri().path().to_owned();
        let shared = self.shared.clone();
        let lasting = lasts(&path);
        let permit = if lasting { None } else { shared.admission.clone().try_acquire_owned().ok() };
        if permit.is_none() && !lasting {
            let reply = busy(shared.max_requests).into_http();
            shared.method(&path, Code::ResourceExhausted).count(Code::ResourceExhausted, started);
            return Box::pin(async move { Ok(reply) });
        }
        let asked = request.headers().get("grpc-timeout").map(|text| parse_timeout(text.as_bytes()));
        let deadline = match asked {
            Some(None) => {
                let status = error(Code::InvalidArgument, "TIMEOUT_MALFORMED", "grpc-timeout is malformed");
                let reply = status.into_http();
                return Box::pin(async move { Ok(reply) });
            }
            Some(Some(asked)) if lasting => Some(asked),
            Some(Some(asked)) => Some(asked.min(shared.max_deadline)),
            None if lasting => None,
            None => Some(shared.max_deadline),
        };
        let answering = self.inner.call(request);
        let mut pass = Pass {
            started,
            path,
            code: None,
            expiry: deadline.map(|after| Box::pin(tokio::time::sleep(after))),
            drained: lasting.then(|| drained(shared.draining.clone())),
            shared,
            _permit: permit,
        };
        pass.shared.in_progress.increment(1);
        Box::pin(async move {
            let answered = tokio::select! {
                biased;
                reply = answering => Ok(reply?),
                status = pass.cut() => Err(status),
            };
            let (head, body) = match answered {
                Ok(reply) => reply.into_parts(),
                Err(status) => {
                    pass.ended(status.code());
                    return Ok(status.into_http());
                }
            };
            if let Some(status) = Status::from_header_map(&head.headers) {
                pass.ended(status.code());
                if let Some(explained) = rpc::error::explained(&status) {
                    return Ok(explained.into_http());
                }
            }
            Ok(Response::from_parts(head, Body::new(Passing { inner: Some(Box::pin(body)), pass })))
        })
    }
}

/// What a call holds while it lasts; counted when it is dropped, so also when cancelled.
struct Pass {
    started: Instant,
    path: String,
    code: Option<Code>,
    expiry: Option<Pin<Box<Sleep>>>,
    /// Ends lasting streams at a stop, so that they do not use up the time to drain.
    drained: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    shared: Arc<Shared>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Pass {
    fn ended(&mut self, code: Code) {
        self.code = Some(code);
    }

    /// Resolves when the call must end now.
    async fn cut(&mut self) -> Status {
        std::future::poll_fn(|cx| self.poll_cut(cx)).await
    }

    fn poll_cut(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        if let Some(expiry) = &mut self.expiry
            && expiry.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(expired());
        }
        if let Some(drained) = &mut self.drained
            && drained.as_mut().poll(cx).is_ready()
        {
            self.drained = None;
            return Poll::Ready(stopping());
        }
        Poll::Pending
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        // A reply without a status was given up by the caller.
        let code = self.code.unwrap_or(Code::Cancelled);
        self.shared.in_progress.decrement(1);
        self.shared.method(&self.path, code).count(code, self.started);
    }
}

/// A reply's body that ends with DEADLINE_EXCEEDED when time is up.
struct Passing<B> {
    inner: Option<Pin<Box<B>>>,
    pass: Pass,
}

impl<B> http_body::Body for Passing<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = inner.as_mut().poll_frame(cx) {
            let trailers = frame.as_ref().and_then(|f| f.as_ref().ok()).and_then(|f| f.trailers_ref());
            if let Some(status) = trailers.and_then(Status::from_header_map) {
                this.pass.ended(status.code());
            }
            return Poll::Ready(frame.map(|f| f.map_err(Into::into)));
        }
        let Poll::Ready(status) = this.pass.poll_cut(cx) else { return Poll::Pending };
        // Dropping the rest of the answer stops the work behind it.
        this.inner = None;
        this.pass.ended(status.code());
        let mut trailers = http::HeaderMap::new();
        Poll::Ready(Some(match status.add_header(&mut trailers) {
            Ok(()) => Ok(http_body::Frame::trailers(trailers)),
            Err(status) => Err(status.into()),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(|inner| inner.is_end_stream())
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.as_ref().map(|inner| inner.size_hint()).unwrap_or_default()
    }
}

impl Method {
    fn new(path: &str) -> Self {
        let method = path.trim_start_matches('/').to_owned();
        let seconds = metrics::histogram!("customer360_request_seconds", "method" => method.clone());
        let by_code = std::array::from_fn(|code| {
            let code = Code::from_i32(i32::try_from(code).unwrap_or(2));
            let name = code_name(code);
            metrics::counter!("customer360_requests_total", "method" => method.clone(), "code" => name)
        });
        Self { seconds, by_code }
    }

    fn count(&self, code: Code, started: Instant) {
        self.by_code[code as usize].increment(1);
        self.seconds.record(started.elapsed().as_secs_f64());
    }
}

impl Shared {
    /// Only methods that exist get metrics: what callers invent must not become labels.
    fn method(&self, path: &str, code: Code) -> Arc<Method> {
        if let Some(method) = self.methods.read().ok().and_then(|known| known.get(path).cloned()) {
            return method;
        }
        let Ok(mut known) = self.methods.write() else { return self.unknown.clone() };
        let exists = matches!(code, Code::Ok) && known.len() < MAX_METHODS;
        if !exists {
            return self.unknown.clone();
        }
        known.entry(path.to_owned()).or_insert_with(|| Arc::new(Method::new(path))).clone()
    }
}

/// The reply to a call that made the service panic.
pub(super) fn panic_reply() -> Response<Body> {
    error(Code::Internal, "INTERNAL", "a defect of the service; it was logged").into_http()
}

/// Streams that last by nature: no deadline but the caller's own, and no place in the queue.
fn lasts(path: &str) -> bool {
    path.starts_with("/grpc.reflection.") || path.contains("/Watch") || path.ends_with("/ImportTouchpoints")
}

fn drained(mut draining: watch::Receiver<bool>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let _ = draining.wait_for(|stopping| *stopping).await;
    })
}

fn error(code: Code, reason: &str, message: &str) -> Status {
    Status::with_error_details(
        code,
        message,
        ErrorDetails::with_error_info(reason, ERROR_DOMAIN, HashMap::new()),
    )
}

fn expired() -> Status {
    error(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", "the deadline passed; what was acknowledged is kept")
}

fn stopping() -> Status {
    let mut details = ErrorDetails::with_retry_info(Some(RETRY_AFTER));
    details.set_error_info("SHUTTING_DOWN", ERROR_DOMAIN, HashMap::new());
    Status::with_error_details(Code::Unavailable, "the service is stopping", details)
}

fn busy(max_requests: usize) -> Status {
    let mut details = ErrorDetails::with_retry_info(Some(RETRY_AFTER));
    let limit = HashMap::from([
        ("limit".to_owned(), max_requests.to_string()),
        ("setting".to_owned(), "max_requests".to_owned()),
    ]);
    details.set_error_info("TOO_MANY_CALLS", ERROR_DOMAIN, limit);
    let message = format!("{max_requests} calls are in progress (max_requests)");
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// At most eight digits and a unit, as the gRPC specification says.
fn parse_timeout(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let n = digits.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(n * 3_600)),
        b'M' => Some(Duration::from_secs(n * 60)),
        b'S' => Some(Duration::from_secs(n)),
        b'm' => Some(Duration::from_millis(n)),
        b'u' => Some(Duration::from_micros(n)),
        b'n' => Some(Duration::from_nanos(n)),
        _ => None,
    }
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests;
