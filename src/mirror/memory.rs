//! What the mirrors may take of the memory, and who goes when it is short.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::{Mirror, Mirrors};
use crate::model::TenantKey;

impl Mirrors {
    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Bytes of all mirrors but one, with the past revisions that they keep.
    pub(super) fn bytes_beside(&self, key: TenantKey) -> usize {
        self.all().iter().filter(|mirror| mirror.key != key).map(|mirror| mirror.all_bytes()).sum()
    }

    /// Drops mirrors that were not asked for lately, the longest ago first, until the others and
    /// this one fit. Says whether they do.
    pub(super) fn make_room(&self, mirror: &Mirror) -> bool {
        let limit = self.settings.memory_bytes;
        let keep_ms = u64::try_from(self.settings.keep.as_millis()).unwrap_or(u64::MAX);
        loop {
            if self.bytes_beside(mirror.key) + mirror.all_bytes() <= limit {
                return true;
            }
            let Some(before) = self.now_ms().checked_sub(keep_ms) else { return false };
            let others = self.all().into_iter().filter(|other| other.key != mirror.key);
            let lately = |other: &Arc<Mirror>| other.asked_ms.load(Ordering::Relaxed);
            let may_go = others
                .filter(|other| other.published().is_some() && lately(other) <= before)
                .min_by_key(lately);
            match may_go {
                Some(other) => self.drop_mirror(&other, "memory"),
                None => return false,
            }
        }
    }

    /// Drops mirrors that nobody asked for in a long time.
    pub(super) fn drop_idle(&self) {
        let Some(idle) = self.settings.idle else { return };
        let idle_ms = u64::try_from(idle.as_millis()).unwrap_or(u64::MAX);
        let Some(before) = self.now_ms().checked_sub(idle_ms) else { return };
        for mirror in self.all() {
            if mirror.published().is_some() && mirror.asked_ms.load(Ordering::Relaxed) < before {
                self.drop_mirror(&mirror, "idle");
            }
        }
    }

    /// Questions that hold a snapshot keep it; the next one loads the tenant anew.
    fn drop_mirror(&self, mirror: &Mirror, why: &'static str) {
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).remove(&mirror.key);
        self.forget_stuck(mirror);
        metrics::counter!("customer360_mirrors_dropped_total", "why" => why).increment(1);
        tracing::info!(tenant = mirror.key.0, why, "the columns of a tenant were dropped");
        self.tell_bytes();
    }

    pub(super) fn tell_bytes(&self) {
        let bytes: usize = self.all().iter().map(|mirror| mirror.all_bytes()).sum();
        metrics::gauge!("customer360_mirror_bytes").set(bytes as f64);
    }

    pub(super) fn all(&self) -> Vec<Arc<Mirror>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

impl Mirror {
    /// Of its columns and of the past revisions that it keeps.
    fn all_bytes(&self) -> usize {
        let past = self.published().map_or(0, |snapshot| self.past.bytes(&snapshot));
        self.bytes.load(Ordering::Relaxed) + past
    }

