//! One batch of new evidence against what is stored: which components it touches, which of them
//! need a replay, and what changes.
//!
//! The store loads what `Plan` asks for and carries out `Changes`; it decides nothing.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use self::anew::known_anew;
use self::sever::sever;
use self::steps::{leave_out_what_moves, step};
pub use super::claims::{Claims, Crossed, add_claims, claim, has_many_claims};
use super::conflicts::Conflict;
use super::constraints::{Constraints, Sharing};
use super::groups::{Groups, components};
use super::merges::{self, Merge};
use super::moves::{Stretch, Touch, moving};
use super::resolve::{BlockIndex, IdentifierNo, KindIndex, Known, Observation, Seen, Verdict, World};
use super::rules::Rules;
use customer360_model::ObservationNo;

/// An identifier as the store keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub kind: KindIndex,
    pub value: String,
    pub holder: Option<ObservationNo>,
    pub first: Seen,
    pub latest: Seen,
    /// The label of the component it links.
    pub component: Option<ObservationNo>,
    pub claims: Claims,
    /// What a person decided, whatever the claims.
    pub sharing: Option<Sharing>,
    /// The rules say that it names nobody.
    pub blocked: bool,
    /// Whether it was shared when it was last written.
    pub was_shared: bool,
}

impl Stored {
    /// One that nobody holds yet, first seen there.
    #[must_use]
    pub fn unheld(kind: KindIndex, value: String, seen: Seen) -> Self {
        let (first, latest) = (seen.clone(), seen);
        Self {
            kind,
            value,
            holder: None,
            first,
            latest,
            component: None,
            claims: Claims::new(),
            sharing: None,
            blocked: false,
            was_shared: false,
        }
    }

    /// What the resolver needs of it.
    #[must_use]
    pub fn known(&self, rules: &Rules) -> Known {
        Known {
            kind: self.kind,
            first: self.first.clone(),
            latest: self.latest.clone(),
            shared: self.is_shared(rules),
            value: self.value.clone(),
        }
    }

    /// Whether it links nothing: a person said so; or no person said otherwise, and the rules block
    /// it or it has more claims than its kind allows.
    #[must_use]
    pub fn is_shared(&self, rules: &Rules) -> bool {
        match self.sharing {
            Some(sharing) => sharing == Sharing::Shared,
            None => self.blocked || has_many_claims(rules, self.kind, &self.claims),
        }
    }
}

/// A customer as the store keeps it.
#[derive(Debug, Clone)]
pub struct StoredCustomer {
    pub held: Vec<u32>,
    pub latest: Seen,
    /// Something in its component moves: evidence is never resolved by a step.
    pub unsettled: bool,
}

/// An observation as the store keeps it.
#[derive(Debug, Clone)]
pub struct StoredObservation {
    pub observation: Observation,
    pub customer: ObservationNo,
    pub component: ObservationNo,
    /// Whom it belongs to later, if it is cut.
    pub stretches: Vec<Stretch<ObservationNo>>,
    /// A touch of it may move an identifier.
    pub unsettled: bool,
}

/// New evidence: an observation that was never seen, one that now begins earlier, or one whose
/// touch may move an identifier.
#[derive(Debug, Clone)]
pub struct Fresh {
    pub observation: Observation,
    pub is_new: bool,
}

impl Fresh {
    /// An observation that was never seen.
    #[must_use]
    pub fn new(observation: Observation) -> Self {
        Self { observation, is_new: true }
    }
}

/// What is known before the batch, of the identifiers in it and of their holders. Identifiers
/// that the batch brings for the first time are in `identifiers` too, without a component.
#[derive(Debug, Default, Clone)]
pub struct Before {
    pub identifiers: FxHashMap<IdentifierNo, Stored>,
    pub customers: FxHashMap<ObservationNo, StoredCustomer>,
    /// Observations in a component, where that may come near the limit.
    pub component_sizes: FxHashMap<ObservationNo, u32>,
    /// The decisions that stand.
    pub constraints: Arc<Constraints>,
    /// What the holders hold that cannot-links speak of, beside the batch's own identifiers.
    pub bound: Vec<(IdentifierNo, ObservationNo)>,
    /// Labels of components to resolve again, whatever comes.
    pub again: FxHashSet<ObservationNo>,
}

