//! Recency, frequency and monetary value: quintiles with ties kept together, and segments with names.

mod segments;

pub(crate) use segments::groups;
pub use segments::{BUYERS, Compared, compared};

use std::ops::Range;

use rayon::prelude::*;

use crate::engine::lens::{Grouping, Lens, OrderLens};
use crate::engine::scope::{GroupBy, KpiError, OrderOptions, OrderUnit, Scope};
use crate::facts::fact::TouchType;
use crate::facts::side_tables::rows_until;
use crate::facts::snapshot::{Part, Snapshot};
use crate::ground::answer::{Basis, Grouped, Tally};
use crate::ground::calendar::{Intervals, Unit};
use crate::ground::quintiles::cuts;
use customer360_model::Micros;

#[derive(Debug, Clone)]
pub struct Question {
    pub scope: Scope,
    /// By the first order in scope, or by the customer. Quintiles are those of all.
    pub group_by: Option<GroupBy>,
    pub orders: OrderOptions,
    /// Which customers are listed: those after a key, at most so many.
    pub after: Option<u32>,
    pub size: usize,
}

/// Which customers are listed, of those after a key: all, unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// Empty: of any.
    pub segments: Vec<Segment>,
    /// Empty: of any; a score of 0 stands for each.
    pub scores: Vec<Scores>,
}

impl Listed {
    fn admits(&self, scores: Scores) -> bool {
        let is = |wanted: u8, score: u8| wanted == 0 || wanted == score;
        let fits = |wanted: &Scores| {
            is(wanted.recency, scores.recency)
                && is(wanted.frequency, scores.frequency)
                && is(wanted.monetary, scores.monetary)
        };
        (self.segments.is_empty() || self.segments.contains(&Segment::of(scores)))
            && (self.scores.is_empty() || self.scores.iter().any(fits))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub basis: Basis,
    pub cuts: Cuts,
    /// By segment, in the order of [`Segment::ALL`].
    pub result: Grouped<[Sums; Segment::ALL.len()]>,
    /// Customers by their three scores, those that occur.
    pub cells: Vec<(Scores, u64)>,
    pub customers: Vec<Customer>,
    pub more: bool,
}

/// The customers of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    pub customers: u64,
    pub orders: u64,
    /// Minor units, net of returns.
    pub net: i64,
}

/// A customer with an order in scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Customer {
    pub key: u32,
    pub bought: Bought,
    pub scores: Scores,
}

/// What a customer bought in scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bought {
    /// Local days from the last order to the last day observed.
    pub recency_days: u32,
    pub orders: u32,
    /// Minor units, less what came back in range.
    pub net: i64,
}

/// From 1, the worst fifth, to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Scores {
    pub recency: u8,
    pub frequency: u8,
    pub monetary: u8,
}

impl Scores {
    /// Its place among all, in their order.
    fn nth(self) -> usize {
        let [recency, frequency, monetary] = [self.recency, self.frequency, self.monetary].map(usize::from);
        (recency * 5 + frequency) * 5 + monetary - 31
    }

    fn of(nth: usize) -> Self {
        let score = |weight: usize| (nth / weight % 5) as u8 + 1;
        Self { recency: score(25), frequency: score(5), monetary: score(1) }
    }
}

/// Customers of a kind, by recency and frequency: the table that is common for RFM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    Champions,
    Loyal,
    PotentialLoyalists,
    New,
    Promising,
    NeedAttention,
    AboutToSleep,
    AtRisk,
    CannotLose,
    Hibernating,
}

impl Segment {
    pub const ALL: [Self; 10] = [
        Self::Champions,
        Self::Loyal,
        Self::PotentialLoyalists,
        Self::New,
        Self::Promising,
        Self::NeedAttention,
        Self::AboutToSleep,
        Self::AtRisk,
        Self::CannotLose,
        Self::Hibernating,
    ];

