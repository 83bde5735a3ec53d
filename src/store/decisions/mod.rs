//! What people decide, and the rules: constraints, merges, sharing.

pub(in crate::store) mod carry_out;
pub(in crate::store) mod constraints;
pub(in crate::store) mod decision;
pub(in crate::store) mod merges;
pub(in crate::store) mod rules;
pub(in crate::store) mod sharing;
