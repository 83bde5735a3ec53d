//! Attribution: which channels or campaigns an order is due to, by seven models. Credits are whole
//! numbers that sum exactly to orders and to revenue.

mod keys;

use keys::Keys;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::engine::lens::Lens;
use crate::engine::mark::Mark;
use crate::engine::measure::{Context, Params, Seen, Span, window_of};
use crate::engine::order_lens::OrderLens;
use crate::engine::scope::{KpiError, Scope};
use crate::engine::timeline::Reader;
use crate::facts::fact::TouchType;
use crate::facts::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use crate::facts::touch_types::Types;
use crate::ground::answer::{Basis, Tally};
use crate::measures::journeys::{ATTRIBUTED_ORDERS, journey, lost};
use customer360_model::time::DAY_US;

/// Parts of one order's credit.
pub const UNIT: i64 = 1_000_000_000;
/// Channels or campaigns of one question: the chain is solved once for each.
pub const KEYS_LIMIT: usize = 150;

/// How credit is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Model {
    /// All to the first touchpoint.
    First,
    /// All to the last.
    Last,
    /// All to the last that is no direct visit; where all are, to the last.
    LastNonDirect,
    /// The same to each.
    Linear,
    /// 40 % to the first, 40 % to the last, 20 % to those between.
    Position,
    /// Half as much for each half-life before the order.
    TimeDecay,
    /// By how many conversions are lost when a channel is taken out of the first-order Markov chain
    /// of journeys, converted and not (Anderl et al. 2016).
    Markov,
    /// The Shapley value of the game in which a set of channels wins the orders of the journeys that
    /// need no others; which is each order in equal parts to its distinct channels.
    Shapley,
}

/// To what credit is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum To {
    #[default]
    Channel,
    /// That of the touchpoint, or else that its visit came from; touchpoints of none are passed over.
    Campaign,
    /// Where visits came from, such as `google/cpc`, and [`DIRECT`] where they say nothing; other
    /// touchpoints by their channel.
    Source,
}

/// The source of visits that came from nowhere.
pub const DIRECT: &str = "(direct)";

#[derive(Debug, Clone)]
pub struct Question {
    pub scope: Scope,
    /// Window and what counts as an order.
    pub params: Params,
    pub to: To,
    pub models: Vec<Model>,
    pub half_life_days: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub basis: Basis,
    pub orders: u64,
    /// In minor units of the question's currency.
    pub revenue: i64,
    pub models: Vec<Attributed>,
}

/// The credits of one model: with the unattributed they sum to all orders and all revenue.
#[derive(Debug, Clone, PartialEq)]
pub struct Attributed {
    pub model: Model,
    /// By name.
    pub credits: Vec<Credit>,
    /// Of the Markov model, by name: the share of conversions that the chain loses without each. Not
    /// what is credited, which is their proportion.
    pub effects: Vec<(String, f64)>,
    /// Orders without a journey.
    pub unattributed: Credit,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    pub name: String,
    /// In parts of [`UNIT`].
    pub orders: i64,
    /// Minor units.
    pub revenue: i64,
}

/// # Errors
/// When the question is malformed, adds several currencies or has too many channels.
pub fn compute(snapshot: &Snapshot, question: &Question) -> Result<Answer, KpiError> {
    let lens = Lens::new(snapshot, &question.scope)?;
    if lens.scope.currency.is_none() && snapshot.dictionary.currencies().len() > 1 {
        return Err(KpiError::CurrencyRequired);
    }
    let orders = OrderLens::new(&lens, &question.params.orders)?;
    let span = Span { from: lens.from, until: question.scope.range.until.0, observed: lens.observed };
    let cx = Context::new(&lens, &orders, &question.params, &[&ATTRIBUTED_ORDERS], &[span])?;
    let types = ATTRIBUTED_ORDERS.types(&question.params);
    let reader = Reader::of(types, &lens, &orders, span.observed);
    // Journeys without an order are steps of the chain, and nothing else.
    let has_chain = question.models.contains(&Model::Markov);
    let anchors = if has_chain { types } else { Types::of([TouchType::ORDER]) };
    let reader = Reader { anchors, ..reader };
    let keys = Keys::new(&snapshot.dictionary, question.to);
    let fold = Fold { cx: &cx, question, span, reader, has_chain, keys };
    let mut sums =
        snapshot.fold(TASK_CUSTOMERS, Sums::default, |s, part| fold.observe(s, part), Sums::merged);
    if sums.keys().len() > KEYS_LIMIT {
        return Err(KpiError::TooMany { what: "channels or campaigns", limit: KEYS_LIMIT });
    }
    let is_order =
        |tables: &crate::facts::tables::Tables| lens.rows_in_range(&tables.orders.stem).count() as u64;
    sums.tally.excluded.no_identity = lens.unidentified().map(is_order).sum();
    sums.tally.excluded.voided = lens.voided(|touch_type| touch_type == TouchType::ORDER);
    fold.answer(sums)
}

