//! A beat as the touchpoint that a retailer's system would send.

use std::collections::BTreeMap;

use super::chance::mix;
use super::names::{CAMPAIGNS, CATEGORIES, CITIES, FIRST, LAST, REASONS};
use super::plan::{BESIDE, Beat, OWN_COOKIE, What, Where, Who, household_head, offer_of};
use super::{SPAN_S, START_S};
use crate::rpc::proto::touchpoint::Activity;
use crate::rpc::proto::{self, Identifier, Line, Money, Touchpoint, TraitWrite, Value, value};

const CURRENCY: &str = "EUR";

/// Which property of a person or beat is looked up.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
enum Field {
    Account,
    Card,
    Cookie,
    Device,
    Email,
    Name,
    Phone,
    Handle,
    Home,
    OrderId,
    Lines,
    Visit,
    Case,
    Age,
}

/// The touchpoint of a beat; `index` is its place in the order of time and names it.
pub fn touchpoint(seed: u64, index: usize, beat: &Beat) -> Touchpoint {
    let people = People { seed };
    let channel = channel_name(beat.channel);
    Touchpoint {
        source: source(beat).to_owned(),
        source_id: format!("{seed:x}-{index}"),
        version: 0,
        at: Some(pbjson_types::Timestamp { seconds: START_S + i64::from(beat.at), nanos: 0 }),
        channel: channel.to_owned(),
        identifiers: people.identifiers(beat),
        visit_id: people.visit_id(beat),
        location: people.location(beat),
        campaign: campaign(beat),
        product: String::new(),
        cost: matches!(beat.what, What::AdClick).then(|| euros(45)),
        handling_seconds: people.handling_seconds(beat),
        traits: people.traits(beat),
        attributes: BTreeMap::new(),
        activity: Some(people.activity(beat)),
    }
}

#[derive(Clone, Copy)]
struct People {
    seed: u64,
}

impl People {
    fn of(self, person: u32, field: Field) -> u64 {
        mix(self.seed, person, u32::MAX, field as u32)
    }

    fn at(self, beat: &Beat, n: u16, field: Field) -> u64 {
        mix(self.seed, beat.person, u32::from(n), field as u32)
    }

    fn identifiers(self, beat: &Beat) -> Vec<Identifier> {
        let one =
            |kind: &str, value: String| Identifier { kind: kind.to_owned(), value, region: String::new() };
        let person = beat.person;
        let account = || one("ACCOUNT", format!("u-{:012x}", self.of(person, Field::Account) >> 16));
        let cookie = || {
            // A shared tablet's cookie is the household's, whoever holds it.
            let (owner, slot) = match beat.detail {
                own if own >= OWN_COOKIE => (person, own),
                member => (household_head(person, member), 0),
            };
            one("COOKIE", format!("ck-{:016x}", mix(self.seed, owner, u32::from(slot), Field::Cookie as u32)))
        };
        let email = || one("EMAIL", self.email(person));
        let card =
            || one("LOYALTY_CARD", format!("29{:011}", self.of(person, Field::Card) % 100_000_000_000));
        let device = || one("DEVICE", format!("dv-{:016x}", self.of(person, Field::Device)));
        match beat.who {
            Who::Nobody => vec![],
            Who::Cookie => vec![cookie()],
            Who::CookieAccount => vec![account(), cookie()],
            Who::CookieAccountEmail => vec![account(), email(), cookie()],
            Who::CookieEmail => vec![email(), cookie()],
            Who::Device => vec![device()],
            Who::DeviceAccount => vec![account(), device()],
            Who::Account => vec![account()],
            Who::Email => vec![email()],
            Who::Card => vec![card()],
            Who::CardEmail => vec![card(), email()],
            Who::Phone => vec![account(), one("PHONE", self.phone(person))],
            Who::Handle => vec![one("SOCIAL_HANDLE", self.handle(person))],
        }
    }

    fn name(self, person: u32) -> (&'static str, &'static str) {
        let x = self.of(person, Field::Name);
        (FIRST[(x % 32) as usize], LAST[(x / 32 % 32) as usize])
    }

    fn email(self, person: u32) -> String {
        let (first, last) = self.name(person);
        let domain =
            ["example.com", "example.net", "example.org"][(self.of(person, Field::Home) % 3) as usize];
        let number = self.of(person, Field::Email) >> 28;
        format!("{}.{}.{number:09x}@{domain}", first.to_lowercase(), last.to_lowercase())
    }

