//! `explain`: why an image, a snapshot or a place is due, held or left alone, and what would change that.
//!
//! A tree of evidence: what is known and who told it, who uses the resource, what is not known, what each policy asks for,
//! what holds it, and what time alone would bring.

mod bin;
mod facts;
mod outlook;
mod snapshots;
mod story;
mod tree;
mod users;

use std::process::ExitCode;

use jiff::Timestamp;
use serde::Serialize;

use crate::evidence::Evidence;
use crate::inventory::Unknown;
use crate::model::{Gap, Place, Principal, ResourceId, json_text, printable};
use crate::plan::{Entry, Finding, Forecast};

use super::arguments::{self, Format};
use super::failure::Failure;
use super::plan::{evidence, judge};
use super::settings::Settings;

use facts::Fact;
use snapshots::Behind;
use users::Seen;

/// The whole story of one resource in one place.
#[derive(Debug, Serialize)]
struct Story {
    resource: ResourceId,
    #[serde(flatten)]
    place: Place,
    name: String,
    /// The moment it is told of; what has no time of its own was read then.
    now: Timestamp,
    facts: Vec<Fact>,
    /// Of an image: what is known of the snapshots it rests on.
    snapshots: Vec<Behind>,
    users: Vec<Seen>,
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
    /// The stories of what has the same id in other places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    elsewhere: Vec<Story>,
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
    let evidence = evidence(&arguments.from, settings, Principal::Automatic, Some(&id), 0)?;
    let plan = judge(&evidence, settings, Principal::Automatic)?;
    let mut stories = story::listed(&evidence, settings, &plan, &id);
    if stories.is_empty() {
        stories = bin::stories(&evidence, &id);
    }
    let mut stories = stories.into_iter();
    let first = stories.next().ok_or_else(|| unseen(&evidence, &id))?;
    let story = Story { elsewhere: stories.collect(), ..first };
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

fn joined(items: impl Iterator<Item = impl ToString>) -> String {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
