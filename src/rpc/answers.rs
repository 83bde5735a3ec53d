//! Answers that were computed already: the same question at the same revision has the same answer.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use prost::Message;
use sha2::{Digest, Sha256};

use crate::model::{Revision, TenantKey};

/// A question, to the bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Question([u8; 16]);

impl Question {
    /// `request` must have its freshness cleared: the revision stands for it. `also` is what the
    /// answer depends on beside request and facts, such as cost rates.
    #[must_use]
    pub fn of(
        method: &str,
        request: &impl Message,
        tenant: TenantKey,
        revision: Revision,
        also: &[u8],
    ) -> Self {
        let mut hash = Sha256::new();
        for part in [method.as_bytes(), &request.encode_to_vec(), also] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update(tenant.0.to_le_bytes());
        hash.update(revision.0.to_le_bytes());
        let digest = hash.finalize();
        Self(std::array::from_fn(|i| digest[i]))
    }

    #[must_use]
    pub fn digest(self) -> [u8; 16] {
        self.0
    }
}

/// The latest answers, encoded, up to a number of bytes. Cheap to clone.
#[derive(Clone)]
pub struct Answers {
    kept: Arc<Mutex<Kept>>,
    limit_bytes: usize,
}

#[derive(Default)]
struct Kept {
    answers: HashMap<Question, Arc<[u8]>>,
    /// From the oldest to the youngest.
    order: VecDeque<Question>,
    bytes: usize,
}

impl Answers {
    #[must_use]
    pub fn new(limit_bytes: usize) -> Self {
        Self { kept: Arc::default(), limit_bytes }
    }

    /// The answer to a question, if it was given before and is still known.
    #[must_use]
    pub fn get<T: Message + Default>(&self, question: Question) -> Option<T> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let encoded = kept.answers.get(&question).cloned();
        drop(kept);
        metrics::counter!("customer360_answers_total", "known" => if encoded.is_some() { "yes" } else { "no" })
            .increment(1);
        T::decode(&*encoded?).ok()
    }

    /// Keeps an answer; the oldest ones make room.
    pub fn keep(&self, question: Question, answer: &impl Message) {
        let encoded: Arc<[u8]> = answer.encode_to_vec().into();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if encoded.len() > self.limit_bytes || kept.answers.contains_key(&question) {
            return;
        }
        kept.bytes += encoded.len();
        kept.order.push_back(question);
        kept.answers.insert(question, encoded);
        while kept.bytes > self.limit_bytes
            && let Some(oldest) = kept.order.pop_front()
        {
            let freed = kept.answers.remove(&oldest).map_or(0, |answer| answer.len());
            kept.bytes -= freed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::proto::{GroupKey, ListKpisRequest};

    fn question(method: &str, tenant: i64, revision: i64, also: &[u8]) -> Question {
        Question::of(method, &ListKpisRequest {}, TenantKey(tenant), Revision(revision), also)
    }

    fn answer(text: &str) -> GroupKey {
        GroupKey { value: Some(text.to_owned()) }
    }

    #[test]
    fn only_the_same_question_at_the_same_revision_has_the_same_answer() {
        let answers = Answers::new(1_000);
        let asked = question("A", 1, 1, b"");
        answers.keep(asked, &answer("a"));
        assert_eq!(answers.get(asked), Some(answer("a")));
        for other in [
            question("B", 1, 1, b""),
            question("A", 2, 1, b""),
            question("A", 1, 2, b""),
            question("A", 1, 1, b"r"),
        ] {
            assert_eq!(answers.get::<GroupKey>(other), None);
        }
    }

    #[test]
    fn the_oldest_make_room_and_what_is_too_large_is_not_kept() {
        let answers = Answers::new(25);
        let ask = |n| question("A", 1, n, b"");
        for n in 0..5 {
            answers.keep(ask(n), &answer("ten bytes"));
        }
        let known: Vec<i64> = (0..5).filter(|n| answers.get::<GroupKey>(ask(*n)).is_some()).collect();
        assert_eq!(known, [3, 4]);
        answers.keep(ask(9), &answer(&"x".repeat(100)));
        assert_eq!(answers.get::<GroupKey>(ask(9)), None);
        assert!(answers.get::<GroupKey>(ask(4)).is_some());
    }
}
