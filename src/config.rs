//! The settings: defaults < file < environment < flags, checked before anything is bound.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::providers::{Env, Serialized};
use figment::{Figment, Provider};
use serde::{Deserialize, Serialize};

mod access;

pub use access::may_be_fetched;

/// What the names of the environment's settings begin with, e.g. `CUSTOMER360_LISTEN`.
pub const ENV_PREFIX: &str = "CUSTOMER360_";
/// Names the settings file; itself no setting.
const ENV_FILE: &str = "CUSTOMER360_CONFIG";
/// What tests use for themselves; never a setting.
const ENV_TEST_PREFIX: &str = "TEST_";

/// A line of the table of settings.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub name: &'static str,
    /// Written as in the settings file, without quotes.
    pub default: &'static str,
    /// Least and greatest value of a number.
    pub range: Option<(u64, u64)>,
    pub help: &'static str,
}

/// Declares switches, texts and numbers once: the struct, its defaults, and the table of settings.
macro_rules! settings {
    (
        texts { $( $text:ident = $text_default:literal, $text_help:literal; )* }
        switches { $( $switch:ident = $switch_default:literal, $switch_help:literal; )* }
        numbers { $( $number:ident = $number_default:literal, $min:literal ..= $max:literal, $number_help:literal; )* }
    ) => {
        /// The settings as written, names as in the file.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Written { $( pub $text: String, )* $( pub $switch: bool, )* $( pub $number: u64, )* }

        impl Default for Written {
            fn default() -> Self {
                Self {
                    $( $text: $text_default.to_owned(), )*
                    $( $switch: $switch_default, )*
                    $( $number: $number_default, )*
                }
            }
        }

        impl Written {
            fn number(&self, name: &str) -> Option<u64> {
                match name { $( stringify!($number) => Some(self.$number), )* _ => None }
            }
        }

        /// Every setting, in the order of the documentation.
        pub const SETTINGS: &[Setting] = &[
            $( Setting { name: stringify!($text), default: $text_default, range: None, help: $text_help }, )*
            $( Setting {
                name: stringify!($switch),
                default: stringify!($switch_default),
                range: None,
                help: $switch_help,
            }, )*
            $( Setting {
                name: stringify!($number),
                default: stringify!($number_default),
                range: Some(($min, $max)),
                help: $number_help,
            }, )*
        ];
    };
}

