//! Services and tools that are in charge of images and snapshots here: a finding for each, with where to go.

use std::collections::BTreeMap;

use crate::config::Tool;
use crate::inventory::{Inventory, Managed, managed_image, managed_snapshot};
use crate::model::{Action, Place, ResourceId, Severity};
use crate::plan::Finding;

/// One finding for each service or tool that is in charge of something here, with where to go: the warden leaves it alone, so
/// somebody should know who does not.
pub(in crate::plan) fn in_charge(inventory: &Inventory, tools: &[Tool]) -> Vec<Finding> {
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
