//! The customer service: what do we know of them?

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::access::caller;
use super::convert::{self, Choice, timestamp, value_to_proto};
use super::error::PortError;
use super::page::{self, PAGE_BYTES, Query};
use super::proto::customer_ref::By;
use super::proto::customer_service_server::CustomerService;
use super::{Port, as_of, customer_id, detached, kind_name, parse_customer_id, proto, tenant_name};
use crate::access::{Caller, Permission};
use crate::identity::{Normalized, Rules};
use crate::model::summary::cost::Rates;
use crate::model::summary::{Moment, Summary, survivor};
use crate::model::{
    CustomerKind, Identifier, ObservationNo, Reason, Revision, TenantKey, TenantName, Violation,
};
use crate::store::{AsOf, CustomerRecord, HeldIdentifier, Tenant, Whom};

/// Customers of one `BatchGetCustomers` at most.
const BATCH_CUSTOMERS: usize = 1_000;

#[tonic::async_trait]
impl CustomerService for Port {
    async fn get_customer(
        &self,
        request: Request<proto::GetCustomerRequest>,
    ) -> Result<Response<proto::GetCustomerResponse>, Status> {
        let caller = caller(&request)?;
        let tenant = caller.tenant.clone();
        let asked = request.into_inner();
        let mask = Mask::parse(asked.read_mask.as_ref(), Mask::ALL)?.within(&caller);
        let port = self.clone();
        let answer = detached(async move {
            let customers = vec![asked.customer.unwrap_or_default()];
            let path = |_| "customer".to_owned();
            let (revision, mut found) = port
                .get(&tenant, &customers, path, mask, (asked.at_least_as_fresh, asked.as_known_at))
                .await?;
            let customer = found.pop().flatten().ok_or(PortError::CustomerNotFound)?;
            Ok(proto::GetCustomerResponse { customer: Some(customer), revision: revision.0 })
        });
        Ok(Response::new(answer.await?))
    }

    async fn batch_get_customers(
        &self,
        request: Request<proto::BatchGetCustomersRequest>,
    ) -> Result<Response<proto::BatchGetCustomersResponse>, Status> {
        let caller = caller(&request)?;
        let tenant = caller.tenant.clone();
        let asked = request.into_inner();
        let mask = Mask::parse(asked.read_mask.as_ref(), Mask::ALL)?.within(&caller);
        let (limit, size) = (BATCH_CUSTOMERS, asked.customers.len());
        if size > limit {
            return Err(PortError::BatchTooLarge { limit, size }.into());
        }
        let port = self.clone();
        let answer = detached(async move {
            let path = |i| format!("customers[{i}]");
            let (revision, found) = port
                .get(&tenant, &asked.customers, path, mask, (asked.at_least_as_fresh, asked.as_known_at))
                .await?;
            let mut outcomes: Vec<_> =
                found.into_iter().map(|customer| proto::BatchGetOutcome { customer }).collect();
            if page::fit(&mut outcomes) {
                return Err(PortError::AnswerTooLarge { limit: PAGE_BYTES, unit: "bytes" });
            }
            Ok(proto::BatchGetCustomersResponse { outcomes, revision: revision.0 })
        });
        Ok(Response::new(answer.await?))
    }

    async fn list_customers(
        &self,
        request: Request<proto::ListCustomersRequest>,
    ) -> Result<Response<proto::ListCustomersResponse>, Status> {
        let tenant = tenant_name(&request)?;
        let asked = request.into_inner();
        let port = self.clone();
        Ok(Response::new(detached(async move { port.list_customers(tenant, asked).await }).await?))
    }
}

