//! The story of what lies in the Recycle Bin: until when, what belongs to it, and how to get it back.

use crate::evidence::Evidence;
use crate::inventory::{History, Inventory};
use crate::model::{AmiId, ResourceId, SnapshotId, Source};

use super::Story;
use super::facts::{Facts, MEMORY};
use super::joined;

/// What is known of an image or snapshot that no listing names any more, in each Recycle Bin that it lies in.
pub(super) fn stories(evidence: &Evidence, id: &ResourceId) -> Vec<Story> {
    let story = |inventory: &Inventory| {
        let (facts, back) = match id {
            ResourceId::Image(image) if inventory.bin.as_ref()?.contains(image) => of_image(inventory, &evidence.history, image),
            ResourceId::Snapshot(snapshot) => of_snapshot(inventory, &evidence.history, snapshot)?,
            _ => return None,
        };
        Some(Story {
            resource: id.clone(),
            place: inventory.place.clone(),
            name: String::new(),
            now: evidence.now,
            facts: facts.found,
            snapshots: Vec::new(),
            users: Vec::new(),
            unknown: Vec::new(),
            gaps: inventory.place_gaps().cloned().collect(),
            steps: Vec::new(),
            pending: Vec::new(),
            held: Vec::new(),
            findings: Vec::new(),
            forecasts: Vec::new(),
            outlook: vec![format!("gone for good when it leaves the Recycle Bin, unless it is restored: {back}")],
            elsewhere: Vec::new(),
        })
    };
    evidence.estate.places.values().filter_map(story).collect()
}

/// The snapshot's id, and until when it can be had back where it lies in the Recycle Bin.
pub(super) fn named(inventory: &Inventory, id: &SnapshotId) -> String {
    match inventory.snapshot_bin.as_ref().and_then(|bin| bin.get(id)) {
        Some(Some(exit)) => format!("{id} (in the Recycle Bin until {exit})"),
        Some(None) => format!("{id} (in the Recycle Bin)"),
        None => id.to_string(),
    }
}

/// ListImagesInRecycleBin names no snapshots; what was remembered of them does, and all of them have to come back first.
fn of_image(inventory: &Inventory, history: &History, id: &AmiId) -> (Facts, String) {
    let mut facts = Facts::default();
    facts.from(&Source::ImagesInRecycleBin);
    facts.say("state", "in the Recycle Bin".into());
    facts.said_by(MEMORY);
    let region = &inventory.place.region;
    let mut back = Vec::new();
    match history.mappings.get(id) {
        Some(mapping) => {
            facts.say("snapshots", joined(mapping.snapshots.iter().map(|snapshot| named(inventory, snapshot))));
            let binned = |snapshot: &&SnapshotId| inventory.snapshot_bin.as_ref().is_some_and(|bin| bin.contains_key(*snapshot));
            back.extend(mapping.snapshots.iter().filter(binned).map(|snapshot| restore_snapshot(inventory, snapshot)));
        }
        None => facts.say("snapshots", "not known: nobody saw the image before it was deregistered".into()),
    }
    back.push(format!("aws ec2 restore-image-from-recycle-bin --region {region} --image-id {id}"));
    (facts, back.join(" && "))
}

fn of_snapshot(inventory: &Inventory, history: &History, id: &SnapshotId) -> Option<(Facts, String)> {
    let exit = inventory.snapshot_bin.as_ref()?.get(id)?;
    let mut facts = Facts::default();
    facts.from(&Source::SnapshotsInRecycleBin);
    facts.say("state", exit.map_or_else(|| "in the Recycle Bin".into(), |exit| format!("in the Recycle Bin until {exit}")));
    facts.said_by(MEMORY);
    let behind = history.mappings.iter().filter(|(_, mapping)| mapping.snapshots.contains(id)).map(|(image, _)| {
        let binned = inventory.bin.as_ref().is_some_and(|bin| bin.contains(image));
        format!("{image}{}", if binned { " (in the Recycle Bin)" } else { "" })
    });
    facts.say("made for", joined(behind));
    Some((facts, restore_snapshot(inventory, id)))
}

fn restore_snapshot(inventory: &Inventory, id: &SnapshotId) -> String {
    format!("aws ec2 restore-snapshot-from-recycle-bin --region {} --snapshot-id {id}", inventory.place.region)
}
