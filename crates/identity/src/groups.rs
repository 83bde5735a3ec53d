//! Which observations are connected: union-find over the labels of components.

use rustc_hash::FxHashMap;

use super::resolve::{IdentifierNo, Known, Observation};
use customer360_model::ObservationNo;

/// The label of each observation's component: the least observation connected to it.
pub(super) fn components<'a>(
    known: &FxHashMap<IdentifierNo, Known>,
    observations: impl Iterator<Item = &'a Observation> + Clone,
) -> FxHashMap<ObservationNo, ObservationNo> {
    let sizes = FxHashMap::default();
    let mut groups = Groups::new(&sizes);
    for observation in observations.clone() {
        let own = groups.label_of_new(observation.no);
        for no in &observation.identifiers {
            if !known[no].shared && !observation.severed.contains(no) {
                let label = *groups.label_by_identifier.entry(*no).or_insert(own);
                groups.join(own, label);
            }
        }
    }
    observations.map(|o| (o.no, groups.find(o.no))).collect()
}

/// Union-find over component labels; the least label names the union.
pub(super) struct Groups<'a> {
    pub(super) parent: FxHashMap<ObservationNo, ObservationNo>,
    size: FxHashMap<ObservationNo, u32>,
    pub(super) label_by_identifier: FxHashMap<IdentifierNo, ObservationNo>,
    stored_sizes: &'a FxHashMap<ObservationNo, u32>,
}

impl<'a> Groups<'a> {
    pub(super) fn new(stored_sizes: &'a FxHashMap<ObservationNo, u32>) -> Self {
        Self {
            parent: FxHashMap::default(),
            size: FxHashMap::default(),
            label_by_identifier: FxHashMap::default(),
            stored_sizes,
        }
    }

    pub(super) fn label_of_new(&mut self, no: ObservationNo) -> ObservationNo {
        self.parent.entry(no).or_insert(no);
        self.size.entry(no).or_insert(1);
        no
    }

    pub(super) fn label(
        &self,
        identifier: IdentifierNo,
        stored: Option<ObservationNo>,
        own: ObservationNo,
    ) -> ObservationNo {
        self.label_by_identifier.get(&identifier).copied().or(stored).unwrap_or(own)
    }

    pub(super) fn find_or_add(&mut self, label: ObservationNo) -> ObservationNo {
        self.parent.entry(label).or_insert(label);
        self.find(label)
    }

    pub(super) fn find(&self, mut label: ObservationNo) -> ObservationNo {
        while let Some(&parent) = self.parent.get(&label)
            && parent != label
        {
            label = parent;
        }
        label
    }

    pub(super) fn size(&self, root: ObservationNo) -> u32 {
        self.size.get(&root).or_else(|| self.stored_sizes.get(&root)).copied().unwrap_or(1)
    }

    pub(super) fn join(&mut self, a: ObservationNo, b: ObservationNo) {
        let (a, b) = (self.find_or_add(a), self.find_or_add(b));
        if a == b {
            return;
        }
        let (root, child) = (a.min(b), a.max(b));
        let size = self.size(a) + self.size(b);
        self.parent.insert(child, root);
        self.size.insert(root, size);
    }
}
