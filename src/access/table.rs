//! Every RPC, and what it asks for. A method without a row is refused to everybody; a test holds the
//! table to the descriptors, both ways. What only a part of a request asks for stands in
//! `rpc::access::Demands`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::permission::Permission::{self, *};

/// What a method asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing, not even a credential.
    Open,
    /// A credential of whatever kind.
    Anybody,
    /// A permission within the tenant of the call.
    Within(Permission),
    /// A permission in some tenant; which one the request says, and its handler asks.
    Somewhere(Permission),
}

use Access::{Anybody, Open, Somewhere, Within};

/// Service and method, in the order of the manual.
pub const TABLE: &[(&str, &str, Access)] = &[
    ("TouchpointService", "RecordTouchpoints", Within(TouchpointWrite)),
    ("TouchpointService", "ImportTouchpoints", Within(TouchpointWrite)),
    ("TouchpointService", "VoidTouchpoint", Within(TouchpointVoid)),
    ("TouchpointService", "GetTouchpoint", Within(TouchpointRead)),
    ("TouchpointService", "ListTouchpoints", Within(TouchpointRead)),
    ("IdentityService", "ResolveIdentity", Within(IdentityRead)),
    ("IdentityService", "ExplainIdentity", Within(IdentityRead)),
    ("IdentityService", "ExplainSeparation", Within(IdentityRead)),
    ("HistoryService", "GetIdentityHistory", Within(IdentityRead)),
    ("HistoryService", "ListConflicts", Within(IdentityRead)),
    ("DecisionService", "ListMerges", Within(IdentityRead)),
    ("DecisionService", "ListDecisions", Within(IdentityRead)),
    ("DecisionService", "ListSharedIdentifiers", Within(IdentityRead)),
    ("DecisionService", "LinkIdentities", Within(IdentityDecide)),
    ("DecisionService", "UnlinkIdentities", Within(IdentityDecide)),
    ("DecisionService", "DecideSharing", Within(IdentityDecide)),
    ("DecisionService", "RetractDecision", Within(IdentityDecide)),
    ("DecisionService", "UndoMerge", Within(IdentityDecide)),
    ("RuleService", "GetRules", Within(RulesRead)),
    ("RuleService", "SimulateRules", Within(RulesSimulate)),
    ("RuleService", "PromoteRules", Within(RulesPromote)),
    ("CustomerService", "GetCustomer", Within(CustomerRead)),
    ("CustomerService", "BatchGetCustomers", Within(CustomerRead)),
    ("CustomerService", "ListCustomers", Within(CustomerList)),
    ("KpiService", "ComputeRetention", Within(KpiRead)),
    ("KpiService", "ComputeRepurchase", Within(KpiRead)),
    ("KpiService", "ComputeNps", Within(KpiRead)),
    ("KpiService", "ComputeCostToServe", Within(KpiRead)),
    ("FigureService", "ComputeKpis", Within(KpiRead)),
    ("JourneyService", "ComputeAttribution", Within(KpiRead)),
    ("JourneyService", "ComputeJourneys", Within(KpiRead)),
    ("JourneyService", "ComputeFunnel", Within(KpiRead)),
    ("JourneyService", "ComputeBasket", Within(KpiRead)),
    ("JourneyService", "ComputeStoreConversion", Within(KpiRead)),
    ("LifetimeService", "ComputeLifetime", Within(KpiRead)),
    ("LifetimeService", "ComputeLifecycle", Within(KpiRead)),
    ("LifetimeService", "ComputeRfm", Within(KpiRead)),
    ("LifetimeService", "ComputeOmnichannel", Within(KpiRead)),
    ("CommerceService", "ComputeReturns", Within(KpiRead)),
    ("CommerceService", "ComputeProductMix", Within(KpiRead)),
    ("CommerceService", "ComputePhaseModel", Within(KpiRead)),
    ("CommerceService", "ComputeIncentiveCard", Within(KpiRead)),
    ("FigureService", "ExplainKpi", Within(KpiDrill)),
    ("ReconciliationService", "ReconcileKpis", Within(KpiExact)),
    ("LifetimeService", "ScoreCustomers", Within(ScoreRun)),
    ("KpiService", "GetCostRates", Within(RatesRead)),
    ("KpiService", "GetCapacity", Within(RatesRead)),
    ("KpiService", "SetCostRates", Within(RatesWrite)),
    ("KpiService", "SetCapacity", Within(RatesWrite)),
    ("RecordService", "ListRecords", Within(RecordRead)),
    ("RecordService", "SetRecords", Within(RecordWrite)),
    ("FeedService", "WatchIdentities", Within(FeedWatch)),
    ("AdminService", "CreateTenant", Somewhere(AdminTenant)),
    ("AdminService", "ListTenants", Somewhere(AdminTenant)),
    ("AdminService", "SuspendTenant", Somewhere(AdminTenant)),
    ("AdminService", "ResumeTenant", Somewhere(AdminTenant)),
    ("AdminService", "DeleteTenant", Somewhere(AdminTenant)),
    ("AdminService", "SetTenantQuota", Somewhere(AdminTenant)),
    ("AdminService", "CreateKey", Somewhere(AdminKey)),
    ("AdminService", "ListKeys", Somewhere(AdminKey)),
    ("AdminService", "RotateKey", Somewhere(AdminKey)),
    ("AdminService", "RevokeKey", Somewhere(AdminKey)),
    ("AdminService", "SetGrants", Somewhere(AdminGrant)),
    ("AdminService", "ListGrants", Somewhere(AdminGrant)),
    ("KpiService", "ListKpis", Anybody),
    ("AdminService", "WhoAmI", Anybody),
];

/// Methods of the standard services, by their whole paths.
const STANDARD: &[(&str, Access)] = &[
    ("/grpc.health.v1.Health/Check", Open),
    ("/grpc.health.v1.Health/List", Open),
    ("/grpc.health.v1.Health/Watch", Open),
    ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Anybody),
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Anybody),
];

static BY_PATH: LazyLock<HashMap<String, Access>> = LazyLock::new(|| {
    let ours = TABLE
        .iter()
        .map(|(service, method, access)| (format!("/customer360.v1.{service}/{method}"), *access));
    ours.chain(STANDARD.iter().map(|&(path, access)| (path.to_owned(), access))).collect()
});

/// What the method of a path asks for; `None` if it has no row.
#[must_use]
pub fn access_of(path: &str) -> Option<Access> {
    BY_PATH.get(path).copied()
}

/// The table as it stands in the manual.
#[must_use]
pub fn manual() -> String {
    let mut rows: Vec<(String, Vec<&str>)> = Vec::new();
    for (_, method, access) in TABLE {
        let asks = match access {
            Open => "nothing".to_owned(),
            Anybody => "any credential".to_owned(),
            Within(permission) => format!("`{}`", permission.name()),
            Somewhere(permission) => {
                format!("`{}`, for the tenants that the request names", permission.name())
            }
        };
        match rows.iter_mut().find(|(row, _)| *row == asks) {
            Some((_, methods)) => methods.push(method),
            None => rows.push((asks, vec![method])),
        }
    }
    let mut text = String::from("| asks for | RPCs |\n|---|---|\n");
    for (asks, methods) in rows {
        text += &format!("| {asks} | {} |\n", methods.join(", "));
    }
    text
}