impl Port {
    /// The customers that references lead to, in their order.
    async fn get(
        &self,
        name: &TenantName,
        customers: &[proto::CustomerRef],
        path: impl Fn(usize) -> String + Send,
        mask: Mask,
        (at_least, as_known_at): (i64, Option<proto::KnownAt>),
    ) -> Result<(Revision, Vec<Option<proto::Customer>>), PortError> {
        let tenant = self.known_tenant(name, at_least).await?;
        let known = match &tenant {
            Some(tenant) => self.known(tenant.key, "as_known_at", as_known_at.as_ref()).await?,
            None => None,
        };
        let known = known.as_ref();
        let rules = tenant.as_ref().map_or_else(Default::default, |tenant| as_of::rules(tenant, known));
        let named = self.parse_refs(tenant.as_ref(), &rules, customers, path)?;
        let Some(tenant) = tenant else { return Ok((Revision(0), vec![None; customers.len()])) };
        let asked: Vec<Whom> = named.iter().flatten().cloned().collect();
        let (revision, records) = match known {
            Some(known) => (known.revision, self.views_as_of(&tenant, known, asked).await?),
            None => self.views(&tenant, asked).await?,
        };
        let rates = match mask.summary {
            true => self.rates_at(tenant.key, known, revision).await?,
            false => Arc::default(),
        };
        let numbers: Vec<_> = records.iter().map(|record| record.as_ref().map(|r| r.customer)).collect();
        let view = |record: CustomerRecord| customer_to_proto(tenant.key, &rules, &rates, mask, &record);
        let mut views: Vec<_> = records.into_iter().map(|record| record.map(view)).collect();
        if known.is_none() {
            self.add_scores(&tenant, mask, at_least, &numbers, &mut views).await?;
        }
        let mut views = views.into_iter();
        let found = named.into_iter().map(|whom| whom.and_then(|_| views.next().flatten())).collect();
        Ok((revision, found))
    }

    /// Customers now: one is read together with those of other callers.
    async fn views(
        &self,
        tenant: &Tenant,
        asked: Vec<Whom>,
    ) -> Result<(Revision, Vec<Option<CustomerRecord>>), PortError> {
        Ok(match <[Whom; 1]>::try_from(asked) {
            Ok([one]) => {
                let (revision, found) = self.store.view(tenant.key, &tenant.rules, one).await?;
                (revision, vec![found])
            }
            Err(asked) => self.store.views(tenant.key, &tenant.rules, &asked).await?,
        })
    }

    /// Customers as they were known then.
    async fn views_as_of(
        &self,
        tenant: &Tenant,
        known: &AsOf,
        asked: Vec<Whom>,
    ) -> Result<Vec<Option<CustomerRecord>>, PortError> {
        let identifiers: Vec<Identifier> = asked
            .iter()
            .filter_map(|whom| if let Whom::Identifier(one) = whom { Some(one.clone()) } else { None })
            .collect();
        let mut held = match identifiers.is_empty() {
            true => Vec::new(),
            false => self.identifiers(tenant, Some(known), &identifiers).await?,
        }
        .into_iter();
        let observation = |whom| match whom {
            Whom::Observation(no) => Some(no),
            Whom::Identifier(_) => held.next().flatten().and_then(|found| found.stored.holder),
        };
        let observations: Vec<Option<ObservationNo>> = asked.into_iter().map(observation).collect();
        let present: Vec<ObservationNo> = observations.iter().copied().flatten().collect();
        let mut found = self.store.customers_as_of(tenant.key, known, &present).await?.into_iter();
        Ok(observations.into_iter().map(|no| no.and_then(|_| found.next().flatten())).collect())
    }

    /// Adds the scores of customers that the mask asks for. Facts that are still being read are waited
    /// for only when scores are asked for by name.
    async fn add_scores(
        &self,
        tenant: &Tenant,
        mask: Mask,
        at_least: i64,
        numbers: &[Option<ObservationNo>],
        views: &mut [Option<proto::Customer>],
    ) -> Result<(), PortError> {
        if !mask.scores {
            return Ok(());
        }
        let found: Vec<ObservationNo> = numbers.iter().copied().flatten().collect();
        let mut scores = self.scores(tenant, &found, (at_least, mask.scores_named)).await?.into_iter();
        for view in views.iter_mut().flatten() {
            view.scores = scores.next().flatten();
        }
        Ok(())
    }

