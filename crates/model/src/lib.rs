//! The nouns. Plain values without clock, I/O or async; an invalid one cannot
//! be built from outside: every constructor parses.

pub mod activity;
pub mod channel;
pub mod customer;
pub mod identifier;
pub mod money;
pub mod objects;
pub mod phase;
pub mod summary;
pub mod survivorship;
pub mod tenant;
pub mod time;
pub mod touchpoint;
pub mod value;
pub mod violation;

pub use activity::{Activity, ActivityType};
pub use channel::Channel;
pub use customer::{CustomerId, CustomerKind, ObservationNo, Revision, TouchpointNo};
pub use identifier::{Identifier, KindName};
pub use money::{Currency, Money};
pub use phase::Phase;
pub use tenant::{TenantKey, TenantName};
pub use time::{Micros, TimeRange};
pub use touchpoint::{Details, Position, TouchKey, Touchpoint, TraitWrite, Unusable};
pub use value::Value;
pub use violation::{Reason, Violation};
