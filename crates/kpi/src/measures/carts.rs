//! Carts: how many are abandoned, and how many of those come back.

use smallvec::SmallVec;

use crate::engine::hits::Hits;
use crate::engine::mark::Mark;
use crate::engine::measure::{Ahead, Hit, Measure, Seen, Stat};
use crate::facts::fact::TouchType;
use crate::facts::touch_types::Types;
use crate::ground::definition::{
    DROP_RETURNED, Definition, FACTORS, MIN_AMOUNT, NO_ANCHOR, Parameter, WILSON, parameter,
};
use crate::ground::small_map::Few;

const ABANDONED: Parameter =
    parameter("window.days", "1", "W: without an order for so long a cart is abandoned");
const KIND: Parameter = parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each");
const RECOVERY: Parameter =
    parameter("recovery_days", "30", "R: how long after its opening a cart may be recovered");

fn is_cart(mark: &Mark) -> bool {
    mark.kind == TouchType::CART_UPDATED || mark.kind == TouchType::CHECKOUT_STARTED
}

fn is_order(mark: &Mark) -> bool {
    mark.kind == TouchType::ORDER
}

/// Whether a cart holds nothing after a change.
fn is_empty(mark: &Mark) -> bool {
    mark.detail != 0
}

/// Where each cart of the customer was opened: its first touchpoint ever at which it held anything,
/// if that is an anchor. Touchpoints without a cart id are one cart until the next order. A cart that
/// was emptied within W, and not filled again, is none.
pub(crate) fn opened(seen: &Seen) -> SmallVec<[usize; 8]> {
    let (mut known, mut nameless, mut opened) = (Few::new(), false, SmallVec::new());
    for (nth, mark) in seen.marks.iter().enumerate() {
        if is_order(mark) {
            nameless = false;
        }
        if !is_cart(mark) || is_empty(mark) {
            continue;
        }
        let is_new = match seen.item(mark) {
            0 => !std::mem::replace(&mut nameless, true),
            cart => known.is_new(cart),
        };
        if is_new && seen.counts(mark) && !is_emptied(seen, nth) {
            opened.push(nth);
        }
    }
    opened
}

/// Whether the last that is known of a cart within W, and before an order, is that it is empty.
fn is_emptied(seen: &Seen, nth: usize) -> bool {
    let opening = &seen.marks[nth];
    let end = seen.window_end(opening.at);
    let later = seen.marks[nth..].iter().take_while(|mark| mark.at < end && !is_order(mark));
    later.filter(|mark| is_cart(mark) && seen.item(mark) == seen.item(opening)).last().is_some_and(is_empty)
}

/// What a cart is last known to be worth, of the touchpoints before it was ordered or lost sight
/// of; `None` when it says nothing, and nothing inside when that cannot be converted.
pub(crate) fn worth(seen: &Seen, nth: usize) -> Option<Option<i64>> {
    let (values, mark) = (&seen.tables.cart_values, &seen.marks[nth]);
    let end = seen.answer(nth, is_order).map_or(i64::MAX, |order| order.at);
    let its =
        seen.marks[nth..].iter().filter(|m| is_cart(m) && seen.item(m) == seen.item(mark) && m.at <= end);
    let until = seen.window_end(mark.at);
    let within = its.take_while(|m| m.at < until);
    let mut worth = None;
    for touch in within {
        let found = seen.beside(&values.owner, touch).next();
        let said = found.map(|row| (values.value.get(row), values.currency[row]));
        if let Some((value, currency)) = said {
            worth = Some(seen.cx.orders.converted(value, currency, touch.at));
        }
    }
    worth
}

const COMMON: Measure = Measure {
    stat: Stat::Share,
    window_days: 1,
    ahead: Ahead::Window,
    anchors: |_| Types::of([TouchType::CART_UPDATED, TouchType::CHECKOUT_STARTED]),
    beside: |_| Types::of([TouchType::ORDER]),
    ..Measure::BASE
};

/// A cart that was not followed by an order within W. Open to change until W was observed.
fn abandoned(seen: &Seen, nth: usize) -> Hit {
    let hit = seen.asked(nth, is_order);
    Hit { part: 1 - hit.part, ..hit }
}

