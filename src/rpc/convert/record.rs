//! Records, both ways.

use std::collections::HashSet;

use super::question::range;
use super::{Checks, Choice, Path, channel, money_to_proto, timestamp};
use crate::kpi::catalogue::measures;
use crate::kpi::engine::measure::{Elsewhere, Measure};
use crate::kpi::engine::records::Spend;
use crate::kpi::engine::records::{Counted, Crowd};
use crate::kpi::ground::money::ExchangeRate;
use crate::kpi::shapes::board::Target;
use crate::model::activity::OfferKind;
use crate::model::{Currency, Micros, Money, Reason, TimeRange, Violation};
use crate::rpc::proto::{self, record::Record as Said};
use crate::store::{Record, RecordKind};

/// Records of one request.
const RECORDS: usize = 10_000;
/// The greatest count, and the greatest rate.
const AMOUNT: i64 = 1_000_000_000_000_000;
/// Targets are kept in millionths.
const MILLION: f64 = 1e6;
/// How the place of a target is named.
const CHANNEL: &str = "channel ";
const LOCATION: &str = "location ";

/// # Errors
/// Everything that is wrong with the records.
pub fn records(mut c: Checks<'_>, said: Vec<proto::Record>) -> Result<Vec<Record>, Vec<Violation>> {
    let (root, mut seen) = (Path::root(), HashSet::new());
    if said.is_empty() {
        c.refuse(&root.field("records"), Reason::Required, "must be set");
    }
    let said = c.count(&root.field("records"), said, RECORDS);
    let mut parsed = Vec::with_capacity(said.len());
    for (nth, said) in said.into_iter().enumerate() {
        let at = root.item("records", nth);
        let Some(said) = said.record else {
            c.refuse(&at, Reason::Required, "one member of the oneof must be set");
            continue;
        };
        let record = record(&mut c, &at, said);
        let key = (
            record.kind,
            record.name.clone(),
            record.other.clone(),
            record.interval.from,
            record.interval.until,
        );
        if !seen.insert(key) {
            c.refuse(&at, Reason::Conflict, "is said twice");
        }
        parsed.push(record);
    }
    c.finish(parsed)
}

fn record(c: &mut Checks<'_>, at: &Path<'_>, said: Said) -> Record {
    match said {
        Said::Traffic(said) => {
            let at = at.field("traffic");
            let limit = c.limits.text_bytes;
            Record {
                kind: RecordKind::Traffic,
                name: c.required_text(&at.field("location"), said.location, limit),
                other: String::new(),
                interval: range(c, &at.field("interval"), said.interval),
                amount: amount(c, &at.field("entries"), said.entries),
                currency: None,
            }
        }
        Said::Reach(said) => {
            let at = at.field("reach");
            Record {
                kind: RecordKind::Reach,
                name: channel(c, &at.field("channel"), &said.channel).as_str().to_owned(),
                other: c.text(&at.field("campaign"), said.campaign),
                interval: range(c, &at.field("interval"), said.interval),
                amount: amount(c, &at.field("people"), said.people),
                currency: None,
            }
        }
        Said::Followers(said) => {
            let at = at.field("followers");
            Record {
                kind: RecordKind::Followers,
                name: channel(c, &at.field("channel"), &said.channel).as_str().to_owned(),
                other: String::new(),
                interval: instant(c, &at.field("at"), said.at),
                amount: amount(c, &at.field("total"), said.total),
                currency: None,
            }
        }
        Said::Offer(said) => {
            let at = at.field("offer");
            let limit = c.limits.text_bytes;
            let kind: OfferKind = c.choice(&at.field("kind"), said.kind);
            Record {
                kind: RecordKind::Offer,
                name: c.required_text(&at.field("offer_id"), said.offer_id, limit),
                other: String::new(),
                interval: range(c, &at.field("interval"), said.interval),
                amount: kind as i64,
                currency: None,
            }
        }
        Said::ExchangeRate(said) => {
            let at = at.field("exchange_rate");
            let from = c.currency(&at.field("from_currency"), &said.from_currency);
            let into = c.currency(&at.field("to_currency"), &said.to_currency);
            if from == into && !said.from_currency.is_empty() {
                c.refuse(&at.field("to_currency"), Reason::Conflict, "must be another currency");
            }
            let rate = at.field("rate_billionths");
            if said.rate_billionths == Some(0) {
                c.refuse(&rate, Reason::OutOfRange, "must be above 0");
            }
            Record {
                kind: RecordKind::ExchangeRate,
                name: from.code().to_owned(),
                other: into.code().to_owned(),
                interval: instant(c, &at.field("effective_from"), said.effective_from),
                amount: amount(c, &rate, said.rate_billionths),
                currency: None,
            }
        }
        Said::Spend(said) => spend(c, &at.field("spend"), said),
        Said::Target(said) => target(c, &at.field("target"), said),
    }
}

