//! Gathering: rows find their customer, whatever the sources and their order.

use rand::prelude::*;
use rand_chacha::ChaCha8Rng;
use rustc_hash::FxHashSet;

use customer360_model::{ActivityType, Currency, Value};

use crate::facts::dictionary::Dictionary;
use crate::facts::fact::{Amount, AnswerKind, Body, Fact, LineFact, Measured, Said, TouchType, TraitFact};
use crate::facts::map::Identity;
use crate::facts::segment::{Segment, Source};
use crate::facts::tables::{SURVIVES, Tables};
use crate::facts::trust::Trust;
use crate::ground::bitmap::Bitmap;

/// Observation to customer, by the observation's number; customer 3k is registered.
struct Map(Vec<u32>);

impl Identity for Map {
    fn customer_of(&self, observation: u32, _at: i64) -> u32 {
        self.0[observation as usize]
    }

    fn is_registered(&self, customer: u32) -> bool {
        customer.is_multiple_of(3)
    }
}

fn random_facts(
    rng: &mut ChaCha8Rng,
    observations: u32,
    count: u32,
    dictionary: &mut Dictionary,
) -> Vec<Fact> {
    let places: Vec<u16> = ["store", "web", "app"].map(|c| dictionary.intern_place(c, None, c)).to_vec();
    let currency = dictionary.intern_currency(Currency::EUR).unwrap();
    (1..=count)
        .map(|number| {
            let amount = Amount { minor: rng.random_range(0..9), currency };
            let body = match rng.random_range(0..5) {
                0 => Body::Order { amount, order_key: u64::from(number) },
                1 => Body::Return { amount, order_key: 0 },
                2 => Body::Answer { kind: AnswerKind::Nps, score: rng.random_range(0..=10), survey: 0 },
                _ => Body::Touch(TouchType::new(ActivityType::Visit, None)),
            };
            let write = |n: u32| {
                let (name, value) = dictionary.intern_trait("city", &Value::Integer(n.into())).unwrap();
                TraitFact { name, value, if_absent: n.is_multiple_of(2) }
            };
            let line = |n: u32| LineFact { item: n, quantity_milli: number.into(), price: Some(amount) };
            Fact {
                statement: None,
                number,
                observation: rng.random_range(1..=observations),
                at: rng.random_range(0..50),
                place: *places.choose(rng).unwrap(),
                body,
                seconds: if rng.random_bool(0.2) { number } else { 0 },
                cost: rng.random_bool(0.2).then_some(amount),
                traits: if rng.random_bool(0.3) { (0..2).map(write).collect() } else { Vec::new() },
                said: Said {
                    visit: rng.random_bool(0.3).then_some(Measured { seconds: number, pages: 1 }),
                    value: rng.random_bool(0.1).then_some(amount),
                    lines: (0..rng.random_range(0..3)).map(line).collect(),
                    ..Said::default()
                },
            }
        })
        .collect()
}

fn tables<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Tables {
    let mut tables = Tables::default();
    facts.into_iter().for_each(|fact| tables.push(fact));
    tables
}

/// Each least observation of a block names it.
fn random_map(rng: &mut ChaCha8Rng, observations: u32) -> Map {
    let mut map: Vec<u32> = (0..=observations).collect();
    for observation in 2..=observations {
        if rng.random_bool(0.4) {
            map[observation as usize] = map[rng.random_range(1..observation) as usize];
        }
    }
    Map(map)
}

#[test]
fn rows_stand_by_customer_and_time() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut dictionary = Dictionary::default();
    let facts = random_facts(&mut rng, 40, 400, &mut dictionary);
    let map = random_map(&mut rng, 40);
    let all = tables(&facts);
    let segment =
        Segment::gather(&[Source::New(&all)], &map, &FxHashSet::default(), &Trust::of(&dictionary, &[]));
    assert_eq!(segment.tables.touchpoints(), 400);
    assert!(segment.customers.key.is_sorted());
    let stem = &segment.tables.touches.stem;
    let order = |row: usize| (stem.customer[row], stem.at[row], stem.number[row]);
    assert!((1..stem.len()).all(|row| order(row - 1) < order(row)));
    for row in 0..stem.len() {
        assert_eq!(segment.customers.key[stem.customer[row] as usize], map.0[stem.observation[row] as usize]);
    }
    for (customer, &key) in segment.customers.key.iter().enumerate() {
        assert_eq!(segment.customers.registered[customer], key % 3 == 0);
        let first = facts.iter().filter(|f| map.0[f.observation as usize] == key);
        let first = first.min_by_key(|f| (f.at, f.number)).unwrap();
        assert_eq!(segment.customers.acquired.at[customer], first.at);
        assert_eq!(segment.customers.acquired.place[customer], first.place);
    }
    let traits = &segment.tables.traits;
    for customer in 0..segment.customers.len() as u32 {
        let writes: Vec<usize> =
            segment.tables.rows_of(&traits.owner, customer..customer + 1).map(|(row, _)| row).collect();
        let standing = writes.iter().filter(|&&row| traits.flags[row] & SURVIVES != 0).count();
        assert_eq!(standing, usize::from(!writes.is_empty()), "customer {customer} has one city");
    }
}

/// Facts that arrive in pieces, with merges in between, end in the same columns as at once.
#[test]
fn gathering_again_equals_gathering_from_nothing() {
    for seed in 0..60 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut dictionary = Dictionary::default();
        // Few customers of many are looked for, many are gone through.
        let (sets, count, moved) = if seed % 2 == 0 { (30, 200, 0.3) } else { (300, 2_000, 0.01) };
        let facts = random_facts(&mut rng, sets, count, &mut dictionary);
        let trust = Trust::of(&dictionary, &["web".into()]);
        let (before, after) = (random_map(&mut rng, sets), random_map(&mut rng, sets));
        let voided: FxHashSet<u32> = (1..=count).filter(|_| rng.random_bool(0.1)).collect();
        let (one, rest): (Vec<&Fact>, Vec<&Fact>) = facts.iter().partition(|_| rng.random_bool(0.5));
        let (two, three): (Vec<&Fact>, Vec<&Fact>) = rest.into_iter().partition(|_| rng.random_bool(0.5));
        let none = FxHashSet::default();
        let old = Segment::gather(&[Source::New(&tables(one))], &before, &none, &trust);
        let older = Segment::gather(&[Source::New(&tables(two))], &before, &none, &trust);
        let mut dead = Bitmap::new(old.customers.len());
        let chosen: Vec<u32> = (0..old.customers.len() as u32).filter(|_| rng.random_bool(moved)).collect();
        chosen.iter().for_each(|&customer| assert!(dead.insert(customer)));
        let new = tables(three);
        let pieces = [
            Source::Customers(&old, &chosen),
            Source::New(&new),
            Source::Living(&old, &dead),
            Source::Living(&older, &Bitmap::default()),
        ];
        let pieced = Segment::gather(&pieces, &after, &voided, &trust);
        let whole = Segment::gather(&[Source::New(&tables(&facts))], &after, &voided, &trust);
        assert_eq!(pieced, whole, "seed {seed}");
        assert_eq!(pieced.tables.touchpoints(), count as usize - voided.len());
    }
}

#[test]
fn nothing_gathers_to_nothing() {
    let map = Map(Vec::new());
    let segment = Segment::gather(&[], &map, &FxHashSet::default(), &Trust::default());
    assert_eq!(segment, Segment::default());
    assert_eq!(segment.bytes(), 0);
}
