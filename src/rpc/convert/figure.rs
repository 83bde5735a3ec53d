//! Figures: requests turned into questions, and answers into messages.

use super::answer::{absent_reason, basis, count, definition, interval, reference};
use super::lifetime::warnings;
use super::question::{activity_type_of, group_by, orders, retained_within, scope, window_days_or};
use super::{Checks, Path, timestamp};
use crate::kpi::catalogue::measures;
use crate::kpi::engine::compare::{self, Against, Change};
use crate::kpi::engine::dimension::Dimension;
use crate::kpi::engine::measure::{Elsewhere, Measure, Params, Research, Same, Span, Step};
use crate::kpi::engine::members::{Filter, Page, Side};
use crate::kpi::engine::params::ValueBasis;
use crate::kpi::engine::scalar::{Answer, Cell, Figure, Question};
use crate::kpi::ground::calendar::{Granularity, Unit};
use crate::kpi::{KpiError, Scope, Snapshot, Window, WindowKind};
use crate::model::{Micros, Reason, Violation};
use crate::rpc::proto;

/// The longest target of care: a year.
const TARGET_MINUTES: u32 = 366 * 24 * 60;
/// Ids in one request.
const IDS: usize = 200;

/// What `ComputeKpis` asks for.
#[derive(Clone)]
pub struct Figures {
    pub question: Question,
    pub series: Option<Granularity>,
    pub against: Option<Against>,
}

/// # Errors
/// Everything that is wrong with the request.
pub fn figures(mut c: Checks<'_>, asked: proto::ComputeKpisRequest) -> Result<Figures, Vec<Violation>> {
    let root = Path::root();
    let scope = scope(&mut c, &root.field("scope"), asked.scope);
    let (has_currency, named) = (scope.currency.is_some(), !asked.kpi_ids.is_empty());
    let mut figures = Figures {
        question: Question {
            scope,
            measures: chosen(&mut c, &root, asked.kpi_ids, has_currency),
            params: parameters(&mut c, &root.field("parameters"), asked.parameters),
            group_by: dimensions(&mut c, &root, asked.group_by),
            spans: Vec::new(),
        },
        series: several(&mut c, &root, asked.granularity, asked.granularity_count),
        against: comparison(&mut c, &root.field("comparison"), asked.comparison),
    };
    if named {
        overlap(&mut c, &root, &figures.question);
    }
    counting(&mut figures.question);
    c.finish(figures)
}

/// What `ExplainKpi` asks for: the question of one figure, and which page.
///
/// # Errors
/// Everything that is wrong with the request.
pub fn explained(
    mut c: Checks<'_>,
    asked: proto::ExplainKpiRequest,
) -> Result<(Question, Filter), Vec<Violation>> {
    let root = Path::root();
    if asked.kpi_id.is_empty() {
        c.refuse(&root.field("kpi_id"), Reason::Required, "must be set");
    }
    let one = measure(&mut c, &root.field("kpi_id"), &asked.kpi_id);
    let group_by = dimensions(&mut c, &root, asked.group_by);
    if !asked.group.is_empty() && asked.group.len() != group_by.len() {
        c.refuse(&root.field("group"), Reason::Conflict, "must name one key for each dimension");
    }
    let filter = Filter {
        group: asked.group.into_iter().map(|key| key.value).collect(),
        side: side(&mut c, &root.field("side"), asked.side),
        after: None,
        size: 0,
    };
    let mut question = Question {
        scope: scope(&mut c, &root.field("scope"), asked.scope),
        measures: vec![one.unwrap_or(measures::ALL[0])],
        params: parameters(&mut c, &root.field("parameters"), asked.parameters),
        group_by,
        spans: Vec::new(),
    };
    overlap(&mut c, &root, &question);
    counting(&mut question);
    c.finish((question, filter))
}

/// Refuses a window of retention that is longer than the range.
fn overlap(c: &mut Checks<'_>, root: &Path<'_>, question: &Question) {
    let asks = |id: &str| question.measures.iter().any(|measure| measure.definition.id == id);
    let Some(window) = question.params.window else { return };
    let (parameters, overlapping) = (root.field("parameters"), question.params.overlapping);
    let (window_at, days) = (parameters.field("window"), Some(window.days));
    if asks("retention") {
        retained_within(c, &window_at.field("days"), days, overlapping, &question.scope);
    } else if asks("dormant_buyers") {
        // No day before the range is no time to have been active in.
        window_days_or(c, &window_at.field("days"), days, 1);
    }
}

/// Groups count the orders that the figures count.
fn counting(question: &mut Question) {
    for dimension in &mut question.group_by {
        if let Dimension::Of(by) = dimension {
            *by = by.clone().counting(question.params.orders);
        }
    }
}

