//! The scale of recency, frequency and monetary value: what customers bought, fifths of it, and segments
//! with names.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::engine::lens::Lens;
use crate::engine::order_lens::OrderLens;
use crate::engine::scope::{KpiError, OrderOptions, OrderUnit, RfmBy, Scope};
use crate::facts::fact::TouchType;
use crate::facts::side_tables::rows_until;
use crate::facts::snapshot::{Part, Snapshot};
use crate::facts::tables::Tables;
use crate::ground::answer::Tally;
use crate::ground::calendar::{Intervals, Unit};
use crate::ground::quintiles::cuts;
use customer360_model::Micros;

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
    pub(crate) fn nth(self) -> usize {
        let [recency, frequency, monetary] = [self.recency, self.frequency, self.monetary].map(usize::from);
        (recency * 5 + frequency) * 5 + monetary - 31
    }

    pub(crate) fn of(nth: usize) -> Self {
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
    /// Those of a population: equal values stand together, in the lowest fifth that any of them is in.
    #[must_use]
    pub fn of(population: &[Bought]) -> Self {
        Self::by(population, |bought| bought)
    }

    /// The same of those who bought what `of` says.
    pub(crate) fn by<T: Sync>(population: &[T], of: impl Fn(&T) -> &Bought + Sync) -> Self {
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

impl Segment {
    /// By which groups are called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Champions => "champions",
            Self::Loyal => "loyal",
            Self::PotentialLoyalists => "potential_loyalists",
            Self::New => "new",
            Self::Promising => "promising",
            Self::NeedAttention => "need_attention",
            Self::AboutToSleep => "about_to_sleep",
            Self::AtRisk => "at_risk",
            Self::CannotLose => "cannot_lose",
            Self::Hibernating => "hibernating",
        }
    }
}

impl Scores {
    /// By which groups are called: recency, frequency and monetary value, joined with `-`.
    #[must_use]
    pub fn name(self) -> String {
        format!("{}-{}-{}", self.recency, self.frequency, self.monetary)
    }
}

/// By segment of the snapshot and customer, the group of each: `number` gives a name its number. 0 for
/// those who bought nothing in scope.
pub(crate) fn groups(
    lens: &Lens,
    by: RfmBy,
    options: &OrderOptions,
    mut number: impl FnMut(&str) -> u32,
) -> Result<Vec<Vec<u32>>, KpiError> {
    let name = |scores: Scores| match by {
        RfmBy::Segment => Segment::of(scores).name().to_owned(),
        RfmBy::Scores => scores.name(),
    };
    let bought = bought_by(lens.snapshot, None, lens.scope, options)?;
    let cuts = Cuts::by(&bought, |(_, bought)| bought);
    let mut known: FxHashMap<Scores, u32> = FxHashMap::default();
    let mut group = |scores: Scores| *known.entry(scores).or_insert_with(|| number(&name(scores)));
    let groups: Vec<(u32, u32)> =
        bought.iter().map(|(key, bought)| (*key, group(cuts.scores(bought)))).collect();
    let of_segment = |live: &crate::Live| {
        // Both are in the order of keys. A customer who lives elsewhere is asked about there only.
        let mut rest = groups.as_slice();
        let of_customer = |&key: &u32| {
            rest = &rest[rest.partition_point(|(its, _)| *its < key)..];
            rest.first().filter(|(its, _)| *its == key).map_or(0, |(_, group)| *group)
        };
        live.segment.customers.key.iter().map(of_customer).collect()
    };
    Ok(lens.snapshot.segments.iter().map(of_segment).collect())
}

/// All customers with an order in scope, with their groups, by key.
pub(crate) type All = Vec<(u32, u32, Bought)>;

/// What customers bought in scope: all, or those of some parts; by key, and without groups.
pub(crate) fn bought_by(
    snapshot: &Snapshot,
    only: Option<&[Part]>,
    scope: &Scope,
    options: &OrderOptions,
) -> Result<Vec<(u32, Bought)>, KpiError> {
    let lens = Lens::new(snapshot, scope)?;
    let (all, _) = bought(snapshot, only, &lens, |_, _, _| 0, options)?;
    Ok(all.into_iter().map(|(key, _, bought)| (key, bought)).collect())
}

/// What each customer bought in scope.
pub(crate) fn bought(
    snapshot: &Snapshot,
    only: Option<&[Part]>,
    lens: &Lens,
    group: impl Fn(&Part, u32, u16) -> u32 + Sync,
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
                let group = group(part, customer, orders.stem.place[first]);
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
    let nobody = |tables: &Tables| lens.rows_in_range(&tables.orders.stem).count() as u64;
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
        let (mut first, mut day, mut count, mut net) = (None, usize::MAX, 0, 0_i64);
        for row in rows {
            let (at, place) = (orders.stem.at[row], orders.stem.place[row]);
            if !self.orders.counts(orders, row) || !self.lens.in_range(at) || !self.lens.has_place(place) {
                continue;
            }
            let its = self.days.index(at);
            count += u32::from(!self.unit.is_by_day(true) || its != day);
            (first, day) = (first.or(Some(row)), its);
            net = net.saturating_add(self.orders.amount(orders, row));
        }
        let first = first?;
        for row in back {
            let at = returns.stem.at[row];
            if self.lens.in_range(at) {
                match self.orders.came_back(returns, row) {
                    Some(amount) => net = net.saturating_sub(amount),
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
