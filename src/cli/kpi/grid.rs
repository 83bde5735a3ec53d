//! Cells as people read them, and tables of them that fit a terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Row, Table};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::model::Currency;

/// Texts of a table are cut after so many characters.
const CELL: usize = 28;
/// Nothing to show.
const NONE: &str = "-";

/// How a value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A text that is of no use when it is cut.
    Id,
    /// A name of an enum, without what all its names begin with.
    Constant(&'static str),
    /// An instant: its local date, and its time unless that is midnight.
    Time,
    /// A whole number; 0 where it is left out, as ProtoJSON does.
    Count,
    Number,
    /// A number; 0 where it is left out.
    Sum,
    /// A share, as percent.
    Share,
    /// Minor units; 0 where they are left out.
    Money,
    /// Minor units that may be unknown.
    MaybeMoney,
}

/// What cells of an answer have in common.
#[derive(Debug, Clone)]
pub struct Style {
    /// Of amounts; without one they are shown in minor units.
    pub currency: Option<Currency>,
    pub zone: TimeZone,
    pub width: usize,
}

/// A column: its name and its cells.
#[derive(Debug, Clone)]
pub struct Column {
    pub head: String,
    pub cells: Vec<String>,
    pub is_text: bool,
    /// Cells are cut after so many characters.
    most: usize,
}

impl Column {
    pub fn texts(head: impl Into<String>, cells: Vec<String>) -> Self {
        Self { head: head.into(), cells, is_text: true, most: CELL }
    }

    /// Numbers as they are shown, which end below each other.
    pub fn numbers(head: impl Into<String>, cells: Vec<String>) -> Self {
        Self { is_text: false, ..Self::texts(head, cells) }
    }

    /// Values of one kind, with as many decimals as the greatest of them asks for.
    pub fn of(head: impl Into<String>, kind: Kind, values: &[Option<&Value>], style: &Style) -> Self {
        let is_text = matches!(kind, Kind::Text | Kind::Id | Kind::Constant(_) | Kind::Time);
        let cells = match is_text {
            true => values.iter().map(|value| style.text(kind, *value)).collect(),
            false => {
                let known = values.iter().map(|value| value.and_then(number)).collect::<Vec<_>>();
                let decimals = style.decimals(kind, known.iter().flatten().copied());
                known.into_iter().map(|value| style.number(kind, value, decimals)).collect()
            }
        };
        Self { head: head.into(), cells, is_text, most: if kind == Kind::Id { usize::MAX } else { CELL } }
    }

    fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| cell.is_empty() || cell == NONE)
    }
}

/// A number as JSON has it: 64-bit ones are texts.
pub fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

impl Style {
    /// One value by itself.
    pub fn show(&self, kind: Kind, value: Option<&Value>) -> String {
        Column::of("", kind, &[value], self).cells.swap_remove(0)
    }

    /// From one value to another.
    pub fn range(&self, kind: Kind, interval: Option<&Value>, decimals: usize) -> String {
        let bound = |name| interval.and_then(|interval| interval.get(name)).and_then(number);
        // A bound of 0 is left out.
        match interval {
            Some(_) => {
                let shown = |name| self.number(kind, Some(bound(name).unwrap_or(0.0)), decimals);
                format!("{} to {}", shown("low").trim_end_matches(" %"), shown("high"))
            }
            None => String::new(),
        }
    }

    /// Of numbers that stand beside each other.
    pub fn decimals(&self, kind: Kind, values: impl Iterator<Item = f64>) -> usize {
        let (mut greatest, mut whole) = (0.0_f64, true);
        values.for_each(|value| {
            greatest = greatest.max(value.abs());
            whole &= value.fract() == 0.0;
        });
        match (kind, self.currency) {
            (Kind::Share, _) => 1,
            (Kind::Count, _) => 0,
            (Kind::Money | Kind::MaybeMoney, Some(currency)) => currency.exponent() as usize,
            _ if whole => 0,
            _ if greatest >= 1_000.0 => 0,
            _ if greatest >= 100.0 => 1,
            _ if greatest >= 1.0 => 2,
            _ => 4,
        }
    }

    /// A number of a kind.
    pub fn number(&self, kind: Kind, value: Option<f64>, decimals: usize) -> String {
        let value = match (kind, value) {
            (Kind::Count | Kind::Sum | Kind::Money, None) => 0.0,
            (_, None) => return NONE.to_owned(),
            (_, Some(value)) => value,
        };
        let scale = match (kind, self.currency) {
            (Kind::Money | Kind::MaybeMoney, Some(currency)) => 0.1_f64.powi(currency.exponent() as i32),
            (Kind::Share, _) => 100.0,
            _ => 1.0,
        };
        let shown = grouped(value * scale, decimals);
        if kind == Kind::Share { format!("{shown} %") } else { shown }
    }

    fn text(&self, kind: Kind, value: Option<&Value>) -> String {
        let text = match value {
            None if matches!(kind, Kind::Constant(_)) => "(none)",
            None | Some(Value::Null) => return NONE.to_owned(),
            Some(Value::String(text)) => text.as_str(),
            Some(Value::Array(texts)) => {
                let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
                return texts.join(" > ");
            }
            Some(other) => return other.to_string(),
        };
        match kind {
            Kind::Constant(prefix) => text.trim_start_matches(prefix).to_lowercase().replace('_', " "),
            Kind::Time => self.local(text),
            _ => text.to_owned(),
        }
    }

