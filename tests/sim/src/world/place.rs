//! A place: what one account has in one Region.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::activity::Activity;
use super::allowed::AllowedImages;
use super::compute::{Group, Instance, LaunchConfiguration, LaunchTemplate};
use super::fleet::{Fleet, SpotFleet, SpotRequest};
use super::image::Image;
use super::parameter::{Parameter, split_selector};
use super::recipe::Recipe;
use super::recycle_bin::{Binned, Rule};
use super::resource::Resource;
use super::snapshot::{Snapshot, Volume};
use super::topic::Topic;
use super::usage::UsageReport;
use crate::error::AwsError;

/// A CopyImage under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The new image.
    pub image: String,
    /// When it becomes available, or fails.
    pub due: Timestamp,
    /// Why it will fail, if it will.
    pub failure: Option<String>,
}

/// A Block Public Access switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// `unblocked`, `block-new-sharing` or, for snapshots, `block-all-sharing`.
    pub state: String,
    /// Set by a declarative policy, so that the account cannot change it.
    pub declarative: bool,
    /// The state it will have, and from when on.
    pub coming: Option<(String, Timestamp)>,
}

impl Default for Block {
    fn default() -> Self {
        Self { state: "unblocked".to_owned(), declarative: false, coming: None }
    }
}

/// What a client token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// The id of what the call made.
    pub(crate) made: String,
    pub(crate) parameters: u64,
}

impl Token {
    /// The same client token with the same parameters is the same call; with others it is refused.
    pub(crate) fn repeats(&self, parameters: u64) -> Result<&str, AwsError> {
        let message = "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).";
        if self.parameters == parameters { Ok(&self.made) } else { Err(AwsError::client("IdempotentParameterMismatch", message)) }
    }
}

/// What one account has in one Region, each kind by id (names where AWS knows only names).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    pub images: BTreeMap<String, Image>,
    pub snapshots: BTreeMap<String, Snapshot>,
    pub volumes: BTreeMap<String, Volume>,
    pub instances: BTreeMap<String, Instance>,
    pub launch_templates: BTreeMap<String, LaunchTemplate>,
    pub groups: BTreeMap<String, Group>,
    pub activities: Vec<Activity>,
    pub launch_configurations: BTreeMap<String, LaunchConfiguration>,
    pub spot_fleets: BTreeMap<String, SpotFleet>,
    pub fleets: BTreeMap<String, Fleet>,
    pub spot_requests: BTreeMap<String, SpotRequest>,
    pub usage_reports: BTreeMap<String, UsageReport>,
    pub rules: BTreeMap<String, Rule>,
    pub bin_images: BTreeMap<String, Binned<Image>>,
    pub bin_snapshots: BTreeMap<String, Binned<Snapshot>>,
    pub topics: BTreeMap<String, Topic>,
    pub parameters: BTreeMap<String, Parameter>,
    /// Image Builder's, by ARN.
    pub recipes: BTreeMap<String, Recipe>,
    /// What Cloud Control sees: by type, and then by identifier.
    pub resources: BTreeMap<String, BTreeMap<String, Resource>>,
    /// Types that Cloud Control does not have in this Region.
    pub missing_types: BTreeSet<String>,
    pub image_block: Block,
    pub snapshot_block: Block,
    pub allowed_images: AllowedImages,
    pub copies: Vec<Copy>,
    /// Deregistered images that listings still show, until then.
    pub lingering: Vec<(Image, Timestamp)>,
    /// Images as listings still show them, until then.
    pub stale: BTreeMap<String, (Image, Timestamp)>,
    /// Ids of images that were registered once.
    pub deregistered: Vec<String>,
    pub(crate) tokens: BTreeMap<String, Token>,
}

impl Place {
    /// What a parameter says, named as `resolve:ssm:` names it: `NAME`, `NAME:VERSION` or `NAME:LABEL`.
    pub fn parameter(&self, asked: &str) -> Option<&str> {
        let (name, selector) = split_selector(asked);
        self.parameters.get(name)?.value(selector).map(|(_, value)| value)
    }

    /// The images that hold on to a snapshot: registered ones in any state, disabled included.
    pub fn images_of_snapshot<'a>(&'a self, snapshot: &'a str) -> impl Iterator<Item = &'a Image> {
        self.images.values().filter(move |image| image.snapshots().any(|id| id == snapshot))
    }
}
