//! Measures: every figure that is one number, each as what one customer adds to it. From that
//! one function come the figure, its groups, its series, its comparison and the customers behind it.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::model::channel::Medium;
use crate::model::time::DAY_US;
use crate::model::{Channel, Micros, Phase, TimeRange};

use super::acquisition::Spend;
use super::beside::{TouchRow, rows_beside};
use super::calendar::{Intervals, Unit};
use super::catalogue::Definition;
use super::cost::CostRate;
use super::dictionary::Dictionary;
use super::events::Types;
use super::fact::TouchType;
use super::ledger::{self, Counted};
use super::lens::{Lens, OrderLens};
use super::scope::{KpiError, OrderOptions, OrderUnit, Window, WindowKind};
use super::snapshot::Part;
use super::survey::AnswersCounted;
use super::tables::Tables;
use super::timeline::Mark;

/// How what customers add becomes a figure. Sums are integers, divided by the measure's scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stat {
    /// How many, or how much: the sum of numerators.
    Sum,
    /// How many customers have any hit.
    Customers,
    /// Numerators over denominators, where each numerator is part of its denominator.
    Share,
    /// Numerators over denominators, where not.
    Quotient,
    /// The mean of the numerators.
    Mean,
    /// The mean over customers of the sums of their numerators.
    MeanOfCustomers,
    /// A quantile of the numerators, type 7.
    Quantile(f64),
    /// A quantile of the numerators, durations of which censored hits are only the beginning: the
    /// first at which Kaplan and Meier's estimate leaves no more than the rest.
    Survival(f64),
    /// 100 times the mean of numerators of -1, 0 and 1.
    Nps,
}

/// What a question says beside its scope. A measure reads what it documents.
#[derive(Debug, Clone)]
pub struct Params {
    /// The measure's own when absent; its own days when they are 0.
    pub window: Option<Window>,
    pub orders: OrderOptions,
    pub same: Same,
    pub research: Research,
    /// In which order the steps of a funnel follow; see [`super::funnel`].
    pub steps: Vec<Step>,
    pub strict: bool,
    /// How long a cart may take to be recovered, from its beginning.
    pub recovery_days: u32,
    pub answers_counted: AnswersCounted,
    pub survey_id: Option<String>,
    /// By which cost to serve is counted.
    pub cost_rates: Vec<CostRate>,
    /// Within how many minutes a person should answer a case.
    pub care_target_minutes: u32,
    /// What else than where an order was placed assists it.
    pub elsewhere: Elsewhere,
    /// What was spent to win customers.
    pub spend: Vec<Spend>,
    /// Who was counted and is not known.
    pub counted: Vec<Counted>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            window: None,
            orders: OrderOptions::default(),
            same: Same::Anything,
            research: Research::First,
            steps: super::funnel::STEPS.to_vec(),
            strict: false,
            recovery_days: 30,
            answers_counted: AnswersCounted::LastPerCustomer,
            survey_id: None,
            cost_rates: Vec::new(),
            care_target_minutes: 60,
            elsewhere: Elsewhere::Channel,
            spend: Vec::new(),
            counted: Vec::new(),
        }
    }
}

/// Where a touchpoint counts as elsewhere than an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Elsewhere {
    /// By another channel.
    #[default]
    Channel,
    /// At another location, or at one where the other says none.
    Location,
}

/// What research and order must have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Same {
    #[default]
    Anything,
    Category,
    Product,
}

/// Which research touch before an order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Research {
    #[default]
    First,
    Last,
    /// One by each channel.
    Each,
}

/// A step of a funnel: a type of touchpoint, by any channel or by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub activity: crate::model::ActivityType,
    pub channel: Option<String>,
}

/// A stretch of time that is asked about. Microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: i64,
    /// Anchors are before this.
    pub until: i64,
    /// Nothing from here on is looked at.
    pub observed: i64,
}

/// What one anchor adds to a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    pub at: i64,
    /// The touchpoint that is counted.
    pub number: u32,
    pub place: u16,
    /// What it is about.
    pub item: u32,
    pub part: i64,
    pub whole: i64,
    /// The touchpoint that answered it, or led to it.
    pub other: Option<Other>,
    /// Whether the answer may still come: its window reaches beyond what was observed.
    pub censored: bool,
}

/// The other touchpoint of a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Other {
    pub number: u32,
    pub place: u16,
}

/// What these are about is an id or a kind, not an item of the dictionary.
const ID_TYPES: Types = Types::listed(&[
    TouchType::IMPRESSION,
    TouchType::AD_CLICK,
    TouchType::MESSAGE,
    TouchType::CART_UPDATED,
    TouchType::CHECKOUT_STARTED,
    TouchType::SURVEY_ANSWER,
    TouchType::REVIEW_WRITTEN,
]);

