//! A fact: what the KPIs keep of a touchpoint.

use customer360_model::activity::{Cart, Line, Order, SurveyKind};
use customer360_model::{
    Activity, ActivityType, Channel, Details, Micros, Money, ObservationNo, Phase, TouchpointNo,
};

use crate::facts::dictionary::{Dictionary, DictionaryFull, text_hash};
use crate::facts::side_tables::TouchRow;
use crate::facts::statement::{Says, Statement};
use crate::facts::tables::UNKNOWN;

/// A touchpoint that the columns cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactError {
    #[error(transparent)]
    DictionaryFull(#[from] DictionaryFull),
    #[error("a tenant's numbers have outgrown the columns")]
    NumberTooLarge,
}

/// The type of a touchpoint, with the phase of a custom one: below 64, so that it indexes tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TouchType(pub u8);

impl TouchType {
    /// All types are below this.
    pub const COUNT: usize = 64;
    pub const ORDER: Self = Self::of(ActivityType::Order);
    pub const RETURN: Self = Self::of(ActivityType::Return);
    pub const SURVEY_ANSWER: Self = Self::of(ActivityType::SurveyAnswer);
    pub const REVIEW_WRITTEN: Self = Self::of(ActivityType::ReviewWritten);
    pub const IMPRESSION: Self = Self::of(ActivityType::Impression);
    pub const AD_CLICK: Self = Self::of(ActivityType::AdClick);
    pub const MESSAGE: Self = Self::of(ActivityType::Message);
    pub const ARTICLE_READ: Self = Self::of(ActivityType::ArticleRead);
    pub const VISIT: Self = Self::of(ActivityType::Visit);
    pub const PRODUCT_VIEW: Self = Self::of(ActivityType::ProductView);
    pub const CONVERSATION: Self = Self::of(ActivityType::Conversation);
    pub const ADVICE: Self = Self::of(ActivityType::Advice);
    pub const PRODUCT_TRIAL: Self = Self::of(ActivityType::ProductTrial);
    pub const SERVICE_CONTACT: Self = Self::of(ActivityType::ServiceContact);
    pub const OFFER_SHOWN: Self = Self::of(ActivityType::OfferShown);
    pub const CART_UPDATED: Self = Self::of(ActivityType::CartUpdated);
    pub const CHECKOUT_STARTED: Self = Self::of(ActivityType::CheckoutStarted);
    pub const OFFER_ACCEPTED: Self = Self::of(ActivityType::OfferAccepted);
    pub const NO_PURCHASE: Self = Self::of(ActivityType::NoPurchase);
    pub const SOCIAL_ENGAGEMENT: Self = Self::of(ActivityType::SocialEngagement);
    pub const REFERRAL_MADE: Self = Self::of(ActivityType::ReferralMade);
    pub const REGISTRATION: Self = Self::of(ActivityType::Registration);
    pub const LOGIN: Self = Self::of(ActivityType::Login);
    pub const SUBSCRIPTION: Self = Self::of(ActivityType::Subscription);
    /// No type: stands in a timeline for an order that does not count as one.
    pub(crate) const REFUSED_ORDER: Self = Self(Self::COUNT as u8 - 1);
    /// No type: the same for a return.
    pub(crate) const REFUSED_RETURN: Self = Self(Self::COUNT as u8 - 2);
    /// No type: what came back, which is of whom the order is. Whoever came with it has a touch of
    /// [`Self::RETURN`].
    pub(crate) const CAME_BACK: Self = Self(Self::COUNT as u8 - 3);
    const CUSTOM: u8 = ActivityType::Custom as u8;

    const fn of(activity_type: ActivityType) -> Self {
        Self(activity_type as u8)
    }

