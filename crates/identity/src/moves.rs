//! Identifiers that move: of a kind whose rule says `Move`, held by whoever was seen with them
//! latest.
//!
//! For the other kinds the first touch of an observation says all there is to say. Here each touch
//! of an *accompanied* observation (one with a linking identifier that stays) may move the ones
//! that do not stay: a login on a shared browser. What was seen without company then belongs to
//! several customers by event time, and is cut into stretches. A logout *releases*: the identifier
//! goes to a new customer, and the next login does not reach back over it.

use rustc_hash::FxHashMap;

use super::batch::{Before, Fresh};
use super::constraints::Constraints;
use super::merges::{Found, Merge};
use super::resolve::{Block, BlockIndex, IdentifierNo, Known, Observation, Verdict, World};
use super::rules::{History, OnConflict, Rules};
use customer360_model::{Identifier, Micros, ObservationNo, Position};

/// A touch of an accompanied observation, beside its first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    pub observation: ObservationNo,
    pub position: Position,
}

/// From an instant on, an identifier that moves was held by a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owned {
    from: Micros,
    block: BlockIndex,
    released: bool,
}

/// From an instant on, an observation belongs to a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch<Owner> {
    pub from: Micros,
    pub owner: Owner,
}

/// Who owns an instant, given who owns the first stretch and the later ones in order of time. A
/// stretch owns the microsecond in which it begins.
#[must_use]
pub fn owner_at<Owner: Copy>(later: &[Stretch<Owner>], home: Owner, at: Micros) -> Owner {
    let begun = later.partition_point(|stretch| stretch.from <= at);
    begun.checked_sub(1).map_or(home, |last| later[last].owner)
}

/// A time of an observation that belongs to another customer than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handover {
    pub observation: ObservationNo,
    pub from_at: Micros,
    pub until_at: Micros,
    pub from: ObservationNo,
    pub to: ObservationNo,
}

/// The times of an observation that belong to another customer than before. Both maps are the first
/// customer and the later stretches.
#[must_use]
pub fn handovers(
    observation: ObservationNo,
    before: (ObservationNo, &[Stretch<ObservationNo>]),
    after: (ObservationNo, &[Stretch<ObservationNo>]),
) -> Vec<Handover> {
    let mut bounds: Vec<Micros> = before.1.iter().chain(after.1).map(|stretch| stretch.from).collect();
    bounds.extend([Micros::MIN, Micros::MAX]);
    bounds.sort_unstable();
    bounds.dedup();
    let part = |bounds: &[Micros]| {
        let from = owner_at(before.1, before.0, bounds[0]);
        let to = owner_at(after.1, after.0, bounds[0]);
        let (from_at, until_at) = (bounds[0], bounds[1]);
        (from != to).then_some(Handover { observation, from_at, until_at, from, to })
    };
    bounds.windows(2).filter_map(part).collect()
}

/// Whether a logout sets such an identifier free: what moves and names nobody.
#[must_use]
pub fn is_released(rules: &Rules, identifier: &Identifier) -> bool {
    let rule = rules.kind(&identifier.kind);
    rule.is_some_and(|rule| !rule.registered && rule.on_conflict != OnConflict::Demote)
}

/// What a replay found, with the names that blocks end with.
pub struct Replayed<'r> {
    pub world: World<'r>,
    /// One for each observation, in the order given.
    pub verdicts: Vec<Verdict>,
    /// Per observation the block of its first stretch, in the order given.
    pub homes: Vec<BlockIndex>,
    /// Of observations that belong to more than one block: the later stretches.
    pub stretches: FxHashMap<ObservationNo, Vec<Stretch<BlockIndex>>>,
    /// By block: the least observation at home in it.
    names: FxHashMap<BlockIndex, ObservationNo>,
}

impl Replayed<'_> {
    /// The customer that a block became; none if nothing is at home in it: everything of it moved. What
    /// it holds is then nobody's, until something comes home.
    #[must_use]
    pub fn customer(&self, block: BlockIndex) -> Option<ObservationNo> {
        self.names.get(&self.world.find(block)).copied()
    }

    /// The name of the block that a block became.
    #[must_use]
    pub fn name(&self, block: BlockIndex) -> ObservationNo {
        let block = self.world.find(block);
        self.names.get(&block).copied().unwrap_or_else(|| self.world.block(block).name)
    }
}

/// What an observation's linking identifiers say about moving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// None of them moves.
    Settled,
    /// Some move, and one stays: its touches are logins.
    Accompanied,
    /// All move: its touches follow the strongest.
    Unaccompanied(IdentifierNo),
}

