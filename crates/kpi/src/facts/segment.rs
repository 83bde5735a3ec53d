//! A segment: the facts of some customers, clustered by customer and time, never changed.
//!
//! New facts, merges and splits do not rewrite it: the customers they touch are gathered out of
//! the older segments into a new one and marked dead in the old.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::facts::amounts::Amounts;
use crate::facts::column::Pick;
use crate::facts::first_touch::{self, Acquired, First, NEVER, Standing, Write, firsts, mark_survivors};
use crate::facts::lives::{Life, Lives};
use crate::facts::map::Identity;
use crate::facts::projection::{Given, Piece, Table};
use crate::facts::settlement::{Settled, Settlement};
use crate::facts::side_tables::{EXPOSURES, ORDERS, RETURNS, TABLES, rows_until};
use crate::facts::stem::Stem;
use crate::facts::tables::{Chosen, NEVER_ORDERED, SURVIVES, Tables};
use crate::facts::trust::Trust;
use crate::ground::bitmap::Bitmap;
use customer360_model::objects::{Is, Verdict};

/// To whom the rows of one table belong.
struct Whose<'a> {
    stem: &'a Stem,
    /// What became of them, in the tables where anything does.
    settlement: Option<&'a Settlement>,
}

impl<'a> Whose<'a> {
    fn of(stem: &'a Stem, table: usize, identity: &'a dyn Identity) -> Self {
        let settlement = matches!(table, ORDERS | RETURNS).then(|| identity.settlement()).flatten();
        Self { stem, settlement }
    }

