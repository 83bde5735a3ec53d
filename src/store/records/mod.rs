//! Records: what retailers know beside touchpoints. One of a later revision stands for the same
//! thing, so the past is kept.

pub(in crate::store) mod costs;
pub(in crate::store) mod scoring;

use std::collections::HashMap;

use crate::model::{Currency, Micros, Revision, TenantKey, TimeRange};
use crate::store::driver::{Column, Row, Scalar, Transaction};
use crate::store::write::idempotency::{Request, begin_request};
use crate::store::write::revision::{keep_revision, take_revision};
use crate::store::{Store, StoreError};

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// Name: the location. Amount: entries.
    Traffic,
    /// Name: the channel; other: the campaign. Amount: people.
    Reach,
    /// Name: the channel. Amount: the total at the interval's beginning.
    Followers,
    /// Name: the offer. Amount: its kind, as the model numbers it.
    Offer,
    /// Name and other: from and into which currency, from the interval's beginning. Amount:
    /// thousand-millionths.
    ExchangeRate,
    /// Name: the channel; other: the campaign. Amount: minor units of the currency.
    Spend,
    /// Name: the KPI; other: empty, or `channel` or `location`, a space and its name. Amount:
    /// millionths of its unit.
    Target,
}

impl RecordKind {
    pub const ALL: [Self; 7] = [
        Self::Traffic,
        Self::Reach,
        Self::Followers,
        Self::Offer,
        Self::ExchangeRate,
        Self::Spend,
        Self::Target,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Traffic => "traffic",
            Self::Reach => "reach",
            Self::Followers => "followers",
            Self::Offer => "offer",
            Self::ExchangeRate => "exchange_rate",
            Self::Spend => "spend",
            Self::Target => "target",
        }
    }

    fn parse(name: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or(StoreError::Corrupt { what: "record kind" })
    }
}

/// One record; what its fields mean, its kind says. Nothing has an empty interval but what happens
/// at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub kind: RecordKind,
    pub name: String,
    pub other: String,
    pub interval: TimeRange,
    pub amount: i64,
    /// Of an amount of money.
    pub currency: Option<Currency>,
}

/// What a currency is worth in another from an instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeRate {
    pub from: Currency,
    pub into: Currency,
    pub since: Micros,
    pub billionths: i64,
}

const INSERT_RECORDS: &str = "WITH v(kind, name, other, from_us, until_us, amount, currency) AS ({rows}) \
    INSERT INTO record (tenant, kind, name, other, from_us, until_us, revision, amount, currency) \
    SELECT $1, v.kind, v.name, v.other, v.from_us, v.until_us, $2, v.amount, v.currency FROM v WHERE true";
/// By place in the rows: what is said of the same thing and time.
const SELECT_STANDING: &str = "WITH v(n, kind, name, other, from_us, until_us) AS ({rows}) \
    SELECT v.n, r.amount, r.currency FROM v JOIN record r ON r.tenant = $1 AND r.kind = v.kind AND r.name = v.name \
    AND r.other = v.other AND r.from_us = v.from_us AND r.until_us = v.until_us WHERE NOT EXISTS ( \
    SELECT 1 FROM record l WHERE l.tenant = r.tenant AND l.kind = r.kind AND l.name = r.name \
    AND l.other = r.other AND l.from_us = r.from_us AND l.until_us = r.until_us AND l.revision > r.revision)";
const SELECT_RECORDS: &str = "SELECT r.kind, r.name, r.other, r.from_us, r.until_us, r.amount, r.currency FROM record r \
    WHERE r.tenant = $1 AND r.kind = $2 AND r.revision <= $3 AND NOT EXISTS ( \
    SELECT 1 FROM record l WHERE l.tenant = r.tenant AND l.kind = r.kind AND l.name = r.name \
    AND l.other = r.other AND l.from_us = r.from_us AND l.until_us = r.until_us \
    AND l.revision > r.revision AND l.revision <= $3) \
    ORDER BY r.kind, r.name, r.other, r.from_us, r.until_us";

/// What became of records that were set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// From which on all of them hold.
    pub revision: Revision,
    pub recorded: usize,
    /// Those that were said before, and still hold.
    pub known: usize,
    pub replaced: usize,
}

