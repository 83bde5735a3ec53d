//! Reading: touchpoints, customers, and the evidence behind them. Every read is one transaction
//! that sees one revision.

pub(in crate::store) mod as_of;
pub(in crate::store) mod changes;
pub(in crate::store) mod conflicts;
pub(in crate::store) mod customers;
pub(in crate::store) mod feed;
pub(in crate::store) mod history;
pub(in crate::store) mod kept_out;
pub(in crate::store) mod keys;
pub(in crate::store) mod rows;
pub(in crate::store) mod search;
pub(in crate::store) mod since;
pub(in crate::store) mod views;

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::identity::Rules;
use crate::identity::batch::{Stored, StoredObservation};
use crate::identity::constraints::{ConstraintNo, Constraints};
use crate::identity::moves::Touch;
use crate::identity::resolve::{IdentifierNo, KindIndex};
use crate::model::summary::Summary;
use crate::model::{
    ActivityType, Channel, CustomerKind, Identifier, Micros, ObservationNo, Revision, TenantKey, TimeRange,
    TouchKey, Touchpoint, TouchpointNo,
};
use crate::store::driver::{Column, Scalar, Transaction};
use crate::store::read::as_of::{AsOf, map_as_of, spans};
use crate::store::read::rows::{list, parse_member, parse_touchpoints};
use crate::store::tenants::revision;
use crate::store::write::identities::{self, kind_index, read_identifier};
use crate::store::write::stretches::{self, Span};
use crate::store::{Store, StoreError};

/// A touchpoint as stored.
#[derive(Debug, Clone)]
pub struct StoredTouchpoint {
    pub no: TouchpointNo,
    pub revision: Revision,
    pub touchpoint: Touchpoint,
    pub observation: Option<ObservationNo>,
    pub customer: Option<ObservationNo>,
    pub version: i64,
    /// A higher version is known.
    pub superseded: bool,
    /// Why it was voided, if it was: empty where it went with a higher version.
    pub voided: Option<String>,
}

/// Whose touchpoints to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Newest first; void ones are left out.
    Customer(ObservationNo),
    /// In the order of recording, newest first; void ones are left out.
    Tenant,
}

/// What a list of touchpoints leaves out.
#[derive(Debug, Clone)]
pub struct Filter {
    pub range: TimeRange,
    /// Empty: every activity.
    pub activities: Vec<ActivityType>,
    /// Empty: every channel.
    pub channels: Vec<Channel>,
}

/// A page: at most `size` entries beyond the given place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The instant and number of the last entry of the page before.
    pub after: Option<(Micros, i64)>,
    pub size: i64,
}

/// A page's entries at one revision; there may be more if it is full.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    pub revision: Revision,
    pub entries: Vec<T>,
}

/// An identifier as a customer holds it, or was seen with it.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldIdentifier {
    pub no: IdentifierNo,
    pub kind: KindIndex,
    pub value: String,
    /// It links nothing.
    pub shared: bool,
    /// Held by this very customer; otherwise shared, refused, or held by another.
    pub held: bool,
    pub first_seen: Option<Micros>,
    pub last_seen: Option<Micros>,
    /// The touchpoint that first showed it with this customer.
    pub first_shown_by: Option<TouchKey>,
    /// The decision by which a person linked it.
    pub linked_by: Option<ConstraintNo>,
}

/// Everything that a customer's view is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerRecord {
    pub customer: ObservationNo,
    pub kind: CustomerKind,
    pub observations: Vec<ObservationNo>,
    /// Event time of each observation's last touchpoint.
    pub last_seen: FxHashMap<ObservationNo, Micros>,
    pub identifiers: Vec<HeldIdentifier>,
    pub summary: Summary,
}

/// An identifier that callers asked for.
#[derive(Debug, Clone)]
pub struct ResolvedIdentifier {
    pub no: IdentifierNo,
    pub stored: Stored,
}

/// All evidence that bears on an observation: its component.
#[derive(Debug, Clone)]
pub struct Component {
    pub revision: Revision,
    pub observations: Vec<StoredObservation>,
    pub identifiers: FxHashMap<IdentifierNo, Stored>,
    /// The tenant's decisions that stand.
    pub constraints: Arc<Constraints>,
    /// Touches that may have moved an identifier.
    pub touches: Vec<Touch>,
}

