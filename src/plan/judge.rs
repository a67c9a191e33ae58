//! From facts and verdicts to what is due, with everything but the limits that holds it.

use jiff::{SignedDuration, Timestamp};
use rayon::prelude::*;

use crate::inventory::{ImageFacts, Inventory, Joined, Provenance, Recovery, Reference, SnapshotFacts};
use crate::model::{Action, ActionClass, Mode, Place, Principal, ResourceId, Severity, Source};
use crate::policy::{Judge, Judgement, PolicySet, ResourceKind, Verdict};

use super::details;
use super::document::{Entry, Finding, Hold, HoldKind, Untouched};
use super::{interlocks, unseen};

/// A step that failed this often in a row backs off.
const FAILURES_BEFORE_BACKOFF: u32 = 3;
/// The first pause after repeated failure; it doubles with each further one ...
const FIRST_BACKOFF: SignedDuration = SignedDuration::from_hours(6);
/// ... up to this, so that a mended permission is noticed within a week.
const LONGEST_BACKOFF: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Something due, before limits.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) entry: Entry,
    /// Whether everything that could hold it was read; if not, its clock pauses.
    pub(super) judged: bool,
    /// The resource's creation: among those due equally long, the oldest goes first.
    pub(super) born: Timestamp,
}

/// What one place gives.
#[derive(Debug)]
pub(super) struct PlaceJudgement {
    pub(super) due: Vec<Due>,
    pub(super) findings: Vec<Finding>,
    pub(super) untouched: Untouched,
    /// Images and snapshots there, what the tripwire's share is measured against.
    pub(super) resources: usize,
}

/// Judges every resource of every place.
pub(super) fn judge(joined: &Joined<'_>, policies: &PolicySet, principal: Principal) -> Vec<PlaceJudgement> {
    let regions = joined.estate.regions();
    let judge = policies.judge(&joined.estate.organization, principal, joined.now, &regions);
    // What runs is looked at only where a policy is about it.
    let about_runs = [ResourceKind::Instance, ResourceKind::Group].into_iter().any(|kind| policies.asks_about(kind));
    let provenance = about_runs.then(|| Provenance::new(joined));
    let asked = Asked { joined, policies, judge, provenance };
    joined.estate.places.values().map(|inventory| asked.place(inventory)).collect()
}

/// What is due for one resource of a place and what holds it; nothing for one that no listing there names.
pub(super) fn judge_one(
    joined: &Joined<'_>,
    policies: &PolicySet,
    principal: Principal,
    place: &Place,
    resource: &ResourceId,
) -> Vec<Entry> {
    let regions = joined.estate.regions();
    let judge = policies.judge(&joined.estate.organization, principal, joined.now, &regions);
    let asked = Asked { joined, policies, judge, provenance: None };
    let Some(inventory) = joined.estate.places.get(place) else { return Vec::new() };
    let due = match resource {
        ResourceId::Image(id) => {
            let image = inventory.images.iter().find(|image| image.id == *id);
            image.map(|image| asked.image(&joined.image(inventory, image)).0).unwrap_or_default()
        }
        ResourceId::Snapshot(id) => {
            let snapshot = inventory.snapshots.iter().find(|snapshot| snapshot.id == *id);
            snapshot.map(|snapshot| asked.snapshot(&joined.snapshot(inventory, snapshot)).0).unwrap_or_default()
        }
        ResourceId::Place(itself) if itself == place => asked.settings(inventory).0,
        ResourceId::Place(_) | ResourceId::Instance(_) | ResourceId::Group(_) => Vec::new(),
    };
    due.into_iter().map(|due| due.entry).collect()
}

/// What is asked of every resource.
pub(super) struct Asked<'a> {
    joined: &'a Joined<'a>,
    pub(super) policies: &'a PolicySet,
    pub(super) judge: Judge<'a>,
    pub(super) provenance: Option<Provenance<'a>>,
}

