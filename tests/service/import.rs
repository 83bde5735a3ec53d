//! The import command: what is refused, what is repeated, and two services on one database.

use std::io::Write;

use customer360::rpc::proto;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Service, all_touchpoints, databases, import, import_all, simulate, tenant, visit};

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

/// Runs an import; answers its exit status and all that it printed.
fn outcome(file: &std::path::Path, address: &str, tenant: &str) -> (i32, String) {
    let done = import(file, address, tenant).output().unwrap();
    let told = String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap();
    (done.status.code().unwrap(), told)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_read_as_programs_write_them_and_others_are_told_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let two = format!(
        "{}\n{}\n",
        serde_json::to_string(&visit("1", "ck-1")).unwrap(),
        serde_json::to_string(&visit("2", "ck-2")).unwrap()
    );
    let utf16: Vec<u8> = [0xFEFF].into_iter().chain(two.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(two.as_bytes()).unwrap();
    let gz = gz.finish().unwrap();
    let nulls = two.replace("\"visit\"", "\"location\":null,\"handlingSeconds\":60.0,\"visit\"");
    let files: [(&str, Vec<u8>, i32, usize); 10] = [
        ("plain", two.clone().into_bytes(), 0, 2),
        ("mark", ["\u{FEFF}", &two].concat().into_bytes(), 0, 2),
        ("crlf", two.replace('\n', "\r\n").into_bytes(), 0, 2),
        ("cr", two.replace('\n', "\r").into_bytes(), 0, 2),
        ("zipped", gz, 0, 2),
        ("nulls", nulls.into_bytes(), 0, 2),
        ("utf16", utf16, 2, 0),
        ("array", format!("[{}]", two.trim().replace('\n', ",\n")).into_bytes(), 2, 0),
        ("table", b"source;id\nshop;1\n".to_vec(), 2, 0),
        ("commas", two.replace("}\n", "},\n").into_bytes(), 3, 0),
    ];
    for (name, url) in databases(folder.path()) {
        let service = Service::start(&url, &[]);
        for (what, bytes, status, stored) in &files {
            let (tenant, file) = (tenant(), folder.path().join(format!("{what}.jsonl")));
            std::fs::write(&file, bytes).unwrap();
            let (ended, told) = outcome(&file, &service.address, &tenant);
            assert_eq!(ended, *status, "{name}, {what}: {told}");
            let found = all_touchpoints(&service.clients(&tenant).await).await;
            assert_eq!(found.len(), *stored, "{name}, {what}: {told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_lines_are_mended_where_they_are_and_a_clean_run_leaves_no_file_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let good = serde_json::to_string(&visit("1", "ck-1")).unwrap();
    let bad = good.replace("\"1\"", "\"2\"").replace("\"web\"", "\"wep\"");
    for (name, url) in databases(folder.path()) {
        let tenant = tenant();
        let service = Service::start(&url, &[]);
        let file = folder.path().join(format!("{name}.jsonl"));
        std::fs::write(&file, format!("{good}\n{bad}\nnonsense\n")).unwrap();
        let (ended, told) = outcome(&file, &service.address, &tenant);
        assert_eq!(ended, 3, "{name}: {told}");
        assert!(told.contains("can be read at revision 1"), "{name}: {told}");
        let refused = folder.path().join(format!("{name}.jsonl.refused.jsonl"));
        let text = std::fs::read_to_string(&refused).unwrap();
        assert_eq!(text.lines().count(), 2, "{name}: {text}");

        // Mended in the file of refused lines, and sent from there.
        let mended = folder.path().join(format!("{name}.mended.jsonl"));
        let nonsense = good.replace("\"1\"", "\"3\"");
        let text = text.replace("\"wep\"", "\"web\"").replace("\"nonsense\"", &nonsense);
        std::fs::write(&mended, text).unwrap();
        assert_eq!(outcome(&mended, &service.address, &tenant).0, 0, "{name}");
        assert_eq!(all_touchpoints(&service.clients(&tenant).await).await.len(), 3, "{name}");

        std::fs::write(&file, &good).unwrap();
        assert_eq!(outcome(&file, &service.address, &tenant).0, 0, "{name}");
        assert!(!refused.exists(), "{name}: of an earlier run");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_stand_among_touchpoints_and_wrong_ones_are_named_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let march = r#""interval": {"start": "2026-03-01T00:00:00Z", "end": "2026-04-01T00:00:00Z"}"#;
    let channel = r#""channel": "social""#;
    let record = |text: &str| format!(r#"{{"record": {{{text}}}}}"#);
    let rate = r#""fromCurrency": "GBP", "toCurrency": "EUR", "effectiveFrom": "2026-01-01T00:00:00Z""#;
    let right = [
        record(&format!(r#""traffic": {{"location": "Rome 1", {march}, "entries": "41"}}"#)),
        record(&format!(r#""reach": {{{channel}, {march}, "people": "9"}}"#)),
        record(&format!(r#""followers": {{{channel}, "at": "2026-03-01T00:00:00Z", "total": 7}}"#)),
        record(&format!(r#""offer": {{"offerId": "o", {march}}}"#)),
        record(&format!(r#""exchangeRate": {{{rate}, "rateBillionths": "1200000000"}}"#)),
        record(&format!(r#""spend": {{{channel}, {march}, "amount": {{"minor": 5, "currency": "EUR"}}}}"#)),
        record(&format!(r#""target": {{"kpiId": "visits", {march}, "value": 1.5}}"#)),
    ];
    let wrong = [
        record(&format!(r#""traffic": {{"location": "Rome 1", {march}, "entries": "-1"}}"#)),
        record(&format!(r#""target": {{"kpiId": "luck", {march}, "value": 1.5}}"#)),
        record(r#""weather": {}"#),
    ];
    let visit = serde_json::to_string(&visit("1", "ck-1")).unwrap();
    let mut lines: Vec<&str> = right.iter().chain(&wrong).map(String::as_str).collect();
    lines.insert(3, &visit);
    let file = folder.path().join("mixed.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    for (name, url) in databases(folder.path()) {
        let tenant = tenant();
        let service = Service::start(&url, &[]);
        let told = import_all(&file, &service.address, &tenant);
        assert!(told.contains("8 recorded, 0 stored before, 3 refused"), "{name}: {told}");
        let refused = std::fs::read_to_string(folder.path().join("mixed.jsonl.refused.jsonl")).unwrap();
        let mut refused: Vec<serde_json::Value> =
            refused.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        refused.sort_by_key(|r| r["line"].as_u64());
        let told: Vec<_> =
            refused.iter().map(|r| (r["line"].as_u64().unwrap(), r["reason"].as_str().unwrap())).collect();
        assert_eq!(told, [(9, "VALIDATION_FAILED"), (10, "VALIDATION_FAILED"), (11, "NOT_A_RECORD")]);
        assert_eq!(refused[0]["violations"][0]["field"], "traffic.entries", "{name}");
        assert_eq!(refused[1]["violations"][0]["field"], "target.kpi_id", "{name}");
        let clients = service.clients(&tenant).await;
        assert_eq!(all_touchpoints(&clients).await.len(), 1, "{name}");
        let known = || async {
            let mut revisions = Vec::new();
            for kind in 1..=7 {
                let request = proto::ListRecordsRequest { kind, at_least_as_fresh: 0 };
                let listed = clients.records.clone().list_records(request).await.unwrap().into_inner();
                assert_eq!(listed.records.len(), 1, "{name}: kind {kind}");
                revisions.push(listed.revision);
            }
            revisions
        };
        let before = known().await;
        let again = import_all(&file, &service.address, &tenant);
        assert!(again.contains("0 recorded, 8 stored before, 3 refused"), "{name}: {again}");
        assert_eq!(known().await, before, "{name}: the same file again changes nothing");
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
