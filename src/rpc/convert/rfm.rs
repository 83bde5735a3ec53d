//! RFM: requests turned into questions, and answers into messages.

use super::answer::{basis, count, grouped, ratio, reference};
use super::figure::{changed, comparison, note};
use super::question::{group_by, orders, scope};
use super::{Checks, Path};
use crate::kpi::engine::compare::Against;
use crate::kpi::shapes::rfm::{self, Compared, Cuts, Listed, Scores, Segment};
use crate::kpi::{Ratio, catalogue};
use crate::model::{Reason, Violation};
use crate::rpc::proto;

/// Segments of one filter.
const SEGMENTS_NAMED: usize = 100;
/// As many as there are.
const CELLS: usize = 125;

/// What is asked of RFM: of all customers, which of them are listed, and what they are compared with.
#[derive(Clone)]
pub struct RfmAsked {
    pub question: rfm::Question,
    pub listed: Listed,
    pub against: Option<Against>,
}

/// The question of all customers; which page is the caller's.
///
/// # Errors
/// Everything that is wrong with the request.
pub fn rfm_question(mut c: Checks<'_>, asked: proto::ComputeRfmRequest) -> Result<RfmAsked, Vec<Violation>> {
    let root = Path::root();
    let mut question = rfm::Question {
        scope: scope(&mut c, &root.field("scope"), asked.scope),
        group_by: group_by(&mut c, &root.field("group_by"), asked.group_by),
        orders: orders(&mut c, &root.field("orders"), asked.orders),
        after: None,
        size: 0,
    };
    question.group_by = question.group_by.map(|by| by.counting(question.orders));
    let against = comparison(&mut c, &root.field("comparison"), asked.comparison);
    let listed = Listed {
        segments: listed_segments(&mut c, &root, "list_segments", asked.list_segments),
        scores: listed_scores(&mut c, &root, asked.list_scores),
    };
    c.finish(RfmAsked { question, listed, against })
}

/// Segments that a list is limited to.
pub(super) fn listed_segments(
    c: &mut Checks<'_>,
    at: &Path<'_>,
    field: &str,
    numbers: Vec<i32>,
) -> Vec<Segment> {
    let numbers = c.count(&at.field(field), numbers, SEGMENTS_NAMED);
    let mut segments = Vec::new();
    for (nth, number) in numbers.into_iter().enumerate() {
        match SEGMENTS.iter().find(|(_, its)| *its as i32 == number) {
            Some((segment, _)) => segments.push(*segment),
            None => c.refuse(&at.item(field, nth), Reason::Unknown, format!("{number} is no RfmSegment")),
        }
    }
    segments
}

fn listed_scores(c: &mut Checks<'_>, root: &Path<'_>, asked: Vec<proto::RfmScores>) -> Vec<Scores> {
    let asked = c.count(&root.field("list_scores"), asked, CELLS);
    let mut all = Vec::new();
    for (nth, said) in asked.into_iter().enumerate() {
        let at = root.item("list_scores", nth);
        let mut score = |field: &str, score: u32| {
            if score > 5 {
                c.refuse(&at.field(field), Reason::OutOfRange, "a score is 1 to 5, or 0 for any");
            }
            score.min(5) as u8
        };
        all.push(Scores {
            recency: score("recency", said.recency),
            frequency: score("frequency", said.frequency),
            monetary: score("monetary", said.monetary),
        });
    }
    all
}

/// The answer; `name` gives a customer's id.
#[must_use]
pub fn rfm(
    answer: rfm::Answer,
    compared: Option<&Compared>,
    name: impl Fn(u32) -> String,
) -> proto::ComputeRfmResponse {
    let (mut segments, groups) = grouped(answer.result, segments);
    let tests = compared.map_or(0, |compared| {
        for (segment, (before, change)) in segments.iter_mut().zip(&compared.segments) {
            segment.change = Some(changed((compared.span, compared.days), change, Some(*before)));
        }
        compared.segments.iter().filter(|(_, change)| change.p_value.is_some()).count()
    });
    let customer = |of: &rfm::Customer| proto::CustomerRfm {
        customer_id: name(of.key),
        recency_days: of.bought.recency_days,
        orders: of.bought.orders,
        net_minor: of.bought.net,
        scores: Some(scores(of.scores)),
        segment: segment_of(Segment::of(of.scores)).into(),
    };
    let cell = |(of, customers): (Scores, u64)| proto::RfmCell {
        scores: Some(scores(of)),
        customers: count(customers),
    };
    proto::ComputeRfmResponse {
        kpi: Some(reference(&catalogue::RFM)),
        basis: Some(basis(&answer.basis)),
        scale: Some(scale(&answer.cuts)),
        segments,
        cells: answer.cells.into_iter().map(cell).collect(),
        groups: groups
            .into_iter()
            .map(|(key, segments)| proto::RfmGroup { key: Some(key), segments })
            .collect(),
        customers: answer.customers.iter().map(customer).collect(),
        next_page_token: String::new(),
        comparison_note: note(tests),
    }
}

pub(super) fn scale(cuts: &Cuts) -> proto::RfmScale {
    let listed = |cuts: &[Option<i64>; 4], sign: i64| {
        let all = (2..).zip(cuts).filter_map(|(score, cut)| Some((score, (*cut)?)));
        all.map(|(score, value)| proto::RfmCut { score, value: sign * value }).collect()
    };
    proto::RfmScale {
        recency: listed(&cuts.recency, -1),
        frequency: listed(&cuts.frequency, 1),
        monetary: listed(&cuts.monetary, 1),
    }
}

fn segments(of: [rfm::Sums; Segment::ALL.len()]) -> Vec<proto::RfmSegmentFigures> {
    let all: u64 = of.iter().map(|sums| sums.customers).sum();
    let figures = |(segment, sums): (Segment, rfm::Sums)| proto::RfmSegmentFigures {
        segment: segment_of(segment).into(),
        customers: Some(ratio(&Ratio::share(sums.customers, all))),
        orders: count(sums.orders),
        net_minor: sums.net,
        change: None,
    };
    Segment::ALL.into_iter().zip(of).map(figures).collect()
}

pub(super) fn scores(of: Scores) -> proto::RfmScores {
    let Scores { recency, frequency, monetary } = of;
    proto::RfmScores { recency: recency.into(), frequency: frequency.into(), monetary: monetary.into() }
}

/// By both names.
pub(super) const SEGMENTS: [(Segment, proto::RfmSegment); Segment::ALL.len()] = [
    (Segment::Champions, proto::RfmSegment::Champions),
    (Segment::Loyal, proto::RfmSegment::Loyal),
    (Segment::PotentialLoyalists, proto::RfmSegment::PotentialLoyalists),
    (Segment::New, proto::RfmSegment::New),
    (Segment::Promising, proto::RfmSegment::Promising),
    (Segment::NeedAttention, proto::RfmSegment::NeedAttention),
    (Segment::AboutToSleep, proto::RfmSegment::AboutToSleep),
    (Segment::AtRisk, proto::RfmSegment::AtRisk),
    (Segment::CannotLose, proto::RfmSegment::CannotLose),
    (Segment::Hibernating, proto::RfmSegment::Hibernating),
];

pub(super) fn segment_of(segment: Segment) -> proto::RfmSegment {
    let found = SEGMENTS.iter().find(|(its, _)| *its == segment);
    found.map_or(proto::RfmSegment::Unspecified, |(_, said)| *said)
}
