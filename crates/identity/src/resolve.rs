//! The resolver: observations in canonical order in, blocks and holdings out.
//!
//! One step looks at the present holdings only; a replay is the steps of a whole
//! component from nothing. Recording takes a step where that provably equals a
//! replay (`batch::plan` decides), and replays otherwise.

use rustc_hash::FxHashMap;

use super::constraints::{ConstraintNo, Constraints};
use super::merges::Found;
use super::moves::Owned;
use super::rules::Rules;
use customer360_model::{Micros, ObservationNo, Position};

/// Per tenant, from 1: an identifier that was ever seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentifierNo(pub i64);

/// The index of a kind's rule in `Rules::kinds`.
pub type KindIndex = usize;

/// A distinct set of identifiers that was seen together.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    pub no: ObservationNo,
    /// Of its first touchpoint, in canonical order.
    pub position: Position,
    /// Sorted by kind and value, as in the touchpoint.
    pub identifiers: Vec<IdentifierNo>,
    /// Identifiers that do not link here, because linking would grow a component past its limit.
    pub severed: Vec<IdentifierNo>,
    /// A logout that set its one identifier, of a kind that moves, free for a new customer.
    pub releases: bool,
}

impl Observation {
    #[must_use]
    pub fn seen(&self) -> Seen {
        Seen { position: self.position.clone(), no: self.no }
    }

    /// Whether a person said it: a must-link, which comes before everything that happened.
    #[must_use]
    pub fn is_link(&self) -> bool {
        self.position.at == Micros::MIN
    }
}

/// An observation's place in the canonical order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub position: Position,
    pub no: ObservationNo,
}

/// What the resolver knows of an identifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    pub kind: KindIndex,
    /// The canonically first observation that contains it.
    pub first: Seen,
    /// The canonically latest observation that contains it.
    pub latest: Seen,
    /// More claims than its kind allows: it links nothing.
    pub shared: bool,
    /// Breaks ties of priority and first seen.
    pub value: String,
}

/// Why an identifier was left out of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dropped {
    /// Joining may not give one customer so many of this kind.
    Limit(KindIndex),
    /// Two registered customers, of which one was not named by a kind that joins them.
    RegisteredNotNamed,
    /// Another person on the same browser: the touch names somebody by this kind, and the customer
    /// has one of it already.
    OtherPerson(KindIndex),
    /// A cannot-link keeps them apart.
    Constraint(ConstraintNo),
}

/// What forbids one customer, and who is part of it.
pub(super) struct Forbidden {
    reason: Dropped,
    /// What these hold may be dropped for it.
    of: Vec<BlockIndex>,
    /// So may the free ones of the reason: of the kind, or on a side of the cannot-link.
    free: bool,
}

/// What one observation decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub observation: ObservationNo,
    /// The blocks that its linking identifiers named, before anything was dropped.
    pub named: Vec<BlockIndex>,
    /// The blocks that became one through it (one: it joined that block; none: a new one).
    pub joined: Vec<BlockIndex>,
    /// The names that those had before, in the same order.
    pub names: Vec<ObservationNo>,
    /// What it belongs to; follow `World::find`, for later observations may have merged it.
    pub block: BlockIndex,
    pub dropped: Vec<(IdentifierNo, Dropped)>,
    /// Of those: what moved here from who held it.
    pub taken: Vec<IdentifierNo>,
}

/// The index of a block within one `World`.
pub type BlockIndex = usize;

/// A block of the partition: a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The least observation in it: its first-recorded one.
    pub name: ObservationNo,
    /// How many identifiers of each kind it holds.
    pub held: Vec<u32>,
    /// The canonically latest observation that named it, even if it was refused.
    pub latest: Option<Seen>,
    /// The identifiers it holds that cannot-links speak of.
    pub bound: Vec<IdentifierNo>,
}

impl Block {
    /// A block that exists before the first step.
    #[must_use]
    pub fn stored(name: ObservationNo, held: Vec<u32>, latest: Seen) -> Self {
        Self { name, held, latest: Some(latest), bound: Vec::new() }
    }
}