macro_rules! touchpoint_columns {
    () => {
        "t.touchpoint, t.revision, t.source, t.source_id, t.at_us, t.channel, t.details, o.customer, o.identifiers, \
         x.reason, t.observation, o.unsettled, t.version, x.superseded, x.taken_back_at"
    };
}
macro_rules! touchpoint_joins {
    () => {
        " LEFT JOIN observation o ON o.tenant = t.tenant AND o.observation = t.observation \
          LEFT JOIN void x ON x.tenant = t.tenant AND x.touchpoint = t.touchpoint "
    };
}
const FIND_TOUCHPOINT: &str = concat!(
    "SELECT ",
    touchpoint_columns!(),
    " FROM touchpoint t",
    touchpoint_joins!(),
    "WHERE t.tenant = $1 AND t.source = $2 AND t.source_id = $3 AND ($4 < 0 OR t.version = $4) \
     ORDER BY t.version DESC LIMIT 1"
);
// LIKE over a list: `,order,return,`; an empty list lets everything through.
macro_rules! touchpoint_filter {
    () => {
        " AND t.at_us >= $2 AND t.at_us < $3 \
          AND ($4 = '' OR $4 LIKE '%,' || t.activity || ',%') AND ($5 = '' OR $5 LIKE '%,' || t.channel || ',%') \
          AND t.revision <= $6 AND NOT EXISTS (SELECT 1 FROM void y \
          WHERE y.tenant = t.tenant AND y.touchpoint = t.touchpoint AND y.revision <= $6) "
    };
}
/// One branch for each span of a customer's observations, each in the order of its index.
const OF_OBSERVATION: &str = concat!(
    "SELECT * FROM (SELECT t.touchpoint, t.at_us FROM touchpoint t WHERE t.tenant = $1 AND t.observation = {0}",
    touchpoint_filter!(),
    "AND t.at_us >= {1} AND t.at_us < {2} AND (t.at_us < $7 OR (t.at_us = $7 AND t.touchpoint < $8)) \
     ORDER BY t.at_us DESC, t.touchpoint DESC LIMIT $9) b"
);
const OF_TENANT: &str = concat!(
    "SELECT ",
    touchpoint_columns!(),
    " FROM touchpoint t",
    touchpoint_joins!(),
    "WHERE t.tenant = $1",
    touchpoint_filter!(),
    "AND t.touchpoint < $7 ORDER BY t.touchpoint DESC LIMIT $8"
);
const LOAD_TOUCHPOINTS: &str = concat!(
    "WITH v(touchpoint) AS ({rows}) SELECT ",
    touchpoint_columns!(),
    " FROM v CROSS JOIN touchpoint t",
    touchpoint_joins!(),
    "WHERE t.tenant = $1 AND t.touchpoint = v.touchpoint"
);
const FIND_CUSTOMERS: &str = "WITH v(observation) AS ({rows}) \
    SELECT v.observation, o.customer, r.component, c.registered, c.unsettled FROM v \
    CROSS JOIN observation o \
    JOIN customer c ON c.tenant = o.tenant AND c.customer = o.customer \
    JOIN observation r ON r.tenant = o.tenant AND r.observation = o.customer \
    WHERE o.tenant = $1 AND o.observation = v.observation";
const LOAD_MEMBERS: &str = "WITH v(component, customer) AS ({rows}) \
    SELECT o.customer, o.observation, o.identifiers, o.first_source, o.first_source_id, s.summary, \
    CASE WHEN s.observation IS NULL THEN o.releases ELSE 1 END FROM v CROSS JOIN observation o \
    LEFT JOIN summary s ON s.tenant = o.tenant AND s.observation = o.observation \
    WHERE o.tenant = $1 AND o.component = v.component AND o.customer = v.customer AND o.live = 1";
const COMPONENT_OF: &str = "SELECT component FROM observation WHERE tenant = $1 AND observation = $2";

impl Store {
    /// The touchpoint of a source and source id in its highest version, void or not.
    pub async fn touchpoint(
        &self,
        tenant: TenantKey,
        key: &TouchKey,
    ) -> Result<(Revision, Option<StoredTouchpoint>), StoreError> {
        self.touchpoint_version(tenant, key, None).await
    }

