//! Many measures over one scope in one pass: totals, groups by up to two dimensions, and the same
//! figures over further spans of time, for series and comparisons.

use rustc_hash::{FxHashMap, FxHashSet};

use super::answer::{Absent, Basis, Tally};
use super::axis::{Axis, Dimension};
use super::catalogue::Definition;
use super::events::Types;
use super::fact::TouchType;
use super::groups::{Groups, Key};
use super::ledger::{self, RecordHit};
use super::lens::{Lens, OrderLens};
use super::measure::{Context, Hit, Measure, Params, Seen, Span, Stat, window_of};
use super::scope::{KpiError, Scope};
use super::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use super::stats::{Interval, Moments, net_promoter_score, quantile, wilson};
use super::survival;
use super::tables::Tables;
use super::timeline::{Mark, Reader};
use crate::model::Currency;

/// Groups of one figure; each names up to two things.
pub const PAIRS_LIMIT: usize = 10_000;
/// Spans of one question: intervals of a series, and those it is compared with.
pub const SPANS_LIMIT: usize = 800;

#[derive(Clone)]
pub struct Question {
    pub scope: Scope,
    pub measures: Vec<&'static Measure>,
    pub params: Params,
    /// At most two.
    pub group_by: Vec<Dimension>,
    /// Beside the scope's own: each is answered with its total only.
    pub spans: Vec<Span>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub kpi: Definition,
    pub basis: Basis,
    pub total: Figure,
    /// By names, those without one last.
    pub groups: Vec<Cell>,
    /// One for each further span, in their order.
    pub spans: Vec<Figure>,
}

/// One group: a name for each dimension, `None` for those without one.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    pub keys: Vec<Option<String>>,
    pub figure: Figure,
}

/// One number with what it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    pub value: Option<f64>,
    pub interval: Option<Interval>,
    pub numerator: f64,
    /// Anchors for means and quantiles; `None` for sums and counts.
    pub denominator: Option<f64>,
    pub anchors: u64,
    /// Customers with an anchor.
    pub customers: u64,
    pub absent: Option<Absent>,
    /// Mean and variance of what was averaged, for comparisons.
    pub moments: Moments,
}

/// # Errors
/// When the question is malformed, has too many groups, or adds several currencies.
pub fn compute(snapshot: &Snapshot, question: &Question) -> Result<Vec<Answer>, KpiError> {
    let lens = Lens::new(snapshot, &question.scope)?;
    let orders = OrderLens::new(&lens, &question.params.orders)?;
    check(&lens, question)?;
    let spans = spans(&lens, question);
    let axes = Axis::all(&lens, &question.group_by)?;
    let context = Context::new(&lens, &orders, &question.params, &question.measures, &spans)?;
    let fold = Fold::new(&context, question, &spans, &axes);
    let start = || State::new(question.measures.len(), spans.len(), &axes);
    let mut state =
        snapshot.fold(TASK_CUSTOMERS, start, |s: &mut State, part| fold.observe(s, part), State::merged);
    lens.unidentified().for_each(|tables| fold.observe_nobody(&mut state, tables));
    fold.observe_records(&mut state);
    fold.answers(state)
}

/// The span of the scope itself comes first.
fn spans(lens: &Lens, question: &Question) -> Vec<Span> {
    let own = Span { from: lens.from, until: lens.scope.range.until.0, observed: lens.observed };
    [&[own], question.spans.as_slice()].concat()
}

fn check(lens: &Lens, question: &Question) -> Result<(), KpiError> {
    let needs_money = question.measures.iter().any(|measure| measure.money);
    let names = &*lens.snapshot.dictionary;
    let spent = question.params.spend.iter().map(|spend| spend.amount.currency);
    let currencies: FxHashSet<Currency> = names.currencies().iter().copied().chain(spent).collect();
    let currencies = currencies.len();
    if needs_money && lens.scope.currency.is_none() && currencies > 1 {
        return Err(KpiError::CurrencyRequired);
    }
    if question.spans.len() > SPANS_LIMIT {
        return Err(KpiError::TooMany { what: "intervals", limit: SPANS_LIMIT });
    }
    Ok(())
}

/// Sums of one figure.
#[derive(Debug, Clone, Default)]
struct Sums {
    anchors: u64,
    customers: u64,
    part: i128,
    whole: i128,
    squares: i128,
    /// For quantiles; twice the duration, and 1 more when it is censored, for survival.
    values: Vec<i64>,
}

impl Sums {
    fn add(&mut self, hit: &Hit, stat: Stat) {
        self.add_all(std::slice::from_ref(hit), stat);
    }