impl Asked<'_> {
    fn place(&self, inventory: &Inventory) -> PlaceJudgement {
        let images: Vec<_> = inventory.images.par_iter().map(|image| self.image(&self.joined.image(inventory, image))).collect();
        let snapshots: Vec<_> =
            inventory.snapshots.par_iter().map(|snapshot| self.snapshot(&self.joined.snapshot(inventory, snapshot))).collect();
        let quiet = |judged: &[(Vec<Due>, Vec<Finding>)]| judged.iter().filter(|(due, _)| due.is_empty()).count();
        let untouched = Untouched { place: inventory.place.clone(), images: quiet(&images), snapshots: quiet(&snapshots) };
        let remembered = self.joined.history.sizes.get(&inventory.place).copied().unwrap_or(0);
        let resources = remembered.max(images.len() + snapshots.len());
        let settings = self.settings(inventory);
        let (due, findings): (Vec<_>, Vec<_>) = images.into_iter().chain(snapshots).chain([settings]).unzip();
        let mut findings: Vec<Finding> = findings.into_iter().flatten().collect();
        findings.extend(self.missing_rules(inventory));
        findings.extend(unseen::findings(self.joined, inventory));
        findings.extend(self.what_runs(inventory));
        findings.extend(details::in_charge(inventory, &self.joined.config.managed.tools));
        PlaceJudgement { due: due.into_iter().flatten().collect(), findings, untouched, resources }
    }

    fn image(&self, facts: &ImageFacts<'_>) -> (Vec<Due>, Vec<Finding>) {
        let judgement = self.judge.image(facts);
        let subject = Subject {
            place: facts.place,
            resource: ResourceId::Image(facts.image.id.clone()),
            name: &facts.image.name,
            born: facts.image.created_at,
            recovery: Some(&facts.recovery),
            users: facts.users,
        };
        let already = |verdict: &Verdict| match &verdict.context.target {
            Some(target) => self.joined.has_replica(facts.place, facts.image, target) == Some(true) || self.copying(&subject, verdict),
            None => false,
        };
        let told = |because: &[String]| details::of_image(facts, because, self.policies);
        let holds = |verdict: &Verdict| {
            let rests_on = |fact: &str| self.rests_on(verdict, ResourceKind::Image, fact);
            interlocks::on_image(self.joined, facts, verdict.action, &verdict.context, rests_on)
        };
        self.entries(&subject, judgement, already, told, holds)
    }

    fn snapshot(&self, facts: &SnapshotFacts<'_>) -> (Vec<Due>, Vec<Finding>) {
        let judgement = self.judge.snapshot(facts);
        let subject = Subject {
            place: facts.place,
            resource: ResourceId::Snapshot(facts.snapshot.id.clone()),
            name: facts.snapshot.tags.get("Name").map(String::as_str).unwrap_or_default(),
            born: facts.snapshot.started_at,
            recovery: Some(&facts.recovery),
            users: facts.users,
        };
        let told = |because: &[String]| details::of_snapshot(facts, because, self.policies);
        let holds = |verdict: &Verdict| {
            interlocks::on_snapshot(self.joined, facts, verdict.action, |fact| self.rests_on(verdict, ResourceKind::Snapshot, fact))
        };
        self.entries(&subject, judgement, |_| false, told, holds)
    }

    /// The place itself.
    fn settings(&self, inventory: &Inventory) -> (Vec<Due>, Vec<Finding>) {
        let facts = self.joined.place(inventory);
        let judgement = self.judge.place(&facts);
        let resource = ResourceId::Place(inventory.place.clone());
        // A Region has no age: among those due equally long it has none of the precedence that comes with it.
        let subject = Subject { place: facts.place, resource, name: "", born: self.joined.now, recovery: None, users: &[] };
        let holds = |verdict: &Verdict| {
            interlocks::on_place(inventory, &facts, &verdict.context, |fact| self.rests_on(verdict, ResourceKind::Place, fact))
        };
        let told = |because: &[String]| details::of_place(&facts, because, self.policies);
        self.entries(&subject, judgement, |_| false, told, holds)
    }

    fn rests_on(&self, verdict: &Verdict, kind: ResourceKind, fact: &str) -> bool {
        self.policies.rests_on(verdict.action, kind, &verdict.because, fact)
    }

    /// Whether a copy that was started is still on its way, even if no listing shows it yet.
    fn copying(&self, subject: &Subject<'_>, verdict: &Verdict) -> bool {
        self.joined.history.copies.contains_key(&subject.entry(verdict, self).triple())
    }

    fn entries(
        &self,
        subject: &Subject<'_>,
        judgement: Judgement,
        already: impl Fn(&Verdict) -> bool,
        told: impl Fn(&[String]) -> String,
        holds: impl Fn(&Verdict) -> Vec<Hold>,
    ) -> (Vec<Due>, Vec<Finding>) {
        let mut due = Vec::new();
        let mut findings = Vec::new();
        for fault in &judgement.faults {
            findings.push(Finding {
                action: Action::Notify,
                place: subject.place.clone(),
                resource: subject.resource.clone(),
                name: subject.name.to_owned(),
                because: vec![fault.policy.clone()],
                severity: Severity::Critical,
                detail: match fault.action {
                    Some(action) => format!("`{action}` could not be decided: {}", fault.message),
                    None => format!("nothing could be decided: {}", fault.message),
                },
            });
        }
        for verdict in judgement.due.iter().filter(|verdict| !already(verdict)) {
            let entry = subject.entry(verdict, self);
            if verdict.action == Action::Notify {
                if verdict.forbidden_by.is_empty() && !verdict.because.is_empty() {
                    let detail = told(&entry.because);
                    findings.push(entry.into_finding(detail));
                }
                continue;
            }
            let mut held_by = holds(verdict);
            held_by.extend(verdict.forbidden_by.iter().map(|id| {
                let more = told(std::slice::from_ref(id));
                let detail: Vec<String> = [self.forbidden(id, subject), more].into_iter().filter(|text| !text.is_empty()).collect();
                Hold { kind: HoldKind::Policy, name: id.clone(), detail: detail.join(": ") }
            }));
            held_by.extend(judgement.faults.iter().chain(&verdict.faults).map(|fault| Hold {
                kind: HoldKind::Error,
                name: fault.policy.clone(),
                detail: fault.message.clone(),
            }));
            held_by.extend(self.back_off(&entry));
            held_by.sort();
            held_by.dedup();
            let judged = judgement.faults.is_empty() && verdict.faults.is_empty() && held_by.iter().all(|hold| hold.kind != HoldKind::Gap);
            due.push(Due { judged, born: subject.born, entry: Entry { held_by, ..entry } });
        }
        (due, findings)
    }

    /// What a guard rail says, with the users it is about.
    fn forbidden(&self, policy: &str, subject: &Subject<'_>) -> String {
        let Some(info) = self.policies.info(policy) else { return String::new() };
        let stale: Vec<&Reference> = subject.users.iter().filter(|user| !user.live && info.asks_stale_use).collect();
        match stale.as_slice() {
            [] => info.label().to_owned(),
            stale => format!("{}: {}", info.label(), interlocks::listed(stale, self.joined.now)),
        }
    }

    /// A step that keeps failing is held, so that it uses no rate.
    fn back_off(&self, entry: &Entry) -> Option<Hold> {
        let failures = self.joined.history.failures.get(&entry.triple())?;
        let repeats = failures.count.checked_sub(FAILURES_BEFORE_BACKOFF)?;
        let pause =
            FIRST_BACKOFF.checked_mul(1_i32.checked_shl(repeats).unwrap_or(i32::MAX)).unwrap_or(LONGEST_BACKOFF).min(LONGEST_BACKOFF);
        let until = failures.last_at.checked_add(pause).unwrap_or(Timestamp::MAX);
        (self.joined.now < until).then(|| Hold {
            kind: HoldKind::Error,
            name: failures.code.clone(),
            detail: format!("failed {} times, tried again after {until}: {}", failures.count, failures.message),
        })
    }

    /// Where nothing would be recoverable, one finding says how to change that.
    fn missing_rules(&self, inventory: &Inventory) -> Option<Finding> {
        // Where no policy deletes anything, the bin is nobody's concern, read or not.
        let concerns = self.joined.config.recovery.require_recycle_bin && self.policies.needs().wants(&Source::RecycleBinRules);
        let rules = inventory.rules.as_ref().filter(|_| concerns)?;
        let empty = inventory.images.is_empty() && inventory.snapshots.is_empty();
        let missing = ["EC2_IMAGE", "EBS_SNAPSHOT"]
            .into_iter()
            .filter(|kind| !rules.iter().any(|rule| rule.available && rule.resource_type == *kind));
        let commands: Vec<String> = missing.map(|kind| create_rule(&inventory.place, kind)).collect();
        (!empty && !commands.is_empty()).then(|| Finding {
            action: Action::Notify,
            place: inventory.place.clone(),
            resource: ResourceId::Place(inventory.place.clone()),
            name: String::new(),
            because: vec!["no-recycle-bin-rule".into()],
            severity: Severity::Medium,
            detail: format!("nothing can be deregistered or deleted here until the Recycle Bin keeps it: {}", commands.join(" && ")),
        })
    }
}

