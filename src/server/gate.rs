//! The gate every call passes: it is admitted or pushed back once its message is there, has a
//! deadline that is answered with DEADLINE_EXCEEDED (tonic's own timeout says CANCELLED and never cuts
//! a stream), and is counted.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::{Arc, RwLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{HeaderMap, Request, Response};
use metrics::{Counter, Gauge, Histogram};
use tokio::sync::{Semaphore, watch};
use tokio::time::Sleep;
use tonic::body::Body;
use tonic::codegen::Bytes;
use tonic::{Code, Status};
use tower::{Layer, Service};

use super::PortLimits;
use super::arrival::{self, Import, Share};
use crate::rpc::error::{PortError, TurnedAway};
use crate::rpc::place::{self, Place};
use crate::{clock, rpc};

/// Distinct methods that get metrics of their own; a guard, as labels must stay few.
const MAX_METHODS: usize = 200;
/// Bytes of a question to the health service.
const HEALTH_BYTES: usize = 4_096;

/// Puts a [`Gate`] before a service. Clones share one count of calls.
#[derive(Clone)]
pub struct GateLayer(Arc<Shared>);

struct Shared {
    admission: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    requests: Share,
    imports: Share,
    limits: PortLimits,
    draining: watch::Receiver<bool>,
    methods: RwLock<HashMap<String, Arc<Method>>>,
    unknown: Arc<Method>,
    in_progress: Gauge,
    /// Tells tenants apart, by names that nobody can choose to collide.
    tenants: RandomState,
}

/// The metrics of one method.
struct Method {
    seconds: Histogram,
    by_code: [Counter; 17],
}

impl GateLayer {
    #[must_use]
    pub fn new(limits: &PortLimits, draining: watch::Receiver<bool>) -> Self {
        let places = |limit: usize| Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        Self(Arc::new(Shared {
            admission: places(limits.max_requests),
            streams: places(limits.max_streams),
            requests: Share::of_mib(limits.requests_mib),
            imports: Share::of_mib(limits.imports_mib),
            limits: limits.clone(),
            draining,
            methods: RwLock::default(),
            unknown: Arc::new(Method::new("unknown")),
            in_progress: metrics::gauge!("customer360_requests_in_progress"),
            tenants: RandomState::new(),
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

impl<S, ResBody> Service<Request<Body>> for Gate<S>
where
    S: Service<Request<Body>, Response = Response<ResBody>> + Clone + Send + 'static,
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

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let started = clock::stopwatch();
        // The one that is ready goes with the call.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let shared = self.shared.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let path = head.uri.path().to_owned();
            let manner = Manner::of(&path);
            let asked = head.headers.get("grpc-timeout").map(|text| parse_timeout(text.as_bytes()));
            let Some(deadline) = shared.deadline(asked, manner) else {
                return Ok(turned_away(TurnedAway::TimeoutMalformed).into_http());
            };
            let place = Place::new(shared.tenant(&head.headers), shared.in_progress.clone());
            let mut pass = Pass {
                started,
                path,
                code: None,
                expiry: deadline.map(|after| Box::pin(tokio::time::sleep(after))),
                drained: manner.lasts().then(|| drained(shared.draining.clone())),
                place: place.clone(),
                shared,
            };
            let body = match pass.admit(manner, body).await {
                Ok(body) => body,
                Err(status) => return Ok(pass.refused(status)),
            };
            let answering = place::within(Some(place), inner.call(Request::from_parts(head, body)));
            let answered = tokio::select! {
                biased;
                reply = answering => Ok(reply?),
                status = pass.cut() => Err(status),
            };
            let (head, body) = match answered {
                Ok(reply) => reply.into_parts(),
                Err(status) => return Ok(pass.refused(status)),
            };
            if let Some(status) = Status::from_header_map(&head.headers) {
                let explained = rpc::error::explained(&status);
                pass.ended(explained.as_ref().unwrap_or(&status).code());
                if let Some(explained) = explained {
                    return Ok(explained.into_http());
                }
            }
            Ok(Response::from_parts(head, Body::new(Passing { inner: Some(Box::pin(body)), pass })))
        })
    }
}

/// How a call is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// It takes a place among the requests, and has a deadline.
    Call,
    /// Whether the service is there: answered to everybody, also when all places are taken.
    Health,
    /// Lasts by nature: no deadline but the caller's own, and a place among the streams.
    Watch,
    /// The same, of which many messages come in.
    Import,
}

impl Manner {
    fn of(path: &str) -> Self {
        match path {
            "/grpc.health.v1.Health/Check" => Self::Health,
            _ if path.ends_with("/ImportTouchpoints") => Self::Import,
            _ if path.starts_with("/grpc.reflection.") || path.contains("/Watch") => Self::Watch,
            _ => Self::Call,
        }
    }

