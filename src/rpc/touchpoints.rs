//! The touchpoint service: facts in, facts out.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status, Streaming};

use super::access::caller;
use super::convert::{self, Asks, Checks, Noted, Path, activity_type_number, identifier_to_proto};
use super::error::PortError;
use super::outcome::{self, RecordOutcome, Sum};
use super::page::{self, Query};
use super::proto;
use super::proto::touchpoint_service_server::TouchpointService;
use super::{Port, blocking, customer_id, detached, parse_customer_id, place, tenant_name, writing};
use crate::access::{Caller, Denied, Permission};
use crate::identity::Rules;
use crate::model::{
    Channel, Identifier, Micros, Reason, Revision, TenantKey, TenantName, TimeRange, TouchKey, Violation,
};
use crate::store::{
    By, DataKey, Filter, Incoming, KeptOut, Page, QueueLimit, Recorded, StoreError, StoredTouchpoint, Voiding,
};

/// Batches of one import that are checked at the same time, and as many in the writer's queue.
const BATCHES_IN_FLIGHT: usize = 4;
/// How long an import waits when the queue is full.
const QUEUE_PAUSE: Duration = Duration::from_millis(20);
/// Batches of at most this many are checked where they arrive.
const SMALL_BATCH: usize = 32;

#[tonic::async_trait]
impl TouchpointService for Port {
    async fn record_touchpoints(
        &self,
        request: Request<proto::RecordTouchpointsRequest>,
    ) -> Result<Response<proto::RecordTouchpointsResponse>, Status> {
        let caller = caller(&request)?;
        let proto::RecordTouchpointsRequest { touchpoints, explain, strict } = request.into_inner();
        let (port, public) = (self.clone(), caller.is_public());
        let (limit, size) = (writing::PUBLIC_BATCH, touchpoints.len());
        if public && size > limit {
            return Err(PortError::BatchTooLarge { limit, size }.into());
        }
        let asks = Asks { explain, strict };
        let recorded = detached(async move { port.record(caller, touchpoints, asks).await }).await?;
        let mut outcomes = recorded.outcomes.into_iter().map(RecordOutcome::into_proto).collect::<Vec<_>>();
        if public {
            writing::hush(&mut outcomes);
        }
        outcome::trim(&mut outcomes);
        Ok(Response::new(proto::RecordTouchpointsResponse { outcomes, revision: recorded.revision.0 }))
    }

    async fn import_touchpoints(
        &self,
        request: Request<Streaming<proto::ImportTouchpointsRequest>>,
    ) -> Result<Response<proto::ImportTouchpointsResponse>, Status> {
        let caller = caller(&request)?;
        if caller.is_public() {
            return Err(PortError::Denied(Denied::PermissionMissing(Permission::TouchpointWrite)).into());
        }
        let batches = request.into_inner();
        let port = self.clone();
        Ok(Response::new(detached(async move { port.import(caller, batches).await }).await?))
    }

    async fn get_touchpoint(
        &self,
        request: Request<proto::GetTouchpointRequest>,
    ) -> Result<Response<proto::GetTouchpointResponse>, Status> {
        let tenant = tenant_name(&request)?;
        let asked = request.into_inner();
        let port = self.clone();
        let key = key(&port, asked.source, asked.source_id)?;
        let answer = detached(async move {
            let tenant = port.known_tenant(&tenant, asked.at_least_as_fresh).await?;
            let tenant = tenant.ok_or(PortError::TouchpointNotFound)?;
            let (revision, found) = port.store.touchpoint_version(tenant.key, &key, asked.version).await?;
            let found = found.filter(|found| found.voided.is_none()).ok_or(PortError::TouchpointNotFound)?;
            let touchpoint = Some(stored_to_proto(tenant.key, found));
            Ok(proto::GetTouchpointResponse { touchpoint, revision: revision.0 })
        });
        Ok(Response::new(answer.await?))
    }

    async fn list_touchpoints(
        &self,
        request: Request<proto::ListTouchpointsRequest>,
    ) -> Result<Response<proto::ListTouchpointsResponse>, Status> {
        let tenant = tenant_name(&request)?;
        let asked = request.into_inner();
        let port = self.clone();
        Ok(Response::new(detached(async move { port.list(tenant, asked).await }).await?))
    }

