//! NPS, CSAT and CES from survey answers.

use std::hint::select_unpredictable;

use crate::engine::grouping::Grouping;
use crate::engine::lens::Lens;
use crate::engine::params::AnswersCounted;
use crate::engine::scope::{GroupBy, KpiError, Scope};
use crate::facts::fact::{AnswerKind, TouchType};
use crate::facts::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use crate::facts::tables::Answers;
use crate::ground::answer::{Basis, Estimate, Grouped, Ratio, Tally};
use crate::ground::statistics::{Interval, Moments, net_promoter_score};

#[derive(Debug, Clone)]
pub struct Question {
    pub scope: Scope,
    pub group_by: Option<GroupBy>,
    pub answers_counted: AnswersCounted,
    /// Only answers to this survey.
    pub survey_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub basis: Basis,
    pub result: Grouped<Scores>,
}

/// The scores of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    pub nps: NetPromoterScore,
    /// Answers of 4 and 5, of all.
    pub csat_top_two: Ratio,
    pub ces_mean: Estimate,
    /// Answers of 5 to 7, of all.
    pub ces_easy: Ratio,
    /// How often each score was given, in ascending order; scores never given are left out.
    pub distribution: Vec<ScoreCount>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NetPromoterScore {
    /// 100 x (promoters - detractors) / answers; `None` without answers.
    pub value: Option<f64>,
    pub interval: Option<Interval>,
    pub promoters: u64,
    pub passives: u64,
    pub detractors: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreCount {
    pub question: AnswerKind,
    pub score: u8,
    pub answers: u64,
}

/// # Errors
/// When the question is malformed or has too many groups.
pub fn compute(snapshot: &Snapshot, question: &Question) -> Result<Answer, KpiError> {
    let lens = Lens::new(snapshot, &question.scope)?;
    let grouping = Grouping::new(&lens, question.group_by.as_ref())?;
    let Some(places) = grouping.of_places() else { return answer(&lens, &grouping, question) };
    let whole = answer(&lens, &Grouping::new(&lens, None)?, question)?;
    let ask = |lens: &Lens, one: &Grouping| Ok(answer(lens, one, question)?.result.groups);
    let groups = grouping.each_place(&lens, places, ask)?;
    Ok(Answer { result: Grouped { groups, ..whole.result }, ..whole })
}

fn answer(lens: &Lens, grouping: &Grouping, question: &Question) -> Result<Answer, KpiError> {
    let snapshot = lens.snapshot;
    let survey = question.survey_id.as_ref();
    let survey = survey.map(|id| snapshot.dictionary.surveys.find(id).map(|survey| survey as u16));
    let fold = Fold { lens, grouping, every: question.answers_counted, survey };
    // One cell more, for what does not count.
    let start = || State { tally: Tally::default(), cells: vec![0; grouping.len() * CELLS + 1] };
    let mut state = snapshot.fold(TASK_CUSTOMERS, start, |s, part| fold.observe(s, part), State::merged);
    fold.count_unidentified(&mut state);
    state.tally.excluded.voided = lens.voided(|touch_type| touch_type == TouchType::SURVEY_ANSWER);
    let groups = state.cells.chunks_exact(CELLS).map(Histogram::of).collect();
    let result = grouping.answer(groups, Histogram::is_empty, Histogram::add, |h| h.scores());
    Ok(Answer { basis: state.tally.basis(snapshot.revision, lens.observation(), snapshot.folded), result })
}

struct Fold<'a> {
    lens: &'a Lens<'a>,
    grouping: &'a Grouping,
    every: AnswersCounted,
    /// `None`: any; `Some(None)`: one that nobody ever answered.
    survey: Option<Option<u16>>,
}

struct State {
    tally: Tally,
    /// Answers by group, question and score.
    cells: Vec<u64>,
}

impl State {
    fn merged(mut self, other: Self) -> Self {
        self.tally.merge(&other.tally);
        self.cells.iter_mut().zip(&other.cells).for_each(|(mine, theirs)| *mine += theirs);
        self
    }
}

const KINDS: [AnswerKind; 3] = [AnswerKind::Nps, AnswerKind::Csat, AnswerKind::Ces];