    /// The touchpoint of a source and source id, void or not: that version, or the highest.
    pub async fn touchpoint_version(
        &self,
        tenant: TenantKey,
        key: &TouchKey,
        version: Option<i64>,
    ) -> Result<(Revision, Option<StoredTouchpoint>), StoreError> {
        let mut tx = self.db.read().await?;
        let revision = revision(&mut tx, tenant).await?;
        let version = Scalar::Int(version.unwrap_or(-1));
        let scalars =
            [Scalar::Int(tenant.0), Scalar::Text(&key.source), Scalar::Text(&key.source_id), version];
        let rows = tx.fetch(FIND_TOUCHPOINT, &scalars).await?;
        let found = parse_touchpoints(&mut tx, tenant, &rows).await?;
        Ok((revision, found.into_iter().next()))
    }

    /// A page of touchpoints, newest first: of now, or as known then.
    pub async fn touchpoints(
        &self,
        tenant: TenantKey,
        known: Option<&AsOf>,
        by: By,
        filter: &Filter,
        page: Page,
    ) -> Result<Listed<StoredTouchpoint>, StoreError> {
        let mut tx = self.db.read().await?;
        let revision = match known {
            Some(known) => known.revision,
            None => revision(&mut tx, tenant).await?,
        };
        let activities = list(filter.activities.iter().map(|a| a.name()));
        let channels = list(filter.channels.iter().map(Channel::as_str));
        let mut scalars = vec![
            Scalar::Int(tenant.0),
            Scalar::Int(filter.range.from.0),
            Scalar::Int(filter.range.until.0),
            Scalar::Text(&activities),
            Scalar::Text(&channels),
            Scalar::Int(revision.0),
        ];
        let rows = match by {
            By::Tenant => {
                let last = known.map_or(i64::MAX, |known| known.last_touchpoint + 1);
                let after = page.after.map_or(last, |(_, no)| no);
                scalars.extend([Scalar::Int(after), Scalar::Int(page.size)]);
                tx.fetch(OF_TENANT, &scalars).await?
            }
            By::Customer(customer) => {
                let (at, no) = page.after.unwrap_or((Micros::MAX, i64::MAX));
                scalars.extend([Scalar::Int(at.0), Scalar::Int(no), Scalar::Int(page.size)]);
                let spans = spans(&mut tx, tenant, known, customer).await?;
                let mut places: Vec<(i64, i64)> = Vec::new();
                for row in tx.fetch_union(OF_OBSERVATION, &scalars, &spans).await? {
                    places.push((row.get(1)?, row.get(0)?));
                }
                places.sort_unstable_by(|a, b| b.cmp(a));
                places.truncate(usize::try_from(page.size).unwrap_or(0));
                let columns = [Column::Int(places.into_iter().map(|(_, no)| no).collect())];
                tx.fetch_bulk(LOAD_TOUCHPOINTS, &scalars[..1], &columns).await?
            }
        };
        let mut entries = parse_touchpoints(&mut tx, tenant, &rows).await?;
        if let Some(known) = known {
            let observations = entries.iter().filter_map(|entry| Some(entry.observation?.0)).collect();
            let map = map_as_of(&mut tx, tenant, known, observations).await?;
            let divided = entries.iter().filter_map(|entry| entry.observation);
            let cut = stretches::load_as_of(&mut tx, tenant, known, divided).await?;
            for entry in &mut entries {
                let home = entry.observation.and_then(|no| Some((no, *map.get(&no.0)?)));
                let owner =
                    |(no, home)| stretches::owner_at(&cut, no, ObservationNo(home), entry.touchpoint.at);
                entry.customer = home.map(owner);
            }
        }
        match by {
            By::Tenant => entries.sort_by_key(|e| std::cmp::Reverse(e.no)),
            By::Customer(_) => entries.sort_by_key(|e| std::cmp::Reverse((e.touchpoint.at, e.no))),
        }
        Ok(Listed { revision, entries })
    }