    async fn void_touchpoint(
        &self,
        request: Request<proto::VoidTouchpointRequest>,
    ) -> Result<Response<proto::VoidTouchpointResponse>, Status> {
        let caller = caller(&request)?;
        let tenant = caller.tenant.clone();
        let asked = request.into_inner();
        let port = self.clone();
        let key = key(&port, asked.source, asked.source_id)?;
        if !caller.scope.writes_source(&key.source) {
            return Err(
                PortError::field("source", Reason::Denied, "the key is bound to other sources").into()
            );
        }
        let limits = &port.settings.limits;
        let mut checks = Checks::new(limits);
        let root = Path::root();
        let voiding = Voiding {
            version: asked.version,
            reason: checks.required_text(&root.field("reason"), asked.reason, limits.text_bytes),
            author: checks.bounded_text(&root.field("author"), asked.author, limits.source_bytes),
            principal: caller.signature(),
        };
        let voiding = checks.finish(voiding).map_err(PortError::Invalid)?;
        let answer = detached(async move {
            let tenant = port.tenant(&tenant, 0).await?.ok_or(PortError::TouchpointNotFound)?;
            let voided = port.store.void_version(tenant.key, &key, &voiding).await?;
            let voided = voided.ok_or(PortError::TouchpointNotFound)?;
            Ok(proto::VoidTouchpointResponse { revision: voided.revision.0, version: voided.version })
        });
        Ok(Response::new(answer.await?))
    }
}

/// What became of a batch.
struct BatchRecorded {
    revision: Revision,
    outcomes: Vec<RecordOutcome>,
}

impl Port {
    /// Records what is right of a batch.
    async fn record(
        &self,
        caller: Caller,
        touchpoints: Vec<proto::Touchpoint>,
        asks: Asks,
    ) -> Result<BatchRecorded, PortError> {
        self.pay(&caller, touchpoints.len(), false).await?;
        let checked = self.check_batch(caller, touchpoints, asks).await?;
        let Checked { tenant, incoming, looked_at, nothing } = checked;
        let stored = match incoming.is_empty() {
            true => nothing,
            false => self.store.record(tenant, incoming).await?,
        };
        self.recorded(tenant, looked_at, stored).await
    }

    /// The outcomes of a batch in its order: of what was refused, and of what was stored.
    async fn recorded(
        &self,
        tenant: TenantKey,
        mut looked_at: LookedAt,
        stored: Recorded,
    ) -> Result<BatchRecorded, PortError> {
        self.note_kept_out(tenant, &mut looked_at).await?;
        let mut stored_outcomes = stored.outcomes.into_iter();
        let outcome = |(i, looked_at): (usize, Result<Noted, Vec<Violation>>)| match looked_at {
            Err(violations) => Ok(RecordOutcome::invalid(violations)),
            Ok(noted) => stored_outcomes
                .next()
                .map(|outcome| RecordOutcome::of(tenant, i, outcome, noted.notes))
                .ok_or(PortError::Panicked),
        };
        let outcomes = looked_at.into_iter().enumerate().map(outcome).collect::<Result<_, _>>()?;
        Ok(BatchRecorded { revision: stored.revision, outcomes })
    }

    /// Notes, where that was asked for, which identifiers link by themselves and not here.
    async fn note_kept_out(&self, tenant: TenantKey, looked_at: &mut LookedAt) -> Result<(), PortError> {
        let mut asked: Vec<&mut Noted> =
            looked_at.iter_mut().flatten().filter(|noted| !noted.linking.is_empty()).collect();
        let set =
            |noted: &&mut Noted| noted.linking.iter().map(|(_, identifier)| identifier.clone()).collect();
        let sets: Vec<Vec<Identifier>> = asked.iter().map(set).collect();
        if sets.is_empty() {
            return Ok(());
        }
        for KeptOut { set, identifier, why } in self.store.kept_out(tenant, sets).await? {
            let Noted { notes, linking } = &mut *asked[set];
            for (path, _) in linking.iter().filter(|(_, one)| *one == identifier) {
                notes.push(outcome::kept_out(path, why));
            }
        }
        Ok(())
    }

