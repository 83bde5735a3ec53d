//! Recency, frequency and monetary value: fifths with ties kept together, and segments with names.

mod segments;

use crate::engine::rfm_scale::{All, bought};
pub use crate::engine::rfm_scale::{Bought, Cuts, Scores, Segment};
pub use segments::{BUYERS, Compared, compared};

use rayon::prelude::*;

use crate::engine::grouping::Grouping;
use crate::engine::lens::Lens;
use crate::engine::scope::{GroupBy, KpiError, OrderOptions, Scope};
use crate::facts::snapshot::{Part, Snapshot};
use crate::ground::answer::{Basis, Grouped};

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
    let group = |part: &Part, customer, place| grouping.of(part, customer, place) as u32;
    let (all, tally) = bought(snapshot, None, &lens, group, &question.orders)?;
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
    let basis = tally.basis(snapshot.revision, lens.observation(), snapshot.folded);
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
    mine.net = mine.net.saturating_add(theirs.net);
}
