//! The settings: defaults < file < environment < flags, checked before anything is bound.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::providers::{Env, Serialized};
use figment::{Figment, Provider};
use serde::{Deserialize, Serialize};

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

/// Declares texts and numbers once: the struct, its defaults, and the table of settings.
macro_rules! settings {
    (
        texts { $( $text:ident = $text_default:literal, $text_help:literal; )* }
        numbers { $( $number:ident = $number_default:literal, $min:literal ..= $max:literal, $number_help:literal; )* }
    ) => {
        /// The settings as written, names as in the file.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Written { $( pub $text: String, )* $( pub $number: u64, )* }

        impl Default for Written {
            fn default() -> Self {
                Self { $( $text: $text_default.to_owned(), )* $( $number: $number_default, )* }
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
        listen = "127.0.0.1:7360", "Address of the gRPC port. Until authentication exists, keep it on loopback.";
        metrics_listen = "127.0.0.1:7361", "Address of the Prometheus metrics; empty for none.";
        database_url = "sqlite:customer360.db", "`sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`.";
        log_format = "text", "`text` or `json`, on standard error.";
        log_level = "info", "`error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,customer360::store=debug`.";
    }
    numbers {
        max_batch = 5000, 1 ..= 100_000, "Most touchpoints in one call.";
        max_message_bytes = 33_554_432, 65_536 ..= 1_073_741_824, "Largest request, decoded. A larger one is OUT_OF_RANGE.";
        queue_touchpoints = 50_000, 1_000 ..= 10_000_000, "Touchpoints waiting to be written before calls are pushed back with RESOURCE_EXHAUSTED.";
        queue_mib = 256, 16 ..= 1_048_576, "Memory for touchpoints that wait to be written; beyond it calls are pushed back likewise.";
        max_requests = 1_024, 1 ..= 1_000_000, "Requests in progress, over all connections, before further ones are pushed back.";
        requests_mib = 512, 32 ..= 1_048_576, "Memory for requests that arrive or are worked on, as they are on the wire; beyond it calls are pushed back.";
        imports_mib = 512, 64 ..= 1_048_576, "Memory for batches of imports that arrive or are checked; beyond it imports wait.";
        max_streams = 512, 1 ..= 1_000_000, "Streams that last by nature (imports, feeds, health watches, reflection), over all connections; they take no place among the requests.";
        connection_streams = 256, 1 ..= 100_000, "Calls at the same time on one connection; a client holds further ones back.";
        max_connections = 4_096, 1 ..= 1_000_000, "Connections; further ones are closed.";
        max_connections_per_peer = 256, 1 ..= 1_000_000, "Connections from one address.";
        handshake_seconds = 5, 1 ..= 3_600, "Time from a connection to the first bytes of HTTP/2, and to a whole request at the metrics' address.";
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

/// Settings that have been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub listen: SocketAddr,
    pub metrics_listen: Option<SocketAddr>,
    pub database: Database,
    pub log_format: LogFormat,
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
            !name.eq_ignore_ascii_case("CONFIG") && !name.to_ascii_uppercase().starts_with(ENV_TEST_PREFIX)
        })
        .map(|(name, value)| (name.as_str().to_ascii_lowercase(), scalar(&value)))
        .collect()
}

/// A number where the text is one, else the text: `007` stays text, as no setting wants it.
fn scalar(text: &str) -> figment::value::Value {
    text.parse::<u64>().map_or_else(|_| text.into(), Into::into)
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
    Ok(Config { listen: address("listen", &written.listen)?, metrics_listen, database, log_format, written })
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
mod tests {
    use super::*;

    fn with(flags: &[(&str, &str)]) -> Result<Config, ConfigError> {
        load(None, &flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn the_defaults_are_good_and_print_as_a_file_that_reads_back() {
        let config = with(&[]).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), config.to_toml()).unwrap();
        assert_eq!(load(Some(file.path()), &Flags::new()).unwrap(), config);
    }

    #[test]
    fn flags_win_over_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "max_batch = 7\npage_size = 9\n").unwrap();
        let flags = Flags::from([("max_batch".to_owned(), "8".to_owned())]);
        let config = load(Some(file.path()), &flags).unwrap();
        assert_eq!((config.written.max_batch, config.written.page_size), (8, 9));
    }

    #[test]
    fn an_error_names_the_setting_and_its_origin() {
        let message = |flags: &[(&str, &str)]| with(flags).unwrap_err().to_string();
        let unknown = message(&[("max_batches", "1")]);
        assert_eq!(unknown, "unknown setting `max_batches` in the flags; did you mean `max_batch`?");
        let outside = message(&[("max_batch", "0")]);
        assert_eq!(outside, "setting `max_batch` from the flags: 0 is not between 1 and 100000");
        let address = message(&[("listen", "here")]);
        assert!(address.contains("`listen` from the flags") && address.contains("no address"), "{address}");
        let kind = message(&[("max_batch", "many")]);
        assert!(kind.contains("`max_batch` from the flags"), "{kind}");
        for url in [
            "postgres:me:hush@db/x",
            "postgres:/me:hush@db/x",
            "postgres://db/x?sslpassword=hush",
            "postgres://db/x?PASSWORD=hush",
            "postgres://db/x?pass%77ord=hush",
            "postgres://db/x?hush",
        ] {
            let refused = message(&[("database_url", url)]);
            assert!(refused.contains("`database_url`") && !refused.contains("hush"), "{refused}");
        }
        for url in
            ["postgres://me:p?w@db/x", "postgres://db/x?sslmode=require&password=hush", "postgresql:///x"]
        {
            assert_eq!(with(&[("database_url", url)]).unwrap().database, Database::Postgres, "{url}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "max_batch = 7\ndatabase_url = \"postgres://me:hush@db/x\n").unwrap();
        let broken = load(Some(file.path()), &Flags::new()).unwrap_err().to_string();
        assert!(broken.contains("line 2") && !broken.contains("hush"), "{broken}");
        let scheme = message(&[("database_url", "mysql://me:hush@db/x")]);
        assert!(scheme.contains("sqlite:") && !scheme.contains("hush"), "{scheme}");

        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "lisen = \"127.0.0.1:1\"").unwrap();
        let in_file = load(Some(file.path()), &Flags::new()).unwrap_err().to_string();
        assert!(in_file.contains("`lisen` in the file") && in_file.contains("`listen`"), "{in_file}");
    }

    #[test]
    fn passwords_are_hidden() {
        let check = |url: &str, shown: &str| assert_eq!(hide_password(url), shown);
        check("sqlite:customer360.db", "sqlite:customer360.db");
        check("postgres://db/x", "postgres://db/x");
        check("postgres://me@db/x", "postgres://me@db/x");
        check("postgres://me:hush@db:5432/x", "postgres://me:***@db:5432/x");
        check("postgres://me:hu@sh@db/x", "postgres://me:***@db/x");
        check("postgres://me:hu/sh@db/x", "postgres://me:***@db/x");
        check("postgres://db/x?user=me&password=hush&a=b", "postgres://db/x?user=me&password=***&a=b");
    }
}