/// Which components are touched, and how.
#[derive(Debug, Default)]
pub struct Plan {
    /// Labels of components that must be replayed: the store loads all their observations.
    pub replay: FxHashSet<ObservationNo>,
    /// By position in the batch: whether the observation belongs to a component under replay.
    in_replay: Vec<bool>,
    /// Labels that became one: from, to. Only of components that are not replayed.
    pub relabelled: Vec<(ObservationNo, ObservationNo)>,
    /// By position in the batch: its component's label, where it is not replayed.
    labels: Vec<ObservationNo>,
    /// Observations refused at the limit of a component: announced, and severed for ever.
    pub severed: usize,
}

impl Plan {
    /// Replays components although no new evidence came: because some was taken back.
    #[must_use]
    pub fn replay_only(replay: FxHashSet<ObservationNo>) -> Self {
        Self { replay, ..Self::default() }
    }
}

/// What the store has to write.
#[derive(Debug, Default)]
pub struct Changes {
    /// Where each fresh or replayed observation belongs now.
    pub assigned: Vec<Assigned>,
    /// Whole customers that became part of another: from, to, and their component's label.
    pub merged: Vec<(ObservationNo, ObservationNo, ObservationNo)>,
    pub identifiers: Vec<(IdentifierNo, Stored)>,
    pub customers: Vec<CustomerChange>,
    pub vanished: Vec<ObservationNo>,
    /// Every time that evidence made one customer of two, as far as was resolved.
    pub merges: Vec<Merge>,
    /// Customers that became part of another without such an observation.
    pub unbridged: Vec<merges::Found>,
    /// Every identifier that did not link, as far as was resolved.
    pub conflicts: Vec<Conflict>,
    /// For the log and the metrics.
    pub replayed_observations: usize,
}

/// Where an observation belongs.
#[derive(Debug, Clone, PartialEq)]
pub struct Assigned {
    pub no: ObservationNo,
    /// `None` for an observation that is stored now for the first time.
    pub was: Option<ObservationNo>,
    pub customer: ObservationNo,
    pub component: ObservationNo,
    pub severed: Vec<IdentifierNo>,
    /// Whom it belongs to later, if it is cut.
    pub stretches: Vec<Stretch<ObservationNo>>,
    /// A touch of it may move an identifier.
    pub unsettled: bool,
}

#[derive(Debug, Clone)]
pub struct CustomerChange {
    pub name: ObservationNo,
    pub registered: bool,
    pub latest_in: ObservationNo,
    /// Something in its component moves: evidence is never resolved by a step.
    pub unsettled: bool,
}

/// Sorts the batch canonically and finds the components it touches. Its claims are counted.
#[must_use]
pub fn plan(rules: &Rules, before: &mut Before, fresh: &mut [Fresh], crossed: &Crossed) -> Plan {
    fresh.sort_by(|a, b| a.observation.position.cmp(&b.observation.position));
    let mut plan = Plan::default();
    let mut groups = Groups::new(&before.component_sizes);
    let mut replay: FxHashSet<ObservationNo> =
        crossed.risen.iter().filter_map(|no| before.identifiers[no].component).collect();
    replay.extend(&before.again);
    let moving = moving(rules, before, fresh);
    for Fresh { observation, is_new } in fresh.iter_mut() {
        plan.severed += usize::from(sever(rules, before, &mut groups, observation));
        let own = groups.label_of_new(observation.no);
        let mut late = !*is_new || observation.releases;
        for no in linking(rules, before, observation) {
            let stored = &before.identifiers[&no];
            late |= crossed.fallen.contains(&no);
            // Held by nobody who is anybody: only a replay knows by whom.
            late |= rules.moves() && stored.component.is_some() && stored.holder.is_none();
            late |= stored.component.is_some() && stored.latest.position > observation.position;
            // A holder that nothing is at home in is no customer: everything of it moved.
            late |= stored.holder.is_some_and(|holder| {
                before.customers.get(&holder).is_none_or(|customer| {
                    customer.unsettled || customer.latest.position > observation.position
                })
            });
            groups.join(own, groups.label(no, stored.component, own));
            groups.label_by_identifier.entry(no).or_insert(own);
        }
        if late {
            replay.insert(own);
        }
    }
    let mut dirty: FxHashSet<ObservationNo> = replay.iter().map(|&label| groups.find(label)).collect();
    if moving.contains(&true) {
        let settled = (0..fresh.len()).filter(|&i| !dirty.contains(&groups.find(fresh[i].observation.no)));
        let moved = leave_out_what_moves(rules, before, fresh, &settled.collect::<Vec<_>>());
        replay.extend(&moved);
        dirty.extend(moved.iter().map(|&no| groups.find(no)));
    }
    for Fresh { observation, .. } in fresh.iter() {
        let label = groups.find(observation.no);
        plan.in_replay.push(dirty.contains(&label));
        plan.labels.push(label);
    }
    let fresh_numbers: FxHashSet<ObservationNo> = fresh.iter().map(|f| f.observation.no).collect();
    for &label in groups.parent.keys() {
        let root = groups.find(label);
        if dirty.contains(&root) {
            plan.replay.insert(label);
        } else if root != label && !fresh_numbers.contains(&label) {
            plan.relabelled.push((label, root));
        }
    }
    plan.replay.extend(replay);
    plan.relabelled.sort_unstable();
    plan
}

