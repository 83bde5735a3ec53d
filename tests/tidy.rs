//! Style that a machine can check: the walls between the rooms, the length of files, what is absent.

use std::path::{Path, PathBuf};

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 40, "the sources are found");
    found
}

fn room(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn the_walls_between_the_rooms_stand() {
    let pure = [
        "tokio::",
        "async ",
        "sqlx",
        "tonic",
        "prost",
        "crate::rpc",
        "crate::store",
        "SystemTime",
        "Instant::now",
    ];
    let walls: [(&str, &[&str]); 6] = [
        ("model", &["crate::identity", "crate::kpi", "crate::view", "crate::mirror"]),
        ("identity", &["crate::kpi", "crate::view", "crate::mirror"]),
        ("view", &["crate::mirror"]),
        ("kpi", &["crate::identity", "crate::view", "crate::mirror"]),
        ("store", &["tonic", "prost", "crate::rpc", "crate::kpi", "crate::mirror"]),
        ("mirror", &["sqlx", "SELECT ", "tonic", "prost", "crate::rpc"]),
    ];
    let mut broken = Vec::new();
    for (path, text) in sources() {
        let room = room(&path);
        let Some((_, forbidden)) = walls.iter().find(|(name, _)| *name == room) else { continue };
        let also: &[&str] =
            if ["model", "identity", "view", "kpi"].contains(&room.as_str()) { &pure } else { &[] };
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for word in forbidden.iter().chain(also).filter(|word| code.contains(**word)) {
                broken.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn only_rpc_speaks_protobuf_and_only_the_store_speaks_sql() {
    let mut broken = Vec::new();
    for (path, text) in sources() {
        let room = room(&path);
        let speaks =
            |word: &str| text.lines().any(|line| line.split("//").next().unwrap_or("").contains(word));
        if (speaks("use sqlx") || speaks("sqlx::query(") || speaks("sqlx::Error")) && room != "store" {
            broken.push(format!("{}: sqlx", path.display()));
        }
        if speaks("INSERT INTO") && room != "store" {
            broken.push(format!("{}: SQL", path.display()));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn files_are_short_and_nothing_is_left_to_do() {
    let mut broken = Vec::new();
    for (path, text) in sources() {
        let lines = text.lines().count();
        if lines > 510 {
            broken.push(format!("{}: {lines} lines", path.display()));
        }
        for word in ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX"] {
            if text.contains(word) {
                broken.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_room_is_on_the_map() {
    let map = include_str!("../ARCHITECTURE.md");
    let mut rooms: Vec<String> = sources().iter().map(|(path, _)| room(path)).collect();
    rooms.sort();
    rooms.dedup();
    let missing: Vec<&String> =
        rooms.iter().filter(|room| *room != "lib" && !map.contains(&format!("`{room}`"))).collect();
    assert!(missing.is_empty(), "not in ARCHITECTURE.md: {missing:?}");
}
