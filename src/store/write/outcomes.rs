//! What becomes of touchpoints that are known already: by their key and version.

use rustc_hash::FxHashMap;

use crate::identity::Rules;
use crate::model::{Micros, ObservationNo, TenantKey, TouchKey, TouchpointNo};
use crate::store::StoreError;
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::tenants::data_key::KeyedHash;
use crate::store::write::content::say_the_same;
use crate::store::write::recording::{Incoming, Outcome};
use crate::store::write::stretches::{self, Stretches, owner_at};

/// Versions of one touchpoint at most: each is read whenever another arrives.
pub const VERSIONS: usize = 1_000;

const FIND_KEYS: &str = "WITH v(source, source_id, i) AS ({rows}) \
    SELECT v.i, t.version, t.payload_hash, t.touchpoint, o.customer, o.observation, o.set_hash, t.at_us, \
    t.activity, x.superseded, x.taken_back_at FROM v CROSS JOIN touchpoint t \
    LEFT JOIN observation o ON o.tenant = t.tenant AND o.observation = t.observation \
    LEFT JOIN void x ON x.tenant = t.tenant AND x.touchpoint = t.touchpoint \
    WHERE t.tenant = $1 AND t.source = v.source AND t.source_id = v.source_id";
/// A version that is stored.
pub(in crate::store) struct StoredVersion {
    pub(in crate::store) version: i64,
    pub(in crate::store) no: TouchpointNo,
    pub(in crate::store) observation: Option<ObservationNo>,
    pub(in crate::store) set: Option<KeyedHash>,
    pub(in crate::store) at: Micros,
    pub(in crate::store) is_logout: bool,
    hash: Vec<u8>,
    home: Option<ObservationNo>,
    /// It is in the answers: neither void nor superseded.
    stands: bool,
    /// It is wrong, and with it all below it.
    pub(in crate::store) taken_back: bool,
}

/// Where the customer of a superseded touchpoint is told from: the highest version.
#[derive(Clone, Copy)]
enum Highest {
    InBatch(usize),
    Stored(Option<ObservationNo>),
}

/// A touchpoint that stood until a version of the batch.
pub(in crate::store) struct Outdated {
    pub(in crate::store) was: StoredVersion,
    /// Its place in the batch.
    pub(in crate::store) by: usize,
}

/// What is to be done with a batch.
#[derive(Default)]
pub(in crate::store) struct Looked {
    /// What is decided already; `None` of those in `live` and `late`.
    outcomes: Vec<Option<Outcome>>,
    /// The first of the batch with the same key and version.
    first: Vec<usize>,
    /// Will stand.
    pub(in crate::store) live: Vec<usize>,
    /// Below a version that is known: stored, and never in the answers. With whether they went with one
    /// that was taken back.
    pub(in crate::store) late: Vec<(usize, bool)>,
    pub(in crate::store) outdated: Vec<Outdated>,
    beneath: FxHashMap<usize, Highest>,
}

/// Looks up every touchpoint of a batch by its key and its version.
pub(in crate::store) async fn look(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    batch: &[Incoming],
) -> Result<Looked, StoreError> {
    let mut looked = Looked { outcomes: vec![None; batch.len()], ..Looked::default() };
    let groups = group(batch, &mut looked);
    let mut stored = find_stored(tx, tenant, rules, &groups).await?;
    let unsure = compare(batch, &groups, &stored, &mut looked);
    settle_unsure(tx, tenant, rules, batch, &unsure, &mut looked).await?;
    for (group, versions) in groups.iter().zip(&mut stored.versions) {
        order_versions(batch, group, versions, &stored.cut, &mut looked);
    }
    looked.live.sort_unstable();
    Ok(looked)
}

/// The touchpoints of a batch that have one key; the first of each version.
struct Group<'a> {
    key: &'a TouchKey,
    members: Vec<usize>,
}

