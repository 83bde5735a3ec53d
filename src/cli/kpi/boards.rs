//! Answers with two dimensions as tables of two: triangle, matrices, the model and the card.

use std::collections::BTreeSet;

use serde_json::Value;

use super::grid::{Column, Kind, Style, grid, number};
use super::legible::{Parts, array, kind_of, measured, name_of, section, some, unit_shown};

/// Cohorts beside the share of each that came back in each interval after.
pub fn triangle(answer: &Value, style: &Style) -> String {
    let rows = array(answer, "/total/triangle/rows");
    let k_of = |cell: &Value| cell.get("k").and_then(number).unwrap_or(0.0) as u64;
    let ks: BTreeSet<u64> = rows.iter().flat_map(|row| array(row, "/cells")).map(k_of).collect();
    let shown = |cell: &Value| {
        let share = cell.pointer("/ratio/value").and_then(number);
        // What is not over yet may still grow.
        let open = if cell.get("complete").is_some() { "" } else { "+" };
        share.map_or_else(String::new, |share| format!("{:.0}%{open}", share * 100.0))
    };
    let means = array(answer, "/total/triangle/means");
    let lines: Vec<&[Value]> = rows.iter().map(|row| array(row, "/cells")).chain([means]).collect();
    let label = |row: &Value| row.get("label").and_then(Value::as_str).unwrap_or_default().to_owned();
    let labels = rows.iter().map(label).chain(["mean".to_owned()]).collect();
    let sizes = rows.iter().map(|row| style.show(Kind::Count, row.get("size"))).chain([String::new()]);
    let mut columns =
        vec![Column::texts("cohort", labels), Column::numbers("size".to_owned(), sizes.collect())];
    columns.extend(ks.iter().map(|&k| {
        let cell =
            |cells: &&[Value]| cells.iter().find(|cell| k_of(cell) == k).map_or_else(String::new, shown);
        Column::numbers(k.to_string(), lines.iter().map(cell).collect())
    }));
    match rows.is_empty() {
        true => String::new(),
        false => format!("came back in the k-th interval (+: not over yet)\n{}", grid(&columns, style.width)),
    }
}

/// Where scores of recency, frequency and monetary value begin.
pub fn scale(answer: &Value, style: &Style) -> String {
    let kinds = [
        ("recency", "days at most", Kind::Count),
        ("frequency", "orders", Kind::Count),
        ("monetary", "net value", Kind::Money),
    ];
    let mut columns =
        vec![Column::texts("score", (2..=5).rev().map(|score: u32| score.to_string()).collect())];
    for (name, head, kind) in kinds {
        let cuts = array(answer, &format!("/scale/{name}"));
        let cut = |score: u32| {
            let cut = cuts.iter().find(|cut| cut.get("score").and_then(number) == Some(f64::from(score)));
            cut.map_or_else(String::new, |cut| style.show(kind, cut.get("value")))
        };
        let cells = (2..=5).rev().map(cut).collect();
        columns.push(Column::numbers(head, cells));
    }
    format!("from which value on a score is given\n{}", grid(&columns, style.width))
}

/// Credits: channels or campaigns beside models, of orders and of revenue.
pub fn attribution(answer: &Value, style: &Style) -> Vec<String> {
    let models = array(answer, "/models");
    let name = |credit: &Value| credit.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let names: BTreeSet<String> =
        models.iter().flat_map(|model| array(model, "/credits")).map(name).collect();
    let credited = |title: &str, field: &str, kind: Kind| {
        let labels = names.iter().cloned().chain(["unattributed".to_owned()]).collect();
        let mut columns = vec![Column::texts("", labels)];
        columns.extend(models.iter().map(|model| {
            let credits = array(model, "/credits");
            let of = |wanted: &String| credits.iter().find(|credit| name(credit) == *wanted)?.get(field);
            let rest = model.get("unattributed").and_then(|credit| credit.get(field));
            let values: Vec<Option<&Value>> = names.iter().map(of).chain([rest]).collect();
            let head = style.show(Kind::Constant("ATTRIBUTION_MODEL_"), model.get("model"));
            Column::of(head, kind, &values, style)
        }));
        format!("{title}\n{}", grid(&columns, style.width))
    };
    vec![credited("orders", "orders", Kind::Sum), credited("revenue", "revenueMinor", Kind::Money)]
}

