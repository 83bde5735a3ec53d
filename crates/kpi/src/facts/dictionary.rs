//! Names as small numbers, so that a fact is a few bytes and a filter is one table lookup.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use customer360_model::{Currency, Value};

use crate::ground::answer::Folded;

/// Places beyond which the campaigns of new ones are [`OTHER`]. A place is a distinct (channel,
/// location, source, campaign) of one tenant, and has a number of 16 bits.
pub const CAMPAIGN_PLACES_LIMIT: usize = 40_000;
/// Places beyond which the locations of new ones are [`OTHER`], too.
pub const LOCATION_PLACES_LIMIT: usize = 55_000;
/// Places beyond which the sources of new ones are [`OTHER`], too.
pub const SOURCE_PLACES_LIMIT: usize = 63_000;
/// Places beyond which the channels of new ones are [`OTHER`], too: four more at most.
pub const CHANNEL_PLACES_LIMIT: usize = 65_500;
/// Stands for every campaign, location, source, channel or survey beyond its limit.
pub const OTHER: &str = "(other)";
/// Distinct items of one tenant; further ones are all [`OTHER_ITEMS`].
pub const ITEMS_LIMIT: usize = 2_000_000;
/// Stands for every item beyond the limit: the same as no other, itself included.
pub const OTHER_ITEMS: u32 = u32::MAX;
/// Distinct surveys of one tenant; further ones are all [`OTHER`].
pub const SURVEYS_LIMIT: usize = 65_000;
/// Distinct currencies of one tenant. ISO 4217 has fewer.
pub const CURRENCIES_LIMIT: usize = 255;
/// Distinct trait names of one tenant; traits of further names are not in the columns, so that
/// nothing can be filtered or grouped by them.
pub const TRAIT_NAMES_LIMIT: usize = 1_000;
/// Values of one trait whose texts are kept, to name groups by. A trait with more of them can
/// filter but not group, and its values (names, birthdays) are not held in memory.
pub const TRAIT_TEXTS_LIMIT: usize = 1_000;

/// A tenant has more distinct names of a kind than the columns can number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DictionaryFull {
    #[error("more than {CURRENCIES_LIMIT} currencies")]
    Currencies,
}

/// Where a fact happened and who says so, each as the number of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    pub channel: u32,
    /// The touchpoint may name no location.
    pub location: Option<u32>,
    pub source: u32,
    /// The touchpoint may answer no campaign.
    pub campaign: Option<u32>,
}

/// What touchpoints are about, as numbers from 1; 0 is nothing. A product with its category, the
/// source channel and campaign of a visit, an offer, a network, a reason: a name and what it
/// stands under.
#[derive(Debug, Clone, Default)]
pub struct Items {
    names: Names,
    pairs: Vec<(u32, u32)>,
    /// Of each the number of its name and 1, or 0 when that is empty.
    products: Vec<u32>,
    numbers: FxHashMap<(u32, u32), u32>,
}

impl Items {
    /// The name of an item and that of its category, as numbers of names; `None` for nothing and
    /// for those beyond the limit.
    #[must_use]
    pub fn pair(&self, item: u32) -> Option<(u32, u32)> {
        self.pairs.get((item as usize).checked_sub(1)?).copied()
    }

    /// The name of an item as a number; `None` for nothing, for those without a name and for those
    /// beyond the limit.
    #[inline]
    #[must_use]
    pub fn product(&self, item: u32) -> Option<u32> {
        self.products.get((item as usize).checked_sub(1)?)?.checked_sub(1)
    }

