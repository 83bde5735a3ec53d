//! Style that a machine can check and the compiler cannot: the walls between the rooms of the
//! service, the length of files, what is absent. What the pure crates may use, Cargo holds.

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The service's sources and those of the crates.
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
    walk(&root().join("src"), &mut found);
    walk(&root().join("crates"), &mut found);
    assert!(found.len() > 40, "the sources are found");
    found
}

/// `store` for src/store/read.rs, `kpi` for crates/kpi/src/stats.rs.
fn room(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap();
    let room = inside.components().nth(1).unwrap().as_os_str().to_string_lossy();
    room.trim_end_matches(".rs").to_owned()
}

/// The code of a line, without its comment.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or("")
}

/// The names of modules that a file of the service takes from the crate's root, however it writes
/// it: `crate::store::x`, `use crate::{rpc, store::x}`.
fn rooms_used(text: &str) -> Vec<String> {
    let code: String = text.lines().map(code).collect::<Vec<_>>().join(" ");
    let mut used = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        if code[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let after = &code[start + "crate::".len()..];
        if let Some(list) = after.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => used.push(std::mem::take(&mut name)),
                    _ if depth == 0 => name.push(c),
                    _ => {}
                }
            }
            used.push(name);
        } else {
            used.push(after.to_owned());
        }
    }
    let first_word = |name: String| {
        name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    };
    used.into_iter().map(first_word).filter(|name| !name.is_empty()).collect()
}

#[test]
fn a_search_for_rooms_sees_lists_too() {
    let text = "use crate::{store::{a, b}, rpc};\n// crate::kpi\nuse crate::mirror::Mirrors;";
    assert_eq!(rooms_used(text), ["store", "rpc", "mirror"]);
}

#[test]
fn the_walls_between_the_rooms_stand() {
    let walls: [(&str, &[&str], &[&str]); 2] = [
        ("store", &["kpi", "mirror", "rpc", "server", "cli"], &["tonic", "prost"]),
        ("mirror", &["rpc", "server", "cli"], &["sqlx", "SELECT ", "tonic", "prost"]),
    ];
    let mut broken = Vec::new();
    for (path, text) in sources() {
        let room = room(&path);
        let Some((_, rooms, words)) = walls.iter().find(|(name, _, _)| *name == room) else { continue };
        for used in rooms_used(&text).iter().filter(|used| rooms.contains(&used.as_str())) {
            broken.push(format!("{}: crate::{used}", path.display()));
        }
        for (number, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| code(line).contains(**word)) {
                broken.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Cargo keeps libraries out of the pure crates; the language's own waiting and clock it does not.
#[test]
fn pure_crates_never_wait() {
    let mut broken = Vec::new();
    for (path, text) in sources() {
        if !path.starts_with(root().join("crates")) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            for word in ["async ", "SystemTime", "Instant::now", "std::fs", "std::net"] {
                if code(line).contains(word) {
                    broken.push(format!("{}:{}: {word}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// What each pure crate may depend on, so that a library that waits does not come in unseen.
#[test]
fn pure_crates_depend_on_pure_libraries() {
    for name in ["model", "identity", "kpi"] {
        let manifest = std::fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
        for library in ["tokio", "sqlx", "tonic", "prost", "hyper", "futures"] {
            assert!(!manifest.contains(library), "crates/{name} depends on {library}");
        }
    }
}

#[test]
fn only_rpc_speaks_protobuf_and_only_the_store_speaks_sql() {
    let mut broken = Vec::new();
    for (path, text) in sources() {
        let room = room(&path);
        let speaks = |word: &str| text.lines().any(|line| code(line).contains(word));
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