    /// A mobile number of the form that Germany gives out.
    fn phone(self, person: u32) -> String {
        format!("+49151{:08}", 10_000_000 + self.of(person, Field::Phone) % 90_000_000)
    }

    fn handle(self, person: u32) -> String {
        let (first, last) = self.name(person);
        format!("@{first}{last}{:09x}", self.of(person, Field::Handle) >> 28)
    }

    fn visit_id(self, beat: &Beat) -> String {
        match beat.what {
            // Things are tried in the visit in which they may be bought.
            What::Visit | What::ProductView | What::Trial => {
                format!("v-{:016x}", self.at(beat, beat.link, Field::Visit))
            }
            What::Order if beat.channel == Where::Store => {
                format!("v-{:016x}", self.at(beat, beat.n, Field::Visit))
            }
            _ => String::new(),
        }
    }

    fn location(self, beat: &Beat) -> String {
        match beat.channel {
            Where::Store => format!("store-{:02}", 1 + self.of(beat.person, Field::Home) % 12),
            _ => String::new(),
        }
    }

    fn handling_seconds(self, beat: &Beat) -> Option<u32> {
        let spread = u32::try_from(self.at(beat, beat.n, Field::Case) % 240).unwrap_or(0);
        match beat.what {
            What::Order if beat.channel == Where::Store => Some(60 + spread / 2),
            What::Return => Some(180 + spread),
            What::Conversation => Some(240 + 2 * spread),
            What::ContactReply => Some(300 + 2 * spread),
            What::ContactResolved => Some(60 + spread),
            _ => None,
        }
    }

    fn traits(self, beat: &Beat) -> Vec<TraitWrite> {
        if !matches!(beat.what, What::Registration | What::Enrolment) {
            return Vec::new();
        }
        let home = self.of(beat.person, Field::Home);
        let (first, last) = self.name(beat.person);
        let text = |name: &str, text: String| TraitWrite {
            name: name.to_owned(),
            value: Some(Value { kind: Some(value::Kind::Text(text)) }),
            ..Default::default()
        };
        let born = 1945 + i64::try_from(self.of(beat.person, Field::Age) % 60).unwrap_or(0);
        vec![
            text("name", format!("{first} {last}")),
            text("city", CITIES[(home / 3 % 12) as usize].to_owned()),
            TraitWrite {
                name: "birth_year".to_owned(),
                value: Some(Value { kind: Some(value::Kind::Integer(born)) }),
                ..Default::default()
            },
        ]
    }

    fn order_id(self, beat: &Beat, order: u16) -> String {
        format!("o-{:016x}", self.at(beat, order, Field::OrderId))
    }

    /// The lines of the order that was the person's how-manieth beat: a return reads them again.
    fn lines(self, beat: &Beat, order: u16) -> Vec<Line> {
        let x = self.at(beat, order, Field::Lines);
        let count = [1, 1, 1, 2, 2, 3, 1, 4][(x % 8) as usize];
        (0..count).map(|i| line(mix(x, beat.person, i, 0))).collect()
    }

