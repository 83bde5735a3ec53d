//! `customer360 kpi`: any KPI of a running service, as a table, CSV or JSON.

mod boards;
mod call;
mod grid;
mod layout;
mod legible;
mod table;

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use grid::Style;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::client;
use super::{CliError, runtime, shown};
use crate::kpi::catalogue::measures;
use crate::kpi::catalogue::{self, Definition};
use crate::model::{Currency, Micros};

#[derive(Debug, Args)]
pub struct KpiArgs {
    /// Which KPI, by its id; `--list` names all
    #[arg(required_unless_present = "list")]
    name: Option<String>,
    /// Print all KPIs with their units, and end
    #[arg(long)]
    list: bool,
    /// The service
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7360")]
    target: String,
    /// Whose KPI it is
    #[arg(long, value_name = "NAME", default_value = "default")]
    tenant: String,
    #[command(flatten)]
    credential: client::CredentialArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Groups: channel, location, campaign, acquisition-month, acquisition-channel, customer-kind,
    /// channels-used, channel-set, item, category, other-channel, or trait:NAME; figures take two
    #[arg(long, value_name = "DIMENSION")]
    group_by: Vec<String>,
    /// A figure for each day, week or month too; the length of a lifecycle's intervals
    #[arg(long, value_name = "UNIT")]
    granularity: Option<Granularity>,
    /// Compare with another time
    #[arg(long, value_name = "TIME")]
    compare: Option<Compare>,
    /// W, in days
    #[arg(long, value_name = "N")]
    window: Option<u32>,
    /// The KPI's one number, where its own answer is a shape
    #[arg(long)]
    figure: bool,
    /// Any other field of the request, as ProtoJSON: `horizonDays=90`, `models=["MARKOV"]`
    #[arg(long = "set", value_name = "FIELD=JSON")]
    set: Vec<String>,
    /// How the answer is printed
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Tables with every field of the answer
    #[arg(long)]
    all: bool,
    /// The width of a table; default: that of the terminal as COLUMNS says, or 80
    #[arg(long, value_name = "N")]
    width: Option<usize>,
}

