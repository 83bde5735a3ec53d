//! How a question is read and added up: scope, dimensions, readers, measures, sums.

pub(crate) mod accumulator;
pub(crate) mod block;
pub mod compare;
pub(crate) mod customer_view;
pub mod dimension;
pub(crate) mod events;
pub(crate) mod groups;
pub(crate) mod hits;
pub mod ledger;
pub(crate) mod lens;
pub mod measure;
pub mod members;
pub(crate) mod params;
pub mod scalar;
pub mod scope;
pub(crate) mod timeline;
