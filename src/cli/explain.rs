//! `explain`: why an image or snapshot is due, held or left alone, and what would change that.

use std::fmt::Write as _;
use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::evidence::Evidence;
use crate::inventory::{ImageFacts, Joined, Recovery, Reference, SnapshotFacts, Unknown, Usage};
use crate::model::{Gap, Permissions, Place, ResourceId};
use crate::plan::{Entry, Finding, Plan, Principal};

use super::arguments::{self, Format};
use super::failure::Failure;
use super::plan::{evidence, judge};
use super::render::printable;
use super::settings::Settings;

/// The whole story of one resource.
#[derive(Debug, Serialize)]
struct Story {
    resource: ResourceId,
    #[serde(flatten)]
    place: Place,
    name: String,
    facts: Vec<Fact>,
    users: Vec<Reference>,
    /// What is not known about its use, and so counts against acting.
    unknown: Vec<Unknown>,
    gaps: Vec<Gap>,
    steps: Vec<Entry>,
    pending: Vec<Entry>,
    held: Vec<Entry>,
    findings: Vec<Finding>,
    /// What would change the outcome.
    outlook: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

pub(super) fn run(arguments: arguments::Explain, settings: &Settings) -> Result<ExitCode, Failure> {
    let id = ResourceId::parse(&arguments.resource).ok_or_else(|| {
        Failure::usage(format!("`{}` is no resource: give an id such as `ami-0abc…` or `snap-0abc…`", printable(&arguments.resource)))
    })?;
    let evidence = evidence(&arguments.from, settings, Principal::Automatic)?;
    let plan = judge(&evidence, settings, Principal::Automatic)?;
    let joined = Joined::new(&evidence.estate, &evidence.history, &settings.config, evidence.now);
    let story = story(&joined, &plan, &id).ok_or_else(|| unseen(&evidence, &id))?;
    let text = match arguments.from.format {
        Format::Text => text(&story, settings, evidence.now),
        Format::Json => {
            serde_json::to_string_pretty(&story).map_err(|error| Failure::failed(format!("cannot write JSON: {error}")))? + "\n"
        }
    };
    super::print(&text)
}

/// A resource that no listing names, with what may have hidden it.
fn unseen(evidence: &Evidence, id: &ResourceId) -> Failure {
    let places = evidence.estate.places.len();
    let gaps = evidence.estate.gaps();
    let help = match gaps.first() {
        Some(gap) => format!("{} sources could not be read and may hide it, among them {}", gaps.len(), printable(&gap.to_string())),
        None => "everything answered: it is in none of these places, belongs to somebody else, or is gone".to_owned(),
    };
    Failure::failed_with(format!("no listing of {places} places names `{id}`"), help)
}

fn story(joined: &Joined<'_>, plan: &Plan, id: &ResourceId) -> Option<Story> {
    for inventory in joined.estate.places.values() {
        let (name, facts, users, unknown) = match id {
            ResourceId::Image(id) => {
                let Some(image) = inventory.images.iter().find(|image| image.id == *id) else { continue };
                let facts = joined.image(inventory, image);
                (image.name.clone(), image_facts(&facts), facts.users.to_vec(), unknown(&facts.usage))
            }
            ResourceId::Snapshot(id) => {
                let Some(snapshot) = inventory.snapshots.iter().find(|snapshot| snapshot.id == *id) else { continue };
                let facts = joined.snapshot(inventory, snapshot);
                let users = facts.users.iter().chain(facts.referring_images).cloned().collect();
                let unknown = unknown(&facts.usage).into_iter().chain(facts.images.clone().err().unwrap_or_default()).collect();
                (snapshot.tags.get("Name").cloned().unwrap_or_default(), snapshot_facts(&facts), users, unknown)
            }
            ResourceId::Place(_) => return None,
        };
        let mine = |entries: &[Entry]| entries.iter().filter(|entry| entry.resource == *id).cloned().collect::<Vec<_>>();
        let mut story = Story {
            resource: id.clone(),
            place: inventory.place.clone(),
            name,
            facts,
            users,
            unknown,
            gaps: joined.gaps_of(inventory, &id.to_string()).cloned().collect(),
            steps: mine(&plan.steps),
            pending: mine(&plan.pending),
            held: mine(&plan.held),
            findings: plan.findings.iter().filter(|finding| finding.resource == *id).cloned().collect(),
            outlook: Vec::new(),
        };
        story.outlook = outlook(&story);
        return Some(story);
    }
    None
}

fn unknown(usage: &Result<Usage<'_>, Vec<Unknown>>) -> Vec<Unknown> {
    usage.as_ref().err().cloned().unwrap_or_default()
}

fn image_facts(facts: &ImageFacts<'_>) -> Vec<Fact> {
    let image = facts.image;
    let since = |duration: Option<SignedDuration>| duration.map(days);
    let mut list = Facts::default();
    list.say("state", image.state.to_string());
    list.say("age", days(facts.age));
    list.say(
        "last launched",
        since(facts.idle).map_or("not known: AWS names no launch, which is ambiguous".into(), |idle| format!("{idle} ago")),
    );
    list.say("public", image.public.map_or("not known".into(), |public| yes(public).into()));
    list.say("shared with", shares(facts.sharing));
    list.maybe("deprecated for", since(facts.since_deprecation));
    list.maybe("disabled for", since(facts.since_disabled));
    list.maybe(
        "family",
        facts
            .family
            .as_ref()
            .map(|family| format!("{}, rank {} of {}, {} versions behind", family.name, family.rank, family.size, family.versions_behind)),
    );
    list.maybe("copies in", facts.replica_regions.as_ref().filter(|regions| !regions.is_empty()).map(|regions| joined(regions.iter())));
    list.maybe("managed by", facts.managed_by.map(|by| by.name().to_owned()));
    list.maybe("keep tag", facts.keep_tag.map(str::to_owned));
    list.maybe("legal hold", facts.legal_hold.then(|| "yes".to_owned()));
    list.say("snapshots", joined(image.snapshots()));
    list.say("Recycle Bin", recovery(&facts.recovery));
    list.0
}

fn snapshot_facts(facts: &SnapshotFacts<'_>) -> Vec<Fact> {
    let snapshot = facts.snapshot;
    let mut list = Facts::default();
    list.say("state", snapshot.state.clone());
    list.say("age", days(facts.age));
    list.say("size", format!("{} GiB of volume", snapshot.size_gib));
    list.say("public", facts.is_public.map_or("not known".into(), |public| yes(public).into()));
    list.say("shared with", shares(facts.sharing));
    list.maybe("orphaned for", facts.orphaned_for.map(days));
    list.maybe("made for", snapshot.made_for().map(|id| id.to_string()));
    list.maybe("managed by", facts.managed_by.map(|by| by.name().to_owned()));
    list.maybe("keep tag", facts.keep_tag.map(str::to_owned));
    list.maybe("legal hold", facts.legal_hold.then(|| "yes".to_owned()));
    list.say("Recycle Bin", recovery(&facts.recovery));
    list.0
}

#[derive(Default)]
struct Facts(Vec<Fact>);

impl Facts {
    fn say(&mut self, name: &'static str, value: String) {
        self.0.push(Fact { name, value });
    }