/// The command that creates the Recycle Bin rule a place lacks.
pub fn create_rule(place: &Place, resource_type: &str) -> String {
    format!(
        "aws rbin create-rule --region {} --resource-type {resource_type} --retention-period RetentionPeriodValue=14,RetentionPeriodUnit=DAYS",
        place.region
    )
}

/// The resource an entry is about.
struct Subject<'a> {
    place: &'a Place,
    resource: ResourceId,
    name: &'a str,
    born: Timestamp,
    /// How long the Recycle Bin would keep it; `None` for what does not go there.
    recovery: Option<&'a Recovery>,
    users: &'a [Reference],
}

impl Subject<'_> {
    fn entry(&self, verdict: &Verdict, asked: &Asked<'_>) -> Entry {
        let now = asked.joined.now;
        let reversible_until = match (verdict.action.class(), self.recovery) {
            (ActionClass::Destructive, Some(Recovery::For(kept))) => now.checked_add(*kept).ok(),
            _ => None,
        };
        Entry {
            action: verdict.action,
            place: self.place.clone(),
            resource: self.resource.clone(),
            name: self.name.to_owned(),
            context: verdict.context.clone(),
            because: verdict.because.clone(),
            severity: verdict.severity,
            enact: asked.may_enact(verdict.action, self.place),
            reversible_until,
            not_before: None,
            held_by: Vec::new(),
            approvable: false,
        }
    }
}

impl Asked<'_> {
    fn may_enact(&self, action: Action, place: &Place) -> bool {
        let config = self.joined.config;
        config.mode == Mode::Enforce
            && config.enforce.actions.contains(&action)
            && config.enforce.accounts.as_ref().is_none_or(|accounts| accounts.contains(&place.account))
    }
}

impl Entry {
    fn into_finding(self, detail: String) -> Finding {
        let Self { action, place, resource, name, because, severity, .. } = self;
        Finding { action, place, resource, name, because, severity, detail }
    }
}
