//! The five phases of a customer's journey.

/// Where in the journey a touchpoint stands. Registration, login, logout and profile
/// updates stand in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Awareness,
    Consideration,
    Decision,
    Service,
    Loyalty,
}

impl Phase {
    pub const ALL: [Self; 5] =
        [Self::Awareness, Self::Consideration, Self::Decision, Self::Service, Self::Loyalty];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Awareness => "awareness",
            Self::Consideration => "consideration",
            Self::Decision => "decision",
            Self::Service => "service",
            Self::Loyalty => "loyalty",
        }
    }
}
