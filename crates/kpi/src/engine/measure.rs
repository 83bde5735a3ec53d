//! Measures: every figure that is one number, each as what one customer adds to it. From that
//! one function come the figure, its groups, its series, its comparison and the customers behind it.

use std::sync::LazyLock;

pub(crate) use crate::engine::context::Context;
use crate::engine::cost_rates::Costs;
pub(crate) use crate::engine::customer_view::Seen;
use crate::engine::hits::{Added, Hits};
pub use crate::engine::hits::{Hit, Other};
use crate::engine::lens::Lens;
use crate::engine::lifetimes::Prepare;
use crate::engine::order_lens::OrderLens;
pub use crate::engine::params::{Elsewhere, Params, Research, Same, Step};
use crate::engine::records::{self, Need};
use crate::engine::scope::{KpiError, OrderUnit, Window, WindowKind, retention_window};
pub use crate::engine::span::Span;
pub use crate::engine::stat::Stat;
use crate::engine::timeline::Reader;
use crate::facts::fact::TouchType;
use crate::facts::snapshot::Part;
use crate::facts::touch_types::Types;
use crate::ground::answer::{Excluded, Tally};
use crate::ground::calendar::{Intervals, Unit};
use crate::ground::definition::Definition;
use customer360_model::channel::Medium;
use customer360_model::time::DAY_US;
use customer360_model::{Channel, Micros, Phase};

/// How groups of channels, locations and campaigns are made, so that each is what a filter would say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByPlace {
    /// By where each hit is.
    Hits,
    /// The same, unless orders of a day are one.
    Days,
    /// What counts of a customer depends on what else of theirs is in scope: each is asked by itself.
    Itself,
}

/// Of what is never below zero: see [`Measure::bounds`].
pub(crate) const FROM_ZERO: (f64, f64) = (0.0, f64::INFINITY);

/// A figure that is one number.
pub struct Measure {
    pub definition: Definition,
    pub stat: Stat,
    /// By which sums are divided.
    pub scale: f64,
    /// The ends of the scale of its value, beyond which no interval reaches.
    pub bounds: (f64, f64),
    /// W where the question says none, in days; 0: it has no window.
    pub window_days: u32,
    /// How far an anchor is followed before it counts.
    pub(crate) ahead: Ahead,
    /// Whether it is of the whole range, so that there is none before that was observed.
    pub(crate) of_whole: bool,
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
    /// How groups of places are made of it.
    pub(crate) by_place: ByPlace,
    /// Whether every anchor adds one, whatever stands beside it. `observe` is asked of others.
    pub(crate) each_one: bool,
    pub(crate) observe: fn(&Seen, &mut Hits),
    /// The same of all customers of a part together, where it is quicker and single hits are not asked
    /// about; `None` where it cannot be said so.
    pub(crate) at_once: Option<AtOnce>,
    /// The records that it needs beside facts.
    pub need: Option<Need>,
    /// Whether it asks what touchpoints cost.
    pub(crate) costed: bool,
    /// The lifetimes that it asks about.
    pub(crate) lifetimes: Option<Prepare>,
    /// What is left out of a part's customers for a reason of its own.
    pub(crate) left_out: fn(&Context, &Part, Span) -> Excluded,
}

/// How far an anchor is followed, so that one of which not all of that was observed is left out: those who were quick
/// would be counted alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Ahead {
    /// It counts as it is.
    #[default]
    Nothing,
    /// W.
    Window,
    /// W, and until a cart may be recovered.
    Recovery,
    /// The target of care, in minutes.
    Target,
}

/// What the customers of a part add, and the basis of that.
pub(crate) type AtOnce = fn(&Context, &Part, Span) -> Option<(Added, Tally)>;

