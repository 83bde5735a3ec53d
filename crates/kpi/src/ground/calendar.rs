//! Local time: where hours, days, weeks and months begin in a time zone, fast per row.
//!
//! A question lays its boundaries out once; then an instant finds its interval by two reads
//! and a comparison, across changes of the clock too.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use customer360_model::Micros;
use customer360_model::time::{DAY_US, HOUR_US};

/// Boundaries a question may lay out; more are refused instead of filling the memory.
pub const INTERVALS_LIMIT: usize = 200_000;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    #[error("no time zone of that name in the IANA database")]
    UnknownZone,
    #[error("an instant lies outside the calendar")]
    OutOfCalendar,
    #[error("more than {INTERVALS_LIMIT} intervals")]
    TooManyIntervals,
}

/// The length of an interval of local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Sixty elapsed minutes, aligned to the local clock where the layout begins.
    Hour,
    Day,
    Week,
    Month,
    /// From January, April, July and October on.
    Quarter,
    Year,
}

impl Unit {
    /// Local months, if it is some.
    fn months(self) -> Option<i32> {
        match self {
            Self::Month => Some(1),
            Self::Quarter => Some(3),
            Self::Year => Some(12),
            Self::Hour | Self::Day | Self::Week => None,
        }
    }
}

/// So many of a unit at a time: from the one on in which the layout begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Granularity {
    pub unit: Unit,
    /// At least 1.
    pub count: u32,
}

impl From<Unit> for Granularity {
    fn from(unit: Unit) -> Self {
        Self { unit, count: 1 }
    }
}

/// A time zone of the IANA database.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// # Errors
    /// When the IANA database has no zone of that name. The empty name is UTC.
    pub fn named(name: &str) -> Result<Self, CalendarError> {
        match name {
            "" => Ok(Self(TimeZone::UTC)),
            _ => TimeZone::get(name).map(Self).map_err(|_| CalendarError::UnknownZone),
        }
    }

    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The instant at which the local clock shows the same time `days` days later (or earlier). The beginning of a
    /// day stays one, although a clock that is put forward at midnight shows another time then.
    ///
    /// # Errors
    /// When either instant lies outside the years -9999 to 9999.
    pub fn plus_days(&self, at: Micros, days: i32) -> Result<Micros, CalendarError> {
        self.moved(at, days.days())
    }

    /// The same local time so many months later; the last day of a month that is shorter.
    ///
    /// # Errors
    /// When either instant lies outside the years -9999 to 9999.
    pub fn plus_months(&self, at: Micros, months: i32) -> Result<Micros, CalendarError> {
        self.moved(at, months.months())
    }

    fn moved(&self, at: Micros, by: jiff::Span) -> Result<Micros, CalendarError> {
        let out = |_| CalendarError::OutOfCalendar;
        let zoned = timestamp(at)?.to_zoned(self.0.clone());
        let moved = match self.begins_a_day(at)? {
            true => {
                let day = zoned.date().checked_add(by).map_err(out)?;
                day.to_zoned(self.0.clone()).and_then(|day| day.start_of_day())
            }
            false => zoned.checked_add(by),
        };
        Ok(Micros(moved.map_err(out)?.timestamp().as_microsecond()))
    }

    /// The beginning of the local day of an instant.
    ///
    /// # Errors
    /// When the instant lies outside the years -9999 to 9999.
    pub fn day_of(&self, at: Micros) -> Result<Micros, CalendarError> {
        self.day_after(at, 0)
    }

    /// The beginning of the local day so many days after that of an instant.
    ///
    /// # Errors
    /// When either lies outside the years -9999 to 9999.
    pub fn day_after(&self, at: Micros, days: i32) -> Result<Micros, CalendarError> {
        let out = |_| CalendarError::OutOfCalendar;
        let date = self.date(at)?.checked_add(days.days()).map_err(out)?;
        let zoned = date.to_zoned(self.0.clone()).map_err(out)?;
        Ok(Micros(zoned.start_of_day().map_err(out)?.timestamp().as_microsecond()))
    }

    /// Where the interval begins that ends where one begins.
    ///
    /// # Errors
    /// When it leaves the years -9999 to 9999.
    pub fn before(&self, begin: Micros, by: Granularity) -> Result<Micros, CalendarError> {
        let count = i32::try_from(by.count.max(1)).unwrap_or(i32::MAX);
        match (by.unit, by.unit.months()) {
            (_, Some(months)) => self.plus_months(begin, -months.saturating_mul(count)),
            (Unit::Hour, None) => Ok(begin.plus(-HOUR_US * i64::from(count))),
            (Unit::Week, None) => self.plus_days(begin, count.saturating_mul(-7)),
            (_, None) => self.plus_days(begin, -count),
        }
    }

    /// How many local days later the day of an instant is than that of another.
    ///
    /// # Errors
    /// When either lies outside the years -9999 to 9999.
    pub fn days_between(&self, from: Micros, until: Micros) -> Result<i32, CalendarError> {
        Ok((self.date(until)?.duration_since(self.date(from)?).as_hours() / 24) as i32)
    }

    /// What the local clock and calendar show at an instant.
    ///
    /// # Errors
    /// When the instant lies outside the years -9999 to 9999.
    pub fn local(&self, at: Micros) -> Result<DateTime, CalendarError> {
        Ok(self.0.to_datetime(timestamp(at)?))
    }

    /// The local date of an instant.
    ///
    /// # Errors
    /// When the instant lies outside the years -9999 to 9999.
    pub fn date(&self, at: Micros) -> Result<Date, CalendarError> {
        Ok(self.local(at)?.date())
    }

    /// Whether the instant is the beginning of a local day.
    ///
    /// # Errors
    /// When the instant lies outside the years -9999 to 9999.
    pub fn begins_a_day(&self, at: Micros) -> Result<bool, CalendarError> {
        let zoned = timestamp(at)?.to_zoned(self.0.clone());
        let start = zoned.start_of_day().map_err(|_| CalendarError::OutOfCalendar)?;
        Ok(start.timestamp() == zoned.timestamp())
    }

    /// Stretches of constant offset that cover `from..until`: first instant, offset in microseconds.
    fn offsets(&self, from: Timestamp, until: Timestamp) -> Vec<(i64, i64)> {
        let offset = |at| i64::from(self.0.to_offset(at).seconds()) * 1_000_000;
        let mut stretches = vec![(i64::MIN, offset(from))];
        for transition in self.0.following(from) {
            if transition.timestamp() >= until {
                break;
            }
            let at = transition.timestamp();
            stretches.push((at.as_microsecond(), offset(at)));
        }
        stretches
    }
}

