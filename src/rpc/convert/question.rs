//! KPI requests turned into questions.

use super::{Checks, Path, activity_type, channel, value};
use crate::kpi::engine::scope::{WINDOW_DAYS_LIMIT, Without, retention_window};
use crate::kpi::ground::calendar::Zone;
use crate::kpi::shapes::cost;
use crate::kpi::shapes::nps;
use crate::kpi::shapes::repurchase;
use crate::kpi::shapes::retention;
use crate::kpi::shapes::triangle::{CohortMode, PERIODS_LIMIT, TriangleOptions};
use crate::kpi::{GroupBy, OrderOptions, RfmBy, Scope, Window};
use crate::model::{ActivityType, Micros, Reason, TimeRange, Value, Violation};
use crate::rpc::proto;

/// Names in one filter of a scope.
const FILTER_NAMES: usize = 1_000;
const WINDOW_DAYS: u32 = 90;

/// # Errors
/// Everything that is wrong with the request.
pub fn retention_question(
    mut c: Checks<'_>,
    asked: proto::ComputeRetentionRequest,
) -> Result<retention::Question, Vec<Violation>> {
    let root = Path::root();
    let neither = asked.period.is_none() && asked.triangle.is_none();
    let both = |options: bool| neither || options;
    let (wants_period, wants_triangle) = (both(asked.period.is_some()), both(asked.triangle.is_some()));
    let scope = scope(&mut c, &root.field("scope"), asked.scope);
    let mut question = retention::Question {
        group_by: group_by(&mut c, &root.field("group_by"), asked.group_by),
        orders: orders(&mut c, &root.field("orders"), asked.orders),
        period: wants_period
            .then(|| period(&mut c, &root.field("period"), asked.period.unwrap_or_default(), &scope)),
        triangle: wants_triangle
            .then(|| triangle(&mut c, &root.field("triangle"), asked.triangle.unwrap_or_default())),
        scope,
    };
    question.group_by = question.group_by.map(|by| by.counting(question.orders));
    c.finish(question)
}

/// # Errors
/// Everything that is wrong with the request.
pub fn repurchase_question(
    mut c: Checks<'_>,
    asked: proto::ComputeRepurchaseRequest,
) -> Result<repurchase::Question, Vec<Violation>> {
    let root = Path::root();
    let window = asked.window.unwrap_or_default();
    let at = root.field("window");
    let mut question = repurchase::Question {
        scope: scope(&mut c, &root.field("scope"), asked.scope),
        group_by: group_by(&mut c, &root.field("group_by"), asked.group_by),
        orders: orders(&mut c, &root.field("orders"), asked.orders),
        window: Window {
            days: window_days(&mut c, &at.field("days"), window.days),
            kind: c.choice(&at.field("kind"), window.kind),
        },
        first: c.choice(&root.field("first"), asked.first),
    };
    question.group_by = question.group_by.map(|by| by.counting(question.orders));
    c.finish(question)
}

/// # Errors
/// Everything that is wrong with the request.
pub fn nps_question(
    mut c: Checks<'_>,
    asked: proto::ComputeNpsRequest,
) -> Result<nps::Question, Vec<Violation>> {
    let root = Path::root();
    let question = nps::Question {
        scope: scope(&mut c, &root.field("scope"), asked.scope),
        group_by: group_by(&mut c, &root.field("group_by"), asked.group_by),
        answers_counted: c.choice(&root.field("answers_counted"), asked.answers_counted),
        survey_id: c.optional_text(&root.field("survey_id"), asked.survey_id),
    };
    c.finish(question)
}

/// Without rates and capacities: those are the tenant's.
///
/// # Errors
/// Everything that is wrong with the request.
pub fn cost_question(
    mut c: Checks<'_>,
    asked: proto::ComputeCostToServeRequest,
) -> Result<cost::Question, Vec<Violation>> {
    let root = Path::root();
    let question = cost::Question {
        scope: scope(&mut c, &root.field("scope"), asked.scope),
        group_by: group_by(&mut c, &root.field("group_by"), asked.group_by),
        rates: Vec::new(),
        capacities: Vec::new(),
    };
    c.finish(question)
}