    /// Every type that a touchpoint may have.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..=Self::CUSTOM + Phase::ALL.len() as u8).map(Self)
    }

    /// The type of a touchpoint; a custom one names its phase itself.
    #[must_use]
    pub fn new(activity_type: ActivityType, custom_phase: Option<Phase>) -> Self {
        match (activity_type, custom_phase) {
            (ActivityType::Custom, Some(phase)) => Self(Self::CUSTOM + 1 + phase as u8),
            _ => Self::of(activity_type),
        }
    }

    #[must_use]
    pub fn activity_type(self) -> ActivityType {
        ActivityType::ALL.get(usize::from(self.0)).copied().unwrap_or(ActivityType::Custom)
    }

    #[must_use]
    pub fn phase(self) -> Option<Phase> {
        match self.0.checked_sub(Self::CUSTOM + 1) {
            Some(phase) => Phase::ALL.get(usize::from(phase)).copied(),
            None => self.activity_type().phase(),
        }
    }
}

/// What was rated. A review's stars are an answer too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum AnswerKind {
    Nps,
    Csat,
    Ces,
    Rating,
}

impl AnswerKind {
    /// The type of touchpoint that such an answer is, from the number in its column.
    #[must_use]
    pub fn touch_type(kind: u8) -> TouchType {
        match kind == Self::Rating as u8 {
            true => TouchType::REVIEW_WRITTEN,
            false => TouchType::SURVEY_ANSWER,
        }
    }
}

impl From<SurveyKind> for AnswerKind {
    fn from(kind: SurveyKind) -> Self {
        match kind {
            SurveyKind::Nps => Self::Nps,
            SurveyKind::Csat => Self::Csat,
            SurveyKind::Ces => Self::Ces,
        }
    }
}

/// An amount in minor units of a currency of the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    pub minor: i64,
    pub currency: u8,
}

/// What sets the kinds of touchpoints apart: each variant has its own table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// `order_key` stands for the order's id.
    Order {
        amount: Amount,
        order_key: u64,
    },
    /// `order_key` is 0 when the return names no order.
    Return {
        amount: Amount,
        order_key: u64,
    },
    /// A survey without an id is that of the empty name.
    Answer {
        kind: AnswerKind,
        score: u8,
        survey: u16,
    },
    Touch(TouchType),
}

impl Body {
    #[must_use]
    pub fn touch_type(&self) -> TouchType {
        match self {
            Self::Order { .. } => TouchType::ORDER,
            Self::Return { .. } => TouchType::RETURN,
            Self::Answer { kind, .. } => AnswerKind::touch_type(*kind as u8),
            Self::Touch(touch_type) => *touch_type,
        }
    }
}

/// What a touchpoint says beyond its type and time, as far as KPIs ask.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// What it is about: an item of the dictionary, or for advertisements, messages and carts 32
    /// bits that stand for their id. 0: nothing.
    pub item: u32,
    /// The kind within the type, such as how far a message got, as the model numbers it.
    pub detail: u8,
    /// Hundredths, from -100 to 100.
    pub sentiment: Option<i8>,
    pub visit: Option<Measured>,
    /// What a cart is worth.
    pub value: Option<Amount>,
    pub lines: Vec<LineFact>,
    /// What was taken off the prices of the lines of an order.
    pub discounts: Vec<DiscountFact>,
    /// The margin of an order, in minor units of its amount's currency.
    pub margin: Option<i64>,
    /// 32 bits that stand for the visit of an order, a return or a trial, or for the case of a
    /// service contact. 0: none.
    pub tie: u32,
}

/// What was measured of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// [`crate::facts::tables::UNKNOWN`] when not known; likewise pages.
    pub seconds: u32,
    pub pages: u32,
}

/// A line of an order or a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineFact {
    /// The product and its category.
    pub item: u32,
    pub quantity_milli: i64,
    /// Of one unit.
    pub price: Option<Amount>,
}

/// What was taken off the price of a whole line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscountFact {
    /// The product and its category.
    pub item: u32,
    pub amount: Amount,
}

/// One write of a trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraitFact {
    pub name: u16,
    /// The hash of the value's text, or that there is none.
    pub value: u64,
    pub if_absent: bool,
}

