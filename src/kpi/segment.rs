//! A segment: the facts of some customers, clustered by customer and time, never changed.
//!
//! New facts, merges and splits do not rewrite it: the customers they touch are gathered out of
//! the older segments into a new one and marked dead in the old.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::beside::{TABLES, rows_until};
use super::bitmap::Bitmap;
use super::dictionary::Dictionary;
use super::tables::{Chosen, IF_ABSENT, Pick, SURVIVES, Stem, Tables};
use super::traits::{Claim, rank};

/// The identity map, as far as the columns need it. Customers are named by the least number of
/// their observations.
pub trait Identity: Sync {
    /// To whom the touches of an observation at that time belong.
    fn customer_of(&self, observation: u32, at: i64) -> u32;
    fn is_registered(&self, customer: u32) -> bool;
}

/// Facts to gather from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// Facts that no segment holds yet, in any order.
    New(&'a Tables),
    /// The facts of all customers of a segment but the dead ones.
    Living(&'a Segment, &'a Bitmap),
    /// The facts of some customers of a segment, by its numbers, in increasing order.
    Customers(&'a Segment, &'a [u32]),
}

/// How far the source of each place is trusted, for the survivorship of traits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// By place: the rank among the trusted sources, and the source's place in the order of names.
    places: Vec<(u32, u32)>,
}

impl Trust {
    /// `trusted` lists sources from most to least trusted.
    #[must_use]
    pub fn of(dictionary: &Dictionary, trusted: &[String]) -> Self {
        let mut order: Vec<u32> = (0..dictionary.sources.len() as u32).collect();
        order.sort_by_key(|&source| dictionary.sources.name(source));
        let mut nth = vec![0; order.len()];
        order.iter().zip(0..).for_each(|(&source, n)| nth[source as usize] = n);
        let place = |source: u32| (rank(trusted, dictionary.sources.name(source)), nth[source as usize]);
        Self { places: dictionary.places().iter().map(|at| place(at.source)).collect() }
    }
}

/// The customers of a segment, numbered from 0 in order of their keys. 15 bytes each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customers {
    /// The least number of their observations, which names them.
    pub key: Vec<u32>,
    pub registered: Vec<bool>,
    /// Time of the first touchpoint of any kind.
    pub acquired_at: Vec<i64>,
    /// Its place.
    pub acquired_place: Vec<u16>,
}

impl Customers {
    #[must_use]
    pub fn len(&self) -> usize {
        self.key.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    /// The segment's number of a customer.
    #[must_use]
    pub fn find(&self, key: u32) -> Option<u32> {
        self.key.binary_search(&key).ok().map(|at| at as u32)
    }
}

/// The facts of some customers. [`Segment::bytes`] measures them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Segment {
    pub tables: Tables,
    pub customers: Customers,
}

impl Segment {
    /// The facts of the sources, clustered anew under the present map.
    ///
    /// `voided` holds the numbers of touchpoints to leave out. Customers without a fact are not
    /// in the result. Facts must be identified.
    #[must_use]
    pub fn gather(
        sources: &[Source],
        identity: &dyn Identity,
        voided: &FxHashSet<u32>,
        trust: &Trust,
    ) -> Self {
        let keeps = |number, _| voided.is_empty() || !voided.contains(&number);
        Self::gather_where(sources, identity, keeps, trust)
    }

    /// As [`Segment::gather`], of the touchpoints that are to be kept, by number and time.
    #[must_use]
    pub fn gather_where(
        sources: &[Source],
        identity: &dyn Identity,
        keeps: impl Fn(u32, i64) -> bool,
        trust: &Trust,
    ) -> Self {
        let parts: Vec<&Tables> = sources.iter().map(Source::tables).collect();
        let mut taken: [Taken; TABLES] =
            std::array::from_fn(|table| Taken::from(sources, table, identity, &keeps));
        let ranks = Ranks::of(&taken);
        taken.par_iter_mut().enumerate().for_each(|(table, taken)| taken.cluster(&ranks, &parts, table));
        let mut tables = Tables::pick(&parts, taken);
        mark_survivors(&mut tables, trust);
        let customers = acquaint(ranks.keys, &tables, identity);
        Self { tables, customers }
    }

    /// The same customers with those of their touchpoints only that are known, by number and time,
    /// and the customers that have none left. Their kinds stay as they are.
    #[must_use]
    pub fn only(&self, knows: impl Fn(u32, i64) -> bool + Sync, trust: &Trust) -> (Self, Vec<u32>) {
        let mut tables = self.tables.only(knows);
        mark_survivors(&mut tables, trust);
        let mut customers = acquaint(self.customers.key.clone(), &tables, &Unchanged);
        customers.registered.clone_from(&self.customers.registered);
        let acquired = (0..).zip(&customers.acquired_at);
        let nobody: Vec<u32> = acquired.filter(|(_, at)| **at == i64::MAX).map(|(no, _)| no).collect();
        for &no in &nobody {
            // An instant that calendars know, although nobody is asked about it.
            customers.acquired_at[no as usize] = self.customers.acquired_at[no as usize];
        }
        (Self { tables, customers }, nobody)
    }