/// Which of an observation's identifiers move, given those that link and what is known of them.
#[must_use]
pub fn company(rules: &Rules, linking: &[(IdentifierNo, &Known)]) -> Company {
    let moving = linking.iter().filter(|(_, known)| moves(rules, known).is_some());
    let strongest = moving
        .min_by_key(|(_, known)| (rules.kinds[known.kind].priority, &known.first, known.kind, &known.value));
    match strongest {
        None => Company::Settled,
        Some(_) if linking.iter().any(|(_, known)| moves(rules, known).is_none()) => Company::Accompanied,
        Some((no, _)) => Company::Unaccompanied(*no),
    }
}

fn moves(rules: &Rules, known: &Known) -> Option<History> {
    match rules.kinds[known.kind].on_conflict {
        OnConflict::Move(history) => Some(history),
        OnConflict::Demote => None,
    }
}

/// Which of the batch's observations bring an identifier that moves and that others have. If a step
/// would leave it out they need a replay: a step knows nothing of touches.
pub(super) fn moving(rules: &Rules, before: &Before, fresh: &[Fresh]) -> Vec<bool> {
    if !rules.moves() {
        return vec![false; fresh.len()];
    }
    let mut seen: FxHashMap<IdentifierNo, usize> = FxHashMap::default();
    for no in fresh.iter().flat_map(|f| &f.observation.identifiers) {
        *seen.entry(*no).or_default() += 1;
    }
    let moves = |no: &IdentifierNo| {
        let stored = &before.identifiers[no];
        rules.kinds[stored.kind].on_conflict != OnConflict::Demote
            && (stored.component.is_some() || seen[no] > 1)
    };
    fresh.iter().map(|f| f.observation.identifiers.iter().any(moves)).collect()
}

/// What happens in a replay, one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The first touch of an observation, by index.
    First(usize),
    /// A later touch of an accompanied observation, by the observation's index.
    Again(usize),
    /// A logout, after what its own touch did.
    Release(usize),
}

impl<'r> World<'r> {
    /// Resolves a whole component from nothing. `before` sees each observation, and the world just
    /// before its first touch is resolved.
    #[must_use]
    pub fn replay(
        rules: &'r Rules,
        constraints: &'r Constraints,
        known: FxHashMap<IdentifierNo, Known>,
        observations: &[Observation],
        touches: &[Touch],
        mut before: impl FnMut(&World<'r>, &Observation),
    ) -> Replayed<'r> {
        let mut world = Self { known, ..Self::new(rules, constraints) };
        let mut verdicts: Vec<Option<Verdict>> = vec![None; observations.len()];
        for (position, event) in events(observations, touches) {
            match event {
                Event::First(i) => {
                    before(&world, &observations[i]);
                    verdicts[i] = Some(world.step(&observations[i]));
                }
                Event::Again(i) => {
                    if let Some(verdict) = &verdicts[i] {
                        world.again(&observations[i], verdict.block, position.at);
                    }
                }
                Event::Release(i) => {
                    before(&world, &observations[i]);
                    verdicts[i] = Some(world.release(&observations[i]));
                }
            }
        }
        let verdicts: Vec<Verdict> = verdicts.into_iter().flatten().collect();
        let (homes, stretches) = world.divide(observations, &verdicts);
        let mut names: FxHashMap<BlockIndex, ObservationNo> = FxHashMap::default();
        for (observation, home) in observations.iter().zip(&homes) {
            let name = names.entry(*home).or_insert(observation.no);
            *name = (*name).min(observation.no);
        }
        Replayed { world, verdicts, homes, stretches, names }
    }

