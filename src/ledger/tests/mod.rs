//! The ledger as its users see it, on real files and in real time.

mod history;
mod intents;
mod opening;
mod outbox;
mod plans;
mod sharing;

use jiff::Timestamp;
use tempfile::TempDir;

use super::Ledger;
use crate::model::{Action, Context, Place, ResourceId, Severity};
use crate::plan::{Entry, Plan, Principal};

/// A fresh ledger; its directory goes with it.
async fn fresh() -> (TempDir, Ledger) {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&directory.path().join("ledger.db")).await.unwrap();
    (directory, ledger)
}

/// A moment so many seconds after the start of the tests' time.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn entry(resource: &str) -> Entry {
    Entry {
        action: Action::Deregister,
        place: Place::new("111122223333", "eu-central-1"),
        resource: ResourceId::parse(resource).unwrap(),
        name: "golden".into(),
        context: Context::none(),
        because: vec!["retire-old-unused".into()],
        severity: Severity::Medium,
        enact: true,
        reversible_until: None,
        not_before: None,
        held_by: vec![],
        approvable: false,
    }
}

fn plan(id: &str, now: Timestamp, steps: Vec<Entry>) -> Plan {
    Plan {
        version: 1,
        plan_id: id.into(),
        now,
        complete: true,
        principal: Principal::Automatic,
        gaps: vec![],
        steps,
        pending: vec![],
        held: vec![],
        findings: vec![],
        untouched: vec![],
    }
}
