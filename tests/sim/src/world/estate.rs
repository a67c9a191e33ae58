//! Building an estate: `w.account("111111111111").region("us-east-1").image("golden-1").public().put()`.
//!
//! A builder puts things there as they are; it calls no API and leaves nothing in the journal.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::World;
use super::image::{
    EbsMapping, Image, ImageState, Mapping, MappingKind, Permission, Protection, Tags,
};
use super::recycle_bin::{Rule, RuleResource, RuleTag};
use super::snapshot::{FastRestore, Lock, Snapshot, SnapshotState};
use super::topic::Topic;

/// An account to build in.
#[derive(Debug)]
pub struct AccountHandle<'w> {
    world: &'w mut World,
    id: String,
}

impl<'w> AccountHandle<'w> {
    pub(crate) fn new(world: &'w mut World, id: String) -> Self {
        Self { world, id }
    }

    fn change(self, change: impl FnOnce(&mut super::account::Account)) -> Self {
        if let Some(account) = self.world.accounts.get_mut(&self.id) {
            change(account);
        }
        self
    }

    /// Opts in to a Region that is off by default.
    pub fn opt_in(self, region: &str) -> Self {
        self.change(|account| {
            account.opted_in.insert(region.to_owned());
        })
    }

    /// A role that can be assumed; with the first one, no other can.
    pub fn role(self, name: &str, external_id: Option<&str>) -> Self {
        self.change(|account| {
            account
                .roles
                .insert(name.to_owned(), external_id.map(str::to_owned));
        })
    }

    /// Makes it a member of an organization or unit, by ARN.
    pub fn belongs_to(self, arn: &str) -> Self {
        self.change(|account| {
            account.belongs_to.insert(arn.to_owned());
        })
    }

    /// A place to build in.
    pub fn region(self, region: &str) -> PlaceHandle<'w> {
        self.world.place_mut(&self.id, region);
        PlaceHandle {
            account: self.id,
            region: region.to_owned(),
            world: self.world,
        }
    }
}

/// A place to build in.
#[derive(Debug)]
pub struct PlaceHandle<'w> {
    pub(crate) world: &'w mut World,
    pub(crate) account: String,
    pub(crate) region: String,
}

impl<'w> PlaceHandle<'w> {
    pub(crate) fn place(&mut self) -> &mut super::Place {
        self.world.place_mut(&self.account, &self.region)
    }

    /// An available, private image with one root snapshot of 8 GiB, unless told otherwise.
    pub fn image(self, name: &str) -> ImageBuilder<'w> {
        let now = self.world.now();
        let image = Image {
            id: String::new(),
            owner: self.account.clone(),
            owner_alias: None,
            name: name.to_owned(),
            description: None,
            created: now,
            state: ImageState::Available,
            state_reason: None,
            launch_permissions: BTreeSet::new(),
            deprecation: None,
            last_launched: None,
            unreported_launch: None,
            protection: Protection::Off,
            source_image: None,
            source_region: None,
            source_instance: None,
            architecture: "x86_64".to_owned(),
            platform: None,
            platform_details: "Linux/UNIX".to_owned(),
            root_device_type: "ebs".to_owned(),
            root_device_name: Some("/dev/xvda".to_owned()),
            virtualization: "hvm".to_owned(),
            boot_mode: None,
            imds_support: None,
            tpm_support: None,
            ena_support: true,
            product_codes: Vec::new(),
            mappings: Vec::new(),
            tags: Tags::new(),
            listed_from: now,
        };
        ImageBuilder {
            place: self,
            image,
            disks: Vec::new(),
        }
    }

    /// A completed, private snapshot of 8 GiB, unless told otherwise.
    pub fn snapshot(mut self) -> SnapshotBuilder<'w> {
        let snapshot = self.new_snapshot(8);
        SnapshotBuilder {
            place: self,
            snapshot,
        }
    }

    fn new_snapshot(&mut self, gib: i64) -> Snapshot {
        let now = self.world.now();
        Snapshot {
            id: String::new(),
            owner: self.account.clone(),
            description: String::new(),
            volume: self.world.ids.resource("vol"),
            volume_size: gib,
            full_size: Some(gib << 30),
            started: now,
            completed: Some(now),
            state: SnapshotState::Completed,
            tier: "standard".to_owned(),
            encrypted: false,
            kms_key: None,
            permissions: BTreeSet::new(),
            lock: None,
            fast_restores: Vec::new(),
            tags: Tags::new(),
        }
    }

    /// A Recycle Bin rule for the whole Region, available at once.
    pub fn recycle_bin_rule(self, resource: RuleResource, days: i64) -> RuleBuilder<'w> {
        let rule = Rule {
            id: String::new(),
            resource,
            days,
            description: String::new(),
            tags: Vec::new(),
            exclude: Vec::new(),
            available_from: self.world.now(),
            locked: false,
        };
        RuleBuilder { place: self, rule }
    }

    /// A topic; returns its ARN.
    pub fn topic(mut self, name: &str) -> String {
        let arn = format!(
            "arn:{}:sns:{}:{}:{name}",
            self.world.partition(&self.account),
            self.region,
            self.account
        );
        let topic = Topic {
            arn: arn.clone(),
            messages: Vec::new(),
            failing_entries: 0,
        };
        self.place().topics.insert(arn.clone(), topic);
        arn
    }

    /// An SSM parameter that a `resolve:ssm:` alias can name.
    pub fn parameter(mut self, name: &str, value: &str) {
        self.place()
            .parameters
            .insert(name.to_owned(), value.to_owned());
    }
}

