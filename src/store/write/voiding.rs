//! Voiding: a wrong touchpoint leaves the answers, and what it proved is unproved.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::identity::batch::{self, Before, Claims, Plan, Stored, add_claims};
use crate::identity::constraints::Sharing;
use crate::identity::resolve::IdentifierNo;
use crate::model::summary::Summary;
use crate::model::{
    Activity, Identifier, Micros, ObservationNo, Position, Revision, TenantKey, TouchKey, Touchpoint,
};
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::read::conflicts;
use crate::store::tenants::Tenants;
use crate::store::write::falling;
use crate::store::write::identities::{self, Ground, read_identifier, read_numbers};
use crate::store::write::orders;
use crate::store::write::recording::{parse_details, upsert_summaries};
use crate::store::write::revision::{Taken, keep_revision, take_revision};
use crate::store::write::settled;
use crate::store::write::stretches;
use crate::store::{Store, StoreError};

/// What voiding did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voided {
    pub revision: Revision,
    pub version: i64,
    /// It was void already; nothing changed.
    pub already: bool,
}

/// The observation that a touchpoint was voided in.
pub(in crate::store) struct Bereft {
    pub(in crate::store) no: ObservationNo,
    pub(in crate::store) customer: ObservationNo,
    pub(in crate::store) component: ObservationNo,
    pub(in crate::store) identifiers: Vec<IdentifierNo>,
    pub(in crate::store) first: Position,
    pub(in crate::store) unsettled: bool,
}

const FIND: &str = "SELECT t.touchpoint, t.version, t.observation, x.superseded, x.taken_back_at FROM touchpoint t \
    LEFT JOIN void x ON x.tenant = t.tenant AND x.touchpoint = t.touchpoint \
    WHERE t.tenant = $1 AND t.source = $2 AND t.source_id = $3 ORDER BY t.version";
const DETAILS: &str = "SELECT t.details FROM touchpoint t WHERE t.tenant = $1 AND t.touchpoint = $2";
const INSERT: &str = "INSERT INTO void (tenant, touchpoint, revision, reason, author, principal) \
    VALUES ($1, $2, $3, $4, $5, $6)";
/// Those below: superseded before, and now taken back as well.
const TAKE_BACK: &str = "WITH v(touchpoint) AS ({rows}) UPDATE void SET taken_back_at = $2 FROM v \
    WHERE void.tenant = $1 AND void.touchpoint = v.touchpoint AND void.taken_back_at IS NULL";
const FIND_OBSERVATION: &str = "SELECT customer, component, identifiers, first_at_us, first_source, first_source_id, \
    unsettled FROM observation WHERE tenant = $1 AND observation = $2";
const REMAINING: &str = "SELECT t.source, t.source_id, t.at_us, t.channel, t.details FROM touchpoint t \
    WHERE t.tenant = $1 AND t.observation = $2 AND NOT EXISTS \
    (SELECT 1 FROM void x WHERE x.tenant = t.tenant AND x.touchpoint = t.touchpoint) \
    ORDER BY t.at_us, t.source, t.source_id";
const SET_FIRST: &str = "UPDATE observation SET live = $3, first_at_us = $4, first_source = $5, first_source_id = $6 \
    WHERE tenant = $1 AND observation = $2";
const DELETE_SUMMARY: &str = "DELETE FROM summary WHERE tenant = $1 AND observation = $2";
const SIGHTED: &str = "WITH v(identifier) AS ({rows}) \
    SELECT DISTINCT o.observation, o.identifiers, o.component, o.live \
    FROM v CROSS JOIN sighting s JOIN observation o ON o.tenant = s.tenant AND o.observation = s.observation \
    WHERE s.tenant = $1 AND s.identifier = v.identifier ORDER BY o.observation";
const LEAVE: &str = "UPDATE observation SET customer = $3 WHERE tenant = $1 AND observation = $2";
const LOG_LEAVE: &str = "INSERT INTO reassignment (tenant, revision, observation, from_customer, to_customer) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, revision, observation) \
    DO UPDATE SET to_customer = excluded.to_customer";
