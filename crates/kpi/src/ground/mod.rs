//! What every floor stands on: definitions, the calendar, statistics, money.

pub(crate) mod answer;
pub mod bitmap;
pub mod calendar;
pub mod coverage;
pub mod definition;
pub mod money;
pub mod quantity;
pub(crate) mod quintiles;
pub(crate) mod small_map;
pub mod statistics;
pub(crate) mod survival;
