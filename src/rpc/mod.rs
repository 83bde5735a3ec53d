//! The port: the only room that speaks protobuf. Handlers parse, ask the rooms behind, and write
//! the answer; they decide nothing.

mod access;
mod admin;
mod answers;
mod as_of;
mod asking;
mod bounded;
pub mod codec;
mod commerce;
pub mod convert;
mod customers;
mod decisions;
pub mod error;
mod facts;
mod feed;
mod figures;
mod history;
mod identities;
mod journeys;
mod kpis;
mod lifetimes;
pub mod outcome;
mod page;
pub mod place;
mod probes;
pub mod proto;
pub mod protojson;
mod rankings;
mod reconciliation;
mod records;
mod rules;
mod scores;
mod separation;
mod touchpoints;
mod turns;
mod weight;
mod writing;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::server::NamedService;
use tonic::service::Routes;

use crate::clock::Clock;
use crate::identity::Rules;
use crate::kpi::engine::fits::Fits;
use crate::mirror::Mirrors;
use crate::model::summary::cost::Rates;
use crate::model::time::SECOND_US;
use crate::model::{CustomerId, Micros, ObservationNo, Reason, Revision, TenantKey, TenantName};
use crate::store::{CostRate, Store, StoreError, Tenant};
use access::tenant_name;
use answers::Answers;
use convert::Limits;
use error::PortError;
use proto::admin_service_server::AdminServiceServer;
use proto::commerce_service_server::CommerceServiceServer;
use proto::customer_service_server::CustomerServiceServer;
use proto::decision_service_server::DecisionServiceServer;
use proto::feed_service_server::FeedServiceServer;
use proto::figure_service_server::FigureServiceServer;
use proto::history_service_server::HistoryServiceServer;
use proto::identity_service_server::IdentityServiceServer;
use proto::journey_service_server::JourneyServiceServer;
use proto::kpi_service_server::KpiServiceServer;
use proto::lifetime_service_server::LifetimeServiceServer;
use proto::reconciliation_service_server::ReconciliationServiceServer;
use proto::record_service_server::RecordServiceServer;
use proto::rule_service_server::RuleServiceServer;
use proto::touchpoint_service_server::TouchpointServiceServer;

/// The service that has to wait for a tenant's facts, as health names it.
pub const KPI_SERVICE: &str = proto::kpi_service_server::SERVICE_NAME;
/// Health says NOT_SERVING of it while the mirror of any tenant cannot follow the log: KPIs of that
/// tenant are refused, all others are served.
pub const MIRRORS: &str = "customer360.mirrors";
/// Names the tenant of a call.
pub const TENANT_METADATA: &str = "x-customer360-tenant";
/// The tenant of a call that names none.
pub const DEFAULT_TENANT: &str = crate::access::principal::DEFAULT_TENANT;

/// Limits of the port.
#[derive(Debug, Clone)]
pub struct Settings {
    pub limits: Limits,
    /// Entries of a page when the caller names no size.
    pub page_size: usize,
    pub max_page_size: usize,
    /// Bytes of a request, decoded.
    pub max_message_bytes: usize,
    /// Bytes of answers that are kept for those who ask the same again.
    pub answer_bytes: usize,
    /// Feeds that are watched at the same time.
    pub max_feeds: usize,
    /// Whether the first write makes a tenant. Where callers have to say who they are, it is made on
    /// purpose.
    pub tenants_by_writing: bool,
    /// Longest silence of the sender of a stream.
    pub stream_idle: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            page_size: 100,
            max_page_size: 1_000,
            max_message_bytes: 32 << 20,
            answer_bytes: 64 << 20,
            max_feeds: 256,
            tenants_by_writing: true,
            stream_idle: Duration::from_secs(120),
        }
    }
}

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct Port {
    store: Store,
    mirrors: Mirrors,
    clock: Clock,
    answers: Answers,
    tenants: Arc<Mutex<HashMap<TenantName, Remembered>>>,
    rates: Arc<Mutex<HashMap<TenantKey, Arc<tokio::sync::Mutex<RatesAt>>>>>,
    fits: Fits,
    holdings: scores::Holdings,
    rankings: rankings::Rankings,
    /// Places of feeds.
    feeds: Arc<Semaphore>,
    settings: Arc<Settings>,
}

