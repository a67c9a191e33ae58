//! One cycle of the daemon, from its kind to what the status shows of it.

use std::sync::Arc;

use crate::act::{Clock, Stop};
use crate::aws::Aws;
use crate::cycle::{CycleError, Summary, Warden, deliver_due, prepare};
use crate::http::{Sent, Status};
use crate::ledger::{CycleKind, CycleResult, Ledger};
use crate::model::Principal;
use crate::scan::Progress;

use super::Settings;

/// Everything the daemon keeps between cycles.
#[derive(Debug)]
pub struct Engine {
    pub aws: Aws,
    pub ledger: Ledger,
    pub settings: Settings,
    pub status: Arc<Status>,
    pub clock: Clock,
    pub stop: Stop,
    pub progress: Progress,
}

impl Engine {
    /// Makes one cycle: plans, enacts what the mode permits, reports. Everything is logged and shown in the status.
    ///
    /// # Errors
    /// When there is no plan, or the ledger cannot be written.
    pub async fn cycle(&self, kind: CycleKind) -> Result<Summary, CycleError> {
        self.status.cycle_started(kind);
        // Boxed: the whole cycle is one future, too deep to be laid out inside the daemon's.
        let result = Box::pin(self.plan_and_enact(kind)).await;
        match &result {
            Ok(summary) => self.status.cycle_finished(kind, summary.result(), None),
            Err(CycleError::Stopped) => self.status.cycle_finished(kind, CycleResult::Stopped, None),
            Err(error) => {
                tracing::error!(cycle.kind = %kind, "the {kind} cycle failed: {error}");
                self.status.cycle_finished(kind, CycleResult::Failed, Some(error.to_string()));
            }
        }
        // Also after a failed cycle: what waits in the outbox does not depend on it.
        if let Err(error) = deliver_due(self.warden()).await {
            tracing::error!("the outbox cannot be worked off: {error}");
        }
        if let Ok(outbox) = self.ledger.outbox().await {
            self.status.outbox(outbox);
        }
        result
    }

    async fn plan_and_enact(&self, kind: CycleKind) -> Result<Summary, CycleError> {
        let prepared = prepare(self.warden(), kind, Principal::Automatic, &self.progress).await?;
        if kind != CycleKind::Exposure
            && let Err(error) = self.status.planned(&prepared.plan, &prepared.census())
        {
            tracing::error!("the plan cannot be shown: {error}");
        }
        let steps = prepared.permitted(self.settings.config.mode);
        let summary = prepared.carry_out(self.warden(), &steps).await?;
        for (step, outcome) in summary.enacted.iter().chain(&summary.concluded) {
            self.status.enacted(step.action, outcome);
        }
        self.status.requests_sent(summary.requests.iter().map(|count| {
            let sent = Sent { requests: count.sent, bytes: count.bytes, waited: count.waited };
            (&count.place, count.api.as_str(), sent)
        }));
        let counts = summary.counts;
        tracing::info!(
            cycle.id = %summary.cycle, cycle.kind = %kind, steps = counts.steps, pending = counts.pending, held = counts.held,
            findings = counts.findings, gaps = counts.gaps, enacted = summary.enacted.len(), failed = summary.failed(),
            "{kind} cycle {}: {} steps, {} pending, {} held, {} findings, {} gaps; {} enacted",
            summary.result(), counts.steps, counts.pending, counts.held, counts.findings, counts.gaps, summary.enacted.len()
        );
        Ok(summary)
    }

    fn warden(&self) -> Warden<'_> {
        let Self { aws, ledger, settings, clock, stop, .. } = self;
        Warden { config: &settings.config, policies: &settings.policies, aws, ledger, clock, stop }
    }
}
