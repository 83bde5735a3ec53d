//! Answers for people: the numbers first, few digits, tables that fit. CSV, JSON and `--all` have
//! every field.

use serde_json::Value;

use super::grid::{Column, Kind, Style, grid, number};
use super::layout::{LAYOUTS, Layout, List};
use super::{boards, table};
use crate::kpi::catalogue::Definition;
use crate::kpi::catalogue::measures;

/// Longer tables end with what is left out.
const ROWS: usize = 40;
/// Curves are shown by so many of their points.
const POINTS: usize = 12;

/// An answer of any procedure as text for a terminal.
#[must_use]
pub fn page(kpi: &Definition, rpc: &str, answer: &Value, style: &Style) -> String {
    let Some(layout) = LAYOUTS.iter().find(|layout| layout.rpc == rpc) else {
        return table::tables(answer, style.width);
    };
    let unit =
        if rpc == "ComputeKpis" { format!(", {}", unit_shown(kpi.unit, style)) } else { String::new() };
    let head = format!("{} ({}, version {}){unit}", kpi.name, kpi.id, kpi.version);
    let mut parts = vec![wrapped(&head, style.width)];
    match rpc {
        "ComputeKpis" => parts.extend(figures(answer, style)),
        "ComputePhaseModel" => parts.extend(boards::phase_model(answer, style)),
        "ComputeIncentiveCard" => parts.extend(boards::card(answer, style)),
        "ComputeReturns" => parts.extend(boards::returns(answer, style)),
        "ComputeAttribution" => {
            parts.push(told(layout, answer, style));
            parts.extend(boards::attribution(answer, style));
        }
        _ => parts.extend(shape(layout, rpc, answer, style)),
    }
    parts.push(boards::compared(answer, style));
    parts.extend(notes(answer, style));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn shape(layout: &Layout, rpc: &str, answer: &Value, style: &Style) -> Vec<String> {
    let mut parts = vec![told(layout, answer, style), of_groups(layout, answer, style)];
    if rpc == "ComputeRetention" {
        parts.push(boards::triangle(answer, style));
    }
    if rpc == "ComputeRfm" {
        parts.push(boards::scale(answer, style));
    }
    parts.extend(layout.lists.iter().map(|list| listed(list, answer, style)));
    parts
}

/// What kind of value a unit is of.
pub fn kind_of(unit: &str) -> Kind {
    match unit {
        _ if unit == "share" || unit.starts_with("share ") => Kind::Share,
        _ if unit.starts_with("minor units") => Kind::MaybeMoney,
        _ => Kind::Number,
    }
}

/// A unit, in the currency of the question where there is one.
pub fn unit_shown(unit: &str, style: &Style) -> String {
    match style.currency {
        Some(currency) if unit.starts_with("minor units") => unit.replacen("minor units", currency.code(), 1),
        _ => unit.to_owned(),
    }
}

/// How the value of a figure is shown, and what it is made of.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    value: Kind,
    numerator: Kind,
    denominator: Kind,
    /// How many of both make one.
    of_one: f64,
}

impl Parts {
    /// Of a figure whose value is of that kind.
    pub fn of(kpi: &Value, value: Kind) -> Self {
        let measure = kpi.pointer("/kpi/id").and_then(Value::as_str).and_then(measures::find);
        // What is divided by money is money too, or its quotient has no currency.
        let (numerator, denominator) = match measure.is_some_and(|measure| measure.money) {
            _ if value == Kind::MaybeMoney => (Kind::Money, Kind::Sum),
            true => (Kind::Money, Kind::Money),
            false => (Kind::Sum, Kind::Sum),
        };
        Self { value, numerator, denominator, of_one: measure.map_or(1.0, measures::parts_of_one) }
    }
}

