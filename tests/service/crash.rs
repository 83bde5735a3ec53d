//! kill -9 in the middle of an import, restart, and send again: nothing is lost, nothing doubled.

use std::collections::BTreeSet;
use std::process::Stdio;

use crate::support::{Service, all_touchpoints, databases, import, import_all, simulate, tenant};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_doubled_when_the_service_is_killed_in_an_import() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("retailer.jsonl");
    let lines = simulate(1_500, &file);
    for (name, url) in databases(folder.path()) {
        let tenant = tenant();
        let service = Service::start(&url, &[]);
        let address = service.address.clone();
        let clients = service.clients(&tenant).await;
        let mut importing = import(&file, &address, &tenant)
            .args(["--batch", "100", "--in-flight", "4"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // In the middle: something is stored, and not everything.
        let stored = loop {
            let stored = newest_revision(&clients).await;
            if stored >= 10 {
                break stored;
            }
            assert!(importing.try_wait().unwrap().is_none(), "{name}: the import was over too soon");
            tokio::task::yield_now().await;
        };
        service.kill();
        assert!(importing.try_wait().unwrap().is_none(), "{name}: killed after the end, at {stored}");

        // The import goes on by itself when the service is back.
        let service = Service::start_on(&address, &url, &[]);
        let done = importing.wait_with_output().unwrap();
        let told = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success(), "{name}: {told}");
        assert!(told.contains(" 0 refused"), "{name}: {told}");

        let clients = service.clients(&tenant).await;
        let found = all_touchpoints(&clients).await;
        let keys: BTreeSet<_> = found.iter().map(|t| &t.touchpoint.as_ref().unwrap().source_id).collect();
        assert_eq!((found.len(), keys.len()), (lines, lines), "{name}");

        let again = import_all(&file, &address, &tenant);
        assert!(again.contains(&format!("0 recorded, {lines} stored before, 0 refused")), "{name}: {again}");
    }
}

/// The tenant's revision; 0 before its first touchpoint.
async fn newest_revision(clients: &customer360::cli::client::Clients) -> i64 {
    let request = customer360::rpc::proto::ListTouchpointsRequest { page_size: 1, ..Default::default() };
    clients.touchpoints.clone().list_touchpoints(request).await.map_or(0, |page| page.into_inner().revision)
}