const LOG_CUSTOMER: &str = "INSERT INTO customer_was (tenant, customer, until_revision, registered, ended, began) \
    SELECT c.tenant, c.customer, $3, c.registered, 1, c.began FROM customer c WHERE c.tenant = $1 AND c.customer = $2 \
    ON CONFLICT (tenant, customer, until_revision) DO UPDATE SET ended = 1";
const DELETE_CUSTOMER: &str = "DELETE FROM customer WHERE tenant = $1 AND customer = $2";

/// Who voids, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Voiding {
    /// Which version; the highest known if none is named.
    pub version: Option<i64>,
    pub reason: String,
    /// Who says so, as the caller claims.
    pub author: String,
    /// Who was authenticated.
    pub principal: Option<String>,
}

/// A version of the touchpoint that is to be voided.
struct Version {
    no: i64,
    version: i64,
    observation: Option<ObservationNo>,
    stands: bool,
    taken_back: bool,
}

impl Store {
    /// Voids a touchpoint in its highest version and all below; `None` if there is none of that key.
    pub async fn void(
        &self,
        tenant: TenantKey,
        key: &TouchKey,
        reason: &str,
    ) -> Result<Option<Voided>, StoreError> {
        self.void_version(tenant, key, &Voiding { reason: reason.to_owned(), ..Voiding::default() }).await
    }

    /// Voids a touchpoint in one version and all below it; `None` if there is none of that key and
    /// version. Its key stays taken for ever; if it was the first to
    /// tell an order, the next one that tells it speaks.
    pub async fn void_version(
        &self,
        tenant: TenantKey,
        key: &TouchKey,
        voiding: &Voiding,
    ) -> Result<Option<Voided>, StoreError> {
        let now = self.now();
        let mut tx = self.db.write().await?;
        let mut taken = take_revision(&mut tx, tenant, now).await?;
        let versions = find_versions(&mut tx, tenant, key).await?;
        let named = |one: &&Version| voiding.version.is_none_or(|version| version == one.version);
        let Some(target) = versions.iter().rev().find(named) else { return Ok(None) };
        let version = target.version;
        if target.taken_back {
            let revision = Revision(taken.revision.0 - 1);
            return Ok(Some(Voided { revision, version, already: true }));
        }
        let below: Vec<&Version> = versions.iter().filter(|one| one.version <= version).collect();
        let superseded = below.iter().filter(|one| !one.stands && !one.taken_back).map(|one| one.no);
        let scalars = [Scalar::Int(tenant.0), Scalar::Int(taken.revision.0)];
        tx.run_bulk(TAKE_BACK, &scalars, &[Column::Int(superseded.collect())]).await?;
        if let Some(standing) = below.iter().find(|one| one.stands) {
            self.take_out(&mut tx, tenant, &mut taken, (key, standing), voiding).await?;
        }
        keep_revision(&mut tx, tenant, &taken).await?;
        tx.commit().await?;
        self.writer.wake(tenant, taken.revision);
        Ok(Some(Voided { revision: taken.revision, version, already: false }))
    }

    /// Takes the version that stands out of the answers.
    async fn take_out(
        &self,
        tx: &mut Transaction,
        tenant: TenantKey,
        taken: &mut Taken,
        (key, standing): (&TouchKey, &Version),
        voiding: &Voiding,
    ) -> Result<(), StoreError> {
        let (scalar, touchpoint) = (Scalar::Int(tenant.0), Scalar::Int(standing.no));
        let voided = [
            scalar,
            touchpoint,
            Scalar::Int(taken.revision.0),
            Scalar::Text(&voiding.reason),
            Scalar::Text(&voiding.author),
            Scalar::TextOrNull(voiding.principal.as_deref()),
        ];
        tx.run(INSERT, &voided).await?;
        let row = tx.fetch_one(DETAILS, &[scalar, touchpoint]).await?;
        let details =
            parse_details(&row.ok_or(StoreError::Corrupt { what: "touchpoint" })?.get::<String>(0)?)?;
        if let Some((order_id, _)) = orders::said(&details.activity, &key.source) {
            let order_id = order_id.to_owned();
            orders::restate(tx, tenant, &[order_id], &mut FxHashMap::default()).await?;
        }
        let Some(no) = standing.observation else { return Ok(()) };
        let tenants = &*self.tenants;
        let rules = tenants.rules(tx, tenant, taken.rules_version).await?;
        let constraints = tenants.constraints(tx, tenant, taken.constraints_at).await?;
        let ground = Ground { rules: &rules, constraints };
        let is_logout = matches!(details.activity, Activity::Logout(_));
        let logouts = if is_logout { vec![(key, standing.version)] } else { Vec::new() };
        withdraw(tx, tenant, tenants, &ground, taken, no, logouts).await
    }
}

