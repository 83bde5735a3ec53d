//! How numbers would change: the same questions, asked of what is and of what would be.

use std::sync::Arc;

use super::convert;
use super::error::PortError;
use super::kpis::{capacity, cost_rate};
use super::proto::{self, kpi_answer::Answer, kpi_question::Question};
use super::{Port, computing};
use crate::kpi::Snapshot;
use crate::kpi::shapes::cost;
use crate::kpi::shapes::nps;
use crate::kpi::shapes::repurchase;
use crate::kpi::shapes::retention;
use crate::model::{Reason, TenantKey};

/// Questions in one request.
pub(super) const QUESTIONS: usize = 8;

impl Port {
    /// The answers before and after, in the order of the questions.
    pub(super) async fn changes(
        &self,
        tenant: TenantKey,
        questions: &[proto::KpiQuestion],
        before: &Arc<Snapshot>,
        after: &Arc<Snapshot>,
    ) -> Result<Vec<proto::KpiChange>, PortError> {
        let mut changes = Vec::with_capacity(questions.len());
        for question in questions {
            let Some(question) = &question.question else {
                let what = "one member of the oneof must be set";
                return Err(PortError::field("kpis.question", Reason::Required, what));
            };
            let before = Some(self.probe(tenant, question, before).await?);
            let after = Some(self.probe(tenant, question, after).await?);
            changes.push(proto::KpiChange { before, after });
        }
        Ok(changes)
    }

    async fn probe(
        &self,
        tenant: TenantKey,
        question: &Question,
        snapshot: &Arc<Snapshot>,
    ) -> Result<proto::KpiAnswer, PortError> {
        let facts = snapshot.clone();
        let answer = match question.clone() {
            Question::Retention(asked) => {
                let question = self.check(|c| convert::retention_question(c, asked))?;
                let answer = computing(move || retention::compute(&facts, &question)).await??;
                Answer::Retention(convert::retention(answer))
            }
            Question::Repurchase(asked) => {
                let question = self.check(|c| convert::repurchase_question(c, asked))?;
                let answer = computing(move || repurchase::compute(&facts, &question)).await??;
                Answer::Repurchase(convert::repurchase(answer))
            }
            Question::Nps(asked) => {
                let question = self.check(|c| convert::nps_question(c, asked))?;
                let answer = computing(move || nps::compute(&facts, &question)).await??;
                Answer::Nps(convert::nps(answer))
            }
            Question::CostToServe(asked) => {
                let mut question = self.check(|c| convert::cost_question(c, asked))?;
                let rates = self.store.cost_rates(tenant, facts.revision).await?;
                let capacities = self.store.capacity(tenant, facts.revision).await?;
                question.rates = rates.into_iter().map(cost_rate).collect();
                question.capacities = capacities.into_iter().map(capacity).collect();
                let answer = computing(move || cost::compute(&facts, &question)).await??;
                Answer::CostToServe(convert::cost_to_serve(answer))
            }
        };
        Ok(proto::KpiAnswer { answer: Some(answer) })
    }
}
