//! The rest in one message: counts of what is due, coming, held, found and unreadable.
//!
//! At most one a day, and once a week while it says the same: a digest that is always the same is not read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::json;

use crate::ledger::{CycleKind, Message, Outcome};
use crate::model::{Action, Severity};
use crate::plan::{Entry, Plan};

use super::Occasion;
use super::changes::Change;
use super::groups::short;
use super::text::{clamp, count, line, moment, subject};
use super::wire::{Draft, attributes, id};

/// A little less than a day, so that a daily cycle does not slip to every second day by starting a minute early.
const DAILY: SignedDuration = SignedDuration::from_hours(23);
const WEEKLY: SignedDuration = SignedDuration::from_hours(7 * 24 - 1);

/// Lines per section; the rest is counted.
const LINES: usize = 30;

/// One heading and its lines.
#[derive(Debug, Serialize)]
struct Section {
    title: &'static str,
    total: usize,
    lines: Vec<String>,
}

impl Section {
    /// The most frequent first; no more than [`LINES`].
    fn counted(title: &'static str, counts: BTreeMap<String, usize>) -> Self {
        let total = counts.values().sum();
        let mut sorted: Vec<(String, usize)> = counts.into_iter().collect();
        sorted.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        Self::listed(title, total, sorted.into_iter().map(|(what, number)| format!("{number:>6}  {what}")).collect())
    }

    fn listed(title: &'static str, total: usize, mut lines: Vec<String>) -> Self {
        let more = lines.len().saturating_sub(LINES);
        lines.truncate(LINES);
        if more > 0 {
            lines.push(format!("        and {more} more"));
        }
        Self { title, total, lines }
    }
}

/// The digest, if it is time for one and there is something in it. The first one always goes out: it proves the way.
pub(super) fn message(occasion: &Occasion<'_>) -> Option<Message> {
    if occasion.kind != CycleKind::Scan {
        return None;
    }
    let topic = topic(occasion)?;
    let sections = sections(occasion);
    let content = serde_json::to_string(&sections).ok()?;
    let fingerprint = id([content.as_str()]);
    if let Some(last) = occasion.last_digest {
        let age = occasion.now.duration_since(last.at);
        let said = last.fingerprint == fingerprint || sections.iter().all(|section| section.total == 0);
        if age < DAILY || (said && age < WEEKLY) {
            return None;
        }
    }
    Some(draft(occasion, topic, &sections, fingerprint).message())
}

/// Where messages of no severity go: `default`, else the least severe topic there is. Never nowhere.
fn topic<'a>(occasion: &Occasion<'a>) -> Option<&'a str> {
    let topics = &occasion.sns.topics;
    let names = ["default"].into_iter().chain([Severity::Low, Severity::Medium, Severity::High, Severity::Critical].map(Severity::name));
    names.into_iter().find_map(|name| topics.get(name)).map(String::as_str)
}

fn sections(occasion: &Occasion<'_>) -> Vec<Section> {
    let plan = occasion.plan;
    let mut sections = vec![
        Section::counted("Due now", by_action(&plan.steps)),
        Section::counted("Due when their grace time is over", by_action(&plan.pending)),
        Section::counted("Held, by reason (one thing can have several)", reasons(&plan.held)),
        Section::counted(
            "Wait for approval (`ami-warden plan --out plan.json`, then `ami-warden approve plan.json`)",
            by_action(plan.held.iter().filter(|entry| entry.approvable)),
        ),
        findings(occasion),
        Section::listed(
            "Not readable (what this could hide is held)",
            plan.gaps.len(),
            plan.gaps.iter().take(10_000).map(|gap| line(&gap.to_string(), 200)).collect(),
        ),
    ];
    if let Some(before) = occasion.last_digest.and_then(|last| last.plan.as_ref()) {
        sections.push(since(before, plan));
    }
    sections.push(enacted(occasion));
    sections
}

fn by_action<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for entry in entries {
        *counts.entry(format!("{} in {}", entry.action, line(entry.place.account.as_str(), 64))).or_default() += 1;
    }
    counts
}

fn reasons(held: &[Entry]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for entry in held {
        let names: BTreeSet<String> = entry.held_by.iter().map(|hold| line(&hold.name, 128)).collect();
        for name in names {
            *counts.entry(name).or_default() += 1;
        }
    }
    counts
}

fn findings(occasion: &Occasion<'_>) -> Section {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for policy in occasion.plan.findings.iter().flat_map(|finding| &finding.because) {
        *counts.entry(policy).or_default() += 1;
    }
    let titled = counts.into_iter().map(|(policy, number)| {
        let title =
            (occasion.policies)(policy).and_then(|texts| texts.title).map_or_else(String::new, |title| format!(": {}", line(&title, 200)));
        (format!("{}{title}", line(policy, 128)), number)
    });
    Section::counted("Found, by policy", titled.collect())
}

