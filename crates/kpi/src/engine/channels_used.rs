//! The channels that customers use, as groups.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::engine::lens::Lens;
use crate::engine::scope::KpiError;
use crate::facts::fact::TouchType;
use crate::facts::rows::is_made;
use crate::facts::side_tables::{EXPOSURES, RETURNS};
use crate::facts::stem::Stem;
use crate::facts::tables::Tables;

/// Channels that one question tells apart by sets.
pub const CHANNELS_LIMIT: usize = 64;

/// Calls `visit` for each touchpoint among some rows of every table that is something a customer did.
pub(crate) fn each_use(
    tables: &Tables,
    rows: impl Fn(&Stem) -> Range<usize>,
    mut visit: impl FnMut(&Stem, usize),
) {
    let touched = tables.stems().into_iter().enumerate().filter(|(table, _)| *table != RETURNS);
    for (table, stem) in touched {
        let uses = |row: &usize| {
            let others = || tables.others(table);
            table != EXPOSURES || is_made(TouchType(others().kind[*row]), others().detail[*row])
        };
        rows(stem).filter(uses).for_each(|row| visit(stem, row));
    }
}

/// The channels that each customer of each segment used in range, as bits.
pub(crate) fn used(lens: &Lens) -> Result<Vec<Vec<u64>>, KpiError> {
    let names = &*lens.snapshot.dictionary;
    if names.channels.len() > CHANNELS_LIMIT {
        return Err(KpiError::TooMany { what: "channels", limit: CHANNELS_LIMIT });
    }
    let bits: Vec<u64> = names.places().iter().map(|place| 1 << place.channel).collect();
    let of_segment = |live: &crate::facts::snapshot::Live| {
        let mut used = vec![0; live.segment.customers.len()];
        each_use(
            &live.segment.tables,
            |stem| 0..stem.len(),
            |stem, row| {
                let customer = stem.customer[row];
                if lens.in_range(stem.at[row]) && !live.dead.contains(customer) {
                    used[customer as usize] |= bits[usize::from(stem.place[row])];
                }
            },
        );
        used
    };
    Ok(lens.snapshot.segments.iter().map(of_segment).collect())
}

/// Sets of channels as groups: `name` names a set of channels, `number` gives a name its number.
pub(crate) fn groups(
    lens: &Lens,
    name: impl Fn(Vec<&str>) -> String,
    mut number: impl FnMut(&str) -> u32,
) -> Result<Vec<Vec<u32>>, KpiError> {
    let names = &*lens.snapshot.dictionary;
    let mut known: FxHashMap<u64, u32> = FxHashMap::default();
    known.insert(0, 0);
    let mut group = |set: u64| {
        *known.entry(set).or_insert_with(|| {
            let members = (0..names.channels.len() as u32).filter(|channel| set >> channel & 1 == 1);
            let mut members: Vec<&str> = members.map(|channel| names.channels.name(channel)).collect();
            members.sort_unstable();
            number(&name(members))
        })
    };
    let used = used(lens)?;
    Ok(used.into_iter().map(|sets| sets.into_iter().map(&mut group).collect()).collect())
}
