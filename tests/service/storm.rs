//! Several writers decide and record at once through the port of a process that is killed and comes
//! back, and on PostgreSQL through another process beside it. In the end the map is what the naive
//! oracle says, and what a consumer of the feed holds.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use customer360::cli::client::TENANT_METADATA;
use customer360::clock::stopwatch;
use customer360::identity::constraints::{ConstraintNo, Decision, Sharing};
use customer360::model::{Identifier, TenantName, Touchpoint};
use customer360::rpc::proto;
use customer360::rpc::proto::decision_service_client::DecisionServiceClient;
use customer360::rpc::proto::party::Party as Named;
use customer360::rpc::proto::rule_service_client::RuleServiceClient;
use customer360::rpc::proto::touchpoint_service_client::TouchpointServiceClient;
use customer360::store::Store;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};

use crate::feed::{Consumer, revision};
use crate::support::{PATIENCE, Service, databases};
use crate::worlds::{self, Decisions, Said, history, resolve, stored_map};

/// A small history whose identifiers pass every normalizer unchanged.
fn pool(writer: u64) -> Vec<Touchpoint> {
    let mut pool = history(writer + 4_000, 40);
    for touch in &mut pool {
        touch.key.source_id = format!("{writer}-{}", touch.key.source_id);
        touch.identifiers.iter_mut().for_each(rename);
        touch.identifiers.sort();
    }
    pool
}

fn rename(identifier: &mut Identifier) {
    identifier.value = match identifier.kind.as_str() {
        "EMAIL" => format!("e{}@example.com", identifier.value),
        _ => format!("77{}", identifier.value),
    };
}

fn touch_to_proto(touch: &Touchpoint) -> proto::Touchpoint {
    let activity = match touch.details.activity {
        customer360::model::Activity::Login(_) => proto::touchpoint::Activity::Login(proto::Login::default()),
        _ => proto::touchpoint::Activity::Visit(proto::Visit::default()),
    };
    proto::Touchpoint {
        source: touch.key.source.clone(),
        source_id: touch.key.source_id.clone(),
        at: Some(pbjson_types::Timestamp { seconds: touch.at.0 / 1_000_000, nanos: 0 }),
        channel: touch.channel.as_str().to_owned(),
        identifiers: touch.identifiers.iter().map(identifier_to_proto).collect(),
        activity: Some(activity),
        ..Default::default()
    }
}

fn identifier_to_proto(identifier: &Identifier) -> proto::Identifier {
    let (kind, value) = (identifier.kind.as_str().to_owned(), identifier.value.clone());
    proto::Identifier { kind, value, region: String::new() }
}

/// What all writers share.
#[derive(Default)]
struct Scene {
    tenant: String,
    living: Mutex<Vec<Touchpoint>>,
    done: AtomicUsize,
    decided: AtomicUsize,
    refused: AtomicUsize,
}

/// Calls a method of a client until it is answered.
macro_rules! ask {
    ($writer:ident, $client:ident, $method:ident, $message:expr) => {
        $writer
            .persist($message, |request| {
                let mut client = $client.clone();
                async move { client.$method(request).await }
            })
            .await
    };
}

struct Writer {
    scene: Arc<Scene>,
    channel: Channel,
    random: ChaCha8Rng,
    pool: Vec<Touchpoint>,
    no: u64,
}