    #[must_use]
    pub fn of(scores: Scores) -> Self {
        match (scores.recency, scores.frequency) {
            (5, 4 | 5) => Self::Champions,
            (3 | 4, 4 | 5) => Self::Loyal,
            (4 | 5, 2 | 3) => Self::PotentialLoyalists,
            (5, _) => Self::New,
            (4, _) => Self::Promising,
            (3, 3) => Self::NeedAttention,
            (3, _) => Self::AboutToSleep,
            (_, 5) => Self::CannotLose,
            (_, 3 | 4) => Self::AtRisk,
            _ => Self::Hibernating,
        }
    }
}

/// Where fifths begin, in each of the three: the least value of the second to fifth; `None` where no
/// customer of all stands so high. Recency counts backwards: fewer days are more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Cuts {
    /// Of the negative of days.
    pub recency: [Option<i64>; 4],
    pub frequency: [Option<i64>; 4],
    pub monetary: [Option<i64>; 4],
}

impl Cuts {
    /// Those of a population: equal values stand together, in the fifth in which their middle does.
    #[must_use]
    pub fn of(population: &[Bought]) -> Self {
        Self::by(population, |bought| bought)
    }

    /// The same of those who bought what `of` says.
    fn by<T: Sync>(population: &[T], of: impl Fn(&T) -> &Bought + Sync) -> Self {
        Self {
            recency: cuts(population, |one| -i64::from(of(one).recency_days)),
            frequency: cuts(population, |one| of(one).orders.into()),
            monetary: cuts(population, |one| of(one).net),
        }
    }

    #[must_use]
    pub fn scores(&self, bought: &Bought) -> Scores {
        let score = |cuts: &[Option<i64>; 4], value: i64| {
            1 + cuts.iter().flatten().filter(|&&cut| cut <= value).count() as u8
        };
        // A fifth that nobody stands in begins where the next one does.
        Scores {
            recency: score(&self.recency, -i64::from(bought.recency_days)),
            frequency: score(&self.frequency, bought.orders.into()),
            monetary: score(&self.monetary, bought.net),
        }
    }
}

/// # Errors
/// When the question is malformed, leaves the calendar, has too many groups or adds several
/// currencies.
pub fn compute(snapshot: &Snapshot, question: &Question) -> Result<Answer, KpiError> {
    compute_listing(snapshot, question, &Listed::default())
}

/// The same; only some customers are listed.
///
/// # Errors
/// As [`compute`].
pub fn compute_listing(
    snapshot: &Snapshot,
    question: &Question,
    listed: &Listed,
) -> Result<Answer, KpiError> {
    let lens = Lens::new(snapshot, &question.scope)?;
    let grouping = Grouping::new(&lens, question.group_by.as_ref())?;
    let (all, tally) = bought(snapshot, None, &lens, &grouping, &question.orders)?;
    let cuts = Cuts::by(&all, |(_, _, bought)| bought);
    let (groups, cells) = scored(&all, &cuts, grouping.len());
    let is_empty = |sums: &[Sums; 10]| sums.iter().all(|sums| sums.customers == 0);
    let add_all = |mine: &mut [Sums; 10], theirs: &[Sums; 10]| {
        mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| add(mine, theirs));
    };
    let result = grouping.answer(groups, is_empty, add_all, |sums| sums);
    let begin = all.partition_point(|(key, ..)| question.after.is_some_and(|after| *key <= after));
    let customer =
        |&(key, _, bought): &(u32, u32, Bought)| Customer { key, bought, scores: cuts.scores(&bought) };
    let mut wanted = all[begin..].iter().map(customer).filter(|customer| listed.admits(customer.scores));
    let customers = wanted.by_ref().take(question.size).collect();
    let more = wanted.next().is_some();
    let basis = tally.basis(snapshot.revision);
    Ok(Answer { basis, cuts, result, cells, customers, more })
}

/// The sums of each segment, by group.
type Segments = Vec<[Sums; Segment::ALL.len()]>;

