//! The joins over the estate: from what was seen in each place to what is known about each resource.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use crate::config::Config;
use crate::model::{
    AccountId, AmiId, Gap, Grantee, Image, ImageState, Permissions, Place, Protection, Region, Snapshot, SnapshotId, Source,
};

use super::ancestry::{Ancestors, Ancestry, Children};
use super::bases::Bases;
use super::consumers::{Picks, picks};
use super::estate::Estate;
use super::facts::{FamilyFacts, ImageFacts, SnapshotFacts, Unknown, Usage, since};
use super::families::{Families, families, family_name};
use super::guards::Guard;
use super::history::History;
use super::managed;
use super::place::Inventory;
use super::recovery::{Recovery, recovery, with_snapshots};
use super::references::{Reference, User};
use super::replicas::{Drift, Side, drift};
use super::sharing::Graph;
use super::sight::Shared;

/// Everything joined once per cycle; facts about one resource are then cheap.
#[derive(Debug)]
pub struct Joined<'a> {
    pub estate: &'a Estate,
    pub history: &'a History,
    pub config: &'a Config,
    /// The moment that is judged.
    pub now: Timestamp,
    /// When the estate was read: what is fresh is so by then. Before `now` in a forecast, which has evidence age no further.
    pub(super) read_at: Timestamp,
    pub(super) image_users: HashMap<&'a AmiId, Vec<Reference>>,
    pub(super) snapshot_users: HashMap<&'a SnapshotId, Vec<Reference>>,
    pub(super) snapshot_images: HashMap<&'a SnapshotId, Vec<Reference>>,
    families: HashMap<&'a Place, Families>,
    pub(super) bases: Bases<'a>,
    pub(super) picks: Picks<'a>,
    ancestry: Ancestry<'a>,
    /// Accounts with a Region whose images were not read.
    partly_read: HashSet<&'a AccountId>,
    snapshots: HashMap<&'a SnapshotId, &'a Snapshot>,
    /// Images whose snapshots nobody knows, listed without them or in a Recycle Bin, per place.
    unmapped: HashMap<&'a Place, Vec<Unknown>>,
    /// Images whose use in other accounts EC2 has reported, wholly and not long ago.
    pub(super) reported: HashSet<&'a AmiId>,
    /// What an account used when it was last seen, too long ago to count and too recently to be forgotten.
    pub(super) used_before: HashMap<&'a str, Vec<Unknown>>,
    gaps_about: HashMap<&'a str, Vec<&'a Gap>>,
    graphs: HashMap<&'a Place, Graph<'a>>,
    /// What stands in for permissions that were not asked for.
    unasked: Option<Permissions>,
}

impl<'a> Joined<'a> {
    /// Joins the estate with what earlier cycles remember.
    pub fn new(estate: &'a Estate, history: &'a History, config: &'a Config, now: Timestamp) -> Self {
        let mut joined = Self {
            estate,
            history,
            config,
            now,
            read_at: now,
            image_users: HashMap::new(),
            snapshot_users: HashMap::new(),
            snapshot_images: HashMap::new(),
            families: HashMap::new(),
            bases: Bases::of(estate),
            picks: Picks::default(),
            ancestry: Ancestry::new(estate, history, now),
            partly_read: partly_read(estate),
            snapshots: HashMap::new(),
            unmapped: HashMap::new(),
            reported: HashSet::new(),
            used_before: HashMap::new(),
            gaps_about: HashMap::new(),
            graphs: HashMap::new(),
            unasked: None,
        };
        for inventory in estate.places.values() {
            joined.join_users(inventory);
            joined.join_images(inventory);
            joined.join_bin(inventory);
            joined.join_descriptions(inventory);
            joined.join_reports(inventory);
            joined.graphs.insert(&inventory.place, Graph::new(inventory));
            joined.snapshots.extend(inventory.snapshots.iter().map(|snapshot| (&snapshot.id, snapshot)));
            for gap in &inventory.gaps {
                if let Some(resource) = &gap.resource {
                    joined.gaps_about.entry(resource).or_default().push(gap);
                }
            }
            // A family of which only some members were listed has no rank.
            if inventory.images_read {
                joined.families.insert(&inventory.place, families(inventory, config, now));
            }
        }
        joined.join_readings();
        joined.join_failed_launches();
        joined.join_consumers();
        joined
    }

