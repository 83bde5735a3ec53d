//! Activities, both ways. One table says how each field of each plain record is checked.

use super::{Checks, Choice, Path, money_to_proto};
use crate::model::activity::{self as model, SurveyKind};
use crate::model::{Activity, Phase, Reason};
use crate::rpc::proto;

/// A message that has a counterpart in the model.
trait Parse: Sized {
    type Model;
    fn parse(self, c: &mut Checks<'_>, at: &Path<'_>) -> Self::Model;
    fn write(model: Self::Model) -> Self;
}

/// How a field is checked on its way in ...
macro_rules! parse_field {
    (text, $c:ident, $at:expr, $value:expr) => {
        $c.text(&$at, $value)
    };
    (needed, $c:ident, $at:expr, $value:expr) => {
        $c.required_text(&$at, $value, $c.limits.text_bytes)
    };
    (choice, $c:ident, $at:expr, $value:expr) => {
        $c.choice(&$at, $value)
    };
    (plain, $c:ident, $at:expr, $value:expr) => {
        $value
    };
    (money, $c:ident, $at:expr, $value:expr) => {
        $c.money(&$at, $value)
    };
    (signed, $c:ident, $at:expr, $value:expr) => {
        $c.signed_money(&$at, $value)
    };
    (amount, $c:ident, $at:expr, $value:expr) => {
        $c.required_money(&$at, $value)
    };
    (said, $c:ident, $at:expr, $value:expr) => {
        $c.required(&$at, $value)
    };
}

/// ... and written on its way out.
macro_rules! write_field {
    (choice, $value:expr) => {
        $value.number()
    };
    (money, $value:expr) => {
        $value.map(money_to_proto)
    };
    (signed, $value:expr) => {
        $value.map(money_to_proto)
    };
    (amount, $value:expr) => {
        Some(money_to_proto($value))
    };
    (said, $value:expr) => {
        Some($value)
    };
    ($other:ident, $value:expr) => {
        $value
    };
}

macro_rules! records {
    ($( $name:ident { $( $how:ident $field:ident; )* } )*) => { $(
        impl Parse for proto::$name {
            type Model = model::$name;

            fn parse(self, c: &mut Checks<'_>, at: &Path<'_>) -> Self::Model {
                model::$name { $( $field: parse_field!($how, c, at.field(stringify!($field)), self.$field), )* }
            }

            fn write(model: Self::Model) -> Self {
                Self { $( $field: write_field!($how, model.$field), )* }
            }
        }
    )* };
}

records! {
    Impression { text ad_id; text placement; }
    AdClick { text ad_id; text placement; }
    Message { text message_id; choice status; text subject; }
    ArticleRead { text article_id; plain read_seconds; }
    Referral { text code; }
    Visit {
        choice kind; plain duration_seconds; plain pages; text source_channel; text source_campaign;
    }
    Search { text query; plain results; }
    ProductView { text product_id; text category; plain view_seconds; }
    ReviewRead { text product_id; }
    StoreTechnology { choice kind; text device; }
    Conversation { text topic; text clerk; }
    Advice { choice kind; text topic; }
    OfferShown { text offer_id; choice kind; }
    ProductTrial { text product_id; choice kind; }
    WishList { text product_id; choice change; }
    OfferAccepted { text offer_id; choice kind; }
    Payment { text order_id; money amount; text method; }
    Confirmation { text order_id; }
    NoPurchase { text reason; }
    Delivery { text order_id; choice kind; }
    Exchange { text order_id; text return_id; }
    Cancellation { text order_id; money amount; }
    ServiceContact { text case_id; choice stage; text reason; }
    SocialEngagement { choice kind; text network; text post_id; }
    Consent { text purpose; said given; }
    Registration { text method; }
    Login { text method; }
    ProfileUpdate { text origin; }
}

impl Parse for proto::Logout {
    type Model = model::Logout;

    fn parse(self, _: &mut Checks<'_>, _: &Path<'_>) -> Self::Model {
        model::Logout {}
    }

    fn write(model::Logout {}: Self::Model) -> Self {
        Self {}
    }
}

impl Parse for proto::Line {
    type Model = model::Line;

