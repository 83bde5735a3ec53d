//! Law 3 without a database: what batches leave, in any order, is what a replay of everything finds.
//! That the replay is what the definition says is tested through the stores (tests/laws.rs,
//! tests/moves.rs), against an oracle of their own.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::batch::{
    Before, Fresh, Stored, StoredCustomer, StoredObservation, add_claims, claim, plan, settle,
};
use crate::constraints::Constraints;
use crate::moves::{Stretch, Touch};
use crate::resolve::{IdentifierNo, Known, Observation, World};
use crate::rules::{History, OnConflict, Rules};
use customer360_model::{Micros, ObservationNo, Position, TouchKey};

/// A touchpoint: when, which one, and what it names.
type Told = (i64, usize, Vec<(usize, u32)>);

/// What a store would keep.
struct Memory {
    rules: Rules,
    observations: BTreeMap<ObservationNo, StoredObservation>,
    numbers: BTreeMap<Vec<(usize, u32)>, ObservationNo>,
    names: BTreeMap<(usize, u32), IdentifierNo>,
    identifiers: FxHashMap<IdentifierNo, Stored>,
    customers: FxHashMap<ObservationNo, StoredCustomer>,
    touches: Vec<Touch>,
    /// Observations that were resolved by a replay.
    replayed: usize,
}

fn position(told: &Told) -> Position {
    Position { at: Micros(told.0), key: TouchKey { source: "t".into(), source_id: format!("{:03}", told.1) } }
}

impl Memory {
    fn new(rules: Rules) -> Self {
        Self {
            rules,
            observations: BTreeMap::new(),
            numbers: BTreeMap::new(),
            names: BTreeMap::new(),
            identifiers: FxHashMap::default(),
            customers: FxHashMap::default(),
            touches: Vec::new(),
            replayed: 0,
        }
    }

    fn component(&self, no: IdentifierNo) -> Option<ObservationNo> {
        self.observations.get(&self.identifiers.get(&no)?.first.no).map(|stored| stored.component)
    }

    /// An identifier as the database would give it: positions are those of its observations.
    fn load(&self, no: IdentifierNo) -> Stored {
        let mut stored = self.identifiers[&no].clone();
        stored.component = self.component(no);
        stored.first = self.observations[&stored.first.no].observation.seen();
        stored.latest = self.observations[&stored.latest.no].observation.seen();
        stored
    }

    fn record(&mut self, batch: &[Told]) {
        let mut first: BTreeMap<Vec<(usize, u32)>, Position> = BTreeMap::new();
        for told in batch {
            let earliest = first.entry(told.2.clone()).or_insert_with(|| position(told));
            *earliest = earliest.clone().min(position(told));
        }
        let mut fresh = Vec::new();
        for (set, at) in first {
            let next = ObservationNo(self.numbers.len() as i64 + 1);
            let no = *self.numbers.entry(set.clone()).or_insert(next);
            let known = self.observations.get(&no);
            if known.is_some_and(|known| !known.unsettled && known.observation.position <= at) {
                continue;
            }
            let mut identifiers = Vec::new();
            for name in &set {
                let next = IdentifierNo(self.names.len() as i64 + 1);
                identifiers.push(*self.names.entry(*name).or_insert(next));
            }
            let position = known.map_or(at.clone(), |known| known.observation.position.clone().min(at));
            let observation = Observation { no, position, identifiers, severed: vec![], releases: false };
            fresh.push(Fresh { observation, is_new: known.is_none() });
        }
        self.touches.extend(
            batch.iter().map(|told| Touch { observation: self.numbers[&told.2], position: position(told) }),
        );
        if fresh.is_empty() {
            return;
        }
        let mut before = self.before(&fresh);
        let crossed = claim(&self.rules, &mut before, &fresh);
        for no in &crossed.fallen {
            let sighted = self.observations.values().filter(|o| o.observation.identifiers.contains(no));
            before.again.extend(sighted.map(|o| o.component));
        }
        let plan = plan(&self.rules, &mut before, &mut fresh, &crossed);
        let loaded: Vec<StoredObservation> =
            self.observations.values().filter(|o| plan.replay.contains(&o.component)).cloned().collect();
        let beside = loaded.iter().flat_map(|o| &o.observation.identifiers);
        let beside = beside.map(|no| (*no, self.load(*no))).collect();
        let changes = settle(&self.rules, before, &plan, &fresh, &loaded, &self.touches, beside);
        self.replayed += changes.replayed_observations;
        for (was, label) in &plan.relabelled {
            self.observations.values_mut().filter(|o| o.component == *was).for_each(|o| o.component = *label);
        }
        for (was, now, _) in &changes.merged {
            self.observations.values_mut().filter(|o| o.customer == *was).for_each(|o| o.customer = *now);
            let held = self.identifiers.values_mut().filter(|stored| stored.holder == Some(*was));
            held.for_each(|stored| stored.holder = Some(*now));
        }
        let evidence: FxHashMap<ObservationNo, Observation> =
            fresh.into_iter().map(|fresh| (fresh.observation.no, fresh.observation)).collect();
        for assigned in changes.assigned {
            let observation = match evidence.get(&assigned.no) {
                Some(observation) => observation.clone(),
                None => self.observations[&assigned.no].observation.clone(),
            };
            let stored = StoredObservation {
                observation,
                customer: assigned.customer,
                component: assigned.component,
                stretches: assigned.stretches,
                unsettled: assigned.unsettled,
            };
            self.observations.insert(assigned.no, stored);
        }
        self.identifiers.extend(changes.identifiers);
        for name in changes.vanished {
            self.customers.remove(&name);
        }
        for change in changes.customers {
            let latest = self.observations[&change.latest_in].observation.seen();
            let stored = StoredCustomer { held: vec![], latest, unsettled: change.unsettled };
            self.customers.insert(change.name, stored);
        }
    }

