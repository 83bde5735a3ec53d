//! Documents that repeat the code are kept equal to it.

use std::path::Path;

use customer360::config;

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn the_readme_has_the_present_table_of_settings() {
    let readme = read("README.md");
    let (_, from) = readme.split_once("<!-- settings: begin").unwrap();
    let (table, _) = from.split_once("<!-- settings: end -->").unwrap();
    let (_, table) = table.split_once("-->\n").unwrap();
    let present = config::settings_table();
    if std::env::var_os("CUSTOMER360_TEST_BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        std::fs::write(path, readme.replace(table, &present)).unwrap();
        return;
    }
    assert_eq!(table, present, "bless it, and read what changed");
}

#[test]
fn the_readme_lists_every_rpc_and_no_other() {
    let readme = read("README.md");
    let (_, from) = readme.split_once("## RPCs").unwrap();
    let (section, _) = from.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|'));
    let mut listed: Vec<String> = rows
        .flat_map(|row| row.split('`').skip(1).step_by(2).map(String::from).collect::<Vec<_>>())
        .collect();
    listed.sort();
    let mut served = Vec::new();
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("proto/customer360/v1")).unwrap()
    {
        let text = read(file.unwrap().path());
        let rpcs = text.lines().filter_map(|line| line.trim().strip_prefix("rpc "));
        served.extend(rpcs.map(|rpc| rpc.split('(').next().unwrap_or_default().to_owned()));
    }
    served.sort();
    assert_eq!(listed, served);
}

/// Ports, rates, ids and the numbers of revisions differ from run to run; nothing else does.
fn lasting(text: &str) -> Vec<String> {
    let volatile = ["127.0.0.1:", " a second)", "one customer:", "; revisions "];
    let mask = |line: &str| match volatile.iter().any(|part| line.contains(part)) {
        true => line.chars().filter(|c| !c.is_ascii_hexdigit() && *c != '.').collect(),
        false => line.to_owned(),
    };
    text.trim().lines().map(mask).collect()
}

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let demo = std::process::Command::new(env!("CARGO_BIN_EXE_customer360")).arg("demo").output().unwrap();
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
    let readme = read("README.md");
    let (_, from) = readme.split_once("-- demo\n```").unwrap();
    let (shown, _) = from.split_once("```text\n").unwrap().1.split_once("\n```").unwrap();
    assert_eq!(lasting(&String::from_utf8(demo.stdout).unwrap()), lasting(shown));
}

/// After a change that is meant: `CUSTOMER360_TEST_BLESS=1 cargo test --test docs`.
fn is_fresh(document: &str, present: &str) {
    if std::env::var_os("CUSTOMER360_TEST_BLESS").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(document), present).unwrap();
    }
    assert!(present == read(document), "{document}: bless it, and read what changed");
}

#[test]
fn the_manual_of_kpis_is_what_the_catalogue_says() {
    is_fresh("docs/KPIS.md", &customer360::kpi::catalogue::manual());
}

#[test]
fn the_truth_report_is_what_the_code_does() {
    is_fresh("docs/TRUTH.md", &customer360::kpi::ground::coverage::report());
}
