//! Records: what retailers know beside touchpoints. One of a later revision stands for the same
//! thing, so the past is kept.

use super::driver::{Column, Scalar};
use super::{Store, StoreError, costs};
use crate::model::{Currency, Micros, Revision, TenantKey, TimeRange};

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
const SELECT_RECORDS: &str = "SELECT r.kind, r.name, r.other, r.from_us, r.until_us, r.amount, r.currency FROM record r \
    WHERE r.tenant = $1 AND r.kind = $2 AND r.revision <= $3 AND NOT EXISTS ( \
    SELECT 1 FROM record l WHERE l.tenant = r.tenant AND l.kind = r.kind AND l.name = r.name \
    AND l.other = r.other AND l.from_us = r.from_us AND l.until_us = r.until_us \
    AND l.revision > r.revision AND l.revision <= $3) \
    ORDER BY r.kind, r.name, r.other, r.from_us, r.until_us";

impl Store {
    /// Sets records; one of the same kind, names and interval is replaced from this revision on.
    ///
    /// # Errors
    /// [`StoreError::RequestIdReused`] when the request id came with another content.
    pub async fn set_records(
        &self,
        tenant: TenantKey,
        request: Option<costs::Request>,
        records: &[Record],
    ) -> Result<Revision, StoreError> {
        let columns = [
            Column::Text(records.iter().map(|r| r.kind.name()).collect()),
            Column::Text(records.iter().map(|r| r.name.as_str()).collect()),
            Column::Text(records.iter().map(|r| r.other.as_str()).collect()),
            Column::Int(records.iter().map(|r| r.interval.from.0).collect()),
            Column::Int(records.iter().map(|r| r.interval.until.0).collect()),
            Column::Int(records.iter().map(|r| r.amount).collect()),
            Column::Text(records.iter().map(|r| r.currency.as_ref().map_or("", Currency::code)).collect()),
        ];
        self.mutate(tenant, request, &[INSERT_RECORDS], &columns).await
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
