//! The table of who may ask what, held to the API as it is described.

use std::collections::BTreeSet;

use customer360::access::Role;
use customer360::access::table::{TABLE, access_of, manual};
use customer360::rpc::proto::DESCRIPTORS;
use pbjson_types::FileDescriptorSet;
use prost::Message;

/// Every method of ours, as `Service/Method`.
fn described() -> BTreeSet<String> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let ours = set.file.iter().filter(|file| file.package() == "customer360.v1");
    let services = ours.flat_map(|file| &file.service);
    services
        .flat_map(|service| {
            service.method.iter().map(|method| format!("{}/{}", service.name(), method.name()))
        })
        .collect()
}

#[test]
fn every_method_has_a_row_and_every_row_a_method() {
    let rows: Vec<String> = TABLE.iter().map(|(service, method, _)| format!("{service}/{method}")).collect();
    let distinct: BTreeSet<String> = rows.iter().cloned().collect();
    assert_eq!(rows.len(), distinct.len(), "a method has two rows");
    assert_eq!(distinct, described());
}

#[test]
fn what_has_no_row_is_nobodys() {
    assert!(access_of("/customer360.v1.TouchpointService/RecordTouchpoints").is_some());
    for path in [
        "",
        "/",
        "/customer360.v1.TouchpointService/DropTouchpoints",
        "/customer360.v1.TouchpointService/RecordTouchpoints/",
        "//customer360.v1.TouchpointService/RecordTouchpoints",
        "/customer360.v1.touchpointservice/RecordTouchpoints",
        "/grpc.health.v1.Health/Watched",
    ] {
        assert_eq!(access_of(path), None, "{path}");
    }
}

/// Roles and what they may, as the manual prints them.
fn roles() -> String {
    let mut text = String::from("| role | permissions |\n|---|---|\n");
    for role in Role::ALL {
        let names: Vec<_> = role.permissions().iter().map(|one| format!("`{}`", one.name())).collect();
        text += &format!("| `{}` | {} |\n", role.name(), names.join(" "));
    }
    text
}

/// After a change that is meant: `CUSTOMER360_TEST_BLESS=1 cargo test --test access`.
#[test]
fn the_manual_of_security_prints_the_tables() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/SECURITY.md");
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (name, present) in [("access", manual()), ("roles", roles())] {
        let (before, rest) = text.split_once(&format!("<!-- {name}: begin -->\n")).unwrap();
        let (table, after) = rest.split_once(&format!("<!-- {name}: end -->")).unwrap();
        if std::env::var_os("CUSTOMER360_TEST_BLESS").is_some() {
            let marks = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
            text = format!("{before}{}{present}{}{after}", marks.0, marks.1);
            std::fs::write(&path, &text).unwrap();
            continue;
        }
        assert!(table == present, "bless it, and read what changed");
    }
}
