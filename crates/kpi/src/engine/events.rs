//! The touchpoints of chosen types, customer by customer in order of time, whatever tables they
//! stand in.

use crate::engine::lens::Lens;
use crate::engine::order_lens::OrderLens;
use crate::facts::fact::TouchType;
use crate::facts::rows::tables_of;
use crate::facts::side_tables::{ORDERS, TABLES, TouchRow};
use crate::facts::snapshot::Part;
use crate::facts::stem::Stem;
use crate::facts::tables::Tables;
use crate::facts::touch_types::Types;
use crate::ground::answer::Excluded;
use crate::ground::calendar::Intervals;

/// A touchpoint on its way through a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Event {
    pub at: i64,
    pub number: u32,
    pub place: u16,
    pub touch_type: TouchType,
}

/// Which events a kernel wants to see.
pub(crate) struct Wanted<'a> {
    pub types: Types,
    pub lens: &'a Lens<'a>,
    pub orders: &'a OrderLens,
    /// Local days, when orders are counted by day.
    pub days: Option<&'a Intervals>,
    /// Instants that no day reaches across.
    pub cuts: [i64; 3],
}

impl Wanted<'_> {
    /// Calls `visit` for each living customer in scope of the part that has events, with the
    /// events by any place that are observed, in order of time.
    pub fn each(&self, part: &Part, mut visit: impl FnMut(u32, &[Event])) {
        let tables = &part.segment.tables;
        let mut events = Vec::new();
        if self.types.is_orders() {
            let stem = &tables.orders.stem;
            for (customer, rows) in stem.runs(stem.rows(part.customers.clone())) {
                if self.lens.has_customer(part, customer) {
                    events.clear();
                    rows.for_each(|row| self.push_order(tables, row, &mut events));
                    self.hand_over(customer, &mut events, &mut visit);
                }
            }
            return;
        }
        let stems = self.stems(tables);
        let mut next = stems.map(|stem| stem.map_or(0, |stem| stem.rows(0..part.customers.start).end));
        for customer in part.customers.clone() {
            events.clear();
            let in_scope = self.lens.has_customer(part, customer);
            for (table, stem) in stems.iter().enumerate() {
                let Some(stem) = stem else { continue };
                while stem.customer.get(next[table]) == Some(&customer) {
                    if in_scope {
                        self.push(tables, table, next[table], &mut events);
                    }
                    next[table] += 1;
                }
            }
            if in_scope {
                events.sort_unstable();
                self.hand_over(customer, &mut events, &mut visit);
            }
        }
    }

    /// Whether orders are all that is wanted, and all of them count.
    pub fn is_every_order(&self) -> bool {
        let counts_all = self.lens.has_all_places() && self.orders.admits_all();
        self.types.is_orders() && counts_all
    }

    /// Touchpoints of nobody in scope and in range, of the types wanted.
    pub fn unidentified(&self) -> u64 {
        let count = |tables: &Tables| -> usize {
            let stems = self.stems(tables).into_iter().enumerate();
            let rows = stems.filter_map(|(table, stem)| stem.map(|stem| (table, stem)));
            rows.map(|(table, stem)| {
                let wanted = |&row: &usize| self.types.has(tables.touch_type(TouchRow::new(table, row)));
                self.lens.rows_in_range(stem).filter(wanted).count()
            })
            .sum()
        };
        self.lens.unidentified().map(|tables| count(tables) as u64).sum()
    }

    pub fn excluded(&self, part: &Part) -> Excluded {
        match self.types.has(TouchType::ORDER) {
            true => self.orders.excluded(self.lens, part),
            false => Excluded::default(),
        }
    }

    pub fn voided(&self) -> u64 {
        self.lens.voided(|touch_type| self.types.has(touch_type))
    }

    fn hand_over(&self, customer: u32, events: &mut Vec<Event>, visit: &mut impl FnMut(u32, &[Event])) {
        self.keep_first_orders_of_days(events);
        if !events.is_empty() {
            visit(customer, events);
        }
    }

    fn keep_first_orders_of_days(&self, events: &mut Vec<Event>) {
        let Some(days) = self.days else { return };
        // Only orders in scope make up a day, and the first of them stands for it.
        let mut last = None;
        events.retain(|event| {
            if event.touch_type != TouchType::ORDER || !self.lens.has_place(event.place) {
                return true;
            }
            let day = (days.index(event.at), self.cuts.map(|cut| cut <= event.at));
            last.replace(day) != Some(day)
        });
    }

    /// The tables in which wanted events stand.
    fn stems<'t>(&self, tables: &'t Tables) -> [Option<&'t Stem>; TABLES] {
        let wanted = tables_of(self.types);
        std::array::from_fn(|table| wanted[table].then(|| tables.stem(table)))
    }

    #[inline]
    fn push_order(&self, tables: &Tables, row: usize, events: &mut Vec<Event>) {
        if self.orders.counts(&tables.orders, row) {
            events.push(event(&tables.orders.stem, row, TouchType::ORDER));
        }
    }

    fn push(&self, tables: &Tables, table: usize, row: usize, events: &mut Vec<Event>) {
        if table == ORDERS {
            return self.push_order(tables, row, events);
        }
        let (touch_type, stem) = (tables.touch_type(TouchRow::new(table, row)), tables.stem(table));
        if self.types.has(touch_type) && stem.at[row] < self.lens.observed {
            events.push(event(stem, row, touch_type));
        }
    }
}

#[inline]
fn event(stem: &Stem, row: usize, touch_type: TouchType) -> Event {
    Event { at: stem.at[row], number: stem.number[row], place: stem.place[row], touch_type }
}