/// What each model gives, in parts of [`UNIT`] and those times minor units.
type Given = FxHashMap<(Model, u32), (i128, i128)>;

#[derive(Default)]
struct Sums {
    tally: Tally,
    orders: u64,
    revenue: i128,
    unattributed: (u64, i128),
    given: Given,
    markov: Chain,
}

/// Transitions of journeys. Key 0 is the beginning; [`WON`] and [`LOST`] end them.
#[derive(Default)]
struct Chain {
    steps: FxHashMap<(u32, u32), u64>,
    /// All keys in any journey.
    touched: FxHashSet<u32>,
}

const BEGIN: u32 = 0;
const WON: u32 = u32::MAX;
const LOST: u32 = u32::MAX - 1;

impl Chain {
    /// Adds a journey.
    fn walk(&mut self, keys: &[u32], end: u32) {
        let mut from = BEGIN;
        for &key in keys.iter().chain([&end]) {
            *self.steps.entry((from, key)).or_default() += 1;
            from = key;
        }
        self.touched.extend(keys);
    }
}

impl Sums {
    /// Gives a key so many parts of an order.
    fn give(&mut self, to: (Model, u32), units: i64, worth: i64) {
        let (orders, revenue) = self.given.entry(to).or_default();
        *orders += i128::from(units);
        *revenue += i128::from(units) * i128::from(worth);
    }

    /// Gives an order to nobody.
    fn leave(&mut self, worth: i64) {
        self.unattributed.0 += 1;
        self.unattributed.1 += i128::from(worth);
    }

    /// What may be given anything.
    fn keys(&self) -> FxHashSet<u32> {
        self.given.keys().map(|&(_, key)| key).chain(self.markov.touched.iter().copied()).collect()
    }

    fn merged(mut self, other: Self) -> Self {
        self.tally.merge(&other.tally);
        self.orders += other.orders;
        self.revenue += other.revenue;
        self.unattributed.0 += other.unattributed.0;
        self.unattributed.1 += other.unattributed.1;
        for (key, (orders, revenue)) in other.given {
            let sum = self.given.entry(key).or_default();
            *sum = (sum.0 + orders, sum.1 + revenue);
        }
        for (step, count) in other.markov.steps {
            *self.markov.steps.entry(step).or_default() += count;
        }
        self.markov.touched.extend(other.markov.touched);
        self
    }
}

struct Fold<'a> {
    cx: &'a Context<'a>,
    question: &'a Question,
    span: Span,
    reader: Reader<'a>,
    has_chain: bool,
    keys: Keys,
}