settings! {
    texts {
        listen = "127.0.0.1:7360", "Address of the gRPC port. Any other address than loopback needs `auth` and TLS.";
        metrics_listen = "127.0.0.1:7361", "Address of the Prometheus metrics; empty for none.";
        database_url = "sqlite:customer360.db", "`sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`.";
        auth = "none", "How callers show who they are: `none`, on loopback only, or a list of `keys`, `jwt` and `mtls`.";
        tls_certificate_file = "", "Certificate chain of the port (PEM), read anew when it changes; empty: plaintext.";
        tls_key_file = "", "Private key of the certificate (PEM).";
        tls_client = "off", "Client certificates: `off`, `optional` or `required`.";
        tls_client_ca_file = "", "Authorities whose client certificates are taken (PEM).";
        tls_client_crl_file = "", "Revoked client certificates (PEM); empty: none.";
        mtls_domains = "", "Trust domains whose SPIFFE ids are principals, separated by commas.";
        auth_issuer = "", "The issuer of tokens, exactly as they say it.";
        auth_audience = "", "The audience that tokens must be for; required with `jwt`.";
        auth_jwks_url = "", "Where the issuer's keys are read: https, or http on loopback; empty: found by the issuer's discovery document.";
        auth_jwks_file = "", "The issuer's keys as a file, read anew when it changes; instead of `auth_jwks_url`.";
        auth_algorithms = "RS256,PS256,ES256,EdDSA", "Signatures of tokens that are taken: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA.";
        auth_roles_claim = "/customer360/roles", "Where a token says its roles: a JSON pointer.";
        auth_tenants_claim = "", "Where a token says its tenants: a JSON pointer; empty: only grants say them.";
        privacy_key_file = "", "32 random bytes that wrap the data keys of the tenants, with which contents and sets of identifiers are hashed; empty: they are stored as they are.";
        other_privacy_key_file = "", "A second key that data keys may be wrapped with: the one before, or the next one, while the key is replaced.";
        log_format = "text", "`text` or `json`, on standard error.";
        log_level = "info", "`error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,customer360::store=debug`.";
    }
    switches {
        insecure_listen = false, "Plaintext on another address than loopback, for a proxy that ends TLS in the same pod. Told in the log at each start.";
    }
    numbers {
        max_batch = 5000, 1 ..= 100_000, "Most touchpoints in one call.";
        max_message_bytes = 33_554_432, 65_536 ..= 1_073_741_824, "Largest request, decoded. A larger one is RESOURCE_EXHAUSTED.";
        queue_touchpoints = 50_000, 1_000 ..= 10_000_000, "Touchpoints waiting to be written before calls are pushed back with RESOURCE_EXHAUSTED.";
        queue_mib = 256, 16 ..= 1_048_576, "Memory for touchpoints that wait to be written; beyond it calls are pushed back likewise.";
        max_requests = 1_024, 1 ..= 1_000_000, "Requests in progress, over all connections, before further ones are pushed back.";
        requests_mib = 512, 32 ..= 1_048_576, "Memory for requests that arrive or are worked on, as they are on the wire; beyond it calls are pushed back.";
        imports_mib = 512, 64 ..= 1_048_576, "Memory for batches of imports that arrive or are checked; beyond it imports wait.";
        max_streams = 512, 1 ..= 1_000_000, "Streams that last by nature (imports, feeds, health watches, reflection), over all connections; they take no place among the requests.";
        connection_streams = 256, 1 ..= 100_000, "Calls at the same time on one connection; a client holds further ones back.";
        max_connections = 4_096, 1 ..= 1_000_000, "Connections; further ones are closed.";
        max_connections_per_peer = 256, 1 ..= 1_000_000, "Connections from one address.";
        handshake_seconds = 5, 1 ..= 3_600, "Time from a connection to the first bytes of HTTP/2, of a TLS handshake, and to a whole request at the metrics' address.";
        message_seconds = 30, 1 ..= 3_600, "Time from the beginning of a call to its whole first message.";
        stream_idle_seconds = 120, 1 ..= 86_400, "Longest silence of the sender of an import; then the stream ends with DEADLINE_EXCEEDED.";
        max_feeds = 256, 1 ..= 100_000, "Feeds watched at the same time; they take no place among the requests.";
        max_deadline_seconds = 300, 1 ..= 86_400, "Longest time a call may take, also when it names no deadline. Streams that last by nature are exempt.";
        page_size = 100, 1 ..= 10_000, "Items on a page when the caller names no size.";
        max_page_size = 1_000, 1 ..= 10_000, "Most items on a page; a page also ends at 3.5 MiB.";
        freshness_wait_seconds = 10, 0 ..= 3_600, "How long a question waits for the revision it asks for before it is UNAVAILABLE.";
        mirror_memory_mib = 4_096, 16 ..= 1_048_576, "Memory for the columns that answer KPIs. When it is short, tenants that were not asked about for longest are dropped; one that does not fit by itself is refused with a reason.";
        mirror_idle_seconds = 86_400, 0 ..= 31_536_000, "Time after which the columns of a tenant that nobody asks about are dropped; 0 keeps them.";
        database_connections = 8, 1 ..= 1_000, "Connections to the database.";
        keepalive_seconds = 20, 1 ..= 3_600, "Silence on a connection after which the peer is asked for a sign of life; it has as long to answer.";
        auth_refresh_seconds = 2, 1 ..= 3_600, "How old keys and grants may be.";
        auth_leeway_seconds = 30, 0 ..= 120, "How far the clocks of the issuer and this machine may differ.";
        auth_max_token_seconds = 86_400, 60 ..= 31_536_000, "Longest life of a token; one made for longer is refused.";
        auth_jwks_max_stale_seconds = 86_400, 60 ..= 31_536_000, "How long the issuer's keys are believed while it cannot be reached.";
        auth_failures_per_second = 50, 1 ..= 1_000_000, "Refused credentials of one peer a second; beyond it the peer is pushed back.";
        principal_requests_per_second = 0, 0 ..= 1_000_000, "Calls of one principal a second; 0: no limit.";
        tls_reload_seconds = 5, 1 ..= 3_600, "How often the files of TLS are looked at.";
        connection_age_seconds = 3_600, 1 ..= 31_536_000, "Age at which a connection over TLS is asked to end; as long again, and it is cut.";
        drain_seconds = 10, 0 ..= 3_600, "Time for calls in progress to end at a stop; then they are cut.";
    }
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Where the touchpoints are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// How callers show who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Auth {
    pub keys: bool,
    pub jwt: bool,
    pub mtls: bool,
}

