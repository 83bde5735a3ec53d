//! Facts as columns: what is known of touchpoints and customers, now and as of a revision.

pub mod amounts;
pub(crate) mod append;
pub mod as_of;
pub(crate) mod column;
pub mod dictionary;
pub mod fact;
pub(crate) mod first_touch;
pub mod horizon;
pub mod lives;
pub mod map;
pub mod objects;
pub mod observed;
pub mod projection;
pub mod reconcile;
pub mod rows;
pub mod segment;
pub mod settlement;
pub mod side_tables;
pub mod snapshot;
pub mod statement;
pub mod stem;
pub mod tables;
pub(crate) mod touch_types;
pub mod trust;