impl Fold<'_> {
    fn observe(&self, sums: &mut Sums, part: &Part) {
        let window = window_of(&ATTRIBUTED_ORDERS, self.cx.params);
        self.reader.each(part, |customer, marks| {
            let (tables, who) = (&part.segment.tables, Some((part, customer)));
            let seen = Seen { cx: self.cx, span: self.span, window, who, tables, marks, only: None };
            let mut orders = 0;
            for (nth, worth) in seen.valued_orders() {
                orders += 1;
                self.order(sums, &seen, nth, worth);
            }
            if self.has_chain {
                let lost = lost(&seen).into_iter().filter_map(|mark| self.key(&seen, mark));
                let lost: Vec<u32> = lost.collect();
                if !lost.is_empty() {
                    sums.markov.walk(&lost, LOST);
                }
            }
            if orders > 0 {
                let registered = part.segment.customers.registered[customer as usize];
                sums.tally.count(orders, registered);
            }
        });
        let excluded = self.cx.orders.excluded(self.cx.lens, part);
        sums.tally.merge(&Tally { excluded, ..Tally::default() });
    }

    /// What credit is given to; `None` for a touchpoint that is passed over.
    fn key(&self, seen: &Seen, mark: &Mark) -> Option<u32> {
        self.keys.of(seen, mark)
    }

    fn name(&self, key: u32) -> &str {
        &self.keys.names[key as usize - 1]
    }

    fn order(&self, sums: &mut Sums, seen: &Seen, nth: usize, worth: i64) {
        sums.orders += 1;
        sums.revenue += i128::from(worth);
        let mut touches = journey(seen, nth).filter_map(|mark| Some((self.key(seen, mark)?, mark.at)));
        if let [model @ (Model::First | Model::Last)] = *self.question.models {
            // One key gets all: the others need not be known.
            let touch = if model == Model::First { touches.next() } else { touches.next_back() };
            match touch {
                Some((key, _)) => sums.give((model, key), UNIT, worth),
                None => sums.leave(worth),
            }
            return;
        }
        let touches: SmallVec<[(u32, i64); 16]> = touches.collect();
        if touches.is_empty() {
            return sums.leave(worth);
        }
        let keys: SmallVec<[u32; 16]> = touches.iter().map(|&(key, _)| key).collect();
        if self.has_chain {
            sums.markov.walk(&keys, WON);
        }
        let is_direct = |mark: &&Mark| self.keys.is_direct(seen, mark);
        let led = || journey(seen, nth).filter(|mark| self.key(seen, mark).is_some());
        for &model in self.question.models.iter().filter(|model| **model != Model::Markov) {
            let weights = match model {
                Model::LastNonDirect => {
                    let nth = led().collect::<Vec<_>>().iter().rposition(|mark| !is_direct(mark));
                    let last = nth.unwrap_or(touches.len() - 1);
                    (0..touches.len()).map(|nth| f64::from(u8::from(nth == last))).collect()
                }
                _ => self.weights(model, &touches, seen.marks[nth].at),
            };
            for (&key, units) in keys.iter().zip(apportioned(UNIT, &weights)) {
                sums.give((model, key), units, worth);
            }
        }
    }

    /// What each touchpoint of a journey weighs.
    fn weights(&self, model: Model, touches: &[(u32, i64)], order_at: i64) -> Vec<f64> {
        let count = touches.len();
        let nth = |wanted: usize| (0..count).map(|n| f64::from(u8::from(n == wanted))).collect();
        match model {
            Model::First => nth(0),
            Model::Last | Model::LastNonDirect => nth(count - 1),
            Model::Linear | Model::Markov => vec![1.0; count],
            Model::Position if count < 3 => vec![1.0; count],
            Model::Position => {
                let between = 0.2 / (count - 2) as f64;
                (0..count).map(|n| if n == 0 || n == count - 1 { 0.4 } else { between }).collect()
            }
            Model::TimeDecay => {
                let half_life = f64::from(self.question.half_life_days) * DAY_US as f64;
                // Relative to the last one, so that long journeys do not vanish.
                let newest = touches[count - 1].1.min(order_at);
                touches.iter().map(|&(_, at)| (-((newest - at) as f64) / half_life).exp2()).collect()
            }
            Model::Shapley => {
                // Each key once, at its first touchpoint.
                let is_first = |n: usize| touches[..n].iter().all(|&(key, _)| key != touches[n].0);
                (0..count).map(|n| f64::from(u8::from(is_first(n)))).collect()
            }
        }
    }

    fn answer(&self, sums: Sums) -> Result<Answer, KpiError> {
        let mut keys: Vec<u32> = sums.keys().into_iter().collect();
        keys.sort_by_key(|&key| self.name(key));
        let revenue = i64::try_from(sums.revenue).unwrap_or(i64::MAX);
        let unattributed = Credit {
            name: String::new(),
            orders: (sums.unattributed.0 as i64).saturating_mul(UNIT),
            revenue: i64::try_from(sums.unattributed.1).unwrap_or(i64::MAX),
        };
        let orders_left = (sums.orders as i64).saturating_mul(UNIT) - unattributed.orders;
        let revenue_left = revenue - unattributed.revenue;
        let models = self.question.models.iter().map(|&model| {
            let weights: Vec<(f64, f64)> = match model {
                Model::Markov => removal_effects(&sums.markov, &keys).into_iter().map(|w| (w, w)).collect(),
                _ => {
                    let given = |key: &u32| sums.given.get(&(model, *key)).copied().unwrap_or_default();
                    keys.iter().map(given).map(|(orders, revenue)| (orders as f64, revenue as f64)).collect()
                }
            };
            let orders: Vec<f64> = weights.iter().map(|w| w.0).collect();
            let by_revenue: Vec<f64> = weights.iter().map(|w| w.1).collect();
            let orders = apportioned(orders_left, &orders);
            let revenue = apportioned(revenue_left, &by_revenue);
            let credits = keys.iter().zip(orders.into_iter().zip(revenue));
            let credit =
                |(&key, (orders, revenue))| Credit { name: self.name(key).to_owned(), orders, revenue };
            let has_any = |credit: &Credit| credit.orders != 0 || credit.revenue != 0;
            let credits = credits.map(credit).filter(has_any).collect();
            let effects = match model {
                Model::Markov => keys.as_slice(),
                _ => &[],
            };
            let effect = |(&key, w): (&u32, &(f64, f64))| (self.name(key).to_owned(), w.0);
            let effects = effects.iter().zip(&weights).map(effect).filter(|(_, w)| *w > 0.0).collect();
            Attributed { model, credits, effects, unattributed: unattributed.clone() }
        });
        let models = models.collect();
        let basis = sums.tally.basis(
            self.cx.lens.snapshot.revision,
            self.cx.lens.observation(),
            self.cx.lens.snapshot.folded,
        );
        Ok(Answer { basis, orders: sums.orders, revenue, models })
    }
}

