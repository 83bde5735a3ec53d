//! Why are these one customer, and why is that identifier not part of it?
//!
//! Nothing of this is stored: the component is replayed and tells what it did.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::batch::{Stored, StoredObservation};
use super::constraints::{ConstraintNo, Constraints};
use super::moves::Touch;
use super::resolve::{Dropped, IdentifierNo, KindIndex, Observation, Verdict, World};
use super::rules::Rules;
use customer360_model::{ObservationNo, Position};

/// Why an identifier of an observation does not link it to its customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// One customer may not hold so many of this kind.
    Limit(KindIndex),
    /// Two registered customers, of which one was not named by a kind that joins them.
    RegisteredNotNamed,
    /// Another person on the same browser: its customer has another name of this kind.
    OtherPerson(KindIndex),
    /// It was seen beside too many people.
    Shared,
    /// It would have grown the component past its limit.
    ComponentLimit,
    /// A cannot-link keeps them apart.
    Constraint(ConstraintNo),
}

/// What allowed an observation to belong where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Allowed {
    /// None of its identifiers was held: it began a customer.
    Began,
    /// One customer held some of them.
    Joined,
    /// It made one customer of several, of which at most one was registered.
    MergedAnonymous,
    /// It made one customer of several registered ones: each was named by a kind that joins.
    MergedRegistered,
    /// A person said so: a must-link.
    Linked,
}

/// What one observation did when it was resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    pub no: ObservationNo,
    /// Of the touchpoint that first proved it.
    pub position: Position,
    pub identifiers: Vec<IdentifierNo>,
    /// The customers that it made one, by the names they had then.
    pub joined: Vec<ObservationNo>,
    pub allowed: Allowed,
    /// What does not link, why, and which customer held it then.
    pub dropped: Vec<(IdentifierNo, Reason, Option<ObservationNo>)>,
}

/// One link of a chain: two identifiers of one observation.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    pub from: IdentifierNo,
    pub to: IdentifierNo,
    pub observation: ObservationNo,
    pub position: Position,
    pub allowed: Allowed,
}

/// What the observations of one customer did, in canonical order. The arguments are those of the
/// whole component, for what is not the customer's explains what is.
#[must_use]
pub fn explain(
    rules: &Rules,
    constraints: &Constraints,
    observations: &[StoredObservation],
    identifiers: &FxHashMap<IdentifierNo, Stored>,
    touches: &[Touch],
    customer: ObservationNo,
) -> Vec<Explained> {
    let mut in_order: Vec<&StoredObservation> = observations.iter().collect();
    in_order.sort_by(|a, b| a.observation.position.cmp(&b.observation.position));
    let known = identifiers.iter().map(|(no, stored)| (*no, stored.known(rules))).collect();
    let evidence: Vec<Observation> = in_order.iter().map(|stored| stored.observation.clone()).collect();
    let mut before = FxHashMap::default();
    let replayed = World::replay(rules, constraints, known, &evidence, touches, |world, observation| {
        let named = world.named_by(observation);
        let registered = named.iter().filter(|(block, _)| world.is_registered(*block)).count();
        let holder_of = |no: &IdentifierNo| world.holder(*no).map(|block| world.block(block).name);
        let holders: FxHashMap<IdentifierNo, ObservationNo> =
            observation.identifiers.iter().filter_map(|no| Some((*no, holder_of(no)?))).collect();
        before.insert(observation.no, (named, registered, holders));
    });
    let world = &replayed.world;
    let mut explained = Vec::new();
    for (stored, verdict) in in_order.into_iter().zip(&replayed.verdicts) {
        let observation = &stored.observation;
        let belongs = stored.customer == customer || stored.stretches.iter().any(|s| s.owner == customer);
        let Some((named, registered, holders)) = before.remove(&observation.no).filter(|_| belongs) else {
            continue;
        };
        let unlinked = observation.identifiers.iter().filter_map(|no| {
            let shared = world.known(*no).is_some_and(|known| known.shared);
            let severed = observation.severed.contains(no);
            let reason = if shared { Reason::Shared } else { Reason::ComponentLimit };
            (shared || severed).then_some((*no, reason))
        });
        let refused = verdict.dropped.iter().map(|(no, reason)| (*no, Reason::from(*reason)));
        let dropped = unlinked.chain(refused).map(|(no, reason)| (no, reason, holders.get(&no).copied()));
        explained.push(Explained {
            no: observation.no,
            position: observation.position.clone(),
            identifiers: observation.identifiers.clone(),
            joined: names(&named, verdict),
            allowed: match verdict.joined.len() {
                _ if observation.is_link() => Allowed::Linked,
                0 => Allowed::Began,
                1 => Allowed::Joined,
                _ if registered > 1 => Allowed::MergedRegistered,
                _ => Allowed::MergedAnonymous,
            },
            dropped: dropped.collect(),
        });
    }
    explained
}