async fn find_versions(
    tx: &mut Transaction,
    tenant: TenantKey,
    key: &TouchKey,
) -> Result<Vec<Version>, StoreError> {
    let named = [Scalar::Int(tenant.0), Scalar::Text(&key.source), Scalar::Text(&key.source_id)];
    let version = |row: &Row| {
        let superseded: Option<i64> = row.get(3)?;
        Ok(Version {
            no: row.get(0)?,
            version: row.get(1)?,
            observation: row.get::<Option<i64>>(2)?.map(ObservationNo),
            stands: superseded.is_none(),
            taken_back: superseded == Some(0) || row.get::<Option<i64>>(4)?.is_some(),
        })
    };
    tx.fetch(FIND, &named).await?.iter().map(version).collect()
}

/// Takes what is void out of an observation: recomputes it from the touchpoints that remain, takes back
/// what logouts among the void ones released, and resolves again where that matters.
pub(in crate::store) async fn withdraw(
    tx: &mut Transaction,
    tenant: TenantKey,
    tenants: &Tenants,
    ground: &Ground<'_>,
    taken: &mut Taken,
    no: ObservationNo,
    logouts: Vec<(&TouchKey, i64)>,
) -> Result<(), StoreError> {
    let mut released = Vec::new();
    if !logouts.is_empty() {
        let data_key = tenants.data_key(tx, tenant).await?;
        let numbers = find_observation(tx, tenant, no).await?.identifiers;
        let numbers = numbers.iter().map(|no| no.0).collect();
        let named = crate::store::read::rows::name_identifiers(tx, tenant, numbers).await?;
        let identifiers: Vec<Identifier> = named.into_values().collect();
        for logout in logouts {
            let back = stretches::take_back_releases(tx, tenant, &data_key, &identifiers, logout).await?;
            released.extend(back);
        }
    }
    recompute(tx, tenant, ground, taken, no, &released).await
}

/// Recomputes an observation from the touchpoints that remain, and resolves again if its first
/// one is another now or none is left.
async fn recompute(
    tx: &mut Transaction,
    tenant: TenantKey,
    ground: &Ground<'_>,
    taken: &mut Taken,
    no: ObservationNo,
    released: &[(ObservationNo, ObservationNo)],
) -> Result<(), StoreError> {
    let key = [Scalar::Int(tenant.0), Scalar::Int(no.0)];
    let bereft = find_observation(tx, tenant, no).await?;
    let (summary, first) = remaining(tx, tenant, no).await?;
    let live = first.is_some();
    let now_first = first.unwrap_or_else(|| bereft.first.clone());
    if live {
        upsert_summaries(tx, tenant, &FxHashMap::from_iter([(no, summary)])).await?;
    } else {
        tx.run(DELETE_SUMMARY, &key).await?;
    }
    if live && now_first == bereft.first && !bereft.unsettled && released.is_empty() {
        return Ok(());
    }
    set_first(tx, tenant, no, &now_first, live).await?;
    let mut again = FxHashSet::default();
    for (release, _) in released {
        again.insert(find_observation(tx, tenant, *release).await?.component);
    }
    resolve_again(tx, tenant, ground, taken, (&bereft, live), again).await?;
    for &(release, was) in released {
        let heir = find_observation(tx, tenant, no).await?.customer;
        leave(tx, tenant, taken, release, was, heir).await?;
        end_customer(tx, tenant, taken, release).await?;
    }
    Ok(())
}

