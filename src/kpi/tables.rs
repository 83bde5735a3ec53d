//! Facts as columns: one table per kind of touchpoint, so that a question reads only what it
//! asks about. Adding a table is one entry of the list below and one line in [`Tables::push`].

use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::fact::{Body, Charge, Fact, LineFact, TraitFact};

/// The columns that every table begins with. 22 bytes a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stem {
    /// The segment's number of the customer, never decreasing. Empty in a [`Tables`] that is not
    /// clustered by customer yet.
    pub customer: Vec<u32>,
    /// Microseconds; increasing within a customer, ties by `number`.
    pub at: Vec<i64>,
    pub place: Vec<u16>,
    /// 0 for an unidentified touchpoint.
    pub observation: Vec<u32>,
    /// The touchpoint's number.
    pub number: Vec<u32>,
}

impl Stem {
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// The rows of some consecutive customers.
    #[must_use]
    pub fn rows(&self, customers: Range<u32>) -> Range<usize> {
        let from = self.customer.partition_point(|&c| c < customers.start);
        from..from + self.customer[from..].partition_point(|&c| c < customers.end)
    }

    /// Each customer that has rows among these, with those rows.
    pub fn runs(&self, rows: Range<usize>) -> impl Iterator<Item = (u32, Range<usize>)> {
        let (mut from, until) = (rows.start, rows.end);
        std::iter::from_fn(move || {
            let customer = *self.customer[..until].get(from)?;
            let mut end = from + 1;
            while end < until && self.customer[end] == customer {
                end += 1;
            }
            let run = from..end;
            from = end;
            Some((customer, run))
        })
    }

    fn push(&mut self, fact: &Fact) {
        self.at.push(fact.at);
        self.place.push(fact.place);
        self.observation.push(fact.observation);
        self.number.push(fact.number);
    }
}

/// Where a row of a new table comes from: the part in the upper half, the row in the lower.
pub(super) type Pick = u64;

/// One column rearranged: each row from the part and row that its pick names.
fn picked<'a, T, C>(parts: &[&'a C], picks: &[Pick], column: impl Fn(&'a C) -> &'a [T]) -> Vec<T>
where
    T: Copy + Send + Sync + 'a,
    C: 'a,
{
    let columns: Vec<&[T]> = parts.iter().map(|&part| column(part)).collect();
    match columns.as_slice() {
        [only] => picks.par_iter().with_min_len(1 << 14).map(|&pick| only[pick as u32 as usize]).collect(),
        _ => picks
            .par_iter()
            .with_min_len(1 << 14)
            .map(|&pick| columns[(pick >> 32) as usize][pick as u32 as usize])
            .collect(),
    }
}

