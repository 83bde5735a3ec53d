//! What happened at a touchpoint: one variant per type of the catalogue.

use serde::{Deserialize, Serialize};

use super::{Money, Phase};

/// Declares the types once: variant, the name callers and tables see, the phase.
macro_rules! activities {
    ($( $variant:ident($body:ty) = $name:literal, $phase:expr; )*) => {
        /// What happened. Serialized with the type's name as the tag.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub enum Activity {
            $( #[serde(rename = $name)] $variant($body), )*
        }

        /// The type of an activity, without its content.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum ActivityType { $( $variant, )* }

        impl ActivityType {
            pub const ALL: &[Self] = &[ $( Self::$variant, )* ];

            /// The name in the API, in tables and in documents.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }

            /// The phase of the type; a custom touchpoint names its own.
            #[must_use]
            pub fn phase(self) -> Option<Phase> {
                match self { $( Self::$variant => $phase, )* }
            }
        }

        impl Activity {
            #[must_use]
            pub fn activity_type(&self) -> ActivityType {
                match self { $( Self::$variant(_) => ActivityType::$variant, )* }
            }
        }
    };
}

const AWARENESS: Option<Phase> = Some(Phase::Awareness);
const CONSIDERATION: Option<Phase> = Some(Phase::Consideration);
const DECISION: Option<Phase> = Some(Phase::Decision);
const SERVICE: Option<Phase> = Some(Phase::Service);
const LOYALTY: Option<Phase> = Some(Phase::Loyalty);

activities! {
    Impression(Impression) = "impression", AWARENESS;
    AdClick(AdClick) = "ad_click", AWARENESS;
    Message(Message) = "message", AWARENESS;
    ArticleRead(ArticleRead) = "article_read", AWARENESS;
    ReferralReceived(Referral) = "referral_received", AWARENESS;
    Visit(Visit) = "visit", CONSIDERATION;
    Search(Search) = "search", CONSIDERATION;
    ProductView(ProductView) = "product_view", CONSIDERATION;
    ReviewRead(ReviewRead) = "review_read", CONSIDERATION;
    StoreTechnology(StoreTechnology) = "store_technology", CONSIDERATION;
    Conversation(Conversation) = "conversation", CONSIDERATION;
    Advice(Advice) = "advice", CONSIDERATION;
    OfferShown(OfferShown) = "offer_shown", CONSIDERATION;
    ProductTrial(ProductTrial) = "product_trial", CONSIDERATION;
    WishList(WishList) = "wish_list", CONSIDERATION;
    CartUpdated(Cart) = "cart_updated", DECISION;
    CheckoutStarted(Cart) = "checkout_started", DECISION;
    OfferAccepted(OfferAccepted) = "offer_accepted", DECISION;
    Order(Order) = "order", DECISION;
    Payment(Payment) = "payment", DECISION;
    Confirmation(Confirmation) = "confirmation", DECISION;
    NoPurchase(NoPurchase) = "no_purchase", DECISION;
    Delivery(Delivery) = "delivery", SERVICE;
    Return(Return) = "return", SERVICE;
    Exchange(Exchange) = "exchange", SERVICE;
    Cancellation(Cancellation) = "cancellation", SERVICE;
    ServiceContact(ServiceContact) = "service_contact", SERVICE;
    SurveyAnswer(SurveyAnswer) = "survey_answer", LOYALTY;
    ReviewWritten(ReviewWritten) = "review_written", LOYALTY;
    SocialEngagement(SocialEngagement) = "social_engagement", LOYALTY;
    Subscription(Subscription) = "subscription", LOYALTY;
    ReferralMade(Referral) = "referral_made", LOYALTY;
    Consent(Consent) = "consent", LOYALTY;
    Registration(Registration) = "registration", None;
    Login(Login) = "login", None;
    Logout(Logout) = "logout", None;
    ProfileUpdate(ProfileUpdate) = "profile_update", None;
    Custom(Custom) = "custom", None;
}

impl ActivityType {
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|t| t.name() == name)
    }

    /// The stable number of the type within this build; never stored.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

impl Activity {
    #[must_use]
    pub fn phase(&self) -> Option<Phase> {
        match self {
            Self::Custom(custom) => custom.phase,
            other => other.activity_type().phase(),
        }
    }
}

