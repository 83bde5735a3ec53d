//! Cross-channel conversion: visits that lead to orders, channels that lead to others,
//! showrooming, ROPO.

use crate::engine::hits::Hits;
use crate::engine::mark::Mark;
use crate::engine::measure::{
    Ahead, ByPlace, Hit, Measure, Other, Params, RESEARCH, Research, Same, Seen, Stat, nothing,
};
use crate::facts::fact::TouchType;
use crate::facts::touch_types::Types;
use crate::ground::definition::{
    CROSS, DROP_RETURNED, Definition, FACTORS, MIN_AMOUNT, NO_ANCHOR, NO_INTERVAL, ORDER_UNIT, PHASES,
    Parameter, WILSON, parameter,
};
use customer360_model::activity::MessageStatus;

const KIND: Parameter = parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each");
const AHEAD: &[Parameter] = &[
    parameter("window.days", "7", "W; 0 is the same local day"),
    KIND,
    parameter("same_visit", "false", "whether an order answers only the visit whose visit_id it names"),
    MIN_AMOUNT,
    DROP_RETURNED,
];
const BACK: Parameter = parameter("window.days", "30", "W");
const SAME: Parameter = parameter(
    "same",
    "ANYTHING",
    "what research and order must share: nothing, a category or a product of the order's lines",
);

fn visits(_: &Params) -> Types {
    Types::of([TouchType::VISIT])
}

fn orders(_: &Params) -> Types {
    Types::of([TouchType::ORDER])
}

/// What the measures of this room have in common.
const COMMON: Measure = Measure {
    stat: Stat::Share,
    window_days: 7,
    ahead: Ahead::Window,
    anchors: visits,
    beside: orders,
    ..Measure::BASE
};

fn is_order(mark: &Mark) -> bool {
    mark.kind == TouchType::ORDER
}

/// Whether an order is of a visit, where that is asked.
fn is_of(seen: &Seen, visit: &Mark, order: &Mark) -> bool {
    !seen.cx.params.same_visit || (seen.tie(visit) != 0 && seen.tie(visit) == seen.tie(order))
}

/// The visits that count, each with the order that follows it within W.
fn sold(seen: &Seen, mut tell: impl FnMut(Hit)) {
    if !seen.cx.params.same_visit {
        return seen.all_asked(TouchType::VISIT, is_order).for_each(tell);
    }
    for (nth, visit) in seen.anchors(TouchType::VISIT) {
        tell(seen.asked(nth, |later| is_order(later) && is_of(seen, visit, later)));
    }
}

