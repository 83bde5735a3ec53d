//! A normal caller beside an attack.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use customer360::cli::client::Clients;
use customer360::rpc::proto::customer_ref::By;
use customer360::rpc::proto::{self, RecordStatus};
use tokio::task::JoinHandle;
use tonic::Request;

use crate::support::{Service, identifier, record, tenant, visit};

/// Longest time that a call may take while the service is attacked: it runs unoptimized beside the
/// attackers on a few cores.
const DEADLINE: Duration = Duration::from_secs(20);

/// Records a touchpoint and reads a customer, in turns.
pub struct Bystander {
    clients: Clients,
    stop: Arc<AtomicBool>,
    calls: JoinHandle<usize>,
}

impl Bystander {
    pub async fn beside(service: &Service) -> Self {
        let clients = service.clients(&tenant()).await;
        let stop = Arc::new(AtomicBool::new(false));
        let calls = tokio::spawn(calls(clients.clone(), stop.clone()));
        Self { clients, stop, calls }
    }

    /// Every call was answered, and what was acknowledged is there.
    pub async fn ends_well(self) {
        self.stop.store(true, Ordering::Relaxed);
        let recorded = self.calls.await.unwrap();
        assert!(recorded > 0, "some calls fell into the attack");
        for from in (0..recorded).step_by(1_000) {
            let again = (from..recorded.min(from + 1_000)).map(|n| visit(&n.to_string(), "bystander"));
            let answer = record(&self.clients, again.collect()).await.unwrap();
            let known = answer.outcomes.iter().all(|o| o.status == RecordStatus::Duplicate as i32);
            assert!(known, "an acknowledged touchpoint is lost");
        }
    }
}

async fn calls(clients: Clients, stop: Arc<AtomicBool>) -> usize {
    let mut recorded = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut request = Request::new(proto::RecordTouchpointsRequest {
            touchpoints: vec![visit(&recorded.to_string(), "bystander")],
            ..Default::default()
        });
        request.set_timeout(DEADLINE);
        let answer = clients.touchpoints.clone().record_touchpoints(request).await.unwrap().into_inner();
        assert_eq!(answer.outcomes[0].status, RecordStatus::Recorded as i32);
        recorded += 1;
        let by = Some(By::Identifier(identifier("COOKIE", "bystander")));
        let customer = Some(proto::CustomerRef { by });
        let mut request = Request::new(proto::GetCustomerRequest { customer, ..Default::default() });
        request.set_timeout(DEADLINE);
        clients.customers.clone().get_customer(request).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    recorded
}
