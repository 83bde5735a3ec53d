//! Many measures over one scope in one pass: totals, groups by up to two dimensions, and the same
//! figures over further spans of time, for series and comparisons.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::engine::accumulator::Sums;
use crate::engine::customer_view::Only;
use crate::engine::dimension::{self, Axis, Dimension, Key};
pub use crate::engine::figure::{Answer, Cell, Figure, PAIRS_LIMIT, SPANS_LIMIT, SoFar};
use crate::engine::groups::{Grouped, summed};
use crate::engine::hits::{Added, Hit, Hits};
use crate::engine::ledger;
use crate::engine::lens::Lens;
use crate::engine::mark::Mark;
use crate::engine::measure::{Asked, Context, Measure, Params, Seen, Span, Stat};
use crate::engine::order_lens::OrderLens;
use crate::engine::records::RecordHit;
use crate::engine::scope::{KpiError, Scope};
use crate::engine::timeline::Reader;
use crate::facts::fact::TouchType;
use crate::facts::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use crate::facts::tables::Tables;
use crate::facts::touch_types::Types;
use crate::ground::answer::{Absent, Observation, Tally};
use customer360_model::Currency;

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

/// # Errors
/// When the question is malformed, has too many groups, or adds several currencies.
pub fn compute(snapshot: &Snapshot, question: &Question) -> Result<Vec<Answer>, KpiError> {
    let lens = Lens::new(snapshot, &question.scope)?;
    let orders = OrderLens::new(&lens, &question.params.orders)?;
    check(&lens, question)?;
    let spans = spans(&lens, question);
    let axes = Axis::all(&lens, &question.group_by)?;
    let mut context = Context::new(&lens, &orders, &question.params, &question.measures, &spans)?;
    context.firsts_known &= !axes.iter().any(Axis::reads_items);
    let fold = Fold::new(&context, question, &spans, &axes);
    let start = || State::new(&question.measures, spans.len(), &axes);
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

/// Those of an ordered run that are before an instant: mostly all of them.
#[inline]
fn before(marks: &[Mark], until: i64) -> &[Mark] {
    match marks.last() {
        Some(last) if last.at >= until => &marks[..marks.partition_point(|mark| mark.at < until)],
        _ => marks,
    }
}

/// Touchpoints of a part that count one each.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    anchors: u64,
    customers: u64,
    /// The last customer and 1, or 0.
    last: u32,
}

impl Counted {
    #[inline]
    fn count(&mut self, customer: u32) {
        self.anchors += 1;
        self.customers += u64::from(self.last != customer + 1);
        self.last = customer + 1;
    }

    fn add_to(&self, sums: &mut Sums) {
        let all = i128::from(self.anchors);
        sums.customers += self.customers;
        sums.add_all(&Added {
            anchors: self.anchors,
            part: all,
            whole: all,
            squares: all,
            ..Added::default()
        });
    }
}

/// Of one measure.
#[derive(Debug)]
struct Figures {
    tally: Tally,
    /// By span.
    totals: Vec<Sums>,
    grouped: Grouped,
    /// By the names of their groups, with whether they are not decided yet.
    records: Vec<(Vec<Option<String>>, RecordHit, bool)>,
    /// Whether single hits matter, beside their sum.
    lists: bool,
    /// By span, of the part that is being read.
    hits: Vec<Hits>,
}

impl Figures {
    fn merge(&mut self, other: Self) {
        self.tally.merge(&other.tally);
        self.totals.iter_mut().zip(other.totals).for_each(|(mine, theirs)| mine.merge(theirs));
        self.records.extend(other.records);
        self.grouped.merge(other.grouped);
    }

    /// Adds what was read to the totals.
    fn settle(&mut self) {
        for (nth, (total, hits)) in self.totals.iter_mut().zip(&mut self.hits).enumerate() {
            let sum = hits.take_sum();
            if nth == 0 {
                self.tally.censored += sum.open.anchors;
                self.tally.excluded.other_currency += sum.unconverted;
            }
            // Of the others each customer was added as one.
            if self.grouped.stat != Stat::MeanOfCustomers {
                total.add_all(&sum);
            }
        }
    }
}

