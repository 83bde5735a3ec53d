//! The rule service: rules as data.

use std::sync::Arc;

use pbjson_types::Timestamp;
use rustc_hash::FxHashMap;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::access::signature;
use super::convert::{Path, micros, timestamp};
use super::error::PortError;
use super::probes::QUESTIONS;
use super::proto::rule_service_server::RuleService;
use super::proto::{self, simulate_rules_response::Part};
use super::{Port, blocking, computing, decisions, detached, place, tenant_name};
use crate::identity::compared::{self, Compared, Touched};
use crate::identity::rules::{EARLIEST_US, History, Patterns};
use crate::identity::whole::{Resolved, Unfit, Whole};
use crate::identity::{KindRule, Normalizer, OnConflict, Rules, rules};
use crate::model::{KindName, Micros, ObservationNo, Reason, Revision, TenantKey, TenantName, Violation};
use crate::store::{Moved, Promotion, Reassigned, WholeMap};

const AUTHOR_BYTES: usize = 128;

type Message = Result<proto::SimulateRulesResponse, Status>;

#[tonic::async_trait]
impl RuleService for Port {
    async fn get_rules(
        &self,
        request: Request<proto::GetRulesRequest>,
    ) -> Result<Response<proto::GetRulesResponse>, Status> {
        let (name, asked) = (tenant_name(&request)?, request.into_inner());
        let port = self.clone();
        let answer = detached(async move {
            let Some(tenant) = port.tenant(&name, 0).await? else {
                // The rules that it would begin with.
                let default = Rules::default();
                let normalizer_generation = i32::from(default.normalizers);
                let rules = Some(to_proto(&default));
                return match asked.version {
                    0 | 1 => Ok(proto::GetRulesResponse {
                        rules,
                        version: 1,
                        normalizer_generation,
                        ..Default::default()
                    }),
                    _ => Err(PortError::RulesNotFound),
                };
            };
            let version = if asked.version == 0 { tenant.rules_version } else { asked.version };
            let found = port.store.rule_set(tenant.key, version).await?.ok_or(PortError::RulesNotFound)?;
            let resolver = port.store.resolver_generation(tenant.key).await?;
            Ok(proto::GetRulesResponse {
                normalizer_generation: i32::from(found.rules.normalizers),
                rules: Some(to_proto(&found.rules)),
                version: found.version,
                since_revision: found.since.0,
                author: found.author.unwrap_or_default(),
                reason: found.reason.unwrap_or_default(),
                principal: found.principal.unwrap_or_default(),
                resolver_generation: i32::try_from(resolver).unwrap_or(i32::MAX),
            })
        });
        Ok(Response::new(answer.await?))
    }

    type SimulateRulesStream = ReceiverStream<Message>;

    async fn simulate_rules(
        &self,
        request: Request<proto::SimulateRulesRequest>,
    ) -> Result<Response<Self::SimulateRulesStream>, Status> {
        let (name, asked) = (tenant_name(&request)?, request.into_inner());
        if asked.kpis.len() > QUESTIONS {
            let what = format!("at most {QUESTIONS}");
            return Err(PortError::field("kpis", Reason::TooMany, what).into());
        }
        let candidate = self.candidate(asked.rules).await?;
        let (sender, messages) = mpsc::channel(8);
        let port = self.clone();
        tokio::spawn(place::within(place::held(), async move {
            let told = port.simulate(&name, candidate, &asked.kpis, &sender).await;
            let last = told.map(|result| part(Part::Result(result))).map_err(Status::from);
            // Who went away is not told.
            let _ = sender.send(last).await;
        }));
        Ok(Response::new(ReceiverStream::new(messages)))
    }