    fn add_all(&mut self, hits: &[Hit], stat: Stat) {
        // Summed apart: what lies in memory would be read and written for each.
        let (mut part, mut whole, mut squares) = (0, 0, 0);
        for hit in hits {
            part += i128::from(hit.part);
            whole += i128::from(hit.whole);
            squares += i128::from(hit.part) * i128::from(hit.part);
        }
        self.anchors += hits.len() as u64;
        self.part += part;
        self.whole += whole;
        self.squares += squares;
        match stat {
            Stat::Quantile(_) => self.values.extend(hits.iter().map(|hit| hit.part)),
            Stat::Survival(_) => {
                self.values.extend(hits.iter().map(|hit| survival::encoded(hit.part, hit.censored)));
            }
            _ => {}
        }
    }

    /// A record is no touchpoint.
    fn add_record(&mut self, hit: &RecordHit) {
        self.part += i128::from(hit.part);
        self.whole += i128::from(hit.whole);
    }

    fn merge(&mut self, mut other: Self) {
        self.anchors += other.anchors;
        self.customers += other.customers;
        self.part += other.part;
        self.whole += other.whole;
        self.squares += other.squares;
        if self.values.len() < other.values.len() {
            std::mem::swap(&mut self.values, &mut other.values);
        }
        self.values.append(&mut other.values);
    }

    fn figure(mut self, stat: Stat, scale: f64) -> Figure {
        let (numerator, whole) = (self.part as f64 / scale, self.whole as f64);
        let moments =
            Moments { count: self.anchors, sum: numerator, squares: self.squares as f64 / (scale * scale) };
        let (value, interval, denominator) = match stat {
            Stat::Sum => (Some(numerator), None, None),
            Stat::Customers => (Some(self.customers as f64), None, None),
            Stat::Share => {
                let share = wilson(self.part as u64, self.whole as u64);
                (share.map(|_| numerator / whole), share, Some(whole))
            }
            Stat::Quotient => ((self.whole != 0).then(|| numerator / whole), None, Some(whole)),
            Stat::Mean | Stat::MeanOfCustomers => {
                let mean = moments.mean();
                (
                    mean.map(|(mean, _)| mean),
                    mean.and_then(|(_, interval)| interval),
                    Some(self.anchors as f64),
                )
            }
            Stat::Quantile(p) => {
                let quantile = quantile(&mut self.values, p, |value| value as f64 / scale);
                let value = quantile.map(|q| q.value);
                (value, quantile.and_then(|q| q.interval), Some(self.anchors as f64))
            }
            Stat::Survival(p) => {
                let quantile = survival::quantile(&mut self.values, p, scale);
                let (value, interval) = quantile.map_or((None, None), |(value, i)| (Some(value), i));
                (value, interval, Some(self.anchors as f64))
            }
            Stat::Nps => {
                let (promoters, detractors) =
                    ((self.squares + self.part) / 2, (self.squares - self.part) / 2);
                let passives = self.anchors - self.squares as u64;
                let score = net_promoter_score(promoters as u64, passives, detractors as u64);
                (score.map(|s| s.0), score.map(|s| s.1), Some(self.anchors as f64))
            }
        };
        let numerator = if stat == Stat::Customers { self.customers as f64 } else { numerator };
        let reason = if self.anchors > 0 && matches!(stat, Stat::Survival(_)) {
            Absent::NotReached
        } else {
            Absent::EmptyDenominator
        };
        let absent = value.is_none().then_some(reason);
        let (anchors, customers) = (self.anchors, self.customers);
        Figure { value, interval, numerator, denominator, anchors, customers, absent, moments }
    }
}

/// Those of an ordered run that are before an instant: mostly all of them.
#[inline]
fn before(marks: &[Mark], until: i64) -> &[Mark] {
    match marks.last() {
        Some(last) if last.at >= until => &marks[..marks.partition_point(|mark| mark.at < until)],
        _ => marks,
    }
}

/// What one customer adds, as one.
fn summed<'h>(mut hits: impl Iterator<Item = &'h Hit>) -> Hit {
    let first = *hits.next().expect("a customer is counted for a hit");
    hits.fold(first, |sum, hit| Hit { part: sum.part + hit.part, ..sum })
}

/// What was added to one group, and the turn of the customer who added last.
type Group = (Sums, u64);

/// Of one measure.
#[derive(Debug, Clone)]
struct Figures {
    tally: Tally,
    /// By span.
    totals: Vec<Sums>,
    groups: Groups<Group>,
    /// By the names of their groups.
    records: Vec<(Vec<Option<String>>, RecordHit)>,
    overflow: bool,
}

