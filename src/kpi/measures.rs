//! All measures, in the order of the manual.

use super::measure::Measure;
use super::{basket, carts, channels, classic, conversion, engagement, funnel, journeys, lifecycle, visits};

/// All measures.
pub static ALL: &[&Measure] = &[
    &visits::VISITS,
    &visits::VISITORS,
    &visits::VISIT_RATE,
    &visits::NEW_CONTACTS,
    &visits::KNOWN_VISITORS,
    &visits::IDENTIFICATION_RATE,
    &visits::NEWLY_IDENTIFIED,
    &visits::CLICK_THROUGH_RATE,
    &visits::VISIT_DURATION,
    &visits::VISIT_DURATION_MEAN,
    &visits::VISIT_DURATION_P90,
    &visits::BOUNCE_RATE,
    &engagement::OFFER_CONVERSION,
    &engagement::SOCIAL_INTERACTIONS,
    &engagement::ENGAGED_CUSTOMERS,
    &engagement::FOLLOWS_NET,
    &engagement::REVIEW_RATING,
    &engagement::REVIEW_SENTIMENT,
    &engagement::NEGATIVE_REVIEWS,
    &conversion::CONVERSION,
    &conversion::CONVERSION_SAME_CHANNEL,
    &conversion::VISITOR_CONVERSION,
    &conversion::NO_PURCHASE,
    &conversion::CHANNEL_CONVERSION,
    &conversion::STORE_CONVERSION,
    &conversion::SHOWROOMERS,
    &conversion::STORE_CONVERSION_ADJUSTED,
    &conversion::ROPO,
    &conversion::REVERSE_ROPO,
    &journeys::JOURNEY_LENGTH,
    &journeys::JOURNEY_DAYS,
    &journeys::ASSISTED_ORDERS,
    &journeys::ATTRIBUTED_ORDERS,
    &carts::CART_ABANDONMENT,
    &carts::CART_RECOVERY,
    &carts::CART_RECOVERY_ELSEWHERE,
    &carts::ABANDONED_VALUE,
    &basket::AVERAGE_ORDER_VALUE,
    &basket::ITEMS_PER_ORDER,
    &funnel::FUNNEL,
    &lifecycle::NEW_BUYERS,
    &lifecycle::RETURNING_BUYERS,
    &lifecycle::RESURRECTED_BUYERS,
    &lifecycle::DORMANT_BUYERS,
    &lifecycle::ACTIVE_DAYS,
    &channels::ACTIVE_CUSTOMERS,
    &channels::OMNICHANNEL_SHARE,
    &channels::CHANNELS_USED,
    &channels::REVENUE,
    &channels::OMNICHANNEL_REVENUE,
    &channels::PROGRAMME_JOINED,
    &channels::PROGRAMME_MEMBERS,
    &channels::PROGRAMME_ACTIVE,
    &channels::PROGRAMME_REVENUE,
    &classic::RETAINED,
    &classic::REPURCHASED,
    &classic::PROMOTED,
    &classic::SERVED,
];

/// The measure of an id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Measure> {
    ALL.iter().copied().find(|measure| measure.definition.id == id)
}