    /// Forgets everything: an answer of before would look like one of now.
    pub(super) fn clear(&self) {
        self.bytes.store(0, Ordering::Relaxed);
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::clock;
    use crate::mirror::{MirrorError, Mirrors, Settings};
    use crate::model::{
        Activity, Channel, Details, Identifier, KindName, Micros, Revision, TenantName, TouchKey, Touchpoint,
    };
    use crate::store::{self, Incoming, Store, Tenant};

    async fn store(folder: &tempfile::TempDir) -> Store {
        let url = format!("sqlite:{}", folder.path().join("m.db").display());
        Store::open(&url, &store::Settings::default(), clock::system()).await.unwrap()
    }

    async fn tenant_with(store: &Store, name: &str, touchpoints: i64) -> Tenant {
        let tenant = store.open_tenant(&TenantName::parse(name).unwrap()).await.unwrap();
        let batch = (0..touchpoints).map(visit).collect();
        store.record(tenant.key, batch).await.unwrap();
        tenant
    }

    fn visit(i: i64) -> Incoming {
        let identifier =
            Identifier { kind: KindName::parse("COOKIE").unwrap(), value: format!("c{}", i / 3) };
        let details = Details {
            activity: Activity::Visit(crate::model::activity::Visit::default()),
            visit_id: None,
            location: None,
            campaign: None,
            product: None,
            cost: None,
            handling_seconds: None,
            traits: Vec::new(),
            attributes: Default::default(),
            blocked: Vec::new(),
            unusable: Vec::new(),
        };
        let touchpoint = Touchpoint {
            key: TouchKey { source: "s".into(), source_id: i.to_string() },
            at: Micros(i),
            channel: Channel::parse("web").unwrap(),
            identifiers: vec![identifier],
            details,
        };
        Incoming::new(touchpoint)
    }

    fn held(mirrors: &Mirrors, tenant: &Tenant) -> bool {
        mirrors.all().iter().any(|mirror| mirror.key == tenant.key && mirror.published().is_some())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_one_asked_for_longest_ago_makes_room_and_who_cannot_fit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let small = [tenant_with(&store, "a", 300).await, tenant_with(&store, "b", 300).await];
        let (third, large) = (tenant_with(&store, "c", 300).await, tenant_with(&store, "d", 3_000).await);
        let measure = Mirrors::new(store.clone(), Settings::default());
        measure.snapshot(&third, Revision(1)).await.unwrap();
        let one = measure.all()[0].all_bytes();
        let settings = Settings { memory_bytes: 5 * one / 2, keep: Duration::ZERO, ..Settings::default() };
        let mirrors = Mirrors::new(store.clone(), settings.clone());
        for tenant in &small {
            mirrors.snapshot(tenant, Revision(1)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        mirrors.snapshot(&small[0], Revision(1)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(3)).await;
        mirrors.snapshot(&third, Revision(1)).await.unwrap();
        assert!(held(&mirrors, &small[0]) && held(&mirrors, &third), "asked for lately");
        assert!(!held(&mirrors, &small[1]), "asked for longest ago");
        mirrors.snapshot(&small[1], Revision(1)).await.unwrap();
        let refused = mirrors.snapshot(&large, Revision(1)).await;
        assert!(matches!(refused, Err(MirrorError::TooLarge { .. })), "{:?}", refused.err());

        // Those in use are not dropped for another.
        let mirrors = Mirrors::new(store, Settings { keep: Duration::from_secs(3_600), ..settings });
        for tenant in &small {
            mirrors.snapshot(tenant, Revision(1)).await.unwrap();
        }
        let refused = mirrors.snapshot(&third, Revision(1)).await;
        assert!(matches!(refused, Err(MirrorError::TooLarge { .. })), "{:?}", refused.err());
        assert!(small.iter().all(|tenant| held(&mirrors, tenant)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_mirror_that_nobody_asks_for_is_dropped_and_loaded_anew_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let tenant = tenant_with(&store, "a", 30).await;
        let settings = Settings { idle: Some(Duration::from_millis(1)), ..Settings::default() };
        let mirrors = Mirrors::new(store, settings);
        let before = mirrors.snapshot(&tenant, Revision(1)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        mirrors.drop_idle();
        assert!(!held(&mirrors, &tenant));
        let after = mirrors.snapshot(&tenant, Revision(1)).await.unwrap();
        assert_eq!(before.customers(), after.customers());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_first_load_is_told_while_it_lasts_and_a_later_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let tenant = tenant_with(&store, "a", 30).await;
        let mirrors =
            Mirrors::new(store.clone(), Settings { wait: Duration::from_millis(1), ..Settings::default() });
        let mut loading = mirrors.loading();
        let mirror = mirrors.mirror(&tenant);
        let held = mirror.contents.clone().lock_owned().await;
        let refused = mirrors.snapshot(&tenant, Revision(0)).await;
        assert!(matches!(refused, Err(MirrorError::Loading)));
        let again = mirrors.snapshot(&tenant, Revision(0)).await;
        assert!(matches!(again, Err(MirrorError::Loading)));
        assert_eq!(*loading.borrow_and_update(), 1, "two questions wait for one load");
        drop(held);
        loading.wait_for(|loads| *loads == 0).await.unwrap();
        assert!(mirror.published().is_some());

        let held = mirror.contents.clone().lock_owned().await;
        store.record(tenant.key, vec![visit(1_000)]).await.unwrap();
        let behind = mirrors.snapshot(&tenant, Revision(2)).await;
        assert!(matches!(behind, Err(MirrorError::Behind { .. })));
        assert_eq!(*loading.borrow_and_update(), 0, "the facts of before answer meanwhile");
        drop(held);
    }
}
