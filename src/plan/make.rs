//! Making the plan: judge, limit, sort, name.

use std::collections::BTreeSet;

use crate::inventory::{Joined, Triple};
use crate::policy::PolicySet;

use super::canonical::plan_id;
use super::document::{Entry, Plan};
use super::judge::{PlaceJudgement, judge};
use super::limits::{Sorted, limit};
use crate::model::{Action, Gap, Principal, Source};

/// The version of the plan's format.
const VERSION: u32 = 1;

/// The plan for what was seen. The same input gives the same bytes; `approved` are the steps a person released from
/// the tripwire.
pub fn make(joined: &Joined<'_>, policies: &PolicySet, principal: Principal, approved: &BTreeSet<Triple>) -> Plan {
    let places = judge(joined, policies, principal);
    put_together(joined, principal, approved, places, joined.estate.gaps())
}

/// The plan of an exposure scan ([`crate::inventory::Inventory::exposure`]): only what ends public exposure, judged by
/// what the two public listings tell. Everything else was not read, on purpose; it is left to the full scan, and neither
/// its gaps nor its limits count here.
pub fn make_exposure(joined: &Joined<'_>, policies: &PolicySet, principal: Principal, approved: &BTreeSet<Triple>) -> Plan {
    let mut places = judge(joined, policies, principal);
    for place in &mut places {
        place.due.retain(|due| due.entry.action == Action::MakePrivate);
        place.findings.clear();
    }
    let read = [Source::Images, Source::PublicSnapshots, Source::Regions, Source::AssumeRole];
    let gaps = joined.estate.gaps().into_iter().filter(|gap| read.contains(&gap.source)).collect();
    Plan { untouched: Vec::new(), ..put_together(joined, principal, approved, places, gaps) }.named()
}

fn put_together(
    joined: &Joined<'_>,
    principal: Principal,
    approved: &BTreeSet<Triple>,
    mut places: Vec<PlaceJudgement>,
    gaps: Vec<Gap>,
) -> Plan {
    let Sorted { mut steps, mut pending, mut held } = limit(joined, &mut places, approved);
    for entries in [&mut steps, &mut pending, &mut held] {
        entries.sort_by(order);
    }
    let mut findings: Vec<_> = places.iter_mut().flat_map(|place| std::mem::take(&mut place.findings)).collect();
    findings.sort_by(|a, b| {
        (&a.place, a.resource.to_string(), &a.because, &a.detail).cmp(&(&b.place, b.resource.to_string(), &b.because, &b.detail))
    });
    let plan = Plan {
        version: VERSION,
        plan_id: String::new(),
        now: joined.now,
        complete: gaps.is_empty(),
        principal,
        gaps,
        steps,
        pending,
        held,
        findings,
        untouched: places.into_iter().map(|place| place.untouched).collect(),
    };
    plan.named()
}

/// Ladder rank, then account, Region, resource, action and context.
pub(super) fn order(a: &Entry, b: &Entry) -> std::cmp::Ordering {
    (a.action, &a.place, &a.resource, &a.context).cmp(&(b.action, &b.place, &b.resource, &b.context))
}

impl Plan {
    /// Itself, with the id of its content.
    fn named(self) -> Self {
        Self { plan_id: plan_id(&self), ..self }
    }

    /// Whether its id is that of its content: a saved plan that was edited is not the plan that was shown.
    pub fn is_intact(&self) -> bool {
        plan_id(self) == self.plan_id
    }
}
