//! The attacks that the service is published to withstand: each is tried through the real port of the
//! binary, on both databases. `docs/ATTACKS.md` is printed from the table here; after a change that is
//! meant: `CUSTOMER360_TEST_BLESS=1 cargo test --test attacks`.

mod authentication;
mod authorization;
mod ground;
#[allow(dead_code, reason = "shared with the tests of the service, which use all of it")]
#[path = "../service/support.rs"]
mod support;
mod table;
mod tenancy;
mod tokens;
mod transport;
mod writing;

use std::path::Path;

use ground::Ground;
use table::{ATTACKS, Run};

async fn withstand(database: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (name, url) = support::databases(folder.path())[database].clone();
    let ground = Ground::new(&url).await;
    for attack in ATTACKS {
        if let Run::Here(run) = &attack.run {
            println!("{name}: {} {}", attack.id, attack.attempt);
            run(&ground).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attacks_on_sqlite() {
    withstand(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attacks_on_postgres() {
    withstand(1).await;
}

#[test]
fn the_published_list_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ATTACKS.md");
    let printed = table::printed();
    if std::env::var_os("CUSTOMER360_TEST_BLESS").is_some() {
        std::fs::write(&path, &printed).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == printed, "bless it, and read what changed");
}

#[test]
fn every_attack_has_an_id_of_its_own() {
    let ids: std::collections::BTreeSet<&str> = ATTACKS.iter().map(|attack| attack.id).collect();
    assert_eq!(ids.len(), ATTACKS.len());
}
