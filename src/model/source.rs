//! Where evidence comes from. The names are those of a recorded estate's files.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One listing or attribute, named as the AWS CLI names its command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    Regions,
    Images,
    Snapshots,
    PublicSnapshots,
    Instances,
    LaunchTemplates,
    LaunchTemplateVersions,
    AutoScalingGroups,
    LaunchConfigurations,
    SpotFleets,
    SpotRequests,
    Fleets,
    /// EC2's own answer to who names an image: a cross-check.
    ImageReferences,
    ParameterNames,
    /// The values of SSM parameters.
    Parameters,
    ImageRecipes,
    /// The details of every image recipe.
    ImageRecipe,
    ContainerRecipes,
    /// The details of every container recipe.
    ContainerRecipe,
    /// What Cloud Control lists, for each type that is asked about.
    Resources,
    /// The properties of what Cloud Control lists.
    Resource,
    /// Launches that failed because of an image.
    ScalingActivities,
    /// What CloudTrail saw: failed launches, changed permissions.
    Events,
    /// Images of other owners that something here runs.
    ImagesInUse,
    UsageReports,
    /// Which accounts use the images that are shared with them.
    UsageReportEntries,
    Volumes,
    FastRestores,
    LockedSnapshots,
    ImagesInRecycleBin,
    SnapshotsInRecycleBin,
    RecycleBinRules,
    RecycleBinRule,
    ImageBlockPublicAccess,
    SnapshotBlockPublicAccess,
    AllowedImages,
    /// Per image.
    LaunchPermissions,
    /// Per snapshot.
    CreateVolumePermissions,
    Organization,
    /// The way into another account: all of it is unread where it fails.
    AssumeRole,
    /// Another recorded file: every image id in it counts as use.
    Other(String),
}

impl Source {
    /// Every source that has a reader.
    pub const ALL: [Self; 40] = [
        Self::Regions,
        Self::Images,
        Self::Snapshots,
        Self::PublicSnapshots,
        Self::Instances,
        Self::LaunchTemplates,
        Self::LaunchTemplateVersions,
        Self::AutoScalingGroups,
        Self::LaunchConfigurations,
        Self::SpotFleets,
        Self::SpotRequests,
        Self::Fleets,
        Self::ImageReferences,
        Self::ParameterNames,
        Self::Parameters,
        Self::ImageRecipes,
        Self::ImageRecipe,
        Self::ContainerRecipes,
        Self::ContainerRecipe,
        Self::Resources,
        Self::Resource,
        Self::ScalingActivities,
        Self::Events,
        Self::ImagesInUse,
        Self::UsageReports,
        Self::UsageReportEntries,
        Self::Volumes,
        Self::FastRestores,
        Self::LockedSnapshots,
        Self::ImagesInRecycleBin,
        Self::SnapshotsInRecycleBin,
        Self::RecycleBinRules,
        Self::RecycleBinRule,
        Self::ImageBlockPublicAccess,
        Self::SnapshotBlockPublicAccess,
        Self::AllowedImages,
        Self::LaunchPermissions,
        Self::CreateVolumePermissions,
        Self::Organization,
        Self::AssumeRole,
    ];

    /// The listings every complete picture of a place needs.
    pub const LISTINGS: [Self; 11] = [
        Self::Images,
        Self::Snapshots,
        Self::PublicSnapshots,
        Self::Instances,
        Self::LaunchTemplates,
        Self::LaunchTemplateVersions,
        Self::AutoScalingGroups,
        Self::LaunchConfigurations,
        Self::ImagesInRecycleBin,
        Self::RecycleBinRules,
        Self::RecycleBinRule,
    ];

    /// The file name without `.json`, and the name of its gaps.
    pub fn name(&self) -> &str {
        match self {
            Self::Regions => "describe-regions",
            Self::Images => "describe-images",
            Self::Snapshots => "describe-snapshots",
            Self::PublicSnapshots => "describe-snapshots-public",
            Self::Instances => "describe-instances",
            Self::LaunchTemplates => "describe-launch-templates",
            Self::LaunchTemplateVersions => "describe-launch-template-versions",
            Self::AutoScalingGroups => "describe-auto-scaling-groups",
            Self::LaunchConfigurations => "describe-launch-configurations",
            Self::SpotFleets => "describe-spot-fleet-requests",
            Self::SpotRequests => "describe-spot-instance-requests",
            Self::Fleets => "describe-fleets",
            Self::ImageReferences => "describe-image-references",
            Self::ParameterNames => "describe-parameters",
            Self::Parameters => "get-parameters",
            Self::ImageRecipes => "list-image-recipes",
            Self::ImageRecipe => "get-image-recipe",
            Self::ContainerRecipes => "list-container-recipes",
            Self::ContainerRecipe => "get-container-recipe",
            Self::Resources => "list-resources",
            Self::Resource => "get-resource",
            Self::ScalingActivities => "describe-scaling-activities",
            Self::Events => "lookup-events",
            Self::ImagesInUse => "describe-images-in-use",
            Self::UsageReports => "describe-image-usage-reports",
            Self::UsageReportEntries => "describe-image-usage-report-entries",
            Self::Volumes => "describe-volumes",
            Self::FastRestores => "describe-fast-snapshot-restores",
            Self::LockedSnapshots => "describe-locked-snapshots",
            Self::ImagesInRecycleBin => "list-images-in-recycle-bin",
            Self::SnapshotsInRecycleBin => "list-snapshots-in-recycle-bin",
            Self::RecycleBinRules => "list-rules",
            Self::RecycleBinRule => "get-rule",
            Self::ImageBlockPublicAccess => "get-image-block-public-access-state",
            Self::SnapshotBlockPublicAccess => "get-snapshot-block-public-access-state",
            Self::AllowedImages => "get-allowed-images-settings",
            Self::LaunchPermissions => "launch-permissions",
            Self::CreateVolumePermissions => "create-volume-permissions",
            Self::Organization => "organization",
            Self::AssumeRole => "assume-role",
            Self::Other(name) => name,
        }
    }

    /// The source of that name.
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|source| source.name() == name).unwrap_or_else(|| Self::Other(name.into()))
    }
}

/// By name, so that lists of gaps are sorted by what they print.
impl Ord for Source {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialOrd for Source {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Source {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::named(&String::deserialize(deserializer)?))
    }
}
