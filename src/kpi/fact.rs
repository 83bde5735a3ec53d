//! A fact: what the KPIs keep of a touchpoint.

use crate::model::activity::SurveyKind;
use crate::model::{
    Activity, ActivityType, Channel, Details, Micros, Money, ObservationNo, Phase, TouchpointNo,
};

use super::dictionary::{Dictionary, DictionaryFull, text_hash};

/// A touchpoint that the columns cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactError {
    #[error(transparent)]
    DictionaryFull(#[from] DictionaryFull),
    #[error("a tenant's numbers have outgrown 32 bits")]
    NumberTooLarge,
}

/// The type of a touchpoint, with the phase of a custom one: below 64, so that it indexes tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TouchType(pub u8);

impl TouchType {
    /// All types are below this.
    pub const COUNT: usize = 64;
    pub const ORDER: Self = Self::of(ActivityType::Order);
    pub const RETURN: Self = Self::of(ActivityType::Return);
    pub const SURVEY_ANSWER: Self = Self::of(ActivityType::SurveyAnswer);
    pub const REVIEW_WRITTEN: Self = Self::of(ActivityType::ReviewWritten);
    const CUSTOM: u8 = ActivityType::Custom as u8;

    const fn of(activity_type: ActivityType) -> Self {
        Self(activity_type as u8)
    }

    /// The type of a touchpoint; a custom one names its phase itself.
    #[must_use]
    pub fn new(activity_type: ActivityType, custom_phase: Option<Phase>) -> Self {
        match (activity_type, custom_phase) {
            (ActivityType::Custom, Some(phase)) => Self(Self::CUSTOM + 1 + phase as u8),
            _ => Self::of(activity_type),
        }
    }

    #[must_use]
    pub fn activity_type(self) -> ActivityType {
        ActivityType::ALL.get(usize::from(self.0)).copied().unwrap_or(ActivityType::Custom)
    }

    #[must_use]
    pub fn phase(self) -> Option<Phase> {
        match self.0.checked_sub(Self::CUSTOM + 1) {
            Some(phase) => Phase::ALL.get(usize::from(phase)).copied(),
            None => self.activity_type().phase(),
        }
    }
}

/// What was rated. A review's stars are an answer too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum AnswerKind {
    Nps,
    Csat,
    Ces,
    Rating,
}

impl AnswerKind {
    /// The type of touchpoint that such an answer is, from the number in its column.
    #[must_use]
    pub fn touch_type(kind: u8) -> TouchType {
        match kind == Self::Rating as u8 {
            true => TouchType::REVIEW_WRITTEN,
            false => TouchType::SURVEY_ANSWER,
        }
    }
}

impl From<SurveyKind> for AnswerKind {
    fn from(kind: SurveyKind) -> Self {
        match kind {
            SurveyKind::Nps => Self::Nps,
            SurveyKind::Csat => Self::Csat,
            SurveyKind::Ces => Self::Ces,
        }
    }
}

/// An amount in minor units of a currency of the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    pub minor: i64,
    pub currency: u8,
}

/// What sets the kinds of touchpoints apart: each variant has its own table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// `order_key` stands for the order's id.
    Order {
        amount: Amount,
        order_key: u64,
    },
    /// `order_key` is 0 when the return names no order.
    Return {
        amount: Amount,
        order_key: u64,
    },
    /// A survey without an id is that of the empty name.
    Answer {
        kind: AnswerKind,
        score: u8,
        survey: u16,
    },
    Touch(TouchType),
}

impl Body {
    #[must_use]
    pub fn touch_type(&self) -> TouchType {
        match self {
            Self::Order { .. } => TouchType::ORDER,
            Self::Return { .. } => TouchType::RETURN,
            Self::Answer { kind, .. } => AnswerKind::touch_type(*kind as u8),
            Self::Touch(touch_type) => *touch_type,
        }
    }
}

/// What a touchpoint cost beyond its rate: time spent and an explicit amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    pub seconds: u32,
    pub cost: Option<Amount>,
}

/// One write of a trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraitFact {
    pub name: u16,
    /// The hash of the value's text.
    pub value: u64,
    pub if_absent: bool,
}

/// What the KPIs keep of a touchpoint. All names are numbers of the tenant's dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub number: u32,
    /// 0 for an unidentified touchpoint: observations are numbered from 1.
    pub observation: u32,
    pub at: i64,
    pub place: u16,
    pub body: Body,
    pub charge: Option<Charge>,
    pub traits: Vec<TraitFact>,
}

impl Fact {
    /// # Errors
    /// When the tenant has outgrown the dictionary or the numbers of the columns.
    pub fn of(
        number: TouchpointNo,
        observation: Option<ObservationNo>,
        at: Micros,
        channel: &Channel,
        source: &str,
        details: &Details,
        dictionary: &mut Dictionary,
    ) -> Result<Self, FactError> {
        let small = |n: i64| u32::try_from(n).map_err(|_| FactError::NumberTooLarge);
        let survey = match &details.activity {
            Activity::SurveyAnswer(answer) => dictionary.intern_survey(&answer.survey_id)?,
            Activity::ReviewWritten(_) => dictionary.intern_survey("")?,
            _ => 0,
        };
        let mut amount = |money: Money| {
            dictionary.intern_currency(money.currency).map(|currency| Amount { minor: money.minor, currency })
        };
        let body = match &details.activity {
            Activity::Order(order) => {
                Body::Order { amount: amount(order.amount)?, order_key: text_hash(&order.order_id) }
            }
            Activity::Return(back) => {
                let order_key = if back.order_id.is_empty() { 0 } else { text_hash(&back.order_id) };
                Body::Return { amount: amount(back.amount)?, order_key }
            }
            Activity::SurveyAnswer(answer) => {
                Body::Answer { kind: answer.kind.into(), score: answer.score, survey }
            }
            Activity::ReviewWritten(review) => match review.rating {
                Some(score) => Body::Answer { kind: AnswerKind::Rating, score, survey },
                None => Body::Touch(TouchType::REVIEW_WRITTEN),
            },
            other => Body::Touch(TouchType::new(other.activity_type(), other.phase())),
        };
        let cost = details.cost.map(&mut amount).transpose()?;
        let seconds = details.handling_seconds.unwrap_or(0);
        let charge = (seconds > 0 || cost.is_some()).then_some(Charge { seconds, cost });
        let traits = details.traits.iter().map(|write| {
            let (name, value) = dictionary.intern_trait(&write.name, &write.value)?;
            Ok(TraitFact { name, value, if_absent: write.if_absent })
        });
        let traits = traits.collect::<Result<Vec<_>, DictionaryFull>>()?;
        Ok(Self {
            number: small(number.0)?,
            observation: observation.map_or(Ok(0), |observation| small(observation.0))?,
            at: at.0,
            place: dictionary.intern_place(channel.as_str(), details.location.as_deref(), source)?,
            body,
            charge,
            traits,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_keeps_the_phase_of_a_custom_touchpoint() {
        for &t in ActivityType::ALL {
            let touch_type = TouchType::new(t, None);
            assert_eq!((touch_type.activity_type(), touch_type.phase()), (t, t.phase()));
            assert!(usize::from(touch_type.0) < TouchType::COUNT);
        }
        for phase in Phase::ALL {
            let custom = TouchType::new(ActivityType::Custom, Some(phase));
            assert_eq!((custom.activity_type(), custom.phase()), (ActivityType::Custom, Some(phase)));
            assert!(usize::from(custom.0) < TouchType::COUNT);
        }
    }
}