impl Figures {
    fn merge(&mut self, other: Self) {
        self.tally.merge(&other.tally);
        self.totals.iter_mut().zip(other.totals).for_each(|(mine, theirs)| mine.merge(theirs));
        self.records.extend(other.records);
        self.overflow |= other.overflow;
        for (key, (sums, _)) in other.groups.into_all() {
            match self.groups.of(key) {
                Some((mine, _)) => mine.merge(sums),
                None => self.overflow = true,
            }
        }
    }

    /// Adds hits to their groups. `turn` is the customer's, who counts once in each; 0 for nobody.
    fn group(&mut self, hits: &[Hit], key: impl Fn(&Hit) -> Key, turn: u64, stat: Stat) {
        if stat == Stat::MeanOfCustomers {
            let mut keyed: Vec<(Key, &Hit)> = hits.iter().map(|hit| (key(hit), hit)).collect();
            keyed.sort_by_key(|&(key, _)| key);
            for its in keyed.chunk_by(|(one, _), (other, _)| one == other) {
                self.add(&summed(its.iter().map(|&(_, hit)| hit)), its[0].0, turn, stat);
            }
            return;
        }
        hits.iter().for_each(|hit| self.add(hit, key(hit), turn, stat));
    }

    #[inline]
    fn add(&mut self, hit: &Hit, key: Key, turn: u64, stat: Stat) {
        match self.groups.of(key) {
            Some((sums, last)) => {
                sums.add(hit, stat);
                sums.customers += u64::from(turn > 0 && *last != turn);
                *last = turn;
            }
            None => self.overflow = true,
        }
    }
}

struct State {
    measures: Vec<Figures>,
    hits: Vec<Hit>,
    /// Customers so far, by whom groups know whether one was counted.
    turn: u64,
}

impl State {
    fn new(measures: usize, spans: usize, axes: &[Axis]) -> Self {
        let names = |nth: usize| axes.get(nth).map_or(1, Axis::len);
        let figures = Figures {
            tally: Tally::default(),
            totals: vec![Sums::default(); spans],
            groups: Groups::new([names(0), names(1)], PAIRS_LIMIT),
            records: Vec::new(),
            overflow: false,
        };
        Self { measures: vec![figures; measures], hits: Vec::new(), turn: 0 }
    }

    fn merged(mut self, other: Self) -> Self {
        self.measures.iter_mut().zip(other.measures).for_each(|(mine, theirs)| mine.merge(theirs));
        self
    }
}

struct Fold<'a> {
    cx: &'a Context<'a>,
    question: &'a Question,
    spans: &'a [Span],
    axes: &'a [Axis],
    reader: Reader<'a>,
}

impl<'a> Fold<'a> {
    fn new(cx: &'a Context<'a>, question: &'a Question, spans: &'a [Span], axes: &'a [Axis]) -> Self {
        let all = |of: &dyn Fn(&Measure) -> Types| {
            question.measures.iter().map(|measure| of(measure)).reduce(Types::or).unwrap_or_default()
        };
        let types = all(&|measure| measure.types(&question.params));
        let anchors = all(&|measure| (measure.anchors)(&question.params));
        let observed = spans.iter().map(|span| span.observed).max().unwrap_or(cx.lens.observed);
        let reader = Reader { types, anchors, lens: cx.lens, orders: cx.orders, observed };
        Self { cx, question, spans, axes, reader }
    }

    fn observe(&self, state: &mut State, part: &Part) {
        let State { measures, hits, turn } = state;
        self.reader.each(part, |customer, marks| {
            *turn += 1;
            let registered = part.segment.customers.registered[customer as usize];
            for (nth, &span) in self.spans.iter().enumerate() {
                let marks = before(marks, span.observed);
                // A customer without a touchpoint before the end has none to be counted for.
                if marks.is_empty() {
                    continue;
                }
                for (measure, figures) in self.question.measures.iter().zip(measures.iter_mut()) {
                    let window = window_of(measure, self.cx.params);
                    let who = Some((part, customer));
                    let seen = Seen { cx: self.cx, span, window, who, tables: &part.segment.tables, marks };
                    hits.clear();
                    (measure.observe)(&seen, hits);
                    if hits.is_empty() {
                        continue;
                    }
                    figures.totals[nth].customers += 1;
                    match measure.stat {
                        Stat::MeanOfCustomers => figures.totals[nth].add(&summed(hits.iter()), measure.stat),
                        _ => figures.totals[nth].add_all(hits, measure.stat),
                    }
                    if nth == 0 {
                        figures.tally.count(hits.len() as u64, registered);
                        figures.tally.censored += hits.iter().filter(|hit| hit.censored).count() as u64;
                        self.group(figures, hits, Some((part, customer)), *turn, measure.stat);
                    }
                }
            }
        });
        let excluded = self.cx.orders.excluded(self.cx.lens, part);
        for (measure, figures) in self.question.measures.iter().zip(measures) {
            if (measure.anchors)(self.cx.params).has(TouchType::ORDER) {
                figures.tally.merge(&Tally { excluded, ..Tally::default() });
            }
        }
    }

