//! Groups of touchpoints and customers as small numbers.

use rustc_hash::FxHashMap;

use crate::engine::channels_used;
use crate::engine::lens::Lens;
use crate::engine::rfm_scale;
use crate::engine::scope::{GROUPS_LIMIT, GroupBy, KpiError};
use crate::facts::dictionary::Place;
use crate::facts::snapshot::Part;
use crate::ground::answer::{Group, Grouped};
use crate::ground::calendar::{Intervals, Unit};

/// Groups as numbers: 0 are those without a name.
pub(crate) struct Grouping {
    keys: Vec<Option<String>>,
    by: By,
}

enum By {
    Nothing,
    /// All are of the one group there is.
    One,
    /// The group of the touchpoint's place.
    Place(Vec<u32>),
    /// The group of the place of the customer's first touchpoint.
    AcquisitionPlace(Vec<u32>),
    AcquisitionMonth(Intervals),
    Kind,
    /// By segment and customer.
    Customer(Vec<Vec<u32>>),
}

impl Grouping {
    pub fn new(lens: &Lens, group_by: Option<&GroupBy>) -> Result<Self, KpiError> {
        let names = &*lens.snapshot.dictionary;
        let mut keys = Keys { keys: vec![None], numbers: FxHashMap::default() };
        let channel = |keys: &mut Keys, place: &Place| keys.number(names.channels.name(place.channel));
        let by = match group_by {
            None => By::Nothing,
            Some(GroupBy::Channel) => {
                By::Place(names.places().iter().map(|p| channel(&mut keys, p)).collect())
            }
            Some(GroupBy::AcquisitionChannel) => {
                By::AcquisitionPlace(names.places().iter().map(|p| channel(&mut keys, p)).collect())
            }
            Some(GroupBy::Location) => {
                let location = |place: &Place| {
                    place.location.map_or(0, |location| keys.number(names.locations.name(location)))
                };
                By::Place(names.places().iter().map(location).collect())
            }
            Some(GroupBy::Campaign) => {
                let campaign = |place: &Place| {
                    place.campaign.map_or(0, |campaign| keys.number(names.campaigns.name(campaign)))
                };
                By::Place(names.places().iter().map(campaign).collect())
            }
            Some(GroupBy::CustomerKind) => {
                keys.number("anonymous");
                keys.number("registered");
                By::Kind
            }
            Some(GroupBy::AcquisitionMonth) => match acquisition_months(lens)? {
                Some(months) => {
                    for month in 0..months.len() {
                        let date = lens.scope.zone.date(months.start(month))?;
                        keys.number(&format!("{:04}-{:02}", date.year(), date.month()));
                    }
                    By::AcquisitionMonth(months)
                }
                None => By::Nothing,
            },
            Some(GroupBy::Trait(name)) => By::Customer(trait_groups(lens, name, &mut keys)?),
            Some(GroupBy::ChannelsUsed) => By::Customer(channels_used::groups(
                lens,
                |channels| channels.len().to_string(),
                |name| keys.number(name),
            )?),
            Some(GroupBy::ChannelSet) => By::Customer(channels_used::groups(
                lens,
                |channels| channels.join("+"),
                |name| keys.number(name),
            )?),
            Some(GroupBy::Rfm(by, orders)) => {
                By::Customer(rfm_scale::groups(lens, *by, orders, |name| keys.number(name))?)
            }
        };
        if keys.keys.len() > GROUPS_LIMIT + 1 {
            return Err(KpiError::TooManyGroups);
        }
        Ok(Self { keys: keys.keys, by })
    }

    /// Groups of places, each asked by itself: of the scope that filters by it, and as one group of its
    /// name. Those without a name come last.
    pub fn each_place<T>(
        &self,
        lens: &Lens,
        places: &[u32],
        ask: impl Fn(&Lens, &Self) -> Result<Vec<Group<T>>, KpiError>,
    ) -> Result<Vec<Group<T>>, KpiError> {
        let mut groups = Vec::new();
        for (number, key) in (0..).zip(&self.keys) {
            let is_its = |(place, its): (u16, &u32)| *its == number && lens.has_place(place);
            let its: Vec<bool> = (0..).zip(places).map(is_its).collect();
            if its.contains(&true) {
                groups.extend(ask(&lens.at(its), &Self { keys: vec![key.clone()], by: By::One })?);
            }
        }
        groups.sort_by(|a, b| (a.key.is_none(), &a.key).cmp(&(b.key.is_none(), &b.key)));
        Ok(groups)
    }

    /// How many groups, the nameless one included; 1 when nothing is grouped.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The name of a group.
    pub fn key(&self, group: usize) -> Option<&str> {
        self.keys[group].as_deref()
    }

