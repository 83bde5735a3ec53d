//! Cost rates and capacity: what a touch costs, and what was paid for.

use crate::model::{ActivityType, Channel, Currency, Micros, Money, Revision, TenantKey, TimeRange};
use crate::store::driver::{Column, Scalar};
use crate::store::write::idempotency::{Request, begin_request};
use crate::store::write::revision::{keep_revision, take_revision};
use crate::store::{Store, StoreError};

/// What a touch on a channel costs from a month on. Amounts in millionths of a currency unit.
#[derive(Debug, Clone, PartialEq)]
pub struct CostRate {
    pub channel: Channel,
    /// `None`: every activity that has no rate of its own.
    pub activity: Option<ActivityType>,
    pub currency: Currency,
    /// The first instant of a month in UTC, so that monthly summaries cost exactly.
    pub effective_from: Micros,
    pub per_touch_micros: i64,
    pub per_minute_micros: i64,
}

/// What was paid for a channel in an interval, and how many minutes of work that could do.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacity {
    pub channel: Channel,
    pub interval: TimeRange,
    pub cost: Money,
    pub practical_minutes: i64,
}

const UPSERT_RATES: &str = "WITH v(channel, activity, currency, effective_from_us, per_touch_micros, \
    per_minute_micros) AS ({rows}) \
    INSERT INTO cost_rate (tenant, channel, activity, currency, effective_from_us, per_touch_micros, \
    per_minute_micros, revision) SELECT $1, v.channel, v.activity, v.currency, v.effective_from_us, \
    v.per_touch_micros, v.per_minute_micros, $2 FROM v WHERE true \
    ON CONFLICT (tenant, channel, activity, currency, effective_from_us) DO UPDATE SET \
    per_touch_micros = excluded.per_touch_micros, per_minute_micros = excluded.per_minute_micros, \
    revision = excluded.revision";
const UPSERT_CAPACITY: &str = "WITH v(channel, from_us, until_us, cost_minor, currency, practical_minutes) AS ({rows}) \
    INSERT INTO capacity (tenant, channel, from_us, until_us, cost_minor, currency, practical_minutes, revision) \
    SELECT $1, v.channel, v.from_us, v.until_us, v.cost_minor, v.currency, v.practical_minutes, $2 FROM v WHERE true \
    ON CONFLICT (tenant, channel, from_us, until_us) DO UPDATE SET cost_minor = excluded.cost_minor, \
    currency = excluded.currency, practical_minutes = excluded.practical_minutes, revision = excluded.revision";
const LOG_RATES: &str = "WITH v(channel, activity, currency, effective_from_us, per_touch_micros, \
    per_minute_micros) AS ({rows}) \
    INSERT INTO cost_rate_was (tenant, channel, activity, currency, effective_from_us, until_revision, \
    per_touch_micros, per_minute_micros, revision) SELECT $1, r.channel, r.activity, r.currency, \
    r.effective_from_us, $2, r.per_touch_micros, r.per_minute_micros, r.revision FROM v CROSS JOIN cost_rate r \
    WHERE r.tenant = $1 AND r.channel = v.channel AND r.activity = v.activity AND r.currency = v.currency \
    AND r.effective_from_us = v.effective_from_us ON CONFLICT DO NOTHING";
const LOG_CAPACITY: &str = "WITH v(channel, from_us, until_us, cost_minor, currency, practical_minutes) AS ({rows}) \
    INSERT INTO capacity_was (tenant, channel, from_us, until_us, until_revision, cost_minor, currency, \
    practical_minutes, revision) SELECT $1, c.channel, c.from_us, c.until_us, $2, c.cost_minor, c.currency, \
    c.practical_minutes, c.revision FROM v CROSS JOIN capacity c WHERE c.tenant = $1 AND c.channel = v.channel \
    AND c.from_us = v.from_us AND c.until_us = v.until_us ON CONFLICT DO NOTHING";
const SELECT_RATES: &str = "SELECT channel, activity, currency, effective_from_us, per_touch_micros, \
    per_minute_micros FROM cost_rate WHERE tenant = $1 AND revision <= $2 \
    UNION ALL SELECT channel, activity, currency, effective_from_us, per_touch_micros, per_minute_micros \
    FROM cost_rate_was WHERE tenant = $1 AND revision <= $2 AND until_revision > $2 ORDER BY 1, 2, 3, 4";
const SELECT_CAPACITY: &str = "SELECT channel, from_us, until_us, cost_minor, currency, practical_minutes \
    FROM capacity WHERE tenant = $1 AND revision <= $2 \
    UNION ALL SELECT channel, from_us, until_us, cost_minor, currency, practical_minutes \
    FROM capacity_was WHERE tenant = $1 AND revision <= $2 AND until_revision > $2 ORDER BY 1, 2, 3";
const LAST_CHANGE: &str = "SELECT MAX(r.revision) FROM (SELECT revision FROM cost_rate WHERE tenant = $1 \
    UNION ALL SELECT revision FROM capacity WHERE tenant = $1) r";