/// Holdings and blocks while observations are resolved.
pub struct World<'r> {
    pub(super) rules: &'r Rules,
    pub(super) constraints: &'r Constraints,
    pub(super) known: FxHashMap<IdentifierNo, Known>,
    pub(super) holder: FxHashMap<IdentifierNo, BlockIndex>,
    pub(super) blocks: Vec<Block>,
    pub(super) parent: Vec<BlockIndex>,
    /// Of identifiers that move: who held them, one after another.
    pub(super) owners: FxHashMap<IdentifierNo, Vec<Owned>>,
    /// What later touches of observations made one, in order.
    pub(super) rejoined: Vec<Found>,
}

impl<'r> World<'r> {
    #[must_use]
    pub fn new(rules: &'r Rules, constraints: &'r Constraints) -> Self {
        Self {
            rules,
            constraints,
            known: FxHashMap::default(),
            holder: FxHashMap::default(),
            blocks: Vec::new(),
            parent: Vec::new(),
            owners: FxHashMap::default(),
            rejoined: Vec::new(),
        }
    }

    /// Makes an identifier known, or known anew.
    pub fn know(&mut self, no: IdentifierNo, known: Known) {
        self.known.insert(no, known);
    }

    /// Adds a block that exists already.
    pub fn add_block(&mut self, block: Block) -> BlockIndex {
        self.blocks.push(block);
        self.parent.push(self.parent.len());
        self.parent.len() - 1
    }

    /// Says that a block holds an identifier already; its count is in `Block::held`.
    pub fn hold(&mut self, identifier: IdentifierNo, block: BlockIndex) {
        if self.holder.insert(identifier, block) != Some(block) {
            self.bind(identifier, block);
        }
    }

    fn bind(&mut self, identifier: IdentifierNo, block: BlockIndex) {
        if !self.constraints.sides(identifier).is_empty() {
            self.blocks[block].bound.push(identifier);
        }
    }

    /// What a block holds, in the order of numbers. Looks at every holding.
    #[must_use]
    pub fn holdings(&self, block: BlockIndex) -> Vec<IdentifierNo> {
        let block = self.find(block);
        let held = self.holder.iter().filter(|(_, holder)| self.find(**holder) == block);
        let mut held: Vec<IdentifierNo> = held.map(|(no, _)| *no).collect();
        held.sort_unstable();
        held
    }

    #[must_use]
    pub fn known(&self, identifier: IdentifierNo) -> Option<&Known> {
        self.known.get(&identifier)
    }

    #[must_use]
    pub fn holder(&self, identifier: IdentifierNo) -> Option<BlockIndex> {
        self.holder.get(&identifier).map(|&block| self.find(block))
    }

    #[must_use]
    pub fn block(&self, index: BlockIndex) -> &Block {
        &self.blocks[self.find(index)]
    }

    /// The block that a block became.
    #[must_use]
    pub fn find(&self, mut index: BlockIndex) -> BlockIndex {
        while self.parent[index] != index {
            index = self.parent[index];
        }
        index
    }

    #[must_use]
    pub fn is_registered(&self, index: BlockIndex) -> bool {
        let held = &self.block(index).held;
        self.rules.kinds.iter().zip(held).any(|(rule, &count)| rule.registered && count > 0)
    }

    /// The observation's identifiers that may link it to others.
    pub fn linking<'a>(&'a self, observation: &'a Observation) -> impl Iterator<Item = IdentifierNo> + 'a {
        let links = |no: &&IdentifierNo| {
            self.known.get(no).is_some_and(|known| !known.shared) && !observation.severed.contains(no)
        };
        observation.identifiers.iter().filter(links).copied()
    }

    /// The blocks that the observation's linking identifiers name, with the names they have now.
    #[must_use]
    pub fn named_by(&self, observation: &Observation) -> Vec<(BlockIndex, ObservationNo)> {
        let linking: Vec<IdentifierNo> = self.linking(observation).collect();
        self.holders(&linking).into_iter().map(|block| (block, self.blocks[block].name)).collect()
    }