/// The shortest chain of observations that leads from one identifier of a customer to another
/// through identifiers that link; `None` if there is none.
#[must_use]
pub fn chain(explained: &[Explained], from: IdentifierNo, to: IdentifierNo) -> Option<Vec<Link>> {
    let links = |e: &Explained, no: IdentifierNo| e.dropped.iter().all(|(dropped, ..)| *dropped != no);
    let mut reached: FxHashMap<IdentifierNo, Option<Link>> = FxHashMap::from_iter([(from, None)]);
    let mut next = VecDeque::from([from]);
    while let Some(at) = next.pop_front() {
        if at == to {
            break;
        }
        for e in explained.iter().filter(|e| e.identifiers.contains(&at) && links(e, at)) {
            for &other in e.identifiers.iter().filter(|&&other| links(e, other)) {
                reached.entry(other).or_insert_with(|| {
                    next.push_back(other);
                    let (observation, position) = (e.no, e.position.clone());
                    Some(Link { from: at, to: other, observation, position, allowed: e.allowed })
                });
            }
        }
    }
    let mut chain = Vec::new();
    let mut at = to;
    while let Some(link) = reached.get(&at)? {
        chain.push(link.clone());
        at = link.from;
    }
    chain.reverse();
    Some(chain)
}

/// What one customer of two would break: the kinds of which it would hold too many, with how many
/// and the limit; and the cannot-links. The arguments are what each holds.
#[must_use]
pub fn crowd(
    rules: &Rules,
    constraints: &Constraints,
    left: &FxHashMap<IdentifierNo, KindIndex>,
    right: &FxHashMap<IdentifierNo, KindIndex>,
) -> (Vec<(KindIndex, u32, u32)>, Vec<ConstraintNo>) {
    let mut held = vec![0_u32; rules.kinds.len()];
    let both: FxHashMap<IdentifierNo, KindIndex> = left.iter().chain(right).map(|(k, v)| (*k, *v)).collect();
    both.values().for_each(|kind| held[*kind] += 1);
    let over = rules.kinds.iter().zip(held).enumerate();
    let over = over.filter(|(_, (rule, held))| *held > rule.limit);
    let over = over.map(|(kind, (rule, held))| (kind, held, rule.limit)).collect();
    (over, constraints.broken(both.into_keys()))
}

impl From<Dropped> for Reason {
    fn from(dropped: Dropped) -> Self {
        match dropped {
            Dropped::Limit(kind) => Self::Limit(kind),
            Dropped::Constraint(no) => Self::Constraint(no),
            Dropped::RegisteredNotNamed => Self::RegisteredNotNamed,
            Dropped::OtherPerson(kind) => Self::OtherPerson(kind),
        }
    }
}

pub(super) fn names(named: &[(usize, ObservationNo)], verdict: &Verdict) -> Vec<ObservationNo> {
    let joined = named.iter().filter(|(block, _)| verdict.joined.contains(block));
    joined.map(|(_, name)| *name).collect()
}