pub(super) fn scope(c: &mut Checks<'_>, at: &Path<'_>, asked: Option<proto::Scope>) -> Scope {
    let Some(asked) = asked else {
        c.refuse(at, Reason::Required, "must be set");
        return Scope::of(TimeRange::ALL);
    };
    let channels = channels(c, at, asked.channels);
    let without = asked.exclude.unwrap_or_default();
    let left_out = at.field("exclude");
    Scope {
        range: range(c, &at.field("range"), asked.range),
        observed_until: c.instant(&at.field("observed_until"), asked.observed_until),
        statements: std::sync::Arc::default(),
        zone: Zone::named(&asked.time_zone).unwrap_or_else(|error| {
            c.refuse(&at.field("time_zone"), Reason::Unknown, error.to_string());
            Zone::utc()
        }),
        week_start: c.choice(&at.field("week_start"), asked.week_start),
        channels,
        locations: names(c, at, "locations", asked.locations),
        sources: names(c, at, "sources", asked.sources),
        customer_kind: (asked.customer_kind != 0)
            .then(|| c.choice(&at.field("customer_kind"), asked.customer_kind)),
        segment: segment(c, at, asked.segment),
        without: Without {
            channels: self::channels(c, &left_out, without.channels),
            locations: names(c, &left_out, "locations", without.locations),
            sources: names(c, &left_out, "sources", without.sources),
            segment: segment(c, &left_out, without.segment),
        },
        identified_only: asked.identified_only,
        currency: (!asked.currency.is_empty()).then(|| c.currency(&at.field("currency"), &asked.currency)),
        rates: std::sync::Arc::default(),
    }
}

fn channels(c: &mut Checks<'_>, at: &Path<'_>, asked: Vec<String>) -> Vec<String> {
    let channels = c.count(&at.field("channels"), asked, FILTER_NAMES);
    let channel = |(i, name): (usize, String)| channel(c, &at.item("channels", i), &name).as_str().to_owned();
    channels.into_iter().enumerate().map(channel).collect()
}

