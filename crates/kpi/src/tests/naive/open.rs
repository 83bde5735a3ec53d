//! Which anchors are not decided yet, read naively.

use super::super::world::Touch;
use super::{Count, DAY, Naive};
use crate::*;
use customer360_model::*;

impl<'a> Naive<'a> {
    /// Whether all of so many days after a touchpoint were observed.
    pub(super) fn sees(&self, days: u32, touch: &Touch) -> bool {
        match self.window.kind {
            WindowKind::Calendar => self.plain.sees_whole_days(touch.at, i64::from(days)),
            WindowKind::Elapsed => touch.at + i64::from(days) * DAY < self.plain.observed(),
        }
    }

    /// Whether an anchor is not decided yet: not all of its window was observed, whether or not it was answered. Of
    /// customers who count once: of any of their anchors.
    pub fn is_open(&self, id: &str, customer: u32, count: &Count<'a>) -> bool {
        let all = self.seen(customer);
        let any = |anchors: &dyn Fn(&Touch) -> bool| {
            all.iter().any(|t| self.counts(t) && anchors(t) && !self.sees(self.window.days, t))
        };
        match id {
            "conversion"
            | "conversion_same_channel"
            | "visit_rate"
            | "click_through_rate"
            | "offer_conversion"
            | "cart_abandonment"
            | "abandoned_cart_value"
            | "showroomers"
            | "store_conversion_adjusted"
            | "store_conversion_counted_adjusted"
            | "trial_conversion"
            | "cases_repeated_elsewhere"
            | "upsell_acceptance"
            | "returned_orders"
            | "returned_units"
            | "returned_value" => !self.sees(self.window.days, count.2),
            "cart_recovery" | "cart_recovery_elsewhere" => !self.sees(self.params.recovery_days, count.2),
            "care_within_target" => {
                let target = i64::from(self.params.care_target_minutes) * 60_000_000;
                count.2.at + target >= self.plain.observed()
            }
            "first_contact_resolution" => {
                self.resolved(&all, count.2).is_some_and(|t| !self.sees(self.window.days, t))
            }
            "visitor_conversion" => any(&|t| t.activity_type() == ActivityType::Visit),
            "upsell_customers" => {
                let offers = self.of("upsell_acceptance", customer);
                offers.iter().any(|offer| !self.sees(self.window.days, offer.2))
            }
            "funnel" => any(&|t| self.takes(t, &self.params.steps[0])),
            _ => false,
        }
    }
}
