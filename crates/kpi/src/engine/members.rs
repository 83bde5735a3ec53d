//! Whom a figure is made of: the customers behind its numerator or denominator, page by page, each
//! with the touchpoints that were counted. The parts sum to the figure.

use crate::engine::customer_view::Only;
use crate::engine::dimension::{self, Axis, Dimension, Key};
use crate::engine::hits::{Hit, Hits, Other};
use crate::engine::ledger;
use crate::engine::lens::Lens;
use crate::engine::mark::Mark;
use crate::engine::measure::{Asked, Context, Seen, Span, Stat};
use crate::engine::order_lens::OrderLens;
use crate::engine::records::RecordHit;
use crate::engine::scalar::{self, Figure, Question};
use crate::engine::scope::KpiError;
use crate::engine::timeline::Reader;
use crate::engine::warning::Warning;
use crate::facts::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use crate::facts::tables::Tables;
use crate::ground::answer::Basis;

/// Which side of a figure is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// Everything that was counted.
    #[default]
    Counted,
    /// Only what adds to the numerator.
    Numerator,
    /// Only what is in the denominator and adds nothing to the numerator.
    Rest,
    /// Only what is open: on neither side yet.
    Open,
}

/// One customer, one touchpoint of nobody, or one record.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its place in the order of pages.
    pub place: u64,
    /// The customer's key; `None`: nobody.
    pub customer: Option<u32>,
    pub hits: Vec<Counted>,
    /// What a record adds instead of touchpoints.
    pub record: Option<RecordHit>,
}

/// A touchpoint that was counted: a [`Hit`] with the numbers of its touchpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    pub at: i64,
    pub number: u32,
    pub place: u16,
    pub part: i64,
    pub whole: i64,
    /// Number and place of the touchpoint that answered it, or led to it.
    pub other: Option<(u32, u16)>,
    pub censored: bool,
    /// Whether it is on neither side yet, for that.
    pub is_open: bool,
}

/// A page of members, in a fixed order: customers by key, touchpoints of nobody, records.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub basis: Basis,
    /// Of all pages together, in scope and group.
    pub figure: Figure,
    pub members: Vec<Member>,
    /// By what parts are divided.
    pub scale: f64,
    pub more: bool,
    /// See [`scalar::Answer::warnings`].
    pub warnings: Vec<Warning>,
}

/// What a page is asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// One name for each dimension of the question, or none: the whole scope.
    pub group: Vec<Option<String>>,
    pub side: Side,
    /// The place of the last member of the page before.
    pub after: Option<u64>,
    pub size: usize,
}

/// Touchpoints of nobody come after all customers.
const NOBODY: u64 = 1 << 32;
/// Records come last.
const RECORDS: u64 = 1 << 33;

/// The question must ask for one measure.
///
/// # Errors
/// As [`scalar::compute`].
pub fn page(snapshot: &Snapshot, question: &Question, filter: &Filter) -> Result<Page, KpiError> {
    let mut whole = question.clone();
    if filter.group.is_empty() {
        whole.group_by.clear();
    }
    let answer = scalar::compute(snapshot, &whole)?.remove(0);
    let its = answer.groups.iter().find(|cell| cell.keys == filter.group).map(|cell| cell.figure);
    let figure = if filter.group.is_empty() { Some(answer.total) } else { its };
    let lens = Lens::new(snapshot, &question.scope)?;
    let orders = OrderLens::new(&lens, &question.params.orders)?;
    let axes = if filter.group.is_empty() { Vec::new() } else { Axis::all(&lens, &question.group_by)? };
    let span = Span { from: lens.from, until: question.scope.range.until.0, observed: lens.observed };
    let measure = question.measures[0];
    let mut cx = Context::new(&lens, &orders, &question.params, &question.measures, &[span])?;
    // Touchpoints are told by their rows.
    cx.firsts_known = false;
    let (reader, asked) = (cx.reader(&[measure], span.observed), Asked::new(measure, &question.params));
    let places = dimension::of_places(&axes);
    let key = places.as_deref().and_then(|keys| key_of(&axes, keys, &filter.group));
    let group_by = &question.group_by;
    let search = Search { cx: &cx, asked, span, axes: &axes, group_by, filter, reader, places, key };
    let mut places = snapshot.fold(TASK_CUSTOMERS, Vec::new, |s, part| search.places(s, part), joined);
    lens.unidentified().for_each(|tables| search.places_of_nobody(&mut places, tables));
    let records = search.records();
    places.extend(records.iter().map(|record| record.place).filter(|&place| search.is_after(place)));
    places.sort_unstable();
    let more = places.len() > filter.size;
    places.truncate(filter.size);
    let mut members =
        snapshot.fold(TASK_CUSTOMERS, Vec::new, |s, part| search.members(s, part, &places), joined);
    lens.unidentified().for_each(|tables| search.members_of_nobody(&mut members, tables, &places));
    members.extend(records.into_iter().filter(|record| places.binary_search(&record.place).is_ok()));
    members.sort_unstable_by_key(|member: &Member| member.place);
    let figure = figure.unwrap_or_else(|| scalar::nothing(measure));
    let (basis, warnings) = (answer.basis, answer.warnings);
    Ok(Page { basis, figure, members, scale: cx.scale(measure), more, warnings })
}