impl Writer {
    /// Asks until there is an answer, whatever happens to the service meanwhile; `None`: refused.
    async fn persist<Q: Clone, A, F: Future<Output = Result<Response<A>, Status>>>(
        &self,
        message: Q,
        call: impl Fn(Request<Q>) -> F,
    ) -> Option<A> {
        let started = stopwatch();
        loop {
            let mut request = Request::new(message.clone());
            request.metadata_mut().insert(TENANT_METADATA, self.scene.tenant.parse().unwrap());
            match call(request).await {
                Ok(answer) => return Some(answer.into_inner()),
                Err(status) => match status.code() {
                    Code::FailedPrecondition | Code::NotFound | Code::Aborted => {
                        self.scene.refused.fetch_add(1, Ordering::Relaxed);
                        return None;
                    }
                    Code::InvalidArgument | Code::AlreadyExists | Code::Unimplemented => panic!("{status:?}"),
                    _ => {
                        assert!(started.elapsed() < PATIENCE, "{status:?}");
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                },
            }
        }
    }

    fn mandate(&mut self) -> Option<proto::Mandate> {
        let request_id = format!("{}-{}", self.no, self.random.random_range(0..1_u64 << 60));
        Some(proto::Mandate { author: "ada".into(), reason: "test".into(), request_id, ..Default::default() })
    }

    fn one(&mut self) -> proto::Identifier {
        const NAMES: [&str; 8] =
            ["ACCOUNT:0", "ACCOUNT:1", "CRM_ID:0", "EMAIL:0", "EMAIL:1", "DEVICE:0", "COOKIE:0", "COOKIE:1"];
        let mut one = worlds::identifier(NAMES[self.random.random_range(0..NAMES.len())]);
        rename(&mut one);
        identifier_to_proto(&one)
    }

    fn party(&mut self) -> proto::Party {
        proto::Party { party: Some(Named::Identifier(self.one())) }
    }

    async fn act(&mut self) {
        let decisions = || DecisionServiceClient::new(self.channel.clone());
        let decided = match self.random.random_range(0..16) {
            0..7 => return self.record().await,
            7 => return self.void().await,
            8 => return self.promote().await,
            9 => {
                let (client, parties) = (decisions(), vec![self.party(), self.party()]);
                if parties[0] == parties[1] {
                    return;
                }
                let link = proto::LinkIdentitiesRequest { parties, mandate: self.mandate() };
                ask!(self, client, link_identities, link).map(drop)
            }
            10 | 11 => {
                let (client, left, right) = (decisions(), vec![self.party()], vec![self.party()]);
                if left == right {
                    return;
                }
                let unlink = proto::UnlinkIdentitiesRequest { left, right, mandate: self.mandate() };
                ask!(self, client, unlink_identities, unlink).map(drop)
            }
            12 => {
                let (client, identifier) = (decisions(), Some(self.one()));
                let sharing = self.random.random_range(1..=2);
                let share = proto::DecideSharingRequest { identifier, sharing, mandate: self.mandate() };
                ask!(self, client, decide_sharing, share).map(drop)
            }
            13 => {
                let (client, decision) = (decisions(), self.random.random_range(1..9));
                let retract = proto::RetractDecisionRequest { decision, mandate: self.mandate() };
                ask!(self, client, retract_decision, retract).map(drop)
            }
            _ => {
                let client = decisions();
                let listed =
                    ask!(self, client, list_merges, proto::ListMergesRequest::default()).unwrap().merges;
                let Some(merge) = listed.into_iter().find(|merge| merge.stands) else { return };
                let undo = proto::UndoMergeRequest { merge_id: merge.merge_id, mandate: self.mandate() };
                ask!(self, client, undo_merge, undo).map(drop)
            }
        };
        self.scene.decided.fetch_add(usize::from(decided.is_some()), Ordering::Relaxed);
    }

    async fn record(&mut self) {
        let count = self.pool.len().min(3);
        let touches: Vec<Touchpoint> = self.pool.drain(..count).collect();
        let request = proto::RecordTouchpointsRequest {
            touchpoints: touches.iter().map(touch_to_proto).collect(),
            ..Default::default()
        };
        let client = TouchpointServiceClient::new(self.channel.clone());
        let recorded = ask!(self, client, record_touchpoints, request).unwrap();
        for outcome in recorded.outcomes {
            assert!(outcome.violations.is_empty() && outcome.reason == 0, "{outcome:?}");
        }
        self.scene.living.lock().unwrap().extend(touches);
    }

    async fn void(&mut self) {
        let wrong = self.scene.living.lock().unwrap().pop();
        let Some(wrong) = wrong else { return };
        let (source, source_id) = (wrong.key.source, wrong.key.source_id);
        let request =
            proto::VoidTouchpointRequest { source, source_id, reason: "wrong".into(), ..Default::default() };
        let client = TouchpointServiceClient::new(self.channel.clone());
        ask!(self, client, void_touchpoint, request).unwrap();
    }

    async fn promote(&mut self) {
        let client = RuleServiceClient::new(self.channel.clone());
        let Some(present) = ask!(self, client, get_rules, proto::GetRulesRequest::default()) else { return };
        let mut rules = present.rules.unwrap();
        let kind = self.random.random_range(0..rules.kinds.len());
        rules.kinds[kind].limit = self.random.random_range(1..4);
        let mandate = self.mandate().unwrap();
        let request = proto::PromoteRulesRequest {
            rules: Some(rules),
            from_version: present.version,
            author: mandate.author,
            reason: mandate.reason,
            request_id: mandate.request_id,
        };
        ask!(self, client, promote_rules, request);
    }
}

/// The decisions that stand, as the definition understands them.
async fn standing(store: &Store, key: customer360::model::TenantKey) -> Decisions {
    let listed = store.constraints(key, true, ConstraintNo(0), 10_000).await.unwrap();
    let named = |numbers: &[_]| numbers.iter().map(|no| listed.identifiers[no].clone()).collect();
    let said = |decision: &Decision| match decision {
        Decision::MustLink(members) => Said::One(named(members)),
        Decision::CannotLink(left, right) => Said::Apart(named(left), named(right)),
        Decision::Sharing(no, Sharing::Shared) => Said::Shared(listed.identifiers[no].clone()),
        Decision::Sharing(no, Sharing::Personal) => Said::Personal(listed.identifiers[no].clone()),
    };
    listed.constraints.iter().map(|made| (made.no.0, said(&made.decision))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_of_several_processes_hold_through_kills() {
    let folder = tempfile::tempdir().unwrap();
    for (name, url) in databases(folder.path()) {
        let store = worlds::open(&url).await;
        // The definition knows rules under which nothing moves.
        let (tenant, _) = worlds::named_tenant(&store, &worlds::rules()).await;
        let tenant = tenant.as_str().to_owned();
        store.close().await;
        let mut service = Service::start(&url, &[]);
        let address = service.address.clone();
        // Two processes on one PostgreSQL; SQLite has one.
        let beside = (name == "postgres").then(|| Service::start(&url, &[]));
        let addresses = [Some(&address), beside.as_ref().map(|beside| &beside.address)];
        let addresses: Vec<String> = addresses.into_iter().flatten().cloned().collect();
        let scene = Arc::new(Scene { tenant: tenant.clone(), ..Scene::default() });
        let writers = (0..4_u64).map(|no| {
            let address = format!("http://{}", addresses[no as usize % addresses.len()]);
            let channel = Channel::from_shared(address).unwrap().connect_lazy();
            let random = ChaCha8Rng::seed_from_u64(no);
            let mut writer = Writer { scene: scene.clone(), channel, random, pool: pool(no), no };
            tokio::spawn(async move {
                for _ in 0..30 {
                    writer.act().await;
                    writer.scene.done.fetch_add(1, Ordering::Relaxed);
                }
                while !writer.pool.is_empty() {
                    writer.record().await;
                }
            })
        });
        let writers: Vec<_> = writers.collect();
        for kill_at in [25, 70] {
            while scene.done.load(Ordering::Relaxed) < kill_at {
                tokio::task::yield_now().await;
            }
            service.kill();
            service = Service::start_on(&address, &url, &[]);
        }
        for writer in writers {
            tokio::time::timeout(PATIENCE, writer).await.unwrap().unwrap();
        }
        assert!(
            scene.decided.load(Ordering::Relaxed) > 3 && scene.refused.load(Ordering::Relaxed) > 0,
            "{name}"
        );
        let clients = service.clients(&tenant).await;
        let mut consumer = Consumer::default();
        let at = revision(&clients).await;
        tokio::time::timeout(PATIENCE, consumer.listen(&clients, at)).await.unwrap().unwrap();
        consumer.agrees(&clients, name).await;
        assert!(service.stop().0.success());
        let store = worlds::open(&url).await;
        let found = store.tenant(&TenantName::parse(&tenant).unwrap()).await.unwrap().unwrap();
        let living = scene.living.lock().unwrap().clone();
        let decisions = standing(&store, found.key).await;
        let expected = resolve(&found.rules, &decisions, &living).map(&living);
        assert_eq!(stored_map(&store, &found, &living).await, expected, "{name}, {decisions:?}");
    }
}