/// What the KPIs keep of a touchpoint. All names are numbers of the tenant's dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub number: u32,
    /// 0 for an unidentified touchpoint: observations are numbered from 1.
    pub observation: u32,
    pub at: i64,
    pub place: u16,
    pub body: Body,
    /// Time spent on it.
    pub seconds: u32,
    /// An explicit cost, beyond what rates say.
    pub cost: Option<Amount>,
    pub traits: Vec<TraitFact>,
    pub said: Said,
    /// What it says about an order.
    pub statement: Option<Statement>,
}

impl Fact {
    /// # Errors
    /// When the tenant has outgrown the dictionary or the numbers of the columns.
    pub fn of(
        number: TouchpointNo,
        observation: Option<ObservationNo>,
        at: Micros,
        channel: &Channel,
        source: &str,
        details: &Details,
        dictionary: &mut Dictionary,
    ) -> Result<Self, FactError> {
        let small = |n: i64| {
            let number = u32::try_from(n).ok().filter(|&n| n < TouchRow::LIMIT);
            number.ok_or(FactError::NumberTooLarge)
        };
        let survey = match &details.activity {
            Activity::SurveyAnswer(answer) => dictionary.intern_survey(&answer.survey_id),
            Activity::ReviewWritten(_) => dictionary.intern_survey(""),
            _ => 0,
        };
        let mut amount = |money: Money| {
            dictionary.intern_currency(money.currency).map(|currency| Amount { minor: money.minor, currency })
        };
        let body = match &details.activity {
            Activity::Order(order) => {
                Body::Order { amount: amount(order.amount)?, order_key: text_hash(&order.order_id) }
            }
            Activity::Return(back) => {
                let order_key = if back.order_id.is_empty() { 0 } else { text_hash(&back.order_id) };
                Body::Return { amount: amount(back.amount)?, order_key }
            }
            Activity::SurveyAnswer(answer) => {
                Body::Answer { kind: answer.kind.into(), score: answer.score, survey }
            }
            Activity::ReviewWritten(review) => match (review.rating, review.sentiment) {
                (None, None) => Body::Touch(TouchType::REVIEW_WRITTEN),
                // A review without stars has none.
                (score, _) => Body::Answer { kind: AnswerKind::Rating, score: score.unwrap_or(0), survey },
            },
            other => Body::Touch(TouchType::new(other.activity_type(), other.phase())),
        };
        let cost = details.cost.map(&mut amount).transpose()?;
        let seconds = details.handling_seconds.unwrap_or(0);
        let traits = details.traits.iter().filter_map(|write| {
            let (name, value) = dictionary.intern_trait(&write.name, &write.value)?;
            Some(TraitFact { name, value, if_absent: write.if_absent })
        });
        let traits = traits.collect();
        let (number, observation) =
            (small(number.0)?, observation.map_or(Ok(0), |observation| small(observation.0))?);
        let place = dictionary.intern_place_of(
            channel.as_str(),
            details.location.as_deref(),
            source,
            details.campaign.as_deref(),
        );
        let said_of = said_of_order(source, &details.activity, dictionary)?;
        let its_source = dictionary.place(place).source;
        let statement = said_of.map(|(key, says)| Statement {
            key,
            number,
            observation,
            at: at.0,
            source: its_source,
            id: (0, 0),
            says,
        });
        Ok(Self {
            number,
            observation,
            at: at.0,
            place,
            statement,
            body,
            seconds,
            cost,
            traits,
            said: Said::of(details, dictionary)?,
        })
    }
}