impl Auth {
    /// Nobody has to: everybody may do everything.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}

/// Settings that have been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub listen: SocketAddr,
    pub metrics_listen: Option<SocketAddr>,
    pub database: Database,
    pub log_format: LogFormat,
    pub auth: Auth,
    pub written: Written,
}

/// Why the service does not start. Values are not repeated where they may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("unknown setting `{setting}` in {origin}{}", suggestion(.setting))]
    Unknown { setting: String, origin: String },
    #[error("setting `{setting}` from {origin}: {problem}")]
    Bad { setting: String, origin: String, problem: String },
    #[error("the settings file {file} cannot be read: {problem}")]
    File { file: String, problem: String },
    #[error("--set {given}: write NAME=VALUE")]
    Flag { given: String },
}

/// What the flags say: setting by setting, already parsed into name and value.
pub type Flags = BTreeMap<String, String>;

/// Reads defaults, the file (if any), the environment and the flags, the later winning.
///
/// # Errors
/// Names the setting and where it was set.
pub fn load(file: Option<&Path>, flags: &Flags) -> Result<Config, ConfigError> {
    let named = file.map(Path::to_owned).or_else(|| std::env::var_os(ENV_FILE).map(PathBuf::from));
    let mut figment = Figment::from(Serialized::defaults(Written::default()));
    if let Some(path) = named {
        let text = std::fs::read_to_string(&path)
            .map_err(|e| ConfigError::File { file: path.display().to_string(), problem: e.to_string() })?;
        let origin = format!("the file {}", path.display());
        // The error's own text repeats the line, which may hold a password.
        let told = |error: &toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map_or(0, |before| before.matches('\n').count()) + 1;
            format!("line {line} is not as TOML has it")
        };
        let values: BTreeMap<String, figment::value::Value> = toml::from_str(&text)
            .map_err(|e| ConfigError::File { file: path.display().to_string(), problem: told(&e) })?;
        refuse_unknown(values.keys(), &origin)?;
        figment = figment.merge(Named { origin, values });
    }
    let environment = environment();
    refuse_unknown(environment.keys(), "the environment")?;
    figment = figment.merge(Named { origin: "the environment".to_owned(), values: environment });
    refuse_unknown(flags.keys(), "the flags")?;
    let flags = flags.iter().map(|(name, value)| (name.clone(), scalar(value))).collect();
    figment = figment.merge(Named { origin: "the flags".to_owned(), values: flags });
    check(&figment)
}

