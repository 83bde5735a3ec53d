//! Style that a machine can check and the compiler cannot: the walls between the rooms of the
//! service, the length of files, what is absent. What the pure crates may use, Cargo holds.

use std::collections::{BTreeMap, BTreeSet};
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

/// The floors of the kpi crate, the lowest first: imports between them go down only.
const FLOORS: [&str; 6] = ["ground", "facts", "engine", "measures", "shapes", "catalogue"];

/// The files of the kpi crate by `floor/name`, each with those that it imports. A name that the
/// crate's root exports counts as the file that it stands in.
fn imports_of_kpi() -> BTreeMap<String, BTreeSet<String>> {
    let src = root().join("crates/kpi/src");
    let unit = |path: &Path| {
        let inside = path.strip_prefix(&src).unwrap().with_extension("");
        let parts: Vec<String> = inside
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .filter(|part| part != "mod")
            .collect();
        match parts.as_slice() {
            [floor, name, ..] if FLOORS.contains(&floor.as_str()) => Some(format!("{floor}/{name}")),
            [floor] if floor == "catalogue" => Some("catalogue/".to_owned()),
            _ => None,
        }
    };
    let mut exports = BTreeMap::new();
    let front = std::fs::read_to_string(src.join("lib.rs")).unwrap();
    for export in front.split(';').filter_map(|item| item.split("pub use ").nth(1)) {
        let parts: Vec<&str> = export.splitn(3, "::").collect();
        for name in parts[2].trim_matches(|c| "{} \n".contains(c)).split(',') {
            exports.insert(name.trim().to_owned(), format!("{}/{}", parts[0], parts[1]));
        }
    }
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources().iter().filter(|(path, _)| path.starts_with(&src)) {
        let Some(unit) = unit(path) else { continue };
        let own = imports.entry(unit.clone()).or_default();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for line in text.lines().map(code) {
            for path in line.split("crate::").skip(1) {
                let mut words = path.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                let (first, second) = (words.next().unwrap_or(""), words.nth(1).unwrap_or(""));
                let used = match FLOORS.contains(&first) {
                    true => Some(format!("{first}/{second}")),
                    false => exports.get(first).cloned(),
                };
                own.extend(used.filter(|used| *used != unit));
            }
        }
    }
    assert!(imports.len() > 70 && imports.values().map(BTreeSet::len).sum::<usize>() > 300);
    imports
}

#[test]
fn imports_between_floors_go_down_only() {
    let level = |unit: &str| FLOORS.iter().position(|floor| unit.split('/').next() == Some(floor)).unwrap();
    let mut up = Vec::new();
    for (unit, used) in imports_of_kpi() {
        up.extend(
            used.iter().filter(|used| level(used) > level(&unit)).map(|used| format!("{unit} -> {used}")),
        );
    }
    assert!(up.is_empty(), "{up:#?}");
}

#[test]
fn no_files_of_the_kpi_crate_import_each_other_in_a_circle() {
    let mut left = imports_of_kpi();
    // Files whose imports are all gone go, until none does: what is left stands in circles.
    loop {
        let free: Vec<String> = left
            .iter()
            .filter(|(_, used)| used.iter().all(|used| !left.contains_key(used)))
            .map(|(unit, _)| unit.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        free.iter().for_each(|unit| drop(left.remove(unit)));
    }
    // What only leads to a circle is in none.
    loop {
        let used: BTreeSet<String> = left.values().flatten().cloned().collect();
        let before = left.len();
        left.retain(|unit, _| used.contains(unit));
        if left.len() == before {
            break;
        }
    }
    assert!(left.is_empty(), "{:#?}", left.keys().collect::<Vec<_>>());
}
