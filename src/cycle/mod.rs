//! One cycle: gather, judge, audit, remember, act, report.
//!
//! A cycle holds the ledger's lease from its first read to its last write, so that two never run at once. It fails as a
//! whole only when nothing could be read or the ledger cannot be written.

mod keeping;
mod outcome;
mod tell;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use thiserror::Error;

use crate::act::{Acting, Clock, Stop, enact, reconcile};
use crate::aws::Aws;
use crate::config::Config;
use crate::evidence::{Asking, Evidence, EvidenceError};
use crate::inventory::{Estate, History, Joined, Triple};
use crate::ledger::{CycleEnd, CycleId, CycleKind, CycleResult, Ledger, LedgerError, Outcome};
use crate::model::{Mode, Place, Principal};
use crate::plan::{Entry, Objection, Plan, advance, audit, lapsed, make, make_exposure};
use crate::policy::PolicySet;
use crate::scan::Progress;

pub use outcome::Summary;
pub use tell::deliver_due;

use tell::tell;

use keeping::Kept;

/// What every cycle works with.
#[derive(Clone, Copy, Debug)]
pub struct Warden<'a> {
    pub config: &'a Config,
    pub policies: &'a PolicySet,
    pub aws: &'a Aws,
    pub ledger: &'a Ledger,
    pub clock: &'a Clock,
    pub stop: &'a Stop,
}

/// Why a cycle ended without a plan, or in the middle of one.
#[derive(Debug, Error)]
pub enum CycleError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    #[error("asked to stop before there was a plan")]
    Stopped,
    #[error("the audit objects to the plan, so nothing is done: {}", list(.0))]
    Objections(Vec<Objection>),
}

