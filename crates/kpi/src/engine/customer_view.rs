//! What a measure sees: the touchpoints of one customer, with what stands beside them.

use crate::engine::context::Context;
use crate::engine::dimension::Key;
use crate::engine::hits::Hit;
use crate::engine::mark::Mark;
use crate::engine::scope::{Window, WindowKind};
use crate::engine::span::Span;
use crate::facts::fact::TouchType;
use crate::facts::side_tables::{CONTACTS, ORDERS, TRIALS, TouchRow, rows_beside};
use crate::facts::snapshot::Part;
use crate::facts::tables::Tables;
use customer360_model::time::DAY_US;

/// What a measure sees of one customer, or of one touchpoint of nobody.
pub(crate) struct Seen<'a> {
    pub cx: &'a Context<'a>,
    pub span: Span,
    pub window: Window,
    /// `None` for nobody.
    pub who: Option<(&'a Part<'a>, u32)>,
    pub tables: &'a Tables,
    /// Of the types of all measures asked, before `span.observed`, in order of time.
    pub marks: &'a [Mark],
    /// Only what is there counts, where a group of places is asked as a filter would ask it.
    pub only: Option<Only<'a>>,
}

/// The places of one group.
#[derive(Clone, Copy)]
pub(crate) struct Only<'a> {
    /// By place.
    pub keys: &'a [Key],
    pub key: Key,
}

/// The first touchpoint of a customer.
pub(crate) struct First {
    pub number: u32,
    pub hit: Hit,
}

