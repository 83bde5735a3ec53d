//! NPS, CSAT and CES from survey answers.

use super::answer::{Basis, Estimate, Grouped, Ratio, Tally};
use super::fact::{AnswerKind, TouchType};
use super::lens::{Grouping, Lens};
use super::scope::{GroupBy, KpiError, Scope};
use super::snapshot::{Part, Snapshot, TASK_CUSTOMERS};
use super::stats::{Interval, Moments, net_promoter_score};
use super::tables::Answers;

/// Which answers count; unidentified ones count one each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnswersCounted {
    /// Each customer's last answer in range, of each question.
    #[default]
    LastPerCustomer,
    EveryAnswer,
}

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
    let survey = question.survey_id.as_ref();
    let survey = survey.map(|id| snapshot.dictionary.surveys.find(id).map(|survey| survey as u16));
    let fold = Fold { lens: &lens, grouping: &grouping, every: question.answers_counted, survey };
    let start = || State { tally: Tally::default(), groups: vec![Histogram::default(); grouping.len()] };
    let mut state = snapshot.fold(TASK_CUSTOMERS, start, |s, part| fold.observe(s, part), State::merged);
    fold.count_unidentified(&mut state);
    state.tally.excluded.voided = lens.voided(|touch_type| touch_type == TouchType::SURVEY_ANSWER);
    let result = grouping.answer(state.groups, Histogram::is_empty, Histogram::add, |h| h.scores());
    Ok(Answer { basis: state.tally.basis(snapshot.revision), result })
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
    groups: Vec<Histogram>,
}

impl State {
    fn merged(mut self, other: Self) -> Self {
        self.tally.merge(&other.tally);
        self.groups.iter_mut().zip(&other.groups).for_each(|(mine, theirs)| mine.add(theirs));
        self
    }
}

const KINDS: [AnswerKind; 3] = [AnswerKind::Nps, AnswerKind::Csat, AnswerKind::Ces];

impl Fold<'_> {
    fn observe(&self, state: &mut State, part: &Part) {
        let answers = &part.segment.tables.answers;
        for (customer, rows) in answers.stem.runs(answers.stem.rows(part.customers.clone())) {
            if !self.lens.has_customer(part, customer) {
                continue;
            }
            let mut counted = 0;
            let mut count = |row: usize| {
                let group = self.grouping.of(part, customer, answers.stem.place[row]);
                state.groups[group].count(answers.kind[row], answers.score[row]);
                counted += 1;
            };
            match self.every {
                AnswersCounted::EveryAnswer => rows.filter(|&row| self.counts(answers, row)).for_each(count),
                AnswersCounted::LastPerCustomer => {
                    let mut last = [None; KINDS.len()];
                    rows.filter(|&row| self.counts(answers, row))
                        .for_each(|row| last[usize::from(answers.kind[row])] = Some(row));
                    last.into_iter().flatten().for_each(&mut count);
                }
            }
            if counted > 0 {
                state.tally.count(counted, part.segment.customers.registered[customer as usize]);
            }
        }
    }

    fn count_unidentified(&self, state: &mut State) {
        for tables in self.lens.unidentified() {
            let answers = &tables.answers;
            for row in (0..answers.stem.len()).filter(|&row| self.counts(answers, row)) {
                let group = self.grouping.of_nobody(answers.stem.place[row]);
                state.groups[group].count(answers.kind[row], answers.score[row]);
                state.tally.touchpoints += 1;
            }
        }
    }

    fn counts(&self, answers: &Answers, row: usize) -> bool {
        usize::from(answers.kind[row]) < KINDS.len()
            && self.lens.in_range(answers.stem.at[row])
            && self.lens.has_place(answers.stem.place[row])
            && self.survey.is_none_or(|survey| survey == Some(answers.survey[row]))
    }
}

/// Answers by question and score, 0 to 10.
#[derive(Debug, Clone, Copy, Default)]
struct Histogram([[u64; 11]; KINDS.len()]);

impl Histogram {
    fn count(&mut self, kind: u8, score: u8) {
        // Scores are checked where touchpoints come in; one beyond would be the greatest.
        self.0[usize::from(kind)][usize::from(score.min(10))] += 1;
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
            ces_mean: Estimate::of(ces.mean(), ces.count),
            ces_easy: Ratio::share(sum(AnswerKind::Ces, 5..=7), sum(AnswerKind::Ces, 0..=10)),
            distribution: distribution.collect(),
        }
    }
}