fn list(objections: &[Objection]) -> String {
    objections.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// A plan that waits to be enacted, with everything it was made from.
#[derive(Debug)]
pub struct Prepared {
    pub plan: Plan,
    pub cycle: CycleId,
    pub kind: CycleKind,
    estate: Estate,
    history: History,
    saved: History,
    /// Steps that earlier cycles left open and this one concluded.
    concluded: Vec<(Entry, Outcome)>,
    kept: Kept,
}

/// Gathers, judges and audits. Nothing in AWS is changed; open steps of earlier cycles are read back.
///
/// # Errors
/// When the ledger cannot be used, nothing at all could be read, or the audit objects.
pub async fn prepare(warden: Warden<'_>, kind: CycleKind, principal: Principal, progress: &Progress) -> Result<Prepared, CycleError> {
    let mut kept = Kept::take(warden, warden.clock.now()).await?;
    match begin(warden, kind, principal, progress, &mut kept).await {
        Ok((cycle, judged)) => {
            let Judged { plan, estate, history, saved, concluded } = judged;
            Ok(Prepared { plan, cycle, kind, estate, history, saved, concluded, kept })
        }
        Err(error) => {
            kept.give_back(warden).await?;
            Err(error)
        }
    }
}

/// A cycle up to its plan, or written down as failed.
async fn begin(
    warden: Warden<'_>,
    kind: CycleKind,
    principal: Principal,
    progress: &Progress,
    kept: &mut Kept,
) -> Result<(CycleId, Judged), CycleError> {
    let cycle = warden.ledger.begin_cycle(kind, warden.clock.now()).await?;
    // Until there is a plan only AWS is read, so a stop need not wait.
    let judging = async {
        tokio::select! {
            judged = judge(warden, cycle, kind, principal, progress) => judged,
            () = warden.stop.wait() => Err(CycleError::Stopped),
        }
    };
    match kept.while_doing(warden, judging).await {
        Ok(judged) => Ok((cycle, judged)),
        Err(error) => {
            let result = if matches!(error, CycleError::Stopped) { CycleResult::Stopped } else { CycleResult::Failed };
            let end = CycleEnd { result, detail: json!({ "error": error.to_string() }) };
            warden.ledger.finish_cycle(cycle, &end, warden.clock.now()).await?;
            Err(error)
        }
    }
}

/// A plan and what it was made from.
struct Judged {
    plan: Plan,
    estate: Estate,
    history: History,
    /// The history as it is in the ledger.
    saved: History,
    concluded: Vec<(Entry, Outcome)>,
}

async fn judge(
    warden: Warden<'_>,
    cycle: CycleId,
    kind: CycleKind,
    principal: Principal,
    progress: &Progress,
) -> Result<Judged, CycleError> {
    let Warden { config, policies, aws, ledger, clock, stop } = warden;
    let mut saved = ledger.history().await?;
    let mut history = saved.clone();
    aws.enter_by(&config.accounts);
    let concluded = reconcile(&Acting { aws, ledger, config, cycle, clock, stop }, &mut history).await?;
    // At once: what was concluded is in the ledger now, whether or not there will be a plan.
    if history != saved {
        ledger.save_history(&saved, &history).await?;
        saved = history.clone();
    }
    let approved: BTreeSet<Triple> = ledger.approvals().await?.into_iter().map(|approval| approval.triple).collect();

    let now = clock.now();
    let asking = Asking { config, policies, principal, history, approved, now, about: None };
    let evidence = match kind {
        CycleKind::Exposure => Evidence::exposure(aws, asking).await?,
        CycleKind::Scan | CycleKind::Apply => Evidence::live(aws, asking, progress, None).await?,
    };
    let Evidence { estate, mut history, approved, now } = evidence;
    let joined = Joined::new(&estate, &history, config, now);
    let plan = match kind {
        CycleKind::Exposure => make_exposure(&joined, policies, principal, &approved),
        CycleKind::Scan | CycleKind::Apply => make(&joined, policies, principal, &approved),
    };
    let objections = audit(&plan, &estate, &history, config);
    if !objections.is_empty() {
        return Err(CycleError::Objections(objections));
    }
    if kind != CycleKind::Exposure {
        advance(&mut history, &plan, &estate);
        ledger.clear_approvals(&lapsed(&approved, &plan, &estate), now).await?;
    }
    ledger.record_plan(cycle, &plan).await?;
    ledger.save_history(&saved, &history).await?;
    Ok(Judged { plan, estate, saved: history.clone(), history, concluded })
}

impl Prepared {
    /// How many images and snapshots the scan saw in each place.
    pub fn census(&self) -> BTreeMap<Place, (usize, usize)> {
        self.estate.places.iter().map(|(place, seen)| (place.clone(), (seen.images.len(), seen.snapshots.len()))).collect()
    }

    /// Keeps the lease while a person thinks; `ask` may block.
    ///
    /// # Errors
    /// When the lease is lost, or `ask` did not come to an end.
    pub async fn while_waiting<T: Send + 'static>(
        &mut self,
        warden: Warden<'_>,
        ask: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CycleError> {
        let asking = async { tokio::task::spawn_blocking(ask).await.map_err(|_| CycleError::Stopped) };
        self.kept.while_doing(warden, asking).await
    }

    /// The steps the daemon may do by itself.
    pub fn permitted(&self, mode: Mode) -> Vec<Entry> {
        let enact = |step: &&Entry| mode == Mode::Enforce && step.enact;
        self.plan.steps.iter().filter(enact).cloned().collect()
    }

    /// Enacts `steps` (of this plan), puts the report into the outbox and ends the cycle.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub async fn carry_out(mut self, warden: Warden<'_>, steps: &[Entry]) -> Result<Summary, CycleError> {
        let summary = self.finish(warden, steps).await;
        let returned = self.kept.give_back(warden).await;
        let summary = summary?;
        returned?;
        Ok(summary)
    }

    async fn finish(&mut self, warden: Warden<'_>, steps: &[Entry]) -> Result<Summary, CycleError> {
        let Warden { config, aws, ledger, clock, stop, .. } = warden;
        let acting = Acting { aws, ledger, config, cycle: self.cycle, clock, stop };
        let enacted = self.kept.while_doing(warden, enact(&acting, steps, &self.estate, &mut self.history)).await;
        ledger.save_history(&self.saved, &self.history).await?;
        let concluded = std::mem::take(&mut self.concluded);
        let summary = Summary::new(&self.plan, self.kind, self.cycle, concluded, enacted?, aws.requests().all(), stop.asked());
        tell(warden, &self.plan, self.kind, self.cycle).await?;
        ledger.finish_cycle(self.cycle, &summary.end(), clock.now()).await?;
        Ok(summary)
    }

    /// Ends the cycle without doing anything.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub async fn abandon(self, warden: Warden<'_>) -> Result<(), CycleError> {
        let end = CycleEnd { result: CycleResult::Stopped, detail: json!({ "reason": "declined" }) };
        warden.ledger.finish_cycle(self.cycle, &end, warden.clock.now()).await?;
        Ok(self.kept.give_back(warden).await?)
    }
}
