//! All measures, in the order of the manual.

use crate::engine::measure::Measure;
use crate::measures::acquisition;
use crate::measures::advocacy;
use crate::measures::basket;
use crate::measures::care;
use crate::measures::carts;
use crate::measures::conversion;
use crate::measures::engagement;
use crate::measures::footfall;
use crate::measures::funnel;
use crate::measures::journeys;
use crate::measures::lifecycle;
use crate::measures::margin;
use crate::measures::omnichannel;
use crate::measures::returns;
use crate::measures::seamless;
use crate::measures::trial;
use crate::measures::upselling;
use crate::measures::visits;
use crate::shapes::headline;
use crate::shapes::incentive;
use crate::shapes::lifetime;
use crate::shapes::mix;
use crate::shapes::rfm;

/// All measures.
pub static ALL: &[&Measure] = &[
    &visits::VISITS,
    &visits::VISITORS,
    &visits::VISIT_RATE,
    &visits::NEW_CONTACTS,
    &visits::KNOWN_VISITORS,
    &visits::IDENTIFICATION_RATE,
    &visits::NEWLY_IDENTIFIED,
    &footfall::FOOTFALL,
    &visits::CLICK_THROUGH_RATE,
    &visits::VISIT_DURATION,
    &visits::VISIT_DURATION_MEAN,
    &visits::VISIT_DURATION_P90,
    &visits::BOUNCE_RATE,
    &engagement::OFFER_CONVERSION,
    &engagement::SOCIAL_INTERACTIONS,
    &engagement::ENGAGED_CUSTOMERS,
    &engagement::FOLLOWS_NET,
    &footfall::REACHED,
    &footfall::ENGAGEMENT_OVER_REACH,
    &footfall::FOLLOWERS_GAINED,
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
    &footfall::COUNTED_CONVERSION,
    &footfall::COUNTED_ADJUSTED,
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
    &basket::MEDIAN_ORDER_VALUE,
    &basket::ITEMS_PER_ORDER,
    &funnel::FUNNEL,
    &lifecycle::NEW_BUYERS,
    &lifecycle::RETURNING_BUYERS,
    &lifecycle::RESURRECTED_BUYERS,
    &lifecycle::DORMANT_BUYERS,
    &lifecycle::ACTIVE_DAYS,
    &rfm::BUYERS,
    &lifetime::MONTHS_ACTIVE,
    &lifetime::HISTORIC_VALUE,
    &lifetime::HISTORIC_VALUE_MEAN,
    &lifetime::EXPECTED_ALIVE,
    &lifetime::EXPECTED_PURCHASES,
    &lifetime::EXPECTED_VALUE,
    &omnichannel::ACTIVE_CUSTOMERS,
    &omnichannel::OMNICHANNEL_SHARE,
    &omnichannel::CHANNELS_USED,
    &omnichannel::REVENUE,
    &returns::NET_SALES,
    &omnichannel::OMNICHANNEL_REVENUE,
    &omnichannel::PROGRAMME_JOINED,
    &omnichannel::PROGRAMME_MEMBERS,
    &omnichannel::PROGRAMME_ACTIVE,
    &omnichannel::PROGRAMME_REVENUE,
    &headline::RETAINED,
    &headline::REPURCHASED,
    &headline::PROMOTED,
    &advocacy::CSAT,
    &advocacy::CSAT_SATISFIED,
    &advocacy::CES,
    &advocacy::CES_EASY,
    &advocacy::ADVOCATES,
    &headline::SERVED,
    &trial::TRIAL_CONVERSION,
    &trial::PRODUCTS_TRIED,
    &care::FIRST_REPLY_MEDIAN,
    &care::FIRST_REPLY_P90,
    &care::REPLIED_1H,
    &care::REPLIED_4H,
    &care::REPLIED_8H,
    &care::REPLIED_24H,
    &care::REPLIED_48H,
    &care::RESOLUTION_MEDIAN,
    &care::RESOLUTION_P90,
    &care::WITHIN_TARGET,
    &care::FIRST_CONTACT_RESOLUTION,
    &seamless::CASES_REPEATED,
    &seamless::SEAMLESS_SWITCHES,
    &acquisition::NEW_CUSTOMERS,
    &acquisition::ACQUISITION_COST,
    &upselling::UPSELL_ACCEPTANCE,
    &upselling::UPSELL_CUSTOMERS,
    &upselling::UPSELL_REVENUE_SHARE,
    &upselling::UPSELL_ORDER_VALUE,
    &upselling::PLAIN_ORDER_VALUE,
    &returns::RETURNED_ORDERS,
    &returns::RETURNED_UNITS,
    &returns::RETURNED_VALUE,
    &returns::RETURN_DAYS,
    &returns::RETURN_DAYS_P90,
    &returns::RETURNS_ELSEWHERE,
    &returns::ONLINE_RETURNED_IN_STORE,
    &returns::ORDERS_AT_RETURNS,
    &mix::UNITS_SOLD,
    &mix::LINE_REVENUE,
    &mix::AVERAGE_UNIT_PRICE,
    &mix::DISCOUNT_SHARE,
    &margin::GROSS_PROFIT,
    &margin::GROSS_MARGIN,
    &incentive::RECEIPTS,
    &incentive::SALES,
    &incentive::CREDITED_SALES,
    &incentive::ASSISTED_SALES,
    &incentive::INTEGRATION_INDEX,
    &incentive::LIKES,
    &incentive::SHARES,
    &incentive::MENTIONS,
    &incentive::SUBSCRIPTIONS,
];

/// The measure of an id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Measure> {
    ALL.iter().copied().find(|measure| measure.definition.id == id)
}

/// How many of a measure's numerators and denominators make one: 1,000 where both are thousandths.
#[must_use]
pub fn parts_of_one(measure: &Measure) -> f64 {
    match measure.definition.id {
        "returned_units" | "average_unit_price" => 1_000.0,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_thousandths_says_so() {
        for measure in ALL {
            let says = measure.definition.formula.contains("in thousandths");
            assert_eq!(parts_of_one(measure) > 1.0, says, "{}", measure.definition.id);
        }
    }
}
