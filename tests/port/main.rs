//! The port end to end: a real TCP port, the generated client, SQLite behind, where it matters
//! PostgreSQL too.

mod commerce;
mod customers;
mod decisions;
mod figures;
mod history;
mod horizon;
mod identities;
mod journeys;
mod kpis;
mod lifetimes;
mod observed;
mod one_tale;
mod orders;
mod reconciliation;
mod records;
mod rules;
mod support;
mod touchpoints;