    /// What is known of identifiers; `None` for one never seen.
    pub async fn identifiers(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        identifiers: &[Identifier],
    ) -> Result<(Revision, Vec<Option<ResolvedIdentifier>>), StoreError> {
        let mut tx = self.db.read().await?;
        let revision = revision(&mut tx, tenant).await?;
        let columns = [
            Column::Text(identifiers.iter().map(|d| d.kind.as_str()).collect()),
            Column::Text(identifiers.iter().map(|d| d.value.as_str()).collect()),
        ];
        let mut found: FxHashMap<(usize, String), ResolvedIdentifier> = FxHashMap::default();
        let scalars = [Scalar::Int(tenant.0)];
        for row in tx.fetch_bulk(identities::FIND_IDENTIFIERS, &scalars, &columns).await? {
            let (no, stored) = read_identifier(&row, rules)?;
            found.insert((stored.kind, stored.value.clone()), ResolvedIdentifier { no, stored });
        }
        let find = |d: &Identifier| {
            let kind = kind_index(rules, d.kind.as_str())?;
            Ok(found.get(&(kind, d.value.clone())).cloned())
        };
        Ok((revision, identifiers.iter().map(find).collect::<Result<_, StoreError>>()?))
    }

    /// The component of an observation; `None` if there is no such observation.
    pub async fn component(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        observation: ObservationNo,
    ) -> Result<Option<Component>, StoreError> {
        let mut tx = self.db.read().await?;
        let (revision, constraints) = self.tenants.present_constraints(&mut tx, tenant).await?;
        let key = [Scalar::Int(tenant.0), Scalar::Int(observation.0)];
        let Some(row) = tx.fetch_one(COMPONENT_OF, &key).await? else { return Ok(None) };
        let labels = std::iter::once(ObservationNo(row.get(0)?)).collect();
        let (observations, identifiers, touches) =
            identities::load_components(&mut tx, tenant, rules, &labels).await?;
        Ok(Some(Component { revision, observations, identifiers, constraints, touches }))
    }
}

/// Touchpoints by their numbers, void or not, in no order.
pub(in crate::store) async fn load_touchpoints(
    tx: &mut Transaction,
    tenant: TenantKey,
    numbers: Vec<i64>,
) -> Result<Vec<StoredTouchpoint>, StoreError> {
    let rows = tx.fetch_bulk(LOAD_TOUCHPOINTS, &[Scalar::Int(tenant.0)], &[Column::Int(numbers)]).await?;
    parse_touchpoints(tx, tenant, &rows).await
}

/// A customer on the way out.
pub(in crate::store) struct Found {
    pub(in crate::store) customer: ObservationNo,
    pub(in crate::store) kind: CustomerKind,
    pub(in crate::store) members: Vec<Member>,
    pub(in crate::store) links: Vec<Linked>,
}

/// An identifier that a person linked.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Linked {
    pub(in crate::store) no: IdentifierNo,
    pub(in crate::store) decision: ConstraintNo,
}

impl Linked {
    /// Those of a must-link, read as an observation.
    pub(in crate::store) fn of(link: &Member) -> Vec<Self> {
        let decision = link.first_key.source_id.parse().map_or(ConstraintNo(0), ConstraintNo);
        link.identifiers.iter().map(|no| Self { no: *no, decision }).collect()
    }
}

/// An identifier as views show it.
pub(in crate::store) struct Shown {
    pub(in crate::store) kind: KindIndex,
    pub(in crate::store) value: String,
    pub(in crate::store) holder: Option<ObservationNo>,
    pub(in crate::store) shared: bool,
}

impl Shown {
    pub(in crate::store) fn of(stored: &Stored, rules: &Rules) -> Self {
        let (kind, value, holder) = (stored.kind, stored.value.clone(), stored.holder);
        Self { kind, value, holder, shared: stored.is_shared(rules) }
    }
}

/// An observation of a customer.
#[derive(Debug, Clone)]
pub(in crate::store) struct Member {
    pub(in crate::store) no: ObservationNo,
    pub(in crate::store) identifiers: Vec<IdentifierNo>,
    pub(in crate::store) first_key: TouchKey,
    pub(in crate::store) summary: Summary,
    /// Whose touches are the customer's.
    pub(in crate::store) spans: Vec<Span>,
}