struct State {
    measures: Vec<Figures>,
    /// Customers so far, by whom groups know whether one was counted.
    turn: u64,
}

impl State {
    fn new(measures: &[&Measure], spans: usize, axes: &[Axis]) -> Self {
        let names = |nth: usize| axes.get(nth).map_or(1, Axis::len);
        let each = |stat: Stat| {
            matches!(stat, Stat::MeanOfCustomers | Stat::Quantile(_) | Stat::Survival(_) | Stat::Ended(_))
        };
        let lists = |stat: Stat| each(stat) || !axes.is_empty();
        let figures = |measure: &&Measure| Figures {
            tally: Tally::default(),
            totals: vec![Sums::default(); spans],
            grouped: Grouped::new(measure.stat, [names(0), names(1)], PAIRS_LIMIT),
            records: Vec::new(),
            lists: lists(measure.stat),
            hits: (0..spans).map(|_| Hits::new(lists(measure.stat))).collect(),
        };
        Self { measures: measures.iter().map(figures).collect(), turn: 0 }
    }

    fn merged(mut self, other: Self) -> Self {
        self.measures.iter_mut().zip(other.measures).for_each(|(mine, theirs)| mine.merge(theirs));
        self
    }
}

struct Fold<'a> {
    cx: &'a Context<'a>,
    question: &'a Question,
    asked: Vec<Asked<'a>>,
    spans: &'a [Span],
    axes: &'a [Axis],
    reader: Reader<'a>,
    observation: Observation,
    /// By place: the names that it has, where groups are places.
    places: Option<Vec<Key>>,
}

impl<'a> Fold<'a> {
    fn new(cx: &'a Context<'a>, question: &'a Question, spans: &'a [Span], axes: &'a [Axis]) -> Self {
        let observed = spans.iter().map(|span| span.observed).max().unwrap_or(cx.lens.observed);
        let reader = cx.reader(&question.measures, observed);
        let asked = question.measures.iter().map(|measure| Asked::new(measure, &question.params)).collect();
        let observation = cx.lens.observation();
        Self { cx, question, asked, spans, axes, reader, observation, places: dimension::of_places(axes) }
    }

    fn observe(&self, state: &mut State, part: &Part) {
        let at_once = self.observe_at_once(state, part).or_else(|| self.observe_rows(state, part));
        match (state.measures.as_mut_slice(), self.spans) {
            _ if at_once.is_some() => {}
            ([figures], [span]) if !figures.lists => self.observe_one(figures, *span, part),
            _ => self.observe_together(state, part),
        }
        let excluded = self.cx.orders.excluded(self.cx.lens, part);
        for (asked, figures) in self.asked.iter().zip(&mut state.measures) {
            if asked.anchors.has(TouchType::ORDER) {
                figures.tally.merge(&Tally { excluded, ..Tally::default() });
            }
            let excluded = (asked.measure.left_out)(self.cx, part, self.spans[0]);
            figures.tally.merge(&Tally { excluded, ..Tally::default() });
        }
    }