    fn activity(self, beat: &Beat) -> Activity {
        let order_id = || self.order_id(beat, beat.link);
        let case = |stage: proto::ContactStage| {
            let x = self.at(beat, beat.link, Field::Case);
            Activity::ServiceContact(proto::ServiceContact {
                case_id: format!("c-{x:016x}"),
                stage: stage.into(),
                reason: REASONS[(x % 5) as usize].to_owned(),
            })
        };
        let mail = |status: proto::MessageStatus| {
            let message_id = format!("m-{:016x}", self.at(beat, beat.link, Field::Visit));
            let subject = campaign_of(beat.at).to_owned();
            Activity::Message(proto::Message { message_id, status: status.into(), subject })
        };
        let survey = |kind: proto::SurveyKind, survey_id: &str| {
            let survey_id = survey_id.to_owned();
            Activity::SurveyAnswer(proto::SurveyAnswer {
                kind: kind.into(),
                score: Some(beat.detail.into()),
                survey_id,
            })
        };
        let view = self.at(beat, beat.n, Field::Lines);
        match beat.what {
            What::AdClick => Activity::AdClick(proto::AdClick {
                ad_id: format!("ad-{}", view % 20),
                placement: "search".to_owned(),
            }),
            What::Visit => Activity::Visit(self.visit(beat, view)),
            What::ProductView => Activity::ProductView(product_view(view)),
            What::Cart => {
                let lines = self.lines(beat, beat.n);
                let value = Some(euros(total(&lines)));
                Activity::CartUpdated(proto::Cart { cart_id: format!("k-{view:016x}"), lines, value })
            }
            What::Order => Activity::Order(self.order(beat)),
            What::Confirmation => Activity::Confirmation(proto::Confirmation { order_id: order_id() }),
            What::Delivery => Activity::Delivery(proto::Delivery {
                order_id: order_id(),
                kind: proto::DeliveryKind::Delivered.into(),
            }),
            What::Return => Activity::Return(self.goods_back(beat)),
            What::MailSent => mail(proto::MessageStatus::Sent),
            What::MailOpened => mail(proto::MessageStatus::Opened),
            What::MailClicked => mail(proto::MessageStatus::Clicked),
            What::Conversation => Activity::Conversation(proto::Conversation {
                topic: category(view).to_owned(),
                clerk: format!("clerk-{}", view % 40),
            }),
            What::ContactOpened => case(proto::ContactStage::Opened),
            What::ContactReply => case(proto::ContactStage::FirstHumanReply),
            What::ContactResolved => case(proto::ContactStage::Resolved),
            What::ContactReopened => case(proto::ContactStage::Reopened),
            What::Trial => Activity::ProductTrial(self.trial(beat, view)),
            What::OfferShown => Activity::OfferShown(self.offer(beat)),
            What::Nps => survey(proto::SurveyKind::Nps, "nps-after-purchase"),
            What::Csat => survey(proto::SurveyKind::Csat, "csat-after-contact"),
            What::Ces => survey(proto::SurveyKind::Ces, "ces-after-contact"),
            What::Like => Activity::SocialEngagement(proto::SocialEngagement {
                kind: proto::SocialKind::Like.into(),
                network: "photos".to_owned(),
                post_id: format!("p-{}", view % 200),
            }),
            What::Registration => Activity::Registration(proto::Registration { method: "form".to_owned() }),
            What::Login => Activity::Login(proto::Login { method: "password".to_owned() }),
            What::Enrolment => Activity::Subscription(proto::Subscription {
                programme: proto::SubscriptionProgramme::Loyalty.into(),
                change: proto::SubscriptionChange::Joined.into(),
                points: None,
            }),
        }
    }

    /// Of three trials two are of what is then bought.
    fn trial(self, beat: &Beat, x: u64) -> proto::ProductTrial {
        let bought = self.lines(beat, beat.link).into_iter().next().map(|line| line.product_id);
        let product_id = bought.filter(|_| !x.is_multiple_of(3)).unwrap_or_else(|| product(x));
        proto::ProductTrial { product_id, kind: proto::TrialKind::FittingRoom.into() }
    }

    fn offer(self, beat: &Beat) -> proto::OfferShown {
        let offer = offer_of(self.beside(beat, beat.link)).map_or(0, |(offer, _)| offer);
        let kind =
            if offer.is_multiple_of(2) { proto::OfferKind::Upsell } else { proto::OfferKind::CrossSell };
        proto::OfferShown { offer_id: offer_id(offer), kind: kind.into() }
    }

    /// What happens beside an order.
    fn beside(self, beat: &Beat, order: u16) -> u64 {
        mix(self.seed, beat.person, u32::from(order), BESIDE)
    }

    fn visit(self, beat: &Beat, x: u64) -> proto::Visit {
        let app = beat.channel == Where::App;
        let kind = if app { proto::VisitKind::App } else { proto::VisitKind::Web };
        let source = ["direct", "search", "newsletter", "social"][(x % 4) as usize];
        proto::Visit {
            kind: kind.into(),
            duration_seconds: Some(u32::try_from(20 + x / 8 % 900).unwrap_or(20)),
            pages: Some(u32::try_from(1 + x / 8_192 % 12).unwrap_or(1)),
            source_channel: if app { String::new() } else { source.to_owned() },
            source_campaign: String::new(),
        }
    }