/// Cost rates, and a revision that they are no older than; none yet before the first was read.
type RatesAt = Option<(Revision, Arc<Rates>)>;

/// A tenant, and when it was read.
#[derive(Clone)]
struct Remembered {
    at: Micros,
    tenant: Tenant,
}

impl Port {
    #[must_use]
    pub fn new(store: Store, mirrors: Mirrors, clock: Clock, settings: Settings) -> Self {
        let answers = Answers::new(settings.answer_bytes);
        let feeds = Arc::new(Semaphore::new(settings.max_feeds.min(Semaphore::MAX_PERMITS)));
        Self {
            store,
            mirrors,
            clock,
            answers,
            tenants: Arc::default(),
            rates: Arc::default(),
            fits: Fits::default(),
            holdings: scores::Holdings::default(),
            rankings: rankings::Rankings::default(),
            feeds,
            settings: Arc::new(settings),
        }
    }
}

/// The services, and their names for health.
#[must_use]
pub fn services(port: &Port) -> (Routes, Vec<&'static str>) {
    macro_rules! serve {
        ($( $server:ident ),*) => {{
            let mut routes = Routes::builder();
            let mut names = Vec::new();
            $(
                routes.add_service(
                    $server::new(port.clone())
                        .max_decoding_message_size(port.settings.max_message_bytes)
                        .max_encoding_message_size(usize::MAX)
                        .accept_compressed(Gzip)
                        .accept_compressed(Zstd)
                        .send_compressed(Gzip)
                        .send_compressed(Zstd),
                );
                names.push(<$server<Port> as NamedService>::NAME);
            )*
            (routes.routes(), names)
        }};
    }
    weight::limit_to(port.settings.max_message_bytes);
    serve!(
        TouchpointServiceServer,
        IdentityServiceServer,
        HistoryServiceServer,
        DecisionServiceServer,
        RuleServiceServer,
        CustomerServiceServer,
        KpiServiceServer,
        FigureServiceServer,
        JourneyServiceServer,
        LifetimeServiceServer,
        CommerceServiceServer,
        RecordServiceServer,
        FeedServiceServer,
        ReconciliationServiceServer,
        AdminServiceServer
    )
}

/// Runs the work of a call apart from the call: when the caller goes away, nothing is left half
/// done and no connection inside a transaction (sqlx 4385, 4393).
async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, PortError>> + Send + 'static,
) -> Result<T, PortError> {
    tokio::spawn(place::within(place::held(), work)).await.unwrap_or(Err(PortError::Panicked))
}

/// Runs short work for the processor where it holds up nobody who waits for the network.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PortError> {
    in_turn(&turns::SHORT, work).await
}

/// The same for work that may take seconds. Of what waits, what nobody wants any more is not begun.
async fn computing<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PortError> {
    let Some(held) = place::held() else { return in_turn(&turns::LONG, work).await };
    tokio::select! {
        biased;
        () = held.gone() => Err(PortError::GivenUp),
        done = in_turn(&turns::LONG, work) => done,
    }
}

async fn in_turn<T: Send + 'static>(
    turns: &turns::Turns,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PortError> {
    let held = place::held();
    let turn = turns.take(held.as_ref().map_or(0, |held| held.tenant())).await;
    let work = move || {
        // Both go with the work: whoever asked for it may be gone.
        let (_turn, _held) = (turn, held);
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| PortError::Panicked)
}

impl Port {
    /// The tenant at the asked revision or a later one; `None` if it never recorded anything.
    async fn tenant(&self, name: &TenantName, at_least: i64) -> Result<Option<Tenant>, PortError> {
        let tenant = self.store.tenant(name).await?;
        let at = tenant.as_ref().map_or(Revision(0), |tenant| tenant.revision);
        if at.0 < at_least {
            return Err(StoreError::NotReached { asked: Revision(at_least), at }.into());
        }
        Ok(tenant)
    }
}

/// For how long a tenant's key and rules are believed before one caller reads them anew. Keys never
/// change; rules seldom do.
const REMEMBERED_US: i64 = SECOND_US;
/// Tenants that are remembered.
const REMEMBERED_TENANTS: usize = 10_000;

