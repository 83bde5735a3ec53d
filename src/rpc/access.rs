//! What a part of a request asks for, beside what its method does (`access::TABLE`), and the caller
//! that the layer in front has let in.

use tonic::{Request, Streaming};

use super::error::PortError;
use super::proto::{self, Scope};
use super::{DEFAULT_TENANT, TENANT_METADATA};
use crate::access::principal::Named;
use crate::access::{Access, Caller, Permission, Permissions, Principal};
use crate::model::TenantName;

/// What the present contents of a request ask for beside their method's permission.
pub trait Demands {
    fn demands(&self) -> Permissions {
        Permissions::NONE
    }
}

macro_rules! demand_nothing {
    ($( $request:ident, )*) => { $( impl Demands for proto::$request {} )* };
}

macro_rules! demand {
    ($( $request:ident: |$asked:ident| $( $condition:expr => $permission:ident ),+; )*) => { $(
        impl Demands for proto::$request {
            fn demands(&self) -> Permissions {
                let $asked = self;
                let mut demands = Permissions::NONE;
                $( if $condition {
                    demands = demands.and(Permissions::of(&[Permission::$permission]));
                } )+
                demands
            }
        }
    )* };
}

demand_nothing! {
    RecordTouchpointsRequest,
    VoidTouchpointRequest,
    GetTouchpointRequest,
    ResolveIdentityRequest,
    ExplainIdentityRequest,
    ExplainSeparationRequest,
    GetIdentityHistoryRequest,
    GetRulesRequest,
    PromoteRulesRequest,
    GetCustomerRequest,
    BatchGetCustomersRequest,
    ListKpisRequest,
    SetCostRatesRequest,
    GetCostRatesRequest,
    SetCapacityRequest,
    GetCapacityRequest,
    ScoreCustomersRequest,
    ReconcileKpisRequest,
    SetRecordsRequest,
    ListRecordsRequest,
    WatchIdentitiesRequest,
    CreateTenantRequest,
    ListTenantsRequest,
    SuspendTenantRequest,
    ResumeTenantRequest,
    DeleteTenantRequest,
    SetTenantQuotaRequest,
    CreateKeyRequest,
    ListKeysRequest,
    RotateKeyRequest,
    RevokeKeyRequest,
    SetGrantsRequest,
    ListGrantsRequest,
    WhoAmIRequest,
}

// Lists about everybody are lists of customers; the numbers of a dry run are KPIs; the past is exact.
demand! {
    ListTouchpointsRequest: |asked| asked.customer_id.is_empty() => CustomerList;
    ListConflictsRequest: |asked| asked.about.is_none() => CustomerList;
    ListMergesRequest: |asked| asked.customer_id.is_empty() => CustomerList;
    ListDecisionsRequest: |_asked| true => CustomerList;
    ListSharedIdentifiersRequest: |_asked| true => CustomerList;
    LinkIdentitiesRequest: |asked| with_kpis(asked.mandate.as_ref()) => KpiRead;
    UnlinkIdentitiesRequest: |asked| with_kpis(asked.mandate.as_ref()) => KpiRead;
    DecideSharingRequest: |asked| with_kpis(asked.mandate.as_ref()) => KpiRead;
    RetractDecisionRequest: |asked| with_kpis(asked.mandate.as_ref()) => KpiRead;
    UndoMergeRequest: |asked| with_kpis(asked.mandate.as_ref()) => KpiRead;
    SimulateRulesRequest: |asked| !asked.kpis.is_empty() => KpiRead;
    ListCustomersRequest: |asked| asked.filter.is_some() || asked.order_by != 0 => ScoreRead;
    ComputeRetentionRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeRepurchaseRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeNpsRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeCostToServeRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeKpisRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ExplainKpiRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeAttributionRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeJourneysRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeFunnelRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeBasketRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeStoreConversionRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeLifecycleRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeOmnichannelRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeReturnsRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeProductMixRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputePhaseModelRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeIncentiveCardRequest: |asked| past(asked.scope.as_ref()) => KpiExact;
    ComputeLifetimeRequest: |asked| asked.page_size > 0 => KpiDrill, past(asked.scope.as_ref()) => KpiExact;
    ComputeRfmRequest: |asked| asked.page_size > 0 => KpiDrill, past(asked.scope.as_ref()) => KpiExact;
}

/// What comes with a stream is known only as it comes.
impl<T> Demands for Streaming<T> {}

fn with_kpis(mandate: Option<&proto::Mandate>) -> bool {
    mandate.is_some_and(|mandate| !mandate.kpis.is_empty())
}

fn past(scope: Option<&Scope>) -> bool {
    scope.is_some_and(|scope| scope.as_known_at.is_some())
}

/// Who calls. Without the layer in front everybody may do everything, as with `auth = none`.
pub(super) fn caller<T: Demands>(request: &Request<T>) -> Result<Caller, PortError> {
    let caller = match request.extensions().get::<Caller>() {
        Some(caller) => caller.clone(),
        None => everybody(request)?,
    };
    let demands = request.get_ref().demands();
    let missing = demands.iter().find(|&permission| !caller.permits(permission));
    missing.map_or(Ok(caller), |permission| {
        Err(PortError::Denied(crate::access::Denied::PermissionMissing(permission)))
    })
}

/// The name of who was authenticated, if anybody was.
pub(super) fn signature<T: Demands>(request: &Request<T>) -> Result<Option<String>, PortError> {
    Ok(caller(request)?.signature())
}

fn everybody<T>(request: &Request<T>) -> Result<Caller, PortError> {
    let mut names = request.metadata().get_all(TENANT_METADATA).iter();
    let named = match (names.next(), names.next()) {
        (None, _) => Named::One(DEFAULT_TENANT),
        (Some(name), None) => name.to_str().map_or(Named::Malformed, Named::One),
        (Some(_), Some(_)) => Named::Malformed,
    };
    let principal = std::sync::Arc::new(Principal::everybody());
    Caller::admit(&principal, Access::Within(Permission::MetaRead), named).map_err(PortError::Denied)
}

/// The tenant of a call that may ask what it asks.
pub(super) fn tenant_name<T: Demands>(request: &Request<T>) -> Result<TenantName, PortError> {
    Ok(caller(request)?.tenant)
}
