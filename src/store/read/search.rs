//! The search for everything that was connected at a revision: observations, the identifiers that
//! link them, and so on.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::identity::constraints::Sharing;
use crate::identity::hindsight::{Hindsight, Named, rebuild, shared_as_of};
use crate::identity::resolve::{IdentifierNo, Observation};
use crate::model::{ObservationNo, Position, TenantKey};
use crate::store::StoreError;
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::read::as_of::{AsOf, voided_since};
use crate::store::write::identities::{kind_index, read_numbers, read_position};
use crate::store::write::stretches;

/// Of each observation: its first touchpoint now, and that one's number.
const LOAD_OBSERVATIONS: &str = "WITH v(observation) AS ({rows}) \
    SELECT o.observation, o.identifiers, o.severed, o.live, o.first_at_us, o.first_source, o.first_source_id, \
    t.touchpoint, o.releases, x.revision FROM v CROSS JOIN observation o \
    JOIN touchpoint t ON t.tenant = o.tenant AND t.source = o.first_source AND t.source_id = o.first_source_id \
    AND ((o.releases = 0 AND t.observation = o.observation) OR (o.releases = 1 AND t.version = o.version)) \
    LEFT JOIN void x ON x.tenant = t.tenant AND x.touchpoint = t.touchpoint \
    WHERE o.tenant = $1 AND o.observation = v.observation";
/// What was cut at a component's limit later than then.
const CUT_SINCE: &str = "WITH v(observation) AS ({rows}) \
    SELECT c.observation, c.identifier FROM v CROSS JOIN conflict c \
    WHERE c.tenant = $1 AND c.observation = v.observation AND c.reason = 'component' AND c.revision > $2";
const FIRST_THEN: &str = "SELECT * FROM (SELECT t.observation, t.at_us, t.source, t.source_id FROM touchpoint t \
    WHERE t.tenant = $1 AND t.observation = {0} AND t.touchpoint <= $2 AND NOT EXISTS \
    (SELECT 1 FROM void x WHERE x.tenant = t.tenant AND x.touchpoint = t.touchpoint AND x.revision <= $3) \
    ORDER BY t.at_us, t.source, t.source_id LIMIT 1) b";
const NAME_IDENTIFIERS: &str = "WITH v(identifier) AS ({rows}) \
    SELECT d.identifier, d.kind, d.value, (SELECT s.shared FROM sharing s WHERE s.tenant = d.tenant \
    AND s.identifier = d.identifier AND s.revision <= $2 ORDER BY s.revision DESC LIMIT 1) \
    FROM v CROSS JOIN identifier d WHERE d.tenant = $1 AND d.identifier = v.identifier";
const SIGHTED_THEN: &str = "WITH v(identifier) AS ({rows}) \
    SELECT s.observation FROM v CROSS JOIN sighting s \
    WHERE s.tenant = $1 AND s.identifier = v.identifier AND s.observation <= $2";

/// Evidence on the way in: what is read, and what it leads to.
struct Search {
    observations: FxHashMap<i64, Observation>,
    /// Observations asked for and read, whether they lived or not.
    read: FxHashSet<i64>,
    /// Observations whose identifiers were followed.
    followed: FxHashSet<i64>,
    named: FxHashMap<IdentifierNo, Named>,
    /// Identifiers all of whose observations were asked for.
    expanded: FxHashSet<IdentifierNo>,
}

/// Everything that was connected to observations and identifiers then, settled.
pub(in crate::store) async fn load(
    tx: &mut Transaction,
    tenant: TenantKey,
    known: &AsOf,
    observations: &[i64],
    identifiers: &[i64],
) -> Result<Hindsight, StoreError> {
    let voided = voided_since(tx, tenant, known).await?;
    let seeds: FxHashSet<i64> = observations.iter().copied().collect();
    let mut search = Search {
        observations: FxHashMap::default(),
        read: FxHashSet::default(),
        followed: FxHashSet::default(),
        named: FxHashMap::default(),
        expanded: FxHashSet::default(),
    };
    search.name(tx, tenant, known, identifiers.iter().map(|no| IdentifierNo(*no)).collect()).await?;
    let mut next: Vec<i64> = observations.to_vec();
    let mut links: Vec<IdentifierNo> = identifiers.iter().map(|no| IdentifierNo(*no)).collect();
    loop {
        links.retain(|no| search.links(*no) && search.expanded.insert(*no));
        let scalars = [tenant.0, known.last_observation].map(Scalar::Int);
        let columns = [Column::Int(links.iter().map(|no| no.0).collect())];
        for row in tx.fetch_bulk(SIGHTED_THEN, &scalars, &columns).await? {
            next.push(row.get(0)?);
        }
        for link in known
            .links
            .iter()
            .filter(|link| seeds.contains(&link.no.0) || link.identifiers.iter().any(|no| links.contains(no)))
        {
            search.observations.insert(link.no.0, link.clone());
        }
        next.retain(|no| *no <= known.last_observation && search.read.insert(*no));
        if next.is_empty() && links.is_empty() {
            break;
        }
        search.read(tx, tenant, known, &voided, std::mem::take(&mut next)).await?;
        links = search.follow(&seeds);
    }
    let Search { observations, named, .. } = search;
    let touches = stretches::load_touches_as_of(tx, tenant, known, observations.values()).await?;
    let mut then =
        rebuild(&known.rules, &known.constraints, observations.into_values().collect(), &touches, &named);
    for no in identifiers.iter().map(|no| IdentifierNo(*no)) {
        let shared = named.get(&no).filter(|named| named.shared);
        if let Some(named) = shared.filter(|_| !then.before.identifiers.contains_key(&no)) {
            then.before.identifiers.insert(no, shared_as_of(named));
        }
    }
    Ok(then)
}