/// The figures of returns, and from which channel to which.
pub fn returns(answer: &Value, style: &Style) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut columns =
        ["", "value", "95 % interval", "numerator", "denominator", "unit"].map(|head| match head {
            "" | "unit" => Column::texts(head, Vec::new()),
            _ => Column::numbers(head, Vec::new()),
        });
    for figure in array(answer, "/figures") {
        let unit = figure.get("unit").and_then(Value::as_str).unwrap_or_default();
        let total = figure.get("total").into_iter().collect::<Vec<_>>();
        let id = figure.pointer("/kpi/id").and_then(Value::as_str).unwrap_or_default();
        let own = measured(
            vec![Column::texts("", vec![id.to_owned()])],
            &total,
            Parts::of(figure, kind_of(unit)),
            style,
        );
        for column in &mut columns {
            let cell = own.iter().find(|one| one.head == column.head).and_then(|one| one.cells.first());
            column.cells.push(cell.cloned().unwrap_or_default());
        }
        *columns[5].cells.last_mut().expect("just pushed") = unit_shown(unit, style);
    }
    parts.push(grid(&columns, style.width));

    let cells = array(answer, "/matrix");
    let text =
        |cell: &Value, field: &str| cell.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let all = |field: &'static str| cells.iter().map(|cell| text(cell, field)).collect::<BTreeSet<_>>();
    let (bought, returned) = (all("purchaseChannel"), all("returnChannel"));
    let mut columns = vec![Column::texts("bought", bought.iter().cloned().collect())];
    columns.extend(returned.iter().map(|to| {
        let of = |from: &String| {
            let is =
                |cell: &&Value| text(cell, "purchaseChannel") == *from && text(cell, "returnChannel") == *to;
            cells
                .iter()
                .find(is)
                .map_or_else(String::new, |cell| style.show(Kind::Count, cell.get("returns")))
        };
        Column::numbers(to.as_str(), bought.iter().map(of).collect())
    }));
    if !cells.is_empty() {
        parts.push(format!(
            "returns by channel of purchase (down) and of return\n{}",
            grid(&columns, style.width)
        ));
    }
    parts
}

/// The figures of a shape that were compared: now, before, the change and its p-value.
pub fn compared(answer: &Value, style: &Style) -> String {
    let figures: Vec<&Value> =
        array(answer, "/figures").iter().filter(|figure| figure.get("change").is_some()).collect();
    let Some(first) = figures.first() else { return String::new() };
    let shown = |path: &'static str, kind: Option<Kind>| {
        let cell = |figure: &&Value| {
            let kind = kind.unwrap_or_else(|| kind_of(unit_of(Some(figure))));
            figure.pointer(path).map_or_else(String::new, |value| style.show(kind, Some(value)))
        };
        figures.iter().map(cell).collect::<Vec<_>>()
    };
    let id =
        |figure: &&Value| figure.pointer("/kpi/id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let changes = shown("/change/difference", None).into_iter().map(|change| change.replace('%', "pts"));
    let columns = [
        Column::texts("", figures.iter().map(id).collect()),
        Column::numbers("value", shown("/total/value", None)),
        Column::numbers("before", shown("/change/before/value", None)),
        Column::numbers("change", changes.collect()),
        Column::numbers("p", shown("/change/adjustedPValue", Some(Kind::Number))),
    ];
    let at = |end| first.pointer(end).and_then(Value::as_str).map_or_else(String::new, |at| style.local(at));
    let (from, until) = (at("/change/range/start"), at("/change/range/end"));
    format!("compared with {from} to {until}\n{}", grid(&columns, style.width))
}