impl Port {
    /// As [`Port::tenant`], but the revision may be one of a second ago: for reads that find the
    /// present one themselves.
    async fn known_tenant(&self, name: &TenantName, at_least: i64) -> Result<Option<Tenant>, PortError> {
        if let Some(tenant) = self.remembered(name)
            && tenant.revision.0 >= at_least
        {
            return Ok(Some(tenant));
        }
        let tenant = self.tenant(name, at_least).await?;
        if let Some(tenant) = &tenant {
            self.remember(name, tenant);
        }
        Ok(tenant)
    }

    /// As [`Port::known_tenant`] for writes: a new tenant is made, unless tenants are made on purpose.
    async fn open_tenant(&self, name: &TenantName) -> Result<Tenant, PortError> {
        if !self.settings.tenants_by_writing {
            return self.existing_tenant(name).await;
        }
        if let Some(tenant) = self.remembered(name) {
            return Ok(tenant);
        }
        let tenant = self.store.open_tenant(name).await?;
        self.remember(name, &tenant);
        Ok(tenant)
    }

    /// As [`Port::known_tenant`], for what needs a tenant and must not make one.
    async fn existing_tenant(&self, name: &TenantName) -> Result<Tenant, PortError> {
        self.known_tenant(name, 0).await?.ok_or(PortError::TenantNotFound)
    }

    /// The tenant that a decision is about: a dry run makes none.
    async fn deciding_tenant(&self, name: &TenantName, dry_run: bool) -> Result<Tenant, PortError> {
        match dry_run {
            true => self.existing_tenant(name).await,
            false => self.open_tenant(name).await,
        }
    }

    fn remembered(&self, name: &TenantName) -> Option<Tenant> {
        let now = (self.clock)();
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let remembered = tenants.get_mut(name)?;
        let age_us = now.0.saturating_sub(remembered.at.0);
        if (0..REMEMBERED_US).contains(&age_us) {
            return Some(remembered.tenant.clone());
        }
        // Who finds it too old reads it anew; the others believe it until then.
        remembered.at = now;
        None
    }

    /// Forgets what was remembered of a tenant, whose rules changed.
    fn forget(&self, name: &TenantName) {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    fn remember(&self, name: &TenantName, tenant: &Tenant) {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if tenants.len() >= REMEMBERED_TENANTS {
            tenants.clear();
        }
        tenants.insert(name.clone(), Remembered { at: (self.clock)(), tenant: tenant.clone() });
    }

    /// The cost rates of a tenant at a recent revision or a later one.
    async fn rates(&self, tenant: TenantKey, at_least: Revision) -> Result<Arc<Rates>, PortError> {
        let of_tenant = {
            let mut known = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= REMEMBERED_TENANTS && !known.contains_key(&tenant) {
                known.clear();
            }
            known.entry(tenant).or_default().clone()
        };
        // After a write all callers need newer rates: one reads them, and the others wait for that one.
        let mut known = of_tenant.lock().await;
        if let Some((_, rates)) = known.as_ref().filter(|(revision, _)| *revision >= at_least) {
            return Ok(rates.clone());
        }
        let rates = Arc::new(rates_of(self.store.cost_rates(tenant, at_least).await?));
        *known = Some((at_least, rates.clone()));
        Ok(rates)
    }
}

fn rates_of(stored: Vec<CostRate>) -> Rates {
    let mut rates = Rates::default();
    for rate in stored {
        let micros = (rate.per_touch_micros, rate.per_minute_micros);
        rates.add(&rate.channel, rate.activity, rate.currency, rate.effective_from, micros);
    }
    rates
}

/// What callers know a customer by.
fn customer_id(tenant: TenantKey, observation: ObservationNo) -> String {
    CustomerId::new(tenant, observation).to_string()
}

/// The observation that a customer id was given to. An id of another tenant leads to nobody.
fn parse_customer_id(tenant: TenantKey, field: &str, text: &str) -> Result<ObservationNo, PortError> {
    if text.is_empty() {
        return Err(PortError::field(field, Reason::Required, "must be set"));
    }
    let id = CustomerId::parse(text)
        .ok_or_else(|| PortError::field(field, Reason::Malformed, "is no customer id, which is a UUID"))?;
    id.observation(tenant).ok_or(PortError::CustomerNotFound)
}

/// The place of a kind among a tenant's.
fn kind_name(rules: &Rules, kind: usize) -> String {
    rules.kinds.get(kind).map_or_else(String::new, |rule| rule.kind.as_str().to_owned())
}