/// Decides the batch: steps where that equals a replay, replays elsewhere. `loaded` are the
/// observations of the components that the plan asked for, `touches` those that may move identifiers
/// (of the batch too), `beside` their identifiers.
#[must_use]
pub fn settle(
    rules: &Rules,
    mut before: Before,
    plan: &Plan,
    fresh: &[Fresh],
    loaded: &[StoredObservation],
    touches: &[Touch],
    beside: FxHashMap<IdentifierNo, Stored>,
) -> Changes {
    let mut changes = Changes::default();
    step_in_order(rules, &mut before, plan, fresh, &mut changes);
    for (no, stored) in beside {
        before.identifiers.entry(no).or_insert(stored);
    }
    replay(rules, before, plan, fresh, loaded, touches, &mut changes);
    changes
}

fn linking<'a>(
    rules: &'a Rules,
    before: &'a Before,
    observation: &'a Observation,
) -> impl Iterator<Item = IdentifierNo> + 'a {
    let links =
        |no: &&IdentifierNo| !before.identifiers[*no].is_shared(rules) && !observation.severed.contains(no);
    observation.identifiers.iter().filter(links).copied()
}

fn step_in_order(rules: &Rules, before: &mut Before, plan: &Plan, fresh: &[Fresh], changes: &mut Changes) {
    let stepped: Vec<usize> = (0..fresh.len()).filter(|&i| !plan.in_replay[i]).collect();
    let constraints = before.constraints.clone();
    let (world, mut index, verdicts) = step(rules, &constraints, before, fresh, &stepped);
    for (i, verdict) in &verdicts {
        let observation = &fresh[*i].observation;
        changes.assigned.push(Assigned {
            no: observation.no,
            was: None,
            customer: world.block(verdict.block).name,
            component: plan.labels[*i],
            severed: observation.severed.clone(),
            stretches: Vec::new(),
            unsettled: false,
        });
        index.entry(world.block(verdict.block).name).or_insert(verdict.block);
        changes.note(observation, verdict);
        for no in &observation.identifiers {
            touch(before, observation, *no);
        }
    }
    let label_of_block: FxHashMap<BlockIndex, ObservationNo> =
        verdicts.iter().map(|(i, verdict)| (world.find(verdict.block), plan.labels[*i])).collect();
    changes.write_steps(&world, &index, &label_of_block);
    let mut written = FxHashSet::default();
    for no in stepped.iter().flat_map(|&i| &fresh[i].observation.identifiers) {
        if written.insert(*no) {
            let stored = before.identifiers.get_mut(no).expect("every identifier of the batch is known");
            stored.holder = world.holder(*no).map(|block| world.block(block).name);
            changes.identifiers.push((*no, stored.clone()));
        }
    }
}