    /// The observation, and the time at which its customer is asked for.
    #[inline]
    fn row(&self, row: usize) -> (u32, i64) {
        let settled = self.settlement.and_then(|all| all.get(&self.stem.number[row]));
        settled
            .map_or((self.stem.observation[row], self.stem.at[row]), |one| (one.owner, one.verdict.ordered))
    }
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

/// The customers of a segment, numbered from 0 in order of their keys. 19 bytes each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customers {
    /// The least number of their observations, which names them.
    pub key: Arc<Vec<u32>>,
    pub registered: Arc<Vec<bool>>,
    /// Their first touchpoints of any kind.
    pub acquired: Table<Acquired>,
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

/// The facts of some customers, as far as they are given. [`Segment::bytes`] measures them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Segment {
    pub tables: Tables,
    pub customers: Customers,
    /// The values of traits that stand, where their writes are not given.
    pub(crate) standing: Option<Arc<Standing>>,
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
        Self::gather_where(sources, identity, keeps, trust, &Given::default())
    }

    /// As [`Segment::gather`], of the touchpoints that are to be kept, by number and time; of what is
    /// given, and of customers with a fact in that. The sources must have been given everything.
    #[must_use]
    pub fn gather_where(
        sources: &[Source],
        identity: &dyn Identity,
        keeps: impl Fn(u32, i64) -> bool + Sync,
        trust: &Trust,
        given: &Given,
    ) -> Self {
        let parts: Vec<&Tables> = sources.iter().map(Source::tables).collect();
        let mut taken: [Taken; TABLES] = std::array::from_fn(|table| match given.has(Piece::STEMS[table]) {
            true => Taken::from(sources, table, identity, &keeps),
            false => Taken::default(),
        });
        let ranks = Ranks::of(&taken);
        taken.par_iter_mut().enumerate().for_each(|(table, taken)| taken.cluster(&ranks, &parts, table));
        let mut tables = Tables::pick(&parts, taken, given);
        tables.settle(identity.settlement(), given);
        let registered = ranks.keys.iter().map(|&key| identity.is_registered(key)).collect();
        let acquired = given.table(|| match given.is_all() {
            true => Acquired::of(&firsts(ranks.keys.len(), &tables, |_, _| true)),
            false => Acquired::of(&firsts_of(sources, identity, &keeps, &ranks)),
        });
        let standing = match given.is_all() {
            true => {
                mark_survivors(&mut tables, trust);
                None
            }
            false => given.pieces.has(Piece::TraitWrites).then(|| {
                let writes = sources.iter().flat_map(|one| writes_of(one, identity, &keeps, trust, &ranks));
                Arc::new(Standing::of(writes.collect()))
            }),
        };
        let customers = Customers { key: Arc::new(ranks.keys), registered: Arc::new(registered), acquired };
        Self { tables, customers, standing }
    }

    /// The same customers with those of their touchpoints only that are known, by number and time,
    /// and the customers that have none left, as far as that is given. Their kinds stay as they are.
    #[must_use]
    pub fn only(
        &self,
        knows: impl Fn(u32, i64) -> bool + Sync,
        trust: &Trust,
        given: &Given,
    ) -> (Self, Vec<u32>) {
        let mut tables = self.tables.only(&knows, given);
        if given.is_all() {
            mark_survivors(&mut tables, trust);
        }
        let (segment, nobody) = self.with(tables, &knows, trust, given);
        (segment, nobody)
    }

    /// The same, although touchpoints of which nothing is known stay with those who will not be asked
    /// about: for a snapshot that was not given everything.
    #[must_use]
    pub fn shared(&self, knows: impl Fn(u32, i64) -> bool + Sync, trust: &Trust, given: &Given) -> Self {
        self.with(self.tables.shared(given), &knows, trust, given).0
    }

    /// The same customers with other tables.
    fn with(
        &self,
        tables: Tables,
        knows: &(impl Fn(u32, i64) -> bool + Sync),
        trust: &Trust,
        given: &Given,
    ) -> (Self, Vec<u32>) {
        let mut nobody = Vec::new();
        let acquired = given.table(|| {
            let mut firsts = firsts(self.customers.len(), &self.tables, knows);
            for (no, first) in firsts.iter_mut().enumerate().filter(|(_, first)| first.1 == i64::MAX) {
                nobody.push(no as u32);
                // An instant that calendars know, although nobody is asked about it.
                first.1 = self.customers.acquired.at[no];
            }
            Acquired::of(&firsts)
        });
        let standing = (!given.is_all() && given.pieces.has(Piece::TraitWrites)).then(|| {
            let known = |stem: &Stem, row: usize| knows(stem.number[row], stem.at[row]);
            let customer = |stem: &Stem, row: usize| known(stem, row).then(|| stem.customer[row]);
            Arc::new(Standing::of(first_touch::writes(&self.tables, trust, customer)))
        });
        let (key, registered) = (self.customers.key.clone(), self.customers.registered.clone());
        (Self { tables, customers: Customers { key, registered, acquired }, standing }, nobody)
    }

    /// One customer without a fact.
    pub(crate) fn of_one() -> Self {
        let (key, registered) = (Arc::new(vec![0]), Arc::new(vec![false]));
        let acquired = Acquired { at: vec![0], number: vec![0], place: vec![0], made: vec![false] }.into();
        Self { customers: Customers { key, registered, acquired }, ..Self::default() }
    }

    /// Customers and the values that stand for one trait.
    pub(crate) fn standing(&self, name: u16) -> Box<dyn Iterator<Item = (u32, u64)> + '_> {
        if let Some(standing) = &self.standing {
            return Box::new(standing.named(name));
        }
        let (tables, traits) = (&self.tables, &*self.tables.traits);
        let stands = move |row: &usize| traits.name[*row] == name && traits.flags[*row] & SURVIVES != 0;
        Box::new((0..traits.owner.len()).filter(stands).map(move |row| {
            let touch = traits.owner[row];
            (tables.stem(touch.table()).customer[touch.row()], traits.value[row])
        }))
    }

    /// Bytes of all columns.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let mut bytes = 0;
        self.each_piece(|_, piece| bytes += piece);
        bytes
    }

    /// Calls `visit` with the place in memory and the bytes of what it may share with others.
    pub fn each_piece(&self, mut visit: impl FnMut(usize, usize)) {
        let Customers { key, registered, acquired } = &self.customers;
        self.tables.each_given(&mut visit);
        visit(Arc::as_ptr(key).addr(), key.len() * 4);
        visit(Arc::as_ptr(registered).addr(), registered.len());
        acquired.given().iter().for_each(|all| visit(Arc::as_ptr(all).addr(), all.at.len() * 15));
        self.standing.iter().for_each(|all| visit(Arc::as_ptr(all).addr(), all.bytes()));
    }
}

