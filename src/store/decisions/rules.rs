//! Versions of rules, and the whole history that a new one resolves again.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::identity::batch::{Fresh, Stored, StoredObservation};
use crate::identity::constraints::{Constraints, Sharing};
use crate::identity::resolve::{IdentifierNo, Observation, Seen};
use crate::identity::whole::{Resolved, Unfit, Whole};
use crate::identity::{OnConflict, Rules};
use crate::model::{Micros, ObservationNo, Position, Revision, TenantKey, TouchKey};
use crate::store::driver::{Column, Scalar, Transaction};
use crate::store::read::conflicts;
use crate::store::tenants::Tenants;
use crate::store::write::idempotency::{Request, begin_request};
use crate::store::write::identities::{kind_index, read_claims, read_numbers, read_position};
use crate::store::write::recording::decode_summary;
use crate::store::write::revision::{Taken, keep_revision, take_revision};
use crate::store::write::settled;
use crate::store::write::stretches;
use crate::store::{Store, StoreError};

/// A version of a tenant's rules.
#[derive(Debug, Clone)]
pub struct RuleSet {
    pub version: i64,
    pub since: Revision,
    pub rules: Arc<Rules>,
    /// `None` for the rules that every tenant begins with.
    pub author: Option<String>,
    pub reason: Option<String>,
    /// Who was authenticated.
    pub principal: Option<String>,
}

/// A promotion of rules.
#[derive(Debug, Clone)]
pub struct Promotion {
    pub rules: Rules,
    pub from_version: i64,
    pub author: String,
    pub reason: String,
    /// Who was authenticated.
    pub principal: Option<String>,
    pub request: Request,
}

/// What a promotion did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promoted {
    pub version: i64,
    pub revision: Revision,
    pub reassigned: i64,
}

/// Everything that identity is resolved from, as it is.
#[derive(Debug, Clone)]
pub struct WholeMap {
    pub revision: Revision,
    pub whole: Whole,
    /// Touchpoints of each observation.
    pub touchpoints: FxHashMap<ObservationNo, u64>,
}

const SELECT_VERSION: &str = "SELECT version, revision, rules, author, reason, principal FROM rule_set WHERE tenant = $1 AND version = $2";
const VERSION_AT: &str = "SELECT version FROM rule_set WHERE tenant = $1 AND revision = $2";
const INSERT_VERSION: &str = "INSERT INTO rule_set (tenant, version, revision, rules, author, reason, principal) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const SET_BLOCKED: &str = "WITH v(identifier, blocked) AS ({rows}) UPDATE identifier SET blocked = v.blocked FROM v \
    WHERE identifier.tenant = $1 AND identifier.identifier = v.identifier";
const SET_VERSION: &str = "UPDATE tenant SET rules_version = $2 WHERE tenant = $1";
/// Wholly, or some time of them.
const COUNT_MOVED: &str = "SELECT COUNT(*) FROM reassignment r \
    WHERE r.tenant = $1 AND r.revision = $2 AND (r.from_customer <> r.to_customer OR EXISTS \
    (SELECT 1 FROM stretch s WHERE s.tenant = r.tenant AND s.observation = r.observation \
    AND (s.revision_from = r.revision OR s.revision_until = r.revision)))";
/// Customers of another kind than before although none of their observations moved: logged as
/// reassignments to themselves, so that who follows the log hears of them.
const LOG_KINDS: &str = "INSERT INTO reassignment (tenant, revision, observation, from_customer, to_customer) \
    SELECT w.tenant, w.until_revision, w.customer, w.customer, w.customer FROM customer_was w \
    JOIN customer c ON c.tenant = w.tenant AND c.customer = w.customer \
    WHERE w.tenant = $1 AND w.until_revision = $2 ON CONFLICT (tenant, revision, observation) DO NOTHING";
/// The whole map is read whole.
const ALL_OBSERVATIONS: &str = "SELECT o.observation, o.customer, o.component, o.identifiers, o.severed, \
    o.first_at_us, o.first_source, o.first_source_id, o.releases, o.unsettled FROM observation o \
    WHERE o.tenant = $1 AND o.live = 1 ORDER BY o.observation";
