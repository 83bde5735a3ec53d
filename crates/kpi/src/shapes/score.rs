//! What single customers score, by a scoring run: a fit of lifetime value and a scale of RFM that
//! stand as of a time, applied to what each customer has done by what is known now. So a merge, a
//! split or a void restates a customer's scores at once; only the fit and the scale grow old.

use rayon::prelude::*;

use crate::engine::hits::Hits;
use crate::engine::lens::Lens;
use crate::engine::measure::{Context, Params, Seen, Span, window_of};
use crate::engine::order_lens::OrderLens;
use crate::engine::scope::KpiError;
use crate::engine::timeline::Reader;
use crate::facts::fact::{AnswerKind, TouchType};
use crate::facts::snapshot::{Part, Snapshot};
use crate::measures::omnichannel;
use crate::shapes::lifetime::{self, PurchaseModel, ValueModel};
use crate::shapes::rfm::{Bought, Cuts, Scores, Segment};
use customer360_model::CustomerKind;

/// What a scoring run left, and what it was asked.
#[derive(Debug, Clone)]
pub struct Scoring {
    /// Its scope holds for everything that is scored.
    pub question: lifetime::Question,
    pub purchases: Option<PurchaseModel>,
    pub value: Option<ValueModel>,
    pub cuts: Cuts,
    /// Orders as asked, and the rates of now for the cost to serve.
    pub params: Params,
}

/// One customer, as far as they did anything in scope.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scored {
    pub key: u32,
    pub registered: bool,
    pub lifetime: Option<lifetime::Customer>,
    pub rfm: Option<(Bought, Scores)>,
    pub deeds: Deeds,
}

/// What a customer did in range beside buying.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Deeds {
    pub last_nps: Option<u8>,
    /// Minor units; `None` where there is neither a rate nor a cost in one currency.
    pub cost: Option<f64>,
    /// Numbers of the dictionary, sorted by name.
    pub channels: Vec<u32>,
}

/// By what customers are listed; those without it come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// Expected value within the horizon.
    #[default]
    Expected,
    /// Historic value.
    Historic,
    LastNps,
    Cost,
    /// How many.
    Channels,
}

/// Which customers are listed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    pub kind: Option<CustomerKind>,
    /// Empty: any, and those of none too.
    pub segments: Vec<Segment>,
    pub expected: Bounds,
    pub historic: Bounds,
    pub nps: Bounds,
    pub cost: Bounds,
    /// All of them must have been used.
    pub channels: Vec<String>,
    pub min_channels: usize,
}

/// Inclusive; a customer without the value is within none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    pub least: Option<f64>,
    pub most: Option<f64>,
}

/// The order of a list: by what, from the least on or the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Order {
    pub by: By,
    pub ascending: bool,
}

/// A place in a list: customers are ordered by it, and no two share one. Rank and key.
pub type Place = (i64, i64);

impl Bounds {
    fn admit(&self, value: Option<f64>) -> bool {
        if self.least.is_none() && self.most.is_none() {
            return true;
        }
        value.is_some_and(|v| {
            self.least.is_none_or(|least| v >= least) && self.most.is_none_or(|most| v <= most)
        })
    }
}

impl Scored {
    fn value(&self, by: By) -> Option<f64> {
        match by {
            By::Expected => self.lifetime.and_then(|lifetime| lifetime.score.expected),
            By::Historic => self.lifetime.map(|lifetime| lifetime.historic as f64),
            By::LastNps => self.deeds.last_nps.map(f64::from),
            By::Cost => self.deeds.cost,
            By::Channels => Some(self.deeds.channels.len() as f64),
        }
    }

    fn place(&self, order: Order) -> Place {
        let rank = match self.value(order.by) {
            None => i64::MAX,
            Some(value) => {
                // The bits of a number, so that greater numbers are greater.
                let bits = (value + 0.0).to_bits().cast_signed();
                let rank = if bits < 0 { !bits ^ i64::MIN } else { bits };
                if order.ascending { rank } else { rank.saturating_neg() }
            }
        };
        (rank, self.key.into())
    }
}

impl Filter {
    fn admits(&self, snapshot: &Snapshot, one: &Scored) -> bool {
        let segment = one.rfm.map(|(_, scores)| Segment::of(scores));
        let names = &snapshot.dictionary.channels;
        let used = |name: &String| names.find(name).is_some_and(|no| one.deeds.channels.contains(&no));
        let is_registered = self.kind.is_none_or(|kind| (kind == CustomerKind::Registered) == one.registered);
        is_registered
            && (self.segments.is_empty() || segment.is_some_and(|segment| self.segments.contains(&segment)))
            && self.expected.admit(one.value(By::Expected))
            && self.historic.admit(one.value(By::Historic))
            && self.nps.admit(one.value(By::LastNps))
            && self.cost.admit(one.value(By::Cost))
            && self.channels.iter().all(used)
            && one.deeds.channels.len() >= self.min_channels
    }
}

