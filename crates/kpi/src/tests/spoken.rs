//! What was answered, recommended and sold in the end, by the definitions in words.

use super::naive::{Count, Naive};
use super::world::Touch;
use customer360_model::Money;
use customer360_model::activity::{Activity, SurveyKind};

impl<'a> Naive<'a> {
    /// The last answer in range.
    pub(super) fn answered(&self, id: &str, all: &[&'a Touch]) -> Option<Count<'a>> {
        let kind = match id {
            "nps" => SurveyKind::Nps,
            "ces" | "ces_easy" => SurveyKind::Ces,
            _ => SurveyKind::Csat,
        };
        let score = |t: &&'a Touch| match &t.details.activity {
            Activity::SurveyAnswer(a) if a.kind == kind && self.counts(t) => Some((*t, a.score)),
            _ => None,
        };
        let (touch, score) = all.iter().filter_map(score).next_back()?;
        let part = match id {
            "nps" => i64::from(score >= 9) - i64::from(score <= 6),
            "csat_satisfied" => i64::from(score >= 4),
            "ces_easy" => i64::from(score >= 5),
            _ => i64::from(score),
        };
        Some((part, 1, touch, None))
    }

    /// Orders, and what came back of known ones, each on its own day.
    pub(super) fn net(&self, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let wanted = |money: &Money| self.plain.scope.currency.is_none_or(|its| its == money.currency);
        let mut counts: Vec<Count> = Vec::new();
        for &touch in all.iter().filter(|t| self.counts(t)) {
            if self.is_order(touch) {
                counts.push((touch.order().unwrap().amount.minor, 1, touch, None));
            }
            let back = touch.back().map(|back| back.amount).filter(wanted);
            if let Some(back) = back.filter(|_| self.order_of(all, touch).is_some()) {
                counts.push((-back.minor, 1, touch, None));
            }
        }
        counts
    }

    pub(super) fn advocates(&self, all: &[&'a Touch]) -> Vec<Count<'a>> {
        let speaks = |t: &&&Touch| {
            self.counts(t)
                && match &t.details.activity {
                    Activity::SurveyAnswer(a) => a.kind == SurveyKind::Nps && a.score >= 9,
                    Activity::ReviewWritten(review) => review.rating.is_some_and(|stars| stars >= 4),
                    Activity::ReferralMade(_) => true,
                    _ => false,
                }
        };
        all.iter().filter(speaks).map(|t| (1, 1, *t, None)).collect()
    }
}