    /// The same, taking permissions nobody asked for yet as "shared with nobody": good only for finding out which
    /// are worth asking for, never for a plan.
    pub fn as_if_unshared(mut self) -> Self {
        self.unasked = Some(Permissions::default());
        self.join_consumers();
        self
    }

    /// The same picture, judged at another moment. What was known when it was read is taken to be known then: only things
    /// grow older, not what was read of them.
    pub fn at(self, now: Timestamp) -> Self {
        let mut joined = Self { now, ..self };
        joined.forget_failed_launches();
        joined.join_consumers();
        joined
    }

    /// By `now` a launch that failed may lie too far back to count.
    fn forget_failed_launches(&mut self) {
        let then = self.now.checked_sub(self.config.sources.screams).unwrap_or(Timestamp::MIN);
        for users in self.image_users.values_mut().chain(self.snapshot_users.values_mut()) {
            users.retain(|user| user.counts_since(then));
        }
    }

    fn join_consumers(&mut self) {
        for (image, reference) in &self.picks.certain {
            self.image_users.entry(image).and_modify(|users| users.retain(|user| user != reference));
        }
        self.picks = picks(self.estate, &self.config.consumers, self.unasked.as_ref(), self.now);
        for (image, reference) in &self.picks.certain {
            self.image_users.entry(image).or_default().push(reference.clone());
        }
    }

    fn join_users(&mut self, inventory: &'a Inventory) {
        for (image, references) in &inventory.users.of_images {
            self.image_users.entry(image).or_default().extend(references.iter().cloned());
        }
        for (snapshot, references) in &inventory.users.of_snapshots {
            self.snapshot_users.entry(snapshot).or_default().extend(references.iter().cloned());
        }
    }

    /// Whoever tries to launch an image that is gone needs the snapshots it left behind.
    fn join_failed_launches(&mut self) {
        let failed = |reference: &&Reference| matches!(reference.user, User::FailedLaunch { .. });
        let of = |(image, references): (&&'a AmiId, &Vec<Reference>)| -> Option<(&'a AmiId, Vec<Reference>)> {
            let references: Vec<Reference> = references.iter().filter(failed).cloned().collect();
            (!references.is_empty()).then_some((*image, references))
        };
        let wanted: HashMap<&AmiId, Vec<Reference>> = self.image_users.iter().filter_map(of).collect();
        if wanted.is_empty() {
            return;
        }
        for snapshot in self.estate.places.values().flat_map(|place| &place.snapshots) {
            if let Some(references) = snapshot.made_for().and_then(|image| wanted.get(&image)) {
                self.snapshot_users.entry(&snapshot.id).or_default().extend(references.iter().cloned());
            }
        }
    }

    fn join_images(&mut self, inventory: &'a Inventory) {
        for image in &inventory.images {
            if image.mapping_is_missing() {
                let reason = format!("{} was listed without its snapshots", image.id);
                self.unmapped.entry(&inventory.place).or_default().push(Unknown { reason });
            }
            for snapshot in image.snapshots() {
                let user = User::Image { id: image.id.clone(), note: image.state.to_string() };
                self.snapshot_images.entry(snapshot).or_default().push(Reference::live(&inventory.place, user));
            }
        }
    }

    /// A snapshot that says it was made for an image is needed by it as long as the image is there, whatever the image's
    /// mapping says.
    fn join_descriptions(&mut self, inventory: &'a Inventory) {
        let images: HashSet<&AmiId> = inventory.images.iter().map(|image| &image.id).collect();
        for snapshot in &inventory.snapshots {
            let Some(image) = snapshot.made_for() else { continue };
            let in_bin = inventory.bin.as_ref().is_some_and(|bin| bin.contains(&image));
            let note = "named in its description".to_owned();
            let user = match (images.contains(&image), in_bin) {
                (true, _) => User::Image { id: image.clone(), note },
                (false, true) => User::ImageInRecycleBin { id: image.clone(), note },
                (false, false) => continue,
            };
            let references = self.snapshot_images.entry(&snapshot.id).or_default();
            let is_it = |user: &User| matches!(user, User::Image { id, .. } | User::ImageInRecycleBin { id, .. } if *id == image);
            if !references.iter().any(|reference| is_it(&reference.user)) {
                references.push(Reference::live(&inventory.place, user));
            }
        }
    }

