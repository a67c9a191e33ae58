//! Building an estate: `w.account("111111111111").region("us-east-1").image("golden-1").public().put()`.
//!
//! A builder puts things there as they are; it calls no API and leaves nothing in the journal.

mod activities;
mod compute;
mod events;
mod fleets;
mod images;
mod organizations;
mod parameters;
mod recipes;
mod resources;
mod rules;
mod snapshots;
mod usage;
mod volumes;

use std::collections::BTreeSet;

use super::World;
use super::account::Role;
use super::allowed::{AllowedImages, ImageCriterion};
use super::image::{Image, ImageState, Protection, Tags};
use super::recycle_bin::{Rule, RuleResource};
use super::snapshot::{Snapshot, SnapshotState};
use super::topic::Topic;
pub use activities::ActivityBuilder;
pub use compute::{GroupBuilder, InstanceBuilder, LaunchTemplateBuilder};
pub use events::EventBuilder;
pub use fleets::{FleetBuilder, SpotFleetBuilder, SpotRequestBuilder};
pub use images::ImageBuilder;
pub use organizations::OrganizationHandle;
pub use recipes::RecipeBuilder;
pub use rules::RuleBuilder;
pub use snapshots::SnapshotBuilder;
pub use usage::UsageReportBuilder;
pub use volumes::VolumeBuilder;

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

    /// A role that can be assumed by everybody with this external id; with the first one, no other can.
    pub fn role(self, name: &str, external_id: Option<&str>) -> Self {
        self.role_with(name, external_id, |_| {})
    }

    /// A role that only these can assume: account ids, or the ARNs of users and roles.
    pub fn role_trusting(self, name: &str, external_id: Option<&str>, trusted: &[&str]) -> Self {
        let trusted = trusted.iter().map(|&who| who.to_owned()).collect();
        self.role_with(name, external_id, |role| role.trusts = Some(trusted))
    }

    /// A role, changed at will.
    pub fn role_with(self, name: &str, external_id: Option<&str>, change: impl FnOnce(&mut Role)) -> Self {
        let mut role = Role::new(external_id);
        change(&mut role);
        self.change(|account| {
            account.any_role = false;
            account.roles.insert(name.to_owned(), role);
        })
    }

    /// Without any role: none can be assumed.
    pub fn without_roles(self) -> Self {
        self.change(|account| {
            account.any_role = false;
            account.roles.clear();
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
        PlaceHandle { account: self.id, region: region.to_owned(), world: self.world }
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
        ImageBuilder { place: self, image, disks: Vec::new() }
    }

    /// A completed, private snapshot of 8 GiB, unless told otherwise.
    pub fn snapshot(mut self) -> SnapshotBuilder<'w> {
        let snapshot = self.new_snapshot(8);
        SnapshotBuilder { place: self, snapshot }
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
        let arn = format!("arn:{}:sns:{}:{}:{name}", self.world.partition(&self.account), self.region, self.account);
        let topic = Topic { arn: arn.clone(), messages: Vec::new(), failing_entries: 0 };
        self.place().topics.insert(arn.clone(), topic);
        arn
    }

    /// The Block Public Access switches: for images `unblocked` or `block-new-sharing`, for snapshots
    /// `block-all-sharing` as well.
    pub fn block_public_access(mut self, images: &str, snapshots: &str) -> Self {
        images.clone_into(&mut self.place().image_block.state);
        snapshots.clone_into(&mut self.place().snapshot_block.state);
        self
    }

    /// Allowed AMIs: `disabled`, `audit-mode` or `enabled`, and what other accounts' images must meet.
    pub fn allowed_images(mut self, state: &str, criteria: impl IntoIterator<Item = ImageCriterion>) -> Self {
        let criteria = criteria.into_iter().collect();
        self.place().allowed_images = AllowedImages { state: state.to_owned(), criteria, declarative: false };
        self
    }

    /// From now on a declarative policy manages the settings of this place: the account cannot change them.
    pub fn managed_by_policy(mut self) -> Self {
        self.place().allowed_images.declarative = true;
        self.place().image_block.declarative = true;
        self.place().snapshot_block.declarative = true;
        self
    }
}