fn spend(c: &mut Checks<'_>, at: &Path<'_>, said: proto::AcquisitionSpend) -> Record {
    let money = c.required_money(&at.field("amount"), said.amount);
    Record {
        kind: RecordKind::Spend,
        name: channel(c, &at.field("channel"), &said.channel).as_str().to_owned(),
        other: c.text(&at.field("campaign"), said.campaign),
        interval: stretch(c, &at.field("interval"), said.interval),
        amount: money.minor,
        currency: Some(money.currency),
    }
}

fn target(c: &mut Checks<'_>, at: &Path<'_>, said: proto::Target) -> Record {
    let (its, limit) = (at.field("kpi_id"), c.limits.text_bytes);
    let kpi = measures::find(&said.kpi_id);
    if kpi.is_none() && !said.kpi_id.is_empty() {
        c.refuse(&its, Reason::Unknown, "no KPI that is one number has this id; ListKpis names them");
    }
    let other = match (said.channel.is_empty(), said.location.is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!("{CHANNEL}{}", channel(c, &at.field("channel"), &said.channel).as_str()),
        (_, false) => {
            if !said.channel.is_empty() {
                c.refuse(&at.field("channel"), Reason::Conflict, "is not set together with a location");
            }
            format!("{LOCATION}{}", c.text(&at.field("location"), said.location))
        }
    };
    let money = at.field("currency");
    let currency = (!said.currency.is_empty()).then(|| c.currency(&money, &said.currency));
    let is_money = kpi.is_some_and(Measure::adds_money);
    if is_money && currency.is_none() {
        c.refuse(&money, Reason::Required, "the KPI is an amount of money");
    } else if kpi.is_some() && !is_money && currency.is_some() {
        c.refuse(&money, Reason::Conflict, "the KPI is no amount of money");
    }
    let most = c.limits.amount_minor;
    let value = c.required(&at.field("value"), said.value);
    if value.is_nan() || value.abs() > most as f64 {
        c.refuse(&at.field("value"), Reason::OutOfRange, format!("between -{most} and {most}"));
    }
    Record {
        kind: RecordKind::Target,
        name: c.required_text(&its, said.kpi_id, limit),
        other,
        interval: stretch(c, &at.field("interval"), said.interval),
        amount: (value * MILLION).round() as i64,
        currency,
    }
}

fn amount(c: &mut Checks<'_>, at: &Path<'_>, said: Option<i64>) -> i64 {
    let amount = c.required(at, said);
    if !(0..=AMOUNT).contains(&amount) {
        c.refuse(at, Reason::OutOfRange, format!("between 0 and {AMOUNT}"));
    }
    amount
}

/// A range that is not empty: only that has parts.
fn stretch(c: &mut Checks<'_>, at: &Path<'_>, said: Option<proto::TimeRange>) -> TimeRange {
    let interval = range(c, at, said);
    if said.is_some() && interval.from == interval.until {
        c.refuse(at, Reason::OutOfRange, "is empty");
    }
    interval
}

/// The empty interval at an instant.
fn instant(c: &mut Checks<'_>, at: &Path<'_>, said: Option<pbjson_types::Timestamp>) -> TimeRange {
    if said.is_none() {
        c.refuse(at, Reason::Required, "must be set");
    }
    let at = c.instant(at, said).unwrap_or(Micros::MIN);
    TimeRange { from: at, until: at }
}