    /// The text of a number that [`Items::pair`] gave; `None` when empty.
    #[must_use]
    pub fn text(&self, name: u32) -> Option<&str> {
        Some(self.names.name(name)).filter(|text| !text.is_empty())
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    fn find(&self, name: &str, category: &str) -> Option<u32> {
        let pair = (self.names.find(name)?, self.names.find(category)?);
        self.numbers.get(&pair).copied()
    }

    fn intern(&mut self, name: &str, category: &str) -> u32 {
        let pair = (self.names.intern(name), self.names.intern(category));
        self.pairs.push(pair);
        self.products.push(if name.is_empty() { 0 } else { pair.0 + 1 });
        let number = self.pairs.len() as u32;
        self.numbers.insert(pair, number);
        number
    }
}

/// What a name takes in memory beside its letters.
const NAME_BYTES: usize = 64;

/// Numbers in order of first appearance.
#[derive(Debug, Clone, Default)]
pub struct Names {
    names: Vec<Arc<str>>,
    numbers: FxHashMap<Arc<str>, u32>,
    bytes: usize,
}

impl Names {
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The name of a number of this dictionary.
    #[must_use]
    pub fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn intern(&mut self, name: &str) -> u32 {
        if let Some(number) = self.find(name) {
            return number;
        }
        self.bytes += name.len() + NAME_BYTES;
        let (number, name) = (self.names.len() as u32, Arc::<str>::from(name));
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }
}

/// The texts of one trait's values, by their hash; `None` once there are too many.
type Texts = Option<FxHashMap<u64, Arc<str>>>;

/// All names of one tenant's facts. It only grows; [`Dictionary::version`] says when it did.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    pub channels: Names,
    pub locations: Names,
    pub sources: Names,
    pub trait_names: Names,
    pub surveys: Names,
    pub campaigns: Names,
    /// Shared with published copies until it grows again.
    items: Arc<Items>,
    places: Vec<Place>,
    place_numbers: FxHashMap<Place, u16>,
    currencies: Vec<Currency>,
    texts: Vec<Texts>,
    text_bytes: usize,
    version: u64,
    folded: Folded,
}

