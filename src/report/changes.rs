//! What is new since people were last told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::inventory::Triple;
use crate::ledger::{Enacted, Outcome};
use crate::model::{Action, Context, Gap, Place, Severity};
use crate::plan::{Entry, Finding, Hold, Plan};

use super::Occasion;

/// How long before a step acts people hear of it again.
const SOON: SignedDuration = SignedDuration::from_hours(24);

/// What a message tells. The order is the order of urgency within one severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// AWS refused a step.
    Failed,
    /// Nobody knows yet whether a step took effect.
    Unclear,
    /// Newly held until a person approves.
    Approval,
    /// Newly due and free to be done.
    Due,
    /// Acts within 24 hours.
    Soon,
    /// Newly due; acts when its grace time is over.
    Planned,
    /// A step took effect.
    Done,
    /// Newly found; nothing is done about it.
    Found,
    /// Could not be read any more; what that could hide is held.
    Gap,
}

impl Event {
    /// The word in message attributes and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Unclear => "unclear",
            Self::Approval => "approval",
            Self::Due => "due",
            Self::Soon => "soon",
            Self::Planned => "planned",
            Self::Done => "done",
            Self::Found => "found",
            Self::Gap => "gap",
        }
    }
}

/// One change, as the plan or the ledger has it.
#[derive(Clone, Debug)]
pub(super) enum Change<'a> {
    Entry(Event, &'a Entry),
    Enacted(Event, &'a Enacted),
    Finding(&'a Finding),
    Gap(&'a Gap),
}

impl<'a> Change<'a> {
    pub(super) fn event(&self) -> Event {
        match self {
            Self::Entry(event, _) | Self::Enacted(event, _) => *event,
            Self::Finding(_) => Event::Found,
            Self::Gap(_) => Event::Gap,
        }
    }

    pub(super) fn severity(&self) -> Severity {
        match self {
            Self::Entry(_, entry) => entry.severity,
            Self::Enacted(_, enacted) => enacted.entry.severity,
            Self::Finding(finding) => finding.severity,
            // It stops deletions; it endangers nothing.
            Self::Gap(_) => Severity::Medium,
        }
    }

    pub(super) fn action(&self) -> Option<Action> {
        match self {
            Self::Entry(_, entry) => Some(entry.action),
            Self::Enacted(_, enacted) => Some(enacted.entry.action),
            Self::Finding(finding) => Some(finding.action),
            Self::Gap(_) => None,
        }
    }

    pub(super) fn place(&self) -> &'a Place {
        match self {
            Self::Entry(_, entry) => &entry.place,
            Self::Enacted(_, enacted) => &enacted.entry.place,
            Self::Finding(finding) => &finding.place,
            Self::Gap(gap) => &gap.place,
        }
    }

    pub(super) fn because(&self) -> &'a [String] {
        match self {
            Self::Entry(_, entry) => &entry.because,
            Self::Enacted(_, enacted) => &enacted.entry.because,
            Self::Finding(finding) => &finding.because,
            Self::Gap(_) => &[],
        }
    }

    /// What tells it from other changes of its group, for the message's id.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Entry(_, entry) => format!("{} {} {:?} {:?}", entry.place, entry.resource, entry.context, entry.not_before),
            Self::Enacted(_, enacted) => format!("outcome {}", enacted.number),
            Self::Finding(finding) => format!("{} {} {:?}", finding.place, finding.resource, finding.because),
            Self::Gap(gap) => format!("{} {} {:?}", gap.place, gap.source, gap.resource),
        }
    }

    pub(super) fn resource(&self) -> String {
        match self {
            Self::Entry(_, entry) => entry.resource.to_string(),
            Self::Enacted(_, enacted) => enacted.entry.resource.to_string(),
            Self::Finding(finding) => finding.resource.to_string(),
            Self::Gap(gap) => gap.resource.clone().unwrap_or_else(|| gap.source.to_string()),
        }
    }

    pub(super) fn name(&self) -> &'a str {
        match self {
            Self::Entry(_, entry) => &entry.name,
            Self::Enacted(_, enacted) => &enacted.entry.name,
            Self::Finding(finding) => &finding.name,
            Self::Gap(_) => "",
        }
    }

    pub(super) fn context(&self) -> Context {
        match self {
            Self::Entry(_, entry) => entry.context.clone(),
            Self::Enacted(_, enacted) => enacted.entry.context.clone(),
            Self::Finding(_) | Self::Gap(_) => Context::none(),
        }
    }

    pub(super) fn not_before(&self) -> Option<Timestamp> {
        match self {
            Self::Entry(_, entry) => entry.not_before,
            Self::Enacted(..) | Self::Finding(_) | Self::Gap(_) => None,
        }
    }

    pub(super) fn held_by(&self) -> &'a [Hold] {
        match self {
            Self::Entry(_, entry) => &entry.held_by,
            Self::Enacted(..) | Self::Finding(_) | Self::Gap(_) => &[],
        }
    }
}

