//! Enums of the API and of the model that hold the same values, both ways.

use crate::kpi::engine::params::AnswersCounted;
use crate::kpi::ground::calendar::Unit as CohortUnit;
use crate::kpi::shapes::triangle::CohortStart;
use crate::kpi::{CancelledOrders, First as FirstMeaning, OrderUnit, Weekday, WindowKind};
use crate::model::activity::{
    AdviceKind, ContactStage, DeliveryKind, Fulfilment, MessageStatus, OfferKind, SocialKind,
    StoreTechnologyKind, SubscriptionChange, SubscriptionProgramme, SurveyKind, TrialKind, VisitKind,
    WishListChange,
};
use crate::model::{ActivityType, CustomerKind, Phase, Reason};
use crate::rpc::proto;

/// A value of the model that stands in messages as a number.
pub trait Choice: Sized + Copy {
    /// The enum's name in the API.
    const NAME: &'static str;
    /// Stands in after a refusal; never let out.
    const FALLBACK: Self;
    /// `None` when the number is not one of the enum's.
    fn parse(number: i32) -> Option<Self>;
    fn number(self) -> i32;
}

macro_rules! choices {
    ($( $name:ident($fallback:ident, unspecified = $unspecified:expr) { $( $variant:ident, )* } )*) => { $(
        impl Choice for $name {
            const NAME: &'static str = stringify!($name);
            const FALLBACK: Self = Self::$fallback;

            fn parse(number: i32) -> Option<Self> {
                match proto::$name::try_from(number).ok()? {
                    proto::$name::Unspecified => $unspecified,
                    $( proto::$name::$variant => Some(Self::$variant), )*
                }
            }

            fn number(self) -> i32 {
                match self { $( Self::$variant => proto::$name::$variant as i32, )* }
            }
        }
    )* };
}

choices! {
    MessageStatus(Sent, unspecified = Some(Self::Sent)) { Sent, Delivered, Opened, Clicked, }
    VisitKind(Web, unspecified = Some(Self::Web)) { Web, App, StoreEntry, Event, }
    StoreTechnologyKind(Beacon, unspecified = Some(Self::Beacon)) {
        Beacon, QrCode, AugmentedReality, Kiosk, Signage, Window,
    }
    AdviceKind(AdviceSession, unspecified = Some(Self::AdviceSession)) { AdviceSession, HowToContent, }
    TrialKind(FittingRoom, unspecified = Some(Self::FittingRoom)) { FittingRoom, Tester, Demo, }
    WishListChange(Added, unspecified = Some(Self::Added)) { Added, Removed, }
    OfferKind(Promotion, unspecified = Some(Self::Promotion)) { Promotion, Upsell, CrossSell, }
    DeliveryKind(Delivered, unspecified = Some(Self::Delivered)) { Delivered, Collected, }
    ContactStage(Opened, unspecified = Some(Self::Opened)) {
        Opened, FirstHumanReply, FollowUp, Resolved, Reopened,
    }
    SurveyKind(Nps, unspecified = None) { Nps, Csat, Ces, }
    SocialKind(Like, unspecified = Some(Self::Like)) { Like, Share, Comment, Mention, Follow, Unfollow, }
    SubscriptionProgramme(Newsletter, unspecified = Some(Self::Newsletter)) { Newsletter, Loyalty, }
    SubscriptionChange(Joined, unspecified = Some(Self::Joined)) {
        Joined, Left, PointsEarned, PointsRedeemed,
    }
    Phase(Awareness, unspecified = None) { Awareness, Consideration, Decision, Service, Loyalty, }
    CustomerKind(Anonymous, unspecified = None) { Anonymous, Registered, }
    CohortUnit(Month, unspecified = Some(Self::Month)) { Hour, Day, Week, Month, Quarter, Year, }
    CohortStart(FirstTime, unspecified = Some(Self::FirstTime)) { FirstTime, Recurring, }
    FirstMeaning(Ever, unspecified = Some(Self::Ever)) { Ever, InScope, }
    CancelledOrders(LeaveOut, unspecified = Some(Self::LeaveOut)) { LeaveOut, Count, }
    WindowKind(Calendar, unspecified = Some(Self::Calendar)) { Calendar, Elapsed, }
    AnswersCounted(LastPerCustomer, unspecified = Some(Self::LastPerCustomer)) {
        LastPerCustomer, EveryAnswer,
    }
    Weekday(Monday, unspecified = Some(Self::Monday)) {
        Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday,
    }
}

