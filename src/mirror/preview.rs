//! Snapshots of what would be: the present facts under a map that is not the present one.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::tenant::small;
use super::{MirrorError, Mirrors, blocking};
use crate::identity::moves::Stretch;
use crate::kpi::Snapshot;
use crate::kpi::facts::as_of::{Home, Since};
use crate::model::{ObservationNo, Revision};
use crate::store::{Moved, Tenant};

impl Mirrors {
    /// The present facts, and the same as if observations belonged to whom is said; `cut` are the
    /// later stretches of those that are cut. Nothing of it is kept.
    ///
    /// # Errors
    /// As [`Mirrors::snapshot`].
    pub async fn preview(
        &self,
        tenant: &Tenant,
        at_least: Revision,
        moved: Vec<Moved>,
        cut: FxHashMap<ObservationNo, Vec<Stretch<ObservationNo>>>,
    ) -> Result<(Arc<Snapshot>, Snapshot), MirrorError> {
        self.snapshot(tenant, at_least).await?;
        let mirror = self.mirror(tenant);
        // While it is held, the map is that of the published snapshot.
        let contents = mirror.contents.clone().lock_owned().await;
        let present = mirror.published().filter(|_| contents.is_settled()).ok_or(MirrorError::Loading)?;
        let now = present.clone();
        let made = blocking(move || {
            let mut since = Since { revision: now.revision, last: u32::MAX, ..Since::default() };
            for Moved { observation, customer, registered } in moved {
                let stretches = cut.get(&observation).map_or(&[][..], Vec::as_slice);
                let (observation, customer) = (small(observation.0)?, small(customer.0)?);
                since.touched.extend(contents.customers_of(observation));
                since.touched.insert(customer);
                let later = stretches.iter().map(|s| Ok((s.from.0, small(s.owner.0)?)));
                let later = later.collect::<Result<Vec<_>, MirrorError>>()?;
                since.touched.extend(later.iter().map(|(_, customer)| *customer));
                since.homes.insert(observation, Home { customer, later });
                since.registered.insert(customer, registered);
            }
            Ok(contents.under(&now, &since))
        })
        .await?;
        Ok((present, made))
    }
}