    /// What all touchpoints of each customer add together.
    fn observe_together(&self, state: &mut State, part: &Part) {
        let State { measures, turn } = state;
        let (tables, everybody) = (&part.segment.tables, self.reader.everybody);
        self.reader.each(part, |customer, marks| {
            *turn += 1;
            let who = Some((part, customer));
            for (nth, &span) in self.spans.iter().enumerate() {
                let marks = before(marks, span.observed);
                // A customer without a touchpoint before the end has none to be counted for.
                if marks.is_empty() && !everybody {
                    continue;
                }
                for (asked, figures) in self.asked.iter().zip(measures.iter_mut()) {
                    let only = None;
                    let seen = Seen { cx: self.cx, span, window: asked.window, who, tables, marks, only };
                    let added = figures.hits[nth].of_next(|hits| asked.hits(&seen, hits));
                    if let (0, true, Some(keys)) = (nth, asked.by_itself, &self.places) {
                        // A group may have something to count where all together have nothing.
                        self.group_by_places(&mut figures.grouped, keys, asked, &seen, *turn);
                    }
                    if added == 0 {
                        continue;
                    }
                    figures.totals[nth].customers += 1;
                    if nth == 0 {
                        figures.tally.count(added, part.segment.customers.registered[customer as usize]);
                    }
                    if figures.lists {
                        self.list(figures, nth, asked, &seen, *turn);
                    }
                }
            }
        });
        measures.iter_mut().for_each(Figures::settle);
    }

    /// The same of one measure over one span, of which single hits do not matter.
    fn observe_one(&self, figures: &mut Figures, span: Span, part: &Part) {
        let (asked, tables) = (&self.asked[0], &part.segment.tables);
        let (hits, mut tally) = (&mut figures.hits[0], Tally::default());
        self.reader.each(part, |customer, marks| {
            let (cx, window, who) = (self.cx, asked.window, Some((part, customer)));
            let seen = Seen { cx, span, window, who, tables, marks, only: None };
            let added = hits.of_next(|hits| asked.hits(&seen, hits));
            if added > 0 {
                tally.count(added, part.segment.customers.registered[customer as usize]);
            }
        });
        figures.totals[0].customers += tally.customers;
        figures.tally.merge(&tally);
        figures.settle();
    }

    /// Adds the single hits of a customer, or of nobody.
    fn list(&self, figures: &mut Figures, nth: usize, asked: &Asked, seen: &Seen, turn: u64) {
        let Figures { totals, grouped, hits, .. } = figures;
        let hits = hits[nth].list();
        match grouped.stat {
            Stat::MeanOfCustomers => totals[nth].add(&summed(hits), grouped.stat),
            stat => totals[nth].list(hits, stat),
        }
        match &self.places {
            // Those were asked by themselves.
            Some(_) if asked.by_itself && seen.who.is_some() => {}
            _ if nth > 0 => {}
            _ => self.group(grouped, hits, (seen.who, seen.tables), turn),
        }
    }

    /// Asks for each group of places that the customer has been to, as a filter would.
    fn group_by_places(&self, grouped: &mut Grouped, keys: &[Key], asked: &Asked, seen: &Seen, turn: u64) {
        let mut groups: Vec<Key> = seen.marks.iter().map(|mark| keys[usize::from(mark.place)]).collect();
        groups.sort_unstable();
        groups.dedup();
        let mut hits = Hits::new(true);
        for key in groups {
            hits.clear(true);
            asked.hits(&Seen { only: Some(Only { keys, key }), ..*seen }, &mut hits);
            let name = |nth: usize, hit: &Hit| match self.axes.get(nth) {
                None => 0,
                Some(axis) if axis.of_places().is_some() => key[nth],
                Some(axis) => axis.of(hit, seen.who, seen.tables),
            };
            grouped.add_all(hits.list(), |hit| [name(0, hit), name(1, hit)], turn);
        }
    }

    /// The same by the measure's quicker way, if it has one.
    fn observe_at_once(&self, state: &mut State, part: &Part) -> Option<()> {
        let ([asked], [], [span]) = (self.asked.as_slice(), self.axes, self.spans) else { return None };
        let (sum, tally) = asked.measure.at_once?(self.cx, part, *span)?;
        let figures = &mut state.measures[0];
        figures.totals[0].add_all(&sum);
        figures.totals[0].customers += tally.customers;
        figures.tally.merge(&tally);
        Some(())
    }