/// An image in the making.
#[derive(Debug)]
pub struct ImageBuilder<'w> {
    place: PlaceHandle<'w>,
    image: Image,
    disks: Vec<i64>,
}

impl ImageBuilder<'_> {
    /// Sets anything there is no word for.
    pub fn with(mut self, change: impl FnOnce(&mut Image)) -> Self {
        change(&mut self.image);
        self
    }

    /// A fixed id.
    pub fn id(self, id: &str) -> Self {
        self.with(|image| id.clone_into(&mut image.id))
    }

    /// When it was registered.
    pub fn created(self, at: Timestamp) -> Self {
        self.with(|image| image.created = at)
    }

    /// Registered so many days ago.
    pub fn age_days(self, days: i64) -> Self {
        let at = self.place.world.now() - SignedDuration::from_hours(24 * days);
        self.created(at)
    }

    /// A tag.
    pub fn tag(self, key: &str, value: &str) -> Self {
        self.with(|image| {
            image.tags.insert(key.to_owned(), value.to_owned());
        })
    }

    /// Its state.
    pub fn state(self, state: ImageState) -> Self {
        self.with(|image| image.state = state)
    }

    /// Disabled.
    pub fn disabled(self) -> Self {
        self.state(ImageState::Disabled)
    }

    /// Deprecated from then on.
    pub fn deprecated_at(self, at: Timestamp) -> Self {
        self.with(|image| image.deprecation = Some(at))
    }

    /// Last launched then.
    pub fn last_launched(self, at: Timestamp) -> Self {
        self.with(|image| image.last_launched = Some(at))
    }

    fn share(self, permission: Permission) -> Self {
        self.with(|image| {
            image.launch_permissions.insert(permission);
        })
    }

    /// Everybody may launch it.
    pub fn public(self) -> Self {
        self.share(Permission::Everyone)
    }

    /// An account may launch it.
    pub fn shared_with(self, account: &str) -> Self {
        self.share(Permission::Account(account.to_owned()))
    }

    /// An organization may launch it, by ARN.
    pub fn shared_with_organization(self, arn: &str) -> Self {
        self.share(Permission::Organization(arn.to_owned()))
    }

    /// An organizational unit may launch it, by ARN.
    pub fn shared_with_unit(self, arn: &str) -> Self {
        self.share(Permission::Unit(arn.to_owned()))
    }

    /// Another disk with a snapshot of its own, so many GiB; the first one is the root disk.
    pub fn snapshot_size(mut self, gib: i64) -> Self {
        self.disks.push(gib);
        self
    }

    /// A disk on a snapshot that is already there.
    pub fn on_snapshot(self, snapshot: &str) -> Self {
        let size = self
            .place
            .world
            .snapshot(snapshot)
            .map_or(8, |snapshot| snapshot.volume_size);
        self.with(|image| push_disk(image, snapshot, size))
    }

    /// An instance store volume.
    pub fn ephemeral(self, device: &str, name: &str) -> Self {
        self.with(|image| {
            image.mappings.push(Mapping {
                device: device.to_owned(),
                kind: MappingKind::Ephemeral(name.to_owned()),
            });
        })
    }

    /// An instance store image: no snapshots, no Recycle Bin.
    pub fn instance_store(self) -> Self {
        self.with(|image| "instance-store".clone_into(&mut image.root_device_type))
    }

    /// Deregistration protection.
    pub fn protection(self, protection: Protection) -> Self {
        self.with(|image| image.protection = protection)
    }

    /// Copied from there.
    pub fn source(self, image_id: &str, region: &str) -> Self {
        self.with(|image| {
            image.source_image = Some(image_id.to_owned());
            image.source_region = Some(region.to_owned());
        })
    }

    /// Puts it there, its new snapshots with it, and returns its id.
    pub fn put(mut self) -> String {
        if self.image.id.is_empty() {
            self.image.id = self.place.world.ids.resource("ami");
        }
        let bare = self.image.mappings.is_empty() && self.disks.is_empty();
        if bare && self.image.root_device_type == "ebs" {
            self.disks.push(8);
        }
        for gib in std::mem::take(&mut self.disks) {
            let mut snapshot = self.place.new_snapshot(gib);
            snapshot.id = self.place.world.ids.resource("snap");
            snapshot.started = self.image.created;
            snapshot.completed = Some(self.image.created);
            snapshot.description = format!("Created by CreateImage(i-0) for {}", self.image.id);
            push_disk(&mut self.image, &snapshot.id, gib);
            self.place
                .place()
                .snapshots
                .insert(snapshot.id.clone(), snapshot);
        }
        let id = self.image.id.clone();
        let image = self.image;
        self.place.place().images.insert(id.clone(), image);
        id
    }
}