impl Choice for OrderUnit {
    const NAME: &'static str = "OrderUnit";
    const FALLBACK: Self = Self::Usual;

    fn parse(number: i32) -> Option<Self> {
        Some(match proto::OrderUnit::try_from(number).ok()? {
            proto::OrderUnit::Unspecified => Self::Usual,
            proto::OrderUnit::Order => Self::Order,
            proto::OrderUnit::CustomerDay => Self::CustomerDay,
        })
    }

    fn number(self) -> i32 {
        match self {
            Self::Usual => proto::OrderUnit::Unspecified as i32,
            Self::Order => proto::OrderUnit::Order as i32,
            Self::CustomerDay => proto::OrderUnit::CustomerDay as i32,
        }
    }
}

impl Choice for Fulfilment {
    const NAME: &'static str = "Fulfilment";
    const FALLBACK: Self = Self::Unspecified;

    fn parse(number: i32) -> Option<Self> {
        Some(match proto::Fulfilment::try_from(number).ok()? {
            proto::Fulfilment::Unspecified => Self::Unspecified,
            proto::Fulfilment::HomeDelivery => Self::HomeDelivery,
            proto::Fulfilment::ClickAndCollect => Self::ClickAndCollect,
            proto::Fulfilment::ShipFromStore => Self::ShipFromStore,
            proto::Fulfilment::TakeAway => Self::TakeAway,
        })
    }

    fn number(self) -> i32 {
        match self {
            Self::Unspecified => proto::Fulfilment::Unspecified as i32,
            Self::HomeDelivery => proto::Fulfilment::HomeDelivery as i32,
            Self::ClickAndCollect => proto::Fulfilment::ClickAndCollect as i32,
            Self::ShipFromStore => proto::Fulfilment::ShipFromStore as i32,
            Self::TakeAway => proto::Fulfilment::TakeAway as i32,
        }
    }
}

/// The types stand in the API in the model's order, after UNSPECIFIED; a test holds them to it.
#[must_use]
pub fn activity_type_number(activity_type: ActivityType) -> i32 {
    i32::try_from(activity_type.index() + 1).unwrap_or(0)
}

/// `None` for UNSPECIFIED and for numbers that are no type.
#[must_use]
pub fn activity_type(number: i32) -> Option<ActivityType> {
    ActivityType::ALL.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
}

/// The reason of a violation in the API.
#[must_use]
pub fn violation_reason(reason: Reason) -> proto::ViolationReason {
    match reason {
        Reason::Required => proto::ViolationReason::Required,
        Reason::Malformed => proto::ViolationReason::Malformed,
        Reason::OutOfRange => proto::ViolationReason::OutOfRange,
        Reason::TooLong => proto::ViolationReason::TooLong,
        Reason::TooMany => proto::ViolationReason::TooMany,
        Reason::Unknown => proto::ViolationReason::Unknown,
        Reason::Conflict => proto::ViolationReason::Conflict,
        Reason::Denied => proto::ViolationReason::Denied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activity_types_have_the_same_names_in_the_api() {
        for &t in ActivityType::ALL {
            let number = activity_type_number(t);
            let name = proto::ActivityType::try_from(number).unwrap().as_str_name();
            assert_eq!(name, format!("ACTIVITY_TYPE_{}", t.name().to_uppercase()));
            assert_eq!(activity_type(number), Some(t));
        }
        let after_the_last = i32::try_from(ActivityType::ALL.len()).unwrap() + 1;
        assert!(proto::ActivityType::try_from(after_the_last).is_err());
        for number in [0, -1, after_the_last, i32::MAX, i32::MIN] {
            assert_eq!(activity_type(number), None, "{number}");
        }
    }
}
