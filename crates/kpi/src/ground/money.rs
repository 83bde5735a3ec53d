//! Amounts of one currency in minor units of another, at the rate of the transaction's date.

use customer360_model::{Currency, Micros, Money};

/// Rates are in thousand-millionths: so much of `to` for one of `from`.
pub const RATE_SCALE: i64 = 1_000_000_000;

/// What one unit of a currency is worth in another, from an instant until the next rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeRate {
    pub from: Currency,
    pub to: Currency,
    pub since: Micros,
    /// Units of `to` for a thousand million units of `from`; above 0.
    pub rate_billionths: i64,
}

/// The rates into one currency, by the numbers of currencies that facts have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Converter {
    /// By number of the currency: since when, and by what minor units are multiplied.
    rates: Vec<Vec<(i64, Factor)>>,
    /// The currency of the answer, if any fact has it.
    into: Option<u8>,
}

/// Numerator and denominator.
type Factor = (i128, i128);

impl Converter {
    pub fn new(rates: &[ExchangeRate], into: Option<Currency>, currencies: &[Currency]) -> Self {
        let Some(into) = into else { return Self::default() };
        let of = |&currency: &Currency| {
            let its = rates.iter().filter(|rate| rate.from == currency && rate.to == into);
            let mut its: Vec<(i64, Factor)> = its.map(|rate| (rate.since.0, factor(rate))).collect();
            its.sort_unstable_by_key(|&(since, _)| since);
            its
        };
        let number = currencies.iter().position(|&currency| currency == into);
        Self { rates: currencies.iter().map(of).collect(), into: number.map(|number| number as u8) }
    }

    /// Rounded to the nearest minor unit, halves to even. `None` without a rate of that time.
    #[inline]
    pub fn convert(&self, amount: i64, currency: u8, at: i64) -> Option<i64> {
        if Some(currency) == self.into {
            return Some(amount);
        }
        let rates = self.rates.get(usize::from(currency))?;
        let nth = rates.partition_point(|&(since, _)| since <= at).checked_sub(1)?;
        let (by, over) = rates[nth].1;
        i64::try_from(divided(i128::from(amount).checked_mul(by)?, over)).ok()
    }
}

/// What an amount of that time is worth in a currency; `None` without a rate.
#[must_use]
pub fn worth(rates: &[ExchangeRate], amount: Money, into: Currency, at: i64) -> Option<i64> {
    if amount.currency == into {
        return Some(amount.minor);
    }
    let its = rates.iter().filter(|r| r.from == amount.currency && r.to == into && r.since.0 <= at);
    let (by, over) = factor(its.max_by_key(|rate| rate.since)?);
    i64::try_from(divided(i128::from(amount.minor).checked_mul(by)?, over)).ok()
}

/// The same of millionths of a currency unit.
#[must_use]
pub fn worth_micros(
    rates: &[ExchangeRate],
    (micros, from): (i64, Currency),
    into: Currency,
    at: i64,
) -> Option<i64> {
    if from == into {
        return Some(micros);
    }
    let its = rates.iter().filter(|r| r.from == from && r.to == into && r.since.0 <= at);
    let rate = its.max_by_key(|rate| rate.since)?;
    i64::try_from(divided(i128::from(micros) * i128::from(rate.rate_billionths), RATE_SCALE.into())).ok()
}

/// Minor units of `from` become minor units of `to`.
fn factor(rate: &ExchangeRate) -> Factor {
    let tens = |currency: Currency| 10_i128.pow(currency.exponent());
    (i128::from(rate.rate_billionths) * tens(rate.to), i128::from(RATE_SCALE) * tens(rate.from))
}

/// Halves go to the even neighbour, so that sums of many are not shifted.
fn divided(number: i128, over: i128) -> i128 {
    let (quotient, rest) = (number.div_euclid(over), number.rem_euclid(over));
    match (rest * 2).cmp(&over) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Greater => quotient + 1,
        std::cmp::Ordering::Equal => quotient + quotient.rem_euclid(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_converted_at_the_rate_of_its_date() {
        let (euro, yen) = (Currency::EUR, Currency::parse("JPY").unwrap());
        let yen_no = 1;
        let rate = |since, rate_billionths| ExchangeRate {
            from: yen,
            to: euro,
            since: Micros(since),
            rate_billionths,
        };
        let rates = [rate(100, 6_250_000), rate(50, 6_000_000)];
        let converter = Converter::new(&rates, Some(euro), &[euro, yen]);
        // 1,000 yen at 0.00625 are 6.25 euros; yen have no minor unit.
        assert_eq!(converter.convert(1_000, yen_no, 100), Some(625));
        assert_eq!(converter.convert(1_000, yen_no, 99), Some(600));
        assert_eq!(converter.convert(1_000, yen_no, 49), None, "before the first rate");
        assert_eq!(converter.convert(1, 0, 0), Some(1), "a currency is worth itself at any time");
        assert_eq!((divided(5, 2), divided(3, 2), divided(-5, 2), divided(7, 4)), (2, 2, -2, 2));
    }
}