    fn parse(self, c: &mut Checks<'_>, at: &Path<'_>) -> Self::Model {
        model::Line {
            product_id: c.text(&at.field("product_id"), self.product_id),
            category: c.text(&at.field("category"), self.category),
            quantity_milli: quantity_milli(c, &at.field("quantity"), self.quantity),
            unit_price: c.money(&at.field("unit_price"), self.unit_price),
            list_price: c.money(&at.field("list_price"), self.list_price),
            discount: c.money(&at.field("discount"), self.discount),
            margin: c.signed_money(&at.field("margin"), self.margin),
            promotion: c.text(&at.field("promotion"), self.promotion),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "the limit on quantities keeps thousandths below 2^53")]
    fn write(model: Self::Model) -> Self {
        Self {
            product_id: model.product_id,
            category: model.category,
            quantity: Some(model.quantity_milli as f64 / 1_000.0),
            unit_price: model.unit_price.map(money_to_proto),
            list_price: model.list_price.map(money_to_proto),
            discount: model.discount.map(money_to_proto),
            margin: model.margin.map(money_to_proto),
            promotion: model.promotion,
        }
    }
}

/// Thousandths of a unit. The caller's number must be the double nearest to one with three
/// decimals, so that nothing is rounded away.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "bounded just before")]
fn quantity_milli(c: &mut Checks<'_>, at: &Path<'_>, said: Option<f64>) -> i64 {
    let quantity = c.required(at, said);
    let limit = c.limits.quantity;
    if !(0.0..=limit as f64).contains(&quantity) {
        c.refuse(at, Reason::OutOfRange, format!("from 0 to {limit}"));
        return 0;
    }
    let milli = (quantity * 1_000.0).round() as i64;
    if (milli as f64 / 1_000.0).to_bits() != quantity.abs().to_bits() {
        c.refuse(at, Reason::Malformed, "at most three decimals");
    }
    milli
}

fn lines(c: &mut Checks<'_>, at: &Path<'_>, lines: Vec<proto::Line>) -> Vec<model::Line> {
    let lines = c.count(&at.field("lines"), lines, c.limits.lines);
    lines.into_iter().enumerate().map(|(i, line)| line.parse(c, &at.item("lines", i))).collect()
}

fn write_lines(lines: Vec<model::Line>) -> Vec<proto::Line> {
    lines.into_iter().map(proto::Line::write).collect()
}

impl Parse for proto::Cart {
    type Model = model::Cart;

    fn parse(self, c: &mut Checks<'_>, at: &Path<'_>) -> Self::Model {
        model::Cart {
            cart_id: c.text(&at.field("cart_id"), self.cart_id),
            lines: lines(c, at, self.lines),
            value: c.money(&at.field("value"), self.value),
        }
    }

    fn write(model: Self::Model) -> Self {
        Self {
            cart_id: model.cart_id,
            lines: write_lines(model.lines),
            value: model.value.map(money_to_proto),
        }
    }
}

impl Parse for proto::Order {
    type Model = model::Order;

    fn parse(self, c: &mut Checks<'_>, at: &Path<'_>) -> Self::Model {
        model::Order {
            order_id: c.required_text(&at.field("order_id"), self.order_id, c.limits.text_bytes),
            amount: c.required_money(&at.field("amount"), self.amount),
            lines: lines(c, at, self.lines),
            fulfilment: c.choice(&at.field("fulfilment"), self.fulfilment),
            mobile_pos: self.mobile_pos,
            offer_id: c.text(&at.field("offer_id"), self.offer_id),
            margin: c.signed_money(&at.field("margin"), self.margin),
        }
    }

    fn write(model: Self::Model) -> Self {
        Self {
            order_id: model.order_id,
            amount: Some(money_to_proto(model.amount)),
            lines: write_lines(model.lines),
            fulfilment: model.fulfilment.number(),
            mobile_pos: model.mobile_pos,
            offer_id: model.offer_id,
            margin: model.margin.map(money_to_proto),
        }
    }
}

impl Parse for proto::Return {
    type Model = model::Return;

    fn parse(self, c: &mut Checks<'_>, at: &Path<'_>) -> Self::Model {
        model::Return {
            return_id: c.required_text(&at.field("return_id"), self.return_id, c.limits.text_bytes),
            order_id: c.text(&at.field("order_id"), self.order_id),
            amount: c.required_money(&at.field("amount"), self.amount),
            lines: lines(c, at, self.lines),
            reason: c.text(&at.field("reason"), self.reason),
        }
    }

    fn write(model: Self::Model) -> Self {
        Self {
            return_id: model.return_id,
            order_id: model.order_id,
            amount: Some(money_to_proto(model.amount)),
            lines: write_lines(model.lines),
            reason: model.reason,
        }
    }
}

impl Parse for proto::SurveyAnswer {
    type Model = model::SurveyAnswer;