/// Splits `NAME=VALUE` of a `--set` flag.
///
/// # Errors
/// When there is no `=`.
pub fn split_flag(given: &str) -> Result<(String, String), ConfigError> {
    // The value may be a secret: only the name is repeated.
    let (name, value) =
        given.split_once('=').ok_or_else(|| ConfigError::Flag { given: given.chars().take(40).collect() })?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

impl Config {
    /// The effective settings as a file that could be read back, secrets hidden.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let shown =
            Written { database_url: hide_password(&self.written.database_url), ..self.written.clone() };
        let value = serde_json::to_value(&shown).unwrap_or_default();
        SETTINGS
            .iter()
            .map(|setting| {
                let value = value.get(setting.name).map(ToString::to_string).unwrap_or_default();
                format!("# {}\n{} = {value}\n", setting.help, setting.name)
            })
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// The table of settings for the README.
#[must_use]
pub fn settings_table() -> String {
    let mut table = String::from("| setting | default | limits | meaning |\n|---|---|---|---|\n");
    for s in SETTINGS {
        let limits = s.range.map(|(min, max)| format!("{min} to {max}")).unwrap_or_default();
        let default = s.default.replace('_', if s.range.is_some() { "" } else { "_" });
        table += &format!("| `{}` | `{default}` | {limits} | {} |\n", s.name, s.help);
    }
    table
}

/// Parameters of a PostgreSQL URL that the driver knows. It would log the value of any other, which
/// could be a password under a name of another driver's.
const POSTGRES_PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// Refuses forms of which it is not plain where a password stands. Says nothing of the URL itself.
fn check_postgres(url: &str) -> Result<(), String> {
    let Some((_, rest)) = url.split_once("://") else {
        return Err("write postgres://USER:PASSWORD@HOST/DATABASE".to_owned());
    };
    let after_password = rest.rfind('@').map_or(rest, |at| &rest[at..]);
    let Some((_, query)) = after_password.split_once('?') else { return Ok(()) };
    let known = |pair: &str| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        POSTGRES_PARAMETERS.contains(&name) || (name.starts_with("options[") && name.ends_with(']'))
    };
    match query.split('&').all(known) {
        true => Ok(()),
        false => Err(format!("it has a parameter that is none of {}", POSTGRES_PARAMETERS.join(", "))),
    }
}

/// The URL with its password replaced, wherever it stands.
#[must_use]
pub fn hide_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    // A password may itself hold an `@`: the last one ends it. One with a `/` must be
    // percent-encoded, and if it is not, everything up to the last `@` is hidden.
    let authority_end = rest.rfind('@').map_or(end, |at| at.max(end));
    let (authority, tail) = rest.split_at(authority_end.min(rest.len()));
    let (user, host) = match (authority.rfind('@'), tail.starts_with('@')) {
        (_, true) => (authority, tail),
        (Some(at), false) => authority.split_at(at),
        (None, false) => return format!("{scheme}://{}", hide_parameters(rest)),
    };
    let tail = if host.len() == tail.len() { "" } else { tail };
    let user = user.split_once(':').map_or(user.to_owned(), |(name, _)| format!("{name}:***"));
    format!("{scheme}://{user}{}", hide_parameters(&format!("{host}{tail}")))
}

/// libpq's URLs may also carry the password as a parameter.
fn hide_parameters(rest: &str) -> String {
    let Some((path, query)) = rest.split_once('?') else { return rest.to_owned() };
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((key, _)) if key.to_ascii_lowercase().contains("password") => format!("{key}=***"),
        _ => pair.to_owned(),
    });
    format!("{path}?{}", shown.collect::<Vec<_>>().join("&"))
}

/// Values of one origin, under its plain name.
struct Named {
    origin: String,
    values: BTreeMap<String, figment::value::Value>,
}

impl Provider for Named {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<figment::value::Map<figment::Profile, figment::value::Dict>, figment::Error> {
        Serialized::defaults(&self.values).data()
    }
}