fn measure(c: &mut Checks<'_>, at: &Path<'_>, id: &str) -> Option<&'static Measure> {
    let found = measures::find(id);
    if found.is_none() && !id.is_empty() {
        c.refuse(at, Reason::Unknown, "no KPI that is one number has this id; ListKpis names them");
    }
    found
}

fn chosen(
    c: &mut Checks<'_>,
    root: &Path<'_>,
    ids: Vec<String>,
    has_currency: bool,
) -> Vec<&'static Measure> {
    if ids.is_empty() {
        let all = measures::ALL.iter().copied();
        return all.filter(|measure| has_currency || !measure.adds_money()).collect();
    }
    let ids = c.count(&root.field("kpi_ids"), ids, IDS);
    let mut measures: Vec<&Measure> = Vec::new();
    for (nth, id) in ids.iter().enumerate() {
        let at = root.item("kpi_ids", nth);
        if ids[..nth].contains(id) {
            c.refuse(&at, Reason::Conflict, "is named twice");
        }
        measures.extend(measure(c, &at, id));
    }
    measures
}

pub(super) fn parameters(c: &mut Checks<'_>, at: &Path<'_>, asked: Option<proto::KpiParameters>) -> Params {
    let asked = asked.unwrap_or_default();
    let default = Params::default();
    let recovery = at.field("recovery_days");
    let target = match asked.care_target_minutes {
        None => default.care_target_minutes,
        Some(minutes @ 1..=TARGET_MINUTES) => minutes,
        Some(_) => {
            let most = format!("from 1 to {TARGET_MINUTES}");
            c.refuse(&at.field("care_target_minutes"), Reason::OutOfRange, most);
            default.care_target_minutes
        }
    };
    let (window, window_kind) = window(c, &at.field("window"), asked.window.unwrap_or_default());
    Params {
        window,
        window_kind,
        same_visit: asked.same_visit,
        orders: orders(c, &at.field("orders"), asked.orders),
        same: same(c, &at.field("same"), asked.same),
        research: research(c, &at.field("research"), asked.research),
        steps: if asked.steps.is_empty() { default.steps } else { steps(c, at, asked.steps) },
        strict: asked.strict,
        overlapping: asked.overlapping,
        recovery_days: window_days_or(c, &recovery, asked.recovery_days, default.recovery_days),
        answers_counted: c.choice(&at.field("answers_counted"), asked.answers_counted),
        survey_id: c.optional_text(&at.field("survey_id"), asked.survey_id),
        care_target_minutes: target,
        elsewhere: elsewhere(c, &at.field("assisted_by"), asked.assisted_by),
        horizon_days: window_days_or(c, &at.field("horizon_days"), asked.horizon_days, default.horizon_days),
        value: value_basis(c, &at.field("value_basis"), asked.value_basis),
        first: c.choice(&at.field("first"), asked.first),
        ..default
    }
}

/// A window where its days are said, and how days are counted. None is the same local day.
fn window(c: &mut Checks<'_>, at: &Path<'_>, asked: proto::Window) -> (Option<Window>, WindowKind) {
    let kind = c.choice(&at.field("kind"), asked.kind);
    let days = match (asked.days, kind) {
        (Some(0), WindowKind::Calendar) => Some(0),
        (days, _) => days.map(|_| window_days_or(c, &at.field("days"), days, 1)),
    };
    (days.map(|days| Window { days, kind }), kind)
}

fn steps(c: &mut Checks<'_>, at: &Path<'_>, asked: Vec<proto::FunnelStep>) -> Vec<Step> {
    let asked = c.count(&at.field("steps"), asked, crate::kpi::engine::params::STEPS_LIMIT);
    let mut steps = Vec::new();
    for (nth, step) in asked.into_iter().enumerate() {
        let at = at.item("steps", nth);
        let activity = activity_type_of(c, &at.field("activity_type"), step.activity_type);
        let channel = (!step.channel.is_empty())
            .then(|| super::channel(c, &at.field("channel"), &step.channel).as_str().to_owned());
        steps.extend(activity.map(|activity| Step { activity, channel }));
    }
    steps
}

/// At most two dimensions.
pub(super) fn dimensions(c: &mut Checks<'_>, root: &Path<'_>, asked: Vec<proto::GroupBy>) -> Vec<Dimension> {
    use proto::GroupDimension as By;
    let asked = c.count(&root.field("group_by"), asked, 2);
    let mut dimensions = Vec::new();
    for (nth, by) in asked.into_iter().enumerate() {
        dimensions.extend(match By::try_from(by.dimension) {
            Ok(By::Item) => Some(Dimension::Item),
            Ok(By::Category) => Some(Dimension::Category),
            Ok(By::OtherChannel) => Some(Dimension::OtherChannel),
            _ => group_by(c, &root.item("group_by", nth), Some(by)).map(Dimension::Of),
        });
    }
    dimensions
}

