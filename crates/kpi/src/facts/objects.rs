//! Orders as things with an id: touchpoints are statements about them, from any system, in any order
//! of arrival, with or without identifiers. What an order is, whose it is, and what was taken off it
//! is settled here from all of them.
//!
//! An order that one touchpoint tells and nothing else names needs no settlement. Only the others are
//! kept with all of their statements, so that a past revision is settled from those known then.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::facts::dictionary::Dictionary;
use crate::facts::fact::Fact;
use crate::facts::map::Identity;
use crate::facts::settlement::{Settled, Settlement};
use crate::facts::statement::{Says, Statement};
use customer360_model::objects::{self, Is};

type Statements = SmallVec<[Statement; 2]>;

/// The orders that more than one touchpoint speaks of, or that are spoken of without being known.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    by_key: Arc<FxHashMap<u64, Statements>>,
    /// Touchpoints among them that are void.
    voided: FxHashSet<u32>,
    /// Touchpoints from this number on are not known.
    end: Option<u32>,
}

/// All statements of a tenant, and what they come to now.
#[derive(Debug, Default)]
pub struct Told {
    /// Orders of one statement.
    first: FxHashMap<u64, Statement>,
    pub objects: Arc<Objects>,
    pub settlement: Arc<Settlement>,
    changed: FxHashSet<u64>,
}

/// A touchpoint that is settled otherwise: whom it was of and is of, as observation and time.
#[derive(Debug, Clone, Copy)]
pub struct Resettled {
    pub was: (u32, i64),
    pub is: (u32, i64),
    /// Whether nobody is who told it.
    pub by_nobody: bool,
}

impl Told {
    /// Adds what a touchpoint says.
    pub fn add(&mut self, fact: &Fact) {
        let Some(statement) = fact.statement else { return };
        let key = statement.key;
        let first = self.first.get(&key).copied();
        if first.is_none()
            && matches!(statement.says, Says::Order { .. })
            && !self.objects.by_key.contains_key(&key)
        {
            self.first.insert(key, statement);
            return;
        }
        let all = Arc::make_mut(&mut Arc::make_mut(&mut self.objects).by_key).entry(key);
        all.or_insert_with(|| first.into_iter().collect()).push(statement);
        self.changed.insert(key);
    }

    /// Takes back what a touchpoint said.
    pub fn void(&mut self, fact: &Fact) {
        let Some(Statement { key, number, .. }) = fact.statement else { return };
        let objects = Arc::make_mut(&mut self.objects);
        let first = &self.first;
        Arc::make_mut(&mut objects.by_key)
            .entry(key)
            .or_insert_with(|| first.get(&key).copied().into_iter().collect());
        objects.voided.insert(number);
        self.changed.insert(key);
    }

    /// Settles what changed, and tells which touchpoints are settled otherwise than before.
    pub fn settle(&mut self, names: &Dictionary) -> Vec<Resettled> {
        let mut resettled = Vec::new();
        if self.changed.is_empty() {
            return resettled;
        }
        let settlement = Arc::make_mut(&mut self.settlement);
        for key in self.changed.drain() {
            let statements = &self.objects.by_key[&key];
            let mut new = Settlement::default();
            settle(statements, |one| !self.objects.voided.contains(&one.number), names, &mut new);
            for one in statements {
                let (was, is) = (settlement.remove(&one.number), new.remove(&one.number));
                if was != is {
                    resettled.extend(Resettled::of(was.as_ref(), is.as_ref()));
                }
                settlement.extend(is.map(|is| (one.number, is)));
            }
        }
        resettled
    }

    /// Bytes in memory, roughly.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let one = size_of::<(u64, Statement)>();
        let settled = self.settlement.len() * size_of::<(u32, Settled)>();
        self.first.capacity() * one + self.objects.by_key.capacity() * 2 * one + settled
    }
}

