//! What is known of the snapshots an image rests on: whom each is shared with, and who has its key.

use serde::Serialize;

use crate::inventory::{History, ImageFacts, Inventory};
use crate::model::{ResourceId, Snapshot, SnapshotId, Source};

use super::facts::{Fact, Facts};

/// A snapshot of an image, with what is known of it.
#[derive(Debug, Serialize)]
pub(super) struct Behind {
    pub(super) snapshot: SnapshotId,
    pub(super) facts: Vec<Fact>,
}

pub(super) fn behind(facts: &ImageFacts<'_>, inventory: &Inventory, history: &History) -> Vec<Behind> {
    let told = |id: &SnapshotId| Behind { snapshot: id.clone(), facts: of_snapshot(id, inventory, history) };
    let mut all: Vec<Behind> = facts.image.snapshots().map(told).collect();
    all.sort_by(|a, b| a.snapshot.cmp(&b.snapshot));
    all.dedup_by(|a, b| a.snapshot == b.snapshot);
    all
}

fn of_snapshot(id: &SnapshotId, inventory: &Inventory, history: &History) -> Vec<Fact> {
    let mut list = Facts::default();
    list.from(&Source::Snapshots);
    let Some(snapshot) = inventory.snapshots.iter().find(|snapshot| snapshot.id == *id) else {
        let why = if inventory.snapshots_read { "not among this account's snapshots" } else { "not read" };
        list.say("state", why.to_owned());
        return list.found;
    };
    list.say("state", snapshot.state.clone());
    reach(&mut list, snapshot, inventory, history);
    list.found
}

/// Who can get at a snapshot: the public, those it is shared with, and those who have its key.
pub(super) fn reach(list: &mut Facts, snapshot: &Snapshot, inventory: &Inventory, history: &History) {
    list.from(&Source::PublicSnapshots);
    let public = inventory.public_snapshots.as_ref().map(|public| public.contains(&snapshot.id));
    list.known("public", public);
    let shares = inventory.create_volume_permissions.get(&snapshot.id);
    list.shares(&Source::CreateVolumePermissions, shares, history, &ResourceId::Snapshot(snapshot.id.clone()));
    list.from(&Source::Snapshots);
    list.known("encrypted", snapshot.encrypted);
    let Some(key) = &snapshot.kms_key else { return };
    list.say("KMS key", key.clone());
    if let Some(access) = inventory.keys.get(key) {
        list.from(&Source::KeyPolicies);
        list.say("its key lets in", access.to_string());
    }
}
