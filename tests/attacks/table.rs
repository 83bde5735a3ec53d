//! The table of attacks. `docs/ATTACKS.md` is printed from it.

use std::pin::Pin;

use crate::ground::Ground;
use crate::{authentication, authorization, tenancy, tokens, transport, writing};

type Running<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Where an attack is tried.
pub enum Run {
    /// Here, on both databases.
    Here(fn(&Ground) -> Running<'_>),
    /// In another test, which is named.
    Elsewhere(&'static str),
    /// It needs what is not built yet.
    NotBuilt(&'static str),
}

pub struct Attack {
    pub id: &'static str,
    pub attempt: &'static str,
    pub expected: &'static str,
    pub run: Run,
}

macro_rules! attacks {
    ($( $id:literal $attempt:literal => $expected:literal, $run:expr; )*) => {
        pub const ATTACKS: &[Attack] = &[ $( Attack {
            id: $id,
            attempt: $attempt,
            expected: $expected,
            run: $run,
        }, )* ];
    };
}

macro_rules! here {
    ($( $path:ident )::+) => {
        Run::Here(|ground| Box::pin($( $path )::+(ground)))
    };
}

use Run::{Elsewhere, NotBuilt};

attacks! {
    "N1" "no credential, each rpc" => "UNAUTHENTICATED, CREDENTIALS_MISSING; health Check and List alone answer",
        here!(authentication::no_credential);
    "N2" "unknown key, right id with a wrong secret, last character changed, empty, 7 KB, another scheme" => "UNAUTHENTICATED, CREDENTIALS_INVALID, one text for all",
        here!(authentication::wrong_credentials);
    "N3" "timings of known and unknown keys" => "no measurable difference", NotBuilt("compared in constant time; no timing test yet");
    "N4" "key revoked three seconds ago" => "UNAUTHENTICATED, CREDENTIALS_INVALID", here!(authentication::revoked);
    "N5" "key revoked while a feed is open" => "the feed ends UNAUTHENTICATED", here!(authentication::revoked_while_a_feed_is_open);
    "N6" "key before its time" => "UNAUTHENTICATED, CREDENTIALS_EXPIRED", here!(authentication::not_yet);
    "N7" "hash of a key used as a key" => "UNAUTHENTICATED, CREDENTIALS_INVALID", here!(authentication::hash_as_key);
    "N8" "two authorization headers; another header" => "UNAUTHENTICATED", here!(authentication::two_headers);
    "N9" "client certificate of another authority; none where one is required; authority replaced (N16)" => "handshake refused; the new authority's are taken without a restart",
        here!(transport::wrong_client_certificates);
    "N10" "SPIFFE id of another trust domain; two of them; name only in CN; DNS name without a grant" => "UNAUTHENTICATED, CREDENTIALS_INVALID",
        here!(transport::names_in_certificates);
    "N11" "certificate of A with a key that is bound to B's certificate" => "UNAUTHENTICATED", NotBuilt("keys are not bound to certificates yet");
    "N12" "plaintext to the TLS port, HTTP/1.1, a handshake that never comes" => "refused before any handler", here!(transport::plaintext);
    "N13" "no authentication on another address than loopback; plaintext there" => "does not start, and names both settings", here!(authentication::open_to_the_network);
    "N14" "first key made when there is an owner" => "refused, nothing printed", here!(authentication::a_second_first_key);
    "N15" "certificate replaced by garbage, then by one that the key does not fit, then by a good pair" => "the old one stays; new connections see the good one, open ones go on",
        here!(transport::replaced_certificates);
    "T1" "alg none, HS256, of another kind; no signature; key in the header; claims missing, of others, of the future, too long (T2, T3, T5, T7, T8, T9)" => "UNAUTHENTICATED",
        here!(tokens::forged_and_strange);
    "T2" "HS256 by the public key; duplicate members, crit, 10 KB kid (T6); exact leeway; symmetric and short keys in the set (T14)" => "not believed", Elsewhere("src/access/token/tests.rs");
    "T4" "many unknown kids" => "UNAUTHENTICATED; at most one fetch", here!(tokens::unknown_keys_do_not_fetch);
    "T10" "roles claim as text, object, unknown, missing; tenants claimed where only grants say them (T11)" => "PERMISSION_DENIED", here!(tokens::claimed_roles_and_tenants);
    "T12" "key taken from the issuer's set after a compromise" => "UNAUTHENTICATED after the next refresh", NotBuilt("built; no test through the port yet");
    "T13" "issuer that cannot be reached" => "UNAVAILABLE, ISSUER_UNAVAILABLE; keys are not affected", here!(tokens::issuer_away);
    "T15" "many wrong credentials from one peer" => "RESOURCE_EXHAUSTED after the budget; others are served", here!(authentication::guessing);
    "Z1" "every rpc by every role" => "exactly the table", here!(authorization::every_method_by_every_role);
    "Z2" "an rpc without a row" => "a test fails; at run time there is no such method for anybody", here!(authorization::a_method_without_a_row);
    "Z3" "viewer: ExplainKpi, customers of RFM and lifetimes, ListCustomers, the past" => "PERMISSION_DENIED, PERMISSION_MISSING, named", here!(authorization::a_viewer_looks_closer);
    "Z4" "numbers of a dry run without kpi.read" => "PERMISSION_DENIED", here!(authorization::numbers_of_a_dry_run);
    "Z5" "ingest key reads what it wrote" => "PERMISSION_DENIED", here!(authorization::an_ingest_key_reads);
    "Z6" "key bound to one source writes another" => "REFUSED, SOURCE_DENIED; the others are recorded", here!(writing::another_source);
    "Z7" "admin grants more than it has, to others or itself; takes the owner's key" => "PERMISSION_DENIED; KEY_NOT_FOUND", here!(authorization::more_than_one_has);
    "Z8" "last owner revoked" => "FAILED_PRECONDITION, LAST_OWNER", here!(authorization::the_last_owner);
    "Z9" "author \"the CEO\"" => "stands beside the principal", here!(authorization::an_author_who_is_somebody_else);
    "Z10" "page token of a privileged caller" => "own mask applies", NotBuilt("masking comes later");
    "Z11" "answer cached for a privileged caller" => "own mask applies", NotBuilt("masking comes later");
    "Z12" "break-glass without a reason, for too long, twice" => "refused", NotBuilt("break-glass comes later");
    "Y1" "another tenant, none that exists, malformed names" => "PERMISSION_DENIED, TENANT_DENIED, the same for both; INVALID_ARGUMENT", here!(tenancy::another_tenant);
    "Y2" "two tenant headers; none with several granted" => "INVALID_ARGUMENT", here!(tenancy::two_tenants_at_once);
    "Y3" "customer id of another tenant" => "NOT_FOUND", here!(tenancy::ids_of_another);
    "Y4" "unknown tenant, every rpc" => "NOT_FOUND, TENANT_NOT_FOUND; no tenant is made", here!(tenancy::no_tenant_is_made_by_asking);
    "Y5" "statement without a tenant's condition" => "0 rows", NotBuilt("row-level security comes later");
    "Y6" "tenant's setting left over on a connection" => "0 rows", NotBuilt("row-level security comes later");
    "Y7" "started as a role that row-level security does not bind" => "does not start", NotBuilt("row-level security comes later");
    "Y8" "a tenant floods the writer" => "the others take turns with it", Elsewhere("src/store/writer/turns.rs");
    "Y9" "suspended tenant, deleted tenant, its name again" => "TENANT_SUSPENDED; TENANT_NOT_FOUND; TENANT_EXISTS", here!(tenancy::suspended_and_deleted);
    "Y10" "tenant beyond its quota" => "RESOURCE_EXHAUSTED, QUOTA_EXCEEDED", here!(tenancy::a_quota_holds);
    "P3" "public key sends the victim's e-mail beside an own cookie" => "REFUSED, IDENTIFIER_KIND_DENIED: nothing merges", here!(writing::to_become_a_victim);
    "P4" "public key asks by writing: outcome, customer id, duplicate; orders, old times, other sources, imports" => "one outcome for what is new and what is known, no id; REFUSED", here!(writing::to_learn_of_others);
    "R" "resources: sizes, floods, silence" => "bounded", Elsewhere("tests/hostile and docs/HOSTILE.md");
}

/// The document.
pub fn printed() -> String {
    let mut text = String::from(
        "# Attacks\n\nPrinted from the table in `tests/attacks/table.rs`; each row that says \"here\" is tried through \
         the real port of the binary, on SQLite and PostgreSQL, by `tests/run --test attacks`.\n\n\
         | id | attempt | expected | tried |\n|---|---|---|---|\n",
    );
    for attack in ATTACKS {
        let tried = match attack.run {
            Run::Here(_) => "here".to_owned(),
            Run::Elsewhere(place) => format!("`{place}`"),
            Run::NotBuilt(why) => format!("not built: {why}"),
        };
        text += &format!("| {} | {} | {} | {tried} |\n", attack.id, attack.attempt, attack.expected);
    }
    text
}
