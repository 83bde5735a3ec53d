//! What is bought together: pairs of products, or of categories, in one order.

use rustc_hash::FxHashMap;

use crate::engine::lens::Lens;
use crate::engine::measure::{Context, Params, Seen, Span, window_of};
use crate::engine::order_lens::OrderLens;
use crate::engine::scope::{KpiError, Scope};
use crate::engine::timeline::Reader;
use crate::facts::fact::TouchType;
use crate::facts::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use crate::ground::answer::{Basis, Ratio, Tally};
use crate::measures::basket::ITEMS_PER_ORDER;

/// Distinct pairs of one question.
pub const PAIRS_LIMIT: usize = 1_000_000;
/// Orders of more distinct things count for each thing, but for no pair.
pub const THINGS_LIMIT: usize = 100;

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub basis: Basis,
    /// Orders with a named line.
    pub orders: u64,
    /// Of those, orders with too many things for pairs.
    pub left_out: u64,
    /// By lift, then by orders, then by name.
    pub pairs: Vec<Pair>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    pub first: String,
    pub second: String,
    /// Orders with both, of all.
    pub support: Ratio,
    /// Orders with both, of those with the first.
    pub confidence: Ratio,
    /// Of those with the second.
    pub reverse_confidence: Ratio,
    /// Support over what it would be if the two were independent.
    pub lift: f64,
}

#[derive(Default)]
struct State {
    tally: Tally,
    orders: u64,
    left_out: u64,
    things: FxHashMap<u32, u64>,
    pairs: FxHashMap<(u32, u32), u64>,
    overflow: bool,
}

impl State {
    fn count(&mut self, things: &[u32]) {
        self.orders += 1;
        things.iter().for_each(|&thing| *self.things.entry(thing).or_default() += 1);
        if things.len() > THINGS_LIMIT {
            self.left_out += 1;
            return;
        }
        for (nth, &first) in things.iter().enumerate() {
            things[nth + 1..].iter().for_each(|&second| self.add((first, second), 1));
        }
    }

    fn add(&mut self, pair: (u32, u32), times: u64) {
        if self.pairs.len() >= PAIRS_LIMIT && !self.pairs.contains_key(&pair) {
            self.overflow = true;
            return;
        }
        *self.pairs.entry(pair).or_default() += times;
    }

    fn merged(mut self, other: Self) -> Self {
        self.tally.merge(&other.tally);
        self.orders += other.orders;
        self.left_out += other.left_out;
        self.overflow |= other.overflow;
        other.things.into_iter().for_each(|(thing, times)| *self.things.entry(thing).or_default() += times);
        other.pairs.into_iter().for_each(|(pair, times)| self.add(pair, times));
        self
    }
}

/// Pairs in at least `min_orders` orders, the `limit` of greatest lift.
///
/// # Errors
/// When the question is malformed or there are too many distinct pairs.
pub fn compute(
    snapshot: &Snapshot,
    scope: &Scope,
    params: &Params,
    by_category: bool,
    (min_orders, limit): (u64, usize),
) -> Result<Answer, KpiError> {
    let lens = Lens::new(snapshot, scope)?;
    let orders = OrderLens::new(&lens, &params.orders)?;
    let span = Span { from: lens.from, until: scope.range.until.0, observed: lens.observed };
    let cx = Context::new(&lens, &orders, params, &[&ITEMS_PER_ORDER], &[span])?;
    let types = ITEMS_PER_ORDER.types(params);
    let reader = Reader::of(types, &lens, &orders, span.observed);
    let window = window_of(&ITEMS_PER_ORDER, params);
    let items = snapshot.dictionary.items();
    let thing = |item: u32| {
        let name = items.pair(item).map(|(product, category)| if by_category { category } else { product });
        name.filter(|&name| items.text(name).is_some())
    };
    let observe = |state: &mut State, part: &Part| {
        reader.each(part, |customer, marks| {
            let (tables, who) = (&part.segment.tables, Some((part, customer)));
            let seen = Seen { cx: &cx, span, window, who, tables, marks, only: None };
            let mut counted = 0;
            for (_, mark) in seen.anchors(TouchType::ORDER) {
                let lines = seen.lines_of(mark);
                let mut things: Vec<u32> = lines.filter_map(|row| thing(tables.lines.item[row])).collect();
                things.sort_unstable();
                things.dedup();
                if !things.is_empty() {
                    state.count(&things);
                    counted += 1;
                }
            }
            if counted > 0 {
                state.tally.count(counted, seen.is_registered());
            }
        });
        let excluded = orders.excluded(&lens, part);
        state.tally.merge(&Tally { excluded, ..Tally::default() });
    };
    let mut state = snapshot.fold(TASK_CUSTOMERS, State::default, observe, State::merged);
    if state.overflow {
        return Err(KpiError::TooMany { what: "distinct pairs", limit: PAIRS_LIMIT });
    }
    let nobody =
        |tables: &crate::facts::tables::Tables| lens.rows_in_range(&tables.orders.stem).count() as u64;
    state.tally.excluded.no_identity = lens.unidentified().map(nobody).sum();
    state.tally.excluded.voided = lens.voided(|touch_type| touch_type == TouchType::ORDER);
    let text = |name: u32| items.text(name).unwrap_or_default().to_owned();
    let frequent = state.pairs.iter().filter(|(_, together)| **together >= min_orders);
    let mut pairs: Vec<Pair> = frequent
        .map(|(&(a, b), &together)| {
            pair(&state, (text(a), state.things[&a]), (text(b), state.things[&b]), together)
        })
        .collect();
    pairs.sort_by(|a, b| {
        let by_lift = b.lift.total_cmp(&a.lift).then(b.support.numerator.total_cmp(&a.support.numerator));
        by_lift.then_with(|| (&a.first, &a.second).cmp(&(&b.first, &b.second)))
    });
    pairs.truncate(limit);
    let (orders, left_out) = (state.orders, state.left_out);
    Ok(Answer {
        basis: state.tally.basis(snapshot.revision, lens.observation(), snapshot.folded),
        orders,
        left_out,
        pairs,
    })
}

fn pair(state: &State, a: (String, u64), b: (String, u64), together: u64) -> Pair {
    // In the order of names, not of first appearance.
    let ((first, first_orders), (second, second_orders)) = if a.0 <= b.0 { (a, b) } else { (b, a) };
    Pair {
        first,
        second,
        support: Ratio::share(together, state.orders),
        confidence: Ratio::share(together, first_orders),
        reverse_confidence: Ratio::share(together, second_orders),
        lift: together as f64 * state.orders as f64 / (first_orders as f64 * second_orders as f64),
    }
}
