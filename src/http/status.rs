//! What the daemon last said of itself. It writes, the routes read; no lock is held across an await.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use axum::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::ledger::{CycleKind, CycleResult, Outbox, Outcome, PlanCounts};
use crate::model::{Action, Mode, Place, printable_json};
use crate::plan::Plan;

use super::metrics::{Metrics, Sent};
use super::readiness::{Readiness, readiness};

/// How many images and snapshots each place has.
pub type Census = BTreeMap<Place, (usize, usize)>;

/// The daemon's state as others may see it. Shared between the daemon, which writes, and the routes, which read.
pub struct Status {
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    facts: RwLock<Facts>,
    metrics: Metrics,
}

/// What `/api/v1/status` shows.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Facts {
    pub(super) version: &'static str,
    pub(super) mode: Mode,
    pub(super) started_at: Timestamp,
    /// The oldest a full cycle may be.
    #[serde(skip)]
    pub(super) max_cycle_age: SignedDuration,
    pub(super) policies: Option<Policies>,
    pub(super) ledger: Option<Checked>,
    pub(super) running: Option<Running>,
    /// The last cycle of each kind.
    pub(super) cycles: BTreeMap<CycleKind, Cycle>,
    /// When the last full cycle ended that made a plan.
    pub(super) last_plan_at: Option<Timestamp>,
    pub(super) next: BTreeMap<CycleKind, Timestamp>,
    pub(super) plan: Option<PlanLine>,
    pub(super) outbox: Outbox,
    /// The latest plan as JSON: kept as bytes, which are smaller than the plan and need no work per request.
    #[serde(skip)]
    pub(super) document: Option<Bytes>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Policies {
    pub(super) count: usize,
    pub(super) loaded_at: Option<Timestamp>,
    /// Why the last attempt to load was refused; the set before it is still in force.
    pub(super) refused: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Checked {
    pub(super) at: Timestamp,
    pub(super) error: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Running {
    pub(super) kind: CycleKind,
    pub(super) since: Timestamp,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Cycle {
    pub(super) started_at: Timestamp,
    pub(super) ended_at: Timestamp,
    pub(super) result: CycleResult,
    pub(super) error: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct PlanLine {
    pub(super) plan_id: String,
    pub(super) made_at: Timestamp,
    #[serde(flatten)]
    pub(super) counts: PlanCounts,
}

impl Status {
    /// The status of a daemon that has just started. `clock` is asked when a request comes; a full cycle older than
    /// `max_cycle_age` makes it not ready.
    pub fn new(
        version: &'static str,
        mode: Mode,
        max_cycle_age: SignedDuration,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        let facts = Facts {
            version,
            mode,
            started_at: clock(),
            max_cycle_age,
            policies: None,
            ledger: None,
            running: None,
            cycles: BTreeMap::new(),
            last_plan_at: None,
            next: BTreeMap::new(),
            plan: None,
            outbox: Outbox::default(),
            document: None,
        };
        Self { clock: Box::new(clock), facts: RwLock::new(facts), metrics: Metrics::new(version) }
    }

    /// The configuration was read anew.
    pub fn configured(&self, mode: Mode, max_cycle_age: SignedDuration) {
        let mut facts = self.write();
        facts.mode = mode;
        facts.max_cycle_age = max_cycle_age;
    }

    /// A policy set is in force.
    pub fn policies_loaded(&self, count: usize) {
        self.write().policies = Some(Policies { count, loaded_at: Some((self.clock)()), refused: None });
    }

    /// A policy set was refused; the one before it, if any, stays in force.
    pub fn policies_refused(&self, reason: impl Into<String>) {
        let mut facts = self.write();
        let policies = facts.policies.get_or_insert(Policies { count: 0, loaded_at: None, refused: None });
        policies.refused = Some(reason.into());
    }

    /// The ledger was written to, or could not be. To be told at least every five minutes.
    pub fn ledger_checked(&self, result: Result<(), String>) {
        self.write().ledger = Some(Checked { at: (self.clock)(), error: result.err() });
    }

    /// A cycle of this kind comes next at that time.
    pub fn scheduled(&self, kind: CycleKind, next: Option<Timestamp>) {
        let mut facts = self.write();
        match next {
            Some(next) => facts.next.insert(kind, next),
            None => facts.next.remove(&kind),
        };
    }

    /// A cycle began.
    pub fn cycle_started(&self, kind: CycleKind) {
        self.write().running = Some(Running { kind, since: (self.clock)() });
    }

    /// The running cycle ended, with an error for people if it failed.
    pub fn cycle_finished(&self, kind: CycleKind, result: CycleResult, error: Option<String>) {
        let ended_at = (self.clock)();
        let mut facts = self.write();
        let started_at = facts.running.take().map_or(ended_at, |running| running.since);
        if kind == CycleKind::Scan && matches!(result, CycleResult::Complete | CycleResult::Gaps) {
            facts.last_plan_at = Some(ended_at);
        }
        facts.cycles.insert(kind, Cycle { started_at, ended_at, result, error });
        drop(facts);
        self.metrics.cycle(kind, result, ended_at, ended_at.duration_since(started_at));
    }

    /// A full scan made a plan; `census` is what the scan saw.
    ///
    /// # Errors
    /// When the plan cannot be written as JSON; the one before it is then still shown.
    pub fn planned(&self, plan: &Plan, census: &Census) -> Result<(), serde_json::Error> {
        let document = Bytes::from(printable_json(&serde_json::to_string(plan)?));
        let line = PlanLine { plan_id: plan.plan_id.clone(), made_at: plan.now, counts: PlanCounts::of(plan) };
        let mut facts = self.write();
        facts.plan = Some(line);
        facts.document = Some(document);
        drop(facts);
        self.metrics.planned(plan, census);
        Ok(())
    }

    /// A step had this outcome.
    pub fn enacted(&self, action: Action, outcome: &Outcome) {
        self.metrics.enacted(action, outcome);
    }

    /// So much was sent in all since the connection to AWS was made; fewer requests than before are a new connection.
    pub fn requests_sent<'a>(&self, totals: impl IntoIterator<Item = (&'a Place, &'a str, Sent)>) {
        self.metrics.requests_sent(totals);
    }

    /// What waits in the outbox.
    pub fn outbox(&self, outbox: Outbox) {
        self.metrics.outbox(&outbox);
        self.write().outbox = outbox;
    }

    /// Whether the daemon does its work, and if not, why.
    pub(super) fn readiness(&self) -> Readiness {
        readiness(&self.read(), (self.clock)())
    }

    pub(super) fn facts(&self) -> Facts {
        self.read().clone()
    }

    pub(super) fn document(&self) -> Option<Bytes> {
        self.read().document.clone()
    }

    pub(super) fn metrics(&self) -> Result<String, fmt::Error> {
        self.metrics.text(self.readiness().is_ready())
    }

    fn read(&self) -> RwLockReadGuard<'_, Facts> {
        // Facts are whole after every statement, so a panic elsewhere leaves them usable.
        self.facts.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Facts> {
        self.facts.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Status").field("facts", &self.facts).finish_non_exhaustive()
    }
}
