//! Engagement: offers, social networks, reviews.

use crate::engine::hits::Hits;
use crate::engine::mark::Mark;
use crate::engine::measure::{Ahead, ByPlace, Hit, Measure, Params, Seen, Stat};
use crate::facts::fact::TouchType;
use crate::facts::side_tables::ANSWERS;
use crate::facts::tables::NO_SENTIMENT;
use crate::facts::touch_types::Types;
use crate::ground::definition::{Definition, FACTORS, MEAN, NO_ANCHOR, SINGLE_VIEW, WILSON, parameter};
use crate::ground::small_map::Few;
use customer360_model::activity::SocialKind;

fn social(_: &Params) -> Types {
    Types::of([TouchType::SOCIAL_ENGAGEMENT])
}

fn reviews(_: &Params) -> Types {
    Types::of([TouchType::REVIEW_WRITTEN])
}

/// What the measures of this room have in common.
const COMMON: Measure = Measure { stat: Stat::Share, anchors: social, ..Measure::BASE };

pub static OFFER_CONVERSION: Measure = Measure {
    definition: Definition::scalar(
        "offer_conversion",
        "Offer conversion",
        "share of customers shown an offer",
        "Of the customers and offers shown to them in range (each pair once, at the first showing in range), the \
         share that accepted the same offer, or placed an order that names it, within W, by any channel. By \
         item: the offer; channel by other channel: the matrix of where it was shown and where it converted.",
    )
    .with(WILSON, NO_ANCHOR)
    .revised(2)
    .from(FACTORS)
    .asking(&[
        parameter("window.days", "14", "W"),
        parameter("window.kind", "CALENDAR", "local days (0 <= d <= W), or 24 hours each"),
    ]),
    window_days: 14,
    ahead: Ahead::Window,
    anchors: |_| Types::of([TouchType::OFFER_SHOWN]),
    beside: |_| Types::of([TouchType::OFFER_ACCEPTED, TouchType::ORDER]),
    observe: |seen, hits| {
        let mut shown = Few::new();
        for (nth, mark) in seen.anchors(TouchType::OFFER_SHOWN) {
            let offer = seen.item(mark);
            if offer != 0 && shown.is_new(offer) {
                hits.push(seen.asked(nth, |later| takes(later) && seen.item(later) == offer));
            }
        }
    },
    by_place: ByPlace::Itself,
    ..COMMON
};

fn takes(mark: &Mark) -> bool {
    mark.kind == TouchType::OFFER_ACCEPTED || mark.kind == TouchType::ORDER
}

fn interacts(mark: &Mark) -> bool {
    mark.detail != SocialKind::Unfollow as u8
}

pub(crate) fn interactions(seen: &Seen) -> impl Iterator<Item = Hit> {
    let its = seen.anchors(TouchType::SOCIAL_ENGAGEMENT).filter(|(_, mark)| interacts(mark));
    its.map(|(_, mark)| Hit::of(mark).part(1))
}

pub static SOCIAL_INTERACTIONS: Measure = Measure {
    definition: Definition::scalar(
        "social_interactions",
        "Social interactions",
        "interactions",
        "Likes, shares, comments, mentions and follows in range, those of nobody too; unfollows are none. By \
         item: the network.",
    )
    .from(SINGLE_VIEW),
    stat: Stat::Sum,
    nobody: true,
    observe: |seen, hits| hits.extend(interactions(seen)),
    ..COMMON
};

pub static ENGAGED_CUSTOMERS: Measure = Measure {
    definition: Definition::scalar(
        "engaged_customers",
        "Engaged customers",
        "customers",
        "Distinct customers with a like, share, comment, mention or follow in range.",
    )
    .from(SINGLE_VIEW),
    stat: Stat::Customers,
    observe: |seen, hits| hits.extend(interactions(seen)),
    ..COMMON
};

pub static FOLLOWS_NET: Measure = Measure {
    definition: Definition::scalar(
        "net_follows",
        "Net follows",
        "follows",
        "Follows less unfollows in range that were recorded as touchpoints, those of nobody too. Totals of \
         followers, as networks report them, are records.",
    )
    .from(SINGLE_VIEW),
    stat: Stat::Sum,
    nobody: true,
    observe: |seen, hits| {
        for (_, mark) in seen.anchors(TouchType::SOCIAL_ENGAGEMENT) {
            let is = |kind: SocialKind| i64::from(mark.detail == kind as u8);
            let part = is(SocialKind::Follow) - is(SocialKind::Unfollow);
            if part != 0 {
                hits.push(Hit::of(mark).part(part));
            }
        }
    },
    ..COMMON
};

/// Stars of a review, when it has any.
fn stars(mark: &Mark) -> Option<i64> {
    (mark.detail > 0).then_some(i64::from(mark.detail))
}

/// Hundredths, when the review says any.
fn sentiment(seen: &Seen, mark: &Mark) -> Option<i64> {
    let answers = &seen.tables.answers;
    // Reviews with neither stars nor a sentiment are no answers.
    let said = (mark.row.table() == ANSWERS).then(|| answers.sentiment[mark.row.row()])?;
    (said != NO_SENTIMENT).then_some(i64::from(said))
}

/// Reviews in range; what they are about is not kept.
fn reviewed(seen: &Seen, hits: &mut Hits, part: impl Fn(&Mark) -> Option<i64>) {
    let reviews = seen.anchors(TouchType::REVIEW_WRITTEN);
    hits.extend(reviews.filter_map(|(_, mark)| Some(Hit::of(mark).part(part(mark)?))));
}

pub static REVIEW_RATING: Measure = Measure {
    definition: Definition::scalar(
        "review_rating",
        "Mean rating of reviews",
        "stars",
        "The mean of the stars of reviews written in range, those of nobody too; reviews without stars are left \
         out.",
    )
    .with(MEAN, NO_ANCHOR)
    .from(FACTORS),
    stat: Stat::Mean,
    bounds: (1.0, 5.0),
    nobody: true,
    anchors: reviews,
    observe: |seen, hits| reviewed(seen, hits, stars),
    ..COMMON
};

pub static REVIEW_SENTIMENT: Measure = Measure {
    definition: Definition::scalar(
        "review_sentiment",
        "Mean sentiment of reviews",
        "from -1 to 1",
        "The mean of the sentiments of reviews written in range, those of nobody too, each kept to a hundredth; \
         reviews without one are left out.",
    )
    .with(MEAN, NO_ANCHOR)
    .from(SINGLE_VIEW),
    stat: Stat::Mean,
    bounds: (-1.0, 1.0),
    scale: 100.0,
    nobody: true,
    anchors: reviews,
    observe: |seen, hits| reviewed(seen, hits, |mark| sentiment(seen, mark)),
    ..COMMON
};

pub static NEGATIVE_REVIEWS: Measure = Measure {
    definition: Definition::scalar(
        "negative_reviews",
        "Negative reviews",
        "share of reviews",
        "Of the reviews in range with a sentiment or stars, those of nobody too, the share with a sentiment \
         below 0; where none is said, with one or two stars.",
    )
    .with(WILSON, NO_ANCHOR)
    .from(SINGLE_VIEW),
    stat: Stat::Share,
    nobody: true,
    anchors: reviews,
    observe: |seen, hits| {
        let negative = |mark: &Mark| match (sentiment(seen, mark), stars(mark)) {
            (Some(sentiment), _) => Some(i64::from(sentiment < 0)),
            (None, stars) => stars.map(|stars| i64::from(stars <= 2)),
        };
        reviewed(seen, hits, negative);
    },
    ..COMMON
};