    fn maybe(&mut self, name: &'static str, value: Option<String>) {
        self.0.extend(value.map(|value| Fact { name, value }));
    }
}

/// The counterfactuals.
fn outlook(story: &Story) -> Vec<String> {
    let mut outlook = Vec::new();
    for entry in &story.steps {
        outlook.push(format!("{} is due and safe now", entry.action));
    }
    for entry in &story.pending {
        if let Some(at) = entry.not_before {
            outlook.push(format!(
                "would be due for {} on {} unless it is used, kept or no longer asked for",
                entry.action,
                at.strftime("%Y-%m-%d")
            ));
        }
    }
    for entry in &story.held {
        let by = joined(entry.held_by.iter().map(|hold| format!("{} ({})", hold.name, hold.detail)));
        let only = if entry.held_by.len() == 1 { "only " } else { "" };
        outlook.push(format!("kept from {} {only}because of {by}", entry.action));
    }
    if outlook.is_empty() {
        outlook.push("no policy asks for any change".to_owned());
    }
    outlook
}

fn text(story: &Story, settings: &Settings, now: Timestamp) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} {} {}", story.resource.bold(), printable(&story.name), format!("in {}", story.place).dimmed());
    branch(&mut out, "facts", story.facts.iter().map(|fact| format!("{}: {}", fact.name, fact.value)));
    branch(
        &mut out,
        "used by",
        story.users.iter().map(|user| format!("{} in {}{}", user.told(now), user.place, if user.live { "" } else { " (stale)" })),
    );
    branch(&mut out, "not known", story.unknown.iter().map(|unknown| unknown.reason.clone()));
    branch(&mut out, "gaps", story.gaps.iter().map(ToString::to_string));
    for (title, entries) in [("steps", &story.steps), ("pending", &story.pending), ("held", &story.held)] {
        branch(&mut out, title, entries.iter().map(|entry| due(entry, settings)));
    }
    branch(&mut out, "findings", story.findings.iter().map(|finding| format!("{} {}", joined(finding.because.iter()), finding.detail)));
    branch(&mut out, "outlook", story.outlook.iter().cloned());
    out
}

fn due(entry: &Entry, settings: &Settings) -> String {
    let asked = entry.because.iter().map(|id| {
        let reason =
            settings.policies.info(id).map(|info| info.reason.clone().unwrap_or_else(|| info.label().to_owned())).unwrap_or_default();
        format!("{id} ({reason})")
    });
    let mut line = format!("{}, asked for by {}", entry.action, joined(asked));
    for hold in &entry.held_by {
        let _ = write!(line, "; held by {}: {}", hold.name, hold.detail);
    }
    line
}

fn branch(out: &mut String, title: &str, leaves: impl Iterator<Item = String>) {
    let leaves: Vec<String> = leaves.collect();
    if leaves.is_empty() {
        return;
    }
    let _ = writeln!(out, "├─ {}", title.bold());
    for (index, leaf) in leaves.iter().enumerate() {
        let corner = if index + 1 == leaves.len() { "└─" } else { "├─" };
        let _ = writeln!(out, "│  {corner} {}", printable(leaf));
    }
}

fn joined(items: impl Iterator<Item = impl ToString>) -> String {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn shares(sharing: Option<&Permissions>) -> String {
    match sharing {
        None => "not read".to_owned(),
        Some(permissions) if permissions.0.is_empty() => "nobody".to_owned(),
        Some(permissions) => joined(permissions.0.iter()),
    }
}

fn recovery(recovery: &Recovery) -> String {
    match recovery {
        Recovery::For(kept) => format!("would keep it {}", days(*kept)),
        Recovery::Never(why) | Recovery::Unknown(why) => why.clone(),
    }
}

fn days(duration: SignedDuration) -> String {
    format!("{} days", duration.as_hours() / 24)
}

fn yes(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
