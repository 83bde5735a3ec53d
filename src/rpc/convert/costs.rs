//! Cost rates and capacities, both ways.

use std::collections::HashSet;

use jiff::tz::TimeZone;

use super::question::range;
use super::{Checks, Path, activity_type, activity_type_number, channel, money_to_proto, timestamp};
use crate::kpi::engine::scope::RATE_LIMIT_MICROS;
use crate::model::{ActivityType, Micros, Reason, Violation};
use crate::rpc::proto;
use crate::store::{Capacity, CostRate};

/// Rates or capacities of one request.
const RECORDS: usize = 10_000;
/// Minutes of one capacity: two million people for a year.
const MINUTES: i64 = 1_000_000_000_000;

/// # Errors
/// Everything that is wrong with the rates.
pub fn rates(mut c: Checks<'_>, said: Vec<proto::CostRate>) -> Result<Vec<CostRate>, Vec<Violation>> {
    let (root, mut seen) = (Path::root(), HashSet::new());
    let said = records(&mut c, &root.field("rates"), said);
    let mut parsed = Vec::with_capacity(said.len());
    for (i, said) in said.into_iter().enumerate() {
        let at = root.item("rates", i);
        let rate = rate(&mut c, &at, said);
        let activity = rate.activity.map(ActivityType::index);
        if !seen.insert((rate.channel.clone(), activity, rate.currency, rate.effective_from)) {
            c.refuse(&at, Reason::Conflict, "is said twice");
        }
        parsed.push(rate);
    }
    c.finish(parsed)
}

/// # Errors
/// Everything that is wrong with the capacities.
pub fn capacities(mut c: Checks<'_>, said: Vec<proto::Capacity>) -> Result<Vec<Capacity>, Vec<Violation>> {
    let (root, mut seen) = (Path::root(), HashSet::new());
    let said = records(&mut c, &root.field("capacities"), said);
    let mut parsed = Vec::with_capacity(said.len());
    for (i, said) in said.into_iter().enumerate() {
        let at = root.item("capacities", i);
        let capacity = capacity(&mut c, &at, said);
        if !seen.insert((capacity.channel.clone(), capacity.interval.from, capacity.interval.until)) {
            c.refuse(&at, Reason::Conflict, "is said twice");
        }
        parsed.push(capacity);
    }
    c.finish(parsed)
}

#[must_use]
pub fn rate_to_proto(rate: CostRate) -> proto::CostRate {
    proto::CostRate {
        channel: rate.channel.as_str().to_owned(),
        activity_type: rate.activity.map_or(0, activity_type_number),
        currency: rate.currency.code().to_owned(),
        per_touch_micros: Some(rate.per_touch_micros),
        per_minute_micros: Some(rate.per_minute_micros),
        effective_from: Some(timestamp(rate.effective_from)),
    }
}

#[must_use]
pub fn capacity_to_proto(capacity: Capacity) -> proto::Capacity {
    proto::Capacity {
        channel: capacity.channel.as_str().to_owned(),
        interval: Some(proto::TimeRange {
            start: Some(timestamp(capacity.interval.from)),
            end: Some(timestamp(capacity.interval.until)),
        }),
        cost: Some(money_to_proto(capacity.cost)),
        practical_minutes: Some(capacity.practical_minutes),
    }
}

fn records<T>(c: &mut Checks<'_>, at: &Path<'_>, said: Vec<T>) -> Vec<T> {
    if said.is_empty() {
        c.refuse(at, Reason::Required, "must be set");
    }
    c.count(at, said, RECORDS)
}

fn rate(c: &mut Checks<'_>, at: &Path<'_>, said: proto::CostRate) -> CostRate {
    if said.per_touch_micros.or(said.per_minute_micros).is_none() {
        let what = "must be set, or per_minute_micros";
        c.refuse(&at.field("per_touch_micros"), Reason::Required, what);
    }
    let mut micros = |name, said: Option<i64>| {
        let said = said.unwrap_or(0);
        if !(0..=RATE_LIMIT_MICROS).contains(&said) {
            c.refuse(&at.field(name), Reason::OutOfRange, format!("from 0 to {RATE_LIMIT_MICROS}"));
        }
        said
    };
    let per_touch_micros = micros("per_touch_micros", said.per_touch_micros);
    let per_minute_micros = micros("per_minute_micros", said.per_minute_micros);
    let activity = activity_type(said.activity_type);
    if activity.is_none() && said.activity_type != 0 {
        let what = format!("{} is no ActivityType", said.activity_type);
        c.refuse(&at.field("activity_type"), Reason::Unknown, what);
    }
    let path = at.field("effective_from");
    let effective_from = c.instant(&path, said.effective_from).unwrap_or_else(|| {
        c.refuse(&path, Reason::Required, "must be set");
        Micros::default()
    });
    if !begins_a_month(effective_from) {
        c.refuse(&path, Reason::Malformed, "must be the first instant of a month in UTC");
    }
    CostRate {
        channel: channel(c, &at.field("channel"), &said.channel),
        activity,
        currency: c.currency(&at.field("currency"), &said.currency),
        effective_from,
        per_touch_micros,
        per_minute_micros,
    }
}

fn begins_a_month(at: Micros) -> bool {
    jiff::Timestamp::from_microsecond(at.0).is_ok_and(|instant| {
        let local = instant.to_zoned(TimeZone::UTC);
        local.day() == 1 && local.time() == jiff::civil::Time::midnight()
    })
}

fn capacity(c: &mut Checks<'_>, at: &Path<'_>, said: proto::Capacity) -> Capacity {
    let interval = range(c, &at.field("interval"), said.interval);
    if interval.from == interval.until {
        c.refuse(&at.field("interval"), Reason::OutOfRange, "is empty");
    }
    let practical_minutes = c.required(&at.field("practical_minutes"), said.practical_minutes);
    if !(0..=MINUTES).contains(&practical_minutes) {
        c.refuse(&at.field("practical_minutes"), Reason::OutOfRange, format!("from 0 to {MINUTES}"));
    }
    Capacity {
        channel: channel(c, &at.field("channel"), &said.channel),
        interval,
        cost: c.required_money(&at.field("cost"), said.cost),
        practical_minutes,
    }
}
