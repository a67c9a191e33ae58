//! Making the plan: judge, limit, sort, name.

use std::collections::BTreeSet;

use crate::inventory::{Joined, Triple};
use crate::policy::PolicySet;

use super::canonical::plan_id;
use super::document::{Entry, Plan};
use super::judge::judge;
use super::limits::{Sorted, limit};
use crate::model::Principal;

/// The version of the plan's format.
const VERSION: u32 = 1;

/// The plan for what was seen. The same input gives the same bytes; `approved` are the steps a person released from
/// the tripwire.
pub fn make(joined: &Joined<'_>, policies: &PolicySet, principal: Principal, approved: &BTreeSet<Triple>) -> Plan {
    let mut places = judge(joined, policies, principal);
    let Sorted { mut steps, mut pending, mut held } = limit(joined, &mut places, approved);
    for entries in [&mut steps, &mut pending, &mut held] {
        entries.sort_by(order);
    }
    let mut findings: Vec<_> = places.iter_mut().flat_map(|place| std::mem::take(&mut place.findings)).collect();
    findings.sort_by(|a, b| (&a.place, &a.resource, &a.because, &a.detail).cmp(&(&b.place, &b.resource, &b.because, &b.detail)));
    let gaps = joined.estate.gaps();
    let mut plan = Plan {
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
    plan.plan_id = plan_id(&plan);
    plan
}

/// Ladder rank, then account, Region, resource, action and context.
pub(super) fn order(a: &Entry, b: &Entry) -> std::cmp::Ordering {
    (a.action, &a.place, &a.resource, &a.context).cmp(&(b.action, &b.place, &b.resource, &b.context))
}

impl Plan {
    /// Whether its id is that of its content: a saved plan that was edited is not the plan that was shown.
    pub fn is_intact(&self) -> bool {
        plan_id(self) == self.plan_id
    }
}
