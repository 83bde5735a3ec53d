//! The commonest questions, row by row and without branches, which would be mistaken at every
//! other row: what does not count is added where nobody looks.

use std::hint::select_unpredictable;
use std::ops::Range;

use super::{Fold, State};
use crate::engine::scope::First;
use crate::facts::snapshot::Part;
use crate::ground::answer::Tally;

/// More local days are not laid out for each task.
pub(super) const DAYS_LIMIT: usize = 1 << 13;

/// What the orders of one task's customers come to. Lists are by local day, or by length in days,
/// with one place more for what does not count.
pub(super) struct Plain {
    tally: Tally,
    repeating: u64,
    /// First-time buyers by the day of their first order, then gaps by their length: no order is
    /// both.
    firsts_and_gaps: Vec<u32>,
    /// Of first-time buyers by that day, those who bought again within the window.
    again: Vec<u32>,
    /// Of those, the ones who did on the last day, of which not all was observed.
    again_unseen: Vec<u32>,
    /// Those who bought again within the window, by how many days later; not those unseen.
    again_after: Vec<u32>,
}

impl Plain {
    pub fn observe(fold: &Fold, part: &Part, state: &mut State) {
        let stem = &part.segment.tables.orders.stem;
        let plain = match fold.lens.living_rows(part, stem) {
            Some(rows) => Self::of(fold, part, rows, |_| true),
            None => {
                let rows = std::iter::once(stem.rows(part.customers.clone()));
                Self::of(fold, part, rows, |customer| fold.lens.has_customer(part, customer))
            }
        };
        plain.add_to(fold, state);
    }

    fn of(
        fold: &Fold,
        part: &Part,
        rows: impl Iterator<Item = Range<usize>>,
        admits: impl Fn(u32) -> bool,
    ) -> Self {
        let (lens, stem) = (fold.lens, &part.segment.tables.orders.stem);
        let registered = &part.segment.customers.registered;
        let (days, window) = (fold.days.len(), fold.question.window.days as usize);
        let any_is_first = fold.question.first == First::InScope;
        let by_day = fold.question.orders.unit.is_by_day(true);
        let last_seen = fold.last_whole_day;
        let mut plain = Self::empty(days);
        let (mut repeating, mut customers, mut touchpoints, mut of_registered) = (0_u64, 0, 0, 0);
        // Of the present customer: whether an order in range was found, when that was (and whether
        // it was the first), whether another followed, and the order before this one.
        let (mut current, mut is_open, mut first, mut is_first) = (u32::MAX, false, 0, false);
        let (mut repeats, mut returned) = (false, false);
        let (mut before, mut before_in_range) = (0, false);
        for rows in rows {
            for (&customer, &at) in stem.customer[rows.clone()].iter().zip(&stem.at[rows]) {
                let day = fold.days.index(at);
                let is_new = customer != current;
                current = customer;
                let was_open = is_open & !is_new;
                let is_counted = was_open & (at < lens.observed);
                // Another order of the same day is of the same occasion.
                let follows = is_counted & !(by_day & (day == before));
                let in_range = lens.in_range(at);
                let opens = !was_open & in_range & admits(customer);
                is_open = was_open | opens;
                is_first = select_unpredictable(opens, is_new | any_is_first, is_first);
                first = select_unpredictable(opens, day, first);
                let repeats_now = follows & in_range & (opens | !repeats);
                repeats = !opens & !is_new & (repeats | repeats_now);
                let after = day.wrapping_sub(first);
                let returned_before = returned & !opens & !is_new;
                let returns = follows & is_first & !returned_before & (after > 0);
                returned = returned_before | returns;
                let gap = day.wrapping_sub(before).wrapping_add(days + 1);
                let cell = select_unpredictable(follows & before_in_range, gap, days);
                let cell = select_unpredictable(opens & is_first, day, cell);
                plain.firsts_and_gaps[cell] += 1;
                let hits = returns & (after <= window);
                let is_seen = day as i64 <= last_seen;
                plain.again[select_unpredictable(hits, first, days)] += 1;
                plain.again_after[select_unpredictable(hits & is_seen, after, days)] += 1;
                if hits & !is_seen {
                    plain.again_unseen[first] += 1;
                }
                let counts = opens | is_counted;
                repeating += u64::from(repeats_now);
                customers += u64::from(opens);
                touchpoints += u64::from(counts);
                of_registered += u64::from(counts & registered[customer as usize]);
                let is_same = by_day & was_open & (day == before);
                before_in_range = select_unpredictable(is_same, before_in_range, in_range);
                before = day;
            }
        }
        plain.repeating = repeating;
        plain.tally =
            Tally { customers, touchpoints, registered_touchpoints: of_registered, ..Tally::default() };
        plain
    }

    fn empty(days: usize) -> Self {
        let by_day = || vec![0; days + 1];
        Self {
            tally: Tally::default(),
            repeating: 0,
            firsts_and_gaps: vec![0; 2 * days + 1],
            again: by_day(),
            again_unseen: by_day(),
            again_after: by_day(),
        }
    }

    fn add_to(mut self, fold: &Fold, state: &mut State) {
        let (days, window) = (fold.days.len(), i64::from(fold.question.window.days));
        let figures = &mut state.groups[0];
        figures.customers += self.tally.customers;
        figures.repeating += self.repeating;
        let (firsts, gaps) = (&self.firsts_and_gaps[..days], &self.firsts_and_gaps[days + 1..]);
        add(&mut figures.gap_days, gaps);
        add(&mut figures.again_days, &self.again_after[..days]);
        for (day, &firsts) in firsts.iter().enumerate().filter(|(_, firsts)| **firsts > 0) {
            let seen = fold.last_whole_day - day as i64;
            let (firsts, again) = (u64::from(firsts), u64::from(self.again[day]));
            figures.first_time += firsts;
            figures.again += again;
            if seen >= window {
                figures.observed += firsts;
                figures.observed_again += again;
            } else {
                let lost = firsts - again + u64::from(self.again_unseen[day]);
                add_at(&mut figures.lost_days, seen.max(0) as usize, lost);
                self.tally.censored += firsts - again;
            }
        }
        state.tally.merge(&self.tally);
    }
}

fn add_at(counts: &mut Vec<u64>, at: usize, count: u64) {
    if counts.len() <= at {
        counts.resize(at + 1, 0);
    }
    counts[at] += count;
}

/// Adds counts up to the last that is not zero.
fn add(counts: &mut Vec<u64>, more: &[u32]) {
    let used = more.iter().rposition(|&count| count > 0).map_or(0, |last| last + 1);
    counts.resize(counts.len().max(used), 0);
    counts.iter_mut().zip(&more[..used]).for_each(|(mine, &count)| *mine += u64::from(count));
}
