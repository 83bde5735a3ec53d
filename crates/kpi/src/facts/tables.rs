//! Facts as columns: one table per kind of touchpoint, so that a question reads only what it
//! asks about, and tables for what some touchpoints say beside that. Adding a table is one entry
//! of the lists below and one line in [`Tables::push`].

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::facts::amounts::Amounts;
use crate::facts::column::{Column, Pick};
use crate::facts::lives::Lives;
use crate::facts::projection::{Content, Given, Piece, Table};
use crate::facts::side_tables::{Moves, RETURNS, TABLES, TouchRow, rows_beside};
use crate::facts::stem::{NOBODY, Stem};
use crate::ground::quantity::Quantity;

/// One column of some parts, rearranged.
fn rearranged<P, C: Column>(parts: &[&P], picks: &[Pick], column: impl Fn(&P) -> &C) -> C {
    let columns: Vec<&C> = parts.iter().map(|&part| column(part)).collect();
    C::pick(&columns, picks)
}

/// Rows of one table of touchpoints that a new table consists of, in its order.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    pub picks: Vec<Pick>,
    /// The customer of each pick; empty when the new table is not clustered.
    pub customers: Vec<u32>,
}

/// Declares the tables: name, field in [`Tables`], own columns. Bytes a row are told of narrow
/// [`Amounts`].
macro_rules! tables {
    (
        touchpoints { $( $(#[$meta:meta])* $name:ident in $field:ident { $( $(#[$own:meta])* $column:ident: $ty:ty, )* } )* }
        beside { $( $(#[$side_meta:meta])* $side:ident in $side_field:ident { $( $(#[$side_own:meta])* $side_column:ident: $side_ty:ty, )* } )* }
    ) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, PartialEq, Eq, Default)]
            pub struct $name {
                pub stem: Stem,
                $( $(#[$own])* pub $column: $ty, )*
            }

            impl $name {
                fn pick(parts: &[&Self], chosen: Chosen) -> Self {
                    let picks = chosen.picks.as_slice();
                    Self {
                        stem: Stem {
                            customer: chosen.customers,
                            at: rearranged(parts, picks, |part| &part.stem.at),
                            place: rearranged(parts, picks, |part| &part.stem.place),
                            observation: rearranged(parts, picks, |part| &part.stem.observation),
                            number: rearranged(parts, picks, |part| &part.stem.number),
                        },
                        $( $column: rearranged(parts, picks, |part| &part.$column), )*
                    }
                }

                /// Bytes of all columns, without spare capacity.
                #[must_use]
                pub fn bytes(&self) -> usize {
                    self.stem.bytes() $( + self.$column.bytes() )*
                }
            }

            impl Content for $name {
                const PIECE: Piece = Piece::$name;

                fn nothing() -> &'static Self {
                    static NOTHING: LazyLock<$name> = LazyLock::new(Default::default);
                    &NOTHING
                }
            }
        )*
        $(
            $(#[$side_meta])*
            #[derive(Debug, Clone, PartialEq, Eq, Default)]
            pub struct $side {
                /// In order, once facts are gathered.
                pub owner: Vec<TouchRow>,
                $( $(#[$side_own])* pub $side_column: $side_ty, )*
            }

            impl $side {
                fn pick(parts: &[&Self], moves: &Moves) -> Self {
                    let owners: Vec<&[TouchRow]> = parts.iter().map(|part| part.owner.as_slice()).collect();
                    let (owner, picks) = moves.beside(&owners);
                    Self { $( $side_column: rearranged(parts, &picks, |part| &part.$side_column), )* owner }
                }

                /// Bytes of all columns, without spare capacity.
                #[must_use]
                pub fn bytes(&self) -> usize {
                    self.owner.bytes() $( + self.$side_column.bytes() )*
                }
            }

            impl Content for $side {
                const PIECE: Piece = Piece::$side;

                fn nothing() -> &'static Self {
                    static NOTHING: LazyLock<$side> = LazyLock::new(Default::default);
                    &NOTHING
                }
            }
        )*

        /// All tables of a set of facts, as far as they are given.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Tables { $( pub $field: Table<$name>, )* $( pub $side_field: Table<$side>, )* }

        impl Tables {
            /// The tables of touchpoints, each of which stands in one of them.
            #[must_use]
            pub fn stems(&self) -> [&Stem; TABLES] {
                [$( &self.$field.stem, )*]
            }

            /// The same, without rows where a table was not given; it is not missed.
            pub(crate) fn given_stems(&self) -> [&Stem; TABLES] {
                [$( self.$field.given().map_or(&NOBODY, |table| &table.stem), )*]
            }

            /// These rows of the touchpoints of several sets, with all that stands beside them and
            /// is given. What is given must have been given to them.
            pub(crate) fn pick(parts: &[&Self], chosen: [Chosen; TABLES], given: &Given) -> Self {
                let stems: Vec<[&Stem; TABLES]> = parts.iter().map(|part| part.given_stems()).collect();
                let moves = Moves::of(&stems, std::array::from_fn(|table| chosen[table].picks.as_slice()));
                let [$( $field, )*] = chosen;
                Self {
                    $( $field: given.table(|| {
                        let own: Vec<&$name> = parts.iter().map(|part| &*part.$field).collect();
                        $name::pick(&own, $field)
                    }), )*
                    $( $side_field: given.table(|| {
                        let own: Vec<&$side> = parts.iter().map(|part| &*part.$side_field).collect();
                        $side::pick(&own, &moves)
                    }), )*
                }
            }

            /// The same tables, as far as they are given.
            pub(crate) fn shared(&self, given: &Given) -> Self {
                Self {
                    $( $field: given.shared(&self.$field), )*
                    $( $side_field: given.shared(&self.$side_field), )*
                }
            }

            /// Calls `visit` with the place in memory and the bytes of each table that is given.
            pub fn each_given(&self, mut visit: impl FnMut(usize, usize)) {
                $( self.$field.given().iter().for_each(|table| visit(Arc::as_ptr(table).addr(), table.bytes())); )*
                $( self.$side_field.given().iter().for_each(|table| visit(Arc::as_ptr(table).addr(), table.bytes())); )*
            }

            /// Bytes of all columns that are given, without spare capacity.
            #[must_use]
            pub fn bytes(&self) -> usize {
                let mut bytes = 0;
                self.each_given(|_, table| bytes += table);
                bytes
            }
        }
    };
}

tables! {
    touchpoints {
        /// Purchases. 39 bytes a row, and those of [`Lives`].
        Orders in orders {
            amount: Amounts,
            currency: Vec<u8>,
            /// Stands for the order's id.
            key: Vec<u64>,
            /// The offer that it answers, an item of the dictionary; 0: none.
            item: Vec<u32>,
            /// Those that were told before, and what was cancelled.
            lives: Lives,
        }
        /// Goods or money back. One that names an order stands with whom the order is of; whoever came
        /// with any has a touch of [`super::fact::TouchType::RETURN`]. 47 bytes a row.
        Returns in returns {
            amount: Amounts,
            currency: Vec<u8>,
            /// The order's key, or 0 when the return names none.
            key: Vec<u64>,
            /// When its order was made, whose rates hold; [`NEVER_ORDERED`] when none is known.
            ordered: Vec<i64>,
            /// What came back of the order before it, in the same currency.
            before: Amounts,
            /// Those that count for nothing, and what was off a cancelled order.
            lives: Lives,
        }
        /// Answers to surveys, and reviews with stars or a sentiment. 27 bytes a row.
        Answers in answers {
            /// An [`crate::facts::fact::AnswerKind`].
            kind: Vec<u8>,
            /// 0 for a review without stars.
            score: Vec<u8>,
            survey: Vec<u16>,
            /// Hundredths, or [`NO_SENTIMENT`].
            sentiment: Vec<i8>,
        }
        /// Every touchpoint that stands in none of the other tables. 28 bytes a row.
        Touches in touches {
            /// A [`crate::facts::fact::TouchType`].
            kind: Vec<u8>,
            /// See [`crate::facts::fact::Said`]; likewise `item`.
            detail: Vec<u8>,
            item: Vec<u32>,
        }
        /// What people were shown or sent, and whether they turned to it: impressions, clicks and messages. 28 bytes a row.
        Exposures in exposures {
            kind: Vec<u8>,
            detail: Vec<u8>,
            item: Vec<u32>,
        }
        /// Offers that were shown or accepted. 28 bytes a row.
        Offers in offers {
            kind: Vec<u8>,
            detail: Vec<u8>,
            item: Vec<u32>,
        }
        /// Trials of products. 32 bytes a row.
        Trials in trials {
            kind: Vec<u8>,
            detail: Vec<u8>,
            item: Vec<u32>,
            /// Stands for the visit's id; 0: none.
            tie: Vec<u32>,
        }
        /// Events of service cases. 32 bytes a row.
        Contacts in contacts {
            kind: Vec<u8>,
            detail: Vec<u8>,
            item: Vec<u32>,
            /// Stands for the case's id; 0: none.
            tie: Vec<u32>,
        }
    }
    beside {
        /// Measures of visits. 12 bytes a row.
        Visits in visits {
            /// [`UNKNOWN`] when not known; likewise pages.
            seconds: Vec<u32>,
            pages: Vec<u32>,
        }
        /// Lines of orders and returns, in their order. 17 bytes a row.
        Lines in lines {
            /// The product and its category.
            item: Vec<u32>,
            quantity: Vec<Quantity>,
            /// Minor units, of one.
            price: Amounts,
            /// [`NO_CURRENCY`] when there is no price.
            currency: Vec<u8>,
        }
        /// What was taken off the prices of lines of orders. 13 bytes a row.
        Discounts in discounts {
            /// The product and its category.
            item: Vec<u32>,
            /// Minor units, of the whole line.
            discount: Amounts,
            currency: Vec<u8>,
        }
        /// Visits of orders and returns. 8 bytes a row.
        Ties in ties {
            /// Stands for the visit's id.
            tie: Vec<u32>,
        }
        /// What carts are worth. 9 bytes a row.
        CartValues in cart_values {
            value: Amounts,
            currency: Vec<u8>,
        }
        /// Time spent on a touchpoint. 8 bytes a row.
        Handling in handling {
            seconds: Vec<u32>,
        }
        /// Explicit costs. 9 bytes a row.
        Costs in costs {
            /// Minor units.
            cost: Amounts,
            currency: Vec<u8>,
        }
        /// Margins of orders that say one. 8 bytes a row.
        Margins in margins {
            /// Minor units of the order's currency.
            margin: Amounts,
        }
        /// Writes of traits, in their order. 15 bytes a row.
        TraitWrites in traits {
            name: Vec<u16>,
            /// The hash of the value's text.
            value: Vec<u64>,
            /// [`IF_ABSENT`] and [`SURVIVES`].
            flags: Vec<u8>,
        }
    }
}

/// The time of an order that is not known.
pub const NEVER_ORDERED: i64 = i64::MIN;
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
    /// The facts of several sets but the voided ones, without customers: for unidentified ones.
    #[must_use]
    pub fn joined(parts: &[&Self], voided: &FxHashSet<u32>) -> Self {
        let chosen = std::array::from_fn(|table| {
            let mut picks = Vec::new();
            for (part, tables) in (0_u64..).zip(parts) {
                let numbers = (0_u64..).zip(&tables.stem(table).number);
                picks.extend(numbers.filter(|(_, n)| !voided.contains(n)).map(|(row, _)| part << 32 | row));
            }
            Chosen { picks, customers: Vec::new() }
        });
        Self::pick(parts, chosen, &Given::default())
    }

    /// The touchpoints that are known, by number and time, in their order and with their customers;
    /// as far as they are given.
    #[must_use]
    pub fn only(&self, knows: impl Fn(u32, i64) -> bool + Sync, given: &Given) -> Self {
        let shared = self.shared(given);
        let chosen = shared.given_stems().map(|stem| {
            let rows = (0..stem.len()).into_par_iter().with_min_len(1 << 14);
            let kept = rows.filter(|&row| knows(stem.number[row], stem.at[row]));
            let picks: Vec<Pick> = kept.map(|row| row as Pick).collect();
            let customers = match stem.customer.is_empty() {
                true => Vec::new(),
                false => picks.par_iter().map(|&row| stem.customer[row as usize]).collect(),
            };
            Chosen { picks, customers }
        });
        Self::pick(&[&shared], chosen, given)
    }

    /// The customers of some touchpoints, chosen by number and time; in order.
    #[must_use]
    pub fn customers_of(&self, chosen: impl Fn(u32, i64) -> bool + Sync) -> Vec<u32> {
        let mut customers = Vec::new();
        for stem in self.given_stems() {
            let rows = (0..stem.customer.len()).into_par_iter().with_min_len(1 << 16);
            let rows = rows.filter(|&row| chosen(stem.number[row], stem.at[row]));
            customers.par_extend(rows.map(|row| stem.customer[row]));
        }
        customers.par_sort_unstable();
        customers.dedup();
        customers
    }

    /// Whether all touchpoints are known, by number and time.
    #[must_use]
    pub fn all(&self, knows: impl Fn(u32, i64) -> bool + Sync) -> bool {
        self.given_stems().into_iter().all(|stem| {
            let rows = (0..stem.len()).into_par_iter().with_min_len(1 << 16);
            rows.all(|row| knows(stem.number[row], stem.at[row]))
        })
    }

    /// Touchpoints, each counted once.
    #[must_use]
    pub fn touchpoints(&self) -> usize {
        // Whoever came with a return stands among the touches.
        let own = self.given_stems().into_iter().enumerate().filter(|(table, _)| *table != RETURNS);
        own.map(|(_, stem)| stem.len()).sum()
    }

    /// The rows beside the touchpoints of some consecutive customers, table by table.
    pub fn rows_of<'a>(
        &'a self,
        owners: &'a [TouchRow],
        customers: Range<u32>,
    ) -> impl Iterator<Item = (usize, TouchRow)> + 'a {
        let rows = (0..TABLES).flat_map(move |table| match owners.is_empty() {
            true => 0..0,
            false => rows_beside(owners, table, self.stem(table).rows(customers.clone())),
        });
        rows.map(|row| (row, owners[row]))
    }
}
