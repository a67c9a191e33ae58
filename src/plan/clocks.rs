//! Grace clocks: what this cycle's plan means for the next cycle's.
//!
//! A clock runs from one cycle that judged a step due and free to the next. A hold or a cycle that could not judge
//! pauses it; only a complete "not due" takes it away.

use std::collections::BTreeSet;

use crate::inventory::{Clock, Estate, History, Triple};
use crate::model::{ResourceId, Source};

use super::document::{Entry, HoldKind, Plan};

/// Advances the clocks of `history` by what `plan` found, at the plan's `now`.
pub fn advance(history: &mut History, plan: &Plan, estate: &Estate) {
    let running: BTreeSet<Triple> =
        plan.steps.iter().chain(&plan.pending).chain(plan.held.iter().filter(|entry| waits_for_rate(entry))).map(Entry::triple).collect();
    let held: BTreeSet<Triple> = plan.held.iter().filter(|entry| !waits_for_rate(entry)).map(Entry::triple).collect();
    for triple in &running {
        let clock = history.clocks.entry(triple.clone()).or_insert_with(|| Clock {
            since: plan.now,
            elapsed_seconds: 0,
            running_since: None,
            admitted: true,
        });
        clock.elapsed_seconds = clock.elapsed(plan.now).as_secs();
        clock.running_since = Some(plan.now);
        clock.admitted = true;
    }
    for entry in plan.held.iter().filter(|entry| entry.held_by.iter().any(|hold| hold.kind == HoldKind::Gap)) {
        // Remembered as seen, so that the tripwire counts it once; it is not admitted and its clock stands.
        history.clocks.entry(entry.triple()).or_insert_with(|| Clock {
            since: plan.now,
            elapsed_seconds: 0,
            running_since: None,
            admitted: false,
        });
    }
    history.clocks.retain(|triple, clock| {
        if running.contains(triple) {
            return true;
        }
        clock.running_since = None;
        held.contains(triple) || !completely_judged(estate, triple)
    });
    // A copy on its way is not due, and may yet fail once more.
    let copies = &history.copies;
    history.failures.retain(|triple, _| {
        running.contains(triple) || held.contains(triple) || copies.contains_key(triple) || !completely_judged(estate, triple)
    });
}

/// What was approved and is certainly no longer due: a yes does not outlive what it was said to.
pub fn lapsed(approved: &BTreeSet<Triple>, plan: &Plan, estate: &Estate) -> Vec<Triple> {
    let due: BTreeSet<Triple> = plan.steps.iter().chain(&plan.pending).chain(&plan.held).map(Entry::triple).collect();
    approved.iter().filter(|triple| !due.contains(triple) && completely_judged(estate, triple)).cloned().collect()
}

/// Rate is no doubt about the step: its clock goes on.
fn waits_for_rate(entry: &Entry) -> bool {
    !entry.held_by.is_empty() && entry.held_by.iter().all(|hold| hold.kind == HoldKind::Limit && hold.name == "rate")
}

/// Whether this cycle saw everything that a "not due" of that triple rests on.
fn completely_judged(estate: &Estate, triple: &Triple) -> bool {
    let Some(inventory) = estate.places.get(&triple.place) else { return false };
    let listed = match &triple.resource {
        ResourceId::Image(_) => inventory.images_read,
        ResourceId::Snapshot(_) => inventory.snapshots_read,
        // What is blocked already is not due; a state that was not read may be none.
        ResourceId::Place(_) => triple.context.of.is_none_or(|of| inventory.block(of).is_some()),
        // Of these there are only findings: nothing is ever due for them.
        ResourceId::Instance(_) | ResourceId::Group(_) => true,
    };
    let resource = triple.resource.to_string();
    let doubted = inventory
        .gaps
        .iter()
        .any(|gap| gap.resource.as_ref().is_none_or(|about| *about == resource) || gap.source == Source::LaunchPermissions);
    listed && !doubted
}