fn group<'a>(batch: &'a [Incoming], looked: &mut Looked) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::with_capacity(batch.len());
    let mut of_key: FxHashMap<&TouchKey, usize> = FxHashMap::default();
    for (i, incoming) in batch.iter().enumerate() {
        let place = *of_key.entry(&incoming.touchpoint.key).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Group { key: &incoming.touchpoint.key, members: Vec::new() });
        }
        let members = &mut groups[place].members;
        let first = members.iter().copied().find(|&one| batch[one].version == incoming.version);
        looked.first.push(first.unwrap_or(i));
        match first {
            None => members.push(i),
            Some(first) => {
                let same = batch[first].payload_hash == incoming.payload_hash;
                // A mark until `told`: the outcome of a copy is that of the first.
                looked.outcomes[i] = Some(if same { Outcome::Duplicate(None) } else { Outcome::KeyTaken });
            }
        }
    }
    groups
}

#[derive(Default)]
struct Stored {
    /// Of each group, in no order.
    versions: Vec<Vec<StoredVersion>>,
    cut: Stretches,
}

impl StoredVersion {
    fn customer(&self, cut: &Stretches) -> Option<ObservationNo> {
        let known = self.home.zip(self.observation);
        known.map(|(home, no)| owner_at(cut, no, home, self.at))
    }

    /// Whom what stands belongs to: nobody where nothing does.
    fn stands_for(&self, cut: &Stretches) -> Option<ObservationNo> {
        self.customer(cut).filter(|_| self.stands)
    }
}

