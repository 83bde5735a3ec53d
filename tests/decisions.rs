//! The laws of identity with people in it: links, unlinks, sharing decisions, retractions, unmerges
//! and changes of rules mixed at random with records, late records and voids, on both databases, against the
//! naive oracle.

mod worlds;

use std::collections::BTreeSet;

use customer360::identity::constraints::{ConstraintNo, Decision, Refusal, Sharing};
use customer360::model::{Identifier, Touchpoint};
use customer360::store::{Decided, Mandate, Party, Promotion, Proposal, Request, Store, StoreError, Tenant};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use worlds::{
    Decisions, Resolved, Said, broken, cases, databases, history, identifier, incoming, linked, resolve,
    stored_map, tenant,
};

fn mandate(request: &str, dry_run: bool) -> Mandate {
    let request = Request { id: request.to_owned(), payload_hash: [7; 16] };
    Mandate { author: "ada".into(), reason: "test".into(), principal: None, request, dry_run }
}

async fn record(store: &Store, tenant: &Tenant, touches: &[Touchpoint]) {
    store.record(tenant.key, touches.iter().map(incoming).collect()).await.unwrap();
}

/// A tenant under test, and what the definition knows of it.
struct Play<'a> {
    store: &'a Store,
    tenant: Tenant,
    random: ChaCha8Rng,
    touches: Vec<Touchpoint>,
    decisions: Decisions,
    requests: usize,
    said: usize,
    refused: usize,
    unmerged: usize,
    promoted: usize,
}

