//! Segments and scores as groups of any figure, and segments compared with those of another time.

use super::{Answer, Question, Segment};
use crate::Ratio;
use crate::engine::compare::days_of;
use crate::engine::compare::{Against, Change, changes, earlier};
use crate::engine::measure::{Hit, Measure, Span, Stat};
use crate::engine::rfm_scale::bought_by;
use crate::engine::scalar::Figure;
use crate::engine::scope::{KpiError, Scope};
use crate::facts::fact::TouchType;
use crate::facts::snapshot::Snapshot;
use crate::facts::touch_types::Types;
use crate::ground::definition::{DROP_RETURNED, Definition, MIN_AMOUNT, PEERS};
use crate::ground::statistics::Moments;
use customer360_model::{Micros, TimeRange};

/// Segments beside those of another time.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    pub span: Span,
    /// Local days of the range that were observed, and of that time.
    pub days: [u32; 2],
    /// In the order of [`Segment::ALL`]: the share of each then, and how it changed.
    pub segments: Vec<(Figure, Change)>,
}

/// The segments of an answer beside those of another time by the same scale: by a scale of its own
/// nearly every fifth would be as large as it is now. The p-values are adjusted for all segments.
///
/// # Errors
/// As [`super::compute`].
pub fn compared(
    snapshot: &Snapshot,
    question: &Question,
    answer: &Answer,
    against: Against,
) -> Result<Compared, KpiError> {
    let observed = question.scope.observed_on(snapshot);
    let span = earlier(&question.scope, observed, against)?;
    let own =
        Span { from: question.scope.range.from.0, until: question.scope.range.until.0, observed: observed.0 };
    let days = [days_of(&question.scope.zone, own)?, days_of(&question.scope.zone, span)?];
    let range = TimeRange { from: Micros(span.from), until: Micros(span.until) };
    let scope = Scope { range, observed_until: Some(Micros(span.observed)), ..question.scope.clone() };
    let mut then = [0; Segment::ALL.len()];
    for (_, bought) in bought_by(snapshot, None, &scope, &question.orders)? {
        then[Segment::of(answer.cuts.scores(&bought)) as usize] += 1;
    }
    let now = answer.result.total.map(|sums| sums.customers);
    let share = |of: &[u64; Segment::ALL.len()], nth: usize| share(of[nth], of.iter().sum());
    let pairs: Vec<(Stat, Figure, Figure)> =
        (0..Segment::ALL.len()).map(|nth| (Stat::Share, share(&now, nth), share(&then, nth))).collect();
    let before = pairs.iter().map(|(_, _, before)| *before);
    Ok(Compared { span, days, segments: before.zip(changes(&pairs)).collect() })
}

fn share(customers: u64, all: u64) -> Figure {
    let Ratio { value, numerator, denominator, interval, absent } = Ratio::share(customers, all);
    Figure {
        value,
        interval,
        numerator,
        denominator: Some(denominator),
        anchors: all,
        customers,
        open: 0,
        so_far: None,
        known_at: None,
        absent,
        moments: Moments::default(),
    }
}

/// Those whom RFM is about.
pub static BUYERS: Measure = Measure {
    definition: Definition::scalar(
        "buyers",
        "Buyers",
        "customers",
        "Customers with an order in range and scope. By RFM_SEGMENT and RFM_SCORES: how many there are of each, as \
         rfm has them. Grouped by channel or location a customer counts once in each, so groups do not add up to the \
         total.",
    )
    .revised(2)
    .from(PEERS)
    .asking(&[MIN_AMOUNT, DROP_RETURNED]),
    stat: Stat::Customers,
    anchors: |_| Types::of([TouchType::ORDER]),
    observe: |seen, hits| {
        hits.extend(seen.anchors(TouchType::ORDER).map(|(_, mark)| Hit::of(mark).part(1)));
    },
    ..Measure::BASE
};
