//! Attacks that stopped, swelled or poisoned the service once, told again as bounded stories, each on
//! both databases with a normal caller of another tenant beside it, who must not notice. The table of
//! them stands in `docs/HOSTILE.md`.

mod bystander;
mod messages;
mod peers;
mod poison;
mod raw;
#[path = "../service/support.rs"]
#[allow(dead_code)]
mod support;

use std::path::Path;

/// What is attacked, by what, and what must happen.
const STORIES: &[(&str, &str, &str)] = &[
    (
        "poison::trait_names",
        "1,024 new trait names in 16 touchpoints, then more",
        "all recorded; KPIs answer, also after a restart, and say what they do not know",
    ),
    (
        "messages::empty_elements",
        "300,000 empty touchpoints in 600 KB, plain and compressed",
        "MESSAGE_TOO_LARGE before anything is made of them",
    ),
    (
        "messages::rules",
        "200,000 kinds, 20,000 patterns, texts of 1 MB in rules",
        "refused at once, by their number",
    ),
    (
        "messages::errors",
        "1,000 malformed ids, a mask of 1,000 paths, a path of 100 KB",
        "an error below 6 KB with its reason",
    ),
    ("messages::tenants", "two tenants in one call", "TENANT_MALFORMED"),
    (
        "messages::frames",
        "garbage instead of gzip, an unknown flag, half a message",
        "INVALID_ARGUMENT with a reason, never INTERNAL",
    ),
    (
        "peers::headers_alone",
        "400 calls whose message never comes",
        "no place taken; health and everybody else answered; ended after `message_seconds`",
    ),
    (
        "peers::silent_connections",
        "200 connections that say nothing, here and at the metrics",
        "closed after `handshake_seconds`",
    ),
    (
        "peers::cancelled",
        "2,000 calls given up after a millisecond",
        "no work without a place: quiet soon after",
    ),
    (
        "peers::questions",
        "60 questions about KPIs at once",
        "as many at once as there are cores; recording goes on",
    ),
];

#[test]
fn the_document_lists_the_stories() {
    let mut text = String::from(
        "# Hostile peers\n\nPrinted from the table in `tests/hostile/main.rs`; each row is a test that runs on SQLite and on\n\
         PostgreSQL: `tests/run --test hostile`. Beside each a caller of another tenant records and reads in\n\
         turns; every call of theirs is answered, and nothing of what was acknowledged is lost.\n\n\
         | story | attack | what happens |\n|---|---|---|\n",
    );
    for (story, attack, expected) in STORIES {
        text += &format!("| `{story}` | {attack} | {expected} |\n");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/HOSTILE.md");
    if std::env::var_os("CUSTOMER360_TEST_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), text, "bless it");
}
