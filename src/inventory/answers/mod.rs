//! What AWS answered, in the shape the AWS CLI prints with `--output json`.
//!
//! A live scan and a recorded estate both end here, so that they are judged by the same code and
//! `record` writes what `plan --from` reads. Every field is optional: what AWS should have sent and did
//! not is decided where the shape is turned into the model, never defaulted here.

mod autoscaling;
mod ec2;
mod fleets;
mod organization;
mod place;
mod recipes;
mod recycle_bin;
mod references;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use autoscaling::*;
pub use ec2::*;
pub use fleets::*;
pub use organization::*;
pub use place::*;
pub use recipes::*;
pub use recycle_bin::*;
pub use references::*;

use super::ids::Named;
use crate::model::{AmiId, Place, SnapshotId, Source};

/// One source's whole answer (all pages merged), or why there is none, for people.
pub type Answer<T> = Result<T, String>;

/// A list whose absence is a failed read and whose members may be `null`.
pub type List<T> = Option<Vec<Option<T>>>;

/// Everything that was asked about one place. A source that was not asked is an `Err` too.
#[derive(Clone, Debug)]
pub struct Answers {
    pub place: Place,
    /// Whether AWS itself answered just now: then a field it knows and did not send is unknown. A recording may be older
    /// than the field.
    pub live: bool,
    /// What nobody asked since no policy could make use of it: no gap, and no knowledge either.
    pub unasked: BTreeSet<Source>,
    pub images: Answer<DescribeImages>,
    pub snapshots: Answer<DescribeSnapshots>,
    pub public_snapshots: Answer<DescribeSnapshots>,
    pub instances: Answer<DescribeInstances>,
    pub launch_templates: Answer<DescribeLaunchTemplates>,
    pub launch_template_versions: Answer<DescribeLaunchTemplateVersions>,
    pub auto_scaling_groups: Answer<DescribeAutoScalingGroups>,
    pub launch_configurations: Answer<DescribeLaunchConfigurations>,
    pub images_in_recycle_bin: Answer<ListImagesInRecycleBin>,
    pub rules: Answer<ListRules>,
    /// The details of every rule that `rules` lists.
    pub rule_details: Answer<Vec<GetRule>>,
    // Below: `None` where the source was not asked, since nothing could make use of it or it was declared unused.
    pub spot_fleets: Option<Answer<DescribeSpotFleetRequests>>,
    pub spot_requests: Option<Answer<DescribeSpotInstanceRequests>>,
    pub fleets: Option<Answer<DescribeFleets>>,
    pub image_references: Option<Answer<DescribeImageReferences>>,
    pub parameter_names: Option<Answer<DescribeParameters>>,
    pub parameters: Option<Answer<GetParameters>>,
    pub image_recipes: Option<Answer<ListImageRecipes>>,
    pub image_recipe_details: Option<Answer<Vec<GetImageRecipe>>>,
    pub container_recipes: Option<Answer<ListContainerRecipes>>,
    pub container_recipe_details: Option<Answer<Vec<GetContainerRecipe>>>,
    pub resources: Option<Answer<Vec<ListResources>>>,
    pub resource_details: Option<Answer<Vec<GetResource>>>,
    pub scaling_activities: Option<Answer<DescribeScalingActivities>>,
    pub events: Option<Answer<LookupEvents>>,
    pub images_in_use: Option<Answer<DescribeImages>>,
    pub usage_reports: Option<Answer<DescribeImageUsageReports>>,
    pub usage_report_entries: Option<Answer<DescribeImageUsageReportEntries>>,
    pub volumes: Option<Answer<DescribeVolumes>>,
    pub fast_restores: Option<Answer<DescribeFastSnapshotRestores>>,
    pub locked_snapshots: Option<Answer<DescribeLockedSnapshots>>,
    pub snapshots_in_recycle_bin: Option<Answer<ListSnapshotsInRecycleBin>>,
    pub image_block_public_access: Option<Answer<GetImageBlockPublicAccessState>>,
    pub snapshot_block_public_access: Option<Answer<GetSnapshotBlockPublicAccessState>>,
    pub allowed_images: Option<Answer<GetAllowedImagesSettings>>,
    /// The keys that encrypt own snapshots; each of them can be unread by itself.
    pub key_policies: Option<Answer<Vec<GetKey>>>,
    /// Only the images that were asked about.
    pub launch_permissions: BTreeMap<AmiId, Answer<ImageAttribute>>,
    /// Only the snapshots that were asked about.
    pub create_volume_permissions: BTreeMap<SnapshotId, Answer<SnapshotAttribute>>,
    /// Recorded files of other sources: the ids found anywhere in them.
    pub others: BTreeMap<Source, Answer<Named>>,
}

impl Answers {
    /// A place of which nothing was read, for the given reason.
    pub fn unread(place: Place, why: &str) -> Self {
        let why = || why.to_owned();
        Self {
            place,
            live: false,
            unasked: BTreeSet::new(),
            images: Err(why()),
            snapshots: Err(why()),
            public_snapshots: Err(why()),
            instances: Err(why()),
            launch_templates: Err(why()),
            launch_template_versions: Err(why()),
            auto_scaling_groups: Err(why()),
            launch_configurations: Err(why()),
            images_in_recycle_bin: Err(why()),
            rules: Err(why()),
            rule_details: Err(why()),
            spot_fleets: None,
            spot_requests: None,
            fleets: None,
            image_references: None,
            parameter_names: None,
            parameters: None,
            image_recipes: None,
            image_recipe_details: None,
            container_recipes: None,
            container_recipe_details: None,
            resources: None,
            resource_details: None,
            scaling_activities: None,
            events: None,
            images_in_use: None,
            usage_reports: None,
            usage_report_entries: None,
            volumes: None,
            fast_restores: None,
            locked_snapshots: None,
            snapshots_in_recycle_bin: None,
            image_block_public_access: None,
            snapshot_block_public_access: None,
            allowed_images: None,
            key_policies: None,
            launch_permissions: BTreeMap::new(),
            create_volume_permissions: BTreeMap::new(),
            others: BTreeMap::new(),
        }
    }
}

ec2::shape! {
    /// An AWS tag.
    Tag { key: Option<String>, value: Option<String> }
}