async fn find_stored(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    groups: &[Group<'_>],
) -> Result<Stored, StoreError> {
    let columns = [
        Column::Text(groups.iter().map(|group| group.key.source.as_str()).collect()),
        Column::Text(groups.iter().map(|group| group.key.source_id.as_str()).collect()),
        Column::Int((0..groups.len() as i64).collect()),
    ];
    let mut stored = Stored { versions: groups.iter().map(|_| Vec::new()).collect(), ..Stored::default() };
    for row in tx.fetch_bulk(FIND_KEYS, &[Scalar::Int(tenant.0)], &columns).await? {
        stored.versions[row.get::<i64>(0)? as usize].push(read_version(&row)?);
    }
    let observations = stored.versions.iter().flatten().filter_map(|version| version.observation);
    stored.cut = stretches::load(tx, tenant, rules, observations).await?;
    Ok(stored)
}

fn read_version(row: &Row) -> Result<StoredVersion, StoreError> {
    let set: Option<Vec<u8>> = row.get(6)?;
    let superseded: Option<i64> = row.get(9)?;
    Ok(StoredVersion {
        version: row.get(1)?,
        hash: row.get(2)?,
        no: TouchpointNo(row.get(3)?),
        home: row.get::<Option<i64>>(4)?.map(ObservationNo),
        observation: row.get::<Option<i64>>(5)?.map(ObservationNo),
        set: set.and_then(|set| set.try_into().ok()),
        at: Micros(row.get(7)?),
        is_logout: row.text(8)? == Some("logout"),
        stands: superseded.is_none(),
        taken_back: superseded == Some(0) || row.get::<Option<i64>>(10)?.is_some(),
    })
}

/// Outcomes of versions that are stored. Returns those whose hash is another, with the stored one:
/// the content may still be the same.
fn compare(
    batch: &[Incoming],
    groups: &[Group<'_>],
    stored: &Stored,
    looked: &mut Looked,
) -> Vec<(usize, TouchpointNo, Option<ObservationNo>)> {
    let mut unsure = Vec::new();
    for (group, versions) in groups.iter().zip(&stored.versions) {
        if versions.is_empty() {
            continue;
        }
        let highest = versions.iter().max_by_key(|version| version.version);
        for &i in &group.members {
            let Some(known) = versions.iter().find(|known| known.version == batch[i].version) else {
                continue;
            };
            let customer = known.customer(&stored.cut);
            if known.hash == batch[i].payload_hash {
                looked.outcomes[i] = Some(Outcome::Duplicate(customer));
            } else {
                looked.outcomes[i] = Some(Outcome::KeyTaken);
                unsure.push((i, known.no, customer));
            }
            if let Some(highest) = highest.filter(|highest| highest.version > known.version) {
                looked.beneath.insert(i, Highest::Stored(highest.stands_for(&stored.cut)));
            }
        }
    }
    unsure
}

/// Compares contents in full, where the hash was made by other rules, another build, or not at all.
async fn settle_unsure(
    tx: &mut Transaction,
    tenant: TenantKey,
    rules: &Rules,
    batch: &[Incoming],
    unsure: &[(usize, TouchpointNo, Option<ObservationNo>)],
    looked: &mut Looked,
) -> Result<(), StoreError> {
    if unsure.is_empty() {
        return Ok(());
    }
    let numbers = unsure.iter().map(|(_, no, _)| no.0).collect();
    let found = crate::store::read::load_touchpoints(tx, tenant, numbers).await?;
    let found: FxHashMap<TouchpointNo, _> = found.into_iter().map(|found| (found.no, found)).collect();
    for (i, no, customer) in unsure {
        let same = |stored: &crate::store::StoredTouchpoint| {
            say_the_same(rules, &stored.touchpoint, &batch[*i].touchpoint)
        };
        if found.get(no).is_some_and(same) {
            looked.outcomes[*i] = Some(Outcome::Duplicate(*customer));
        } else {
            looked.beneath.remove(i);
        }
    }
    Ok(())
}

/// Which of the new versions of a key will stand, and which stored one does no more.
fn order_versions(
    batch: &[Incoming],
    group: &Group<'_>,
    versions: &mut Vec<StoredVersion>,
    cut: &Stretches,
    looked: &mut Looked,
) {
    let mut new: Vec<usize> =
        group.members.iter().copied().filter(|&i| looked.outcomes[i].is_none()).collect();
    if versions.len() + new.len() > VERSIONS {
        let room = VERSIONS.saturating_sub(versions.len());
        for i in new.split_off(room.min(new.len())) {
            looked.outcomes[i] = Some(Outcome::TooManyVersions);
        }
    }
    let Some(&top) = new.iter().max_by_key(|&&i| batch[i].version) else { return };
    let known = versions.iter().max_by_key(|version| version.version);
    let above = known.filter(|known| known.version > batch[top].version);
    let highest = match above {
        Some(known) => Highest::Stored(known.stands_for(cut)),
        None => Highest::InBatch(top),
    };
    let back = versions.iter().filter(|known| known.taken_back).map(|known| known.version).max();
    for &i in new.iter().filter(|&&i| i != top || above.is_some()) {
        looked.late.push((i, back.is_some_and(|back| batch[i].version < back)));
        looked.beneath.insert(i, highest);
    }
    if above.is_some() {
        return;
    }
    looked.live.push(top);
    // Those that were sent again are below it, too.
    for &i in group.members.iter().filter(|&&i| matches!(looked.outcomes[i], Some(Outcome::Duplicate(_)))) {
        looked.beneath.insert(i, Highest::InBatch(top));
    }
    let standing = versions.iter().position(|version| version.stands);
    if let Some(place) = standing {
        looked.outdated.push(Outdated { was: versions.swap_remove(place), by: top });
    }
}

impl Looked {
    /// Whether nothing of the batch is to be written.
    pub(in crate::store) fn is_known(&self) -> bool {
        self.live.is_empty() && self.late.is_empty()
    }

    /// The outcomes of the batch; `recorded` says what became of a touchpoint that stands. Copies share
    /// the fate of the first, and what is superseded names the customer of what stands.
    pub(in crate::store) fn told(self, recorded: impl Fn(usize) -> Outcome) -> Vec<Outcome> {
        let superseded = |i: usize| {
            self.beneath.get(&i).map(|highest| match highest {
                Highest::InBatch(top) => Outcome::Superseded(recorded(*top).customer()),
                Highest::Stored(customer) => Outcome::Superseded(*customer),
            })
        };
        let of_first = |i: usize| match (superseded(i), &self.outcomes[i]) {
            (Some(superseded), _) => superseded,
            (None, Some(outcome)) => outcome.clone(),
            (None, None) => recorded(i),
        };
        let tell = |i: usize| {
            let first = self.first[i];
            match &self.outcomes[i] {
                Some(Outcome::Duplicate(_)) if first != i => match of_first(first) {
                    Outcome::Recorded(customer) | Outcome::ToldAgain(customer) => {
                        Outcome::Duplicate(customer)
                    }
                    other => other,
                },
                Some(refused) if first != i => refused.clone(),
                _ => of_first(i),
            }
        };
        (0..self.outcomes.len()).map(tell).collect()
    }
}
