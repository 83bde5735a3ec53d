//! What changed since a past revision, for whoever holds a later one and asks for that one.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::{Micros, ObservationNo, Revision, TenantKey};
use crate::store::driver::Scalar;
use crate::store::read::as_of::AsOf;
use crate::store::read::changes::{BETWEEN_FIELDS, Facts, fact_text};
use crate::store::write::stretches;
use crate::store::{Store, StoreError};

/// What is different between a past revision and a later one.
#[derive(Default)]
pub struct ChangedSince {
    /// Observations known then that were reassigned since: to whom they belonged.
    pub homes: FxHashMap<ObservationNo, Home>,
    /// Customers whose kind changed since, or that are no more: whether they were registered.
    pub registered: FxHashMap<ObservationNo, bool>,
    /// Touchpoints that were voided since, recorded then or later.
    pub voided: Facts,
    /// The last revision that reassigned each of those observations.
    pub last_moved: FxHashMap<ObservationNo, Revision>,
    /// Revisions at which a decision was made or retracted.
    pub decided: FxHashSet<Revision>,
    /// Revisions at which other rules took effect.
    pub promoted: FxHashSet<Revision>,
    /// Revisions at which the map was resolved anew by a newer build.
    pub upgraded: FxHashSet<Revision>,
}

/// To whom an observation belonged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    pub customer: ObservationNo,
    /// From an instant on, to whom; in order of time.
    pub later: Vec<(Micros, ObservationNo)>,
}

/// The latest change first: what is read last is what was there then.
const MOVED: &str = "SELECT observation, from_customer, revision FROM reassignment \
    WHERE tenant = $1 AND revision > $2 AND revision <= $3 AND observation <= $4 ORDER BY revision DESC";
const KINDS: &str = "SELECT customer, registered FROM customer_was \
    WHERE tenant = $1 AND until_revision > $2 AND until_revision <= $3 ORDER BY until_revision DESC";
const VOIDED: &str = concat!(
    "SELECT ",
    fact_text!("$4"),
    " FROM void x JOIN touchpoint t ON t.tenant = x.tenant AND t.touchpoint = x.touchpoint \
    WHERE x.tenant = $1 AND x.revision > $2 AND x.revision <= $3"
);
const DECIDED: &str = "SELECT revision_from FROM identity_constraint \
    WHERE tenant = $1 AND revision_from > $2 AND revision_from <= $3 \
    UNION ALL SELECT revision_to FROM identity_constraint \
    WHERE tenant = $1 AND revision_to > $2 AND revision_to <= $3";
const UPGRADED: &str = "SELECT revision FROM upgrade WHERE tenant = $1 AND revision > $2 AND revision <= $3";
const PROMOTED: &str = "SELECT revision FROM rule_set WHERE tenant = $1 AND revision > $2 AND revision <= $3";

impl Store {
    /// What changed between a past revision and `until`, which must have been reached.
    pub async fn changed_since(
        &self,
        tenant: TenantKey,
        known: &AsOf,
        until: Revision,
    ) -> Result<ChangedSince, StoreError> {
        let mut tx = self.db.read().await?;
        let scalars = [tenant.0, known.revision.0, until.0, known.last_observation].map(Scalar::Int);
        let mut changed = ChangedSince::default();
        for row in tx.fetch(MOVED, &scalars).await? {
            let home = Home { customer: ObservationNo(row.get(1)?), later: Vec::new() };
            let observation = ObservationNo(row.get(0)?);
            changed.homes.insert(observation, home);
            let revision = Revision(row.get(2)?);
            changed.last_moved.entry(observation).or_insert(revision);
        }
        let divided: Vec<ObservationNo> = changed.homes.keys().copied().collect();
        for (no, later) in stretches::load_as_of(&mut tx, tenant, known, divided.into_iter()).await? {
            if let Some(home) = changed.homes.get_mut(&no) {
                home.later = later.into_iter().map(|stretch| (stretch.from, stretch.owner)).collect();
            }
        }
        for row in tx.fetch(KINDS, &scalars[..3]).await? {
            changed.registered.insert(ObservationNo(row.get(0)?), row.get::<i64>(1)? != 0);
        }
        let voided = [scalars[0], scalars[1], scalars[2], BETWEEN_FIELDS];
        changed.voided = Facts(tx.fetch(VOIDED, &voided).await?);
        for row in tx.fetch(DECIDED, &scalars[..3]).await? {
            changed.decided.insert(Revision(row.get(0)?));
        }
        for row in tx.fetch(PROMOTED, &scalars[..3]).await? {
            changed.promoted.insert(Revision(row.get(0)?));
        }
        for row in tx.fetch(UPGRADED, &scalars[..3]).await? {
            changed.upgraded.insert(Revision(row.get(0)?));
        }
        Ok(changed)
    }
}