    /// An instant in the zone of the question.
    pub fn local(&self, instant: &str) -> String {
        let Ok(at) = instant.parse::<jiff::Timestamp>() else { return instant.to_owned() };
        let local = at.to_zoned(self.zone.clone()).datetime();
        match local.time() == jiff::civil::Time::midnight() {
            true => local.date().to_string(),
            false => format!("{} {}", local.date(), local.time().strftime("%H:%M")),
        }
    }
}

/// A number with its thousands apart.
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), ""), |(whole, rest)| (whole, rest));
    let mut shown = String::new();
    for (nth, digit) in whole.chars().enumerate() {
        if nth > 0 && (whole.len() - nth).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if !rest.is_empty() {
        shown = format!("{shown}.{rest}");
    }
    let is_zero = text.chars().all(|c| matches!(c, '0' | '.'));
    if value < 0.0 && !is_zero { format!("-{shown}") } else { shown }
}

/// Columns side by side, without empty ones; those that do not fit stand below, in blocks that begin
/// with the first column again. Each line ends with a line break.
pub fn grid(columns: &[Column], width: usize) -> String {
    let (names, others) = columns.split_at(1.min(columns.len()));
    let others: Vec<&Column> = others.iter().filter(|column| !column.is_empty()).collect();
    let wide = |column: &Column| {
        let cells = column.cells.iter().chain([&column.head]).map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).min(column.most) + 2
    };
    let own: usize = names.iter().map(wide).sum();
    let mut blocks: Vec<Vec<&Column>> = vec![names.iter().collect()];
    let mut used = own;
    for column in others {
        if used + wide(column) > width && blocks.last().is_some_and(|block| block.len() > names.len()) {
            blocks.push(names.iter().collect());
            used = own;
        }
        used += wide(column);
        blocks.last_mut().expect("there is a first block").push(column);
    }
    blocks.iter().map(|block| table(block, width)).collect::<Vec<_>>().join("\n")
}

fn table(columns: &[&Column], width: usize) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_truncation_indicator("…").set_width(u16::try_from(width).unwrap_or(u16::MAX));
    let rows = columns.iter().map(|column| column.cells.len()).max().unwrap_or(0);
    if columns.iter().any(|column| !column.head.is_empty()) {
        table.set_header(line(columns, |column| &column.head));
    }
    for row in 0..rows {
        table.add_row(line(columns, |column| column.cells.get(row).map_or("", String::as_str)));
    }
    for (nth, column) in columns.iter().enumerate() {
        let own = table.column_mut(nth).expect("each row has a cell for each column");
        own.set_padding((if nth == 0 { 0 } else { 2 }, 0));
        let side = if column.is_text { CellAlignment::Left } else { CellAlignment::Right };
        own.set_cell_alignment(side);
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned() + "\n");
    lines.collect()
}

/// One line of a table: what is longer is cut.
fn line<'t>(columns: &[&'t Column], cell: impl Fn(&'t Column) -> &'t str) -> Row {
    let cut = |column: &&'t Column| match cell(column) {
        long if long.chars().count() > column.most => {
            long.chars().take(column.most - 1).chain(['…']).collect()
        }
        short => short.to_owned(),
    };
    let mut row = Row::from(columns.iter().map(cut).collect::<Vec<String>>());
    row.max_height(1);
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn style(currency: Option<&str>) -> Style {
        Style { currency: currency.and_then(Currency::parse), zone: TimeZone::UTC, width: 80 }
    }

    #[test]
    fn numbers_are_shown_as_their_kind_and_size_ask_for() {
        let shown = |kind, value: Value| style(Some("EUR")).show(kind, Some(&value));
        assert_eq!(shown(Kind::Share, json!(0.23166)), "23.2 %");
        assert_eq!(shown(Kind::Money, json!("-123456789")), "-1,234,567.89");
        assert_eq!(shown(Kind::Count, json!("1000")), "1,000");
        assert_eq!(shown(Kind::Number, json!(0.012345)), "0.0123");
        assert_eq!(shown(Kind::Number, json!(-0.00001)), "0.0000");
        assert_eq!(shown(Kind::Constant("PHASE_"), json!("PHASE_AWARENESS")), "awareness");
        assert_eq!(shown(Kind::Time, json!("2025-01-01T00:00:00+00:00")), "2025-01-01");
        assert_eq!(shown(Kind::Time, json!("2025-01-01T06:05:00+00:00")), "2025-01-01 06:05");
        assert_eq!(style(Some("JPY")).show(Kind::Money, Some(&json!("1234"))), "1,234");
        assert_eq!(style(None).show(Kind::Money, Some(&json!("1234"))), "1,234");
        let none = |kind| style(None).show(kind, None);
        assert_eq!([none(Kind::Count), none(Kind::Share), none(Kind::MaybeMoney)], ["0", "-", "-"]);
    }

    #[test]
    fn columns_fit_numbers_end_at_one_place_and_names_are_cut() {
        let names = vec!["x".repeat(90), "日本語".to_owned()];
        let numbers = [json!(1.5), json!(1_000.25)];
        let values: Vec<Option<&Value>> = numbers.iter().map(Some).collect();
        let columns: Vec<Column> = std::iter::once(Column::texts("name", names))
            .chain((0..9).map(|nth| Column::of(format!("number {nth}"), Kind::Number, &values, &style(None))))
            .collect();
        for width in [40, 60, 80, 200] {
            let text = grid(&columns, width);
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
            assert!((0..9).all(|nth| text.contains(&format!("number {nth}"))), "{text}");
        }
        let text = grid(&columns[..2], 80);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].ends_with("       2") && lines[1].contains("x…"), "{text}");
        assert!(lines[2].ends_with("1,000"), "{text}");
    }
}
