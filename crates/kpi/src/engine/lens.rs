//! A scope resolved against a snapshot: filters as tables.

use crate::ground::answer::Observation;
use customer360_model::Micros;
use std::ops::Range;
use std::sync::Arc;

use customer360_model::{CustomerKind, Value};

use crate::engine::scope::{KpiError, Scope};
use crate::facts::dictionary::{Place, text_hash};
use crate::facts::fact::TouchType;
use crate::facts::side_tables::rows_until;
use crate::facts::snapshot::{Part, Snapshot};
use crate::facts::stem::Stem;
use crate::facts::tables::Tables;
use crate::ground::bitmap::Bitmap;

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
        let observed = scope.observed_on(snapshot).0;
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

    /// What of the facts is looked at.
    pub fn observation(&self) -> Observation {
        let (snapshot, said) = (self.snapshot, &self.scope.statements);
        Observation {
            from: snapshot.observed_from(said).filter(|from| from.0 < self.observed),
            until: Micros(self.observed),
            is_open: self.observed < self.scope.range.until.0,
            sources: match self.scope.observed_until {
                // Then it does not matter what came later.
                Some(_) => Arc::default(),
                None => snapshot.source_horizons(said).into(),
            },
        }
    }

    /// The same, of these places only.
    pub fn at(&self, places: Vec<bool>) -> Self {
        Self { places: Some(places), customers: self.customers.clone(), ..*self }
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
        let scope = self.scope;
        let asked = scope.customer_kind.is_none() && scope.segment.is_none() && !scope.identified_only;
        self.snapshot.unidentified.iter().filter(move |_| asked).map(AsRef::as_ref)
    }

    /// Rows of an unidentified table that are in scope and in range.
    pub fn rows_in_range<'s>(&'s self, stem: &'s Stem) -> impl Iterator<Item = usize> + 's {
        (0..stem.len()).filter(|&row| self.in_range(stem.at[row]) && self.has_place(stem.place[row]))
    }

    /// Voided touchpoints of some types in scope and in range.
    pub fn voided(&self, has_type: impl Fn(TouchType) -> bool) -> u64 {
        let has_type =
            |its: TouchType| has_type(its) || (its == TouchType::RETURN && has_type(TouchType::CAME_BACK));
        let counts = |voided: &&crate::facts::snapshot::Voided| {
            has_type(voided.touch_type) && self.in_range(voided.at) && self.has_place(voided.place)
        };
        self.snapshot.voided.iter().filter(counts).count() as u64
    }
}

fn places_in_scope(snapshot: &Snapshot, scope: &Scope) -> Option<Vec<bool>> {
    let without = &scope.without;
    let wanted = [&scope.channels, &scope.locations, &scope.sources];
    let unwanted = [&without.channels, &without.locations, &without.sources];
    if wanted.iter().chain(&unwanted).all(|names| names.is_empty()) {
        return None;
    }
    let names = &*snapshot.dictionary;
    let admits = |wanted: &[String], name: Option<&str>| {
        wanted.is_empty() || name.is_some_and(|name| wanted.iter().any(|w| w == name))
    };
    let refuses = |unwanted: &[String], name: Option<&str>| {
        name.is_some_and(|name| unwanted.iter().any(|other| other == name))
    };
    let place = |place: &Place| {
        let location = place.location.map(|location| names.locations.name(location));
        !refuses(&without.channels, Some(names.channels.name(place.channel)))
            && !refuses(&without.locations, location)
            && !refuses(&without.sources, Some(names.sources.name(place.source)))
            && admits(&scope.channels, Some(names.channels.name(place.channel)))
            && admits(&scope.locations, location)
            && admits(&scope.sources, Some(names.sources.name(place.source)))
    };
    Some(names.places().iter().map(place).collect())
}

fn customers_in_scope(snapshot: &Snapshot, scope: &Scope) -> Option<Vec<Bitmap>> {
    if scope.customer_kind.is_none() && scope.segment.is_none() && scope.without.segment.is_none() {
        return None;
    }
    let numbered = |segment: &Option<(String, Value)>| {
        segment.as_ref().map(|(name, value)| {
            let name = snapshot.dictionary.trait_names.find(name).map(|name| name as u16);
            (name, text_hash(&value.to_string()))
        })
    };
    let (wanted, unwanted) = (numbered(&scope.segment), numbered(&scope.without.segment));
    let by_segment = snapshot.segments.iter().map(|live| {
        let customers = &live.segment.customers;
        let is_wanted = |customer: u32| match scope.customer_kind {
            Some(CustomerKind::Registered) => customers.registered[customer as usize],
            Some(CustomerKind::Anonymous) => !customers.registered[customer as usize],
            None => true,
        };
        let mut admitted = Bitmap::new(customers.len());
        let mut refused = Bitmap::new(customers.len());
        if let Some((Some(name), value)) = unwanted {
            let standing = live.segment.standing(name).filter(|&(_, v)| v == value);
            standing.for_each(|(customer, _)| {
                refused.insert(customer);
            });
        }
        let mut admit = |customer: u32| {
            if is_wanted(customer) && !refused.contains(customer) {
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
