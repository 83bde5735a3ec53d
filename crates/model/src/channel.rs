//! Channels: where a retailer meets a person.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The channels every tenant has, and whether each is physical.
pub const STANDARD: [(&str, Medium); 12] = [
    ("store", Medium::Physical),
    ("web", Medium::Online),
    ("app", Medium::Online),
    ("marketplace", Medium::Online),
    ("call_centre", Medium::Online),
    ("email", Medium::Online),
    ("messaging", Medium::Online),
    ("social", Medium::Online),
    ("kiosk", Medium::Physical),
    ("advertising", Medium::Online),
    ("sales_representative", Medium::Physical),
    ("partner", Medium::Online),
];

/// ROPO and showrooming ask whether a channel is online or physical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Medium {
    Online,
    Physical,
}

/// A standard channel, or the tenant's own: `x-` (online) or `xp-` (physical) and
/// `[a-z0-9_-]{1,60}`. The prefix keeps a misspelt `Store` from becoming a channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Channel(Arc<str>);

impl Channel {
    /// `None` when the name is neither standard nor of the form of a tenant's own.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let own = name.strip_prefix("x-").or_else(|| name.strip_prefix("xp-"));
        let known = match own {
            Some(own) => {
                (1..=60).contains(&own.len())
                    && own
                        .bytes()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_' || c == b'-')
            }
            None => STANDARD.iter().any(|(standard, _)| *standard == name),
        };
        known.then(|| Self(name.into()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn medium(&self) -> Medium {
        let standard = STANDARD.iter().find(|(name, _)| *name == &*self.0);
        match standard {
            Some((_, medium)) => *medium,
            None if self.0.starts_with("xp-") => Medium::Physical,
            None => Medium::Online,
        }
    }
}