pub(in crate::store) async fn customers(
    tx: &mut Transaction,
    tenant: TenantKey,
    observations: &[ObservationNo],
) -> Result<Vec<Option<Found>>, StoreError> {
    let scalars = [Scalar::Int(tenant.0)];
    let columns = [Column::Int(observations.iter().map(|no| no.0).collect())];
    let mut customer_of: FxHashMap<i64, (i64, i64, CustomerKind)> = FxHashMap::default();
    let mut unsettled = BTreeSet::new();
    for row in tx.fetch_bulk(FIND_CUSTOMERS, &scalars, &columns).await? {
        let kind = if row.get::<i64>(3)? == 0 { CustomerKind::Anonymous } else { CustomerKind::Registered };
        customer_of.insert(row.get(0)?, (row.get(1)?, row.get(2)?, kind));
        if row.get::<i64>(4)? != 0 {
            unsettled.insert(ObservationNo(row.get(1)?));
        }
    }
    let mut blocks: Vec<(i64, i64)> = customer_of.values().map(|&(c, component, _)| (component, c)).collect();
    blocks.sort_unstable();
    blocks.dedup();
    let columns = [
        Column::Int(blocks.iter().map(|(component, _)| *component).collect()),
        Column::Int(blocks.iter().map(|(_, customer)| *customer).collect()),
    ];
    let mut members: FxHashMap<i64, Vec<Member>> = FxHashMap::default();
    let mut links: FxHashMap<i64, Vec<Linked>> = FxHashMap::default();
    for row in tx.fetch_bulk(LOAD_MEMBERS, &scalars, &columns).await? {
        let member = parse_member(&row, 1)?;
        match row.get::<i64>(6)? {
            // Nobody saw it: it is a person's link.
            0 => links.entry(row.get(0)?).or_default().extend(Linked::of(&member)),
            _ => members.entry(row.get(0)?).or_default().push(member),
        }
    }
    for customer in unsettled {
        let home = members.remove(&customer.0).unwrap_or_default();
        members.insert(customer.0, stretches::divide(tx, tenant, customer, home).await?);
    }
    let find = |no: &ObservationNo| {
        let Some(&(customer, _, kind)) = customer_of.get(&no.0) else { return Ok(None) };
        let members = members.get(&customer).cloned().unwrap_or_default();
        let links = links.get(&customer).cloned().unwrap_or_default();
        Ok(Some(Found { customer: ObservationNo(customer), kind, members, links }))
    };
    observations.iter().map(find).collect()
}

impl HeldIdentifier {
    fn of(no: IdentifierNo, shown: &Shown, customer: ObservationNo) -> Self {
        Self {
            no,
            kind: shown.kind,
            value: shown.value.clone(),
            shared: shown.shared,
            held: shown.holder == Some(customer),
            first_seen: None,
            last_seen: None,
            first_shown_by: None,
            linked_by: None,
        }
    }
}

impl Found {
    pub(in crate::store) fn into_record(
        self,
        identifiers: &FxHashMap<IdentifierNo, Shown>,
    ) -> CustomerRecord {
        let mut seen: FxHashMap<IdentifierNo, HeldIdentifier> = FxHashMap::default();
        let mut summary = Summary::default();
        let mut observations = Vec::with_capacity(self.members.len());
        let mut last_seen = FxHashMap::default();
        for member in self.members {
            let first = member.summary.first.as_ref().map(|moment| moment.at);
            let last = member.summary.last.as_ref().map(|moment| moment.at);
            for no in member.identifiers {
                let Some(shown) = identifiers.get(&no) else { continue };
                let entry = seen.entry(no).or_insert_with(|| HeldIdentifier::of(no, shown, self.customer));
                let shown = entry.first_shown_by.as_ref();
                if shown.is_none_or(|key| (first, &member.first_key) < (entry.first_seen, key)) {
                    entry.first_seen = first;
                    entry.first_shown_by = Some(member.first_key.clone());
                }
                entry.last_seen = entry.last_seen.max(last);
            }
            observations.push(member.no);
            last_seen.extend(last.map(|last| (member.no, last)));
            summary = summary.combine(member.summary);
        }
        for Linked { no, decision } in self.links {
            let held = |shown: &&Shown| shown.holder == Some(self.customer);
            let Some(shown) = identifiers.get(&no).filter(held) else { continue };
            let entry = seen.entry(no).or_insert_with(|| HeldIdentifier::of(no, shown, self.customer));
            entry.linked_by.get_or_insert(decision);
        }
        let mut identifiers: Vec<HeldIdentifier> = seen.into_values().collect();
        identifiers.sort_by(|a, b| (a.kind, &a.value).cmp(&(b.kind, &b.value)));
        observations.sort_unstable();
        CustomerRecord {
            customer: self.customer,
            kind: self.kind,
            observations,
            last_seen,
            identifiers,
            summary,
        }
    }
}