    /// Whom references name: nobody by an id of another tenant, or a blocked identifier. Every
    /// reference that is wrong is told.
    fn parse_refs(
        &self,
        tenant: Option<&Tenant>,
        rules: &Rules,
        customers: &[proto::CustomerRef],
        path: impl Fn(usize) -> String,
    ) -> Result<Vec<Option<Whom>>, PortError> {
        let mut checks = convert::Checks::new(&self.settings.limits);
        let root = convert::Path::root();
        let mut wrong: Vec<Violation> = Vec::new();
        let mut named = Vec::with_capacity(customers.len());
        for (i, customer) in customers.iter().enumerate() {
            let path = path(i);
            let at = root.field(&path);
            named.push(match &customer.by {
                Some(By::CustomerId(id)) => {
                    let key = tenant.map_or(TenantKey(0), |tenant| tenant.key);
                    match parse_customer_id(key, &at.field("customer_id").to_string(), id) {
                        Ok(no) => Some(Whom::Observation(no)),
                        Err(PortError::Invalid(violations)) => {
                            wrong.extend(violations);
                            None
                        }
                        Err(_) => None,
                    }
                }
                Some(By::Identifier(one)) => {
                    match convert::identifier(&mut checks, &at.field("identifier"), one, rules) {
                        Some(Normalized::Linking(identifier)) => Some(Whom::Identifier(identifier)),
                        Some(Normalized::Blocked(_)) | None => None,
                    }
                }
                None => {
                    checks.refuse(&at, Reason::Required, "one member of the oneof must be set");
                    None
                }
            });
        }
        let named = checks.finish(named).map_err(|violations| {
            let mut all = std::mem::take(&mut wrong);
            all.extend(violations);
            PortError::Invalid(all)
        })?;
        if wrong.is_empty() { Ok(named) } else { Err(PortError::Invalid(wrong)) }
    }

    async fn list_customers(
        &self,
        name: TenantName,
        mut asked: proto::ListCustomersRequest,
    ) -> Result<proto::ListCustomersResponse, PortError> {
        let size = page::page_size(asked.page_size, self.settings.page_size, self.settings.max_page_size)?;
        let scored = asked.filter.is_some() || asked.order_by != 0;
        let mask = Mask::parse(asked.read_mask.as_ref(), Mask { scores: scored, ..Mask::NAMES })?;
        let (token, at_least) = (std::mem::take(&mut asked.page_token), asked.at_least_as_fresh);
        (asked.page_size, asked.at_least_as_fresh) = (0, 0);
        let query = Query::of("ListCustomers", &name, &asked);
        let kind = match asked.kind {
            0 => None,
            number => Some(CustomerKind::parse(number).ok_or_else(|| {
                PortError::field("kind", Reason::Unknown, format!("{number} is no CustomerKind"))
            })?),
        };
        let Some(tenant) = self.known_tenant(&name, at_least).await? else {
            return Ok(proto::ListCustomersResponse::default());
        };
        if scored {
            let place = (query, token.as_str(), size);
            let (revision, listed, next_page_token) =
                self.list_by_score(&tenant, &asked, at_least, place).await?;
            let customers = self.listed_views(&tenant, mask, revision, listed).await?;
            return Ok(proto::ListCustomersResponse { customers, next_page_token, revision: revision.0 });
        }
        let after = query.place(&token)?.map(|(no, _)| ObservationNo(no));
        let most = i64::try_from(size).unwrap_or(i64::MAX);
        let listed = self.store.list_customers(tenant.key, &tenant.rules, kind, after, most).await?;
        let rates =
            if mask.summary { self.rates(tenant.key, listed.revision).await? } else { Arc::default() };
        let shown = |record| customer_to_proto(tenant.key, &tenant.rules, &rates, mask, record);
        let mut customers: Vec<_> = listed.entries.iter().map(|record| Some(shown(record))).collect();
        let numbers: Vec<_> = listed.entries.iter().map(|record| Some(record.customer)).collect();
        self.add_scores(&tenant, mask, at_least, &numbers, &mut customers).await?;
        let mut customers: Vec<_> = customers.into_iter().flatten().collect();
        let is_more = page::fit(&mut customers) || listed.entries.len() >= size;
        let last =
            customers.len().checked_sub(1).map(|last| listed.entries[last].customer).filter(|_| is_more);
        let next_page_token = last.map_or_else(String::new, |no| query.token((no.0, 0)));
        Ok(proto::ListCustomersResponse { customers, next_page_token, revision: listed.revision.0 })
    }
}

