//! Whether the daemon does its work: policies in force, a ledger that can be written, a full cycle that is not too old.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::status::Facts;

/// The daemon checks its ledger every minute; after this long without it, the daemon itself hangs.
const LEDGER_CHECK_AGE: SignedDuration = SignedDuration::from_mins(10);

/// The answer of `/readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Readiness {
    ready: bool,
    /// Why it is not ready.
    pub(super) reasons: Vec<String>,
}

impl Readiness {
    pub(super) fn is_ready(&self) -> bool {
        self.ready
    }
}

pub(super) fn readiness(facts: &Facts, now: Timestamp) -> Readiness {
    let reasons: Vec<String> = [policies(facts), ledger(facts, now), cycle(facts, now)].into_iter().flatten().collect();
    Readiness { ready: reasons.is_empty(), reasons }
}

fn policies(facts: &Facts) -> Option<String> {
    match &facts.policies {
        Some(policies) if policies.loaded_at.is_some() => None,
        Some(policies) => Some(format!("no policies are in force: {}", policies.refused.as_deref().unwrap_or("none were loaded"))),
        None => Some("the policies are not loaded yet".into()),
    }
}

fn ledger(facts: &Facts, now: Timestamp) -> Option<String> {
    let Some(checked) = &facts.ledger else { return Some("the ledger is not open yet".into()) };
    match &checked.error {
        Some(error) => Some(format!("the ledger cannot be written: {error}")),
        None if now.duration_since(checked.at) > LEDGER_CHECK_AGE => {
            Some(format!("the ledger was last checked at {}: the daemon hangs", checked.at))
        }
        None => None,
    }
}

fn cycle(facts: &Facts, now: Timestamp) -> Option<String> {
    let last = facts.cycles.get(&crate::ledger::CycleKind::Scan).and_then(|cycle| cycle.error.as_deref());
    let because = last.map_or_else(String::new, |error| format!(" (the last one failed: {error})"));
    match facts.last_plan_at {
        None => Some(format!("no full cycle has ended yet{because}")),
        Some(at) if now.duration_since(at) > facts.max_cycle_age => {
            Some(format!("the last full cycle ended at {at}, too long ago{because}"))
        }
        Some(_) => None,
    }
}
