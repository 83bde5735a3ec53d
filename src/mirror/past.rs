//! What the store says of the past, in the numbers of the columns. No I/O here.

use std::sync::Arc;

use super::MirrorError;
use super::tenant::{Map, small};
use crate::identity::Rules;
use crate::kpi::facts::as_of::{Home, Homes, Since, Then};
use crate::kpi::facts::projection::Pieces;
use crate::kpi::facts::reconcile::{Between, Mover};
use crate::kpi::{Dictionary, Fact, Identity, Snapshot, Trust, Voided};
use crate::store::{AsOf, ChangedSince, Fact as StoredFact};

/// A snapshot of what was known at a past revision, of which these pieces are given; `now` is a later
/// one, with its map and rules.
pub(super) fn as_known(
    now: &Snapshot,
    map: &dyn Homes,
    rules: &Rules,
    known: &AsOf,
    changed: &ChangedSince,
    pieces: Pieces,
) -> Result<(Snapshot, Since), MirrorError> {
    let (since, names) = since(&now.dictionary, map, rules, known, changed)?;
    let trust = Trust::of(&names, &known.rules.trait_sources);
    Ok((now.as_known_given(&since, map, &trust, pieces), since))
}

/// The map of a past revision that is later than another: the present one, and what was different.
pub(super) struct Later {
    pub(super) map: Map,
    pub(super) since: Since,
}

impl Later {
    fn then(&self) -> Then<'_> {
        Then { now: &self.map, since: &self.since }
    }
}

impl Identity for Later {
    fn customer_of(&self, observation: u32, at: i64) -> u32 {
        self.then().customer_of(observation, at)
    }

    fn is_registered(&self, customer: u32) -> bool {
        self.then().is_registered(customer)
    }
}

impl Homes for Later {
    fn home(&self, observation: u32) -> Home {
        self.then().home(observation)
    }
}

/// Everything that lies between two revisions, told of observations and customers by number.
pub(super) fn between(
    now: &Snapshot,
    map: &dyn Homes,
    known: &AsOf,
    later: &AsOf,
    changed: &ChangedSince,
) -> Result<Between, MirrorError> {
    let (since, names) = since(&now.dictionary, map, &later.rules, known, changed)?;
    let mut movers = Vec::with_capacity(since.homes.len());
    for (observation, revision) in &changed.last_moved {
        let mover = match revision {
            revision if changed.promoted.contains(revision) => Mover::Rules,
            revision if changed.upgraded.contains(revision) => Mover::Upgrade,
            revision if changed.decided.contains(revision) => Mover::Decision,
            _ => Mover::Evidence,
        };
        movers.push((small(observation.0)?, mover));
    }
    let new = small(known.last_observation + 1)?..small(later.last_observation + 1)?;
    let trust = |rules: &AsOf| Trust::of(&names, &rules.rules.trait_sources);
    let trusts = (trust(known), trust(later));
    Ok(Between::new(since, map, movers.into_iter().collect(), new, known.committed_at.0, trusts))
}

fn since(
    names: &Arc<Dictionary>,
    map: &dyn Homes,
    rules: &Rules,
    known: &AsOf,
    changed: &ChangedSince,
) -> Result<(Since, Arc<Dictionary>), MirrorError> {
    let mut since = Since {
        revision: known.revision,
        committed: Some(known.committed_at),
        last: small(known.last_touchpoint)?,
        is_retrusted: rules.trait_sources != known.rules.trait_sources,
        ..Since::default()
    };
    for (observation, home) in &changed.homes {
        let observation = small(observation.0)?;
        let later = home.later.iter().map(|(from, customer)| Ok((from.0, small(customer.0)?)));
        let later = later.collect::<Result<_, MirrorError>>()?;
        let home = Home { customer: small(home.customer.0)?, later };
        since.touched.extend(home.customers());
        since.touched.extend(map.home(observation).customers());
        since.homes.insert(observation, home);
    }
    for (customer, &registered) in &changed.registered {
        since.registered.insert(small(customer.0)?, registered);
    }
    // All names in them were met when they were recorded: it does not grow.
    let mut names = names.clone();
    for stored in changed.voided.parse()?.iter().flatten() {
        let StoredFact { no, observation, source, at, channel, details, .. } = stored;
        let names = Arc::make_mut(&mut names);
        let fact = Fact::of(*no, *observation, *at, channel, source, details, names)?;
        since.voided.push(Voided { at: fact.at, place: fact.place, touch_type: fact.body.touch_type() });
        if fact.number > since.last {
            continue;
        }
        if fact.observation == 0 {
            since.restored_unidentified.push(&fact);
            continue;
        }
        match since.homes.get(&fact.observation) {
            Some(home) => since.touched.extend(home.customers()),
            None => since.touched.extend(map.home(fact.observation).customers()),
        }
        since.restored.push(&fact);
    }
    Ok((since, names))
}