macro_rules! named {
    ($( fn $name:ident -> $ty:ty { $proto:ident: $default:expr, $( $said:ident => $meant:expr, )* } )*) => { $(
        pub(super) fn $name(c: &mut Checks<'_>, at: &Path<'_>, number: i32) -> $ty {
            match proto::$proto::try_from(number) {
                Ok(proto::$proto::Unspecified) => $default,
                $( Ok(proto::$proto::$said) => $meant, )*
                Err(_) => {
                    c.refuse(at, Reason::Unknown, format!("{number} is no {}", stringify!($proto)));
                    $default
                }
            }
        }
    )* };
}

/// Units of one interval at most.
const UNITS: u32 = 366;

/// So many units at a time; `None` where none is named.
pub(super) fn several(c: &mut Checks<'_>, root: &Path<'_>, unit: i32, units: u32) -> Option<Granularity> {
    if units > UNITS {
        c.refuse(&root.field("granularity_count"), Reason::OutOfRange, format!("at most {UNITS}"));
    }
    let unit = granularity(c, &root.field("granularity"), unit);
    if unit.is_none() && units > 1 {
        c.refuse(&root.field("granularity"), Reason::Required, "must be set where several are counted");
    }
    unit.map(|unit| Granularity { unit, count: units.clamp(1, UNITS) })
}

named! {
    fn same -> Same {
        SameSubject: Same::Anything,
        Anything => Same::Anything, Category => Same::Category, Product => Same::Product,
    }
    fn research -> Research {
        ResearchCounted: Research::First,
        First => Research::First, Last => Research::Last, EachChannel => Research::Each,
    }
    fn elsewhere -> Elsewhere {
        AssistedBy: Elsewhere::Channel,
        Channel => Elsewhere::Channel, Location => Elsewhere::Location,
    }
    fn value_basis -> ValueBasis {
        ValueBasis: ValueBasis::Revenue,
        Revenue => ValueBasis::Revenue, Margin => ValueBasis::Margin,
    }
    fn granularity -> Option<Unit> {
        Granularity: None,
        Hour => Some(Unit::Hour), Day => Some(Unit::Day), Week => Some(Unit::Week), Month => Some(Unit::Month),
        Quarter => Some(Unit::Quarter), Year => Some(Unit::Year),
    }
    fn comparison -> Option<Against> {
        Comparison: None,
        PreviousPeriod => Some(Against::PreviousPeriod), YearEarlier => Some(Against::YearEarlier),
    }
    fn side -> Side {
        KpiSide: Side::Counted,
        Counted => Side::Counted, Numerator => Side::Numerator, Rest => Side::Rest, Open => Side::Open,
    }
}

impl Figures {
    /// Computes everything that was asked for.
    ///
    /// # Errors
    /// As [`crate::kpi::engine::scalar::compute`].
    pub fn answer(&self, snapshot: &Snapshot) -> Result<proto::ComputeKpisResponse, KpiError> {
        let Self { mut question, series, against } = self.clone();
        let observed = question.scope.observed_on(snapshot);
        let points = series.map(|by| compare::series(&question.scope, observed, by)).transpose()?;
        let earlier =
            against.map(|against| compare::earlier(&question.scope, observed, against)).transpose()?;
        let whole = series.map(|by| compare::whole(&question.scope, by, points.as_deref())).transpose()?;
        let days = earlier.map(|span| compared_days(&question.scope, observed, span)).transpose()?;
        let points = points.unwrap_or_default();
        question.spans = points.iter().copied().chain(earlier).collect();
        let answers = crate::kpi::engine::scalar::compute(snapshot, &question)?;
        let compared: Vec<_> = question
            .measures
            .iter()
            .zip(&answers)
            .filter_map(|(measure, answer)| {
                let before = answer.spans.last().filter(|_| earlier.is_some())?;
                Some((measure.stat, answer.total, *before))
            })
            .collect();
        let changes = compare::changes(&compared);
        let tests = changes.iter().filter(|change| change.p_value.is_some()).count();
        let mut kpis = Vec::new();
        for (nth, answer) in answers.into_iter().enumerate() {
            let change = earlier
                .zip(days)
                .zip(changes.get(nth))
                .map(|(before, change)| changed(before, change, answer.spans.last().copied()));
            kpis.push(kpi_figures(answer, &points, whole.as_deref().unwrap_or_default(), change));
        }
        Ok(proto::ComputeKpisResponse { kpis, comparison_note: note(tests) })
    }
}