const ALL_IDENTIFIERS: &str = "SELECT d.identifier, d.kind, d.value, d.holder, d.claims, d.first_in, d.latest_in, \
    d.sharing, d.shared, d.blocked FROM identifier d WHERE d.tenant = $1 ORDER BY d.identifier";
const ALL_SUMMARIES: &str =
    "SELECT s.observation, s.summary FROM summary s WHERE s.tenant = $1 ORDER BY s.observation";

impl Store {
    /// A version of a tenant's rules; `None` if there is none of that number.
    pub async fn rule_set(&self, tenant: TenantKey, version: i64) -> Result<Option<RuleSet>, StoreError> {
        let mut tx = self.db.read().await?;
        let Some(row) = tx.fetch_one(SELECT_VERSION, &[tenant.0, version].map(Scalar::Int)).await? else {
            return Ok(None);
        };
        let rules = self.tenants.rules(&mut tx, tenant, version).await?;
        Ok(Some(RuleSet {
            version,
            since: Revision(row.get(1)?),
            rules,
            author: row.get(3)?,
            reason: row.get(4)?,
            principal: row.get(5)?,
        }))
    }

    /// Everything that identity is resolved from, under the present rules or under others.
    pub async fn whole_map(
        &self,
        tenant: TenantKey,
        rules: &Rules,
        candidate: &Rules,
    ) -> Result<WholeMap, StoreError> {
        let mut tx = self.db.read().await?;
        let (revision, constraints) = self.tenants.present_constraints(&mut tx, tenant).await?;
        let mut whole = load(&mut tx, tenant, rules, candidate, constraints).await?;
        // Numbers that nobody has, and that columns can hold.
        let last = whole.observations.iter().map(|stored| stored.observation.no.0).max().unwrap_or(0);
        let next = last + (1 << 20);
        let key = self.tenants.data_key(&mut tx, tenant).await?;
        stretches::add_releases(&mut tx, tenant, (rules, candidate), &key, &mut whole, next).await?;
        let mut touchpoints = FxHashMap::default();
        for row in tx.fetch(ALL_SUMMARIES, &[Scalar::Int(tenant.0)]).await? {
            let summary = decode_summary(&row.get::<Vec<u8>>(1)?)?;
            touchpoints.insert(ObservationNo(row.get(0)?), summary.touchpoints);
        }
        Ok(WholeMap { revision, whole, touchpoints })
    }

    /// Makes rules the present ones: everything is resolved again and the difference written, in
    /// one revision.
    ///
    /// # Errors
    /// [`StoreError::RulesUnfit`] with all reasons; [`StoreError::RulesOutdated`] when they were
    /// made from another version than the present one; [`StoreError::RequestIdReused`].
    pub async fn promote(&self, tenant: TenantKey, promotion: Promotion) -> Result<Promoted, StoreError> {
        let now = self.now();
        let mut tx = self.db.write().await?;
        let mut taken = take_revision(&mut tx, tenant, now).await?;
        if let Some(at) = begin_request(&mut tx, tenant, &promotion.request, taken.revision).await? {
            let key = [tenant.0, at.0].map(Scalar::Int);
            let row = tx.fetch_one(VERSION_AT, &key).await?.ok_or(StoreError::RequestIdReused)?;
            return promoted(&mut tx, tenant, row.get(0)?, at).await;
        }
        if promotion.from_version != taken.rules_version {
            return Err(StoreError::RulesOutdated { present: taken.rules_version });
        }
        let was = self.tenants.rules(&mut tx, tenant, taken.rules_version).await?;
        let constraints = self.tenants.constraints(&mut tx, tenant, taken.constraints_at).await?;
        let rules = Arc::new(promotion.rules);
        let anew = Anew { was, rules: rules.clone(), constraints, is_bounded: true };
        anew.resolve(&mut tx, tenant, &self.tenants, &mut taken).await?;
        let version = taken.rules_version + 1;
        let text = serde_json::to_string(&*rules).map_err(|_| StoreError::Corrupt { what: "rules" })?;
        let row = [
            Scalar::Int(tenant.0),
            Scalar::Int(version),
            Scalar::Int(taken.revision.0),
            Scalar::Text(&text),
            Scalar::Text(&promotion.author),
            Scalar::Text(&promotion.reason),
            Scalar::TextOrNull(promotion.principal.as_deref()),
        ];
        tx.run(INSERT_VERSION, &row).await?;
        tx.run(SET_VERSION, &[tenant.0, version].map(Scalar::Int)).await?;
        keep_revision(&mut tx, tenant, &taken).await?;
        let promoted = promoted(&mut tx, tenant, version, taken.revision).await?;
        tx.commit().await?;
        self.writer.wake(tenant, taken.revision);
        Ok(promoted)
    }
}