    fn order(self, beat: &Beat) -> proto::Order {
        let lines = self.lines(beat, beat.n);
        let fulfilment = match beat.channel {
            Where::Store => proto::Fulfilment::TakeAway,
            _ => proto::Fulfilment::HomeDelivery,
        };
        let offer = offer_of(self.beside(beat, beat.n));
        let taken = offer.filter(|(_, is_taken)| *is_taken).map(|(offer, _)| offer);
        proto::Order {
            order_id: self.order_id(beat, beat.n),
            amount: Some(euros(total(&lines))),
            lines,
            fulfilment: fulfilment.into(),
            mobile_pos: false,
            offer_id: taken.map(offer_id).unwrap_or_default(),
            margin: None,
        }
    }

    /// The order's first line goes back; two of three receipts are at hand.
    fn goods_back(self, beat: &Beat) -> proto::Return {
        let mut lines = self.lines(beat, beat.link);
        lines.truncate(1);
        let known = self.at(beat, beat.n, Field::OrderId);
        proto::Return {
            return_id: format!("r-{known:016x}"),
            order_id: if known.is_multiple_of(3) { String::new() } else { self.order_id(beat, beat.link) },
            amount: Some(euros(total(&lines))),
            lines,
            reason: "did not fit".to_owned(),
        }
    }
}

fn product_view(x: u64) -> proto::ProductView {
    proto::ProductView {
        product_id: product(x),
        category: category(x).to_owned(),
        view_seconds: Some(u32::try_from(5 + x / 1_000 % 170).unwrap_or(5)),
    }
}

fn line(x: u64) -> Line {
    let price = 490 + i64::try_from(x / 64 % 40 * 250).unwrap_or(0);
    // Every fifth line is reduced by a fifth.
    let reduced = x.is_multiple_of(5);
    let unit = if reduced { price * 4 / 5 } else { price };
    Line {
        product_id: product(x),
        category: category(x).to_owned(),
        quantity: Some(if x.is_multiple_of(7) { 2.0 } else { 1.0 }),
        unit_price: Some(euros(unit)),
        list_price: reduced.then(|| euros(price)),
        discount: None,
        margin: None,
        promotion: if reduced { "sale".to_owned() } else { String::new() },
    }
}

#[expect(clippy::cast_possible_truncation, reason = "quantities are 1 or 2")]
fn total(lines: &[Line]) -> i64 {
    lines.iter().map(|l| l.quantity() as i64 * l.unit_price.as_ref().map_or(0, |p| p.minor())).sum()
}

fn euros(minor: i64) -> Money {
    Money { minor: Some(minor), currency: CURRENCY.to_owned() }
}

fn product(x: u64) -> String {
    format!("p-{:03}", x / 8 % 400)
}

fn offer_id(offer: u64) -> String {
    format!("offer-{offer}")
}

fn category(x: u64) -> &'static str {
    CATEGORIES[(x / 8 % 8) as usize]
}

fn channel_name(channel: Where) -> &'static str {
    match channel {
        Where::Store => "store",
        Where::Web => "web",
        Where::App => "app",
        Where::Marketplace => "marketplace",
        Where::CallCentre => "call_centre",
        Where::Email => "email",
        Where::Social => "social",
        Where::Advertising => "advertising",
    }
}

/// The system that would send it.
fn source(beat: &Beat) -> &'static str {
    match (beat.what, beat.channel) {
        (What::Nps | What::Csat | What::Ces, _) => "survey",
        (What::ContactOpened | What::ContactReply | What::ContactResolved | What::ContactReopened, _) => {
            "helpdesk"
        }
        (_, Where::Store) => "pos",
        (_, Where::Web) => "shop",
        (_, Where::App) => "app",
        (_, Where::Marketplace) => "marketplace",
        (_, Where::CallCentre) => "helpdesk",
        (_, Where::Email) => "mailer",
        (_, Where::Social) => "social",
        (_, Where::Advertising) => "ads",
    }
}

fn campaign(beat: &Beat) -> String {
    match beat.what {
        What::AdClick | What::MailSent | What::MailOpened | What::MailClicked => {
            campaign_of(beat.at).to_owned()
        }
        _ => String::new(),
    }
}

/// The quarter's campaign.
fn campaign_of(at: u32) -> &'static str {
    CAMPAIGNS[(u64::from(at) * 8 / u64::from(SPAN_S)) as usize % 8]
}
