//! The catalogue: every KPI with its definition in words, as `ListKpis` and the manual print it. It is
//! the roof: nothing below imports it.

pub mod measures;

pub use crate::ground::definition::{Definition, Parameter};
pub use crate::shapes::definitions::{
    AFFINITY, ATTRIBUTION, COST_TO_SERVE, JOURNEYS, LIFECYCLE, LIFETIME, NPS, OMNICHANNEL, REPURCHASE,
    RETENTION, RFM,
};

/// All KPIs, in the order of the manual: those that are one number first ask for it.
pub fn all() -> impl Iterator<Item = &'static Definition> {
    measures::ALL.iter().map(|measure| &measure.definition).chain(SHAPES.iter())
}

/// KPIs that are no single number.
const SHAPES: &[Definition] = &[
    ATTRIBUTION,
    JOURNEYS,
    AFFINITY,
    LIFECYCLE,
    LIFETIME,
    RFM,
    OMNICHANNEL,
    crate::measures::returns::RETURN_MATRIX,
    crate::shapes::mix::PRODUCT_MIX,
    crate::shapes::board::PHASE_MODEL,
    crate::shapes::board::INCENTIVE_CARD,
];

/// What the manual says before the KPIs.
const RULES: &str = "# KPIs\n\n\
Generated from the catalogue (`kpi::catalogue`), which `ListKpis` answers too; a test keeps it fresh.\n\n\
- Every KPI is a function of touchpoints, identities and a scope at a revision; it is restated when identities \
merge or split.\n\
- The range selects the touchpoints that are counted; windows read beyond it, never past `observed_until`.\n\
- `ComputeKpis` answers each KPI below as one number, for all and by up to two dimensions (channel, location, \
campaign, month or channel of acquisition, kind, a trait, channels used, RFM segment or scores, what the touchpoint is about, its category, the channel of \
the touchpoint that answered it), for each day, week or month of the range, and against another time. `ExplainKpi` \
gives the customers and touchpoints behind it. In figures, filters by channel, location and source select what is \
counted; what leads to it or follows may be anywhere.\n\
- A group's number is the number under the filter of its name; so customers who count once may count in several groups \
by channel or location, and such groups do not add up. Where it is otherwise: what is recorded of places and not of \
people (footfall, reached_people, followers_gained, and what is divided by them or by spend: store_conversion_counted, \
store_conversion_counted_adjusted, engagement_over_reach, acquisition_cost) has no group by what the record does not \
say, and no filter by it; lifetimes stand at the place of the first order and share one fit; rfm has the scale of the \
population.\n\
- A value is absent, with a reason, when there is nothing to divide by, or less than nothing, or nothing was \
recorded that it is made of: never 0, never NaN. An interval holds its value and stays on the scale.\n\
- Changes: shares by Newcombe's interval and the pooled z test, means and NPS normal, counts Poisson, quantiles \
normal by the widths of their intervals, shares by Kaplan and Meier's estimate on the complementary log-log scale \
(Klein et al. 2007; interval: Zou and Donner 2008); quotients have a difference without an interval. The two times are taken as independent; p-values are adjusted by \
Holm for the number of KPIs compared at once.\n\
- Amounts in another currency are converted at the rate of the transaction's date, or else excluded and counted.\n";

/// The manual of all KPIs, as docs/KPIS.md.
#[must_use]
pub fn manual() -> String {
    use std::fmt::Write as _;
    let mut text = RULES.to_owned();
    let mut table = String::from("\n| id | KPI | unit |\n|---|---|---|\n");
    let mut sections = String::new();
    for kpi in all() {
        let Definition {
            id,
            version,
            name,
            unit,
            formula,
            first_means,
            intervals,
            degenerate,
            source,
            rpc,
            ..
        } = kpi;
        // Writing to a text cannot fail.
        let _ = writeln!(table, "| [`{id}`](#{id}) | {name} | {unit} |");
        let _ = write!(
            sections,
            "\n## {id}\n\n**{name}**, version {version}, in {unit}; `{rpc}`.\n\n{formula}\n\n"
        );
        for (what, said) in
            [("First", first_means), ("Intervals", intervals), ("Degenerate", degenerate), ("Source", source)]
        {
            if !said.is_empty() {
                let _ = writeln!(sections, "- {what}: {said}{}", if said.ends_with('.') { "" } else { "." });
            }
        }
        for parameter in kpi.parameters {
            let Parameter { name, default, meaning } = parameter;
            let _ = writeln!(sections, "- `{name}` (default {default}): {meaning}.");
        }
    }
    text.push_str(&table);
    text.push_str(&sections);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_is_complete_and_its_id_its_own() {
        let all: Vec<&Definition> = all().collect();
        for (index, kpi) in all.iter().enumerate() {
            assert!(all[..index].iter().all(|other| other.id != kpi.id));
            for text in
                [kpi.id, kpi.name, kpi.unit, kpi.formula, kpi.intervals, kpi.degenerate, kpi.source, kpi.rpc]
            {
                assert!(!text.is_empty() && !text.contains("  "), "{}: {text:?}", kpi.id);
            }
            assert!(kpi.version > 0);
        }
    }
}