fn timestamp(at: Micros) -> Result<Timestamp, CalendarError> {
    Timestamp::from_microsecond(at.0).map_err(|_| CalendarError::OutOfCalendar)
}

/// Consecutive intervals of local time, numbered from 0, that cover a stretch of time.
#[derive(Debug, Clone)]
pub struct Intervals {
    /// Where each begins; one more marks the end of the last.
    starts: Vec<i64>,
    /// Slots of `1 << shift` microseconds since `origin`, which is `starts[0]`.
    slots: Vec<Slot>,
    shift: u32,
    origin: i64,
    /// The last instant of the last interval.
    latest: i64,
}

/// A stretch of time in which at most one interval begins, or several at one instant.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The interval in which it begins; [`CROWDED`] when more than that happens in it.
    before: u32,
    /// How many intervals further it is from `turn` on.
    step: u32,
    turn: i64,
}

const CROWDED: u32 = u32::MAX;

impl Intervals {
    /// Interval 0 contains `from`; the last one contains the last instant before `until` (there is
    /// always one). A local midnight that the clock skips begins when the clock moves on.
    ///
    /// # Errors
    /// Outside the calendar, or above [`INTERVALS_LIMIT`].
    pub fn new(
        zone: &Zone,
        unit: Unit,
        week_start: Weekday,
        from: Micros,
        until: Micros,
    ) -> Result<Self, CalendarError> {
        Self::every(zone, unit.into(), week_start, from, until)
    }

    /// The same of several units each.
    ///
    /// # Errors
    /// As [`Intervals::new`].
    pub fn every(
        zone: &Zone,
        by: Granularity,
        week_start: Weekday,
        from: Micros,
        until: Micros,
    ) -> Result<Self, CalendarError> {
        let by = Granularity { count: by.count.max(1), ..by };
        let unit = by.unit;
        // Some days more on either side, and a unit: the first one may begin so much earlier, the last end later.
        let (first, last) = (timestamp(from)?, timestamp(until.max(from.plus(1)))?);
        let days = 40 + if unit == Unit::Hour { 0 } else { 31 * i64::from(unit.months().unwrap_or(1)) };
        let (before, after) = ((days * 24).hours(), (days * i64::from(by.count.max(1)) * 24).hours());
        let reach =
            |at: Timestamp, span: jiff::Span| at.checked_add(span).map_err(|_| CalendarError::OutOfCalendar);
        let offsets = zone.offsets(reach(first, -before)?, reach(last, after)?);
        let starts = match unit {
            Unit::Hour => hours(&offsets, by.count, from, until)?,
            _ => {
                let date = zone.date(from)?;
                let months = |back: i8| date.first_of_month().checked_sub(i64::from(back).months());
                let first = match unit {
                    Unit::Week => date.checked_sub(i64::from(date.weekday().since(week_start)).days()),
                    Unit::Month => months(0),
                    Unit::Quarter => months((date.month() - 1) % 3),
                    Unit::Year => months(date.month() - 1),
                    Unit::Hour | Unit::Day => Ok(date),
                };
                dates(&offsets, first.map_err(|_| CalendarError::OutOfCalendar)?, by, from, until)?
            }
        };
        Ok(Self::indexed(starts, unit))
    }

    /// Intervals between bounds that are known, increasing, at least two; none longer than the unit.
    pub(crate) fn between(bounds: Vec<i64>, unit: Unit) -> Self {
        Self::indexed(bounds, unit)
    }