    fn before(&self, fresh: &[Fresh]) -> Before {
        let mut before = Before::default();
        let name_of: FxHashMap<IdentifierNo, (usize, u32)> =
            self.names.iter().map(|(name, no)| (*no, *name)).collect();
        for Fresh { observation, .. } in fresh {
            for no in &observation.identifiers {
                let seen = observation.seen();
                let (kind, value) = name_of[no];
                let stored = before.identifiers.entry(*no).or_insert_with(|| {
                    match self.identifiers.contains_key(no) {
                        true => self.load(*no),
                        false => Stored::unheld(kind, value.to_string(), seen.clone()),
                    }
                });
                if stored.component.is_none() && seen < stored.first {
                    stored.first = seen;
                }
            }
        }
        let holders: FxHashSet<ObservationNo> =
            before.identifiers.values().filter_map(|d| d.holder).collect();
        for holder in holders {
            let Some(mut customer) = self.customers.get(&holder).cloned() else { continue };
            customer.held = vec![0; self.rules.kinds.len()];
            for stored in self.identifiers.values().filter(|stored| stored.holder == Some(holder)) {
                customer.held[stored.kind] += 1;
            }
            before.customers.insert(holder, customer);
        }
        before
    }

    /// What a replay of everything finds: the customer and stretches of each observation, and the
    /// holder of each identifier.
    fn check(&self, what: &str) {
        let mut counted: FxHashMap<IdentifierNo, Stored> = FxHashMap::default();
        let mut observations: Vec<Observation> =
            self.observations.values().map(|stored| stored.observation.clone()).collect();
        observations.sort_by(|a, b| a.position.cmp(&b.position));
        for ((kind, value), no) in &self.names {
            let seen = observations.iter().filter(|o| o.identifiers.contains(no)).map(Observation::seen);
            let seen: Vec<_> = seen.collect();
            let mut stored = Stored::unheld(*kind, value.to_string(), seen[0].clone());
            stored.latest = seen[seen.len() - 1].clone();
            counted.insert(*no, stored);
        }
        for observation in &observations {
            add_claims(&self.rules, &mut counted, &observation.identifiers);
        }
        let known: FxHashMap<IdentifierNo, Known> =
            counted.iter().map(|(no, stored)| (*no, stored.known(&self.rules))).collect();
        let none = Constraints::default();
        let replayed = World::replay(&self.rules, &none, known, &observations, &self.touches, |_, _| ());
        for (observation, home) in observations.iter().zip(&replayed.homes) {
            let stored = &self.observations[&observation.no];
            assert_eq!(stored.customer, replayed.name(*home), "{what}: observation {}", observation.no.0);
            let stretches = replayed.stretches.get(&observation.no).map_or(&[][..], Vec::as_slice);
            let named = |s: &Stretch<usize>| Stretch { from: s.from, owner: replayed.name(s.owner) };
            let stretches: Vec<_> = stretches.iter().map(named).collect();
            assert_eq!(stored.stretches, stretches, "{what}: stretches of {}", observation.no.0);
        }
        for (no, stored) in &self.identifiers {
            let holder = replayed.world.holder(*no).and_then(|block| replayed.customer(block));
            assert_eq!(stored.holder, holder, "{what}: the holder of {no:?}");
            assert_eq!(stored.claims, counted[no].claims, "{what}: the claims of {no:?}");
        }
    }
}