/// Declares the tables: name, field in [`Tables`], own columns.
macro_rules! tables {
    ($( $(#[$meta:meta])* $name:ident in $field:ident { $( $(#[$column_meta:meta])* $column:ident: $ty:ty, )* } )*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, PartialEq, Eq, Default)]
            pub struct $name {
                pub stem: Stem,
                $( $(#[$column_meta])* pub $column: Vec<$ty>, )*
            }

            impl $name {
                pub(super) fn pick(parts: &[&Self], customer: Vec<u32>, picks: &[Pick]) -> Self {
                    Self {
                        stem: Stem {
                            customer,
                            at: picked(parts, picks, |part| &part.stem.at),
                            place: picked(parts, picks, |part| &part.stem.place),
                            observation: picked(parts, picks, |part| &part.stem.observation),
                            number: picked(parts, picks, |part| &part.stem.number),
                        },
                        $( $column: picked(parts, picks, |part| &part.$column), )*
                    }
                }

                fn bytes(&self) -> usize {
                    let own = 0 $( + size_of::<$ty>() )*;
                    self.stem.customer.len() * 4 + self.stem.len() * (18 + own)
                }
            }

            impl HasStem for $name {
                fn stem(&self) -> &Stem {
                    &self.stem
                }
            }
        )*

        /// All tables of a set of facts.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Tables { $( pub $field: $name, )* }

        impl Tables {
            /// The rows of touchpoints up to a number, in their order and with their customers.
            #[must_use]
            pub fn up_to(&self, last: u32) -> Self {
                Self { $( $field: {
                    let stem = &self.$field.stem;
                    let kept = (0..stem.len()).filter(|&row| stem.number[row] <= last);
                    let picks: Vec<Pick> = kept.map(|row| row as Pick).collect();
                    let customers = match stem.customer.is_empty() {
                        true => Vec::new(),
                        false => picks.iter().map(|&row| stem.customer[row as usize]).collect(),
                    };
                    $name::pick(&[&self.$field], customers, &picks)
                }, )* }
            }

            /// Whether all touchpoints have a number up to that one.
            #[must_use]
            pub fn is_up_to(&self, last: u32) -> bool {
                true $( && self.$field.stem.number.par_iter().with_min_len(1 << 16).all(|&n| n <= last) )*
            }

            /// Bytes of all columns, without spare capacity.
            #[must_use]
            pub fn bytes(&self) -> usize {
                0 $( + self.$field.bytes() )*
            }
        }
    };
}

pub(super) trait HasStem {
    fn stem(&self) -> &Stem;
}

tables! {
    /// Purchases. 43 bytes a row.
    Orders in orders {
        amount: i64,
        currency: u8,
        /// Stands for the order's id.
        key: u64,
        /// The offer that it answers, an item of the dictionary; 0: none.
        item: u32,
    }
    /// Goods or money back. 39 bytes a row.
    Returns in returns {
        amount: i64,
        currency: u8,
        /// The order's key, or 0 when the return names none.
        key: u64,
    }
    /// Answers to surveys, and reviews with stars or a sentiment. 27 bytes a row.
    Answers in answers {
        /// An [`super::fact::AnswerKind`].
        kind: u8,
        /// 0 for a review without stars.
        score: u8,
        survey: u16,
        /// Hundredths, or [`NO_SENTIMENT`].
        sentiment: i8,
    }
    /// Every touchpoint that stands in none of the tables above. 28 bytes a row.
    Touches in touches {
        /// A [`super::fact::TouchType`].
        kind: u8,
        /// See [`super::fact::Said`]; likewise `item`.
        detail: u8,
        item: u32,
    }
    /// Measures of visits, each in the table of touches as well. 30 bytes a row.
    Visits in visits {
        /// [`UNKNOWN`] when not known; likewise pages.
        seconds: u32,
        pages: u32,
    }
    /// Lines of orders and returns, each in its table as well. 44 bytes a row.
    Lines in lines {
        /// A [`super::fact::TouchType`].
        kind: u8,
        /// The product and its category.
        item: u32,
        /// Thousandths.
        quantity: i64,
        /// Minor units, of one.
        price: i64,
        /// [`NO_CURRENCY`] when there is no price.
        currency: u8,
    }
    /// What carts are worth, each in the table of touches as well. 31 bytes a row.
    CartValues in cart_values {
        value: i64,
        currency: u8,
    }
    /// Time and explicit cost of touchpoints of any type, each in one of the tables above as
    /// well. 36 bytes a row.
    Charges in charges {
        /// A [`super::fact::TouchType`].
        kind: u8,
        seconds: u32,
        /// Minor units.
        cost: i64,
        /// [`NO_CURRENCY`] when there is no explicit cost.
        currency: u8,
    }
    /// Writes of traits, by touchpoints of any type. 33 bytes a row.
    TraitWrites in traits {
        name: u16,
        /// The hash of the value's text.
        value: u64,
        /// [`IF_ABSENT`] and [`SURVIVES`].
        flags: u8,
    }
}

/// The currency of no amount: the dictionary numbers fewer.
pub const NO_CURRENCY: u8 = u8::MAX;
/// A measure that is not known.
pub const UNKNOWN: u32 = u32::MAX;
/// The sentiment of a review that says none.
pub const NO_SENTIMENT: i8 = i8::MIN;
/// The write only fills a gap.
pub const IF_ABSENT: u8 = 1;
/// The write stands as the customer's value; set when the facts are gathered.
pub const SURVIVES: u8 = 2;

impl Tables {
    /// Appends a fact, without a customer.
    pub fn push(&mut self, fact: &Fact) {
        match fact.body {
            Body::Order { amount, order_key } => {
                self.orders.stem.push(fact);
                self.orders.amount.push(amount.minor);
                self.orders.currency.push(amount.currency);
                self.orders.key.push(order_key);
                self.orders.item.push(fact.said.item);
            }
            Body::Return { amount, order_key } => {
                self.returns.stem.push(fact);
                self.returns.amount.push(amount.minor);
                self.returns.currency.push(amount.currency);
                self.returns.key.push(order_key);
            }
            Body::Answer { kind, score, survey } => {
                self.answers.stem.push(fact);
                self.answers.kind.push(kind as u8);
                self.answers.score.push(score);
                self.answers.survey.push(survey);
                self.answers.sentiment.push(fact.said.sentiment.unwrap_or(NO_SENTIMENT));
            }
            Body::Touch(touch_type) => {
                self.touches.stem.push(fact);
                self.touches.kind.push(touch_type.0);
                self.touches.detail.push(fact.said.detail);
                self.touches.item.push(fact.said.item);
            }
        }
        if let Some(charge) = fact.charge {
            self.push_charge(fact, charge);
        }
        fact.traits.iter().for_each(|&write| self.push_trait(fact, write));
        if let Some(measured) = fact.said.visit {
            self.visits.stem.push(fact);
            self.visits.seconds.push(measured.seconds);
            self.visits.pages.push(measured.pages);
        }
        if let Some(value) = fact.said.value {
            self.cart_values.stem.push(fact);
            self.cart_values.value.push(value.minor);
            self.cart_values.currency.push(value.currency);
        }
        fact.said.lines.iter().for_each(|line| self.push_line(fact, line));
    }

    /// The facts of several sets but the voided ones, without customers: for unidentified ones.
    #[must_use]
    pub fn joined(parts: &[&Self], voided: &FxHashSet<u32>) -> Self {
        let picks = |stem: fn(&Self) -> &Stem| {
            let mut picks = Vec::new();
            for (part, tables) in (0_u64..).zip(parts) {
                let numbers = (0_u64..).zip(&stem(tables).number);
                picks.extend(numbers.filter(|(_, n)| !voided.contains(n)).map(|(row, _)| part << 32 | row));
            }
            picks
        };
        macro_rules! table {
            ($table:ident, $field:ident) => {{
                let own: Vec<&$table> = parts.iter().map(|part| &part.$field).collect();
                $table::pick(&own, Vec::new(), &picks(|part| &part.$field.stem))
            }};
        }
        Self {
            orders: table!(Orders, orders),
            returns: table!(Returns, returns),
            answers: table!(Answers, answers),
            touches: table!(Touches, touches),
            visits: table!(Visits, visits),
            lines: table!(Lines, lines),
            cart_values: table!(CartValues, cart_values),
            charges: table!(Charges, charges),
            traits: table!(TraitWrites, traits),
        }
    }

    /// Touchpoints, each counted once.
    #[must_use]
    pub fn touchpoints(&self) -> usize {
        self.orders.stem.len() + self.returns.stem.len() + self.answers.stem.len() + self.touches.stem.len()
    }

    fn push_charge(&mut self, fact: &Fact, charge: Charge) {
        self.charges.stem.push(fact);
        self.charges.kind.push(fact.body.touch_type().0);
        self.charges.seconds.push(charge.seconds);
        self.charges.cost.push(charge.cost.map_or(0, |cost| cost.minor));
        self.charges.currency.push(charge.cost.map_or(NO_CURRENCY, |cost| cost.currency));
    }

    fn push_line(&mut self, fact: &Fact, line: &LineFact) {
        self.lines.stem.push(fact);
        self.lines.kind.push(fact.body.touch_type().0);
        self.lines.item.push(line.item);
        self.lines.quantity.push(line.quantity_milli);
        self.lines.price.push(line.price.map_or(0, |price| price.minor));
        self.lines.currency.push(line.price.map_or(NO_CURRENCY, |price| price.currency));
    }

    fn push_trait(&mut self, fact: &Fact, write: TraitFact) {
        self.traits.stem.push(fact);
        self.traits.name.push(write.name);
        self.traits.value.push(write.value);
        self.traits.flags.push(if write.if_absent { IF_ABSENT } else { 0 });
    }
}