/// A figure, before and now, its groups and its series.
fn figures(answer: &Value, style: &Style) -> Vec<String> {
    let mut parts = Vec::new();
    for kpi in array(answer, "/kpis") {
        let unit = kpi.get("unit").and_then(Value::as_str).unwrap_or_default();
        let kind = kind_of(unit);
        let parts_of = Parts::of(kpi, kind);
        let before = kpi.pointer("/change/before");
        let mut names = vec!["all in scope".to_owned()];
        names.extend(before.map(|_| "before".to_owned()));
        let totals: Vec<&Value> = kpi.get("total").into_iter().chain(before).collect();
        parts.push(grid(&measured(vec![Column::texts("", names)], &totals, parts_of, style), style.width));
        let open = kpi.get("total").and_then(|total| undecided(total, unit, kind, style));
        parts.extend(open.map(|open| wrapped(&open, style.width)));
        parts.extend(kpi.get("change").map(|change| wrapped(&changed(change, kind, style), style.width)));

        let (groups, more) = some(array(kpi, "/groups"));
        let keys =
            |nth: usize| groups.iter().map(|group| name_of(group.pointer(&format!("/keys/{nth}")))).collect();
        let dimensions = groups.first().map_or(0, |group| array(group, "/keys").len());
        let keys =
            (0..dimensions).map(|nth| Column::texts(if nth == 0 { "group" } else { "and" }, keys(nth)));
        let its: Vec<&Value> = groups.iter().filter_map(|group| group.get("figure")).collect();
        parts.push(section(&measured(keys.collect(), &its, parts_of, style), more, style));

        let (points, more) = some(array(kpi, "/series"));
        let starts: Vec<Option<&Value>> = points.iter().map(|point| point.get("start")).collect();
        let its: Vec<&Value> = points.iter().filter_map(|point| point.get("figure")).collect();
        let starts = vec![Column::of("from", Kind::Time, &starts, style)];
        parts.push(section(&measured(starts, &its, parts_of, style), more, style));
    }
    parts
}

/// Figures beside their names: value, interval, what was divided by what, and of how many.
pub fn measured(names: Vec<Column>, figures: &[&Value], parts: Parts, style: &Style) -> Vec<Column> {
    let kind = parts.value;
    let values: Vec<Option<&Value>> = figures.iter().map(|figure| figure.get("value")).collect();
    let all = |path: &str| figures.iter().map(|figure| figure.get(path)).collect::<Vec<_>>();
    let divided = |path: &str| {
        let one = |said: Option<&Value>| said.and_then(number).map(|said| Value::from(said / parts.of_one));
        all(path).into_iter().map(one).collect::<Vec<_>>()
    };
    let column = |head: &str, kind: Kind, values: Vec<Option<Value>>| {
        Column::of(head, kind, &values.iter().map(Option::as_ref).collect::<Vec<_>>(), style)
    };
    let decimals = style.decimals(kind, values.iter().flatten().filter_map(|value| number(value)));
    let ranges = figures.iter().map(|figure| style.range(kind, figure.get("interval"), decimals)).collect();
    let is_quotient = figures.iter().any(|figure| figure.get("denominator").is_some());
    let mut columns = names;
    columns.push(Column::of("value", kind, &values, style));
    columns.push(Column::numbers("95 % interval", ranges));
    if is_quotient {
        columns.push(column("numerator", parts.numerator, divided("numerator")));
        columns.push(column("denominator", parts.denominator, divided("denominator")));
    }
    columns.push(Column::of("n", Kind::Count, &all("anchors"), style));
    columns.push(Column::of("customers", Kind::Count, &all("customers"), style));
    columns.push(Column::texts("absent", figures.iter().map(|figure| absent(figure)).collect()));
    columns
}

/// Why a value is absent, in words; nothing where it is not.
fn absent(of: &Value) -> String {
    let why = of.get("absentReason").and_then(Value::as_str).unwrap_or_default();
    why.trim_start_matches("ABSENT_REASON_").to_lowercase().replace('_', " ")
}

/// What is not decided yet, in words: how many, what they come to so far, and when all will be known.
fn undecided(figure: &Value, unit: &str, kind: Kind, style: &Style) -> Option<String> {
    let open = figure.get("open").and_then(number).filter(|&open| open > 0.0)?;
    let what = unit.strip_prefix("share of ").unwrap_or("touchpoints");
    let are = if open == 1.0 { format!("of the {what} is") } else { format!("{what} are") };
    let so_far = figure.pointer("/soFar/value").map(|value| style.show(kind, Some(value)));
    let so_far = so_far.map_or_else(String::new, |value| format!("; with all of them {value} so far"));
    let known = figure.get("knownAt").and_then(Value::as_str).map(|at| style.local(at));
    let known = known.map_or_else(String::new, |at| format!("; all known from {at} on"));
    Some(format!(
        "open         {} {are} not decided yet{so_far}{known}",
        style.number(Kind::Count, Some(open), 0)
    ))
}

