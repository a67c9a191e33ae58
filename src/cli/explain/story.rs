//! The story of what a listing names: put together from the estate and the plan, one for each place that lists it.

use crate::evidence::Evidence;
use crate::inventory::{Inventory, Joined, Unknown, Usage};
use crate::model::{Principal, ResourceId};
use crate::plan::{Entry, Forecast, Plan};

use super::super::settings::Settings;
use super::facts::{self, Fact};
use super::snapshots::{self, Behind};
use super::users::{Seen, seen};
use super::{Story, outlook};

/// The story of `id` in each place that lists it. One id in two places is two resources, each with facts of its own.
pub(super) fn listed(evidence: &Evidence, settings: &Settings, plan: &Plan, id: &ResourceId) -> Vec<Story> {
    let told = |inventory: &Inventory| {
        let joined = Joined::new(&evidence.estate, &evidence.history, &settings.config, evidence.now);
        let known = known(&joined, inventory, id)?;
        let mine = |entries: &[Entry]| {
            let mine = entries.iter().filter(|entry| entry.resource == *id && entry.place == inventory.place);
            mine.cloned().collect::<Vec<_>>()
        };
        let findings = plan.findings.iter().filter(|finding| finding.resource == *id && finding.place == inventory.place);
        let Known { name, facts, snapshots, users, unknown } = known;
        let mut story = Story {
            resource: id.clone(),
            place: inventory.place.clone(),
            name,
            now: evidence.now,
            facts,
            snapshots,
            users,
            unknown,
            gaps: joined.gaps_of(inventory, &id.to_string()).cloned().collect(),
            steps: mine(&plan.steps),
            pending: mine(&plan.pending),
            held: mine(&plan.held),
            findings: findings.cloned().collect(),
            forecasts: Vec::new(),
            outlook: Vec::new(),
            elsewhere: Vec::new(),
        };
        let forecasts = crate::plan::outlook(joined, &settings.policies, Principal::Automatic, &inventory.place, id);
        story.forecasts = forecasts.into_iter().map(|forecast| as_planned(forecast, &story)).collect();
        story.outlook = outlook::sentences(&story, settings);
        Some(story)
    };
    evidence.estate.places.values().filter_map(told).collect()
}

/// What the estate tells of it, before any policy.
struct Known {
    name: String,
    facts: Vec<Fact>,
    snapshots: Vec<Behind>,
    users: Vec<Seen>,
    unknown: Vec<Unknown>,
}

fn known(joined: &Joined<'_>, inventory: &Inventory, id: &ResourceId) -> Option<Known> {
    let history = joined.history;
    match id {
        ResourceId::Image(image) => {
            let image = inventory.images.iter().find(|listed| listed.id == *image)?;
            let known = joined.image(inventory, image);
            Some(Known {
                name: image.name.clone(),
                facts: facts::of_image(&known, inventory, history),
                snapshots: snapshots::behind(&known, inventory, history),
                users: known.users.iter().map(|user| seen(joined, id, user)).collect(),
                unknown: unknown(&known.usage),
            })
        }
        ResourceId::Snapshot(snapshot) => {
            let snapshot = inventory.snapshots.iter().find(|listed| listed.id == *snapshot)?;
            let known = joined.snapshot(inventory, snapshot);
            Some(Known {
                name: snapshot.tags.get("Name").cloned().unwrap_or_default(),
                facts: facts::of_snapshot(&known, inventory, history),
                snapshots: Vec::new(),
                users: known.users.iter().chain(known.referring_images).map(|user| seen(joined, id, user)).collect(),
                unknown: unknown(&known.usage).into_iter().chain(known.images.clone().err().unwrap_or_default()).collect(),
            })
        }
        ResourceId::Place(place) if inventory.place == *place => Some(Known {
            name: String::new(),
            facts: facts::of_place(&joined.place(inventory)),
            snapshots: Vec::new(),
            users: Vec::new(),
            unknown: Vec::new(),
        }),
        ResourceId::Place(_) | ResourceId::Instance(_) | ResourceId::Group(_) => None,
    }
}

fn unknown(usage: &Result<Usage<'_>, Vec<Unknown>>) -> Vec<Unknown> {
    usage.as_ref().err().cloned().unwrap_or_default()
}

/// What is due now is done when the plan says: part of its grace may be over, and limits may hold it.
fn as_planned(forecast: Forecast, story: &Story) -> Forecast {
    let same = |entry: &&Entry| entry.action == forecast.action && entry.context == forecast.context;
    let done_from = match (story.steps.iter().find(same), story.pending.iter().find(same), story.held.iter().find(same)) {
        (Some(_), _, _) => Some(story.now),
        (None, Some(pending), _) => pending.not_before,
        (None, None, Some(_)) => forecast.done_from.filter(|_| forecast.free_from.is_some_and(|free| free > story.now)),
        (None, None, None) => forecast.done_from,
    };
    Forecast { done_from, ..forecast }
}
