//! Building images.

use jiff::{SignedDuration, Timestamp};

use super::PlaceHandle;
use crate::world::image::{EbsMapping, Image, ImageState, Mapping, MappingKind, Permission, Protection};

/// An image in the making.
#[derive(Debug)]
pub struct ImageBuilder<'w> {
    pub(super) place: PlaceHandle<'w>,
    pub(super) image: Image,
    pub(super) disks: Vec<i64>,
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

    /// `ImageOwnerAlias`: `amazon`, `aws-marketplace` or `aws-backup-vault`.
    pub fn owner_alias(self, alias: &str) -> Self {
        self.with(|image| image.owner_alias = Some(alias.to_owned()))
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
        let size = self.place.world.snapshot(snapshot).map_or(8, |snapshot| snapshot.volume_size);
        self.with(|image| push_disk(image, snapshot, size))
    }

    /// An instance store volume.
    pub fn ephemeral(self, device: &str, name: &str) -> Self {
        self.with(|image| {
            image.mappings.push(Mapping { device: device.to_owned(), kind: MappingKind::Ephemeral(name.to_owned()) });
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
            self.place.place().snapshots.insert(snapshot.id.clone(), snapshot);
        }
        let id = self.image.id.clone();
        let image = self.image;
        self.place.place().images.insert(id.clone(), image);
        id
    }
}

fn push_disk(image: &mut Image, snapshot: &str, gib: i64) {
    let letter = ["a", "b", "c", "d", "e", "f", "g", "h"].get(image.mappings.len()).copied().unwrap_or("z");
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