/// What changed, in words.
fn changed(change: &Value, kind: Kind, style: &Style) -> String {
    let at = |end| change.pointer(end).and_then(Value::as_str).map_or_else(String::new, |at| style.local(at));
    let against = format!("{} to {}", at("/range/start"), at("/range/end"));
    let Some(difference) = change.get("difference").and_then(number) else {
        return format!("change       not known; before: {against}");
    };
    let decimals = style.decimals(kind, [difference].into_iter());
    let shown = style.number(kind, Some(difference), decimals).replace(" %", " points");
    let sign = if difference > 0.0 { "+" } else { "" };
    let range = match style.range(kind, change.get("interval"), decimals) {
        none if none.is_empty() => String::new(),
        range => format!(" ({})", range.replace(" %", "")),
    };
    let test = match change.get("adjustedPValue").and_then(number) {
        Some(p) => {
            let is = if change.get("significant") == Some(&Value::Bool(true)) { "" } else { "not " };
            format!(", {is}significant (p {p:.3})")
        }
        None => String::new(),
    };
    format!("change       {sign}{shown}{range}{test}; before: {against}")
}

/// What a shape says of all in scope, one line each.
fn told(layout: &Layout, answer: &Value, style: &Style) -> String {
    let Some(of) = answer.pointer(layout.total) else { return String::new() };
    let mut columns = ["", "value", "95 % interval", "of"].map(|head| Column::texts(head, Vec::new()));
    for told in layout.told {
        let value = of.pointer(told.path);
        let (shown, range, parts) = match value {
            Some(Value::Object(message)) => {
                let decimals = style.decimals(told.kind, message.get("value").and_then(number).into_iter());
                let range = style.range(told.kind, message.get("interval"), decimals);
                let number = |name: &str| style.show(Kind::Sum, message.get(name));
                let why = absent(&Value::Object(message.clone()));
                let parts = match (message.get("denominator"), message.get("n").or(message.get("answers"))) {
                    _ if message.get("value").is_none() && !why.is_empty() => why,
                    (Some(_), _) => {
                        format!("{} / {}", number("numerator"), number("denominator"))
                    }
                    (None, Some(n)) => style.show(Kind::Count, Some(n)),
                    (None, None) => String::new(),
                };
                (style.show(told.kind, message.get("value")), range, parts)
            }
            _ => (style.show(told.kind, value), String::new(), String::new()),
        };
        let cells = [told.name.to_owned(), shown, range, parts];
        columns.iter_mut().zip(cells).for_each(|(column, cell)| column.cells.push(cell));
    }
    columns[1..].iter_mut().for_each(|column| column.is_text = false);
    if layout.told.is_empty() { String::new() } else { grid(&columns, style.width) }
}

/// The same of each group, side by side.
fn of_groups(layout: &Layout, answer: &Value, style: &Style) -> String {
    let (groups, more) = some(array(answer, "/groups"));
    let names = groups.iter().map(|group| name_of(group.get("key"))).collect();
    let mut columns = vec![Column::texts("group", names)];
    for told in layout.told {
        let path = format!("{}{}", layout.of_group, told.path);
        let values: Vec<Option<&Value>> = groups
            .iter()
            .map(|group| group.pointer(&path))
            .map(|value| {
                value.map_or(value, |value| if value.is_object() { value.get("value") } else { Some(value) })
            })
            .collect();
        columns.push(Column::of(told.name, told.kind, &values, style));
    }
    section(&columns, more, style)
}