/// Few names, so that they meet in every way: accounts, CRM ids, cards, e-mails, devices, cookies.
fn history(random: &mut ChaCha8Rng, touches: usize) -> Vec<Told> {
    const KINDS: [(usize, u32); 7] = [(0, 3), (1, 2), (2, 4), (3, 5), (7, 3), (8, 6), (8, 6)];
    let span = random.random_range(3..60);
    let one = |i| {
        let count = [1, 1, 2, 2, 2, 3, 4][random.random_range(0..7)];
        let mut set = Vec::new();
        for _ in 0..count {
            let (kind, values) = KINDS[random.random_range(0..KINDS.len())];
            set.push((kind, random.random_range(0..values)));
        }
        set.sort_unstable();
        set.dedup();
        (random.random_range(0..span), i, set)
    };
    (0..touches).map(one).collect()
}

fn rules(random: &mut ChaCha8Rng, moving: bool) -> Rules {
    let mut rules = Rules::default();
    for rule in &mut rules.kinds {
        rule.limit = rule.limit.min(random.random_range(1..6));
        rule.ordinary = rule.ordinary.min(2);
        rule.share_after = [None, Some(1), Some(2), Some(4)][random.random_range(0..4)];
        rule.joins_registered = random.random_range(0..3) > 0;
        let moves = [History::Session, History::Whole].map(OnConflict::Move);
        rule.on_conflict = match moving && rule.priority > 1 {
            true => [moves[0], moves[1], OnConflict::Demote][random.random_range(0..3)],
            false => OnConflict::Demote,
        };
    }
    rules
}

fn play(seed: u64, moving: bool) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let rules = rules(&mut random, moving);
    let mut touches = history(&mut random, 4 + (seed as usize * 7) % 30);
    match seed % 3 {
        0 => touches.sort(),
        1 => {}
        _ => touches.sort_by_key(|told| std::cmp::Reverse(told.0)),
    }
    let mut memory = Memory::new(rules);
    let mut rest = &touches[..];
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(random.random_range(1..=rest.len().min(5)));
        memory.record(batch);
        memory.check(&format!("seed {seed}, moving {moving}, {} left", later.len()));
        rest = later;
    }
}

#[test]
fn batches_in_any_order_leave_what_a_replay_of_everything_finds() {
    (0..1_500).for_each(|seed| play(seed, false));
}

#[test]
fn so_they_do_where_identifiers_move() {
    (0..1_500).for_each(|seed| play(seed, true));
}

/// A browser that only one person uses costs no replay, although it could move.
#[test]
fn what_could_move_and_does_not_is_stepped() {
    let mut memory = Memory::new(Rules::default());
    let touches: Vec<Told> = vec![
        (1, 1, vec![(8, 1)]),
        (2, 2, vec![(0, 1), (8, 1)]),
        (3, 3, vec![(3, 1), (8, 1)]),
        (4, 4, vec![(0, 1), (8, 2)]),
    ];
    for told in &touches {
        memory.record(std::slice::from_ref(told));
        memory.check("one person");
    }
    assert_eq!(memory.replayed, 0);
    assert_eq!(memory.customers.len(), 1);
    // Somebody else takes one of the browsers.
    memory.record(&[(5, 5, vec![(0, 2), (8, 1)])]);
    memory.check("another person");
    assert!(memory.replayed > 0);
    assert_eq!(memory.customers.len(), 2);
}