fn push_disk(image: &mut Image, snapshot: &str, gib: i64) {
    let letter = ["a", "b", "c", "d", "e", "f", "g", "h"]
        .get(image.mappings.len())
        .copied()
        .unwrap_or("z");
    image.mappings.push(Mapping {
        device: format!("/dev/xvd{letter}"),
        kind: MappingKind::Ebs(EbsMapping {
            snapshot: Some(snapshot.to_owned()),
            volume_size: gib,
            volume_type: "gp3".to_owned(),
            encrypted: false,
            kms_key: None,
            delete_on_termination: true,
        }),
    });
}

/// A snapshot in the making.
#[derive(Debug)]
pub struct SnapshotBuilder<'w> {
    place: PlaceHandle<'w>,
    snapshot: Snapshot,
}

impl SnapshotBuilder<'_> {
    /// Sets anything there is no word for.
    pub fn with(mut self, change: impl FnOnce(&mut Snapshot)) -> Self {
        change(&mut self.snapshot);
        self
    }

    /// A fixed id.
    pub fn id(self, id: &str) -> Self {
        self.with(|snapshot| id.clone_into(&mut snapshot.id))
    }

    /// So many GiB.
    pub fn size(self, gib: i64) -> Self {
        self.with(|snapshot| {
            snapshot.volume_size = gib;
            snapshot.full_size = Some(gib << 30);
        })
    }

    /// Of this volume.
    pub fn volume(self, id: &str) -> Self {
        self.with(|snapshot| id.clone_into(&mut snapshot.volume))
    }

    /// Started so many days ago.
    pub fn age_days(self, days: i64) -> Self {
        let at = self.place.world.now() - SignedDuration::from_hours(24 * days);
        self.with(|snapshot| {
            snapshot.started = at;
            snapshot.completed = Some(at);
        })
    }

    /// A description.
    pub fn description(self, text: &str) -> Self {
        self.with(|snapshot| text.clone_into(&mut snapshot.description))
    }

    /// A tag.
    pub fn tag(self, key: &str, value: &str) -> Self {
        self.with(|snapshot| {
            snapshot.tags.insert(key.to_owned(), value.to_owned());
        })
    }

    /// Everybody may make volumes of it.
    pub fn public(self) -> Self {
        self.with(|snapshot| {
            snapshot.permissions.insert(Permission::Everyone);
        })
    }

    /// An account may make volumes of it.
    pub fn shared_with(self, account: &str) -> Self {
        self.with(|snapshot| {
            snapshot
                .permissions
                .insert(Permission::Account(account.to_owned()));
        })
    }

    /// Locked until then, in governance mode.
    pub fn locked_until(self, expires: Timestamp) -> Self {
        let created = self.place.world.now();
        self.with(|snapshot| {
            snapshot.lock = Some(Lock {
                state: "governance".to_owned(),
                created,
                expires,
            })
        })
    }

    /// Fast Snapshot Restore in a zone.
    pub fn fast_restore(self, zone: &str) -> Self {
        let enabled = self.place.world.now();
        self.with(|snapshot| {
            snapshot.fast_restores.push(FastRestore {
                zone: zone.to_owned(),
                state: "enabled".to_owned(),
                enabled,
            });
        })
    }

    /// Puts it there and returns its id.
    pub fn put(mut self) -> String {
        if self.snapshot.id.is_empty() {
            self.snapshot.id = self.place.world.ids.resource("snap");
        }
        let id = self.snapshot.id.clone();
        let snapshot = self.snapshot;
        self.place.place().snapshots.insert(id.clone(), snapshot);
        id
    }
}

/// A Recycle Bin rule in the making.
#[derive(Debug)]
pub struct RuleBuilder<'w> {
    place: PlaceHandle<'w>,
    rule: Rule,
}

impl RuleBuilder<'_> {
    /// Only resources with this tag; any value, or that one.
    pub fn only_tag(mut self, key: &str, value: Option<&str>) -> Self {
        self.rule.tags.push(RuleTag {
            key: key.to_owned(),
            value: value.map(str::to_owned),
        });
        self
    }

    /// Not resources with this tag.
    pub fn except_tag(mut self, key: &str, value: Option<&str>) -> Self {
        self.rule.exclude.push(RuleTag {
            key: key.to_owned(),
            value: value.map(str::to_owned),
        });
        self
    }

    /// Pending until then.
    pub fn available_from(mut self, at: Timestamp) -> Self {
        self.rule.available_from = at;
        self
    }

    /// Puts it there and returns its id.
    pub fn put(mut self) -> String {
        self.rule.id = self.place.world.ids.rule();
        let id = self.rule.id.clone();
        let rule = self.rule;
        self.place.place().rules.insert(id.clone(), rule);
        id
    }
}