impl Objects {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// The same as of the time when touchpoints up to `last` were known, and these were not void.
    #[must_use]
    pub fn as_of(&self, last: u32, restored: &FxHashSet<u32>) -> Self {
        let voided = self.voided.difference(restored).copied().collect();
        let end = self.end.unwrap_or(u32::MAX).min(last.saturating_add(1));
        Self { by_key: self.by_key.clone(), voided, end: Some(end) }
    }

    /// What those statements come to that `knows` knows, by number and time.
    #[must_use]
    pub fn settle(&self, knows: impl Fn(u32, i64) -> bool, names: &Dictionary) -> Settlement {
        let mut all = Settlement::default();
        let lives = |one: &Statement| {
            knows(one.number, one.at)
                && self.end.is_none_or(|end| one.number < end)
                && !self.voided.contains(&one.number)
        };
        for statements in self.by_key.values() {
            settle(statements, lives, names, &mut all);
        }
        all
    }
}

impl Resettled {
    fn of(was: Option<&Settled>, is: Option<&Settled>) -> Option<Self> {
        let said = was.or(is)?.said;
        let whose = |one: Option<&Settled>| one.map_or(said, |one| (one.owner, one.verdict.ordered));
        Some(Self { was: whose(was), is: whose(is), by_nobody: said.0 == 0 })
    }

    /// The customers under a map whom it was of and is of.
    pub fn customers<'a>(&'a self, map: &'a dyn Identity) -> impl Iterator<Item = u32> + 'a {
        let of = [self.was, self.is].into_iter().filter(|(observation, _)| *observation != 0);
        of.map(|(observation, at)| map.customer_of(observation, at))
    }
}

/// On which touchpoints two settlements do not agree.
#[must_use]
pub fn differences(was: &Settlement, is: &Settlement) -> Vec<Resettled> {
    let new = is.keys().filter(|number| !was.contains_key(number));
    let numbers = was.keys().chain(new).filter(|number| was.get(number) != is.get(number));
    numbers.filter_map(|number| Resettled::of(was.get(number), is.get(number))).collect()
}

/// Settles one order from its live statements. What is just what it says is left out.
fn settle(
    statements: &[Statement],
    lives: impl Fn(&Statement) -> bool,
    names: &Dictionary,
    all: &mut Settlement,
) {
    let mut statements: Statements = statements.iter().copied().filter(lives).collect();
    statements.sort_by(|a, b| {
        let position = |one: &Statement| (one.id, one.number);
        let source = |one: &Statement| names.sources.name(one.source);
        a.at.cmp(&b.at).then_with(|| source(a).cmp(source(b))).then_with(|| position(a).cmp(&position(b)))
    });
    let plain = |one: &Statement| objects::Statement {
        observation: one.observation.into(),
        at: one.at,
        says: one.says,
    };
    let verdicts = objects::settle(&statements.iter().map(plain).collect::<Vec<_>>());
    for (one, verdict) in statements.iter().zip(verdicts) {
        let owner = u32::try_from(verdict.owner).unwrap_or(one.observation);
        let is_plain = match one.says {
            Says::Order { .. } => {
                verdict.is == Is::Itself && owner == one.observation && verdict.off.is_empty()
            }
            Says::Return { .. } => false,
            Says::Cancelled { .. } => true,
        };
        if !is_plain {
            all.insert(one.number, Settled { said: (one.observation, one.at), owner, verdict });
        }
    }
}

/// A map that knows of whom orders and returns are.
#[derive(Clone, Copy)]
pub struct Owners<'a> {
    pub map: &'a dyn Identity,
    pub settlement: &'a Settlement,
    /// Whether what is of nobody is asked for, instead of what is of customers.
    pub nobody: bool,
}

impl Identity for Owners<'_> {
    fn customer_of(&self, observation: u32, at: i64) -> u32 {
        if self.nobody { 0 } else { self.map.customer_of(observation, at) }
    }

    fn is_registered(&self, customer: u32) -> bool {
        !self.nobody && self.map.is_registered(customer)
    }

    fn takes(&self, observation: u32) -> bool {
        (observation == 0) == self.nobody
    }

    fn settlement(&self) -> Option<&Settlement> {
        Some(self.settlement).filter(|all| !all.is_empty())
    }
}