impl Store {
    /// Sets records; one of the same kind, names and interval is replaced from this revision on. Where
    /// all are known nothing changes, and there is no new revision.
    ///
    /// # Errors
    /// [`StoreError::RequestIdReused`] when the request id came with another content.
    pub async fn set_records(
        &self,
        tenant: TenantKey,
        request: Request,
        records: &[Record],
    ) -> Result<Kept, StoreError> {
        let now = self.now();
        let mut tx = self.db.write().await?;
        let taken = take_revision(&mut tx, tenant, now).await?;
        let known = |revision| Kept { revision, known: records.len(), ..Kept::default() };
        if let Some(done) = begin_request(&mut tx, tenant, &request, taken.revision).await? {
            return Ok(known(done));
        }
        let standing = standing(&mut tx, tenant, records).await?;
        let is_known = |nth: usize, record: &Record| {
            standing.get(&nth).is_some_and(|said| *said == (record.amount, code(record).to_owned()))
        };
        let changed: Vec<&Record> = records
            .iter()
            .enumerate()
            .filter(|(nth, record)| !is_known(*nth, record))
            .map(|(_, record)| record)
            .collect();
        if changed.is_empty() {
            return Ok(known(Revision(taken.revision.0 - 1)));
        }
        let own = [Column::Int(changed.iter().map(|r| r.amount).collect()), texts(&changed, code)];
        let columns: Vec<Column<'_>> = key_columns(&changed).into_iter().chain(own).collect();
        tx.run_bulk(INSERT_RECORDS, &[tenant.0, taken.revision.0].map(Scalar::Int), &columns).await?;
        keep_revision(&mut tx, tenant, &taken).await?;
        tx.commit().await?;
        self.writer.wake(tenant, taken.revision);
        let known = records.len() - changed.len();
        let replaced = standing.len() - known;
        Ok(Kept { revision: taken.revision, recorded: changed.len() - replaced, known, replaced })
    }

    /// The records of one kind as known at a revision, by names and time.
    pub async fn records(
        &self,
        tenant: TenantKey,
        kind: RecordKind,
        known_at: Revision,
    ) -> Result<Vec<Record>, StoreError> {
        let mut tx = self.db.read().await?;
        let scalars = [Scalar::Int(tenant.0), Scalar::Text(kind.name()), Scalar::Int(known_at.0)];
        let mut records = Vec::new();
        for row in tx.fetch(SELECT_RECORDS, &scalars).await? {
            records.push(Record {
                kind: RecordKind::parse(&row.get::<String>(0)?)?,
                name: row.get(1)?,
                other: row.get(2)?,
                interval: TimeRange { from: Micros(row.get(3)?), until: Micros(row.get(4)?) },
                amount: row.get(5)?,
                currency: Currency::parse(&row.get::<String>(6)?),
            });
        }
        Ok(records)
    }

    /// The rates into a currency as known at a revision.
    pub async fn exchange_rates(
        &self,
        tenant: TenantKey,
        into: Currency,
        known_at: Revision,
    ) -> Result<Vec<ExchangeRate>, StoreError> {
        let all = self.records(tenant, RecordKind::ExchangeRate, known_at).await?;
        let rate = |record: &Record| {
            let from = Currency::parse(&record.name).ok_or(StoreError::Corrupt { what: "currency" })?;
            Ok(ExchangeRate { from, into, since: record.interval.from, billionths: record.amount })
        };
        all.iter().filter(|record| record.other == into.code()).map(rate).collect()
    }
}

/// What is said of the same things and times, by place.
async fn standing(
    tx: &mut Transaction,
    tenant: TenantKey,
    records: &[Record],
) -> Result<HashMap<usize, (i64, String)>, StoreError> {
    let all: Vec<&Record> = records.iter().collect();
    let places = Column::Int((0..).take(all.len()).collect());
    let columns: Vec<Column<'_>> = std::iter::once(places).chain(key_columns(&all)).collect();
    let rows = tx.fetch_bulk(SELECT_STANDING, &[Scalar::Int(tenant.0)], &columns).await?;
    let said = |row: &Row| Ok((row.get::<i64>(0)? as usize, (row.get(1)?, row.get(2)?)));
    rows.iter().map(said).collect()
}

/// What a record is about, and when: columns of a bulk statement.
fn key_columns<'r>(records: &[&'r Record]) -> Vec<Column<'r>> {
    vec![
        texts(records, |record| record.kind.name()),
        texts(records, |record| &record.name),
        texts(records, |record| &record.other),
        Column::Int(records.iter().map(|record| record.interval.from.0).collect()),
        Column::Int(records.iter().map(|record| record.interval.until.0).collect()),
    ]
}

fn texts<'r>(records: &[&'r Record], of: fn(&'r Record) -> &'r str) -> Column<'r> {
    Column::Text(records.iter().map(|record| of(record)).collect())
}

/// Of the currency; empty for counts.
fn code(record: &Record) -> &str {
    record.currency.as_ref().map_or("", Currency::code)
}