    /// The same where every touchpoint counts one and groups are places: row by row. `None` where that
    /// is not so, or touchpoints stand in several tables.
    fn observe_rows(&self, state: &mut State, part: &Part) -> Option<()> {
        let [Asked { measure: Measure { each_one: true, .. }, .. }] = self.asked.as_slice() else {
            return None;
        };
        let groups = match self.axes {
            [] => None,
            [Axis::Grouping(grouping)] => Some(grouping.of_places()?),
            _ => return None,
        };
        let spans = self.spans;
        let (mut totals, mut registered) = (vec![Counted::default(); spans.len()], 0);
        let mut by_group = vec![Counted::default(); self.axes.first().map_or(0, Axis::len)];
        self.reader.each_row(part, |customer, at, place| {
            if !self.cx.lens.has_place(place) {
                return;
            }
            let counted = totals.iter_mut().zip(spans).filter(|(_, span)| span.counts(at));
            counted.for_each(|(total, _)| total.count(customer));
            if spans[0].counts(at) {
                registered += u64::from(part.segment.customers.registered[customer as usize]);
                groups.iter().for_each(|of| by_group[of[usize::from(place)] as usize].count(customer));
            }
        })?;
        let Figures { tally, totals: sums, grouped, .. } = &mut state.measures[0];
        sums.iter_mut().zip(&totals).for_each(|(sums, total)| total.add_to(sums));
        let counted =
            Tally { customers: totals[0].customers, touchpoints: totals[0].anchors, ..Tally::default() };
        tally.merge(&Tally { registered_touchpoints: registered, ..counted });
        for (group, counted) in (0..).zip(&by_group).filter(|(_, counted)| counted.anchors > 0) {
            match grouped.groups.of([group, 0]) {
                Some((sums, _)) => counted.add_to(sums),
                None => grouped.overflow = true,
            }
        }
        Some(())
    }

    /// Touchpoints of nobody, one by one: counted by measures that count them, excluded by others.
    fn observe_nobody(&self, state: &mut State, tables: &Tables) {
        let measures = &mut state.measures;
        // First touchpoints are known of customers only.
        let types = self.asked.iter().map(|asked| asked.anchors).fold(Types::default(), Types::or);
        let reader = Reader { types, visits: None, ..self.reader };
        reader.each_of_nobody(tables, |mark| {
            for (asked, figures) in self.asked.iter().zip(measures.iter_mut()) {
                let measure = asked.measure;
                for (nth, &span) in self.spans.iter().enumerate() {
                    let marks = std::slice::from_ref(&mark);
                    let (window, only) = (asked.window, None);
                    let seen = Seen { cx: self.cx, span, window, who: None, tables, marks, only };
                    if !asked.anchors.has(mark.kind) || mark.at >= span.observed || !seen.counts(&mark) {
                        continue;
                    }
                    if !measure.nobody {
                        figures.tally.excluded.no_identity += u64::from(nth == 0);
                        continue;
                    }
                    let added = figures.hits[nth].of_next(|hits| asked.hits(&seen, hits));
                    figures.tally.touchpoints += if nth == 0 { added } else { 0 };
                    if figures.lists && added > 0 {
                        self.list(figures, nth, asked, &seen, 0);
                    }
                }
            }
        });
        measures.iter_mut().for_each(Figures::settle);
    }

    /// What records add, to totals and to the groups that their names say.
    fn observe_records(&self, state: &mut State) {
        for (measure, figures) in self.question.measures.iter().zip(&mut state.measures) {
            for (nth, &span) in self.spans.iter().enumerate() {
                let ([hits, open], excluded) = ledger::decided(measure, self.cx, span);
                let undecided = open.into_iter().map(|hit| (hit, true));
                let all = hits.into_iter().map(|hit| (hit, false)).chain(undecided);
                for (hit, is_open) in all {
                    figures.totals[nth].add_record(&hit, is_open);
                    if nth == 0 {
                        figures.records.push((hit.keys(&self.question.group_by), hit, is_open));
                    }
                }
                figures.tally.excluded.other_currency += if nth == 0 { excluded } else { 0 };
            }
        }
    }