impl Dictionary {
    /// Changes whenever a name is added: a published copy with the same version is as good.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Memory that it takes, roughly.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let names = [
            &self.channels,
            &self.locations,
            &self.sources,
            &self.trait_names,
            &self.surveys,
            &self.campaigns,
            &self.items.names,
        ];
        let names: usize = names.iter().map(|names| names.bytes).sum();
        names + self.items.len() * 40 + self.places.len() * 48 + self.text_bytes
    }

    /// What was beyond a limit so far.
    #[must_use]
    pub fn folded(&self) -> Folded {
        self.folded
    }

    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    #[must_use]
    pub fn place(&self, place: u16) -> Place {
        self.places[usize::from(place)]
    }

    #[must_use]
    pub fn items(&self) -> &Items {
        &self.items
    }

    #[must_use]
    pub fn currencies(&self) -> &[Currency] {
        &self.currencies
    }

    #[must_use]
    pub fn find_currency(&self, currency: Currency) -> Option<u8> {
        self.currencies.iter().position(|&c| c == currency).map(|at| at as u8)
    }

    /// The text of a trait's value; `None` when it was never seen or the trait has too many.
    #[must_use]
    pub fn trait_text(&self, name: u16, value: u64) -> Option<&str> {
        self.texts.get(usize::from(name))?.as_ref()?.get(&value).map(AsRef::as_ref)
    }

    /// Whether the trait has more values than can be named.
    #[must_use]
    pub fn has_too_many_texts(&self, name: u16) -> bool {
        self.texts.get(usize::from(name)).is_some_and(Option::is_none)
    }

    pub fn intern_place(&mut self, channel: &str, location: Option<&str>, source: &str) -> u16 {
        self.intern_place_of(channel, location, source, None)
    }

    /// The number of a place. While there is room it is a place of its own; then what names it
    /// most finely becomes [`OTHER`] first.
    pub fn intern_place_of(
        &mut self,
        channel: &str,
        location: Option<&str>,
        source: &str,
        campaign: Option<&str>,
    ) -> u16 {
        if let Some(known) = self.find_place(channel, location, source, campaign) {
            return known;
        }
        let full = |limit| self.places.len() >= limit;
        let folds = [CHANNEL_PLACES_LIMIT, LOCATION_PLACES_LIMIT, SOURCE_PLACES_LIMIT, CAMPAIGN_PLACES_LIMIT];
        let [of_channel, of_location, of_source, of_campaign] = folds.map(full);
        let fold = |folds, name| if folds { OTHER } else { name };
        self.folded.channels += u64::from(of_channel);
        self.folded.locations += u64::from(of_location && location.is_some());
        self.folded.sources += u64::from(of_source);
        self.folded.campaigns += u64::from(of_campaign && campaign.is_some());
        let place = Place {
            channel: self.channels.intern(fold(of_channel, channel)),
            location: location.map(|location| self.locations.intern(fold(of_location, location))),
            source: self.sources.intern(fold(of_source, source)),
            campaign: campaign.map(|campaign| self.campaigns.intern(fold(of_campaign, campaign))),
        };
        if let Some(&number) = self.place_numbers.get(&place) {
            return number;
        }
        let number = self.places.len() as u16;
        self.places.push(place);
        self.place_numbers.insert(place, number);
        self.version += 1;
        number
    }

    fn find_place(
        &self,
        channel: &str,
        location: Option<&str>,
        source: &str,
        campaign: Option<&str>,
    ) -> Option<u16> {
        let find = |names: &Names, name: Option<&str>| match name {
            None => Some(None),
            Some(name) => names.find(name).map(Some),
        };
        let place = Place {
            channel: self.channels.find(channel)?,
            location: find(&self.locations, location)?,
            source: self.sources.find(source)?,
            campaign: find(&self.campaigns, campaign)?,
        };
        self.place_numbers.get(&place).copied()
    }

    /// The number of what a touchpoint is about; 0 when both are empty.
    pub fn intern_item(&mut self, name: &str, category: &str) -> u32 {
        if name.is_empty() && category.is_empty() {
            return 0;
        }
        if let Some(item) = self.items.find(name, category) {
            return item;
        }
        if self.items.len() >= ITEMS_LIMIT {
            self.folded.items += 1;
            return OTHER_ITEMS;
        }
        self.version += 1;
        Arc::make_mut(&mut self.items).intern(name, category)
    }

    /// The number of a survey, or of [`OTHER`].
    pub fn intern_survey(&mut self, survey: &str) -> u16 {
        if let Some(number) = self.surveys.find(survey) {
            return number as u16;
        }
        let is_full = self.surveys.len() >= SURVEYS_LIMIT;
        self.folded.surveys += u64::from(is_full);
        let before = self.surveys.len();
        let number = self.surveys.intern(if is_full { OTHER } else { survey });
        self.version += u64::from(self.surveys.len() > before);
        number as u16
    }

    /// # Errors
    /// When the tenant has too many currencies.
    pub fn intern_currency(&mut self, currency: Currency) -> Result<u8, DictionaryFull> {
        if let Some(number) = self.find_currency(currency) {
            return Ok(number);
        }
        if self.currencies.len() == CURRENCIES_LIMIT {
            return Err(DictionaryFull::Currencies);
        }
        self.currencies.push(currency);
        self.version += 1;
        Ok((self.currencies.len() - 1) as u8)
    }

    /// The number of the trait's name and the hash of the value's text; `None` when the tenant has
    /// too many names for this one to be in the columns.
    pub fn intern_trait(&mut self, name: &str, value: &Value) -> Option<(u16, u64)> {
        if self.trait_names.find(name).is_none() {
            if self.trait_names.len() == TRAIT_NAMES_LIMIT {
                self.folded.traits += 1;
                return None;
            }
            self.texts.push(Some(FxHashMap::default()));
            self.version += 1;
        }
        let number = self.trait_names.intern(name) as u16;
        if *value == Value::Unset {
            return Some((number, UNSET));
        }
        let text = value.to_string();
        let hash = text_hash(&text);
        let texts = &mut self.texts[usize::from(number)];
        if let Some(known) = texts
            && !known.contains_key(&hash)
        {
            self.version += 1;
            if known.len() == TRAIT_TEXTS_LIMIT {
                *texts = None;
            } else {
                self.text_bytes += text.len() + NAME_BYTES;
                known.insert(hash, text.into());
            }
        }
        Some((number, hash))
    }
}

/// Stands for no value: earlier ones of a trait are taken back.
pub const UNSET: u64 = 0;

