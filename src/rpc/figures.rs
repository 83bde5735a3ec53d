//! The figure service: every KPI as one number, and what it is made of.

use std::collections::{BTreeSet, HashMap};

use tonic::{Request, Response, Status};

use super::convert;
use super::error::PortError;
use super::facts::{Facts, Freshness, take_freshness};
use super::page::{Query, fit, page_size};
use super::proto::figure_service_server::FigureService;
use super::{Port, customer_id, detached, proto, tenant_name};
use crate::kpi::engine::measure::{Measure, Params};
use crate::kpi::engine::members::{self, Counted, Member, Page};
use crate::kpi::engine::records::{Need, RecordHit};
use crate::kpi::engine::scalar::Question;
use crate::kpi::{Dictionary, Scope, Snapshot};
use crate::model::{Micros, ObservationNo, TenantName, TouchKey};
use crate::store::RecordKind;

/// Touchpoints of one customer in one page.
const ANCHORS: usize = 100;

#[tonic::async_trait]
impl FigureService for Port {
    async fn compute_kpis(
        &self,
        request: Request<proto::ComputeKpisRequest>,
    ) -> Result<Response<proto::ComputeKpisResponse>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let mut figures = self.check(|c| convert::figures(c, asked.clone()))?;
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_of(&tenant, fresh, &mut figures.question).await?;
            let fits =
                port.fits_of(&facts, lifetime_of(&asked.scope, &asked.parameters), &figures.question.scope);
            figures.question.params.fits = fits;
            let beside = beside(&figures.question);
            let known = facts.question("ComputeKpis", &asked, beside.as_bytes());
            port.answer(&facts, known, move |s: &Snapshot| figures.answer(s)).await
        });
        Ok(Response::new(answer.await?))
    }

    async fn explain_kpi(
        &self,
        request: Request<proto::ExplainKpiRequest>,
    ) -> Result<Response<proto::ExplainKpiResponse>, Status> {
        let (tenant, mut asked) = (tenant_name(&request)?, request.into_inner());
        let fresh = take_freshness(&mut asked.scope);
        let size = page_size(asked.page_size, self.settings.page_size, self.settings.max_page_size)?;
        let token = std::mem::take(&mut asked.page_token);
        asked.page_size = 0;
        let query = Query::of("ExplainKpi", &tenant, &asked);
        let lifetime = lifetime_of(&asked.scope, &asked.parameters);
        let (mut question, mut filter) = self.check(|c| convert::explained(c, asked))?;
        filter.after = query.place(&token)?.map(|(place, _)| place.cast_unsigned());
        filter.size = size;
        let port = self.clone();
        let answer = detached(async move {
            let facts = port.facts_of(&tenant, fresh, &mut question).await?;
            question.params.fits = port.fits_of(&facts, lifetime, &question.scope);
            let measure = question.measures[0];
            let page = port.compute(&facts, move |s| members::page(s, &question, &filter)).await?;
            let mut answer = convert::explanation(measure, &page);
            let places: Vec<u64> = page.members.iter().map(|member| member.place).collect();
            let more = page.more;
            answer.customers = port.name_members(&facts, page).await?;
            let cut = fit(&mut answer.customers);
            if let Some(last) = answer.customers.len().checked_sub(1).filter(|_| more || cut) {
                answer.next_page_token = query.token((places[last].cast_signed(), 0));
            }
            Ok(answer)
        });
        Ok(Response::new(answer.await?))
    }
}

/// What lifetimes are asked with, as far as fits depend on it.
fn lifetime_of(
    scope: &Option<proto::Scope>,
    parameters: &Option<proto::KpiParameters>,
) -> proto::ComputeLifetimeRequest {
    let proto::KpiParameters { orders, first, value_basis, .. } = parameters.clone().unwrap_or_default();
    proto::ComputeLifetimeRequest { scope: scope.clone(), orders, first, value_basis, ..Default::default() }
}

/// What an answer depends on beside facts and request.
pub(super) fn beside(question: &Question) -> String {
    let params = &question.params;
    format!("{:?}{:?}{:?}{:?}", params.cost_rates, question.scope.rates, params.spend, params.counted)
}

impl Port {
    /// The facts of a tenant, and the records that a question needs beside them.
    pub(super) async fn facts_of(
        &self,
        name: &TenantName,
        fresh: Freshness,
        question: &mut Question,
    ) -> Result<Facts, PortError> {
        let asks_costs = question.measures.iter().any(|m| m.definition.id == "cost_to_serve");
        let facts = match asks_costs {
            true => self.facts_with_costs(name, fresh).await?,
            false => self.facts(name, fresh).await?,
        };
        self.take_rates(&facts, &mut question.scope).await?;
        if let Some(tenant) = facts.tenant.as_ref().filter(|_| asks_costs) {
            let rates = self.store.cost_rates(tenant.key, facts.revision()).await?;
            question.params.cost_rates = rates.into_iter().map(super::kpis::cost_rate).collect();
        }
        self.take_records(&facts, &question.measures, &mut question.params).await?;
        Ok(facts)
    }