/// An observation, as what may be taken from it.
pub(in crate::store) async fn find_observation(
    tx: &mut Transaction,
    tenant: TenantKey,
    no: ObservationNo,
) -> Result<Bereft, StoreError> {
    let key = [Scalar::Int(tenant.0), Scalar::Int(no.0)];
    let row =
        tx.fetch_one(FIND_OBSERVATION, &key).await?.ok_or(StoreError::Corrupt { what: "observation" })?;
    Ok(Bereft {
        no,
        customer: ObservationNo(row.get(0)?),
        component: ObservationNo(row.get(1)?),
        identifiers: read_numbers(&row.get::<String>(2)?)?,
        first: identities::read_position(&row, 3)?,
        unsettled: row.get::<i64>(6)? != 0,
    })
}

/// Says since when an observation stands, and whether it does.
pub(in crate::store) async fn set_first(
    tx: &mut Transaction,
    tenant: TenantKey,
    no: ObservationNo,
    first: &Position,
    live: bool,
) -> Result<(), StoreError> {
    let first = [
        Scalar::Int(tenant.0),
        Scalar::Int(no.0),
        Scalar::Int(i64::from(live)),
        Scalar::Int(first.at.0),
        Scalar::Text(&first.key.source),
        Scalar::Text(&first.key.source_id),
    ];
    tx.run(SET_FIRST, &first).await
}

async fn remaining(
    tx: &mut Transaction,
    tenant: TenantKey,
    no: ObservationNo,
) -> Result<(Summary, Option<Position>), StoreError> {
    let key = [Scalar::Int(tenant.0), Scalar::Int(no.0)];
    let mut summary = Summary::default();
    let mut first = None;
    for row in tx.fetch(REMAINING, &key).await? {
        let details = parse_details(&row.get::<String>(4)?)?;
        let touchpoint = Touchpoint {
            key: TouchKey { source: row.get(0)?, source_id: row.get(1)? },
            at: Micros(row.get(2)?),
            channel: crate::store::records::costs::channel(&row.get::<String>(3)?)?,
            identifiers: Vec::new(),
            details,
        };
        summary.add(&touchpoint);
        first.get_or_insert_with(|| touchpoint.position());
    }
    for (_, one) in orders::corrections_of(tx, tenant, &[no]).await? {
        summary.correct(one.currency, &one.delta);
    }
    Ok((summary, first))
}

/// Resolves the component of an observation that lost something, and others; one that is not live any
/// more leaves its customer.
pub(in crate::store) async fn resolve_again(
    tx: &mut Transaction,
    tenant: TenantKey,
    ground: &Ground<'_>,
    taken: &mut Taken,
    (bereft, live): (&Bereft, bool),
    mut replay: FxHashSet<ObservationNo>,
) -> Result<(), StoreError> {
    let rules = ground.rules;
    replay.insert(bereft.component);
    let mut before = if live {
        Before::default()
    } else {
        unclaim(tx, tenant, ground, taken, &bereft.identifiers, &mut replay).await?
    };
    before.constraints = ground.constraints.clone();
    let recounted = before.identifiers.clone();
    let (loaded, beside, touches) = identities::load_components(tx, tenant, rules, &replay).await?;
    let plan = Plan::replay_only(replay);
    let mut changes = batch::settle(rules, before, &plan, &[], &loaded, &touches, beside);
    let written: FxHashSet<IdentifierNo> = changes.identifiers.iter().map(|(no, _)| *no).collect();
    for (no, stored) in recounted {
        if !written.contains(&no) {
            changes.identifiers.push((no, Stored { holder: None, ..stored }));
        }
    }
    settled::reassign(tx, tenant, taken, &FxHashMap::default(), &loaded, &changes).await?;
    settled::log_merges(tx, tenant, taken, &changes, None).await?;
    conflicts::log(tx, tenant, taken, &changes.conflicts).await?;
    if !live {
        let peers = loaded.iter().filter(|peer| peer.customer == bereft.customer);
        let heir = peers.map(|peer| peer.observation.no).min();
        let heir = changes.assigned.iter().find(|assigned| Some(assigned.no) == heir);
        let customer = heir.map_or(bereft.no, |heir| heir.customer);
        leave(tx, tenant, taken, bereft.no, bereft.customer, customer).await?;
        if heir.is_none() {
            end_customer(tx, tenant, taken, bereft.customer).await?;
        }
    }
    settled::write_holdings(tx, tenant, rules, taken, &changes).await?;
    stretches::write(tx, tenant, taken, &loaded, &changes.assigned).await
}

