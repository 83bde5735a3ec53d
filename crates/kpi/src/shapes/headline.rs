//! The headline figures of the KPIs that have kernels of their own, once more as measures: by
//! them the figures are compared, broken down and traced to customers. Tests hold them equal.

use crate::engine::mark::Mark;
use crate::engine::measure::{ByPlace, Hit, Measure, Params, Seen, Stat};
use crate::facts::fact::{AnswerKind, TouchType};
use crate::facts::side_tables::TouchRow;
use crate::facts::stem::Stem;
use crate::facts::touch_types::Types;
use crate::measures::advocacy::answered;
use crate::shapes::definitions::{COST_TO_SERVE, NPS, REPURCHASE, RETENTION};

fn orders(_: &Params) -> Types {
    Types::of([TouchType::ORDER])
}

const COMMON: Measure = Measure { stat: Stat::Share, anchors: orders, ..Measure::BASE };

/// Period retention, of orders.
pub static RETAINED: Measure = Measure {
    definition: RETENTION,
    of_whole: true,
    observe: |seen, hits| {
        let span = seen.span;
        if span.until > span.observed {
            return;
        }
        let (before, after) = seen.cx.windows_before(span);
        let active = |from: i64, until: i64| {
            let is = move |mark: &&Mark| {
                mark.kind == TouchType::ORDER
                    && from <= mark.at
                    && mark.at < until
                    && seen.has_place(mark.place)
            };
            seen.marks.iter().rev().find(is)
        };
        if let Some(last) = active(before, span.from) {
            hits.push(Hit::of(last).answered(active(after, span.until)));
        }
    },
    by_place: ByPlace::Itself,
    ..COMMON
};

/// (a): customers with two or more orders in range.
pub static REPURCHASED: Measure = Measure {
    definition: REPURCHASE,
    observe: |seen, hits| {
        let mut orders = seen.occasions().map(|nth| &seen.marks[nth]);
        let Some(first) = orders.next() else { return };
        hits.push(Hit::of(first).answered(orders.next()));
    },
    by_place: ByPlace::Itself,
    ..COMMON
};

pub static PROMOTED: Measure = Measure {
    definition: NPS,
    stat: Stat::Nps,
    nobody: true,
    anchors: |_| Types::of([TouchType::SURVEY_ANSWER]),
    observe: |seen, hits| {
        answered(seen, hits, AnswerKind::Nps, |score| match score {
            9.. => 1,
            7..=8 => 0,
            _ => -1,
        });
    },
    by_place: ByPlace::Itself,
    ..COMMON
};

/// The mean cost per customer with any touchpoint in range.
pub static SERVED: Measure = Measure {
    definition: COST_TO_SERVE,
    stat: Stat::MeanOfCustomers,
    costed: true,
    // Sixtieths of a millionth; [`Context::scale`] knows the currency's minor unit.
    scale: 60.0,
    anchors: |_| Types::all(),
    observe: |seen, hits| {
        let touched = |mark: &Mark| {
            let (touch, _) = seen.cx.costs.rate(seen.cx.channel(mark.place), mark.kind, mark.at);
            Hit { whole: 0, ..Hit::of(mark).part(touch) }
        };
        let counted = || seen.marks.iter().filter(|mark| mark.is_touch() && seen.counts(mark));
        let mut charged: Vec<Hit> = counted().map(touched).collect();
        let costs = &seen.cx.costs;
        let is_out = |mark: &&Mark| costs.is_unconverted(seen.cx.channel(mark.place), mark.kind, mark.at);
        let left_out = counted().filter(is_out).count() + charge(seen, &mut charged);
        (0..left_out).for_each(|_| hits.leave_out());
        hits.extend(charged);
    },
    ..COMMON
};

/// Adds minutes and explicit costs to the touchpoints that say them. Returns how many costs cannot be
/// converted.
fn charge(seen: &Seen, hits: &mut [Hit]) -> usize {
    let Some((_, customer)) = seen.who else { return 0 };
    let (costs, tables, mut left_out) = (&seen.cx.costs, seen.tables, 0);
    let mut add = |touch: TouchRow, cost: &dyn Fn(&Stem, usize) -> Option<i128>| {
        let (stem, row) = (tables.stem(touch.table()), touch.row());
        let since = hits.partition_point(|hit| hit.at < stem.at[row]);
        let mut then = hits[since..].iter_mut().take_while(|hit| hit.at == stem.at[row]);
        if let Some(hit) = then.find(|hit| hit.touch == touch) {
            let cost = cost(stem, row);
            left_out += usize::from(cost.is_none());
            let cost = i64::try_from(cost.unwrap_or(0)).unwrap_or(i64::MAX);
            hit.part = hit.part.saturating_add(cost);
        }
    };
    for (row, touch) in tables.rows_of(&tables.handling.owner, customer..customer + 1) {
        add(touch, &|stem, its| {
            let channel = seen.cx.channel(stem.place[its]);
            let (_, minute) = costs.rate(channel, tables.touch_type(touch), stem.at[its]);
            Some(i128::from(tables.handling.seconds[row]) * i128::from(minute))
        });
    }
    for (row, touch) in tables.rows_of(&tables.costs.owner, customer..customer + 1) {
        add(touch, &|stem, its| {
            let (cost, currency) = (tables.costs.cost.get(row), tables.costs.currency[row]);
            let cost = costs.converter.convert(cost, currency, stem.at[its])?;
            Some(i128::from(cost) * 60 * i128::from(costs.micros_per_minor))
        });
    }
    left_out
}
