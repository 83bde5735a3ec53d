//! Figures of people who were counted and are not known, by hand.

use super::world::closed;
use super::world::{World, at, order};
use crate::catalogue::measures;
use crate::engine::dimension::Dimension;
use crate::engine::measure;
use crate::engine::measure::Params;
use crate::engine::records::{Counted, Crowd};
use crate::engine::scalar::{Question, compute};
use crate::shapes::store_conversion::{self, STORE_MEASURES};
use crate::*;
use customer360_model::activity::{Activity, SocialEngagement, SocialKind, Visit};
use customer360_model::*;

const DAY: i64 = 86_400_000_000;

fn march() -> Scope {
    closed(TimeRange { from: at("2026-03-01T00:00:00Z"), until: at("2026-04-01T00:00:00Z") })
}

fn noon(day: i64) -> Micros {
    Micros(at("2026-03-01T12:00:00Z").0 + (day - 1) * DAY)
}

fn counted(what: Crowd, name: &str, from: Micros, days: i64, people: i64) -> Counted {
    let interval = TimeRange { from, until: from.plus(days * DAY) };
    Counted { what, name: name.into(), campaign: String::new(), interval, people }
}

fn question(measures: Vec<&'static measure::Measure>, counted: Vec<Counted>) -> Question {
    let params = Params { counted, ..Params::default() };
    Question { scope: march(), measures, params, group_by: Vec::new(), spans: Vec::new() }
}

#[test]
fn reach_followers_and_entries_by_hand() {
    let mut world = World::of_people(1);
    for day in [1, 2, 3] {
        let like =
            SocialEngagement { network: "gram".into(), kind: SocialKind::Like, post_id: String::new() };
        world.add(1, noon(day), Activity::SocialEngagement(like)).channel = "social";
    }
    let begin = march().range.from;
    let ids = ["footfall", "reached_people", "engagement_over_reach", "followers_gained"];
    let mut asked = question(
        ids.map(|id| measures::find(id).unwrap()).to_vec(),
        vec![
            // Half of a count that began in February; another store; one of April.
            counted(Crowd::Entries, "Rome 1", begin.plus(-DAY), 2, 100),
            counted(Crowd::Entries, "Milan 2", begin, 1, 7),
            counted(Crowd::Entries, "Milan 2", march().range.until, 1, 99),
            counted(Crowd::Reach, "social", begin, 31, 60),
            counted(Crowd::Followers, "social", begin.plus(-9 * DAY), 0, 1_000),
            counted(Crowd::Followers, "social", noon(5), 0, 1_030),
            counted(Crowd::Followers, "social", noon(9), 0, 1_020),
            counted(Crowd::Followers, "web", noon(9), 0, 500),
        ],
    );
    let values = |asked: &Question| -> Vec<Option<f64>> {
        compute(&world.snapshot(), asked).unwrap().iter().map(|answer| answer.total.value).collect()
    };
    assert_eq!(values(&asked), [Some(57.0), Some(60.0), Some(0.05), Some(20.0)]);
    asked.scope.locations = vec!["Milan 2".into()];
    assert_eq!(values(&asked)[0], Some(7.0));
    asked.scope.locations.clear();
    asked.group_by = vec![Dimension::Of(GroupBy::Location)];
    let footfall = compute(&world.snapshot(), &asked).unwrap().remove(0);
    let groups: Vec<_> = footfall.groups.iter().map(|c| (c.keys[0].as_deref(), c.figure.value)).collect();
    assert_eq!(groups, [(Some("Milan 2"), Some(7.0)), (Some("Rome 1"), Some(50.0))]);
    asked.params.counted.clear();
    assert_eq!(values(&asked), [Some(0.0), Some(0.0), None, Some(0.0)], "nobody was counted");
}

#[test]
fn counted_entries_leave_bounds() {
    let mut world = World::of_people(3);
    let in_rome = |touch: &mut super::world::Touch| {
        (touch.channel, touch.location) = ("store", Some("Rome 1"));
    };
    for who in [1, 2] {
        in_rome(world.add(who, noon(2), Activity::Visit(Visit::default())));
    }
    // The first buys online afterwards, the second there; the third buys where nobody counts.
    world.add(1, noon(4), order("online", 10));
    in_rome(world.add(2, noon(2).plus(60), order("there", 10)));
    in_rome(world.add(0, noon(2), order("cash", 10)));
    in_rome(world.add(3, noon(20), order("later", 10)));
    let asked = question(
        STORE_MEASURES.to_vec(),
        vec![counted(Crowd::Entries, "Rome 1", march().range.from, 10, 20)],
    );
    let answer = store_conversion::compute(&world.snapshot(), &asked).unwrap();
    assert_eq!(answer.counted_entries, 20);
    assert_eq!(answer.counted_raw.value, Some(2.0 / 20.0), "the cash buyer too, the later one not");
    assert_eq!(answer.counted_low.value, Some(3.0 / 20.0));
    // Eighteen of the twenty are not known to have visited.
    assert_eq!(answer.counted_high.value, Some(21.0 / 20.0));
    assert_eq!(answer.raw.value, Some(3.0 / 2.0), "by recorded visits");
}