    /// Everything about a batch that needs no database, off the threads that serve.
    async fn check_batch(
        &self,
        caller: Caller,
        touchpoints: Vec<proto::Touchpoint>,
        asks: Asks,
    ) -> Result<Checked, PortError> {
        let (limit, size) = (self.settings.limits.batch_touchpoints, touchpoints.len());
        if size > limit {
            return Err(PortError::BatchTooLarge { limit, size });
        }
        let tenant = self.open_tenant(&caller.tenant).await?;
        let (now, settings) = ((self.clock)(), self.settings.clone());
        let rules: Arc<Rules> = tenant.rules.clone();
        let key = tenant.data_key.clone();
        let check = move || check_all(&caller, touchpoints, (&rules, &key), now, &settings.limits, asks);
        let (incoming, looked_at) = if size <= SMALL_BATCH { check() } else { blocking(check).await? };
        let revision = match incoming.is_empty() {
            true => self.store.revision(tenant.key).await?,
            false => tenant.revision,
        };
        let nothing = Recorded { revision, outcomes: Vec::new() };
        Ok(Checked { tenant: tenant.key, incoming, looked_at, nothing })
    }

    /// Batches are checked at the same time and queued in the order of the stream: what is in
    /// order is cheapest to resolve.
    async fn import(
        &self,
        caller: Caller,
        mut batches: Streaming<proto::ImportTouchpointsRequest>,
    ) -> Result<proto::ImportTouchpointsResponse, PortError> {
        let (mut import, held) = (Import::default(), place::held());
        loop {
            let batch = tokio::select! {
                biased;
                batch = next(&mut batches, self.settings.stream_idle) => batch?,
                // The next message may wait for the memory of those under check.
                checked = oldest(&mut import.checking) => {
                    import.checking.pop_front();
                    import.queue(self, checked?).await?;
                    continue;
                }
            };
            let Some(batch) = batch else { break };
            // That of the message goes with its batch until that is in the writer's queue.
            let memory = held.as_ref().and_then(|held| held.take_arrived());
            if import.checking.len() >= BATCHES_IN_FLIGHT {
                import.advance(self).await?;
            }
            let (port, caller) = (self.clone(), caller.clone());
            import.checking.push_back(tokio::spawn(place::within(held.clone(), async move {
                let keys = batch.touchpoints.iter().map(key_to_proto).collect();
                let asks = Asks { explain: batch.explain, strict: batch.strict };
                port.pay(&caller, batch.touchpoints.len(), true).await?;
                Ok((keys, port.check_batch(caller, batch.touchpoints, asks).await?, memory))
            })));
        }
        while !import.checking.is_empty() {
            import.advance(self).await?;
        }
        while !import.writing.is_empty() {
            import.finish_oldest(self).await?;
        }
        Ok(import.sum.into_proto())
    }

    async fn list(
        &self,
        name: TenantName,
        mut asked: proto::ListTouchpointsRequest,
    ) -> Result<proto::ListTouchpointsResponse, PortError> {
        let size = page::page_size(asked.page_size, self.settings.page_size, self.settings.max_page_size)?;
        let (token, at_least) = (std::mem::take(&mut asked.page_token), asked.at_least_as_fresh);
        (asked.page_size, asked.at_least_as_fresh) = (0, 0);
        let query = Query::of("ListTouchpoints", &name, &asked);
        let after = query.place(&token)?.map(|(at, no)| (Micros(at), no));
        let filter = filter(&self.settings.limits, &asked)?;
        let Some(tenant) = self.known_tenant(&name, at_least).await? else {
            return match asked.customer_id.is_empty() {
                true => Ok(proto::ListTouchpointsResponse::default()),
                false => Err(PortError::CustomerNotFound),
            };
        };
        let by = match asked.customer_id.as_str() {
            "" => By::Tenant,
            id => By::Customer(parse_customer_id(tenant.key, "customer_id", id)?),
        };
        let page = Page { after, size: i64::try_from(size).unwrap_or(i64::MAX) };
        let known = self.known(tenant.key, "as_known_at", asked.as_known_at.as_ref()).await?;
        let listed = self.store.touchpoints(tenant.key, known.as_ref(), by, &filter, page).await?;
        if let By::Customer(observation) = by
            && listed.entries.is_empty()
        {
            let (_, found) = self.records(&tenant, known.as_ref(), &[observation]).await?;
            if found.first().is_none_or(Option::is_none) {
                return Err(PortError::CustomerNotFound);
            }
        }
        let full = listed.entries.len() >= size;
        let places: Vec<(i64, i64)> =
            listed.entries.iter().map(|entry| (entry.touchpoint.at.0, entry.no.0)).collect();
        let mut touchpoints: Vec<_> =
            listed.entries.into_iter().map(|entry| stored_to_proto(tenant.key, entry)).collect();
        let more = page::fit(&mut touchpoints) || full;
        let last = touchpoints.len().checked_sub(1).and_then(|last| places.get(last));
        let next_page_token = last.filter(|_| more).map_or_else(String::new, |place| query.token(*place));
        Ok(proto::ListTouchpointsResponse { touchpoints, next_page_token, revision: listed.revision.0 })
    }
}

