//! Store conversion with the bounds that entries of nobody leave.

use crate::engine::lens::Lens;
use crate::engine::measure::{Context, Measure, Span};
use crate::engine::order_lens::OrderLens;
use crate::engine::scalar::{self, Question};
use crate::engine::scope::KpiError;
use crate::facts::fact::TouchType;
use crate::facts::snapshot::Snapshot;
use crate::ground::answer::{Basis, Ratio};
use crate::measures::conversion::{SHOWROOMERS, STORE_CONVERSION, STORE_CONVERSION_ADJUSTED};
use crate::measures::footfall::{COUNTED_ADJUSTED, COUNTED_CONVERSION, COUNTED_VISITS};
use customer360_model::Channel;
use customer360_model::channel::Medium;

/// What the answer is made of.
pub static STORE_MEASURES: [&Measure; 6] = [
    &STORE_CONVERSION,
    &SHOWROOMERS,
    &STORE_CONVERSION_ADJUSTED,
    &COUNTED_CONVERSION,
    &COUNTED_ADJUSTED,
    &COUNTED_VISITS,
];

/// Store conversion with the bounds that entries of nobody leave.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreConversion {
    pub basis: Basis,
    pub raw: Ratio,
    pub showroomers: Ratio,
    /// As if nobody of the unidentified bought online.
    pub adjusted_low: Ratio,
    /// As if every unidentified entry was a showroomer.
    pub adjusted_high: Ratio,
    pub unidentified_entries: u64,
    /// Entries of traffic counts; the following is of their locations and times only.
    pub counted_entries: u64,
    pub counted_raw: Ratio,
    pub counted_low: Ratio,
    pub counted_high: Ratio,
}

/// The question is of [`STORE_MEASURES`].
///
/// # Errors
/// As [`crate::engine::scalar::compute`].
pub fn compute(snapshot: &Snapshot, question: &Question) -> Result<StoreConversion, KpiError> {
    let answers = scalar::compute(snapshot, question)?;
    let scope = &question.scope;
    let lens = Lens::new(snapshot, scope)?;
    let names = &*snapshot.dictionary;
    let is_physical = |place: u16| {
        let channel = Channel::parse(names.channels.name(names.place(place).channel));
        channel.is_some_and(|channel| channel.medium() == Medium::Physical)
    };
    // Of entries that are decided.
    let (adjusted, orders) = (&[&STORE_CONVERSION_ADJUSTED], OrderLens::new(&lens, &question.params.orders)?);
    let span = Span { from: lens.from, until: scope.range.until.0, observed: lens.observed };
    let cx = Context::new(&lens, &orders, &question.params, adjusted, &[span])?;
    let mature = cx.mature(&STORE_CONVERSION_ADJUSTED, span);
    let mut unidentified_entries = 0;
    for tables in lens.unidentified() {
        let touches = &tables.touches;
        let is_entry = |&row: &usize| {
            let is_visit = touches.kind[row] == TouchType::VISIT.0 && is_physical(touches.stem.place[row]);
            is_visit && touches.stem.at[row] < mature
        };
        unidentified_entries += lens.rows_in_range(&touches.stem).filter(is_entry).count() as u64;
    }
    let [entries, decided, counted_entries, counted_decided] =
        [0, 2, 3, 4].map(|nth: usize| answers[nth].total.denominator.unwrap_or(0.0));
    let [raw, showroomers, adjusted, counted, counted_adjusted] =
        [0, 1, 2, 3, 4].map(|nth: usize| answers[nth].total.numerator);
    // Of those who entered, whose visit is known.
    let known = answers[5].total.anchors as f64;
    let unknown = (counted_decided - known).max(0.0);
    Ok(StoreConversion {
        basis: answers[2].basis.clone(),
        raw: Ratio::quotient(raw, entries),
        showroomers: Ratio::quotient(showroomers, decided),
        adjusted_low: Ratio::quotient(adjusted, decided),
        adjusted_high: Ratio::quotient(adjusted + unidentified_entries as f64, decided),
        unidentified_entries,
        counted_entries: counted_entries as u64,
        counted_raw: Ratio::quotient(counted, counted_entries),
        counted_low: Ratio::quotient(counted_adjusted, counted_decided),
        counted_high: Ratio::quotient(counted_adjusted + unknown, counted_decided),
    })
}
