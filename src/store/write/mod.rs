//! The road in: touchpoints, and what they make of identities, one transaction a group.

pub(in crate::store) mod content;
pub(in crate::store) mod falling;
pub(in crate::store) mod foresight;
pub(in crate::store) mod idempotency;
pub(in crate::store) mod identities;
pub(in crate::store) mod orders;
pub(in crate::store) mod outcomes;
pub(in crate::store) mod recording;
pub(in crate::store) mod revision;
pub(in crate::store) mod settled;
pub(in crate::store) mod stretches;
pub(in crate::store) mod versions;
pub(in crate::store) mod voiding;
pub(in crate::store) mod writer;
