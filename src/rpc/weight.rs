//! How much memory a message would take, before it is taken: an element of two bytes on the wire can
//! become some hundreds. One pass over the tags, which reads no text and makes nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::proto;

/// What a message makes in memory beside its own struct.
pub(super) struct Shape {
    /// Of its struct; about that where it has no name of its own.
    bytes: usize,
    /// Those fields that make something: number, which of its lists it is (below [`LISTS`]), and what.
    fields: &'static [(u32, u8, Made)],
}

enum Made {
    /// Stands in the message itself; what is in it may make something.
    Message(usize),
    Messages(usize),
    /// Entries of a map.
    Entries(usize),
    Texts,
    /// Numbers of so many bytes on the wire each; 0: that varies.
    Numbers(usize),
}

/// A message whose [`Shape`] is known.
pub trait Shaped {
    const SHAPE: usize;
}

include!(concat!(env!("OUT_DIR"), "/shapes.rs"));

/// Lists grow by doubling.
const GROWTH: usize = 2;
/// Places that a list takes first; larger elements are taken one by one until they double.
const FIRST: usize = 4;
const LARGE_BYTES: usize = 1_024;
/// Entries of a node of a map; later nodes may be half empty.
const NODE: usize = 11;
/// The place of a text of a list, and what the allocator adds for what it says.
const TEXT_BYTES: usize = size_of::<String>();
const ALLOCATED_BYTES: usize = 16;
const NUMBER_BYTES: usize = GROWTH * 8;
/// As deep as prost follows.
const DEPTH: usize = 100;
/// No element takes more memory a byte than this: below this share of the limit nothing is counted.
const MOST_A_BYTE: usize = 4_000;

/// Memory that one message may take, for the process: [`limit_to`].
static LIMIT: AtomicUsize = AtomicUsize::new(limit_of(32 << 20));

/// Four bytes in memory for each that a message may have on the wire.
const fn limit_of(max_message_bytes: usize) -> usize {
    max_message_bytes.saturating_mul(4)
}

/// Messages of at most so many bytes on the wire are taken.
pub(super) fn limit_to(max_message_bytes: usize) {
    LIMIT.store(limit_of(max_message_bytes), Ordering::Relaxed);
}

/// The limit, if the message would take more.
pub(super) fn excess(shape: usize, bytes: &[u8]) -> Option<usize> {
    let limit = LIMIT.load(Ordering::Relaxed);
    if bytes.len() <= limit / MOST_A_BYTE {
        return None;
    }
    let mut weight = Weight { left: limit };
    weight.message(shape, bytes, 0).is_none().then_some(limit)
}

/// What one more element of a list takes that has `count` of them.
fn one_more(count: usize, bytes: usize) -> usize {
    let first = if bytes <= LARGE_BYTES { FIRST } else { 1 };
    match count {
        0 => first * bytes,
        full if full >= first && full.is_power_of_two() => full * bytes,
        _ => 0,
    }
}

/// What one more entry of a map takes that has `count` of them.
fn one_more_entry(count: usize, bytes: usize) -> usize {
    match count {
        0 => NODE * bytes,
        1..NODE => 0,
        _ => GROWTH * bytes,
    }
}

struct Weight {
    left: usize,
}

impl Weight {
    fn take(&mut self, bytes: usize) -> Option<()> {
        self.left = self.left.checked_sub(bytes)?;
        Some(())
    }

    /// `None` beyond the limit. Bytes that are no message end the pass: prost refuses them where it
    /// comes to them, and has made no more until then.
    fn message(&mut self, shape: usize, mut bytes: &[u8], depth: usize) -> Option<()> {
        let shape = &SHAPES[shape];
        if depth > DEPTH {
            return Some(());
        }
        let mut counts = [0_u32; LISTS];
        let mut count = |list: u8| {
            let count = &mut counts[usize::from(list)];
            *count += 1;
            *count as usize - 1
        };
        while !bytes.is_empty() {
            let Ok((number, wire)) = decode_key(&mut bytes) else { return Some(()) };
            let found = shape.fields.iter().find(|(known, _, _)| *known == number);
            let (list, made) = found.map_or((0, None), |(_, list, made)| (*list, Some(made)));
            if let (
                Some(Made::Numbers(_)),
                WireType::Varint | WireType::ThirtyTwoBit | WireType::SixtyFourBit,
            ) = (made, wire)
            {
                self.take(NUMBER_BYTES)?;
            }
            if wire != WireType::LengthDelimited {
                let Ok(()) = skip_field(wire, number, &mut bytes, DecodeContext::default()) else {
                    return Some(());
                };
                continue;
            }
            let Some(inner) = delimited(&mut bytes) else { return Some(()) };
            match made {
                None => {}
                Some(Made::Message(shape)) => self.message(*shape, inner, depth + 1)?,
                Some(Made::Messages(shape)) => {
                    self.take(one_more(count(list), SHAPES[*shape].bytes))?;
                    self.message(*shape, inner, depth + 1)?;
                }
                Some(Made::Entries(shape)) => {
                    self.take(one_more_entry(count(list), SHAPES[*shape].bytes))?;
                    self.message(*shape, inner, depth + 1)?;
                }
                Some(Made::Texts) => self.take(one_more(count(list), TEXT_BYTES) + ALLOCATED_BYTES)?,
                Some(Made::Numbers(width)) => {
                    let of_any_width = || inner.iter().filter(|byte| **byte < 0x80).count();
                    let count = inner.len().checked_div(*width).unwrap_or_else(of_any_width);
                    self.take(count * NUMBER_BYTES)?;
                }
            }
        }
        Some(())
    }
}

