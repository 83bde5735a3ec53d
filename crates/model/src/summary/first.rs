//! Summaries as they were stored before values of traits could be taken back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Moment, Month, Revenue, Said, Tally, Writes};
use crate::Currency;

/// The last write proper and the earliest `if_absent` write of one source.
type Written = (Option<Said>, Option<Said>);

/// As [`super::Summary`] was.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Summary {
    pub touchpoints: u64,
    pub first: Option<Moment>,
    pub last: Option<Moment>,
    pub tallies: BTreeMap<(String, String, Month), Tally>,
    pub revenue: BTreeMap<Currency, Revenue>,
    pub explicit_costs: BTreeMap<Currency, i64>,
    pub last_nps: Option<(Moment, u8)>,
    pub traits: BTreeMap<String, BTreeMap<String, Written>>,
}

impl From<Summary> for super::Summary {
    fn from(was: Summary) -> Self {
        // Of the later `if_absent` writes none is known; none could be asked for while nothing was
        // taken back.
        let writes =
            |(written, if_absent): Written| Writes { written, last_if_absent: if_absent.clone(), if_absent };
        let by_source = |(name, sources): (String, BTreeMap<String, _>)| {
            (name, sources.into_iter().map(|(source, said)| (source, writes(said))).collect())
        };
        Self {
            touchpoints: was.touchpoints,
            first: was.first,
            last: was.last,
            tallies: was.tallies,
            revenue: was.revenue,
            explicit_costs: was.explicit_costs,
            last_nps: was.last_nps,
            traits: was.traits.into_iter().map(by_source).collect(),
        }
    }
}
