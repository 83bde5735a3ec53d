//! The same rows in the same tables and indexes, by the same driver, with nothing in between.

use customer360::clock;
use customer360::store::{Column, Database, Scalar};

/// Touchpoints in one transaction, as the service groups them when it is busy.
const GROUP: i64 = 8_192;
/// Rows read from the other database in one go.
const PAGE: i64 = 50_000;

/// How far the numbers of a tenant had come.
#[derive(Clone, Copy, Default)]
pub struct Reached {
    touchpoint: i64,
    observation: i64,
    identifier: i64,
    revision: i64,
}

/// A table: its columns as `name:type` (`i` integer, `n` integer or null, `t` text, `b` bytes),
/// the first being the number by which its rows are dealt out to transactions.
struct Bare {
    columns: &'static [&'static str],
    select: &'static str,
    insert: &'static str,
    until: fn(&Reached) -> i64,
}

macro_rules! bare {
    ($table:literal, $until:expr, $first:literal $(, $column:literal)*; $kinds:expr) => {
        Bare {
            columns: &$kinds,
            select: concat!("SELECT ", $first $(, ", ", $column)*, " FROM ", $table,
                " WHERE tenant = $1 AND ", $first, " > $2 AND ", $first, " <= $3 ORDER BY ", $first),
            insert: concat!("INSERT INTO ", $table, " (tenant, ", $first $(, ", ", $column)*, ") {rows}"),
            until: $until,
        }
    };
}

fn tables() -> Vec<Bare> {
    vec![
        bare!("touchpoint", |r| r.touchpoint, "touchpoint", "revision", "source", "source_id", "payload_hash",
            "observation", "at_us", "activity", "channel", "details";
            ["i", "i", "t", "t", "b", "n", "i", "t", "t", "t"]),
        bare!("order_statement", |r| r.touchpoint, "touchpoint", "order_id"; ["i", "t"]),
        bare!("observation", |r| r.observation, "observation", "set_hash", "identifiers", "severed", "live",
            "customer", "component", "first_at_us", "first_source", "first_source_id";
            ["i", "b", "t", "t", "i", "i", "i", "i", "t", "t"]),
        bare!("sighting", |r| r.observation, "observation", "identifier"; ["i", "i"]),
        bare!("summary", |r| r.observation, "observation", "summary"; ["i", "b"]),
        bare!("customer", |r| r.observation, "customer", "registered", "latest_in"; ["i", "i", "i"]),
        bare!("identifier", |r| r.identifier, "identifier", "kind", "value", "holder", "first_in", "latest_in",
            "claims"; ["i", "t", "t", "n", "i", "i", "t"]),
        bare!("reassignment", |r| r.revision, "revision", "observation", "from_customer", "to_customer";
            ["i", "i", "i", "i"]),
    ]
}

enum Cells {
    Int(Vec<i64>),
    IntOrNull(Vec<Option<i64>>),
    Text(Vec<String>),
    Bytes(Vec<Vec<u8>>),
}

impl Cells {
    fn of(kind: &str) -> Self {
        match kind {
            "i" => Self::Int(Vec::new()),
            "n" => Self::IntOrNull(Vec::new()),
            "t" => Self::Text(Vec::new()),
            _ => Self::Bytes(Vec::new()),
        }
    }

    fn column(&self, rows: std::ops::Range<usize>) -> Column<'_> {
        match self {
            Self::Int(cells) => Column::Int(cells[rows].to_vec()),
            Self::IntOrNull(cells) => Column::IntOrNull(cells[rows].to_vec()),
            Self::Text(cells) => Column::Text(cells[rows].iter().map(String::as_str).collect()),
            Self::Bytes(cells) => Column::Bytes(cells[rows].iter().map(Vec::as_slice).collect()),
        }
    }
}

/// Where the tenant's numbers stand now.
pub async fn reached(db: &Database, tenant: i64) -> Reached {
    let mut tx = db.read().await.expect("a transaction");
    let text =
        "SELECT next_touchpoint, next_observation, next_identifier, revision FROM tenant WHERE tenant = $1";
    let row = tx.fetch_one(text, &[Scalar::Int(tenant)]).await.expect("read").expect("the tenant");
    let number = |column| row.get::<i64>(column).expect("a number");
    Reached {
        touchpoint: number(0) - 1,
        observation: number(1) - 1,
        identifier: number(2) - 1,
        revision: number(3),
    }
}

/// Inserts the rows between two points into another database with the same tables, and says how
/// many seconds the inserts took: reading them is not counted.
pub async fn insert(from: &Database, to: &Database, tenant: i64, after: Reached, until: Reached) -> f64 {
    let mut loaded = Vec::new();
    for table in tables() {
        let rows = load(from, &table, tenant, (table.until)(&after), (table.until)(&until)).await;
        loaded.push((table, rows));
    }
    let groups = (until.touchpoint - after.touchpoint).div_euclid(GROUP).max(0) as usize + 1;
    let mut seconds = 0.0;
    for group in 0..groups {
        let begun = clock::stopwatch();
        let mut tx = to.write().await.expect("a transaction");
        for (table, cells) in &loaded {
            let count = match &cells[0] {
                Cells::Int(numbers) => numbers.len(),
                _ => 0,
            };
            let rows = count * group / groups..count * (group + 1) / groups;
            let mut columns = vec![Column::Int(vec![tenant; rows.len()])];
            columns.extend(cells.iter().map(|cells| cells.column(rows.clone())));
            tx.run_bulk(table.insert, &[], &columns).await.expect("inserted");
        }
        tx.commit().await.expect("committed");
        seconds += begun.elapsed().as_secs_f64();
    }
    seconds
}

async fn load(db: &Database, table: &Bare, tenant: i64, after: i64, until: i64) -> Vec<Cells> {
    let mut cells: Vec<Cells> = table.columns.iter().map(|kind| Cells::of(kind)).collect();
    let mut from = after;
    while from < until {
        let to = (from + PAGE).min(until);
        let mut tx = db.read().await.expect("a transaction");
        let scalars = [Scalar::Int(tenant), Scalar::Int(from), Scalar::Int(to)];
        for row in tx.fetch(table.select, &scalars).await.expect("read") {
            for (i, cells) in cells.iter_mut().enumerate() {
                match cells {
                    Cells::Int(cells) => cells.push(row.get(i).expect("a number")),
                    Cells::IntOrNull(cells) => cells.push(row.get(i).expect("a number")),
                    Cells::Text(cells) => cells.push(row.get(i).expect("a text")),
                    Cells::Bytes(cells) => cells.push(row.get(i).expect("bytes")),
                }
            }
        }
        from = to;
    }
    cells
}