    fn lasts(self) -> bool {
        matches!(self, Self::Watch | Self::Import)
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
    place: Arc<Place>,
}

fn turned_away(why: TurnedAway) -> Status {
    PortError::from(why).into()
}

fn too_many(what: &'static str, setting: &'static str, limit: usize) -> Status {
    turned_away(TurnedAway::TooMany { limit: limit as u64, what, setting })
}

impl Pass {
    /// Waits for the message, then takes a place.
    async fn admit(&mut self, manner: Manner, body: Body) -> Result<Body, Status> {
        let (shared, limits) = (self.shared.clone(), self.shared.limits.clone());
        if manner.lasts() {
            let stream = shared.streams.clone().try_acquire_owned();
            let busy = |_| too_many("streams are open", "max_streams", limits.max_streams);
            self.place.hold(stream.map_err(busy)?);
        }
        if manner == Manner::Import {
            return Ok(Body::new(Import::new(body, shared.imports.clone(), self.place.clone())));
        }
        let most = if manner == Manner::Health { HEALTH_BYTES } else { limits.max_message_bytes };
        let arriving = arrival::first_message(body, &shared.requests, most);
        let arrived = tokio::select! {
            arrived = tokio::time::timeout(limits.message, arriving) => arrived,
            status = self.cut() => return Err(status),
        };
        let late = |_| turned_away(TurnedAway::MessageLate { seconds: limits.message.as_secs() });
        let full = |_| turned_away(TurnedAway::NoRoom { mib: limits.requests_mib });
        let (body, room) = arrived.map_err(late)?.map_err(full)?;
        if manner == Manner::Call {
            let admitted = shared.admission.clone().try_acquire_owned();
            let busy = |_| too_many("calls are in progress", "max_requests", limits.max_requests);
            self.place.hold(admitted.map_err(busy)?);
            // What lasts does not hold the memory of its question.
            room.into_iter().for_each(|room| self.place.hold(room));
        }
        Ok(body)
    }

    fn refused(&mut self, status: Status) -> Response<Body> {
        self.ended(status.code());
        status.into_http()
    }

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
            return Poll::Ready(turned_away(TurnedAway::Expired));
        }
        if let Some(drained) = &mut self.drained
            && drained.as_mut().poll(cx).is_ready()
        {
            self.drained = None;
            return Poll::Ready(turned_away(TurnedAway::Stopping));
        }
        Poll::Pending
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        // A reply without a status was given up by the caller.
        let code = self.code.unwrap_or(Code::Cancelled);
        self.place.leave();
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
                let explained = rpc::error::explained(&status);
                this.pass.ended(explained.as_ref().unwrap_or(&status).code());
                if let Some(explained) = explained {
                    return Poll::Ready(Some(last(explained)));
                }
            }
            return Poll::Ready(frame.map(|f| f.map_err(Into::into)));
        }
        let Poll::Ready(status) = this.pass.poll_cut(cx) else { return Poll::Pending };
        // Dropping the rest of the answer stops the work behind it.
        this.inner = None;
        this.pass.ended(status.code());
        Poll::Ready(Some(last(status)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(|inner| inner.is_end_stream())
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.as_ref().map(|inner| inner.size_hint()).unwrap_or_default()
    }
}

/// The last frame of an answer.
fn last(status: Status) -> Result<http_body::Frame<Bytes>, Box<dyn std::error::Error + Send + Sync>> {
    let mut trailers = HeaderMap::new();
    match status.add_header(&mut trailers) {
        Ok(()) => Ok(http_body::Frame::trailers(trailers)),
        Err(status) => Err(status.into()),
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
    /// How long the call may take, if it ends at all; `None` when what was asked is malformed.
    fn deadline(&self, asked: Option<Option<Duration>>, manner: Manner) -> Option<Option<Duration>> {
        match asked {
            Some(None) => None,
            Some(Some(asked)) if manner.lasts() => Some(Some(asked)),
            Some(Some(asked)) => Some(Some(asked.min(self.limits.max_deadline))),
            None => Some((!manner.lasts()).then_some(self.limits.max_deadline)),
        }
    }

    fn tenant(&self, headers: &HeaderMap) -> u64 {
        headers.get(rpc::TENANT_METADATA).map_or(0, |name| self.tenants.hash_one(name.as_bytes()))
    }

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

fn drained(mut draining: watch::Receiver<bool>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let _ = draining.wait_for(|stopping| *stopping).await;
    })
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
