//! The feed service: what changed, as it changes. Each caller's feed is read from the store by
//! pages, and the next page only when the caller has taken the one before.

use std::time::Duration;

use rustc_hash::FxHashSet;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::convert::{Choice, timestamp};
use super::error::PortError;
use super::page::Query;
use super::proto::feed_service_server::FeedService;
use super::proto::identity_event::Event as Told;
use super::proto::watch_identities_request::Start;
use super::proto::{self, IdentityEventKind};
use super::{Port, customer_id, parse_customer_id, tenant_name};
use crate::clock::stopwatch;
use crate::identity::feed::Event;
use crate::model::{CustomerKind, ObservationNo, Reason, Revision, TenantKey, TenantName};
use crate::store::{RevisionEvents, Tenant};

/// Events of one message.
const EVENTS: usize = 1_000;
/// Customers that one feed can be about.
const CUSTOMERS: usize = 1_000;
const HEARTBEAT: u64 = 15;
const HEARTBEAT_LIMIT: i32 = 3_600;
/// How often a feed that has come to the end looks for what other processes have committed.
const POLL: Duration = Duration::from_millis(500);
/// After a commit: what is committed at nearly the same time is read together.
const GATHER: Duration = Duration::from_millis(20);

mod before;

type Message = Result<proto::WatchIdentitiesResponse, Status>;

#[tonic::async_trait]
impl FeedService for Port {
    type WatchIdentitiesStream = ReceiverStream<Message>;

    async fn watch_identities(
        &self,
        request: Request<proto::WatchIdentitiesRequest>,
    ) -> Result<Response<Self::WatchIdentitiesStream>, Status> {
        let name = tenant_name(&request)?;
        let asked = request.into_inner();
        let heartbeat = heartbeat(asked.heartbeat_seconds)?;
        let limit = self.settings.max_feeds;
        let place = self.feeds.clone().try_acquire_owned();
        let place = place.map_err(|_| PortError::TooManyFeeds { limit })?;
        let tenant = match self.known_tenant(&name, 0).await? {
            Some(tenant) => tenant,
            None if self.settings.tenants_by_writing => {
                let feed = self.watch_before_the_first(name, asked, heartbeat, place).await?;
                return Ok(Response::new(feed));
            }
            None => return Err(PortError::TenantNotFound.into()),
        };
        let query = cursors(&name);
        let next = self.start(&tenant, query, asked.start.as_ref()).await?;
        let wanted = Wanted::parse(&tenant, &asked)?;
        // One message waits for the caller, and one more is made meanwhile.
        let (sender, messages) = mpsc::channel(1);
        let feed = Feed { port: self.clone(), tenant, query, next, wanted, heartbeat, sender, _place: place };
        tokio::spawn(feed.run());
        Ok(Response::new(ReceiverStream::new(messages)))
    }
}

/// A place in the feed: what was sent are all events up to a revision, and some of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    revision: Revision,
    events: usize,
    /// The revision of the last erasure that it knows of.
    erased_at: Revision,
}

impl Place {
    /// The same place after an erasure. In the middle of a revision the whole revision is told again,
    /// for it has other events now; events are assignments, so hearing one twice does no harm.
    fn seen(self, erased_at: Revision) -> Self {
        match erased_at == self.erased_at {
            true => self,
            false => Self { events: 0, erased_at, ..self },
        }
    }
}

/// A caller's feed.
struct Feed {
    port: Port,
    tenant: Tenant,
    query: Query,
    next: Place,
    wanted: Wanted,
    heartbeat: Duration,
    sender: mpsc::Sender<Message>,
    _place: OwnedSemaphorePermit,
}

/// What a caller wants to hear of.
struct Wanted {
    kinds: FxHashSet<IdentityEventKind>,
    customers: FxHashSet<ObservationNo>,
}

/// Cursors are bound to the tenant, and to nothing else.
fn cursors(name: &TenantName) -> Query {
    Query::of("WatchIdentities", name, &proto::WatchIdentitiesRequest::default())
}

fn cursor(query: Query, place: Place) -> String {
    query.cursor(place.revision, i64::try_from(place.events).unwrap_or(i64::MAX), place.erased_at)
}