pub static CONVERSION: Measure = Measure {
    definition: Definition::scalar(
        "conversion",
        "Conversion rate",
        "share of visits",
        "Of the visits in range, the share followed by an order of the same customer within W, by any channel. \
         Every visit counts by itself: one order may follow several.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(FACTORS)
    .asking(AHEAD),
    observe: |seen, hits| sold(seen, |hit| hits.push(hit)),
    ..COMMON
};

pub static CONVERSION_SAME_CHANNEL: Measure = Measure {
    definition: Definition::scalar(
        "conversion_same_channel",
        "Conversion rate by the same channel",
        "share of visits",
        "Of the visits in range, the share followed by an order of the same customer within W by the channel \
         that was visited.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(CROSS)
    .asking(AHEAD),
    observe: |seen, hits| {
        for (nth, mark) in seen.anchors(TouchType::VISIT) {
            let channel = seen.cx.channel(mark.place);
            let its = |later: &Mark| seen.cx.channel(later.place) == channel && is_of(seen, mark, later);
            hits.push(seen.asked(nth, |later| is_order(later) && its(later)));
        }
    },
    ..COMMON
};

pub static VISITOR_CONVERSION: Measure = Measure {
    definition: Definition::scalar(
        "visitor_conversion",
        "Conversion rate of visitors",
        "share of customers",
        "Of the customers with a visit in range, the share with an order, by any channel, within W after any of \
         those visits. By channel or location a customer counts in each group that they visited.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(FACTORS)
    .asking(AHEAD),
    observe: |seen, hits| {
        let (mut first, mut answered, mut censored) = (None::<Hit>, None::<Hit>, false);
        let sooner = |known: Option<Hit>, hit: Hit| known.filter(|known| known.at < hit.at).or(Some(hit));
        sold(seen, |hit| {
            first = sooner(first, hit);
            censored |= hit.censored;
            answered = if hit.part == 1 { sooner(answered, hit) } else { answered };
        });
        // Who may still be won by a later visit is not known yet, and who was won sooner would be counted alone.
        hits.extend(answered.or(first).map(|hit| Hit { censored, ..hit }));
    },
    by_place: ByPlace::Itself,
    ..COMMON
};

pub static NO_PURCHASE: Measure = Measure {
    definition: Definition::scalar(
        "no_purchase",
        "Reasons for not buying",
        "answers",
        "Touchpoints in range that say why nothing was bought, those of nobody too. By item: the reason.",
    )
    .from(FACTORS),
    stat: Stat::Sum,
    window_days: 0,
    ahead: Ahead::Nothing,
    nobody: true,
    anchors: |_| Types::of([TouchType::NO_PURCHASE]),
    beside: nothing,
    each_one: true,
    ..COMMON
};

/// What the measures of orders and the research before them have in common.
const RESEARCHED: Measure =
    Measure { window_days: 30, ahead: Ahead::Nothing, anchors: orders, beside: |_| *RESEARCH, ..COMMON };

/// The research before an order that counts, in order of time.
fn research<'s>(seen: &'s Seen, order: usize) -> impl DoubleEndedIterator<Item = &'s Mark> {
    let (types, same) = (*RESEARCH, seen.cx.params.same);
    let lines = match same {
        Same::Anything => 0..0,
        _ => seen.lines_of(&seen.marks[order]),
    };
    let items = seen.cx.names.items();
    let bought: Vec<(u32, u32)> = lines.filter_map(|row| items.pair(seen.tables.lines.item[row])).collect();
    let is_research = move |mark: &Mark| {
        types.has(mark.kind)
            && (mark.kind != TouchType::MESSAGE || mark.detail == MessageStatus::Clicked as u8)
    };
    let before = seen.before(order).iter().filter(move |mark| is_research(mark));
    before.filter(move |mark| same == Same::Anything || shares(seen, mark, &bought, same))
}

/// Whether a touchpoint is about something that was bought. Nothing is like nothing.
fn shares(seen: &Seen, mark: &Mark, bought: &[(u32, u32)], same: Same) -> bool {
    let items = seen.cx.names.items();
    let is_product = mark.kind != TouchType::VISIT && mark.kind != TouchType::OFFER_SHOWN;
    let Some((product, category)) = items.pair(seen.item(mark)).filter(|_| is_product) else { return false };
    bought.iter().any(|&(bought_product, bought_category)| match same {
        Same::Category => category == bought_category && items.text(category).is_some(),
        _ => product == bought_product && items.text(product).is_some(),
    })
}

pub static CHANNEL_CONVERSION: Measure = Measure {
    definition: Definition::scalar(
        "channel_conversion",
        "Channel-to-channel conversion",
        "share of researched orders",
        "Of the orders in range with research within W before (consideration, articles, clicks), the share of \
         which the research was by another channel than the purchase. The first, the last, or one research \
         touchpoint by each channel counts; with one by each, an order counts once for each. Channel by other \
         channel: the matrix of purchase and research.",
    ).revised(2)
    .with(WILSON, NO_ANCHOR)
    .from(FACTORS)
    .asking(&[
        BACK,
        KIND,
        parameter("research", "FIRST", "which research touchpoint counts: the first, the last, one by each channel"),
        SAME,
        ORDER_UNIT,
        MIN_AMOUNT,
        DROP_RETURNED,
    ]),
    observe: |seen, hits| {
        for nth in seen.orders() {
            let mark = &seen.marks[nth];
            let mut push = |found: &Mark| {
                let crossed = seen.cx.channel(found.place) != seen.cx.channel(mark.place);
                let other = Some(Other::of(found));
                hits.push(Hit { other, ..Hit::of(mark).part(i64::from(crossed)) });
            };
            let mut before = research(seen, nth);
            match seen.cx.params.research {
                Research::First => before.next().into_iter().for_each(&mut push),
                Research::Last => before.next_back().into_iter().for_each(&mut push),
                Research::Each => {
                    let mut channels = Vec::new();
                    for found in before {
                        let channel = seen.cx.channel(found.place);
                        if !channels.contains(&channel) {
                            channels.push(channel);
                            push(found);
                        }
                    }
                }
            }
        }
    },
    ..RESEARCHED
};

/// Orders by one medium with research by the other before them.
fn researched_elsewhere(seen: &Seen, hits: &mut Hits, bought_in_store: bool) {
    for nth in seen.orders() {
        let mark = &seen.marks[nth];
        if seen.cx.is_physical(mark.place) == bought_in_store {
            let elsewhere = |mark: &&Mark| seen.cx.is_physical(mark.place) != bought_in_store;
            hits.push(Hit::of(mark).answered(research(seen, nth).find(elsewhere)));
        }
    }
}

pub static ROPO: Measure = Measure {
    definition: Definition::scalar(
        "ropo",
        "ROPO: research online, purchase offline",
        "share of store orders",
        "Of the identified orders in range by physical channels, the share with research by an online channel by \
         the same customer within W before (consideration, articles, clicks). Orders of nobody are excluded and \
         counted.",
    ).revised(2)
    .with(WILSON, NO_ANCHOR)
    .from(PHASES)
    .asking(&[BACK, KIND, SAME, ORDER_UNIT, MIN_AMOUNT, DROP_RETURNED]),
    in_stores: true,
    observe: |seen, hits| researched_elsewhere(seen, hits, true),
    ..RESEARCHED
};

pub static REVERSE_ROPO: Measure = Measure {
    definition: Definition::scalar(
        "reverse_ropo",
        "Reverse ROPO: research offline, purchase online",
        "share of online orders",
        "Of the identified orders in range by online channels, the share with research by a physical channel by \
         the same customer within W before (consideration, articles, clicks). Orders of nobody are excluded and \
         counted.",
    ).revised(2)
    .with(WILSON, NO_ANCHOR)
    .from(PHASES)
    .asking(&[BACK, KIND, SAME, ORDER_UNIT, MIN_AMOUNT, DROP_RETURNED]),
    observe: |seen, hits| researched_elsewhere(seen, hits, false),
    ..RESEARCHED
};

/// What counts at entries, visits by physical channels.
#[derive(Clone, Copy)]
pub(crate) struct Entries {
    /// Customers who then bought online.
    pub showroomers: bool,
    /// Orders there.
    pub orders: bool,
    /// What an entry adds to what is divided by.
    pub whole: i64,
}

fn store_conversion(seen: &Seen, hits: &mut Hits, showroomers: bool, orders: bool) {
    store_visits(seen, hits, Entries { showroomers, orders, whole: 1 }, |_| true);
}

/// The same of those visits and orders that `is_its` lets through.
pub(crate) fn store_visits(seen: &Seen, hits: &mut Hits, entries: Entries, is_its: impl Fn(&Mark) -> bool) {
    let mut is_open = entries.showroomers;
    for (nth, mark) in seen.marks.iter().enumerate() {
        if !seen.counts(mark) || !seen.cx.is_physical(mark.place) || !is_its(mark) {
            continue;
        }
        // Orders of the days on which entries are not decided yet are left out with these.
        let censored = entries.showroomers && !seen.is_observed(mark.at);
        match mark.kind {
            TouchType::VISIT => {
                // The first visit counts that an order online followed, and none in a store.
                let bought = if is_open { showroomed(seen, nth) } else { None };
                is_open &= bought.is_none();
                hits.push(Hit { whole: entries.whole, censored, ..Hit::of(mark).answered(bought) });
            }
            TouchType::ORDER if entries.orders => {
                hits.push(Hit { part: 1, whole: 0, censored, ..Hit::of(mark) });
            }
            _ => {}
        }
    }
}

/// The order online within the window after a visit, if there is none in a store.
fn showroomed<'s>(seen: &'s Seen, visit: usize) -> Option<&'s Mark> {
    if seen.is_last(visit) {
        return None;
    }
    let (end, mut online) = (seen.window_end(seen.marks[visit].at), None);
    let later = seen.marks[visit + 1..].iter().take_while(|mark| mark.at < end);
    for order in later.filter(|mark| is_order(mark)) {
        if seen.cx.is_physical(order.place) {
            return None;
        }
        online = online.or(Some(order));
    }
    online
}