/// What is asked about.
#[derive(Debug, Args)]
struct ScopeArgs {
    /// From when on: a local date, or an instant as RFC 3339
    #[arg(long, value_name = "TIME", required_unless_present = "list")]
    from: Option<String>,
    /// Until when, not included
    #[arg(long, value_name = "TIME", required_unless_present = "list")]
    until: Option<String>,
    /// Nothing from here on is looked at; default: the end of the range
    #[arg(long, value_name = "TIME")]
    observed_until: Option<String>,
    /// Where days begin
    #[arg(long, value_name = "IANA", default_value = "UTC")]
    zone: String,
    /// Only these channels
    #[arg(long, value_name = "NAME")]
    channel: Vec<String>,
    /// Only these locations
    #[arg(long, value_name = "NAME")]
    location: Vec<String>,
    /// Only these sources
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Only customers of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,
    /// Only customers with this trait, a text
    #[arg(long, value_name = "TRAIT=VALUE")]
    segment: Option<String>,
    /// The currency of amounts
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// As known at this revision
    #[arg(long, value_name = "REVISION")]
    as_known_at: Option<i64>,
    /// At this revision or a later one; default: the newest that is recorded, as an import leaves it
    #[arg(long, value_name = "REVISION", conflicts_with = "as_known_at")]
    at_least_as_fresh: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Granularity {
    Day,
    Week,
    Month,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Compare {
    PreviousPeriod,
    YearEarlier,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Registered,
    Anonymous,
}

pub fn command(args: &KpiArgs) -> Result<(), CliError> {
    if args.list {
        print!("{}", listed());
        return Ok(());
    }
    let name = args.name.as_deref().unwrap_or_default();
    let mut found = catalogue::all().filter(|kpi| kpi.id == name);
    let Some(kpi) = found.next() else {
        return Err(CliError::Failed(format!("`{name}` is no KPI; `customer360 kpi --list` names all")));
    };
    let rpc = if args.figure || args.wants_figures(kpi) { "ComputeKpis" } else { kpi.rpc };
    let mut request = args.request(kpi, rpc)?;
    let answer = runtime()?.block_on(async {
        let clients = client::connect_as(&args.target, &args.tenant, &args.credential.load()?).await?;
        if args.scope.as_known_at.is_none() && args.scope.at_least_as_fresh.is_none() {
            let newest = call::newest(&clients).await;
            if let Some(scope) = request.get_mut("scope").and_then(Value::as_object_mut) {
                scope.insert("atLeastAsFresh".into(), newest.into());
            }
        }
        call::call(&clients, rpc, request).await
    })?;
    match args.format {
        Format::Json => println!("{answer:#}"),
        Format::Csv => print!("{}", table::csv(&answer)),
        Format::Table if args.all => print!("{}", table::tables(&shown::answer(answer), args.width())),
        Format::Table => print!("{}", legible::page(kpi, rpc, &shown::answer(answer), &args.style()?)),
    }
    Ok(())
}

/// The catalogue, by id.
fn listed() -> String {
    let line = |kpi: &Definition| format!("{:<28} {} ({})\n", kpi.id, kpi.name, kpi.unit);
    catalogue::all().map(line).collect()
}

impl KpiArgs {
    /// Whether only figures have what is asked for.
    fn wants_figures(&self, kpi: &Definition) -> bool {
        (self.compare.is_some() && measures::find(kpi.id).is_some()) || self.group_by.len() > 1
    }

    fn width(&self) -> usize {
        let columns = || std::env::var("COLUMNS").ok().filter(|_| std::io::stdout().is_terminal());
        self.width.or_else(|| columns()?.parse().ok()).unwrap_or(80).max(40)
    }

    fn style(&self) -> Result<Style, CliError> {
        let zone = TimeZone::get(&self.scope.zone).map_err(|error| CliError::Failed(error.to_string()))?;
        let currency = self.scope.currency.as_deref().and_then(Currency::parse);
        Ok(Style { currency, zone, width: self.width() })
    }

    /// The request as ProtoJSON. A field that the KPI does not know is refused when it is read.
    fn request(&self, kpi: &Definition, rpc: &str) -> Result<Value, CliError> {
        let mut request = Map::new();
        request.insert("scope".into(), self.scope.message()?);
        let groups: Vec<Value> = self.group_by.iter().map(|by| dimension(by)).collect();
        let is_figure = rpc == "ComputeKpis";
        if is_figure {
            request.insert("kpiIds".into(), json!([kpi.id]));
        }
        match groups.as_slice() {
            [] => {}
            [one] if !is_figure => {
                request.insert("groupBy".into(), one.clone());
            }
            _ => {
                request.insert("groupBy".into(), Value::Array(groups));
            }
        }
        if let Some(unit) = self.granularity {
            let unit = format!("GRANULARITY_{}", constant(unit));
            request.insert("granularity".into(), unit.into());
        }
        if let Some(time) = self.compare {
            request.insert("comparison".into(), format!("COMPARISON_{}", constant(time)).into());
        }
        if let Some(days) = self.window {
            let window = json!({ "days": days });
            match call::HAS_WINDOW.contains(&rpc) {
                true => request.insert("window".into(), window),
                false => request.insert("parameters".into(), json!({ "window": window })),
            };
        }
        for set in &self.set {
            let (field, value) =
                set.split_once('=').ok_or_else(|| CliError::Failed(format!("`{set}` is not FIELD=JSON")))?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            request.insert(field.to_owned(), value);
        }
        Ok(Value::Object(request))
    }
}

/// The name of a choice as enums of the protos have it.
fn constant(choice: impl ValueEnum) -> String {
    let name = choice.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    name.replace('-', "_").to_uppercase()
}

fn dimension(by: &str) -> Value {
    match by.split_once(':') {
        Some(("trait", name)) => json!({ "dimension": "GROUP_DIMENSION_TRAIT", "trait": name }),
        _ => json!({ "dimension": format!("GROUP_DIMENSION_{}", by.replace('-', "_").to_uppercase()) }),
    }
}

impl ScopeArgs {
    fn message(&self) -> Result<Value, CliError> {
        let instant = |said: &Option<String>| said.as_ref().map(|said| self.instant(said)).transpose();
        let mut scope = Map::new();
        scope.insert("range".into(), json!({ "start": instant(&self.from)?, "end": instant(&self.until)? }));
        scope.insert("timeZone".into(), self.zone.clone().into());
        scope.insert("channels".into(), self.channel.clone().into());
        scope.insert("locations".into(), self.location.clone().into());
        scope.insert("sources".into(), self.source.clone().into());
        if let Some(observed) = instant(&self.observed_until)? {
            scope.insert("observedUntil".into(), observed.into());
        }
        if let Some(kind) = self.kind {
            scope.insert("customerKind".into(), format!("CUSTOMER_KIND_{}", constant(kind)).into());
        }
        if let Some(segment) = &self.segment {
            let (name, value) = segment
                .split_once('=')
                .ok_or_else(|| CliError::Failed(format!("`{segment}` is not TRAIT=VALUE")))?;
            scope.insert("segment".into(), json!({ "trait": name, "value": { "text": value } }));
        }
        if let Some(currency) = &self.currency {
            scope.insert("currency".into(), currency.clone().into());
        }
        if let Some(revision) = self.as_known_at {
            scope.insert("asKnownAt".into(), json!({ "revision": revision }));
        }
        if let Some(revision) = self.at_least_as_fresh {
            scope.insert("atLeastAsFresh".into(), revision.into());
        }
        Ok(Value::Object(scope))
    }

    /// An instant, or the beginning of a local date.
    fn instant(&self, said: &str) -> Result<String, CliError> {
        if Micros::parse(said).is_ok() {
            return Ok(said.to_owned());
        }
        let wrong =
            |why: String| CliError::Failed(format!("`{said}` is neither a date nor an instant: {why}"));
        let date: Date = said.parse().map_err(|error: jiff::Error| wrong(error.to_string()))?;
        let begin = date.in_tz(&self.zone).map_err(|error| wrong(error.to_string()))?;
        Ok(begin.timestamp().to_string())
    }
}
