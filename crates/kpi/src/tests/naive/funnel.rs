//! Funnels, read naively.

use super::super::world::Touch;
use super::{Count, Naive};
use crate::engine::measure::Step;

impl<'a> Naive<'a> {
    pub(super) fn takes(&self, t: &Touch, step: &Step) -> bool {
        (t.order().is_none() || self.is_order(t))
            && t.activity_type() == step.activity
            && step.channel.as_deref().is_none_or(|c| c == t.channel)
    }

    pub(super) fn funnel(&self, all: &[&'a Touch]) -> Option<Count<'a>> {
        let steps = &self.params.steps;
        let takes = |t: &Touch, step: &Step| self.takes(t, step);
        let walk = |begin: &'a Touch| {
            let (mut taken, mut last) = (1, begin);
            for t in self.after(all, begin, self.window.days) {
                if taken < steps.len() && takes(t, &steps[taken]) {
                    (taken, last) = (taken + 1, t);
                } else if taken < steps.len() && self.params.strict && steps.iter().any(|s| takes(t, s)) {
                    break;
                }
            }
            (taken, last)
        };
        let begins: Vec<&Touch> =
            all.iter().copied().filter(|t| takes(t, &steps[0]) && self.counts(t)).collect();
        let most = begins.iter().map(|&t| walk(t).0).max()?;
        let begin = *begins.iter().find(|&&t| walk(t).0 == most)?;
        let done = most == steps.len();
        Some((i64::from(done), 1, begin, done.then(|| walk(begin).1)))
    }
}