impl Hit {
    /// An anchor that adds one to the denominator and nothing else yet.
    pub(super) fn of(mark: &Mark) -> Self {
        let Mark { at, number, place, kind, .. } = *mark;
        let item = if ID_TYPES.has(kind) { 0 } else { mark.item };
        Self { at, number, place, item, part: 0, whole: 1, other: None, censored: false }
    }

    pub(super) fn part(self, part: i64) -> Self {
        Self { part, ..self }
    }

    /// Counted in the numerator if another touchpoint answers it.
    pub(super) fn answered(self, other: Option<&Mark>) -> Self {
        let other = other.map(|mark| Other { number: mark.number, place: mark.place });
        Self { part: i64::from(other.is_some()), other, ..self }
    }
}

/// A figure that is one number.
pub struct Measure {
    pub definition: Definition,
    pub stat: Stat,
    /// By which sums are divided.
    pub scale: f64,
    /// W where the question says none, in days; 0: it has no window.
    pub window_days: u32,
    /// Whether amounts are added, so that there must be one currency.
    pub money: bool,
    /// Whether touchpoints of nobody count too, one by one.
    pub nobody: bool,
    /// Which touchpoints are counted.
    pub(super) anchors: fn(&Params) -> Types,
    /// Which others are looked at.
    pub(super) beside: fn(&Params) -> Types,
    pub(super) observe: fn(&Seen, &mut Vec<Hit>),
}

impl Measure {
    /// The sum of nothing: what measures are told apart from.
    pub(super) const BASE: Self = Self {
        definition: Definition::scalar("", "", "", ""),
        stat: Stat::Sum,
        scale: 1.0,
        window_days: 0,
        money: false,
        nobody: false,
        anchors: nothing,
        beside: nothing,
        observe: |_, _| {},
    };

    /// Whether it needs one currency.
    #[must_use]
    pub fn adds_money(&self) -> bool {
        self.money || self.stat == Stat::MeanOfCustomers
    }

    pub(super) fn types(&self, params: &Params) -> Types {
        (self.anchors)(params).or((self.beside)(params))
    }
}

/// No others.
pub(super) fn nothing(_: &Params) -> Types {
    Types::default()
}

/// A question's windows and tables, for all measures and spans.
pub(super) struct Context<'a> {
    pub lens: &'a Lens<'a>,
    pub orders: &'a OrderLens,
    pub params: &'a Params,
    pub names: &'a Dictionary,
    /// Local days that cover all spans and windows.
    pub days: Intervals,
    /// By place.
    physical: Vec<bool>,
    /// `None`: any; `Some(None)`: one that nobody ever answered.
    pub survey: Option<Option<u32>>,
    pub costs: super::classic::Costs,
    /// By span, where the windows begin that end with its beginning and its end.
    back: Vec<(Span, (i64, i64))>,
    /// By location, when entries were being counted.
    counting: FxHashMap<u32, Vec<TimeRange>>,
}

impl<'a> Context<'a> {
    /// `spans` must not be empty.
    pub fn new(
        lens: &'a Lens<'a>,
        orders: &'a OrderLens,
        params: &'a Params,
        measures: &[&Measure],
        spans: &[Span],
    ) -> Result<Self, KpiError> {
        let names = &*lens.snapshot.dictionary;
        let own = measures.iter().map(|measure| window_of(measure, params).days);
        let reach = own.chain([params.recovery_days]).max().unwrap_or(0);
        for measure in measures.iter().filter(|measure| measure.window_days > 0) {
            window_of(measure, params).check()?;
        }
        let least = spans.iter().map(|span| span.from).min().unwrap_or(lens.from);
        let back = |span: &Span| {
            let days = measures.iter().find(|measure| measure.definition.id == "retention");
            let days = days.map_or(0, |measure| window_of(measure, params).days);
            let shifted = |at: i64| lens.scope.zone.plus_days(Micros(at), -(days as i32)).map(|at| at.0);
            Ok((*span, (shifted(span.from)?, shifted(span.until)?)))
        };
        let back = spans.iter().map(back).collect::<Result<_, KpiError>>()?;
        let greatest = spans.iter().map(|span| span.observed).max().unwrap_or(lens.observed);
        let zone = &lens.scope.zone;
        let from = zone.plus_days(Micros(least), -(reach as i32) - 2)?;
        let until = Micros(greatest.max(from.0)).plus(1);
        let is_physical = |channel: u32| {
            let channel = Channel::parse(names.channels.name(channel));
            channel.is_some_and(|channel| channel.medium() == Medium::Physical)
        };
        let survey = params.survey_id.as_ref().map(|id| names.surveys.find(id));
        Ok(Self {
            lens,
            orders,
            params,
            names,
            days: Intervals::new(zone, Unit::Day, lens.scope.week_start, from, until)?,
            physical: names.places().iter().map(|place| is_physical(place.channel)).collect(),
            survey,
            costs: super::classic::Costs::new(lens, params, measures)?,
            back,
            counting: ledger::counting(&params.counted, names),
        })
    }

