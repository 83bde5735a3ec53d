//! Views of customers that many callers ask for at the same time, read together: a statement costs
//! more than what it finds. Who asks alone is read alone and at once; while a reading is under way,
//! the next one gathers.

use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;
use tokio::sync::oneshot;

use crate::identity::Rules;
use crate::identity::resolve::IdentifierNo;
use crate::model::{CustomerKind, Identifier, ObservationNo, Revision, TenantKey};
use crate::store::StoreError;
use crate::store::driver::{Column, Database, Row, Scalar};
use crate::store::read::rows::{parse_member, parse_shown};
use crate::store::read::{CustomerRecord, Found, Linked, Member, Shown};

/// Everything that views of customers are made of, of the holders of identifiers or of whom
/// observations belong to: a row for each identifier of each observation of the customer.
const VIEW: &str = "WITH v(i, kind, value, observation) AS ({rows}) \
    SELECT v.i, t.revision, o.customer, c.registered, c.unsettled, \
    CASE WHEN s.observation IS NULL THEN m.releases ELSE 1 END, \
    m.observation, m.identifiers, m.first_source, m.first_source_id, s.summary, \
    d.identifier, d.kind, d.value, d.holder, d.shared \
    FROM v CROSS JOIN tenant t \
    LEFT JOIN identifier h ON h.tenant = t.tenant AND h.kind = v.kind AND h.value = v.value \
    LEFT JOIN observation o ON o.tenant = t.tenant AND o.observation = COALESCE(h.holder, v.observation) \
    LEFT JOIN customer c ON c.tenant = t.tenant AND c.customer = o.customer \
    LEFT JOIN observation r ON r.tenant = t.tenant AND r.observation = o.customer \
    LEFT JOIN observation m ON m.tenant = t.tenant AND m.component = r.component AND m.customer = o.customer \
    AND m.live = 1 \
    LEFT JOIN summary s ON s.tenant = t.tenant AND s.observation = m.observation \
    LEFT JOIN {numbers:m.identifiers} n ON true \
    LEFT JOIN identifier d ON d.tenant = t.tenant AND d.identifier = n.value \
    WHERE t.tenant = $1";
/// Views in one reading at most: one that takes long holds up no more than these.
const TOGETHER: usize = 8;

/// Whose view is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Of who holds the identifier.
    Identifier(Identifier),
    /// Of whom the observation belongs to.
    Observation(ObservationNo),
}

/// A customer at a revision; `None` if nobody is there.
pub(in crate::store) type View = (Revision, Option<CustomerRecord>);

/// What one statement says; `None` if the customer has only a part of an observation, which takes
/// more statements.
pub(in crate::store) type Glance = Option<View>;

/// Reads views, those of many callers together.
#[derive(Clone)]
pub(in crate::store) struct Views(Arc<Shared>);

struct Shared {
    db: Database,
    /// Readings that may be under way at once.
    most: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    questions: Vec<Question>,
    /// Tasks that read until no question waits.
    readers: usize,
}

struct Question {
    tenant: TenantKey,
    rules: Arc<Rules>,
    whom: Whom,
    answer: oneshot::Sender<Result<Glance, StoreError>>,
}

impl Views {
    pub(in crate::store) fn new(db: Database, connections: u32) -> Self {
        // The others remain for transactions.
        let most = (connections as usize / 2).max(1);
        Self(Arc::new(Shared { db, most, waiting: Mutex::default() }))
    }

