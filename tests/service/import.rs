//! The import command: what is refused, what is repeated, and two services on one database.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Service, all_touchpoints, databases, import_all, simulate, tenant, visit};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_goes_to_a_file_with_line_and_reason_and_the_rest_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let good = serde_json::to_string(&visit("1", "ck-1")).unwrap();
    let mut future = visit("2", "ck-1");
    future.at.as_mut().unwrap().seconds += 365 * 86_400 * 10;
    let future = serde_json::to_string(&future).unwrap();
    let misspelt = good.replace("sourceId", "sourceID");
    let last = serde_json::to_string(&visit("3", "ck-1")).unwrap();
    let file = folder.path().join("mixed.jsonl.gz");
    let mut gz = GzEncoder::new(std::fs::File::create(&file).unwrap(), Compression::fast());
    gz.write_all([&*good, "", "{", &misspelt, &future, &last].join("\n").as_bytes()).unwrap();
    gz.finish().unwrap();

    for (name, url) in databases(folder.path()) {
        let tenant = tenant();
        let service = Service::start(&url, &[]);
        let told = import_all(&file, &service.address, &tenant);
        assert!(
            told.contains("5 lines") && told.contains("2 recorded, 0 stored before, 3 refused"),
            "{told}"
        );
        let refused = std::fs::read_to_string(folder.path().join("mixed.jsonl.gz.refused.jsonl")).unwrap();
        let mut refused: Vec<serde_json::Value> =
            refused.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        refused.sort_by_key(|r| r["line"].as_u64());
        let told: Vec<_> =
            refused.iter().map(|r| (r["line"].as_u64().unwrap(), r["reason"].as_str().unwrap())).collect();
        let expected = [(3, "NOT_A_TOUCHPOINT"), (4, "NOT_A_TOUCHPOINT"), (5, "VALIDATION_FAILED")];
        assert_eq!(told, expected, "{name}");
        assert_eq!(refused[2]["violations"][0]["field"], "at", "{name}");
        assert_eq!(all_touchpoints(&service.clients(&tenant).await).await.len(), 2, "{name}");

        let again = import_all(&file, &service.address, &tenant);
        assert!(again.contains("0 recorded, 2 stored before, 3 refused"), "{name}: {again}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_on_one_postgres_record_the_same_file_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("retailer.jsonl");
    let lines = simulate(300, &file);
    let [_, (_, url)] = databases(folder.path());
    let tenant = tenant();
    let services = [Service::start(&url, &[]), Service::start(&url, &[])];
    let told: Vec<String> = std::thread::scope(|scope| {
        let imports =
            services.each_ref().map(|service| scope.spawn(|| import_all(&file, &service.address, &tenant)));
        imports.into_iter().map(|import| import.join().unwrap()).collect()
    });
    let recorded: usize = told.iter().map(|text| number_before(text, " recorded")).sum();
    assert_eq!(recorded, lines, "each touchpoint is new to exactly one of them: {told:?}");
    for service in &services {
        let found = all_touchpoints(&service.clients(&tenant).await).await;
        assert_eq!(found.len(), lines);
    }
}

fn number_before(text: &str, word: &str) -> usize {
    let (head, _) = text.split_once(word).unwrap();
    head.rsplit(' ').next().unwrap().parse().unwrap()
}