/// The whole map resolved from nothing.
pub(in crate::store) struct Anew {
    /// The rules until now.
    pub(in crate::store) was: Arc<Rules>,
    pub(in crate::store) rules: Arc<Rules>,
    pub(in crate::store) constraints: Arc<Constraints>,
    /// Whether too large a component is a reason not to.
    pub(in crate::store) is_bounded: bool,
}

impl Anew {
    /// Resolves everything again and writes the difference.
    pub(in crate::store) async fn resolve(
        self,
        tx: &mut Transaction,
        tenant: TenantKey,
        tenants: &Tenants,
        taken: &mut Taken,
    ) -> Result<(), StoreError> {
        let Self { was, rules, constraints, is_bounded } = self;
        let mut whole = load(tx, tenant, &was, &rules, constraints).await?;
        let next = taken.next_observation;
        let key = tenants.data_key(tx, tenant).await?;
        let released = stretches::add_releases(tx, tenant, (&was, &rules), &key, &mut whole, next).await?;
        taken.next_observation += released.len() as i64;
        let known = whole.observations.len() - released.len();
        let (under, old) = (rules.clone(), was.clone());
        let was_blocked: FxHashSet<IdentifierNo> =
            whole.identifiers.iter().filter(|(_, stored)| stored.blocked).map(|(no, _)| *no).collect();
        let resolved = tokio::task::spawn_blocking(move || resolve(whole, &old, &under, is_bounded)).await;
        let (whole, mut resolved) = resolved.map_err(|_| StoreError::Closed)??;
        let (known, new) = whole.observations.split_at(known);
        let fresh: Vec<Fresh> = new.iter().map(|stored| Fresh::new(stored.observation.clone())).collect();
        let changes = &resolved.changes;
        settled::insert_observations(tx, tenant, &released, &fresh, changes).await?;
        settled::reassign(tx, tenant, taken, &FxHashMap::default(), known, changes).await?;
        stretches::write(tx, tenant, taken, known, &changes.assigned).await?;
        settled::log_merges(tx, tenant, taken, &resolved.changes, None).await?;
        conflicts::log(tx, tenant, taken, &resolved.changes.conflicts).await?;
        let same = |(no, stored): &(IdentifierNo, Stored)| {
            let was = &whole.identifiers[no];
            (was.holder, was.first.no, was.latest.no, was.was_shared, &was.claims)
                == (
                    stored.holder,
                    stored.first.no,
                    stored.latest.no,
                    stored.is_shared(&rules),
                    &stored.claims,
                )
        };
        resolved.changes.identifiers.retain(|one| !same(one));
        settled::write_holdings(tx, tenant, &rules, taken, &resolved.changes).await?;
        let turned = whole.identifiers.iter().filter(|(no, d)| d.blocked != was_blocked.contains(no));
        let turned: Vec<_> = turned.map(|(no, stored)| (no.0, i64::from(stored.blocked))).collect();
        let (numbers, blocked) = turned.into_iter().unzip();
        let columns = [Column::Int(numbers), Column::Int(blocked)];
        tx.run_bulk(SET_BLOCKED, &[Scalar::Int(tenant.0)], &columns).await?;
        let at = [tenant.0, taken.revision.0].map(Scalar::Int);
        tx.run(LOG_KINDS, &at).await?;
        Ok(())
    }
}