impl Store {
    /// Sets cost rates; those of the same channel, activity, currency and month are replaced.
    ///
    /// # Errors
    /// [`StoreError::RequestIdReused`] when the request id came with another content.
    pub async fn set_cost_rates(
        &self,
        tenant: TenantKey,
        request: Option<Request>,
        rates: Vec<CostRate>,
    ) -> Result<Revision, StoreError> {
        let columns = [
            Column::Text(rates.iter().map(|r| r.channel.as_str()).collect()),
            Column::Text(rates.iter().map(|r| r.activity.map_or("", ActivityType::name)).collect()),
            Column::Text(rates.iter().map(|r| r.currency.code()).collect()),
            Column::Int(rates.iter().map(|r| r.effective_from.0).collect()),
            Column::Int(rates.iter().map(|r| r.per_touch_micros).collect()),
            Column::Int(rates.iter().map(|r| r.per_minute_micros).collect()),
        ];
        self.mutate(tenant, request, &[LOG_RATES, UPSERT_RATES], &columns).await
    }

    /// Sets capacity; that of the same channel and interval is replaced.
    ///
    /// # Errors
    /// [`StoreError::RequestIdReused`] when the request id came with another content.
    pub async fn set_capacity(
        &self,
        tenant: TenantKey,
        request: Option<Request>,
        capacity: Vec<Capacity>,
    ) -> Result<Revision, StoreError> {
        let columns = [
            Column::Text(capacity.iter().map(|c| c.channel.as_str()).collect()),
            Column::Int(capacity.iter().map(|c| c.interval.from.0).collect()),
            Column::Int(capacity.iter().map(|c| c.interval.until.0).collect()),
            Column::Int(capacity.iter().map(|c| c.cost.minor).collect()),
            Column::Text(capacity.iter().map(|c| c.cost.currency.code()).collect()),
            Column::Int(capacity.iter().map(|c| c.practical_minutes).collect()),
        ];
        self.mutate(tenant, request, &[LOG_CAPACITY, UPSERT_CAPACITY], &columns).await
    }

    /// The revision that last changed rates or capacity.
    pub async fn costs_changed_at(&self, tenant: TenantKey) -> Result<Revision, StoreError> {
        let mut tx = self.db.read().await?;
        let row = tx.fetch_one(LAST_CHANGE, &[Scalar::Int(tenant.0)]).await?;
        let revision = row.map(|row| row.get::<Option<i64>>(0)).transpose()?.flatten();
        Ok(Revision(revision.unwrap_or_default()))
    }

    /// The cost rates of a tenant as known at a revision, by channel, activity, currency and month.
    pub async fn cost_rates(
        &self,
        tenant: TenantKey,
        known_at: Revision,
    ) -> Result<Vec<CostRate>, StoreError> {
        let mut tx = self.db.read().await?;
        let mut rates = Vec::new();
        for row in tx.fetch(SELECT_RATES, &[tenant.0, known_at.0].map(Scalar::Int)).await? {
            let activity: String = row.get(1)?;
            rates.push(CostRate {
                channel: channel(&row.get::<String>(0)?)?,
                activity: ActivityType::parse(&activity),
                currency: currency(&row.get::<String>(2)?)?,
                effective_from: Micros(row.get(3)?),
                per_touch_micros: row.get(4)?,
                per_minute_micros: row.get(5)?,
            });
        }
        Ok(rates)
    }

    /// The capacity of a tenant as known at a revision, by channel and interval.
    pub async fn capacity(&self, tenant: TenantKey, known_at: Revision) -> Result<Vec<Capacity>, StoreError> {
        let mut tx = self.db.read().await?;
        let mut capacity = Vec::new();
        for row in tx.fetch(SELECT_CAPACITY, &[tenant.0, known_at.0].map(Scalar::Int)).await? {
            capacity.push(Capacity {
                channel: channel(&row.get::<String>(0)?)?,
                interval: TimeRange { from: Micros(row.get(1)?), until: Micros(row.get(2)?) },
                cost: Money { minor: row.get(3)?, currency: currency(&row.get::<String>(4)?)? },
                practical_minutes: row.get(5)?,
            });
        }
        Ok(capacity)
    }

    pub(in crate::store) async fn mutate(
        &self,
        tenant: TenantKey,
        request: Option<Request>,
        statements: &[&'static str],
        columns: &[Column<'_>],
    ) -> Result<Revision, StoreError> {
        let now = self.now();
        let mut tx = self.db.write().await?;
        let taken = take_revision(&mut tx, tenant, now).await?;
        if let Some(request) = &request
            && let Some(done) = begin_request(&mut tx, tenant, request, taken.revision).await?
        {
            return Ok(done);
        }
        for &sql in statements {
            tx.run_bulk(sql, &[Scalar::Int(tenant.0), Scalar::Int(taken.revision.0)], columns).await?;
        }
        keep_revision(&mut tx, tenant, &taken).await?;
        tx.commit().await?;
        self.writer.wake(tenant, taken.revision);
        Ok(taken.revision)
    }
}

pub(in crate::store) fn channel(name: &str) -> Result<Channel, StoreError> {
    Channel::parse(name).ok_or(StoreError::Corrupt { what: "channel" })
}

fn currency(code: &str) -> Result<Currency, StoreError> {
    Currency::parse(code).ok_or(StoreError::Corrupt { what: "currency" })
}
