//! By what figures are broken down: groups of customers and places, and what hits are about.

use rustc_hash::FxHashMap;

use crate::engine::grouping::Grouping;
use crate::engine::hits::Hit;
use crate::engine::lens::Lens;
use crate::engine::scope::{GroupBy, KpiError};
use crate::facts::snapshot::Part;
use crate::facts::tables::Tables;

/// By what a measure is broken down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// Of the counted touchpoint, or of the customer.
    Of(GroupBy),
    /// What the counted touchpoint is about: the offer, product, network, reason; of a visit, the
    /// campaign that it came from.
    Item,
    /// What that stands under: the product's category; of a visit, the channel it came from.
    Category,
    /// The channel of the touchpoint that answered the counted one, or led to it.
    OtherChannel,
}

/// The names of a group as numbers of the axes.
pub(crate) type Key = [u32; 2];

/// A dimension with its names numbered; 0 are those without a name.
pub(crate) enum Axis {
    Grouping(Grouping),
    Item(Texts),
    Category(Texts),
    /// By place.
    OtherChannel(Vec<u32>, Vec<String>),
}

/// By place, its names on those axes that are places; `None` where none is.
pub(crate) fn of_places(axes: &[Axis]) -> Option<Vec<Key>> {
    let by_axis: Vec<Option<&[u32]>> = axes.iter().map(Axis::of_places).collect();
    let count = by_axis.iter().flatten().map(|names| names.len()).next()?;
    let name = |nth: usize, place: usize| by_axis.get(nth).copied().flatten().map_or(0, |names| names[place]);
    Some((0..count).map(|place| [name(0, place), name(1, place)]).collect())
}

/// The names of items, each numbered once: two items may share one.
pub(crate) struct Texts {
    /// By number of the item.
    numbers: Vec<u32>,
    names: Vec<String>,
}

impl Texts {
    fn of(lens: &Lens, name: impl Fn((u32, u32)) -> u32) -> Self {
        let items = lens.snapshot.dictionary.items();
        let mut known: FxHashMap<u32, u32> = FxHashMap::default();
        let mut names = Vec::new();
        let mut numbers = vec![0];
        for item in 1..=items.len() as u32 {
            let text = items.pair(item).map(&name);
            let number = text.map_or(0, |text| match items.text(text) {
                None => 0,
                Some(written) => *known.entry(text).or_insert_with(|| {
                    names.push(written.to_owned());
                    names.len() as u32
                }),
            });
            numbers.push(number);
        }
        Self { numbers, names }
    }

    fn number(&self, item: u32) -> u32 {
        self.numbers.get(item as usize).copied().unwrap_or(0)
    }
}

impl Axis {
    pub fn all(lens: &Lens, dimensions: &[Dimension]) -> Result<Vec<Self>, KpiError> {
        dimensions.iter().map(|dimension| Self::new(lens, dimension)).collect()
    }

    fn new(lens: &Lens, dimension: &Dimension) -> Result<Self, KpiError> {
        Ok(match dimension {
            Dimension::Of(by) => Self::Grouping(Grouping::new(lens, Some(by))?),
            Dimension::Item => Self::Item(Texts::of(lens, |(name, _)| name)),
            Dimension::Category => Self::Category(Texts::of(lens, |(_, category)| category)),
            Dimension::OtherChannel => {
                let names = &*lens.snapshot.dictionary;
                let channels = names.places().iter().map(|place| place.channel + 1).collect();
                let texts = (0..names.channels.len() as u32).map(|n| names.channels.name(n).to_owned());
                Self::OtherChannel(channels, texts.collect())
            }
        })
    }

    /// How many names there are, and one more for those without.
    pub fn len(&self) -> usize {
        match self {
            Self::Grouping(grouping) => grouping.len(),
            Self::Item(texts) | Self::Category(texts) => texts.names.len() + 1,
            Self::OtherChannel(_, names) => names.len() + 1,
        }
    }

    /// By place, the name that a filter could ask for: the channel or the location.
    pub fn of_places(&self) -> Option<&[u32]> {
        match self {
            Self::Grouping(grouping) => grouping.of_places(),
            _ => None,
        }
    }

    /// Whether it asks what the counted touchpoint is about.
    pub fn reads_items(&self) -> bool {
        matches!(self, Self::Item(_) | Self::Category(_))
    }

    #[inline]
    pub fn of(&self, hit: &Hit, who: Option<(&Part, u32)>, tables: &Tables) -> u32 {
        match self {
            Self::Grouping(grouping) => match who {
                Some((part, customer)) => grouping.of(part, customer, hit.place) as u32,
                None => grouping.of_nobody(hit.place) as u32,
            },
            Self::Item(texts) | Self::Category(texts) => texts.number(hit.item(tables)),
            Self::OtherChannel(channels, _) => {
                hit.other.map_or(0, |other| channels[usize::from(other.place)])
            }
        }
    }

    pub fn name(&self, key: u32) -> Option<String> {
        let nth = |names: &[String]| names.get((key as usize).checked_sub(1)?).cloned();
        match self {
            Self::Grouping(grouping) => grouping.key(key as usize).map(str::to_owned),
            Self::Item(texts) | Self::Category(texts) => nth(&texts.names),
            Self::OtherChannel(_, names) => nth(names),
        }
    }
}