fn delimited<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(decode_varint(bytes).ok()?).ok()?;
    let (inner, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(inner)
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    fn left(message: &(impl Message + Shaped), limit: usize) -> Option<usize> {
        fn shape<M: Shaped>(_: &M) -> usize {
            M::SHAPE
        }
        let mut weight = Weight { left: limit };
        weight.message(shape(message), &message.encode_to_vec(), 0).map(|()| weight.left)
    }

    fn batch(touchpoints: Vec<proto::Touchpoint>) -> proto::RecordTouchpointsRequest {
        proto::RecordTouchpointsRequest { touchpoints, ..Default::default() }
    }

    #[test]
    fn empty_elements_weigh_what_they_become() {
        let empty = batch(vec![proto::Touchpoint::default(); 1_000]);
        let taken = (1 << 30) - left(&empty, 1 << 30).unwrap();
        let in_memory = 1_000 * size_of::<proto::Touchpoint>();
        assert!((in_memory..10 * in_memory).contains(&taken), "{taken} for {in_memory}");
        assert_eq!(left(&empty, in_memory), None);
        assert_eq!(
            excess(proto::RecordTouchpointsRequest::SHAPE, &[0x0a, 0].repeat(16 << 20)),
            Some(128 << 20)
        );
    }

    #[test]
    fn no_message_takes_more_a_byte_than_assumed_and_each_is_as_large_as_counted() {
        let elements = |shape: &Shape| {
            let listed = |(_, _, made): &(u32, u8, Made)| match made {
                Made::Messages(shape) => Some(one_more(0, SHAPES[*shape].bytes)),
                Made::Entries(shape) => Some(one_more_entry(0, SHAPES[*shape].bytes)),
                _ => None,
            };
            shape.fields.iter().filter_map(listed).max()
        };
        // An empty element has two bytes on the wire, and four in a list of lists.
        let most = SHAPES.iter().filter_map(elements).max().unwrap();
        assert!(most / 2 <= MOST_A_BYTE, "{most}");
        let sizes = [
            (size_of::<proto::Touchpoint>(), proto::Touchpoint::SHAPE),
            (size_of::<proto::Identifier>(), proto::Identifier::SHAPE),
            (size_of::<proto::CustomerRef>(), proto::CustomerRef::SHAPE),
            (size_of::<proto::KpiQuestion>(), proto::KpiQuestion::SHAPE),
            (size_of::<proto::KindRule>(), proto::KindRule::SHAPE),
            (size_of::<proto::Scope>(), proto::Scope::SHAPE),
        ];
        for (size, shape) in sizes {
            assert!(SHAPES[shape].bytes >= size, "shape {shape}: {} for {size}", SHAPES[shape].bytes);
        }
    }

    #[test]
    fn a_list_weighs_what_its_places_take() {
        let weighed = |count: usize, bytes: usize| (0..count).map(|n| one_more(n, bytes)).sum::<usize>();
        for count in [0, 1, 3, 4, 5, 50, 1_000] {
            let mut list: Vec<[u8; 24]> = Vec::new();
            (0..count).for_each(|_| list.push([0; 24]));
            assert_eq!(weighed(count, 24), list.capacity() * 24, "{count}");
            let mut large: Vec<[u8; 2_000]> = Vec::new();
            (0..count).for_each(|_| large.push([0; 2_000]));
            assert_eq!(weighed(count, 2_000), large.capacity() * 2_000, "{count}");
        }
    }

    #[test]
    fn a_full_batch_of_rich_touchpoints_is_taken() {
        let text = |n: usize| "x".repeat(n);
        let rich = proto::Touchpoint {
            source: text(20),
            source_id: text(36),
            at: Some(pbjson_types::Timestamp { seconds: 1_700_000_000, nanos: 1 }),
            channel: "web".into(),
            identifiers: vec![
                proto::Identifier {
                    kind: "EMAIL".into(),
                    value: text(40),
                    region: String::new()
                };
                16
            ],
            traits: vec![proto::TraitWrite { name: text(20), ..Default::default() }; 64],
            ..Default::default()
        };
        let full = batch(vec![rich; 5_000]);
        assert!(full.encoded_len() < 32 << 20);
        assert!(left(&full, limit_of(32 << 20)).is_some());
    }

    #[test]
    fn unknown_groups_and_what_is_no_message_hide_nothing() {
        let empty = [0x0a, 0].repeat(10_000);
        // A group of the unknown field 100, then the elements.
        let hidden = [&[0xa3, 0x06, 0x08, 0x01, 0xa4, 0x06][..], &empty].concat();
        let shape = proto::RecordTouchpointsRequest::SHAPE;
        assert!(Weight { left: 1_000_000 }.message(shape, &hidden, 0).is_none());
        assert!(Weight { left: 1_000_000 }.message(shape, &[0x0a, 0xff], 0).is_some());
    }
}