impl Search {
    fn links(&self, no: IdentifierNo) -> bool {
        self.named.get(&no).is_some_and(|named| !named.shared)
    }

    async fn name(
        &mut self,
        tx: &mut Transaction,
        tenant: TenantKey,
        known: &AsOf,
        mut numbers: Vec<IdentifierNo>,
    ) -> Result<(), StoreError> {
        numbers.retain(|no| !self.named.contains_key(no));
        numbers.sort_unstable();
        numbers.dedup();
        let scalars = [tenant.0, known.revision.0].map(Scalar::Int);
        let columns = [Column::Int(numbers.iter().map(|no| no.0).collect())];
        for row in tx.fetch_bulk(NAME_IDENTIFIERS, &scalars, &columns).await? {
            let kind = kind_index(&known.rules, &row.get::<String>(1)?)?;
            let no = IdentifierNo(row.get(0)?);
            let shared = match known.constraints.sharing(no) {
                Some(decided) => decided == Sharing::Shared,
                None => row.get::<Option<i64>>(3)? == Some(1),
            };
            self.named.insert(no, Named { kind, value: row.get(2)?, shared });
        }
        Ok(())
    }

    /// Reads observations as they were then; those that did not live are left out.
    async fn read(
        &mut self,
        tx: &mut Transaction,
        tenant: TenantKey,
        known: &AsOf,
        voided: &FxHashSet<i64>,
        numbers: Vec<i64>,
    ) -> Result<(), StoreError> {
        let scalars = [tenant.0, known.last_touchpoint, known.revision.0].map(Scalar::Int);
        let (mut again, mut lists) = (Vec::new(), FxHashMap::default());
        let rows = tx.fetch_bulk(LOAD_OBSERVATIONS, &scalars[..1], &[Column::Int(numbers)]).await?;
        let uncut = uncut_as_of(tx, tenant, known, &rows).await?;
        for row in rows {
            let no: i64 = row.get(0)?;
            let mut severed = read_numbers(&row.get::<String>(2)?)?;
            severed.retain(|identifier| !uncut.contains(&(no, *identifier)));
            let lists_of = (read_numbers(&row.get::<String>(1)?)?, severed);
            let releases = row.get::<i64>(8)? != 0;
            if releases {
                let voided = row.get::<Option<i64>>(9)?.is_some_and(|at| at <= known.revision.0);
                if !voided && row.get::<i64>(7)? <= known.last_touchpoint {
                    self.add(no, lists_of, read_position(&row, 4)?, true);
                }
            } else if voided.contains(&no) || row.get::<i64>(7)? > known.last_touchpoint {
                again.push([no]);
                lists.insert(no, lists_of);
            } else if row.get::<i64>(3)? != 0 {
                self.add(no, lists_of, read_position(&row, 4)?, false);
            }
        }
        for row in tx.fetch_union(FIRST_THEN, &scalars, &again).await? {
            self.add_first(&row, &mut lists)?;
        }
        let identifiers = self.observations.values().flat_map(|o| o.identifiers.iter().copied()).collect();
        self.name(tx, tenant, known, identifiers).await
    }

    fn add_first(&mut self, row: &Row, lists: &mut FxHashMap<i64, Lists>) -> Result<(), StoreError> {
        let no: i64 = row.get(0)?;
        if let Some(lists) = lists.remove(&no) {
            self.add(no, lists, read_position(row, 1)?, false);
        }
        Ok(())
    }

    fn add(&mut self, no: i64, (identifiers, severed): Lists, position: Position, releases: bool) {
        let observation = Observation { no: ObservationNo(no), position, identifiers, severed, releases };
        self.observations.insert(no, observation);
    }

    /// The identifiers of observations that were reached since: a seed, or one that an identifier
    /// links that is not cut off there.
    fn follow(&mut self, seeds: &FxHashSet<i64>) -> Vec<IdentifierNo> {
        let mut links = Vec::new();
        for (no, observation) in &self.observations {
            let linking = |id: &&IdentifierNo| !observation.severed.contains(id);
            let mut linking = observation.identifiers.iter().filter(linking).peekable();
            let reached = seeds.contains(no)
                || observation
                    .identifiers
                    .iter()
                    .any(|id| self.expanded.contains(id) && !observation.severed.contains(id));
            if reached && linking.peek().is_some() && self.followed.insert(*no) {
                links.extend(linking.copied());
            }
        }
        links
    }
}

/// Of observations with cut links: those that were cut later than then.
async fn uncut_as_of(
    tx: &mut Transaction,
    tenant: TenantKey,
    known: &AsOf,
    rows: &[Row],
) -> Result<FxHashSet<(i64, IdentifierNo)>, StoreError> {
    let mut cut: Vec<i64> = Vec::new();
    for row in rows {
        if !row.get::<String>(2)?.is_empty() {
            cut.push(row.get(0)?);
        }
    }
    let scalars = [tenant.0, known.revision.0].map(Scalar::Int);
    let later = tx.fetch_bulk(CUT_SINCE, &scalars, &[Column::Int(cut)]).await?;
    later.iter().map(|row| Ok((row.get(0)?, IdentifierNo(row.get(1)?)))).collect()
}

/// The identifiers of an observation, and those of them that do not link there.
type Lists = (Vec<IdentifierNo>, Vec<IdentifierNo>);
