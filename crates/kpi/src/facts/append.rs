//! Facts become rows of the tables.

use crate::facts::fact::{Body, Fact, LineFact, TouchType, TraitFact};
use crate::facts::rows::table_of;
use crate::facts::side_tables::{
    ANSWERS, CONTACTS, EXPOSURES, OFFERS, ORDERS, RETURNS, TOUCHES, TRIALS, TouchRow,
};
use crate::facts::stem::Stem;
use crate::facts::tables::{IF_ABSENT, NEVER_ORDERED, NO_CURRENCY, NO_SENTIMENT, Tables};
use crate::ground::quantity::Quantity;

impl Stem {
    fn push(&mut self, fact: &Fact) {
        self.at.push(fact.at);
        self.place.push(fact.place);
        self.observation.push(fact.observation);
        self.number.push(fact.number);
    }
}

impl Tables {
    /// Appends a fact, without a customer.
    pub fn push(&mut self, fact: &Fact) {
        let row = self.push_touchpoint(fact);
        // Whoever came with it has what it cost and said of them; lines and visit are asked of it.
        let owner = match fact.body {
            Body::Return { .. } => self.push_brought(fact),
            _ => row,
        };
        if fact.seconds > 0 {
            let handling = &mut *self.handling;
            handling.owner.push(owner);
            handling.seconds.push(fact.seconds);
        }
        if let Some(cost) = fact.cost {
            let costs = &mut *self.costs;
            costs.owner.push(owner);
            costs.cost.push(cost.minor);
            costs.currency.push(cost.currency);
        }
        fact.traits.iter().for_each(|&write| self.push_trait(owner, write));
        if let Some(measured) = fact.said.visit {
            let visits = &mut *self.visits;
            visits.owner.push(owner);
            visits.seconds.push(measured.seconds);
            visits.pages.push(measured.pages);
        }
        if let Some(value) = fact.said.value {
            let values = &mut *self.cart_values;
            values.owner.push(owner);
            values.value.push(value.minor);
            values.currency.push(value.currency);
        }
        if fact.said.tie > 0 && matches!(row.table(), ORDERS | RETURNS | TOUCHES) {
            let ties = &mut *self.ties;
            ties.owner.push(owner);
            ties.tie.push(fact.said.tie);
        }
        let owner = row;
        fact.said.lines.iter().for_each(|line| self.push_line(owner, line));
        for off in &fact.said.discounts {
            let discounts = &mut *self.discounts;
            discounts.owner.push(owner);
            discounts.item.push(off.item);
            discounts.discount.push(off.amount.minor);
            discounts.currency.push(off.amount.currency);
        }
        if let Some(margin) = fact.said.margin {
            let margins = &mut *self.margins;
            margins.owner.push(owner);
            margins.margin.push(margin);
        }
    }

    fn push_touchpoint(&mut self, fact: &Fact) -> TouchRow {
        let (table, stem) = match fact.body {
            Body::Order { amount, order_key } => {
                let orders = &mut *self.orders;
                orders.amount.push(amount.minor);
                orders.currency.push(amount.currency);
                orders.key.push(order_key);
                orders.item.push(fact.said.item);
                (ORDERS, &mut orders.stem)
            }
            Body::Return { amount, order_key } => {
                let returns = &mut *self.returns;
                returns.amount.push(amount.minor);
                returns.currency.push(amount.currency);
                returns.key.push(order_key);
                returns.ordered.push(NEVER_ORDERED);
                returns.before.push(0);
                (RETURNS, &mut returns.stem)
            }
            Body::Answer { kind, score, survey } => {
                let answers = &mut *self.answers;
                answers.kind.push(kind as u8);
                answers.score.push(score);
                answers.survey.push(survey);
                answers.sentiment.push(fact.said.sentiment.unwrap_or(NO_SENTIMENT));
                (ANSWERS, &mut answers.stem)
            }
            Body::Touch(touch_type) => {
                let (said, table) = (&fact.said, table_of(touch_type));
                macro_rules! push {
                    ($table:expr) => {{
                        let others = &mut *$table;
                        others.kind.push(touch_type.0);
                        others.detail.push(said.detail);
                        others.item.push(said.item);
                        &mut others.stem
                    }};
                }
                let stem = match table {
                    EXPOSURES => push!(self.exposures),
                    OFFERS => push!(self.offers),
                    TRIALS => {
                        self.trials.tie.push(said.tie);
                        push!(self.trials)
                    }
                    CONTACTS => {
                        self.contacts.tie.push(said.tie);
                        push!(self.contacts)
                    }
                    _ => push!(self.touches),
                };
                (table, stem)
            }
        };
        stem.push(fact);
        TouchRow::new(table, stem.len() - 1)
    }

    fn push_brought(&mut self, fact: &Fact) -> TouchRow {
        let touches = &mut *self.touches;
        touches.kind.push(TouchType::RETURN.0);
        touches.detail.push(0);
        touches.item.push(0);
        touches.stem.push(fact);
        TouchRow::new(TOUCHES, touches.stem.len() - 1)
    }

    fn push_line(&mut self, owner: TouchRow, line: &LineFact) {
        let lines = &mut *self.lines;
        lines.owner.push(owner);
        lines.item.push(line.item);
        lines.quantity.push(Quantity::of_milli(line.quantity_milli));
        lines.price.push(line.price.map_or(0, |price| price.minor));
        lines.currency.push(line.price.map_or(NO_CURRENCY, |price| price.currency));
    }

    fn push_trait(&mut self, owner: TouchRow, write: TraitFact) {
        let traits = &mut *self.traits;
        traits.owner.push(owner);
        traits.name.push(write.name);
        traits.value.push(write.value);
        traits.flags.push(if write.if_absent { IF_ABSENT } else { 0 });
    }
}