    /// Bytes of all columns.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.tables.bytes() + self.customers.len() * 15
    }
}

/// Nobody asks it.
struct Unchanged;

impl Identity for Unchanged {
    fn customer_of(&self, observation: u32, _at: i64) -> u32 {
        observation
    }

    fn is_registered(&self, _customer: u32) -> bool {
        false
    }
}

impl<'a> Source<'a> {
    fn tables(&self) -> &'a Tables {
        match self {
            Self::New(tables) => tables,
            Self::Living(segment, _) | Self::Customers(segment, _) => &segment.tables,
        }
    }

    /// The rows of a table to take, one by one.
    fn rows(&self, stem: &Stem, mut take: impl FnMut(usize)) {
        match self {
            Self::New(_) => (0..stem.len()).for_each(take),
            Self::Living(_, dead) => {
                let lives = |row: &usize| !dead.contains(stem.customer[*row]);
                (0..stem.len()).filter(lives).for_each(take);
            }
            Self::Customers(_, customers) => {
                let mut from = 0;
                for &customer in *customers {
                    from += rows_until(&stem.customer[from..], |other| other < customer);
                    let until = from + rows_until(&stem.customer[from..], |other| other == customer);
                    (from..until).for_each(&mut take);
                    from = until;
                }
            }
        }
    }
}

/// The rows of one table on their way into a new segment; their customers first by key, then by
/// number in the segment.
type Taken = Chosen;

impl Taken {
    fn from(
        sources: &[Source],
        table: usize,
        identity: &dyn Identity,
        keeps: impl Fn(u32, i64) -> bool,
    ) -> Self {
        let mut picks = Vec::new();
        for (part, source) in (0_u64..).zip(sources) {
            let stem = source.tables().stems()[table];
            if matches!(source, Source::New(_)) {
                picks.reserve_exact(stem.len());
            }
            source.rows(stem, |row| {
                if keeps(stem.number[row], stem.at[row]) {
                    picks.push(part << 32 | row as u64);
                }
            });
        }
        let stems: Vec<&Stem> = sources.iter().map(|source| source.tables().stems()[table]).collect();
        let customer = |&pick: &Pick| {
            let (stem, row) = (stems[(pick >> 32) as usize], pick as u32 as usize);
            identity.customer_of(stem.observation[row], stem.at[row])
        };
        let customers = picks.par_iter().with_min_len(1 << 14).map(customer).collect();
        Self { picks, customers }
    }

    /// Orders the picks by customer, time and number: a counting sort by customer, which keeps
    /// the order of the sources, then a sort of those customers that are not in order yet.
    fn cluster(&mut self, ranks: &Ranks, parts: &[&Tables], table: usize) {
        let mut ends = vec![0_u32; ranks.keys.len() + 1];
        for customer in &mut self.customers {
            *customer = ranks.number(*customer);
            ends[*customer as usize + 1] += 1;
        }
        let sorted = self.customers.is_sorted();
        for customer in 1..ends.len() {
            ends[customer] += ends[customer - 1];
        }
        if !sorted {
            let mut next = ends.clone();
            let mut picks = vec![0; self.picks.len()];
            for (&pick, &customer) in self.picks.iter().zip(&self.customers) {
                let at = &mut next[customer as usize];
                picks[*at as usize] = pick;
                *at += 1;
            }
            self.picks = picks;
            for (customer, bounds) in ends.windows(2).enumerate() {
                self.customers[bounds[0] as usize..bounds[1] as usize].fill(customer as u32);
            }
        }
        let stems: Vec<&Stem> = parts.iter().map(|part| part.stems()[table]).collect();
        sort_runs(&mut self.picks, &ends, &stems);
    }
}

/// Sorts the picks of each customer by time and number, in parallel over stretches of customers.
fn sort_runs(picks: &mut [Pick], ends: &[u32], stems: &[&Stem]) {
    const STRETCH: usize = 1 << 14;
    let mut stretches = Vec::new();
    let (mut rest, mut first) = (picks, 0);
    while first + 1 < ends.len() {
        let last = (first + STRETCH).min(ends.len() - 1);
        let (stretch, after) = rest.split_at_mut((ends[last] - ends[first]) as usize);
        stretches.push((stretch, &ends[first..=last]));
        (rest, first) = (after, last);
    }
    stretches.into_par_iter().for_each(|(picks, ends)| {
        let mut keyed = Vec::new();
        for bounds in ends.windows(2) {
            let run = &mut picks[(bounds[0] - ends[0]) as usize..(bounds[1] - ends[0]) as usize];
            if run.len() < 2 {
                continue;
            }
            keyed.clear();
            keyed.extend(run.iter().map(|&pick| {
                let (stem, row) = (stems[(pick >> 32) as usize], pick as u32 as usize);
                (stem.at[row], stem.number[row], pick)
            }));
            if !keyed.is_sorted() {
                keyed.sort_unstable();
                run.iter_mut().zip(&keyed).for_each(|(to, &(_, _, pick))| *to = pick);
            }
        }
    });
}

