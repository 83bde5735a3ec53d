//! Customers who buy as BG/NBD has it.

use customer360::kpi::facts::fact::{Amount, Body, Said};
use customer360::kpi::{Dictionary, Fact, Identity, Tables};
use customer360::model::Currency;
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;

use crate::columns::DAY;

/// Everybody is known by one observation.
#[derive(Clone, Copy)]
pub struct OneEach;

impl Identity for OneEach {
    fn customer_of(&self, observation: u32, _at: i64) -> u32 {
        observation
    }

    fn is_registered(&self, _customer: u32) -> bool {
        true
    }
}

/// Orders of so many customers over two years: each begins at some time, buys at a rate of their own
/// and leaves after an order with a chance of their own.
pub fn buyers(customers: u32) -> (Tables, Dictionary) {
    let rng = &mut ChaCha8Rng::seed_from_u64(2);
    let mut dictionary = Dictionary::default();
    let place = dictionary.intern_place("web", None, "shop");
    let currency = dictionary.intern_currency(Currency::EUR).unwrap();
    let exponential = |rng: &mut ChaCha8Rng| -(1.0 - rng.random::<f64>()).ln();
    let mut tables = Tables::default();
    let mut number = 0;
    for customer in 1..=customers {
        let mut day = rng.random_range(0.0..730.0);
        let rate = 0.008 * exponential(rng);
        let (leaves, worth) = (0.5 * rng.random::<f64>(), 1_000.0 + 5_000.0 * exponential(rng));
        while day < 731.0 {
            number += 1;
            let amount = Amount { minor: (worth * (0.5 + rng.random::<f64>())) as i64, currency };
            tables.push(&Fact {
                number,
                observation: customer,
                at: 19_723 * DAY + (day * DAY as f64) as i64,
                place,
                body: Body::Order { amount, order_key: u64::from(number) },
                seconds: 0,
                cost: None,
                traits: Vec::new(),
                statement: None,
                said: Said::default(),
            });
            if rng.random_bool(leaves) {
                break;
            }
            day += exponential(rng) / rate;
        }
    }
    (tables, dictionary)
}
