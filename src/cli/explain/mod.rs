//! `explain`: why an image, a snapshot or a place is due, held or left alone, and what would change that.
//!
//! A tree of evidence: what is known and who told it, who uses the resource, what is not known, what each policy asks for,
//! what holds it, and what time alone would bring.

mod bin;
mod facts;
mod outlook;
mod tree;

use std::process::ExitCode;

use serde::Serialize;

use crate::evidence::Evidence;
use crate::inventory::{Joined, Reference, Unknown, Usage};
use crate::model::{Gap, Place, Principal, ResourceId, json_text, printable};
use crate::plan::{Entry, Finding, Forecast, Plan};

use super::arguments::{self, Format};
use super::failure::Failure;
use super::plan::{evidence, judge};
use super::settings::Settings;

use facts::Fact;

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
    /// What is asked for within two years if nothing changes but the time.
    forecasts: Vec<Forecast>,
    /// The same in sentences: what would change the outcome.
    outlook: Vec<String>,
}

pub(super) fn run(arguments: arguments::Explain, settings: &Settings) -> Result<ExitCode, Failure> {
    let id = match ResourceId::parse(&arguments.resource) {
        Some(id @ (ResourceId::Image(_) | ResourceId::Snapshot(_) | ResourceId::Place(_))) => id,
        _ => {
            let typed = printable(&arguments.resource);
            return Err(Failure::usage(format!(
                "`{typed}` is no image or snapshot: give an id such as `ami-0abc…` or `snap-0abc…`, or a place such as \
                 `111122223333/eu-central-1`"
            )));
        }
    };
    let evidence = evidence(&arguments.from, settings, Principal::Automatic, 0)?;
    let plan = judge(&evidence, settings, Principal::Automatic)?;
    let story = story(&evidence, settings, &plan, &id).or_else(|| bin::story(&evidence, &id)).ok_or_else(|| unseen(&evidence, &id))?;
    let text = match arguments.from.format {
        Format::Text => tree::text(&story, settings),
        Format::Json => json_text(&story).map_err(|error| Failure::failed(format!("cannot write JSON: {error}")))? + "\n",
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
    Failure::failed_with(format!("no listing of {places} places names `{}`", printable(&id.to_string())), help)
}

fn story(evidence: &Evidence, settings: &Settings, plan: &Plan, id: &ResourceId) -> Option<Story> {
    let joined = Joined::new(&evidence.estate, &evidence.history, &settings.config, evidence.now);
    let mut story = evidence.estate.places.values().find_map(|inventory| {
        let (name, facts, users, unknown) = match id {
            ResourceId::Image(id) => {
                let image = inventory.images.iter().find(|image| image.id == *id)?;
                let known = joined.image(inventory, image);
                let unknown = unknown(&known.usage);
                (image.name.clone(), facts::of_image(&known, inventory, &evidence.history), known.users.to_vec(), unknown)
            }
            ResourceId::Snapshot(id) => {
                let snapshot = inventory.snapshots.iter().find(|snapshot| snapshot.id == *id)?;
                let known = joined.snapshot(inventory, snapshot);
                let users = known.users.iter().chain(known.referring_images).cloned().collect();
                let unknown = unknown(&known.usage).into_iter().chain(known.images.clone().err().unwrap_or_default()).collect();
                let name = snapshot.tags.get("Name").cloned().unwrap_or_default();
                (name, facts::of_snapshot(&known, &evidence.history), users, unknown)
            }
            ResourceId::Place(place) if inventory.place == *place => {
                (String::new(), facts::of_place(&joined.place(inventory)), Vec::new(), Vec::new())
            }
            _ => return None,
        };
        let mine = |entries: &[Entry]| entries.iter().filter(|entry| entry.resource == *id).cloned().collect::<Vec<_>>();
        Some(Story {
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
            forecasts: Vec::new(),
            outlook: Vec::new(),
        })
    })?;
    story.forecasts = crate::plan::outlook(joined, &settings.policies, Principal::Automatic, id);
    story.outlook = outlook::sentences(&story, &settings.config, evidence.now);
    Some(story)
}

fn unknown(usage: &Result<Usage<'_>, Vec<Unknown>>) -> Vec<Unknown> {
    usage.as_ref().err().cloned().unwrap_or_default()
}

fn joined(items: impl Iterator<Item = impl ToString>) -> String {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