/// What is no longer so since the last digest.
fn since(before: &Plan, plan: &Plan) -> Section {
    let open: BTreeSet<String> = plan.gaps.iter().map(|gap| Change::Gap(gap).key()).collect();
    let closed = before.gaps.iter().filter(|gap| !open.contains(&Change::Gap(gap).key()));
    let lines: Vec<String> = closed.map(|gap| format!("{} {}", line(&gap.place.to_string(), 128), line(gap.source.name(), 64))).collect();
    Section::listed("Readable again since the last digest", lines.len(), lines)
}

/// What was tried since the last report and is not a message of its own.
fn enacted(occasion: &Occasion<'_>) -> Section {
    let mut counts = BTreeMap::new();
    for enacted in occasion.enacted {
        let what = match &enacted.outcome {
            Outcome::Skipped { .. } => "skipped, no longer as planned",
            Outcome::InFlight { .. } => "under way",
            Outcome::Failed { .. } if enacted.repeated => "failed again in the same way",
            Outcome::Unknown { .. } if enacted.repeated => "still unclear",
            Outcome::Failed { .. } | Outcome::Unknown { .. } | Outcome::Done { .. } => continue,
        };
        *counts.entry(format!("{} {what}", enacted.entry.action)).or_default() += 1;
    }
    Section::counted("Tried in this cycle", counts)
}

fn draft(occasion: &Occasion<'_>, topic: &str, sections: &[Section], fingerprint: String) -> Draft {
    let plan = occasion.plan;
    let Plan { steps, pending, held, findings, gaps, untouched, .. } = plan;
    let (images, snapshots) = untouched.iter().fold((0_usize, 0_usize), |sum, place| (sum.0 + place.images, sum.1 + place.snapshots));
    let counts = format!(
        "{} due, {} pending, {} held, {}, {}",
        steps.len(),
        pending.len(),
        held.len(),
        count(findings.len(), "finding"),
        count(gaps.len(), "gap")
    );
    let subject = subject(&format!("[ami-warden] digest: {counts}"), "");
    let mut text = format!(
        "{counts}\nNothing is due for {} and {} in {}.\n",
        count(images, "image"),
        count(snapshots, "snapshot"),
        count(untouched.len(), "place")
    );
    for Section { title, total, lines } in sections.iter().filter(|section| section.total > 0) {
        _ = write!(text, "\n{title}: {total}\n");
        for line in lines {
            _ = writeln!(text, "  {line}");
        }
    }
    _ = writeln!(text, "\nPlan {} of {}: `ami-warden plan`, `ami-warden explain ami-...`", short(&plan.plan_id), moment(plan.now));
    let severity =
        steps.iter().chain(pending).chain(held).map(|entry| entry.severity).chain(findings.iter().map(|finding| finding.severity)).max();
    let made = plan.now.to_string();
    let id = id([topic, "digest", &made, &plan.plan_id]);
    let machine = json!({
        "source": "ami-warden", "version": 1, "id": id, "event": "digest", "severity": severity, "subject": subject,
        "plan_id": clamp(&plan.plan_id, 128), "planned_at": plan.now, "complete": plan.complete,
        "counts": { "steps": steps.len(), "pending": pending.len(), "held": held.len(), "findings": findings.len(), "gaps": gaps.len() },
        "untouched": { "images": images, "snapshots": snapshots, "places": untouched.len() },
        "sections": sections,
    });
    let entries = || steps.iter().chain(pending).chain(held);
    let places =
        entries().map(|entry| &entry.place).chain(findings.iter().map(|finding| &finding.place)).chain(gaps.iter().map(|gap| &gap.place));
    let places: BTreeSet<_> = places.collect();
    let attributes = attributes([
        ("severity", severity.map(|severity| severity.name().to_owned()).into_iter().collect()),
        ("event", vec!["digest".to_owned()]),
        ("action", distinct(entries().map(|entry| entry.action).chain(findings.iter().map(|finding| finding.action)).map(Action::name))),
        ("account", distinct(places.iter().map(|place| place.account.as_str()))),
        ("region", distinct(places.iter().map(|place| place.region.as_str()))),
    ]);
    Draft { id, topic: topic.to_owned(), event: "digest", fingerprint, plan_id: plan.plan_id.clone(), subject, text, machine, attributes }
}

/// Values of one attribute: more than any organization's accounts would only crowd out the message.
const VALUES: usize = 500;

fn distinct<'v>(values: impl Iterator<Item = &'v str>) -> Vec<String> {
    values.collect::<BTreeSet<_>>().into_iter().take(VALUES).map(str::to_owned).collect()
}