/// Numbers the customers of a new segment in order of their keys.
struct Ranks {
    keys: Vec<u32>,
    lookup: Lookup,
}

enum Lookup {
    /// By key: quick, when most keys occur.
    Dense(Vec<u32>),
    Sparse(FxHashMap<u32, u32>),
}

impl Ranks {
    fn of(taken: &[Taken]) -> Self {
        let rows: usize = taken.iter().map(|t| t.customers.len()).sum();
        let greatest = taken.iter().filter_map(|t| t.customers.par_iter().max()).max();
        let Some(&greatest) = greatest else {
            return Self { keys: Vec::new(), lookup: Lookup::Dense(Vec::new()) };
        };
        let all = taken.iter().flat_map(|t| &t.customers);
        if rows.saturating_mul(4) < greatest as usize {
            let mut keys: Vec<u32> = all.copied().collect();
            keys.sort_unstable();
            keys.dedup();
            let lookup = keys.iter().copied().zip(0..).collect();
            return Self { keys, lookup: Lookup::Sparse(lookup) };
        }
        let mut numbers = vec![0_u32; greatest as usize + 1];
        all.for_each(|&key| numbers[key as usize] = 1);
        let mut keys = Vec::new();
        for (key, number) in (0..).zip(&mut numbers) {
            if *number == 1 {
                *number = keys.len() as u32;
                keys.push(key);
            }
        }
        Self { keys, lookup: Lookup::Dense(numbers) }
    }

    fn number(&self, key: u32) -> u32 {
        match &self.lookup {
            Lookup::Dense(numbers) => numbers[key as usize],
            Lookup::Sparse(numbers) => numbers[&key],
        }
    }
}

/// Marks, of each customer's writes of one name, the one that stands.
fn mark_survivors(tables: &mut Tables, trust: &Trust) {
    let stems = tables.stems();
    let traits = &tables.traits;
    let claim = |row: usize| {
        let (stem, touch) = (stems[traits.owner[row].table()], traits.owner[row].row());
        let (rank, source) =
            trust.places.get(usize::from(stem.place[touch])).copied().unwrap_or((u32::MAX, 0));
        let position = (stem.at[touch], source, stem.number[touch], row);
        Claim { if_absent: traits.flags[row] & IF_ABSENT != 0, rank, position }
    };
    let customer = |row: usize| stems[traits.owner[row].table()].customer[traits.owner[row].row()];
    let mut by_customer: Vec<(u32, usize)> =
        (0..traits.owner.len()).map(|row| (customer(row), row)).collect();
    by_customer.par_sort();
    let mut standing: Vec<(u16, usize)> = Vec::new();
    let mut survivors = Vec::new();
    for writes in by_customer.chunk_by(|(one, _), (other, _)| one == other) {
        standing.clear();
        for &(_, row) in writes {
            match standing.iter_mut().find(|(name, _)| *name == traits.name[row]) {
                Some((_, best)) if claim(row).beats(&claim(*best)) => *best = row,
                Some(_) => {}
                None => standing.push((traits.name[row], row)),
            }
        }
        survivors.extend(standing.iter().map(|&(_, row)| row));
    }
    let flags = &mut tables.traits.flags;
    flags.iter_mut().for_each(|flags| *flags &= IF_ABSENT);
    survivors.into_iter().for_each(|row| flags[row] |= SURVIVES);
}

/// What is known of each customer as a whole.
fn acquaint(key: Vec<u32>, tables: &Tables, identity: &dyn Identity) -> Customers {
    let mut first = vec![(i64::MAX, u32::MAX, 0_u16); key.len()];
    for stem in tables.stems() {
        let mut previous = u32::MAX;
        for (row, &customer) in stem.customer.iter().enumerate() {
            // Only the first row of a customer can be their first touchpoint.
            if customer != previous {
                previous = customer;
                let candidate = (stem.at[row], stem.number[row], stem.place[row]);
                let known = &mut first[customer as usize];
                *known = candidate.min(*known);
            }
        }
    }
    let registered = key.iter().map(|&key| identity.is_registered(key)).collect();
    let acquired_at = first.iter().map(|&(at, _, _)| at).collect();
    let acquired_place = first.iter().map(|&(_, _, place)| place).collect();
    Customers { key, registered, acquired_at, acquired_place }
}