    /// Resolves one observation on the present holdings.
    pub fn step(&mut self, observation: &Observation) -> Verdict {
        let mut kept: Vec<IdentifierNo> = self.linking(observation).collect();
        let named = self.holders(&kept);
        let mut dropped = Vec::new();
        // A must-link drops nothing: whether it may stand was checked when it was made.
        while !observation.is_link()
            && let Some(conflict) = self.conflict(&kept)
        {
            let Some(weakest) = self.weakest(&kept, &conflict) else { break };
            dropped.push((kept.remove(weakest), conflict.reason));
        }
        let joined = self.holders(&kept);
        let names = joined.iter().map(|&block| self.blocks[block].name).collect();
        let block = self.join(observation.no, &joined);
        for &no in &kept {
            if self.holder.insert(no, block).is_none() {
                let kind = self.known[&no].kind;
                self.blocks[block].held[kind] += 1;
                self.bind(no, block);
                self.note_owner(no, block, observation.position.at, false);
            }
        }
        let at = observation.position.at;
        let dropped_numbers = dropped.iter().map(|(no, _)| *no);
        let taken = dropped_numbers.filter(|no| self.take(*no, block, at)).collect();
        for &index in named.iter().chain([&block]) {
            let index = self.find(index);
            let latest = &mut self.blocks[index].latest;
            if latest.as_ref().is_none_or(|latest| latest.position < observation.position) {
                *latest = Some(observation.seen());
            }
        }
        Verdict { observation: observation.no, named, joined, names, block, dropped, taken }
    }

    /// The distinct blocks that hold any of the identifiers, in the identifiers' order.
    pub(super) fn holders(&self, identifiers: &[IdentifierNo]) -> Vec<BlockIndex> {
        let mut holders = Vec::new();
        for &no in identifiers {
            if let Some(block) = self.holder(no)
                && !holders.contains(&block)
            {
                holders.push(block);
            }
        }
        holders
    }

    /// What forbids one customer of these identifiers and all their holders: the first of a limit, a
    /// registration, another person, a cannot-link.
    pub(super) fn conflict(&self, kept: &[IdentifierNo]) -> Option<Forbidden> {
        let holders = self.holders(kept);
        let free: Vec<IdentifierNo> =
            kept.iter().copied().filter(|no| !self.holder.contains_key(no)).collect();
        if holders.len() < 2 && free.is_empty() {
            return None;
        }
        self.limit(&holders, &free)
            .or_else(|| self.registration(&holders, kept))
            .or_else(|| self.other_person(&holders, &free, kept))
            .or_else(|| self.kept_apart(&holders, &free))
    }

    /// A kind of which they hold too many together, and more than any one of them: a limit is broken
    /// by joining only.
    fn limit(&self, holders: &[BlockIndex], free: &[IdentifierNo]) -> Option<Forbidden> {
        let over = |kind: KindIndex| {
            let each = || holders.iter().map(|&block| self.blocks[block].held[kind]);
            let free = free.iter().filter(|no| self.known[no].kind == kind).count();
            let all = each().sum::<u32>() + u32::try_from(free).unwrap_or(u32::MAX);
            all > self.rules.kinds[kind].limit && all > each().max().unwrap_or(0)
        };
        let strongest = (0..self.rules.kinds.len()).filter(|kind| over(*kind));
        let kind = strongest.min_by_key(|kind| self.rules.kinds[*kind].priority)?;
        let holds = holders.iter().copied().filter(|&block| self.blocks[block].held[kind] > 0);
        Some(Forbidden { reason: Dropped::Limit(kind), of: holds.collect(), free: true })
    }

    /// Two registered customers, of which one is not named by a kind that joins.
    fn registration(&self, holders: &[BlockIndex], kept: &[IdentifierNo]) -> Option<Forbidden> {
        if holders.len() < 2 {
            return None;
        }
        let of: Vec<BlockIndex> =
            holders.iter().copied().filter(|&block| self.is_registered(block)).collect();
        let forbidden = of.len() > 1 && !of.iter().all(|&block| self.is_named(block, kept));
        forbidden.then_some(Forbidden { reason: Dropped::RegisteredNotNamed, of, free: false })
    }