/// A whole number in parts that are as near to their weights as whole parts can be, and sum to it:
/// the largest remainders get what is left over (Hamilton). Nothing weighs nothing.
#[must_use]
pub fn apportioned(whole: i64, weights: &[f64]) -> Vec<i64> {
    let all: f64 = weights.iter().sum();
    if all <= 0.0 {
        return vec![0; weights.len()];
    }
    let quota = |weight: &f64| whole as f64 * (weight / all);
    let mut parts: Vec<i64> = weights.iter().map(|weight| quota(weight).floor() as i64).collect();
    let mut rest: Vec<usize> = (0..weights.len()).filter(|&nth| weights[nth] > 0.0).collect();
    let remainder = |nth: usize| quota(&weights[nth]) - parts[nth] as f64;
    rest.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)).then(a.cmp(&b)));
    // Rounding of very great quotas may leave more or less than one for each.
    let mut left = whole - parts.iter().sum::<i64>();
    for &nth in rest.iter().cycle() {
        match left {
            0 => break,
            1.. => (parts[nth], left) = (parts[nth] + 1, left - 1),
            _ => (parts[nth], left) = (parts[nth] - 1, left + 1),
        }
    }
    parts
}

/// For each key, the share of conversions lost without it: one less the probability of conversion
/// when the chain loses every journey that comes to the key, over that of the whole chain.
fn removal_effects(chain: &Chain, keys: &[u32]) -> Vec<f64> {
    let whole = conversion(chain, keys, None);
    if whole <= 0.0 {
        return vec![0.0; keys.len()];
    }
    keys.iter().map(|&key| (1.0 - conversion(chain, keys, Some(key)) / whole).max(0.0)).collect()
}

/// The probability that a journey converts: the absorbing chain's linear system, solved.
fn conversion(chain: &Chain, keys: &[u32], without: Option<u32>) -> f64 {
    let states: Vec<u32> =
        std::iter::once(BEGIN).chain(keys.iter().copied().filter(|&key| Some(key) != without)).collect();
    let number: FxHashMap<u32, usize> = states.iter().copied().zip(0..).collect();
    let mut outgoing: FxHashMap<u32, u64> = FxHashMap::default();
    chain.steps.iter().for_each(|(&(from, _), &count)| *outgoing.entry(from).or_default() += count);
    let width = states.len();
    // (I - Q) x = r: x is the probability of conversion from each state.
    let mut rows = vec![vec![0.0; width + 1]; width];
    (0..width).for_each(|nth| rows[nth][nth] = 1.0);
    for (&(from, to), &count) in &chain.steps {
        let Some(&row) = number.get(&from) else { continue };
        let probability = count as f64 / outgoing[&from] as f64;
        match number.get(&to) {
            Some(&column) => rows[row][column] -= probability,
            None if to == WON => rows[row][width] += probability,
            None => {}
        }
    }
    solved(rows).first().copied().unwrap_or(0.0)
}

/// Gaussian elimination with partial pivoting; the last column is the right-hand side. A state that
/// cannot be left has no solution of its own: it converts with probability 0.
fn solved(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let width = rows.len();
    for column in 0..width {
        let pivot = (column..width).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()));
        rows.swap(column, pivot.unwrap_or(column));
        if rows[column][column].abs() < 1e-12 {
            continue;
        }
        let (done, open) = rows.split_at_mut(column + 1);
        let pivot = &done[column];
        for row in open {
            let factor = row[column] / pivot[column];
            if factor != 0.0 {
                row[column..].iter_mut().zip(&pivot[column..]).for_each(|(a, b)| *a -= factor * b);
            }
        }
    }
    let mut values = vec![0.0; width];
    for nth in (0..width).rev() {
        let known: f64 = (nth + 1..width).map(|other| rows[nth][other] * values[other]).sum();
        let diagonal = rows[nth][nth];
        values[nth] = if diagonal.abs() < 1e-12 { 0.0 } else { (rows[nth][width] - known) / diagonal };
    }
    values
}