/// Everything new, in the order of the plan. At the very first report only what is critical, was done, or has
/// begun to wait: the digest tells the rest, and nobody gets a flood.
pub(super) fn changes<'a>(occasion: &Occasion<'a>) -> Vec<Change<'a>> {
    let first = occasion.told.is_empty();
    let told = Told::of(occasion.told);
    let enacted: Vec<Change<'a>> = occasion.enacted.iter().filter(|enacted| !enacted.repeated).filter_map(outcome).collect();
    // What was done or failed is told as such, not as due as well.
    let concluded: BTreeSet<Triple> = occasion.enacted.iter().map(|enacted| enacted.entry.triple()).collect();
    let news = planned(occasion.plan, &told, &concluded, occasion.now)
        .into_iter()
        .filter(|change| !first || change.severity() == Severity::Critical || matches!(change, Change::Entry(Event::Planned, _)));
    enacted.into_iter().chain(news).collect()
}

fn outcome(enacted: &Enacted) -> Option<Change<'_>> {
    let event = match enacted.outcome {
        Outcome::Done { .. } => Event::Done,
        Outcome::Failed { .. } => Event::Failed,
        Outcome::Unknown { .. } => Event::Unclear,
        // Nothing has changed yet, or nothing will: the digest counts them.
        Outcome::Skipped { .. } | Outcome::InFlight { .. } => return None,
    };
    Some(Change::Enacted(event, enacted))
}

/// What people know already.
struct Told {
    /// Due or pending, with the moment it acts and the moment that was told.
    coming: BTreeMap<Triple, (Option<Timestamp>, Timestamp)>,
    approvable: BTreeSet<Triple>,
    findings: BTreeSet<String>,
    gaps: BTreeSet<String>,
}

impl Told {
    fn of(plans: &[Plan]) -> Self {
        let mut told = Self { coming: BTreeMap::new(), approvable: BTreeSet::new(), findings: BTreeSet::new(), gaps: BTreeSet::new() };
        let mut plans: Vec<&Plan> = plans.iter().collect();
        plans.sort_by_key(|plan| plan.now);
        for plan in plans {
            told.coming.extend(plan.steps.iter().chain(&plan.pending).map(|entry| (entry.triple(), (entry.not_before, plan.now))));
            told.approvable.extend(plan.held.iter().filter(|entry| entry.approvable).map(Entry::triple));
            told.findings.extend(plan.findings.iter().map(|finding| Change::Finding(finding).key()));
            told.gaps.extend(plan.gaps.iter().map(|gap| Change::Gap(gap).key()));
        }
        told
    }

    /// Whether people should now hear a second time that a pending step acts soon.
    fn again(&self, entry: &Entry, now: Timestamp) -> bool {
        let Some(acts_at) = entry.not_before else { return false };
        let Ok(warn_at) = acts_at.checked_sub(SOON) else { return false };
        match self.coming.get(&entry.triple()) {
            // INVARIANT: of all cycles, only the first one after `warn_at` finds a told plan from before it.
            Some((told, at)) => {
                now >= warn_at && (*at < warn_at || told.and_then(|told| told.checked_sub(SOON).ok()).is_some_and(|before| *at < before))
            }
            None => false,
        }
    }
}

fn planned<'a>(plan: &'a Plan, told: &Told, concluded: &BTreeSet<Triple>, now: Timestamp) -> Vec<Change<'a>> {
    let due = plan.steps.iter().filter(|entry| !told.coming.contains_key(&entry.triple()) && !concluded.contains(&entry.triple()));
    let entered = plan.pending.iter().filter(|entry| !told.coming.contains_key(&entry.triple()));
    let soon = plan.pending.iter().filter(|entry| told.again(entry, now));
    let approval = plan.held.iter().filter(|entry| entry.approvable && !told.approvable.contains(&entry.triple()));
    let found = plan.findings.iter().map(Change::Finding).filter(|change| !told.findings.contains(&change.key()));
    let gaps = plan.gaps.iter().map(Change::Gap).filter(|change| !told.gaps.contains(&change.key()));
    approval
        .map(|entry| Change::Entry(Event::Approval, entry))
        .chain(due.map(|entry| Change::Entry(Event::Due, entry)))
        .chain(soon.map(|entry| Change::Entry(Event::Soon, entry)))
        .chain(entered.map(|entry| Change::Entry(Event::Planned, entry)))
        .chain(found)
        .chain(gaps)
        .collect()
}