/// Everything that begins with our prefix, except what is no setting.
fn environment() -> BTreeMap<String, figment::value::Value> {
    Env::prefixed(ENV_PREFIX)
        .iter()
        .filter(|(name, _)| {
            let name = name.as_str();
            let own = ["CONFIG", "KEY", "KEY_FILE", "CA_FILE"];
            !own.iter().any(|own| name.eq_ignore_ascii_case(own))
                && !name.to_ascii_uppercase().starts_with(ENV_TEST_PREFIX)
        })
        .map(|(name, value)| (name.as_str().to_ascii_lowercase(), scalar(&value)))
        .collect()
}

/// A number or a switch where the text is one, else the text.
fn scalar(text: &str) -> figment::value::Value {
    match text {
        "true" => true.into(),
        "false" => false.into(),
        text => text.parse::<u64>().map_or_else(|_| text.into(), Into::into),
    }
}

fn refuse_unknown<'a>(names: impl Iterator<Item = &'a String>, origin: &str) -> Result<(), ConfigError> {
    for name in names {
        if !SETTINGS.iter().any(|s| s.name == name) {
            return Err(ConfigError::Unknown { setting: name.clone(), origin: origin.to_owned() });
        }
    }
    Ok(())
}

fn check(figment: &Figment) -> Result<Config, ConfigError> {
    let origin = |setting: &str| {
        figment.find_metadata(setting).map_or_else(|| "the defaults".to_owned(), |m| m.name.to_string())
    };
    let written: Written = figment.extract().map_err(|e| {
        let setting = e.path.join(".");
        // figment's text of a wrong type repeats the value; a URL may hold a password.
        let problem = if setting == "database_url" { "write a text".to_owned() } else { e.kind.to_string() };
        ConfigError::Bad { origin: origin(&setting), setting, problem }
    })?;
    let bad = |setting: &str, problem: String| ConfigError::Bad {
        setting: setting.to_owned(),
        origin: origin(setting),
        problem,
    };
    for setting in SETTINGS {
        let (Some((min, max)), Some(value)) = (setting.range, written.number(setting.name)) else { continue };
        if !(min..=max).contains(&value) {
            return Err(bad(setting.name, format!("{value} is not between {min} and {max}")));
        }
    }
    if written.page_size > written.max_page_size {
        return Err(bad("page_size", format!("it is above max_page_size ({})", written.max_page_size)));
    }
    let address = |setting: &str, text: &str| {
        text.parse::<SocketAddr>()
            .map_err(|_| bad(setting, format!("`{text}` is no address; write e.g. 127.0.0.1:7360")))
    };
    let database = match written.database_url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => Database::Sqlite,
        Some("postgres" | "postgresql") => {
            check_postgres(&written.database_url).map_err(|problem| bad("database_url", problem))?;
            Database::Postgres
        }
        _ => return Err(bad("database_url", "begin with sqlite: or postgres://".to_owned())),
    };
    let log_format = match written.log_format.as_str() {
        "text" => LogFormat::Text,
        "json" => LogFormat::Json,
        other => return Err(bad("log_format", format!("`{other}` is neither text nor json"))),
    };
    written
        .log_level
        .parse::<tracing_subscriber::EnvFilter>()
        .map_err(|e| bad("log_level", format!("no filter: {e}")))?;
    let metrics_listen = match written.metrics_listen.as_str() {
        "" => None,
        text => Some(address("metrics_listen", text)?),
    };
    let listen = address("listen", &written.listen)?;
    let auth = access::check(&written, listen).map_err(|(setting, problem)| bad(setting, problem))?;
    Ok(Config { listen, metrics_listen, database, log_format, auth, written })
}

/// The setting that was probably meant, if one shares most of its letters.
fn suggestion(given: &str) -> String {
    let near = SETTINGS.iter().map(|s| (distance(given, s.name), s.name)).min();
    match near {
        Some((far, name)) if far <= 3 => format!("; did you mean `{name}`?"),
        _ => "; `customer360 config` lists them all".to_owned(),
    }
}

/// Levenshtein's distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let next = (corner + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