    /// The records that measures ask for, as they were when the facts were.
    pub(super) async fn take_records(
        &self,
        facts: &Facts,
        measures: &[&Measure],
        params: &mut Params,
    ) -> Result<(), PortError> {
        let Some(tenant) = &facts.tenant else { return Ok(()) };
        let needs: BTreeSet<Need> = measures.iter().filter_map(|measure| measure.need).collect();
        for need in needs {
            let kind = match need {
                Need::Spend => RecordKind::Spend,
                Need::Entries => RecordKind::Traffic,
                Need::Reach => RecordKind::Reach,
                Need::Followers => RecordKind::Followers,
            };
            let records = self.store.records(tenant.key, kind, facts.revision()).await?;
            match need {
                Need::Spend => params.spend.extend(records.into_iter().filter_map(convert::kpi_spend)),
                _ => params.counted.extend(records.into_iter().filter_map(convert::kpi_counted)),
            }
        }
        Ok(())
    }

    /// The facts of a tenant, and the exchange rates by which a scope converts.
    pub(super) async fn facts_converted(
        &self,
        name: &TenantName,
        fresh: Freshness,
        scope: &mut Scope,
    ) -> Result<Facts, PortError> {
        let facts = self.facts(name, fresh).await?;
        self.take_rates(&facts, scope).await?;
        Ok(facts)
    }

    /// The exchange rates as they were when the facts were; none unless one currency is asked for.
    pub(super) async fn take_rates(&self, facts: &Facts, scope: &mut Scope) -> Result<(), PortError> {
        if let (Some(tenant), Some(currency)) = (&facts.tenant, scope.currency) {
            let rates = self.store.exchange_rates(tenant.key, currency, facts.revision()).await?;
            scope.rates = std::sync::Arc::new(rates.into_iter().map(convert::kpi_rate).collect());
        }
        Ok(())
    }

    /// Gives customers and touchpoints the names by which callers know them.
    async fn name_members(&self, facts: &Facts, page: Page) -> Result<Vec<proto::KpiCustomer>, PortError> {
        let Some(tenant) = &facts.tenant else { return Ok(Vec::new()) };
        let shown = page.members.iter().flat_map(|member| member.hits.iter().take(ANCHORS));
        let mut numbers: Vec<i64> = shown
            .flat_map(|hit| [Some(hit.number), hit.other.map(|(number, _)| number)])
            .flatten()
            .map(i64::from)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let keys = self.store.touchpoint_keys(tenant.key, numbers).await?;
        let names = Names { keys, dictionary: facts.dictionary(), scale: page.scale };
        let customer = |member: Member| {
            let id = member.customer.map(|key| customer_id(tenant.key, ObservationNo(key.into())));
            match &member.record {
                Some(record) => names.record(record),
                None => names.customer(id.unwrap_or_default(), &member.hits),
            }
        };
        Ok(page.members.into_iter().map(customer).collect())
    }
}

struct Names<'a> {
    keys: HashMap<i64, TouchKey>,
    dictionary: &'a Dictionary,
    scale: f64,
}

impl Names<'_> {
    fn customer(&self, customer_id: String, hits: &[Counted]) -> proto::KpiCustomer {
        let decided = || hits.iter().filter(|hit| !hit.is_open);
        let sum = |of: fn(&Counted) -> i64| decided().map(|hit| i128::from(of(hit))).sum::<i128>() as f64;
        proto::KpiCustomer {
            customer_id,
            numerator: sum(|hit| hit.part) / self.scale,
            denominator: sum(|hit| hit.whole),
            anchors: hits.iter().take(ANCHORS).map(|hit| self.anchor(hit)).collect(),
            anchors_left_out: hits.len().saturating_sub(ANCHORS) as i64,
        }
    }

    fn record(&self, record: &RecordHit) -> proto::KpiCustomer {
        let (numerator, denominator) = (record.part as f64 / self.scale, record.whole as f64);
        let anchor = proto::KpiAnchor {
            at: Some(convert::timestamp(Micros(record.at))),
            channel: record.channel.clone(),
            location: record.location.clone(),
            numerator,
            denominator,
            ..Default::default()
        };
        proto::KpiCustomer { numerator, denominator, anchors: vec![anchor], ..Default::default() }
    }

    fn anchor(&self, hit: &Counted) -> proto::KpiAnchor {
        proto::KpiAnchor {
            touchpoint: self.key(hit.number),
            at: Some(convert::timestamp(Micros(hit.at))),
            channel: self.channel(hit.place),
            numerator: hit.part as f64 / self.scale,
            denominator: hit.whole as f64,
            other: hit.other.and_then(|(number, _)| self.key(number)),
            other_channel: hit.other.map_or_else(String::new, |(_, place)| self.channel(place)),
            censored: hit.censored,
            location: String::new(),
        }
    }

    fn key(&self, number: u32) -> Option<proto::TouchpointKey> {
        let key = self.keys.get(&i64::from(number))?;
        Some(proto::TouchpointKey {
            source: key.source.clone(),
            source_id: key.source_id.clone(),
            version: None,
        })
    }

    fn channel(&self, place: u16) -> String {
        self.dictionary.channels.name(self.dictionary.place(place).channel).to_owned()
    }
}