/// A list as a table below its title.
fn listed(list: &List, answer: &Value, style: &Style) -> String {
    let all = array(answer, list.path);
    let is_curve = list.path.ends_with("/curve");
    let (rows, more): (Vec<&Value>, usize) = match is_curve && all.len() > POINTS {
        true => ((1..=POINTS).map(|nth| &all[nth * all.len() / POINTS - 1]).collect(), 0),
        false => {
            let (rows, more) = some(all);
            (rows.iter().collect(), more)
        }
    };
    if rows.is_empty() {
        return String::new();
    }
    let column = |(head, path, kind): &(&str, &str, Kind)| {
        let values: Vec<Option<&Value>> = rows.iter().map(|row| row.pointer(path)).collect();
        Column::of(*head, *kind, &values, style)
    };
    let columns: Vec<Column> = list.columns.iter().map(column).collect();
    format!("{}\n{}", list.title, section(&columns, more, style))
}

/// A table, and how many rows are left out; nothing when it has none.
pub fn section(columns: &[Column], more: usize, style: &Style) -> String {
    if columns.first().is_none_or(|names| names.cells.is_empty()) {
        return String::new();
    }
    let more = if more > 0 { format!("and {more} more: --all, --format csv\n") } else { String::new() };
    grid(columns, style.width) + &more
}

/// As many rows as people read, and how many more there are.
pub fn some(rows: &[Value]) -> (&[Value], usize) {
    let shown = rows.len().min(ROWS);
    (&rows[..shown], rows.len() - shown)
}

pub fn array<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    value.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The name of a group; what has none is said to have none.
pub fn name_of(key: Option<&Value>) -> String {
    let name = key.and_then(|key| key.get("value")).and_then(Value::as_str);
    name.unwrap_or("(none)").to_owned()
}

/// What an answer stands on and what was left out, in one line; warnings and notes.
fn notes(answer: &Value, style: &Style) -> Vec<String> {
    let places = ["/basis", "/kpis/0/basis", "/figures/0/basis", "/rows/0/figure/basis", "/columns/0/basis"];
    let basis = places.into_iter().find_map(|place| answer.pointer(place));
    let mut lines = Vec::new();
    if let Some(basis) = basis {
        let count = |name| style.show(Kind::Count, basis.get(name));
        let mut told = vec![
            format!("revision {}", basis.get("revision").and_then(Value::as_str).unwrap_or("0")),
            format!("{} touchpoints of {} customers", count("touchpoints"), count("customers")),
        ];
        let coverage = basis.pointer("/identityCoverage/value");
        told.extend(coverage.map(|share| format!("{} identified", style.show(Kind::Share, Some(share)))));
        told.extend(basis.get("censored").map(|_| format!("{} censored", count("censored"))));
        let until = basis.get("observedUntil").and_then(Value::as_str);
        let until = until.filter(|_| basis.get("open") == Some(&Value::Bool(true)));
        told.extend(until.map(|at| format!("observed until {}, the range is not over", style.local(at))));
        let left_out = array(basis, "/excluded").iter().map(|one| {
            let why = style.show(Kind::Constant("EXCLUSION_REASON_"), one.get("reason"));
            format!("{} {why}", style.show(Kind::Count, one.get("touchpoints")))
        });
        let left_out: Vec<String> = left_out.collect();
        if !left_out.is_empty() {
            told.push(format!("excluded: {}", left_out.join(", ")));
        }
        lines.push(told.join("; "));
    }
    let warnings = array(answer, "/fit/warnings").iter();
    let warnings = warnings.map(|one| style.show(Kind::Constant("LIFETIME_WARNING_"), Some(one)));
    lines.extend(warnings.map(|warning| format!("warning: {warning}")));
    // What the change line says already of one comparison.
    let note = answer.get("comparisonNote").and_then(Value::as_str).filter(|note| !note.starts_with("One "));
    lines.extend(note.map(str::to_owned));
    vec![lines.iter().map(|line| wrapped(line, style.width)).collect()]
}

/// A line, broken between words where it would be too long.
pub fn wrapped(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let line = lines.last_mut().expect("there is a first line");
        if !line.is_empty() && line.chars().count() + word.trim_end().chars().count() > width {
            lines.push(format!("  {word}"));
        } else {
            line.push_str(word);
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}