impl Play<'_> {
    fn some(&mut self) -> Vec<Identifier> {
        const NAMES: [&str; 12] = [
            "ACCOUNT:0",
            "ACCOUNT:1",
            "CRM_ID:0",
            "EMAIL:0",
            "EMAIL:1",
            "EMAIL:2",
            "DEVICE:0",
            "DEVICE:1",
            "COOKIE:0",
            "COOKIE:1",
            "COOKIE:9",
            "LOYALTY_CARD:1",
        ];
        let count = self.random.random_range(1..=2);
        let mut some: Vec<Identifier> =
            (0..count).map(|_| identifier(NAMES[self.random.random_range(0..NAMES.len())])).collect();
        some.sort();
        some.dedup();
        some
    }

    async fn decide(&mut self, proposal: &Proposal) -> Result<Decided, StoreError> {
        self.requests += 1;
        let dry = self.store.decide(self.tenant.key, proposal, &mandate("never", true)).await;
        let revision = self.store.revision(self.tenant.key).await.unwrap();
        let request = mandate(&format!("r{}", self.requests), false);
        let wet = self.store.decide(self.tenant.key, proposal, &request).await;
        match (dry, &wet) {
            (Ok(Some(dry)), Ok(Some(wet))) => {
                assert_eq!(dry.reassigned, wet.reassigned, "a dry run says what will be");
                assert_eq!(dry.revision, revision, "and changes nothing");
                if !wet.already {
                    let again =
                        self.store.decide(self.tenant.key, proposal, &request).await.unwrap().unwrap();
                    assert!(again.already && again.revision == wet.revision, "sent twice, done once");
                    assert_eq!(again.reassigned, wet.reassigned);
                }
            }
            (Err(StoreError::Refused(dry)), Err(StoreError::Refused(wet))) => assert_eq!(dry, *wet),
            other => panic!("dry and wet differ: {other:?}"),
        }
        wet.map(|decided| decided.expect("what was proposed exists"))
    }

    /// Whether the definition refuses a must-link now.
    fn refuses(&self, members: &BTreeSet<Identifier>, resolved: &Resolved) -> bool {
        let mut decisions = self.decisions.clone();
        decisions.insert(i64::MAX, Said::One(members.clone()));
        let crowded = |held: &BTreeSet<Identifier>| !broken(&decisions, held).is_empty();
        let shared = |held: &BTreeSet<Identifier>| {
            decisions.values().any(|said| matches!(said, Said::Shared(d) if held.contains(d)))
        };
        let mut crowd = members.clone();
        for (holds, _) in resolved.customers.iter().filter(|(holds, _)| !holds.is_disjoint(members)) {
            crowd.extend(holds.iter().cloned());
        }
        linked(&decisions).iter().any(|held| crowded(held) || shared(held)) || crowded(&crowd)
    }

    async fn link(&mut self) {
        let members: Vec<Identifier> = [self.some(), self.some()].concat();
        let set: BTreeSet<Identifier> = members.iter().cloned().collect();
        let expected = self.refuses(&set, &resolve(&self.tenant.rules, &self.decisions, &self.touches));
        match self.decide(&Proposal::Link(vec![Party::Identifiers(members)])).await {
            Ok(decided) => {
                assert!(!expected, "the definition refuses {set:?}");
                self.decisions.insert(decided.constraint.0, Said::One(set));
            }
            Err(_) => {
                assert!(expected, "the definition does not refuse {set:?}");
                self.refused += 1;
            }
        }
    }

    async fn unlink(&mut self) {
        let (left, right) = (self.some(), self.some());
        let sides = Said::Apart(left.iter().cloned().collect(), right.iter().cloned().collect());
        let mut decisions = self.decisions.clone();
        decisions.insert(i64::MAX, sides.clone());
        let expected = left.iter().any(|d| right.contains(d))
            || linked(&decisions).iter().any(|held| !broken(&decisions, held).is_empty());
        let proposal = Proposal::Unlink(Party::Identifiers(left), Party::Identifiers(right));
        match self.decide(&proposal).await {
            Ok(decided) => {
                assert!(!expected);
                self.decisions.insert(decided.constraint.0, sides);
            }
            Err(_) => assert!(expected),
        }
    }

    async fn share(&mut self) {
        let identifier = self.some().remove(0);
        let shared = self.random.random_range(0..2) == 0;
        let (sharing, said) = match shared {
            true => (Sharing::Shared, Said::Shared(identifier.clone())),
            false => (Sharing::Personal, Said::Personal(identifier.clone())),
        };
        let is_linked = linked(&self.decisions).iter().any(|held| held.contains(&identifier));
        match self.decide(&Proposal::Share(identifier.clone(), sharing)).await {
            Ok(decided) => {
                assert!(!(shared && is_linked));
                self.decisions.retain(
                    |_, said| !matches!(said, Said::Shared(d) | Said::Personal(d) if *d == identifier),
                );
                self.decisions.insert(decided.constraint.0, said);
            }
            Err(_) => assert!(shared && is_linked),
        }
    }

    async fn retract(&mut self) {
        let standing: Vec<i64> = self.decisions.keys().copied().collect();
        if let Some(no) = standing.get(self.random.random_range(0..standing.len().max(1))) {
            self.decide(&Proposal::Retract(ConstraintNo(*no))).await.unwrap();
            self.decisions.remove(no);
        }
    }

    async fn unmerge(&mut self) {
        let listed = self.store.merges(self.tenant.key, &self.tenant.rules, None, 1_000).await.unwrap();
        let standing: Vec<_> = listed.merges.iter().filter(|merge| merge.stands).collect();
        let Some(chosen) = standing.get(self.random.random_range(0..standing.len().max(1))) else { return };
        let resolved = resolve(&self.tenant.rules, &self.decisions, &self.touches);
        let proposal = Proposal::Unmerge(chosen.merge.observation, chosen.merge.absorbed);
        let decided = match self.decide(&proposal).await {
            // What evidence or rules once made, a person may have made fast since.
            Err(StoreError::Refused(Refusal::KeptTogether(no))) => {
                assert!(matches!(self.decisions.get(&no.0), Some(Said::One(_))), "{chosen:?}");
                return;
            }
            decided => decided.unwrap_or_else(|error| panic!("{error}: {chosen:?}")),
        };
        self.unmerged += 1;
        if chosen.link.is_some() {
            self.decisions.remove(&decided.constraint.0);
            return;
        }
        let after = ConstraintNo(decided.constraint.0 - 1);
        let made = self.store.constraints(self.tenant.key, true, after, 1).await.unwrap();
        let named = |numbers: &[_]| -> BTreeSet<Identifier> {
            numbers.iter().map(|no| made.identifiers[no].clone()).collect()
        };
        let Decision::CannotLink(left, right) = &made.constraints[0].decision else {
            panic!("a cannot-link")
        };
        let (left, right) = (named(left), named(right));
        if chosen.is_unbridged {
            // Rules or sharing made it: the definition has no touch that did.
            assert!(!left.is_empty() && !right.is_empty() && left.is_disjoint(&right));
            self.decisions.insert(decided.constraint.0, Said::Apart(left, right));
            return;
        }
        // Law 6: the sets that the two sides held just before the merge, as the definition finds them.
        let set: BTreeSet<Identifier> =
            chosen.identifiers.iter().map(|no| listed.identifiers[no].clone()).collect();
        let of_definition = resolved.merges.iter().find(|(by, _)| by.iter().cloned().eq(set.iter().cloned()));
        let (_, sides) = of_definition.expect("the definition finds the merge too");
        assert!(sides.contains(&left), "one side");
        let others = sides.iter().filter(|side| **side != left).flatten().cloned();
        assert_eq!(right, others.collect::<BTreeSet<_>>(), "and all others");
        self.decisions.insert(decided.constraint.0, Said::Apart(left, right));
    }

    async fn promote(&mut self) {
        let mut rules = worlds::rules();
        let kinds = rules.kinds.len();
        for _ in 0..3 {
            let rule = &mut rules.kinds[self.random.random_range(0..kinds)];
            match self.random.random_range(0..4) {
                0 => rule.limit = self.random.random_range(1..4),
                1 => rule.joins_registered = !rule.joins_registered,
                2 => rule.share_after = [None, Some(1), Some(2)][self.random.random_range(0..3)],
                _ => rule.registered = rule.priority < 8 || self.random.random_range(0..2) == 0,
            }
        }
        self.requests += 1;
        let promotion = Promotion {
            rules: rules.clone(),
            from_version: self.tenant.rules_version,
            author: "ada".into(),
            reason: "test".into(),
            principal: None,
            request: mandate(&format!("r{}", self.requests), false).request,
        };
        match self.store.promote(self.tenant.key, promotion.clone()).await {
            Ok(promoted) => {
                assert_eq!(promoted, self.store.promote(self.tenant.key, promotion).await.unwrap());
                self.tenant.rules = rules.into();
                self.tenant.rules_version = promoted.version;
                self.promoted += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// One random operation; the pool holds what was not recorded yet.
    async fn act(&mut self, pool: &mut Vec<Touchpoint>) {
        match self.random.random_range(0..13) {
            0..5 if !pool.is_empty() => {
                let count = self.random.random_range(1..=pool.len().min(6));
                let batch: Vec<Touchpoint> = pool.drain(..count).collect();
                record(self.store, &self.tenant, &batch).await;
                self.touches.extend(batch);
            }
            5 if !self.touches.is_empty() => {
                let voided = self.touches.swap_remove(self.random.random_range(0..self.touches.len()));
                self.store.void(self.tenant.key, &voided.key, "test").await.unwrap().unwrap();
            }
            6 | 7 => self.link().await,
            8 => self.unlink().await,
            9 => self.share().await,
            10 => self.retract().await,
            11 => self.promote().await,
            _ => self.unmerge().await,
        }
        self.said = self.said.max(self.decisions.len());
    }

    async fn check(&self, what: &str) {
        let expected = resolve(&self.tenant.rules, &self.decisions, &self.touches).map(&self.touches);
        let found = stored_map(self.store, &self.tenant, &self.touches).await;
        assert_eq!(found, expected, "{what}, decisions {:?}", self.decisions);
    }
}

/// Laws 1, 3, 4 and 6 with decisions: after every operation the store is where the definition is.
#[tokio::test(flavor = "multi_thread")]
async fn decisions_hold_through_all_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let (mut said, mut refused, mut unmerged, mut promoted) = (0, 0, 0, 0);
    for (name, store) in databases(&folder).await {
        for seed in 0..cases(15) {
            let mut pool = history(seed ^ 0xDEC1DE, 10 + (seed as usize * 3) % 30);
            let mut play = Play {
                store: &store,
                tenant: tenant(&store).await,
                random: ChaCha8Rng::seed_from_u64(seed),
                touches: vec![],
                decisions: Decisions::new(),
                requests: 0,
                said: 0,
                refused: 0,
                unmerged: 0,
                promoted: 0,
            };
            for step in 0..25 {
                play.act(&mut pool).await;
                play.check(&format!("{name}, seed {seed}, step {step}")).await;
            }
            said += play.said;
            refused += play.refused;
            unmerged += play.unmerged;
            promoted += play.promoted;
        }
    }
    let done = [said, refused, unmerged, promoted];
    assert!(done.iter().all(|n| *n > 0), "said, refused, unmerged, promoted: {done:?}");
}
