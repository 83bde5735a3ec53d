//! The measures that are asked beside DuckDB: one for every shape of kernel. The texts of the same
//! questions are in `ask_measures.py`.

use customer360::kpi::catalogue::measures;
use customer360::kpi::engine::dimension::Dimension;
use customer360::kpi::engine::measure::{Params, Research};
use customer360::kpi::engine::scalar;
use customer360::kpi::engine::scalar::Answer;
use customer360::kpi::ground::calendar::Unit;
use customer360::kpi::measures::funnel;
use customer360::kpi::measures::lifecycle;
use customer360::kpi::shapes::attribution::{self, Model, To, UNIT};
use customer360::kpi::shapes::mix;
use customer360::kpi::shapes::rfm;
use customer360::kpi::{GroupBy, OrderOptions, Scope, Snapshot, Window, WindowKind};
use customer360::model::ActivityType;

use crate::kpis::{MEASURE, Question};

/// The questions over a scope.
pub fn questions(scope: &Scope) -> Vec<Question> {
    let by_channel = || vec![Dimension::Of(GroupBy::Channel)];
    let matrix = || vec![Dimension::Of(GroupBy::Channel), Dimension::OtherChannel];
    let of = |id: &'static str, what: &'static str| Figure::new(id, what, scope);
    let days = |days: u32| Params {
        window: Some(Window { days, kind: WindowKind::Calendar }),
        care_target_minutes: 60 * 24 * 60,
        research: Research::Last,
        ..Params::default()
    };
    vec![
        of("conversion", "conversion of visits").question(share),
        of("ropo", "research online, purchase offline").question(share),
        of("visitors", "visitors by channel").by(by_channel()).question(counted),
        of("new_contacts", "new contacts by channel").by(by_channel()).question(counted),
        of("click_through_rate", "click-through rate").question(share),
        of("store_conversion_adjusted", "store conversion with showroomers").question(share),
        of("channel_conversion", "channel-to-channel matrix").by(matrix()).asking(days(30)).question(wholes),
        of("cart_recovery", "cart recovery").question(share),
        of("new_customers", "new customers by channel").by(by_channel()).question(counted),
        of("active_days", "active days").question(share),
        of("trial_conversion", "tried and bought").question(share),
        of("care_within_target", "replied within the target").asking(days(30)).question(share),
        of("cases_repeated_elsewhere", "cases repeated elsewhere").asking(days(30)).question(share),
        of("upsell_acceptance", "accepted upsell offers").question(share),
        of("returned_orders", "returned orders").question(share),
        of("returns_elsewhere", "matrix of returns").by(matrix()).question(wholes),
        of("omnichannel_share", "omnichannel customers").question(share),
        asked("attribution", "attribution to the last touch", scope, last_touch),
        asked("funnel", "funnel of four steps", scope, move |snapshot, scope| {
            steps(snapshot, scope, &days(30))
        }),
        asked("lifecycle", "lifecycle of visitors by months", scope, states),
        asked("rfm", "RFM by fifths", scope, fifths),
        asked("mix", "product mix", scope, sold),
    ]
}

/// A question of one measure.
struct Figure {
    what: &'static str,
    id: &'static str,
    asked: scalar::Question,
}

impl Figure {
    fn new(id: &'static str, what: &'static str, scope: &Scope) -> Self {
        let measures = vec![measures::find(id).expect("a measure")];
        let (scope, params) = (scope.clone(), Params::default());
        Self {
            what,
            id,
            asked: scalar::Question { scope, measures, params, group_by: vec![], spans: vec![] },
        }
    }

    fn by(mut self, group_by: Vec<Dimension>) -> Self {
        self.asked.group_by = group_by;
        self
    }

    fn asking(mut self, params: Params) -> Self {
        self.asked.params = params;
        self
    }

    fn question(self, words: fn(&Answer) -> String) -> Question {
        let asked = self.asked;
        let ask = move |s: &Snapshot| words(&scalar::compute(s, &asked).expect("an answer")[0]);
        Question { name: self.id, what: self.what, ask: Box::new(ask), bytes: None, goals: MEASURE }
    }
}

fn asked(
    name: &'static str,
    what: &'static str,
    scope: &Scope,
    ask: impl Fn(&Snapshot, &Scope) -> String + 'static,
) -> Question {
    let scope = scope.clone();
    Question { name, what, ask: Box::new(move |s| ask(s, &scope)), bytes: None, goals: MEASURE }
}

fn words<T: ToString>(numbers: impl IntoIterator<Item = T>) -> String {
    numbers.into_iter().map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
}

fn share(answer: &Answer) -> String {
    words([answer.total.numerator, answer.total.denominator.unwrap_or(0.0)])
}

/// Of each group, in order of names.
fn counted(answer: &Answer) -> String {
    words(answer.groups.iter().map(|cell| cell.figure.numerator))
}

fn wholes(answer: &Answer) -> String {
    words(answer.groups.iter().map(|cell| cell.figure.denominator.unwrap_or(0.0)))
}

fn last_touch(snapshot: &Snapshot, scope: &Scope) -> String {
    let question = attribution::Question {
        scope: scope.clone(),
        params: Params::default(),
        to: To::Channel,
        models: vec![Model::Last],
        half_life_days: 7,
    };
    let answer = attribution::compute(snapshot, &question).expect("an answer");
    let all = answer.models[0].credits.iter().chain([&answer.models[0].unattributed]);
    words(all.flat_map(|credit| [credit.orders / UNIT, credit.revenue]))
}

fn steps(snapshot: &Snapshot, scope: &Scope, params: &Params) -> String {
    let answer = funnel::compute(snapshot, scope, params).expect("an answer");
    words(answer.steps.iter().map(|step| step.numerator))
}

fn states(snapshot: &Snapshot, scope: &Scope) -> String {
    let question = lifecycle::Question {
        scope: scope.clone(),
        group_by: None,
        orders: OrderOptions::default(),
        by: Unit::Month.into(),
        activities: vec![ActivityType::Visit],
    };
    let answer = lifecycle::compute(snapshot, &question).expect("an answer");
    let states = answer.result.total.states.iter();
    words(states.flat_map(|is| [is.new, is.returning, is.resurrected, is.dormant]))
}

fn fifths(snapshot: &Snapshot, scope: &Scope) -> String {
    let orders = OrderOptions::default();
    let question = rfm::Question { scope: scope.clone(), group_by: None, orders, after: None, size: 0 };
    let answer = rfm::compute(snapshot, &question).expect("an answer");
    words(answer.cells.iter().map(|(_, customers)| customers))
}

fn sold(snapshot: &Snapshot, scope: &Scope) -> String {
    let answer = mix::compute(snapshot, scope, &Params::default()).expect("an answer");
    words(answer.cells.iter().flat_map(|cell| [cell.sales.units, cell.sales.revenue]))
}
