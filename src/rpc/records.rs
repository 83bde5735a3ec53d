//! The record service: what retailers know beside touchpoints.

use tonic::{Request, Response, Status};

use super::error::PortError;
use super::page::PAGE_BYTES;
use super::proto::record_service_server::RecordService;
use super::{Port, convert, detached, proto, tenant_name};
use prost::Message;

#[tonic::async_trait]
impl RecordService for Port {
    async fn set_records(
        &self,
        request: Request<proto::SetRecordsRequest>,
    ) -> Result<Response<proto::SetRecordsResponse>, Status> {
        let (tenant, asked) = (tenant_name(&request)?, request.into_inner());
        let mutation = self.mutation(&asked.request_id, &asked)?;
        let records = self.check(|c| convert::records(c, asked.records))?;
        let port = self.clone();
        let answer = detached(async move {
            let tenant = port.open_tenant(&tenant).await?;
            let kept = port.store.set_records(tenant.key, mutation, &records).await?;
            Ok(convert::records_kept(&kept))
        });
        Ok(Response::new(answer.await?))
    }

    async fn list_records(
        &self,
        request: Request<proto::ListRecordsRequest>,
    ) -> Result<Response<proto::ListRecordsResponse>, Status> {
        let (tenant, asked) = (tenant_name(&request)?, request.into_inner());
        let kind = self.check(|c| convert::record_kind(c, asked.kind))?;
        let port = self.clone();
        let answer = detached(async move {
            let Some(tenant) = port.tenant(&tenant, asked.at_least_as_fresh).await? else {
                return Ok(proto::ListRecordsResponse::default());
            };
            let records = port.store.records(tenant.key, kind, tenant.revision).await?;
            let records = records.into_iter().map(convert::record_to_proto).collect();
            let answer = proto::ListRecordsResponse { records, revision: tenant.revision.0 };
            if answer.encoded_len() > PAGE_BYTES {
                return Err(PortError::AnswerTooLarge { limit: PAGE_BYTES, unit: "bytes" });
            }
            Ok(answer)
        });
        Ok(Response::new(answer.await?))
    }
}