    /// Touchpoints of nobody, one by one: counted by measures that count them, excluded by others.
    fn observe_nobody(&self, state: &mut State, tables: &Tables) {
        let State { measures, hits, .. } = state;
        self.reader.each_of_nobody(tables, |mark| {
            for (measure, figures) in self.question.measures.iter().zip(measures.iter_mut()) {
                let window = window_of(measure, self.cx.params);
                let is_anchor = (measure.anchors)(self.cx.params).has(mark.kind);
                for (nth, &span) in self.spans.iter().enumerate() {
                    let marks = std::slice::from_ref(&mark);
                    let seen = Seen { cx: self.cx, span, window, who: None, tables, marks };
                    if !is_anchor || mark.at >= span.observed || !seen.counts(&mark) {
                        continue;
                    }
                    if !measure.nobody {
                        figures.tally.excluded.no_identity += u64::from(nth == 0);
                        continue;
                    }
                    hits.clear();
                    (measure.observe)(&seen, hits);
                    figures.totals[nth].add_all(hits, measure.stat);
                    if nth == 0 {
                        figures.tally.touchpoints += hits.len() as u64;
                        self.group(figures, hits, None, 0, measure.stat);
                    }
                }
            }
        });
    }

    /// What records add, to totals and to the groups that their names say.
    fn observe_records(&self, state: &mut State) {
        for (measure, figures) in self.question.measures.iter().zip(&mut state.measures) {
            for (nth, &span) in self.spans.iter().enumerate() {
                let (hits, excluded) = ledger::records(measure, self.cx, span);
                hits.iter().for_each(|hit| figures.totals[nth].add_record(hit));
                if nth == 0 {
                    figures.tally.excluded.other_currency += excluded;
                    let named = |hit: RecordHit| (hit.keys(&self.question.group_by), hit);
                    figures.records.extend(hits.into_iter().map(named));
                }
            }
        }
    }

    /// Adds hits to their groups, the customer once to each.
    fn group(&self, figures: &mut Figures, hits: &[Hit], who: Option<(&Part, u32)>, turn: u64, stat: Stat) {
        match self.axes {
            [] => {}
            [only] => figures.group(hits, |hit| [only.of(hit, who), 0], turn, stat),
            [one, other, ..] => figures.group(hits, |hit| [one.of(hit, who), other.of(hit, who)], turn, stat),
        }
    }

    fn answers(&self, state: State) -> Result<Vec<Answer>, KpiError> {
        let pairs = self.question.measures.iter().zip(state.measures);
        pairs.map(|(measure, figures)| self.answer(measure, figures)).collect()
    }

    fn answer(&self, measure: &Measure, mut figures: Figures) -> Result<Answer, KpiError> {
        if figures.overflow {
            return Err(KpiError::TooMany { what: "groups of one figure", limit: PAIRS_LIMIT });
        }
        let anchors = (measure.anchors)(self.cx.params);
        figures.tally.excluded.voided = self.cx.lens.voided(|touch_type| anchors.has(touch_type));
        let scale = self.cx.scale(measure);
        let figure = |sums: Sums| sums.figure(measure.stat, scale);
        let mut totals = figures.totals.into_iter().map(figure);
        let total = totals.next().unwrap_or_else(|| figure(Sums::default()));
        let spans = totals.collect();
        let names =
            |key: Key| self.axes.iter().zip(key).map(|(axis, key)| axis.name(key)).collect::<Vec<_>>();
        let mut groups: FxHashMap<Vec<Option<String>>, Sums> =
            figures.groups.into_all().into_iter().map(|(key, (sums, _))| (names(key), sums)).collect();
        let records = figures.records.into_iter().filter(|_| !self.axes.is_empty());
        records.for_each(|(keys, hit)| groups.entry(keys).or_default().add_record(&hit));
        let cell = |(keys, sums): (Vec<Option<String>>, Sums)| Cell { keys, figure: figure(sums) };
        let mut groups: Vec<Cell> = groups.into_iter().map(cell).collect();
        let missing =
            |cell: &Cell| cell.keys.iter().map(|key| (key.is_none(), key.clone())).collect::<Vec<_>>();
        groups.sort_by_cached_key(missing);
        let basis = figures.tally.basis(self.cx.lens.snapshot.revision);
        Ok(Answer { kpi: measure.definition, basis, total, groups, spans })
    }
}

/// The figure of nothing.
pub(super) fn nothing(measure: &Measure) -> Figure {
    Sums::default().figure(measure.stat, measure.scale)
}
