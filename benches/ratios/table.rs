//! What was measured, as a table of ratios with their floors and aims.

use std::time::Duration;

/// Which way a ratio is better.
#[derive(Clone, Copy, PartialEq)]
pub enum Better {
    Greater,
    Less,
}

/// One line of the table.
pub struct Row {
    pub what: String,
    /// The ratio, or the figure where there is none.
    pub value: f64,
    pub better: Better,
    pub floor: Option<f64>,
    pub aim: Option<f64>,
    /// Both sides of the ratio, and the physical limit beside them.
    pub sides: String,
}

impl Row {
    pub fn new(what: impl Into<String>, value: f64, sides: impl Into<String>) -> Self {
        let (what, sides) = (what.into(), sides.into());
        Self { what, value, better: Better::Greater, floor: None, aim: None, sides }
    }

    pub fn at_least(self, floor: f64, aim: f64) -> Self {
        Self { floor: Some(floor), aim: Some(aim), better: Better::Greater, ..self }
    }

    pub fn at_most(self, floor: f64, aim: f64) -> Self {
        Self { floor: Some(floor), aim: Some(aim), better: Better::Less, ..self }
    }

    fn verdict(&self) -> &'static str {
        let meets = |bound: f64| match self.better {
            Better::Greater => self.value >= bound,
            Better::Less => self.value <= bound,
        };
        match (self.floor, self.aim) {
            (_, Some(aim)) if meets(aim) => "aim",
            (Some(floor), _) if meets(floor) => "floor",
            (Some(_), _) => "BELOW",
            _ => "",
        }
    }
}

/// Lines as they come, so that a long run can be watched.
#[derive(Default)]
pub struct Table {
    begun: bool,
}

impl Table {
    pub fn print(&mut self, row: &Row) {
        if !self.begun {
            println!(
                "| what | measured | floor | aim | reached | both sides, and the limit |\n|---|---|---|---|---|---|"
            );
            self.begun = true;
        }
        let bound = |bound: Option<f64>| bound.map_or_else(String::new, number);
        let (floor, aim) = (bound(row.floor), bound(row.aim));
        println!(
            "| {} | {} | {floor} | {aim} | {} | {} |",
            row.what,
            number(row.value),
            row.verdict(),
            row.sides
        );
    }
}

/// Three digits that count.
pub fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 1e4 => {
            let digits = format!("{value:.0}");
            let groups: Vec<&str> =
                digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap()).collect();
            groups.join(",")
        }
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 0.095 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

pub fn median(mut values: Vec<f64>) -> f64 {
    assert!(!values.is_empty(), "something was measured");
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// The value below which a share of the values lies.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}
