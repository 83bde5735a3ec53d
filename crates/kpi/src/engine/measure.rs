//! Measures: every figure that is one number, each as what one customer adds to it. From that
//! one function come the figure, its groups, its series, its comparison and the customers behind it.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use customer360_model::channel::Medium;
use customer360_model::{Channel, Micros, Phase, TimeRange};

use crate::catalogue::Definition;
pub(crate) use crate::engine::customer_view::Seen;
use crate::engine::events::Types;
use crate::engine::hits::{Added, Hits};
pub use crate::engine::hits::{Hit, Other};
use crate::engine::ledger;
use crate::engine::lens::{Lens, OrderLens};
pub use crate::engine::params::{Elsewhere, Params, Research, Same, Step};
use crate::engine::scope::{KpiError, Window, WindowKind};
use crate::engine::timeline::Reader;
use crate::facts::dictionary::Dictionary;
use crate::facts::fact::TouchType;
use crate::facts::snapshot::Part;
use crate::ground::answer::{Excluded, Tally};
use crate::ground::calendar::{Intervals, Unit};
use crate::shapes::lifetime::Expecting;

/// How what customers add becomes a figure. Sums are integers, divided by the measure's scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stat {
    /// How many, or how much: the sum of numerators.
    Sum,
    /// How much is expected: the sum of numerators, absent where nothing tells it.
    Expected,
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
    /// The share of such durations that ended within so much time, in the measure's unit, by the same
    /// estimate.
    Ended(f64),
    /// 100 times the mean of numerators of -1, 0 and 1.
    Nps,
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

impl Span {
    /// Whether an anchor of that time is counted.
    #[inline]
    pub(crate) fn counts(&self, at: i64) -> bool {
        (self.from <= at) & (at < self.until) & (at < self.observed)
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
    pub(crate) anchors: fn(&Params) -> Types,
    /// Which others are looked at.
    pub(crate) beside: fn(&Params) -> Types,
    /// Whether of the others, or of all, only the customer's first touchpoint is: see [`Seen::first`].
    pub(crate) first: bool,
    /// Whether anchors count by physical channels only.
    pub(crate) in_stores: bool,
    /// Whether no visit elsewhere is looked at.
    pub(crate) store_visits: bool,
    /// Whether of orders only those are looked at that name the offer they answer.
    pub(crate) by_offer: bool,
    /// Whether every anchor adds one, whatever stands beside it. `observe` is asked of others.
    pub(crate) each_one: bool,
    pub(crate) observe: fn(&Seen, &mut Hits),
    /// The same of all customers of a part together, where it is quicker and single hits are not asked
    /// about; `None` where it cannot be said so.
    pub(crate) at_once: Option<AtOnce>,
    /// What is left out of a part's customers for a reason of its own.
    pub(crate) left_out: fn(&Context, &Part, Span) -> Excluded,
}

/// What the customers of a part add, and the basis of that.
pub(crate) type AtOnce = fn(&Context, &Part, Span) -> Option<(Added, Tally)>;

impl Measure {
    /// The sum of nothing: what measures are told apart from.
    pub(crate) const BASE: Self = Self {
        definition: Definition::scalar("", "", "", ""),
        stat: Stat::Sum,
        scale: 1.0,
        window_days: 0,
        money: false,
        nobody: false,
        anchors: nothing,
        beside: nothing,
        first: false,
        in_stores: false,
        store_visits: false,
        by_offer: false,
        each_one: false,
        observe: |_, _| {},
        at_once: None,
        left_out: |_, _, _| Excluded::default(),
    };

    /// Whether it needs one currency.
    #[must_use]
    pub fn adds_money(&self) -> bool {
        self.money || self.stat == Stat::MeanOfCustomers
    }

    pub(crate) fn types(&self, params: &Params) -> Types {
        (self.anchors)(params).or((self.beside)(params))
    }

    /// Whether the customer's first touchpoint is all that it looks at.
    fn is_of_first(&self, params: &Params) -> bool {
        self.first && (self.anchors)(params) == Types::all()
    }

    /// Which types have to be read of customers, and of which each who is counted has one.
    fn reads(&self, params: &Params, firsts_known: bool) -> (Types, Types) {
        let anchors = (self.anchors)(params);
        match self.first && firsts_known {
            true if self.is_of_first(params) => Default::default(),
            true => (anchors, anchors),
            false => (self.types(params), anchors),
        }
    }
}

/// A measure under a question.
pub(crate) struct Asked<'a> {
    pub measure: &'a Measure,
    pub window: Window,
    pub anchors: Types,
}

impl<'a> Asked<'a> {
    pub fn new(measure: &'a Measure, params: &Params) -> Self {
        Self { measure, window: window_of(measure, params), anchors: (measure.anchors)(params) }
    }

