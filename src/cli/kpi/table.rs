//! Answers of any shape as rows: every object of the answer that holds values is one, lists of
//! objects are parts of their own. So a new KPI needs nothing here.

use serde_json::Value;

use crate::cli::shown;

/// Texts of a table are cut after so many characters.
const CELL: usize = 40;

/// The rows of one part of an answer.
#[derive(Debug, Default, PartialEq)]
struct Part {
    name: String,
    columns: Vec<String>,
    /// In the order of the columns; shorter rows end with empty cells.
    rows: Vec<Vec<String>>,
}

impl Part {
    fn cell(&mut self, row: usize, column: String, text: String) {
        let place = self.columns.iter().position(|known| *known == column).unwrap_or_else(|| {
            self.columns.push(column);
            self.columns.len() - 1
        });
        let cells = &mut self.rows[row];
        if cells.len() <= place {
            cells.resize(place + 1, String::new());
        }
        cells[place] = text;
    }
}

/// The parts of an answer, in order of appearance.
fn parts(answer: &Value) -> Vec<Part> {
    let mut parts = Vec::new();
    object(&mut parts, "answer", "", answer);
    parts.retain(|part: &Part| !part.columns.is_empty());
    parts
}

/// Adds an object as a row, and its lists of objects as parts; `of` names the row it belongs to.
fn object(parts: &mut Vec<Part>, name: &str, of: &str, value: &Value) {
    let known = parts.iter().position(|part| part.name == name);
    let place = known.unwrap_or_else(|| {
        parts.push(Part { name: name.to_owned(), ..Part::default() });
        parts.len() - 1
    });
    parts[place].rows.push(Vec::new());
    let row = parts[place].rows.len() - 1;
    if !of.is_empty() {
        parts[place].cell(row, "of".to_owned(), of.to_owned());
    }
    let mut lists = Vec::new();
    scalars(&mut parts[place], row, "", value, &mut lists);
    let own = label(value).unwrap_or_else(|| (row + 1).to_string());
    let below = match (of.is_empty(), name) {
        (true, "answer") => String::new(),
        (true, _) => own,
        (false, _) => format!("{of}/{own}"),
    };
    for (path, list) in lists {
        let name = if name == "answer" { path } else { format!("{name}.{path}") };
        list.iter().for_each(|value| object(parts, &name, &below, value));
    }
}

/// By what people would call a row.
fn label(value: &Value) -> Option<String> {
    let said = |path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
    ["/key/value", "/keys/0/value", "/name", "/model", "/start", "/kpi/id"].into_iter().find_map(said)
}