/// The scores of some customers, by their keys; `None` for those who are none or did nothing.
///
/// # Errors
/// As [`lifetime::compute`].
pub fn some(snapshot: &Snapshot, scoring: &Scoring, keys: &[u32]) -> Result<Vec<Option<Scored>>, KpiError> {
    let mut distinct = keys.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let parts: Vec<Part> = distinct.iter().filter_map(|&key| snapshot.part_of(key)).collect();
    let all = all(snapshot, Some(&parts), scoring)?;
    let find = |key: &u32| all.binary_search_by_key(key, |one| one.key).ok().map(|nth| all[nth].clone());
    Ok(keys.iter().map(find).collect())
}

/// The places of the customers that a filter admits, in order.
///
/// # Errors
/// As [`lifetime::compute`].
pub fn ranking(
    snapshot: &Snapshot,
    scoring: &Scoring,
    filter: &Filter,
    order: Order,
) -> Result<Vec<Place>, KpiError> {
    let all = all(snapshot, None, scoring)?;
    let admitted = all.iter().filter(|one| filter.admits(snapshot, one));
    let mut places: Vec<Place> = admitted.map(|one| one.place(order)).collect();
    places.par_sort_unstable();
    Ok(places)
}

/// A page of a ranking: what those after a place score now, as far as they are still there; and the
/// last place that was looked at, if there are more.
///
/// # Errors
/// As [`lifetime::compute`].
pub fn page(
    snapshot: &Snapshot,
    scoring: &Scoring,
    ranking: &[Place],
    (after, size): (Option<Place>, usize),
) -> Result<(Vec<Scored>, Option<Place>), KpiError> {
    let from = ranking.partition_point(|place| after.is_some_and(|after| *place <= after));
    let until = (from + size).min(ranking.len());
    let keys: Vec<u32> = ranking[from..until].iter().map(|&(_, key)| key as u32).collect();
    let scored = some(snapshot, scoring, &keys)?.into_iter().flatten().collect();
    let last = ranking[from..until].last().copied().filter(|_| until < ranking.len());
    Ok((scored, last))
}

/// All customers who did anything in scope, by key.
fn all(snapshot: &Snapshot, only: Option<&[Part]>, scoring: &Scoring) -> Result<Vec<Scored>, KpiError> {
    let question = &scoring.question;
    let models = (scoring.purchases, scoring.value);
    let lifetimes = lifetime::scored(snapshot, only, question, models)?;
    let bought = crate::engine::rfm_scale::bought_by(snapshot, only, &question.scope, &question.orders)?;
    let mut all = deeds(snapshot, only, scoring)?;
    all.sort_unstable_by_key(|one| one.key);
    // Who bought did something, so each of the others stands among these.
    let mut nth = 0;
    for lifetime in lifetimes {
        nth += all[nth..].partition_point(|one| one.key < lifetime.key);
        if let Some(one) = all.get_mut(nth).filter(|one| one.key == lifetime.key) {
            one.lifetime = Some(lifetime);
        }
    }
    nth = 0;
    for (key, bought) in bought {
        nth += all[nth..].partition_point(|one| one.key < key);
        if let Some(one) = all.get_mut(nth).filter(|one| one.key == key) {
            one.rfm = Some((bought, scoring.cuts.scores(&bought)));
        }
    }
    Ok(all)
}

/// What customers did, in no order.
fn deeds(snapshot: &Snapshot, only: Option<&[Part]>, scoring: &Scoring) -> Result<Vec<Scored>, KpiError> {
    let (scope, params) = (&scoring.question.scope, &scoring.params);
    let lens = Lens::new(snapshot, scope)?;
    let orders = OrderLens::new(&lens, &params.orders)?;
    let span = Span { from: lens.from, until: scope.range.until.0, observed: lens.observed };
    let served = &crate::shapes::headline::SERVED;
    let cx = Context::new(&lens, &orders, params, &[served], &[span])?;
    let types = served.types(params);
    let reader = Reader::of(types, &lens, &orders, span.observed);
    let window = window_of(served, params);
    let has_costs = cx.costs.is_known();
    let observe = |all: &mut Vec<Scored>, part: &Part| {
        let mut hits = Hits::default();
        reader.each(part, |customer, marks| {
            let (tables, who) = (&part.segment.tables, Some((part, customer)));
            let seen = Seen { cx: &cx, span, window, who, tables, marks, only: None };
            let mut channels: Vec<u32> = omnichannel::own(&seen).map(|mark| cx.channel(mark.place)).collect();
            channels.sort_unstable_by_key(|&channel| cx.names.channels.name(channel));
            channels.dedup();
            let is_nps = |mark: &&crate::engine::mark::Mark| {
                mark.kind == TouchType::SURVEY_ANSWER
                    && seen.item(mark) == AnswerKind::Nps as u32
                    && seen.counts(mark)
            };
            let last_nps = marks.iter().rev().find(is_nps).map(|mark| mark.detail);
            hits.clear(false);
            (served.observe)(&seen, &mut hits);
            let cost = has_costs.then(|| hits.sum().part as f64 / cx.scale(served));
            let customers = &part.segment.customers;
            let (key, registered) =
                (customers.key[customer as usize], customers.registered[customer as usize]);
            all.push(Scored {
                key,
                registered,
                deeds: Deeds { last_nps, cost, channels },
                ..Scored::default()
            });
        });
    };
    let joined = |mut a: Vec<Scored>, mut b: Vec<Scored>| {
        a.append(&mut b);
        a
    };
    Ok(snapshot.fold_over(only, Vec::new, observe, joined))
}