    fn indexed(starts: Vec<i64>, unit: Unit) -> Self {
        // Slots are shorter than any interval of the unit, so that a lookup rarely steps twice.
        let shift = match unit {
            Unit::Hour => 31,
            Unit::Day => 36,
            Unit::Week => 38,
            Unit::Month => 41,
            Unit::Quarter => 42,
            Unit::Year => 44,
        };
        let (origin, end) = (starts[0], starts[starts.len() - 1]);
        let count = ((end - origin - 1) >> shift) + 1;
        let mut next = 1;
        let slots = (0..count).map(|slot| {
            let end = origin + ((slot + 1) << shift);
            let (before, turn) = (next - 1, starts[next]);
            while next + 1 < starts.len() && starts[next] == turn && turn < end {
                next += 1;
            }
            let is_crowded = next + 1 < starts.len() && starts[next] < end;
            while next + 1 < starts.len() && starts[next] < end {
                next += 1;
            }
            let step = (next - 1 - before) as u32;
            let before = if is_crowded { CROWDED } else { before as u32 };
            Slot { before, step, turn }
        });
        Self { slots: slots.collect(), starts, shift, origin, latest: end - 1 }
    }

    /// The interval of an instant; the first or last one for an instant outside.
    #[inline]
    #[must_use]
    pub fn index(&self, at: i64) -> usize {
        let inside = at.clamp(self.origin, self.latest);
        let slot = &self.slots[((inside - self.origin) >> self.shift) as usize];
        if slot.before == CROWDED {
            return self.search(at);
        }
        // The sign as a mask, since a branch would often be mistaken: all ones before the turn.
        let is_before = ((inside - slot.turn) >> 63) as u32;
        (slot.before + (slot.step & !is_before)) as usize
    }

    /// The last interval that begins no later: for days that follow each other faster than any
    /// clock of today makes them.
    #[cold]
    fn search(&self, at: i64) -> usize {
        self.starts[..self.len()].partition_point(|&start| start <= at).saturating_sub(1)
    }

    /// How many there are; at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first instant of an interval.
    #[must_use]
    pub fn start(&self, interval: usize) -> Micros {
        Micros(self.starts[interval])
    }

    /// The same, or the end of all time for one beyond the last.
    #[inline]
    #[must_use]
    pub fn begin(&self, interval: usize) -> i64 {
        self.starts.get(interval).copied().unwrap_or(i64::MAX)
    }

    /// The first instant after an interval.
    #[must_use]
    pub fn end(&self, interval: usize) -> Micros {
        Micros(self.starts[interval + 1])
    }
}

/// Elapsed hours, aligned to the local clock at `from`.
fn hours(offsets: &[(i64, i64)], count: u32, from: Micros, until: Micros) -> Result<Vec<i64>, CalendarError> {
    let offset = offsets.iter().rev().find(|(since, _)| *since <= from.0).map_or(0, |(_, offset)| *offset);
    let first = (from.0 + offset).div_euclid(HOUR_US) * HOUR_US - offset;
    let length = HOUR_US * i64::from(count);
    let count = (until.0 - first - 1).div_euclid(length).max(0) as usize + 1;
    if count > INTERVALS_LIMIT {
        return Err(CalendarError::TooManyIntervals);
    }
    Ok((0..=count as i64).map(|hour| first + hour * length).collect())
}

/// The first instant of each date from `first` on, until one is not before `until`.
fn dates(
    offsets: &[(i64, i64)],
    first: Date,
    by: Granularity,
    from: Micros,
    until: Micros,
) -> Result<Vec<i64>, CalendarError> {
    let epoch = jiff::civil::date(1970, 1, 1);
    let day_number = |date: Date| i64::from(date.duration_since(epoch).as_hours() as i32 / 24);
    let mut stretch = 0;
    // The first instant at which the local clock shows midnight of the day or later.
    let mut begin = |day: i64| {
        let midnight = day * DAY_US;
        while let Some(&(end, _)) = offsets.get(stretch + 1) {
            if end + offsets[stretch].1 > midnight {
                break;
            }
            stretch += 1;
        }
        (midnight - offsets[stretch].1).max(offsets[stretch].0)
    };
    let mut starts = vec![begin(day_number(first))];
    let (mut date, mut day) = (first, day_number(first));
    while starts.len() == 1 || starts[starts.len() - 1] < until.max(from.plus(1)).0 {
        if starts.len() > INTERVALS_LIMIT {
            return Err(CalendarError::TooManyIntervals);
        }
        day = match (by.unit, by.unit.months()) {
            (Unit::Week, _) => day + 7 * i64::from(by.count),
            (_, None) => day + i64::from(by.count),
            (_, Some(months)) => {
                let step = (i64::from(months) * i64::from(by.count)).months();
                date = date.checked_add(step).map_err(|_| CalendarError::OutOfCalendar)?;
                day_number(date)
            }
        };
        starts.push(begin(day));
    }
    Ok(starts)
}

#[cfg(test)]
mod tests;