/// Declares plain records whose fields are all optional in the document.
macro_rules! records {
    ($( $(#[$meta:meta])* $name:ident { $( $(#[$field_meta:meta])* $field:ident: $ty:ty, )* } )*) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name { $( $(#[$field_meta])* #[serde(skip_serializing_if = "is_default")] pub $field: $ty, )* }
    )* };
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Declares enums whose names in the document are snake case.
macro_rules! choices {
    ($( $(#[$meta:meta])* $name:ident { $first:ident, $( $variant:ident, )* } )*) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { #[default] $first, $( $variant, )* }
    )* };
}

choices! {
    MessageStatus { Sent, Delivered, Opened, Clicked, }
    VisitKind { Web, App, StoreEntry, Event, }
    StoreTechnologyKind { Beacon, QrCode, AugmentedReality, Kiosk, Signage, Window, }
    AdviceKind { AdviceSession, HowToContent, }
    TrialKind { FittingRoom, Tester, Demo, }
    WishListChange { Added, Removed, }
    Fulfilment { Unspecified, HomeDelivery, ClickAndCollect, ShipFromStore, TakeAway, }
    /// Whether an offer asks for more of the same kind or for something beside it.
    OfferKind { Promotion, Upsell, CrossSell, }
    DeliveryKind { Delivered, Collected, }
    /// What happened to a case.
    ContactStage { Opened, FirstHumanReply, FollowUp, Resolved, Reopened, }
    /// Which question was answered: NPS 0-10, CSAT 1-5, CES 1-7.
    SurveyKind { Nps, Csat, Ces, }
    SocialKind { Like, Share, Comment, Mention, Follow, Unfollow, }
    SubscriptionProgramme { Newsletter, Loyalty, }
    SubscriptionChange { Joined, Left, PointsEarned, PointsRedeemed, }
}

records! {
    Impression { ad_id: String, placement: String, }
    AdClick { ad_id: String, placement: String, }
    Message { message_id: String, status: MessageStatus, subject: String, }
    ArticleRead { article_id: String, read_seconds: Option<u32>, }
    Referral { code: String, }
    Visit {
        kind: VisitKind,
        duration_seconds: Option<u32>,
        pages: Option<u32>,
        /// Where the visit came from, as the tagging of the shop names it.
        source_channel: String,
        source_campaign: String,
    }
    Search { query: String, results: Option<u32>, }
    ProductView { product_id: String, category: String, view_seconds: Option<u32>, }
    ReviewRead { product_id: String, }
    StoreTechnology { kind: StoreTechnologyKind, device: String, }
    Conversation { topic: String, clerk: String, }
    Advice { kind: AdviceKind, topic: String, }
    OfferShown { offer_id: String, kind: OfferKind, }
    ProductTrial { product_id: String, kind: TrialKind, }
    WishList { product_id: String, change: WishListChange, }
    /// The whole cart after the change.
    Cart { cart_id: String, lines: Vec<Line>, value: Option<Money>, }
    OfferAccepted { offer_id: String, kind: OfferKind, }
    Line {
        product_id: String,
        category: String,
        /// Thousandths of a unit, so that weighed goods are exact.
        quantity_milli: i64,
        unit_price: Option<Money>,
        list_price: Option<Money>,
        discount: Option<Money>,
        margin: Option<Money>,
        promotion: String,
    }
    Payment { order_id: String, amount: Option<Money>, method: String, }
    Confirmation { order_id: String, }
    NoPurchase { reason: String, }
    Delivery { order_id: String, kind: DeliveryKind, }
    Exchange { order_id: String, return_id: String, }
    Cancellation { order_id: String, amount: Option<Money>, }
    ServiceContact { case_id: String, stage: ContactStage, reason: String, }
    SurveyAnswer { kind: SurveyKind, score: u8, survey_id: String, }
    ReviewWritten {
        product_id: String,
        /// Stars, 1 to 5.
        rating: Option<u8>,
        /// From -1 (negative) to 1 (positive).
        sentiment: Option<f64>,
    }
    SocialEngagement { kind: SocialKind, network: String, post_id: String, }
    Subscription { programme: SubscriptionProgramme, change: SubscriptionChange, points: Option<i64>, }
    Consent { purpose: String, given: bool, }
    Registration { method: String, }
    Login { method: String, }
    Logout {}
    /// Traits are said by the touchpoint itself.
    ProfileUpdate { origin: String, }
    Custom { name: String, phase: Option<Phase>, }
}

/// A purchase. One order id is one order per tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub order_id: String,
    /// What the customer pays, after discounts.
    pub amount: Money,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub fulfilment: Fulfilment,
    #[serde(default, skip_serializing_if = "is_default")]
    pub mobile_pos: bool,
    /// The upsell or cross-sell offer that the order answers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub offer_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<Money>,
}

/// Goods or money back. The link to the order is optional: real data often lacks it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Return {
    pub return_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub order_id: String,
    /// What goes back to the customer; not negative.
    pub amount: Money,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_its_name_and_tags_its_document() {
        for (index, &t) in ActivityType::ALL.iter().enumerate() {
            assert_eq!(ActivityType::parse(t.name()), Some(t));
            assert_eq!(t.index(), index);
        }
        let contact = Activity::ServiceContact(ServiceContact { case_id: "c1".into(), ..Default::default() });
        assert_eq!(serde_json::to_string(&contact).unwrap(), r#"{"service_contact":{"case_id":"c1"}}"#);
    }
}
