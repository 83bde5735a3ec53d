//! Returns, mix, model and card: requests turned into questions, and answers into messages.

use super::answer::{basis, reference};
use super::figure::{
    Before, changed, compared, comparison, elsewhere, figure_to_proto, kpi_figures, note, parameters,
};
use super::question::scope;
use super::{Checks, Choice, Path};
use crate::kpi::engine::compare::Against;
use crate::kpi::engine::measure::{Elsewhere, Params};
use crate::kpi::measures::returns::{self, RETURN_MATRIX};
use crate::kpi::shapes::board::{self, Asked, Board, Cell, INCENTIVE_CARD, Line, PHASE_MODEL};
use crate::kpi::shapes::mix::{self, PRODUCT_MIX, Sales};
use crate::kpi::{KpiError, Scope, Snapshot};
use crate::model::Violation;
use crate::rpc::proto;

/// # Errors
/// Everything that is wrong with the request.
pub fn phase_question(
    mut c: Checks<'_>,
    asked: proto::ComputePhaseModelRequest,
) -> Result<Asked, Vec<Violation>> {
    let root = Path::root();
    let question = Asked {
        scope: scope(&mut c, &root.field("scope"), asked.scope),
        params: parameters(&mut c, &root.field("parameters"), asked.parameters),
        measures: board::phases(),
        by: Elsewhere::Channel,
        against: against(&mut c, &root, asked.comparison),
        targets: Vec::new(),
    };
    c.finish(question)
}

/// # Errors
/// Everything that is wrong with the request.
pub fn board_question(
    mut c: Checks<'_>,
    asked: proto::ComputeIncentiveCardRequest,
) -> Result<Asked, Vec<Violation>> {
    let root = Path::root();
    let question = Asked {
        scope: scope(&mut c, &root.field("scope"), asked.scope),
        params: parameters(&mut c, &root.field("parameters"), asked.parameters),
        measures: board::card(),
        by: elsewhere(&mut c, &root.field("by"), asked.by),
        against: against(&mut c, &root, asked.comparison),
        targets: Vec::new(),
    };
    c.finish(question)
}

fn against(c: &mut Checks<'_>, root: &Path<'_>, number: i32) -> Against {
    comparison(c, &root.field("comparison"), number).unwrap_or(Against::PreviousPeriod)
}

/// A scope, what its KPIs are asked with, and with what they are compared.
pub type Compared = (Scope, Params, Option<Against>);

/// # Errors
/// Everything that is wrong with the request.
pub fn compared_question(
    mut c: Checks<'_>,
    asked: (Option<proto::Scope>, Option<proto::KpiParameters>, i32),
) -> Result<Compared, Vec<Violation>> {
    let root = Path::root();
    let question = (
        scope(&mut c, &root.field("scope"), asked.0),
        parameters(&mut c, &root.field("parameters"), asked.1),
        comparison(&mut c, &root.field("comparison"), asked.2),
    );
    c.finish(question)
}

/// # Errors
/// As [`returns::compute`].
pub fn returns(
    snapshot: &Snapshot,
    (scope, params, against): &Compared,
) -> Result<proto::ComputeReturnsResponse, KpiError> {
    let answer = returns::compute(snapshot, scope, params)?;
    let ids: Vec<&str> = answer.figures.iter().map(|figure| figure.kpi.id).collect();
    let (compared, comparison_note) = compared(snapshot, (scope, params), &ids, *against)?;
    let cell = |cell: returns::Cell| proto::ReturnCell {
        purchase_channel: cell.bought,
        return_channel: cell.returned,
        returns: super::answer::count(cell.returns),
        days: Some(figure_to_proto(&cell.days)),
    };
    let figures = answer.figures.into_iter().map(|answer| kpi_figures(answer, &[], &[], None));
    Ok(proto::ComputeReturnsResponse {
        kpi: Some(reference(&RETURN_MATRIX)),
        // The same figures, with what changed.
        figures: if against.is_some() { compared } else { figures.collect() },
        matrix: answer.cells.into_iter().map(cell).collect(),
        comparison_note,
    })
}

/// # Errors
/// As [`mix::compute`].
pub fn product_mix(
    snapshot: &Snapshot,
    (scope, params, against): &Compared,
) -> Result<proto::ComputeProductMixResponse, KpiError> {
    let answer = mix::compute(snapshot, scope, params)?;
    let ids = ["units_sold", "line_revenue", "average_unit_price", "discount_share"];
    let (figures, comparison_note) = compared(snapshot, (scope, params), &ids, *against)?;
    let cell = |cell: mix::Cell| proto::ProductMixCell {
        category: Some(proto::GroupKey { value: cell.category }),
        channel: cell.channel,
        mix: Some(sales(&cell.sales)),
        price_index: cell.price_index,
    };
    Ok(proto::ComputeProductMixResponse {
        kpi: Some(reference(&PRODUCT_MIX)),
        basis: Some(basis(&answer.basis)),
        total: Some(sales(&answer.total)),
        cells: answer.cells.into_iter().map(cell).collect(),
        figures,
        comparison_note,
    })
}

fn sales(sales: &Sales) -> proto::ProductMix {
    proto::ProductMix {
        units: sales.units as f64 / 1_000.0,
        revenue_minor: sales.revenue,
        discount_minor: sales.discount,
        average_price: sales.average_price(),
        discount_share: sales.discount_share(),
    }
}

#[must_use]
pub fn phase_model(board: Board) -> proto::ComputePhaseModelResponse {
    let Board { places, before, days, lines, tests } = board;
    let before = (before, days);
    let row = |(line, (phase, _)): (Line, _)| proto::PhaseRow {
        phase: Choice::number(phase),
        figure: Some(figure(&line, before)),
        cells: line.cells.iter().map(|its| cell(its, before)).collect(),
    };
    proto::ComputePhaseModelResponse {
        kpi: Some(reference(&PHASE_MODEL)),
        // Every touchpoint has a channel.
        channels: places.into_iter().map(Option::unwrap_or_default).collect(),
        rows: lines.into_iter().zip(board::PHASES).map(row).collect(),
        comparison_note: note(tests),
    }
}

#[must_use]
pub fn incentive_card(board: Board) -> proto::ComputeIncentiveCardResponse {
    let Board { places, before, days, lines, tests } = board;
    let before = (before, days);
    let row = |(nth, value): (usize, Option<String>)| proto::CardRow {
        place: Some(proto::GroupKey { value }),
        cells: lines.iter().map(|line| cell(&line.cells[nth], before)).collect(),
    };
    proto::ComputeIncentiveCardResponse {
        kpi: Some(reference(&INCENTIVE_CARD)),
        columns: lines.iter().map(|line| figure(line, before)).collect(),
        rows: places.into_iter().enumerate().map(row).collect(),
        comparison_note: note(tests),
    }
}

fn figure(line: &Line, before: Before) -> proto::BoardFigure {
    proto::BoardFigure {
        kpi: Some(reference(&line.kpi)),
        name: line.kpi.name.to_owned(),
        unit: line.kpi.unit.to_owned(),
        basis: Some(basis(&line.basis)),
        total: Some(cell(&line.total, before)),
    }
}

fn cell(cell: &Cell, before: Before) -> proto::BoardCell {
    proto::BoardCell {
        figure: Some(figure_to_proto(&cell.now)),
        change: Some(changed(before, &cell.change, Some(cell.before))),
        target: cell.target,
        attainment: cell.attainment,
    }
}