/// Gives an observation without a touchpoint to a customer, so that its id leads somewhere.
async fn leave(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &Taken,
    no: ObservationNo,
    was: ObservationNo,
    customer: ObservationNo,
) -> Result<(), StoreError> {
    let left = [tenant.0, no.0, customer.0].map(Scalar::Int);
    tx.run(LEAVE, &left).await?;
    let moved = [tenant.0, taken.revision.0, no.0, was.0, customer.0].map(Scalar::Int);
    tx.run(LOG_LEAVE, &moved).await
}

async fn end_customer(
    tx: &mut Transaction,
    tenant: TenantKey,
    taken: &Taken,
    customer: ObservationNo,
) -> Result<(), StoreError> {
    let ended = [tenant.0, customer.0, taken.revision.0].map(Scalar::Int);
    tx.run(LOG_CUSTOMER, &ended).await?;
    tx.run(DELETE_CUSTOMER, &ended[..2]).await
}

/// Labels of the components of all observations that contain an identifier and are live.
pub(in crate::store) async fn sighted_components(
    tx: &mut Transaction,
    tenant: TenantKey,
    no: IdentifierNo,
) -> Result<FxHashSet<ObservationNo>, StoreError> {
    let rows = tx.fetch_bulk(SIGHTED, &[Scalar::Int(tenant.0)], &[Column::Int(vec![no.0])]).await?;
    let mut labels = FxHashSet::default();
    for row in rows {
        if row.get::<i64>(3)? != 0 {
            labels.insert(ObservationNo(row.get(2)?));
        }
    }
    Ok(labels)
}

/// Counts the claims of identifiers anew from the observations that live. One that is shared no
/// longer links again: the components it links are resolved too.
async fn unclaim(
    tx: &mut Transaction,
    tenant: TenantKey,
    ground: &Ground<'_>,
    taken: &mut Taken,
    identifiers: &[IdentifierNo],
    replay: &mut FxHashSet<ObservationNo>,
) -> Result<Before, StoreError> {
    let rules = ground.rules;
    let scalars = [Scalar::Int(tenant.0)];
    let columns = [Column::Int(identifiers.iter().map(|no| no.0).collect())];
    let mut sighted = Vec::new();
    for row in tx.fetch_bulk(SIGHTED, &scalars, &columns).await? {
        if row.get::<i64>(3)? != 0 {
            sighted.push(read_numbers(&row.get::<String>(1)?)?);
        }
    }
    let mut numbers: Vec<i64> = sighted.iter().flatten().chain(identifiers).map(|no| no.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut known: FxHashMap<IdentifierNo, Stored> = FxHashMap::default();
    for row in tx.fetch_bulk(identities::LOAD_IDENTIFIERS, &scalars, &[Column::Int(numbers)]).await? {
        let (no, stored) = read_identifier(&row, rules)?;
        known.insert(no, stored);
    }
    let was_shared: FxHashSet<IdentifierNo> =
        identifiers.iter().filter(|no| known[no].is_shared(rules)).copied().collect();
    for no in identifiers {
        if let Some(stored) = known.get_mut(no) {
            stored.claims = Claims::new();
        }
    }
    for set in &sighted {
        add_claims(rules, &mut known, set);
    }
    let mut before = Before::default();
    for no in identifiers {
        let mut stored = known[no].clone();
        let falls = was_shared.contains(no) && !stored.is_shared(rules);
        if falls && !falling::connect(tx, tenant, ground, taken, *no, replay).await? {
            stored.sharing = Some(Sharing::Shared);
        }
        before.identifiers.insert(*no, stored);
    }
    Ok(before)
}
