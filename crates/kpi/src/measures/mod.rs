//! Figures that are one number, a file a family.

pub mod acquisition;
pub mod advocacy;
pub(crate) mod basket;
pub(crate) mod care;
pub(crate) mod carts;
pub mod conversion;
pub(crate) mod engagement;
pub(crate) mod footfall;
pub mod funnel;
pub(crate) mod journeys;
pub mod lifecycle;
pub mod margin;
pub mod omnichannel;
pub mod returns;
pub(crate) mod seamless;
pub(crate) mod trial;
pub(crate) mod upselling;
pub(crate) mod visits;