/// All customers by group and segment, and how many have each score that occurs.
fn scored(all: &All, cuts: &Cuts, groups: usize) -> (Segments, Vec<(Scores, u64)>) {
    const TASK: usize = 1 << 14;
    const SCORES: usize = 5 * 5 * 5;
    let count = |customers: &[(u32, u32, Bought)]| {
        let (mut groups, mut cells) = (vec![[Sums::default(); Segment::ALL.len()]; groups], vec![0; SCORES]);
        for (_, group, bought) in customers {
            let scores = cuts.scores(bought);
            cells[scores.nth()] += 1;
            let sums = &mut groups[*group as usize][Segment::of(scores) as usize];
            add(sums, &Sums { customers: 1, orders: bought.orders.into(), net: bought.net });
        }
        (groups, cells)
    };
    let none = || (vec![[Sums::default(); Segment::ALL.len()]; groups], vec![0_u64; SCORES]);
    let sum = |mut a: (Segments, Vec<u64>), b: (Segments, Vec<u64>)| {
        let segments = a.0.iter_mut().flatten().zip(b.0.iter().flatten());
        segments.for_each(|(mine, theirs)| add(mine, theirs));
        a.1.iter_mut().zip(b.1).for_each(|(mine, theirs)| *mine += theirs);
        a
    };
    let (groups, cells) = all.par_chunks(TASK).map(count).reduce(none, sum);
    let occur = cells.iter().enumerate().filter(|(_, customers)| **customers > 0);
    (groups, occur.map(|(nth, &customers)| (Scores::of(nth), customers)).collect())
}

fn add(mine: &mut Sums, theirs: &Sums) {
    mine.customers += theirs.customers;
    mine.orders += theirs.orders;
    mine.net += theirs.net;
}

/// All customers with an order in scope, with their groups, by key.
type All = Vec<(u32, u32, Bought)>;

/// What customers bought in scope: all, or those of some parts; by key, and without groups.
pub(crate) fn bought_by(
    snapshot: &Snapshot,
    only: Option<&[Part]>,
    scope: &Scope,
    options: &OrderOptions,
) -> Result<Vec<(u32, Bought)>, KpiError> {
    let lens = Lens::new(snapshot, scope)?;
    let (all, _) = bought(snapshot, only, &lens, &Grouping::new(&lens, None)?, options)?;
    Ok(all.into_iter().map(|(key, _, bought)| (key, bought)).collect())
}

/// What each customer bought in scope.
fn bought(
    snapshot: &Snapshot,
    only: Option<&[Part]>,
    lens: &Lens,
    grouping: &Grouping,
    options: &OrderOptions,
) -> Result<(All, Tally), KpiError> {
    let gather = Gather::new(lens, options)?;
    let observe = |(all, tally): &mut (Vec<All>, Tally), part: &Part| {
        let (orders, returns) = (&part.segment.tables.orders, &part.segment.tables.returns.stem);
        let mut next = returns.rows(0..part.customers.start).end;
        let mut its = Vec::with_capacity(part.customers.len());
        for (customer, rows) in orders.stem.runs(orders.stem.rows(part.customers.clone())) {
            next += rows_until(&returns.customer[next..], |its| its < customer);
            if !lens.has_customer(part, customer) {
                continue;
            }
            let back = next..next + rows_until(&returns.customer[next..], |its| its == customer);
            if let Some((bought, first)) = gather.customer(part, rows, back, tally) {
                let registered = part.segment.customers.registered[customer as usize];
                tally.count(bought.orders.into(), registered);
                let group = grouping.of(part, customer, orders.stem.place[first]) as u32;
                its.push((part.segment.customers.key[customer as usize], group, bought));
            }
        }
        all.push(its);
        let excluded = gather.orders.excluded(lens, part);
        tally.merge(&Tally { excluded, ..Tally::default() });
    };
    let start = || (Vec::new(), Tally::default());
    let (all, mut tally) = snapshot.fold_over(only, start, observe, |mut a, mut b| {
        a.0.append(&mut b.0);
        a.1.merge(&b.1);
        a
    });
    let mut all = all.concat();
    // Each segment's are in order already, which a stable sort makes use of.
    all.sort_by_key(|(key, ..)| *key);
    let nobody =
        |tables: &crate::facts::tables::Tables| lens.rows_in_range(&tables.orders.stem).count() as u64;
    tally.excluded.no_identity = lens.unidentified().map(nobody).sum();
    tally.excluded.voided = lens.voided(|touch_type| touch_type == TouchType::ORDER);
    Ok((all, tally))
}