    /// Whether entries were being counted at that place and time.
    pub fn was_counted(&self, place: u16, at: i64) -> bool {
        let intervals = self.names.place(place).location.and_then(|location| self.counting.get(&location));
        intervals.is_some_and(|all| all.iter().any(|interval| interval.contains(Micros(at))))
    }

    pub fn is_physical(&self, place: u16) -> bool {
        self.physical[usize::from(place)]
    }

    /// By what the sums of a measure are divided.
    pub fn scale(&self, measure: &Measure) -> f64 {
        match measure.stat {
            Stat::MeanOfCustomers => measure.scale * self.costs.micros_per_minor.max(1) as f64,
            _ => measure.scale,
        }
    }

    pub fn windows_before(&self, span: Span) -> (i64, i64) {
        self.back.iter().find(|(of, _)| *of == span).map_or((span.from, span.until), |(_, back)| *back)
    }

    pub fn channel(&self, place: u16) -> u32 {
        self.names.place(place).channel
    }
}

/// The window of a measure under a question.
pub(super) fn window_of(measure: &Measure, params: &Params) -> Window {
    let asked = params.window.unwrap_or(Window { days: 0, kind: WindowKind::Calendar });
    Window { days: if asked.days == 0 { measure.window_days } else { asked.days }, ..asked }
}

/// What a measure sees of one customer, or of one touchpoint of nobody.
pub(super) struct Seen<'a> {
    pub cx: &'a Context<'a>,
    pub span: Span,
    pub window: Window,
    /// `None` for nobody.
    pub who: Option<(&'a Part<'a>, u32)>,
    pub tables: &'a Tables,
    /// Of the types of all measures asked, before `span.observed`, in order of time.
    pub marks: &'a [Mark],
}

impl Seen<'_> {
    /// Whether a touchpoint is an anchor: in range, and at a place in scope.
    #[inline]
    pub fn counts(&self, mark: &Mark) -> bool {
        self.span.from <= mark.at && mark.at < self.span.until && self.cx.lens.has_place(mark.place)
    }

    /// The anchors of one type.
    pub fn anchors(&self, kind: TouchType) -> impl Iterator<Item = (usize, &Mark)> {
        let marks = self.marks.iter().enumerate();
        marks.filter(move |(_, mark)| mark.kind == kind && self.counts(mark))
    }

    /// The end of the window after an instant, with W as asked: what is earlier than that is in it.
    #[inline]
    pub fn window_end(&self, at: i64) -> i64 {
        self.end_of_days(self.window.days, at)
    }

    /// The same for so many local days (`0 <= d <= days`), or so many times 24 hours.
    #[inline]
    pub fn end_of_days(&self, days: u32, at: i64) -> i64 {
        match self.window.kind {
            WindowKind::Calendar => self.cx.days.begin(self.cx.days.index(at) + days as usize + 1),
            WindowKind::Elapsed => at + i64::from(days) * DAY_US + 1,
        }
    }

    /// The first instant of the window before an instant.
    #[inline]
    pub fn window_begin(&self, at: i64) -> i64 {
        match self.window.kind {
            WindowKind::Calendar => {
                let day = self.cx.days.index(at).checked_sub(self.window.days as usize);
                day.map_or(i64::MIN, |day| self.cx.days.begin(day))
            }
            WindowKind::Elapsed => at - i64::from(self.window.days) * DAY_US,
        }
    }

    /// Whether all of the window after an instant was observed.
    pub fn is_observed(&self, at: i64) -> bool {
        self.window_end(at) <= self.span.observed
    }

    /// The first of the later touchpoints that answers an anchor within the window.
    #[inline]
    pub fn answer(&self, anchor: usize, answers: impl Fn(&Mark) -> bool) -> Option<&Mark> {
        self.answer_before(self.window_end(self.marks[anchor].at), anchor, answers)
    }

    /// The first of the later touchpoints that answers an anchor before an instant.
    #[inline]
    pub fn answer_before(&self, end: i64, anchor: usize, answers: impl Fn(&Mark) -> bool) -> Option<&Mark> {
        self.marks[anchor + 1..].iter().take_while(|mark| mark.at < end).find(|mark| answers(mark))
    }

    /// An anchor that counts in the numerator if a later touchpoint within the window answers it.
    pub fn asked(&self, anchor: usize, answers: impl Fn(&Mark) -> bool) -> Hit {
        let end = self.window_end(self.marks[anchor].at);
        let hit = Hit::of(&self.marks[anchor]).answered(self.answer_before(end, anchor, answers));
        Hit { censored: hit.part == 0 && end > self.span.observed, ..hit }
    }

    /// The earlier touchpoints within the window before an anchor, in order of time.
    pub fn before(&self, anchor: usize) -> &[Mark] {
        let begin = self.window_begin(self.marks[anchor].at);
        // Few touchpoints are in the window, and they are the last ones.
        let earlier = self.marks[..anchor].iter().rev().take_while(|mark| mark.at >= begin).count();
        &self.marks[anchor - earlier..anchor]
    }

    pub fn is_registered(&self) -> bool {
        self.who.is_some_and(|(part, customer)| part.segment.customers.registered[customer as usize])
    }

    /// The orders that are anchors, each with what it is worth: every one, or all of a customer
    /// and local day as one, at the time and place of the first in scope.
    pub fn valued_orders(&self) -> impl Iterator<Item = (usize, i64)> + '_ {
        let by_day = self.cx.params.orders.unit == OrderUnit::CustomerDay;
        let day = |mark: &Mark| self.cx.days.index(mark.at);
        // An order shortly before the range may begin the day of one in range.
        let is_order = |mark: &Mark| mark.kind == TouchType::ORDER && self.cx.lens.has_place(mark.place);
        let mut orders = self.marks.iter().enumerate().filter(move |(_, mark)| is_order(mark)).peekable();
        let units = std::iter::from_fn(move || {
            let (nth, mark) = orders.next()?;
            let mut worth = self.worth(mark);
            while let Some((_, next)) = orders.next_if(|(_, next)| by_day && day(next) == day(mark)) {
                worth += self.worth(next);
            }
            Some((nth, worth))
        });
        units.filter(|&(nth, _)| self.counts(&self.marks[nth]))
    }

    /// The same without their worth.
    pub fn orders(&self) -> impl Iterator<Item = usize> + '_ {
        self.valued_orders().map(|(nth, _)| nth)
    }
}

