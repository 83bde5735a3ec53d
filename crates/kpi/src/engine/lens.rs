//! A scope resolved against a snapshot: filters as tables, groups as small numbers.

use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};

use customer360_model::CustomerKind;

use crate::engine::scope::{GROUPS_LIMIT, GroupBy, KpiError, OrderOptions, Scope};
use crate::facts::dictionary::{Place, text_hash};
use crate::facts::fact::TouchType;
use crate::facts::side_tables::rows_until;
use crate::facts::snapshot::{Part, Snapshot};
use crate::facts::tables::{Orders, Stem, Tables};
use crate::ground::answer::{Excluded, Group, Grouped};
use crate::ground::bitmap::Bitmap;
use crate::ground::calendar::{Intervals, Unit};
use crate::ground::money::Converter;

/// The scope of one question over one snapshot. Times are microseconds.
pub(crate) struct Lens<'a> {
    pub snapshot: &'a Snapshot,
    pub scope: &'a Scope,
    pub from: i64,
    /// Anchors are before this: the end of the range, or of the observation when that is earlier.
    pub until: i64,
    pub observed: i64,
    /// By place; `None` when all are in scope.
    places: Option<Vec<bool>>,
    /// By segment; `None` when all customers are in scope.
    customers: Option<Vec<Bitmap>>,
}

impl<'a> Lens<'a> {
    pub fn new(snapshot: &'a Snapshot, scope: &'a Scope) -> Result<Self, KpiError> {
        if scope.range.until < scope.range.from {
            return Err(KpiError::RangeReversed);
        }
        let observed = scope.observed().0;
        Ok(Self {
            snapshot,
            scope,
            from: scope.range.from.0,
            until: scope.range.until.0.min(observed),
            observed,
            places: places_in_scope(snapshot, scope),
            customers: customers_in_scope(snapshot, scope),
        })
    }

    #[inline]
    pub fn has_place(&self, place: u16) -> bool {
        self.places.as_ref().is_none_or(|places| places[usize::from(place)])
    }

    /// Whether no touchpoint is out of scope for its place.
    pub fn has_all_places(&self) -> bool {
        self.places.is_none()
    }

    /// Whether the customer is alive and in scope.
    #[inline]
    pub fn has_customer(&self, part: &Part, customer: u32) -> bool {
        !part.dead.contains(customer)
            && self.customers.as_ref().is_none_or(|by_segment| by_segment[part.index].contains(customer))
    }

    /// Whether no customer of the part is dead or out of scope: then nobody need be asked about.
    pub fn has_every_customer(&self, part: &Part) -> bool {
        part.dead.is_empty() && self.customers.is_none()
    }

    /// The rows of the part's living customers, in one range more than there are dead between them.
    /// `None` when many are dead or not all are in scope: then each has to be asked about.
    pub fn living_rows(
        &self,
        part: &Part,
        stem: &'a Stem,
    ) -> Option<impl Iterator<Item = Range<usize>> + use<'a>> {
        /// More dead than one in so many make ranges too short to be worth their beginning.
        const FEW: usize = 16;
        let dead: Vec<u32> = part.dead.among(part.customers.clone()).collect();
        if self.customers.is_some() || dead.len() * FEW > part.customers.len() {
            return None;
        }
        let all = stem.rows(part.customers.clone());
        let mut from = all.start;
        let ends = dead.into_iter().map(Some).chain([None]);
        Some(ends.map(move |dead| {
            let Some(dead) = dead else { return from..all.end };
            let rest = &stem.customer[from..all.end];
            let living = from..from + rows_until(rest, |customer| customer < dead);
            from = living.end + rows_until(&stem.customer[living.end..all.end], |customer| customer == dead);
            living
        }))
    }

    #[inline]
    pub fn in_range(&self, at: i64) -> bool {
        self.from <= at && at < self.until
    }

    /// Unidentified touchpoints that the scope asks about: none, when it asks about customers.
    pub fn unidentified(&self) -> impl Iterator<Item = &'a Tables> {
        let asked = self.customers.is_none();
        self.snapshot.unidentified.iter().filter(move |_| asked).map(AsRef::as_ref)
    }

    /// Rows of an unidentified table that are in scope and in range.
    pub fn rows_in_range<'s>(&'s self, stem: &'s Stem) -> impl Iterator<Item = usize> + 's {
        (0..stem.len()).filter(|&row| self.in_range(stem.at[row]) && self.has_place(stem.place[row]))
    }

    /// Voided touchpoints of some types in scope and in range.
    pub fn voided(&self, has_type: impl Fn(TouchType) -> bool) -> u64 {
        let counts = |voided: &&crate::facts::snapshot::Voided| {
            has_type(voided.touch_type) && self.in_range(voided.at) && self.has_place(voided.place)
        };
        self.snapshot.voided.iter().filter(counts).count() as u64
    }
}