/// The names of a group on the axes that are places.
fn key_of(axes: &[Axis], keys: &[Key], group: &[Option<String>]) -> Option<Key> {
    let has = |axis: &Axis, number: u32, name: &Option<String>| {
        axis.of_places().is_none() || axis.name(number) == *name
    };
    let is_its = |key: &&Key| axes.iter().zip(*key).zip(group).all(|((axis, &n), name)| has(axis, n, name));
    keys.iter().find(is_its).copied()
}

fn joined<T>(mut a: Vec<T>, mut b: Vec<T>) -> Vec<T> {
    a.append(&mut b);
    a
}

struct Search<'a> {
    cx: &'a Context<'a>,
    asked: Asked<'a>,
    span: Span,
    axes: &'a [Axis],
    group_by: &'a [Dimension],
    filter: &'a Filter,
    reader: Reader<'a>,
    /// See [`dimension::of_places`].
    places: Option<Vec<Key>>,
    /// That of the group asked for; `None` where no place has its names.
    key: Option<Key>,
}

impl Search<'_> {
    fn seen<'s>(
        &'s self,
        who: Option<(&'s Part<'s>, u32)>,
        tables: &'s Tables,
        marks: &'s [Mark],
    ) -> Seen<'s> {
        let (span, window) = (self.span, self.asked.window);
        Seen { cx: self.cx, span, window, who, tables, marks, only: None }
    }

    /// The hits of the group and side asked for.
    fn hits(&self, seen: &Seen) -> Vec<Counted> {
        let mut hits = Hits::new(true);
        let by_itself = self.asked.by_itself && seen.who.is_some();
        let groups = self.places.as_deref().filter(|_| by_itself);
        match groups {
            None => self.asked.hits(seen, &mut hits),
            Some(keys) => {
                let Some(key) = self.key else { return Vec::new() };
                self.asked.hits(&Seen { only: Some(Only { keys, key }), ..*seen }, &mut hits);
            }
        }
        let mut hits = hits.take();
        hits.sort_by_key(|hit| hit.at);
        // Durations that were only seen to begin count as what they are.
        let lasts = matches!(self.asked.measure.stat, Stat::Survival(_) | Stat::Ended(_));
        let is_open = |hit: &Hit| hit.censored && !lasts;
        let wanted = |hit: &Hit| match self.filter.side {
            Side::Counted => true,
            Side::Numerator => hit.part != 0 && !is_open(hit),
            Side::Rest => hit.part == 0 && !is_open(hit),
            Side::Open => is_open(hit),
        };
        hits.retain(wanted);
        if !self.axes.is_empty() {
            // What was asked of the group's places alone is in it.
            let asked = |axis: &Axis| groups.is_some() && axis.of_places().is_some();
            let is_its = |hit: &Hit| {
                let mut names = self.axes.iter().zip(&self.filter.group);
                names.all(|(axis, name)| {
                    asked(axis) || axis.name(axis.of(hit, seen.who, seen.tables)) == *name
                })
            };
            hits.retain(is_its);
        }
        self.as_parts(&mut hits);
        let counted = |Hit { at, touch, place, part, whole, other, censored, .. }| Counted {
            at,
            number: seen.tables.number(touch),
            place,
            part,
            whole,
            other: other.map(|other: Other| (seen.tables.number(other.touch), other.place)),
            censored,
            is_open: censored && !lasts,
        };
        hits.into_iter().map(counted).collect()
    }

    /// Makes hits add what they add to the figure: a customer counts once, however many there are.
    fn as_parts(&self, hits: &mut [Hit]) {
        let once = |nth: usize| i64::from(nth == 0);
        for (nth, hit) in hits.iter_mut().enumerate() {
            match self.asked.measure.stat {
                Stat::Customers => hit.part = once(nth),
                Stat::MeanOfCustomers => hit.whole = once(nth),
                _ => {}
            }
        }
    }

    fn each(&self, part: &Part, mut visit: impl FnMut(u64, u32, Vec<Counted>)) {
        self.reader.each(part, |customer, marks| {
            let (tables, who) = (&part.segment.tables, Some((part, customer)));
            let seen = self.seen(who, tables, marks);
            let hits = self.hits(&seen);
            let key = part.segment.customers.key[customer as usize];
            if !hits.is_empty() {
                visit(u64::from(key), key, hits);
            }
        });
    }

    fn each_of_nobody(&self, tables: &Tables, mut visit: impl FnMut(u64, Vec<Counted>)) {
        if !self.asked.measure.nobody {
            return;
        }
        self.reader.each_of_nobody(tables, |mark| {
            let marks = std::slice::from_ref(&mark);
            let seen = self.seen(None, tables, marks);
            if !self.asked.anchors.has(mark.kind) || !seen.counts(&mark) {
                return;
            }
            let hits = self.hits(&seen);
            if !hits.is_empty() {
                visit(NOBODY | u64::from(tables.number(mark.row)), hits);
            }
        });
    }

    /// What records add to the group and side asked for.
    fn records(&self) -> Vec<Member> {
        let ([hits, _], _) = ledger::decided(self.asked.measure, self.cx, self.span);
        let member = |(place, hit): (u64, RecordHit)| Member {
            place,
            customer: None,
            hits: Vec::new(),
            record: Some(hit),
        };
        let wanted = |hit: &RecordHit| match self.filter.side {
            Side::Counted => true,
            Side::Numerator => hit.part != 0,
            Side::Rest => hit.part == 0,
            Side::Open => false,
        };
        let is_its =
            |hit: &RecordHit| self.filter.group.is_empty() || hit.keys(self.group_by) == self.filter.group;
        let all = (RECORDS..).zip(hits);
        all.filter(|(_, hit)| wanted(hit) && is_its(hit)).map(member).collect()
    }

    fn is_after(&self, place: u64) -> bool {
        self.filter.after.is_none_or(|after| place > after)
    }

    fn places(&self, places: &mut Vec<u64>, part: &Part) {
        self.each(part, |place, _, _| places.extend(Some(place).filter(|&place| self.is_after(place))));
    }

    fn places_of_nobody(&self, places: &mut Vec<u64>, tables: &Tables) {
        self.each_of_nobody(tables, |place, _| {
            places.extend(Some(place).filter(|&place| self.is_after(place)))
        });
    }

    fn members(&self, members: &mut Vec<Member>, part: &Part, places: &[u64]) {
        let keys = &part.segment.customers.key;
        // Only the customers of the page are looked at again.
        for &place in places.iter().filter(|&&place| place < NOBODY) {
            let found = keys.binary_search(&(place as u32)).ok().map(|nth| nth as u32);
            let Some(customer) = found.filter(|nth| part.customers.contains(nth)) else { continue };
            let one = Part { customers: customer..customer + 1, ..part.clone() };
            self.each(&one, |place, key, hits| {
                members.push(Member { place, customer: Some(key), hits, record: None });
            });
        }
    }

    fn members_of_nobody(&self, members: &mut Vec<Member>, tables: &Tables, places: &[u64]) {
        self.each_of_nobody(tables, |place, hits| {
            if places.binary_search(&place).is_ok() {
                members.push(Member { place, customer: None, hits, record: None });
            }
        });
    }
}