/// Touchpoints by which people inform themselves: all of consideration, articles and clicks.
pub(super) static RESEARCH: LazyLock<Types> = LazyLock::new(|| {
    let all = (0..TouchType::COUNT as u8).map(TouchType);
    let known = all.filter(|touch_type| touch_type.phase() == Some(Phase::Consideration));
    Types::of(known.chain([TouchType::ARTICLE_READ, TouchType::AD_CLICK]))
});

/// Touchpoints that lead to an order: awareness and consideration, carts and accepted offers.
pub(super) static JOURNEY: LazyLock<Types> = LazyLock::new(|| {
    let all = (0..TouchType::COUNT as u8).map(TouchType);
    let leads =
        |touch_type: &TouchType| matches!(touch_type.phase(), Some(Phase::Awareness | Phase::Consideration));
    let decisions = [TouchType::CART_UPDATED, TouchType::CHECKOUT_STARTED, TouchType::OFFER_ACCEPTED];
    Types::of(all.filter(leads).chain(decisions))
});

impl Seen<'_> {
    /// The rows of an order's or return's lines.
    pub fn lines_of(&self, mark: &Mark) -> std::ops::Range<usize> {
        self.beside(&self.tables.lines.owner, mark)
    }

    /// What an order that counts is worth in the question's currency.
    #[inline]
    pub fn worth(&self, order: &Mark) -> i64 {
        self.cx.orders.amount(&self.tables.orders, order.row.row())
    }

    /// The observation of a touchpoint.
    pub fn observation(&self, mark: &Mark) -> u32 {
        self.tables.stem(mark.row.table()).observation[mark.row.row()]
    }

    /// The rows of a table beside a customer's touchpoint.
    pub fn beside(&self, owners: &[TouchRow], mark: &Mark) -> std::ops::Range<usize> {
        if self.who.is_none() {
            // Facts of nobody are in no order.
            return 0..0;
        }
        rows_beside(owners, mark.row.table(), mark.row.row()..mark.row.row() + 1)
    }
}

impl Seen<'_> {
    /// What stands for the visit of an order, a return or a trial, or the case of a service contact;
    /// 0 for none.
    pub fn tie(&self, mark: &Mark) -> u32 {
        self.beside(&self.tables.ties.owner, mark).next().map_or(0, |row| self.tables.ties.tie[row])
    }
}
