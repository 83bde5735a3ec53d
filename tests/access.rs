//! The table of who may ask what, held to the API as it is described.

use std::collections::BTreeSet;

use customer360::access::table::{TABLE, access_of};
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