impl Port {
    /// The views of customers that were listed by their scores; one that is gone since is left out.
    async fn listed_views(
        &self,
        tenant: &Tenant,
        mask: Mask,
        revision: Revision,
        listed: Vec<(ObservationNo, proto::CustomerScores)>,
    ) -> Result<Vec<proto::Customer>, PortError> {
        let numbers: Vec<ObservationNo> = listed.iter().map(|(no, _)| *no).collect();
        let (_, records) = self.records(tenant, None, &numbers).await?;
        let rates = if mask.summary { self.rates(tenant.key, revision).await? } else { Arc::default() };
        let view =
            |(record, (_, scores)): (Option<CustomerRecord>, (ObservationNo, proto::CustomerScores))| {
                let mut view = customer_to_proto(tenant.key, &tenant.rules, &rates, mask, &record?);
                view.scores = mask.scores.then_some(scores);
                Some(view)
            };
        Ok(records.into_iter().zip(listed).filter_map(view).collect())
    }
}

/// Which parts of a customer are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mask {
    customer_id: bool,
    kind: bool,
    identifiers: bool,
    traits: bool,
    summary: bool,
    scores: bool,
    /// Asked for by name, and not with everything.
    scores_named: bool,
}

impl Mask {
    /// Without what the caller may not see.
    fn within(self, caller: &Caller) -> Self {
        Self { scores: self.scores && caller.permits(Permission::ScoreRead), ..self }
    }

    const ALL: Self = Self {
        customer_id: true,
        kind: true,
        identifiers: true,
        traits: true,
        summary: true,
        scores: true,
        scores_named: false,
    };
    const NAMES: Self =
        Self { identifiers: false, traits: false, summary: false, scores: false, ..Self::ALL };
    const NONE: Self = Self { customer_id: false, kind: false, ..Self::NAMES };

    /// Every path that is none of a customer's is told.
    fn parse(mask: Option<&pbjson_types::FieldMask>, default: Self) -> Result<Self, PortError> {
        let Some(mask) = mask.filter(|mask| !mask.paths.is_empty()) else { return Ok(default) };
        let (mut parsed, mut wrong) = (Self::NONE, Vec::new());
        for (i, path) in mask.paths.iter().enumerate() {
            match path.as_str() {
                "*" => parsed = Self::ALL,
                "customer_id" => parsed.customer_id = true,
                "kind" => parsed.kind = true,
                "identifiers" => parsed.identifiers = true,
                "traits" => parsed.traits = true,
                "summary" => parsed.summary = true,
                "scores" => (parsed.scores, parsed.scores_named) = (true, true),
                _ => wrong.push(Violation::new(
                    format!("read_mask.paths[{i}]"),
                    Reason::Unknown,
                    "is none of customer_id, kind, identifiers, traits, summary, scores",
                )),
            }
        }
        if wrong.is_empty() { Ok(parsed) } else { Err(PortError::Invalid(wrong)) }
    }
}

fn customer_to_proto(
    tenant: TenantKey,
    rules: &Rules,
    rates: &Rates,
    mask: Mask,
    record: &CustomerRecord,
) -> proto::Customer {
    let shown = |identifier: &&HeldIdentifier| identifier.held || identifier.shared;
    let identifiers = record.identifiers.iter().filter(|_| mask.identifiers).filter(shown);
    proto::Customer {
        customer_id: if mask.customer_id { customer_id(tenant, record.customer) } else { String::new() },
        kind: if mask.kind { record.kind.number() } else { 0 },
        identifiers: identifiers.map(|identifier| held_to_proto(rules, identifier)).collect(),
        traits: if mask.traits { traits(rules, &record.summary) } else { Vec::new() },
        summary: mask.summary.then(|| summary_to_proto(rates, &record.summary)),
        scores: None,
    }
}

