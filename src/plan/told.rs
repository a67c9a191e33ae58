//! What stands behind a fact that a policy reads, for people: which service, which copies, which child.
//!
//! It decides nothing; it only says what a policy's title cannot.

use std::collections::BTreeMap;

use crate::inventory::{Child, ImageFacts, Inventory, Managed, SnapshotFacts, managed_image, managed_snapshot};
use crate::model::{Action, Place, ResourceId, Severity};
use crate::policy::PolicyInfo;

use super::document::Finding;
use crate::config::Tool;

/// Children named in one detail; more are counted.
const NAMED: usize = 3;

/// What `policy` may have found in an image.
pub(super) fn of_image(facts: &ImageFacts<'_>, policy: &PolicyInfo) -> Vec<String> {
    let reads = |fact: &str| policy.facts.contains(fact);
    let mut told = Vec::new();
    if reads("managedBy") {
        told.extend(facts.managed_by.as_ref().map(|managed| managed.told(&facts.place.region)));
    }
    if reads("replicaDrift") {
        told.extend(facts.drift.as_ref().and_then(|drift| drift.told()));
    }
    if reads("liveChildren") || reads("children") {
        told.extend(children(&facts.children.found));
        told.extend(facts.children.unknown.iter().map(|unknown| unknown.reason.clone()));
    }
    told
}

/// What `policy` may have found in a snapshot.
pub(super) fn of_snapshot(facts: &SnapshotFacts<'_>, policy: &PolicyInfo) -> Vec<String> {
    let managed = facts.managed_by.as_ref().filter(|_| policy.facts.contains("managedBy"));
    managed.map(|managed| managed.told(&facts.place.region)).into_iter().collect()
}

fn children(found: &[Child<'_>]) -> Option<String> {
    let named: Vec<String> = found.iter().take(NAMED).map(|child| format!("{} in {}", child.id, child.place.region)).collect();
    let more = found.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("{}{more} made from it", named.join(", ")))
}

/// One finding for each service or tool that is in charge of something here, with where to go: the warden leaves it alone, so
/// somebody should know who does not.
pub(super) fn in_charge(inventory: &Inventory, tools: &[Tool]) -> Vec<Finding> {
    let mut found: BTreeMap<String, (Managed, [usize; 2])> = BTreeMap::new();
    let images = inventory.images.iter().filter_map(|image| managed_image(image, tools)).map(|managed| (managed, [1, 0]));
    let snapshots = inventory.snapshots.iter().filter_map(|snapshot| managed_snapshot(snapshot, tools)).map(|managed| (managed, [0, 1]));
    for (managed, [image, snapshot]) in images.chain(snapshots) {
        let (_, [images, snapshots]) = found.entry(managed.by.name().to_owned()).or_insert((managed, [0, 0]));
        *images += image;
        *snapshots += snapshot;
    }
    let finding = |(name, (managed, [images, snapshots])): (String, (Managed, [usize; 2]))| {
        let console = managed.place(&inventory.place.region).map(|place| format!(": {place}")).unwrap_or_default();
        let who = managed.by.title().escape_default();
        place_finding(
            &inventory.place,
            format!("managed-by-{name}"),
            format!("{who} is in charge of {images} images and {snapshots} snapshots here{console}"),
        )
    };
    found.into_iter().map(finding).collect()
}

fn place_finding(place: &Place, because: String, detail: String) -> Finding {
    Finding {
        action: Action::Notify,
        place: place.clone(),
        resource: ResourceId::Place(place.clone()),
        name: String::new(),
        because: vec![because],
        severity: Severity::Low,
        detail,
    }
}
