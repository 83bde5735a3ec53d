//! The person whose story is told, and what is known of them.

use std::collections::HashMap;

use tonic::Code;

use super::paper::{Paper, count, money};
use crate::cli::client::{ClientError, Clients};
use crate::rpc::proto::touchpoint::Activity;
use crate::rpc::proto::{self, Customer, Identifier, value};
use crate::simulate::Retailer;

/// The names by which the person is seen before anything joins them.
#[derive(Debug, Clone)]
pub struct Hero {
    pub cookie: Identifier,
    pub account: Identifier,
    pub email: Identifier,
    pub card: Identifier,
}

impl Hero {
    pub fn names(&self) -> [&Identifier; 4] {
        [&self.cookie, &self.account, &self.email, &self.card]
    }
}

/// What a person did, as far as it makes a good story.
#[derive(Debug, Default)]
struct Deeds {
    by_kind: HashMap<String, (Identifier, u32)>,
    touches: u32,
    linked: Vec<String>,
    answered: bool,
    helped: bool,
}

impl Deeds {
    /// A rich story that still fits a page.
    fn score(&self) -> Option<u32> {
        let told = |kind: &str| self.by_kind.get(kind).map_or(0, |(_, touches)| *touches);
        let all = ["COOKIE", "ACCOUNT", "EMAIL", "LOYALTY_CARD"];
        let linked = |kind: &str| self.linked.iter().any(|k| k == kind);
        let complete = all.iter().all(|kind| told(kind) > 0) && all.iter().all(|kind| linked(kind));
        let extras = 40 * u32::from(self.answered) + 20 * u32::from(self.helped);
        complete.then(|| all.iter().map(|kind| told(kind).min(12)).sum::<u32>() + extras)
    }
}

/// The person with the best story; the first of equals.
pub fn choose(retailer: &Retailer) -> Option<Hero> {
    let mut people: HashMap<u32, Deeds> = HashMap::new();
    for index in 0..retailer.len() {
        let touchpoint = retailer.touchpoint(index);
        let deeds = people.entry(retailer.person(index)).or_default();
        deeds.touches += 1;
        deeds.answered |= matches!(touchpoint.activity, Some(Activity::SurveyAnswer(_)));
        deeds.helped |= matches!(touchpoint.activity, Some(Activity::ServiceContact(_)));
        if retailer.is_link(index) {
            deeds.linked.extend(touchpoint.identifiers.iter().map(|i| i.kind.clone()));
        } else if let [only] = touchpoint.identifiers.as_slice() {
            deeds.by_kind.entry(only.kind.clone()).or_insert_with(|| (only.clone(), 0)).1 += 1;
        }
    }
    let best = people
        .into_iter()
        .filter(|(_, deeds)| deeds.touches <= 120)
        .filter_map(|(person, deeds)| Some((deeds.score()?, std::cmp::Reverse(person), deeds)))
        .max_by_key(|(score, person, _)| (*score, *person))?;
    let name = |kind: &str| best.2.by_kind.get(kind).map(|(identifier, _)| identifier.clone());
    Some(Hero {
        cookie: name("COOKIE")?,
        account: name("ACCOUNT")?,
        email: name("EMAIL")?,
        card: name("LOYALTY_CARD")?,
    })
}

/// The customer who holds the identifier, if any.
///
/// # Errors
/// When the service cannot say.
pub async fn customer(
    clients: &Clients,
    identifier: &Identifier,
    revision: i64,
) -> Result<Option<Customer>, ClientError> {
    let by = proto::customer_ref::By::Identifier(identifier.clone());
    let request = proto::GetCustomerRequest {
        customer: Some(proto::CustomerRef { by: Some(by) }),
        at_least_as_fresh: revision,
        ..Default::default()
    };
    match clients.customers.clone().get_customer(request).await {
        Ok(answer) => Ok(answer.into_inner().customer),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

pub fn print_summary(paper: &Paper, customer: &Customer) {
    let Some(summary) = &customer.summary else { return };
    let kind = match customer.kind() {
        proto::CustomerKind::Registered => "registered",
        _ => "anonymous",
    };
    let revenue: Vec<String> = summary.revenue.iter().map(|r| money(r.net_minor, &r.currency)).collect();
    let mut parts = vec![kind.to_owned(), several(summary.touchpoints, "touchpoint")];
    if summary.orders > 0 {
        parts.push(several(summary.orders, "order"));
        parts.push(format!("{} net", revenue.join(" + ")));
    }
    if summary.returns > 0 {
        parts.push(several(summary.returns, "return"));
    }
    for visits in &summary.visits {
        parts.push(several(visits.visits, &format!("{} visit", visits.channel)));
    }
    if let Some(score) = &summary.last_nps {
        parts.push(format!("NPS answer {}", score.score));
    }
    for cost in &summary.cost_to_serve {
        #[expect(clippy::cast_possible_truncation, reason = "cents of one customer")]
        parts.push(format!("{} to serve", money(cost.minor.round() as i64, &cost.currency)));
    }
    println!("    {}", parts.join(", "));
    if let (Some(first), Some(last)) = (&summary.first_touch, &summary.last_touch) {
        let when = format!("{} by {} to {} by {}", day(first), first.channel, day(last), last.channel);
        println!("    {}", paper.dim(&when));
    }
}

pub fn print_known(paper: &Paper, customer: &Customer) {
    println!();
    for held in &customer.identifiers {
        let Some(identifier) = &held.identifier else { continue };
        let from = held.first_seen.as_ref().map_or_else(String::new, date);
        let until = held.last_seen.as_ref().map_or_else(String::new, date);
        println!(
            "    {:<13} {:<42} {}",
            identifier.kind,
            identifier.value,
            paper.dim(&format!("{from} to {until}")),
        );
    }
    for known in &customer.traits {
        let value = known.value.as_ref().and_then(|v| v.kind.as_ref()).map_or_else(String::new, text);
        let source = known.touchpoint.as_ref().map_or("", |key| key.source.as_str());
        println!("    {:<13} {value:<42} {}", known.name, paper.dim(&format!("from {source}")));
    }
    println!();
}

pub fn print_chain(paper: &Paper, explained: &proto::ExplainIdentityResponse) {
    for link in &explained.chain {
        let (Some(from), Some(to)) = (&link.from, &link.to) else { continue };
        let at = link.at.as_ref().map_or_else(String::new, date);
        let touchpoint = link
            .touchpoint
            .as_ref()
            .map_or_else(String::new, |key| format!("{}/{}", key.source, key.source_id));
        println!("  {} {} = {} {}", from.kind, from.value, to.kind, to.value);
        println!("    seen together on {at}, touchpoint {touchpoint}");
        if !link.rule.is_empty() {
            println!("    {}", paper.dim(&link.rule));
        }
    }
    println!();
}

fn several(n: i64, what: &str) -> String {
    format!("{} {what}{}", count(n), if n == 1 { "" } else { "s" })
}

fn day(touch: &proto::TouchSummary) -> String {
    touch.at.as_ref().map_or_else(String::new, date)
}

fn date(at: &pbjson_types::Timestamp) -> String {
    jiff::Timestamp::from_second(at.seconds)
        .map_or_else(|_| String::new(), |t| t.to_string()[..10].to_owned())
}

fn text(value: &value::Kind) -> String {
    match value {
        value::Kind::Text(text) => text.clone(),
        value::Kind::Integer(n) => n.to_string(),
        value::Kind::Number(n) => n.to_string(),
        value::Kind::Flag(flag) => flag.to_string(),
        value::Kind::Time(at) => date(at),
        value::Kind::Date(day) => day.clone(),
    }
}