/// Which kind is asked for.
///
/// # Errors
/// When it is none.
pub fn record_kind(mut c: Checks<'_>, number: i32) -> Result<RecordKind, Vec<Violation>> {
    let kind = usize::try_from(number - 1).ok().and_then(|nth| RecordKind::ALL.get(nth)).copied();
    if kind.is_none() {
        let reason = if number == 0 { Reason::Required } else { Reason::Unknown };
        c.refuse(&Path::root().field("kind"), reason, format!("{number} is no RecordKind"));
    }
    c.finish(kind.unwrap_or(RecordKind::Traffic))
}

#[must_use]
pub fn records_kept(kept: &crate::store::Kept) -> proto::SetRecordsResponse {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    proto::SetRecordsResponse {
        revision: kept.revision.0,
        recorded: count(kept.recorded),
        already_known: count(kept.known),
        replaced: count(kept.replaced),
    }
}

#[must_use]
pub fn record_to_proto(record: Record) -> proto::Record {
    let Record { kind, name, other, interval, amount, currency } = record;
    let at = Some(timestamp(interval.from));
    let interval = Some(proto::TimeRange { start: at, end: Some(timestamp(interval.until)) });
    let said = match kind {
        RecordKind::Traffic => {
            Said::Traffic(proto::TrafficCount { location: name, interval, entries: Some(amount) })
        }
        RecordKind::Reach => {
            Said::Reach(proto::Reach { channel: name, campaign: other, interval, people: Some(amount) })
        }
        RecordKind::Followers => Said::Followers(proto::Followers { channel: name, at, total: Some(amount) }),
        RecordKind::Offer => {
            let kinds = [OfferKind::Promotion, OfferKind::Upsell, OfferKind::CrossSell];
            let kind = kinds.into_iter().find(|kind| *kind as i64 == amount).map_or(0, Choice::number);
            Said::Offer(proto::Offer { offer_id: name, kind, interval })
        }
        RecordKind::ExchangeRate => Said::ExchangeRate(proto::ExchangeRate {
            from_currency: name,
            to_currency: other,
            effective_from: at,
            rate_billionths: Some(amount),
        }),
        RecordKind::Spend => Said::Spend(proto::AcquisitionSpend {
            channel: name,
            campaign: other,
            interval,
            amount: currency.map(|currency| money_to_proto(Money { minor: amount, currency })),
        }),
        RecordKind::Target => {
            let place = |which: &str| other.strip_prefix(which).unwrap_or_default().to_owned();
            Said::Target(proto::Target {
                kpi_id: name,
                channel: place(CHANNEL),
                location: place(LOCATION),
                interval,
                value: Some(amount as f64 / MILLION),
                currency: currency.map_or_else(String::new, |currency| currency.code().to_owned()),
            })
        }
    };
    proto::Record { record: Some(said) }
}

#[must_use]
pub fn kpi_rate(rate: crate::store::ExchangeRate) -> ExchangeRate {
    let (from, to): (Currency, Currency) = (rate.from, rate.into);
    ExchangeRate { from, to, since: rate.since, rate_billionths: rate.billionths }
}

/// The spend that a record says; `None` of another kind.
#[must_use]
pub fn kpi_spend(record: Record) -> Option<Spend> {
    let Record { kind: RecordKind::Spend, name, other, interval, amount, currency } = record else {
        return None;
    };
    let amount = Money { minor: amount, currency: currency? };
    Some(Spend { channel: name, campaign: other, interval, amount })
}

/// Whom a record counted; `None` of a kind that counts nobody.
#[must_use]
pub fn kpi_counted(record: Record) -> Option<Counted> {
    let what = match record.kind {
        RecordKind::Traffic => Crowd::Entries,
        RecordKind::Reach => Crowd::Reach,
        RecordKind::Followers => Crowd::Followers,
        _ => return None,
    };
    let Record { name, other, interval, amount, .. } = record;
    Some(Counted { what, name, campaign: other, interval, people: amount })
}

/// The target that a record says; `None` of another kind.
#[must_use]
pub fn kpi_target(record: Record) -> Option<Target> {
    let Record { kind: RecordKind::Target, name, other, interval, amount, currency } = record else {
        return None;
    };
    let place = |by: Elsewhere, which: &str| Some((by, other.strip_prefix(which)?.to_owned()));
    let place = place(Elsewhere::Channel, CHANNEL).or_else(|| place(Elsewhere::Location, LOCATION));
    Some(Target { kpi_id: name, place, interval, value: amount as f64 / MILLION, currency })
}