fn scalars<'v>(
    part: &mut Part,
    row: usize,
    path: &str,
    value: &'v Value,
    lists: &mut Vec<(String, &'v [Value])>,
) {
    let Value::Object(fields) = value else {
        part.cell(row, if path.is_empty() { "value" } else { path }.to_owned(), text(value));
        return;
    };
    for (field, value) in fields {
        let path = if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
        match value {
            Value::Object(_) => scalars(part, row, &path, value, lists),
            Value::Array(list) if list.is_empty() => {}
            Value::Array(list) if list.iter().any(Value::is_object) => {
                // Names of groups are what a row is called.
                match list.iter().all(|one| one.as_object().is_some_and(|o| o.keys().all(|k| k == "value"))) {
                    true => {
                        let names: Vec<String> = list.iter().map(|one| text(&one["value"])).collect();
                        part.cell(row, path, names.join(" / "));
                    }
                    false => lists.push((path, list)),
                }
            }
            Value::Array(list) => {
                let texts: Vec<String> = list.iter().map(text).collect();
                part.cell(row, path, texts.join(" "));
            }
            _ => part.cell(row, path, text(value)),
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One rectangular table: the first column names the part of the answer that a row is of.
#[must_use]
pub fn csv(answer: &Value) -> String {
    let parts = parts(answer);
    let mut columns: Vec<&str> = Vec::new();
    for column in parts.iter().flat_map(|part| &part.columns) {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    let line = |cells: Vec<&str>| cells.into_iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n";
    let mut text = line([&["part"], columns.as_slice()].concat());
    for part in &parts {
        for row in &part.rows {
            let cell = |column: &&str| {
                let place = part.columns.iter().position(|own| own == column);
                place.and_then(|place| row.get(place)).map_or("", String::as_str)
            };
            let cells = std::iter::once(part.name.as_str()).chain(columns.iter().map(cell)).collect();
            text.push_str(&line(cells));
        }
    }
    text
}

/// As RFC 4180 has it, and never a formula.
fn quoted(cell: &str) -> String {
    let cell = shown::cell(cell);
    match cell.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    }
}

/// Each part as a table no wider than `width`: one row as a list, more below their columns, and
/// columns that do not fit in a further block.
#[must_use]
pub fn tables(answer: &Value, width: usize) -> String {
    parts(answer).iter().map(|part| table(part, width)).collect::<Vec<_>>().join("\n")
}

fn table(part: &Part, width: usize) -> String {
    let cell = |row: &Vec<String>, place: usize| short(row.get(place).map_or("", String::as_str));
    if let [row] = part.rows.as_slice() {
        let wide = part.columns.iter().map(|column| column.chars().count()).max().unwrap_or(0).min(width / 2);
        let line = |(place, column): (usize, &String)| {
            format!("  {}  {}\n", padded(column, wide), cut(&cell(row, place), width - wide - 4))
        };
        let lines: String = part.columns.iter().enumerate().map(line).collect();
        return format!("{}\n{lines}", part.name);
    }
    let columns: Vec<Vec<String>> = (0..part.columns.len())
        .map(|place| part.rows.iter().map(|row| cell(row, place)).collect::<Vec<_>>())
        .collect();
    let wide = |place: usize| {
        let cells = columns[place].iter().map(|cell| cell.chars().count());
        cells.chain([part.columns[place].chars().count()]).max().unwrap_or(0)
    };
    // Further blocks begin with the first column again, which tells rows apart.
    let mut blocks: Vec<Vec<usize>> = vec![vec![0]];
    let mut used = wide(0) + 2;
    for place in 1..columns.len() {
        if used + wide(place) + 2 > width && blocks.last().is_some_and(|block| block.len() > 1) {
            blocks.push(vec![0]);
            used = wide(0) + 2;
        }
        used += wide(place) + 2;
        if let Some(block) = blocks.last_mut() {
            block.push(place);
        }
    }
    let block = |places: &Vec<usize>| {
        let line = |texts: Vec<&str>| {
            let cells = places.iter().zip(texts).map(|(&place, text)| padded(text, wide(place)));
            let line = format!("  {}", cells.collect::<Vec<_>>().join("  "));
            format!("{}\n", cut(line.trim_end(), width))
        };
        let head = line(places.iter().map(|&place| part.columns[place].as_str()).collect());
        let rows = (0..part.rows.len())
            .map(|row| line(places.iter().map(|&place| columns[place][row].as_str()).collect()));
        head + &rows.collect::<String>()
    };
    format!("{}\n{}", part.name, blocks.iter().map(block).collect::<Vec<_>>().join("\n"))
}

/// A number with as many digits as people read, a text that ends somewhere.
fn short(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(number) if text.contains('.') && number.is_finite() && text.len() > 8 => {
            let digits = (5 - number.abs().max(1e-9).log10().floor() as i32).clamp(0, 9) as usize;
            let rounded = format!("{number:.digits$}");
            match rounded.contains('.') {
                true => rounded.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => rounded,
            }
        }
        _ => cut(text, CELL),
    }
}

fn cut(text: &str, width: usize) -> String {
    match text.chars().count() <= width {
        true => text.to_owned(),
        false => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
    }
}

fn padded(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let missing = width - text.chars().count();
    text + &" ".repeat(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer() -> Value {
        json!({
            "kpi": { "id": "x", "version": 1 },
            "total": { "share": 0.123_456_789_012, "n": "12" },
            "groups": [
                { "keys": [{ "value": "web, app" }], "figure": { "value": 1.5 }, "curve": [{ "day": 1 }, { "day": 2 }] },
                { "keys": [{ "value": null }], "figure": { "value": 2 }, "curve": [] },
            ],
        })
    }

    #[test]
    fn an_answer_is_one_rectangle() {
        let csv = csv(&answer());
        let lines: Vec<&str> = csv.split("\r\n").collect();
        assert_eq!(lines[0], "part,kpi.id,kpi.version,total.n,total.share,figure.value,keys,of,day");
        assert_eq!(lines[1], "answer,x,1,12,0.123456789012,,,,");
        assert_eq!(lines[2], "groups,,,,,1.5,\"web, app\",,");
        assert_eq!(lines[3], "groups,,,,,2,,,");
        assert_eq!(lines[4], "groups.curve,,,,,,,\"web, app\",1");
        assert_eq!(lines.len(), 7, "and the end of the last line");
    }

    #[test]
    fn tables_are_no_wider_than_asked() {
        let wide = json!({ "rows": (0..3).map(|n| json!({
            "aaaaaaaaaaaaaaaaaaaa": n, "bbbbbbbbbbbbbbbbbbbbbbbbb": "x".repeat(90), "cccccccccccccccccccc": 1.0,
        })).collect::<Vec<_>>() });
        for width in [40, 60, 100, 200] {
            let text = tables(&wide, width) + &tables(&answer(), width);
            assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
        }
        assert!(tables(&wide, 200).contains("cccc"));
        assert!(tables(&answer(), 80).contains("0.123457"), "{}", tables(&answer(), 80));
    }
}