impl Said {
    fn of(details: &Details, dictionary: &mut Dictionary) -> Result<Self, DictionaryFull> {
        let (item, detail) = subject(details, dictionary);
        let mut said = Self { item, detail, tie: tie(details), ..Self::default() };
        match &details.activity {
            Activity::Visit(visit) if visit.duration_seconds.is_some() || visit.pages.is_some() => {
                let known = |n: Option<u32>| n.map_or(UNKNOWN, |n| n.min(UNKNOWN - 1));
                said.visit =
                    Some(Measured { seconds: known(visit.duration_seconds), pages: known(visit.pages) });
            }
            Activity::ReviewWritten(review) => {
                said.sentiment = review.sentiment.map(|s| (s.clamp(-1.0, 1.0) * 100.0).round() as i8);
            }
            Activity::CartUpdated(cart) | Activity::CheckoutStarted(cart) => {
                said.value = cart.value.map(|value| amount_of(value, dictionary)).transpose()?;
            }
            Activity::Order(order) => {
                said.lines = lines(&order.lines, dictionary)?;
                said.discounts = discounts(&order.lines, dictionary)?;
                said.margin = margin(order);
            }
            Activity::Return(back) => said.lines = lines(&back.lines, dictionary)?,
            _ => {}
        }
        Ok(said)
    }
}

/// What is said about an order, with the key that stands for it.
fn said_of_order(
    source: &str,
    activity: &Activity,
    dictionary: &mut Dictionary,
) -> Result<Option<(u64, Says)>, DictionaryFull> {
    let id = |id: &str| if id.is_empty() { 0 } else { pair_hash(source, id) };
    let (order_id, says) = match activity {
        Activity::Order(order) => {
            let Amount { minor, currency } = amount_of(order.amount, dictionary)?;
            (&order.order_id, Says::Order { minor, currency })
        }
        Activity::Return(back) => {
            let Amount { minor, currency } = amount_of(back.amount, dictionary)?;
            (&back.order_id, Says::Return { id: id(&back.return_id), minor, currency })
        }
        Activity::Cancellation(cancelled) => {
            let amount = cancelled.amount.map(|amount| amount_of(amount, dictionary)).transpose()?;
            let amount = amount.map(|amount| (amount.minor, amount.currency));
            (&cancelled.order_id, Says::Cancelled { id: 0, amount })
        }
        _ => return Ok(None),
    };
    Ok((!order_id.is_empty()).then(|| (text_hash(order_id), says)))
}

/// 64 bits that stand for an id that is a source's own.
fn pair_hash(source: &str, id: &str) -> u64 {
    text_hash(&format!("{source}\u{0}{id}"))
}

fn amount_of(money: Money, dictionary: &mut Dictionary) -> Result<Amount, DictionaryFull> {
    Ok(Amount { minor: money.minor, currency: dictionary.intern_currency(money.currency)? })
}

fn lines(lines: &[Line], dictionary: &mut Dictionary) -> Result<Vec<LineFact>, DictionaryFull> {
    let line = |line: &Line| {
        Ok(LineFact {
            item: dictionary.intern_item(&line.product_id, &line.category),
            quantity_milli: line.quantity_milli,
            price: line.unit_price.map(|price| amount_of(price, dictionary)).transpose()?,
        })
    };
    bought(lines).map(line).collect()
}

/// The lines of something: what was taken out of an order stays in it with a quantity of 0.
fn bought(lines: &[Line]) -> impl Iterator<Item = &Line> {
    lines.iter().filter(|line| line.quantity_milli != 0)
}

/// What the order says, or else the sum of what its lines say, if each of them says one: a part of
/// them would be no margin of the order. One in another currency than the amount says nothing.
fn margin(order: &Order) -> Option<i64> {
    let own = |margin: Money| (margin.currency == order.amount.currency).then_some(margin.minor);
    match order.margin {
        Some(margin) => own(margin),
        None if bought(&order.lines).next().is_none() => None,
        None => bought(&order.lines).try_fold(0_i64, |sum, line| sum.checked_add(own(line.margin?)?)),
    }
}

/// Said, or else what the price before discounts is more than the price after them.
fn discounts(lines: &[Line], dictionary: &mut Dictionary) -> Result<Vec<DiscountFact>, DictionaryFull> {
    let mut found = Vec::new();
    for line in bought(lines) {
        let between = || {
            let (list, unit) = (line.list_price?, line.unit_price?);
            let off = i128::from(list.minor - unit.minor) * i128::from(line.quantity_milli);
            let minor = i64::try_from((off + 500).div_euclid(1_000)).unwrap_or(i64::MAX);
            (list.currency == unit.currency).then_some(Money { minor, currency: list.currency })
        };
        let off = line.discount.or_else(between).filter(|off| off.minor > 0);
        if let Some(off) = off {
            let item = dictionary.intern_item(&line.product_id, &line.category);
            found.push(DiscountFact { item, amount: amount_of(off, dictionary)? });
        }
    }
    Ok(found)
}