    /// Adds hits to their groups, the customer once to each.
    fn group(
        &self,
        grouped: &mut Grouped,
        hits: &[Hit],
        (who, tables): (Option<(&Part, u32)>, &Tables),
        turn: u64,
    ) {
        let name = |axis: &Axis, hit: &Hit| axis.of(hit, who, tables);
        match self.axes {
            [] => {}
            [only] => grouped.add_all(hits, |hit| [name(only, hit), 0], turn),
            [one, other, ..] => grouped.add_all(hits, |hit| [name(one, hit), name(other, hit)], turn),
        }
    }

    fn answers(&self, state: State) -> Result<Vec<Answer>, KpiError> {
        let pairs = self.question.measures.iter().zip(state.measures);
        pairs.map(|(measure, figures)| self.answer(measure, figures)).collect()
    }

    fn answer(&self, measure: &Measure, mut figures: Figures) -> Result<Answer, KpiError> {
        if figures.grouped.overflow {
            return Err(KpiError::TooMany { what: "groups of one figure", limit: PAIRS_LIMIT });
        }
        let anchors = (measure.anchors)(self.cx.params);
        figures.tally.excluded.voided = self.cx.lens.voided(|touch_type| anchors.has(touch_type));
        let scale = self.cx.scale(measure);
        let of = |span: Span| move |sums: Sums| self.told(measure, span, sums.figure(measure, scale));
        let figure = of(self.spans[0]);
        let mut totals = figures.totals.into_iter().zip(self.spans).map(|(sums, &span)| of(span)(sums));
        let total = totals.next().unwrap_or_else(|| figure(Sums::default()));
        let spans = totals.collect();
        let names =
            |key: Key| self.axes.iter().zip(key).map(|(axis, key)| axis.name(key)).collect::<Vec<_>>();
        let mut groups: FxHashMap<Vec<Option<String>>, Sums> = figures
            .grouped
            .groups
            .into_all()
            .into_iter()
            .map(|(key, (sums, _))| (names(key), sums))
            .collect();
        let records = figures.records.into_iter().filter(|_| !self.axes.is_empty());
        records.for_each(|(keys, hit, is_open)| groups.entry(keys).or_default().add_record(&hit, is_open));
        let cell = |(keys, sums): (Vec<Option<String>>, Sums)| Cell { keys, figure: figure(sums) };
        let mut groups: Vec<Cell> = groups.into_iter().map(cell).collect();
        let missing =
            |cell: &Cell| cell.keys.iter().map(|key| (key.is_none(), key.clone())).collect::<Vec<_>>();
        groups.sort_by_cached_key(missing);
        let basis = figures.tally.basis(
            self.cx.lens.snapshot.revision,
            self.observation.clone(),
            self.cx.lens.snapshot.folded,
        );
        let fitted = self.cx.lifetimes(self.spans[0]).filter(|_| measure.stat == Stat::Expected);
        let warnings = fitted.map_or_else(Vec::new, |lifetimes| lifetimes.warnings().to_vec());
        Ok(Answer { kpi: measure.definition, basis, total, groups, spans, warnings })
    }
}

impl Fold<'_> {
    /// With what follows from the span: when all of it will be known, or that none of it was observed.
    fn told(&self, measure: &Measure, span: Span, figure: Figure) -> Figure {
        let unseen = span.observed <= span.from || (measure.of_whole && span.observed < span.until);
        if unseen && span.from < span.until {
            let absent = Some(Absent::NotObserved);
            return Figure { value: None, interval: None, absent, ..figure };
        }
        let due = || self.cx.due(measure, span.until.saturating_sub(1));
        Figure { known_at: if figure.open > 0 { due() } else { None }, ..figure }
    }
}

/// The figure of nothing.
pub(crate) fn nothing(measure: &Measure) -> Figure {
    Sums::default().figure(measure, measure.scale)
}
