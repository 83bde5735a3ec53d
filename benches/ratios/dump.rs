//! Columns as files that another engine can load.

use std::io::Write;
use std::path::Path;

use customer360::kpi::facts::fact::TouchType;
use customer360::kpi::facts::rows::Others;
use customer360::kpi::facts::side_tables::{TABLES, TOUCHES};
use customer360::kpi::facts::stem::Stem;
use customer360::kpi::{Dictionary, Identity, Tables};
use customer360::model::ActivityType;

use crate::columns::{Map, observations, rates};

/// `touchpoints.csv`, `lines.csv` of their orders, `items.csv` (what they name), `mapping.csv` and
/// `rates.csv`, which knows one rate for each channel and type.
pub fn write(folder: &Path, tables: &Tables, dictionary: &Dictionary) -> std::io::Result<()> {
    let file = |name: &str| std::fs::File::create(folder.join(name)).map(std::io::BufWriter::new);
    let mut seconds = vec![0; tables.touchpoints() + 1];
    for (touch, &its) in tables.handling.owner.iter().zip(&tables.handling.seconds) {
        let number = tables.stems()[touch.table()].number[touch.row()];
        seconds[number as usize] = its;
    }
    let mut out = file("touchpoints.csv")?;
    writeln!(out, "number,observation,at,channel,type,amount,score,seconds,item,detail")?;
    let mut write = |stem: &Stem,
                     row: usize,
                     touch_type: &str,
                     amount: i64,
                     score: u8,
                     (item, detail): (u32, u8)| {
        let channel = dictionary.channels.name(dictionary.place(stem.place[row]).channel);
        let (observation, at, seconds) =
            (stem.observation[row], stem.at[row], seconds[stem.number[row] as usize]);
        let number = stem.number[row];
        writeln!(
            out,
            "{number},{observation},{at},{channel},{touch_type},{amount},{score},{seconds},{item},{detail}"
        )
    };
    for row in 0..tables.orders.stem.len() {
        write(
            &tables.orders.stem,
            row,
            "order",
            tables.orders.amount.get(row),
            0,
            (tables.orders.item[row], 0),
        )?;
    }
    for row in 0..tables.returns.stem.len() {
        write(&tables.returns.stem, row, "return", tables.returns.amount.get(row), 0, (0, 0))?;
    }
    for row in 0..tables.answers.stem.len() {
        let kind = ["nps", "csat", "ces"][usize::from(tables.answers.kind[row])];
        write(&tables.answers.stem, row, kind, 0, tables.answers.score[row], (0, 0))?;
    }
    // In order of arrival, as a table would be that knows nothing of ours.
    let all = (TOUCHES..TABLES).flat_map(|table| (0..tables.stem(table).len()).map(move |row| (table, row)));
    let mut all: Vec<(usize, usize)> = all.collect();
    all.sort_unstable_by_key(|&(table, row)| tables.stem(table).number[row]);
    for (table, row) in all {
        let Others { stem, kind, detail, item } = tables.others(table);
        let touch_type = TouchType(kind[row]).activity_type().name();
        write(stem, row, touch_type, 0, 0, (item[row], detail[row]))?;
    }
    let mut out = file("lines.csv")?;
    writeln!(out, "number,item,quantity,price")?;
    let lines = &tables.lines;
    for (row, owner) in lines.owner.iter().enumerate() {
        let number = tables.stems()[owner.table()].number[owner.row()];
        let (item, quantity, price) = (lines.item[row], lines.quantity[row].milli(), lines.price.get(row));
        writeln!(out, "{number},{item},{quantity},{price}")?;
    }
    let mut out = file("items.csv")?;
    writeln!(out, "item,name,category")?;
    let items = dictionary.items();
    for item in 1..=items.len() as u32 {
        let text = |name: u32| items.text(name).unwrap_or_default();
        let (name, category) = items.pair(item).expect("items are numbered from 1");
        writeln!(out, "{item},{},{}", text(name), text(category))?;
    }
    let mut out = file("mapping.csv")?;
    writeln!(out, "observation,customer")?;
    for observation in 1..=observations(tables.touchpoints() as u32) {
        writeln!(out, "{observation},{}", Map.customer_of(observation, 0))?;
    }
    let mut out = file("rates.csv")?;
    writeln!(out, "channel,type,per_touch,per_minute")?;
    for rate in rates() {
        let touch_type = rate.activity_type.map_or("any", ActivityType::name);
        writeln!(out, "{},{touch_type},{},{}", rate.channel, rate.per_touch_micros, rate.per_minute_micros)?;
    }
    Ok(())
}
