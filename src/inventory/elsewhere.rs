//! Use in accounts that could not be read now: what EC2 reported of it, and what was seen there before.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::model::{AmiId, ResourceId};

use super::facts::Unknown;
use super::joins::Joined;
use super::place::Inventory;
use super::references::{Reference, User};
use super::sight::{Shared, Sighting};

impl<'a> Joined<'a> {
    /// What EC2 reported of accounts that it is shared with and nobody here could read: by the newest report that proves
    /// something, and by whatever was reported since.
    pub(super) fn join_reports(&mut self, inventory: &'a Inventory) {
        let mut proven: HashMap<&AmiId, Timestamp> = HashMap::new();
        for report in inventory.usage_reports.iter().filter(|report| report.is_proof(self.read_at)) {
            let newest = proven.entry(&report.image).or_insert(report.made_at);
            *newest = report.made_at.max(*newest);
        }
        for report in inventory.usage_reports.iter().filter(|report| report.is_recent(self.read_at)) {
            let image = &report.image;
            if proven.get(image).is_some_and(|newest| report.made_at < *newest) {
                continue;
            }
            // Who cannot launch it is no user; and who was read since is known better.
            let shares = inventory.launch_permissions.get(image);
            let counts = |user: &&Reference| {
                let account = &user.place.account;
                let may_launch = shares.is_none_or(|shares| shares.0.iter().any(|grantee| self.may_reach(grantee, account)));
                may_launch && !self.was_read_since(&inventory.place, account, report.made_at)
            };
            let unread: Vec<Reference> = report.users.iter().filter(counts).cloned().collect();
            add_unseen(self.image_users.entry(image).or_default(), unread.into_iter());
        }
        self.reported.extend(proven.into_keys());
    }

    /// What other places used when they were last completely read, where they are not now: for a day it counts as if it had
    /// been read now, and after that it is a doubt about just what was used.
    pub(super) fn join_readings(&mut self) {
        let history = self.history;
        for (place, reading) in &history.readings {
            let inventory = self.estate.places.get(place);
            let whole = |shared| inventory.is_some_and(|inventory| self.is_whole(inventory, shared));
            let (users_known, images_known) = (whole(Shared::Image), whole(Shared::Snapshot));
            let stands_in = self.stands_in(&place.account, reading);
            let unknown = || Unknown {
                reason: format!(
                    "account {} used it when it was last read completely, on {}",
                    place.account,
                    reading.at.strftime("%Y-%m-%d")
                ),
            };
            let seen = |sighting: &Sighting| {
                let Sighting { user, live, since } = sighting.clone();
                Reference { place: place.clone(), user, live, since }
            };
            for (image, sightings) in reading.images.iter().filter(|_| !users_known) {
                match stands_in {
                    true => add_unseen(self.image_users.entry(image).or_default(), sightings.iter().map(seen)),
                    false => self.used_before.entry(image.as_str()).or_default().push(unknown()),
                }
            }
            for (snapshot, sightings) in &reading.snapshots {
                let (images, users): (Vec<&Sighting>, Vec<&Sighting>) =
                    sightings.iter().partition(|sighting| matches!(sighting.user, User::Image { .. } | User::ImageInRecycleBin { .. }));
                let images = if images_known { Vec::new() } else { images };
                let users = if users_known { Vec::new() } else { users };
                let seen_something = !(images.is_empty() && users.is_empty());
                if seen_something && !stands_in {
                    self.used_before.entry(snapshot.as_str()).or_default().push(unknown());
                    continue;
                }
                // An entry without images would make an orphan look like none.
                if !images.is_empty() {
                    add_unseen(self.snapshot_images.entry(snapshot).or_default(), images.into_iter().map(seen));
                }
                if !users.is_empty() {
                    add_unseen(self.snapshot_users.entry(snapshot).or_default(), users.into_iter().map(seen));
                }
            }
        }
    }
}

impl Joined<'_> {
    /// When a user of `resource` was seen, where that was not when the estate was read: in the last complete reading of its
    /// place, or when EC2 made its report.
    pub fn seen_at(&self, resource: &ResourceId, reference: &Reference) -> Option<Timestamp> {
        if let (User::Reported { .. }, ResourceId::Image(image)) = (&reference.user, resource) {
            let reports = self.estate.places.values().flat_map(|inventory| &inventory.usage_reports);
            let naming =
                reports.filter(|report| report.image == *image && report.is_recent(self.read_at) && report.users.contains(reference));
            return naming.map(|report| report.made_at).max();
        }
        let reading = self.history.readings.get(&reference.place)?;
        let sightings = match resource {
            ResourceId::Image(id) => reading.images.get(id)?,
            ResourceId::Snapshot(id) => reading.snapshots.get(id)?,
            ResourceId::Place(_) | ResourceId::Instance(_) | ResourceId::Group(_) => return None,
        };
        let same =
            |Sighting { user, live, since }: &Sighting| *user == reference.user && *live == reference.live && *since == reference.since;
        let now = self.estate.places.get(&reference.place).is_some_and(|inventory| inventory.names(resource, reference));
        (sightings.iter().any(same) && !now).then_some(reading.at)
    }
}

impl Inventory {
    /// Whether the listings themselves name that user.
    fn names(&self, resource: &ResourceId, reference: &Reference) -> bool {
        match (resource, &reference.user) {
            (ResourceId::Snapshot(snapshot), User::Image { id, .. }) => {
                self.images.iter().any(|image| image.id == *id && image.snapshots().any(|behind| behind == snapshot))
            }
            (ResourceId::Snapshot(_), User::ImageInRecycleBin { id, .. }) => self.bin.as_ref().is_some_and(|bin| bin.contains(id)),
            (ResourceId::Snapshot(snapshot), _) => self.users.of_snapshots.get(snapshot).is_some_and(|users| users.contains(reference)),
            (ResourceId::Image(image), _) => self.users.of_images.get(image).is_some_and(|users| users.contains(reference)),
            _ => false,
        }
    }
}

/// Adds those that are not there yet.
fn add_unseen(users: &mut Vec<Reference>, more: impl Iterator<Item = Reference>) {
    for reference in more {
        if !users.contains(&reference) {
            users.push(reference);
        }
    }
}
