//! What came out of a cycle, in numbers and steps.

use serde_json::json;

use crate::aws::RequestCount;
use crate::ledger::{CycleEnd, CycleId, CycleKind, CycleResult, Outcome, PlanCounts};
use crate::plan::{Entry, Plan};

/// A finished cycle.
#[derive(Clone, Debug)]
pub struct Summary {
    pub cycle: CycleId,
    pub kind: CycleKind,
    pub plan_id: String,
    pub counts: PlanCounts,
    /// What was done in this cycle, in order, with what became of it.
    pub enacted: Vec<(Entry, Outcome)>,
    /// What earlier cycles left open and this one concluded.
    pub concluded: Vec<(Entry, Outcome)>,
    /// Requests sent so far by this process.
    pub requests: Vec<RequestCount>,
    pub stopped: bool,
}

impl Summary {
    pub(super) fn new(
        plan: &Plan,
        kind: CycleKind,
        cycle: CycleId,
        concluded: Vec<(Entry, Outcome)>,
        enacted: Vec<(Entry, Outcome)>,
        requests: Vec<RequestCount>,
        stopped: bool,
    ) -> Self {
        Self { cycle, kind, plan_id: plan.plan_id.clone(), counts: PlanCounts::of(plan), enacted, concluded, requests, stopped }
    }

    /// How many steps of this cycle failed.
    pub fn failed(&self) -> usize {
        self.enacted.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Failed { .. })).count()
    }

    /// How it ended.
    pub fn result(&self) -> CycleResult {
        match (self.stopped, self.counts.complete) {
            (true, _) => CycleResult::Stopped,
            (_, true) => CycleResult::Complete,
            (_, false) => CycleResult::Gaps,
        }
    }

    pub(super) fn end(&self) -> CycleEnd {
        let sent: u64 = self.requests.iter().map(|count| count.sent).sum();
        CycleEnd {
            result: self.result(),
            detail: json!({ "requestsOfProcess": sent, "enacted": self.enacted.len(), "failed": self.failed() }),
        }
    }
}