fn held_to_proto(rules: &Rules, identifier: &HeldIdentifier) -> proto::HeldIdentifier {
    let kind = kind_name(rules, identifier.kind);
    let most = rules.kinds.get(identifier.kind).and_then(|rule| rule.share_after);
    let reason = match (identifier.shared, most, identifier.linked_by) {
        (true, Some(most), _) => {
            format!("more than {most} people seem to use it, or somebody decided so: it links nobody")
        }
        (_, _, Some(decision)) => format!("decision {} links it", decision.0),
        _ => "held since the touchpoint that first showed it".to_owned(),
    };
    proto::HeldIdentifier {
        identifier: Some(proto::Identifier { kind, value: identifier.value.clone(), region: String::new() }),
        first_seen: identifier.first_seen.map(timestamp),
        last_seen: identifier.last_seen.map(timestamp),
        shared: identifier.shared,
        first_touchpoint: identifier.first_shown_by.as_ref().map(|key| proto::TouchpointKey {
            source: key.source.clone(),
            source_id: key.source_id.clone(),
            version: None,
        }),
        reason,
        decision: identifier.linked_by.map_or(0, |no| no.0),
    }
}

fn traits(rules: &Rules, summary: &Summary) -> Vec<proto::Trait> {
    let standing = |(name, by_source): (&String, _)| {
        let survivor = survivor(by_source, &rules.trait_sources)?;
        Some(proto::Trait {
            name: name.clone(),
            value: Some(value_to_proto(survivor.said.value.clone())),
            at: Some(timestamp(survivor.said.at)),
            touchpoint: Some(proto::TouchpointKey {
                source: survivor.source.to_owned(),
                source_id: survivor.said.source_id.clone(),
                version: None,
            }),
            if_absent: survivor.if_absent,
        })
    };
    summary.traits.iter().filter_map(standing).collect()
}

fn summary_to_proto(rates: &Rates, summary: &Summary) -> proto::CustomerSummary {
    let mut visits: Vec<proto::ChannelVisits> = Vec::new();
    let (mut service_contacts, mut handling_seconds) = (0, 0);
    for ((activity, channel, _), tally) in &summary.tallies {
        handling_seconds += count(tally.handling_seconds);
        match activity.as_str() {
            "visit" => match visits.iter_mut().find(|known| known.channel == *channel) {
                Some(known) => known.visits += count(tally.touches),
                None => {
                    let (channel, visited) = (channel.clone(), count(tally.touches));
                    visits.push(proto::ChannelVisits { channel, visits: visited });
                }
            },
            "service_contact" => service_contacts += count(tally.touches),
            _ => {}
        }
    }
    let revenue = summary.revenue.iter().map(|(currency, revenue)| proto::Revenue {
        currency: currency.code().to_owned(),
        orders: count(revenue.orders),
        gross_minor: revenue.gross_minor,
        returned_minor: revenue.returned_minor,
        net_minor: revenue.net_minor(),
    });
    proto::CustomerSummary {
        touchpoints: count(summary.touchpoints),
        orders: summary.revenue.values().map(|revenue| count(revenue.orders)).sum(),
        returns: summary.revenue.values().map(|revenue| count(revenue.returns)).sum(),
        revenue: revenue.collect(),
        visits,
        first_touch: summary.first.as_ref().map(touch_to_proto),
        last_touch: summary.last.as_ref().map(touch_to_proto),
        last_nps: summary.last_nps.as_ref().map(|(moment, score)| proto::LastScore {
            score: u32::from(*score),
            at: Some(timestamp(moment.at)),
        }),
        service_contacts,
        handling_seconds,
        cost_to_serve: cost_to_proto(rates, summary),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the exact figure stands beside it")]
fn cost_to_proto(rates: &Rates, summary: &Summary) -> Vec<proto::CostAmount> {
    let costs = rates.cost_micros(summary).into_iter();
    costs
        .map(|(currency, micros)| proto::CostAmount {
            currency: currency.code().to_owned(),
            micros,
            minor: micros as f64 / currency.micros_per_minor() as f64,
        })
        .collect()
}

fn touch_to_proto(moment: &Moment) -> proto::TouchSummary {
    proto::TouchSummary {
        at: Some(timestamp(moment.at)),
        channel: moment.channel.clone(),
        touchpoint: Some(proto::TouchpointKey {
            source: moment.source.clone(),
            source_id: moment.source_id.clone(),
            version: None,
        }),
    }
}

fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