    /// A release: its identifier goes to a new block. One of a kind that does not move (other rules
    /// recorded it) stays, and the release with it.
    fn release(&mut self, observation: &Observation) -> Verdict {
        let linking: Vec<IdentifierNo> = self.linking(observation).collect();
        if linking.iter().any(|no| self.holder(*no).is_some() && !self.may_move(*no)) {
            return self.step(observation);
        }
        let held = vec![0; self.rules.kinds.len()];
        let block = self.add_block(Block::stored(observation.no, held, observation.seen()));
        for no in linking {
            if let Some(from) = self.holder(no) {
                self.hand_over(no, from, block);
                self.note_owner(no, block, observation.position.at, true);
            }
        }
        Verdict {
            observation: observation.no,
            named: Vec::new(),
            joined: Vec::new(),
            names: Vec::new(),
            block,
            dropped: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// A later touch of an observation that belongs to `block`: what moves, moves to it.
    fn again(&mut self, observation: &Observation, block: BlockIndex, at: Micros) {
        if self.company(observation) != Company::Accompanied {
            return;
        }
        let linking: Vec<IdentifierNo> = self.linking(observation).collect();
        let moving: Vec<IdentifierNo> = linking.iter().copied().filter(|no| self.moves(*no)).collect();
        for no in moving {
            let block = self.find(block);
            let Some(holder) = self.holder(no).filter(|&holder| holder != block) else { continue };
            let mut kept: Vec<IdentifierNo> =
                linking.iter().copied().filter(|no| self.holder(*no) == Some(block)).collect();
            let named = !kept.is_empty();
            kept.push(no);
            if named && self.conflict(&kept).is_none() {
                self.rejoin(observation, block, holder);
            } else {
                self.take(no, block, at);
            }
        }
    }

    /// A later touch makes one customer of two: a merge as any other.
    fn rejoin(&mut self, observation: &Observation, block: BlockIndex, other: BlockIndex) {
        let no = observation.no;
        let (block, other) = (self.find(block), self.find(other));
        let older = self.blocks[block].name < self.blocks[other].name;
        let (survivor, absorbed) = if older { (block, other) } else { (other, block) };
        let name = |block: BlockIndex| self.blocks[block].name;
        self.rejoined.push(Found {
            merge: Merge { observation: no, absorbed: name(absorbed), survivor: name(survivor) },
            absorbed_held: self.holdings(absorbed),
            others_held: self.holdings(survivor),
            unmoved: self.unmoved(observation),
        });
        self.join(no, &[block, other]);
    }

    /// The identifiers of an observation that move, but never did.
    pub(super) fn unmoved(&self, observation: &Observation) -> Vec<IdentifierNo> {
        let unmoved = |no: &IdentifierNo| {
            let holder = self.holder(*no);
            let owners = self.owners.get(no).into_iter().flatten();
            holder.is_some() && owners.into_iter().all(|owned| Some(self.find(owned.block)) == holder)
        };
        self.linking(observation).filter(|no| self.moves(*no)).filter(unmoved).collect()
    }

    /// Moves an identifier that was dropped, if it is of a kind that moves and the taker may hold
    /// it: its limit and its constraints bind what is taken as well. Says whether it moved.
    pub(super) fn take(&mut self, no: IdentifierNo, block: BlockIndex, at: Micros) -> bool {
        let block = self.find(block);
        let from = self.holder(no).filter(|&from| from != block && self.may_move(no));
        let Some(from) = from else { return false };
        let kind = self.known[&no].kind;
        let bound = self.blocks[block].bound.iter().copied().chain([no]);
        let may = self.blocks[block].held[kind] < self.rules.kinds[kind].limit
            && self.constraints.broken(bound).is_empty();
        if may {
            self.hand_over(no, from, block);
            self.note_owner(no, block, at, false);
        }
        may
    }

    fn hand_over(&mut self, no: IdentifierNo, from: BlockIndex, to: BlockIndex) {
        let kind = self.known[&no].kind;
        self.blocks[from].held[kind] -= 1;
        self.blocks[from].bound.retain(|bound| *bound != no);
        self.blocks[to].held[kind] += 1;
        self.hold(no, to);
    }

    /// What a must-link names stays where the person put it.
    fn may_move(&self, no: IdentifierNo) -> bool {
        self.moves(no) && !self.constraints.is_linked(no)
    }

    pub(super) fn note_owner(&mut self, no: IdentifierNo, block: BlockIndex, from: Micros, released: bool) {
        if self.moves(no) {
            self.owners.entry(no).or_default().push(Owned { from, block, released });
        }
    }

    fn company(&self, observation: &Observation) -> Company {
        let linking: Vec<_> = self.linking(observation).map(|no| (no, &self.known[&no])).collect();
        company(self.rules, &linking)
    }

    pub(super) fn moves(&self, no: IdentifierNo) -> bool {
        moves(self.rules, &self.known[&no]).is_some()
    }

    /// Whether a later touch of the observation may change who holds what, or did: something that
    /// moves was ever held by somebody else than who had the observation.
    #[must_use]
    pub fn is_unsettled(&self, observation: &Observation, home: BlockIndex, verdict: &Verdict) -> bool {
        self.linking(observation).any(|no| {
            self.moves(no)
                && (self.owners.get(&no).is_some_and(|owners| owners.len() > 1)
                    || verdict.dropped.iter().any(|(dropped, _)| *dropped == no)
                    || self.holder(no) != Some(self.find(home)))
        })
    }

    /// Cuts what was seen without company into stretches. The first stretch of an observation is
    /// that of its first touch, its home.
    fn divide(
        &self,
        observations: &[Observation],
        verdicts: &[Verdict],
    ) -> (Vec<BlockIndex>, FxHashMap<ObservationNo, Vec<Stretch<BlockIndex>>>) {
        let mut stretches = FxHashMap::default();
        let mut home = |(observation, verdict): (&Observation, &Verdict)| {
            let home = self.find(verdict.block);
            let Company::Unaccompanied(strongest) = self.company(observation) else { return home };
            let Some(owners) = self.owners.get(&strongest).filter(|_| !observation.releases) else {
                return home;
            };
            let first = observation.position.at;
            let mut cut = self.stretches(owners, moves(self.rules, &self.known[&strongest]));
            let before = cut.iter().take_while(|stretch| stretch.from <= first).count();
            let home = before.checked_sub(1).map_or(home, |at| cut[at].owner);
            cut.drain(..before);
            cut.dedup_by_key(|stretch| stretch.owner);
            if cut.first().is_some_and(|stretch| stretch.owner == home) {
                cut.remove(0);
            }
            if !cut.is_empty() {
                stretches.insert(observation.no, cut);
            }
            home
        };
        (observations.iter().zip(verdicts).map(&mut home).collect(), stretches)
    }

    /// Who owned, from when on; one entry for each instant.
    fn stretches(&self, owners: &[Owned], history: Option<History>) -> Vec<Stretch<BlockIndex>> {
        let mut cut: Vec<Stretch<BlockIndex>> = Vec::new();
        for session in owners.chunk_by(|_, next| !next.released) {
            let whole = session.last().filter(|_| history == Some(History::Whole));
            let owner = |owned: &Owned| self.find(whole.unwrap_or(owned).block);
            for owned in session {
                match cut.last_mut().filter(|last| last.from == owned.from) {
                    Some(last) => last.owner = owner(owned),
                    None => cut.push(Stretch { from: owned.from, owner: owner(owned) }),
                }
            }
        }
        cut
    }
}

/// Everything that happens, in canonical order.
fn events<'a>(observations: &'a [Observation], touches: &'a [Touch]) -> Vec<(&'a Position, Event)> {
    let event = |i: usize| match observations[i].releases {
        true => Event::Release(i),
        false => Event::First(i),
    };
    let mut events: Vec<(&Position, Event)> =
        (0..observations.len()).map(|i| (&observations[i].position, event(i))).collect();
    if !touches.is_empty() {
        let index: FxHashMap<ObservationNo, usize> =
            observations.iter().enumerate().map(|(i, observation)| (observation.no, i)).collect();
        let again = touches.iter().filter_map(|touch| {
            let i = *index.get(&touch.observation)?;
            (touch.position > observations[i].position).then_some((&touch.position, Event::Again(i)))
        });
        events.extend(again);
    }
    events.sort_by(|(a, first), (b, second)| (a, rank(*first)).cmp(&(b, rank(*second))));
    events
}

fn rank(event: Event) -> u8 {
    match event {
        Event::First(_) => 0,
        Event::Again(_) => 1,
        Event::Release(_) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_times_that_change_hands_are_handed_over() {
        let [no, a, b, c] = [9, 1, 2, 3].map(ObservationNo);
        let at = |at: i64, owner| Stretch { from: Micros(at), owner };
        let parts = |before: (ObservationNo, &[_]), after: (ObservationNo, &[_])| -> Vec<_> {
            let parts = handovers(no, before, after).into_iter();
            parts.map(|part| (part.from_at.0, part.until_at.0, part.from.0, part.to.0)).collect()
        };
        assert_eq!(parts((a, &[]), (b, &[])), [(i64::MIN, i64::MAX, 1, 2)]);
        assert_eq!(parts((a, &[]), (a, &[at(5, b)])), [(5, i64::MAX, 1, 2)]);
        assert_eq!(parts((a, &[at(5, b)]), (a, &[at(7, b)])), [(5, 7, 2, 1)]);
        let changed = parts((a, &[at(5, b)]), (c, &[at(5, b), at(8, c)]));
        assert_eq!(changed, [(i64::MIN, 5, 1, 3), (8, i64::MAX, 2, 3)]);
    }
}