const STORE: Measure = Measure {
    stat: Stat::Quotient,
    nobody: true,
    in_stores: true,
    store_visits: true,
    anchors: |_| Types::of([TouchType::VISIT, TouchType::ORDER]),
    beside: nothing,
    ..COMMON
};
const NO_ENTRY: &str = "Absent without an entry; above 1 where orders outnumber recorded entries.";

pub static STORE_CONVERSION: Measure = Measure {
    definition: Definition::scalar(
        "store_conversion",
        "Store conversion, raw",
        "orders per entry",
        "Orders by physical channels in range over visits by physical channels in range, those of nobody too.",
    )
    .with(NO_INTERVAL, NO_ENTRY)
    .revised(2)
    .from(CROSS)
    .asking(AHEAD),
    ahead: Ahead::Nothing,
    observe: |seen, hits| store_conversion(seen, hits, false, true),
    ..STORE
};

pub static SHOWROOMERS: Measure = Measure {
    definition: Definition::scalar(
        "showroomers",
        "Showroomers",
        "customers per entry",
        "Customers with a visit by a physical channel in range who placed an order by an online channel within \
         W after it and none by a physical one, over visits by physical channels in range, those of nobody too. \
         Who among nobody did so is not known: this is the lower bound.",
    )
    .with(NO_INTERVAL, NO_ENTRY)
    .revised(2)
    .from(CROSS)
    .asking(AHEAD),
    observe: |seen, hits| store_conversion(seen, hits, true, false),
    by_place: ByPlace::Itself,
    ..STORE
};

pub static STORE_CONVERSION_ADJUSTED: Measure = Measure {
    definition: Definition::scalar(
        "store_conversion_adjusted",
        "Store conversion, with showroomers",
        "orders and showroomers per entry",
        "The raw store conversion and the showroomers: orders by physical channels, and customers who saw and \
         bought online within W, over visits by physical channels, those of nobody too. A lower bound where \
         visits of nobody count; ComputeStoreConversion gives both bounds.",
    )
    .with(NO_INTERVAL, NO_ENTRY)
    .revised(2)
    .from(CROSS)
    .asking(AHEAD),
    observe: |seen, hits| store_conversion(seen, hits, true, true),
    by_place: ByPlace::Itself,
    ..STORE
};
