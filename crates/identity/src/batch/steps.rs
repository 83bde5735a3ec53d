//! Steps on the present holdings, taken and tried.

use rustc_hash::FxHashMap;

use super::{Before, Fresh};
use crate::constraints::Constraints;
use crate::resolve::{Block, BlockIndex, Verdict, World};
use crate::rules::Rules;
use customer360_model::ObservationNo;

/// What steps on the present holdings lead to: the world, its blocks by name, and the verdicts.
pub(super) type Stepped<'r> = (World<'r>, FxHashMap<ObservationNo, BlockIndex>, Vec<(usize, Verdict)>);

pub(super) fn step<'r>(
    rules: &'r Rules,
    constraints: &'r Constraints,
    before: &Before,
    fresh: &[Fresh],
    stepped: &[usize],
) -> Stepped<'r> {
    let mut world = World::new(rules, constraints);
    let mut index: FxHashMap<ObservationNo, BlockIndex> = FxHashMap::default();
    for no in stepped.iter().flat_map(|&i| &fresh[i].observation.identifiers) {
        if world.known(*no).is_some() {
            continue;
        }
        let stored = &before.identifiers[no];
        world.know(*no, stored.known(rules));
        let Some(holder) = stored.holder.filter(|_| !stored.is_shared(rules)) else { continue };
        let block = *index.entry(holder).or_insert_with(|| {
            let customer = &before.customers[&holder];
            world.add_block(Block::stored(holder, customer.held.clone(), customer.latest.clone()))
        });
        world.hold(*no, block);
    }
    for (no, holder) in &before.bound {
        if let Some(&block) = index.get(holder) {
            world.hold(*no, block);
        }
    }
    let verdicts = stepped.iter().map(|&i| (i, world.step(&fresh[i].observation))).collect();
    (world, index, verdicts)
}

/// Those of the batch's observations that a step would take without something that moves.
pub(super) fn leave_out_what_moves(
    rules: &Rules,
    before: &Before,
    fresh: &[Fresh],
    stepped: &[usize],
) -> Vec<ObservationNo> {
    let constraints = before.constraints.clone();
    let (world, _, verdicts) = step(rules, &constraints, before, fresh, stepped);
    let moves = |(_, verdict): &&(usize, Verdict)| verdict.dropped.iter().any(|(no, _)| world.moves(*no));
    verdicts.iter().filter(moves).map(|(i, _)| fresh[*i].observation.no).collect()
}