    fn parse(self, c: &mut Checks<'_>, at: &Path<'_>) -> Self::Model {
        let kind = c.choice(&at.field("kind"), self.kind);
        let (name, range) = match kind {
            SurveyKind::Nps => ("an NPS", 0..=10),
            SurveyKind::Csat => ("a CSAT", 1..=5),
            SurveyKind::Ces => ("a CES", 1..=7),
        };
        let said = self.score.unwrap_or_default();
        if self.score.is_none() {
            c.refuse(&at.field("score"), Reason::Required, "must be set");
        } else if !range.contains(&said) {
            let allowed = format!("{name} score is from {} to {}", range.start(), range.end());
            c.refuse(&at.field("score"), Reason::OutOfRange, allowed);
        }
        let score = u8::try_from(said).unwrap_or(0);
        model::SurveyAnswer { kind, score, survey_id: c.text(&at.field("survey_id"), self.survey_id) }
    }

    fn write(model: Self::Model) -> Self {
        Self { kind: model.kind.number(), score: Some(model.score.into()), survey_id: model.survey_id }
    }
}

impl Parse for proto::ReviewWritten {
    type Model = model::ReviewWritten;

    fn parse(self, c: &mut Checks<'_>, at: &Path<'_>) -> Self::Model {
        if self.rating.is_some_and(|rating| !(1..=5).contains(&rating)) {
            c.refuse(&at.field("rating"), Reason::OutOfRange, "from 1 to 5");
        }
        if self.sentiment.is_some_and(|sentiment| !(-1.0..=1.0).contains(&sentiment)) {
            c.refuse(&at.field("sentiment"), Reason::OutOfRange, "from -1 to 1");
        }
        model::ReviewWritten {
            product_id: c.text(&at.field("product_id"), self.product_id),
            rating: self.rating.and_then(|rating| u8::try_from(rating).ok()),
            sentiment: self.sentiment,
        }
    }

    fn write(model: Self::Model) -> Self {
        Self { product_id: model.product_id, rating: model.rating.map(u32::from), sentiment: model.sentiment }
    }
}

impl Parse for proto::Subscription {
    type Model = model::Subscription;

    fn parse(self, c: &mut Checks<'_>, at: &Path<'_>) -> Self::Model {
        let limit = c.limits.points;
        if self.points.is_some_and(|points| !(0..=limit).contains(&points)) {
            c.refuse(&at.field("points"), Reason::OutOfRange, format!("from 0 to {limit}"));
        }
        model::Subscription {
            programme: c.choice(&at.field("programme"), self.programme),
            change: c.choice(&at.field("change"), self.change),
            points: self.points,
        }
    }

    fn write(model: Self::Model) -> Self {
        Self { programme: model.programme.number(), change: model.change.number(), points: model.points }
    }
}

impl Parse for proto::Custom {
    type Model = model::Custom;

    fn parse(self, c: &mut Checks<'_>, at: &Path<'_>) -> Self::Model {
        let named = (self.phase != 0).then(|| c.choice::<Phase>(&at.field("phase"), self.phase));
        model::Custom {
            name: c.required_text(&at.field("name"), self.name, c.limits.name_bytes),
            phase: named,
        }
    }

    fn write(model: Self::Model) -> Self {
        Self { name: model.name, phase: model.phase.map_or(0, Choice::number) }
    }
}

macro_rules! activities {
    ($( $variant:ident $name:literal, )*) => {
        /// Checks an activity; its path is the touchpoint's and the type's name.
        pub(super) fn parse(
            c: &mut Checks<'_>,
            at: &Path<'_>,
            activity: proto::touchpoint::Activity,
        ) -> Activity {
            match activity {
                $( proto::touchpoint::Activity::$variant(message) =>
                    Activity::$variant(message.parse(c, &at.field($name))), )*
            }
        }

        pub(super) fn write(activity: Activity) -> proto::touchpoint::Activity {
            match activity {
                $( Activity::$variant(model) => proto::touchpoint::Activity::$variant(Parse::write(model)), )*
            }
        }
    };
}

activities! {
    Impression "impression", AdClick "ad_click", Message "message", ArticleRead "article_read",
    ReferralReceived "referral_received", Visit "visit", Search "search", ProductView "product_view",
    ReviewRead "review_read", StoreTechnology "store_technology", Conversation "conversation",
    Advice "advice", OfferShown "offer_shown", ProductTrial "product_trial", WishList "wish_list",
    CartUpdated "cart_updated", CheckoutStarted "checkout_started", OfferAccepted "offer_accepted",
    Order "order", Payment "payment", Confirmation "confirmation", NoPurchase "no_purchase",
    Delivery "delivery", Return "return", Exchange "exchange", Cancellation "cancellation",
    ServiceContact "service_contact", SurveyAnswer "survey_answer", ReviewWritten "review_written",
    SocialEngagement "social_engagement", Subscription "subscription", ReferralMade "referral_made",
    Consent "consent", Registration "registration", Login "login", Logout "logout",
    ProfileUpdate "profile_update", Custom "custom",
}