async fn promoted(
    tx: &mut Transaction,
    tenant: TenantKey,
    version: i64,
    revision: Revision,
) -> Result<Promoted, StoreError> {
    let row = tx.fetch_one(COUNT_MOVED, &[tenant.0, revision.0].map(Scalar::Int)).await?;
    let reassigned = row.map_or(Ok(0), |row| row.get(0))?;
    Ok(Promoted { version, revision, reassigned })
}

fn resolve(
    whole: Whole,
    was: &Rules,
    rules: &Rules,
    is_bounded: bool,
) -> Result<(Whole, Resolved), StoreError> {
    let whole = whole.under(was, rules).map_err(StoreError::RulesUnfit)?;
    let resolved = whole.resolve(rules);
    if is_bounded && resolved.largest > rules.component_limit as usize {
        let unfit = Unfit::TooLarge { observations: resolved.largest, limit: rules.component_limit };
        return Err(StoreError::RulesUnfit(vec![unfit]));
    }
    Ok((whole, resolved))
}

/// The present kinds, moving if they move under any of both rules.
fn moving(rules: &Rules, candidate: &Rules) -> Rules {
    let mut both = rules.clone();
    for rule in both.kinds.iter_mut().filter(|rule| rule.on_conflict == OnConflict::Demote) {
        if let Some(other) = candidate.kind(&rule.kind) {
            rule.on_conflict = other.on_conflict;
        }
    }
    both
}

async fn load(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    candidate: &Rules,
    constraints: Arc<Constraints>,
) -> Result<Whole, StoreError> {
    let key = [Scalar::Int(tenant.0)];
    let mut observations = Vec::new();
    for row in tx.fetch(ALL_OBSERVATIONS, &key).await? {
        observations.push(StoredObservation {
            observation: Observation {
                no: ObservationNo(row.get(0)?),
                position: read_position(&row, 5)?,
                identifiers: read_numbers(&row.get::<String>(3)?)?,
                severed: read_numbers(&row.get::<String>(4)?)?,
                releases: row.get::<i64>(8)? != 0,
            },
            customer: ObservationNo(row.get(1)?),
            component: ObservationNo(row.get(2)?),
            stretches: Vec::new(),
            unsettled: row.get::<i64>(9)? != 0,
        });
    }
    let mut identifiers = FxHashMap::default();
    // Where they were first and last seen follows from the observations.
    let nowhere = |no| Seen {
        position: Position {
            at: Micros(0),
            key: TouchKey { source: String::new(), source_id: String::new() },
        },
        no: ObservationNo(no),
    };
    for row in tx.fetch(ALL_IDENTIFIERS, &key).await? {
        let stored = Stored {
            kind: kind_index(rules, &row.get::<String>(1)?)?,
            value: row.get(2)?,
            holder: row.get::<Option<i64>>(3)?.map(ObservationNo),
            claims: read_claims(&row.get::<String>(4)?)?,
            first: nowhere(row.get(5)?),
            latest: nowhere(row.get(6)?),
            component: None,
            sharing: match row.get::<Option<i64>>(7)? {
                Some(0) => Some(Sharing::Personal),
                Some(_) => Some(Sharing::Shared),
                None => None,
            },
            was_shared: row.get::<i64>(8)? != 0,
            blocked: row.get::<i64>(9)? != 0,
        };
        identifiers.insert(IdentifierNo(row.get(0)?), stored);
    }
    let mut cut = stretches::load(tx, tenant, rules, observations.iter().map(|o| o.observation.no)).await?;
    for stored in &mut observations {
        stored.stretches = cut.remove(&stored.observation.no).unwrap_or_default();
    }
    let kind_of = |no| identifiers.get(&no).map(|stored: &Stored| stored.kind);
    let touches =
        stretches::load_touches(tx, tenant, &moving(rules, candidate), &observations, kind_of).await?;
    Ok(Whole { observations, identifiers, constraints, touches })
}