    async fn promote_rules(
        &self,
        request: Request<proto::PromoteRulesRequest>,
    ) -> Result<Response<proto::PromoteRulesResponse>, Status> {
        let principal = signature(&request)?;
        let (name, asked) = (tenant_name(&request)?, request.into_inner());
        let request = self.mutation(&asked.request_id, &asked)?;
        let (author, reason) = self.check(|mut c| {
            let root = Path::root();
            let author = c.required_text(&root.field("author"), asked.author.clone(), AUTHOR_BYTES);
            let reason = c.required_text(&root.field("reason"), asked.reason.clone(), c.limits.text_bytes);
            c.finish((author, reason))
        })?;
        let mut rules = self.candidate(asked.rules).await?;
        let port = self.clone();
        let answer = detached(async move {
            let tenant = port.open_tenant(&name).await?;
            keep_generation(&mut rules, &tenant.rules);
            let from_version = asked.from_version;
            let promotion = Promotion { rules, from_version, author, reason, principal, request };
            let promoted = port.store.promote(tenant.key, promotion).await?;
            port.forget(&name);
            Ok(proto::PromoteRulesResponse {
                version: promoted.version,
                revision: promoted.revision.0,
                reassigned_observations: promoted.reassigned,
            })
        });
        Ok(Response::new(answer.await?))
    }
}

fn part(part: Part) -> proto::SimulateRulesResponse {
    proto::SimulateRulesResponse { part: Some(part) }
}

/// The stages of a simulation, in words.
const STAGES: [&str; 4] = [
    "reading the history",
    "resolving it as it is and under the candidate",
    "comparing them",
    "computing KPIs",
];

/// Tells that a stage begins.
async fn tell(sender: &mpsc::Sender<Message>, done: usize) -> Result<(), PortError> {
    let small = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let progress = proto::SimulationProgress {
        stage: STAGES[done].to_owned(),
        done: small(done),
        stages: small(STAGES.len()),
    };
    // Who went away needs no answer: the work ends here.
    sender.send(Ok(part(Part::Progress(progress)))).await.map_err(|_| PortError::Panicked)
}

impl Port {
    /// Rules as sent, with everything that is wrong with them.
    async fn candidate(&self, asked: Option<proto::Rules>) -> Result<Rules, PortError> {
        let Some(asked) = asked else {
            return Err(PortError::field("rules", Reason::Required, "must be set"));
        };
        let texts = [
            ("blocked", &asked.blocked[..], rules::BLOCKED_LIMIT),
            ("blocked_ignoring_case", &asked.blocked_ignoring_case[..], rules::BLOCKED_LIMIT),
            ("blocked_patterns", &asked.blocked_patterns[..], rules::PATTERNS_LIMIT),
            ("trait_sources", &asked.trait_sources[..], rules::SOURCES_LIMIT),
        ];
        let excess = rules::excess(asked.kinds.len(), asked.clock_resets.len(), texts);
        if !excess.is_empty() {
            return Err(PortError::Invalid(excess));
        }
        // Patterns are compiled, which takes its time.
        let checked = blocking(move || {
            let (rules, mut wrong) = from_proto(asked);
            wrong.extend(rules::check(&rules));
            (rules, wrong)
        });
        let (rules, mut wrong) = checked.await?;
        wrong.truncate(self.settings.limits.violations);
        if wrong.is_empty() { Ok(rules) } else { Err(PortError::Invalid(wrong)) }
    }

    async fn simulate(
        &self,
        name: &TenantName,
        mut candidate: Rules,
        kpis: &[proto::KpiQuestion],
        sender: &mpsc::Sender<Message>,
    ) -> Result<proto::SimulationResult, PortError> {
        let Some(tenant) = self.tenant(name, 0).await? else { return Ok(Default::default()) };
        keep_generation(&mut candidate, &tenant.rules);
        tell(sender, 0).await?;
        let WholeMap { revision, whole, touchpoints } =
            self.store.whole_map(tenant.key, &tenant.rules, &candidate).await?;
        tell(sender, 1).await?;
        let (present, was) = (tenant.rules.clone(), Arc::new(whole));
        let (now, limit) = (was.clone(), candidate.component_limit);
        // At the same time: each has stretches that only one processor works on.
        let resolved = computing(move || {
            let under = || (*now).clone().under(&present, &candidate).map(|whole| whole.resolve(&candidate));
            rayon::join(|| now.resolve(&present), under)
        });
        let (before, after) = resolved.await?;
        tell(sender, 2).await?;
        let after = match after {
            Ok(after) => after,
            Err(unfit) => return Ok(refused(revision, &was, &before, &unfit)),
        };
        let compared = compared::compare(&before, &after);
        let parts = self.store.count_handovers(tenant.key, &compared.handovers).await?;
        let moved = Moves { compared: &compared, touchpoints: &touchpoints, parts };
        let mut result = simulated(tenant.key, (revision, &was), (&before, &after), moved);
        if after.largest > limit as usize {
            result.refusals.push(Unfit::TooLarge { observations: after.largest, limit }.to_string());
        }
        if !kpis.is_empty() {
            tell(sender, 3).await?;
            let moved = compared.touched.iter().map(|touched| Moved {
                observation: touched.observation,
                customer: touched.to,
                registered: touched.registered,
            });
            let moved = moved.collect();
            let cut = after.changes.assigned.iter().filter(|assigned| !assigned.stretches.is_empty());
            let cut = cut.map(|assigned| (assigned.no, assigned.stretches.clone())).collect();
            let (before, after) = self.mirrors.preview(&tenant, revision, moved, cut).await?;
            result.kpis = self.changes(tenant.key, kpis, &before, &Arc::new(after)).await?;
        }
        Ok(result)
    }
}