fn heartbeat(seconds: Option<i32>) -> Result<Duration, PortError> {
    match seconds {
        None => Ok(Duration::from_secs(HEARTBEAT)),
        Some(seconds @ 1..=HEARTBEAT_LIMIT) => Ok(Duration::from_secs(u64::from(seconds.unsigned_abs()))),
        _ => {
            let what = format!("must be from 1 to {HEARTBEAT_LIMIT}");
            Err(PortError::field("heartbeat_seconds", Reason::OutOfRange, what))
        }
    }
}

impl Port {
    async fn start(&self, tenant: &Tenant, query: Query, start: Option<&Start>) -> Result<Place, PortError> {
        let erased_at = self.store.erased_at(tenant.key).await?;
        let place = match start {
            None => Place { revision: Revision(0), events: 0, erased_at },
            Some(Start::Cursor(cursor)) => {
                let place = query.cursor_place(cursor).map_err(|_| PortError::CursorMalformed)?;
                let (revision, events, erased_at) = place;
                let events = usize::try_from(events).map_err(|_| PortError::CursorMalformed)?;
                Place { revision, events, erased_at }
            }
            Some(Start::AfterRevision(revision)) => {
                Place { revision: Revision(*revision), events: 0, erased_at }
            }
        };
        let present = self.store.revision(tenant.key).await?;
        if !(Revision(0)..=present).contains(&place.revision) {
            let at = |revision| cursor(query, Place { revision, events: 0, erased_at });
            return Err(PortError::CursorOutOfRange { oldest: at(Revision(0)), latest: at(present) });
        }
        Ok(place)
    }
}

impl Wanted {
    fn parse(tenant: &Tenant, asked: &proto::WatchIdentitiesRequest) -> Result<Self, PortError> {
        let (limit, size) = (CUSTOMERS, asked.customer_ids.len());
        if size > limit {
            return Err(PortError::BatchTooLarge { limit, size });
        }
        let mut kinds = FxHashSet::default();
        for (i, &kind) in asked.kinds.iter().enumerate() {
            let kind = IdentityEventKind::try_from(kind).ok();
            kinds.insert(kind.filter(|kind| *kind != IdentityEventKind::Unspecified).ok_or_else(|| {
                PortError::field(format!("kinds[{i}]"), Reason::Unknown, "is no IdentityEventKind")
            })?);
        }
        let mut customers = FxHashSet::default();
        for (i, id) in asked.customer_ids.iter().enumerate() {
            customers.insert(parse_customer_id(tenant.key, &format!("customer_ids[{i}]"), id)?);
        }
        Ok(Self { kinds, customers })
    }

    fn wants(&self, event: &Event) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind(event)))
            && (self.customers.is_empty() || event.customers().iter().any(|no| self.customers.contains(no)))
    }
}

impl Feed {
    async fn run(mut self) {
        let sender = self.sender.clone();
        tokio::select! {
            () = sender.closed() => {}
            ended = self.follow() => {
                if let Err(error) = ended {
                    let _ = sender.send(Err(error.into())).await;
                }
            }
        }
    }

    /// Sends until the caller is gone.
    async fn follow(&mut self) -> Result<(), PortError> {
        let mut committed = self.port.store.committed_of(self.tenant.key);
        // The first message comes at once: it says where the feed stands.
        let (mut heard_at, mut is_heard) = (stopwatch(), false);
        loop {
            committed.mark_unchanged();
            let page = self.port.store.identity_events(self.tenant.key, self.next.revision).await?;
            let (caught_up, present) = (page.revisions.is_empty(), page.present);
            self.next = self.next.seen(page.erased_at);
            let mut events = Vec::new();
            for revision in page.revisions {
                if !self.send_revision(revision, present, &mut events).await {
                    return Ok(());
                }
            }
            let due = heard_at.elapsed() >= self.heartbeat || (caught_up && !is_heard);
            if !events.is_empty() || due {
                if !self.send(std::mem::take(&mut events), present).await {
                    return Ok(());
                }
                (heard_at, is_heard) = (stopwatch(), true);
            }
            if caught_up {
                let wait = POLL.min(self.heartbeat.saturating_sub(heard_at.elapsed()));
                if tokio::time::timeout(wait, committed.changed()).await.is_ok() {
                    tokio::time::sleep(GATHER).await;
                }
            }
        }
    }

