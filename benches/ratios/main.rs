//! The table of ratios: how fast the service is beside what its parts could do at best. Both sides
//! of a ratio are measured in one run, in turns where that matters, and medians are compared.
//!
//! `benches/run` sets up what it needs and runs it; `cargo bench --bench ratios -- [--small] [PART ..]`
//! runs it with what is there. Parts: kpis, scaling, recording, bridging, merging. With `--small`
//! everything is a tenth, for a quick look: then the figures say little.

mod asked;
mod bare;
#[path = "../support/columns.rs"]
mod columns;
mod databases;
mod duckdb;
mod dump;
mod echo;
mod kpis;
#[expect(unsafe_code, reason = "an allocator that counts is unsafe by its trait")]
mod memory;
mod reading;
mod recording;
mod service;
mod table;

use databases::Databases;
use table::Table;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let is_small = arguments.iter().any(|argument| argument == "--small");
    let parts: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| *wanted == part);
    let scale = if is_small { 10 } else { 1 };
    let mut table = Table::default();
    if wanted("kpis") {
        tokio::task::block_in_place(|| kpis::beside_duckdb(&mut table, 10_000_000 / scale as u32));
    }
    if wanted("scaling") {
        let counts = [1_000_000, 10_000_000, 30_000_000].map(|count| count / scale as u32);
        tokio::task::block_in_place(|| kpis::scaling(&mut table, &counts));
    }
    for databases in Databases::all() {
        if wanted("merging") {
            recording::merging(&mut table, &databases, 100_000 / scale).await;
        }
        if wanted("bridging") {
            recording::bridging(&mut table, &databases, 300_000 / scale).await;
        }
        if wanted("recording") {
            recording::beside_bare_inserts(&mut table, &databases, 1_000_000 / scale).await;
        }
    }
}