/// Reads what single customers bought.
struct Gather<'a> {
    lens: &'a Lens<'a>,
    orders: OrderLens,
    unit: OrderUnit,
    days: Intervals,
    last_day: usize,
}

impl<'a> Gather<'a> {
    pub fn new(lens: &'a Lens<'a>, options: &OrderOptions) -> Result<Self, KpiError> {
        if lens.scope.currency.is_none() && lens.snapshot.dictionary.currencies().len() > 1 {
            return Err(KpiError::CurrencyRequired);
        }
        let orders = OrderLens::new(lens, options)?;
        let scope = lens.scope;
        let from = scope.zone.plus_days(scope.range.from, -2)?;
        let until = Micros(lens.observed).max(from).plus(1);
        let days = Intervals::new(&scope.zone, Unit::Day, scope.week_start, from, until)?;
        let last_day = days.index(lens.observed - 1);
        Ok(Self { lens, orders, unit: options.unit, days, last_day })
    }

    /// What a customer bought in scope, and the row of the first order of it; `rows` are all orders,
    /// `back` all returns.
    pub fn customer(
        &self,
        part: &Part,
        rows: Range<usize>,
        back: Range<usize>,
        tally: &mut Tally,
    ) -> Option<(Bought, usize)> {
        let (orders, returns) = (&part.segment.tables.orders, &part.segment.tables.returns);
        let (mut first, mut day, mut count, mut net) = (None, usize::MAX, 0, 0);
        for row in rows {
            let (at, place) = (orders.stem.at[row], orders.stem.place[row]);
            if !self.orders.counts(orders, row) || !self.lens.in_range(at) || !self.lens.has_place(place) {
                continue;
            }
            let its = self.days.index(at);
            count += u32::from(self.unit == OrderUnit::Order || its != day);
            (first, day) = (first.or(Some(row)), its);
            net += self.orders.amount(orders, row);
        }
        let first = first?;
        for row in back {
            let at = returns.stem.at[row];
            if self.lens.in_range(at) {
                match self.orders.converted(returns.amount.get(row), returns.currency[row], at) {
                    Some(amount) => net -= amount,
                    None => tally.excluded.other_currency += 1,
                }
            }
        }
        let recency_days = self.last_day.saturating_sub(day) as u32;
        Some((Bought { recency_days, orders: count, net }, first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_has_one_segment_and_better_is_better() {
        let segment = |recency, frequency| Segment::of(Scores { recency, frequency, monetary: 3 });
        assert_eq!(segment(5, 5), Segment::Champions);
        assert_eq!(segment(4, 5), Segment::Loyal);
        assert_eq!(segment(3, 4), Segment::Loyal);
        assert_eq!(segment(5, 2), Segment::PotentialLoyalists);
        assert_eq!((segment(5, 1), segment(4, 1)), (Segment::New, Segment::Promising));
        assert_eq!((segment(3, 3), segment(3, 2)), (Segment::NeedAttention, Segment::AboutToSleep));
        assert_eq!((segment(1, 5), segment(2, 3)), (Segment::CannotLose, Segment::AtRisk));
        assert_eq!((segment(1, 1), segment(2, 2)), (Segment::Hibernating, Segment::Hibernating));
    }
}