fn places_in_scope(snapshot: &Snapshot, scope: &Scope) -> Option<Vec<bool>> {
    if scope.channels.is_empty() && scope.locations.is_empty() && scope.sources.is_empty() {
        return None;
    }
    let names = &*snapshot.dictionary;
    let admits = |wanted: &[String], name: Option<&str>| {
        wanted.is_empty() || name.is_some_and(|name| wanted.iter().any(|w| w == name))
    };
    let place = |place: &Place| {
        admits(&scope.channels, Some(names.channels.name(place.channel)))
            && admits(&scope.locations, place.location.map(|location| names.locations.name(location)))
            && admits(&scope.sources, Some(names.sources.name(place.source)))
    };
    Some(names.places().iter().map(place).collect())
}

fn customers_in_scope(snapshot: &Snapshot, scope: &Scope) -> Option<Vec<Bitmap>> {
    if scope.customer_kind.is_none() && scope.segment.is_none() {
        return None;
    }
    let wanted = scope.segment.as_ref().map(|(name, value)| {
        let name = snapshot.dictionary.trait_names.find(name).map(|name| name as u16);
        (name, text_hash(&value.to_string()))
    });
    let by_segment = snapshot.segments.iter().map(|live| {
        let customers = &live.segment.customers;
        let is_wanted = |customer: u32| match scope.customer_kind {
            Some(CustomerKind::Registered) => customers.registered[customer as usize],
            Some(CustomerKind::Anonymous) => !customers.registered[customer as usize],
            None => true,
        };
        let mut admitted = Bitmap::new(customers.len());
        let mut admit = |customer: u32| {
            if is_wanted(customer) {
                admitted.insert(customer);
            }
        };
        match wanted {
            None => (0..customers.len() as u32).for_each(&mut admit),
            Some((None, _)) => {}
            Some((Some(name), value)) => {
                let standing = live.segment.standing(name);
                standing.filter(|&(_, v)| v == value).for_each(|(customer, _)| admit(customer));
            }
        }
        admitted
    });
    Some(by_segment.collect())
}

/// Groups as numbers: 0 are those without a name.
pub(crate) struct Grouping {
    keys: Vec<Option<String>>,
    by: By,
}