/// The figures of a shape, compared with another time, and what to know of so many comparisons;
/// nothing where nothing is compared.
///
/// # Errors
/// As [`crate::kpi::engine::scalar::compute`].
pub(super) fn compared(
    snapshot: &Snapshot,
    (scope, params): (&Scope, &Params),
    ids: &[&str],
    against: Option<Against>,
) -> Result<(Vec<proto::KpiFigures>, String), KpiError> {
    if against.is_none() {
        return Ok((Vec::new(), String::new()));
    }
    let measures = ids.iter().filter_map(|id| measures::find(id)).collect();
    let (scope, params) = (scope.clone(), params.clone());
    let question = Question { scope, measures, params, group_by: Vec::new(), spans: Vec::new() };
    let answer = Figures { question, series: None, against }.answer(snapshot)?;
    Ok((answer.kpis, answer.comparison_note))
}

pub(super) fn note(tests: usize) -> String {
    match tests {
        0 => String::new(),
        1 => "One comparison was made: its p-value stands as it is.".to_owned(),
        n => format!(
            "{n} comparisons were made at once: by chance alone one in twenty would seem significant. \
             Adjusted p-values (Holm) keep the chance of any false one below 5 %."
        ),
    }
}

/// Local days of a range that were observed, and of the time it is compared with.
pub(super) fn compared_days(scope: &Scope, observed: Micros, before: Span) -> Result<[u32; 2], KpiError> {
    let own = Span { from: scope.range.from.0, until: scope.range.until.0, observed: observed.0 };
    Ok([compare::days_of(&scope.zone, own)?, compare::days_of(&scope.zone, before)?])
}

/// Another time, with the local days of the range that were observed and of that time.
pub(super) type Before = (Span, [u32; 2]);

/// What changed since another time.
pub(super) fn changed((span, days): Before, change: &Change, before: Option<Figure>) -> proto::FigureChange {
    let [days, days_before] = days.map(|days| i32::try_from(days).unwrap_or(i32::MAX));
    proto::FigureChange {
        range: Some(proto::TimeRange {
            start: Some(timestamp(Micros(span.from))),
            end: Some(timestamp(Micros(span.until))),
        }),
        before: before.map(|figure| figure_to_proto(&figure)),
        difference: change.difference,
        interval: change.interval.map(interval),
        p_value: change.p_value,
        adjusted_p_value: change.adjusted,
        significant: change.is_significant(),
        days,
        days_before,
    }
}

pub(super) fn kpi_figures(
    answer: Answer,
    points: &[Span],
    whole: &[bool],
    change: Option<proto::FigureChange>,
) -> proto::KpiFigures {
    let point = |(nth, (span, figure)): (usize, (&Span, &Figure))| proto::FigurePoint {
        start: Some(timestamp(Micros(span.from))),
        end: Some(timestamp(Micros(span.until))),
        figure: Some(figure_to_proto(figure)),
        partial: !whole.get(nth).copied().unwrap_or(true) || span.observed < span.until || figure.open > 0,
    };
    proto::KpiFigures {
        kpi: Some(reference(&answer.kpi)),
        basis: Some(basis(&answer.basis)),
        unit: answer.kpi.unit.to_owned(),
        warnings: warnings(&answer.warnings),
        total: Some(figure_to_proto(&answer.total)),
        series: points.iter().zip(&answer.spans).enumerate().map(point).collect(),
        groups: answer.groups.into_iter().map(group).collect(),
        change,
    }
}

fn group(cell: Cell) -> proto::FigureGroup {
    let figure = Some(figure_to_proto(&cell.figure));
    let keys = cell.keys.into_iter().map(|value| proto::GroupKey { value }).collect();
    proto::FigureGroup { keys, figure }
}

pub(super) fn figure_to_proto(figure: &Figure) -> proto::Figure {
    proto::Figure {
        value: figure.value,
        interval: figure.interval.map(interval),
        numerator: figure.numerator,
        denominator: figure.denominator,
        anchors: count(figure.anchors),
        customers: count(figure.customers),
        absent_reason: absent_reason(figure.absent),
        open: count(figure.open),
        so_far: figure.so_far.map(|so_far| proto::SoFar {
            value: so_far.value,
            numerator: so_far.numerator,
            denominator: so_far.denominator,
        }),
        known_at: figure.known_at.map(|at| timestamp(Micros(at))),
    }
}

/// The answer of `ExplainKpi` but for its customers.
#[must_use]
pub fn explanation(measure: &Measure, page: &Page) -> proto::ExplainKpiResponse {
    proto::ExplainKpiResponse {
        definition: Some(definition(&measure.definition)),
        basis: Some(basis(&page.basis)),
        figure: Some(figure_to_proto(&page.figure)),
        customers: Vec::new(),
        next_page_token: String::new(),
        warnings: warnings(&page.warnings),
    }
}
