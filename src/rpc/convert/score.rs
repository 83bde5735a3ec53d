//! Scores: requests turned into questions, and answers into messages.

use super::answer::basis;
use super::lifetime::{customer, fit, lifetime_question};
use super::rfm::{listed_segments, scale, scores, segment_of};
use super::{Checks, Choice, Path, timestamp};
use crate::kpi::shapes::lifetime;
use crate::kpi::shapes::rfm::{Cuts, Segment};
use crate::kpi::shapes::score::{Bounds, By, Filter, Order, Scored};
use crate::model::{CustomerKind, Micros, Reason, Revision, Violation};
use crate::rpc::proto;

/// Segments and channels of one filter.
const NAMES: usize = 100;

/// # Errors
/// Everything that is wrong with the request.
pub fn scoring_question(
    c: Checks<'_>,
    asked: proto::ScoreCustomersRequest,
) -> Result<lifetime::Question, Vec<Violation>> {
    let proto::ScoreCustomersRequest { scope, orders, first, horizon_days, value_basis, .. } = asked;
    let said = proto::ComputeLifetimeRequest {
        scope,
        orders,
        first,
        horizon_days,
        value_basis,
        ..Default::default()
    };
    lifetime_question(c, said).map(|(question, _)| question)
}

/// # Errors
/// Everything that is wrong with the request.
pub fn score_filter(
    mut c: Checks<'_>,
    asked: proto::ListCustomersRequest,
) -> Result<(Filter, Order), Vec<Violation>> {
    let (root, said) = (Path::root(), asked.filter.unwrap_or_default());
    let at = root.field("filter");
    let segments = listed_segments(&mut c, &at, "segments", said.segments);
    let mut bounds = |field: &str, range: Option<proto::NumberRange>| {
        let range = range.unwrap_or_default();
        if [range.min, range.max].iter().flatten().any(|bound| !bound.is_finite()) {
            c.refuse(&at.field(field), Reason::OutOfRange, "must be numbers");
        }
        Bounds { least: range.min, most: range.max }
    };
    let filter = Filter {
        kind: CustomerKind::parse(asked.kind),
        segments,
        expected: bounds("expected_minor", said.expected_minor),
        historic: bounds("historic_minor", said.historic_minor),
        nps: bounds("last_nps", said.last_nps),
        cost: bounds("cost_to_serve_minor", said.cost_to_serve_minor),
        channels: c.count(&at.field("channels"), said.channels, NAMES),
        min_channels: said.min_channels as usize,
    };
    let by = match proto::CustomerOrder::try_from(asked.order_by) {
        Ok(proto::CustomerOrder::ExpectedValue | proto::CustomerOrder::Unspecified) => By::Expected,
        Ok(proto::CustomerOrder::HistoricValue) => By::Historic,
        Ok(proto::CustomerOrder::LastNps) => By::LastNps,
        Ok(proto::CustomerOrder::CostToServe) => By::Cost,
        Ok(proto::CustomerOrder::ChannelsUsed) => By::Channels,
        Err(_) => {
            c.refuse(
                &root.field("order_by"),
                Reason::Unknown,
                format!("{} is no CustomerOrder", asked.order_by),
            );
            By::Expected
        }
    };
    c.finish((filter, Order { by, ascending: asked.ascending }))
}

#[must_use]
pub fn scored_run(
    answer: &lifetime::Answer,
    cuts: &Cuts,
    scored_at: Micros,
    revision: Revision,
) -> proto::ScoreCustomersResponse {
    proto::ScoreCustomersResponse {
        basis: Some(basis(&answer.basis)),
        fit: Some(fit(&answer.fit)),
        scale: Some(scale(cuts)),
        scored_at: Some(timestamp(scored_at)),
        revision: revision.0,
    }
}

/// What the models and the scale say of a customer; the rest is the caller's.
#[must_use]
pub fn scores_of(one: &Scored, customer_id: String) -> proto::CustomerScores {
    proto::CustomerScores {
        segment: one.rfm.map_or(0, |(_, scores)| segment_of(Segment::of(scores)).into()),
        rfm: one.rfm.map(|(_, of)| scores(of)),
        lifetime: one.lifetime.as_ref().map(|lifetime| customer(lifetime, customer_id)),
        ..Default::default()
    }
}