    /// What a customer's touchpoints add, or one of nobody.
    #[inline]
    pub fn hits(&self, seen: &Seen, hits: &mut Hits) {
        if !self.measure.each_one {
            return (self.measure.observe)(seen, hits);
        }
        let anchors = seen.marks.iter().filter(|mark| self.anchors.has(mark.kind) && seen.counts(mark));
        hits.extend(anchors.map(|mark| Hit::of(mark).part(1)));
    }
}

/// No others.
pub(crate) fn nothing(_: &Params) -> Types {
    Types::default()
}

/// A question's windows and tables, for all measures and spans.
pub(crate) struct Context<'a> {
    pub lens: &'a Lens<'a>,
    pub orders: &'a OrderLens,
    pub params: &'a Params,
    pub names: &'a Dictionary,
    /// Local days that cover all spans and windows.
    pub days: Intervals,
    /// By place.
    physical: Vec<bool>,
    /// By place.
    channels: Vec<u32>,
    /// Whether first touchpoints are known without reading all, but for their rows.
    pub firsts_known: bool,
    /// `None`: any; `Some(None)`: one that nobody ever answered.
    pub survey: Option<Option<u32>>,
    pub costs: crate::shapes::headline::Costs,
    /// By span, what is expected of customers, where it is asked for.
    expecting: Vec<(Span, Expecting<'a>)>,
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
            channels: names.places().iter().map(|place| place.channel).collect(),
            firsts_known: lens.snapshot.given.is_all(),
            survey,
            costs: crate::shapes::headline::Costs::new(lens, params, measures)?,
            expecting: Expecting::by_span(lens, orders, params, measures, spans)?,
            back,
            counting: ledger::counting(&params.counted, names),
        })
    }

    /// Whether entries were being counted at that place and time.
    pub fn was_counted(&self, place: u16, at: i64) -> bool {
        let intervals = self.names.place(place).location.and_then(|location| self.counting.get(&location));
        intervals.is_some_and(|all| all.iter().any(|interval| interval.contains(Micros(at))))
    }

    /// What is expected of the customers of a span.
    pub fn expecting(&self, span: Span) -> Option<&Expecting<'a>> {
        self.expecting.iter().find(|(of, _)| *of == span).map(|(_, expecting)| expecting)
    }

    pub fn is_physical(&self, place: u16) -> bool {
        self.physical[usize::from(place)]
    }

    /// What has to be read for some measures.
    pub fn reader(&'a self, measures: &[&Measure], observed: i64) -> Reader<'a> {
        let reads = measures.iter().map(|measure| measure.reads(self.params, self.firsts_known));
        let both = reads.reduce(|(types, anchors), its| (types.or(its.0), anchors.or(its.1)));
        let (types, anchors) = both.unwrap_or_default();
        let everybody = self.firsts_known && measures.iter().any(|measure| measure.is_of_first(self.params));
        let in_stores = measures.iter().all(|measure| measure.in_stores);
        let stores = in_stores.then_some(self.physical.as_slice());
        let store_visits = measures.iter().all(|measure| measure.store_visits);
        let visits = store_visits.then_some(self.physical.as_slice());
        let by_offer = measures.iter().all(|measure| measure.by_offer);
        let (lens, orders) = (self.lens, self.orders);
        Reader { types, anchors, everybody, lens, orders, observed, stores, visits, by_offer }
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

    #[inline]
    pub fn channel(&self, place: u16) -> u32 {
        self.channels[usize::from(place)]
    }
}

/// The window of a measure under a question.
pub(crate) fn window_of(measure: &Measure, params: &Params) -> Window {
    let asked = params.window.unwrap_or(Window { days: 0, kind: WindowKind::Calendar });
    Window { days: if asked.days == 0 { measure.window_days } else { asked.days }, ..asked }
}

/// Touchpoints by which people inform themselves: all of consideration, articles and clicks.
pub(crate) static RESEARCH: LazyLock<Types> = LazyLock::new(|| {
    let all = (0..TouchType::COUNT as u8).map(TouchType);
    let known = all.filter(|touch_type| touch_type.phase() == Some(Phase::Consideration));
    Types::of(known.chain([TouchType::ARTICLE_READ, TouchType::AD_CLICK]))
});

/// Touchpoints that lead to an order: awareness and consideration, carts and accepted offers.
pub(crate) static JOURNEY: LazyLock<Types> = LazyLock::new(|| {
    let all = (0..TouchType::COUNT as u8).map(TouchType);
    let leads =
        |touch_type: &TouchType| matches!(touch_type.phase(), Some(Phase::Awareness | Phase::Consideration));
    let decisions = [TouchType::CART_UPDATED, TouchType::CHECKOUT_STARTED, TouchType::OFFER_ACCEPTED];
    Types::of(all.filter(leads).chain(decisions))
});