/// Who does not speak of a generation of normalizers keeps it.
fn keep_generation(candidate: &mut Rules, present: &Rules) {
    if candidate.normalizers == 0 {
        candidate.normalizers = present.normalizers;
    }
}

/// What a candidate that cannot be promoted would have been compared with.
fn refused(revision: Revision, whole: &Whole, before: &Resolved, unfit: &[Unfit]) -> proto::SimulationResult {
    proto::SimulationResult {
        revision: revision.0,
        observations: count(whole.observations.len()),
        customers_before: count(before.changes.customers.len()),
        refusals: unfit.iter().map(ToString::to_string).collect(),
        ..Default::default()
    }
}

/// What would belong to others: whole observations with their touchpoints, and parts of those that are
/// divided in time.
struct Moves<'a> {
    compared: &'a Compared,
    touchpoints: &'a FxHashMap<ObservationNo, u64>,
    parts: Vec<Reassigned>,
}

/// What a candidate would change.
fn simulated(
    tenant: TenantKey,
    (revision, whole): (Revision, &Whole),
    (before, after): (&Resolved, &Resolved),
    Moves { compared, touchpoints, parts }: Moves<'_>,
) -> proto::SimulationResult {
    let moved = compared.touched.iter().filter(|touched| touched.from != touched.to && !touched.divided);
    let reassigned: Vec<Reassigned> = moved
        .map(|&Touched { observation, from, to, .. }| {
            let touchpoints = touchpoints.get(&observation).copied().unwrap_or_default();
            Reassigned { observation, from, to, touchpoints }
        })
        .chain(parts)
        .collect();
    let (reassignments, touchpoints, _) = decisions::reassignments(tenant, &reassigned);
    proto::SimulationResult {
        revision: revision.0,
        observations: count(whole.observations.len()),
        customers_before: count(before.changes.customers.len()),
        customers_after: count(after.changes.customers.len()),
        merges_gained: count(compared.merges_gained),
        merges_lost: count(compared.merges_lost),
        customers_joined: count(compared.joined),
        customers_split: count(compared.split),
        reassignments,
        touchpoints,
        ..Default::default()
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn normalizer_to_proto(normalizer: Normalizer) -> proto::Normalizer {
    match normalizer {
        Normalizer::Email => proto::Normalizer::Email,
        Normalizer::Phone => proto::Normalizer::Phone,
        Normalizer::Exact => proto::Normalizer::Exact,
        Normalizer::Folded => proto::Normalizer::Folded,
        Normalizer::Sha256 => proto::Normalizer::Sha256,
        Normalizer::EmailProviderTricks => proto::Normalizer::EmailProviderTricks,
    }
}

fn normalizer(asked: proto::Normalizer) -> Option<Normalizer> {
    Some(match asked {
        proto::Normalizer::Unspecified => return None,
        proto::Normalizer::Email => Normalizer::Email,
        proto::Normalizer::Phone => Normalizer::Phone,
        proto::Normalizer::Exact => Normalizer::Exact,
        proto::Normalizer::Folded => Normalizer::Folded,
        proto::Normalizer::Sha256 => Normalizer::Sha256,
        proto::Normalizer::EmailProviderTricks => Normalizer::EmailProviderTricks,
    })
}

fn to_proto(rules: &Rules) -> proto::Rules {
    let small = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let kind = |rule: &KindRule| proto::KindRule {
        kind: rule.kind.as_str().to_owned(),
        registered: rule.registered,
        priority: i32::from(rule.priority),
        limit: small(rule.limit),
        joins_registered: rule.joins_registered,
        share_after: rule.share_after.map(small),
        ordinary: small(rule.ordinary),
        normalizer: normalizer_to_proto(rule.normalizer).into(),
        on_conflict: match rule.on_conflict {
            OnConflict::Demote => proto::OnConflict::Demote,
            OnConflict::Move(History::Session) => proto::OnConflict::MoveSession,
            OnConflict::Move(History::Whole) => proto::OnConflict::MoveWhole,
        }
        .into(),
    };
    proto::Rules {
        kinds: rules.kinds.iter().map(kind).collect(),
        blocked: rules.blocked.clone(),
        blocked_ignoring_case: rules.blocked_ignoring_case.clone(),
        blocked_patterns: rules.blocked_patterns.texts().to_vec(),
        default_region: rules.default_region.clone(),
        trait_sources: rules.trait_sources.clone(),
        component_limit: small(rules.component_limit),
        normalizer_generation: i32::from(rules.normalizers),
        earliest: Some(timestamp(Micros(rules.earliest_us))),
        clock_resets: rules.clock_resets_us.iter().map(|at| timestamp(Micros(*at))).collect(),
    }
}

/// Rules as they are meant, and what cannot be meant.
fn from_proto(asked: proto::Rules) -> (Rules, Vec<Violation>) {
    let mut wrong = Vec::new();
    let mut kinds = Vec::with_capacity(asked.kinds.len());
    for (i, rule) in asked.kinds.into_iter().enumerate() {
        let at = |field: &str| format!("rules.kinds[{i}].{field}");
        let name = KindName::parse(&rule.kind);
        if name.is_none() {
            let what = "a kind has upper-case letters, digits and _, at most 32";
            wrong.push(Violation::new(at("kind"), Reason::Malformed, what));
        }
        let form = normalizer(rule.normalizer());
        if form.is_none() {
            wrong.push(Violation::new(at("normalizer"), Reason::Required, "must be set"));
        }
        if rule.share_after.is_some_and(|n| n < 0) {
            wrong.push(Violation::new(at("share_after"), Reason::OutOfRange, "must not be negative"));
        }
        if rule.ordinary < 0 {
            wrong.push(Violation::new(at("ordinary"), Reason::OutOfRange, "must not be negative"));
        }
        if let (Some(kind), Some(normalizer)) = (name, form) {
            kinds.push(KindRule {
                kind,
                registered: rule.registered,
                priority: u16::try_from(rule.priority).unwrap_or(0),
                limit: u32::try_from(rule.limit).unwrap_or(0),
                joins_registered: rule.joins_registered,
                on_conflict: match rule.on_conflict() {
                    proto::OnConflict::Unspecified | proto::OnConflict::Demote => OnConflict::Demote,
                    proto::OnConflict::MoveSession => OnConflict::Move(History::Session),
                    proto::OnConflict::MoveWhole => OnConflict::Move(History::Whole),
                },
                share_after: rule.share_after.and_then(|n| u32::try_from(n).ok()),
                // Not said: one.
                ordinary: u32::try_from(rule.ordinary).unwrap_or(0).max(1),
                normalizer,
            });
        }
    }
    let mut instant = |field: String, said: &Timestamp| {
        let at = micros(said);
        if at.is_none() {
            let what = "is no instant between the years 1 and 9999";
            wrong.push(Violation::new(field, Reason::OutOfRange, what));
        }
        at.unwrap_or_default().0
    };
    let earliest_us = asked.earliest.map_or(EARLIEST_US, |said| instant("rules.earliest".to_owned(), &said));
    let resets = asked.clock_resets.iter().enumerate();
    let clock_resets_us = resets.map(|(i, said)| instant(format!("rules.clock_resets[{i}]"), said)).collect();
    let rules = Rules {
        kinds,
        blocked: asked.blocked,
        blocked_ignoring_case: asked.blocked_ignoring_case,
        blocked_patterns: Patterns::new(asked.blocked_patterns),
        default_region: asked.default_region,
        trait_sources: asked.trait_sources,
        component_limit: u32::try_from(asked.component_limit).unwrap_or(0),
        normalizers: u16::try_from(asked.normalizer_generation).unwrap_or(u16::MAX),
        earliest_us,
        clock_resets_us,
    };
    (rules, wrong)
}
