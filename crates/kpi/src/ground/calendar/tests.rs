//! Intervals and instants against the zones themselves.

use super::*;

fn at(text: &str) -> Micros {
    Micros::parse(text).unwrap()
}

fn intervals(zone: &str, unit: Unit, from: &str, until: &str) -> Intervals {
    Intervals::new(&Zone::named(zone).unwrap(), unit, Weekday::Monday, at(from), at(until)).unwrap()
}

#[test]
fn days_are_23_and_25_hours_long_when_the_clock_changes() {
    let days = intervals("Europe/Rome", Unit::Day, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
    assert_eq!(days.len(), 3);
    assert_eq!(days.start(0), at("2026-03-27T23:00:00Z"));
    assert_eq!(days.start(1), at("2026-03-28T23:00:00Z"));
    assert_eq!(days.end(1), at("2026-03-29T22:00:00Z"), "23 hours");
    let autumn = intervals("Europe/Rome", Unit::Day, "2026-10-25T12:00:00Z", "2026-10-25T13:00:00Z");
    assert_eq!(autumn.end(0).0 - autumn.start(0).0, 25 * HOUR_US);
}

#[test]
fn a_midnight_that_does_not_exist_begins_when_the_clock_moves_on() {
    // Chile moves the clock at midnight: 2026-09-06 begins at 01:00 local, 04:00 UTC.
    let days = intervals("America/Santiago", Unit::Day, "2026-09-06T12:00:00Z", "2026-09-06T13:00:00Z");
    assert_eq!(days.start(0), at("2026-09-06T04:00:00Z"));
    // Samoa skipped 2011-12-30 altogether: that day has no instant.
    let samoa = intervals("Pacific/Apia", Unit::Day, "2011-12-29T12:00:00Z", "2012-01-01T12:00:00Z");
    let (thursday, saturday) =
        (samoa.index(at("2011-12-30T09:59:59Z").0), samoa.index(at("2011-12-30T10:00:00Z").0));
    assert_eq!(saturday - thursday, 2);
    assert_eq!(samoa.start(thursday + 1), samoa.end(thursday + 1));
}

#[test]
fn weeks_begin_where_the_question_says() {
    let zone = Zone::utc();
    let week = |start| {
        let (from, until) = (at("2026-11-22T00:00:00Z"), at("2026-11-22T01:00:00Z"));
        Intervals::new(&zone, Unit::Week, start, from, until).unwrap().start(0)
    };
    assert_eq!(week(Weekday::Monday), at("2026-11-16T00:00:00Z"));
    assert_eq!(week(Weekday::Sunday), at("2026-11-22T00:00:00Z"));
    assert_eq!(week(Weekday::Saturday), at("2026-11-21T00:00:00Z"));
}

#[test]
fn hours_are_aligned_to_the_local_clock() {
    let hours = intervals("Asia/Kolkata", Unit::Hour, "2026-01-01T00:10:00Z", "2026-01-01T02:00:00Z");
    assert_eq!(hours.start(0), at("2025-12-31T23:30:00Z"));
    assert_eq!(hours.len(), 3);
}

/// Every lookup equals what jiff says about the instant itself.
#[test]
fn an_index_is_what_the_zone_says_of_the_instant() {
    for name in
        ["UTC", "Europe/Rome", "America/Santiago", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Kathmandu"]
    {
        let zone = Zone::named(name).unwrap();
        let (from, until) = (at("2010-06-01T07:00:00Z"), at("2013-02-01T00:00:00Z"));
        for unit in [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year] {
            let intervals = Intervals::new(&zone, unit, Weekday::Sunday, from, until).unwrap();
            let first = zone.date(intervals.start(0)).unwrap();
            let mut t = from.0;
            while t < until.0 {
                let date = zone.date(Micros(t)).unwrap();
                let days = date.duration_since(first).as_hours() / 24;
                let expected = match unit {
                    Unit::Day | Unit::Hour => days,
                    Unit::Week => days / 7,
                    Unit::Month | Unit::Quarter | Unit::Year => {
                        let months = i64::from(date.year() - first.year()) * 12
                            + i64::from(date.month() - first.month());
                        months / i64::from(unit.months().unwrap())
                    }
                };
                assert_eq!(intervals.index(t), expected as usize, "{name} {unit:?} {}", Micros(t));
                t += 37 * 60 * 1_000_000;
            }
        }
    }
}

#[test]
fn crowded_boundaries_are_found_too() {
    let starts: Vec<i64> = vec![0, 5, 5, 9, 1 << 36, 1 << 37, (1 << 37) + 3, 1 << 38];
    let intervals = Intervals::indexed(starts.clone(), Unit::Day);
    for at in starts.iter().flat_map(|&start| [start - 1, start, start + 1]) {
        let expected = starts[..7].partition_point(|&start| start <= at).max(1) - 1;
        assert_eq!(intervals.index(at), expected, "{at}");
    }
}

#[test]
fn instants_outside_fall_into_the_first_and_last() {
    let days = intervals("UTC", Unit::Day, "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z");
    assert_eq!(days.len(), 2);
    assert_eq!(days.index(at("2020-01-01T00:00:00Z").0), 0);
    assert_eq!(days.index(at("2030-01-01T00:00:00Z").0), 1);
    assert_eq!(Zone::named("Mars/Olympus"), Err(CalendarError::UnknownZone));
}

#[test]
fn a_day_more_keeps_the_local_time() {
    let rome = Zone::named("Europe/Rome").unwrap();
    let noon = at("2026-03-28T11:00:00Z");
    assert_eq!(rome.plus_days(noon, 1), Ok(at("2026-03-29T10:00:00Z")));
    assert_eq!(rome.plus_days(at("2026-03-29T10:00:00Z"), -1), Ok(noon));
    assert_eq!(rome.begins_a_day(at("2026-03-28T23:00:00Z")), Ok(true));
    assert_eq!(rome.begins_a_day(noon), Ok(false));
}

#[test]
fn too_many_intervals_are_refused() {
    let many = Intervals::new(
        &Zone::utc(),
        Unit::Hour,
        Weekday::Monday,
        at("2000-01-01T00:00:00Z"),
        at("2030-01-01T00:00:00Z"),
    );
    assert_eq!(many.err(), Some(CalendarError::TooManyIntervals));
}