/// 64 bits that stand for a text: order ids and trait values. Among ten million texts two are
/// alike with a probability of three in a million.
#[must_use]
pub fn text_hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    // 0 stands for "none" in the columns.
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_has_the_same_number_and_a_new_one_a_new_version() {
        let mut dictionary = Dictionary::default();
        let shop = dictionary.intern_place("store", Some("Rome"), "till");
        let version = dictionary.version();
        assert_eq!(dictionary.intern_place("store", Some("Rome"), "till"), shop);
        assert_eq!(dictionary.version(), version);
        let web = dictionary.intern_place("web", None, "shop");
        assert_ne!(web, shop);
        assert_ne!(dictionary.version(), version);
        assert_eq!(dictionary.channels.name(dictionary.place(web).channel), "web");
        assert_eq!(dictionary.place(web).location, None);
        assert_eq!(dictionary.intern_currency(Currency::EUR), Ok(0));
        assert_eq!(dictionary.intern_currency(Currency::GBP), Ok(1));
        assert_eq!(dictionary.intern_currency(Currency::EUR), Ok(0));
    }

    #[test]
    fn a_trait_of_too_many_values_keeps_no_text() {
        let mut dictionary = Dictionary::default();
        let (city, rome) = dictionary.intern_trait("city", &Value::Text("Rome".into())).unwrap();
        assert_eq!(dictionary.trait_text(city, rome), Some("Rome"));
        for n in 0..=TRAIT_TEXTS_LIMIT as i64 {
            dictionary.intern_trait("customer_no", &Value::Integer(n)).unwrap();
        }
        let (number, value) = dictionary.intern_trait("customer_no", &Value::Integer(0)).unwrap();
        assert_eq!(dictionary.trait_text(number, value), None);
        assert!(dictionary.has_too_many_texts(number) && !dictionary.has_too_many_texts(city));
    }

    #[test]
    fn places_beyond_the_limits_are_folded_from_the_finest_name_on() {
        let mut dictionary = Dictionary::default();
        let first = dictionary.intern_place_of("web", Some("/"), "shop", Some("spring"));
        for n in 0..CAMPAIGN_PLACES_LIMIT + 10 {
            dictionary.intern_place_of("web", None, "shop", Some(&n.to_string()));
        }
        assert_eq!(dictionary.folded(), Folded { campaigns: 11, ..Folded::default() });
        for n in 0..70_000 {
            dictionary.intern_place("web", Some(&format!("/page/{n}")), "shop");
        }
        assert!(dictionary.folded().locations > 50_000);
        let other = dictionary.intern_place("web", Some("/new"), "shop");
        assert_eq!(other, dictionary.intern_place("web", Some("/newer"), "shop"));
        let location = dictionary.place(other).location.unwrap();
        assert_eq!(dictionary.locations.name(location), OTHER);
        for n in 0..70_000 {
            let source = format!("till{n}");
            for (channel, location, campaign) in
                [("a", None, None), ("b", Some("x"), None), ("c", Some("x"), Some("y"))]
            {
                dictionary.intern_place_of(channel, location, &source, campaign);
            }
        }
        for n in 0..70_000 {
            dictionary.intern_place(&format!("channel{n}"), None, "shop");
        }
        assert!(dictionary.places().len() <= CHANNEL_PLACES_LIMIT + 4);
        assert!(dictionary.channels.len() < 5_000 && dictionary.sources.len() < 10_000);
        let folded = dictionary.folded();
        assert!(folded.channels > 0 && folded.sources > 0);
        // What had a number keeps it.
        assert_eq!(dictionary.intern_place_of("web", Some("/"), "shop", Some("spring")), first);
        assert_eq!(dictionary.folded(), folded);
    }

    #[test]
    fn surveys_and_traits_beyond_the_limits_are_folded_and_counted() {
        let mut dictionary = Dictionary::default();
        for n in 0..SURVEYS_LIMIT {
            dictionary.intern_survey(&n.to_string());
        }
        assert!(dictionary.folded().is_nothing());
        let other = dictionary.intern_survey("one more");
        assert_eq!(dictionary.intern_survey("another"), other);
        assert_eq!(dictionary.surveys.name(other.into()), OTHER);
        for n in 0..TRAIT_NAMES_LIMIT {
            assert!(dictionary.intern_trait(&n.to_string(), &Value::Flag(true)).is_some());
        }
        assert_eq!(dictionary.intern_trait("one more", &Value::Flag(true)), None);
        assert!(dictionary.intern_trait("7", &Value::Flag(false)).is_some());
        assert_eq!(dictionary.folded(), Folded { surveys: 2, traits: 1, ..Folded::default() });
    }

    #[test]
    fn every_currency_there_is_has_a_number() {
        let mut dictionary = Dictionary::default();
        let letters = || b'A'..=b'Z';
        for (a, b, c) in
            letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| (a, b, c))))
        {
            let code = [a, b, c].map(char::from).iter().collect::<String>();
            if let Some(currency) = Currency::parse(&code) {
                assert!(dictionary.intern_currency(currency).is_ok());
            }
        }
        assert!(dictionary.currencies().len() > 150);
    }
}