    pub fn is_asked(&self) -> bool {
        !matches!(self.by, By::Nothing)
    }

    /// The groups of places, when touchpoints are grouped and not customers.
    pub fn of_places(&self) -> Option<&[u32]> {
        match &self.by {
            By::Place(groups) => Some(groups),
            _ => None,
        }
    }

    /// The group of a customer's touchpoint at a place.
    #[inline]
    pub fn of(&self, part: &Part, customer: u32, place: u16) -> usize {
        let (customers, nth) = (&part.segment.customers, customer as usize);
        let group = match &self.by {
            By::Nothing | By::One => 0,
            By::Place(groups) => groups[usize::from(place)],
            By::AcquisitionPlace(groups) => {
                let made = customers.acquired.made.get(nth).is_some_and(|&made| made);
                let place = customers.acquired.place.get(nth).filter(|_| made);
                place.map_or(0, |&place| groups[usize::from(place)])
            }
            By::AcquisitionMonth(months) => {
                let made = customers.acquired.made.get(nth).is_some_and(|&made| made);
                customers.acquired.at.get(nth).filter(|_| made).map_or(0, |&at| months.index(at) as u32 + 1)
            }
            By::Kind => 1 + u32::from(customers.registered[nth]),
            By::Customer(by_segment) => by_segment[part.index][nth],
        };
        group as usize
    }

    /// The group of a touchpoint that belongs to nobody.
    pub fn of_nobody(&self, place: u16) -> usize {
        match &self.by {
            By::Place(groups) => groups[usize::from(place)] as usize,
            _ => 0,
        }
    }

    /// The groups that are not empty, by name, and the total: the sum of all.
    pub fn answer<S: Clone, T>(
        &self,
        states: Vec<S>,
        is_empty: impl Fn(&S) -> bool,
        add: impl Fn(&mut S, &S),
        finish: impl Fn(S) -> T,
    ) -> Grouped<T> {
        let mut groups = Vec::new();
        let mut total: Option<S> = None;
        for (state, key) in states.into_iter().zip(&self.keys) {
            match &mut total {
                Some(total) => add(total, &state),
                None => total = Some(state.clone()),
            }
            if self.is_asked() && !is_empty(&state) {
                groups.push(Group { key: key.clone(), result: finish(state) });
            }
        }
        groups.sort_by(|a, b| (a.key.is_none(), &a.key).cmp(&(b.key.is_none(), &b.key)));
        let total = total.expect("there is always the nameless group");
        Grouped { total: finish(total), groups }
    }
}

struct Keys {
    keys: Vec<Option<String>>,
    numbers: FxHashMap<String, u32>,
}

impl Keys {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.keys.len() as u32;
        self.keys.push(Some(name.to_owned()));
        self.numbers.insert(name.to_owned(), number);
        number
    }
}

fn acquisition_months(lens: &Lens) -> Result<Option<Intervals>, KpiError> {
    let all = lens.snapshot.segments.iter().flat_map(|live| &live.segment.customers.acquired.at);
    let (least, greatest) = all.fold((i64::MAX, i64::MIN), |(a, b), &at| (a.min(at), b.max(at)));
    if least > greatest {
        return Ok(None);
    }
    let (from, until) = (customer360_model::Micros(least), customer360_model::Micros(greatest).plus(1));
    Ok(Some(Intervals::new(&lens.scope.zone, Unit::Month, lens.scope.week_start, from, until)?))
}

fn trait_groups(lens: &Lens, name: &str, keys: &mut Keys) -> Result<Vec<Vec<u32>>, KpiError> {
    let names = &*lens.snapshot.dictionary;
    let name = names.trait_names.find(name).map(|name| name as u16);
    // Customers whose trait is not in the columns would look like those that have none.
    let is_folded = name.is_none() && lens.snapshot.folded.traits > 0;
    if is_folded || name.is_some_and(|name| names.has_too_many_texts(name)) {
        return Err(KpiError::TooManyGroups);
    }
    let mut numbers = FxHashMap::default();
    let mut by_segment = Vec::new();
    for live in &lens.snapshot.segments {
        let mut groups = vec![0; live.segment.customers.len()];
        for (customer, value) in name.into_iter().flat_map(|n| live.segment.standing(n)) {
            let text = || name.and_then(|name| names.trait_text(name, value));
            let number = numbers.entry(value).or_insert_with(|| text().map_or(0, |text| keys.number(text)));
            groups[customer as usize] = *number;
        }
        by_segment.push(groups);
    }
    Ok(by_segment)
}