impl Fold<'_> {
    fn observe(&self, state: &mut State, part: &Part) {
        let admits = |customer| self.lens.has_customer(part, customer);
        let everyone = self.lens.has_every_customer(part);
        match everyone && self.grouping.len() == 1 {
            true => self.count(state, part, |_| true, |_, _| 0),
            false => {
                self.count(state, part, admits, |customer, place| self.grouping.of(part, customer, place))
            }
        }
    }

    /// Row by row and without branches, which would often be mistaken: what does not count is added
    /// where nobody looks, and a customer's later answer takes back the earlier one.
    fn count(
        &self,
        state: &mut State,
        part: &Part,
        admits: impl Fn(u32) -> bool,
        group_of: impl Fn(u32, u16) -> usize,
    ) {
        let answers = &part.segment.tables.answers;
        let registered = &part.segment.customers.registered;
        let rows = answers.stem.rows(part.customers.clone());
        let takes_back = self.every == AnswersCounted::LastPerCustomer;
        let State { cells, tally } = state;
        let nowhere = cells.len() - 1;
        // By question, and one more for answers to none of them: who answered last, and where
        // that was counted.
        let mut last = [(u32::MAX, nowhere); KINDS.len() + 1];
        let mut last_counted = u32::MAX;
        let (mut customers, mut touchpoints, mut of_registered) = (0, 0, 0);
        let stems = answers.stem.customer[rows.clone()].iter().zip(&answers.stem.place[rows.clone()]);
        let asked = answers.kind[rows.clone()].iter().zip(&answers.score[rows.clone()]);
        for (((&customer, &place), (&kind, &score)), row) in stems.zip(asked).zip(rows) {
            let is_registered = registered[customer as usize];
            let counts = self.counts(answers, row) & admits(customer);
            let group = group_of(customer, place);
            let kind = usize::from(kind).min(KINDS.len());
            let cell = select_unpredictable(counts, cell(group, kind, score), nowhere);
            let (before, its) = last[kind];
            let again = takes_back & counts & (before == customer);
            let taken_back = select_unpredictable(again, its, nowhere);
            cells[taken_back] = cells[taken_back].wrapping_sub(1);
            cells[cell] = cells[cell].wrapping_add(1);
            last[kind] =
                (select_unpredictable(counts, customer, before), select_unpredictable(counts, cell, its));
            customers += u64::from(counts & (customer != last_counted));
            last_counted = select_unpredictable(counts, customer, last_counted);
            touchpoints += u64::from(counts & !again);
            of_registered += u64::from(counts & !again & is_registered);
        }
        cells[nowhere] = 0;
        let registered_touchpoints = of_registered;
        tally.merge(&Tally { customers, touchpoints, registered_touchpoints, ..Tally::default() });
    }

    fn count_unidentified(&self, state: &mut State) {
        for tables in self.lens.unidentified() {
            let answers = &tables.answers;
            for row in (0..answers.stem.len()).filter(|&row| self.counts(answers, row)) {
                let group = self.grouping.of_nobody(answers.stem.place[row]);
                let kind = usize::from(answers.kind[row]);
                state.cells[cell(group, kind, answers.score[row])] += 1;
                state.tally.touchpoints += 1;
            }
        }
    }

    fn counts(&self, answers: &Answers, row: usize) -> bool {
        (usize::from(answers.kind[row]) < KINDS.len())
            & self.lens.in_range(answers.stem.at[row])
            & self.lens.has_place(answers.stem.place[row])
            & self.survey.is_none_or(|survey| survey == Some(answers.survey[row]))
    }
}

/// Scores are 0 to 10.
const SCORES: usize = 11;
/// Cells of one group.
const CELLS: usize = KINDS.len() * SCORES;

/// Where an answer is counted. Scores are checked where touchpoints come in; one beyond would be
/// the greatest.
#[inline]
fn cell(group: usize, kind: usize, score: u8) -> usize {
    group * CELLS + kind * SCORES + usize::from(score).min(SCORES - 1)
}

/// Answers by question and score.
#[derive(Debug, Clone, Copy, Default)]
struct Histogram([[u64; SCORES]; KINDS.len()]);

impl Histogram {
    fn of(cells: &[u64]) -> Self {
        let mut histogram = Self::default();
        histogram.0.iter_mut().flatten().zip(cells).for_each(|(mine, &count)| *mine = count);
        histogram
    }

    fn add(&mut self, other: &Self) {
        self.0.iter_mut().flatten().zip(other.0.iter().flatten()).for_each(|(mine, theirs)| *mine += theirs);
    }

    fn is_empty(&self) -> bool {
        self.0.iter().flatten().all(|&count| count == 0)
    }

    fn scores(self) -> Scores {
        let sum = |kind: AnswerKind, scores: std::ops::RangeInclusive<usize>| -> u64 {
            self.0[kind as usize][scores].iter().sum()
        };
        let [promoters, passives, detractors] = [9..=10, 7..=8, 0..=6].map(|s| sum(AnswerKind::Nps, s));
        let score = net_promoter_score(promoters, passives, detractors);
        let mut ces = Moments::default();
        for (score, &count) in self.0[AnswerKind::Ces as usize].iter().enumerate() {
            let (value, weight) = (score as f64, count as f64);
            ces.merge(Moments { count, sum: value * weight, squares: value * value * weight });
        }
        let distribution = KINDS.into_iter().flat_map(|question| {
            let scores = self.0[question as usize].into_iter().zip(0..);
            scores.filter(|&(answers, _)| answers > 0).map(move |(answers, score)| ScoreCount {
                question,
                score,
                answers,
            })
        });
        Scores {
            nps: NetPromoterScore {
                value: score.map(|(value, _)| value),
                interval: score.map(|(_, interval)| interval),
                promoters,
                passives,
                detractors,
            },
            csat_top_two: Ratio::share(sum(AnswerKind::Csat, 4..=5), sum(AnswerKind::Csat, 0..=10)),
            ces_mean: Estimate::of(ces.mean(), ces.count).within((1.0, 7.0)),
            ces_easy: Ratio::share(sum(AnswerKind::Ces, 5..=7), sum(AnswerKind::Ces, 0..=10)),
            distribution: distribution.collect(),
        }
    }
}