impl Tables {
    /// Fills in what became of orders and returns.
    fn settle(&mut self, settlement: Option<&Settlement>, given: &Given) {
        let lives_of = |stem: &Stem, visit: &mut dyn FnMut(usize, &Settled)| {
            let mut lives = Lives::default();
            let Some(settlement) = settlement else { return lives };
            for (row, number) in stem.number.iter().enumerate() {
                let Some(settled) = settlement.get(number) else { continue };
                visit(row, settled);
                let Verdict { is, off, .. } = &settled.verdict;
                let is = *is;
                if is != Is::Itself && off.is_empty() {
                    lives.push(row, Life { is, off: None });
                }
                off.iter().for_each(|&off| lives.push(row, Life { is, off: Some(off) }));
            }
            lives
        };
        if given.has(Piece::Orders) && (settlement.is_some() || !self.orders.lives.is_empty()) {
            self.orders.lives = lives_of(&self.orders.stem, &mut |_, _| {});
        }
        if given.has(Piece::Returns) && !self.returns.stem.is_empty() {
            let returns = &mut *self.returns;
            let (mut ordered, mut before) = (vec![NEVER_ORDERED; returns.stem.len()], FxHashMap::default());
            returns.lives = lives_of(&returns.stem, &mut |row, settled| {
                if settled.verdict.is == Is::Itself {
                    ordered[row] = settled.verdict.ordered;
                    before.insert(row, settled.verdict.before);
                }
            });
            let mut amounts = Amounts::default();
            (0..ordered.len()).for_each(|row| amounts.push(before.get(&row).copied().unwrap_or(0)));
            (returns.ordered, returns.before) = (ordered, amounts);
        }
    }
}

/// The first touchpoints that are kept, of the customers of a new segment, of all tables.
fn firsts_of(
    sources: &[Source],
    identity: &dyn Identity,
    keeps: &(impl Fn(u32, i64) -> bool + Sync),
    ranks: &Ranks,
) -> Vec<First> {
    let mut firsts = vec![NEVER; ranks.keys.len()];
    for source in sources {
        let tables = source.tables();
        for (table, stem) in tables.stems().into_iter().enumerate().filter(|(table, _)| *table != RETURNS) {
            let whose = Whose::of(stem, table, identity);
            source.rows(stem, |row| {
                let (at, number) = (stem.at[row], stem.number[row]);
                let (observation, then) = whose.row(row);
                if !keeps(number, at) || !identity.takes(observation) {
                    return;
                }
                if let Some(customer) = ranks.find(identity.customer_of(observation, then)) {
                    let first = &mut firsts[customer as usize];
                    let is_done_to = table == EXPOSURES && !tables.is_made(EXPOSURES, row);
                    *first = (*first).min((is_done_to, at, number, stem.place[row]));
                }
            });
        }
    }
    firsts
}

/// The writes of traits of a source, of the customers of a new segment.
fn writes_of(
    source: &Source,
    identity: &dyn Identity,
    keeps: &(impl Fn(u32, i64) -> bool + Sync),
    trust: &Trust,
    ranks: &Ranks,
) -> Vec<Write> {
    let taken = |stem: &Stem, row: usize| match source {
        Source::New(_) => true,
        Source::Living(_, dead) => !dead.contains(stem.customer[row]),
        Source::Customers(_, customers) => customers.binary_search(&stem.customer[row]).is_ok(),
    };
    first_touch::writes(source.tables(), trust, |stem, row| {
        let (at, number) = (stem.at[row], stem.number[row]);
        // Nothing is said of anybody by a statement that stands elsewhere.
        let observation = stem.observation[row];
        let customer = || ranks.find(identity.customer_of(observation, at));
        (keeps(number, at) && identity.takes(observation) && taken(stem, row)).then(customer).flatten()
    })
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
    fn from<'a>(
        sources: &[Source<'a>],
        table: usize,
        identity: &'a dyn Identity,
        keeps: impl Fn(u32, i64) -> bool,
    ) -> Self {
        let mut picks = Vec::new();
        let of = |source: &Source<'a>| Whose::of(source.tables().stem(table), table, identity);
        let whose: Vec<Whose> = sources.iter().map(of).collect();
        for ((part, source), whose) in (0_u64..).zip(sources).zip(&whose) {
            let stem = whose.stem;
            if matches!(source, Source::New(_)) {
                picks.reserve_exact(stem.len());
            }
            source.rows(stem, |row| {
                if keeps(stem.number[row], stem.at[row]) && identity.takes(whose.row(row).0) {
                    picks.push(part << 32 | row as u64);
                }
            });
        }
        let customer = |&pick: &Pick| {
            let (observation, at) = whose[(pick >> 32) as usize].row(pick as u32 as usize);
            identity.customer_of(observation, at)
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
        let stems: Vec<&Stem> = parts.iter().map(|part| part.stem(table)).collect();
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

    /// The number of a customer who may not be among them.
    fn find(&self, key: u32) -> Option<u32> {
        match &self.lookup {
            Lookup::Dense(_) => self.keys.binary_search(&key).ok().map(|at| at as u32),
            Lookup::Sparse(numbers) => numbers.get(&key).copied(),
        }
    }
}