enum By {
    Nothing,
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
            Some(GroupBy::ChannelsUsed) => By::Customer(crate::measures::omnichannel::groups(
                lens,
                |channels| channels.len().to_string(),
                |name| keys.number(name),
            )?),
            Some(GroupBy::ChannelSet) => By::Customer(crate::measures::omnichannel::groups(
                lens,
                |channels| channels.join("+"),
                |name| keys.number(name),
            )?),
            Some(GroupBy::Rfm(by, orders)) => {
                By::Customer(crate::shapes::rfm::groups(lens, *by, orders, |name| keys.number(name))?)
            }
        };
        if keys.keys.len() > GROUPS_LIMIT + 1 {
            return Err(KpiError::TooManyGroups);
        }
        Ok(Self { keys: keys.keys, by })
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
            By::Nothing => 0,
            By::Place(groups) => groups[usize::from(place)],
            By::AcquisitionPlace(groups) => {
                customers.acquired.place.get(nth).map_or(0, |&place| groups[usize::from(place)])
            }
            By::AcquisitionMonth(months) => {
                customers.acquired.at.get(nth).map_or(0, |&at| months.index(at) as u32 + 1)
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
    if name.is_some_and(|name| names.has_too_many_texts(name)) {
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

/// Which orders count.
pub(crate) struct OrderLens {
    observed: i64,
    /// Into the scope's currency; `None`: any will do.
    rates: Option<Converter>,
    min_amount: i64,
    /// Keys of fully returned orders.
    returned: Option<FxHashSet<u64>>,
}

/// Why an order does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    OtherCurrency,
    BelowMinAmount,
    FullyReturned,
}

impl OrderLens {
    pub fn new(lens: &Lens, options: &OrderOptions) -> Result<Self, KpiError> {
        let names = &*lens.snapshot.dictionary;
        if options.min_amount_minor > 0 && lens.scope.currency.is_none() && names.currencies().len() > 1 {
            return Err(KpiError::CurrencyRequired);
        }
        Ok(Self {
            observed: lens.observed,
            rates: lens.scope.currency.map(|into| Converter::new(&lens.scope.rates, Some(into), names)),
            min_amount: options.min_amount_minor,
            returned: options.drop_fully_returned.then(|| fully_returned(lens)),
        })
    }

    /// Whether an order counts as one, wherever it was made, and is observed.
    #[inline]
    pub fn counts(&self, orders: &Orders, row: usize) -> bool {
        orders.stem.at[row] < self.observed && (self.admits_all() || self.refusal(orders, row).is_none())
    }

    /// What an order that counts is worth, in minor units of the scope's currency.
    #[inline]
    pub fn amount(&self, orders: &Orders, row: usize) -> i64 {
        self.worth(orders, row).unwrap_or(0)
    }

    /// `None` when it is in another currency and no rate is known for its date.
    #[inline]
    fn worth(&self, orders: &Orders, row: usize) -> Option<i64> {
        self.converted(orders.amount.get(row), orders.currency[row], orders.stem.at[row])
    }

    /// What an amount said by a touchpoint of that time is worth, as for orders.
    pub fn converted(&self, amount: i64, currency: u8, at: i64) -> Option<i64> {
        match &self.rates {
            Some(rates) => rates.convert(amount, currency, at),
            None => Some(amount),
        }
    }

    /// Counts the orders in scope and in range of a part that do not count, by reason.
    pub fn excluded(&self, lens: &Lens, part: &Part) -> Excluded {
        let mut excluded = Excluded::default();
        if self.admits_all() {
            return excluded;
        }
        let orders = &part.segment.tables.orders;
        for row in orders.stem.rows(part.customers.clone()) {
            let in_scope = lens.in_range(orders.stem.at[row])
                && lens.has_place(orders.stem.place[row])
                && lens.has_customer(part, orders.stem.customer[row]);
            match self.refusal(orders, row) {
                _ if !in_scope => {}
                None => {}
                Some(Refusal::OtherCurrency) => excluded.other_currency += 1,
                Some(Refusal::BelowMinAmount) => excluded.below_min_amount += 1,
                Some(Refusal::FullyReturned) => excluded.fully_returned += 1,
            }
        }
        excluded
    }

    /// Whether every order counts as one.
    #[inline]
    pub fn admits_all(&self) -> bool {
        self.rates.is_none() && self.min_amount <= 0 && self.returned.is_none()
    }

    fn refusal(&self, orders: &Orders, row: usize) -> Option<Refusal> {
        let Some(worth) = self.worth(orders, row) else { return Some(Refusal::OtherCurrency) };
        if worth < self.min_amount {
            return Some(Refusal::BelowMinAmount);
        }
        let returned = self.returned.as_ref().is_some_and(|keys| keys.contains(&orders.key[row]));
        returned.then_some(Refusal::FullyReturned)
    }
}

/// Keys of orders of which at least the amount came back, in the order's currency, by anyone.
fn fully_returned(lens: &Lens) -> FxHashSet<u64> {
    let mut back: FxHashMap<(u64, u8), i128> = FxHashMap::default();
    each_living(lens.snapshot, |tables, row_lives| {
        let returns = &tables.returns;
        for row in 0..returns.stem.len() {
            let linked = returns.key[row] != 0 && returns.stem.at[row] < lens.observed;
            if linked && row_lives(&returns.stem, row) {
                *back.entry((returns.key[row], returns.currency[row])).or_default() +=
                    i128::from(returns.amount.get(row));
            }
        }
    });
    let mut keys = FxHashSet::default();
    each_living(lens.snapshot, |tables, _| {
        let orders = &tables.orders;
        for row in 0..orders.stem.len() {
            let amount = back.get(&(orders.key[row], orders.currency[row]));
            if amount.is_some_and(|&amount| amount >= i128::from(orders.amount.get(row))) {
                keys.insert(orders.key[row]);
            }
        }
    });
    keys
}

/// All tables of a snapshot, with a way to tell rows of living customers.
fn each_living(snapshot: &Snapshot, mut visit: impl FnMut(&Tables, &dyn Fn(&Stem, usize) -> bool)) {
    for live in &snapshot.segments {
        visit(&live.segment.tables, &|stem, row| !live.dead.contains(stem.customer[row]));
    }
    for tables in &snapshot.unidentified {
        visit(tables, &|_, _| true);
    }
}