/// What can be recorded, and for each of the batch what is to be said of it.
fn check_all(
    caller: &Caller,
    touchpoints: Vec<proto::Touchpoint>,
    (rules, key): (&Rules, &DataKey),
    now: Micros,
    limits: &convert::Limits,
    asks: Asks,
) -> (Vec<Incoming>, LookedAt) {
    let root = Path::root();
    let mut incoming = Vec::with_capacity(touchpoints.len());
    let mut looked_at = Vec::with_capacity(touchpoints.len());
    for (i, message) in touchpoints.into_iter().enumerate() {
        let at = root.item("touchpoints", i);
        if let Some(denied) = writing::denied(caller, &message, &at, rules, now) {
            looked_at.push(Err(vec![denied]));
            continue;
        }
        let version = message.version;
        match convert::touchpoint(message, &at, rules, now, limits, asks) {
            Ok((touchpoint, notes)) => {
                incoming.push(Incoming::new(touchpoint).with_version(version).sealed(key));
                looked_at.push(Ok(notes));
            }
            Err(violations) => looked_at.push(Err(violations)),
        }
    }
    (incoming, looked_at)
}

type Keys = Vec<proto::TouchpointKey>;
/// For each of a batch what is to be noted, or why it is refused.
type LookedAt = Vec<Result<Noted, Vec<Violation>>>;
type Writing = Pin<Box<dyn Future<Output = Result<Recorded, StoreError>> + Send>>;

/// A batch of which everything is known that needs no database.
struct Checked {
    tenant: TenantKey,
    incoming: Vec<Incoming>,
    looked_at: LookedAt,
    /// The answer of the store when nothing is left to be recorded.
    nothing: Recorded,
}

/// A checked batch with its keys, and the memory of its message.
type BatchChecked = (Keys, Checked, Option<OwnedSemaphorePermit>);

/// A stream on its way: batches under check, then batches in the writer's queue, oldest first.
#[derive(Default)]
struct Import {
    checking: VecDeque<JoinHandle<Result<BatchChecked, PortError>>>,
    writing: VecDeque<(Keys, TenantKey, LookedAt, Writing)>,
    sum: Sum,
}

impl Import {
    /// Moves the oldest checked batch into the writer's queue.
    async fn advance(&mut self, port: &Port) -> Result<(), PortError> {
        let Some(checking) = self.checking.pop_front() else { return Ok(()) };
        let checked = checking.await.unwrap_or(Err(PortError::Panicked))?;
        self.queue(port, checked).await
    }

    async fn queue(&mut self, port: &Port, checked: BatchChecked) -> Result<(), PortError> {
        let (keys, checked, _memory) = checked;
        let Checked { tenant, incoming, looked_at, nothing } = checked;
        if self.writing.len() >= BATCHES_IN_FLIGHT {
            self.finish_oldest(port).await?;
        }
        let writing: Writing = match incoming.is_empty() {
            true => Box::pin(std::future::ready(Ok(nothing))),
            false => queued(port, tenant, &incoming).await,
        };
        self.writing.push_back((keys, tenant, looked_at, writing));
        Ok(())
    }

    async fn finish_oldest(&mut self, port: &Port) -> Result<(), PortError> {
        let Some((keys, tenant, looked_at, writing)) = self.writing.pop_front() else { return Ok(()) };
        let stored = writing.await?;
        let batch = port.recorded(tenant, looked_at, stored).await?;
        self.sum.add(batch.revision, keys, batch.outcomes);
        Ok(())
    }
}

/// The next batch of a stream, within the time that a sender may be silent.
async fn next(
    batches: &mut Streaming<proto::ImportTouchpointsRequest>,
    idle: Duration,
) -> Result<Option<proto::ImportTouchpointsRequest>, PortError> {
    match tokio::time::timeout(idle, batches.message()).await {
        Ok(batch) => batch.map_err(|status| PortError::Stream(Box::new(status))),
        Err(_) => Err(PortError::StreamIdle { seconds: idle.as_secs() }),
    }
}

/// What became of the oldest batch under check; never, if there is none. It stays where it is.
async fn oldest(
    checking: &mut VecDeque<JoinHandle<Result<BatchChecked, PortError>>>,
) -> Result<BatchChecked, PortError> {
    match checking.front_mut() {
        Some(oldest) => oldest.await.unwrap_or(Err(PortError::Panicked)),
        None => std::future::pending().await,
    }
}

