//! What `customer360 kpi` shows a person, over a simulated retailer. After a change that is meant:
//! `CUSTOMER360_TEST_BLESS=1 cargo test --test service tables`.

use std::path::Path;
use std::process::Command;

use crate::support::{BINARY, Service};

/// Snapshots by name, and how each is asked; all of 2025, in euros, for 80 columns.
const SHOWN: [(&str, &[&str]); 14] = [
    ("scalar", &["conversion", "--compare", "previous-period"]),
    ("undecided", &["visitor_conversion", "--window", "60"]),
    ("grouped", &["revenue", "--group-by", "channel", "--group-by", "category", "--granularity", "month"]),
    ("triangle", &["retention", "--group-by", "channel", "--observed-until", "2026-01-01"]),
    ("matrix", &["return_matrix"]),
    ("model", &["phase_model", "--observed-until", "2026-01-01"]),
    ("card", &["incentive_card"]),
    ("lifetime", &["lifetime", "--from", "2024-01-01"]),
    ("compared", &["lifecycle", "--compare", "previous-period", "--observed-until", "2026-01-01"]),
    ("replies", &["replied_within_4h", "--group-by", "channel"]),
    ("units", &["average_unit_price", "--group-by", "channel"]),
    ("segments", &["rfm", "--compare", "previous-period"]),
    ("ranking", &["journeys"]),
    ("credits", &["attribution"]),
];
const ALL: [&str; 9] =
    ["--from", "2025-01-01", "--until", "2026-01-01", "--currency", "EUR", "--width", "80", "--tenant"];

/// Revisions depend on how many batches an import took.
fn lasting(text: &str) -> String {
    let mask = |line: &str| match line.split_once("revision ") {
        Some((before, rest)) => {
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}revision 1{rest}\n")
        }
        None => format!("{line}\n"),
    };
    text.lines().map(mask).collect()
}

fn done(args: &[&str]) -> String {
    let done = Command::new(BINARY).args(args).output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn people_see_short_tables() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let service = Service::start(&format!("sqlite:{}", file("port.db")), &[]);
    let (people, truth) = (file("people.jsonl"), file("truth.json"));
    done(&["simulate", "--people", "400", "--seed", "7", "--out", &people, "--truth", &truth]);
    done(&["import", &people, "--target", &service.address]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    for (name, asked) in SHOWN {
        let asked = [&["kpi"], &ALL[..], &["default", "--target", &service.address], asked].concat();
        let shown = lasting(&done(&asked));
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{name}:\n{shown}");
        let kept = root.join("tests/service/tables").join(name).with_extension("txt");
        if std::env::var_os("CUSTOMER360_TEST_BLESS").is_some() {
            std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
            std::fs::write(&kept, &shown).unwrap();
        }
        assert_eq!(shown, std::fs::read_to_string(&kept).unwrap(), "{name}");
    }
    for name in ["scalar", "triangle"] {
        let kept =
            std::fs::read_to_string(root.join("tests/service/tables").join(name).with_extension("txt"));
        assert!(readme.contains(&kept.unwrap()), "README.md shows another {name}");
    }
}