/// Whether a cart says that it holds nothing; one that says neither lines nor a value says nothing.
fn is_empty(cart: &Cart) -> bool {
    let is_worth_nothing = || cart.value.is_some_and(|value| value.minor == 0);
    let nothing_left = bought(&cart.lines).next().is_none();
    nothing_left && (!cart.lines.is_empty() || is_worth_nothing())
}

fn tie(details: &Details) -> u32 {
    match &details.activity {
        Activity::ServiceContact(contact) => id_hash(&contact.case_id),
        Activity::Order(_) | Activity::Return(_) | Activity::ProductTrial(_) | Activity::Visit(_) => {
            details.visit_id.as_deref().map_or(0, id_hash)
        }
        _ => 0,
    }
}

/// What a touchpoint is about, and its kind within the type.
fn subject(details: &Details, dictionary: &mut Dictionary) -> (u32, u8) {
    let product = details.product.as_deref().unwrap_or_default();
    let mut about = |name: &str, category: &str| dictionary.intern_item(name, category);
    match &details.activity {
        Activity::Impression(ad) => (id_hash(&ad.ad_id), 0),
        Activity::AdClick(ad) => (id_hash(&ad.ad_id), 0),
        Activity::Message(message) => (id_hash(&message.message_id), message.status as u8),
        Activity::CartUpdated(cart) | Activity::CheckoutStarted(cart) => {
            (id_hash(&cart.cart_id), u8::from(is_empty(cart)))
        }
        Activity::Visit(visit) => (about(&visit.source_campaign, &visit.source_channel), visit.kind as u8),
        Activity::ProductView(view) => (about(&view.product_id, &view.category), 0),
        Activity::ReviewRead(read) => (about(&read.product_id, ""), 0),
        Activity::ProductTrial(trial) => (about(&trial.product_id, ""), trial.kind as u8),
        Activity::WishList(wish) => (about(&wish.product_id, ""), wish.change as u8),
        Activity::OfferShown(offer) => (about(&offer.offer_id, ""), offer.kind as u8),
        Activity::OfferAccepted(offer) => (about(&offer.offer_id, ""), offer.kind as u8),
        Activity::Order(order) => (about(&order.offer_id, ""), 0),
        Activity::NoPurchase(none) => (about(&none.reason, ""), 0),
        Activity::SocialEngagement(social) => (about(&social.network, ""), social.kind as u8),
        Activity::Advice(advice) => (about(product, ""), advice.kind as u8),
        Activity::StoreTechnology(technology) => (about(product, ""), technology.kind as u8),
        Activity::ServiceContact(contact) => (about(&contact.reason, ""), contact.stage as u8),
        Activity::Subscription(change) => (0, change.programme as u8 * 8 + change.change as u8),
        _ => (about(product, ""), 0),
    }
}

/// 32 bits that stand for an id among those of one customer; 0 for none.
fn id_hash(id: &str) -> u32 {
    if id.is_empty() { 0 } else { (text_hash(id) as u32).max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_keeps_the_phase_of_a_custom_touchpoint() {
        for &t in ActivityType::ALL {
            let touch_type = TouchType::new(t, None);
            assert_eq!((touch_type.activity_type(), touch_type.phase()), (t, t.phase()));
            assert!(usize::from(touch_type.0) < TouchType::COUNT);
        }
        for phase in Phase::ALL {
            let custom = TouchType::new(ActivityType::Custom, Some(phase));
            assert_eq!((custom.activity_type(), custom.phase()), (ActivityType::Custom, Some(phase)));
            assert!(usize::from(custom.0) < TouchType::COUNT);
        }
    }
}