/// Puts a batch into the writer's queue and returns what waits for it. A full queue is waited
/// for: that holds back the sender, which is the point of a stream.
async fn queued(port: &Port, tenant: TenantKey, incoming: &[Incoming]) -> Writing {
    loop {
        let (store, batch) = (port.store.clone(), incoming.to_vec());
        let mut writing: Writing = Box::pin(async move { store.record(tenant, batch).await });
        // The first poll puts it into the queue, or finds that full.
        let first = std::future::poll_fn(|cx| Poll::Ready(writing.as_mut().poll(cx))).await;
        match first {
            Poll::Pending => return writing,
            Poll::Ready(Err(StoreError::QueueFull { limit })) if fits(incoming, limit) => {
                tokio::time::sleep(QUEUE_PAUSE).await;
            }
            Poll::Ready(done) => return Box::pin(std::future::ready(done)),
        }
    }
}

/// Whether a batch can ever find room in the queue.
fn fits(incoming: &[Incoming], limit: QueueLimit) -> bool {
    match limit {
        QueueLimit::Touchpoints(most) => incoming.len() <= most,
        // One that is too large goes alone.
        QueueLimit::Bytes(_) => true,
    }
}

fn key_to_proto(touchpoint: &proto::Touchpoint) -> proto::TouchpointKey {
    // A key too long to be one is not repeated.
    let short = |text: &str| text.chars().take(256).collect();
    proto::TouchpointKey {
        source: short(&touchpoint.source),
        source_id: short(&touchpoint.source_id),
        version: Some(touchpoint.version),
    }
}

fn key(port: &Port, source: String, source_id: String) -> Result<TouchKey, PortError> {
    let (root, limits) = (Path::root(), &port.settings.limits);
    let mut checks = Checks::new(limits);
    let key = TouchKey {
        source: checks.required_text(&root.field("source"), source, limits.source_bytes),
        source_id: checks.required_text(&root.field("source_id"), source_id, limits.source_id_bytes),
    };
    checks.finish(key).map_err(PortError::Invalid)
}

fn filter(limits: &convert::Limits, asked: &proto::ListTouchpointsRequest) -> Result<Filter, PortError> {
    let root = Path::root();
    let mut checks = Checks::new(limits);
    let range = time_range(&mut checks, &root.field("range"), asked.range);
    let mut activities = Vec::new();
    for (i, &number) in asked.types.iter().enumerate() {
        match convert::activity_type(number) {
            Some(activity) => activities.push(activity),
            None => checks.refuse(&root.item("types", i), Reason::Unknown, "is no type of touchpoints"),
        }
    }
    let mut channels: Vec<Channel> = Vec::new();
    for (i, name) in asked.channels.iter().enumerate() {
        channels.push(convert::channel(&mut checks, &root.item("channels", i), name));
    }
    checks.finish(Filter { range, activities, channels }).map_err(PortError::Invalid)
}

/// A range whose ends may be open.
fn time_range(checks: &mut Checks<'_>, at: &Path<'_>, range: Option<proto::TimeRange>) -> TimeRange {
    let Some(range) = range else { return TimeRange::ALL };
    let from = checks.instant(&at.field("start"), range.start).unwrap_or(TimeRange::ALL.from);
    let until = checks.instant(&at.field("end"), range.end).unwrap_or(TimeRange::ALL.until);
    if from > until {
        checks.refuse(at, Reason::OutOfRange, "ends before it starts");
    }
    TimeRange { from, until }
}

fn stored_to_proto(tenant: TenantKey, mut stored: StoredTouchpoint) -> proto::RecordedTouchpoint {
    let blocked = std::mem::take(&mut stored.touchpoint.details.blocked);
    let unusable = std::mem::take(&mut stored.touchpoint.details.unusable);
    proto::RecordedTouchpoint {
        r#type: activity_type_number(stored.touchpoint.details.activity.activity_type()),
        customer_id: stored.customer.map_or_else(String::new, |no| customer_id(tenant, no)),
        blocked_identifiers: blocked.into_iter().map(identifier_to_proto).collect(),
        unusable_identifiers: unusable.into_iter().map(convert::unusable_to_proto).collect(),
        recorded_revision: stored.revision.0,
        superseded: stored.superseded,
        touchpoint: Some(proto::Touchpoint {
            version: stored.version,
            ..convert::touchpoint_to_proto(stored.touchpoint)
        }),
    }
}