fn replay(
    rules: &Rules,
    mut before: Before,
    plan: &Plan,
    fresh: &[Fresh],
    loaded: &[StoredObservation],
    touches: &[Touch],
    changes: &mut Changes,
) {
    let of_batch: FxHashMap<ObservationNo, &Fresh> = (0..fresh.len())
        .filter(|&i| plan.in_replay[i])
        .map(|i| (fresh[i].observation.no, &fresh[i]))
        .collect();
    let mut was: FxHashMap<ObservationNo, ObservationNo> = FxHashMap::default();
    let mut observations: Vec<Observation> = Vec::with_capacity(loaded.len() + of_batch.len());
    for stored in loaded {
        was.insert(stored.observation.no, stored.customer);
        if !of_batch.contains_key(&stored.observation.no) {
            observations.push(stored.observation.clone());
        }
    }
    observations.extend(of_batch.values().map(|fresh| fresh.observation.clone()));
    if observations.is_empty() && loaded.is_empty() {
        return;
    }
    observations.sort_by(|a, b| a.position.cmp(&b.position));
    changes.replayed_observations = observations.len();
    let (known, linked) = known_anew(rules, &mut before, &observations);
    let labels = components(&known, observations.iter());
    let replayed = World::replay(rules, &before.constraints, known, &observations, touches, |_, _| ());
    let world = &replayed.world;
    let mut index = FxHashMap::default();
    let mut unsettled_labels: FxHashSet<ObservationNo> = FxHashSet::default();
    let mut label_of: FxHashMap<BlockIndex, ObservationNo> = FxHashMap::default();
    for ((observation, verdict), &home) in observations.iter().zip(&replayed.verdicts).zip(&replayed.homes) {
        changes.note(observation, verdict);
        let name = replayed.name(home);
        index.insert(name, home);
        label_of.insert(home, labels[&observation.no]);
        let stretches = replayed.stretches.get(&observation.no).map_or(&[][..], Vec::as_slice);
        let named = |s: &Stretch<BlockIndex>| Stretch { from: s.from, owner: replayed.name(s.owner) };
        let unsettled = world.is_unsettled(observation, home, verdict);
        if unsettled {
            unsettled_labels.insert(labels[&observation.no]);
        }
        changes.assigned.push(Assigned {
            no: observation.no,
            was: was.get(&observation.no).copied(),
            customer: name,
            component: labels[&observation.no],
            severed: observation.severed.clone(),
            stretches: stretches.iter().map(named).collect(),
            unsettled,
        });
    }
    changes.merges.extend(world.rejoined.iter().map(|found| found.merge));
    let mut gone: Vec<ObservationNo> =
        was.values().copied().filter(|name| !index.contains_key(name)).collect();
    gone.sort_unstable();
    gone.dedup();
    changes.vanished.extend(gone);
    let mut names: Vec<_> = index.into_iter().collect();
    names.sort_unstable();
    for (name, block) in names {
        if let Some(latest) = &world.block(block).latest {
            let registered = world.is_registered(block);
            let unsettled = unsettled_labels.contains(&label_of[&block]);
            changes.customers.push(CustomerChange { name, registered, latest_in: latest.no, unsettled });
        }
    }
    let held = before.identifiers.iter().map(|(no, stored)| (*no, stored.holder));
    let unbridged = merges::unbridged(&was, changes, held);
    changes.unbridged.extend(unbridged);
    for no in linked {
        let mut stored = before.identifiers[&no].clone();
        stored.holder = world.holder(no).and_then(|block| replayed.customer(block));
        changes.identifiers.push((no, stored));
    }
}

impl Changes {
    fn note(&mut self, observation: &Observation, verdict: &Verdict) {
        self.merges.extend(Merge::of(observation, verdict));
        self.conflicts.extend(Conflict::of(observation, verdict));
    }

    /// Customers as steps left them, and the merges of stored ones.
    fn write_steps(
        &mut self,
        world: &World<'_>,
        index: &FxHashMap<ObservationNo, BlockIndex>,
        label_of_block: &FxHashMap<BlockIndex, ObservationNo>,
    ) {
        let mut names: Vec<_> = index.iter().collect();
        names.sort_unstable();
        for (&name, &block) in names {
            let now = world.block(block);
            if now.name == name {
                if let Some(latest) = &now.latest {
                    let registered = world.is_registered(block);
                    self.customers.push(CustomerChange {
                        name,
                        registered,
                        latest_in: latest.no,
                        unsettled: false,
                    });
                }
            } else if let Some(label) = label_of_block.get(&world.find(block)) {
                self.merged.push((name, now.name, *label));
                self.vanished.push(name);
            }
        }
    }
}

/// Widens an identifier's first and latest seen by an observation that links it.
fn touch(before: &mut Before, observation: &Observation, no: IdentifierNo) {
    if observation.severed.contains(&no) {
        return;
    }
    let seen = observation.seen();
    let stored = before.identifiers.get_mut(&no).expect("every identifier of the batch is known");
    if seen < stored.first {
        stored.first = seen.clone();
    }
    if seen > stored.latest {
        stored.latest = seen;
    }
}

mod anew;
mod sever;
mod steps;
#[cfg(test)]
mod tests;