impl Measure {
    /// The sum of nothing: what measures are told apart from.
    pub(crate) const BASE: Self = Self {
        definition: Definition::scalar("", "", "", ""),
        stat: Stat::Sum,
        scale: 1.0,
        bounds: (f64::NEG_INFINITY, f64::INFINITY),
        window_days: 0,
        ahead: Ahead::Nothing,
        of_whole: false,
        money: false,
        nobody: false,
        anchors: nothing,
        beside: nothing,
        first: false,
        in_stores: false,
        store_visits: false,
        by_offer: false,
        by_place: ByPlace::Days,
        each_one: false,
        observe: |_, _| {},
        at_once: None,
        need: None,
        costed: false,
        lifetimes: None,
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
    /// Whether a group of places is asked by itself.
    pub by_itself: bool,
}

impl<'a> Asked<'a> {
    pub fn new(measure: &'a Measure, params: &Params) -> Self {
        let anchors = (measure.anchors)(params);
        // Of the orders of a day, the first one in scope stands for all.
        let by_itself = match measure.by_place {
            ByPlace::Itself => true,
            ByPlace::Hits => false,
            // Of the orders of a day, the first one in scope stands for all.
            ByPlace::Days => {
                let of_orders = anchors == Types::of([TouchType::ORDER]) && !measure.first;
                params.orders.unit == OrderUnit::CustomerDay && of_orders
            }
        };
        Self { measure, window: window_of(measure, params), anchors, by_itself }
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

impl Context<'_> {
    /// The end of what an anchor of that time is followed for; `None` where it is not.
    pub fn due(&self, measure: &Measure, at: i64) -> Option<i64> {
        let window = window_of(measure, self.params);
        let days = match measure.ahead {
            Ahead::Nothing => return None,
            Ahead::Target => {
                let target = i64::from(self.params.care_target_minutes) * MINUTE_US;
                return Some(at.saturating_add(target + 1));
            }
            Ahead::Window => window.days,
            Ahead::Recovery => window.days.max(self.params.recovery_days),
        };
        match window.kind {
            WindowKind::Calendar => {
                self.lens.scope.zone.day_after(Micros(at), days as i32 + 1).ok().map(|at| at.0)
            }
            WindowKind::Elapsed => Some(at.saturating_add(i64::from(days) * DAY_US + 1)),
        }
    }

    /// Anchors of a span before this instant were followed for long enough.
    pub fn mature(&self, measure: &Measure, span: Span) -> i64 {
        let window = window_of(measure, self.params);
        let days = match measure.ahead {
            Ahead::Nothing => return span.until,
            Ahead::Target => {
                let target = i64::from(self.params.care_target_minutes) * MINUTE_US;
                return span.observed.saturating_sub(target);
            }
            Ahead::Window => window.days,
            Ahead::Recovery => window.days.max(self.params.recovery_days),
        };
        match window.kind {
            WindowKind::Calendar => {
                let day = self.lens.scope.zone.day_after(Micros(span.observed), -(days as i32));
                day.map_or(i64::MIN, |at| at.0)
            }
            WindowKind::Elapsed => span.observed.saturating_sub(i64::from(days) * DAY_US),
        }
    }
}

const MINUTE_US: i64 = 60_000_000;

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
            let window = window_of(measure, params);
            if !window.is_same_day() {
                window.check()?;
            }
        }
        let least = spans.iter().map(|span| span.from).min().unwrap_or(lens.from);
        let back = |span: &Span| {
            let asked = params.window.map(|window| window.days);
            let range = (Micros(span.from), Micros(span.until));
            let days = match measures.iter().any(|measure| measure.definition.id == "retention") {
                true => retention_window(&lens.scope.zone, range, asked, params.overlapping)?,
                false => 0,
            };
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
        // Who needs no fit takes lifetimes with one as well.
        let lifetimes = measures.iter().filter_map(|measure| measure.lifetimes).max_by_key(|all| all.fitted);
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
            costs: match measures.iter().any(|measure| measure.costed) {
                true => Costs::new(lens, &params.cost_rates)?,
                false => Costs::default(),
            },
            lifetimes: match lifetimes {
                Some(lifetimes) => (lifetimes.by_span)(lens, orders, params, spans)?,
                None => Vec::new(),
            },
            back,
            counting: records::counting(&params.counted, names),
        })
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
}

/// The window of a measure under a question.
pub(crate) fn window_of(measure: &Measure, params: &Params) -> Window {
    params.window.unwrap_or(Window { days: measure.window_days, kind: params.window_kind })
}

/// Touchpoints by which people inform themselves: all of consideration, articles and clicks. Of
/// messages those that were clicked.
pub(crate) static RESEARCH: LazyLock<Types> = LazyLock::new(|| {
    let known = TouchType::all().filter(|touch_type| touch_type.phase() == Some(Phase::Consideration));
    Types::of(known.chain([TouchType::ARTICLE_READ, TouchType::AD_CLICK, TouchType::MESSAGE]))
});

/// Touchpoints that lead to an order: awareness and consideration, carts and accepted offers.
pub(crate) static JOURNEY: LazyLock<Types> = LazyLock::new(|| {
    let leads =
        |touch_type: &TouchType| matches!(touch_type.phase(), Some(Phase::Awareness | Phase::Consideration));
    // What is only shown leads nowhere; of messages those that were only sent or delivered are left out
    // where they are read.
    let decisions = [TouchType::CART_UPDATED, TouchType::CHECKOUT_STARTED, TouchType::OFFER_ACCEPTED];
    Types::of(TouchType::all().filter(leads).chain(decisions)).without(Types::of([TouchType::IMPRESSION]))
});