fn segment(c: &mut Checks<'_>, at: &Path<'_>, asked: Option<proto::Segment>) -> Option<(String, Value)> {
    let (at, asked) = (at.field("segment"), asked?);
    let name = c.required_text(&at.field("trait"), asked.r#trait, c.limits.name_bytes);
    Some((name, value(c, &at.field("value"), asked.value)))
}

/// A range of which both ends must be set.
pub(super) fn range(c: &mut Checks<'_>, at: &Path<'_>, asked: Option<proto::TimeRange>) -> TimeRange {
    let Some(asked) = asked else {
        c.refuse(at, Reason::Required, "must be set");
        return TimeRange::ALL;
    };
    let mut end = |name, said: Option<pbjson_types::Timestamp>| {
        if said.is_none() {
            c.refuse(&at.field(name), Reason::Required, "must be set");
        }
        c.instant(&at.field(name), said)
    };
    let (from, until) = (end("start", asked.start), end("end", asked.end));
    let range = TimeRange { from: from.unwrap_or(Micros::MIN), until: until.unwrap_or(Micros::MAX) };
    if range.from > range.until {
        c.refuse(at, Reason::OutOfRange, "ends before it starts");
    }
    range
}

fn names(c: &mut Checks<'_>, at: &Path<'_>, field: &str, names: Vec<String>) -> Vec<String> {
    let names = c.count(&at.field(field), names, FILTER_NAMES);
    names.into_iter().enumerate().map(|(i, name)| c.text(&at.item(field, i), name)).collect()
}

pub(super) fn group_by(c: &mut Checks<'_>, at: &Path<'_>, asked: Option<proto::GroupBy>) -> Option<GroupBy> {
    use proto::GroupDimension as By;
    let asked = asked?;
    match By::try_from(asked.dimension) {
        Ok(By::Unspecified) => None,
        Ok(By::Channel) => Some(GroupBy::Channel),
        Ok(By::Location) => Some(GroupBy::Location),
        Ok(By::Campaign) => Some(GroupBy::Campaign),
        Ok(By::Item | By::Category | By::OtherChannel) => {
            c.refuse(&at.field("dimension"), Reason::Conflict, "only figures can be grouped by this");
            None
        }
        Ok(By::AcquisitionMonth) => Some(GroupBy::AcquisitionMonth),
        Ok(By::AcquisitionChannel) => Some(GroupBy::AcquisitionChannel),
        Ok(By::CustomerKind) => Some(GroupBy::CustomerKind),
        Ok(By::ChannelsUsed) => Some(GroupBy::ChannelsUsed),
        Ok(By::ChannelSet) => Some(GroupBy::ChannelSet),
        Ok(By::RfmSegment) => Some(GroupBy::Rfm(RfmBy::Segment, OrderOptions::default())),
        Ok(By::RfmScores) => Some(GroupBy::Rfm(RfmBy::Scores, OrderOptions::default())),
        Ok(By::Trait) => {
            let limit = c.limits.name_bytes;
            Some(GroupBy::Trait(c.required_text(&at.field("trait"), asked.r#trait, limit)))
        }
        Err(_) => {
            let what = format!("{} is no GroupDimension", asked.dimension);
            c.refuse(&at.field("dimension"), Reason::Unknown, what);
            None
        }
    }
}

pub(super) fn orders(c: &mut Checks<'_>, at: &Path<'_>, asked: Option<proto::OrderOptions>) -> OrderOptions {
    let asked = asked.unwrap_or_default();
    if asked.min_amount_minor < 0 {
        c.refuse(&at.field("min_amount_minor"), Reason::OutOfRange, "must not be negative");
    }
    OrderOptions {
        unit: c.choice(&at.field("unit"), asked.unit),
        min_amount_minor: asked.min_amount_minor,
        drop_fully_returned: asked.drop_fully_returned,
        cancelled: c.choice(&at.field("cancelled_orders"), asked.cancelled_orders),
    }
}

fn window_days(c: &mut Checks<'_>, at: &Path<'_>, days: Option<u32>) -> u32 {
    window_days_or(c, at, days, WINDOW_DAYS)
}

/// The days of a window, or those that hold where none are said.
pub(super) fn window_days_or(c: &mut Checks<'_>, at: &Path<'_>, days: Option<u32>, otherwise: u32) -> u32 {
    match days {
        None => otherwise,
        Some(days @ 1..=WINDOW_DAYS_LIMIT) => days,
        Some(_) => {
            c.refuse(at, Reason::OutOfRange, format!("from 1 to {WINDOW_DAYS_LIMIT}"));
            otherwise
        }
    }
}

/// A type that must be one.
pub(super) fn activity_type_of(c: &mut Checks<'_>, at: &Path<'_>, number: i32) -> Option<ActivityType> {
    let parsed = activity_type(number);
    if parsed.is_none() {
        let reason = if number == 0 { Reason::Required } else { Reason::Unknown };
        c.refuse(at, reason, format!("{number} is no ActivityType"));
    }
    parsed
}

/// W of retention; `None` where none is said. One that is longer than the range would count what lies in both windows for
/// both sides, and is refused unless that is asked for.
pub(super) fn retained_within(
    c: &mut Checks<'_>,
    at: &Path<'_>,
    days: Option<u32>,
    overlapping: bool,
    scope: &Scope,
) -> Option<u32> {
    let asked = Some(window_days_or(c, at, days, 0)).filter(|&days| days > 0)?;
    let own = retention_window(&scope.zone, (scope.range.from, scope.range.until), None, false).ok();
    if let Some(own) = own.filter(|&own| asked > own && !overlapping) {
        let what = format!("at most {own}, the days of the range, unless overlapping is set");
        c.refuse(at, Reason::OutOfRange, what);
    }
    Some(asked)
}

fn period(
    c: &mut Checks<'_>,
    at: &Path<'_>,
    asked: proto::PeriodRetentionOptions,
    scope: &Scope,
) -> retention::PeriodOptions {
    retention::PeriodOptions {
        window_days: retained_within(
            c,
            &at.field("window_days"),
            asked.window_days,
            asked.overlapping,
            scope,
        ),
        overlapping: asked.overlapping,
        activity_types: activity_types(c, at, "activity_types", &asked.activity_types),
    }
}

/// Orders where none is named.
pub(super) fn activity_types(
    c: &mut Checks<'_>,
    at: &Path<'_>,
    field: &str,
    numbers: &[i32],
) -> Vec<ActivityType> {
    if numbers.is_empty() {
        return vec![ActivityType::Order];
    }
    let parse = |(i, number): (usize, &i32)| {
        let parsed = activity_type(*number);
        if parsed.is_none() {
            c.refuse(&at.item(field, i), Reason::Unknown, format!("{number} is no ActivityType"));
        }
        parsed
    };
    numbers.iter().enumerate().filter_map(parse).collect()
}

fn triangle(c: &mut Checks<'_>, at: &Path<'_>, asked: proto::CohortTriangleOptions) -> TriangleOptions {
    let default = TriangleOptions::default();
    let start_event = match asked.start_event {
        0 => default.start_event,
        number => activity_type(number).unwrap_or_else(|| {
            c.refuse(&at.field("start_event"), Reason::Unknown, format!("{number} is no ActivityType"));
            default.start_event
        }),
    };
    let periods = asked.periods.unwrap_or(default.periods);
    if periods > PERIODS_LIMIT {
        c.refuse(&at.field("periods"), Reason::OutOfRange, format!("at most {PERIODS_LIMIT}"));
    }
    let periods = periods.min(PERIODS_LIMIT);
    TriangleOptions {
        start_event,
        return_events: activity_types(c, at, "return_events", &asked.return_events),
        start: c.choice(&at.field("start"), asked.start),
        first: c.choice(&at.field("first"), asked.first),
        unit: c.choice(&at.field("unit"), asked.unit),
        min_count: c.positive_or(&at.field("min_count"), asked.min_count, default.min_count),
        mode: mode(c, at, asked.mode, asked.bracket_starts, periods),
        periods,
    }
}

fn mode(c: &mut Checks<'_>, at: &Path<'_>, mode: i32, starts: Vec<u32>, periods: u32) -> CohortMode {
    use proto::CohortMode as Said;
    let said = Said::try_from(mode).unwrap_or_else(|_| {
        c.refuse(&at.field("mode"), Reason::Unknown, format!("{mode} is no CohortMode"));
        Said::Unspecified
    });
    let path = at.field("bracket_starts");
    match said {
        Said::Brackets => {
            let ascending = starts.windows(2).all(|pair| pair[0] < pair[1]);
            let within = starts.last().is_some_and(|last| *last <= periods);
            if starts.is_empty() {
                c.refuse(&path, Reason::Required, "must be set for BRACKETS");
            } else if !(ascending && within) {
                c.refuse(&path, Reason::OutOfRange, "must ascend and lie within the periods");
            }
            CohortMode::Brackets(starts)
        }
        _ if !starts.is_empty() => {
            c.refuse(&path, Reason::Conflict, "only for BRACKETS");
            CohortMode::Exact
        }
        Said::Rolling => CohortMode::Rolling,
        Said::Exact | Said::Unspecified => CohortMode::Exact,
    }
}