    /// ListImagesInRecycleBin gives no mappings: those remembered from before the deletion stand in.
    fn join_bin(&mut self, inventory: &'a Inventory) {
        for image in inventory.bin.iter().flatten() {
            match self.history.mappings.get(image) {
                Some(mapping) => {
                    for snapshot in &mapping.snapshots {
                        let user = User::ImageInRecycleBin { id: image.clone(), note: String::new() };
                        self.snapshot_images.entry(snapshot).or_default().push(Reference::live(&inventory.place, user));
                    }
                }
                None => {
                    let reason = format!("{image} is in the Recycle Bin and nobody remembers its snapshots");
                    self.unmapped.entry(&inventory.place).or_default().push(Unknown { reason });
                }
            }
        }
    }

    /// Everything known about `image`.
    pub fn image(&'a self, inventory: &'a Inventory, image: &'a Image) -> ImageFacts<'a> {
        let families = self.families.get(&inventory.place);
        let sharing = inventory.launch_permissions.get(&image.id).or(self.unasked.as_ref());
        let users = self.image_users.get(&image.id).map(Vec::as_slice).unwrap_or_default();
        let unknown = self.why_image_usage_is_unknown(inventory, image, sharing);
        let relation = |account: &AccountId| self.estate.organization.relation(account, self.history);
        ImageFacts {
            place: &inventory.place,
            image,
            owned: image.owner == inventory.place.account,
            all_listed: inventory.images_read,
            age: since(image.created_at, self.now),
            is_deprecated: image.is_deprecated(self.now),
            since_deprecation: image.deprecation_at.filter(|at| *at <= self.now).map(|at| since(at, self.now)),
            since_disabled: (image.state == ImageState::Disabled)
                .then(|| self.history.disabled_since.get(&image.id).map(|at| since(*at, self.now)))
                .flatten(),
            idle: image.last_launched_at.map(|at| since(at, self.now)),
            users,
            usage: if unknown.is_empty() { Ok(Usage { references: users }) } else { Err(unknown) },
            sharing,
            reach: self.graphs.get(&inventory.place).map(|graph| graph.image(image, sharing, relation)).unwrap_or_default(),
            family_name: match families {
                Some(families) => families.standing.get(&image.id).map(|family| Cow::Borrowed(family.name.as_str())),
                None => family_name(image, self.config).map(Cow::Owned),
            },
            family: families.and_then(|families| families.standing.get(&image.id)).cloned(),
            newer_base: self.newer_base(&inventory.place, image),
            ancestors: self.ancestors_of(image),
            children: self.children_of(inventory, image, sharing),
            version: families.and_then(|families| families.versions.get(&image.id)),
            replica_regions: self.replica_regions(inventory, image),
            drift: self.drift(inventory, image),
            replicate_to: replicate_to(image, &self.config.tags.replicate),
            consumers: self.consumers_of(inventory, &image.id, users),
            managed_by: managed::of_image(image, &self.config.managed.tools),
            legal_hold: tagged(&image.tags, &self.config.tags.hold).is_some(),
            keep_tag: tagged(&image.tags, &self.config.tags.keep),
            cooling_until: match image.protection {
                Protection::Off | Protection::NotOffered => {
                    self.history.cooldowns.get(&image.id).and_then(|cooldown| cooldown.until(self.now))
                }
                Protection::On(_) | Protection::Unknown => None,
            },
            recovery: self.image_recovery(inventory, image),
        }
    }

    /// Where an image listed in `place` stands in its family.
    pub(super) fn standing(&self, place: &Place, image: &AmiId) -> Option<&FamilyFacts> {
        self.families.get(place)?.standing.get(image)
    }

    /// Everything known about `snapshot`.
    pub fn snapshot(&'a self, inventory: &'a Inventory, snapshot: &'a Snapshot) -> SnapshotFacts<'a> {
        let is_public = inventory.public_snapshots.as_ref().map(|public| public.contains(&snapshot.id));
        let sharing = inventory.create_volume_permissions.get(&snapshot.id).or(self.unasked.as_ref());
        let users = self.snapshot_users.get(&snapshot.id).map(Vec::as_slice).unwrap_or_default();
        let images = self.snapshot_images.get(&snapshot.id).map(Vec::as_slice).unwrap_or_default();
        let unknown = self.why_snapshot_usage_is_unknown(inventory, snapshot, is_public, sharing);
        let unknown_images = self.why_images_of_snapshot_are_unknown(inventory);
        let images_known = unknown_images.is_empty();
        let relation = |account: &AccountId| self.estate.organization.relation(account, self.history);
        SnapshotFacts {
            place: &inventory.place,
            snapshot,
            owned: snapshot.owner == inventory.place.account,
            age: since(snapshot.started_at, self.now),
            is_public,
            sharing,
            reach: self.graphs.get(&inventory.place).map(|graph| graph.snapshot(snapshot, sharing, relation)).unwrap_or_default(),
            referring_images: images,
            images: if images_known { Ok(images) } else { Err(unknown_images) },
            users,
            usage: if unknown.is_empty() { Ok(Usage { references: users }) } else { Err(unknown) },
            source_volume_exists: inventory
                .volumes
                .as_ref()
                .zip(snapshot.volume_id.as_ref())
                .map(|(volumes, volume)| volumes.contains(volume)),
            orphaned_for: self
                .history
                .orphaned_since
                .get(&snapshot.id)
                .filter(|_| images.is_empty() && images_known)
                .map(|at| since(*at, self.now)),
            lock: Guard::of(inventory.locks.as_ref(), &snapshot.id),
            fast_restore: Guard::of(inventory.fast_restores.as_ref(), &snapshot.id),
            managed_by: managed::of_snapshot(snapshot, &self.config.managed.tools),
            legal_hold: tagged(&snapshot.tags, &self.config.tags.hold).is_some(),
            keep_tag: tagged(&snapshot.tags, &self.config.tags.keep),
            recovery: self.recovery(inventory, "EBS_SNAPSHOT", &snapshot.tags),
        }
    }

    /// The gaps that could hide something of one resource: those of its place, and those about it alone.
    pub fn gaps_of(&self, inventory: &'a Inventory, resource: &str) -> impl Iterator<Item = &'a Gap> {
        let about = self.gaps_about.get(resource).map(Vec::as_slice).unwrap_or_default();
        inventory.place_gaps().chain(about.iter().copied())
    }

    pub(super) fn ancestors_of(&self, image: &'a Image) -> Option<Ancestors<'a>> {
        self.ancestry.ancestors(image)
    }

    pub(super) fn children_of(&self, inventory: &Inventory, image: &Image, sharing: Option<&Permissions>) -> Children<'a> {
        self.ancestry.children(&inventory.place, image, sharing)
    }

    /// Whether a copy of `image` is in `target` or on its way there; `None` when that Region was not read, or something there may
    /// be one or not.
    pub fn has_replica(&self, place: &Place, image: &Image, target: &Region) -> Option<bool> {
        let there = Place { account: place.account.clone(), region: target.clone() };
        self.estate.places.get(&there).filter(|inventory| inventory.images_read && !self.ancestry.is_undecided(image))?;
        Some(self.ancestry.replicas(place, image).any(|(there, _)| there.region == *target))
    }

    fn replica_regions(&self, inventory: &Inventory, image: &Image) -> Option<BTreeSet<Region>> {
        // One on its way cannot be launched yet.
        let replicas = self.ancestry.replicas(&inventory.place, image).filter(|(_, copy)| copy.state == ImageState::Available);
        self.reads_all_of(inventory).then(|| replicas.map(|(there, _)| there.region.clone()).collect())
    }

    /// Whether the images of every Region of that account were read.
    fn reads_all_of(&self, inventory: &Inventory) -> bool {
        !self.partly_read.contains(&inventory.place.account)
    }

    fn drift(&self, inventory: &Inventory, image: &Image) -> Option<Drift> {
        self.reads_all_of(inventory).then(|| {
            // One on its way has not got everything yet.
            let made = self.ancestry.replicas(&inventory.place, image).filter(|(_, copy)| copy.state == ImageState::Available);
            let copies = made.map(|(there, copy)| (there, self.side(there, copy)));
            drift(self.side(&inventory.place, image), copies, &self.config.tags)
        })
    }

    fn side<'s>(&'s self, place: &Place, image: &'s Image) -> Side<'s> {
        let there = self.estate.places.get(place);
        Side { image, permissions: there.and_then(|there| there.launch_permissions.get(&image.id)) }
    }

    fn image_recovery(&self, inventory: &Inventory, image: &Image) -> Recovery {
        if image.root_device_type == "instance-store" {
            return Recovery::Never("the Recycle Bin does not keep instance-store images".into());
        }
        let own = self.recovery(inventory, "EC2_IMAGE", &image.tags);
        if !matches!(own, Recovery::For(_)) {
            return own;
        }
        if !inventory.snapshots_read {
            return Recovery::Unknown("its snapshots were not read, and it is nothing without them".into());
        }
        with_snapshots(own, image.snapshots().filter_map(|id| Some((id, self.recovery_of_listed(inventory, id)?))))
    }

    /// How long a snapshot behind an image would be kept. One that a complete listing does not name is not ours to lose:
    /// without it the image is as little use now as after it was restored.
    fn recovery_of_listed(&self, inventory: &Inventory, id: &SnapshotId) -> Option<Recovery> {
        if let Some(snapshot) = self.snapshots.get(id) {
            return Some(self.recovery(inventory, "EBS_SNAPSHOT", &snapshot.tags));
        }
        let Some(bin) = &inventory.snapshot_bin else {
            return Some(Recovery::Unknown("the snapshots in the Recycle Bin were not read, and it may be one of them".into()));
        };
        bin.get(id).map(|exit| match exit {
            Some(exit) => Recovery::For(since(self.now, *exit)),
            None => Recovery::Unknown("it is in the Recycle Bin already, nobody knows for how long".into()),
        })
    }

    fn recovery(&self, inventory: &Inventory, resource_type: &str, tags: &crate::model::Tags) -> Recovery {
        match &inventory.rules {
            Some(rules) => recovery(rules, resource_type, tags, |rule| self.history.rules_since.get(rule).copied(), self.now),
            None => Recovery::Unknown("the Recycle Bin rules could not be read".into()),
        }
    }

    fn why_image_usage_is_unknown(&self, inventory: &Inventory, image: &Image, sharing: Option<&Permissions>) -> Vec<Unknown> {
        let mut unknown = unread(inventory.usage_gaps());
        unknown.extend(unasked(inventory));
        match image.public {
            Some(false) => {}
            Some(true) => unknown.push(Unknown::because("it is public: anybody may use it")),
            None => unknown.push(Unknown::because("describe-images did not say whether it is public")),
        }
        match sharing {
            // What EC2 itself counted in every other account is as good as having looked; but nobody counts the public.
            Some(permissions) if self.reported.contains(&image.id) && !permissions.0.contains(&Grantee::Everyone) => {}
            Some(permissions) => unknown.extend(self.unseen_launchers(&inventory.place, image, permissions)),
            None => unknown.push(Unknown::because("its launch permissions were not read")),
        }
        unknown.extend(self.used_before.get(image.id.as_str()).into_iter().flatten().cloned());
        unknown.extend(self.picks.doubtful.get(&image.id).into_iter().flatten().cloned());
        unknown
    }

    fn why_snapshot_usage_is_unknown(
        &self,
        inventory: &Inventory,
        snapshot: &Snapshot,
        is_public: Option<bool>,
        sharing: Option<&Permissions>,
    ) -> Vec<Unknown> {
        let mut unknown = unread(inventory.usage_gaps());
        unknown.extend(unasked(inventory));
        match is_public {
            Some(false) => {}
            Some(true) => unknown.push(Unknown::because("it is public: anybody may use it")),
            None => unknown.push(Unknown::because("the listing of public snapshots was not read")),
        }
        match sharing {
            Some(permissions) => unknown.extend(self.unseen_grantees(&inventory.place, permissions, Shared::Snapshot)),
            None => unknown.push(Unknown::because("its create-volume permissions were not read")),
        }
        unknown.extend(self.used_before.get(snapshot.id.as_str()).into_iter().flatten().cloned());
        if snapshot.state != "completed" {
            unknown.push(Unknown { reason: format!("its state is `{}`, not completed", snapshot.state.escape_default()) });
        }
        unknown
    }

    fn why_images_of_snapshot_are_unknown(&self, inventory: &Inventory) -> Vec<Unknown> {
        let mut unknown = Vec::new();
        if !inventory.images_read {
            unknown.push(Unknown::because("the images of its Region were not read"));
        }
        if inventory.bin.is_none() {
            unknown.push(Unknown::because("the images in the Recycle Bin were not read"));
        }
        unknown.extend(self.unmapped.get(&inventory.place).into_iter().flatten().cloned());
        unknown
    }

    /// Whether the snapshots of every image in `place`, listed or in its Recycle Bin, are known.
    pub(super) fn knows_its_snapshots(&self, place: &Place) -> bool {
        !self.unmapped.contains_key(place)
    }

    /// The snapshots that lost the image they were made for, where that can be known, with the places that know.
    pub(super) fn orphans(&self) -> (HashSet<&'a SnapshotId>, HashSet<&'a Place>) {
        let remembered: HashSet<&SnapshotId> =
            self.history.mappings.values().flat_map(|mapping| &mapping.snapshots).chain(self.history.orphaned_since.keys()).collect();
        let knows = |inventory: &&Inventory| inventory.snapshots_read && self.why_images_of_snapshot_are_unknown(inventory).is_empty();
        let places: Vec<&Inventory> = self.estate.places.values().filter(knows).collect();
        let orphans = places
            .iter()
            .flat_map(|inventory| &inventory.snapshots)
            .filter(|snapshot| !self.snapshot_images.contains_key(&snapshot.id))
            .filter(|snapshot| snapshot.made_for().is_some() || remembered.contains(&snapshot.id))
            .map(|snapshot| &snapshot.id)
            .collect();
        (orphans, places.into_iter().map(|inventory| &inventory.place).collect())
    }
}

/// What was not asked hides users as well as what failed; no policy in force rests on it, so it is no gap.
fn unasked(inventory: &Inventory) -> Option<Unknown> {
    let names: Vec<&str> = inventory.usage_unasked().map(Source::name).collect();
    (!names.is_empty())
        .then(|| Unknown { reason: format!("no policy in force needs to know, so that nobody asked for {}", names.join(", ")) })
}

fn partly_read(estate: &Estate) -> HashSet<&AccountId> {
    let unread = estate.places.values().filter(|inventory| !inventory.images_read).map(|inventory| &inventory.place.account);
    unread.chain(estate.gaps.iter().map(|gap| &gap.place.account)).collect()
}

fn unread<'g>(gaps: impl Iterator<Item = &'g Gap>) -> Vec<Unknown> {
    gaps.map(|gap| Unknown { reason: format!("{} was not read: {}", gap.source, gap.error) }).collect()
}

/// The first of the configured tag names that the resource carries.
fn tagged<'c>(tags: &crate::model::Tags, names: &'c [String]) -> Option<&'c str> {
    names.iter().find(|name| tags.contains_key(*name)).map(String::as_str)
}

/// The Regions that the replication tag lists.
fn replicate_to(image: &Image, tag: &str) -> BTreeSet<Region> {
    let listed = image.tags.get(tag).map(String::as_str).unwrap_or_default();
    listed.split([' ', ',']).filter(|region| !region.is_empty()).map(Region::from).collect()
}
