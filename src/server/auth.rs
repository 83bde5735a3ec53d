//! The layer that lets calls in: who calls, for which tenant, whether the table of RPCs allows it, and
//! how often. Looks at headers only; what it found out goes with the request to the handler, as a
//! [`Caller`].

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::credentials::{Credentials, Presented};
use super::peer::Peer;
use crate::access::principal::Named;
use crate::access::rate::Bucket;
use crate::access::{Access, Caller, Denied, Principal, TenantState, access_of};
use crate::model::Micros;
use crate::rpc::TENANT_METADATA;
use crate::rpc::error::PortError;

mod lasting;

/// Lines of the log about refused calls, a second; the metrics count all.
const LOGGED_PER_SECOND: u64 = 10;

/// Puts an [`Auth`] before a service.
#[derive(Clone)]
pub struct AuthLayer(Arc<Shared>);

struct Shared {
    credentials: Arc<Credentials>,
    logged: Option<Bucket>,
}

impl AuthLayer {
    #[must_use]
    pub fn new(credentials: Arc<Credentials>) -> Self {
        Self(Arc::new(Shared { credentials, logged: Bucket::per_second(LOGGED_PER_SECOND) }))
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth { inner, shared: self.0.clone() }
    }
}

/// See the module.
#[derive(Clone)]
pub struct Auth<S> {
    inner: S,
    shared: Arc<Shared>,
}

type Answering<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

/// The answer, or the way to it.
pub enum Admitted<F, E> {
    Passed(Pin<Box<F>>),
    Refused(Option<Response<Body>>),
    Watched(Answering<E>),
}

impl<F, E> Future for Admitted<F, E>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // All variants are `Unpin`: what must not move is in a box.
        match self.get_mut() {
            Self::Passed(answering) => answering.as_mut().poll(cx),
            Self::Watched(answering) => answering.as_mut().poll(cx),
            Self::Refused(reply) => Poll::Ready(Ok(reply.take().unwrap_or_default())),
        }
    }
}

impl<S, B> Service<Request<B>> for Auth<S>
where
    S: Service<Request<B>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Admitted<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let peer = Peer::of(request.extensions());
        let address = peer.and_then(|peer| peer.address);
        let access = match access_of(request.uri().path()) {
            Some(Access::Open) => return Admitted::Passed(Box::pin(self.inner.call(request))),
            Some(access) => access,
            None if self.shared.credentials.lets_unlisted() => {
                return Admitted::Passed(Box::pin(self.inner.call(request)));
            }
            None => {
                let refused = self.shared.refuse(&Denied::MethodUnknown, "unknown", None, address);
                return Admitted::Refused(Some(refused));
            }
        };
        match self.shared.credentials.present(request.headers(), peer) {
            Presented::Known(presented) => match self.shared.admit(presented, access, request, address) {
                Ok((caller, request)) => answered(&mut self.inner, &self.shared, caller, request),
                Err(reply) => Admitted::Refused(Some(*reply)),
            },
            Presented::Token(token) => {
                let (shared, clone) = (self.shared.clone(), self.inner.clone());
                // The one that is ready goes with the call.
                let mut inner = std::mem::replace(&mut self.inner, clone);
                Admitted::Watched(Box::pin(async move {
                    let presented = shared.credentials.verify(&token, address).await;
                    match shared.admit(presented, access, request, address) {
                        Ok((caller, request)) => answered(&mut inner, &shared, caller, request).await,
                        Err(reply) => Ok(*reply),
                    }
                }))
            }
        }
    }
}

/// The answer to a call that was let in.
fn answered<S, B>(
    inner: &mut S,
    shared: &Shared,
    caller: Caller,
    mut request: Request<B>,
) -> Admitted<S::Future, S::Error>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    let watched = lasting::is_lasting(request.uri().path()) && !caller.principal.is_everybody();
    let principal = watched.then(|| caller.principal.clone());
    request.extensions_mut().insert(caller);
    let answering = inner.call(request);
    match principal {
        Some(principal) => {
            let credentials = shared.credentials.clone();
            Admitted::Watched(Box::pin(lasting::watched(answering, principal, credentials)))
        }
        None => Admitted::Passed(Box::pin(answering)),
    }
}

impl Shared {
    /// The caller of a call that is let in, or the answer to one that is not.
    fn admit<B>(
        &self,
        presented: Result<Arc<Principal>, Denied>,
        access: Access,
        request: Request<B>,
        peer: Option<IpAddr>,
    ) -> Result<(Caller, Request<B>), Box<Response<Body>>> {
        let path = request.uri().path();
        let principal = presented.map_err(|denied| Box::new(self.refuse(&denied, path, None, peer)))?;
        let decided = Caller::admit(&principal, access, named(request.headers()))
            .and_then(|caller| self.may_ask(caller, access, self.credentials.now()));
        match decided {
            Ok(caller) => Ok((caller, request)),
            Err(denied) => Err(Box::new(self.refuse(&denied, path, Some(&principal.name), peer))),
        }
    }

    /// Whether the tenant is open, and neither it nor the principal asks too often.
    fn may_ask(&self, mut caller: Caller, access: Access, now: Micros) -> Result<Caller, Denied> {
        let limited = |taken: Result<(), i64>| taken.map_err(|retry_us| Denied::RateLimited { retry_us });
        if let Some(bucket) = &caller.principal.bucket {
            limited(bucket.take(now, 1))?;
        }
        if !matches!(access, Access::Within(_)) {
            return Ok(caller);
        }
        let directory = self.credentials.directory();
        let Some(tenant) = directory.tenant(&caller.tenant) else { return Ok(caller) };
        match tenant.state {
            TenantState::Active => {}
            TenantState::Suspended => return Err(Denied::TenantSuspended),
            TenantState::Deleted => return Err(Denied::TenantNotFound),
        }
        if let Some(bucket) = &tenant.requests {
            limited(bucket.take(now, 1))?;
        }
        caller.quota = Some(tenant.clone());
        Ok(caller)
    }

    /// The answer to a refused call. The credential is in no line of the log.
    fn refuse(
        &self,
        denied: &Denied,
        path: &str,
        principal: Option<&str>,
        peer: Option<IpAddr>,
    ) -> Response<Body> {
        let status = Status::from(PortError::Denied(denied.clone()));
        metrics::counter!("customer360_calls_refused_total", "code" => format!("{:?}", status.code()))
            .increment(1);
        let now = self.credentials.now();
        if self.logged.as_ref().is_some_and(|bucket| bucket.take(now, 1).is_ok()) {
            let peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
            tracing::warn!(path, principal, peer, why = %denied, "a call was refused");
        }
        status.into_http()
    }
}

/// How a call names its tenant.
fn named(headers: &HeaderMap) -> Named<'_> {
    let mut values = headers.get_all(TENANT_METADATA).iter();
    match (values.next(), values.next()) {
        (None, _) => Named::Nothing,
        (Some(name), None) => name.to_str().map_or(Named::Malformed, Named::One),
        (Some(_), Some(_)) => Named::Malformed,
    }
}