    /// Sees all that was committed before it was called.
    pub(in crate::store) async fn view(
        &self,
        tenant: TenantKey,
        rules: &Arc<Rules>,
        whom: Whom,
    ) -> Result<Glance, StoreError> {
        let (answer, answered) = oneshot::channel();
        let question = Question { tenant, rules: rules.clone(), whom, answer };
        let needs_reader = {
            let mut waiting = self.0.waiting();
            waiting.questions.push(question);
            let needs_reader = waiting.readers < self.0.most;
            waiting.readers += usize::from(needs_reader);
            needs_reader
        };
        if needs_reader {
            tokio::spawn(read_all(self.0.clone()));
        }
        answered.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Takes questions that one reading can answer: of one tenant by one set of rules, the longest
    /// waiting and those like it, as many as a power of two (so that the statement is a known one).
    fn next(&mut self) -> Vec<Question> {
        self.questions.retain(|question| !question.answer.is_closed());
        let Some(first) = self.questions.first() else { return Vec::new() };
        let (tenant, rules) = (first.tenant, first.rules.clone());
        let is_alike =
            |question: &Question| question.tenant == tenant && Arc::ptr_eq(&question.rules, &rules);
        let alike = self.questions.iter().filter(|question| is_alike(question)).count();
        let mut room = (1_usize << alike.ilog2()).min(TOGETHER);
        let taken = self.questions.extract_if(.., |question| {
            let is_taken = room > 0 && is_alike(question);
            room -= usize::from(is_taken);
            is_taken
        });
        taken.collect()
    }
}

/// Reads until no question waits.
async fn read_all(shared: Arc<Shared>) {
    loop {
        let questions = {
            let mut waiting = shared.waiting();
            let questions = waiting.next();
            if questions.is_empty() {
                waiting.readers -= 1;
                return;
            }
            questions
        };
        // On a task of its own: should it panic, the questions after it are still read.
        let _ = tokio::spawn(answer(shared.db.clone(), questions)).await;
    }
}

/// Reads what questions ask for, and tells those who asked.
async fn answer(db: Database, questions: Vec<Question>) {
    let (mut whom, mut answers) = (Vec::new(), Vec::new());
    let Some(Question { tenant, rules, .. }) = questions.first() else { return };
    let (tenant, rules) = (*tenant, rules.clone());
    for question in questions {
        whom.push(question.whom);
        answers.push(question.answer);
    }
    match read(&db, tenant, &rules, &whom).await {
        Ok(glances) => {
            for (answer, glance) in answers.into_iter().zip(glances) {
                let _ = answer.send(glance);
            }
        }
        Err(error) => {
            let diagnosis = error.diagnosis();
            for answer in answers {
                let _ = answer.send(Err(StoreError::Shared(diagnosis.clone())));
            }
        }
    }
}

/// One statement for all; as many glances as were asked for, in their order. What of one does not read
/// back is no error of the others.
async fn read(
    db: &Database,
    tenant: TenantKey,
    rules: &Rules,
    whom: &[Whom],
) -> Result<Vec<Result<Glance, StoreError>>, StoreError> {
    let names = whom.iter().map(|one| match one {
        Whom::Identifier(identifier) => (identifier.kind.as_str(), identifier.value.as_str(), None),
        Whom::Observation(no) => ("", "", Some(no.0)),
    });
    let (kinds, (values, numbers)) = names.map(|(kind, value, no)| (kind, (value, no))).unzip();
    let places = (0..).take(whom.len()).collect();
    let columns =
        [Column::Int(places), Column::Text(kinds), Column::Text(values), Column::IntOrNull(numbers)];
    let mut rows_of: Vec<Vec<Row>> = whom.iter().map(|_| Vec::new()).collect();
    for row in db.fetch_alone(VIEW, &[Scalar::Int(tenant.0)], &columns).await? {
        rows_of[row.get::<i64>(0)? as usize].push(row);
    }
    Ok(rows_of.iter().map(|rows| parse(rows, rules)).collect())
}

/// The rows of one customer: one for each identifier of each observation.
fn parse(rows: &[Row], rules: &Rules) -> Result<Glance, StoreError> {
    let Some(first) = rows.first() else { return Ok(Some((Revision(0), None))) };
    let at = Revision(first.get(1)?);
    let (customer, registered) = (first.get::<Option<i64>>(2)?, first.get::<Option<i64>>(3)?);
    let (Some(customer), Some(registered)) = (customer, registered) else {
        return Ok(Some((at, None)));
    };
    if first.get::<Option<i64>>(4)? != Some(0) {
        return Ok(None);
    }
    let kind = if registered == 0 { CustomerKind::Anonymous } else { CustomerKind::Registered };
    let mut members: FxHashMap<i64, Member> = FxHashMap::default();
    let mut links: Vec<Linked> = Vec::new();
    let mut identifiers: FxHashMap<IdentifierNo, Shown> = FxHashMap::default();
    for row in rows {
        let Some(observation) = row.get::<Option<i64>>(6)? else { continue };
        if let Entry::Vacant(new) = members.entry(observation) {
            let member = parse_member(row, 6)?;
            if row.get::<i64>(5)? == 0 {
                // Nobody saw it: it is a person's link.
                links.extend(Linked::of(&member));
            } else {
                new.insert(member);
            }
        }
        if let Some(no) = row.get::<Option<i64>>(11)?
            && let Entry::Vacant(new) = identifiers.entry(IdentifierNo(no))
        {
            new.insert(parse_shown(row, 12, rules)?);
        }
    }
    let mut members: Vec<Member> = members.into_values().collect();
    members.sort_unstable_by_key(|member| member.no);
    let found = Found { customer: ObservationNo(customer), kind, members, links };
    Ok(Some((at, Some(found.into_record(&identifiers)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_longest_is_read_with_what_is_like_it_and_nobody_waits_for_who_is_gone() {
        let rules = [Arc::new(Rules::default()), Arc::new(Rules::default())];
        let mut waiting = Waiting::default();
        let mut callers = Vec::new();
        let mut ask = |waiting: &mut Waiting, tenant: i64, rules: &Arc<Rules>, number: i64| {
            let (answer, caller) = oneshot::channel();
            let whom = Whom::Observation(ObservationNo(number));
            waiting.questions.push(Question {
                tenant: TenantKey(tenant),
                rules: rules.clone(),
                whom,
                answer,
            });
            callers.push(caller);
        };
        for number in 0..5 {
            ask(&mut waiting, 1, &rules[0], number);
            ask(&mut waiting, 2, &rules[0], 10 + number);
            ask(&mut waiting, 1, &rules[1], 20 + number);
        }
        callers.remove(0);
        let mut next = || -> Vec<i64> {
            let taken = waiting.next();
            let number = |question: &Question| match question.whom {
                Whom::Observation(no) => no.0,
                Whom::Identifier(_) => unreachable!("asked by number"),
            };
            taken.iter().map(number).collect()
        };
        assert_eq!(next(), [10, 11, 12, 13], "a power of two, of one tenant");
        assert_eq!(next(), [20, 21, 22, 23], "by one set of rules");
        assert_eq!(next(), [1, 2, 3, 4], "without the one that nobody waits for");
        assert_eq!((next(), next(), next()), (vec![14], vec![24], vec![]));
    }
}
