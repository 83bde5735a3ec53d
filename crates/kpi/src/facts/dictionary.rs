//! Names as small numbers, so that a fact is a few bytes and a filter is one table lookup.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use customer360_model::{Currency, Value};

/// Distinct (channel, location, source) of one tenant.
pub const PLACES_LIMIT: usize = 65_535;
/// Distinct places that name a campaign; the campaigns of further ones are [`OTHER_CAMPAIGNS`].
pub const CAMPAIGN_PLACES_LIMIT: usize = 40_000;
/// Stands for every campaign beyond the limit.
pub const OTHER_CAMPAIGNS: &str = "(other)";
/// Distinct items of one tenant; further ones are all [`OTHER_ITEMS`].
pub const ITEMS_LIMIT: usize = 2_000_000;
/// Stands for every item beyond the limit: the same as no other, itself included.
pub const OTHER_ITEMS: u32 = u32::MAX;
/// Distinct surveys of one tenant.
pub const SURVEYS_LIMIT: usize = 65_535;
/// Distinct currencies of one tenant.
pub const CURRENCIES_LIMIT: usize = 255;
/// Distinct trait names of one tenant.
pub const TRAIT_NAMES_LIMIT: usize = 1_000;
/// Values of one trait whose texts are kept, to name groups by. A trait with more of them can
/// filter but not group, and its values (names, birthdays) are not held in memory.
pub const TRAIT_TEXTS_LIMIT: usize = 1_000;

/// A tenant has more distinct names of a kind than the columns can number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DictionaryFull {
    #[error("more than {PLACES_LIMIT} distinct combinations of channel, location and source")]
    Places,
    #[error("more than {SURVEYS_LIMIT} surveys")]
    Surveys,
    #[error("more than {CURRENCIES_LIMIT} currencies")]
    Currencies,
    #[error("more than {TRAIT_NAMES_LIMIT} trait names")]
    TraitNames,
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

/// Numbers in order of first appearance.
#[derive(Debug, Clone, Default)]
pub struct Names {
    names: Vec<Arc<str>>,
    numbers: FxHashMap<Arc<str>, u32>,
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
    version: u64,
}

impl Dictionary {
    /// Changes whenever a name is added: a published copy with the same version is as good.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
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

    /// # Errors
    /// When the tenant has too many distinct places.
    pub fn intern_place(
        &mut self,
        channel: &str,
        location: Option<&str>,
        source: &str,
    ) -> Result<u16, DictionaryFull> {
        self.intern_place_of(channel, location, source, None)
    }

    /// # Errors
    /// When the tenant has too many distinct places.
    pub fn intern_place_of(
        &mut self,
        channel: &str,
        location: Option<&str>,
        source: &str,
        campaign: Option<&str>,
    ) -> Result<u16, DictionaryFull> {
        let is_full = self.places.len() >= CAMPAIGN_PLACES_LIMIT;
        let known = campaign.and_then(|campaign| self.campaigns.find(campaign));
        let mut place = Place {
            channel: self.channels.intern(channel),
            location: location.map(|location| self.locations.intern(location)),
            source: self.sources.intern(source),
            campaign: known,
        };
        if let Some(campaign) = campaign {
            let is_known = known.is_some() && self.place_numbers.contains_key(&place);
            let name = if is_full && !is_known { OTHER_CAMPAIGNS } else { campaign };
            place.campaign = Some(self.campaigns.intern(name));
        }
        if let Some(&number) = self.place_numbers.get(&place) {
            return Ok(number);
        }
        if self.places.len() == PLACES_LIMIT {
            return Err(DictionaryFull::Places);
        }
        let number = self.places.len() as u16;
        self.places.push(place);
        self.place_numbers.insert(place, number);
        self.version += 1;
        Ok(number)
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
            return OTHER_ITEMS;
        }
        self.version += 1;
        Arc::make_mut(&mut self.items).intern(name, category)
    }

    /// # Errors
    /// When the tenant has too many surveys.
    pub fn intern_survey(&mut self, survey: &str) -> Result<u16, DictionaryFull> {
        if self.surveys.find(survey).is_none() {
            if self.surveys.len() == SURVEYS_LIMIT {
                return Err(DictionaryFull::Surveys);
            }
            self.version += 1;
        }
        Ok(self.surveys.intern(survey) as u16)
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

    /// The number of the trait's name and the hash of the value's text.
    ///
    /// # Errors
    /// When the tenant has too many trait names.
    pub fn intern_trait(&mut self, name: &str, value: &Value) -> Result<(u16, u64), DictionaryFull> {
        if self.trait_names.find(name).is_none() {
            if self.trait_names.len() == TRAIT_NAMES_LIMIT {
                return Err(DictionaryFull::TraitNames);
            }
            self.texts.push(Some(FxHashMap::default()));
            self.version += 1;
        }
        let number = self.trait_names.intern(name) as u16;
        if *value == Value::Unset {
            return Ok((number, UNSET));
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
                known.insert(hash, text.into());
            }
        }
        Ok((number, hash))
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
        let shop = dictionary.intern_place("store", Some("Rome"), "till").unwrap();
        let version = dictionary.version();
        assert_eq!(dictionary.intern_place("store", Some("Rome"), "till"), Ok(shop));
        assert_eq!(dictionary.version(), version);
        let web = dictionary.intern_place("web", None, "shop").unwrap();
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
}