/// Phases beside channels, and what changed over all.
pub fn phase_model(answer: &Value, style: &Style) -> Vec<String> {
    let rows = array(answer, "/rows");
    let figures: Vec<&Value> = rows.iter().filter_map(|row| row.get("figure")).collect();
    let name =
        |row: &Value| row.pointer("/figure/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut columns = vec![Column::texts("by channel", rows.iter().map(name).collect())];
    for (nth, channel) in array(answer, "/channels").iter().enumerate() {
        let cell = |row: &Value| {
            array(row, "/cells")
                .get(nth)
                .map_or_else(String::new, |cell| marked(cell, kind_of(unit_of(row.get("figure"))), style))
        };
        let head = channel.as_str().unwrap_or_default();
        columns.push(Column::numbers(head, rows.iter().map(cell).collect()));
    }
    vec![totals(&figures, style), starred(grid(&columns, style.width))]
}

/// Channels or locations beside what they sold and helped to sell.
pub fn card(answer: &Value, style: &Style) -> Vec<String> {
    let figures: Vec<&Value> = array(answer, "/columns").iter().collect();
    let (rows, more) = some(array(answer, "/rows"));
    let places = rows.iter().map(|row| name_of(row.get("place"))).collect();
    let mut columns = vec![Column::texts("place", places)];
    for (nth, figure) in figures.iter().enumerate() {
        let kind = kind_of(unit_of(Some(figure)));
        let cell = |row: &Value| {
            array(row, "/cells").get(nth).map_or_else(String::new, |cell| marked(cell, kind, style))
        };
        let id = figure.pointer("/kpi/id").and_then(Value::as_str).unwrap_or_default().replace('_', " ");
        columns.push(Column::numbers(id, rows.iter().map(cell).collect()));
    }
    vec![totals(&figures, style), starred(section(&columns, more, style))]
}

fn starred(table: String) -> String {
    if table.contains('*') { table + "* changed significantly\n" } else { table }
}

fn unit_of(figure: Option<&Value>) -> &str {
    figure.and_then(|figure| figure.get("unit")).and_then(Value::as_str).unwrap_or_default()
}

/// The value of a cell, and whether it changed.
fn marked(cell: &Value, kind: Kind, style: &Style) -> String {
    let mark = if cell.pointer("/change/significant") == Some(&Value::Bool(true)) { "*" } else { "" };
    let value = cell.pointer("/figure/value");
    value.map_or_else(String::new, |value| style.show(kind, Some(value)) + mark)
}

/// The totals of a board's figures: now, before, the change, its p-value and the target.
fn totals(figures: &[&Value], style: &Style) -> String {
    let text = |path: &'static str| {
        move |figure: &&Value| figure.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let shown = |path: &'static str, kind: Option<Kind>| {
        let cell = |figure: &&Value| {
            let kind = kind.unwrap_or_else(|| kind_of(unit_of(Some(figure))));
            figure.pointer(path).map_or_else(String::new, |value| style.show(kind, Some(value)))
        };
        figures.iter().map(cell).collect::<Vec<_>>()
    };
    let units = figures.iter().map(|figure| unit_shown(unit_of(Some(figure)), style)).collect();
    let changes = shown("/total/change/difference", None).into_iter();
    let columns = [
        Column::texts("in all", figures.iter().map(text("/name")).collect()),
        Column::numbers("value", shown("/total/figure/value", None)),
        Column::numbers("before", shown("/total/change/before/value", None)),
        Column::numbers("change", changes.map(|change| change.replace('%', "pts")).collect()),
        Column::numbers("p", shown("/total/change/adjustedPValue", Some(Kind::Number))),
        Column::numbers("target", shown("/total/target", None)),
        Column::numbers("reached", shown("/total/attainment", Some(Kind::Share))),
        Column::texts("unit", units),
    ];
    grid(&columns, style.width)
}
