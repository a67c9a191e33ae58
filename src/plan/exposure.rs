//! The plan of an exposure scan: only what ends public exposure, judged by what the two public listings tell.

use super::canonical::plan_id;
use super::document::Plan;
use crate::inventory::Estate;
use crate::model::{Action, Source};

/// Cuts a plan made from [`crate::inventory::Inventory::exposure`] down to what such a scan can know: what is public
/// and shall not be. Everything else was not read, on purpose, and is left to the full scan.
pub fn only_exposure(plan: Plan, estate: &Estate) -> Plan {
    let known = [Source::Images, Source::PublicSnapshots, Source::Regions];
    let asked = |source: &Source| known.contains(source);
    let mut gaps: Vec<_> = estate.gaps().into_iter().filter(|gap| asked(&gap.source)).collect();
    gaps.dedup();
    let mut plan = Plan { complete: gaps.is_empty(), gaps, findings: Vec::new(), untouched: Vec::new(), ..plan };
    for entries in [&mut plan.steps, &mut plan.pending, &mut plan.held] {
        entries.retain(|entry| entry.action == Action::MakePrivate);
    }
    plan.plan_id = plan_id(&plan);
    plan
}