impl Seen<'_> {
    pub fn number(&self, mark: &Mark) -> u32 {
        self.tables.number(mark.row)
    }

    /// Where a touchpoint stands in the order of time.
    pub fn order(&self, mark: &Mark) -> (i64, u32) {
        (mark.at, self.number(mark))
    }

    /// See [`Tables::item`].
    #[inline]
    pub fn item(&self, mark: &Mark) -> u32 {
        self.tables.item(mark.row)
    }

    /// Whether a touchpoint is an anchor: in range, and at a place in scope.
    #[inline]
    pub fn counts(&self, mark: &Mark) -> bool {
        self.has(mark.at, mark.place)
    }

    /// Whether an anchor of that time and place is counted.
    #[inline]
    pub fn has(&self, at: i64, place: u16) -> bool {
        self.span.counts(at) && self.has_place(place)
    }

    /// Whether a place is in scope, and in the group that is asked about.
    #[inline]
    pub fn has_place(&self, place: u16) -> bool {
        self.cx.lens.has_place(place)
            && self.only.is_none_or(|only| only.keys[usize::from(place)] == only.key)
    }

    /// The first touchpoint that the customer made, whether or not it is in range.
    pub fn first(&self) -> Option<First> {
        if !self.cx.firsts_known {
            let mark = self.marks.iter().find(|mark| mark.is_made())?;
            return Some(First { number: self.number(mark), hit: Hit::of(mark) });
        }
        let (part, customer) = self.who?;
        let (acquired, customer) = (&*part.segment.customers.acquired, customer as usize);
        let (at, place) = (acquired.at[customer], acquired.place[customer]);
        // Nobody asks for its row: see `Context::firsts_known`.
        let hit = Hit::at(at, TouchRow::new(ORDERS, 0), place);
        (acquired.made[customer] && at < self.span.observed)
            .then_some(First { number: acquired.number[customer], hit })
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

    /// An instant that no window after another one reaches: it ends with a local day, which may be
    /// longer where the clock was changed. It is known without looking that day up.
    #[inline]
    fn beyond(&self, at: i64) -> i64 {
        at.saturating_add((i64::from(self.window.days) + 3) * DAY_US)
    }

    /// Whether no touchpoint is in the window after an anchor, and all of it was observed; where that
    /// is not seen at once, it is not said either.
    #[inline]
    pub fn is_last(&self, anchor: usize) -> bool {
        let beyond = self.beyond(self.marks[anchor].at);
        beyond <= self.span.observed && self.marks.get(anchor + 1).is_none_or(|next| next.at >= beyond)
    }

    /// Whether all of the window after an instant was observed.
    #[inline]
    pub fn is_observed(&self, at: i64) -> bool {
        self.beyond(at) <= self.span.observed || self.window_end(at) <= self.span.observed
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

    /// An anchor that counts in the numerator if a later touchpoint within the window answers it. One of which not all
    /// of the window was observed is censored, whether or not it was answered.
    #[inline]
    pub fn asked(&self, anchor: usize, answers: impl Fn(&Mark) -> bool) -> Hit {
        if self.is_last(anchor) {
            return Hit::of(&self.marks[anchor]);
        }
        let end = self.window_end(self.marks[anchor].at);
        let hit = Hit::of(&self.marks[anchor]).answered(self.answer_before(end, anchor, answers));
        Hit { censored: end > self.span.observed, ..hit }
    }

    /// All anchors of a type, as [`Seen::asked`] has each, the last one first: on the way back the
    /// answer to each is known without a search.
    pub fn all_asked(&self, kind: TouchType, answers: impl Fn(&Mark) -> bool) -> impl Iterator<Item = Hit> {
        let mut later = None;
        self.marks.iter().rev().filter_map(move |mark| {
            let next: Option<&Mark> = later;
            later = if answers(mark) { Some(mark) } else { next };
            if mark.kind != kind || !self.counts(mark) {
                return None;
            }
            // Mostly an answer is far from the end of the window, which then need not be known.
            let beyond = self.beyond(mark.at);
            if beyond <= self.span.observed && next.is_none_or(|next| next.at >= beyond) {
                return Some(Hit::of(mark));
            }
            let end = self.window_end(mark.at);
            let hit = Hit::of(mark).answered(next.filter(|next| next.at < end));
            Some(Hit { censored: end > self.span.observed, ..hit })
        })
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

    /// The orders that are anchors, each with what it is worth: every one, or if asked all of a customer
    /// and local day as one, at the time and place of the first.
    pub fn valued_orders(&self) -> impl Iterator<Item = (usize, i64)> + '_ {
        self.units(|place| self.has_place(place), self.cx.params.orders.unit.is_by_day(false))
    }

    /// The same of orders anywhere: for what is counted where something led to them.
    pub fn valued_orders_anywhere(&self) -> impl Iterator<Item = (usize, i64)> + '_ {
        self.units(|_| true, self.cx.params.orders.unit.is_by_day(false))
    }

    /// The same by occasions, unless single orders are asked for.
    pub fn occasions(&self) -> impl Iterator<Item = usize> + '_ {
        let units = self.units(|place| self.has_place(place), self.cx.params.orders.unit.is_by_day(true));
        units.map(|(nth, _)| nth)
    }

    fn units<'s>(
        &'s self,
        has_place: impl Fn(u16) -> bool + 's,
        by_day: bool,
    ) -> impl Iterator<Item = (usize, i64)> + 's {
        let day = |mark: &Mark| self.cx.days.index(mark.at);
        // What the range cuts off a day is none of it.
        let is_order = move |mark: &Mark| {
            mark.kind == TouchType::ORDER && has_place(mark.place) && self.span.counts(mark.at)
        };
        let mut orders = self.marks.iter().enumerate().filter(move |(_, mark)| is_order(mark)).peekable();
        std::iter::from_fn(move || {
            let (nth, mark) = orders.next()?;
            let mut worth = self.worth(mark);
            while let Some((_, next)) = orders.next_if(|(_, next)| by_day && day(next) == day(mark)) {
                worth = worth.saturating_add(self.worth(next));
            }
            Some((nth, worth))
        })
    }

    /// The same without their worth.
    pub fn orders(&self) -> impl Iterator<Item = usize> + '_ {
        self.valued_orders().map(|(nth, _)| nth)
    }
}

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
        rows_beside(owners, mark.row.table(), mark.row.row()..mark.row.row() + 1)
    }
}

impl Seen<'_> {
    /// What stands for the visit of a visit, an order, a return or a trial, or the case of a service contact;
    /// 0 for none.
    #[inline]
    pub fn tie(&self, mark: &Mark) -> u32 {
        match mark.row.table() {
            CONTACTS => self.tables.contacts.tie[mark.row.row()],
            TRIALS => self.tables.trials.tie[mark.row.row()],
            _ => self.beside(&self.tables.ties.owner, mark).next().map_or(0, |row| self.tables.ties.tie[row]),
        }
    }
}
