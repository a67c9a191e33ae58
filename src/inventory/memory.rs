//! What the next cycle will want to know about this one: first sightings and mappings.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::model::{AmiId, ImageState, Protection, SnapshotId};

use super::ancestry::{parent, still_counts};
use super::estate::Estate;
use super::history::{Cooldown, History, Mapping, Parent};
use super::joins::Joined;
use super::place::Inventory;

impl History {
    /// Remembers what `joined` saw. What an unread place could have shown is left as it was.
    pub fn observe(&mut self, joined: &Joined<'_>) {
        let estate = joined.estate;
        self.observe_orphans(joined);
        self.observe_mappings(estate);
        self.observe_parents(estate, joined.now);
        self.observe_members(&estate.organization, joined.now);
        self.observe_readings(joined);
        for inventory in estate.places.values() {
            self.observe_disabled(inventory, joined.now);
            self.observe_protection(inventory, joined.now);
            self.observe_rules(inventory, joined.now);
            if inventory.images_read && inventory.snapshots_read {
                self.sizes.insert(inventory.place.clone(), inventory.images.len() + inventory.snapshots.len());
            }
        }
    }

    /// Whether every place of earlier cycles was looked at: what a narrower scan does not list may still be there.
    fn covers_everything(&self, estate: &Estate) -> bool {
        estate.gaps.is_empty() && self.sizes.keys().all(|place| estate.places.contains_key(place))
    }

    fn observe_disabled(&mut self, inventory: &Inventory, now: Timestamp) {
        for image in &inventory.images {
            if image.state == ImageState::Disabled {
                self.disabled_since.entry(image.id.clone()).or_insert(now);
            } else {
                self.disabled_since.remove(&image.id);
            }
        }
    }

    /// A word that EC2 may yet invent for protection counts as one with cooldown.
    fn observe_protection(&mut self, inventory: &Inventory, now: Timestamp) {
        for image in &inventory.images {
            match &image.protection {
                Protection::On(word) if word == "enabled-without-cooldown" => {
                    self.cooldowns.remove(&image.id);
                }
                Protection::On(_) => {
                    self.cooldowns.insert(image.id.clone(), Cooldown { protected_at: now, seen_off_at: None });
                }
                Protection::Off | Protection::NotOffered => {
                    if let Some(cooldown) = self.cooldowns.get_mut(&image.id) {
                        cooldown.seen_off_at.get_or_insert(now);
                    }
                }
                Protection::Unknown => {}
            }
        }
        self.cooldowns.retain(|_, cooldown| cooldown.seen_off_at.is_none() || cooldown.until(now).is_some());
    }

    /// What was made from what, of every place that was listed; of the others what was last seen of them, as long as it counts.
    fn observe_parents(&mut self, estate: &Estate, now: Timestamp) {
        for inventory in estate.places.values().filter(|inventory| inventory.images_read) {
            self.listed_at.insert(inventory.place.clone(), now);
        }
        self.listed_at.retain(|_, at| still_counts(*at, now));
        let Self { parents, listed_at, .. } = self;
        parents.retain(|_, parent| {
            let listed = estate.places.get(&parent.place).is_some_and(|inventory| inventory.images_read);
            !listed && listed_at.contains_key(&parent.place)
        });
        for inventory in estate.places.values().filter(|inventory| inventory.images_read) {
            for image in &inventory.images {
                let Some((source, region)) = parent(image) else { continue };
                let parent = Parent { place: inventory.place.clone(), image: source.clone(), region: region.clone() };
                parents.insert(image.id.clone(), parent);
            }
        }
    }

    fn observe_rules(&mut self, inventory: &Inventory, now: Timestamp) {
        for rule in inventory.rules.iter().flatten() {
            self.rules_since.entry(rule.id.clone()).or_insert(now);
        }
    }

    fn observe_orphans(&mut self, joined: &Joined<'_>) {
        let (orphans, knowing) = joined.orphans();
        for orphan in &orphans {
            self.orphaned_since.entry((*orphan).clone()).or_insert(joined.now);
        }
        let listed: HashMap<&SnapshotId, bool> = joined
            .estate
            .places
            .values()
            .flat_map(|place| place.snapshots.iter().map(|it| (&it.id, knowing.contains(&place.place))))
            .collect();
        let all_know = knowing.len() == joined.estate.places.len() && self.covers_everything(joined.estate);
        self.orphaned_since.retain(|id, _| match listed.get(id) {
            Some(known) => !known || orphans.contains(id),
            None => !all_know,
        });
    }

    /// Keeps the mapping of every listed image, and of those that are gone while the Recycle Bin may hold them.
    fn observe_mappings(&mut self, estate: &Estate) {
        let mut listed: HashMap<&AmiId, &Inventory> = HashMap::new();
        for inventory in estate.places.values() {
            for image in &inventory.images {
                listed.insert(&image.id, inventory);
                // A mapping that is not there yet must not be remembered as "no snapshots".
                if image.state == ImageState::Pending || image.mapping_is_missing() {
                    continue;
                }
                let snapshots = image.snapshots().cloned().collect();
                let mapping = Mapping { place: inventory.place.clone(), snapshots };
                if self.mappings.get(&image.id) != Some(&mapping) {
                    self.mappings.insert(image.id.clone(), mapping);
                }
            }
        }
        self.mappings.retain(|id, mapping| {
            let Some(inventory) = estate.places.get(&mapping.place) else { return true };
            let gone = inventory.images_read && inventory.bin.as_ref().is_some_and(|bin| !bin.contains(id));
            listed.contains_key(id) || !gone
        });
        let images: std::collections::HashSet<&AmiId> = listed.keys().copied().collect();
        let everything_read = self.covers_everything(estate) && estate.places.values().all(|place| place.images_read);
        self.disabled_since.retain(|id, _| images.contains(id) || !everything_read);
        self.cooldowns.retain(|id, _| images.contains(id) || !everything_read);
    }
}
