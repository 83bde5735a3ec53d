//! To what credit is given: channels, campaigns, or the sources that visits came from.

use rustc_hash::FxHashMap;

use super::{DIRECT, To};
use crate::engine::mark::Mark;
use crate::engine::measure::Seen;
use crate::facts::dictionary::Dictionary;
use crate::facts::fact::TouchType;

/// Names numbered from 1; 0: none.
pub(super) struct Keys {
    to: To,
    pub names: Vec<String>,
    /// By place: its channel or its campaign.
    of_place: Vec<u32>,
    /// By number of the item of a visit: its source or its campaign.
    of_visit: Vec<u32>,
    /// By number of the item of a visit: whether it came from nowhere.
    direct: Vec<bool>,
}

impl Keys {
    pub fn new(dictionary: &Dictionary, to: To) -> Self {
        let (mut names, mut known) = (Vec::new(), FxHashMap::default());
        let mut number = |name: &str| -> u32 {
            if name.is_empty() {
                return 0;
            }
            *known.entry(name.to_owned()).or_insert_with(|| {
                names.push(name.to_owned());
                names.len() as u32
            })
        };
        let names_none = dictionary.channels.is_empty();
        let of_place = dictionary.places().iter().map(|place| match to {
            // Of no facts there is a place, and no channel.
            To::Channel | To::Source if names_none => 0,
            To::Channel | To::Source => number(dictionary.channels.name(place.channel)),
            To::Campaign => place.campaign.map_or(0, |campaign| number(dictionary.campaigns.name(campaign))),
        });
        let of_place = of_place.collect();
        let items = dictionary.items();
        // A visit's item is the campaign that it came from, under the source.
        let texts = |item: u32| {
            let text = |name: u32| items.text(name).unwrap_or_default();
            items.pair(item).map_or(("", ""), |(campaign, source)| (text(campaign), text(source)))
        };
        let nowhere = |item: u32| {
            let (campaign, source) = texts(item);
            let said = source.trim_matches(['(', ')']);
            (source.is_empty() && campaign.is_empty()) || said == "direct" || said == "none"
        };
        let all = 0..=items.len() as u32;
        let direct: Vec<bool> = all.clone().map(nowhere).collect();
        let of_visit = all.map(|item| match (to, texts(item)) {
            (To::Channel, _) => 0,
            (To::Campaign, (campaign, _)) => number(campaign),
            (To::Source, _) if direct[item as usize] => number(DIRECT),
            (To::Source, (campaign, "")) => number(campaign),
            (To::Source, (_, source)) => number(source),
        });
        let of_visit = of_visit.collect();
        Self { to, of_place, of_visit, direct, names }
    }

    /// `None` for a touchpoint that is passed over.
    pub fn of(&self, seen: &Seen, mark: &Mark) -> Option<u32> {
        let own = self.of_place[usize::from(mark.place)];
        let visited = || match mark.kind {
            TouchType::VISIT => self.of_visit.get(seen.item(mark) as usize).copied().unwrap_or(0),
            _ => 0,
        };
        let key = match self.to {
            To::Channel => own,
            To::Campaign if own != 0 => own,
            To::Source if mark.kind != TouchType::VISIT => own,
            To::Campaign | To::Source => visited(),
        };
        Some(key).filter(|&key| key != 0)
    }

    /// Whether it is a visit that came from nowhere.
    pub fn is_direct(&self, seen: &Seen, mark: &Mark) -> bool {
        mark.kind == TouchType::VISIT && self.direct.get(seen.item(mark) as usize).copied().unwrap_or(true)
    }
}