pub static CART_ABANDONMENT: Measure = Measure {
    definition: Definition::scalar(
        "cart_abandonment",
        "Cart abandonment",
        "share of carts",
        "Of the carts opened in range (the first touchpoint at which they held anything), the share without an order \
         by the same customer, by any channel, within W. A cart that was emptied within W is none. Carts without an \
         id are one until the customer's next order.",
    )
    .revised(2)
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(FACTORS)
    .asking(&[ABANDONED, KIND, MIN_AMOUNT, DROP_RETURNED]),
    observe: |seen, hits| hits.extend(opened(seen).into_iter().map(|nth| abandoned(seen, nth))),
    ..COMMON
};

fn recovery_end(seen: &Seen, cart: &Mark) -> i64 {
    seen.end_of_days(seen.cx.params.recovery_days, cart.at)
}

/// The order that recovered an abandoned cart, within R of its opening.
fn recovery<'s>(seen: &'s Seen, nth: usize) -> Option<&'s Mark> {
    seen.answer_before(recovery_end(seen, &seen.marks[nth]), nth, is_order)
}

fn recovered(seen: &Seen, hits: &mut Hits, counts: impl Fn(&Mark, &Mark) -> bool) {
    for nth in opened(seen) {
        if abandoned(seen, nth).part == 0 {
            continue;
        }
        let cart = &seen.marks[nth];
        if !seen.is_observed(cart.at) {
            // It may be ordered before it counts as abandoned.
            continue;
        }
        let order = recovery(seen, nth).filter(|order| counts(cart, order));
        let censored = recovery_end(seen, cart) > seen.span.observed;
        hits.push(Hit { censored, ..Hit::of(cart).answered(order) });
    }
}

pub static CART_RECOVERY: Measure = Measure {
    definition: Definition::scalar(
        "cart_recovery",
        "Cart recovery",
        "share of abandoned carts",
        "Of the carts opened in range and abandoned, the share with an order by the same customer, by any \
         channel and device, within R days of the opening. Channel by other channel: where it was abandoned and \
         where recovered.",
    ).revised(2)
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(FACTORS)
    .asking(&[ABANDONED, KIND, RECOVERY, MIN_AMOUNT, DROP_RETURNED]),
    ahead: Ahead::Recovery,
    observe: |seen, hits| recovered(seen, hits, |_, _| true),
    ..COMMON
};

pub static CART_RECOVERY_ELSEWHERE: Measure = Measure {
    definition: Definition::scalar(
        "cart_recovery_elsewhere",
        "Cart recovery on another channel or device",
        "share of abandoned carts",
        "Of the carts opened in range and abandoned, the share whose first order within R days of the opening \
         was by another channel, or known by another set of identifiers (a device, a login), than the cart.",
    ).revised(2)
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(FACTORS)
    .asking(&[ABANDONED, KIND, RECOVERY, MIN_AMOUNT, DROP_RETURNED]),
    ahead: Ahead::Recovery,
    observe: |seen, hits| {
        recovered(seen, hits, |cart, order| {
            seen.cx.channel(cart.place) != seen.cx.channel(order.place) || seen.observation(cart) != seen.observation(order)
        });
    },
    ..COMMON
};

pub static ABANDONED_VALUE: Measure = Measure {
    definition: Definition::scalar(
        "abandoned_cart_value",
        "Value of abandoned carts",
        "minor units",
        "The sum of what the carts opened in range and abandoned were last known to be worth, within W of their \
         opening; carts that say nothing add nothing, and those whose amount cannot be converted are excluded and \
         counted.",
    )
    .revised(2)
    .from(FACTORS)
    .asking(&[ABANDONED, KIND]),
    stat: Stat::Sum,
    money: true,
    observe: |seen, hits| {
        for nth in opened(seen) {
            let hit = abandoned(seen, nth);
            match worth(seen, nth).filter(|_| hit.part == 1) {
                Some(Some(worth)) => hits.push(hit.part(worth)),
                Some(None) => hits.leave_out(),
                None => {}
            }
        }
    },
    ..COMMON
};