    /// Adds a revision's events, and sends whenever a message is full. Says whether the caller is
    /// there.
    async fn send_revision(
        &mut self,
        told: RevisionEvents,
        present: Revision,
        events: &mut Vec<proto::IdentityEvent>,
    ) -> bool {
        let skipped = self.next.events;
        for (i, event) in told.events.iter().enumerate().skip(skipped) {
            self.next.events = i + 1;
            if self.wanted.wants(event) {
                events.push(event_to_proto(self.tenant.key, &told, event));
            }
            if events.len() >= EVENTS && !self.send(std::mem::take(events), present).await {
                return false;
            }
        }
        self.next = Place { revision: told.revision, events: 0, ..self.next };
        true
    }

    async fn send(&self, events: Vec<proto::IdentityEvent>, present: Revision) -> bool {
        let message = proto::WatchIdentitiesResponse {
            events,
            cursor: cursor(self.query, self.next),
            revision: self.next.revision.0,
            present_revision: present.0,
        };
        self.sender.send(Ok(message)).await.is_ok()
    }
}

fn kind(event: &Event) -> IdentityEventKind {
    match event {
        Event::Created { .. } => IdentityEventKind::Created,
        Event::Assigned { .. } => IdentityEventKind::Assigned,
        Event::Merged { .. } => IdentityEventKind::Merged,
        Event::Split { .. } => IdentityEventKind::Split,
        Event::KindChanged { .. } => IdentityEventKind::KindChanged,
        Event::Ended { .. } => IdentityEventKind::Ended,
        Event::SharingChanged { .. } => IdentityEventKind::SharingChanged,
        Event::Upgraded { .. } => IdentityEventKind::Upgraded,
    }
}

fn kind_number(registered: bool) -> i32 {
    if registered { CustomerKind::Registered.number() } else { CustomerKind::Anonymous.number() }
}

fn event_to_proto(tenant: TenantKey, of: &RevisionEvents, event: &Event) -> proto::IdentityEvent {
    proto::IdentityEvent {
        revision: of.revision.0,
        committed_at: Some(timestamp(of.committed_at)),
        event: Some(event_told(tenant, event)),
    }
}

pub(super) fn event_told(tenant: TenantKey, event: &Event) -> Told {
    let id = |no: ObservationNo| customer_id(tenant, no);
    match event {
        Event::Created { customer, registered } => Told::Created(proto::CustomerCreated {
            customer_id: id(*customer),
            kind: kind_number(*registered),
        }),
        Event::Assigned { observation, from, to, later } => Told::Assigned(proto::ObservationAssigned {
            observation_id: id(*observation),
            from_customer_id: from.map_or_else(String::new, id),
            to_customer_id: id(*to),
            later_stretches: (later.iter())
                .map(|(from, customer)| proto::AssignedStretch {
                    start: Some(timestamp(*from)),
                    customer_id: id(*customer),
                })
                .collect(),
        }),
        Event::Merged { customer, into } => {
            Told::Merged(proto::CustomerMerged { customer_id: id(*customer), into_customer_id: id(*into) })
        }
        Event::Split { customer, into } => {
            Told::Split(proto::CustomerSplit { customer_id: id(*customer), into_customer_id: id(*into) })
        }
        Event::KindChanged { customer, registered } => Told::KindChanged(proto::CustomerKindChanged {
            customer_id: id(*customer),
            kind: kind_number(*registered),
        }),
        Event::Upgraded { from, to } => {
            Told::Upgraded(proto::MapUpgraded { from_generation: *from, to_generation: *to })
        }
        Event::Ended { customer } => Told::Ended(proto::CustomerEnded { customer_id: id(*customer) }),
        Event::SharingChanged { kind, value, shared } => {
            let (kind, value) = (kind.clone(), value.clone());
            Told::SharingChanged(proto::IdentifierSharingChanged {
                identifier: Some(proto::Identifier { kind, value, region: String::new() }),
                shared: *shared,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erasure_in_the_middle_of_a_revision_tells_all_of_it_again() {
        let place = Place { revision: Revision(4), events: 900, erased_at: Revision(0) };
        assert_eq!(place.seen(Revision(0)), place);
        let again = Place { revision: Revision(4), events: 0, erased_at: Revision(6) };
        assert_eq!(place.seen(Revision(6)), again);
    }
}