    /// Somebody named for the first time beside a browser whose customer has another such name, and
    /// nothing here speaks for that customer.
    fn other_person(
        &self,
        holders: &[BlockIndex],
        free: &[IdentifierNo],
        kept: &[IdentifierNo],
    ) -> Option<Forbidden> {
        holders.iter().find_map(|&block| {
            let kinds = free.iter().map(|no| self.known[no].kind);
            let has =
                |kind: &KindIndex| self.rules.kinds[*kind].registered && self.blocks[block].held[*kind] > 0;
            let kind = kinds.filter(has).min_by_key(|kind| self.rules.kinds[*kind].priority)?;
            let other = !self.is_named(block, kept);
            other.then(|| Forbidden { reason: Dropped::OtherPerson(kind), of: vec![block], free: false })
        })
    }

    fn kept_apart(&self, holders: &[BlockIndex], free: &[IdentifierNo]) -> Option<Forbidden> {
        let bound = || holders.iter().flat_map(|&block| &self.blocks[block].bound).copied();
        let no = *self.constraints.broken(bound().chain(free.iter().copied())).first()?;
        // Of what breaks by what is held alone, the free ones are innocent.
        let free = !self.constraints.broken(bound()).contains(&no);
        let on_side = |block: &BlockIndex| {
            let mut bound = self.blocks[*block].bound.iter();
            bound.any(|held| self.constraints.sides(*held).iter().any(|(other, _)| *other == no))
        };
        let of = holders.iter().copied().filter(on_side).collect();
        Some(Forbidden { reason: Dropped::Constraint(no), of, free })
    }

    /// Whether one of the identifiers names the block by a kind that joins.
    fn is_named(&self, block: BlockIndex, kept: &[IdentifierNo]) -> bool {
        let joins = |no: &IdentifierNo| self.rules.kinds[self.known[no].kind].joins_registered;
        kept.iter().any(|no| joins(no) && self.holder(*no) == Some(block))
    }

    /// The weakest of the identifiers that are part of the conflict.
    fn weakest(&self, kept: &[IdentifierNo], conflict: &Forbidden) -> Option<usize> {
        let part_of = |no: IdentifierNo| match (self.holder(no), conflict.reason) {
            (Some(block), _) => conflict.of.contains(&block),
            (None, Dropped::Limit(kind)) => self.known[&no].kind == kind,
            (None, Dropped::Constraint(apart)) => {
                conflict.free && self.constraints.sides(no).iter().any(|(other, _)| *other == apart)
            }
            (None, _) => false,
        };
        let candidates = (0..kept.len()).filter(|&i| part_of(kept[i]));
        candidates.max_by_key(|&i| {
            let known = &self.known[&kept[i]];
            (self.rules.kinds[known.kind].priority, &known.first, known.kind, &known.value)
        })
    }

    /// One block out of those, with the observation in it; a new one if there are none.
    pub(super) fn join(&mut self, observation: ObservationNo, blocks: &[BlockIndex]) -> BlockIndex {
        let Some((&target, others)) = blocks.split_first() else {
            let held = vec![0; self.rules.kinds.len()];
            return self.add_block(Block { name: observation, held, latest: None, bound: Vec::new() });
        };
        for &other in others {
            self.parent[other] = target;
            let absorbed = self.blocks[other].clone();
            let block = &mut self.blocks[target];
            block.name = block.name.min(absorbed.name);
            block.latest = block.latest.take().max(absorbed.latest);
            block.bound.extend(absorbed.bound);
            for (sum, count) in block.held.iter_mut().zip(absorbed.held) {
                *sum += count;
            }
        }
        let block = &mut self.blocks[target];
        block.name = block.name.min(observation);
        target
    }
}

#[cfg(test)]
mod tests;
